--- bot:emit: events of one's own, in the durable inbox and in the order of a chat.
local durable = require "spec.support.durable"
local fake = require "spec.support.bot_fake"

describe("bot:emit", function()
   it("stores an event that handlers get like any other", function()
      durable.with(function(place)
         place:run [[
            local got
            t.up(function(bot)
               bot:on("shop.paid", function(ctx)
                  got = {ctx.kind, ctx.chat, ctx.event.total, ctx.attempt}
                  ctx:send("Pagamento recebido")
               end)
            end)
            assert.is_true(t.bot:emit("shop.paid", "+55 (11) 99999-0001", {total = 1990}))
            t.settle()
            assert.same({"shop.paid", t.ana, 1990, 1}, got)
            assert.same({phone = t.ana, message = "Pagamento recebido"}, t.calls[1].body)
         ]]
      end)
   end)

   it("stores one event for a key, also across a crash", function()
      durable.with(function(place)
         place:crash [[
            t.up(function(bot) bot:on("shop.paid", function() core.sleep(30) end) end)
            assert.is_true(t.bot:emit("shop.paid", t.ana, {n = 1}, {key = "p1"}))
            assert.is_false(t.bot:emit("shop.paid", t.ana, {n = 2}, {key = "p1"}))
            t.die()
         ]]
         place:run [[
            local seen = {}
            t.up(function(bot)
               bot:on({"shop.paid", "shop.sent"}, function(ctx)
                  seen[#seen + 1] = ctx.kind .. ctx.event.n
               end)
            end)
            assert.is_false(t.bot:emit("shop.paid", t.ana, {n = 3}, {key = "p1"}))
            assert.is_true(t.bot:emit("shop.sent", t.ana, {n = 4}, {key = "p1"}))
            assert.is_true(t.bot:emit("shop.paid", t.ana, {n = 5}))
            assert.is_true(t.bot:emit("shop.paid", t.ana, {n = 5}))
            t.settle()
            assert.same({"shop.paid1", "shop.sent4", "shop.paid5", "shop.paid5"}, seen)
         ]]
      end)
   end)

   it("keeps the order of the chat", function()
      durable.with(function(place)
         place:run [[
            local go
            local seen = {}
            t.up(function(bot)
               bot:on({"text", "shop.paid"}, function(ctx)
                  if ctx.text == "a" then t.wait(function() return go end) end
                  seen[#seen + 1] = ctx.text or ctx.event.n
               end)
            end)
            t.says("a")
            t.bot:emit("shop.paid", t.ana, {n = 1})
            t.bot:emit("shop.paid", t.bia, {n = 2})
            t.wait(function() return #seen == 1 end)
            go = true
            t.settle()
            assert.same({2, "a", 1}, seen)
         ]]
      end)
   end)

   it("in a handler that runs again is the same event", function()
      durable.with(function(place)
         local bot = [[
            local seen = {}
            t.up(function(bot)
               bot:on("text", function(ctx)
                  t.new = {bot:emit("shop.asked", ctx.chat, {}),
                     bot:emit("shop.asked", ctx.chat, {})}
                  if DIE then t.die() end
               end)
               bot:on("shop.asked", function() seen[#seen + 1] = 1 end)
            end)
         ]]
         place:crash("local DIE = true\n" .. bot .. 't.says("a")\nt.wait(function() end)')
         place:run(bot .. [[
            t.wait(function() return t.new end)
            t.settle()
            assert.same({false, false}, t.new)
            assert.equal(2, #seen)
         ]])
      end)
   end)

   it("works in memory", function()
      local core = require "zapi.core"
      local hosted = core.hosted
      core.set_hosted(true)
      local bot = fake.bot {listen = "127.0.0.1:0", secret = "segredo-do-teste-0123456789"}
      local got
      bot:on("shop.paid", function(ctx) got = ctx.event.n end)
      bot:run()
      local new = {bot:emit("shop.paid", "x", {n = 1}, {key = "k"}),
         bot:emit("shop.paid", "x", {n = 2}, {key = "k"})}
      bot:stop(5)
      core.set_hosted(hosted)
      assert.same({true, false}, new)
      assert.equal(1, got)
   end)

   it("takes names of one's own only", function()
      local bot = fake.bot()
      local function why(...) return fake.thrown(bot.emit, bot, ...) end
      assert.matches("emit_spec.lua:%d+: bot:emit needs a bot that runs",
         fake.thrown(function() bot:emit("shop.paid", "1", {}) end))
      for _, name in ipairs {"text", "message.read", "own.text", "raw:X", "Shop.paid", "shop",
         "shop.", ".paid", "shop paid.x", "*"} do
         assert.matches("'" .. name:gsub("%p", "%%%0") .. "' cannot be emitted", why(name))
      end
      assert.matches("too near to 'group.join'", why("group.joined"))
      assert.matches("bad 'chat' in bot:emit", why("shop.paid", 1))
      assert.matches("bad 'payload' in bot:emit", why("shop.paid", "1", "x"))
      assert.matches("did you mean 'key'", why("shop.paid", "1", {}, {kei = "x"}))
      assert.matches("'group.joined' is not an event; did you mean 'group.join'",
         fake.thrown(bot.on, bot, "group.joined", print))
      assert.matches("'mesage' is not an event; did you mean 'message'",
         fake.thrown(bot.on, bot, "mesage", print))
   end)
end)
