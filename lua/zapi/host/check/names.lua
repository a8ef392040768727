--- Two kinds of misspelt names that Lua takes without a word: a field of ctx is nil
-- then (so `if ctx.is_grup` never holds), and a timer or a state of that name is found
-- missing when a customer comes to it. Only a name that is nearly one of ours is
-- reported: other files of a script may add theirs. Start reading at M.look.

local infer = require "zapi.host.check.infer"
local known = require "zapi.host.check.known"
local parser = require "zapi.host.check.parser"

local M = {}

-- ---- ctx.is_grup -----------------------------------------------------------

local function check_field(report, node, own)
   local name = infer.literal(node.key)
   if not name or own[name] or infer.type_of(node.object) ~= "ctx" then return end
   local fields, methods = known.fields_of_ctx(), known.methods "ctx"
   if fields[name] or methods[name] ~= nil then return end
   local hint, near = known.hint(name, known.names(fields))
   if near then report(node.key, "field", "ctx has no field '%s'%s", name, hint) end
end

-- ---- names of timers and states --------------------------------------------

-- Where a name is given, and where it is used: the place among the arguments.
local GIVEN = {timer = "timer", state = "state"}
local USED = {
   bot = {at = {"timer", 2}, every = {"timer", 1}, cron = {"timer", 1}},
   ctx = {enter = {"state", 1}},
}

-- The names that the script registers, by kind; {} of those with a computed one.
local function names_given(tree)
   local given = {timer = {}, state = {}}
   parser.walk(tree.body, function(node)
      local kind = node.tag == "Method" and GIVEN[node.name]
      if not kind or infer.type_of(node.object) ~= "bot" then return end
      local name = infer.literal(node.args[1])
      if name then given[kind][name] = true else given[kind].computed = true end
   end)
   for kind, names in pairs(given) do
      if names.computed then given[kind] = {} end
   end
   return given
end

local function check_use(report, node, given)
   local uses = USED[infer.type_of(node.object) or ""]
   local use = uses and uses[node.name]
   local arg = use and node.args[use[2]]
   local name, names = infer.literal(arg), use and given[use[1]]
   if not name or names[name] then return end
   local hint, near = known.hint(name, known.names(names))
   if near then report(arg, "name", "no %s '%s' is registered%s", use[1], name, hint) end
end

--- Looks at a tree whose types are known.
---@param tree table of the parser
---@param report fun(node: table, code: string, format: string, ...: any)
---@param own table<string, boolean> fields that the script itself sets
function M.look(tree, report, own)
   local given = names_given(tree)
   parser.walk(tree.body, function(node)
      if node.tag == "Index" then
         check_field(report, node, own)
      elseif node.tag == "Method" then
         check_use(report, node, given)
      end
   end)
end

return M
