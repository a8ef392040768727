--- Checks the parameters of a call against its row of the table, and makes the
--- reply of an endpoint that keeps no state. Z-API takes numbers where texts are
--- asked for and the reverse, so do we.
local core = require "zapi.core"

local M = {}

--- Where an empty value has a meaning: it clears a URL, a description, a list.
local MAY_BE_EMPTY <const> = {
   value = true, groupDescription = true, communityDescription = true, description = true,
   websites = true, days = true, notes = true, reaction = true, contactsBlacklist = true,
}

local function is_text(value) return type(value) == "string" or type(value) == "number" end

local is_a = {
   string = is_text,
   number = function(value) return is_text(value) and tonumber(value) ~= nil end,
   integer = function(value)
      return is_text(value) and math.tointeger(tonumber(value) or 0.5) ~= nil
   end,
   boolean = function(value)
      return type(value) == "boolean" or value == "true" or value == "false"
   end,
   object = function(value) return type(value) == "table" end,
   array = function(value) return type(value) == "table" end,
   any = function() return true end,
}

local SAID <const> = {
   string = "a string", number = "a number", integer = "an integer", boolean = "a boolean",
   object = "an object", array = "a list",
}

local function is_empty(value)
   if type(value) == "table" then return next(value) == nil end
   return type(value) == "string" and not value:find("%S")
end

local function among(value, allowed)
   for _, one in ipairs(allowed) do
      if tostring(value) == one then return true end
   end
   return false
end

local wrong_value

local function wrong_in(fields, value, prefix)
   for _, field in ipairs(fields) do
      local name = prefix .. field.name
      local given = value[field.name]
      if given == nil then
         if field.required then return name .. " is required" end
      else
         local why = wrong_value(field, given, name)
         if why then return why end
      end
   end
end

local function has_type(field, value)
   if type(value) == "table" and value.bytes then return field.format == "file" end
   if is_a[field.type](value) then return true end
   for _, other in ipairs(field.also or {}) do
      if is_a[other](value) then return true end
   end
   return false
end

local function wrong_itself(field, value, name)
   local may_be_empty = not field.required or MAY_BE_EMPTY[field.name]
   if not has_type(field, value) or not may_be_empty and is_empty(value) then
      return ("%s must be %s%s"):format(name, SAID[field.type],
         may_be_empty and "" or " that is not empty")
   end
   if field.enum and not among(value, field.enum) then
      return ("%s must be one of %s"):format(name, table.concat(field.enum, ", "))
   end
end

function wrong_value(field, value, name)
   local why = wrong_itself(field, value, name)
   if why or type(value) ~= "table" then return why end
   if field.fields and #field.fields > 0 then return wrong_in(field.fields, value, name .. ".") end
   for i, item in ipairs(field.items and field.type == "array" and value or {}) do
      why = wrong_value(field.items, item, ("%s[%d]"):format(name, i))
      if why then return why end
   end
end

local function wrong_choice(row, params)
   local given = {}
   for _, name in ipairs(row.one_of) do
      if params[name] ~= nil then given[#given + 1] = name end
   end
   if #given == 1 then return nil end
   return ("exactly one of %s is required"):format(table.concat(row.one_of, ", "))
end

--- What is wrong with the parameters, or nil.
---@param row table of zapi.endpoints
---@param params table path, query and body in one; for a body that is a list the list
---@return string|nil
function M.params(row, params)
   if row.body == "array" then
      if #params == 0 then return "the body must be a list that is not empty" end
      local list = { type = "array", items = row.body_items, required = true, name = "body" }
      return wrong_value(list, params, "body")
   end
   local why = wrong_in(row.params, params, "")
   if why then return why end
   if row.one_of then return wrong_choice(row, params) end
end

local function blank(field)
   if field.type == "object" then
      local value = {}
      for _, one in ipairs(field.fields or {}) do value[one.name] = blank(one) end
      return value
   end
   if field.type == "array" then return core.array {} end
   local values = { string = "", number = 0, integer = 0, boolean = true }
   return values[field.type]
end

--- The reply of an endpoint without state: the documented one.
---@return integer status, any body
function M.example(row)
   local status = row.reply_status or 200
   if row.reply_example ~= nil then return status, row.reply_example end
   if row.reply then return status, blank(row.reply) end
   return status, nil
end

return M
