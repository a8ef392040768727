-- Several scripts in one process: each on its own, webhooks told apart by
-- instance, a broken one touches no other.
local fleet = require "spec.support.fleet"
local shell = require "spec.support.shell"

local RUN <const> = "run --listen 127.0.0.1:0 "

describe("several scripts in one process:", function()
   local f

   before_each(function() f = fleet.new() end)
   after_each(function() f:close() end)

   it("what a script of another name has left is told at the start", function()
      local KEEPS <const> = [[
         local zapi = require "zapi"
         bot:hears("oi", function(ctx)
            ctx.session.n = 1
            zapi.store("orders"):set("1", "pizza")
            bot:at({after = 9000}, "late")
            note "kept"
         end)
         bot:timer("late", function() end)]]
      f:bot("pizza.lua", KEEPS)
      f:start("--listen 127.0.0.1:0 pizza.lua")
      f:post "oi"
      f:wait_said "kept"
      f:stop()
      shell.must(("mv %s %s"):format(f:path "pizza.lua", f:path "pizzaria.lua"))
      f:start("--listen 127.0.0.1:0 pizzaria.lua")
      f:wait_log "of 'pizza.lua' there are 1 timer, 2 stored values, and no script here"
      f:wait_log "--config"
      f:stop()
      f:write("shop.lua", 'return {automations = {["pizza.lua"] = {script = "pizzaria.lua"}}}')
      f:start("--listen 127.0.0.1:0 --config shop.lua")
      shell.must(("sqlite3 %s \"INSERT INTO timer(automation,name,due) VALUES('ghost','t',9e9)\"")
         :format(shell.quote(f:path ".zapibot/zapibot.db")))
      f:wait_log "of 'ghost' there are 1 timer, and"
      assert.is_nil(f:log():find("of 'pizza", 1, true))
   end)

   local function echo(name, word)
      f:bot(name, ("bot:on('text', function(ctx) note('%s', ctx.text) end)"):format(word))
   end

   it("each gets its own deliveries; names in the log and on disk are the files'", function()
      echo("a.lua", "a")
      echo("b.lua", "b")
      f:start(RUN .. "a.lua b.lua", nil, true)
      assert.equal(200, f:post "oi")
      f:wait_said "a oi"
      f:wait_said "b oi"
      local rows = f:status()
      assert.equal("serves", rows["a.lua"].state)
      assert.equal(1, rows["b.lua"].generation)
      assert.is_true(rows["b.lua"].memory > 100000)
      assert.is_true(rows["a.lua"].since > 1.7e9)
      local _, out = f:run "status"
      assert.matches("process +%d+, for %d", out)
      assert.matches("\nSCRIPT +STATE +GENERATION +UP FOR +LOADED", out)
      assert.matches("\na.lua +serves +1 +%d", out)
      assert.matches("\nAUTOMATION[^\n]*\na.lua", out)
      assert.equal(0, f:stop())
   end)

   it("takes all scripts of a folder, in order; hidden ones are left alone", function()
      echo("bots/b.lua", "b")
      echo("bots/a.lua", "a")
      f:write("bots/.a.lua", "error 'hidden'")
      f:write("bots/readme.txt", "no script")
      f:start(RUN .. "bots", nil, true)
      f:post "oi"
      f:wait_said "a oi"
      f:wait_said "b oi"
      assert.equal("", (f:log():match "hidden" or ""))
      local _, out = f:run "status --data bots/.zapibot --json"
      assert.is_truthy(out:find('"a.lua"', 1, true))
      local code, why = f:run "run nowhere"
      assert.equal(2, code)
      assert.equal("zapibot: cannot open nowhere: No such file or directory\n", why)
   end)

   it("wants names that differ, and files that are there", function()
      echo("x/a.lua", "x")
      echo("y/a.lua", "y")
      local code, out = f:run "run x/a.lua y/a.lua"
      assert.equal(2, code)
      assert.matches("^zapibot: x/a.lua and y/a.lua have the same name[^\n]*%-%-config%)\n$", out)
      code, out = f:run "run x/a.lua z.lua"
      assert.equal(2, code)
      assert.equal("zapibot: cannot open z.lua: No such file or directory\n", out)
      f:write("empty/readme.txt", "")
      code, out = f:run "run empty"
      assert.equal(2, code)
      assert.equal("zapibot: no script (*.lua) is in empty\n", out)
   end)

   it("arguments of several follow '--'; other words are a mistake", function()
      f:write("a.lua", "print('a', ...)")
      f:write("b.lua", "print('b', ...)")
      local code, out = f:run "run a.lua b.lua -- x --listen"
      assert.equal(0, code)
      assert.is_truthy(out:find("a\tx\t--listen\n", 1, true))
      assert.is_truthy(out:find("b\tx\t--listen\n", 1, true))
      code, out = f:run "run a.lua x"
      assert.equal(2, code)
      assert.matches("'x' is neither a script", out)
      code, out = f:run "a.lua x"
      assert.equal(0, code)
      assert.equal("a\tx\n", out)
   end)

   it("a broken one touches no other, and is mended by a reload", function()
      echo("good.lua", "good")
      f:write("syntax.lua", "local x = = 1\n")
      f:bot("throws.lua", "error 'boom'")
      f:start(RUN .. "good.lua syntax.lua throws.lua", nil, true)
      f:wait_log "boom"
      assert.equal(200, f:post "oi")
      f:wait_said "good oi"
      local rows = f:status()
      assert.equal("broken", rows["syntax.lua"].state)
      assert.matches("syntax.lua:1: unexpected symbol", rows["syntax.lua"].error)
      assert.equal("broken", rows["throws.lua"].state)
      assert.matches("throws.lua:%d+: boom", rows["throws.lua"].error)
      assert.equal("serves", rows["good.lua"].state)
      echo("syntax.lua", "mended")
      local code, out = f:run "reload syntax.lua"
      assert.equal(0, code, out)
      f:post "olá"
      f:wait_said "mended olá"
      assert.equal("serves", f:status()["syntax.lua"].state)
      assert.is_nil(f:status()["syntax.lua"].error)
   end)

   it("one that breaks after bot:run() is closed, the others serve on", function()
      echo("good.lua", "good")
      f:write("late.lua", fleet.HEAD .. [[
         local bot = require("zapi.bot").new {}
         bot:on("text", function(ctx) note("late", ctx.text) end)
         bot:run()
         error "too late"]])
      f:start(RUN .. "good.lua late.lua", nil, true)
      f:wait_log "too late"
      f:post "oi"
      f:wait_said "good oi"
      assert.equal("broken", f:status()["late.lua"].state)
      assert.is_nil(f:said():find("late", 1, true))
   end)

   it("all broken: exit 1; one script alone and broken: exit 1", function()
      f:write("a.lua", "error 'first'")
      f:write("b.lua", "x = = 1")
      local code, out = f:run "run a.lua b.lua"
      assert.equal(1, code)
      assert.matches("first", out)
      assert.matches("unexpected symbol", out)
      assert.equal(1, (f:run "run a.lua"))
      assert.equal(1, (f:run "run b.lua"))
   end)

   it("zapi.stop and os.exit end only their own script; the last one ends all", function()
      echo("good.lua", "good")
      f:bot("ends.lua", "bot:hears('fim', function() zapi.stop() end)")
      f:start(RUN .. "good.lua ends.lua", nil, true)
      f:post "fim"
      f:wait_for("its end", function() return f:status()["ends.lua"].state == "ended" end)
      f:post "ainda"
      f:wait_said "good ainda"
      assert.equal(0, f:stop())
      f:write("a.lua", "os.exit(3)")
      f:write("b.lua", "require('zapi').after(0.1, function() os.exit(4) end)")
      assert.equal(4, (f:run "run a.lua b.lua"))
   end)

   it("memory that is full loads one of several anew; the others notice nothing", function()
      echo("good.lua", "good")
      f:bot("eats.lua", [[
         local all = {}
         note "eats begins"
         bot:hears("coma", function()
            for i = 1, 14 do all[i] = ("x"):rep(1 << 20) .. i zapi.sleep(0.001) end
         end)]])
      f:start(RUN .. "--memory 16M good.lua eats.lua", nil, true)
      f:wait_said "eats begins"
      f:post "coma"
      f:wait_for("its new start", function()
         return select(2, f:said():gsub("eats begins", "")) == 2
      end)
      assert.equal("serves", f:status()["eats.lua"].state)
      f:post "oi"
      f:wait_said "good oi"
      assert.is_nil(f:code())
   end)

   it("two that want one route: one is refused, both are named", function()
      f:bot("a.lua", "bot:http('GET', '/pago', function() return 200, 'a' end)")
      f:bot("b.lua", "bot:http('GET', '/pago', function() return 200, 'b' end)")
      f:start(RUN .. "a.lua b.lua", nil, true)
      local rows = f:status()
      local broken = rows["a.lua"].state == "broken" and "a.lua" or "b.lua"
      local why = rows[broken].error
      assert.matches("/pago", why)
      assert.matches("a.lua", why)
      assert.matches("b.lua", why)
      assert.equal(broken == "a.lua" and "b" or "a", f:get("/pago").body)
   end)
end)

describe("a script that forgot something:", function()
   local f

   before_each(function() f = fleet.new() end)
   after_each(function() f:close() end)

   it("bot:run() is missed aloud", function()
      f:write("a.lua", "local bot = require('zapi.bot').new {}\nbot:hears('oi', print)\n")
      local code, out = f:run "a.lua"
      assert.equal(0, code)
      assert.matches("nothing runs: handlers were registered %(the first at a.lua:2%)", out)
      f:write("b.lua", "require('zapi.bot').new {}\n")
      assert.equal("", select(2, f:run "b.lua"))
   end)

   it("credentials: the line, and no traceback", function()
      f:write("a.lua", "\nlocal bot = require('zapi.bot').new {}\nbot:run()\n")
      local code, out = f:run("a.lua", "ZAPIBOT_LOG_FORMAT=text ")
      assert.equal(1, code)
      assert.matches("a.lua:3: no credentials: set ZAPI_INSTANCE_ID", out)
      assert.is_nil(out:find("traceback", 1, true))
   end)

   it("a module: one line for each place that was looked at", function()
      f:write("a.lua", "require 'nada.aqui'")
      local _, out = f:run("a.lua", "ZAPIBOT_LOG_FORMAT=text ")
      assert.matches("module 'nada.aqui' not found:\n[ \t]+no field package.preload", out)
      assert.matches("'nada.aqui' inside zapibot\n", out)
      assert.matches("\n[ \t]+no file '%./nada/aqui.lua'\n", out)
   end)

   it("a command misspelt gets the nearest one", function()
      local code, out = f:run "statu"
      assert.equal(2, code)
      assert.equal("zapibot: there is no command and no script 'statu'; "
         .. "did you mean 'status'?\n", out)
   end)

   it("a port that is none is named", function()
      f:bot("a.lua", "")
      local _, out = f:run("--listen 127.0.0.1:70000 a.lua")
      assert.matches("a port is at most 65535", out)
   end)

   it("where the secret of the webhooks is kept is said", function()
      f:bot("a.lua", "zapi.after(0.01, zapi.stop)")
      local _, out = f:run("--listen 127.0.0.1:0 a.lua", fleet.ACCOUNT
         .. "ZAPIBOT_WEBHOOK_SECRET= ZAPIBOT_LOG_FORMAT=text ")
      assert.matches("secret of the webhooks' address is kept in %./%.zapibot/webhook_secret", out)
      local list = shell.must("cd " .. f.folder .. "/.zapibot && stat -c '%a %s %n' webhook_s*")
      assert.equal("600 48 webhook_secret\n", list) -- and nothing beside it
   end)

   it("a secret of the webhooks that was cut short is said to be that", function()
      f:bot("a.lua", "zapi.after(0.01, zapi.stop)")
      f:write(".zapibot/webhook_secret", "abc")
      local _, out = f:run("--listen 127.0.0.1:0 a.lua", fleet.ACCOUNT
         .. "ZAPIBOT_WEBHOOK_SECRET= ZAPIBOT_LOG_FORMAT=text ")
      assert.matches("webhook_secret: what is in it is too short: remove it", out)
   end)

   it("dev looks for the script first, and leaves the bot's own data alone", function()
      local code, out = f:run "dev nowhere.lua"
      assert.equal(2, code)
      assert.equal("zapibot: cannot open nowhere.lua: No such file or directory\n", out)
      f:bot("a.lua", "zapi.after(0.01, zapi.stop)")
      code, out = f:run("--listen 127.0.0.1:0 dev a.lua", "ZAPIBOT_LOG_FORMAT=text ")
      assert.equal(0, code, out)
      assert.matches("data is kept in %./%.zapibot/dev", out)
   end)
end)
