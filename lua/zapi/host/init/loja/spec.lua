-- Run it in the folder of the script:  busted spec
local testing = require "zapi.testing"

describe("loja.lua", function()
   local world, ana, owner

   before_each(function()
      world = testing.start {script = "loja.lua", data = true,
         env = {LOJA_DONO = "5511988880000"}}
      ana, owner = world:person "Ana", world:person("Dono", "5511988880000")
   end)
   after_each(function() world:close() end)

   local function order()
      ana:says "oi"
      ana:expects {match = "O que vai ser hoje"}
      ana:clicks "Café 500 g"
      ana:expects {match = "Quantos"}
      ana:says "muitos"
      ana:expects "Responda com um número, por favor."
      ana:says "2"
      ana:expects {match = "endereço"}
      ana:says "Rua A, 10"
      ana:expects {match = "2 × Café 500 g: %*R%$ 69,80"}
      ana:expects {match = "^000201.*br%.gov%.bcb%.pix"}
   end

   it("takes an order to its payment, and tells the owner", function()
      order()
      ana:says "já paguei"
      ana:expects {match = "comprovante"}
      ana:says {image = "https://example.com/comprovante.jpg"}
      ana:expects {match = "Recebido"}
      owner:expects {match = "Novo pedido: 2 × Café 500 g"}
   end)

   it("can be left", function()
      ana:says "oi"
      ana:expects()
      ana:clicks "Caneca"
      ana:expects {match = "Quantos"}
      ana:says "sair"
      ana:expects {match = "Tudo bem"}
   end)
end)
