-- Run it in the folder of the script:  busted spec
local testing = require "zapi.testing"

describe("faq.lua", function()
   local world, ana

   before_each(function()
      world = testing.start {script = "faq.lua", data = true}
      ana = world:person "Ana"
   end)
   after_each(function() world:close() end)

   it("answers from the menu", function()
      ana:says "oi"
      ana:expects {match = "Sobre o que você quer saber"}
      ana:clicks "Endereço"
      ana:expects {match = "Rua das Flores, 100"}
   end)

   it("hears a question in the middle of a message", function()
      ana:says "Vocês aceitam CARTÃO?"
      ana:expects {match = "cartão em até 3 vezes"}
   end)

   it("calls a person when it does not know twice", function()
      ana:says "quero um unicórnio"
      ana:expects {match = "Não entendi"}
      ana:says "azul, por favor"
      ana:expects {match = "Vou chamar uma pessoa"}
      ana:says "pagamento" -- the bot keeps quiet now
      ana:hears_nothing()
   end)

   it("keeps out of talk in groups", function()
      local group = world:group("Amigos", {ana})
      ana:says("oi", group)
      ana:says("alguém viu o jogo?", group)
      group:hears_nothing()
   end)
end)
