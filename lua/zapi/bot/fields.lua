--- The fields of a ctx that are worked out when they are first read. Each
--- function takes the ctx; its result is kept there. Payload names are those
--- of Z-API; null is absent.
local core = require "zapi.core"
local contact = require "zapi.bot.contact"
local sessions = require "zapi.bot.session"
local words = require "zapi.bot.words"

local M = {}

-- Where a payload may carry a text, in the order of the test.
local texts = {
   {"text", "message"}, {"image", "caption"}, {"video", "caption"},
   {"document", "caption"}, {"buttonsResponseMessage", "message"},
   {"listResponseMessage", "title"}, {"listResponseMessage", "message"},
   {"hydratedTemplate", "message"}, {"buttonsMessage", "message"},
   {"carouselMessage", "text"}, {"poll", "question"}, {"order", "message"},
   {"newsletterAdminInvite", "text"},
}

local with_members = {
   ["group.join"] = true, ["group.leave"] = true, ["group.request"] = true,
   ["group.request_revoked"] = true, ["group.promote"] = true, ["group.demote"] = true,
}

local function nonempty(s)
   if s ~= "" then return s end
end

-- Of a handler that waits for an answer: see bot/ask/asking.lua.
function M.event(ctx)
   local ev = ctx._ev
   if not ev.payload then ev.payload = ctx._bot.service:payload(ev.seq) end
   return ev.payload
end

function M.text(ctx)
   local event = ctx.event
   for i = 1, #texts do
      local part = event[texts[i][1]]
      local s = part and part[texts[i][2]]
      if s and s ~= "" then return s end
   end
end

--- Lower case, no accents, at most 4,096 bytes; "" when there is no text.
function M.folded(ctx)
   return words.fold(ctx.text or "")
end

function M._words(ctx)
   return words.normalise(ctx.folded)
end

function M.choice(ctx)
   local button = ctx.event.buttonsResponseMessage
   if button then return {id = button.buttonId, label = button.message} end
   local row = ctx.event.listResponseMessage
   if row then
      return {id = row.selectedRowId, label = nonempty(row.title) or row.message}
   end
end

function M.id(ctx) return nonempty(ctx._ev.id) end
function M.chat(ctx) return nonempty(ctx._ev.chat) end
function M.is_group(ctx) return ctx._ev.is_group or false end
function M.from_me(ctx) return ctx._ev.from_me or false end
function M.from_api(ctx) return ctx._ev.from_api or false end
--- When this event was first looked at; also when its handler runs again to go on
--- behind a question.
function M.now(ctx) return require("zapi.bot.steps").now(ctx) end
function M.random(ctx) return require("zapi.bot.steps").random(ctx) end

--- Of conversation.ended: why ("changed").
function M.reason(ctx)
   if ctx.kind == "conversation.ended" then return ctx.event.reason end
end

-- Who did it: in groups the participant, in the account's own messages the
-- account, else the chat.
function M.from(ctx)
   local e = ctx.event
   local name = e.senderName
   local participant = contact.new(e.participantPhone, e.participantLid, name)
   if ctx.is_group and participant then return participant end
   if ctx.from_me then return contact.new(e.connectedPhone, nil, name) end
   if ctx.is_group then return nil end
   return contact.new(e.phone, e.chatLid or e.senderLid, name)
end

--- Who joined, left, asked to enter, was promoted or demoted.
function M.members(ctx)
   if not with_members[ctx.kind] then return nil end
   local list = {}
   for _, id in ipairs(ctx.event.notificationParameters or {}) do
      if type(id) == "string" then list[#list + 1] = contact.new(id) end
   end
   if #list == 0 then list[1] = ctx.by end
   return list
end

--- Who did what a notification tells.
function M.by(ctx)
   local e = ctx.event
   if e.notification then return contact.new(e.participantPhone, e.participantLid) end
end

--- In group.leave: was taken out by somebody else.
function M.removed(ctx)
   if ctx.kind ~= "group.leave" then return nil end
   return ctx.event.notification == "GROUP_PARTICIPANT_REMOVE"
end

function M.mentions(ctx)
   local list = {}
   for digits in (ctx.text or ""):gmatch("@(%d%d%d%d%d%d%d%d+)") do
      list[#list + 1] = contact.mentioned(digits)
   end
   return list
end

-- The keys whose object names another message.
local function referenced(e)
   local part = e.reaction or e.pinMessage or e.eventResponse
   return part and part.referencedMessage
end

-- Whose it was is in the payload of what acts on a message, …
local function of_reference(ref)
   return {
      id = ref.messageId,
      mine = ref.fromMe or false,
      from = contact.new(ref.participant or not ref.fromMe and ref.phone or nil),
   }
end

-- … but an answer names an id only. Authors are remembered for a week.
local function of_id(ctx, id)
   local who, mine = core.people.author(nil, id)
   mine = mine or ctx._bot.sent:has(id)
   return {id = id, mine = mine, from = not mine and contact.new(who) or nil}
end

--- The message that this one answers or acts on.
function M.quoted(ctx)
   local e = ctx.event
   local ref = referenced(e)
   if ref and ref.messageId then return of_reference(ref) end
   local id = nonempty(e.referenceMessageId or "")
      or e.pollVote and e.pollVote.pollMessageId
   if id then return of_id(ctx, id) end
end

--- Of message.failed: what the delivery webhook said.
function M.error(ctx)
   local e = ctx.event
   if e.type ~= "DeliveryCallback" or not e.error then return nil end
   return {
      kind = core.delivery_kind(e.error, e.errorCode),
      message = e.error,
      code = e.errorCode,
   }
end

function M.client(ctx)
   return ctx._bot:client_of(ctx._ev.instance)
end

--- What is kept of this chat (or person: bot:session) between events; {} when
--- new. Saved at the handler's good end.
function M.session(ctx)
   local root = ctx._root -- an answer's is that of who asked
   if root then return root.session end
   return sessions.load(ctx)
end

-- What names the chat: the order of a private one is the person's key, which stays
-- the same when a number turns out to belong to a lid.
function M._chat_key(ctx)
   local order = ctx._ev.order
   if order and order ~= "" and not ctx.is_group then return order end
   return ctx.chat
end

--- Does a person serve this chat now? See ctx:handover.
function M.handed_over(ctx) return ctx._bot.handover:seen(ctx) ~= nil end

local function logger(ctx)
   local log = {}
   for _, level in ipairs { "debug", "info", "warn", "error" } do
      log[level] = function(fmt, ...)
         local s = select("#", ...) > 0 and fmt:format(...) or tostring(fmt)
         core.log(level, "bot", ("[%s %s] %s"):format(ctx.kind, ctx.id or "-", s))
      end
   end
   return log
end

M.log = logger

--- The command of a text: {prefix=, name= folded, rest=}, or nil.
function M._command(ctx)
   return ctx._bot.commands:parse(ctx.text)
end

return M
