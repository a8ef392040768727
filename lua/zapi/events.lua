--- The names of events: what `bot:on` accepts. The table itself is in the core
--- (one table for the door, the order of chats and scripts); this module gives
--- it to scripts, with the own.* names that follow from it.
local core = require "zapi.core"

local M = {}

---@alias zapi.event
---| "*" every event but presence and receipts (sent, read …)
---| "message" any message of somebody else
---| "text" | "ad" | "status_reply" | "image" | "audio" | "voice" | "video"
---| "document" | "sticker" | "location" | "contact" | "product" | "order"
---| "poll" | "event" | "choice" | "template" | "carousel" | "buttons" | "pix"
---| "payment" | "payment.requested" | "payment.sent" | "payment.declined"
---| "review" | "reaction" | "vote" | "event_response" | "pin" | "edit"
---| "delete" | "channel_invite" | "waiting" | "unknown"
---| "group.create" | "group.join" | "group.leave" | "group.request"
---| "group.request_revoked" | "group.promote" | "group.demote" | "group.change"
---| "call.incoming" | "call.missed" | "channel.promote" | "channel.demote"
---| "profile.name" | "profile.photo" | "chat.label" | "notice"
---| "message.sent" | "message.received" | "message.read" | "message.played"
---| "message.failed" | "message.delivered" | "message.unknown" | "read_by_me"
---| "presence" | "connected" | "disconnected" | "proxy.failed"
---| "own.message" | "own.text" | "own.choice" | "broadcast_list"
---| string own.NAME of any message, raw:NAME with a name of Z-API's own, or a name
---   of yours with a dot, of bot:emit

--- What acts on another message: it comes back as an echo, like a message.
local actions = {
   reaction = true, vote = true, event_response = true, pin = true,
   edit = true, delete = true, waiting = true,
}

--- All names, parents included, without own.* and raw:*.
---@type string[]
M.names = {}
--- name -> what makes it.
---@type table<string, string>
M.docs = {}

local known = {}

local function add(name, doc)
   if known[name] then return end
   known[name] = true
   M.names[#M.names + 1] = name
   M.docs[name] = doc
end

for _, row in ipairs(core.kinds()) do
   add(row.name, row.doc)
end
for _, row in ipairs(core.kinds()) do
   for _, parent in ipairs(row.parents) do add(parent) end
end
add("message", "any message of somebody else")

local function base(name)
   return name:match("^own%.(.+)$")
end

--- Does an own.* event of this name exist?
---@param name string without "own."
function M.can_be_own(name)
   return name == "message" or actions[name] or core.kind_is(name, "message") or false
end

--- May events of bot:emit have this name? Lower case with a dot, as
--- "shop.paid"; not one of ours, and none of ours with a slip of the pen.
---@param name string
---@return boolean
---@return string|nil near what was probably meant
function M.can_be_emitted(name)
   if known[name] or name:find("^own%.") or not name:find("^%l[%l%d_]*%.[%l%d_.]*[%l%d_]$") then
      return false
   end
   local near = core.nearest(name, M.names)
   return near == nil, near
end

--- Is this a name that `bot:on` may be given?
---@param name string
---@return boolean
function M.exists(name)
   if name == "*" or known[name] or name:find("^raw:.") then return true end
   if M.can_be_emitted(name) then return true end
   local b = base(name)
   return b ~= nil and known[b] ~= nil and M.can_be_own(b)
end

--- Is an event of this kind one that a handler for `name` sees?
---@param kind string
---@param name string a name or a parent; not raw:*
---@return boolean
function M.is(kind, name)
   if name == kind or core.kind_is(kind, name) then return true end
   local k, n = base(kind), base(name)
   return k ~= nil and n ~= nil and (k == n or core.kind_is(k, n))
end

--- The kind under which an event that the account itself made is handled, or
--- nil when it is nobody's echo. `review` tells of an order of ours: no echo.
---@param kind string
---@return string|nil
function M.own_kind(kind)
   local b = base(kind)
   if (b or kind) == "review" then return nil end
   if b or core.kind_is(kind, "own.message") then return kind end
   if M.can_be_own(kind) then return "own." .. kind end
   return nil
end

return M
