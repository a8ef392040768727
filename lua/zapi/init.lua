--- The public module: `local zapi = require "zapi"`.
--
-- A thin layer over zapi.core (C, src/lua): names, defaults and the choice of
-- credentials. Calls that wait suspend the task they run in; from the main
-- chunk of plain Lua they drive the loop themselves.

local core = require "zapi.core"

---@class zapi
local M = {
   _VERSION = core.version,
   null = core.null, -- for sending a JSON null; equals cjson.null
   array = core.array,
   is_error = core.is_error,
   error = core.error,
   spawn = core.spawn,
   sleep = core.sleep,
   after = core.after,
   interval = core.interval,
   now = core.now,
   run = core.run,
   stop = core.stop,
   fd = core.fd,
   timeout = core.timeout,
   step = core.step,
}

--- JSON with Lua's expectations: null is absent, integers are exact, an empty
-- array that was decoded or marked with zapi.array is written as `[]`.
M.json = {
   null = core.null,
   array = core.array,
   encode = core.json_encode,
   decode = core.json_decode,
}

M.http = {
   request = core.http_request,
   serve = core.serve,
}

-- ---- credentials ---------------------------------------------------------

local HOSTS = {
   zapi = "https://api.z-api.io",
   plugzapi = "https://api.plugzapi.com.br",
}

local CLIENT_FIELDS = {
   "instance", "token", "client_token", "base_url", "host", "timeout",
}
local KNOWN = {}
for _, name in ipairs(CLIENT_FIELDS) do
   KNOWN[name] = true
end

local function check_options(options, level)
   for name in pairs(options) do
      if not KNOWN[name] then
         local near = type(name) == "string" and core.nearest(name, CLIENT_FIELDS)
         error(("'%s' is not an option of zapi.client%s"):format(tostring(name),
            near and ("; did you mean '" .. near .. "'?") or ""), level + 1)
      end
   end
end

-- Fields of the script, or the environment: never a mixture, because the
-- token of one instance with the id of another is the commonest mistake.
local function credentials(options, level)
   local c, where = options, "zapi.client{…}"
   if not (c.instance or c.token or c.client_token) then
      where = "the environment"
      c = {
         instance = core.getenv "ZAPI_INSTANCE_ID",
         token = core.getenv "ZAPI_TOKEN",
         client_token = core.getenv "ZAPI_CLIENT_TOKEN",
      }
      if not (c.instance or c.token) then
         error("no credentials: set ZAPI_INSTANCE_ID and ZAPI_TOKEN (and "
            .. "ZAPI_CLIENT_TOKEN), or give instance= and token= to zapi.client",
            level + 1)
      end
   end
   if not c.instance or not c.token then
      error(("credentials come from one source, all or nothing: %s has %s but no %s")
         :format(where, c.instance and "an instance" or "a token",
            c.instance and "token" or "instance"), level + 1)
   end
   return c
end

local function base_url(options, level)
   if options.base_url then
      return options.base_url
   end
   if options.host then
      return HOSTS[options.host] or error(
         ("host '%s' is not known: zapi or plugzapi (or give base_url=)")
            :format(tostring(options.host)), level + 1)
   end
   return core.getenv "ZAPI_BASE_URL" or HOSTS.zapi
end

---@class zapi.ClientOptions
---@field instance? string id of the instance
---@field token? string its token
---@field client_token? string the account's security token
---@field base_url? string another host with the same API, a sandbox, a stub
---@field host? "zapi"|"plugzapi" a known host
---@field timeout? number seconds for a whole call (30)

--- A client of one instance. Without credentials in the fields they come from
-- ZAPI_INSTANCE_ID, ZAPI_TOKEN and ZAPI_CLIENT_TOKEN.
---@param options? zapi.ClientOptions
---@return zapi.Client
function M.client(options)
   options = options or {}
   if type(options) ~= "table" then
      error("zapi.client expects a table, got " .. type(options), 2)
   end
   check_options(options, 2)
   local c = credentials(options, 2)
   return core.client {
      instance = c.instance,
      token = c.token,
      client_token = c.client_token,
      base_url = base_url(options, 2),
      timeout = options.timeout,
   }
end

-- ---- many things at once -------------------------------------------------

local function cancel_all(tasks, from)
   for i = from, #tasks do
      tasks[i]:cancel()
   end
end

local function join_into(tasks, i, results, errors)
   local got = table.pack(pcall(tasks[i].join, tasks[i]))
   if not got[1] then
      cancel_all(tasks, i + 1)
      error(got[2], 0)
   end
   results[i], errors[i] = got[2], got[2] == nil and got[3] or nil
end

--- Runs functions side by side and waits for all of them.
-- What one throws cancels the others and is thrown on.
---@param fns function[]
---@return table results first result of each, by position
---@return table errors the error of each that returned `nil, err`
function M.all(fns)
   local tasks, results, errors = {}, {}, {}
   for i, fn in ipairs(fns) do
      tasks[i] = core.spawn_quiet(fn)
   end
   for i = 1, #tasks do
      join_into(tasks, i, results, errors)
   end
   return results, errors
end

--- Calls fn(item, index) for each item of a list, at most n at a time.
---@param list any[]
---@param n integer
---@param fn fun(item: any, index: integer): any, any
---@return table results, table errors as in zapi.all
function M.map(list, n, fn)
   if math.type(n) ~= "integer" or n < 1 then
      error("bad argument #2 to zapi.map (a positive integer expected)", 2)
   end
   local results, errors, workers, nexti = {}, {}, {}, 0
   local function work()
      while nexti < #list do
         nexti = nexti + 1
         local i = nexti
         local value, err = fn(list[i], i)
         results[i], errors[i] = value, value == nil and err or nil
      end
   end
   for i = 1, math.min(n, #list) do
      workers[i] = work
   end
   M.all(workers)
   return results, errors
end

-- ---- log -----------------------------------------------------------------

local function logger(level)
   return function(fmt, ...)
      local text = tostring(fmt)
      if select("#", ...) > 0 then
         text = text:format(...)
      end
      core.log(level, nil, text)
   end
end

--- zapi.log.info(fmt, …): string.format into the log; secrets are masked.
M.log = {
   debug = logger "debug",
   info = logger "info",
   warn = logger "warn",
   error = logger "error",
}

-- ---- loaded when used ----------------------------------------------------

local LAZY = {text = "zapi.text", br = "zapi.br", csv = "zapi.csv"}

return setmetatable(M, {
   __index = function(t, name)
      if name == "endpoints" then
         t.endpoints = core.endpoints()
         return t.endpoints
      end
      if LAZY[name] then
         t[name] = require(LAZY[name])
         return t[name]
      end
   end,
})
