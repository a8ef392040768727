--- Z-API's side of the sandbox: what is below /instances/{id}/token/{token}.
--- Statuses and error bodies are those that integrations have seen; where the
--- documents are silent the answer is a 400 that names the field.
local core = require "zapi.core"
local sends = require "zapi.sandbox.sends"
local settings = require "zapi.sandbox.settings"

local M = {}

local NOT_FOUND <const> = {
   error = "NOT_FOUND", message = "Unable to find matching target resource method",
}

--- path -> method -> {needs = {name = type}, run = function(sandbox, params)}
local exact, patterns = {}, {}

for path, methods in pairs(sends.routes) do exact[path] = methods end
for path, methods in pairs(settings.routes) do exact[path] = methods end
for path, methods in pairs(exact) do
   local name = path:match("{(%w+)}$")
   if name then
      patterns[#patterns + 1] = {
         prefix = path:gsub("{%w+}$", ""), name = name, methods = methods,
      }
   end
end

local function find_route(path)
   if exact[path] then return exact[path], {} end
   for _, p in ipairs(patterns) do
      local rest = path:sub(#p.prefix + 1)
      if path:sub(1, #p.prefix) == p.prefix and rest ~= "" and not rest:find("/", 1, true) then
         return p.methods, { [p.name] = rest }
      end
   end
end

local function is_a(value, wanted)
   if wanted == "string" then
      return type(value) == "number" or type(value) == "string" and value:find("%S") ~= nil
   end
   return type(value) == wanted
end

local function first_wrong(needs, params)
   for _, need in ipairs(needs or {}) do
      local name, wanted = need[1], need[2]
      if params[name] == nil then return ("%s is required"):format(name) end
      if not is_a(params[name], wanted) then
         local what = wanted == "table" and "an object or a list" or "a " .. wanted
         return ("%s must be %s that is not empty"):format(name, what)
      end
   end
end

--- Both secrets, as Z-API checks them.
local function refuse(sandbox, id, token, headers)
   local given = headers["client-token"]
   if not given or given == "" then
      return 400, { error = "your client-token is not configured" }
   end
   if not core.equal(given, sandbox.client_token) then
      return 403, { error = "Client-Token not allowed" }
   end
   local world = sandbox.world
   if id ~= world.instance or not core.equal(token, world.token) then
      return 400, { error = "Instance not found" }
   end
end

local function read_body(req)
   if req.method == "GET" or req.method == "DELETE" then return {} end
   local kind = req.headers["content-type"] or ""
   if not kind:lower():find("^application/json") then
      return nil, 415, { error = "Unsupported Media Type" }
   end
   if (req.body or "") == "" then return {} end
   local body = core.json_decode(req.body)
   if type(body) ~= "table" then return nil, 400, { error = "Invalid request body" } end
   return body
end

local function merged(...)
   local out = {}
   for _, t in ipairs { ... } do
      for k, v in pairs(t) do out[k] = v end
   end
   return out
end

local function answer(sandbox, req, path, entry)
   local methods, in_path = find_route(path)
   if not methods then return 404, NOT_FOUND end
   local route = methods[req.method]
   if not route then return 405, { error = "Method Not Allowed" } end
   local body, status, problem = read_body(req)
   if not body then return status, problem end
   entry.request = body
   local params = merged(req.query or {}, body, in_path)
   local wrong = first_wrong(route.needs, params)
   if wrong then return 400, { error = wrong } end
   return route.run(sandbox, params)
end

--- One call of the bot. The journal has it before its answer is sent.
---@return integer status, string body, table headers
function M.handle(sandbox, req)
   local id, token, path = req.path:match("^/instances/([^/]*)/token/([^/]*)(/.*)$")
   local entry = { direction = "call", method = req.method, path = path }
   local status, reply, after = refuse(sandbox, id, token, req.headers)
   if not status then status, reply, after = answer(sandbox, req, path, entry) end
   entry.status, entry.reply = status, reply
   entry.query = next(req.query or {}) and req.query or nil
   sandbox.log:add(entry)
   if after then after() end
   local text = reply ~= nil and core.json_encode(reply) or ""
   return status, text, { ["Content-Type"] = "application/json" }
end

return M
