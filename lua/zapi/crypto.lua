--- What a script needs to check that a webhook is genuine: digests, base64,
-- comparing in constant time, random bytes.

local core = require "zapi.core"

local M = {}

local function encoded(bytes, as)
   if as == nil or as == "hex" then
      return (bytes:gsub(".", function(c)
         return ("%02x"):format(c:byte())
      end))
   end
   if as == "base64" then
      return core.base64(bytes)
   end
   if as == "raw" then
      return bytes
   end
   error(('bad encoding \'%s\' ("hex", "base64" or "raw" expected)'):format(tostring(as)), 3)
end

---@alias zapi.crypto.encoding "hex"|"base64"|"raw"

--- SHA-256 of a text, in lower-case hex unless asked otherwise.
---@param text string
---@param as? zapi.crypto.encoding
---@return string
function M.sha256(text, as)
   local digest = encoded(core.sha256(text), as)
   return digest
end

--- HMAC-SHA-256: the signature that most services send with a webhook.
---@param key string
---@param text string the body as it came, not decoded
---@param as? zapi.crypto.encoding
---@return string
function M.hmac_sha256(key, text, as)
   local digest = encoded(core.hmac_sha256(key, text), as)
   return digest
end

--- Base64 of bytes, with padding.
---@param bytes string
---@return string
function M.base64(bytes)
   return core.base64(bytes)
end

--- The bytes of a base64 text (with or without padding), or nil.
---@param text string
---@return string|nil
function M.from_base64(text)
   return core.from_base64(text)
end

--- Are two texts the same? Takes as long for the first letter as for the last
-- one, so that a signature cannot be guessed letter by letter.
---@param a string
---@param b string
---@return boolean
function M.equal(a, b)
   return core.equal(a, b)
end

--- Random bytes of the system, good for secrets; in hex: random(16, "hex").
---@param count integer 1 to 256
---@param as? zapi.crypto.encoding "raw" if left out
---@return string
function M.random(count, as)
   local bytes = encoded(core.random(count), as or "raw")
   return bytes
end

return M
