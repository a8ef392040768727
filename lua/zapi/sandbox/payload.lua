--- The bodies of webhooks, field by field as Z-API sends them today (the newer
--- shape, with chatLid and fromApi). Null is written where Z-API writes null:
--- a bot that breaks on it should break here first.
local null = require("zapi.core").null

local M = {}

local function media(m) return m.media or {} end

---@type table<string, fun(m: table): string, table>
local content = {}

function content.text(m) return "text", { message = m.text } end

function content.image(m)
   local file = media(m)
   return "image", {
      imageUrl = file.url, thumbnailUrl = file.url, caption = m.caption or "",
      mimeType = file.mime, downloadError = null, viewOnce = m.view_once or false,
      width = 600, height = 315,
   }
end

function content.audio(m)
   local file = media(m)
   return "audio", {
      ptt = m.voice or false, seconds = m.seconds or 1, audioUrl = file.url,
      mimeType = file.mime, viewOnce = m.view_once or false,
   }
end

function content.video(m)
   local file = media(m)
   return "video", {
      videoUrl = file.url, caption = m.caption or "", mimeType = file.mime,
      seconds = m.seconds or 1, viewOnce = m.view_once or false,
   }
end

function content.document(m)
   local file = media(m)
   return "document", {
      documentUrl = file.url, mimeType = file.mime, title = file.title,
      pageCount = 1, fileName = file.name, caption = m.caption,
   }
end

function content.sticker(m)
   local file = media(m)
   return "sticker", { stickerUrl = file.url, mimeType = file.mime }
end

function content.location(m)
   local at = m.location
   return "location", {
      longitude = at.longitude, latitude = at.latitude,
      name = at.name, address = at.address or "", url = at.url or "",
   }
end

function content.contact(m)
   local card = m.contact
   local vcard = ("BEGIN:VCARD\nVERSION:3.0\nN:;%s;;;\nFN:%s\n"
      .. "TEL;type=CELL;waid=%s:+%s\nEND:VCARD")
      :format(card.name, card.name, card.phone, card.phone)
   return "contact", { displayName = card.name, vCard = vcard, phones = { card.phone } }
end

function content.button(m)
   return "buttonsResponseMessage", { buttonId = m.choice.id, message = m.choice.label }
end

function content.option(m)
   return "listResponseMessage", {
      message = m.choice.description or "", title = m.choice.label,
      selectedRowId = m.choice.id,
   }
end

function content.buttons(m)
   local buttons = {}
   for i, b in ipairs(m.buttons) do
      buttons[i] = { buttonId = b.id, type = 1, buttonText = { displayText = b.label } }
   end
   local file = media(m)
   local is_video = file.kind == "video"
   return "buttonsMessage", {
      imageUrl = file.url and not is_video and file.url or null,
      videoUrl = is_video and file.url or null,
      message = m.text, buttons = buttons,
   }
end

-- No source shows how a list of our own comes back: the text is what is sure.
content.list = content.text

---@return string text that a person sees, for journals and specs
function M.summary(m)
   if m.choice then return m.choice.label end
   return m.text or m.caption or ""
end

local function author_of(world, m)
   return m.from and world.by_key[m.from] or { name = world.name, phone = world.phone }
end

--- Fields that every ReceivedCallback has.
local function envelope(world, m)
   local chat = world.by_key[m.chat] or { name = m.chat }
   local author = author_of(world, m)
   local is_group = chat.members ~= nil
   return {
      isStatusReply = false, waitingMessage = false, isEdit = false,
      isGroup = is_group, isNewsletter = false, broadcast = false,
      instanceId = world.instance, connectedPhone = world.phone,
      messageId = m.id, phone = m.chat,
      chatLid = chat.lid or null,
      fromMe = m.from_me, fromApi = m.from_api or false,
      momment = m.at or world:now(),
      status = m.from_api and "SENT" or "RECEIVED",
      chatName = chat.name, senderName = author.name,
      senderPhoto = null, photo = null,
      participantLid = is_group and author.lid or null,
      participantPhone = is_group and author.phone or nil,
      messageExpirationSeconds = 0, forwarded = m.forwarded or false,
      type = "ReceivedCallback",
   }
end

function content.order(m) return "order", m.order end

--- A message of another kind: `key` with `value` instead of a text.
function M.message(world, m, key, value)
   local body = envelope(world, m)
   body.referenceMessageId = m.quoted
   body[key] = value
   return body
end

--- A message, from a person or an echo of our own.
function M.received(world, m)
   local body = envelope(world, m)
   body.isEdit = m.edited or false
   body.referenceMessageId = m.quoted
   local key, value = content[m.kind](m)
   body[key] = value
   return body
end

--- A reaction of `by` (a person, or nil for the connected number).
function M.reaction(world, target, reaction)
   local body = envelope(world, {
      id = reaction.id, chat = target.chat, from = reaction.from,
      from_me = reaction.from == nil, from_api = reaction.from == nil, at = world:now(),
   })
   body.messageExpirationSeconds = nil
   body.reaction = {
      value = reaction.value, time = body.momment,
      reactionBy = reaction.from or world.phone,
      referencedMessage = {
         messageId = target.id, fromMe = target.from_me, phone = target.chat,
         participant = body.isGroup and target.from or null,
      },
   }
   return body
end

--- A vote of a person: all that they have chosen now; none: taken back.
function M.vote(world, poll, vote)
   local options = {}
   for i, name in ipairs(vote.names) do options[i] = { name = name } end
   local body = envelope(world, {
      id = vote.id, chat = poll.chat, from = vote.from, from_me = vote.from == nil,
   })
   body.pollVote = { pollMessageId = poll.id, options = require("zapi.core").array(options) }
   return body
end

--- What notifications have beside or instead of a message's fields.
function M.notification(world, m, name, parameters)
   local body = envelope(world, m)
   body.isStatusReply, body.waitingMessage, body.isEdit = nil, nil, nil
   body.messageExpirationSeconds, body.fromApi = nil, nil
   body.participantPhone = body.participantPhone or null
   body.referenceMessageId, body.externalAdReply = null, null
   body.expiresAt, body.callId, body.code = null, null, null
   body.status = "RECEIVED"
   body.notification = name
   body.notificationParameters = require("zapi.core").array(parameters)
   return body
end

function M.revoke(world, target)
   local body = M.notification(world, {
      id = target.id, chat = target.chat, from = target.from, from_me = target.from_me,
   }, "REVOKE", {})
   body.referenceMessageId = target.id
   return body
end

function M.delivery(world, m, err)
   return {
      phone = m.chat, zaapId = m.zaap_id, messageId = m.id, momment = world:now(),
      type = "DeliveryCallback", instanceId = world.instance, error = err,
   }
end

function M.status(world, m, status)
   local chat = world.by_key[m.chat]
   return {
      instanceId = world.instance, status = status, ids = { m.id },
      momment = world:now(), phoneDevice = 0, phone = m.chat,
      type = "MessageStatusCallback",
      isGroup = chat ~= nil and chat.members ~= nil,
   }
end

function M.presence(world, chat, status)
   return {
      type = "PresenceChatCallback", phone = chat, status = status,
      lastSeen = null, instanceId = world.instance,
   }
end

function M.connected(world)
   return {
      type = "ConnectedCallback", connected = true, momment = world:now(),
      instanceId = world.instance, phone = world.phone,
   }
end

function M.disconnected(world)
   return {
      type = "DisconnectedCallback", disconnected = true, momment = world:now(),
      error = "Device has been disconnected", instanceId = world.instance,
   }
end

return M
