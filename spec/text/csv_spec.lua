-- CSV as spreadsheets write it.
local csv = require "zapi.csv"

local function all(text, options)
   local rows = {}
   for row in csv.parse(text, options) do
      rows[#rows + 1] = row
   end
   return rows
end

describe("csv", function()
   it("guesses ; and , and tab", function()
      assert.same({{a = "1", b = "2"}}, all "a;b\n1;2\n")
      assert.same({{a = "1", b = "2"}}, all "a,b\r\n1,2")
      assert.same({{a = "1", b = "2"}}, all "a\tb\n1\t2")
      assert.same({{a = "1,5", b = "x"}}, all "a;b\n1,5;x")
      assert.same({{["a;b"] = "1", c = "2"}}, all '"a;b",c\n1,2')
   end)

   it("reads a byte order mark, Latin-1 and Windows-1252", function()
      assert.same({{["preço"] = "ação"}}, all "\xEF\xBB\xBFpreço\nação")
      assert.same({{["preço"] = "ação €"}}, all "pre\xE7o\na\xE7\xE3o \x80")
      assert.same({{a = "Ã£"}}, all("a\n\xC3\xA3", {encoding = "latin1"}))
   end)

   it("reads quotes, also with breaks and quotes inside", function()
      assert.same({{a = 'x "y"\nz', b = ""}}, all 'a;b\n"x ""y""\nz";\n')
   end)

   it("leaves blank records out and numbers the lines", function()
      local lines = {}
      for row, line in csv.parse('a;b\n\n"1\n1";2\n;\n3;4\n') do
         lines[#lines + 1] = row.a .. "@" .. line
      end
      assert.same({"1\n1@3", "3@6"}, lines)
   end)

   it("gives plain lists without a header, and knows Excel's sep line", function()
      assert.same({{"1", "2"}, {"3"}}, all("1;2\n3", {header = false}))
      assert.same({{a = "1", b = "2"}}, all "sep=|\na|b\n1|2")
   end)

   it("throws with the line", function()
      assert.error_matches(function() all 'a;b\n1;"2\n' end, "line 2: a quote is never closed")
      assert.error_matches(function() all 'a;b\n"1"x;2\n' end, "line 2: text after")
      assert.error_matches(function() all("a", {sepp = ";"}) end, "sepp")
      assert.error_matches(function() csv.rows "/nowhere.csv" end, "No such file")
   end)
end)
