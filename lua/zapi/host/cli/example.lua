--- An endpoint's example as Lua and as words of the shell, from the example of
-- its row, in the row's order.

local core = require "zapi.core"
local catalogue = require "zapi.host.cli.catalogue"

local M = {}

--- All parameters of the example in one table; nil when the row has none.
---@param row table
---@return table
function M.params(row)
   local all = {}
   for key, value in pairs(row.request_example or {}) do
      all[key] = value
   end
   for key, value in pairs(row.params_example or {}) do
      all[key] = value
   end
   return all
end

local function wanted(row)
   local names = {}
   for _, field in ipairs(row.params) do
      names[field.name] = field.required or nil
   end
   for _, name in ipairs(row.one_of or {}) do
      names[name] = true
   end
   return names
end

--- The example with what is required; the whole when nothing is.
---@param row table
---@return table
function M.short(row)
   local all = M.params(row)
   if catalogue.elements(row) then
      return all
   end
   local names, short = wanted(row), {}
   for name in pairs(names) do
      short[name] = all[name]
   end
   return next(short) and short or all
end

-- Keys of a table in the order of fields; then what they do not name.
local function ordered(t, fields)
   local keys, seen = {}, {}
   for _, f in ipairs(fields or {}) do
      if t[f.name] ~= nil then
         keys[#keys + 1], seen[f.name] = f, true
      end
   end
   local rest = {}
   for key in pairs(t) do
      if type(key) == "string" and not seen[key] then
         rest[#rest + 1] = key
      end
   end
   table.sort(rest)
   for _, key in ipairs(rest) do
      keys[#keys + 1] = {name = key, type = "any"}
   end
   return keys
end

-- ---- Lua ----

local function quoted(s)
   return '"' .. s:gsub('[%c"\\]', function(c)
      return c == "\n" and "\\n" or c == '"' and '\\"' or c == "\\" and "\\\\"
         or ("\\%d"):format(c:byte())
   end) .. '"'
end

local function key_text(name)
   return name:match "^[%a_][%w_]*$" and name or "[" .. quoted(name) .. "]"
end

local function scalar(value)
   if value == core.null then
      return "zapi.null"
   end
   return type(value) == "string" and quoted(value) or tostring(value)
end

local lua_value

local function lua_items(value, field)
   local parts = {}
   for _, item in ipairs(value) do
      parts[#parts + 1] = lua_value(item, field and field.items)
   end
   for _, f in ipairs(ordered(value, field and field.fields)) do
      parts[#parts + 1] = key_text(f.name) .. " = " .. lua_value(value[f.name], f)
   end
   return parts
end

function lua_value(value, field)
   if type(value) ~= "table" then
      return scalar(value)
   end
   return "{" .. table.concat(lua_items(value, field), ", ") .. "}"
end

local clients = {instance = "z", partner = "p", gateway = "g"}

-- The table of a call, over several lines when it does not fit in one.
local function lua_table(params, fields, items)
   local parts = lua_items(params, {fields = fields, items = items})
   local line = "{" .. table.concat(parts, ", ") .. "}"
   if #line <= 60 then
      return line
   end
   return "{\n   " .. table.concat(parts, ",\n   ") .. ",\n}"
end

--- "z:send_text {phone = …}".
---@param row table
---@param params table
---@return string
function M.lua(row, params)
   local call = clients[row.scope] .. ":" .. row.name
   if next(params) == nil then
      return call .. "()"
   end
   return call .. " " .. lua_table(params, row.params, row.body_items)
end

-- ---- shell ----

--- A word as a shell takes it literally.
---@param word string
---@return string
function M.shell_word(word)
   if word:match "^[%w_./:@=,+-]+$" then
      return word
   end
   return "'" .. word:gsub("'", "'\\''") .. "'"
end

-- Text that typed() of zapi.host.cli.assign reads back as the same value.
local function plain_word(path, value, field)
   local kind = field and field.type or "any"
   local is_text = type(value) == "string"
   if is_text and kind ~= "array" and kind ~= "object" then
      return path .. "=" .. value
   elseif not is_text and (kind == type(value) or kind == math.type(value)
      or kind == "number" and type(value) == "number") then
      return path .. "=" .. tostring(value)
   end
   return path .. ":=" .. core.json_encode(value)
end

local function add_words(words, path, value, field)
   if type(value) ~= "table" then
      words[#words + 1] = plain_word(path, value, field)
      return
   end
   if next(value) == nil then
      words[#words + 1] = path .. ":=" .. core.json_encode(value)
      return
   end
   for i, item in ipairs(value) do
      local at = type(item) == "table" and ("[%d]"):format(i - 1) or "[]"
      add_words(words, path .. at, item, field and field.items)
   end
   for _, f in ipairs(ordered(value, field and field.fields)) do
      add_words(words, (path == "" and "" or path .. ".") .. f.name, value[f.name], f)
   end
end

--- The words after `zapibot call NAME`, not quoted.
---@param row table
---@param params table
---@return string[]
function M.words(row, params)
   local words = {}
   if next(params) ~= nil then
      add_words(words, "", params, {fields = row.params, items = row.body_items})
   end
   return words
end

--- "zapibot call send_text phone=… message='…'".
---@param row table
---@param params table
---@return string
function M.shell(row, params)
   local line = {"zapibot call", catalogue.full_name(row)}
   for _, word in ipairs(M.words(row, params)) do
      line[#line + 1] = M.shell_word(word)
   end
   return table.concat(line, " ")
end

return M
