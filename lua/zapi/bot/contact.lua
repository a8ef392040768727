--- People as events name them: a phone number, a lid ("…@lid"), or both. The
--- key is the phone where it is known.
local core = require "zapi.core"

local M = {}

---@class zapi.contact
---@field key string phone, else lid
---@field phone? string digits with country code
---@field lid? string "…@lid"
---@field name? string

--- Makes a contact of what an event gives; nil when it gives nothing.
---@return zapi.contact|nil
function M.new(phone, lid, name)
   if phone and phone:find("@lid", 1, true) then phone, lid = nil, phone end
   if phone == "" then phone = nil end
   if lid == "" then lid = nil end
   if lid and not lid:find("@", 1, true) then lid = lid .. "@lid" end
   if not phone and not lid then return nil end
   if name == "" then name = nil end
   return {key = phone or lid, phone = phone, lid = lid, name = name}
end

--- Of the digits after an @ in a text. WhatsApp writes a lid there when the
--- number is hidden; lids have 14 digits and more, numbers 13 at most.
function M.mentioned(digits)
   if #digits >= 14 then return M.new(nil, digits .. "@lid") end
   return M.new(digits)
end

-- Brazil's ninth digit splits one person into two numbers. For comparing only.
local function comparable(id)
   local area, rest = id:match("^55(%d%d)9?([6-9]%d%d%d%d%d%d%d)$")
   return area and "55" .. area .. rest or id
end

--- Makes a test: is this contact one of the given (string, contact or list)?
---@param who string|table
---@return fun(contact: zapi.contact|nil): boolean
function M.matcher(who)
   local wanted = {}
   local function add(one)
      if type(one) == "string" then
         wanted[comparable(core.phone(one))] = true
      else
         if one.phone then wanted[comparable(one.phone)] = true end
         if one.lid then wanted[one.lid] = true end
      end
   end
   if type(who) == "table" and not who.key then
      for _, one in ipairs(who) do add(one) end
   else
      add(who)
   end
   return function(contact)
      if not contact then return false end
      return contact.phone and wanted[comparable(contact.phone)]
         or contact.lid and wanted[contact.lid] or false
   end
end

return M
