-- Helpers for text that people write.
local text = require("zapi").text

describe("text.escape", function()
   it("takes WhatsApp's formatting out of somebody's text", function()
      local out = text.escape "*negrito* _itálico_ ~riscado~ ```fixo```"
      assert.is_nil(out:find("[*_~`]"))
      assert.equal("∗negrito∗ ＿itálico＿ ∼riscado∼ ˋˋˋfixoˋˋˋ", out)
      assert.equal("›citado\na > b\n›outra", text.escape ">citado\na > b\n>outra")
   end)

   it("leaves links and words as they are", function()
      for _, s in ipairs {
         "", "Olá, João!", "https://loja.com/a_b_c?x=1", "snake_case", "1 > 0", "ção_à",
      } do
         assert.equal(s, text.escape(s))
      end
      assert.equal("＿a_b＿", text.escape "_a_b_")
      assert.equal("＿＿x", text.escape "__x")
   end)
end)

describe("text.split", function()
   it("keeps what fits", function()
      assert.same({}, text.split("", 10))
      assert.same({"abc"}, text.split("abc", 10))
      assert.same({"0123456789"}, text.split("0123456789", 10))
   end)

   it("breaks at line ends, then blanks, then characters", function()
      assert.same({"primeira linha", "segunda linha"},
         text.split("primeira linha\nsegunda linha", 18))
      assert.same({"um dois", "três"}, text.split("um dois três", 9))
      assert.same({"abcd", "efgh", "ij"}, text.split("abcdefghij", 4))
      assert.same({"0123456789", "abc"}, text.split("0123456789 abc", 10))
   end)

   it("never cuts a character, and loses none", function()
      local long = ("ação "):rep(50) .. ("é"):rep(99) .. ("😀"):rep(30)
      for max = 4, 40 do
         local parts = text.split(long, max)
         for _, part in ipairs(parts) do
            assert.truthy(utf8.len(part))
            assert.is_true(#part <= max and #part > 0)
         end
         assert.equal((long:gsub("%s", "")), (table.concat(parts):gsub("%s", "")))
      end
      assert.has_error(function() text.split("abc", 3) end)
   end)
end)

describe("text.fold and text.cut", function()
   it("fold compares what people write", function()
      assert.equal("ola, voce esta ai? nao!", text.fold "Olá, VOCÊ está aí? NÃO!")
      assert.equal("", text.fold "")
   end)

   it("cut ends between characters", function()
      assert.equal("a", text.cut("aé", 2))
      assert.equal("aé", text.cut("aé", 3))
      assert.equal("aé", text.cut("aé", 30))
   end)
end)
