--- bot:at, bot:every, bot:cron, bot:cancel: rows on disk that become events.
local durable = require "spec.support.durable"
local fake = require "spec.support.bot_fake"

-- What the chunks share.
local HEAD <const> = [[
   local seen = {}
   local function note(ctx, payload) seen[#seen + 1] = payload end
   local function rows() return core.timers.list(t.bot.service) end
   local function write(row) assert(core.timers.put(t.bot.service, row)) end
]]

local function run(chunk)
   durable.with(function(place) place:run(HEAD .. chunk) end)
end

describe("bot:at", function()
   it("fires once, with its payload, and is gone", function()
      run [[
         t.up(function(bot) bot:timer("t", function(ctx, payload)
            seen[#seen + 1] = {ctx.kind, payload, ctx.event.timer, ctx.event.key, ctx.event.due}
         end) end)
         local due = core.now() + 0.03
         assert.equal(t.bot, t.bot:at(due, "t", {a = {1, "dois"}}, {key = "k"}))
         assert.equal(1, #rows())
         t.wait(function() return seen[1] end)
         t.settle()
         assert.same({{"timer:t", {a = {1, "dois"}}, "t", "k", due}}, seen)
         assert.same({}, rows())
      ]]
   end)

   it("takes an instant, seconds from now or a date in a zone", function()
      run [[
         t.up(function(bot) bot:timer("t", note) end)
         t.bot:at(4e9, "t", nil, {key = "instant"})
         t.bot:at({after = 3600}, "t", nil, {key = "after"})
         t.bot:at({year = 2090, month = 1, day = 2, hour = 9, min = 30, tz = "America/Sao_Paulo"},
            "t", nil, {key = "date"})
         t.bot:at({year = 2090, month = 1, day = 3, tz = "UTC"}, "t", nil, {key = "noon"})
         local due = {}
         for _, row in ipairs(rows()) do due[row.key] = row.due end
         assert.equal(4e9, due.instant)
         assert(math.abs(due.after - core.now() - 3600) < 10)
         assert.equal(3787043400, due.date)
         assert.equal(3787128000, due.noon)
      ]]
   end)

   it("fires when it can be read again", function()
      run [[
         local list, broken = core.timers.list, 0
         require("zapi.bot.timers").pause = 0.01
         t.up(function(bot) bot:timer("t", note) end)
         core.timers.list = function(...)
            broken = broken + 1
            if broken > 5 then return list(...) end
         end
         t.bot:at({after = 0}, "t", "x")
         t.wait(function() return seen[1] end)
         assert(seen[1] == "x" and broken > 5)
      ]]
   end)

   it("replaces the timer of the same name and key", function()
      run [[
         t.up(function(bot) bot:timer("t", note) end)
         t.bot:at({after = 3600}, "t", "alt", {key = "k"})
         t.bot:at({after = 3600}, "t", "other", {key = "l"})
         t.bot:at({after = 0}, "t", "neu", {key = "k"})
         t.wait(function() return seen[1] end)
         t.settle()
         assert.same({"neu"}, seen)
         assert.equal(1, #rows())
         t.bot:at(1e9, "t", "again", {key = "k"}) -- the same instant twice is twice
         t.wait(function() return seen[2] end)
         t.bot:at(1e9, "t", "again", {key = "k"})
         t.wait(function() return seen[3] end)
      ]]
   end)

   it("is handled in the order of its chat, and answers there", function()
      run [[
         local go
         t.up(function(bot)
            bot:timer("t", function(ctx, payload)
               seen[#seen + 1] = "timer"
               ctx:send(payload)
            end)
            bot:on("text", function(ctx)
               t.wait(function() return go end)
               seen[#seen + 1] = ctx.chat
            end)
         end)
         t.says("oi")
         t.wait(function() return t.bot.service:stats().running == 1 end)
         t.bot:at({after = 0}, "t", "lembrete", {chat = "+55 (11) 99999-0001"})
         t.bot:at({after = 0}, "t", "à parte", {chat = t.bia})
         t.wait_calls(1)
         assert.same({"timer"}, seen) -- the other chat does not wait
         assert.same({phone = t.bia, message = "à parte"}, t.calls[1].body)
         go = true
         t.wait_calls(2)
         assert.same({"timer", t.ana, "timer"}, seen)
         assert.same({phone = t.ana, message = "lembrete"}, t.calls[2].body)
      ]]
   end)

   it("answers through the client that it names", function()
      run [[
         local function client(n)
            return zapi.client {
               instance = ("3C0FFEE000000000000000000000000%d"):format(n), token = "t",
               base_url = "http://127.0.0.1:1",
            }
         end
         local one, two = client(1), client(2)
         t.up(function(bot)
            bot:timer("t", function(ctx) seen[#seen + 1] = ctx.client end)
         end, {clients = {one, two}})
         t.bot:at({after = 0}, "t", nil, {client = two, key = "a"})
         t.wait(function() return seen[1] end)
         t.bot:at({after = 0}, "t", nil, {instance = one.instance, key = "b"})
         t.wait(function() return seen[2] end)
         assert.equal(two, seen[1])
         assert.equal(one, seen[2])
      ]]
   end)

   it("said before bot:run is written when the bot runs", function()
      run [[
         t.up(function(bot)
            bot:timer("t", note)
            bot:at({after = 0}, "t", "cedo")
            bot:at({after = 0}, "t", "nie", {key = "x"})
            assert.equal(1, bot:cancel("t", "x"))
         end)
         t.wait(function() return seen[1] end)
         t.settle()
         assert.same({"cedo"}, seen)
      ]]
   end)

   it("waits for the script that has its handler, and says so", function()
      durable.with(function(place)
         place:run [[
            t.up(function(bot) bot:timer("old", print) end)
            t.bot:at({after = 0}, "gone", "x")
            t.bot:at({after = 0}, "old", "y")
            t.settle()
         ]]
         local output = place:run [[
            t.up(function(bot) bot:timer("new", print) end)
            t.bot:at({after = 0}, "new")
            t.settle()
            core.sleep(0.05)
            assert.equal(1, #core.timers.list(t.bot.service))
         ]]
         assert.truthy(output:find("timers wait for bot:timer(\"gone\", fn)", 1, true))
         place:run [[
            local got
            t.up(function(bot) bot:timer("gone", function(_, payload) got = payload end) end)
            t.wait(function() return got == "x" end)
         ]]
      end)
   end)

   it("that was missed fires at the next start", function()
      durable.with(function(place)
         place:run [[
            t.up(function(bot) bot:timer("t", print) end)
            t.bot:at({after = 0.3}, "t", "perdido")
         ]]
         place:run(HEAD .. [[
            core.sleep(0.3)
            t.up(function(bot) bot:timer("t", note) end)
            t.wait(function() return seen[1] end)
            t.settle()
            assert.same({"perdido"}, seen)
         ]])
      end)
   end)

   it("may be firing when the bot stops, and fires in the next one", function()
      durable.with(function(place)
         local output = place:run [[
            local list, stopped = core.timers.list, false
            function core.timers.list(service, until_, limit, names)
               local rows = list(service, until_, limit, names)
               if #rows > 1 and limit > 1 and not stopped then
                  stopped = true
                  core.spawn(function() t.bot:stop(0) end)
               end
               return rows
            end
            t.up(function(bot) bot:timer("t", print) end)
            local due = core.now() + 0.1
            for i = 1, 30 do t.bot:at(due, "t", i, {key = tostring(i)}) end
            t.wait(function() return stopped and not t.bot.service end)
            core.sleep(0.05)
         ]]
         assert.is_nil(output:find("ERROR", 1, true), output)
         place:run [[
            local seen = {}
            t.up(function(bot) bot:timer("t", function(_, n) seen[n] = true end) end)
            t.wait(function() return #core.timers.list(t.bot.service) == 0 end)
            t.settle()
         ]]
      end)
   end)

   it("goes on when the same bot runs again", function()
      run [[
         t.up(function(bot) bot:timer("t", note) end)
         t.bot:at({after = 3600}, "t", "später")
         t.bot:stop(1)
         t.bot:at({after = 0.01}, "t", "dazwischen", {key = "k"})
         t.bot:run()
         t.wait(function() return seen[1] end)
         t.bot:at({after = 0}, "t", "danach", {key = "k"})
         t.wait(function() return seen[2] end)
         assert.same({"dazwischen", "danach"}, seen)
         assert.equal(1, #rows())
      ]]
   end)

   it("in a handler stands with its good end only", function()
      run [[
         t.up(function(bot)
            bot:timer("t", note)
            bot:hears("bom", function() bot:at({after = 0}, "t", "bom") end)
            bot:hears("ruim", function()
               bot:at({after = 0}, "t", "ruim")
               bot:cancel("keep")
               error "ruim"
            end)
            bot:hears("doch nicht", function()
               bot:at({after = 0}, "t", "a", {key = "a"})
               bot:at({after = 0}, "t", "b", {key = "b"})
               assert.equal(1, bot:cancel("t", "a"))
            end)
            bot:hears("tira", function() assert.equal(2, bot:cancel("keep")) end)
         end)
         t.bot:at({after = 3600}, "keep", 1, {key = "1"})
         t.bot:at({after = 3600}, "keep", 2, {key = "2"})
         t.says("ruim")
         t.settle()
         assert.equal(2, #rows())
         t.says("bom")
         t.wait(function() return seen[1] end)
         t.says("doch nicht")
         t.wait(function() return seen[2] end)
         t.settle()
         assert.same({"bom", "b"}, seen)
         t.says("tira")
         t.wait(function() return #rows() == 0 end)
      ]]
   end)

   it("is tried again and becomes a dead letter as any event", function()
      durable.with(function(place)
         place:run(HEAD .. [[
            t.up(function(bot)
               bot:timer("t", function(ctx)
                  seen[#seen + 1] = ctx.attempt
                  error(core.error {kind = "rate_limited", message = "voll", retry_after = 0.01})
               end, {attempts = 2})
            end)
            t.bot:at({after = 0}, "t", nil, {chat = t.ana})
            t.wait(function() return seen[2] end)
            t.settle()
            assert.same({1, 2}, seen)
         ]])
         assert.equal("timer:t", place:dead()[1].kind)
      end)
   end)

   it("refuses what it cannot keep, naming the field", function()
      local bot = fake.bot()
      bot:timer("t", print)
      for text, fn in pairs {
         ["bad 'when' in bot:at: 60 is in the year 1970"] = function() bot:at(60, "t") end,
         ["{after = 60}"] = function() bot:at(60, "t") end,
         ["'month' is missing"] = function() bot:at({year = 2030}, "t") end,
         ["bad 'after' in bot:at"] = function() bot:at({after = -1}, "t") end,
         ["bad 'when' in bot:at (Unix seconds"] = function() bot:at("10:00", "t") end,
         ["bad 'name' in bot:at"] = function() bot:at({after = 1}, "") end,
         ["bad 'payload' in bot:at"] = function() bot:at({after = 1}, "t", print) end,
         ["262144 at most"] = function() bot:at({after = 1}, "t", ("x"):rep(300000)) end,
         ["'keys' is not an option of bot:at; did you mean 'key'?"] = function()
            bot:at({after = 1}, "t", 1, {keys = "k"})
         end,
         ["bad 'seconds' in bot:every"] = function() bot:every("t", 0.5) end,
         ["there is a timer 't' already"] = function() bot:timer("t", print) end,
         ["bad cron '* * *'"] = function() bot:cron("t", "* * *") end,
         ["there is no time zone 'Mars/Base'"] = function()
            bot:cron("t", "@daily", "Mars/Base")
         end,
      } do
         local ok, err = pcall(fn)
         assert.is_false(ok, text)
         assert(tostring(err):find(text, 1, true), err)
      end
   end)
end)

describe("bot:every", function()
   it("goes on by its grid, and said again goes on as it was", function()
      run [[
         t.up(function(bot) bot:timer("t", note) end)
         t.bot:every("t", 3600, {payload = 1})
         local due, id = rows()[1].due, rows()[1].id
         core.sleep(0.02)
         t.bot:every("t", 3600, {payload = 2})
         assert.equal(due, rows()[1].due)
         assert.equal(id, rows()[1].id)
         assert.equal("2", rows()[1].payload)
         t.bot:every("t", 1800)
         assert.equal(1, #rows())
         assert(rows()[1].due < due)
      ]]
   end)

   it("makes up for what was missed once", function()
      run [[
         t.up(function(bot) bot:timer("t", function(ctx) seen[#seen + 1] = ctx.event.due end) end)
         local due = core.now() // 1 - 10000
         write {name = "t", interval = 60, due = due}
         t.bot:at({after = 3600}, "t", nil, {key = "wakes"})
         t.wait(function() return seen[1] end)
         t.settle()
         assert.same({due}, seen)
         local row = rows()[1]
         assert(row.due > core.now() and row.due <= core.now() + 60)
         assert.equal(0, (row.due - due) % 60)
      ]]
   end)
end)

describe("bot:cron", function()
   it("is due at its next time in its zone, and makes up for what was missed once", function()
      run [[
         local crons = require "zapi.bot.cron"
         t.up(function(bot) bot:timer("t", function(ctx) seen[#seen + 1] = ctx.event.due end) end)
         t.bot:cron("t", "30 9 * * 1-5", "America/Sao_Paulo", {key = "a"})
         local row, cron = rows()[1], crons.parse("30 9 * * 1-5", "America/Sao_Paulo")
         assert.equal(cron:after(core.now()), row.due)
         assert.equal("America/Sao_Paulo", row.tz)
         t.bot:cancel("t")
         local due = cron:after(core.now() - 30 * 86400)
         write {name = "t", key = "a", cron = "30 9 * * 1-5", tz = "America/Sao_Paulo", due = due}
         t.bot:cron("t", "30 9 * * 1-5", "America/Sao_Paulo", {key = "a"})
         t.wait(function() return seen[1] end)
         t.settle()
         assert.same({due}, seen)
         assert.equal(cron:after(core.now()), rows()[1].due)
      ]]
   end)

   it("of the bot's zone needs no name", function()
      run [[
         core.set_env("ZAPIBOT_TZ", "Asia/Kathmandu")
         t.up(function(bot) bot:timer("t", note) end)
         t.bot:cron("t", "@daily", {payload = "x"})
         assert.equal("Asia/Kathmandu", rows()[1].tz)
         assert.equal(18 * 3600 + 900, rows()[1].due % 86400)
      ]]
   end)
end)

describe("bot:cancel", function()
   it("removes one key or all, and says how many", function()
      run [[
         t.up(function(bot) bot:timer("t", note) end)
         for i = 1, 3 do t.bot:at({after = 3600}, "t", i, {key = "k" .. i}) end
         t.bot:at({after = 3600}, "u")
         assert.equal(1, t.bot:cancel("t", "k2"))
         assert.equal(0, t.bot:cancel("t", "k2"))
         assert.equal(2, t.bot:cancel("t"))
         assert.equal("u", rows()[1].name)
         assert.equal(1, #rows())
      ]]
   end)
end)

describe("timers in memory", function()
   it("fire and repeat like those on disk", function()
      local bot = require("zapi.bot").new {
         client = fake.client(), listen = "127.0.0.1:0", secret = "segredo-do-teste",
      }
      local core = require "zapi.core"
      local hosted = core.hosted
      core.set_hosted(true)
      local got = {}
      bot:timer("t", function(_, payload) got[#got + 1] = payload end)
      bot:run()
      bot:at({after = 0.01}, "t", "um")
      bot:every("t", 1, {key = "e", payload = "vezes"})
      bot:at({after = 3600}, "t", "nie", {key = "n"})
      assert.equal(1, bot:cancel("t", "n"))
      local until_ = core.hrtime() + 5
      while #got < 2 and core.hrtime() < until_ do core.sleep(0.005) end
      assert.same({"um", "vezes"}, got)
      bot:stop(1)
      core.set_hosted(hosted)
   end)
end)
