--- zapi.kit.optout: the ledger, and what it holds back.
local durable = require "spec.support.durable"
local fake = require "spec.support.bot_fake"
local kit = require "zapi.kit"

local function run(text)
   durable.with(function(place) place:run(text) end)
end

-- What every chunk begins with.
local BASE <const> = [[
   local kit, kit_texts = require "zapi.kit", require "zapi.kit.optout"
   local ledger
   local function up(options, more)
      t.up(function(bot, z)
         ledger = kit.optout(bot, options)
         if more then more(bot, z) end
         bot:on("text", function(ctx) ctx:reply("bot: " .. ctx.text) end)
      end)
   end
   local function says(...)
      t.says(...)
      t.settle()
   end
   local function campaign(options)
      options = options or {}
      local m = t.z.outbox:send("send_text", {phone = t.ana, message = "Oferta!"}, options)
      return m:wait("accepted", 5)
   end
]]

describe("kit.optout", function()
   it("keeps who says SAIR, confirms it once, and holds back what is no answer", function()
      run(BASE .. [[
         up()
         assert.equal("accepted", (campaign()))
         says("oi")
         says("Sair!")
         says("SAIR")
         local state, err = campaign()
         assert.is_nil(state)
         assert.equal("send.cancelled", err.kind)
         assert.matches("opted out", err.message)
         says("quero sair daqui")
         says("voltar")
         says("voltar")
         assert.equal("accepted", (campaign()))
         t.wait_calls(7)
         assert.same({
            "Oferta!", "bot: oi",
            kit_texts.confirm,
            "bot: quero sair daqui",
            kit_texts.welcome,
            "bot: voltar", "Oferta!",
         }, t.texts())
      ]])
   end)

   it("remembers it over a SIGKILL, for what was stored before too", function()
      durable.with(function(place)
         place:crash(BASE .. [[
            up()
            t.z.outbox:send("send_text", {phone = t.ana, message = "Depois"},
               {at = core.now() + 3600, key = "depois"})
            says("PARAR")
            t.wait_calls(1)
            t.stored()
            t.die()
         ]])
         place:run(BASE .. [[
            up()
            local row = ledger:has(t.ana)
            assert.equal("PARAR", row.word)
            assert.near(core.now(), row.at, 60)
            assert.is_truthy(ledger:has("+55 (11) 99999-0001"))
            assert.is_nil(ledger:has(t.bia))
            assert.is_nil((campaign()))
            assert.same({}, t.calls)
         ]])
      end)
   end)

   it("finds a person by lid and by number", function()
      run(BASE .. [[
         up()
         t.give("received_text", {text = {message = "stop"}, phone = "77000000000001@lid",
            chatLid = "77000000000001@lid", messageId = "L1"})
         t.settle()
         t.wait_calls(1)
         assert.is_truthy(ledger:has("77000000000001@lid"))
         -- Now it turns out whose lid it is.
         t.give("received_text", {text = {message = "oi"}, phone = t.ana,
            chatLid = "77000000000001@lid", messageId = "L2"})
         t.settle()
         assert.is_truthy(ledger:has(t.ana))
         assert.is_nil((campaign()))
      ]])
   end)

   it("lets lanes leave that are no advertising, unless their guard says no", function()
      run(BASE .. [[
         up {lanes = "pedidos"}
         says("sair")
         assert.equal("accepted", (campaign {lane = "pedidos"}))
         assert.is_nil((campaign {lane = "pedidos", guard = "optout"}))
         assert.is_nil((campaign {lane = "ofertas"}))
      ]])
   end)

   it("holds back what handlers of timers and own events send", function()
      run(BASE .. [[
         local states = {}
         up(nil, function(bot)
            bot:timer("lembrete", function(ctx)
               local m = ctx:send "Lembrete"
               states[#states + 1] = m.state
               states[#states + 1] = select(2, m:wait("read", 1)).kind
            end)
            bot:on("shop.paid", function(ctx) states[#states + 1] = ctx:send("Pago").state end)
         end)
         says("sair")
         t.wait_calls(1)
         t.bot:at({after = 0}, "lembrete", nil, {chat = t.ana})
         t.wait(function() return #states == 2 end)
         t.bot:emit("shop.paid", t.ana)
         t.bot:emit("shop.paid", t.bia)
         t.wait(function() return #states == 4 end)
         assert.same({"cancelled", "send.cancelled", "cancelled", "accepted"}, states)
         assert.equal(2, #t.calls)
      ]])
   end)

   it("leaves a question whose escape word it is to that question", function()
      run(BASE .. [[
         local why
         up(nil, function(bot)
            bot:hears("nome", function(ctx)
               local _
               _, why = ctx:ask("Qual?", {escape = {"cancelar"}})
            end)
         end)
         says("nome")
         t.wait_calls(1)
         says("cancelar")
         assert.equal("escaped", why)
         assert.is_nil(ledger:has(t.ana))
         says("nome")
         t.wait_calls(2)
         says("sair") -- the question knows no such word
         t.wait_calls(3)
         assert.is_truthy(ledger:has(t.ana))
      ]])
   end)

   it("leaves CANCELAR to the question or flow that is open", function()
      run(BASE .. [[
         up(nil, function(bot)
            bot:state("basket", {on = function(ctx, data, next)
               if ctx.folded ~= "cancelar" then return ctx:reply("basket: " .. ctx.text) end
               ctx:leave()
               ctx:reply "Pedido cancelado."
            end})
            bot:hears("pedir", function(ctx) ctx:enter "basket" end)
            bot:hears("nome", function(ctx)
               local answer = ctx:ask "Qual?"
               answer:reply("nome: " .. answer.text)
            end)
         end)
         says("pedir")
         says("cancelar")
         assert.is_nil(ledger:has(t.ana))
         says("nome")
         t.wait_calls(2)
         says("Cancelar")
         t.wait_calls(3)
         assert.is_nil(ledger:has(t.ana))
         says("pedir")
         says("sair") -- has no other meaning
         assert.is_truthy(ledger:has(t.ana))
         says("cancelar") -- the basket is open still, …
         says("voltar")
         assert.is_nil(ledger:has(t.ana))
         says("cancelar") -- … and now nothing
         assert.is_truthy(ledger:has(t.ana))
         assert.same({"Pedido cancelado.", "Qual?", "nome: Cancelar", kit_texts.confirm,
            "Pedido cancelado.", kit_texts.welcome, kit_texts.confirm}, t.texts())
      ]])
   end)

   it("takes nothing that the shop's own numbers write for a wish", function()
      run(BASE .. [[
         up {except = "+55 (11) 99999-0001"}
         says("cancelar")
         says("sair")
         assert.is_nil(ledger:has(t.ana))
         assert.equal("accepted", (campaign()))
         assert.same({"bot: cancelar", "bot: sair", "Oferta!"}, t.texts())
      ]])
   end)

   it("works while a person serves the chat, and not in groups", function()
      run(BASE .. [[
         up(nil, function(bot) bot:command("humano", function(ctx) ctx:handover() end) end)
         says("!humano")
         says("sair")
         t.wait_calls(1)
         assert.is_truthy(ledger:has(t.ana))
         t.give("received_group_text", {text = {message = "sair"}, messageId = "G1",
            participantPhone = t.bia, participantLid = t.fake.none})
         t.settle()
         assert.is_nil(ledger:has(t.bia))
      ]])
   end)

   it("is written and read by scripts", function()
      run(BASE .. [[
         up {words = "chega", back = "volta", confirm = "Ok.", welcome = false}
         assert.is_true(ledger:add("5511999990009", "telefone"))
         assert.is_false(ledger:add("5511999990009"))
         says("chega")
         local seen = {}
         for key, row in ledger:each() do seen[#seen + 1] = key .. " " .. row.word end
         assert.same({"5511999990001 chega", "5511999990009 telefone"}, seen)
         assert.is_true(ledger:remove("5511999990009"))
         assert.is_false(ledger:remove("5511999990009"))
         says("volta")
         assert.is_nil(ledger:each()())
         assert.same({"Ok."}, t.texts())
      ]])
   end)

   it("checks its options", function()
      assert.matches("kit.optout needs the bot", fake.thrown(kit.optout, {words = "x"}))
      local bot = fake.bot()
      assert.matches("'word' is not an option of kit.optout",
         fake.thrown(kit.optout, bot, {word = "x"}))
      assert.matches("bad 'confirm'", fake.thrown(kit.optout, bot, {confirm = true}))
      kit.optout(bot)
      assert.matches("has kit.optout already", fake.thrown(kit.optout, bot))
   end)
end)
