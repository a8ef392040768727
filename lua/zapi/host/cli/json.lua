--- JSON as the tools print it: keys in a given order, one line or indented.
-- Scalars are written by the core; this module only lays out what is around
-- them.

local core = require "zapi.core"
local term = require "zapi.host.cli.term"

local M = {}

local MARK = getmetatable(core.array {})

--- A table with a fixed order of keys, for what is put together here (OpenAPI,
-- a list of endpoints): M.object {"name", value, "next", value}.
---@param pairs_list any[]
---@return table
function M.object(pairs_list)
   local keys, out = {}, {}
   for i = 1, #pairs_list, 2 do
      keys[#keys + 1] = pairs_list[i]
      out[pairs_list[i]] = pairs_list[i + 1]
   end
   return setmetatable(out, {keys = keys})
end

--- Adds a key at the end; nil adds nothing.
---@param object table made by M.object
---@param key string
---@param value any
function M.set(object, key, value)
   if value == nil then
      return
   end
   if object[key] == nil then
      table.insert(getmetatable(object).keys, key)
   end
   object[key] = value
end

--- An array, also when empty.
---@param t table
---@return boolean
function M.is_array(t)
   return getmetatable(t) == MARK or #t > 0
end

-- Fields of a row give the order; what they do not name follows, sorted.
local function keys_of(t, field)
   local meta, keys, seen = getmetatable(t), {}, {}
   if meta and meta.keys then
      return meta.keys
   end
   for _, f in ipairs(field and field.fields or {}) do
      if t[f.name] ~= nil and not seen[f.name] then
         keys[#keys + 1], seen[f.name] = f.name, f
      end
   end
   local rest = {}
   for key in pairs(t) do
      if not seen[key] then
         rest[#rest + 1] = key
      end
   end
   table.sort(rest, function(a, b) return tostring(a) < tostring(b) end)
   return table.move(rest, 1, #rest, #keys + 1, keys)
end

local function child(field, key)
   for _, f in ipairs(field and field.fields or {}) do
      if f.name == key then
         return f
      end
   end
   return field and field.type == "object" and field.items or nil
end

local write

local function write_list(out, open, close, parts, layout, depth)
   if parts.n == 0 then
      out[#out + 1] = open .. close
      return
   end
   out[#out + 1] = open .. layout.line((depth + 1))
   for i = 1, parts.n do
      parts.put(i)
      out[#out + 1] = i < parts.n and "," .. layout.line(depth + 1) or layout.line(depth)
   end
   out[#out + 1] = close
end

function write(out, value, field, layout, depth)
   if type(value) ~= "table" then
      out[#out + 1] = core.json_encode(value)
   elseif M.is_array(value) then
      local items = field and field.type == "array" and field.items or field
      write_list(out, "[", "]", {n = #value, put = function(i)
         write(out, value[i], items, layout, depth + 1)
      end}, layout, depth)
   else
      local keys = keys_of(value, field)
      write_list(out, "{", "}", {n = #keys, put = function(i)
         out[#out + 1] = core.json_encode(tostring(keys[i])) .. layout.colon
         write(out, value[keys[i]], child(field, keys[i]), layout, depth + 1)
      end}, layout, depth)
   end
end

local compact = {line = function() return "" end, colon = ":"}
local indented = {line = function(depth) return "\n" .. ("  "):rep(depth) end, colon = ": "}

--- Text of a value. An empty table that is not marked as an array is {}.
---@param value any
---@param options? {pretty: boolean, order: table} order: a field of a row, whose
---   fields name the order of the keys
---@return string
function M.encode(value, options)
   options = options or {}
   local out = {}
   write(out, value, options.order, options.pretty and indented or compact, 0)
   return table.concat(out)
end

--- Prints a value: indented on a terminal, on one line for programs.
---@param value any
---@param order? table as M.encode has it
function M.print(value, order)
   io.stdout:write(M.encode(value, {pretty = term.columns() ~= nil, order = order}), "\n")
end

return M
