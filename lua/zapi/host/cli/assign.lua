--- `key=value` words of `zapibot call` to a table of parameters:
--
--    phone=5511…            a field; its type follows the endpoint's row
--    order.currency=BRL     a field of an object
--    phones[]=5511…         one more item of an array
--    poll[0].name=Monday    an item of an array, from 0
--    filters:={"a": 1}      any JSON
--
-- Errors are texts for people: M.apply returns nil and one.

local core = require "zapi.core"

local M = {}

-- "list[0].x" -> {"list", 0, "x"}; "[]" is true. nil when it is none.
local function steps_of(path)
   local steps, rest = {}, path
   while rest ~= "" do
      local index, after = rest:match "^%[(%d*)%](.*)$"
      local name
      if index then
         steps[#steps + 1] = index == "" or math.tointeger(tonumber(index))
      else
         name, after = rest:match(#steps == 0 and "^([^%.%[%]=]+)(.*)$" or "^%.([^%.%[%]=]+)(.*)$")
         if not name then
            return nil
         end
         steps[#steps + 1] = name
      end
      rest = after
   end
   return #steps > 0 and steps or nil
end

local function field_named(fields, name)
   for _, f in ipairs(fields or {}) do
      if f.name == name then
         return f
      end
   end
end

-- The field below `field` that a step leads to, or nil when the row knows none.
local function field_at(field, step)
   if not field then
      return nil
   end
   if type(step) == "string" then
      return field_named(field.fields, step) or field.type == "object" and field.items or nil
   end
   return field.type == "array" and field.items or nil
end

-- The row as one field: an object of all parameters, or the array.
local function root(row)
   return {type = "object", fields = row.params}, {type = "array", items = row.body_items}
end

local function accepts(field, type_name)
   if field.type == type_name then
      return true
   end
   for _, other in ipairs(field.also or {}) do
      if other == type_name then
         return true
      end
   end
   return false
end

local function to_number(text)
   return text:match "^%-?%d+%.?%d*[eE]?[+-]?%d*$" and tonumber(text) or nil
end

local readers = {
   boolean = function(text)
      if text == "true" or text == "false" then
         return text == "true"
      end
   end,
   integer = function(text)
      return math.tointeger(to_number(text))
   end,
   number = to_number,
}

local expected = {
   boolean = "true or false", integer = "an integer", number = "a number",
   object = "an object (%s.NAME=VALUE, or %s:=JSON)",
   array = "a list (%s[]=VALUE, or %s:=JSON)",
}

--- A word as the value that a field wants; nil and why.
---@param field table|nil
---@param text string
---@param name string
---@return any, string|nil
local function typed(field, text, name)
   if not field or field.type == "string" or field.type == "any" then
      return text
   end
   local reader = readers[field.type]
   local value = reader and reader(text)
   if value ~= nil then
      return value
   end
   if accepts(field, "string") then
      return text
   end
   local words = expected[field.type]:gsub("%%s", (name:gsub("%%", "%%%%")))
   return nil, ("%s: %s expected, got '%s'"):format(name, words, text)
end

local function from_json(text, name)
   local value, err = core.json_decode(text, {null = true})
   if value == nil then
      return nil, ("%s: not JSON: %s"):format(name, err.message)
   end
   return value
end

-- Where a step points to in a table: true is one past the end. nil and why
-- when items before it are missing.
local function place(t, step, name)
   if type(step) == "string" then
      return step
   end
   local at = step == true and #t + 1 or step + 1
   if at > #t + 1 then
      return nil, ("%s: item %d comes before this one"):format(name, #t)
   end
   return at
end

local function descend(t, steps, name)
   for i = 1, #steps - 1 do
      local key, err = place(t, steps[i], name)
      if not key then
         return nil, err
      end
      if t[key] == nil then
         t[key] = {}
      elseif type(t[key]) ~= "table" then
         return nil, name .. " is given twice, once as a value"
      end
      t = t[key]
   end
   return t
end

local function put(params, steps, value, name)
   local t, err = descend(params, steps, name)
   if not t then
      return nil, err
   end
   local key
   key, err = place(t, steps[#steps], name)
   if not key then
      return nil, err
   end
   if t[key] ~= nil then
      return nil, name .. " is given twice"
   end
   t[key] = value
   return true
end

local function apply_word(params, row, word)
   local name, colon, text = word:match "^(.-)(:?)=(.*)$"
   local steps = name and steps_of(name)
   if not steps then
      return nil, ("'%s' is no key=value, key.sub=value, list[]=value or key:=JSON"):format(word)
   end
   local object, array = root(row)
   local field = type(steps[1]) == "string" and object or array
   for _, step in ipairs(steps) do
      field = field_at(field, step)
   end
   local value, err
   if colon == ":" then
      value, err = from_json(text, name)
   else
      value, err = typed(field, text, name)
   end
   if value == nil then
      return nil, err
   end
   return put(params, steps, value, name)
end

--- Lays words over a table of parameters, in place.
---@param params table
---@param row table
---@param words string[]
---@return table|nil params, string|nil err
function M.apply(params, row, words)
   for _, word in ipairs(words) do
      local ok, err = apply_word(params, row, word)
      if not ok then
         return nil, err
      end
   end
   return params
end

return M
