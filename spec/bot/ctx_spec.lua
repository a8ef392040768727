--- The fields of the event in hand.
local core = require "zapi.core"
local fake = require "spec.support.bot_fake"

local function ctx_of(sample, over)
   local bot = fake.bot()
   local got
   bot:on({"*", "own.message"}, function(ctx) got = ctx end)
   fake.give_sample(bot, sample, over)
   return assert(got, "the event was not handed over")
end

describe("ctx", function()
   it("tells what, where and who", function()
      local ctx = ctx_of("received_text")
      assert.equal("text", ctx.kind)
      assert.equal("3EB0C0FFEE000000001EEF", ctx.id)
      assert.equal("5511999990001", ctx.chat)
      assert.is_false(ctx.is_group)
      assert.same({key = "5511999990001", phone = "5511999990001",
         lid = "100000000000001@lid", name = "Pessoa Exemplo"}, ctx.from)
      assert.equal("Oi! Tudo bem?", ctx.text)
      assert.equal("oi! tudo bem?", ctx.folded)
      assert.equal(1, ctx.attempt)
      assert.is_false(ctx.from_me)
      assert.is_false(ctx.from_api)
      assert.is_true(math.abs(ctx.now - core.now()) < 5)
      assert.equal(ctx.now, ctx.now)
      assert.equal("ReceivedCallback", ctx.event.type)
      assert.is_nil(ctx.event.participantLid) -- null is absent
   end)

   it("knows the author in groups, behind a lid, and of own messages", function()
      local ctx = ctx_of("received_group_text")
      assert.is_true(ctx.is_group)
      assert.equal("120363000000000001-group", ctx.chat)
      assert.equal("5511999990011", ctx.from.key)
      assert.equal("100000000000011@lid", ctx.from.lid)
      ctx = ctx_of("received_text_lid_phone")
      assert.same({key = "100000000000001@lid", lid = "100000000000001@lid",
         name = "Pessoa Exemplo"}, ctx.from)
      ctx = ctx_of("received_text_sender_lid")
      assert.equal("100000000000001@lid", ctx.from.lid)
      ctx = ctx_of("received_text_from_me_phone")
      assert.equal("5511999990099", ctx.from.key)
      assert.is_true(ctx.from_me)
      assert.is_true(ctx_of("received_text_from_me_api").from_api)
   end)

   it("finds the text of every content that has one", function()
      local function text(sample, over) return ctx_of(sample, over).text end
      assert.equal("Opção 1", text "received_buttons_response")
      assert.equal("Linha 1", text "received_list_response")
      assert.equal("Corpo do modelo", text "received_template_text")
      assert.equal("Escolha uma opção", text "received_buttons_image")
      assert.equal("Texto corrigido", text "received_edit")
      assert.equal("foto", text("received_image", {image = {imageUrl = "x", caption = "foto"}}))
      assert.is_nil(text "received_audio_voice")
      assert.is_nil(text "presence_paused")
      assert.is_nil(text("received_image", {image = {imageUrl = "x", caption = ""}}))
      assert.equal("", ctx_of("received_audio_voice").folded)
   end)

   it("has choices", function()
      assert.same({id = "1", label = "Opção 1"}, ctx_of("received_buttons_response").choice)
      assert.same({id = "1", label = "Linha 1"}, ctx_of("received_list_response").choice)
      assert.is_nil(ctx_of("received_text").choice)
   end)

   it("has mentions, phones and lids", function()
      local ctx = ctx_of("received_group_text",
         {text = {message = "oi @5511999990012 e @100000000000012, a@b.com @123"}})
      assert.same({
         {key = "5511999990012", phone = "5511999990012"},
         {key = "100000000000012@lid", lid = "100000000000012@lid"},
      }, ctx.mentions)
      assert.same({}, ctx_of("received_audio_voice").mentions)
   end)

   it("knows the message that is answered or reacted to", function()
      local ctx = ctx_of("received_text_reply")
      assert.equal(ctx.event.referenceMessageId, ctx.quoted.id)
      assert.is_false(ctx.quoted.mine)
      assert.same({id = "3EB0C0FFEE00000004D558", mine = true},
         ctx_of("received_reaction_lid").quoted)
      ctx = ctx_of("received_group_reaction")
      assert.equal("5511999990012", ctx.quoted.from.phone)
      assert.is_nil(ctx_of("received_text").quoted)
   end)

   it("knows answers to the bot's own messages", function()
      local bot, client = fake.bot()
      client.replies.send_text = {messageId = "MINHA"}
      local quoted
      bot:on("text", function(ctx)
         quoted = ctx.quoted
         ctx:reply("x")
      end)
      fake.says(bot, "oi")
      fake.says(bot, "re", {referenceMessageId = "MINHA"})
      assert.same({id = "MINHA", mine = true}, quoted)
   end)

   it("tells who came, went and who did it", function()
      local ctx = ctx_of("notification_group_participant_add")
      assert.same({{key = "100000000000012@lid", lid = "100000000000012@lid"}}, ctx.members)
      assert.equal("5511999990011", ctx.by.phone)
      assert.is_nil(ctx.removed)
      assert.is_false(ctx_of("notification_group_participant_leave").removed)
      assert.is_true(ctx_of("notification_group_participant_remove").removed)
      assert.equal("5511999990012",
         ctx_of("notification_group_participant_add_phone").members[1].phone)
      -- A request without parameters names its asker all the same.
      ctx = ctx_of("notification_membership_approval_request_link",
         {notificationParameters = core.array {}})
      assert.equal(ctx.by.key, ctx.members[1].key)
      -- The parameter of a new group is its name, nobody's number.
      assert.is_nil(ctx_of("notification_group_create").members)
   end)

   it("tells why a message failed", function()
      local err = ctx_of("delivery_error").error
      assert.equal("Phone number does not exist", err.message)
      assert.matches("%.", err.kind)
      assert.equal("SHADOW_BAN", ctx_of("delivery_error_shadow_ban").error.code)
      assert.is_nil(ctx_of("delivery_ok").error)
   end)

   it("logs with the event it is about", function()
      local ctx = ctx_of("received_text")
      local lines = fake.logged(function() ctx.log.warn("saldo %d", 5) end)
      assert.same({{"warn", "[text 3EB0C0FFEE000000001EEF] saldo 5"}}, lines)
   end)

   it("can carry what a script puts there", function()
      local ctx = ctx_of("received_text")
      ctx.user = "ana"
      assert.equal("ana", ctx.user)
      assert.is_nil(ctx.nothing)
   end)
end)

describe("ctx:is_admin", function()
   it("asks of the author or anybody else, by phone or lid", function()
      local bot, client = fake.bot()
      client.replies.request = {participants = {
         {phone = "100000000000012@lid", isSuperAdmin = true},
         {phone = "5511999990011", isAdmin = "true"},
      }}
      local got = {}
      bot:on("text", function(ctx)
         got = {ctx:is_admin(), ctx:is_admin("100000000000012@lid"), ctx:is_admin("5511999990077")}
      end)
      fake.says_in_group(bot, "oi")
      assert.same({true, true, false}, got)
      fake.says(bot, "oi")
      assert.same({false, false, false}, got)
   end)

   it("throws when it cannot be known", function()
      local bot, client = fake.bot()
      client.errors.request = core.error {kind = "net.timeout", message = "tarde"}
      bot:on("text", function(ctx) ctx:is_admin() end)
      assert.matches("tarde", fake.thrown(fake.says_in_group, bot, "oi"))
   end)
end)
