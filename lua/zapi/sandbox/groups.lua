--- Groups: members, admins, requests to enter, invite link, settings; and what
--- the connected number is told of each change. `routes` is what a bot calls,
--- `join`, `leave`, … is what people do.
local core = require "zapi.core"
local pages = require "zapi.sandbox.pages"
local payload = require "zapi.sandbox.payload"

local M = { routes = {} }

local LINK <const> = "https://chat.whatsapp.com/"
local SETTINGS <const> = {
   "adminOnlyMessage", "adminOnlySettings", "requireAdminApproval", "adminOnlyAddMember",
}

-- ---- what groups tell ------------------------------------------------------

-- People come as lids, which is the harder case for a bot.
local function lids(world, phones)
   local out = {}
   for i, phone in ipairs(phones) do
      local person = world.by_key[phone]
      out[i] = person and person.lid or phone
   end
   return out
end

--- `by` is the phone of who did it, nil for the connected number.
local function tell(sandbox, group, name, parameters, by)
   local world = sandbox.world
   local body = payload.notification(world, {
      id = world.ids:digits(9), chat = group.id, from = by, from_me = by == nil,
   }, name, parameters)
   world.on_change("group", group)
   return body
end

local function push(sandbox, ...) sandbox.webhooks:push(tell(sandbox, ...)) end

local function push_people(sandbox, group, name, phones, by)
   if #phones > 0 then push(sandbox, group, name, lids(sandbox.world, phones), by) end
end

local function push_request(sandbox, group, name, phone, method)
   local body = tell(sandbox, group, name, { phone }, phone)
   body.requestMethod = method
   sandbox.webhooks:push(body)
end

-- ---- changes ---------------------------------------------------------------

local function add_member(world, group, phone)
   group.requests[phone] = nil
   if world:is_member(group, phone) then return false end
   group.members[#group.members + 1] = phone
   return true
end

local function remove_member(group, phone)
   for i, member in ipairs(group.members) do
      if member == phone then
         table.remove(group.members, i)
         group.admins[phone] = nil
         return true
      end
   end
   return false
end

--- Calls `change` for each person of the list; the phones that it changed.
local function each_person(world, list, change)
   local changed = {}
   for _, id in ipairs(list) do
      local person = world:find_person(id)
      if person and change(person.phone) then changed[#changed + 1] = person.phone end
   end
   return changed
end

-- ---- what people do --------------------------------------------------------

local function place(sandbox, who, where, level)
   local person = sandbox.world:find_person(who) or error("no such person", level + 1)
   local group = sandbox.world:find_group(where) or error("no such group", level + 1)
   return person.phone, group
end

--- Somebody comes in by the link, or is put in by a member; asks to, where
--- admins approve.
---@param by? zapi.sandbox.Person|string the member who adds
---@return "joined"|"asked"|"member"
function M.join(sandbox, who, where, by)
   local phone, group = place(sandbox, who, where, 3)
   local adder = by and place(sandbox, by, where, 3)
   local world = sandbox.world
   if world:is_member(group, phone) then return "member" end
   if group.settings.requireAdminApproval and not (adder and group.admins[adder]) then
      group.requests[phone] = true
      push_request(sandbox, group, "MEMBERSHIP_APPROVAL_REQUEST", phone,
         adder and "non_admin_add" or "invite_link")
      return "asked"
   end
   add_member(world, group, phone)
   push_people(sandbox, group, adder and "GROUP_PARTICIPANT_ADD" or "GROUP_PARTICIPANT_INVITE",
      { phone }, adder or phone)
   return "joined"
end

--- Somebody takes the request to enter back.
function M.withdraw(sandbox, who, where)
   local phone, group = place(sandbox, who, where, 3)
   if not group.requests[phone] then return false end
   group.requests[phone] = nil
   push_request(sandbox, group, "REVOKED_MEMBERSHIP_REQUESTS", phone)
   return true
end

function M.leave(sandbox, who, where)
   local phone, group = place(sandbox, who, where, 3)
   if not remove_member(group, phone) then return false end
   push_people(sandbox, group, "GROUP_PARTICIPANT_LEAVE", { phone }, phone)
   return true
end

--- Makes somebody an admin, or none any more.
---@param by? zapi.sandbox.Person|string
function M.promote(sandbox, who, where, is_admin, by)
   local phone, group = place(sandbox, who, where, 3)
   if not sandbox.world:is_member(group, phone) then return false end
   group.admins[phone] = is_admin or nil
   push_people(sandbox, group, is_admin and "GROUP_PARTICIPANT_PROMOTE"
      or "GROUP_PARTICIPANT_DEMOTE", { phone }, by and place(sandbox, by, where, 3) or phone)
   return true
end

-- ---- what a bot calls: reading ---------------------------------------------

local YES <const>, NO <const> = { value = true }, { value = false }
local NOT_FOUND <const> = { error = "Group not found" }

local function route(method, path, run)
   M.routes[path] = M.routes[path] or {}
   M.routes[path][method] = run
end

local function with_group(field, run)
   return function(sandbox, p)
      local group = sandbox.world:find_group(p[field])
      if not group then return 404, NOT_FOUND end
      return run(sandbox, group, p)
   end
end

local function participants(world, group)
   local out = {}
   for i, phone in ipairs(group.members) do
      local person = world.by_key[phone]
      out[i] = {
         phone = phone, name = person.name, short = person.name:match("^%S+"),
         isAdmin = group.admins[phone] or false, isSuperAdmin = group.owner == phone,
      }
   end
   if group.bot.member then
      out[#out + 1] = {
         phone = world.phone, isAdmin = group.bot.admin, isSuperAdmin = group.owner == world.phone,
      }
   end
   return core.array(out)
end

local function metadata(sandbox, group)
   local set = group.settings
   return {
      phone = group.id, subject = group.name, owner = group.owner,
      description = group.description or core.null, creation = group.created,
      subjectTime = group.created, subjectOwner = group.owner,
      adminOnlyMessage = set.adminOnlyMessage, adminOnlySettings = set.adminOnlySettings,
      requireAdminApproval = set.requireAdminApproval, isGroupAnnouncement = false,
      participants = participants(sandbox.world, group),
   }
end

route("GET", "/light-group-metadata/{phone}", with_group("phone", function(sandbox, group)
   return 200, metadata(sandbox, group)
end))

route("GET", "/group-metadata/{phone}", with_group("phone", function(sandbox, group)
   local reply = metadata(sandbox, group)
   if group.bot.admin then
      reply.invitationLink = LINK .. group.code
   else
      reply.invitationLink = core.null
      reply.invitationLinkError = "not-authorized"
   end
   return 200, reply
end))

route("GET", "/groups", function(sandbox, p)
   local rows = {}
   for _, group in ipairs(sandbox.world.groups) do
      if group.bot.member then
         rows[#rows + 1] = {
            phone = group.id, isGroup = true, name = group.name, archived = "false",
            pinned = "false", isMuted = "0", isMarkedSpam = "false", unread = "0",
            messagesUnread = "0", lastMessageTime = tostring(group.created),
         }
      end
   end
   return 200, pages.page(rows, p)
end)

route("GET", "/group-invitation-link/{groupId}", with_group("groupId", function(_, group)
   return 200, { phone = group.id, invitationLink = LINK .. group.code }
end))

local function by_link(world, url)
   local code = tostring(url):match("([%w]+)/?$")
   for _, group in ipairs(world.groups) do
      if group.code == code then return group end
   end
end

route("GET", "/group-invitation-metadata", function(sandbox, p)
   local group = by_link(sandbox.world, p.url)
   if not group then return 404, NOT_FOUND end
   local people = {}
   for i, one in ipairs(participants(sandbox.world, group)) do
      people[i] = { phone = one.phone, isAdmin = one.isAdmin, isSuperAdmin = one.isSuperAdmin }
   end
   return 200, {
      phone = group.id, subject = group.name, owner = group.owner, subjectOwner = group.owner,
      subjectTime = group.created, creation = group.created,
      description = group.description or core.null, invitationLink = LINK .. group.code,
      participants = core.array(people), participantsCount = #people,
      contactsCount = #group.members,
   }
end)

-- ---- what a bot calls: changing --------------------------------------------

--- A change that only an admin may make; the rest is refused as Z-API refuses.
local function change(path, field, run)
   route("POST", path, function(sandbox, p)
      if p.communityId then return 200, YES end
      local group = sandbox.world:find_group(p[field])
      if not group then return 404, NOT_FOUND end
      if not group.bot.admin or not group.bot.member then return 200, NO end
      return 200, YES, run(sandbox, group, p)
   end)
end

change("/update-group-name", "groupId", function(sandbox, group, p)
   group.name = tostring(p.groupName)
   return function() push(sandbox, group, "GROUP_CHANGE_SUBJECT", { group.name }) end
end)

change("/update-group-description", "groupId", function(sandbox, group, p)
   group.description = p.groupDescription ~= "" and tostring(p.groupDescription) or nil
   return function()
      push(sandbox, group, "GROUP_CHANGE_DESCRIPTION", { group.description or "" })
   end
end)

change("/update-group-photo", "groupId", function(sandbox, group)
   return function() push(sandbox, group, "GROUP_CHANGE_ICON", {}) end
end)

change("/update-group-settings", "phone", function(_, group, p)
   for _, name in ipairs(SETTINGS) do group.settings[name] = p[name] end
end)

--- A change of people: who was changed is told, in one notification.
local function change_people(path, name, each)
   change(path, "groupId", function(sandbox, group, p)
      local phones = each_person(sandbox.world, p.phones, function(phone)
         return each(sandbox.world, group, phone)
      end)
      return function() push_people(sandbox, group, name, phones) end
   end)
end

local function set_admin(is_admin)
   return function(world, group, phone)
      if not world:is_member(group, phone) then return false end
      local before = group.admins[phone] or false
      group.admins[phone] = is_admin or nil
      return before ~= is_admin
   end
end

change_people("/remove-participant", "GROUP_PARTICIPANT_REMOVE",
   function(_, group, phone) return remove_member(group, phone) end)
change_people("/add-admin", "GROUP_PARTICIPANT_PROMOTE", set_admin(true))
change_people("/remove-admin", "GROUP_PARTICIPANT_DEMOTE", set_admin(false))
change_people("/approve-participant", "GROUP_PARTICIPANT_ADD", function(world, group, phone)
   return group.requests[phone] and add_member(world, group, phone)
end)

change("/reject-participant", "groupId", function(sandbox, group, p)
   each_person(sandbox.world, p.phones, function(phone) group.requests[phone] = nil end)
end)

--- Phones that can be put into a group: no lids; new numbers become people.
local function addable(world, list)
   local phones, left = {}, {}
   for _, id in ipairs(list) do
      local plain = tostring(id):find("^%d+$") ~= nil
      local person = plain and (world:find_person(id) or world:add_person { phone = id })
      if person then phones[#phones + 1] = person.phone else left[#left + 1] = tostring(id) end
   end
   return phones, left
end

change("/add-participant", "groupId", function(sandbox, group, p)
   local added = {}
   for _, phone in ipairs((addable(sandbox.world, p.phones))) do
      if add_member(sandbox.world, group, phone) then added[#added + 1] = phone end
   end
   return function() push_people(sandbox, group, "GROUP_PARTICIPANT_ADD", added) end
end)

route("POST", "/create-group", function(sandbox, p)
   local world = sandbox.world
   local phones, left = addable(world, p.phones)
   local group, err = world:add_group { name = tostring(p.groupName), members = phones }
   if not group then return 400, { error = err } end
   return 200, {
      phone = group.id, invitationLink = LINK .. group.code, phonesNotAdded = core.array(left),
   }, function() push(sandbox, group, "GROUP_CREATE", { group.name }) end
end)

route("POST", "/redefine-invitation-link/{id}", with_group("id", function(sandbox, group)
   group.code = sandbox.world:invite_code()
   return 200, { invitationLink = LINK .. group.code }
end))

route("POST", "/leave-group", with_group("groupId", function(sandbox, group)
   if not group.bot.member then return 200, NO end
   group.bot.member, group.bot.admin = false, false
   return 200, YES, function()
      push(sandbox, group, "GROUP_PARTICIPANT_LEAVE", { sandbox.world.phone })
   end
end))

route("GET", "/accept-invite-group", function(sandbox, p)
   local group = by_link(sandbox.world, p.url)
   if not group then return 200, { success = false } end
   if group.bot.member then return 200, { success = true } end
   group.bot.member = true
   return 200, { success = true }, function()
      push(sandbox, group, "GROUP_PARTICIPANT_INVITE", { sandbox.world.phone })
   end
end)

return M
