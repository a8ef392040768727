--- What can be seen to be wrong in a script without running it. Each rule gets a
-- node and says what it has found by report(node, code, text). Where a reader
-- would not be sure, a rule is silent: a false alarm in a pre-commit hook costs
-- more than a finding. Start reading at M.look.

local unsaid = require "zapi.host.check.names"
local infer = require "zapi.host.check.infer"
local known = require "zapi.host.check.known"
local parser = require "zapi.host.check.parser"

local M = {}

local SCOPES = {instance = "zapi.client", partner = "zapi.partner", gateway = "zapi.gateway"}
local WHAT = {ctx = "ctx", bot = "a bot", outbox = "an outbox", ["module:zapi"] = "zapi"}

-- ---- names -----------------------------------------------------------------

local function check_globals(tree, report, more)
   if tree.own_env then return end -- then anything may be meant by a name
   local near = known.names(known.globals)
   for name, var in pairs(tree.globals) do
      if #var.values > 0 then near[#near + 1] = name end
   end
   for name, var in pairs(tree.globals) do
      if #var.values == 0 and not known.globals[name] and not more[name] then
         for _, use in ipairs(var.uses) do
            report(use, "global", "the global '%s' is not defined%s", name,
               (known.hint(name, near)))
         end
      end
   end
end

-- Fields that the script itself gives to something: bot.shop = …, function bot:x().
local function own_fields(tree)
   local own = {}
   parser.walk(tree.body, function(node)
      for _, target in ipairs(node.tag == "Set" and node.targets or {}) do
         local name = target.tag == "Index" and infer.literal(target.key)
         if name then own[name] = true end
      end
   end)
   return own
end

-- ---- parameters of endpoints -----------------------------------------------

local check_object

-- The field's own table, and what it holds, as far as it is written here.
local function check_value(look, field, value, path)
   if value.tag ~= "Table" then return end
   if field.type == "object" and field.fields and #field.fields > 0 then
      check_object(look, field.fields, value, path .. ".")
   elseif field.type == "array" and field.items then
      for i, item in ipairs(value.items) do
         if not item.key then
            check_value(look, field.items, item.value, ("%s[%d]"):format(path, i))
         end
      end
   end
end

-- The literal keys of a table by name; nil when a key is computed.
local function keys_of(value)
   local keys = {}
   for _, item in ipairs(value.items) do
      local name = infer.literal(item.key)
      if not name then return nil end
      keys[name] = item
   end
   return keys
end

-- What was meant by a misspelt key is not missing as well.
local function check_given(look, fields, value, path)
   local names, by_name, meant = {}, {}, {}
   for i, field in ipairs(fields) do names[i], by_name[field.name] = field.name, field end
   for _, item in ipairs(value.items) do
      local name = infer.literal(item.key)
      if name and not by_name[name] then
         local hint, near = known.hint(name, names)
         meant[near or ""] = true
         look.report(item.key, "parameter", "'%s%s' is not a parameter of %s%s", path, name,
            look.endpoint, hint)
      elseif name then
         check_value(look, by_name[name], item.value, path .. name)
      end
   end
   return meant
end

-- The extension of a document is taken from a file (zapi.media.file).
local function may_be_left_out(field) return not field.required or field.name == "extension" end

function check_object(look, fields, value, path)
   local meant = check_given(look, fields, value, path)
   local keys = keys_of(value)
   for _, field in ipairs(fields) do
      if keys and not may_be_left_out(field) and not keys[field.name] and not meant[field.name] then
         look.report(value, "parameter", "the parameter '%s%s' of %s is missing", path,
            field.name, look.endpoint)
      end
   end
end

local function check_parameters(report, row, params)
   if not params or params.tag ~= "Table" then return end
   local look = {report = report, endpoint = row.name}
   if row.body == "array" and row.body_items then
      return check_value(look, {type = "array", items = row.body_items}, params, "")
   end
   check_object(look, row.params, params, "")
end

local function check_endpoint(report, node, scope, name, params)
   local row = known.row(scope, name)
   if row then return check_parameters(report, row, params) end
   report(node, "endpoint", "%s has no endpoint '%s'%s", SCOPES[scope], name,
      (known.hint(name, known.endpoints(scope))))
end

-- Methods that take an endpoint's name.
local NAMED = {call = true, build = true, each = true, collect = true}

-- ---- methods ---------------------------------------------------------------

local methods = {}

local function client_method(scope)
   return function(report, node)
      local name = infer.literal(node.args[1])
      if NAMED[node.name] then
         if name then check_endpoint(report, node.args[1], scope, name, node.args[2]) end
      elseif known.row(scope, node.name) then
         check_parameters(report, known.row(scope, node.name), node.args[1])
      end
   end
end

for scope in pairs(SCOPES) do methods[scope] = client_method(scope) end

-- The keys of a table that is written where a fixed set of keys is taken.
local function check_keys(report, value, allowed, what)
   if not value or value.tag ~= "Table" then return end
   for _, item in ipairs(value.items) do
      local name = infer.literal(item.key)
      if name and not allowed[name] then
         report(item.key, "field", "'%s' is not an option of %s%s", name, what,
            (known.hint(name, known.names(allowed))))
      end
   end
end

local function check_options(report, value, method)
   check_keys(report, value, known.options(method), method)
end

function methods.outbox(report, node)
   if node.name ~= "send" then return end
   local name = infer.literal(node.args[1])
   if name then check_endpoint(report, node.args[1], "instance", name, node.args[2]) end
   check_options(report, node.args[3], "z.outbox:send")
end

local MESSAGES = {reply = true, send = true, ask = true}

function methods.ctx(report, node)
   if MESSAGES[node.name] then
      check_keys(report, node.args[1], known.message(), "a message")
   end
   if node.name == "ask" then check_options(report, node.args[2], "ctx:ask") end
   if node.name == "menu" then check_options(report, node.args[3], "ctx:menu") end
end

local function check_event(report, node)
   local name = infer.literal(node)
   local why = name and known.wrong_event(name)
   if why then report(node, "event", "%s", why) end
end

local function check_events(report, what)
   if what.tag ~= "Table" then return check_event(report, what) end
   local filter = false
   for _, item in ipairs(what.items) do
      local key = infer.literal(item.key)
      filter = filter or item.key ~= nil
      if key == "kind" then
         check_events(report, item.value)
      elseif not item.key then
         check_event(report, item.value)
      end
   end
   if filter then check_keys(report, what, known.filter(), "the filter") end
end

function methods.bot(report, node)
   if node.name == "on" and node.args[1] then check_events(report, node.args[1]) end
   if node.name == "at" then check_options(report, node.args[4], "bot:at") end
end

-- Other files of a script may give methods to a ctx or a bot: those are left alone
-- unless their name is nearly one of ours.
local OPEN = {ctx = true, bot = true}

local function unknown_method(report, node, type_name, name, own)
   local set = known.methods(type_name)
   if not set or set[name] ~= nil or own[name] then return false end
   local hint, near = known.hint(name, known.names(set))
   if SCOPES[type_name] then
      report(node, "endpoint", "%s has no endpoint '%s'%s", SCOPES[type_name], name, hint)
   elseif near or not OPEN[type_name] then
      report(node, "method", "%s has no %s'%s'%s", WHAT[type_name],
         type_name == "module:zapi" and "" or "method ", name, hint)
   end
   return true
end

local function check_method(report, node, own)
   local owner = infer.type_of(node.object)
   if not owner then return end
   if owner == "module:zapi" then
      return report(node, "colon", "call it with a dot: zapi.%s(…)", node.name)
   end
   if unknown_method(report, node, owner, node.name, own) then return end
   if methods[owner] then methods[owner](report, node) end
end

-- ---- a dot where a colon belongs -------------------------------------------

-- ctx.reply(ctx, "…") is right, if unusual.
local function is_given(object, args)
   local first = args[1]
   return first ~= nil and first.tag == "Name" and object.tag == "Name" and first.var == object.var
end

-- How the owner of a method is written: "ctx", or "ctx.client".
local function written(object)
   if object.tag == "Name" then return object.name end
   local name = object.tag == "Index" and infer.literal(object.key)
   return name and written(object.object) .. "." .. name or "…"
end

local function has_method(type_name, name)
   local set = known.methods(type_name)
   if not set or set[name] == nil or name == "instance" then return false end
   return type(set[name]) == "function" or SCOPES[type_name] ~= nil and name ~= "outbox"
end

local function check_dot(report, node, own)
   local fn = node.fn
   local name = fn.tag == "Index" and infer.literal(fn.key)
   local owner = name and infer.type_of(fn.object)
   if not owner then return end
   if owner == "module:zapi" then
      unknown_method(report, fn, owner, name, own)
   elseif has_method(owner, name) and not own[name] and not is_given(fn.object, node.args) then
      report(fn, "colon", "call it with a colon: %s:%s(…)", written(fn.object), name)
   end
end

-- ---- the whole script ------------------------------------------------------

-- What a bot is given to, beyond its own methods and fields, may run it.
local function is_own_use(node, parent)
   if not parent then return false end
   return (parent.tag == "Method" or parent.tag == "Index") and parent.object == node
end

local function is_ours(call)
   local fn = call.fn
   while fn and (fn.tag == "Index" or fn.tag == "Paren" or fn.tag == "Call") do
      local t = infer.type_of(fn)
      if t and t:find "^module:zapi" then return true end
      fn = fn.object or fn.inner or fn.fn
   end
   local t = fn and infer.type_of(fn)
   return t ~= nil and t:find "^module:zapi" ~= nil
end

-- Handing a bot to a part of zapi (a kit) runs nothing.
local function given_to_ours(parent)
   return parent ~= nil and parent.tag == "Call" and is_ours(parent)
end

local function note_bot_use(found, node, parent)
   if node.tag == "Method" then
      if infer.HANDLED[node.name] then found.registers = found.registers or node end
      found.runs = found.runs or node.name == "run" or node.name == "_run"
   elseif not is_own_use(node, parent) and not given_to_ours(parent) then
      found.escapes = true
   end
end

local function declares(parent, node)
   if not parent or not (parent.tag == "Local" or parent.tag == "Set") then return false end
   for _, value in ipairs(parent.values) do
      if value == node then return parent.tag == "Local" or parent.targets[1].tag == "Name" end
   end
   for _, target in ipairs(parent.targets or {}) do
      if target == node then return true end
   end
   return false
end

local function check_run(tree, report)
   local found = {}
   parser.walk(tree.body, function(node, parent)
      if node.tag == "Method" and infer.type_of(node.object) == "bot" then
         note_bot_use(found, node, parent)
      elseif node.tag == "Index" and infer.literal(node.key) == "run"
         and infer.type_of(node.object) == "bot" then
         found.runs = true -- with a dot: another rule says so
      elseif (node.tag == "Name" or node.tag == "Call") and infer.type_of(node) == "bot"
         and not declares(parent, node) and parent and parent.tag ~= "Expression" then
         note_bot_use(found, node, parent)
      end
   end)
   if found.registers and not found.runs and not found.escapes then
      report(found.registers, "run", "handlers are registered, but bot:run() is never called")
   end
end

-- Does a table of options, written in the call, give one of these? One that is
-- computed may.
local function gives(options, names)
   if not options then return false end
   local keys = options.tag == "Table" and keys_of(options)
   if not keys then return true end
   for name in pairs(names) do
      if keys[name] then return true end
   end
   return false
end

local CLIENTS = {client = true, clients = true}

--- What the script's clients need of the configuration: by scope the node that
--- needs it; and the node that makes a bot.
---@param tree table
---@return table<string, table> needed, table|nil bot
function M.clients(tree)
   local needed, bot, has_client = {}, nil, false
   parser.walk(tree.body, function(node)
      local t = node.tag == "Call" and infer.type_of(node)
      if not t then return end
      if known.needs[t] then
         has_client = has_client or t == "instance"
         if not gives(node.args[1], known.credentials[t]) then needed[t] = needed[t] or node end
      elseif t == "bot" then
         bot, has_client = bot or node, has_client or gives(node.args[1], CLIENTS)
      end
   end)
   if bot and not has_client then needed.instance = bot end
   return needed, bot
end

--- Looks at a tree; findings go to report(node, code, format, …).
---@param tree table of the parser
---@param report fun(node: table, code: string, format: string, ...: any)
---@param globals table<string, boolean> more names that are defined
function M.look(tree, report, globals)
   parser.walk(tree.body, infer.note_handlers)
   local own = own_fields(tree)
   check_globals(tree, report, globals)
   parser.walk(tree.body, function(node)
      if node.tag == "Method" then
         check_method(report, node, own)
      elseif node.tag == "Call" then
         check_dot(report, node, own)
      end
   end)
   unsaid.look(tree, report, own)
   check_run(tree, report)
end

return M
