-- zapi.crypto against published vectors: FIPS 180-4, RFC 4231, RFC 4648.
local crypto = require("zapi").crypto

describe("crypto", function()
   it("sha256", function()
      assert.equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
         crypto.sha256 "abc")
      assert.equal("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", crypto.sha256("", "base64"))
      assert.equal(32, #crypto.sha256("x", "raw"))
      assert.not_equal(crypto.sha256 "a\0b", crypto.sha256 "a")
   end)

   it("hmac_sha256", function()
      assert.equal("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
         crypto.hmac_sha256("Jefe", "what do ya want for nothing?"))
      assert.equal("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
         crypto.hmac_sha256(("\x0b"):rep(20), "Hi There"))
   end)

   it("base64 there and back", function()
      for plain, text in pairs {
         [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==",
         fooba = "Zm9vYmE=", foobar = "Zm9vYmFy", ["\xFF\xFE\0"] = "//4A",
      } do
         assert.equal(text, crypto.base64(plain))
         assert.equal(plain, crypto.from_base64(text))
         assert.equal(plain, crypto.from_base64((text:gsub("=", ""))))
      end
      for n = 1, 70 do
         local bytes = crypto.random(n)
         assert.equal(bytes, crypto.from_base64(crypto.base64(bytes)))
      end
   end)

   it("refuses what is no base64", function()
      for _, text in ipairs { "A", "Zg=", "Zm9v!", "Zg==Zg==", "Z g=", "====", "Zm\0v", "Zm9=v" } do
         assert.is_nil(crypto.from_base64(text), text)
      end
   end)

   it("equal and random", function()
      assert.is_true(crypto.equal("segredo", "segredo"))
      assert.is_false(crypto.equal("segredo", "segredO"))
      assert.is_false(crypto.equal("segredo", "segred"))
      assert.equal(16, #crypto.random(16))
      assert.truthy(crypto.random(16, "hex"):find("^%x+$"))
      assert.not_equal(crypto.random(16), crypto.random(16))
   end)

   it("names a wrong encoding, at the caller's line", function()
      local ok, err = pcall(function() crypto.sha256("x", "b64") end)
      assert.is_false(ok)
      assert.truthy(err:find("crypto_spec.lua:%d+: bad encoding 'b64'"))
   end)
end)
