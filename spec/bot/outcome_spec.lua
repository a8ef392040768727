--- How an event ends: done, dropped, tried again, put aside, dead; and what
--- bot:catch has to say in it.
local core = require "zapi.core"
local durable = require "spec.support.durable"
local fake = require "spec.support.bot_fake"

-- What the core is told of one event; `attempt` as the core counts.
local function outcome(setup, attempt)
   local bot = fake.bot()
   setup(bot)
   local ev = assert(core.ingest(core.json_encode(fake.sample("received_text"))))
   ev.attempt, ev.seq = attempt or 1, 7
   local got
   local lines = fake.logged(function() got = table.pack(bot:_event(ev)) end)
   return got, lines, bot
end

local function throws(err, options)
   return function(bot)
      bot:on("text", function() error(err, 0) end, options)
   end
end

local function failure(kind, more)
   local e = {kind = kind, message = "mensagem", endpoint = "send_text"}
   for k, v in pairs(more or {}) do e[k] = v end
   return core.error(e)
end

describe("a handler that", function()
   it("ends well says nothing", function()
      assert.equal(0, outcome(function(bot) bot:on("text", function() return 1 end) end).n)
      assert.equal(0, outcome(function() end).n)
   end)

   it("throws a script's error makes a dead letter at once, with the traceback", function()
      local got, lines = outcome(function(bot) bot:on("text", function() error("ai") end) end)
      assert.equal("dead", got[1])
      assert.matches("outcome_spec.lua:%d+: ai\nstack traceback", got[2])
      assert.is_nil(got[3])
      assert.equal(1, #lines)
      assert.equal("error", lines[1][1])
      assert.matches("%[text 3EB0.*ai\nstack traceback", lines[1][2])
   end)

   it("fails by a call that may succeed later is tried again: 3 tries in some 20 s", function()
      local err = failure "net.refused"
      local got, lines = outcome(throws(err))
      assert.equal("retry", got[1])
      assert.matches("mensagem", got[2])
      assert.is_true(got[3] >= 1.2 and got[3] <= 1.8)
      assert.equal("warn", lines[1][1])
      assert.matches("try 1 failed, the next one follows in 1%.%d s: .*mensagem", lines[1][2])
      got = outcome(throws(err), 2)
      assert.equal("retry", got[1])
      assert.is_true(got[3] >= 12 and got[3] <= 18)
      got = outcome(throws(err), 3)
      assert.equal("dead", got[1])
      assert.is_true(got[3])
   end)

   it("has attempts of its own", function()
      local err = failure "net.refused"
      assert.equal("dead", outcome(throws(err, {attempts = 1}))[1])
      assert.equal("retry", outcome(throws(err, {attempts = 5}), 4)[1])
      assert.equal("dead", outcome(throws(err, {attempts = 5}), 5)[1])
      local bot = fake.bot()
      assert.matches("bad 'attempts' of bot:on",
         fake.thrown(bot.on, bot, "text", print, {attempts = 0}))
   end)

   it("is told how long to wait waits that long", function()
      local got = outcome(throws(failure("rate_limited", {retry_after = 9})))
      assert.equal(9, got[3])
      got = outcome(throws(failure("rate_limited", {retry_after = 9999})))
      assert.equal(60, got[3])
   end)

   it("does not know whether it sent is dead at once: a person decides", function()
      local got = outcome(throws(failure("send.unknown", {outcome = "unknown"})))
      assert.equal("dead", got[1])
      assert.is_true(got[3])
   end)

   it("is refused is dead at once, and not offered again", function()
      local got = outcome(throws(failure "client.invalid_phone"))
      assert.equal("dead", got[1])
      assert.is_true(got[3])
   end)

   it("drops the event ends at once and well", function()
      local after
      local got, lines = outcome(function(bot)
         bot:on("text", function(ctx)
            ctx:drop()
            after = true
         end)
      end)
      assert.same({"drop", n = 3}, got)
      assert.is_nil(after)
      assert.same({}, lines)
   end)

   it("drops it inside a pcall of its own drops it too, unless it fails then", function()
      assert.equal("drop", outcome(function(bot)
         bot:on("text", function(ctx) pcall(function() return ctx:drop() end) end)
      end)[1])
      assert.equal("dead", outcome(function(bot)
         bot:on("text", function(ctx)
            pcall(ctx.drop, ctx)
            error("ai")
         end)
      end)[1])
   end)

   it("puts it aside says for how long", function()
      assert.same({"later", 3600, n = 3}, (outcome(function(bot)
         bot:on("text", function(ctx) return ctx:retry_later(3600) end)
      end)))
      local got = outcome(function(bot)
         bot:on("text", function(ctx) return ctx:retry_later(-1) end)
      end)
      assert.equal("dead", got[1])
      assert.matches("outcome_spec.lua:%d+: bad 'seconds' in ctx:retry_later", got[2])
   end)

   it("knows which try it is", function()
      local attempt
      outcome(function(bot) bot:on("text", function(ctx) attempt = ctx.attempt end) end, 3)
      assert.equal(3, attempt)
   end)
end)

describe("bot:catch", function()
   it("sees each failure, and what follows is the same", function()
      local seen = {}
      local function caught(err)
         return function(bot)
            throws(err)(bot)
            bot:catch(function(_, e) seen[#seen + 1] = e end)
         end
      end
      local err = failure "net.refused"
      local got, lines = outcome(caught(err))
      assert.equal("retry", got[1])
      assert.equal("dead", outcome(caught(err), 3)[1])
      assert.equal("dead", outcome(caught "ai")[1])
      assert.same({err, err, "ai"}, seen)
      assert.same({}, lines)
   end)

   it("may decide otherwise, and is not asked about ctx:drop", function()
      local asked = 0
      local function with(decide)
         return function(bot)
            bot:on("text", function() error("ai") end)
            bot:catch(function(ctx)
               asked = asked + 1
               return decide(ctx)
            end)
         end
      end
      assert.equal("drop", outcome(with(function(ctx) return ctx:drop() end))[1])
      assert.same({"later", 5, n = 3}, (outcome(with(function(ctx) ctx:retry_later(5) end))))
      assert.equal(2, asked)
      outcome(function(bot)
         with(function() end)(bot)
         bot:use(function(ctx) return ctx:drop() end)
      end)
      assert.equal(2, asked)
   end)

   it("that fails itself is told of too", function()
      local got, lines = outcome(function(bot)
         bot:on("text", function() error("ai") end)
         bot:catch(function() error("ui") end)
      end)
      assert.equal("dead", got[1])
      assert.matches("bot:catch failed: .*ui\nwhile it handled: .*ai", got[2])
      assert.equal("error", lines[1][1])
      assert.matches("bot:catch failed", lines[1][2])
   end)
end)

describe("on disk,", function()
   it("a dead letter is kept with its reason, and the chat goes on", function()
      durable.with(function(place)
         place:run [[
            local seen = {}
            t.up(function(bot)
               bot:on("text", function(ctx)
                  seen[#seen + 1] = ctx.text
                  if ctx.text == "1" then error("ai") end
               end)
            end)
            t.says("1")
            t.says("2")
            t.settle()
            assert.same({"1", "2"}, seen)
         ]]
         local dead = place:dead()
         assert.equal(1, #dead)
         assert.matches("1.lua:%d+: ai\nstack traceback", dead[1].reason)
         assert.equal("text", dead[1].kind)
      end)
   end)

   it("a try that failed holds up its chat until the next one", function()
      durable.with(function(place)
         place:run [[
            require("zapi.bot.outcome").pauses = {0.05, 0.05}
            local seen = {}
            t.up(function(bot)
               bot:on("text", function(ctx)
                  seen[#seen + 1] = ctx.text .. ctx.attempt
                  if ctx.text == "a" and ctx.attempt < 3 then
                     error(core.error {kind = "net.refused", message = "x"}, 0)
                  end
               end)
            end)
            t.says("a")
            t.says("b")
            t.says("c", t.bia)
            t.wait(function() return #seen == 5 end)
            t.settle()
            for i, what in ipairs(seen) do
               if what == "c1" then table.remove(seen, i) end
            end
            assert.same({"a1", "a2", "a3", "b1"}, seen)
         ]]
         assert.same({}, place:dead())
      end)
   end)

   it("what is put aside lets the chat go on, and comes back after a restart", function()
      durable.with(function(place)
         local bot = [[
            local seen = {}
            t.up(function(bot)
               bot:on("text", function(ctx)
                  seen[#seen + 1] = ctx.text .. ctx.attempt
                  if ctx.text == "a" and ctx.attempt == 1 then return ctx:retry_later(0.3) end
               end)
            end)
         ]]
         place:crash(bot .. [[
            t.says("a")
            t.says("b")
            t.wait(function() return seen[2] == "b1" end)
            core.sleep(0.05) -- the ends are written
            t.die()
         ]])
         place:run(bot .. [[
            t.wait(function() return seen[1] end)
            t.settle()
            assert.same({"a2"}, seen)
         ]])
      end)
   end)

   it("what is dropped leaves nothing, and is done", function()
      durable.with(function(place)
         place:run [[
            local done
            t.up(function(bot, z)
               bot:on("text", function(ctx)
                  z.outbox:send("send_text", {phone = ctx.chat, message = "não"})
                  done = true
                  return ctx:drop()
               end)
            end)
            t.says("a")
            t.wait(function() return done end)
            t.settle()
            t.wait_states("")
         ]]
         assert.same({}, place:ask("inbox.list").events)
      end)
   end)

   it("a handler that waits too long is a dead letter that says where", function()
      durable.with(function(place)
         local output = place:run [[
            local seen = {}
            t.up(function(bot)
               bot:hears("a", function() core.sleep(30) end, {timeout = 0.05})
               bot:on("text", function(ctx) seen[#seen + 1] = ctx.text end)
            end)
            t.says("a")
            t.says("b")
            t.wait(function() return seen[1] end)
         ]]
         local text = "registered at .*1.lua:%d+ waited longer than 0.05 s and was ended"
         assert.matches("ERROR.*" .. text, output)
         assert.matches(text, place:dead()[1].reason)
      end)
   end)

   it("an event beside its chat ends with its handler, which holds up nobody", function()
      durable.with(function(place)
         local bot = [[
            local seen = {}
            t.up(function(bot)
               bot:hears("longo", function(ctx)
                  seen[#seen + 1] = "longo"
                  if FIRST then core.sleep(30) end
                  ctx:reply("fim")
               end, {order = "none"})
               bot:on("text", function(ctx) seen[#seen + 1] = ctx.text end)
            end)
         ]]
         place:crash("local FIRST = true\n" .. bot .. [[
            t.says("longo")
            t.says("curto")
            t.wait(function() return #seen == 2 end)
            core.sleep(0.05) -- the end of the second is written
            t.die()
         ]])
         place:run(bot .. [[
            t.wait_calls(1)
            t.settle()
            assert.same({"longo"}, seen)
            assert.equal("h1.t0.send_text.5511999990001.1", t.rows()[1].step)
         ]])
         place:run [[
            t.up(function(bot) bot:on("text", function() error("again") end) end)
            t.settle()
         ]]
         assert.same({}, place:ask("inbox.list").events)
      end)
   end)

   it("a failure beside its chat is the event's", function()
      durable.with(function(place)
         place:run [[
            t.up(function(bot)
               bot:hears("a", function() error("ai") end, {order = "none"})
               bot:hears("g", function() error("ui") end, {order = "person"})
            end)
            t.says("a")
            t.give("received_group_text", {text = {message = "g"}, messageId = "G1"})
            t.settle()
         ]]
         local reasons = {}
         for i, e in ipairs(place:dead()) do reasons[i] = e.reason:match(": (.-)\n") end
         table.sort(reasons)
         assert.same({"ai", "ui"}, reasons)
      end)
   end)

   it("what still runs when the bot stops is left for the next start", function()
      durable.with(function(place)
         place:run [[
            local began
            t.up(function(bot)
               bot:on("text", function()
                  began = true
                  core.sleep(30)
               end)
            end)
            t.says("a")
            t.wait(function() return began end)
            t.bot:stop(0)
         ]]
         assert.same({}, place:dead())
         place:run [[
            local seen
            t.up(function(bot) bot:on("text", function(ctx) seen = ctx.text end) end)
            t.wait(function() return seen end)
            assert.equal("a", seen)
         ]]
      end)
   end)
end)
