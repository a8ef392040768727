--- Users' own routes beside the webhook: payments, shops, health pages. Paths
--- may have parameters: "/pedidos/{id}" gives req.params.id. The core has read
--- the request and runs each one in a task. A durable route stores the request as
--- an event and answers when it is on disk; its handler is a handler of events.
local core = require "zapi.core"
local check = require "zapi.bot.check"

check.ours()

local M = {}
local Router = {}
Router.__index = Router

local methods = {
   GET = true, POST = true, PUT = true, DELETE = true, PATCH = true, OPTIONS = true,
   HEAD = true,
}

local function segments_of(path)
   local list = {}
   for segment in path:gmatch("[^/]+") do list[#list + 1] = segment end
   return list
end

local function parse(path)
   if type(path) ~= "string" or path:sub(1, 1) ~= "/" then
      check.fail("bad path of bot:http ('/…' expected)")
   end
   if path:find("^/webhook/") or path == "/webhook" then
      check.fail("the path '%s' is taken: Z-API's webhooks arrive below /webhook/", path)
   end
   local names, shape = {}, {}
   local segments = segments_of(path)
   for i, segment in ipairs(segments) do
      local name = segment:match("^{([%a_][%w_]*)}$")
      if not name and segment:find("[{}]") then
         check.fail("bad path '%s' ({name} must be a whole part)", path)
      end
      names[i], shape[i] = name or false, name and "{}" or segment
   end
   return segments, names, "/" .. table.concat(shape, "/")
end

local options_of = {verify = "function", durable = "boolean", key = "function", chat = "function"}

local function check_options(options)
   check.options(options, options_of, "bot:http")
   if not options.durable and (options.key or options.chat) then
      check.fail("'key' and 'chat' of bot:http go with durable = true")
   end
end

-- The route of a path; paths that differ in their parameters' names share it.
local function route_of(self, path)
   local segments, names, shape = parse(path)
   local route = self.routes[shape]
   if not route then
      route = {segments = segments, names = names, methods = {}, parameters = 0}
      for _, name in ipairs(names) do
         if name then route.parameters = route.parameters + 1 end
      end
      self.routes[shape] = route
      table.insert(self.list, route)
      -- "/a/b" is tried before "/a/{x}".
      table.sort(self.list, function(a, b) return a.parameters < b.parameters end)
   end
   return route, names
end

--- Adds a route; two for the same method and path are a mistake. Of a durable one
--- the kind of its events and the handler of the event.
---@return string|nil kind, function|nil handler
function Router:add(method, path, options, fn)
   if fn == nil and type(options) == "function" then options, fn = {}, options end
   method, options = tostring(method):upper(), options or {}
   if not methods[method] then check.fail("'%s' is not a method of HTTP", method) end
   check_options(options)
   check.callable(fn, "bot:http")
   local route, names = route_of(self, path)
   if route.methods[method] then
      check.fail("%s %s is there already (%s)", method, path, route.methods[method].where)
   end
   local kind = options.durable and ("http:%s %s"):format(method, path) or nil
   route.methods[method] = {
      fn = fn, verify = options.verify, names = names, where = check.where() or "?",
      kind = kind, key = options.key, chat = options.chat,
   }
   if kind then return kind, M.handler(fn) end
end

-- Parameters, when the path fits.
local function fit(route, segments)
   if #segments ~= #route.segments then return nil end
   for i, segment in ipairs(route.segments) do
      if not route.names[i] and segment ~= segments[i] then return nil end
   end
   return true
end

local function params_of(names, segments)
   local params = {}
   for i, name in ipairs(names) do
      if name then params[name] = segments[i] end
   end
   return params
end

local function allow_of(found)
   local set, list = {}, {}
   for _, route in ipairs(found) do
      for method in pairs(route.methods) do set[method] = true end
   end
   if set.GET then set.HEAD = true end
   for method in pairs(set) do list[#list + 1] = method end
   table.sort(list)
   return table.concat(list, ", ")
end

local function find(self, req, segments)
   local found = {}
   for _, route in ipairs(self.list) do
      if fit(route, segments) then
         local action = route.methods[req.method]
            or req.method == "HEAD" and route.methods.GET
         if action then return action end
         found[#found + 1] = route
      end
   end
   return nil, found
end

-- What a handler may return: status, body, headers; a table is sent as JSON,
-- nothing at all is 204, a text alone is 200.
local function answer(status, body, headers)
   if status == nil and body ~= nil then -- `nil, err`: a success it is not
      error(("a route returned nil and an error: %s"):format(tostring(body)), 0)
   end
   if status == nil then return 204, "" end
   if math.type(status) ~= "integer" then status, body, headers = 200, status, body end
   if type(body) == "table" then
      local given = headers
      headers = {["Content-Type"] = "application/json"}
      for name, value in pairs(given or {}) do headers[name] = value end
      body = core.json_encode(body)
   end
   return status, body, headers
end

-- ---- durable requests ----

-- They were for `verify`, and are no one's business afterwards: what is on disk
-- is shown by commands and copied by backups.
local secret <const> = {
   authorization = true, ["proxy-authorization"] = true, cookie = true,
}

local function payload_of(req)
   local headers = {}
   for name, value in pairs(req.headers or {}) do
      if not secret[name:lower()] then headers[name] = value end
   end
   local stored = {
      method = req.method, path = req.path, query = req.query, params = req.params,
      headers = headers, remote = req.remote,
   }
   if utf8.len(req.body or "") then
      stored.body = req.body
   else
      stored.body64 = core.base64(req.body)
   end
   return core.json_encode(stored)
end

-- Answers when the request is on disk: 202, or 200 to one that was there.
local function accept(bot, action, req)
   local new, err = bot.service:emit {
      kind = action.kind, payload = payload_of(req),
      chat = action.chat and action.chat(req) or nil,
      key = action.key and action.kind .. " " .. tostring(action.key(req)) or nil,
   }
   if new == nil then
      core.log("error", "bot", ("%s was not stored: %s"):format(action.kind, tostring(err)))
      return 503, "nothing can be stored now\n", {["Retry-After"] = "5"}
   end
   return new and 202 or 200, ""
end

--- A handler of events for a durable route: fn(ctx) with ctx.request.
function M.handler(fn)
   return function(ctx)
      local req = {}
      for k, v in pairs(ctx.event) do req[k] = v end
      if req.body64 then req.body, req.body64 = core.from_base64(req.body64), nil end
      req.query, req.params, req.headers = req.query or {}, req.params or {}, req.headers or {}
      ctx.request = req
      fn(ctx)
   end
end

--- Handles a request of the core; nil: no such path.
---@return integer|nil status, string|function|nil body, table|nil headers
function Router:handle(req, bot)
   local segments = segments_of(req.path)
   local action, found = find(self, req, segments)
   if not action then
      if #found == 0 then return nil end
      return 405, "method not allowed\n", {Allow = allow_of(found)}
   end
   req.params = params_of(action.names, segments)
   if action.verify and not action.verify(req) then
      return 401, "unauthorized\n"
   end
   if action.kind then return accept(bot, action, req) end
   return answer(action.fn(req))
end

--- "POST /orders/{}" of each route, whatever its parameters are called: for the
--- front, which knows by them whose request it is.
---@return string[]
function Router:shapes()
   local list = {}
   for shape, route in pairs(self.routes) do
      for method in pairs(route.methods) do list[#list + 1] = method .. " " .. shape end
   end
   table.sort(list)
   return list
end

--- The routes of one bot.
function M.new()
   return setmetatable({routes = {}, list = {}}, Router)
end

return M
