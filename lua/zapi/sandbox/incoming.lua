--- What people in the sandbox do: write, click, vote, react, edit, delete, type.
--- `say` turns one table (the body of POST /__sandbox/messages) into a message
--- and the webhook that follows from it.
local payload = require "zapi.sandbox.payload"
local world_of = require "zapi.sandbox.world"

local M = {}

local FILES <const> = {
   image = true, audio = true, video = true, document = true, sticker = true,
}

local ACTIONS <const> = {
   "text", "image", "audio", "video", "document", "sticker", "location", "contact",
   "button", "option", "reaction", "delete", "vote",
}

local KNOWN <const> = {
   from = true, chat = true, caption = true, reply_to = true, fileName = true,
   voice = true, edit = true, forwarded = true, view_once = true,
}
for _, name in ipairs(ACTIONS) do KNOWN[name] = true end

local make = {}

function make.text(_, msg)
   if type(msg.text) ~= "string" or msg.text == "" then
      return nil, "text must be a text that is not empty"
   end
   return { kind = "text", text = msg.text }
end

local function make_file(kind)
   return function(sandbox, msg)
      local name = type(msg.fileName) == "string" and msg.fileName or nil
      local file, err = sandbox.media:take(kind, msg[kind], name and name:match("%.(%w+)$"))
      if not file then return nil, err end
      if kind == "document" then
         file.name = name or file.url:match("[^/]+$")
         file.title = file.name:gsub("%.%w+$", "")
      end
      return {
         kind = kind, media = file, caption = msg.caption, voice = msg.voice,
         view_once = msg.view_once,
      }
   end
end

for kind in pairs(FILES) do make[kind] = make_file(kind) end

function make.location(_, msg)
   local at = msg.location
   if type(at) ~= "table" or not tonumber(at.latitude) or not tonumber(at.longitude) then
      return nil, "location must have latitude and longitude"
   end
   return {
      kind = "location",
      location = {
         latitude = tonumber(at.latitude), longitude = tonumber(at.longitude),
         name = at.name, address = at.address, url = at.url,
      },
   }
end

function make.contact(_, msg)
   local card = msg.contact
   local phone = type(card) == "table" and card.phone and world_of.digits(card.phone)
   if not phone or type(card.name) ~= "string" then
      return nil, "contact must have name and phone"
   end
   return { kind = "contact", contact = { name = card.name, phone = phone } }
end

local function pick(list, wanted)
   wanted = tostring(type(wanted) == "table" and (wanted.id or wanted.label) or wanted)
   local labels = {}
   for i, item in ipairs(list) do
      if item.id == wanted or item.label == wanted then return item end
      labels[i] = item.label
   end
   return nil, ("no '%s' among: %s"):format(wanted, table.concat(labels, ", "))
end

-- A click answers the message that was named, else the newest with choices.
local function make_choice(kind, asked, items_of)
   return function(sandbox, msg, chat)
      local world = sandbox.world
      local target = msg.reply_to and world:message(msg.reply_to)
         or not msg.reply_to and world:last_choice(chat, asked)
      if not target or target.kind ~= asked or target.chat ~= chat then
         return nil, ("no message with %s in this chat"):format(asked)
      end
      local choice, err = pick(items_of(target), msg[kind])
      if not choice then return nil, err end
      return { kind = kind, choice = choice, quoted = target.id }
   end
end

make.button = make_choice("button", "buttons", function(m) return m.buttons end)
make.option = make_choice("option", "list", function(m) return m.list.options end)

--- The one thing that a message says, or why it is none.
local function action_of(msg)
   for name in pairs(msg) do
      if not KNOWN[name] then return nil, ("unknown field '%s'"):format(tostring(name)) end
   end
   local found
   for _, name in ipairs(ACTIONS) do
      if msg[name] ~= nil then
         if found then return nil, ("either %s or %s, not both"):format(found, name) end
         found = name
      end
   end
   if not found then return nil, "one of " .. table.concat(ACTIONS, ", ") .. " is required" end
   return found
end

--- Why a person may not write in a group, or nil.
function M.refusal(world, group, person)
   if not world:is_member(group, person.phone) then
      return ("%s is no member of %s"):format(person.name, group.name)
   end
   if group.settings.adminOnlyMessage and not group.admins[person.phone] then
      return ("only admins write in %s"):format(group.name)
   end
end

--- Who writes where: a person in the chat with us or in a group, or "me",
--- which is the owner of the number typing on the phone.
local function place_of(world, from, where)
   local person = from ~= "me" and world:find_person(from) or nil
   if from ~= "me" and not person then return nil, "no such person: " .. tostring(from) end
   if where == nil then where = person end
   local chat = world:find_chat(where)
   if not chat then return nil, "no such chat: " .. tostring(where) end
   if not person then return { chat = chat } end
   local group = world:find_group(chat)
   if not group and chat ~= person.phone then
      return nil, "a person writes in the own chat or in a group"
   end
   local why = group and M.refusal(world, group, person)
   if why then return nil, why end
   return { chat = chat, from = person.phone }
end

local function target_in(world, place, id)
   local m = world:message(id)
   if not m or m.chat ~= place.chat then return nil, "no such message in this chat" end
   return m
end

local function own_target(world, place, id)
   local m, err = target_in(world, place, id)
   if not m then return nil, err end
   if m.from ~= place.from then return nil, "only the author changes a message" end
   return m
end

local function edit(sandbox, place, msg)
   local world = sandbox.world
   local m, err = own_target(world, place, msg.edit)
   if not m then return nil, err end
   world:edit(m, msg.text)
   sandbox.webhooks:push(payload.received(world, m))
   return m
end

local function erase(sandbox, place, msg)
   local world = sandbox.world
   local m, err = own_target(world, place, msg.delete)
   if not m then return nil, err end
   world:erase(m)
   sandbox.webhooks:push(payload.revoke(world, m))
   return m
end

local function react(sandbox, place, msg)
   local world = sandbox.world
   local m, err = target_in(world, place, msg.reply_to)
   if not m then return nil, err end
   if type(msg.reaction) ~= "string" then return nil, "reaction must be an emoji" end
   world:react(m, place.from or "me", msg.reaction)
   sandbox.webhooks:push(payload.reaction(world, m, {
      id = world.ids:message(), from = place.from, value = msg.reaction,
   }))
   return m
end

local function poll_of(world, place, id)
   local poll = id and world:message(id) or not id and world:last_poll(place.chat)
   if not poll or not poll.poll or poll.chat ~= place.chat then
      return nil, "no poll in this chat"
   end
   return poll
end

-- `vote` is an option, or a list of them: all that this person has chosen now.
local function vote(sandbox, place, msg)
   local world = sandbox.world
   local poll, err = poll_of(world, place, msg.reply_to)
   if not poll then return nil, err end
   local names, known = type(msg.vote) == "table" and msg.vote or { msg.vote }, {}
   for _, name in ipairs(poll.poll.names) do known[name] = true end
   for _, name in ipairs(names) do
      if not known[name] then
         return nil, ("no '%s' among: %s"):format(name, table.concat(poll.poll.names, ", "))
      end
   end
   if #names > poll.poll.max then return nil, ("at most %d options"):format(poll.poll.max) end
   sandbox.webhooks:push(payload.vote(world, poll, {
      id = world.ids:message(), from = place.from, names = names,
   }))
   return poll
end

local function write(sandbox, place, msg, action)
   local world = sandbox.world
   if msg.reply_to and action ~= "button" and action ~= "option" then
      local quoted, err = target_in(world, place, msg.reply_to)
      if not quoted then return nil, err end
   end
   local m, err = make[action](sandbox, msg, place.chat)
   if not m then return nil, err end
   m.chat, m.from, m.from_me = place.chat, place.from, place.from == nil
   m.status = m.from_me and "SENT" or "RECEIVED"
   m.quoted = m.quoted or msg.reply_to
   m.forwarded = msg.forwarded
   world:publish(world:draft(m))
   if not m.from_me or sandbox:wants_echo() then
      sandbox.webhooks:push(payload.received(world, m))
   end
   return m
end

---@return zapi.sandbox.Message|nil, string|nil err
function M.say(sandbox, msg)
   local action, err = action_of(msg)
   if not action then return nil, err end
   local place
   place, err = place_of(sandbox.world, msg.from, msg.chat)
   if not place then return nil, err end
   if msg.edit then
      if action ~= "text" then return nil, "an edit needs a text" end
      return edit(sandbox, place, msg)
   end
   if action == "delete" then return erase(sandbox, place, msg) end
   if action == "reaction" then return react(sandbox, place, msg) end
   if action == "vote" then return vote(sandbox, place, msg) end
   return write(sandbox, place, msg, action)
end

local PRESENCES <const> = {
   COMPOSING = true, PAUSED = true, RECORDING = true, AVAILABLE = true, UNAVAILABLE = true,
}

---@return boolean|nil, string|nil err
function M.presence(sandbox, from, where, status)
   if not PRESENCES[status] then return nil, "unknown status: " .. tostring(status) end
   local place, err = place_of(sandbox.world, from, where)
   if not place then return nil, err end
   sandbox.webhooks:push(payload.presence(sandbox.world, place.chat, status))
   return true
end

return M
