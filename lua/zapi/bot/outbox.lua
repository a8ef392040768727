--- z.outbox: messages that are stored and sent later, or when the way is free.
--- Each client has one; it is bound to the bot that runs with this client, whose
--- worker (bot/worker.lua) sends. Start reading at Outbox:send.
local core = require "zapi.core"
local check = require "zapi.bot.check"
local message = require "zapi.bot.message"
local sends = require "zapi.bot.sends"

check.ours()

local M = {}

---@class zapi.Outbox
local Outbox = {}
Outbox.__index = Outbox
Outbox.__name = "zapi.Outbox"

local bots = setmetatable({}, {__mode = "k"}) -- client -> bot that runs with it

--- From now on this bot sends what goes into the client's outbox.
function M.bind(client, bot) bots[client] = bot end

function M.unbind(client, bot)
   if bots[client] == bot then bots[client] = nil end
end

--- The outbox of a client.
---@return zapi.Outbox
function M.new(client)
   return setmetatable({_client = client}, Outbox)
end

local function sends_of(self)
   local bot = bots[self._client]
   if bot and bot.sends then return bot.sends, bot end
   return check.fail("z.outbox needs a bot that runs with this client and keeps its data on disk: "
      .. "call it after bot:run(), without ZAPIBOT_DATA=memory")
end

-- ---- send ----

local send_options <const> = {
   at = "number", expires = "number", key = "string", lane = "string",
   guard = "string|function", event = "table",
}

local methods -- name of an endpoint -> its HTTP method

local function check_endpoint(name)
   check.type(name, "string", "name", "z.outbox:send")
   if not methods then
      methods = {}
      for _, row in ipairs(core.endpoints("instance")) do methods[row.name] = row.method end
   end
   if methods[name] == "GET" then
      check.fail("%s asks and sends nothing: it does not go into the outbox", name)
   end
end

local function check_instant(options, name)
   local at = options[name]
   if at and not (at > 1e9 and at < 1e11) then
      check.fail("bad '%s' in z.outbox:send (Unix seconds expected, as zapi.now() + 3600, got %s)",
         name, at)
   end
end

-- A function is known by the name under which it was registered.
local function guard_name(bot, guard)
   if not guard then return nil end
   if type(guard) == "string" then
      return bot.guards[guard] and guard
         or check.fail("no guard '%s': register it with bot:guard(\"%s\", fn)", guard, guard)
   end
   for name, fn in pairs(bot.guards) do
      if fn == guard then return name end
   end
   return check.fail("this guard is not registered: a function does not outlive its process, but "
      .. "a message may; name it with bot:guard(name, fn)")
end

local function copy(params)
   local own = {}
   for k, v in pairs(params) do own[k] = v end
   return own
end

local function row_of(client, name, params, options, guard)
   local stored = copy(params)
   stored["$guard"] = guard
   return {
      state = "queued", key = options.key, instance = client.instance, endpoint = name,
      recipient = type(params.phone) == "string" and core.phone(params.phone) or "",
      lane = options.lane, at = options.at, expires = options.expires, reply = false,
      args = sends.encode(stored),
   }
end

local function made(self, table_, row, params)
   local m = message.new(self._client, row.recipient, row.endpoint, copy(params), table_)
   m._row, m.key, m.state, m.id = row.id, row.key, row.state, row.message_id
   return m
end

-- Keys whose rows the reader may not see yet: they are being committed.
local KEPT <const> = 256

--- A handler has come to its good end: what it has staged is there for whoever asks
--- next, as for the next handler of the chat.
function M.kept(table_, staged)
   local kept = table_.kept_keys or {next = 0, ring = {}, rows = {}}
   table_.kept_keys = kept
   for key, row in pairs(staged) do
      local old = kept.ring[kept.next]
      if old then kept.rows[old] = nil end
      kept.ring[kept.next], kept.rows[key] = key, row
      kept.next = (kept.next + 1) % KEPT
   end
end

local function row_with(table_, key)
   local there = core.sends.list(table_.service, {key = key, limit = 1})[1]
   local kept = table_.kept_keys
   return there or kept and kept.rows[key]
end

-- Stored with the good end of the handler. A key that is there already is told
-- now; one that somebody else takes meanwhile is dropped then.
local function stage(self, table_, ctx, row, params)
   local staged = ctx._staged or {}
   ctx._staged = staged
   if row.key then
      local there = staged[row.key] or row_with(table_, row.key)
      if there then return made(self, table_, there, params), "duplicate" end
      staged[row.key] = row
   end
   row.event = ctx._ev.seq
   core.sends.stage(table_.service, row.event, row)
   return made(self, table_, row, params), "new"
end

--- Stores a message; it leaves when it is due, in the order of its recipient, at a
--- pace that WhatsApp bears, and waits while the instance is disconnected. In a
--- handler it is stored when the handler has ended well, with its event; else it is
--- on disk when this returns. A key makes it one message, however often this is
--- called. Throws misuse, and what keeps it from being stored.
---@param name string an endpoint, as "send_text"
---@param params table its parameters
---@param options? {at: number, expires: number, key: string, lane: string,
---   guard: string|function, event: zapi.ctx} instants are Unix seconds
---@return zapi.Message
---@return "new"|"duplicate"
function Outbox:send(name, params, options)
   local table_, bot = sends_of(self)
   options = check.options(options, send_options, "z.outbox:send")
   check_endpoint(name)
   check.type(params, "table", "params", "z.outbox:send")
   check_instant(options, "at")
   check_instant(options, "expires")
   sends.check(self._client, name, params)
   local row = row_of(self._client, name, params, options, guard_name(bot, options.guard))
   local ctx = options.event or bot:_running()
   if ctx and (ctx._ev.seq or 0) ~= 0 then return stage(self, table_, ctx, row, params) end
   local stored, is_new = core.sends.begin(table_.service, row, false)
   if not stored then error(is_new, 0) end
   if is_new then table_.outbox:wake() end
   return made(self, table_, stored, params), is_new and "new" or "duplicate"
end

-- ---- what waits ----

local filters <const> = {
   key = "string", prefix = "string", to = "string", lane = "string", state = "string",
   limit = "number",
}

local function filter_of(given, what)
   local filter = check.options(given, filters, what)
   return {
      key = filter.key, prefix = filter.prefix, lane = filter.lane, state = filter.state,
      recipient = filter.to and core.phone(filter.to), limit = filter.limit,
   }
end

local function done(value, err)
   if value == nil then error(err, 0) end
   return value
end

--- Cancels what has not left yet, by key, by the beginning of keys, or by
--- recipient. How many.
---@param filter {key?: string, prefix?: string, to?: string}
---@return integer
function Outbox:cancel(filter)
   local table_ = sends_of(self)
   check.options(filter, {key = "string", prefix = "string", to = "string"}, "z.outbox:cancel")
   if not (filter and next(filter)) then
      check.fail("z.outbox:cancel needs key=, prefix= or to=")
   end
   return done(core.sends.cancel(table_.service, filter_of(filter, "z.outbox:cancel")))
end

local function pause(self, lane, paused)
   local table_ = sends_of(self)
   check.type(lane, "string|nil", "lane", paused and "z.outbox:pause" or "z.outbox:resume")
   done(core.sends.pause(table_.service, lane or "", paused))
   if not paused then table_.outbox:wake() end
end

--- Nothing of this lane leaves (left out: of the lane without a name), also after
--- a restart, until it is resumed.
---@param lane? string
function Outbox:pause(lane) pause(self, lane, true) end

---@param lane? string
function Outbox:resume(lane) pause(self, lane, false) end

--- How many messages are in which state: {queued = 3, read = 20, …}; all, or those
--- whose key begins so.
---@param prefix? string
---@return table<string, integer>
function Outbox:stats(prefix)
   local table_ = sends_of(self)
   check.type(prefix, "string|nil", "prefix", "z.outbox:stats")
   return core.sends.count(table_.service, {prefix = prefix})
end

--- Goes through messages, newest first: `for row in z.outbox:each{state = "queued"}`.
--- A row has id, key, endpoint, recipient, state, at, created, tries, message_id,
--- error_kind, error.
---@param filter? {key?: string, prefix?: string, to?: string, lane?: string,
---   state?: string, limit?: integer}
---@return fun(): table?
function Outbox:each(filter)
   local table_ = sends_of(self)
   local rows = core.sends.list(table_.service, filter_of(filter, "z.outbox:each"))
   local i = 0
   return function()
      i = i + 1
      return rows[i]
   end
end

check.methods(Outbox, "z.outbox", "_client")

--- Those of send, for `zapibot check`.
M.options = send_options

return M
