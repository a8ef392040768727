--- People as events name them: a phone number, a lid ("…@lid"), or both. What
--- one event leaves out, earlier ones may have taught (core.people): a number
--- and a lid are one person then, with one key.
local core = require "zapi.core"

local people = core.people

local M = {}

---@class zapi.contact
---@field key string names the person: for sessions and stores; stays the same
---@field phone? string digits with country code, as WhatsApp writes them
---@field lid? string "…@lid"
---@field name? string

local function given(s)
   if s ~= "" then return s end
end

local function whole(lid)
   return lid and not lid:find("@", 1, true) and lid .. "@lid" or lid
end

-- By the number, else by the lid; and is anything known of them?
local function find(phone, lid)
   local found, known = people.find(nil, phone or lid)
   if known or not (phone and lid) then return found, known end
   local other, is = people.find(nil, lid)
   if is then return other, is end
   return found, false
end

--- Makes a contact of what an event gives; nil when it gives nothing.
---@return zapi.contact|nil
function M.new(phone, lid, name)
   if phone and phone:find("@lid", 1, true) then phone, lid = nil, phone end
   phone, lid, name = given(phone), whole(given(lid)), given(name)
   if not (phone or lid) then return nil end
   local found, known = find(phone, lid)
   if not known then found = {key = found.key} end
   found.phone = found.phone or phone
   found.lid = lid or found.lid
   found.name = name or found.name
   return found
end

--- Of the digits after an @ in a text. WhatsApp writes a lid there when the
--- number is hidden; lids have 14 digits and more, numbers 13 at most.
function M.mentioned(digits)
   local _, known = people.find(nil, digits)
   if #digits >= 14 and not known then return M.new(nil, digits .. "@lid") end
   return M.new(digits)
end

-- A number may be given with an integer.
local function text_of(any)
   if math.type(any) == "integer" then return ("%d"):format(any) end
   if type(any) == "string" and any ~= "" then return any end
end

--- The person of a number in any spelling, a lid, a key, or a contact: what is
--- known of them. Groups and channels are their own key.
---@param any string|integer|zapi.contact
---@return zapi.contact
function M.of(any)
   local id = text_of(any)
   if type(any) == "table" then
      local known = M.new(any.phone, any.lid, any.name)
      if known then return known end
      id = text_of(any.key)
   end
   if not id then
      error(("bad contact (number, lid or contact expected, got %s)"):format(
         any == "" and "an empty string" or type(any)), 2)
   end
   return (people.find(nil, id))
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
