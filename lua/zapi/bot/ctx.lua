--- The event in hand, as handlers see it. A ctx is made for every event, so it
--- is three fields and a metatable; the rest is worked out when it is read
--- (bot/fields.lua). Methods throw when they fail, so that a failed answer is
--- never taken for a handled event.
local check = require "zapi.bot.check"
local contact = require "zapi.bot.contact"
local fields = require "zapi.bot.fields"
local message = require "zapi.bot.message"
local outcome = require "zapi.bot.outcome"

check.ours()

---@class zapi.ctx
---@field kind string name of the event, as in bot:on
---@field event table the payload, in Z-API's words
---@field id? string message id
---@field chat? string where it happened
---@field is_group boolean
---@field from? zapi.contact
---@field text? string text, caption or chosen label
---@field folded string the same in lower case without accents, "" for none
---@field choice? {id: string, label: string}
---@field args? table of a command: words, .text, and the names of its args
---@field match? table captures of hears and match
---@field mentions zapi.contact[]
---@field quoted? {id: string, mine: boolean, from: zapi.contact?}
---@field members? zapi.contact[]
---@field by? zapi.contact
---@field removed? boolean
---@field error? {kind: string, message: string, code: string?}
---@field sent? {id: integer, key: string?, endpoint: string, recipient: string,
---   state: string} of what tells about a message: our own row of it
---@field request? table of bot:http{durable = true}: the request
---@field client table
---@field value any of an answer: what it was taken for (ctx:ask{match=})
---@field reason? string of conversation.ended
---@field attempt integer 1, and one more at each try
---@field now number Unix seconds; the same when the handler runs again
---@field random fun(low?: integer, high?: integer): number as math.random, but the same when
---   the handler runs again
---@field handed_over boolean a person serves this chat: ctx:handover
---@field from_me boolean
---@field from_api boolean
---@field log table debug, info, warn, error
local methods = {}

-- Fields that need the table of sends.
local of_sends = {}

-- Events about messages carry the message's id; those that we made carry the row.
function of_sends.sent(ctx)
   local row, sends = ctx.event.send, ctx._bot.sends
   if row and ctx._ev.type == "" then return row end
   if not sends or not ctx.kind:find("^message%.") or not ctx.id then return nil end
   row = sends:by_message(ctx.id)
   return row and {
      id = row.id, key = row.key, endpoint = row.endpoint, recipient = row.recipient,
      state = row.state,
   }
end

function of_sends.error(ctx)
   local row = ctx.event.send
   if row and ctx._ev.type == "" and row.error_kind then
      return {kind = row.error_kind, message = row.error}
   end
   return fields.error(ctx)
end

local mt = {__name = "zapi.ctx"}

function mt.__index(ctx, name)
   local field = of_sends[name] or fields[name]
   if not field then return methods[name] end
   local value = field(ctx)
   rawset(ctx, name, value)
   return value
end

local function chat_of(ctx)
   return ctx.chat or check.fail("an event '%s' has no chat to answer in", ctx.kind)
end

local function client_of(ctx)
   return ctx.client
      or check.fail("no client for the instance '%s' of this event", ctx._ev.instance or "?")
end

-- What the account itself sent by API comes back as an event. Answering that
-- would be answered again, for ever.
local function refuse_loop(ctx)
   if ctx.kind:find("^own%.") and not ctx._bot:typed_on_phone(ctx._ev) then
      check.fail("this message is the bot's own (it came back as '%s'): answering it would "
         .. "never end; look at ctx.from_api first", ctx.kind)
   end
end

-- "typing…" before a message: as long as it says itself, or ctx:typing, or
-- zapi.kit.typing for its text.
local function type_before(ctx, params)
   local seconds, of_text = params.delayTyping or ctx._typing, (ctx._root or ctx)._types
   ctx._typing = nil
   if not seconds and of_text then seconds = of_text(params.message or params.caption or "") end
   params.delayTyping = seconds
end

-- What answers nobody is not for those who have opted out (zapi.kit.optout).
local function opted_out(ctx, chat)
   local kind = ctx.kind
   local is_answer = ctx._ev.type ~= "" and not kind:find("^timer:") and not kind:find("^http:")
   if is_answer or not ctx._bot.ledger:has(chat) then return false end
   ctx.log.info("nothing is sent to %s, who has opted out", chat)
   return true
end

local function send(ctx, msg, options, quote)
   refuse_loop(ctx)
   local chat = chat_of(ctx)
   local endpoint, params, wanted, content = message.encode(msg, options)
   if wanted == nil then wanted = quote end
   if wanted and message.quotable(content) then params.messageId = ctx.id end
   if message.types(content) then type_before(ctx, params) end
   if content == "list" and ctx.is_group then ctx._bot:warn_once("list", "WhatsApp no longer "
      .. "shows option lists in groups: send buttons or a numbered text there") end
   local bot = ctx._bot
   if bot.ledger and opted_out(ctx, chat) then
      return message.cancelled(client_of(ctx), chat, endpoint, params, bot.ledger.why)
   end
   if bot.sends then
      local plain = msg == params.message and options == nil and endpoint == "send_text"
      return bot.sends:answer(ctx, client_of(ctx), chat, endpoint, params, plain)
   end
   local sent = message.send(client_of(ctx), chat, endpoint, params)
   bot.sent:add(sent.id)
   return sent
end

--- Answers in this chat; in groups as a reply that quotes the message (quote =
--- false: not), in private chats without (quote = true: with). Throws.
---@param msg string|zapi.msg
---@param options? zapi.msg laid over msg
---@return zapi.Message
function methods:reply(msg, options)
   return send(self, msg, options, self.is_group and self.id ~= nil)
end

--- Sends to this chat without quoting. Throws.
---@param msg string|zapi.msg
---@param options? zapi.msg
---@return zapi.Message
function methods:send(msg, options)
   return send(self, msg, options, false)
end

local function id_of(ctx)
   return ctx.id or check.fail("an event '%s' has no message to act on", ctx.kind)
end

--- Reacts with an emoji; "" or nil takes the reaction back. Throws.
---@param emoji? string
function methods:react(emoji)
   refuse_loop(self)
   local params = {phone = chat_of(self), messageId = id_of(self)}
   if emoji == nil or emoji == "" then
      message.call(client_of(self), "send_remove_reaction", params)
   else
      params.reaction = emoji
      message.call(client_of(self), "send_reaction", params)
   end
end

--- Shows "typing…" (before audio "recording…") for so many seconds before the
--- next text or audio that this ctx sends. Z-API knows it only together with a
--- message, so nothing is sent now.
---@param seconds number 1 to 15
function methods:typing(seconds)
   check.type(seconds, "number", "seconds", "ctx:typing")
   if not (seconds >= 0 and seconds <= 15) then
      check.fail("bad 'seconds' in ctx:typing (0 to 15 expected, got %s)", seconds)
   end
   self._typing = seconds
end

-- The account's own message needs another flag than somebody else's.
local function is_mine(ctx, id, options)
   if options.mine ~= nil then return options.mine end
   if id == ctx.id then return ctx.from_me end
   if ctx._bot.sent:has(id) then return true end
   return not (ctx.quoted and ctx.quoted.id == id) or ctx.quoted.mine
end

--- Deletes a message for everybody: this one, or the one with the id (which is
--- taken for one of ours, unless it is what this message quotes). Throws.
---@param id? string|zapi.Message
---@param options? {mine: boolean} when it cannot be known
function methods:delete(id, options)
   if type(id) == "table" then id = id.id end
   id = id or id_of(self)
   options = check.options(options, {mine = "boolean"}, "ctx:delete")
   message.call(client_of(self), "delete_message", {
      messageId = id, phone = chat_of(self), owner = is_mine(self, id, options),
   })
end

--- Marks the message as read. Throws.
function methods:read()
   message.call(client_of(self), "read_message",
      {phone = chat_of(self), messageId = id_of(self)})
end

--- Is this person (default: the author) an admin of the group? Asked of Z-API
--- once in five minutes; false outside of groups. Throws.
---@param who? string|zapi.contact
---@return boolean
function methods:is_admin(who)
   if not self.is_group then return false end
   local is = contact.matcher(who or self.from or {})
   for _, admin in ipairs(self._bot.groups:admins(client_of(self), self.chat)) do
      if is(admin) then return true end
   end
   return false
end

--- Saves the media of this message: to `path`, into the folder `path` when it
--- ends with "/", else into the system's temporary folder. Private addresses are
--- refused. Returns the path, or nil and an error.
---@param path? string
---@param options? {max: integer, timeout: number}
---@return string|nil, table|nil
function methods:download(path, options)
   return require("zapi.bot.download").save(self, path, options)
end

--- Asks, and waits for the next message of the same person in this chat: its ctx
--- (.value has what it was taken for), or nil and "timeout", "escaped", "tries" or
--- "replaced" (this person was asked something else meanwhile). The chat goes on
--- meanwhile, and so does everything after a restart: then the handler is run anew
--- from its start, with the messages it sent, what it read from stores and sessions,
--- ctx:step, ctx.now and ctx.random as they were. Throws when the question fails.
---@param msg string|zapi.msg
---@param options? zapi.AskOptions
---@return zapi.ctx|nil answer
---@return "timeout"|"escaped"|"tries"|"replaced"|nil why
function methods:ask(msg, options)
   local bot = self._bot
   return bot.asks:ask(self, require("zapi.bot.answer").of(msg, options))
end

--- Asks for one of some items: the one that was chosen ({id=, label=}) and the ctx of
--- the answer; or nil and why, as ctx:ask. Buttons (up to three) or a list in private
--- chats; numbered text in groups and where buttons are refused. Answers count by
--- button, number, id, label and nearly the label. Throws when the menu fails.
---@param msg string|zapi.msg a text, maybe with image or video
---@param items (string|{id: string|number, label: string, description: string?})[]
---@param options? zapi.MenuOptions
---@return {id: string|number, label: string}|nil choice
---@return zapi.ctx|string|nil answer, or why there is none
function methods:menu(msg, items, options)
   return require("zapi.bot.menu").ask(self, msg, items, options)
end

--- What fn returns, once: a handler that runs again gets what it returned then. For
--- what must not be done twice (a payment, a call of another service). Stored before
--- it returns, which costs a commit.
---@generic T
---@param name string
---@param fn fun(): T
---@return T
function methods:step(name, fn)
   return require("zapi.bot.steps").step(self, name, fn)
end

--- A person takes over: this chat's messages come to no handler any more, until
--- ctx:resume, the bot's `back` words, or so many hours (bot.new{handover={hours=}},
--- 12). `to` is told; `note` is sent to this chat. Durable with the handler's good end.
---@param options? {to: string, hours: number, note: string}
function methods:handover(options)
   options = check.options(options, {to = "string", hours = "number", note = "string"},
      "ctx:handover")
   self._bot.handover:start(self, "script", options)
end

--- The bot serves this chat again. Did a person?
---@return boolean
function methods:resume()
   return self._bot.handover:resume(self)
end

local function states_of(ctx)
   return ctx._bot.states or check.fail("this bot has no states: bot:state(name, {on = fn})")
end

--- This person is in a state of bot:state from now on, and leaves the one before.
---@param name string
---@param data? table kept with the state
function methods:enter(name, data)
   states_of(self):enter(self._root or self, name, data)
end

--- This person leaves the state. Were they in one?
---@return boolean
function methods:leave()
   return states_of(self):leave(self._root or self)
end

--- Ends the handler at once; the event counts as handled. What the handler left
--- to be stored at its good end (z.outbox) is not. Write `return ctx:drop()`: it
--- throws, and a pcall of the script's own would go on behind it.
function methods:drop()
   return outcome.drop(self)
end

--- Ends the handler at once; the event comes again after so many seconds (also
--- after a restart), with ctx.attempt one higher. The chat goes on meanwhile.
--- Write `return ctx:retry_later(60)`.
---@param seconds number
function methods:retry_later(seconds)
   return outcome.later(self, seconds)
end

for name, fn in pairs(methods) do methods[name] = check.method("ctx", name, fn, "_bot") end

local M = {}

--- What a ctx can do, by name: for `zapibot check`.
M.methods = methods

--- What a ctx has, by name: the same.
M.fields = {
   kind = true, event = true, attempt = true, args = true, match = true, value = true,
   request = true,
}
for _, set in ipairs {fields, of_sends} do
   for name in pairs(set) do M.fields[name] = true end
end

--- A ctx for an event of the core under its final kind.
---@return zapi.ctx
function M.new(bot, ev, kind)
   return setmetatable({
      _bot = bot, _ev = ev, kind = kind, event = ev.payload, attempt = ev.attempt or 1,
   }, mt)
end

return M
