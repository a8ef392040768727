--- The public module: `local zapi = require "zapi"`.
--
-- A thin layer over zapi.core (C, src/lua): names, defaults and the choice of
-- credentials. Calls that wait suspend the task they run in; from the main
-- chunk of plain Lua they drive the loop themselves.

local core = require "zapi.core"
local check = require "zapi.bot.check"

check.ours()

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
   getenv = core.getenv, -- command line, environment, .env; NAME_FILE too
   run = core.run,
   stop = core.stop,
   fd = core.fd,
   timeout = core.timeout,
   step = core.step,
}

-- What the file of --config says for this script (host/plan.lua).
local GIVEN <const> = core.given or {options = {}, instances = {}}

--- The table `options` of this automation in the file of --config; else empty.
---@type table
M.options = GIVEN.options

--- JSON with Lua's expectations: null is absent, integers are exact, an empty
-- array that was decoded or marked with zapi.array is written as `[]`.
M.json = {
   null = core.null,
   array = core.array,
   encode = core.json_encode,
   decode = core.json_decode,
}

M.contact = require("zapi.bot.contact").of

--- A namespace of values that stay: zapi.store("orders"):set("42", {total = 3}).
---@param name string
---@param options? {shared: boolean}
---@return zapi.Store
function M.store(name, options)
   return require("zapi.store").open(name, options)
end

--- The civil date of an instant (left out: now) in a zone (left out: ZAPIBOT_TZ, TZ
--- or the system's): {year, month, day, hour, min, sec, wday, tz}; wday 1 is Sunday, as
--- in os.date "*t".
---@param instant? number Unix seconds
---@param tz? string "America/Sao_Paulo"
---@return zapi.Date
function M.date(instant, tz)
   check.type(instant, "number|nil", "instant", "zapi.date")
   check.type(tz, "string|nil", "tz", "zapi.date")
   local date = require("zapi.bot.zone").of(tz):date(instant or core.now())
   date.tz = tz
   return date
end

--- The instant of a date. Fields may run over: day 0 is the last of the month before.
---@param date zapi.Date year, month, day; hour (12 when left out), min, sec, tz
---@return integer Unix seconds
function M.time(date)
   check.type(date, "table", "date", "zapi.time")
   for _, field in ipairs {"year", "month", "day"} do
      check.type(math.tointeger(date[field]), "number", field, "zapi.time")
   end
   check.type(date.tz, "string|nil", "tz", "zapi.time")
   return require("zapi.bot.zone").of(date.tz):time(date)
end

M.http = {
   request = core.http_request,
   serve = core.serve,
}

-- ---- credentials ---------------------------------------------------------

local HOSTS = {
   zapi = "https://api.z-api.io",
   plugzapi = "https://api.plugzapi.com.br",
}

-- What each function takes.
local FIELDS = {
   client = {"instance", "token", "client_token", "base_url", "host", "timeout"},
   partner = {"token", "base_url", "host", "timeout"},
   gateway = {"url", "api_key", "system_id", "timeout"},
}

local function is_one_of(name, list)
   for _, known in ipairs(list) do
      if name == known then
         return true
      end
   end
   return false
end

local function check_options(options, what, level)
   if type(options) ~= "table" then
      error(("zapi.%s expects a table, got %s"):format(what, type(options)), level + 1)
   end
   for name in pairs(options) do
      if not is_one_of(name, FIELDS[what]) then
         local near = type(name) == "string" and core.nearest(name, FIELDS[what])
         error(("'%s' is not an option of zapi.%s%s"):format(tostring(name), what,
            near and ("; did you mean '" .. near .. "'?") or ""), level + 1)
      end
   end
end

-- What is needed and what may be left out, by the field's name, each with its
-- variable and how messages call it.
local CREDENTIALS = {
   client = {
      {"instance", "ZAPI_INSTANCE_ID", "an instance"},
      {"token", "ZAPI_TOKEN", "a token"},
      {"client_token", "ZAPI_CLIENT_TOKEN", optional = true},
      hint = "set ZAPI_INSTANCE_ID and ZAPI_TOKEN (and ZAPI_CLIENT_TOKEN), or give "
         .. "instance= and token= to zapi.client",
   },
   partner = {
      {"token", "ZAPI_PARTNER_TOKEN", "a token"},
      hint = "set ZAPI_PARTNER_TOKEN, or give token= to zapi.partner",
   },
   gateway = {
      {"url", "ZAPI_GATEWAY_URL", "an address"},
      {"api_key", "ZAPI_GATEWAY_API_KEY", "a key"},
      {"system_id", "ZAPI_GATEWAY_SYSTEM_ID", "a system"},
      hint = "set ZAPI_GATEWAY_URL, ZAPI_GATEWAY_API_KEY and ZAPI_GATEWAY_SYSTEM_ID, or "
         .. "give url=, api_key= and system_id= to zapi.gateway",
   },
}

local function any_given(list, options)
   for _, field in ipairs(list) do
      if options[field[1]] ~= nil then
         return true
      end
   end
   return false
end

-- A mistake of the configuration: the script's line is told, and no traceback.
local function usage(message)
   local where = check.where()
   error(core.usage(where and where .. ": " .. message or message), 0)
end

local function from_environment(list)
   local found, any = {}, false
   for _, field in ipairs(list) do
      found[field[1]] = core.getenv(field[2])
      any = any or (found[field[1]] ~= nil and not field.optional)
   end
   return any and found or nil
end

-- The first one that is needed: there, or not.
local function first(list, c, there)
   for _, field in ipairs(list) do
      if not field.optional and (c[field[1]] ~= nil) == there then
         return field[3]
      end
   end
end

-- Fields of the script, or the environment: never a mixture, because the
-- token of one instance with the id of another is the commonest mistake.
local function credentials(options, what)
   local list = CREDENTIALS[what]
   local c, where = options, "zapi." .. what .. "{…}"
   if not any_given(list, options) then
      c, where = from_environment(list), "the environment"
      if not c then
         usage("no credentials: " .. list.hint)
      end
   end
   local missing = first(list, c, false)
   if missing then
      usage(("credentials come from one source, all or nothing: %s has %s but no %s")
         :format(where, first(list, c, true) or "a part", (missing:gsub("^an? ", ""))))
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

-- What the C side refuses is the caller's mistake, at the caller's line.
local function make(fn, options)
   local ok, made = pcall(fn, options)
   if not ok then
      error((tostring(made):gsub("^[^:]*:%d+: ", "")), 3)
   end
   return made
end

---@class zapi.ClientOptions
---@field instance? string id of the instance
---@field token? string its token
---@field client_token? string the account's security token
---@field base_url? string another host with the same API, a sandbox, a stub
---@field host? "zapi"|"plugzapi" a known host
---@field timeout? number seconds for a whole call (30)

-- The instance of that name in the file of --config.
local function instance_named(name)
   local names = {}
   for i, one in ipairs(GIVEN.instances) do
      if one.name == name then
         return one
      end
      names[i] = one.name
   end
   local near = core.nearest(name, names)
   usage(("there is no instance '%s' for this script%s"):format(name,
      near and ("; did you mean '" .. near .. "'?")
      or names[1] and (" (there is: " .. table.concat(names, ", ") .. ")")
      or ": instances are named in a file (--config)"))
end

-- Of one instance: by its name in the file of --config, by its fields, else the
-- first of that file, else the environment's.
local function client_credentials(options, name)
   if name then
      return instance_named(name)
   elseif GIVEN.instances[1] and not any_given(CREDENTIALS.client, options) then
      return GIVEN.instances[1]
   end
   return credentials(options, "client")
end

--- A client of one instance: zapi.client {…}, or zapi.client("loja") of the file
-- of --config. Without credentials in the fields they are those of that file's
-- first instance, else ZAPI_INSTANCE_ID, ZAPI_TOKEN and ZAPI_CLIENT_TOKEN.
---@param options? zapi.ClientOptions|string
---@return zapi.Client
function M.client(options)
   local name = type(options) == "string" and options or nil
   options = name and {} or options or {}
   check_options(options, "client", 2)
   local c = client_credentials(options, name)
   local client <const> = make(core.client, {
      instance = c.instance,
      token = c.token,
      client_token = c.client_token,
      base_url = base_url(options, 2),
      timeout = options.timeout,
   })
   return client
end

-- Those of a bot that names none: all of the file of --config, else the one of
-- the environment.
function M._clients()
   local list = {}
   for i, one in ipairs(GIVEN.instances) do
      list[i] = M.client(one.name)
   end
   return list[1] and list or {M.client {}}
end

---@class zapi.PartnerOptions
---@field token? string the partner token
---@field base_url? string
---@field host? "zapi"|"plugzapi"
---@field timeout? number

--- A client of a partner account. Without a token it comes from
-- ZAPI_PARTNER_TOKEN. Calls that concern one instance take its `instance` and
-- `token` among their parameters.
---@param options? zapi.PartnerOptions
---@return zapi.Partner
function M.partner(options)
   options = options or {}
   check_options(options, "partner", 2)
   local c = credentials(options, "partner")
   local partner <const> = make(core.partner, {
      token = c.token, base_url = base_url(options, 2), timeout = options.timeout,
   })
   return partner
end

---@class zapi.GatewayOptions
---@field url? string where the gateway is
---@field api_key? string the system's key; its token is fetched and renewed
---@field system_id? string|integer
---@field timeout? number

--- A client of a Z-API-INSTANCE gateway. Without fields they come from
-- ZAPI_GATEWAY_URL, ZAPI_GATEWAY_API_KEY and ZAPI_GATEWAY_SYSTEM_ID.
---@param options? zapi.GatewayOptions
---@return zapi.Gateway
function M.gateway(options)
   options = options or {}
   check_options(options, "gateway", 2)
   local c = credentials(options, "gateway")
   if type(c.api_key) ~= "string" or c.api_key == "" then
      error("bad parameter 'api_key' to zapi.gateway (a text expected)", 2)
   end
   core.secret(c.api_key)
   local id, g = c.system_id, nil
   g = make(core.gateway, {
      base_url = c.url,
      system_id = math.type(id) == "integer" and tostring(id) or id,
      timeout = options.timeout,
      token = require("zapi.gateway").source(function()
         return g:call("create_token", {chave_api = c.api_key})
      end),
   })
   return g
end

require("zapi.iterate").install()

-- What z.outbox is, when it is first used.
core.methods.instance._outbox = function(client)
   return require("zapi.bot.outbox").new(client)
end

-- ---- many things at once -------------------------------------------------

local function cancel_others(tasks, me)
   for i, task in ipairs(tasks) do
      if i ~= me then
         task:cancel()
      end
   end
end

local function check_list(list, what)
   if type(list) ~= "table" then
      error(("bad argument #1 to %s (table expected, got %s)"):format(what, type(list)), 3)
   end
end

--- Runs functions side by side and waits for all of them.
-- What one throws cancels the others at once and is thrown on.
---@param fns function[]
---@return table results first result of each, by position
---@return table errors the error of each that returned `nil, err`
function M.all(fns)
   check_list(fns, "zapi.all")
   local tasks, results, errors, failure = {}, {}, {}, nil
   -- However this ends, also when who waits is cancelled: none goes on alone.
   local _ <close> = setmetatable({}, {__close = function() cancel_others(tasks) end})
   for i, fn in ipairs(fns) do
      if type(fn) ~= "function" then
         error(("bad item #%d of zapi.all (function expected, got %s)"):format(i, type(fn)), 2)
      end
      tasks[i] = core.spawn_quiet(function()
         local ok, value, err = pcall(fn)
         if ok then
            return value, err
         end
         failure = failure or {value}
         cancel_others(tasks, i)
         error(value, 0)
      end)
   end
   for i = 1, #tasks do
      local ok, value, err = pcall(tasks[i].join, tasks[i])
      if not ok then
         error(failure and failure[1] or value, 0)
      end
      results[i], errors[i] = value, value == nil and err or nil
   end
   return results, errors
end

--- Calls fn(item, index) for each item of a list, at most n at a time.
---@param list any[]
---@param n integer
---@param fn fun(item: any, index: integer): any, any
---@return table results, table errors as in zapi.all
function M.map(list, n, fn)
   check_list(list, "zapi.map")
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
         local ok, made = pcall(string.format, text, ...)
         if not ok then
            error((made:gsub("'[%l.]*format'", "'zapi.log." .. level .. "'")), 2)
         end
         text = made
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

local LAZY = {
   text = "zapi.text", br = "zapi.br", csv = "zapi.csv", media = "zapi.media",
   crypto = "zapi.crypto", kit = "zapi.kit",
}

--- What is loaded when it is used: for `zapibot check`.
M.lazy = LAZY

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
