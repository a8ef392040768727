--- What exists in a sandbox: one instance (one number), people, groups and the
--- messages between them. Pure state: no network, no clock of its own. Who
--- wants to know of changes sets `on_change`.
local core = require "zapi.core"
local ids = require "zapi.sandbox.ids"

local M = {}

local World = {}
World.__index = World

---@class zapi.sandbox.Person
---@field name string
---@field phone string digits
---@field lid string

---@class zapi.sandbox.Group
---@field id string "…-group"
---@field name string
---@field members string[] phones, without the connected number
---@field admins table<string, boolean> phone -> true
---@field requests table<string, boolean> phones that ask to enter
---@field bot {member: boolean, admin: boolean} the connected number
---@field owner string phone
---@field code string end of the invite link
---@field settings table<string, boolean>
---@field description? string
---@field created integer milliseconds

---@class zapi.sandbox.Message
---@field id string
---@field chat string phone of the person, or id of the group
---@field from_me boolean written by the connected number
---@field from_api boolean
---@field from? string phone of the author when it is not the connected number
---@field kind string text, image, buttons, …
---@field status string PENDING, SENT, RECEIVED, READ or FAILED
---@field at integer milliseconds

---@param opts {instance: string, token: string, clock: fun(): number, seed: integer}
function M.new(opts)
   return setmetatable({
      instance = opts.instance,
      token = opts.token,
      phone = opts.phone or "5511999990099",
      name = opts.name or "Minha Empresa",
      connected = true,
      settings = {},
      filters = { message = {}, callback = {} },
      ids = ids.new(opts.seed),
      clock = opts.clock,
      people = {},
      groups = {},
      by_key = {},
      messages_by_id = {},
      messages_in_order = {},
      on_change = function() end,
   }, World)
end

---@return integer milliseconds since the epoch
function World:now() return math.floor(self.clock() * 1000) end

--- Digits of a phone that a person may have formatted.
---@return string|nil digits
function M.digits(text)
   text = tostring(text)
   if text:find("[^%d%s%+%-%.%(%)]") then return nil end
   local digits = text:gsub("%D", "")
   if #digits < 8 or #digits > 15 then return nil end
   return digits
end

local function free_phone(self)
   local n = 1
   while true do
      local phone = ("55119999900%02d"):format(n)
      if not self.by_key[phone] and phone ~= self.phone then return phone end
      n = n + 1
   end
end

---@return zapi.sandbox.Person|nil, string|nil err
function World:add_person(spec)
   local phone = spec.phone and M.digits(spec.phone) or nil
   if spec.phone and not phone then return nil, "phone must have 8 to 15 digits" end
   phone = phone or free_phone(self)
   local name = spec.name or "+" .. phone
   if type(name) ~= "string" or not name:find("%S") then
      return nil, "name must be a text that is not empty"
   end
   if phone == self.phone then return nil, phone .. " is the number of the bot itself" end
   if self.by_key[phone] then return nil, "phone exists already" end
   local person = { name = name, phone = phone, lid = self.ids:digits(15) .. "@lid" }
   self.people[#self.people + 1] = person
   self.by_key[phone], self.by_key[person.lid] = person, person
   self.on_change("person", person)
   return person
end

--- The random end of an invite link.
function World:invite_code() return self.ids:hex(22) end

local function new_group(self, spec, members)
   local group = {
      id = "120363" .. self.ids:digits(12) .. "-group", name = spec.name,
      members = core.array(members),
      admins = {}, requests = {}, code = self:invite_code(),
      owner = spec.bot_admin == false and members[1] or self.phone,
      bot = { member = true, admin = spec.bot_admin ~= false }, created = self:now(),
      settings = {
         adminOnlyMessage = false, adminOnlySettings = false, requireAdminApproval = false,
         adminOnlyAddMember = false,
      },
   }
   for _, who in ipairs(spec.admins or {}) do
      local person = self:find_person(who)
      if person then group.admins[person.phone] = true end
   end
   if group.owner ~= self.phone then group.admins[group.owner] = true end
   return group
end

---@param spec {name: string, members: any[], admins?: any[], bot_admin?: boolean}
---@return zapi.sandbox.Group|nil, string|nil err
function World:add_group(spec)
   if type(spec.name) ~= "string" or not spec.name:find("%S") then
      return nil, "name must be a text that is not empty"
   end
   if type(spec.members) ~= "table" or #spec.members == 0 then
      return nil, "members must be a list with at least one person"
   end
   local members, seen = {}, {}
   for _, who in ipairs(spec.members) do
      local person = self:find_person(who)
      if not person then return nil, "members: no such person: " .. tostring(who) end
      if not seen[person.phone] then members[#members + 1] = person.phone end
      seen[person.phone] = true
   end
   local group = new_group(self, spec, members)
   self.groups[#self.groups + 1] = group
   self.by_key[group.id] = group
   self.on_change("group", group)
   return group
end

--- A person by record, phone (formatted or not), lid or name.
---@return zapi.sandbox.Person|nil
function World:find_person(who)
   if type(who) == "table" then who = who.phone end
   if who == nil then return nil end
   who = tostring(who)
   local found = self.by_key[who] or self.by_key[M.digits(who) or ""]
   if found then return found.phone and found or nil end
   for _, person in ipairs(self.people) do
      if person.name == who then return person end
   end
end

--- A group by record, id or name.
---@return zapi.sandbox.Group|nil
function World:find_group(which)
   if type(which) == "table" then which = which.id end
   local found = self.by_key[which or ""]
   if found then return found.members and found or nil end
   for _, group in ipairs(self.groups) do
      if group.name == which then return group end
   end
end

--- The key of a conversation, however it was named.
---@return string|nil chat
function World:find_chat(which)
   if type(which) == "table" and which.chat then which = which.chat end
   local group = self:find_group(which)
   if group then return group.id end
   local person = self:find_person(which)
   return person and person.phone
end

---@return boolean
function World:is_member(group, phone)
   for _, member in ipairs(group.members) do
      if member == phone then return true end
   end
   return false
end

--- May the connected number write in this group?
---@return boolean
function World:may_write(id)
   local group = self:find_group(id)
   if not group or not group.bot.member then return false end
   return group.bot.admin or not group.settings.adminOnlyMessage
end

--- Gives a message its ids without showing it to anybody yet.
function World:draft(fields)
   fields.id = fields.id or self.ids:message()
   if fields.from_me then fields.zaap_id = self.ids:zaap() end
   fields.reactions = {}
   return fields
end

function World:publish(message)
   message.at = self:now()
   message.n = #self.messages_in_order + 1
   self.messages_in_order[message.n] = message
   self.messages_by_id[message.id] = message
   self.on_change("message", message)
   return message
end

---@return zapi.sandbox.Message|nil
function World:message(id) return self.messages_by_id[id or ""] end

--- Oldest first; all of them without a chat.
---@return zapi.sandbox.Message[]
function World:messages(chat)
   local out = {}
   for _, message in ipairs(self.messages_in_order) do
      if not chat or message.chat == chat then out[#out + 1] = message end
   end
   return out
end

--- The newest poll of a chat: what a vote is for.
function World:last_poll(chat)
   for i = #self.messages_in_order, 1, -1 do
      local m = self.messages_in_order[i]
      if m.chat == chat and m.poll and not m.deleted then return m end
   end
end

--- The newest message of a chat with buttons or a list: what a click answers.
function World:last_choice(chat, kind)
   for i = #self.messages_in_order, 1, -1 do
      local m = self.messages_in_order[i]
      if m.chat == chat and m.kind == kind and not m.deleted then return m end
   end
end

local RANK <const> = { PENDING = 0, SENT = 1, RECEIVED = 2, READ = 3, FAILED = 4 }

--- States only move forward, as a phone shows them.
function World:set_status(message, status)
   if RANK[status] <= RANK[message.status] then return end
   message.status = status
   if message.n then self.on_change("update", message) end -- reactions and edits have no place
end

function World:react(message, by, value)
   for i = #message.reactions, 1, -1 do
      if message.reactions[i].by == by then table.remove(message.reactions, i) end
   end
   if value ~= "" then
      message.reactions[#message.reactions + 1] = { by = by, value = value }
   end
   self.on_change("update", message)
end

function World:edit(message, text)
   if message.caption ~= nil or message.media then
      message.caption = text
   else
      message.text = text
   end
   message.edited = true
   self.on_change("update", message)
end

function World:erase(message)
   message.deleted = true
   self.on_change("update", message)
end

return M
