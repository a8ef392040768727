--- bot:hears: words, phrases, patterns; and the matcher that cannot hang.
local core = require "zapi.core"
local fake = require "spec.support.bot_fake"
local matcher = require "zapi.bot.matcher"
local text = require "zapi.text"

local function heard(spec, said)
   local bot = fake.bot()
   local match
   bot:hears(spec, function(ctx) match = ctx.match or true end)
   fake.says(bot, said)
   return match
end

describe("bot:hears", function()
   it("gives up on %b as on any costly pattern", function()
      local before = os.clock()
      heard(".-%b()x", ("("):rep(4096))
      assert.is_true(os.clock() - before < 5) -- it was half a minute
   end)

   it("hears whole words, whatever their case, accents and neighbours", function()
      for _, said in ipairs {
         "oi", "OI", "Oi!", "oi, tudo bem?", "então oi", "…oi…", "oi😀", "“oi”", "*oi*",
         "oi\nbom dia", "¡oi!", "oi\u{A0}gente",
      } do
         assert.truthy(heard("oi", said), said)
      end
      for _, said in ipairs {"oito", "boi", "foi ontem", "o i", "oí2"} do
         assert.is_nil(heard("oi", said), said)
      end
      assert.truthy(heard("OLÁ", "ola"))
      assert.truthy(heard("promoção", "Quero ver a PROMOCAO"))
   end)

   it("hears phrases, their punctuation left aside", function()
      assert.truthy(heard("bom dia", "Bom  dia, gente"))
      assert.truthy(heard("tudo bem?", "oi, tudo bem"))
      assert.truthy(heard("guarda-chuva", "tem guarda chuva?"))
      assert.truthy(heard("R$ 10", "custa r$ 10?"))
      assert.is_nil(heard("bom dia", "bom o dia"))
   end)

   it("hears an emoji, with any skin, and a lone sign", function()
      assert.truthy(heard("👍", "valeu👍🏽"))
      assert.truthy(heard("❤", "te amo ❤️"))
      assert.truthy(heard("?", "oi?"))
      assert.is_nil(heard("👍", "👎"))
   end)

   it("takes strings with magic for patterns and gives their captures", function()
      assert.same({"12", "5"}, heard("pedido (%d+) item (%d+)", "Pedido 12 item 5"))
      assert.same({"joao"}, heard("meu nome é (.+)", "Meu nome é João"))
      assert.same({"sim"}, heard("^sim$", "SIM"))
      assert.same({"ana"}, heard({"zzz", "sou a (%a+)"}, "sou a Ana"))
      assert.is_nil(heard("^sim$", "sim!"))
      assert.truthy(heard("^Olá", "ola gente"))
      assert.same({"oi"}, heard("oi", "oi"))
   end)

   it("keeps classes of patterns as they are when folding", function()
      assert.truthy(heard("^%A+$", "123"))
      assert.is_nil(heard("^%A+$", "abc"))
      assert.truthy(heard("%% de [áà]gua", "50% de Água"))
   end)

   it("hears captions and the labels of choices, not reactions", function()
      local bot = fake.bot()
      local hits = 0
      bot:hears({"opcao 1", "linha 1", "legenda"}, function() hits = hits + 1 end)
      fake.give_sample(bot, "received_buttons_response")
      fake.give_sample(bot, "received_list_response")
      fake.give_sample(bot, "received_image",
         {image = {imageUrl = "https://example.com/i.jpg", caption = "Legenda"}})
      fake.give_sample(bot, "received_reaction")
      fake.give_sample(bot, "received_audio_voice")
      assert.equal(3, hits)
   end)

   it("rejects broken patterns and empty words at the script's line", function()
      local bot = fake.bot()
      local err = fake.thrown(function() bot:hears("(oi", print) end)
      assert.matches("hears_spec.lua:%d+: unfinished capture", err)
      assert.matches("missing ']'", fake.thrown(bot.hears, bot, "[oi", print))
      assert.matches("empty word", fake.thrown(bot.hears, bot, "  ", print))
      assert.matches("an empty table", fake.thrown(bot.hears, bot, {}, print))
      assert.matches("string expected, got number", fake.thrown(bot.hears, bot, {1}, print))
      assert.matches("got nil", fake.thrown(bot.hears, bot, nil, print))
      assert.matches("function expected", fake.thrown(bot.hears, bot, "oi"))
   end)

   it("cuts long texts at a character", function()
      local long = ("ç"):rep(3000) .. " fim"
      local bot = fake.bot()
      local folded
      bot:on("text", function(ctx) folded = ctx.folded end)
      fake.says(bot, ("a"):rep(4095) .. "ção fim")
      assert.equal(4095, #folded)
      assert.is_nil(heard("fim", long))
      assert.truthy(heard("fim", ("a"):rep(4000) .. " fim"))
   end)

   it("gives up on a pattern that would take ages, and says so once", function()
      local bot = fake.bot()
      local hits = 0
      bot:hears(".-.-.-.-b$", function() hits = hits + 1 end)
      local began = os.clock()
      local lines = fake.logged(function()
         fake.says(bot, ("a"):rep(4096))
         fake.says(bot, ("a"):rep(4096))
      end)
      assert.is_true(os.clock() - began < 2)
      assert.equal(0, hits)
      assert.equal(1, #lines)
      assert.matches("hears_spec.lua:%d+: the pattern", lines[1][2])
      fake.says(bot, "aaab")
      assert.equal(1, hits)
   end)
end)

describe("the bounded matcher", function()
   local native, steps = matcher.max_native, matcher.max_steps
   after_each(function() matcher.max_native, matcher.max_steps = native, steps end)

   local function both(pattern, s)
      local find = matcher.compile(pattern)
      matcher.max_native = math.huge
      local expected = find(s)
      matcher.max_native = -1
      local got = find(s)
      assert.same(expected, got, pattern .. " on " .. s)
      return got
   end

   it("means what string.find means", function()
      for _, case in ipairs {
         {"a*b", "xaab"}, {"(a-)(b+)", "aabb"}, {"^(%a+)%s(%d?)", "abc 12"}, {"%b()", "f(a(b)c)"},
         {"%f[%w]%w+", " ola"}, {"(%a)%1", "carro"}, {"()oi()", "boi"}, {"[]]x", "]x"},
         {"[^%d%s]+$", "12 ab"}, {"a$", "ba"}, {"$", "x"}, {"", "x"}, {"^", "x"}, {"a$b", "a$b"},
         {"%.", "a.b"}, {".-", ""}, {"(.*)", "ção"}, {"x?y", "y"}, {"[a-c]+", "zabc"},
         {"%f[%z]", "ab"}, {"^^", "^"}, {"a%-b", "a-b"}, {"(a*(.)%w(%s*))", "aab c "},
      } do
         both(case[1], case[2])
      end
      assert.same({1 + 1, 4}, both("()oi()", "boi"))
   end)

   it("means it for thousands of patterns made at random", function()
      math.randomseed(20261121)
      local atoms = {"a", "b", ".", "%a", "[ab]", "[^a]", "%d", "%s", "%w", "$", "%b()", "%f[a]"}
      local marks = {"", "*", "+", "-", "?", ""}
      local letters = {"a", "b", "c", "1", " ", "(", ")"}
      for _ = 1, 5000 do
         local p = {math.random() < 0.2 and "^" or ""}
         local open = 0
         for _ = 1, math.random(5) do
            local n = math.random(#atoms)
            if math.random() < 0.2 then
               p[#p + 1], open = "(", open + 1
            end
            p[#p + 1] = atoms[n] .. (n < 10 and marks[math.random(#marks)] or "")
            if open > 0 and math.random() < 0.4 then
               p[#p + 1], open = ")", open - 1
            end
         end
         p[#p + 1] = (")"):rep(open)
         local s = {}
         for i = 1, math.random(0, 9) do s[i] = letters[math.random(#letters)] end
         both(table.concat(p), table.concat(s))
      end
   end)

   it("counts its steps", function()
      matcher.max_native, matcher.max_steps = -1, 100
      local found, why = matcher.compile(".-.-x")(("a"):rep(50))
      assert.is_nil(found)
      assert.equal("gave up", why)
   end)

   it("names what is wrong with a pattern", function()
      for pattern, wrong in pairs {
         ["[a"] = "missing ']'", ["(a"] = "unfinished capture", ["a)"] = "without '%('",
         ["%"] = "ends with '%%'", ["%b("] = "two characters", ["%1"] = "capture %%1",
         ["()%1"] = "text capture %%1", ["(a%1)"] = "capture %%1", ["%fa"] = "missing '%['",
      } do
         assert.matches(wrong, fake.thrown(matcher.compile, pattern))
      end
   end)
end)

describe("zapi.text", function()
   it("cuts and splits at characters, lines and blanks", function()
      assert.equal("aç", text.cut("ação", 3))
      assert.equal("a", text.cut("ação", 2))
      assert.same({"um dois", "tres"}, text.split("um dois tres", 9))
      assert.same({"linha um", "linha dois"}, text.split("linha um\nlinha dois", 12))
      assert.same({"abcd", "efgh", "i"}, text.split("abcdefghi", 4))
      assert.same({"ab cd", "ef"}, text.split("ab cd ef", 5))
      assert.same({}, text.split("", 10))
      local parts = text.split(("çã"):rep(100), 7)
      for _, part in ipairs(parts) do assert.truthy(utf8.len(part)) end
      assert.equal(("çã"):rep(100), table.concat(parts))
      assert.matches("at least 4", fake.thrown(text.split, "x", 3))
   end)

   it("folds", function()
      assert.equal(core.fold("Olá, VOCÊ"), text.fold("Olá, VOCÊ"))
      assert.equal("ola, voce", text.fold("Olá, VOCÊ"))
   end)
end)
