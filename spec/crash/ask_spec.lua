--- ctx:ask and processes that are killed: at each point of a question there is one
--- question, one answer and one effect in the end.
local durable = require "spec.support.durable"

-- Asks, takes the answer, does something that must not be done twice. DIE names
-- the point at which this process is killed.
local BOT = [[
   local function point(name)
      if DIE == name then t.die() end
   end
   local function note(text)
      local file <close> = io.open(t.folder .. "/noted", "a")
      file:write(text, "\n")
   end
   t.noted = function()
      local file <close> = io.open(t.folder .. "/noted")
      return file and (file:read("a"):gsub("\n", " ")) or ""
   end
   if DIE == "question" then t.answer = function() t.die() end end
   t.up(function(bot)
      bot:use(function(ctx, next)
         if ctx.text == "azul" then point "arrived" end
         return next()
      end)
      bot:hears("oi", function(ctx)
         ctx.session.began = ctx.session.began or ctx.now
         point "before"
         local answer, why = ctx:ask("Qual cor?", {match = {"azul", "verde"}, retry = "Cor!"})
         assert(not why, why)
         point "recorded"
         local n = ctx:step("pay", function()
            note("pago " .. answer.value)
            return 42
         end)
         point "stepped"
         answer:reply(("%s %d"):format(answer.value, n))
         if DIE == "replied" then -- and what came of it is on disk
            assert(core.store.write {{"test", "k", core.store.pack(1)}})
         end
         point "replied"
         ctx.session.color = answer.text
      end)
      bot:hears("sessão", function(ctx)
         ctx:reply(tostring(ctx.session.color) .. " " .. tostring(ctx.session.began ~= nil))
      end)
      bot:on("text", function(ctx) ctx:reply("outra: " .. ctx.text) end)
   end)
   if DIE == "asked" then
      t.says("oi")
      t.wait_calls(1)
      t.wait(function() return next(t.bot.asks.live) end)
      assert(core.store.write {{"test", "k", core.store.pack(1)}}) -- and its row is on disk
      t.die()
   end
]]

local function script(die, more)
   return ("local DIE = %q\n"):format(die or "none") .. BOT .. (more or "")
end

local function finish(place, texts)
   local output = place:run(script("none", [[
      t.wait(function() return t.bot.service:stats().running == 0 end)
      t.says("sessão")
      t.wait(function() return t.texts()[#t.texts()] == "azul true" end, "no end")
      t.settle()
      assert.equal("pago azul ", t.noted())
      io.write("texts: ", table.concat(t.texts(), "|"), "\n")
      assert.same({}, (core.store.scan("\1open:" .. t.bot.service.name, "", nil, 10)))
      assert.same({}, (core.store.scan("\1due:" .. t.bot.service.name, "", nil, 10)))
      assert.same({}, (core.store.scan("\1ready:" .. t.bot.service.name, "", nil, 10)))
      assert.same({}, (core.store.scan("\1step:" .. t.bot.service.name, "", nil, 10)))
   ]]))
   assert.equal(texts, output:match "texts: ([^\n]*)")
   local stats = place:ask("inbox.stats")
   for _, row in ipairs(stats.automations) do
      assert.equal(0, row.waiting + row.later + row.parked + row.dead)
   end
end

local ANSWER = 't.says("azul")\nt.wait(function() return false end)'

describe("a question of a process that was killed", function()
   it("before the question left is asked once", function()
      durable.with(function(place)
         place:crash(script("before", 't.says("oi")\nt.wait(function() return false end)'))
         place:run(script("none", [[
            t.wait_calls(1)
            assert.same({"Qual cor?"}, t.texts())
            t.settle()
         ]]))
         place:crash(script("arrived", ANSWER))
         finish(place, "azul 42|azul true")
      end)
   end)

   it("behind the question goes on with its answer", function()
      durable.with(function(place)
         place:crash(script("asked"))
         place:run(script("none", [[
            t.settle()
            assert.same({}, t.texts())
            assert.is_nil(next(t.bot.asks.live)) -- nothing is run at start
            t.says("amarelo")
            t.wait_calls(1)
            t.settle()
            assert.same({"Cor!"}, t.texts())
         ]]))
         place:run(script("none", [[
            t.says("azul")
            t.wait_calls(1)
            assert.same({"azul 42"}, t.texts())
            t.settle()
         ]]))
         finish(place, "azul true")
      end)
   end)

   for name, texts in pairs {
      recorded = "azul 42|azul true", stepped = "azul 42|azul true", replied = "azul true",
   } do
      it(("at '%s' ends with one effect"):format(name), function()
         durable.with(function(place)
            place:run(script("none", 't.says("oi")\nt.wait_calls(1)\nt.settle()\n'))
            place:crash(script(name, ANSWER))
            finish(place, texts)
         end)
      end)
   end

   it("while it was on its way is not asked twice, and its answer is waited for", function()
      durable.with(function(place)
         place:crash(script("question", 't.says("oi")\nt.wait(function() return false end)'))
         place:run(script("none", [[
            t.settle()
            assert.same({}, t.texts())
            assert.equal("unknown", t.states())
            t.says("azul")
            t.wait_calls(1)
            assert.same({"azul 42"}, t.texts())
            t.settle()
         ]]))
         finish(place, "azul true")
         assert.same({}, place:dead())
      end)
   end)

   it("is timed out by the process that follows, once", function()
      local late = [[
         local ran = 0
         t.up(function(bot)
            bot:hears("oi", function(ctx)
               local answer, why = ctx:ask("Qual cor?", {timeout = 0.1})
               local n = ctx:step("note", function()
                  local file <close> = io.open(t.folder .. "/noted", "a")
                  file:write(why, "\n")
                  return 1
               end)
               if DIE then t.die() end
               ctx:send(("%s %s %d"):format(answer, why, n))
            end)
            bot:on("text", function(ctx) ctx:reply("outra: " .. ctx.text) end)
         end)
      ]]
      durable.with(function(place)
         place:crash("local DIE = true\n" .. late .. [[
            t.says("oi")
            t.wait(function() return next(t.bot.asks.live) end)
            t.bot.asks:close() -- it dies before its time is over
            assert(core.store.write {{"test", "k", core.store.pack(1)}})
            t.die()
         ]])
         place:crash("local DIE = true\n" .. late .. "t.wait(function() return false end)")
         place:run("local DIE = false\n" .. late .. [[
            t.wait_calls(1)
            t.settle()
            assert.same({"nil timeout 1"}, t.texts())
            t.says("azul")
            t.wait_calls(2)
            assert.equal("outra: azul", t.texts()[2])
            local file <close> = io.open(t.folder .. "/noted")
            assert.equal("timeout\n", file:read("a"))
            for _, ns in ipairs {"open", "due", "ready", "step"} do
               local rows = core.store.scan(("\1%s:%s"):format(ns, t.bot.service.name), "", nil, 9)
               assert.same({}, rows, ns)
            end
            t.settle()
         ]])
      end)
   end)

   it("is ended in the open when the script that follows has another way", function()
      durable.with(function(place)
         place:crash(script("asked"))
         place:run([[
            local ended
            t.up(function(bot)
               bot:hears("oi", function(ctx) ctx:reply("não pergunto mais") end)
               bot:on("conversation.ended", function(ctx) ended = ctx.reason .. " " .. ctx.chat end)
               bot:on("text", function(ctx) ctx:reply("outra: " .. ctx.text) end)
            end)
            t.says("azul")
            t.wait(function() return ended end)
            t.settle()
            assert.equal("changed " .. t.ana, ended)
            assert.same({"outra: azul"}, t.texts())
            for _, ns in ipairs {"open", "due", "ready"} do
               local rows = core.store.scan(("\1%s:%s"):format(ns, t.bot.service.name), "", nil, 9)
               assert.same({}, rows, ns)
            end
         ]])
      end)
   end)

   it("goes on at the second question, and gives way to a newer one", function()
      local bot = [[
         t.up(function(bot)
            bot:command("novo", function(ctx) ctx:reply("novo: " .. ctx:ask("C?").text) end)
            bot:hears("oi", function(ctx)
               local a = ctx:ask "A?"
               local b, why = ctx:ask "B?"
               ctx:send(("%s %s"):format(a.text, b and b.text or why))
            end)
            bot:on("text", function(ctx) ctx:reply("outra: " .. ctx.text) end)
         end)
         local function open()
            local found = core.store.scan("\1open:" .. t.bot.service.name, "", nil, 9)
            return found[1] and core.store.unpack(found[1][2]).n
         end
      ]]
      durable.with(function(place)
         place:crash(bot .. [[
            t.says("oi")
            t.wait(open)
            t.says("1")
            t.wait(function() return open() == 2 end)
            assert(core.store.write {{"test", "k", core.store.pack(1)}})
            t.die()
         ]])
         place:run(bot .. [[
            t.says("!novo")
            t.wait_calls(2)
            t.settle()
            local texts = t.texts()
            table.sort(texts)
            assert.same({"1 replaced", "C?"}, texts)
         ]])
         place:run(bot .. [[
            t.says("2")
            t.wait_calls(1)
            assert.same({"novo: 2"}, t.texts())
         ]])
      end)
   end)
end)

describe("thousands of questions", function()
   local MANY <const> = 1500
   local BOT_OF_MANY <const> = [[
      local MANY, began = ]] .. MANY .. [[, 0
      local function phone(i) return ("55119%08d"):format(i) end
      local function bytes()
         collectgarbage()
         collectgarbage()
         return collectgarbage("count") * 1024
      end
      local function up(options)
         options = options or {}
         options.limits = {cold_per_hour = false, replies_per_chat = false}
         t.up(function(bot)
            bot:hears("oi", function(ctx)
               began = began + 1
               ctx:reply("certo: " .. ctx:ask("Qual?").text)
            end)
         end, options)
      end
      local function all_say(text)
         for i = 1, MANY do t.says(text, phone(i)) end
      end
   ]]

   it("cost the memory of a thousand, and nothing at a start", function()
      durable.with(function(place)
         local START <const> = [[
            up()
            t.settle()
            io.write("bytes: ", bytes() // 1, "\n")
         ]]
         local empty = tonumber(place:run(BOT_OF_MANY .. START):match "bytes: (%d+)")
         place:crash(BOT_OF_MANY .. [[
            up {unload = 60}
            local before = bytes()
            all_say "oi"
            t.wait_calls(MANY)
            t.settle()
            t.calls = {}
            local live = 0
            for _ in pairs(t.bot.asks.live) do live = live + 1 end
            assert.equal(1000, live)
            local grown = bytes() - before
            assert.is_true(grown < 1000 * 12000, grown .. " bytes")
            assert.equal(MANY, began)
            t.says("verde", phone(1)) -- it waited longest: it is run anew
            t.says("azul", phone(MANY))
            t.wait_calls(2)
            table.sort(t.calls, function(a, b) return a.body.message < b.body.message end)
            assert.same({"certo: azul", "certo: verde"}, t.texts())
            assert.equal(MANY + 1, began)
            t.settle()
            assert(core.store.write {{"test", "k", core.store.pack(1)}})
            t.die()
         ]])
         local output = place:run(BOT_OF_MANY .. START .. [[
            assert.equal(0, began)
            assert.is_nil(next(t.bot.asks.live))
            t.says("azul", phone(7))
            t.wait_calls(1)
            assert.equal(1, began)
            assert.same({"certo: azul"}, t.texts())
         ]])
         local grown = tonumber(output:match "bytes: (%d+)") - empty
         assert.is_true(grown < 20000, grown .. " bytes")
      end)
   end)
end)
