--- Timers and processes that are killed around a firing: each time that was due is
--- handled once in the end, and what an `every` missed comes once.
local durable = require "spec.support.durable"

-- What handlers have done is counted in the store, which is written with their
-- good end and not without.
local BOT <const> = [[
   local counts = zapi.store("counts")
   t.up(function(bot)
      bot:timer("t", function(ctx, payload)
         if DIE == "handler" and payload == AT then t.die() end
         counts:update(("t %d"):format(payload), function(n) return (n or 0) + 1 end)
         if DIE == "behind" and payload == AT then t.die() end
      end)
      bot:timer("e", function(ctx)
         counts:update(("e %.6f"):format(ctx.event.due), function(n) return (n or 0) + 1 end)
      end)
   end)
]]

local function script(die, at, more)
   return ("local DIE, AT = %q, %d\n"):format(die, at) .. BOT .. more
end

-- Twenty timers that are due one after the other, and one that repeats.
local SETUP <const> = [[
   local now = core.now() + 0.1
   for n = 1, 20 do
      t.bot:at(now + n * 0.01, "t", n, {key = tostring(n), chat = n % 3 == 0 and t.ana or t.bia})
   end
   t.bot:every("e", 1)
]]

local function check(place)
   place:run(script("none", 0, [[
      t.wait(function() return #core.timers.list(t.bot.service) == 1 end, "not every firing")
      t.settle()
      for n = 1, 20 do assert.equal(1, counts:get("t " .. n), "timer " .. n) end
      for key, n in counts:each "e" do assert.equal(1, n, key) end
   ]]))
end

local function die_at(die, at, wait)
   durable.with(function(place)
      place:crash(script(die, at, SETUP .. (wait or "t.wait(function() return false end)")))
      check(place)
   end)
end

describe("timers of a process that was killed", function()
   it("while a handler ran are handled once", function() die_at("handler", 5) end)

   it("behind what a handler did are handled once", function() die_at("behind", 9) end)

   it("at any moment of twenty firings are handled once", function()
      for _, ms in ipairs {0, 105, 113, 127, 141, 160, 185, 210, 270, 310} do
         die_at("none", 0, ("core.sleep(%.3f)\nt.die()"):format(ms / 1000))
      end
   end)

   it("that repeat come once for all that was missed", function()
      durable.with(function(place)
         place:crash(script("none", 0, [[
            local due = core.now() - 99.5
            assert(core.timers.put(t.bot.service, {name = "e", interval = 5, due = due}))
            t.die()
         ]]))
         place:run(script("none", 0, [[
            t.wait(function() return core.timers.list(t.bot.service)[1].due > core.now() end)
            t.settle()
            assert(core.timers.list(t.bot.service)[1].due <= core.now() + 5)
            local n = 0
            for _, count in counts:each "e" do n = n + count end
            assert.equal(1, n)
         ]]))
      end)
   end)
end)
