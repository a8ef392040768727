-- examples/delivery.lua: a customer, a kitchen, and a process that is killed in the
-- middle of an order.
local support = require "spec.examples.support"
local testing = require "zapi.testing"

describe("example delivery.lua", function()
   local world, ana, kitchen

   local function begin()
      world = testing.start {script = "examples/delivery.lua", data = true}
      ana, kitchen = world:person "Ana", world:person("Cozinha", "5511999990050")
   end
   after_each(function()
      if world then world:close() end
      world = nil
   end)

   local function fills(who)
      who:says "quero pedir"
      who:expects {match = "^%*Cardápio%*\nMussarela, R%$ 49,00"}
      who:says "2 Calabresa"
      who:expects "Anotado: 2 × Calabresa. Mais alguma coisa? Ou *pronto*."
      who:says "um guarana? guaraná"
      who:expects "Anotado: 1 × Guaraná. Mais alguma coisa? Ou *pronto*."
   end

   local function finishes(who)
      who:says "pronto!"
      who:expects {match = "^Para qual endereço"}
      who:says "Rua das Flores, 10, *Centro*"
      who:expects("2 × Calabresa\n1 × Guaraná\nEntrega: R$ 8,00\n*Total: R$ 124,00*\n\n"
         .. "Paga com *Pix* ou *cartão*?")
   end

   it("is short enough to read", function()
      assert.is_true(support.lines "examples/delivery.lua" <= 100)
   end)

   it("takes an order to the kitchen", function()
      begin()
      fills(ana)
      finishes(ana)
      ana:says "no PIX"
      ana:expects "Pedido 1 confirmado! 🍕"
      local pix = ana:expects {match = "^000201"}.text
      assert.truthy(pix:find("5406124.00", 1, true))
      local got = kitchen:expects {match = "^%*Pedido 1%*, pix\n2 × Calabresa\n1 × Guaraná"}.text
      assert.truthy(got:find("Rua das Flores, 10, ", 1, true))
      ana:says "obrigada"
      ana:hears_nothing()
      kitchen:hears_nothing()
   end)

   it("numbers orders, and says what it does not understand", function()
      begin()
      local bia = world:person "Bia"
      for number, who in ipairs {ana, bia} do
         who:says "oi"
         who:expects()
         for _, text in ipairs {"99 calabresas", "0 mussarela", "sushi", "3"} do
            who:says(text)
            who:expects {match = "^Não entendi"}
         end
         who:says "pronto"
         who:expects "Ainda não há nada no pedido."
         who:says "portuguesa"
         who:expects {match = "1 × Portuguesa"}
         who:says "pronto"
         who:expects()
         who:says "aqui mesmo"
         who:expects "Preciso da rua e do número."
         who:says "Rua A, 1"
         who:expects()
         who:says "fiado"
         who:expects "Responda *Pix* ou *cartão*, por favor."
         who:says "Cartão"
         who:expects(("Pedido %d confirmado! 🍕"):format(number))
         kitchen:expects {match = ("^%%*Pedido %d%%*, cartao"):format(number)}
         who:hears_nothing()
      end
   end)

   it("can be cancelled anywhere, and expires", function()
      begin()
      fills(ana)
      ana:says "Cancelar tudo"
      ana:expects {match = "^Pedido cancelado"}
      fills(ana)
      ana:says "pronto"
      ana:expects()
      world:advance(1799)
      ana:hears_nothing()
      world:advance(2)
      ana:expects {match = "^O pedido expirou"}
      ana:says "Rua A, 1"
      ana:hears_nothing()
      kitchen:hears_nothing()
   end)

   it("goes on when the process was killed, and the kitchen gets one order", function()
      local place <close> = support.process "examples/delivery.lua"
      local rui, cook = place.world:person "Rui", place.world:person("Cozinha", "5511999990050")
      fills(rui)
      place:kill()
      place:start()
      finishes(rui)
      place:kill()
      rui:says "pix" -- while nothing runs: delivered at the next start
      place:start()
      rui:expects "Pedido 1 confirmado! 🍕"
      rui:expects {match = "^000201"}
      cook:expects {match = "^%*Pedido 1%*"}
      place:kill()
      place:start()
      rui:hears_nothing(0.1)
      cook:hears_nothing(0.1)
   end)
end)
