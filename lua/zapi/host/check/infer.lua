--- What a value is, as far as a reader of the script is sure: "module:zapi",
-- "instance", "partner", "gateway" (clients), "bot", "ctx", "outbox". Unsure is nil,
-- and about that the rules are silent. Start reading at M.type_of.

local M = {}

local CLIENTS = {client = "instance", partner = "partner", gateway = "gateway"}

-- Methods that give the bot itself.
local CHAINED = {
   on = true, hears = true, command = true, use = true, catch = true, http = true, timer = true,
   guard = true, session = true, state = true,
}

-- Where the functions among a bot's arguments get a ctx first.
M.HANDLED = {
   on = true, hears = true, command = true, use = true, catch = true, timer = true, state = true,
}

--- The text of a literal, or nil.
function M.literal(node)
   return node and node.tag == "String" and node.value or nil
end

local type_of

local function same_type(nodes, seen)
   local found
   for _, node in ipairs(nodes) do
      local t = type_of(node, seen)
      if not t or found and found ~= t then return nil end
      found = t
   end
   return found
end

-- A parameter is a ctx by what it is given to, or by its name.
local function type_of_variable(var, seen)
   if var.param then
      return (var.param.handles or var.name == "ctx") and #var.values == 1 and "ctx" or nil
   end
   return same_type(var.values, seen)
end

local function type_of_call(node, seen)
   local fn = node.fn
   local name = fn.tag == "Name" and fn.var.global and fn.name
   if name == "require" then
      local module = M.literal(node.args[1])
      return module and "module:" .. module
   elseif name == "assert" then
      return node.args[1] and type_of(node.args[1], seen)
   elseif fn.tag ~= "Index" then
      return nil
   end
   local owner, field = type_of(fn.object, seen), M.literal(fn.key)
   if owner == "module:zapi" then return CLIENTS[field] end
   return owner == "module:zapi.bot" and field == "new" and "bot" or nil
end

local by_tag = {}

function by_tag.Name(node, seen) return type_of_variable(node.var, seen) end
function by_tag.Paren(node, seen) return type_of(node.inner, seen) end
by_tag.Call = type_of_call

function by_tag.Method(node, seen)
   local owner = type_of(node.object, seen)
   if owner == "bot" and CHAINED[node.name] then return "bot" end
   return owner == "ctx" and node.name == "ask" and "ctx" or nil
end

function by_tag.Index(node, seen)
   local owner, field = type_of(node.object, seen), M.literal(node.key)
   if owner == "ctx" and field == "client" then return "instance" end
   return owner == "instance" and field == "outbox" and "outbox" or nil
end

function by_tag.Binary(node, seen)
   if node.op ~= "or" then return nil end
   return same_type({node.left, node.right}, seen)
end

function type_of(node, seen)
   if node.type ~= nil then return node.type or nil end
   local look = by_tag[node.tag]
   if not look or seen[node] then return nil end
   seen[node] = true
   node.type = look(node, seen) or false
   return node.type or nil
end

--- The type of an expression, or nil.
---@param node table
---@return string|nil
function M.type_of(node) return type_of(node, {}) end

-- The function that an expression is: written there, or a name of one.
local function function_of(node)
   if node.tag == "Function" then return node end
   local var = node.tag == "Name" and node.var
   local value = var and #var.values == 1 and var.values[1]
   return value and value.tag == "Function" and value or nil
end

local function mark(node)
   local fn = function_of(node)
   if fn then fn.handles = true end
   for _, item in ipairs(node.tag == "Table" and node.items or {}) do mark(item.value) end
end

--- Notes which functions are handlers, so that their first parameter is a ctx. To be
--- called for every node before anything is asked.
---@param node table
function M.note_handlers(node)
   if node.tag ~= "Method" or not M.HANDLED[node.name] then return end
   if M.type_of(node.object) ~= "bot" then return end
   for _, arg in ipairs(node.args) do mark(arg) end
end

return M
