--- Worlds whose bot is restarted, reloaded and killed: the guarantees of inbox,
--- sends, questions, timers and store, shown with the kit.
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
   if options.data == nil then options.data = true end
   options.bot = function(...)
      local bot = require("zapi.bot").new()
      fn(bot, ...)
      return bot
   end
   world = testing.start(options)
   return world
end

-- Counts; asks; sends; sleeps.
local function shop(bot)
   local counts = zapi.store "counts"
   bot:hears("conta", function(ctx)
      ctx:reply(tostring(counts:update(ctx.chat, function(n) return (n or 0) + 1 end)))
   end)
   bot:hears("pede", function(ctx)
      local what = ctx:ask "O quê?"
      counts:update("pedidos", function(n) return (n or 0) + 1 end)
      what:reply(("Anotado: %s (%d)"):format(what.text, counts:get "pedidos"))
   end)
   bot:hears("demora", function(ctx)
      ctx:reply "um momento"
      counts:update("demora", function(n) return (n or 0) + 1 end)
      zapi.sleep(30)
      ctx:reply(("feito %d"):format(counts:get "demora"))
   end)
   bot:hears("lembra", function(ctx)
      bot:at({after = 600}, "lembrete", {de = ctx.from.name}, {chat = ctx.chat})
      ctx:reply "ok"
   end)
   bot:timer("lembrete", function(ctx, payload) ctx:send("Lembrete de " .. payload.de) end)
end

describe("world:restart", function()
   after_each(function() world:close() end)

   it("goes on with what the bot has kept", function()
      start(shop)
      local ana = world:person "Ana"
      ana:says "conta"
      ana:expects "1"
      local before = world.bot
      world:restart()
      assert.not_equal(before, world.bot)
      ana:says "conta"
      ana:expects "2"
   end)

   it("keeps a question open until its answer comes", function()
      start(shop)
      local ana = world:person "Ana"
      ana:says "pede"
      ana:expects "O quê?"
      local began = core.hrtime()
      world:restart() -- the stop does not wait for the answer
      assert(core.hrtime() - began < 1.5)
      world:advance(3600)
      ana:says "pão"
      ana:expects "Anotado: pão (1)"
      ana:hears_nothing()
   end)

   it("keeps timers, also those that were due meanwhile", function()
      start(shop)
      local ana = world:person "Ana"
      ana:says "lembra"
      ana:expects "ok"
      world:restart()
      world:advance(599)
      ana:hears_nothing()
      world:advance(2)
      ana:expects "Lembrete de Ana"
      world:advance(3600)
      ana:hears_nothing()
   end)

   it("takes another script from then on", function()
      start(shop)
      local ana = world:person "Ana"
      ana:says "conta"
      ana:expects "1"
      world:restart {bot = function()
         local bot = require("zapi.bot").new()
         bot:hears("conta", function(ctx) ctx:reply "fechado" end)
         return bot
      end}
      ana:says "conta"
      ana:expects "fechado"
   end)

   it("needs data on disk", function()
      start(shop, {data = false})
      assert.truthy(failure(world.restart, world):find("needs data on disk", 1, true))
      assert.truthy(failure(world.kill, world):find("needs data on disk", 1, true))
   end)
end)

describe("world:reload", function()
   it("changes the script over the same data, with questions that wait", function()
      start(shop)
      local ana = world:person "Ana"
      ana:says "pede"
      ana:expects "O quê?"
      ana:says "bolo"
      ana:expects "Anotado: bolo (1)"
      ana:says "pede"
      ana:expects "O quê?"
      world:reload()
      ana:says "torta"
      ana:expects "Anotado: torta (2)"
      world:close()
   end)
end)

describe("world:kill", function()
   after_each(function() world:close() end)

   it("in the middle of a handler: its event is handled, its answer is sent once", function()
      start(shop)
      local ana = world:person "Ana"
      ana:says "demora"
      ana:expects "um momento"
      world:rest()
      world:kill()
      world:advance(40)
      ana:expects_all {"feito 1"} -- and no second "um momento"
   end)

   it("in the middle of a question: it is asked once and answered once", function()
      start(shop)
      local ana = world:person "Ana"
      ana:says "pede"
      ana:expects "O quê?"
      world:rest()
      world:kill()
      ana:says "pão"
      ana:expects_all {"Anotado: pão (1)"}
   end)

   it("while a message was under way: nobody knows, and it is not sent again", function()
      local thrown = {}
      start(function(bot)
         shop(bot)
         bot:catch(function(_, err) thrown[#thrown + 1] = err.kind end)
      end)
      local ana = world:person "Ana"
      world:fail("kill", {path = "^/send%-text"})
      ana:says "conta"
      ana:expects "1" -- Z-API had it
      world:kill()
      world:settle()
      ana:hears_nothing()
      assert.same({"send.unknown"}, thrown)
      ana:says "conta"
      ana:expects_all {"1"} -- a handler that fails has counted nothing
      world:close {failures = true}
   end)

   it("over timers that are due: each comes once", function()
      local fired = {}
      start(function(bot)
         bot:timer("t", function(_, n) fired[#fired + 1] = n end)
      end)
      for n = 1, 6 do world.bot:at({after = n * 100}, "t", n, {key = tostring(n)}) end
      world:advance(250)
      world:kill()
      world:advance(200)
      world:kill()
      world:advance(500)
      assert.same({1, 2, 3, 4, 5, 6}, fired)
   end)

   it("loses nothing that was answered, and keeps the order, however often", function()
      start(function(bot)
         local log = zapi.store "log"
         bot:on("text", function(ctx)
            zapi.sleep(1)
            log:update(ctx.chat, function(list)
               list = list or {}
               list[#list + 1] = ctx.text
               return list
            end)
         end)
      end)
      local people = {world:person "Ana", world:person "Bia", world:person "Caio"}
      local want = {}
      for n = 1, 8 do
         for _, person in ipairs(people) do person:says(tostring(n)) end
         want[n] = tostring(n)
         world:advance(n % 3 * 0.7)
         if n % 2 == 0 then world:kill() end
      end
      world:advance(60)
      for _, person in ipairs(people) do
         assert.same(want, zapi.store("log"):get(person.chat))
      end
   end)
end)
