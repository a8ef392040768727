--- The address book and the list of chats. Whoever exists in the sandbox is on
--- WhatsApp; the address book holds everybody until contacts are removed.
local core = require "zapi.core"
local pages = require "zapi.sandbox.pages"
local payload = require "zapi.sandbox.payload"

local M = { routes = {} }

local function route(method, path, run)
   M.routes[path] = M.routes[path] or {}
   M.routes[path][method] = run
end

-- ---- contacts --------------------------------------------------------------

local function contact_of(person)
   return {
      phone = person.phone, name = person.name, notify = person.name, vname = person.name,
      short = person.name:match("^%S+"),
   }
end

route("GET", "/contacts", function(sandbox, p)
   local rows = {}
   for _, person in ipairs(sandbox.world.people) do
      if not person.stranger then rows[#rows + 1] = contact_of(person) end
   end
   return 200, pages.page(rows, p)
end)

route("GET", "/contacts/{phone}", function(sandbox, p)
   local person = sandbox.world:find_person(p.phone)
   if not person then return 404, { error = "Contact not found" } end
   local reply = contact_of(person)
   reply.vname, reply.about, reply.imgUrl = nil, "Disponível", core.null
   return 200, reply
end)

route("POST", "/contacts/add", function(sandbox, list)
   local errors = {}
   for _, item in ipairs(list) do
      local name = item.lastName and item.firstName .. " " .. item.lastName or item.firstName
      local person = sandbox.world:find_person(item.phone)
         or sandbox.world:add_person { phone = item.phone, name = name }
      if person then
         person.name, person.stranger = name, nil
      else
         errors[#errors + 1] = { phone = item.phone, error = "Invalid phone" }
      end
   end
   return 200, { success = #errors == 0, errors = core.array(errors) }
end)

route("DELETE", "/contacts/remove", function(sandbox, list)
   local errors = {}
   for _, phone in ipairs(list) do
      local person = sandbox.world:find_person(phone)
      if person then
         person.stranger = true
      else
         errors[#errors + 1] = { phone = phone, error = "Contact not found" }
      end
   end
   return 200, { success = #errors == 0, errors = core.array(errors) }
end)

route("GET", "/profile-picture", function() return 200, { link = "null" } end)

-- The number as WhatsApp has it: Brazil's ninth digit may be there or not.
local function on_whatsapp(world, phone)
   local digits = tostring(phone):gsub("%D", "")
   local area, nine, rest = digits:match("^55(%d%d)(9?)(%d%d%d%d%d%d%d%d)$")
   local other = area and "55" .. area .. (nine == "9" and "" or "9") .. rest
   return world:find_person(digits) or other and world:find_person(other), digits
end

route("GET", "/phone-exists/{phone}", function(sandbox, p)
   local person, digits = on_whatsapp(sandbox.world, p.phone)
   if not person then return 200, core.array { { exists = false, phone = digits } } end
   return 200, core.array { { exists = true, phone = person.phone, lid = person.lid } }
end)

route("POST", "/phone-exists-batch", function(sandbox, p)
   local rows = {}
   for i, phone in ipairs(p.phones) do
      local person, digits = on_whatsapp(sandbox.world, phone)
      rows[i] = {
         exists = person ~= nil, inputPhone = tostring(phone),
         outputPhone = person and person.phone or digits, lid = person and person.lid,
      }
   end
   return 200, core.array(rows)
end)

-- ---- chats -----------------------------------------------------------------

local function last_of(world, chat)
   local all = world:messages(chat)
   return all[#all], all
end

local function unread(all)
   local n = 0
   for _, m in ipairs(all) do
      if not m.from_me and m.status ~= "READ" then n = n + 1 end
   end
   return n
end

local function chat_row(sandbox, chat, name, is_group)
   local last, all = last_of(sandbox.world, chat)
   if not last then return nil end
   local set = sandbox.chats[chat] or {}
   return {
      phone = chat, name = name, isGroup = is_group, isGroupAnnouncement = false,
      unread = tostring(set.unread and math.max(1, unread(all)) or unread(all)),
      lastMessageTime = tostring(last.at),
      archived = tostring(set.archive or false), pinned = tostring(set.pin or false),
      isMuted = set.mute and "1" or "0", isMarkedSpam = "false",
      notes = sandbox.catalog.notes[chat],
   }
end

route("GET", "/chats", function(sandbox, p)
   local rows = {}
   for _, person in ipairs(sandbox.world.people) do
      rows[#rows + 1] = chat_row(sandbox, person.phone, person.name, false)
   end
   for _, group in ipairs(sandbox.world.groups) do
      rows[#rows + 1] = chat_row(sandbox, group.id, group.name, true)
   end
   table.sort(rows, function(a, b)
      if a.lastMessageTime ~= b.lastMessageTime then
         return a.lastMessageTime > b.lastMessageTime
      end
      return a.phone < b.phone
   end)
   return 200, pages.page(rows, p)
end)

route("GET", "/chats/{phone}", function(sandbox, p)
   local world = sandbox.world
   local chat = world:find_chat(p.phone)
   if not chat then return 404, { error = "Chat not found" } end
   local is_group = world:find_group(chat) ~= nil
   local row = chat_row(sandbox, chat, nil, is_group) or {
      phone = chat, isGroup = is_group, isGroupAnnouncement = false, unread = "0",
      isMuted = "0", isMarkedSpam = "false", lastMessageTime = "0",
      notes = sandbox.catalog.notes[chat],
   }
   row.archived, row.pinned = nil, nil
   row.messagesUnread = math.tointeger(tonumber(row.unread))
   row.about = not is_group and "Disponível" or nil
   return 200, row
end)

-- Fields of a webhook that the history of a chat has too.
local HISTORY <const> = {
   "instanceId", "messageId", "phone", "fromMe", "momment", "status", "chatName", "senderPhoto",
   "senderName", "participantPhone", "participantLid", "photo", "broadcast", "text", "image",
   "document", "contact",
}

local function history_row(world, m)
   local body, row = payload.received(world, m), {}
   for _, field in ipairs(HISTORY) do row[field] = body[field] end
   return row
end

route("GET", "/chat-messages/{phone}", function(sandbox, p)
   local world = sandbox.world
   local all, stop = world:messages(world:find_chat(p.phone) or ""), nil
   for i, m in ipairs(all) do
      if m.id == p.lastMessageId then stop = i - 1 end
   end
   stop = stop or #all
   local from, rows = math.max(1, stop - (math.tointeger(tonumber(p.amount)) or 20) + 1), {}
   for i = from, stop do rows[#rows + 1] = history_row(world, all[i]) end
   return 200, core.array(rows)
end)

local UNDO <const> = { unread = "read", archive = "unarchive", pin = "unpin", mute = "unmute" }

route("POST", "/modify-chat", function(sandbox, p)
   local world = sandbox.world
   local chat = world:find_chat(p.phone)
   if not chat then return 200, { value = false } end
   local set = sandbox.chats[chat] or {}
   sandbox.chats[chat] = set
   for on, off in pairs(UNDO) do
      if p.action == on then set[on] = true elseif p.action == off then set[on] = nil end
   end
   if p.action == "read" then
      for _, m in ipairs(world:messages(chat)) do
         if not m.from_me then world:set_status(m, "READ") end
      end
   end
   return 200, { value = true }
end)

return M
