-- The Debian package as a container gets it: built on a bare Debian by the steps of
-- packaging/Containerfile, installed on another one, run, removed.
local core = require "zapi.core"
local chroots = require "spec.package.chroot"

describe("the Debian package #slow #chroot", function()
   local stages = chroots.stages()
   local here, reason
   local it_in = chroots.it_in(it, function() return here, reason end)

   setup(function()
      local builder
      builder, reason = chroots.new()
      if not builder then return end
      builder:build(stages[1], {})
      here = assert(chroots.new())
      here:build(stages[2], {[stages[1].name] = builder})
      builder:close()
   end)
   teardown(function() if here then here:close() end end)

   it_in("is built and installed by the steps of the Containerfile", function(root)
      assert.equal(2, #stages)
      for _, stage in ipairs(stages) do
         assert.matches("^docker%.io/library/debian:12", stage.from)
      end
      assert.equal("zapibot " .. core.version .. "\n", root:must "zapibot --version")
      assert.matches("install ok installed " .. core.version:gsub("%p", "%%%0"),
         root:must "dpkg-query -W -f '${Status} ${Version}' zapibot")
   end)

   it_in("brings the manual, completions, units and types", function(root)
      for _, path in ipairs {
         "/usr/share/man/man1/zapibot.1", "/usr/share/bash-completion/completions/zapibot",
         "/usr/share/zsh/vendor-completions/_zapibot",
         "/usr/share/fish/vendor_completions.d/zapibot.fish",
         "/usr/lib/systemd/system/zapibot.service", "/usr/lib/systemd/system/zapibot.socket",
         "/usr/share/zapibot/types/library/zapi.lua", "/usr/share/doc/zapibot/copyright",
         "/usr/lib/lua/5.4/zapi/core.so", "/usr/share/lua/5.4/zapi/init.lua",
      } do
         assert.is_true(#root:read(path) > 0, path)
      end
      assert.equal("bash -n\n",
         root:must "bash -n /usr/share/bash-completion/completions/zapibot && echo bash -n")
      assert.is_truthy(root:read "/usr/lib/systemd/system/zapibot.service"
         :find("\nExecStart=/usr/bin/zapibot run $ZAPIBOT_SCRIPTS\n", 1, true))
      assert.equal("/usr/share/zapibot/types\n", root:must "zapibot types")
      assert.equal("700 root\n", root:must "stat -c '%a %U' /etc/zapibot/credentials")
   end)

   it_in("takes a webhook as the container's user, and ends when it is asked to", function(root)
      root:write("/bots/said.lua", [[
         local bot = require("zapi.bot").new {client = {instance = "I1", token = "T1"}}
         bot:on("text", function(ctx)
            local file = assert(io.open("/data/said", "w"))
            file:write(ctx.text)
            file:close()
         end)
         bot:run()]])
      local last = stages[2]
      local user, group = last.user:match "^(%d+):(%d+)$"
      root:start(("env %s ZAPIBOT_LISTEN=127.0.0.1:0 ZAPIBOT_ADMIN_LISTEN=off "
         .. "ZAPIBOT_WEBHOOK_SECRET=a-secret-of-the-spec setpriv --reuid %s --regid %s "
         .. "--clear-groups --no-new-privs --bounding-set -all %s %s"):format(last.env, user, group,
         last.entrypoint, last.cmd))
      local address = root:wait_for("a listener", function()
         return root:output():match "listening (127%.0%.0%.1:%d+) %(webhook%)"
      end)
      local reply = assert(core.http_request {
         method = "POST", url = "http://" .. address .. "/webhook/a-secret-of-the-spec",
         headers = {["Content-Type"] = "application/json"},
         body = [[{"instanceId":"I1","type":"ReceivedCallback","messageId":"IN1",
            "phone":"5511999990001","momment":1790000000000,"fromMe":false,"isGroup":false,
            "status":"RECEIVED","text":{"message":"do contêiner"}}]],
      })
      assert.equal(200, reply.status)
      root:wait_for("the event", function() return root:read "/data/said" == "do contêiner" end)
      assert.equal(0, root:stop())
   end)

   it_in("leaves the settings when it is removed, and nothing when it is purged", function(root)
      root:must "mkdir -p /var/lib/private/zapibot && echo x >/etc/zapibot/credentials/token"
      root:must "dpkg --remove zapibot"
      assert.not_equal(0, (root:run "command -v zapibot"))
      assert.is_true(#root:read "/etc/default/zapibot" > 0)
      assert.equal("x\n", root:read "/etc/zapibot/credentials/token")
      root:must "dpkg --purge zapibot"
      assert.equal("", root:must("find /etc /usr /var/lib -path /var/lib/dpkg -prune -o "
         .. "-name '*zapi*' ! -name install-zapibot -print"))
   end)
end)
