-- examples/order_desk.lua with customers and an owner in the sandbox.
local support = require "spec.examples.support"
local testing = require "zapi.testing"

describe("example order_desk.lua", function()
   local world, s, ana, owner

   before_each(function()
      world = testing.start {script = "examples/order_desk.lua"}
      s = world.sandbox
      ana = world:person("Ana", "5511999990001")
      owner = world:person("Dona", "5511999990050")
      for _, p in ipairs {{"CAN-01", 39.9}, {"CAM-01", 79}, {"VEL-01", 25.5}, {"FORA", 10}} do
         s:run("POST", "/products", {
            retailerId = p[1], name = p[1], description = "x", price = p[2], currency = "BRL",
            images = {"https://example.com/x.jpg"},
         })
      end
   end)
   after_each(function() world:close() end)

   local function only_order()
      local reference, record = next(s.orders)
      assert.is_nil(next(s.orders, reference))
      return record
   end

   local function calls(path)
      local n = 0
      for _, e in ipairs(s:journal()) do
         if e.direction == "call" and e.path == path then n = n + 1 end
      end
      return n
   end

   it("is short enough to read", function()
      assert.is_true(support.lines("examples/order_desk.lua") <= 120)
   end)

   it("checks an order, answers with one to be paid, and a Pix text", function()
      s:place_order(ana.phone, {{retailerId = "CAN-01", quantity = 2}})
      ana:expects {match = "^🧾 Pedido"}
      ana:expects "Pedido 1: R$ 79,80. Pague com o Pix copia e cola:"
      local pix = ana:expects(function(m) return m.text:find("^000201") end).text
      assert.truthy(pix:find("540579.80", 1, true))
      assert.truthy(pix:find("0507PEDIDO1", 1, true))
      local code = pix:sub(-4)
      assert.equal(("%04X"):format(require("zapi").br.crc16(pix:sub(1, -5))), code)
      local record = only_order()
      assert.equal(79.8, record.amounts.total)
      assert.equal("Caneca azul", record.products[1].name)
      assert.equal("pending", record.payment)
   end)

   it("refuses forged prices, unknown products and empty shelves", function()
      local function refused(items, why)
         s:place_order(ana.phone, items)
         ana:expects {match = why}
         ana:hears_nothing()
         assert.equal(0, calls "/send-order")
      end
      refused({{retailerId = "CAN-01", quantity = 1, price = 1}}, "%*Caneca azul%* custa R%$ 39,90")
      refused({{retailerId = "CAN-01"}, {retailerId = "CAM-01"}},
         "%*Camiseta São João%* custa R%$ 79,90")
      refused({{retailerId = "FORA"}}, "não vendemos mais")
      refused({{retailerId = "VEL-01"}}, "temos só 0")
      refused({{retailerId = "CAN-01", quantity = 13}}, "temos só 12")
   end)

   it("takes the same cart once", function()
      for _ = 1, 2 do
         s:place_order(ana.phone, {{retailerId = "CAN-01"}}, {order_id = "100"})
      end
      world:settle()
      assert.equal(1, calls "/send-order")
   end)

   it("updates payment and status at the owner's word only", function()
      s:place_order(ana.phone, {{retailerId = "CAN-01"}})
      for _ = 1, 3 do ana:expects() end
      world:settle()
      ana:says "!pago 1"
      ana:hears_nothing()
      assert.equal("pending", only_order().payment)
      owner:says "!pago 7"
      owner:expects "Não conheço esse pedido."
      owner:says "!pago 1"
      owner:expects "Pedido 1: Pagamento recebido, obrigado!"
      ana:expects "Pagamento recebido, obrigado!"
      world:settle()
      assert.equal("paid", only_order().payment)
      assert.equal("processing", only_order().status)
      owner:says "!enviado 1"
      owner:expects {match = "a caminho"}
      ana:expects "Seu pedido está a caminho."
      world:settle()
      assert.equal("shipped", only_order().status)
      assert.equal("paid", only_order().payment)
   end)
end)
