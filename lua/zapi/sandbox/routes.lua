--- From method and path to the row of the table of endpoints. Every endpoint is
--- here, because the table has them all; a module only says what it does.
local core = require "zapi.core"

local M = {}

local Router = {}
Router.__index = Router

local function split(path)
   local parts = {}
   for part in path:gmatch("/([^/]*)") do parts[#parts + 1] = part end
   return parts
end

---@class zapi.sandbox.Route
---@field row table of zapi.endpoints
---@field run? fun(sandbox, params, req): integer, any, function|nil

local function add(self, row, method, path, run)
   local parts, literals = split(path), 0
   for _, part in ipairs(parts) do
      if not part:find("^{") then literals = literals + 1 end
   end
   local list = self[#parts] or {}
   self[#parts] = list
   list[#list + 1] = {
      row = row, method = method, run = run, parts = parts, literals = literals, n = #list,
   }
end

local function sort(self)
   for _, list in pairs(self) do
      table.sort(list, function(a, b)
         if a.literals ~= b.literals then return a.literals > b.literals end
         return a.n < b.n
      end)
   end
end

--- A router for some rows of the table. `handlers` is path -> method -> function.
---@param rows table[]
---@param handlers table<string, table<string, function>>
function M.new(rows, handlers)
   local self, used = setmetatable({}, Router), {}
   for _, row in ipairs(rows) do
      local run = handlers[row.path] and handlers[row.path][row.method]
      used[row.method .. row.path] = true
      add(self, row, row.method, row.path, run)
      for _, alias in ipairs(row.aliases) do add(self, row, row.method, alias, run) end
      for _, method in ipairs(row.methods or {}) do add(self, row, method, row.path, run) end
   end
   for path, methods in pairs(handlers) do
      for method in pairs(methods) do
         if not used[method .. path] then error(("no endpoint %s %s"):format(method, path)) end
      end
   end
   sort(self)
   return self
end

--- Rows of the table for which `test` holds.
function M.rows(test)
   local out = {}
   for _, row in ipairs(core.endpoints()) do
      if test(row) then out[#out + 1] = row end
   end
   return out
end

local function match(wanted, given)
   local params = {}
   for i, part in ipairs(wanted) do
      local name = part:match("^{(.*)}$")
      if not name and part ~= given[i] or name and given[i] == "" then return nil end
      if name then params[name] = given[i] end
   end
   return params
end

--- The route of a request, and the parameters in its path. A path that exists
--- with other methods only gives nil and true.
---@return zapi.sandbox.Route|nil, table|boolean
function Router:find(method, path)
   local given, elsewhere = split(path), false
   for _, route in ipairs(self[#given] or {}) do
      local params = match(route.parts, given)
      if params and route.method == method then return route, params end
      elsewhere = elsewhere or params ~= nil
   end
   return nil, elsewhere
end

return M
