-- examples/faq.lua with a customer and a person of the shop.
local support = require "spec.examples.support"
local testing = require "zapi.testing"

describe("example faq.lua", function()
   local world, ana, owner

   before_each(function()
      world = testing.start {script = "examples/faq.lua", data = true,
         env = {SHOP_OWNER = "5511999990050"}}
      ana, owner = world:person "Ana", world:person("Dona", "5511999990050")
   end)
   after_each(function() world:close() end)

   it("is short enough to read", function()
      assert.is_true(support.lines "examples/faq.lua" <= 100)
   end)

   it("answers from the menu, and straight away", function()
      ana:says "oi"
      ana:expects {match = "Sobre o que você quer saber", kind = "list"}
      ana:clicks "Entregas"
      ana:expects {match = "^Entregamos em toda a cidade.*Escreva %*menu%*"}
      ana:says "Qual o ENDEREÇO de vocês?"
      ana:expects {match = "^Rua das Flores"}
      ana:hears_nothing()
   end)

   it("hands over when asked, tells the owner, and comes back", function()
      ana:says "quero um atendente"
      ana:expects {match = "^Certo! Uma pessoa"}
      owner:expects("Ana está à espera de uma pessoa: https://wa.me/" .. ana.phone)
      ana:says "qual o endereço?"
      ana:hears_nothing()
      ana:says "menu"
      ana:expects "Voltei! Sou o atendimento automático."
      ana:says "endereço"
      ana:expects {match = "^Rua das Flores"}
   end)

   it("hands over by the menu and after two misses, for eight hours", function()
      ana:says "boa tarde"
      ana:expects {kind = "list"}
      ana:clicks "Falar com atendente"
      ana:expects {match = "^Certo! Uma pessoa"}
      world:advance(8 * 3600 + 1)
      ana:says "olá"
      ana:expects {kind = "list"}
      ana:says "blá"
      ana:expects {match = "Não entendi"}
      ana:says "blá blá"
      ana:expects {match = "^Certo! Uma pessoa"}
      ana:says "endereço"
      ana:hears_nothing()
   end)

   it("keeps quiet in groups", function()
      local group = world:group("Amigos", {ana})
      ana:says("oi, qual o endereço?", group)
      group:hears_nothing()
   end)

   it("goes on with an open menu after a restart as a process", function()
      world:close()
      local place <close> = support.process "examples/faq.lua"
      local rui = place.world:person "Rui"
      rui:says "oi"
      rui:expects {kind = "list"}
      place:kill()
      place:start()
      rui:clicks "Trocas"
      rui:expects {match = "trocar em até 30 dias"}
      rui:hears_nothing(0.1)
   end)
end)
