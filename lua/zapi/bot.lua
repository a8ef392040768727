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
local check = require "zapi.bot.check"
local command = require "zapi.bot.command"
local dispatch = require "zapi.bot.dispatch"
local filter = require "zapi.bot.filter"
local groups = require "zapi.bot.groups"
local http = require "zapi.bot.http"
local lanes = require "zapi.bot.lanes"
local sent = require "zapi.bot.sent"
local service = require "zapi.bot.service"
local watch = require "zapi.bot.watch"
local words = require "zapi.bot.words"

check.ours()

---@class zapi.Bot
local Bot = {}
Bot.__index = Bot
Bot.__name = "zapi.Bot"

local M = {}

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

local new_options = {
   client = "userdata|table", clients = "table", prefix = "string", own = "boolean",
   listen = "string", secret = "string", texts = "table", help = "boolean",
   timeout = "number", concurrency = "number", max_body = "number",
}

local on_options = {order = "string", timeout = "number"}
local orders = {chat = true, person = true, none = true}

local function check_timeout(seconds)
   if seconds and (seconds <= 0 or seconds ~= seconds) then
      check.fail("bad 'timeout' (seconds above 0 expected, got %s)", seconds)
   end
   return seconds
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
      timeout = check_timeout(options.timeout) or 60,
      handlers = {}, middleware = {}, lists = {}, warned = {},
      sent = sent.new(), groups = groups.new(), lanes = lanes.new(), router = http.new(),
      commands = command.new(options.prefix or "!/", options.texts, options.help),
   }, Bot)
   bot.watch = watch.new(function(entry) dispatch.expired(bot, entry) end)
   return bot
end

-- ---- registration ----

local function register(self, handler, fn, options, what)
   check.callable(fn, what)
   options = check.options(options, on_options, what)
   if options.order and not orders[options.order] then
      check.fail("bad 'order' of %s (\"chat\", \"person\" or \"none\" expected)", what)
   end
   handler.fn, handler.order = fn, options.order
   handler.timeout, handler.where = check_timeout(options.timeout), check.where() or "?"
   self.handlers[#self.handlers + 1] = handler
   self.lists = {}
   for _, name in ipairs(handler.names) do
      if name:find("^own%.") or core.kind_is(name, "own.message") then self.hears_own = true end
   end
   return self
end

--- Handles events. The first handler whose filter matches has the event;
--- `return next()` passes it on to the next.
---@param what zapi.event|zapi.event[]|zapi.filter
---@param fn fun(ctx: zapi.ctx, next: fun()): any
---@param options? {order: "chat"|"person"|"none", timeout: number}
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
      {order = options.order, timeout = options.timeout}, "bot:command")
end

--- Runs before the handlers of every event; goes on with `return next()`.
---@param fn fun(ctx: zapi.ctx, next: fun()): any
---@return zapi.Bot
function Bot:use(fn)
   self.middleware[#self.middleware + 1] = check.callable(fn, "bot:use")
   return self
end

--- Gets what a handler threw (text or zapi error) and its traceback. Without
--- it, failures are logged.
---@param fn fun(ctx: zapi.ctx, err: any, traceback: string)
---@return zapi.Bot
function Bot:catch(fn)
   self.catcher = check.callable(fn, "bot:catch")
   return self
end

--- A route of your own beside the webhook: fn(req) returns status, body,
--- headers. verify(req) must return true first, else 401.
---@param method string
---@param path string "/pedidos/{id}" gives req.params.id
---@param options {verify: fun(req): boolean}|fun(req)
---@param fn? fun(req): integer, string|table, table
---@return zapi.Bot
function Bot:http(method, path, options, fn)
   self.router:add(method, path, options, fn)
   return self
end

-- ---- events ----

-- One event of the core; see bot/dispatch.lua.
function Bot:_event(ev)
   return dispatch.event(self, ev)
end

-- What was typed on the account's own phone; not what any API sent.
function Bot:typed_on_phone(ev)
   return ev.payload.fromApi == false and not self.sent:has(ev.id)
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
   return self:_event(ev)
end

-- ---- clients, warnings ----

--- The client for an instance; the only one there is, whatever the instance.
function Bot:client_of(instance)
   if not self.clients then
      local options = self.options
      self.clients = options.clients or {options.client or require("zapi").client {}}
      if #self.clients == 0 then check.fail("'clients' is empty") end
   end
   if #self.clients > 1 then
      for _, client in ipairs(self.clients) do
         if client.instance == instance then return client end
      end
      return nil
   end
   local client = self.clients[1]
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

--- Opens the door for webhooks. Under zapibot it returns at once; in plain Lua
--- it runs the loop until bot:stop() or zapi.stop().
---@param options? {listen: string, secret: string}
function Bot:run(options)
   return service.run(self, options)
end

--- No new events; waits up to `seconds` (10) for the handlers that run, then
--- closes. From inside a handler it returns at once and does so afterwards.
---@param seconds? number
function Bot:stop(seconds)
   return service.stop(self, seconds or 10)
end

return M
