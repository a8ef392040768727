-- Groups in the sandbox: what a bot's calls change, and what it is told of it,
-- in the shapes of the webhook samples.
local core = require "zapi.core"
local support = require "spec.sandbox.support"

local call, decode = support.call, support.decode

local function sample(name)
   local file = assert(io.open("spec/fixtures/webhooks/" .. name .. ".json"))
   local body = core.json_decode(file:read "a")
   file:close()
   return body
end

local function names(t)
   local out = {}
   for name in pairs(t) do out[#out + 1] = name end
   table.sort(out)
   return table.concat(out, " ")
end

describe("groups", function()
   local s, ana, bia, rui, group, hooks

   before_each(function()
      s, ana, group = support.start()
      bia = s:find_group(group).members[2]
      rui = s:person {name = "Rui", phone = "5511988880003"}
      hooks = support.receiver()
      s:connect_bot(hooks.url)
   end)
   after_each(function()
      s:close()
      hooks.close()
   end)

   local function post(path, body)
      local reply = call(s, "POST", path, body)
      support.settle(s)
      return decode(reply), reply.status
   end

   -- The webhook that followed last, and how many there are.
   local function told()
      support.settle(s)
      return hooks.got[#hooks.got], #hooks.got
   end

   local function participants()
      local out = {}
      local reply = decode(call(s, "GET", "/light-group-metadata/" .. group.id))
      for _, p in ipairs(reply.participants) do out[p.phone] = p end
      return out, reply
   end

   describe("people", function()
      it("are added by number; a lid is not", function()
         assert.same({value = true}, post("/add-participant", {
            groupId = group.id, phones = {rui.phone, ana.lid, bia},
         }))
         local body, count = told()
         assert.equal(1, count)
         assert.equal("GROUP_PARTICIPANT_ADD", body.notification)
         assert.same({rui.lid}, {table.unpack(body.notificationParameters)})
         assert.is_true(body.fromMe)
         assert.is_truthy(participants()[rui.phone])
      end)

      it("are removed by number or lid, once", function()
         post("/remove-participant", {groupId = group.id, phones = {ana.lid, bia}})
         local body = told()
         assert.equal("GROUP_PARTICIPANT_REMOVE", body.notification)
         assert.equal(2, #body.notificationParameters)
         assert.is_nil(participants()[ana.phone])
         post("/remove-participant", {groupId = group.id, phones = {ana.phone}})
         assert.equal(1, select(2, told()))
         local refused, err = s:receive {from = ana.phone, chat = group.id, text = "oi"}
         assert.is_nil(refused)
         assert.truthy(err:find("no member", 1, true))
      end)

      it("become admins and cease to be", function()
         post("/add-admin", {groupId = group.id, phones = {ana.phone}})
         assert.equal("GROUP_PARTICIPANT_PROMOTE", told().notification)
         assert.is_true(participants()[ana.phone].isAdmin)
         post("/add-admin", {groupId = group.id, phones = {ana.phone}}) -- she is one
         assert.equal(1, select(2, told()))
         post("/remove-admin", {groupId = group.id, phones = {ana.phone}})
         assert.equal("GROUP_PARTICIPANT_DEMOTE", told().notification)
         assert.is_false(participants()[ana.phone].isAdmin)
      end)

      it("come by link or by a member, and leave", function()
         assert.equal("joined", s:join(rui, group))
         assert.equal("GROUP_PARTICIPANT_INVITE", told().notification)
         assert.equal("member", s:join(rui, group))
         assert.is_true(s:leave(rui, group))
         assert.equal("GROUP_PARTICIPANT_LEAVE", told().notification)
         assert.is_false(s:leave(rui, group))
         assert.equal("joined", s:join(rui, group, ana))
         local body, count = told()
         assert.equal("GROUP_PARTICIPANT_ADD", body.notification)
         assert.equal(ana.phone, body.participantPhone)
         assert.equal(3, count)
      end)

      it("are told of with the fields of the samples", function()
         s:join(rui, group)
         assert.equal(names(sample "notification_group_participant_invite"), names(told()))
         post("/add-admin", {groupId = group.id, phones = {rui.phone}})
         local promoted = sample "notification_group_participant_promote"
         promoted.participantLid = nil -- of who did it: ours is not known
         assert.equal(names(promoted), names(told()))
      end)
   end)

   describe("requests to enter", function()
      before_each(function()
         post("/update-group-settings", {
            phone = group.id, adminOnlyMessage = false, adminOnlySettings = false,
            requireAdminApproval = true, adminOnlyAddMember = false,
         })
      end)

      it("come by link and by members that are no admins", function()
         assert.equal("asked", s:join(rui, group))
         local body = told()
         assert.equal("MEMBERSHIP_APPROVAL_REQUEST", body.notification)
         assert.equal("invite_link", body.requestMethod)
         assert.same({rui.phone}, {table.unpack(body.notificationParameters)})
         assert.equal("asked", s:join(rui, group, ana))
         assert.equal("non_admin_add", told().requestMethod)
         s:promote(ana, group)
         assert.equal("joined", s:join(rui, group, ana))
      end)

      it("are approved, rejected and withdrawn", function()
         local function decide(path)
            return post(path, {groupId = group.id, phones = {rui.phone}})
         end
         s:join(rui, group)
         decide "/approve-participant"
         assert.equal("GROUP_PARTICIPANT_ADD", told().notification)
         assert.is_truthy(participants()[rui.phone])
         s:leave(rui, group)
         decide "/approve-participant" -- asked for nothing
         assert.is_nil(participants()[rui.phone])
         s:join(rui, group)
         local _, before = told()
         decide "/reject-participant"
         assert.is_nil(participants()[rui.phone])
         assert.equal(before, select(2, told()))
         s:join(rui, group)
         assert.is_true(s:withdraw(rui, group))
         assert.equal("REVOKED_MEMBERSHIP_REQUESTS", told().notification)
         assert.is_false(s:withdraw(rui, group))
      end)
   end)

   describe("settings", function()
      it("name, description and picture change, and are told", function()
         post("/update-group-name", {groupId = group.id, groupName = "Novo nome"})
         local body = told()
         assert.equal("GROUP_CHANGE_SUBJECT", body.notification)
         assert.equal("Novo nome", body.notificationParameters[1])
         assert.equal("Novo nome", body.chatName)
         post("/update-group-description", {groupId = group.id, groupDescription = "Regras"})
         assert.equal("GROUP_CHANGE_DESCRIPTION", told().notification)
         post("/update-group-photo", {groupId = group.id, groupPhoto = support.PNG})
         assert.equal("GROUP_CHANGE_ICON", told().notification)
         local _, metadata = participants()
         assert.equal("Novo nome", metadata.subject)
         assert.equal("Regras", metadata.description)
         post("/update-group-description", {groupId = group.id, groupDescription = ""})
         assert.is_nil(select(2, participants()).description)
      end)

      it("a group that is closed is closed", function()
         post("/update-group-settings", {
            phone = group.id, adminOnlyMessage = true, adminOnlySettings = true,
            requireAdminApproval = false, adminOnlyAddMember = true,
         })
         local refused, err = s:receive {from = ana.phone, chat = group.id, text = "oi"}
         assert.is_nil(refused)
         assert.truthy(err:find("only admins write", 1, true))
         s:promote(ana, group)
         assert.is_truthy(s:receive {from = ana.phone, chat = group.id, text = "oi"})
         assert.is_true(select(2, participants()).adminOnlyMessage)
      end)

      it("the invite link opens until it is renewed", function()
         local link = decode(call(s, "GET", "/group-invitation-link/" .. group.id)).invitationLink
         local function look(url)
            return support.call(s, "GET", "/group-invitation-metadata?url=" .. url)
         end
         assert.equal("Grupo", decode(look(link)).subject)
         local new = post("/redefine-invitation-link/" .. group.id, {}).invitationLink
         assert.not_equal(link, new)
         assert.equal(404, look(link).status)
         assert.equal(200, look(new).status)
         assert.equal(new,
            decode(call(s, "GET", "/group-metadata/" .. group.id)).invitationLink)
      end)
   end)

   describe("the connected number", function()
      it("is refused what only admins may do", function()
         local other = s:group {name = "Alheio", members = {ana, rui}, bot_admin = false}
         assert.same({value = false},
            post("/remove-participant", {groupId = other.id, phones = {rui.phone}}))
         assert.same({value = false},
            post("/update-group-name", {groupId = other.id, groupName = "Meu"}))
         local metadata = decode(call(s, "GET", "/group-metadata/" .. other.id))
         assert.is_nil(metadata.invitationLink)
         assert.is_truthy(metadata.invitationLinkError)
         assert.equal("Alheio", metadata.subject)
         local m = s:say(ana, "apague-me", {group = other})
         local path = "/messages?phone=%s&messageId=%s&owner=false"
         assert.equal(204, call(s, "DELETE", path:format(other.id, m.id)).status)
         assert.is_false(s:messages(other)[1].deleted)
      end)

      it("deletes what others wrote, as admin; the echo tells it", function()
         s.world.settings.notifySentByMe = true
         local m = s:say(ana, "apague-me", {group = group})
         local path = "/messages?phone=%s&messageId=%s&owner=%s"
         call(s, "DELETE", path:format(group.id, m.id, "true")) -- not ours
         assert.is_false(s:messages(group)[1].deleted)
         call(s, "DELETE", path:format(group.id, m.id, "false"))
         assert.is_true(s:messages(group)[1].deleted)
         local body = told()
         assert.equal("REVOKE", body.notification)
         assert.equal(m.id, body.messageId)
         local private = s:say(ana, "em particular")
         call(s, "DELETE", path:format(ana.phone, private.id, "false"))
         assert.is_false(s:messages(ana)[1].deleted)
      end)

      it("makes groups, leaves them, comes back by link", function()
         local made = post("/create-group", {
            autoInvite = true, groupName = "Obra", phones = {ana.phone, rui.lid, "5511977770001"},
         })
         assert.same({rui.lid}, {table.unpack(made.phonesNotAdded)})
         assert.equal("GROUP_CREATE", told().notification)
         assert.equal(2, #s:find_group(made.phone).members)
         post("/leave-group", {groupId = made.phone})
         assert.equal("GROUP_PARTICIPANT_LEAVE", told().notification)
         assert.same({value = false}, post("/leave-group", {groupId = made.phone}))
         post("/send-text", {phone = made.phone, message = "oi"})
         assert.equal("You can't message this group as you don't have permission", told().error)
         local listed = decode(call(s, "GET", "/groups"))
         assert.equal(1, #listed)
         assert.same({success = false}, decode(call(s, "GET", "/accept-invite-group?url=x")))
         assert.same({success = true},
            decode(call(s, "GET", "/accept-invite-group?url=" .. made.invitationLink)))
         assert.equal(2, #decode(call(s, "GET", "/groups")))
      end)

      it("does not find a group that is none", function()
         local _, status = post("/update-group-name",
            {groupId = "120363999999999999-group", groupName = "x"})
         assert.equal(404, status)
      end)
   end)
end)
