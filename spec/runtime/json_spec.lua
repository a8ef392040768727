-- zapi.json: null is absent, integers are exact, arrays stay arrays; lua-cjson
-- is the oracle on real webhooks.
local zapi = require "zapi"
local cjson = require "cjson"
local json = zapi.json

local function samples()
   local list = io.popen("ls spec/fixtures/webhooks/*.json")
   local paths = {}
   for path in list:lines() do
      paths[#paths + 1] = path
   end
   list:close()
   return paths
end

-- What cjson decodes, under our rules.
local function cleaned(v)
   if v == cjson.null then
      return nil
   end
   if math.type(v) == "float" and v == math.floor(v) and math.abs(v) < 2 ^ 53 then
      return math.tointeger(v)
   end
   if type(v) == "table" then
      local out = {}
      for k, x in pairs(v) do
         out[k] = cleaned(x)
      end
      return out
   end
   return v
end

describe("zapi.json", function()
   it("reads every sample as lua-cjson does, nulls left out", function()
      local n = 0
      for _, path in ipairs(samples()) do
         local f = assert(io.open(path))
         local text = f:read "a"
         f:close()
         assert.same(cleaned(cjson.decode(text)), (json.decode(text)))
         assert.same(json.decode(text), json.decode(json.encode(json.decode(text))))
         n = n + 1
      end
      assert.equal(115, n)
   end)

   it("has cjson's null", function()
      assert.equal(cjson.null, zapi.null)
      assert.equal('{"a":null}', json.encode {a = zapi.null})
      assert.same({}, json.decode '{"a":null}')
      assert.equal(zapi.null, json.decode('{"a":null}', {null = true}).a)
   end)

   it("keeps integers exact and floats short", function()
      assert.equal("120363019502650977", json.encode(120363019502650977))
      assert.equal(120363019502650977, json.decode "120363019502650977")
      assert.equal("integer", math.type(json.decode "7"))
      assert.equal("0.1", json.encode(0.1))
      assert.equal(-9223372036854775807 - 1, json.decode "-9223372036854775808")
      assert.equal("float", math.type(json.decode "9223372036854775808"))
      assert.equal("3", json.encode(3.0))
   end)

   it("keeps empty arrays", function()
      assert.equal("[]", json.encode(zapi.array {}))
      assert.equal("{}", json.encode {})
      assert.equal("[]", json.encode(json.decode "[]"))
      assert.equal('{"a":[]}', json.encode(json.decode '{"a":[]}'))
   end)

   it("returns nil and an error for what is no JSON", function()
      for _, text in ipairs {
         "", "{", '{"a":1,}', "[1 2]", "nul", '"\xff"', "{}x", "01", "1e999",
         ("["):rep(10000), '"\n"', "\0",
      } do
         local v, err = json.decode(text)
         assert.is_nil(v)
         assert.is_true(zapi.is_error(err, "bad_json"), text)
      end
   end)

   it("turns lone surrogates into U+FFFD, pairs into one character", function()
      assert.equal("\u{FFFD}x", json.decode [["\ud83dx"]])
      assert.equal("😀", json.decode [["\ud83d\ude00"]])
      assert.equal("a\0b", json.decode [["a\u0000b"]])
   end)

   it("throws for what cannot be written, naming it", function()
      assert.error_matches(function() json.encode(print) end, "function")
      assert.error_matches(function() json.encode(0 / 0) end, "cannot write")
      assert.error_matches(function() json.encode {[true] = 1} end, "cannot write")
      assert.error_matches(function() json.encode "\xff" end, "UTF%-8")
      local loop = {}
      loop[1] = loop
      assert.error_matches(function() json.encode(loop) end, "cannot write")
   end)
end)
