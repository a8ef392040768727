--- What docs/operate.md says to do is done here, with the paths of a test.
local child = require "spec.host.child"
local core = require "zapi.core"
local program = require("spec.host.support").program
local shell = require "spec.support.shell"

local PAGE <const> = "docs/operate.md"

local function read(path)
   local file <close> = assert(io.open(path))
   return file:read "a"
end

-- The one block of this language that has `mark`.
local function block(language, mark)
   local found
   for code in read(PAGE):gmatch("\n```" .. language .. "\n(.-)\n```") do
      if code:find(mark, 1, true) then
         assert(not found, "two blocks with " .. mark)
         found = code
      end
   end
   return assert(found, "no block with " .. mark)
end

-- The command lines of a block that begin with zapibot.
local function commands(code)
   local list = {}
   for line in code:gmatch "[^\n]+" do
      local words = line:gsub("%s#%s.*$", ""):match "^zapibot (.*)$"
      if words then list[#list + 1] = words end
   end
   return list
end

describe(PAGE, function()
   local folder, remove

   before_each(function() folder, remove = shell.folder() end)
   after_each(function() remove() end)

   local function run(words, data)
      return shell.run(("cd %s && env -i PATH=\"$PATH\" ASAN_OPTIONS=\"$ASAN_OPTIONS\" "
         .. "ZAPIBOT_DATA=%s ZAPI_BASE_URL=http://127.0.0.1:9 %s %s"):format(shell.quote(folder),
         shell.quote(data or folder .. "/data"), shell.quote(program), words))
   end

   it("begins a bot that passes its own check", function()
      local list = commands(block("sh", "zapibot init faq"))
      assert.equal("init faq", list[1])
      assert.equal(0, (run(list[1])))
      local code, out = run(list[3] .. " --no-config")
      assert.equal(0, code, out)
      code, out = shell.run(("cd %s && printf 'oi\\n' | env -i PATH=\"$PATH\" "
         .. "ASAN_OPTIONS=\"$ASAN_OPTIONS\" %s %s"):format(shell.quote(folder),
         shell.quote(program), list[2]))
      assert.equal(0, code, out)
      assert.is_truthy(out:find("Sobre o que", 1, true), out)
   end)

   it("has a table of instances and scripts that runs", function()
      shell.write(folder .. "/shop.lua", block("lua", "automations = {"))
      for _, name in ipairs {"instance_id", "token", "client_token"} do
         shell.write(folder .. "/credentials/" .. name, name:upper():gsub("_", "") .. "\n")
      end
      shell.write(folder .. "/bots/pedidos.lua", [[
         local zapi = require "zapi"
         local bot = require("zapi.bot").new {client = zapi.client("loja")}
         bot:hears("oi", function(ctx) ctx:reply("Olá!") end)
         bot:run()
      ]])
      shell.write(folder .. "/bots/avisos.lua", [[
         local zapi = require "zapi"
         local bot = require("zapi.bot").new()
         io.stderr:write("at ", zapi.options.hour, "\n")
         bot:on("image", function() end)
         bot:run()
         zapi.after(0.3, function() os.exit(0) end)
      ]])
      shell.write(folder .. "/bots/pedidos.lua", read(folder .. "/bots/pedidos.lua")
         .. "zapi.after(0.3, function() os.exit(0) end)\n")
      local code, out = run "--listen 127.0.0.1:0 --admin-listen off run --config shop.lua"
      assert.equal(0, code, out)
      assert.is_truthy(out:find("at 9\n", 1, true), out)
      assert.is_truthy(out:find("(webhook)", 1, true), out)
   end)

   -- A bot with a dead letter of Ana, a message to her that waits, and its port closed.
   local function with_bot()
      local bot = child.new [[
bot:hears("oi", function(ctx)
   ctx.client.outbox:send("send_text", {phone = "5511999990001", message = "depois"},
      {at = zapi.now() + 86400})
   note "oi"
end)
bot:hears("erro", function() note "erro" error "quebrou" end)]]
      bot:start ""
      assert.equal(200, bot:post "oi")
      assert.equal(200, bot:post "erro")
      bot:wait_said "oi erro"
      return bot, bot.folder .. "/.zapibot"
   end

   local function count(words, data)
      local code, out = run(words .. " --json", data)
      assert.equal(0, code, out)
      local list = core.json_decode(out)
      for _, value in pairs(list) do
         if type(value) == "table" and not list[1] then return #value end
      end
      return #list
   end

   it("makes a backup that can be restored, and takes up what waited", function()
      local bot, data = with_bot()
      finally(function() bot:close() end)
      bot:wait_for("the dead letter", function()
         return count("inbox list --state dead", data) == 1
      end)
      local file = folder .. "/copy.db"
      local function with_paths(line)
         return (line:gsub("/var/backups/.-%.db", file):gsub("/var/lib/zapibot", data))
      end
      local made = commands(block("sh", "zapibot backup"))[1]
      assert.equal(0, (run(with_paths(made))))
      assert.equal(0, bot:stop())
      local restore = commands(block("sh", "zapibot restore"))[1]
      local code, out = run(with_paths(restore) .. " --yes")
      assert.equal(0, code, out)
      assert.equal(0, count("outbox list --state queued", data))
      for _, line in ipairs(commands(block("sh", "--reason restored"))) do
         code, out = run(with_paths(line) .. " --yes", data)
         assert.is_true(code == 0 or line:find "^inbox" ~= nil, line .. ": " .. out)
      end
      assert.equal(1, count("outbox list --state queued", data))
   end)

   it("shows and handles what failed", function()
      local bot, data = with_bot()
      finally(function() bot:close() end)
      local list = commands(block("sh", "zapibot inbox show 1207"))
      assert.equal(4, #list)
      local id
      bot:wait_for("the dead letter", function()
         local _, out = run(list[1], data)
         id = out:match "\n%s*(%d+)%s" or out:match "^%s*(%d+)%s"
         return id
      end)
      for i = 2, 4 do
         local words = list[i]:gsub("1207", id)
         if i == 4 then
            bot:wait_for("its second failure", function()
               return count("inbox list --state dead", data) == 1
            end)
         end
         local code, out = run(words .. (i == 2 and "" or " --yes"), data)
         assert.equal(0, code, words .. ": " .. out)
         if i == 2 then assert.is_truthy(out:find("quebrou", 1, true), out) end
      end
      assert.equal(0, count("inbox list --state dead", data))
   end)

   it("tells what is stored of a person, and forgets it", function()
      local bot, data = with_bot()
      finally(function() bot:close() end)
      bot:wait_for("the dead letter", function()
         return count("inbox list --state dead", data) == 1
      end)
      local list = commands(block("sh", "zapibot forget"))
      assert.equal(3, #list)
      for i = 1, 2 do
         local code, out = run(list[i], data)
         assert.equal(0, code, out)
         assert.is_truthy(out:find("5511999990001", 1, true), list[i] .. ": " .. out)
      end
      local code, out = run(list[3] .. " --yes", data)
      assert.equal(0, code, out)
      for i = 1, 2 do assert.equal(0, count(list[i]:gsub(" %-%-json", ""), data)) end
   end)

   it("has a line for crontab that is quiet while all is well, and not else", function()
      local bot = child.new [[bot:on("text", function() end)]]
      finally(function() bot:close() end)
      bot:start("--admin-listen 127.0.0.1:0")
      local admin = bot:wait_for("admin", function()
         return bot:err():match "listening (127%.0%.0%.1:%d+) %(admin%)"
      end)
      local line = block("sh", "/readyz"):match "(curl .-) %|%|":gsub("127%.0%.0%.1:9180", admin)
      assert.equal(0, (shell.run(line)))
      assert.equal(0, bot:stop())
      assert.not_equal(0, (shell.run(line)))
   end)

   it("has a configuration that Prometheus takes, where promtool is there", function()
      local yaml = block("yaml", "scrape_configs")
      assert.is_truthy(yaml:find("job_name: zapibot\n", 1, true)) -- as the alarms have it
      if shell.run "command -v promtool" ~= 0 then return end
      shell.write(folder .. "/prometheus.yml", yaml .. "\n")
      shell.must("cp packaging/prometheus/zapibot.rules.yml " .. shell.quote(folder))
      local code, out = shell.run(("cd %s && promtool check config prometheus.yml"):format(
         shell.quote(folder)))
      assert.equal(0, code, out)
   end)
end)
