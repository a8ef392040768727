-- The commands that look after a data folder, beside a bot that runs and after
-- it: inbox, status, backup, restore, forget, and the socket between them.
local core = require "zapi.core"
local shell = require "spec.support.shell"
local stub = require "spec.support.stub"
local support = require "spec.host.support"

local SECRET = "abcdef0123456789"
local ENV = support.ENV .. "ZAPIBOT_WEBHOOK_SECRET=" .. SECRET .. " ZAPIBOT_ADMIN_LISTEN=off "

-- "boom" fails until there is a file "fixed", "slow" waits for a file "go".
local BOT = [[
local zapi = require "zapi"
local bot = require("zapi.bot").new {}
local function there(name)
   local f = io.open(name)
   return f and f:close()
end
bot:on("text", function(ctx)
   if ctx.text:find "boom" and not there "fixed" then
      error("kaboom\nwith the token SECRETTOKEN0001")
   end
   if ctx.text:find "answer" then ctx:reply(ctx.text) end
   if ctx.text == "later" and ctx.attempt == 1 then return ctx:retry_later(0.05) end
   local waits = ctx.text == "slow" or ctx.text == "later"
   while waits and not there "go" do zapi.sleep(0.01) end
   local f = assert(io.open("handled", "a"))
   f:write(ctx.text, "\n")
   f:close()
end)
bot:run()
]]

local function read(path)
   local file = io.open(path)
   local text = file and file:read "a" or ""
   if file then file:close() end
   return text
end

describe("looking after a data folder:", function()
   local place, here, bots, count

   -- Until a command of the shell succeeds.
   local function await(what)
      local code = shell.run(("cd %s; n=0; until %s; do n=$((n+1)); [ $n -gt 1000 ] && exit 9; "
         .. "sleep 0.02; done"):format(here, what))
      assert(code == 0, "not in time: " .. what .. "\n" .. read(place.folder .. "/log"))
   end

   local function exists(name)
      return shell.run(("test -e %s/%s"):format(here, name)) == 0
   end

   local function touch(name)
      shell.must(("touch %s/%s"):format(here, name))
   end

   -- A bot in the background, and its way in.
   local function start(env)
      local bot = {}
      bots[#bots + 1] = bot
      bot.pid = shell.must(([[cd %s; : >log
         %s %s %s --listen 127.0.0.1:0 bot.lua >log 2>&1 & echo $!]]):format(here,
         support.CLEAN, ENV .. (env or ""), shell.quote(support.program))):gsub("%s+$", "")

      function bot.says(text, phone)
         count = count + 1
         local curl = "curl -s -o /dev/null -w '%%{http_code}' -d %s http://127.0.0.1:%s/webhook/%s"
         return shell.must(curl:format(shell.quote(core.json_encode {
            type = "ReceivedCallback", instanceId = "INSTANCE0001", messageId = "M" .. count,
            phone = phone or "5511999990001", fromMe = false, momment = 1700000000000 + count,
            text = {message = text},
         }), bot.port, SECRET))
      end

      -- Waits for its end; nothing is left of it.
      function bot.stop(signal)
         shell.run(("kill -%s %s"):format(signal or "TERM", bot.pid))
         shell.ended(bot.pid)
         bot.pid = nil
      end

      await "grep -q listening log"
      bot.port = read(place.folder .. "/log"):match "listening 127%.0%.0%.1:(%d+) %(webhook%)"
      return bot
   end

   local function run(arguments)
      return place.run(arguments)
   end

   local function json(arguments)
      local code, out, err = run(arguments .. " --json")
      assert(code == 0, arguments .. ": " .. err .. out)
      return assert(core.json_decode(out))
   end

   -- A refusal: the exit code is 1, and there is one line.
   local function refused(arguments)
      local code, out, err = run(arguments)
      assert.equal(1, code)
      assert.equal("", out)
      assert.matches("^zapibot %l+: [^\n]+\n$", err)
      return err
   end

   -- Until a command of the program says so: few tries, each is a whole program.
   local function await_said(arguments, word)
      local out
      for _ = 1, 60 do
         out = select(2, run(arguments))
         if out:find(word, 1, true) then return end
         core.sleep(0.1)
      end
      error(("not in time: %s: %s\n%s%s"):format(arguments, word, out,
         read(place.folder .. "/log")), 2)
   end

   local function await_dead(n)
      await_said("inbox list --state dead --json", ('"total":%d}'):format(n))
   end

   local function mode(name)
      return shell.must(("stat -c %%a %s/%s"):format(here, name)):gsub("%s+$", "")
   end

   -- A client of the socket: runs JavaScript with it as `s`.
   local function client(script, background)
      return (select(2, shell.run(("cd %s; timeout 20 node -e %s %s"):format(here,
         shell.quote("const s = require('net').connect('.zapibot/control.sock');" .. script),
         background and ">client 2>&1 &" or ""))))
   end

   -- Lines to the socket, as they are, and the first `n` lines that come back.
   local function raw(lines, n)
      return client(([[
         let text = '';
         s.on('data', (d) => {
            text += d;
            if (text.split('\n').length > %d) { process.stdout.write(text); s.destroy(); }
         });
         s.write(%s);]]):format(n, core.json_encode(lines)))
   end

   before_each(function()
      place = support.place()
      here, bots, count = shell.quote(place.folder), {}, 0
      shell.write(place.folder .. "/bot.lua", BOT)
   end)

   after_each(function()
      touch "go"
      for _, bot in ipairs(bots) do
         if bot.pid then bot.stop "KILL" end
      end
      place.close()
   end)

   it("shows what a running bot could not handle, and lets it try again", function()
      local bot = start()
      assert.equal("200", bot.says "boom")
      assert.equal("200", bot.says "fine")
      await "grep -qs fine handled"
      await_dead(1)
      local dead = json "inbox list".events[1]
      assert.equal("bot.lua", dead.automation)
      assert.equal("text", dead.kind)
      assert.equal("5511999990001", dead.chat)
      assert.equal(1, dead.attempts)
      assert.matches("kaboom$", dead.reason)

      local code, out = run "inbox list"
      assert.equal(0, code)
      assert.matches("^ID +STATE +RECEIVED", out)
      assert.is_nil(out:find("message", 1, true)) -- no body
      code, out = run("inbox show " .. dead.id)
      assert.equal(0, code)
      assert.matches("stack traceback", out)
      assert.matches('"message": "boom"', out)
      assert.is_nil(out:find("SECRETTOKEN0001", 1, true))
      assert.equal("boom", json("inbox show " .. dead.id).payload.text.message)

      touch "fixed"
      assert.equal(1, json("inbox retry " .. dead.id).retried)
      await "grep -qs boom handled"
      await_dead(0)
      assert.matches("no event %d+ is in the inbox", refused("inbox retry " .. dead.id))
   end)

   it("tries all again that match, and drops what shall not be handled", function()
      local bot = start()
      for i = 1, 4 do bot.says("boom" .. i, "551199999000" .. i) end
      await_dead(4)
      local ids = {}
      for _, e in ipairs(json "inbox list".events) do ids[e.chat] = e.id end
      assert.equal(1, json("inbox drop " .. ids["5511999990001"]).dropped)
      refused "inbox retry --all-dead --reason nothing-like-this"
      touch "fixed"
      assert.equal(1, json "inbox retry --all-dead --chat 5511999990002".retried)
      assert.equal(2, (run "inbox drop --all-dead")) -- nobody can be asked
      local code, out = run "inbox retry --all-dead"
      assert.equal(0, code)
      assert.equal("2 will be handled again\n", out)
      await "[ $(wc -l <handled) = 3 ]"
      assert.is_nil(read(place.folder .. "/handled"):find("boom1", 1, true))
      assert.matches("no dead letter matches", refused "inbox retry --all-dead")
   end)

   it("tells what runs, and takes nothing from under its hands", function()
      local bot = start()
      bot.says "slow"
      bot.says "next"
      await_said("status --json", "attempt")
      local s = json "status --chats"
      assert.is_true(s.running)
      assert.equal(tonumber(bot.pid), s.pid)
      assert.equal("bot.lua", s.handlers[1].automation)
      assert.equal("text", s.handlers[1].kind)
      assert.is_true(s.handlers[1].seconds > 0)
      assert.equal(2, s.automations[1].waiting)
      assert.equal(2, s.chats[1].waiting)
      assert.is_true(s.database.writable)
      assert.is_true(s.last_event_at > core.now() - 60)
      local code, out = run "status --chats"
      assert.equal(0, code)
      assert.matches("process +" .. bot.pid, out)
      assert.matches("Running handlers", out)
      assert.matches("Deepest chats\nCHAT", out)

      assert.matches("is being handled just now", refused("inbox drop " .. s.handlers[1].event))
      local waiting = json "inbox list --state waiting".events
      assert.equal(2, #waiting)
      assert.equal(1, json("inbox drop " .. waiting[1].id).dropped)
      touch "go"
      await "grep -qs slow handled"
      bot.says "last"
      await "grep -qs last handled"
      assert.equal("slow\nlast\n", read(place.folder .. "/handled"))
      await_said("inbox list", "nothing")
   end)

   -- On disk it stands as put aside until it ends, also while it runs.
   it("lets nothing be tried again that is being tried", function()
      local bot = start()
      bot.says "later"
      await_said("status --json", '"attempt":2')
      local id = json "status".handlers[1].event
      assert.matches("is being handled just now", refused("inbox retry " .. id))
      touch "go"
      await_said("inbox list", "nothing")
      bot.says "last"
      await "grep -qs last handled"
      assert.equal("later\nlast\n", read(place.folder .. "/handled"))
   end)

   it("works on the file when nothing runs", function()
      local bot = start()
      bot.says "boom"
      await_dead(1)
      bot.stop()
      assert.is_false(exists ".zapibot/control.sock")
      local s = json "status"
      assert.is_false(s.running)
      assert.equal(1, s.automations[1].dead)
      assert.equal(0, s.database.unclean_ends)
      local out = select(2, run "status")
      assert.matches("none runs here", out)
      assert.is_nil(out:find "unclean")
      assert.matches("\nLast errors\nEVENT.*\n%d+ .* bot.lua +.*boom", out)
      touch "fixed"
      assert.equal(1, json "inbox retry --all-dead".retried)
      assert.equal(1, json "inbox stats".automations[1].waiting)
      start()
      await "grep -qs boom handled"
   end)

   it("is for the owner alone, and replaces what a killed process left", function()
      local bot = start()
      assert.equal("700", mode ".zapibot")
      for _, name in ipairs {"control.sock", "zapibot.db", "zapibot.db-wal", "zapibot.lock"} do
         assert.equal("600", mode(".zapibot/" .. name), name)
      end
      bot.stop "KILL"
      assert.equal("600", mode ".zapibot/control.sock")
      local s = json "status" -- on the file: nobody answers there
      assert.is_false(s.running)
      assert.equal(1, s.database.unclean_ends)
      assert.matches("\nunclean ends +1 ", (select(2, run "status")))
      bot = start()
      assert.equal(tonumber(bot.pid), json "status".pid)
      assert.equal("600", mode ".zapibot/control.sock")
   end)

   it("serves several clients, and minds none that is slow or wrong", function()
      local bot = start()
      for _ = 1, 3 do -- never a whole line
         client("s.write('{\"do\":', () => require('fs').appendFileSync('held', 'x'))", true)
      end
      client("s.pause(); s.write('{\"do\":\"status\"}\\n'.repeat(900), "
         .. "() => require('fs').appendFileSync('held', 'x'))", true) -- never reads
      await "[ $(wc -c <held) = 4 ]"
      assert.is_true(json "status".running)
      local out = raw('{"do":"inbox.stats"}\n{"do":"nothing"}\nxx\n{"do":"inbox.stats"}\n', 4)
      local oks = {}
      for line in out:gmatch "[^\n]+" do oks[#oks + 1] = core.json_decode(line).ok end
      assert.same({true, false, false, true}, oks)
      assert.matches("too long", raw(("x"):rep(70000), 1))
      assert.is_true(json "status".running)
      assert.equal("200", bot.says "fine")
      await "grep -qs fine handled"
      bot.stop() -- with clients that are connected still
      assert.matches("SIGTERM", read(place.folder .. "/log"))
      assert.is_nil(read(place.folder .. "/log"):find("ERROR: ", 1, true))
   end)

   it("copies the database while events arrive, and parks what was queued", function()
      local bot = start()
      bot.says "slow"
      for i = 1, 5 do bot.says("before" .. i) end
      local poster = shell.must(([[cd %s; (i=0; while [ ! -e enough ]; do i=$((i+1));
         curl -s -o /dev/null -d "{\"type\":\"ReceivedCallback\",\"instanceId\":\"INSTANCE0001\",
            \"messageId\":\"P$i\",\"phone\":\"5511999990009\",\"fromMe\":false,
            \"momment\":1700000000000,\"text\":{\"message\":\"during\"}}" \
            http://127.0.0.1:%s/webhook/%s; done) >/dev/null 2>&1 & echo $!]]):format(here,
            bot.port, SECRET)):gsub("%s+$", "")
      await "grep -qs during handled"
      local copy = json "backup copy.db"
      touch "enough"
      shell.ended(poster)
      assert.equal(place.folder .. "/copy.db", copy.file)
      assert.equal("600", mode "copy.db")
      assert.matches("copy.db exists: %-%-force", refused "backup copy.db")
      assert.is_true(copy.bytes > 0)
      assert.equal(copy.taken_at, json "status".database.backup_at)

      assert.equal("zapibot restore: a zapibot runs here: stop it first\n",
         refused "restore copy.db --yes")
      touch "go"
      await "grep -qs before5 handled"
      bot.stop()
      assert.equal(2, (run "restore copy.db")) -- nobody can be asked
      local code, out = run "restore copy.db --yes"
      assert.equal(0, code)
      assert.matches("is kept as [^\n]+zapibot.db.before%-restore%-1\n", out)
      assert.matches("inbox retry %-%-all%-dead %-%-reason restored", out)
      assert.equal("600", mode ".zapibot/zapibot.db.before-restore-1")
      os.remove(place.folder .. "/handled")
      local parked = json "inbox list --state dead".events
      assert.is_true(#parked >= 6)
      assert.matches("^restored from a backup of %d+%-", parked[1].reason)

      bot = start()
      bot.says "after"
      await "grep -qs after handled"
      assert.equal("after\n", read(place.folder .. "/handled")) -- nothing by itself
      assert.equal(#parked, json "inbox retry --all-dead --reason restored".retried)
      await(("[ $(wc -l <handled) = %d ]"):format(#parked + 1))
   end)

   it("lets no timer and no question of a backup act on its own", function()
      shell.write(place.folder .. "/bot.lua", [[
local zapi = require "zapi"
local bot = require("zapi.bot").new {}
local function note(text)
   local file <close> = assert(io.open("fired", "a"))
   file:write(text, "\n")
end
for _, name in ipairs {"once", "every", "cron", "far"} do
   bot:timer(name, function() note(name) end)
end
local go = io.open "go"
if not go then
   bot:at(os.time() + 2, "once")
   bot:at(os.time() + 3600, "far")
   bot:every("every", 2)
   bot:cron("cron", "* * * * *", "America/Sao_Paulo")
end
bot:hears("oi", function(ctx)
   note("asked")
   ctx:ask("Nome?")
   note("answered")
end)
bot:on("text", function() note("other") end)
bot:run()
]])
      local bot = start()
      bot.says "oi"
      await "grep -qs asked fired"
      local copy = json "backup copy.db"
      await "grep -qs once fired"
      bot.stop("KILL")
      -- As if the minute of the calendar were over.
      local change = "sqlite3 %s/copy.db \"UPDATE timer SET due=due-60 WHERE name='cron'\""
      shell.must(change:format(here))
      assert.is_truthy(copy.file)
      assert.equal(1, json "restore copy.db --yes".timers)
      shell.must(("rm %s/fired; touch %s/go"):format(here, here))
      start()
      await "grep -qs every fired" -- again in two seconds
      bots[#bots].says "Ana"
      await "grep -qs other fired"
      local fired = read(place.folder .. "/fired")
      assert.not_matches("once", fired)
      assert.not_matches("cron", fired)
      assert.not_matches("answered", fired)
      local rows = shell.must(("sqlite3 %s/.zapibot/zapibot.db \"SELECT name, "
         .. "due > strftime('%%s','now') - 2 FROM timer ORDER BY name\""):format(here))
      assert.equal("cron|1\nevery|1\nfar|1\n", rows)
   end)

   it("asks a person before it replaces or removes", function()
      support.needs "script"
      start().stop()
      assert.equal(0, (run "backup copy.db"))
      local function screen(answer, arguments)
         return shell.must(("cd %s && printf '%s\\n' | %s script -qec %s /dev/null; true"):format(
            here, answer, support.CLEAN, shell.quote(support.program .. " " .. arguments)))
      end
      local out = screen("n", "restore copy.db")
      assert.matches("will be replaced by copy.db. %[y/N%]", out)
      assert.matches("nothing was done", out)
      assert.is_false(exists ".zapibot/zapibot.db.before-restore-1")
      assert.matches("is kept as", screen("s", "restore copy.db"))
   end)

   it("forgets a person to the last byte", function()
      local bot = start()
      bot.says("boom", "5511988887777")
      bot.says("fine", "5511988887777")
      bot.says("boom", "5511966665555")
      await "grep -qs fine handled"
      await_dead(2)
      local function traces(phone)
         return shell.run(("grep -aq %s %s/.zapibot/zapibot.*"):format(phone, here)) == 0
      end
      assert.is_true(traces "5511988887777")
      assert.equal(2, (run "forget 5511988887777")) -- nobody can be asked
      local code, out = run "forget '+55 (11) 98888-7777' --yes"
      assert.equal(0, code)
      assert.matches("^%d+ rows removed\n$", out)
      assert.is_false(traces "5511988887777")
      assert.equal(1, #json "inbox list".events)
      assert.equal("200", bot.says("more", "5511966665555"))
      await "grep -qs more handled"
      assert.equal("zapibot forget: nothing is stored of 5511988887777\n",
         refused "forget 5511988887777 --yes")
      bot.stop()
      assert.is_false(traces "5511988887777")
      assert.is_true(traces "5511966665555")
      assert.equal(0, (run "forget 5511966665555 --yes")) -- on the file
      assert.is_false(traces "5511966665555")
   end)

   it("says where it looked, and finds a folder by option and environment", function()
      assert.equal("zapibot status: no database: looked for " .. place.folder
         .. "/.zapibot/zapibot.db (a script's data is in .zapibot beside it: say --data FOLDER)\n",
         refused "status")
      start().stop()
      shell.must(("mv %s/.zapibot %s/elsewhere"):format(here, here))
      refused "status"
      assert.equal(0, (run "status --data elsewhere"))
      assert.equal(0, (run "--data elsewhere status"))
      assert.equal(0, (place.run("status", "ZAPIBOT_DATA=elsewhere ")))
      local code, _, err = run "status --data memory"
      assert.equal(2, code)
      assert.matches("nothing is kept", err)
      assert.is_false(exists ".zapibot") -- none was made
   end)

   it("takes damage for what it is, and mends it with a backup", function()
      local bot = start()
      bot.says "boom"
      await_dead(1)
      assert.equal(0, (run "backup copy.db"))
      bot.stop()
      shell.write(place.folder .. "/.zapibot/zapibot.db", "what a pity")
      assert.matches("zapibot.db", refused "inbox list")
      shell.write(place.folder .. "/other", "no database")
      assert.equal("zapibot restore: " .. place.folder .. "/other is not a zapibot database\n",
         refused "restore other --yes")
      assert.equal("what a pity", read(place.folder .. "/.zapibot/zapibot.db"))
      assert.equal(0, (run "restore copy.db --yes"))
      assert.equal(1, json "inbox list".total)
   end)

   it("is wrong usage in many ways", function()
      for _, arguments in ipairs {"inbox", "inbox lits", "inbox show", "inbox show x",
         "inbox retry", "inbox retry 1 --all-dead", "inbox list 3", "inbox list --limit 0",
         "inbox show 1 2", "outbox", "outbox retry 1x", "outbox show 0", "outbox retry --all 3",
         "inbox list --state daed", "outbox list --state lost", "forget abc", "forget 12",
         "forget abc --yes", "status now", "backup", "backup a b", "restore", "forget",
         "forget 1 2"} do
         local code, out, err = run(arguments)
         assert.equal(2, code, arguments)
         assert.equal("", out)
         assert.matches("^zapibot %l+: [^\n]+\n$", err)
      end
      assert.matches("there is no state 'daed'; did you mean 'dead'%?",
         select(3, run "inbox list --state daed"))
      assert.matches("'abc' is no telephone number", select(3, run "forget abc"))
   end)

   it("sends again what nobody knows when a person says so, and closes the rest", function()
      local broken = true
      local server = stub.start(function()
         if broken then return 500, "{}" end
         return '{"zaapId":"Z1","messageId":"M1"}'
      end)
      finally(server.close)
      local bot = start("ZAPI_BASE_URL=" .. server.url .. " ")
      bot.says("answer 1", "5511999990001")
      bot.says("answer 2", "5511999990002")
      await_said("outbox stats --json", '"unknown":2')
      local code, out = run "outbox list --state unknown"
      assert.equal(0, code)
      assert.matches("^ID +STATE +WHEN +ENDPOINT", out)
      assert.is_nil(out:find("answer 1", 1, true)) -- no text
      local one = json "outbox list --state unknown --to 5511999990001".sends[1].id
      local two = json "outbox list --state unknown --to 5511999990002".sends[1].id
      local send = json("outbox show " .. one).send
      assert.equal("answer 1", send.params.message)
      assert.equal("send.unknown", send.error_kind)
      assert.equal(2, (run("outbox retry " .. one))) -- nobody can be asked
      broken = false
      assert.equal(1, json("outbox retry --yes " .. one).retried)
      await_said(("outbox show %d --json"):format(one), '"state":"accepted"')
      assert.equal("unknown", json("outbox drop " .. two).was)
      assert.equal(0, json "outbox stats".sends.unknown)
      assert.equal(3, #server.got)
      bot.stop()
      assert.equal(3, #server.got)
   end)

   it("sends anew what was refused when a person lets the event be handled again", function()
      local broken = true
      local server = stub.start(function()
         if broken then return 400, '{"error":"Instance not found"}' end
         return '{"zaapId":"Z1","messageId":"M1"}'
      end)
      finally(server.close)
      local bot = start("ZAPI_BASE_URL=" .. server.url .. " ")
      bot.says "answer me"
      await_dead(1)
      assert.equal(1, #server.got)
      assert.equal("failed", json "outbox list".sends[1].state)
      broken = false
      assert.equal(1, json "inbox retry --all-dead".retried)
      await_said("outbox list --json", '"state":"accepted"') -- the stub is in this process
      await "grep -qs answer handled"
      assert.equal(2, #server.got)
      assert.equal(1, json "outbox list".total)
   end)

   it("speaks JSON on every command", function()
      local bot = start()
      bot.says("boom", "5511988887777")
      bot.says("boom", "5511966665555")
      await_dead(2)
      bot.stop()
      assert.equal(2, json "inbox list".total)
      assert.is_table(json("inbox show " .. json "inbox list".events[1].id).payload)
      assert.is_table(json "inbox stats".automations)
      assert.is_table(json "outbox list".sends)
      assert.is_table(json "outbox stats".sends)
      assert.is_false(json "status".running)
      assert.is_string(json "backup copy.db".file)
      assert.is_true(json "forget 5511988887777 --yes".rows > 0)
      local counts = json "inbox stats".automations[1]
      assert.equal(1, counts.dead)
      assert.equal(1, json "inbox retry --all-dead".retried)
      assert.equal(1, json("inbox drop " .. json "inbox list".events[1].id).dropped)
      assert.is_string(json "restore copy.db --yes".kept)
   end)

   it("shows the outbox", function()
      start().stop()
      assert.equal("nothing is in the outbox\n", select(2, run "outbox list"))
      assert.same({sends = {}, total = 0}, json "outbox list")
      assert.equal(0, json "outbox stats".sends.unknown)
      assert.equal("zapibot outbox: no send 7 is in the outbox\n", refused "outbox show 7")
   end)
end)
