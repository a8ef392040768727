--- What there is to be known of the public names: asked of the modules themselves,
-- so that nothing here has to be kept up to date.

local core = require "zapi.core"
local catalogue = require "zapi.host.cli.catalogue"

local M = {}

local function set_of(list)
   local set = {}
   for _, name in ipairs(list) do set[name] = true end
   return set
end

--- The names of a set, sorted.
---@param set table<string, any>
---@return string[]
function M.names(set)
   local names = {}
   for name in pairs(set) do
      if type(name) == "string" and name:sub(1, 1) ~= "_" then names[#names + 1] = name end
   end
   table.sort(names)
   return names
end

--- "; did you mean 'x'?", or "".
---@param name string
---@param names string[]
---@return string text, string|nil near
function M.hint(name, names)
   local near = core.nearest(name, names)
   return near and ("; did you mean '%s'?"):format(near) or "", near
end

--- The standard library of this very Lua.
M.globals = {}
for name in pairs(_G) do M.globals[name] = true end

--- Those of busted, in a file that is named as its specs are.
M.spec_globals = set_of {
   "describe", "context", "it", "spec", "test", "pending", "insulate", "expose", "setup",
   "teardown", "strict_setup", "strict_teardown", "lazy_setup", "lazy_teardown", "before_each",
   "after_each", "finally", "randomize", "mock", "spy", "stub", "async", "done",
}

-- ---- endpoints -------------------------------------------------------------

local rows = {}

for _, row in ipairs(catalogue.rows()) do
   rows[row.scope] = rows[row.scope] or {}
   rows[row.scope][row.name] = row
end

--- The row of an endpoint of a scope, or nil.
---@param scope string
---@param name string
---@return table|nil
function M.row(scope, name) return rows[scope][name] end

---@param scope string
---@return string[]
function M.endpoints(scope) return M.names(rows[scope]) end

-- ---- methods ---------------------------------------------------------------

local function methods_of_client(scope)
   local set = {}
   for name in pairs(rows[scope]) do set[name] = true end
   for name in pairs(core.methods[scope]) do set[name] = true end
   set.instance = true
   set.outbox = scope == "instance" or nil
   return set
end

local makers = {
   instance = function() return methods_of_client "instance" end,
   partner = function() return methods_of_client "partner" end,
   gateway = function() return methods_of_client "gateway" end,
   ctx = function() return require("zapi.bot.ctx").methods end,
   bot = function() return require("zapi.bot").methods end,
   ["module:zapi"] = function()
      local zapi, set = require "zapi", {endpoints = true}
      for name in pairs(zapi) do set[name] = true end
      for name in pairs(zapi.lazy) do set[name] = true end
      return set
   end,
   outbox = function() return getmetatable(require("zapi.bot.outbox").new()).__index end,
}

local made = {}

--- The names that a value of this type has, or nil when it is not known.
---@param type_name string "ctx", "bot", "instance", "module:zapi", …
---@return table<string, any>|nil
function M.methods(type_name)
   if made[type_name] == nil and makers[type_name] then made[type_name] = makers[type_name]() end
   return made[type_name]
end

-- ---- messages, events ------------------------------------------------------

--- The fields of what ctx:reply takes.
---@return table<string, any>
function M.message() return require("zapi.bot.message").keys end

--- The fields of a ctx.
---@return table<string, any>
function M.fields_of_ctx() return require("zapi.bot.ctx").fields end

local options_of = {
   ["ctx:ask"] = function() return require("zapi.bot.answer").options end,
   ["ctx:menu"] = function() return require("zapi.bot.menu").options end,
   ["z.outbox:send"] = function() return require("zapi.bot.outbox").options end,
   ["bot:at"] = function() return require("zapi.bot.timers").options end,
}

--- The options of a method that runs when a customer comes to it.
---@param method string "ctx:ask"
---@return table<string, any>
function M.options(method) return options_of[method]() end

--- The fields of a filter of bot:on.
---@return table<string, any>
function M.filter() return require("zapi.bot.filter").keys end

--- Why this is no name of an event, or nil.
---@param name string
---@return string|nil
function M.wrong_event(name) return require("zapi.bot.filter").wrong(name) end

--- What configuration each kind of client needs.
M.needs = {
   instance = {"ZAPI_INSTANCE_ID", "ZAPI_TOKEN"},
   partner = {"ZAPI_PARTNER_TOKEN"},
   gateway = {"ZAPI_GATEWAY_URL", "ZAPI_GATEWAY_API_KEY", "ZAPI_GATEWAY_SYSTEM_ID"},
}

--- The fields that give them in a script instead.
M.credentials = {
   instance = set_of {"instance", "token", "client_token"},
   partner = set_of {"token"},
   gateway = set_of {"url", "api_key", "system_id"},
}

return M
