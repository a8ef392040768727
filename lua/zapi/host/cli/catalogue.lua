--- The endpoints as the tools see them: by scope, by name, and the words that
-- describe a parameter.

local core = require "zapi.core"

local M = {}

--- Scopes in the order in which a bare name is looked up.
M.scopes = {"instance", "partner", "gateway"}

-- A partner's calls about one instance name it: the client has no own.
local ABOUT_INSTANCE = {
   {name = "instance", ["in"] = "path", type = "string", required = true,
      doc = "id of the instance that the call is about"},
   {name = "token", ["in"] = "path", type = "string", required = true,
      doc = "token of that instance"},
}
local EXAMPLE = {instance = "INSTANCE0001", token = "TOKEN0001"}

local function with_instance(row)
   if row.scope ~= "partner" or row.host_root then
      return row
   end
   row.params = table.move(row.params, 1, #row.params, 3, {table.unpack(ABOUT_INSTANCE)})
   row.params_example = row.params_example or {}
   for name, value in pairs(EXAMPLE) do
      row.params_example[name] = value
   end
   return row
end

local all

--- All rows with what a script gives them, made once: core.endpoints, and the
-- instance that a partner's call is about, which stands in the address of it
-- and not in the path of its row.
---@return table[]
function M.rows()
   if not all then
      all = core.endpoints()
      for _, row in ipairs(all) do
         with_instance(row)
      end
   end
   return all
end

--- "send_text" for an instance's, "partner.create_instance" for the others.
---@param row table
---@return string
function M.full_name(row)
   return row.scope == "instance" and row.name or row.scope .. "." .. row.name
end

--- The row of "send_text" or "gateway.get_status", or nil. A bare name is the
-- instance's when it has one.
---@param name string
---@return table|nil
function M.find(name)
   local scope, bare = name:match "^(%a+)%.(.+)$"
   for _, wanted in ipairs(scope and {scope} or M.scopes) do
      for _, row in ipairs(M.rows()) do
         if row.scope == wanted and row.name == (bare or name) then
            return row
         end
      end
   end
end

--- Every name that `find` is told to know.
---@return string[]
function M.names()
   local names = {}
   for _, row in ipairs(M.rows()) do
      names[#names + 1] = M.full_name(row)
   end
   return names
end

--- Up to three names near a word, the nearest first.
---@param word string
---@return string[]
function M.near(word)
   local names, found = M.names(), {}
   while #found < 3 do
      local best = core.nearest(word, names)
      if not best then
         break
      end
      found[#found + 1] = best
      for i, name in ipairs(names) do
         if name == best then
            table.remove(names, i)
            break
         end
      end
   end
   return found
end

--- Sections in their order, each with its rows: {{name=, rows={…}}, …}.
---@param rows table[]
---@return {name: string, rows: table[]}[]
function M.sections(rows)
   local list, by_name = {}, {}
   for _, row in ipairs(rows) do
      local section = by_name[row.section]
      if not section then
         section = {name = row.section, rows = {}}
         by_name[row.section] = section
         list[#list + 1] = section
      end
      table.insert(section.rows, row)
   end
   return list
end

--- The field that describes an element of a row whose table of parameters is
-- the array itself; nil for others.
---@param row table
---@return table|nil
function M.elements(row)
   return row.body == "array" and row.body_items or nil
end

local function number(n)
   return math.tointeger(n) and ("%d"):format(n) or tostring(n)
end

--- "1 to 15", "at least 1", "at most 15", or nil.
---@param field table
---@return string|nil
function M.range(field)
   local unit = field.type == "string" and " characters" or field.type == "array" and " items" or ""
   if field.min and field.max then
      return number(field.min) .. " to " .. number(field.max) .. unit
   elseif field.min then
      return "at least " .. number(field.min) .. unit
   elseif field.max then
      return "at most " .. number(field.max) .. unit
   end
end

--- "string", "array of object", "integer or string".
---@param field table
---@return string
function M.type_words(field)
   local words = field.type
   if field.type == "array" and field.items then
      words = "array of " .. M.type_words(field.items)
   end
   for _, other in ipairs(field.also or {}) do
      words = words .. " or " .. other
   end
   return words
end

--- What is known of a field beside its type, in words: format, values, range,
-- default.
---@param field table
---@return string[]
function M.facts(field)
   local facts = {}
   if field.format then
      facts[#facts + 1] = field.format
   end
   if field.enum then
      facts[#facts + 1] = "one of " .. table.concat(field.enum, ", ")
   end
   facts[#facts + 1] = M.range(field)
   if field.default ~= nil then
      facts[#facts + 1] = "default " .. core.json_encode(field.default)
   end
   return facts
end

--- Where the documentation tells of it: an address, or the words for one that
-- has none.
---@param row table
---@return string
function M.page(row)
   return row.scope == "gateway" and row.doc or "https://developer.z-api.io/" .. row.doc
end

return M
