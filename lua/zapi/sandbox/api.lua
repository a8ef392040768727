--- Z-API's side of the sandbox: every endpoint of the table, below an instance's
--- path or at the root (partners, the gateway). Statuses and error bodies are
--- those that integrations have seen; where the documents are silent the answer
--- is a 400 that names the field. What no module answers gets the documented
--- reply. Start reading at `handle`.
local core = require "zapi.core"
local check = require "zapi.sandbox.check"
local gateway = require "zapi.sandbox.gateway"
local multipart = require "zapi.sandbox.multipart"
local others = require "zapi.sandbox.others"
local partner = require "zapi.sandbox.partner"
local routes = require "zapi.sandbox.routes"

local M = {}

local NOT_FOUND <const> = {
   error = "NOT_FOUND", message = "Unable to find matching target resource method",
}

-- ---- routing ---------------------------------------------------------------

local function is_below(path) return path:find("^/instances") == nil and not path:find("^/api/") end

--- path -> method -> function, of all modules; one half for each router.
local function handlers(below)
   local out = {}
   for _, name in ipairs {
      "sends", "settings", "groups", "catalog", "orders", "contacts", "partner", "gateway",
   } do
      for path, methods in pairs(require("zapi.sandbox." .. name).routes) do
         if is_below(path) == below then
            out[path] = out[path] or {}
            for method, run in pairs(methods) do out[path][method] = run end
         end
      end
   end
   return out
end

local instance_router = routes.new(
   routes.rows(function(row) return not row.host_root end), handlers(true))
local root_router = routes.new(routes.rows(function(row) return row.host_root end), handlers(false))

-- ---- who may call ----------------------------------------------------------

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
   local own = id == world.instance and core.equal(token, world.token)
   if not own and not partner.find(sandbox, id, token) then
      return 400, { error = "Instance not found" }
   end
end

local function refuse_partner(sandbox, id, token, headers)
   local status, problem = partner.refuse(sandbox, headers)
   if status then return status, problem end
   if id and not partner.find(sandbox, id, token) then
      return 400, { error = "Instance not found" }
   end
end

-- ---- parameters ------------------------------------------------------------

local function read_form(req)
   local form = multipart.parse(req.body or "", req.headers["content-type"] or "")
   if not form then return nil, 400, { error = "Invalid request body" } end
   return form
end

local function read_body(req, row)
   if row.body == "multipart" then return read_form(req) end
   if req.method == "GET" or req.method == "DELETE" and not row.body then return {} end
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

-- A form's files are no text for a journal.
local function loggable(body)
   local copy = setmetatable({}, getmetatable(body))
   for k, v in pairs(body) do
      copy[k] = type(v) == "table" and v.bytes and ("%s, %d bytes"):format(v.filename, #v.bytes)
         or v
   end
   return copy
end

--- What a checked call does.
local function perform(sandbox, route, params)
   if route.run then return route.run(sandbox, params) end
   if others.sends(route.row) then return others.run(sandbox, route.row, params) end
   return check.example(route.row)
end

local function answer(sandbox, req, route, in_path, entry, context)
   local body, status, problem = read_body(req, route.row)
   if not body then return status, problem end
   entry.request = loggable(body)
   local params = route.row.body == "array" and body or merged(req.query or {}, body, in_path)
   local wrong = check.params(route.row, params)
   if wrong then return 400, { error = wrong } end
   if context.unlinked then return partner.unlinked(sandbox, context.unlinked, route.row) end
   params.instance_id, params.instance_token = context.instance_id, context.instance_token
   return perform(sandbox, route, params)
end

--- Calls an endpoint from inside: the gateway sends so.
---@param path string as in the table
function M.run(sandbox, method, path, params)
   local route = instance_router:find(method, path)
   return perform(sandbox, route, params)
end

-- ---- one call --------------------------------------------------------------

local function no_route(elsewhere)
   if elsewhere then return 405, { error = "Method Not Allowed" } end
   return 404, NOT_FOUND
end

-- What a partner's call and a call to a partner's instance know beside params.
local function context_of(sandbox, route, id, token)
   if route.row.scope == "partner" then return { instance_id = id, instance_token = token } end
   return { unlinked = id ~= sandbox.instance and partner.find(sandbox, id, token) or nil }
end

local function below_instance(sandbox, req, id, token, path, entry)
   local route, found = instance_router:find(req.method, path)
   local check_secrets = route and route.row.scope == "partner" and refuse_partner or refuse
   local status, problem = check_secrets(sandbox, id, token, req.headers)
   if status then return status, problem end
   if not route then return no_route(found) end
   return answer(sandbox, req, route, found, entry, context_of(sandbox, route, id, token))
end

local function at_root(sandbox, req, entry)
   local route, found = root_router:find(req.method, req.path)
   if not route then return no_route(found) end
   local status, problem
   if route.row.scope == "partner" then
      status, problem = refuse_partner(sandbox, nil, nil, req.headers)
   else
      status, problem = gateway.refuse(sandbox, req.headers, route.row)
   end
   if status then return status, problem end
   return answer(sandbox, req, route, found, entry, {})
end

--- Is this path one of the API's?
function M.is_api(path)
   return path:find("^/instances") ~= nil or path:find("^/api/") ~= nil
end

--- One call of the bot. The journal has it before its answer is sent.
---@return integer status, string body, table headers
function M.handle(sandbox, req)
   local id, token, path = req.path:match("^/instances/([^/]*)/token/([^/]*)(/.*)$")
   local entry = { direction = "call", method = req.method, path = path or req.path }
   local status, reply, after
   if id then
      status, reply, after = below_instance(sandbox, req, id, token, path, entry)
   else
      status, reply, after = at_root(sandbox, req, entry)
   end
   entry.status, entry.reply = status, reply
   entry.query = next(req.query or {}) and req.query or nil
   sandbox.log:add(entry)
   if after then after() end
   local text = reply ~= nil and core.json_encode(reply) or ""
   return status, text, { ["Content-Type"] = "application/json" }
end

return M
