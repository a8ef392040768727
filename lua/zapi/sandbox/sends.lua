--- The endpoints that send or change messages. Each one makes a draft, answers
--- with its ids at once, and leaves the rest (delivery, ticks, own echo) to
--- `sandbox:carry`, as Z-API does.
local payload = require "zapi.sandbox.payload"
local world_of = require "zapi.sandbox.world"

local M = { routes = {} }

local QUEUE_LIMIT <const> = 1000
local INVALID_PARAMS <const> = "Message has not been sent because it got invalid request params."

--- The chat of a send, or the error that its DeliveryCallback will carry.
local function recipient(world, phone)
   phone = tostring(phone)
   if phone:find("%-group$") or phone:find("^%d+%-%d+$") then
      if world:may_write(phone) then return phone end
      return phone, "You can't message this group as you don't have permission"
   end
   local person = world.by_key[phone]
   if person then return person.phone end
   if phone:find("@lid$") then return phone, "Phone number does not exist" end
   local digits = not phone:find("%D") and world_of.digits(phone)
   if not digits then
      return phone, "Message has not been sent because it got invalid phone number"
   end
   if digits ~= world.phone then world:add_person { phone = digits } end
   return digits
end

local function reply_of(m)
   return { zaapId = m.zaap_id, messageId = m.id, id = m.id }
end

local function draft(sandbox, p, fields)
   local chat, fails = recipient(sandbox.world, p.phone)
   fields.chat, fields.fails = chat, fields.fails or fails
   fields.from_me, fields.from_api, fields.status = true, true, "PENDING"
   fields.typing = tonumber(p.delayTyping)
   return sandbox.world:draft(fields)
end

--- Off it goes; while the instance is disconnected it waits in the queue.
local function dispatch(sandbox, m, life)
   local world = sandbox.world
   life = life or {
      show = function() world:publish(m) end,
      echo = function() return payload.received(world, m) end,
   }
   if world.connected then
      return 200, reply_of(m), function() sandbox:carry(m, life) end
   end
   if world.settings.disableEnqueueWhenDisconnected or #sandbox.queue >= QUEUE_LIMIT then
      return 400, { error = "It was not possible to send message to queue due to request error." }
   end
   m.queued_at = world:now()
   sandbox.queue[#sandbox.queue + 1] = { message = m, life = life }
   return 200, reply_of(m)
end

--- A change of a message that exists: its own id comes back.
local function dispatch_edit(sandbox, p, id, text)
   local world = sandbox.world
   local target = world:message(tostring(id))
   local m = draft(sandbox, p, { id = tostring(id), kind = "text", text = text })
   if not target or not target.from_me or target.deleted then m.fails = INVALID_PARAMS end
   return dispatch(sandbox, m, {
      show = function() if not m.fails then world:edit(target, text) end end,
      echo = function() return payload.received(world, target) end,
   })
end

M.draft, M.dispatch, M.INVALID_PARAMS = draft, dispatch, INVALID_PARAMS

local function post(path, run) M.routes[path] = { POST = run } end

post("/send-text", function(sandbox, p)
   local text = tostring(p.message)
   if p.mentionAll and not tostring(p.phone):find("%-group$") then
      return 400, { error = "mentionAll can only be used in groups" }
   end
   if p.editMessageId then return dispatch_edit(sandbox, p, p.editMessageId, text) end
   return dispatch(sandbox, draft(sandbox, p, {
      kind = "text", text = text, quoted = p.messageId, mentioned = p.mentioned,
   }))
end)

--- A file; a bad one is accepted and fails later, as Z-API does.
local function send_file(kind, edit_field)
   return function(sandbox, p)
      local edited = edit_field and p[edit_field]
      if edited then return dispatch_edit(sandbox, p, edited, p.caption or "") end
      local extension = p.extension and p.extension:gsub("%W", ""):sub(1, 8)
      local file = sandbox.media:take(kind, p[kind], extension)
      local m = draft(sandbox, p, {
         kind = kind, media = file or { kind = kind }, caption = p.caption,
         quoted = p.messageId, view_once = p.viewOnce, voice = kind == "audio" or nil,
      })
      if not file then m.fails = "Message not send caused by invalid media url" end
      if kind == "document" then
         local title = p.fileName or "documento"
         m.media.title = title
         m.media.name = title:find("%.%w+$") and title or title .. "." .. extension
      end
      return dispatch(sandbox, m)
   end
end

post("/send-image", send_file("image", "editImageMessageId"))
post("/send-audio", send_file("audio"))
post("/send-video", send_file("video", "editVideoMessageId"))
post("/send-sticker", send_file("sticker"))
post("/send-document/{extension}", send_file("document", "editDocumentMessageId"))

post("/send-location", function(sandbox, p)
   return dispatch(sandbox, draft(sandbox, p, {
      kind = "location", quoted = p.messageId,
      location = {
         latitude = tonumber(p.latitude), longitude = tonumber(p.longitude),
         name = p.title, address = p.address,
      },
      fails = not (tonumber(p.latitude) and tonumber(p.longitude)) and INVALID_PARAMS or nil,
   }))
end)

post("/send-contact", function(sandbox, p)
   return dispatch(sandbox, draft(sandbox, p, {
      kind = "contact", quoted = p.messageId,
      contact = { name = p.contactName, phone = tostring(p.contactPhone) },
   }))
end)

--- Buttons or options with ids of our own where the caller gave none.
local function choices(list, label_key)
   if type(list) ~= "table" or #list == 0 then return nil end
   local out = {}
   for i, item in ipairs(list) do
      local label = type(item) == "table" and item[label_key]
      if type(label) ~= "string" or label == "" then return nil end
      out[i] = {
         id = tostring(item.id or i), label = label, description = item.description,
      }
   end
   return out
end

post("/send-button-list", function(sandbox, p)
   local buttons = choices(p.buttonList.buttons, "label")
   if not buttons then
      return 400, { error = "buttonList.buttons must be a list of buttons with a label" }
   end
   local kind = p.buttonList.video and "video" or "image"
   local source = p.buttonList[kind]
   local file = source and sandbox.media:take(kind, source)
   local m = draft(sandbox, p, {
      kind = "buttons", text = p.message, buttons = buttons, media = file,
   })
   if source and not file then m.fails = "Message not send caused by invalid media url" end
   return dispatch(sandbox, m)
end)

post("/send-option-list", function(sandbox, p)
   local list = p.optionList
   local options = choices(list.options, "title")
   if not options or type(list.title) ~= "string" or type(list.buttonLabel) ~= "string" then
      return 400, { error = "optionList needs title, buttonLabel and options with a title" }
   end
   local m = draft(sandbox, p, {
      kind = "list", text = p.message,
      list = { title = list.title, button = list.buttonLabel, options = options },
   })
   if sandbox.world:find_group(m.chat) then
      m.fails = "Whatsapp did not allow sending this message"
   end
   return dispatch(sandbox, m)
end)

local function react(sandbox, p, value)
   local world = sandbox.world
   local target = world:message(tostring(p.messageId))
   local m = draft(sandbox, p, { kind = "reaction" })
   if not target then m.fails = INVALID_PARAMS end
   return dispatch(sandbox, m, {
      show = function() if target then world:react(target, "me", value) end end,
      echo = function()
         return payload.reaction(world, target, { id = m.id, value = value })
      end,
   })
end

post("/send-reaction", function(sandbox, p) return react(sandbox, p, p.reaction) end)

post("/send-remove-reaction", function(sandbox, p) return react(sandbox, p, "") end)

post("/read-message", function(sandbox, p)
      local m = sandbox.world:message(tostring(p.messageId))
      if m and not m.from_me then
         sandbox.world:set_status(m, "READ")
         return 204, nil, function()
            sandbox.webhooks:push(payload.status(sandbox.world, m, "READ_BY_ME"))
         end
      end
      return 204
   end)

-- One's own for ever; somebody else's only in a group, as its admin.
local function may_delete(world, m, owner)
   if m.deleted or m.from_me ~= owner then return false end
   if owner then return true end
   local group = world:find_group(m.chat)
   return group ~= nil and group.bot.member and group.bot.admin
end

M.routes["/messages"] = {
   DELETE = function(sandbox, p)
      local world = sandbox.world
      local m = world:message(p.messageId)
      if not m or not may_delete(world, m, tostring(p.owner) == "true") then return 204 end
      world:erase(m)
      return 204, nil, function()
         if sandbox:wants_echo() then sandbox.webhooks:push(payload.revoke(world, m)) end
      end
   end,
}

return M
