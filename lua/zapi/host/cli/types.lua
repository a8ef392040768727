--- The types for editors (LuaCATS): a class for each table of parameters and
-- each reply, a method for each endpoint, and before them the hand-written part
-- in public.lua. `zapibot types` writes them; library/ has a copy.

local core = require "zapi.core"
local catalogue = require "zapi.host.cli.catalogue"
local events = require "zapi.events"

local M = {}

local CLASSES = {instance = "Client", partner = "Partner", gateway = "Gateway"}

local function class_name(row, what)
   local scope = row.scope == "instance" and "" or row.scope .. "."
   return ("zapi.%s.%s%s"):format(what, scope, row.name)
end

local SIMPLE = {
   string = "string", integer = "integer", number = "number", boolean = "boolean",
   any = "any", object = "table", array = "any[]",
}

local function enum_type(field)
   local values = {}
   for i, value in ipairs(field.enum) do
      values[i] = field.type == "string" and core.json_encode(value) or value
   end
   return table.concat(values, "|")
end

-- "a|b" as an element needs brackets around it.
local function listed(type_name)
   return (type_name:find("|", 1, true) and "(" .. type_name .. ")" or type_name) .. "[]"
end

local add_class

-- A file of this machine may stand where media is sent.
local function simple_type(field)
   local media = field.type == "string" and field.format == "media"
   return media and "string|zapi.Media" or SIMPLE[field.type]
end

-- The type of a field; writes the classes that it needs into `out`, under
-- names that begin with `name`.
local function type_of(out, field, name)
   local result
   if field.enum then
      result = enum_type(field)
   elseif field.type == "array" and field.items then
      result = listed(type_of(out, field.items, name))
   elseif field.type == "object" and field.fields and #field.fields > 0 then
      result = add_class(out, name, field.fields)
   elseif field.type == "object" and field.items then
      result = ("table<string, %s>"):format(type_of(out, field.items, name))
   else
      result = simple_type(field)
   end
   for _, other in ipairs(field.also or {}) do
      result = result .. "|" .. SIMPLE[other]
   end
   return result
end

local function field_doc(field)
   local facts = {}
   if field.format then
      facts[#facts + 1] = field.format
   end
   facts[#facts + 1] = catalogue.range(field)
   if field.default ~= nil then
      facts[#facts + 1] = "default " .. core.json_encode(field.default)
   end
   local text = (field.doc or ""):gsub("%s+", " ")
   return #facts > 0 and ("%s (%s)"):format(text, table.concat(facts, ", ")) or text
end

local function field_name(name)
   return name:match "^[%a_][%w_]*$" and name or ("[%s]"):format(core.json_encode(name))
end

function add_class(out, name, fields)
   local lines = {"---@class " .. name}
   for _, field in ipairs(fields) do
      local key = field_name(field.name)
      local mark = field.required and "" or "?"
      local type_name = type_of(out, field, name .. "." .. field.name)
      lines[#lines + 1] = ("---@field %s%s %s %s"):format(key, mark, type_name, field_doc(field))
         :gsub("%s+$", "")
   end
   out[#out + 1] = table.concat(lines, "\n") .. "\n"
   return name
end

-- A row with one required parameter takes it alone.
local function scalar_of(row)
   local found
   for _, field in ipairs(row.params) do
      if field.required then
         if found then
            return nil
         end
         found = field
      end
   end
   local simple = found and found.type ~= "object" and found.type ~= "array"
   return simple and (found.enum and enum_type(found) or SIMPLE[found.type]) or nil
end

local function needs_any(row)
   for _, field in ipairs(row.params) do
      if field.required then
         return true
      end
   end
   return row.body_items ~= nil or row.one_of ~= nil
end

-- The type of the parameters and whether they may be left out; nil for none.
local function params_type(out, row)
   local items = catalogue.elements(row)
   local name = class_name(row, "params")
   if items then
      return listed(type_of(out, items, name)), false
   elseif #row.params == 0 then
      return nil
   end
   local scalar = scalar_of(row)
   local result = add_class(out, name, row.params) .. (scalar and "|" .. scalar or "")
   return result, not needs_any(row)
end

local function reply_type(out, row)
   return row.reply and type_of(out, row.reply, class_name(row, "reply")) or "table"
end

local function add_method(out, row, params, optional, reply)
   local lines = {"--- " .. row.summary, "---", ("--- `%s %s` · %s"):format(row.method, row.path,
      catalogue.page(row))}
   for _, limit in ipairs(row.limits) do
      lines[#lines + 1] = "--- - " .. limit:gsub("%s+", " ")
   end
   if params then
      lines[#lines + 1] = ("---@param params%s %s"):format(optional and "?" or "", params)
   end
   lines[#lines + 1] = ("---@return %s|nil reply"):format(reply)
   lines[#lines + 1] = "---@return zapi.Error|nil err"
   if row.deprecated then
      lines[#lines + 1] = "---@deprecated"
   end
   lines[#lines + 1] = ("function %s:%s(%s) end\n"):format(CLASSES[row.scope], row.name,
      params and "params" or "")
   out[#out + 1] = table.concat(lines, "\n")
end

-- What one step of z:each gives: an item of the list, or of the first list
-- in the reply.
local function item_type(row, reply)
   if row.reply.type == "array" then
      return (reply:gsub("%[%]$", ""))
   end
   for _, field in ipairs(row.reply.fields or {}) do
      if field.type == "array" and field.items then
         return type_of({}, field.items, class_name(row, "reply") .. "." .. field.name)
      end
   end
   return "any"
end

local EACH = [[
--- Goes through all items of an endpoint that gives its list in parts. Throws
--- when a part cannot be had: a list that ends too soon must not look complete.
]]

local COLLECT = [[
--- All items of an endpoint that gives its list in parts, or nil and the error.
]]

local function add_overloads(out, class, paged)
   local each, collect = {}, {}
   for _, p in ipairs(paged) do
      local head = ('---@overload fun(self: zapi.%s, name: "%s", params%s: %s')
         :format(class, p.name, p.optional and "?" or "", p.params)
      each[#each + 1] = ("%s): (fun(): %s)"):format(head, p.item)
      collect[#collect + 1] = ("%s, limit?: integer): (%s[]|nil), (zapi.Error|nil)")
         :format(head, p.item)
   end
   out[#out + 1] = EACH .. table.concat(each, "\n") .. ([[

---@param name string
---@param params? table
---@return fun(): any
function %s:each(name, params) end
]]):format(class)
   out[#out + 1] = COLLECT .. table.concat(collect, "\n") .. ([[

---@param name string
---@param params? table
---@param limit? integer at most so many
---@return any[]|nil items
---@return zapi.Error|nil err
function %s:collect(name, params, limit) end
]]):format(class)
end

local COMMON = [[
--- An endpoint by its name, for names that are data.
---@param name string
---@param params? table
---@return any reply
---@return zapi.Error|nil err
function %s:call(name, params) end

--- An endpoint that is in no table.
---@param request zapi.Request
---@return any reply
---@return zapi.Error|nil err
function %s:request(request) end

--- What a call would send, without sending it. It holds the secrets.
---@param name string
---@param params? table
---@return zapi.BuiltRequest
function %s:build(name, params) end
]]

-- What a client has beside methods.
local FIELDS <const> = {
   Client = "---@field outbox zapi.Outbox what is stored and sent later, by a bot that runs\n",
}

local function add_scope(out, scope)
   local class, paged = CLASSES[scope], {}
   out[#out + 1] = ("---@class zapi.%s\n%slocal %s = {}\n"):format(class, FIELDS[class] or "",
      class)
   out[#out + 1] = COMMON:format(class, class, class)
   for _, row in ipairs(catalogue.rows()) do
      if row.scope == scope then
         local params, optional = params_type(out, row)
         local reply = reply_type(out, row)
         add_method(out, row, params, optional, reply)
         if row.pagination then
            paged[#paged + 1] = {name = row.name, params = params or "table",
               optional = optional or not params, item = item_type(row, reply)}
         end
      end
   end
   if #paged > 0 then
      add_overloads(out, class, paged)
   end
end

local HEAD = [[
---@meta zapi
-- Written by scripts/generate; do not edit. The types of zapibot for editors.

]]

local function add_alias(out, name, values, last)
   local lines = {"---@alias " .. name}
   for _, value in ipairs(values) do
      lines[#lines + 1] = ("---| %s # %s"):format(core.json_encode(value[1]), value[2])
   end
   lines[#lines + 1] = last
   out[#out + 1] = table.concat(lines, "\n") .. "\n"
end

-- The names that bot:on takes and the kinds of errors.
local function aliases()
   local out, names, kinds = {}, {{"*", "every event"}}, {}
   for i, name in ipairs(events.names) do
      names[i + 1] = {name, events.docs[name] or "all of these"}
   end
   add_alias(out, "zapi.event", names,
      "---| string # own.NAME of any message, or raw:NAME with a name of Z-API's own")
   for i, row in ipairs(core.error_kinds()) do
      kinds[i] = {row.kind, row.doc}
   end
   add_alias(out, "zapi.ErrorKind", kinds)
   return table.concat(out, "\n") .. "\n"
end

--- library/zapi.lua
---@return string
function M.library()
   local out = {}
   for _, scope in ipairs(catalogue.scopes) do
      add_scope(out, scope)
   end
   local parts = {
      begin = HEAD,
      events = aliases(),
      endpoints = table.concat(out, "\n"),
   }
   local public = core.asset "zapi/host/cli/public.lua"
   public = public:sub((public:find("---- begin ----\n", 1, true)))
   return (public:gsub("%-%-%-%- (%l+) %-%-%-%-\n", parts))
end

local MODULE = [[
---@meta %s
-- Written by scripts/generate; do not edit.

---@type %s
local M

return M
]]

local CONFIG = [[
{
  "name": "zapibot",
  "words": ["zapi%.", "require.*zapi"],
  "settings": {
    "Lua.runtime.version": "Lua 5.4"
  }
}
]]

--- Every file of the add-on, by its path in the add-on's folder.
---@return table<string, string>
function M.files()
   return {
      ["config.json"] = CONFIG,
      ["library/zapi.lua"] = M.library(),
      ["library/zapi/bot.lua"] = MODULE:format("zapi.bot", "zapi.bot"),
      ["library/zapi/testing.lua"] = MODULE:format("zapi.testing", "zapi.testing"),
   }
end

return M
