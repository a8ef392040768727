-- Money, documents and Pix against published vectors.
local br = require "zapi.br"

describe("br.money", function()
   it("reads what people write", function()
      for text, want in pairs {
         ["1.234,56"] = 123456, ["R$ 1.234,56"] = 123456, ["12,5"] = 1250, ["10"] = 1000,
         ["10.00"] = 1000, ["1.000"] = 100000, ["1.000.000"] = 100000000, ["-3,10"] = -310,
         ["R$\u{A0}5"] = 500, ["0,01"] = 1,
         ["1234.5"] = 123450,
      } do
         assert.equal(want, br.money(text), text)
      end
      assert.equal(1999, br.money(19.99))
      assert.equal(-1999, br.money(-19.99))
      assert.equal(30, br.money(0.1 + 0.2))
   end)

   it("refuses what is no amount", function()
      for _, text in ipairs {
         "", "abc", "1,234", "1.23.4", "12.34,56", "1,2,3", "--1", "1e5", ".",
      } do
         assert.is_nil(br.money(text), text)
      end
      assert.is_nil(br.money(0 / 0))
   end)

   it("writes it back", function()
      assert.equal("R$ 1.234,56", br.format(123456))
      assert.equal("R$ 0,05", br.format(5))
      assert.equal("R$ 1.000.000,00", br.format(100000000))
      assert.equal("-R$ 3,10", br.format(-310))
      assert.equal("R$ 100,00", br.format(10000))
      assert.has_error(function() br.format(1.5) end)
   end)
end)

describe("documents", function()
   it("CPF", function()
      assert.equal("52998224725", br.cpf "529.982.247-25")
      assert.is_nil(br.cpf "529.982.247-26")
      assert.is_nil(br.cpf "111.111.111-11")
      assert.is_nil(br.cpf "123")
   end)

   it("CNPJ, the old one and the one with letters", function()
      assert.equal("11222333000181", br.cnpj "11.222.333/0001-81")
      assert.is_nil(br.cnpj "11.222.333/0001-80")
      assert.equal("12ABC34501DE35", br.cnpj "12.ABC.345/01DE-35")
      assert.is_nil(br.cnpj "12.ABC.345/01DE-34")
   end)

   it("CEP", function()
      assert.equal("01310100", br.cep "01310-100")
      assert.is_nil(br.cep "1310-100")
      assert.is_nil(br.cep "00000-000")
   end)
end)

describe("br.pix", function()
   it("has the checksum of the published check value", function()
      assert.equal(0x29B1, br.crc16 "123456789")
   end)

   -- The example of Banco Central's BR Code manual.
   it("gives the text of the manual's example", function()
      assert.equal("00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-426655440000"
         .. "5204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***63041D3D",
         br.pix {key = "123e4567-e12b-12d1-a456-426655440000", name = "Fulano de Tal",
            city = "BRASILIA"})
   end)

   it("puts amount, txid, phone and document keys as banks want them", function()
      local text = br.pix {key = "(11) 99999-0001", name = "Padaria do João",
         city = "São Paulo",
         amount = 1234, txid = "PEDIDO7"}
      assert.is_truthy(text:find("0114+5511999990001", 1, true))
      assert.is_truthy(text:find("540512.34", 1, true))
      assert.is_truthy(text:find("5915Padaria do Joao", 1, true))
      assert.is_truthy(text:find("6009Sao Paulo", 1, true))
      assert.is_truthy(text:find("62110507PEDIDO7", 1, true))
      assert.equal(("%04X"):format(br.crc16(text:sub(1, -5))), text:sub(-4))
      assert.is_truthy(br.pix {key = "529.982.247-25", name = "A", city = "B"}
         :find("011152998224725", 1, true))
   end)

   it("refuses wrong parameters by name", function()
      assert.error_matches(function() br.pix {key = "a@b", name = "x"} end, "'city'")
      local function with(name, value)
         return function()
            br.pix {key = "a@b", name = "x", city = "y", [name] = value}
         end
      end
      assert.error_matches(with("amount", 1.5), "'amount'")
      assert.error_matches(with("txid", "a b"), "'txid'")
      assert.error_matches(function() br.pix {chave = "a@b"} end, "'chave'")
   end)
end)
