--- Brazilian things: money, Pix "copia e cola", CPF, CNPJ, CEP.
--
-- Money is whole centavos (integers), so that nothing is lost to fractions.

local M = {}

-- ---- money ---------------------------------------------------------------

-- "1.234" is one thousand in Brazil; "1.23" can only be a decimal point.
local function split_amount(s)
   local whole, cents = s:match "^([%d.]+),(%d%d?)$"
   if whole then
      return whole, cents
   end
   if s:find "^%d+%.%d%d?$" then
      return s:match "^(%d+)%.(%d%d?)$"
   end
   return s, ""
end

local function grouped_right(whole)
   return whole:find "^%d+$" or (whole:find "^%d%d?%d?%.%d%d%d" and
      (whole:gsub("%.%d%d%d", "")):find "^%d%d?%d?$")
end

--- Centavos of an amount as people write it: "R$ 1.234,56", "12,5", "-3",
-- "10.00". A number is taken as reais.
---@param text string|number
---@return integer? centavos
---@return string? why nil when it is no amount
function M.money(text)
   if type(text) == "number" then
      local cents = text * 100
      if cents ~= cents or math.abs(cents) >= 2 ^ 53 then
         return nil, "not an amount"
      end
      return math.tointeger(cents >= 0 and math.floor(cents + 0.5) or -math.floor(-cents + 0.5))
   end
   local s = tostring(text):gsub("\u{A0}", " "):gsub("[Rr]%$", ""):gsub("%s", "")
   local sign, digits = s:match "^([+-]?)([%d.,]+)$"
   if not digits then
      return nil, "not an amount"
   end
   local whole, cents = split_amount(digits)
   if not grouped_right(whole) or #whole > 18 then
      return nil, "not an amount"
   end
   local value = math.tointeger(tonumber((whole:gsub("%.", "")))) * 100
      + tonumber((cents .. "00"):sub(1, 2))
   return sign == "-" and -value or value
end

--- "R$ 1.234,56" of centavos.
---@param centavos integer
---@return string
function M.format(centavos)
   local n = math.tointeger(centavos)
      or error("bad argument #1 to br.format (whole centavos expected)", 2)
   local sign = n < 0 and "-" or ""
   n = math.abs(n)
   local whole = ("%d"):format(n // 100):reverse():gsub("(%d%d%d)", "%1."):reverse():gsub("^%.", "")
   return ("%sR$ %s,%02d"):format(sign, whole, n % 100)
end

-- ---- CPF, CNPJ, CEP ------------------------------------------------------

-- Modulo 11 over the first n characters; weights run down to 2, then again
-- from `top`.
local function check_digit(s, n, top)
   local sum, weight = 0, 2
   for i = n, 1, -1 do
      sum = sum + (s:byte(i) - 48) * weight
      weight = weight == top and 2 or weight + 1
   end
   local rest = sum % 11
   return rest < 2 and 0 or 11 - rest
end

local function checked(s, n, top)
   if s == s:sub(1, 1):rep(n + 2) then
      return false
   end
   return check_digit(s, n, top) == s:byte(n + 1) - 48
      and check_digit(s, n + 1, top) == s:byte(n + 2) - 48
end

--- The eleven digits of a valid CPF, or nil.
---@param text string
---@return string?
function M.cpf(text)
   local s = tostring(text):gsub("[%s./-]", "")
   return s:find("^" .. ("%d"):rep(11) .. "$") and checked(s, 9, 11) and s or nil
end

--- The fourteen characters of a valid CNPJ, or nil. Since July 2026 the first
-- twelve may be letters too.
---@param text string
---@return string?
function M.cnpj(text)
   local s = tostring(text):gsub("[%s./-]", ""):upper()
   return s:find("^" .. ("[%dA-Z]"):rep(12) .. "%d%d$") and checked(s, 12, 9) and s or nil
end

--- The eight digits of a CEP, or nil. Whether it exists only a service knows.
---@param text string
---@return string?
function M.cep(text)
   local s = tostring(text):gsub("[%s.-]", "")
   return s:find("^" .. ("%d"):rep(8) .. "$") and s ~= "00000000" and s or nil
end

-- ---- Pix -----------------------------------------------------------------

-- CRC-16/CCITT-FALSE: polynomial 1021, start FFFF.
local function crc16(s)
   local crc = 0xFFFF
   for i = 1, #s do
      crc = crc ~ (s:byte(i) << 8)
      for _ = 1, 8 do
         crc = crc & 0x8000 ~= 0 and (crc << 1) ~ 0x1021 or crc << 1
      end
      crc = crc & 0xFFFF
   end
   return crc
end
M.crc16 = crc16

local function field(id, value)
   return ("%s%02d%s"):format(id, #value, value)
end

-- Letters without their accents, case kept: "São João" -> "Sao Joao".
local function unaccented(text)
   local fold = require("zapi.core").fold
   return (text:gsub("[\xC2-\xF4][\x80-\xBF]+", function(c)
      local capital = c >= "\u{C0}" and c <= "\u{DE}"
      return capital and fold(c):upper() or fold(c)
   end))
end

-- Banks refuse accents; what is cut is cut at the field's own limit.
local function plain(name, value, max)
   if type(value) ~= "string" or value == "" then
      error(("bad '%s' to br.pix (text expected, got %s)"):format(name, type(value)), 4)
   end
   return unaccented(value):gsub("[^%w $%%*+./:@-]", ""):sub(1, max)
end

local function key_of(value)
   if type(value) ~= "string" or value == "" then
      error("bad 'key' to br.pix (text expected, got " .. type(value) .. ")", 4)
   end
   local document = M.cpf(value) or M.cnpj(value)
   if document then
      return document
   end
   if value:find "^[+%d%s().-]+$" then -- a phone: always with + and country
      local digits = value:gsub("%D", "")
      return "+" .. (#digits <= 11 and "55" .. digits or digits)
   end
   return value:find "@" and value:lower() or value
end

local function amount_of(value)
   if value == nil then
      return ""
   end
   local centavos = math.tointeger(value)
   if not centavos or centavos <= 0 then
      error("bad 'amount' to br.pix (whole centavos above 0 expected)", 4)
   end
   return field("54", ("%d.%02d"):format(centavos // 100, centavos % 100))
end

local function txid_of(value)
   if value == nil then
      return "***"
   end
   if type(value) ~= "string" or not value:find "^%w+$" or #value > 25 then
      error("bad 'txid' to br.pix (1 to 25 letters and digits expected)", 4)
   end
   return value
end

local PIX = {key = true, name = true, city = true, amount = true, txid = true, info = true}

local function build(p)
   local account = field("00", "br.gov.bcb.pix") .. field("01", key_of(p.key))
   if p.info then
      account = account .. field("02", plain("info", p.info, 99 - #account - 4))
   end
   local text = field("00", "01") .. field("26", account) .. field("52", "0000")
      .. field("53", "986") .. amount_of(p.amount) .. field("58", "BR")
      .. field("59", plain("name", p.name, 25)) .. field("60", plain("city", p.city, 15))
      .. field("62", field("05", txid_of(p.txid))) .. "6304"
   return text .. ("%04X"):format(crc16(text))
end

--- The "copia e cola" text of a static Pix (EMV, Banco Central's manual).
---@param p {key: string, name: string, city: string, amount?: integer, txid?: string,
---   info?: string} amount in centavos
---@return string
function M.pix(p)
   if type(p) ~= "table" then
      error("bad argument #1 to br.pix (table expected, got " .. type(p) .. ")", 2)
   end
   for name in pairs(p) do
      if not PIX[name] then
         error(("'%s' is not a parameter of br.pix"):format(tostring(name)), 2)
      end
   end
   return (build(p))
end

return M
