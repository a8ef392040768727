--- The clock of a world: hours in milliseconds, in the order of what is due.
local core = require "zapi.core"
local testing = require "zapi.testing"
local zapi = require "zapi"

local function failure(fn, ...)
   local ok, err = pcall(fn, ...)
   assert.is_false(ok)
   return tostring(err)
end

local world
local function start(fn, options)
   options = options or {}
   options.bot = function(...)
      local bot = require("zapi.bot").new()
      fn(bot, ...)
      return bot
   end
   world = testing.start(options)
   return world
end

describe("world:advance", function()
   after_each(function() world:close() end)

   it("lets an hour of timers pass in milliseconds, in their order", function()
      local seen = {}
      start(function(bot)
         bot:timer("tick", function(ctx) seen[#seen + 1] = ctx.event.key end)
         bot:every("tick", 600, {key = "ten"})
         bot:at({after = 1500}, "tick", nil, {key = "once"})
         bot:at({after = 4000}, "tick", nil, {key = "never"})
      end)
      local began, hr, at = os.time(), core.hrtime(), zapi.now()
      world:advance(3610)
      assert.same({"ten", "ten", "once", "ten", "ten", "ten", "ten"}, seen)
      assert(os.time() - began <= 5, "it took as long as it says")
      assert(zapi.now() - at >= 3610 and zapi.now() - at < 3630)
      assert(core.hrtime() - hr >= 3610 and core.hrtime() - hr < 3630)
   end)

   it("moves sleeps, after and interval, and what they see of the time", function()
      local seen = {}
      start(function(bot)
         bot:hears("dorme", function(ctx)
            local before = ctx.now
            zapi.sleep(40)
            ctx:reply(("%.0f s"):format(zapi.now() - before))
         end)
      end)
      local began = zapi.now()
      local function note(what) seen[#seen + 1] = ("%s %.0f"):format(what, zapi.now() - began) end
      zapi.after(90, function() note "after" end)
      local every = zapi.interval(60, function() note "every" end)
      local task = core.spawn(function()
         zapi.sleep(30)
         note "slept"
         zapi.sleep(100)
         note "slept"
      end)
      local ana = world:person "Ana"
      ana:says "dorme"
      world:advance(200)
      every:cancel()
      task:join()
      ana:expects "40 s"
      assert.same({"slept 30", "every 60", "after 90", "every 120", "slept 130", "every 180"}, seen)
   end)

   it("ends a handler that waits too long, and a question that nobody answers", function()
      start(function(bot)
         bot:hears("pergunta", function(ctx)
            local answer, why = ctx:ask("Quando?", {timeout = 1800})
            ctx:reply(answer and answer.text or why)
         end)
         bot:hears("trava", function() zapi.sleep(3600) end)
      end)
      local ana = world:person "Ana"
      ana:says "pergunta"
      ana:expects "Quando?"
      world:advance(1700)
      ana:hears_nothing()
      world:advance(120)
      ana:expects "timeout"
      local bia = world:person "Bia"
      bia:says "trava"
      world:advance(59)
      assert.equal(1, world.bot.service:stats().running)
      world:advance(3)
      assert.equal(0, world.bot.service:stats().running)
      world:close {failures = true} -- of the one that was ended
   end)

   it("begins when the test says, and goes to a date", function()
      local seen = {}
      start(function(bot)
         bot:timer("open", function(ctx)
            seen[#seen + 1] = os.date("!%a %H:%M", math.floor(ctx.event.due))
         end)
         bot:cron("open", "0 9 * * 1-5", "America/Sao_Paulo")
      end, {now = {year = 2031, month = 5, day = 2, hour = 8, tz = "America/Sao_Paulo"}})
      assert.equal("2031-05-02 11:00", os.date("!%Y-%m-%d %H:%M", math.floor(zapi.now())))
      world:advance_to {year = 2031, month = 5, day = 6, hour = 12, tz = "America/Sao_Paulo"}
      assert.same({"Fri 12:00", "Mon 12:00", "Tue 12:00"}, seen)
      local err = failure(world.advance_to, world, 1e9)
      assert.truthy(err:find("this time is over", 1, true))
      world:close()
      assert(math.abs(core.now() - os.time()) < 60) -- the world's time was its own
   end)

   it("passes what a script keeps for a time", function()
      start(function() end)
      local kept = zapi.store "kept"
      kept:set("a", 1, {ttl = 100})
      kept:set("b", 2, {ttl = 10000})
      world:advance(200)
      assert.is_nil(kept:get "a")
      assert.equal(2, kept:get "b")
   end)

   it("lets a message of the outbox leave when it is due", function()
      local z
      start(function(bot) z = bot:client_of() end, {data = true})
      local ana = world:person "Ana"
      z.outbox:send("send_text", {phone = ana.phone, message = "mais tarde"},
         {at = zapi.now() + 7200})
      world:advance(7000)
      ana:hears_nothing()
      world:advance(300)
      ana:expects "mais tarde"
   end)

   it("tries again what failed for a while when its time comes", function()
      local tries = 0
      start(function(bot)
         bot:hears("depois", function(ctx)
            tries = tries + 1
            if tries == 1 then return ctx:retry_later(1000) end
            ctx:reply "agora"
         end)
      end)
      local ana = world:person "Ana"
      ana:says "depois"
      world:advance(900)
      assert.equal(1, tries)
      world:advance(101)
      ana:expects "agora"
   end)

   it("refuses what is no time, and says when it cannot go on", function()
      start(function() end)
      assert.truthy(failure(world.advance, world, -1):find("needs seconds from 0 on", 1, true))
      assert.truthy(failure(world.advance_to, world, "10:00"):find("a time is expected", 1, true))
      local err = failure(world.advance_to, world, {year = 2030})
      assert.truthy(err:find("'month' is missing", 1, true))
   end)
end)
