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
end)
