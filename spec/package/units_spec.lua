-- The units of the service: what systemd says of them, and that the program gets
-- along with the system calls that they leave to it.
local shell = require "spec.support.shell"
local support = require "spec.host.support"

-- systemd-analyze's measure of what a service could do if it turned bad: 0 to 10.
local EXPOSURE <const> = 1.2

describe("the units", function()
   local folder, remove

   local function read(path)
      local file = assert(io.open(path))
      local text = file:read "a"
      file:close()
      return text
   end

   setup(function()
      folder, remove = shell.folder()
      -- As the package configures it, but for the program: it must be there.
      local unit = read("packaging/systemd/zapibot.service.in")
         :gsub("@CMAKE_INSTALL_FULL_BINDIR@/zapibot", support.program):gsub("@ZAPI_ETC@", "/etc")
      assert.is_nil(unit:find("@ZAPI", 1, true))
      shell.write(folder .. "/zapibot.service", unit)
      shell.must("cp packaging/systemd/zapibot.socket " .. folder)
   end)
   teardown(function() remove() end)

   it("are without fault", function()
      assert.equal("", shell.must(("systemd-analyze verify --man=no %s/zapibot.service "
         .. "%s/zapibot.socket"):format(folder, folder)))
      shell.write(folder .. "/bad.service", "[Service]\nExecStart=/nowhere/zapibot\n")
      assert.not_equal(0, (shell.run(("systemd-analyze verify --man=no %s/bad.service")
         :format(folder))))
   end)

   it("leave the service little that it could do", function()
      local out = shell.must(("systemd-analyze security --offline=yes --no-pager "
         .. "%s/zapibot.service"):format(folder))
      local score = tonumber(out:match "Overall exposure level for zapibot.service: ([%d.]+)")
      assert.is_true(score <= EXPOSURE, out)
   end)

   it("have what the design asks for", function()
      local unit = "\n" .. read(folder .. "/zapibot.service")
      for _, line in ipairs {
         "Type=notify", "DynamicUser=yes", "StateDirectory=zapibot", "ProtectSystem=strict",
         "NoNewPrivileges=yes", "LimitCORE=0", "MemoryMax=1G", "WatchdogSec=30",
         "Requires=zapibot.socket", "LoadCredential=zapi:/etc/zapibot/credentials",
      } do
         assert.is_truthy(unit:find("\n" .. line .. "\n", 1, true), line)
      end
   end)

   -- ---- system calls ----

   -- The calls of a set of systemd's, with those of the sets in it.
   local function calls_of(set, into)
      for line in shell.must("systemd-analyze syscall-filter " .. set):gmatch "\n%s*([@%w_-]+)" do
         if line:find "^@" then calls_of(line, into) else into[line] = true end
      end
      return into
   end

   -- What the lines SystemCallFilter= allow.
   local function allowed()
      local calls = {}
      for line in read(folder .. "/zapibot.service"):gmatch "\nSystemCallFilter=([^\n]+)" do
         local taken = line:sub(1, 1) == "~"
         for set in line:gmatch "@[%w-]+" do
            for call in pairs(calls_of(set, {})) do calls[call] = not taken and true or nil end
         end
         if not line:find "@" then
            for call in line:gmatch "[%l_%d]+" do calls[call] = not taken and true or nil end
         end
      end
      return calls
   end

   local SCRIPT <const> = [[
      local zapi = require "zapi"
      local bot = require("zapi.bot").new {client = {instance = "I1", token = "T1"}}
      bot:on("text", function(ctx)
         local pipe = assert(io.popen "cat /etc/hostname")
         pipe:read "a"
         pipe:close()
         zapi.http.request {url = "http://localhost:9/"}
         zapi.stop()
      end)
      bot:run()
      zapi.http.request {
         method = "POST", url = "http://" .. bot.address .. "/webhook/a-secret-of-the-spec",
         json = {instanceId = "I1", type = "ReceivedCallback", messageId = "IN1", isGroup = false,
            phone = "5511999990001", momment = 1790000000000, fromMe = false,
            status = "RECEIVED", text = {message = "Oi"}},
      }]]

   it("forbid no system call that a bot makes", function()
      shell.write(folder .. "/bots/bot.lua", SCRIPT)
      -- As a user like any other: SQLite gives root's files away (fchown).
      shell.must(("mkdir %s/data && chmod -R a+rX %s && chmod 777 %s/data"):format(folder, folder,
         folder))
      local user = shell.must "id -u" == "0\n"
         and "setpriv --reuid 65532 --regid 65532 --clear-groups" or ""
      local code, out = shell.run(("cd %s && env -i PATH=\"$PATH\" ASAN_OPTIONS=detect_leaks=0 "
         .. "ZAPIBOT_WEBHOOK_SECRET=a-secret-of-the-spec ZAPIBOT_DATA=data "
         .. "%s strace -f -qq -o data/calls timeout 60 %s run --listen 127.0.0.1:0 "
         .. "--admin-listen 127.0.0.1:0 bots"):format(folder, user, support.program))
      assert.equal(0, code, out)
      local calls, seen = allowed(), 0
      for call in read(folder .. "/data/calls"):gmatch "\n%d+ +([%l_%d]+)%(" do
         assert.is_true(calls[call], call .. " is forbidden by SystemCallFilter=")
         seen = seen + 1
      end
      assert.is_true(seen > 500)
      assert.is_true(calls.read and not calls.reboot and not calls.setuid)
   end)
end)

describe("the compose file", function()
   it("hands over secrets as files, and lets nothing else be written", function()
      local file = assert(io.open "packaging/compose.yaml")
      local text = file:read "a"
      file:close()
      local compose = assert(require("lyaml").load(text))
      local service = compose.services.zapibot
      assert.is_true(service.read_only)
      assert.same({"ALL"}, service.cap_drop)
      for _, name in ipairs(service.secrets) do
         assert.equal("/run/secrets/" .. name, service.environment[name:upper() .. "_FILE"])
         assert.is_string(compose.secrets[name].file)
      end
      assert.equal("packaging/Containerfile", service.build.dockerfile)
   end)
end)
