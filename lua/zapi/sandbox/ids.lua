--- Ids as Z-API makes them. With a seed they are the same in every run, so
--- that a spec or a screenshot can be compared.
local M = {}

local Ids = {}
Ids.__index = Ids

---@param seed integer
function M.new(seed)
   return setmetatable({ state = seed ~ 0x5DEECE66D }, Ids)
end

-- Knuth's 64-bit generator: its high bits are good, and that is all we need.
local function next_byte(self)
   self.state = self.state * 6364136223846793005 + 1442695040888963407
   return self.state >> 56
end

---@param digits integer
---@return string hex upper case
function Ids:hex(digits)
   local out = {}
   for i = 1, (digits + 1) // 2 do out[i] = ("%02X"):format(next_byte(self)) end
   return table.concat(out):sub(1, digits)
end

---@return string id of a WhatsApp message
function Ids:message() return "3EB0" .. self:hex(18) end

---@return string id of a message inside Z-API
function Ids:zaap() return self:hex(32) end

---@return string digits
function Ids:digits(count)
   local out = {}
   for i = 1, count do out[i] = tostring(next_byte(self) % 10) end
   return table.concat(out)
end

return M
