-- Z-API's side of the sandbox, over HTTP.
local core = require "zapi.core"
local support = require "spec.sandbox.support"

local call, decode = support.call, support.decode

describe("the sandbox's API", function()
   local s, ana, group, hooks

   before_each(function()
      s, ana, group = support.start()
      hooks = support.receiver()
      s:connect_bot(hooks.url)
   end)

   after_each(function()
      s:close()
      hooks.close()
   end)

   local function send(path, body)
      local reply = call(s, "POST", path, body)
      return reply.status, decode(reply)
   end

   describe("checks", function()
      local function refused(status, err, reply)
         assert.equal(status, reply.status)
         assert.same(err, decode(reply).error)
      end

      it("both secrets with the errors that Z-API has", function()
         refused(400, "your client-token is not configured",
            call(s, "GET", "/status", nil, { ["Client-Token"] = false }))
         refused(403, "Client-Token not allowed",
            call(s, "GET", "/status", nil, { ["Client-Token"] = s.token }))
         local headers = { ["Client-Token"] = s.client_token }
         refused(400, "Instance not found", support.request(s, "GET",
            "/instances/" .. s.instance .. "/token/other/status", nil, headers))
         refused(400, "Instance not found", support.request(s, "GET",
            "/instances/other/token/" .. s.token .. "/status", nil, headers))
      end)

      it("path, method, content type and body", function()
         local reply = call(s, "GET", "/no-such-thing")
         refused(404, "NOT_FOUND", reply)
         assert.equal("Unable to find matching target resource method", decode(reply).message)
         refused(405, "Method Not Allowed", call(s, "GET", "/send-text"))
         refused(415, "Unsupported Media Type",
            call(s, "POST", "/send-text", "{}", { ["Content-Type"] = "text/plain" }))
         refused(400, "Invalid request body", call(s, "POST", "/send-text", "{nope"))
         refused(400, "Invalid request body", call(s, "POST", "/send-text", "5"))
         refused(404, "NOT_FOUND", call(s, "POST", "/send-document/", {}))
         refused(404, "NOT_FOUND", call(s, "POST", "/send-document/a/b", {}))
      end)

      it("required parameters, by name", function()
         for _, case in ipairs {
            { "/send-text", {}, "phone is required" },
            { "/send-text", { phone = ana.phone }, "message is required" },
            { "/send-text", { phone = ana.phone, message = " " },
               "message must be a string that is not empty" },
            { "/send-text", { phone = { 1 }, message = "x" },
               "phone must be a string that is not empty" },
            { "/send-image", { phone = ana.phone }, "image is required" },
            { "/send-audio", { phone = ana.phone }, "audio is required" },
            { "/send-video", { phone = ana.phone }, "video is required" },
            { "/send-document/pdf", { phone = ana.phone }, "document is required" },
            { "/send-reaction", { phone = ana.phone, reaction = "x" }, "messageId is required" },
            { "/send-button-list", { phone = ana.phone, message = "x" }, "buttonList is required" },
            { "/send-button-list", { phone = ana.phone, message = "x", buttonList = { x = 1 } },
               "buttonList.buttons is required" },
            { "/send-option-list", { phone = ana.phone, message = "x", optionList = { x = 1 } },
               "optionList.title is required" },
            { "/read-message", { phone = ana.phone }, "messageId is required" },
            { "/send-text", { phone = ana.phone, message = "@all", mentionAll = true },
               "mentionAll can only be used in groups" },
         } do
            refused(400, case[3], call(s, "POST", case[1], case[2]))
         end
         assert.same({}, s:messages())
      end)
   end)

   describe("a text", function()
      it("is answered with ids, then delivered, sent, received and read, in order", function()
         local status, ids = send("/send-text", { phone = ana.phone, message = "Olá" })
         assert.equal(200, status)
         assert.equal(ids.messageId, ids.id)
         assert.equal(32, #ids.zaapId)
         support.settle(s)
         assert.equal("DeliveryCallback SENT RECEIVED READ", hooks.types())
         assert.equal(ids.zaapId, hooks.got[1].zaapId)
         for i = 2, 4 do assert.same({ ids.messageId }, hooks.got[i].ids) end
         local m = s:messages("Ana")[1]
         assert.equal("Olá", m.text)
         assert.equal("READ", m.status)
         assert.is_true(m.fromMe)
      end)

      it("carries Z-API's headers to the webhook", function()
         send("/send-text", { phone = ana.phone, message = "Olá" })
         support.settle(s)
         local headers = hooks.headers[1]
         assert.equal(s.token, headers["z-api-token"])
         assert.equal("Z-API", headers.server)
         assert.equal("https://api.z-api.io", headers.origin)
         assert.equal("application/json", headers["content-type"])
      end)

      it("comes back as an echo when it was asked for", function()
         call(s, "PUT", "/update-notify-sent-by-me", { notifySentByMe = true })
         local _, ids = send("/send-text", { phone = ana.phone, message = "Olá" })
         support.settle(s)
         assert.equal("DeliveryCallback SENT SENT RECEIVED READ", hooks.types())
         local echo = hooks.got[2]
         assert.equal("ReceivedCallback", echo.type)
         assert.is_true(echo.fromMe and echo.fromApi)
         assert.equal(ids.messageId, echo.messageId)
      end)

      it("quotes, and replaces what was sent", function()
         local _, first = send("/send-text", { phone = ana.phone, message = "um" })
         send("/send-text", { phone = ana.phone, message = "dois", messageId = first.id })
         local status, edit = send("/send-text",
            { phone = ana.phone, message = "uno", editMessageId = first.id })
         assert.equal(200, status)
         assert.equal(first.id, edit.messageId)
         local all = s:messages(ana)
         assert.equal(2, #all)
         assert.equal("uno", all[1].text)
         assert.is_true(all[1].edited)
         assert.equal(first.id, all[2].quoted)
      end)

      it("reaches a person by lid, a group, and a number that nobody had", function()
         send("/send-text", { phone = ana.lid, message = "lid" })
         send("/send-text", { phone = group.id, message = "grupo" })
         send("/send-text", { phone = "5521988887777", message = "novo" })
         assert.equal("lid", s:messages("Ana")[1].text)
         assert.equal("grupo", s:messages("Grupo")[1].text)
         assert.equal("novo", s:messages("5521988887777")[1].text)
         support.settle(s)
         local status = hooks.got[#hooks.got]
         assert.is_false(status.isGroup)
      end)

      it("fails later, with WhatsApp's words", function()
         for _, case in ipairs {
            { "abc", "Message has not been sent because it got invalid phone number" },
            { "999@lid", "Phone number does not exist" },
            { "120363000000000000-group",
               "You can't message this group as you don't have permission" },
         } do
            local status = send("/send-text", { phone = case[1], message = "x" })
            assert.equal(200, status)
            support.settle(s)
            local last = hooks.got[#hooks.got]
            assert.equal("DeliveryCallback", last.type)
            assert.equal(case[2], last.error)
         end
         local all = s:messages()
         assert.equal("FAILED", all[#all].status)
      end)
   end)

   describe("other messages", function()
      it("are files that a bot can download again", function()
         local _, ids = send("/send-image",
            { phone = ana.phone, image = support.PNG, caption = "Foto" })
         local m = s:messages(ana)[1]
         assert.equal(ids.id, m.id)
         assert.equal("Foto", m.text)
         local path = m.media.url:match("^" .. s.base_url:gsub("%p", "%%%0") .. "(/media/.+)$")
         local file = support.request(s, "GET", path)
         assert.equal("image/png", file.headers["content-type"])
         assert.equal("\137PNG", file.body:sub(1, 4))
         assert.equal("image/png", m.media.mime)
      end)

      it("are audio, video and documents", function()
         send("/send-audio", { phone = ana.phone, audio = "https://e.example/a.ogg" })
         send("/send-video", { phone = ana.phone, video = "https://e.example/v.mp4" })
         send("/send-document/pdf",
            { phone = ana.phone, document = "https://e.example/d", fileName = "preços" })
         local all = s:messages(ana)
         assert.same({ "audio", "video", "document" }, { all[1].kind, all[2].kind, all[3].kind })
         assert.is_true(all[1].voice)
         assert.equal("preços.pdf", all[3].media.name)
      end)

      it("fail later when the file is none", function()
         assert.equal(200, (send("/send-image", { phone = ana.phone, image = "x.png" })))
         support.settle(s)
         assert.equal("Message not send caused by invalid media url", hooks.got[1].error)
      end)

      it("are buttons and lists that a person answers", function()
         send("/send-button-list", {
            phone = ana.phone, message = "Vem?",
            buttonList = { buttons = { { label = "Sim" }, { id = "n", label = "Não" } } },
         })
         s:say(ana, { button = "Sim" })
         send("/send-option-list", {
            phone = ana.phone, message = "Qual?", optionList = {
               title = "Menu", buttonLabel = "Abrir",
               options = { { id = "v", title = "Vendas", description = "Pedidos" } },
            },
         })
         s:say(ana, { option = "v" })
         support.settle(s)
         local found = {}
         for _, body in ipairs(hooks.got) do
            found.button = found.button or body.buttonsResponseMessage
            found.option = found.option or body.listResponseMessage
         end
         assert.same({ buttonId = "1", message = "Sim" }, found.button)
         assert.equal("v", found.option.selectedRowId)
      end)

      it("cannot be a list in a group", function()
         send("/send-option-list", {
            phone = group.id, message = "Qual?",
            optionList = { title = "M", buttonLabel = "A", options = { { title = "V" } } },
         })
         support.settle(s)
         assert.equal("Whatsapp did not allow sending this message", hooks.got[1].error)
      end)

      it("are reactions, given and taken back", function()
         local said = s:say(ana, "oi")
         send("/send-reaction", { phone = ana.phone, reaction = "👍", messageId = said.id })
         assert.same({ { by = "me", value = "👍" } }, s:messages(ana)[1].reactions)
         send("/send-remove-reaction", { phone = ana.phone, messageId = said.id })
         assert.same({}, s:messages(ana)[1].reactions)
         assert.equal(1, #s:messages(ana))
      end)

      it("show followers only what has a place in the chat", function()
         local _, ids = send("/send-text", { phone = ana.phone, message = "um" })
         send("/send-reaction", { phone = ana.phone, reaction = "👍", messageId = ids.id })
         send("/send-text", { phone = ana.phone, message = "uno", editMessageId = ids.id })
         support.settle(s)
         local last
         for _, event in ipairs(s:events()) do
            if event.name == "message" or event.name == "update" then
               last = core.json_decode(event.data)
               assert.equal(1, last.n, event.data)
            end
         end
         assert.same({ "uno", "READ", "👍" }, { last.text, last.status, last.reactions[1].value })
      end)

      it("are read and deleted", function()
         local said = s:say(ana, "oi")
         assert.equal(204, call(s, "POST", "/read-message",
            { phone = ana.phone, messageId = said.id }).status)
         assert.equal("READ", s:messages(ana)[1].status)
         support.settle(s)
         assert.equal("READ_BY_ME", hooks.got[#hooks.got].status)
         local _, ids = send("/send-text", { phone = ana.phone, message = "x" })
         local path = "/messages?messageId=%s&phone=%s&owner=%s"
         assert.equal(204, call(s, "DELETE", path:format(ids.id, ana.phone, "false")).status)
         assert.is_false(s:messages(ana)[2].deleted)
         assert.equal(204, call(s, "DELETE", path:format(ids.id, ana.phone, "true")).status)
         assert.is_true(s:messages(ana)[2].deleted)
         assert.equal(400, call(s, "DELETE", "/messages?phone=1").status)
      end)
   end)

   describe("the instance", function()
      local function get(path) return decode(call(s, "GET", path)) end

      it("is healthy with an error text, as the real one", function()
         local status = get("/status")
         assert.is_true(status.connected)
         assert.equal("You are already connected.", status.error)
         assert.same({ connected = true }, get("/qr-code/image"))
         assert.equal("5511999990099", get("/device").phone)
      end)

      it("shows in /me what was set", function()
         call(s, "PUT", "/update-webhook-received", { value = "http://127.0.0.1:9/a" })
         call(s, "PUT", "/update-webhook-delivery", { value = "" })
         local me = get("/me")
         assert.equal("http://127.0.0.1:9/a", me.receivedCallbackUrl)
         assert.equal("", me.deliveryCallbackUrl)
         assert.equal(hooks.url, me.messageStatusCallbackUrl)
         assert.is_false(me.receiveCallbackSentByMe)
         assert.equal(s.token, me.token)
      end)

      it("sets each webhook and all of them", function()
         local fields = {
            ["delivery"] = "deliveryCallbackUrl", ["received"] = "receivedCallbackUrl",
            ["disconnected"] = "disconnectedCallbackUrl", ["connected"] = "connectedCallbackUrl",
            ["message-status"] = "messageStatusCallbackUrl",
            ["chat-presence"] = "presenceChatCallbackUrl",
         }
         for name, field in pairs(fields) do
            local url = "http://127.0.0.1:9/" .. name
            assert.same({ value = true },
               decode(call(s, "PUT", "/update-webhook-" .. name, { value = url })))
            assert.equal(url, get("/me")[field])
         end
         call(s, "PUT", "/update-every-webhooks",
            { value = "http://127.0.0.1:9/all", notifySentByMe = true })
         local me = get("/me")
         for _, field in pairs(fields) do assert.equal("http://127.0.0.1:9/all", me[field]) end
         assert.is_true(me.receiveCallbackSentByMe)
         assert.equal(400, call(s, "PUT", "/update-every-webhooks", { value = "x" }).status)
         assert.equal(400, call(s, "PUT", "/update-webhook-received", {}).status)
      end)

      it("keeps messages while it is disconnected, and sends them in order", function()
         assert.same({ value = true }, get("/disconnect"))
         assert.is_false(get("/status").connected)
         assert.truthy(get("/qr-code").value:find("^data:image/png;base64,"))
         local ids = {}
         for i = 1, 3 do
            local _, reply = send("/send-text", { phone = ana.phone, message = "m" .. i })
            ids[i] = reply.zaapId
         end
         assert.equal(3, get("/queue/count"))
         assert.equal("m1", get("/queue").messages[1].Message)
         local page = decode(call(s, "POST", "/queue", { pageSize = 2 }))
         assert.equal(2, #page.messages)
         assert.is_true(page.hasMore)
         page = decode(call(s, "POST", "/queue", { pageSize = 2, pagingState = page.pagingState }))
         assert.equal("m3", page.messages[1].Message)
         assert.is_false(page.hasMore)
         call(s, "DELETE", "/queue/" .. ids[2])
         assert.same({}, s:messages(ana))
         s:set_connected(true)
         support.settle(s)
         local all = s:messages(ana)
         assert.same({ "m1", "m3" }, { all[1].text, all[2].text })
         assert.equal("DisconnectedCallback", hooks.got[1].type)
         assert.equal("ConnectedCallback", hooks.got[2].type)
      end)

      it("empties the queue, or refuses to queue", function()
         get("/disconnect")
         send("/send-text", { phone = ana.phone, message = "m" })
         call(s, "DELETE", "/queue")
         assert.same({}, get("/queue").messages)
         assert.same({ success = true }, decode(call(s, "PUT", "/update-queue-settings",
            { disableEnqueueWhenDisconnected = true })))
         assert.equal(400, (send("/send-text", { phone = ana.phone, message = "m" })))
         assert.equal(0, get("/queue/count"))
      end)

      it("tells who is in a group", function()
         local meta = get("/group-metadata/" .. group.id)
         assert.equal("Grupo", meta.subject)
         assert.equal(3, #meta.participants)
         assert.equal(404, call(s, "GET", "/group-metadata/1-group").status)
      end)

      it("blocks what filters name", function()
         call(s, "PUT", "/update-filters", {
            messageFilters = { "FILTER_FROM_GROUP" },
            callbackTypeFilters = { "FILTER_MESSAGE_STATUS_CALLBACK" },
         })
         s:say(ana, "privado")
         s:say(ana, "grupo", { group = group })
         send("/send-text", { phone = ana.phone, message = "x" })
         support.settle(s)
         assert.equal("RECEIVED DeliveryCallback", hooks.types())
      end)
   end)
end)

describe("the sandbox's webhooks", function()
   it("try a refused one once more, keep the order, and say so", function()
      local s, ana = support.start()
      local hooks = support.receiver(function(n) return n == 1 and 500 or 200 end)
      s:connect_bot(hooks.url)
      s:say(ana, "um")
      s:say(ana, "dois")
      support.settle(s)
      local texts = {}
      for i, body in ipairs(hooks.got) do texts[i] = body.text.message end
      assert.same({ "um", "um", "dois" }, texts)
      local list = s:journal()
      assert.equal(2, list[#list - 1].attempts)
      assert.equal(200, list[#list - 1].status)
      assert.equal(1, list[#list].attempts)
      s:close()
      hooks.close()
   end)

   it("say why a webhook did not arrive", function()
      local s, ana = support.start()
      s:say(ana, "ninguém")
      local hooks = support.receiver()
      s:connect_bot(hooks.url)
      hooks.close()
      s:say(ana, "fechado")
      support.settle(s)
      local list = s:journal()
      assert.equal("receivedCallbackUrl is not set", list[#list - 1].skipped)
      assert.equal(2, list[#list].attempts)
      assert.truthy(list[#list].error)
      s:close()
   end)

   it("write no secret into journal, state or events", function()
      local s, ana = support.start()
      local hooks = support.receiver()
      call(s, "PUT", "/update-every-webhooks", { value = hooks.url })
      call(s, "GET", "/me")
      call(s, "GET", "/me", nil, { ["Client-Token"] = s.token })
      s:say(ana, "oi")
      support.settle(s)
      local text = core.json_encode(s:journal()) .. core.json_encode(s:events())
         .. support.request(s, "GET", "/__sandbox/state").body
         .. support.request(s, "GET", "/__sandbox/journal").body
      for _, secret in ipairs { s.token, s.client_token, "very-secret-path" } do
         assert.is_nil(text:find(secret, 1, true))
      end
      assert.truthy(text:find("/update-every-webhooks", 1, true))
      s:close()
      hooks.close()
   end)

   it("show typing at the pace of a person when there is latency", function()
      local s, ana = support.start { latency = 0.01 }
      local reply = call(s, "POST", "/send-text",
         { phone = ana.phone, message = "x", delayTyping = 0.05 })
      assert.equal(200, reply.status)
      assert.same({}, s:messages(ana))
      support.settle(s)
      local names = {}
      for _, event in ipairs(s:events()) do names[#names + 1] = event.name end
      local order = table.concat(names, " ")
      assert.truthy(order:find("typing.*message.*update.*update.*update"))
      assert.equal("READ", s:messages(ana)[1].status)
      s:close()
   end)
end)
