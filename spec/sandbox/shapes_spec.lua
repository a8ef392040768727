-- Webhooks of the sandbox beside Z-API's own: the same keys, the same types.
-- The samples are in spec/fixtures/webhooks.
local core = require "zapi.core"
local cjson = require "cjson"
local incoming = require "zapi.sandbox.incoming"
local medias = require "zapi.sandbox.media"
local payload = require "zapi.sandbox.payload"
local worlds = require "zapi.sandbox.world"

local PNG <const> = "data:image/png;base64,TWFu"

-- cjson, because it shows a null where the product's decoder shows nothing.
local function sample(name)
   local file = assert(io.open("spec/fixtures/webhooks/" .. name .. ".json"))
   local text = file:read("a")
   file:close()
   return cjson.decode(text)
end

-- A sandbox without a server: what is pushed is what counts.
local function new_stage()
   local world = worlds.new {
      instance = "3C0FFEE0000000000000000000000001", token = "T", seed = 3,
      clock = function() return 1767225601 end,
   }
   local stage = { world = world, media = medias.new(world.ids), pushed = {} }
   stage.webhooks = {
      push = function(_, body)
         stage.pushed[#stage.pushed + 1] = cjson.decode(core.json_encode(body))
      end,
   }
   function stage:wants_echo() return self.echo end -- luacheck: ignore 212
   stage.ana = assert(world:add_person { name = "Ana", phone = "5511999990001" })
   stage.bia = assert(world:add_person { name = "Bia", phone = "5511999990002" })
   stage.group = assert(world:add_group { name = "G", members = { stage.ana, stage.bia } })
   function stage.say(message)
      message.from = message.from or "Ana"
      assert(incoming.say(stage, message))
      return stage.pushed[#stage.pushed]
   end
   function stage.publish(fields)
      fields.from_me, fields.from_api, fields.status = true, true, "READ"
      return world:publish(world:draft(fields))
   end
   return stage
end

local function sort_of(value)
   if value == cjson.null then return "null" end
   return type(value)
end

local function keys(body)
   local names = {}
   for k in pairs(body) do names[#names + 1] = k end
   table.sort(names)
   return table.concat(names, " ")
end

-- Same keys with the same types; a null beside a text is the same key at rest.
local function same_shape(expected, got, where)
   assert.equal(keys(expected), keys(got), where)
   for k, v in pairs(expected) do
      local a, b = sort_of(v), sort_of(got[k])
      if a ~= "null" and b ~= "null" then assert.equal(a, b, where .. "." .. k) end
      if a == "table" and b == "table" and #v == 0 then
         same_shape(v, got[k], where .. "." .. k)
      elseif a == "table" and type(v[1]) == "table" then
         same_shape(v[1], got[k][1], where .. "." .. k .. "[1]")
      end
   end
end

-- One content in the envelope of today: samples of the older shape (senderLid)
-- are compared by content only.
local function same_content(key, name, got)
   local expected = sample(name)
   local body = {}
   for k, v in pairs(sample("received_text_no_lid")) do body[k] = v end
   body.text = nil
   body[key] = expected[key]
   body.referenceMessageId = expected.referenceMessageId
   same_shape(body, got, name)
end

describe("a webhook of the sandbox", function()
   local stage
   before_each(function() stage = new_stage() end)

   it("has the envelope of a text, a reply and a group's text", function()
      local first = stage.say { text = "oi" }
      same_shape(sample("received_text_no_lid"), first, "text")
      assert.equal("oi", first.text.message)
      assert.equal(stage.ana.lid, first.chatLid)
      assert.equal("Ana", first.senderName)
      local reply = stage.say { text = "de novo", reply_to = first.messageId }
      same_shape(sample("received_text_reply"), reply, "reply")
      assert.equal(first.messageId, reply.referenceMessageId)
      local group = stage.say { text = "grupo", chat = "G" }
      same_shape(sample("received_group_text"), group, "group text")
      assert.equal(stage.group.id, group.phone)
      assert.equal(stage.ana.phone, group.participantPhone)
      assert.equal(stage.ana.lid, group.participantLid)
      assert.equal(cjson.null, group.chatLid)
      assert.equal("G", group.chatName)
   end)

   it("has every file's content", function()
      same_content("image", "received_image", stage.say { image = PNG, caption = "c" })
      same_content("audio", "received_audio_voice",
         stage.say { audio = "https://e.example/a.ogg", voice = true })
      same_content("video", "received_video", stage.say { video = "https://e.example/v.mp4" })
      same_content("sticker", "received_sticker", stage.say { sticker = PNG })
      local doc = stage.say { document = "https://e.example/x", fileName = "contrato.pdf" }
      same_content("document", "received_document", doc)
      assert.equal("contrato", doc.document.title)
      assert.equal("contrato.pdf", doc.document.fileName)
   end)

   it("has places and contacts", function()
      same_content("location", "received_location",
         stage.say { location = { latitude = -23.5, longitude = "-46.6" } })
      local card = stage.say { contact = { name = "Zé", phone = "+55 11 99999-0031" } }
      same_content("contact", "received_contact", card)
      assert.equal("5511999990031", card.contact.phones[1])
   end)

   it("has clicks on buttons and lists", function()
      local m = stage.publish {
         chat = stage.ana.phone, kind = "buttons", text = "Qual?",
         buttons = { { id = "1", label = "Sim" }, { id = "2", label = "Não" } },
      }
      local click = stage.say { button = "Não" }
      same_content("buttonsResponseMessage", "received_buttons_response", click)
      assert.same({ buttonId = "2", message = "Não" }, click.buttonsResponseMessage)
      assert.equal(m.id, click.referenceMessageId)
      stage.publish {
         chat = stage.ana.phone, kind = "list", text = "Qual?",
         list = { title = "T", button = "B", options = {
            { id = "a", label = "Vendas", description = "Pedidos" }, { id = "b", label = "Outro" },
         } },
      }
      local choice = stage.say { option = "Vendas" }
      same_content("listResponseMessage", "received_list_response", choice)
      assert.same({ message = "Pedidos", title = "Vendas", selectedRowId = "a" },
         choice.listResponseMessage)
   end)

   it("has reactions, in a chat and in a group", function()
      local m = stage.publish { chat = stage.ana.phone, kind = "text", text = "oi" }
      local body = stage.say { reaction = "❤️", reply_to = m.id }
      local expected = sample("received_text_no_lid")
      expected.text, expected.messageExpirationSeconds = nil, nil
      expected.reaction = sample("received_reaction").reaction
      same_shape(expected, body, "reaction")
      assert.equal(m.id, body.reaction.referencedMessage.messageId)
      assert.is_true(body.reaction.referencedMessage.fromMe)
      local text = stage.say { text = "grupo", chat = "G", from = "Bia" }
      local group = stage.say { reaction = "🎉", chat = "G", reply_to = text.messageId }
      same_shape(sample("received_group_reaction"), group, "group reaction")
      assert.equal(stage.bia.phone, group.reaction.referencedMessage.participant)
   end)

   it("has edits and deletions with the id of the message", function()
      local first = stage.say { text = "errado" }
      local edit = stage.say { text = "certo", edit = first.messageId }
      local expected = sample("received_edit")
      expected.messageExpirationSeconds = 0
      same_shape(expected, edit, "edit")
      assert.is_true(edit.isEdit)
      assert.equal(first.messageId, edit.messageId)
      assert.equal("certo", edit.text.message)
      local gone = stage.say { delete = first.messageId }
      same_shape(sample("notification_revoke"), gone, "revoke")
      assert.equal(first.messageId, gone.referenceMessageId)
   end)

   it("has own echoes", function()
      local m = stage.publish { chat = stage.ana.phone, kind = "text", text = "Enviado" }
      local echo = cjson.decode(core.json_encode(payload.received(stage.world, m)))
      same_shape(sample("received_text_from_me_api"), echo, "echo")
      assert.equal("SENT", echo.status)
      assert.equal("Minha Empresa", echo.senderName)
      stage.publish {
         chat = stage.ana.phone, kind = "buttons", text = "Qual?",
         media = { url = "https://e.example/b.jpg", kind = "image" },
         buttons = { { id = "1", label = "Sim" } },
      }
      local all = stage.world:messages()
      echo = cjson.decode(core.json_encode(payload.received(stage.world, all[#all])))
      same_content("buttonsMessage", "received_buttons_image", echo)
   end)

   it("has what the owner types on the phone only when echoes are wanted", function()
      local before = #stage.pushed
      assert(incoming.say(stage, { from = "me", chat = "Ana", text = "do celular" }))
      assert.equal(before, #stage.pushed)
      stage.echo = true
      local body = stage.say { from = "me", chat = "Ana", text = "do celular" }
      assert.is_true(body.fromMe)
      assert.is_false(body.fromApi)
      local expected = sample("received_text_from_me_phone")
      expected.messageExpirationSeconds = 0
      same_shape(expected, body, "from the phone")
   end)

   it("has deliveries, statuses, presence and connection", function()
      local m = stage.publish { chat = stage.ana.phone, kind = "text", text = "oi" }
      local function shape(name, body)
         same_shape(sample(name), cjson.decode(core.json_encode(body)), name)
      end
      shape("delivery_ok_momment", payload.delivery(stage.world, m))
      shape("delivery_error", payload.delivery(stage.world, m, "Phone number does not exist"))
      shape("status_sent", payload.status(stage.world, m, "SENT"))
      shape("presence_composing", payload.presence(stage.world, m.chat, "COMPOSING"))
      shape("connected", payload.connected(stage.world))
      shape("disconnected", payload.disconnected(stage.world))
      shape("notification_group_create", payload.notification(stage.world,
         { id = "1", chat = stage.group.id, from = stage.ana.phone, from_me = false },
         "GROUP_CREATE", { "G" }))
      assert.is_true(payload.status(stage.world,
         { id = "1", chat = stage.group.id }, "READ").isGroup)
   end)
end)

describe("a message that people cannot send", function()
   local function refused(message, why)
      local stage = new_stage()
      stage.publish {
         chat = stage.ana.phone, kind = "buttons", text = "?",
         buttons = { { id = "1", label = "Sim" } },
      }
      local m, err = incoming.say(stage, message)
      assert.is_nil(m)
      assert.equal(why, err)
      assert.equal(0, #stage.pushed)
   end

   it("is refused with the reason", function()
      refused({ from = "Zé", text = "x" }, "no such person: Zé")
      refused({ text = "x" }, "no such person: nil")
      refused({ from = "Ana", chat = "Nada", text = "x" }, "no such chat: Nada")
      refused({ from = "me", text = "x" }, "no such chat: nil")
      refused({ from = "Ana", chat = "Bia", text = "x" },
         "a person writes in the own chat or in a group")
      refused({ from = "Ana", text = "" }, "text must be a text that is not empty")
      refused({ from = "Ana", text = {} }, "text must be a text that is not empty")
      refused({ from = "Ana", text = "x", image = PNG }, "either text or image, not both")
      refused({ from = "Ana", texto = "x" }, "unknown field 'texto'")
      refused({ from = "Ana", image = "x.png" }, "image must be a URL or a data: URI")
      refused({ from = "Ana", location = { latitude = "north" } },
         "location must have latitude and longitude")
      refused({ from = "Ana", contact = { name = "X" } }, "contact must have name and phone")
      refused({ from = "Ana", button = "Talvez" }, "no 'Talvez' among: Sim")
      refused({ from = "Ana", option = "1" }, "no message with list in this chat")
      refused({ from = "Bia", button = "Sim" }, "no message with buttons in this chat")
      refused({ from = "Ana", text = "x", reply_to = "3EB0" }, "no such message in this chat")
      refused({ from = "Ana", reaction = "x" }, "no such message in this chat")
      refused({ from = "Ana", delete = "3EB0" }, "no such message in this chat")
   end)

   it("names the kinds when there is none", function()
      local _, err = incoming.say(new_stage(), { from = "Ana" })
      assert.truthy(err:find("^one of text, image, .*, delete, .* is required$"))
   end)

   it("is not another's to change, nor of a stranger to the group", function()
      local stage = new_stage()
      local text = stage.say { text = "oi", chat = "G" }
      local _, err = incoming.say(stage,
         { from = "Bia", chat = "G", text = "hm", edit = text.messageId })
      assert.equal("only the author changes a message", err)
      assert(stage.world:add_person { name = "Caio" })
      _, err = incoming.say(stage, { from = "Caio", chat = "G", text = "oi" })
      assert.equal("Caio is no member of G", err)
   end)
end)
