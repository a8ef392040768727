--- Bots: handlers of events, and what runs them. A script registers handlers
--- and calls bot:run(); the core hands over one event at a time per chat.
---
---    local bot = require("zapi.bot").new()
---    bot:hears("oi", function(ctx) ctx:reply("Olá!") end)
---    bot:run()
---
--- This file is registration. The parts are in bot/: dispatch (the way of one
--- event), service (run and stop), filter (what a handler wants), words and
--- matcher (hears), command, ctx and fields (the event in hand), message (what
--- is sent), http (routes).
local core = require "zapi.core"
local ask = require "zapi.bot.ask"
local check = require "zapi.bot.check"
local checks = require "zapi.bot.checks"
local command = require "zapi.bot.command"
local dispatch = require "zapi.bot.dispatch"
local events = require "zapi.events"
local filter = require "zapi.bot.filter"
local groups = require "zapi.bot.groups"
local handover = require "zapi.bot.handover"
local http = require "zapi.bot.http"
local lanes = require "zapi.bot.lanes"
local sends = require "zapi.bot.sends"
local sent = require "zapi.bot.sent"
local service = require "zapi.bot.service"
local sessions = require "zapi.bot.session"
local states = require "zapi.bot.state"
local timers = require "zapi.bot.timers"
local watch = require "zapi.bot.watch"
local words = require "zapi.bot.words"

check.ours()

---@class zapi.Bot
local Bot = {}
Bot.__index = Bot
Bot.__name = "zapi.Bot"

local M = {}
local made = {} -- bots of a main chunk that has not ended

---@class zapi.BotOptions
---@field client? zapi.Client left out: made from the environment when needed
---@field clients? zapi.Client[] several instances: ctx.client is the event's
---@field prefix? string each character begins a command ("!/")
---@field own? boolean treat what the account's owner types on the phone like
---   anybody's message; what the API sent is never answered (false)
---@field listen? string address:port of the webhook
---@field secret? string webhooks arrive at POST /webhook/<secret>
---@field texts? table what customers read: see bot/command.lua
---@field help? boolean false: no built-in "!ajuda"
---@field timeout? number seconds that a handler may wait in all (60)
---@field concurrency? integer handlers at once (64)
---@field max_body? integer bytes of a webhook
---@field name? string of the data on disk: two bots in one script need two
---@field limits? zapi.BotLimits
---@field handover? zapi.HandoverOptions when a person takes over a chat
---@field unload? number|false seconds after which a handler that waits for an answer
---   is taken out of memory, and run anew when it comes (600); false: never

---@class zapi.BotLimits what keeps a number from being banned; false: no limit
---@field replies_per_chat? integer|false answers in one chat in a minute (20)
---@field cold_per_hour? integer|false different people who did not write first (60)
---@field pace? number seconds between two messages of z.outbox (0.2)

local new_options = {
   client = "userdata|table", clients = "table", prefix = "string", own = "boolean",
   listen = "string", secret = "string", texts = "table", help = "boolean",
   timeout = "number", concurrency = "number", max_body = "number", name = "string",
   limits = "table", handover = "table", unload = "number|boolean",
}

local on_options = {order = "string", timeout = "number", attempts = "number"}
local orders = {chat = true, person = true, none = true}

local function check_timeout(seconds)
   if seconds and (seconds <= 0 or seconds ~= seconds) then
      check.fail("bad 'timeout' (seconds above 0 expected, got %s)", seconds)
   end
   return seconds
end

local function limits_of(given)
   check.options(given, {
      replies_per_chat = "number|boolean", cold_per_hour = "number|boolean", pace = "number",
   }, "limits")
   local limits = {replies_per_chat = 20, cold_per_hour = 60, pace = 0.2}
   for name, value in pairs(given or {}) do
      local count = name ~= "pace"
      if value == true or value and (value < (count and 1 or 0)
         or count and math.type(value) ~= "integer") then
         check.fail("bad '%s' in limits (a number%s expected, got %s)", name,
            count and " from 1 on, or false," or "", value)
      end
      limits[name] = value
   end
   return limits
end

--- A bot. Nothing runs before bot:run().
---@param options? zapi.BotOptions
---@return zapi.Bot
function M.new(options)
   options = check.options(options, new_options, "zapi.bot.new")
   if options.client and options.clients then
      check.fail("give 'client' or 'clients', not both")
   end
   local bot = setmetatable({
      options = options, own = options.own or false,
      timeout = check_timeout(options.timeout) or 60, limits = limits_of(options.limits),
      handlers = {}, middleware = {}, lists = {}, warned = {}, guards = {}, joining = 0,
      gates = {}, gate_kinds = {},
      sessions = sessions.configure(),
      sent = sent.new(), groups = groups.new(), lanes = lanes.new(), router = http.new(),
      commands = command.new(options.prefix or "!/", options.texts, options.help),
   }, Bot)
   bot.asks = ask.new(bot, options.unload)
   bot.handover = handover.new(bot, options.handover)
   bot.timers = timers.new(bot)
   bot.watch = watch.new(function(entry) dispatch.expired(bot, entry) end)
   if core.hosted then made[#made + 1] = bot end
   return bot
end

--- The program calls it when a script's main chunk has ended: a bot with
--- handlers that nobody told to run is a mistake that says nothing by itself.
function M.forgotten()
   for _, bot in ipairs(made) do
      if bot.handlers[1] and not bot.started then
         core.log("warn", "bot", ("nothing runs: handlers were registered (the first at %s), but "
            .. "bot:run() was not called"):format(bot.handlers[1].where))
      end
   end
   made = {}
end

-- ---- registration ----

-- What is registered while the bot runs is heard from then on.
local function subscribe(self)
   if self.service then self.service:subscribe(service.kinds(self)) end
end

local function register(self, handler, fn, options, what)
   check.callable(fn, what)
   options = check.options(options, on_options, what)
   if options.order and not orders[options.order] then
      check.fail("bad 'order' of %s (\"chat\", \"person\" or \"none\" expected)", what)
   end
   if options.attempts and (math.type(options.attempts) ~= "integer" or options.attempts < 1) then
      check.fail("bad 'attempts' of %s (a positive integer expected)", what)
   end
   handler.fn, handler.order, handler.attempts = fn, options.order, options.attempts
   handler.timeout, handler.where = check_timeout(options.timeout), check.where() or "?"
   local index = #self.handlers + 1
   handler.index, handler.step = index, ("h%d.t0."):format(index)
   self.handlers[index] = handler
   self.lists = {}
   for _, name in ipairs(handler.names) do
      if name:find("^own%.") or core.kind_is(name, "own.message") then self.hears_own = true end
   end
   subscribe(self)
   return self
end

--- Handles events. The first handler whose filter matches has the event;
--- `return next()` passes it on to the next.
---@param what zapi.event|zapi.event[]|zapi.filter
---@param fn fun(ctx: zapi.ctx, next: fun()): any
---@param options? {order: "chat"|"person"|"none", timeout: number, attempts: integer}
---@return zapi.Bot
function Bot:on(what, fn, options)
   local names, raws, tests = filter.compile(what)
   return register(self, {names = names, raws = raws, tests = tests}, fn, options, "bot:on")
end

--- Handles messages that hold a word, phrase or Lua pattern (on lower case text
--- without accents); ctx.match has the captures.
---@param spec string|string[]
---@param fn fun(ctx: zapi.ctx, next: fun()): any
---@param options? {order: string, timeout: number}
---@return zapi.Bot
function Bot:hears(spec, fn, options)
   local find = words.compile(spec)
   local function test(ctx)
      local found = find(ctx)
      if found then ctx.match = found end
      return found
   end
   return register(self, {names = {"message"}, tests = {test}}, fn, options, "bot:hears")
end

--- Handles "!name arguments". args = "<phone> [reason…]" or {min=, max=}.
---@param name string|string[]
---@param fn fun(ctx: zapi.ctx, next: fun()): any
---@param options? {args: string|table, help: string, admin: boolean, group: boolean,
---   order: string, timeout: number}
---@return zapi.Bot
function Bot:command(name, fn, options)
   check.callable(fn, "bot:command")
   local test, handler = self.commands:add(name, fn, options)
   options = options or {}
   return register(self, {names = {"message"}, tests = {test}}, handler,
      {order = options.order, timeout = options.timeout, attempts = options.attempts},
      "bot:command")
end

--- Runs before the handlers of every event; goes on with `return next()`.
---@param fn fun(ctx: zapi.ctx, next: fun()): any
---@return zapi.Bot
function Bot:use(fn)
   self.middleware[#self.middleware + 1] = check.callable(fn, "bot:use")
   subscribe(self)
   return self
end

--- What ctx.session is: one table per chat, per person (in whatever chat), or
--- per key that a function gives (nil: this event has none). Kept for `ttl`
--- seconds after it was last saved (30 days; false: for ever).
---@param options {by: "chat"|"person"|fun(ctx: zapi.ctx): string?, ttl: number|false}
---@return zapi.Bot
function Bot:session(options)
   self.sessions = sessions.configure(options)
   return self
end

--- A state of a flow. A person who is in it (ctx:enter) has their messages go to
--- on(ctx, data, next), before the handlers, until the flow enters another one or
--- leaves (ctx:leave); commands come before. `data` is kept with the state. In groups
--- each person has a flow of their own.
---@param name string
---@param options zapi.StateOptions
---@return zapi.Bot
function Bot:state(name, options)
   if not self.states then self.states = states.new(self) end
   self.states:add(name, options)
   subscribe(self)
   return self
end

-- Has this person a question or a flow open in this private chat?
function Bot:_in_dialogue(ctx)
   return self.asks:is_open(ctx) or self.states ~= nil and self.states:holds(ctx)
end

-- Something that events pass before middleware, first when `first`.
function Bot:_gate(fn, kinds, first)
   table.insert(self.gates, first and 1 or #self.gates + 1, fn)
   for _, name in ipairs(kinds) do
      self.gate_kinds[name] = true
      if name == "own.message" then self.gates_own = true end
   end
   subscribe(self)
end

--- Gets what a handler threw (text or zapi error) and its traceback. Without
--- it, failures are logged. What follows from a failure follows afterwards (a
--- script's error: a dead letter), unless this calls ctx:drop() or
--- ctx:retry_later(seconds). What this throws itself is logged.
---@param fn fun(ctx: zapi.ctx, err: any, traceback: string)
---@return zapi.Bot
function Bot:catch(fn)
   self.catcher = check.callable(fn, "bot:catch")
   return self
end

--- A route of your own beside the webhook: fn(req) returns status, body,
--- headers. verify(req) must return true first, else 401. With durable = true the
--- request is stored as an event and answered 202 then (200 when its key was there
--- before; 503 when it cannot be stored), and fn(ctx) handles it with ctx.request,
--- in the order of the chat that chat(req) names.
---@param method string
---@param path string "/pedidos/{id}" gives req.params.id
---@param options {verify: fun(req): boolean, durable: boolean, key: fun(req): string,
---   chat: fun(req): string}|fun(req)
---@param fn? fun(req): integer, string|table, table
---@return zapi.Bot
function Bot:http(method, path, options, fn)
   local kind, handler = self.router:add(method, path, options, fn)
   if self.service then self.service:route(self.router:shapes()) end
   if kind then
      register(self, {names = {kind}, tests = {}}, handler, nil, "bot:http")
   end
   return self
end

--- What bot:at, bot:every and bot:cron with this name lead to: fn(ctx, payload), a
--- handler like any other; ctx.event has timer, key, due and payload.
---@param name string
---@param fn fun(ctx: zapi.ctx, payload: any)
---@param options? {timeout: number, attempts: integer}
---@return zapi.Bot
function Bot:timer(name, fn, options)
   timers.check_name(name, "bot:timer")
   check.callable(fn, "bot:timer")
   self.timers:add(name)
   local function handler(ctx) return fn(ctx, ctx.event.payload) end
   return register(self, {names = {"timer:" .. name}, tests = {}}, handler, options, "bot:timer")
end

for method, fn in pairs(timers.methods) do Bot[method] = fn end

--- Names a function that messages of the outbox are asked of just before they
--- leave: z.outbox:send(…, {guard = name}). It returns true (go), false and why
--- (cancelled), or a number (asked again after so many seconds). A name and no
--- function, as the message may leave in another process than this.
---@param name string
---@param fn fun(message: {id: integer, key: string?, endpoint: string, recipient: string,
---   lane: string, params: table, created: number}): boolean|number, string?
---@return zapi.Bot
function Bot:guard(name, fn)
   check.type(name, "string", "name", "bot:guard")
   check.callable(fn, "bot:guard")
   if self.guards[name] then check.fail("there is a guard '%s' already", name) end
   self.guards[name] = fn
   return self
end

--- fn() runs before the bot serves: at its start, and before a new version of the
--- script takes the place of the one that runs. What throws, or returns false or
--- nil and why, refuses: the old version serves on. All checks of a script have ten
--- seconds.
---@param fn fun(): any, string?
---@return zapi.Bot
function Bot:check(fn)
   checks.add(self, check.callable(fn, "bot:check"))
   return self
end

-- ---- events ----

-- One event of the core: how it ended. See bot/dispatch.lua.
function Bot:_event(ev)
   return dispatch.event(self, ev)
end

function Bot:_wants(kind)
   return dispatch.wants(self, kind)
end

-- The ctx whose handler runs in this task, or nil.
function Bot:_running()
   local task = core.current()
   for entry in pairs(self.watch.entries) do
      if entry.task == task then return entry.ctx end
   end
end

--- Puts an event of your own into the inbox, in the order of `chat`: handled like
--- any other, by bot:on(kind) with ctx.event = payload. On disk when this returns
--- true; false when there was one with this key in the last seven days. In a
--- handler that runs again it is the same event, so it is stored once. Throws when
--- nothing can be stored.
---@param kind string lower case with a dot: "shop.paid"
---@param chat? string phone, group or anything that events are ordered by
---@param payload? table
---@param options? {key: string, instance: string}
---@return boolean new
function Bot:emit(kind, chat, payload, options)
   check.type(kind, "string", "kind", "bot:emit")
   local can, near = events.can_be_emitted(kind)
   if not can then
      check.fail("'%s' cannot be emitted: a name of your own in lower case with a dot is "
         .. "expected, as \"shop.paid\"%s", kind,
         near and (" (it is too near to '%s')"):format(near) or "")
   end
   check.type(chat, "string|nil", "chat", "bot:emit")
   check.type(payload, "table|nil", "payload", "bot:emit")
   options = check.options(options, {key = "string", instance = "string"}, "bot:emit")
   if not self.service then check.fail("bot:emit needs a bot that runs: bot:run() first") end
   local key, ctx = options.key, nil
   if not key and self.sends then ctx = self:_running() end
   if ctx then
      key = ("event %d %s"):format(ctx._ev.seq, sends.step(ctx, "emit " .. kind))
   end
   local new, err = self.service:emit {
      kind = kind, chat = chat and core.phone(chat), key = key and kind .. " " .. key,
      instance = options.instance, payload = core.json_encode(payload or {}),
   }
   if new == nil then error(err, 0) end
   return new
end

-- What was typed on the account's own phone; not what any API sent.
function Bot:typed_on_phone(ev)
   if ev.payload.fromApi ~= false or self.sent:has(ev.id) then return false end
   return not (self.sends and ev.id and core.sends.knows(self.service, ev.id))
end

--- Handles one event as if it had come through the door: a payload as JSON
--- text, or what core.ingest gives. For tests.
---@param ev string|table
function Bot:handle(ev)
   if type(ev) == "string" then
      local err
      ev, err = core.ingest(ev)
      if not ev then error(err, 2) end
   end
   return dispatch.handle(self, ev)
end

-- ---- clients, warnings ----

function Bot:all_clients()
   if not self.clients then
      local options = self.options
      self.clients = options.clients or options.client and {options.client}
         or require("zapi")._clients()
      if #self.clients == 0 then check.fail("'clients' is empty") end
      self.client_by = {}
      for i = #self.clients, 1, -1 do -- of two of one instance the first
         self.client_by[self.clients[i].instance or false] = self.clients[i]
      end
   end
   return self.clients
end

--- The client for an instance; the only one there is, whatever the instance.
function Bot:client_of(instance)
   local clients = self:all_clients()
   if #clients > 1 then return self.client_by[instance or false] end
   local client = clients[1]
   if (instance or "") ~= "" and client.instance and client.instance ~= instance then
      self:warn_once(instance, ("events of the instance %s arrive here, but the client is of "
         .. "another one: answers go out through that"):format(instance))
   end
   return client
end

function Bot:warn_once(key, text)
   if self.warned[key] then return end
   self.warned[key] = true
   core.log("warn", "bot", text)
end

-- ---- run, stop: bot/service.lua ----

--- Opens the door for webhooks. Under zapibot, and in a task (zapi.spawn), it
--- returns at once; in plain Lua it runs the loop until bot:stop() or zapi.stop().
---@param options? {listen: string, secret: string}
function Bot:run(options)
   self.started = true
   return service.run(self, options)
end

--- No new events; waits up to `seconds` (10) for the handlers that run, then
--- closes: those that still run are ended, and their events wait on disk for the
--- next start. From inside a handler it returns at once and does so afterwards.
---@param seconds? number
function Bot:stop(seconds)
   return service.stop(self, seconds or 10)
end

-- Called for every event, by us: not worth a look at how.
local inside <const> = {client_of = true, warn_once = true, typed_on_phone = true}

for name, fn in pairs(Bot) do
   if type(fn) == "function" and name:sub(1, 1) ~= "_" and not inside[name] then
      Bot[name] = check.method("bot", name, fn, "handlers")
   end
end

--- What bots can do, by name: for `zapibot check`.
M.methods = Bot

return M
