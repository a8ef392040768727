--- A person takes over: in this chat the bot keeps quiet, until it is told to go
--- on, or so many hours after the person wrote last.
---
---    the customer's words, ctx:handover, the owner typing on the phone  → start
---    back words, ctx:resume, the time                                  → the bot again
---
--- What is kept is a row of the store per chat, which expires by itself. Reading it
--- for every message would cost every bot, so it is known in memory whether there is
--- any of the instance; other automations of the process write them too, so that is
--- looked at once in a second. Start reading at Handover:gate.
local core = require "zapi.core"
local check = require "zapi.bot.check"
local events = require "zapi.events"
local message = require "zapi.bot.message"
local stores = require "zapi.store"
local units = require "zapi.bot.unit"
local words = require "zapi.bot.words"

check.ours()

local M = {}
local Handover = {}
Handover.__index = Handover

--- Hours until the bot is back when nobody says so.
M.hours = 12

--- What people read; bot.new{handover=} replaces any of them.
M.note = "Certo! Vou chamar uma pessoa da equipe. É só aguardar aqui."
M.resumed = "Voltei! Sou o atendimento automático."
M.told = "*Atendimento*: {name} está à espera de uma pessoa.\n{link}"

-- Seconds that what is known of an instance holds, and that it holds when a handler
-- has just started one: its end, with which it is stored, may be far.
local LOOK <const>, DOUBT <const> = 1, 3600

---@class zapi.HandoverOptions
---@field on_typing? boolean the account's owner who types in a private chat takes it over
---@field words? string|string[] of customers who want a person ("atendente")
---@field back? string|string[] of customers (or the owner) who want the bot again
---@field hours? number until the bot is back (12), from the person's last message on
---@field to? string who is told: a number or a group
---@field note? string|false what the customer reads after `words`
---@field resumed? string|false what the customer reads after `back`
---@field told? string what `to` reads: {name}, {phone}, {link}, {text}

local known <const> = {
   on_typing = "boolean", words = "string|table", back = "string|table", hours = "number",
   to = "string", note = "string|boolean", resumed = "string|boolean", told = "string",
}

-- ---- options ----

local function check_hours(hours, what)
   if hours and not (hours > 0 and hours < 1e6) then
      check.fail("bad 'hours' in %s (above 0 expected, got %s)", what, hours)
   end
   return hours
end

-- The whole message must be one of these: "menu", not "o menu está errado".
local function whole(list)
   local set = {}
   for i, word in ipairs(type(list) == "table" and list or {list}) do
      check.type(word, "string", i, "'back' of handover")
      set[words.normalise(core.fold(word))] = true
   end
   return set
end

-- All of this process: they keep quiet together.
local all = setmetatable({}, {__mode = "k"})

--- The handover of a bot; `options` as in bot.new, or nil.
function M.new(bot, options)
   local own = check.options(options, known, "handover")
   local self = setmetatable({
      bot = bot, options = own, hours = M.hours, back = {}, given = options ~= nil,
   }, Handover)
   all[self] = true
   if not options then return self end
   self.hours = check_hours(own.hours, "handover") or M.hours
   self.asks = own.words and words.compile(own.words)
   self.back = whole(own.back or {})
   local kinds = {"own.message"}
   if self.asks or next(self.back) then kinds[2] = "message" end
   self:join(kinds)
   return self
end

--- From now on events pass the gate.
function Handover:join(kinds)
   if self.joined then return end
   self.joined = true
   self.bot:_gate(function(ctx, go_on) return self:gate(ctx, go_on) end, kinds)
end

-- ---- rows ----

local known_of = {} -- namespace → {any=, till=}

local function note(ns, any, seconds)
   local state = known_of[ns]
   if not state then
      state = {}
      known_of[ns] = state
   end
   state.any, state.till = any, core.hrtime() + seconds
   return any
end

-- Does a person serve any chat of this instance?
local function may_be(ns)
   local state = known_of[ns]
   if state and core.hrtime() < state.till then return state.any end
   return note(ns, core.store.scan(ns, "", nil, 1)[1] ~= nil, LOOK)
end

--- At the start. In memory there is nothing that others could have written.
function Handover:start_looking()
   if self.bot.service.durable then self:join {} end
end

local names = {} -- instance → namespace

-- By the instance, not by the bot: whoever else answers there keeps quiet too.
local function namespace_of(ctx)
   local instance = ctx._ev.instance
   if not instance or instance == "" then
      local client = ctx.client
      instance = client and client.instance or ""
   end
   local ns = names[instance]
   if not ns then
      ns = "\1handover:" .. instance
      names[instance] = ns
   end
   return ns
end

local function place_of(ctx)
   return namespace_of(ctx), ctx._chat_key
end

-- What this handler has written counts, and else what is stored now: no step of
-- a handler that is run again (bot/unit.lua), as the gate does not read then.
local function read(ctx, ns, key)
   local unit = ctx._unit
   local keys = unit and unit.writes[ns]
   local own = keys and keys[key]
   local packed = own and own.packed
   if not own then packed = core.store.get(ns, key) end
   return packed and core.store.unpack(packed) or nil
end

--- The row of a chat that a person serves now, or nil.
function Handover:active(ctx)
   local ns, key = place_of(ctx)
   if key and may_be(ns) then return read(ctx, ns, key) end
end

--- The same for handlers: one that is run again is told what it was told.
function Handover:seen(ctx)
   local ns, key = place_of(ctx)
   if not key then return nil end
   return units.of(ctx):step("handover", ns .. key, function()
      return self:active(ctx) or false
   end) or nil
end

local function write(ctx, row)
   local ns, key = place_of(ctx)
   stores.raw(ns):set(key, row, {ttl = math.max(row.due - core.now(), 0.001)})
   note(ns, true, DOUBT)
   for handover in pairs(all) do handover:join {} end
end

local function remove(ctx)
   local ns, key = place_of(ctx)
   stores.raw(ns):delete(key)
   rawset(ctx, "handed_over", false)
end

-- ---- start and end ----

local function fill(text, values)
   return (text:gsub("{(%w+)}", values))
end

-- Tells the person. A number that cannot be reached must not leave the customer
-- with the bot.
local function tell(self, ctx, to, template)
   local from = ctx.from or {}
   local phone = from.phone or ctx.chat
   local text = fill(template, {
      name = from.name or phone, phone = phone, text = ctx.text or "",
      link = phone:find("^%d+$") and "https://wa.me/" .. phone or phone,
   })
   local ok, err = pcall(function()
      local params, bot = {message = text}, self.bot
      to = core.phone(to)
      if bot.sends then return bot.sends:answer(ctx, ctx.client, to, "send_text", params, true) end
      bot.sent:add(message.send(ctx.client, to, "send_text", params).id)
   end)
   if not ok then
      core.log("warn", "bot", ("handover: '%s' could not be told: %s"):format(to, tostring(err)))
   end
end

local function row_of(ctx, by, options, before)
   local from = not ctx.from_me and ctx.from or {}
   before = before or {since = core.now(), count = 0}
   return {
      by = by, since = before.since, due = core.now() + options.hours * 3600,
      hours = options.hours, to = options.to, chat = ctx.chat, name = from.name,
      count = before.count,
   }
end

--- `by`: "words", "typing" or "script".
function Handover:start(ctx, by, options)
   if not ctx._chat_key then check.fail("an event '%s' has no chat to hand over", ctx.kind) end
   local before = (by == "script" and self.seen or self.active)(self, ctx)
   local to = options.to or self.options.to
   local hours = check_hours(options.hours, "ctx:handover") or self.hours
   write(ctx, row_of(ctx, by, {hours = hours, to = to}, before))
   rawset(ctx, "handed_over", true)
   if before then return end
   core.log("info", "bot", ("a person serves the chat %s (%s)"):format(ctx.chat, by))
   if options.note then ctx:send(options.note) end
   if to and by ~= "typing" then tell(self, ctx, to, self.options.told or M.told) end
end

--- Was a person serving this chat?
function Handover:resume(ctx)
   if not ctx._chat_key then check.fail("an event '%s' has no chat to resume", ctx.kind) end
   if not self:seen(ctx) then return false end
   remove(ctx)
   core.log("info", "bot", ("the bot serves the chat %s again"):format(ctx.chat))
   return true
end

-- ---- the way of an event ----

local function says_back(self, ctx)
   return self.back[ctx._words] or false
end

-- Not a group, a channel, or what is posted as status.
local function is_private(chat)
   return chat ~= nil and (chat:find("^%d+$") or chat:find("@lid$")) ~= nil
end

-- The owner, on the phone.
local function typed(self, ctx)
   if not is_private(ctx.chat) then return end
   local row = self:active(ctx)
   if not row then
      if self.options.on_typing then self:start(ctx, "typing", {}) end
   elseif says_back(self, ctx) then
      remove(ctx)
   else
      row.due = core.now() + row.hours * 3600
      write(ctx, row)
   end
end

local function or_default(given, default)
   if given == false then return nil end
   return type(given) == "string" and given or default
end

local function served(self, ctx, row)
   if says_back(self, ctx) then
      remove(ctx)
      local text = or_default(self.options.resumed, M.resumed)
      if text then ctx:send(text) end
      return
   end
   row.count = row.count + 1
   write(ctx, row)
end

-- A handler that goes on behind a question began before the person came.
local function has_asked(ctx)
   return ctx._steps ~= nil and ctx._steps.total > 0
end

local function wants_person(self, ctx)
   if not self.asks or ctx.is_group or not self.asks(ctx) then return false end
   return not self.bot.asks:chooses(ctx) -- "Falar com atendente" of a menu is its answer
end

--- Before middleware and handlers.
function Handover:gate(ctx, go_on)
   if not self.given and not may_be(namespace_of(ctx)) then return go_on() end
   local kind = ctx.kind:gsub("^own%.", "")
   if has_asked(ctx) or not events.is(kind, "message") then return go_on() end
   if ctx.from_me then
      if self.given and self.bot:typed_on_phone(ctx._ev) then typed(self, ctx) end
      return go_on(self:active(ctx) ~= nil)
   end
   local row = self:active(ctx)
   if row then return served(self, ctx, row) end
   if wants_person(self, ctx) then
      return self:start(ctx, "words", {note = or_default(self.options.note, M.note)})
   end
   return go_on()
end

return M
