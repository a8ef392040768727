--- Who said SAIR gets no more of what is not an answer.
---
---    "SAIR"    → a row of the ledger, confirmed once
---    "VOLTAR"  → the row goes
---
--- Asked when a message leaves, so it also holds for what was stored before: all of
--- z.outbox, and what handlers of timers and of own events send by ctx. Answers to
--- what this person writes are not held back. Start reading at Ledger:gate.
local core = require "zapi.core"
local check = require "zapi.bot.check"
local contact = require "zapi.bot.contact"
local people = require "zapi.kit.people"
local units = require "zapi.bot.unit"
local words = require "zapi.bot.words"

check.ours()

local M = {}

---@class zapi.kit.Ledger
local Ledger = {}
Ledger.__index = Ledger
Ledger.__name = "zapi.kit.Ledger"

--- The reason for which a message is cancelled.
Ledger.why = "the recipient has opted out"

local PAGE <const> = 200

--- The words of customers, and what they read.
M.words = {"sair", "parar", "cancelar", "stop"}
M.back = {"voltar"}
M.confirm = "Pronto! Você não receberá mais as nossas mensagens. Se mudar de ideia, responda "
   .. "VOLTAR."
M.welcome = "Que bom! Você voltou a receber as nossas mensagens. Para sair, responda SAIR."

-- Who is in the middle of an order and writes this wants to cancel the order.
local meant_otherwise <const> = {"cancelar"}

---@class zapi.kit.OptoutOptions
---@field words? string|string[] whole messages (sair, parar, stop; and cancelar, when neither
---   a question nor a flow is open: there it cancels what is being asked)
---@field back? string|string[] (voltar)
---@field confirm? string|false what is read after SAIR, once
---@field welcome? string|false what is read after VOLTAR
---@field lanes? string|string[] of z.outbox whose messages leave all the same, unless they
---   have guard = "optout": receipts, deliveries
---@field except? string|string[] numbers of the shop itself: kitchen, owner. Their words are
---   no wish, and nothing is held back from them
---@field ledger? string a name: bots with the same one (left out: all) share it

local known <const> = {
   words = "string|table", back = "string|table", confirm = "string|boolean",
   welcome = "string|boolean", lanes = "string|table", ledger = "string",
   except = "string|table",
}

-- ---- options ----

local function set_of(list, what, fold)
   local set = {}
   for i, word in ipairs(type(list) == "table" and list or {list}) do
      check.type(word, "string", i, what)
      set[fold(word)] = true
   end
   return set
end

local function plain(word)
   return words.normalise(words.fold(word))
end

local function text_or(given, default, name)
   if given == nil then return default end
   if given == true then check.fail("bad '%s' in kit.optout (a text or false)", name) end
   return given
end

-- ---- rows: one for each name of a person, so that any of them finds it ----

local function names_of(who)
   local seen, list = {}, {}
   for _, field in ipairs {"key", "phone", "lid"} do
      local name = who[field]
      if name and name ~= "" and not seen[name] then
         seen[name] = true
         list[#list + 1] = name
      end
   end
   return list
end

local function person(who)
   local ok, found = pcall(contact.of, type(who) == "string" and core.phone(who) or who)
   if not ok then check.fail("%s", (found:gsub("^.-: ", ""))) end
   return found
end

-- What a handler has written itself counts; no step of one that is run again.
local function read_bytes(ns, key)
   local unit = units.current()
   local keys = unit and unit.writes[ns]
   local own = keys and keys[key]
   if own then return own.packed end
   return (core.store.get(ns, key))
end

local function read(ns, key)
   local packed = read_bytes(ns, key)
   return packed and core.store.unpack(packed) or nil
end

local function write(ns, key, row)
   local packed, unit = row and core.store.pack(row) or nil, units.current()
   if unit then return unit:write(ns, key, packed) end
   local ok, err = core.store.put(ns, key, packed)
   if not ok then error(err, 0) end
end

-- ---- whoever was forgotten (zapibot forget) stays out, under a hash: store/forget.h ----

local HASHED <const> = 33

-- The keys of somebody's hashed rows; nil. Without a secret nobody was forgotten.
local function hashed_keys(ns, names)
   local secret = read_bytes(ns, "#")
   if not secret then return nil end
   for _, name in ipairs(names) do
      local keys = read_bytes(ns, "#" .. core.hmac_sha256(secret, name))
      if keys then return keys end
   end
end

local function forgive(ns, names)
   local keys = hashed_keys(ns, names)
   for at = 1, keys and #keys or 0, HASHED do write(ns, keys:sub(at, at + HASHED - 1), nil) end
end

--- Is this one of the shop's own numbers?
function Ledger:spares(names)
   for _, name in ipairs(names) do
      if self.except[name] then return true end
   end
   return false
end

--- The row of a person who has opted out: {key, phone?, lid?, name?, at, word}, or
--- {key, forgotten = true} when they were forgotten since; nil.
---@param who string|zapi.contact
---@return {key: string, at?: number, word?: string, forgotten?: boolean}|nil
function Ledger:has(who)
   who = person(who)
   local names = names_of(who)
   if self:spares(names) then return nil end
   for _, name in ipairs(names) do
      local row = read(self.ns, name)
      if row then return row end
   end
   if hashed_keys(self.ns, names) then return {key = who.key, forgotten = true} end
end

--- Somebody has opted out otherwise: by telephone, by e-mail. Were they in before?
---@param who string|zapi.contact
---@param word? string how, or the word they used
---@return boolean
function Ledger:add(who, word)
   who = person(who)
   if self:has(who) then return false end
   local row = {
      key = who.key, phone = who.phone, lid = who.lid, name = who.name, at = core.now(),
      word = word,
   }
   for _, name in ipairs(names_of(who)) do write(self.ns, name, row) end
   return true
end

--- Somebody wants messages again. Had they opted out?
---@param who string|zapi.contact
---@return boolean
function Ledger:remove(who)
   who = person(who)
   local row = self:has(who)
   if not row then return false end
   forgive(self.ns, names_of(who))
   for _, names in ipairs {names_of(who), names_of(row)} do
      for _, name in ipairs(names) do write(self.ns, name, nil) end
   end
   return true
end

--- All who have opted out: `for key, row in ledger:each()`. What the running handler
--- has just written is not among them, and who was forgotten has no name any more.
---@return fun(): string?, table?
function Ledger:each()
   local rows, more = core.store.scan(self.ns, "", nil, PAGE)
   local i = 0
   return function()
      while true do
         if i == #rows then
            if not more then return nil end
            rows, more = core.store.scan(self.ns, "", rows[#rows][1], PAGE)
            i = 0
         end
         i = i + 1
         local found = rows[i]
         if not found then return nil end
         local row = found[1]:sub(1, 1) ~= "#" and core.store.unpack(found[2])
         if row and row.key == found[1] then return row.key, row end
      end
   end
end

-- ---- what leaves ----

--- Is a message of the outbox held back?
function Ledger:stops(lane, recipient)
   return recipient ~= "" and not self.lanes[lane or ""] and self:has(recipient) ~= nil
end

-- ---- what comes ----

-- "sair" may be how a question is left: then it is that.
local function says(self, ctx, set)
   local word = ctx._words
   if not set[word] or self.bot.asks:escapes(ctx) then return false end
   return not (self.soft[word] and self.bot:_in_dialogue(ctx))
end

--- Of dispatch: before everything, also while a person serves the chat.
function Ledger:gate(ctx, go_on)
   if not people.writes(ctx) or ctx.is_group or not ctx.from
      or next(self.except) and self:spares(names_of(ctx.from)) then
      return go_on()
   end
   if says(self, ctx, self.words) then
      if self:add(ctx.from, ctx.text) and self.confirm then ctx:send(self.confirm) end
   elseif self.back[ctx._words] and self:remove(ctx.from) then
      if self.welcome then ctx:send(self.welcome) end
   else
      return go_on()
   end
end

--- See zapi.kit.optout.
---@param bot zapi.Bot
---@param options? zapi.kit.OptoutOptions
---@return zapi.kit.Ledger
function M.new(bot, options)
   if type(bot) ~= "table" or not bot._gate then
      check.fail("kit.optout needs the bot: kit.optout(bot, {…})")
   end
   options = check.options(options, known, "kit.optout")
   if bot.ledger then check.fail("this bot has kit.optout already") end
   local function name(lane) return lane end
   local self = setmetatable({
      bot = bot, ns = "\1optout:" .. (options.ledger or ""),
      words = set_of(options.words or M.words, "'words' of kit.optout", plain),
      back = set_of(options.back or M.back, "'back' of kit.optout", plain),
      lanes = set_of(options.lanes or {}, "'lanes' of kit.optout", name),
      except = set_of(options.except or {}, "'except' of kit.optout", core.phone),
      soft = set_of(options.words and {} or meant_otherwise, "", plain),
      confirm = text_or(options.confirm, M.confirm, "confirm"),
      welcome = text_or(options.welcome, M.welcome, "welcome"),
   }, Ledger)
   bot.ledger = self
   bot:guard("optout", function(message)
      if self:has(message.recipient) then return false, self.why end
      return true
   end)
   bot:_gate(function(ctx, go_on) return self:gate(ctx, go_on) end, {"message"}, true)
   return self
end

return M
