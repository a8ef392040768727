--- z.outbox: what is stored and sent later, by whom, when, and once.
local durable = require "spec.support.durable"
local fake = require "spec.support.bot_fake"
local zapi = require "zapi"

describe("z.outbox:send", function()
   it("stores a message and sends it", function()
      durable.with(function(place)
         place:run [[
            local _, z = t.up(function() end)
            local m, what = z.outbox:send("send_text",
               {phone = "+55 11 99999-0001", message = "Oi"})
            assert.equal("new", what)
            assert.equal("queued", m.state)
            assert.is_nil(m.id)
            assert.equal("accepted", m:wait("accepted", 5))
            assert.equal("M1", m.id)
            assert.same({phone = t.ana, message = "Oi"}, t.calls[1].body)
            t.wait_states("accepted")
            t.give("status_read", {ids = {"M1"}})
            assert.equal("read", m:wait("sent", 5))
            m:edit("Olá")
            assert.equal("M1", t.calls[2].body.editMessageId)
         ]]
      end)
   end)

   it("keeps one message for a key", function()
      durable.with(function(place)
         place:run [[
            local _, z = t.up(function() end)
            local params = {phone = t.ana, message = "Oi"}
            local a, first = z.outbox:send("send_text", params, {key = "boas-vindas"})
            a:wait("accepted", 5)
            local b, second = z.outbox:send("send_text", params, {key = "boas-vindas"})
            assert.same({"new", "duplicate"}, {first, second})
            assert.equal("boas-vindas", b.key)
            assert.equal("M1", b:wait("accepted", 5) and b.id)
            t.bot:stop(2)
         ]]
         place:run [[
            local _, z = t.up(function() end)
            local m, what = z.outbox:send("send_text", {phone = t.ana, message = "Oi"},
               {key = "boas-vindas"})
            assert.equal("duplicate", what)
            assert.same({"accepted", "M1"}, {m.state, m.id})
            assert.same({}, t.calls)
         ]]
      end)
   end)

   it("sends after a restart what was stored before a crash", function()
      durable.with(function(place)
         place:crash [[
            local _, z = t.up(function() end)
            z.outbox:pause()
            for i = 1, 3 do
               z.outbox:send("send_text", {phone = t.ana, message = tostring(i)})
            end
            t.wait_states("queued queued queued")
            t.die()
         ]]
         place:run [[
            local _, z = t.up(function() end)
            core.sleep(0.05)
            assert.same({}, t.calls)
            z.outbox:resume()
            t.wait_calls(3)
            assert.same({"1", "2", "3"}, t.texts())
         ]]
      end)
   end)

   it("marks nothing as on its way that has not begun when the bot stops", function()
      durable.with(function(place)
         place:run [[
            local _, z = t.up(function() end, {limits = {pace = 0.3}})
            z.outbox:pause()
            for i = 1, 4 do
               z.outbox:send("send_text", {phone = "551199999000" .. i, message = "Oi"})
            end
            z.outbox:resume()
            t.wait_calls(1)
            t.bot:stop(2)
         ]]
         place:run [[
            t.up(function() end, {limits = {pace = 0}})
            t.wait_states("accepted accepted accepted accepted")
         ]]
      end)
   end)

   it("in a handler is stored when the handler ends well, and not else", function()
      durable.with(function(place)
         place:run [[
            local messages = {}
            t.up(function(bot, z)
               bot:on("text", function(ctx)
                  local m, what = z.outbox:send("send_text", {phone = t.bia, message = ctx.text},
                     {key = ctx.text})
                  local _, again = z.outbox:send("send_text", {phone = t.bia, message = ctx.text},
                     {key = ctx.text})
                  messages[#messages + 1] = m.state .. " " .. what .. " " .. again
                  assert.has_error(function() m:wait("sent", 1) end)
                  core.sleep(0.02)
                  assert.equal("", t.states())
                  if ctx.text == "não" then error("ai") end
               end)
            end)
            t.says("não")
            t.settle()
            t.says("sim")
            t.wait_calls(1)
            t.settle()
            assert.same({"queued new duplicate", "queued new duplicate"}, messages)
            assert.same({"sim"}, t.texts())
            t.wait_states("accepted")
         ]]
      end)
   end)

   it("stored by a handler is there for the next one of the chat", function()
      durable.with(function(place)
         place:run [[
            local told = {}
            local _, z = t.up(function(bot, z)
               bot:on("text", function(ctx)
                  local _, what = z.outbox:send("send_text", {phone = ctx.chat, message = "x"},
                     {key = ctx.chat, lane = "stays"})
                  told[what] = (told[what] or 0) + 1
               end)
            end)
            z.outbox:pause "stays"
            for i = 1, 20 do
               for _ = 1, 2 do t.says("oi", ("55119999900%02d"):format(i)) end
            end
            t.settle()
            assert.same({new = 20, duplicate = 20}, told)
            t.wait(function() return z.outbox:stats().queued == 20 end)
         ]]
      end)
   end)

   it("waits until it is due, and is not sent after its end", function()
      durable.with(function(place)
         place:run [[
            local failed
            local _, z = t.up(function(bot)
               bot:on("message.failed", function(ctx) failed = {ctx.sent.key, ctx.error.kind} end)
            end)
            local now = core.now()
            local function send(text, options)
               return z.outbox:send("send_text", {phone = t.ana, message = text}, options)
            end
            send("amanhã", {at = now + 86400, key = "a"})
            send("tarde", {expires = now - 1, key = "b"})
            send("já", {at = now + 0.1})
            t.wait_calls(1)
            t.wait(function() return failed end)
            assert.is_true(core.now() >= now + 0.1)
            assert.same({"já"}, t.texts())
            assert.same({"b", "send.expired"}, failed)
            t.wait_states("queued expired accepted")
         ]]
      end)
   end)

   it("keeps the order of a person, others beside", function()
      durable.with(function(place)
         place:run [[
            local go
            t.answer = function(n, call)
               if call.body.message == "a1" then t.wait(function() return go end) end
            end
            local _, z = t.up(function() end, {limits = {pace = 0}})
            for _, text in ipairs {"a1", "a2"} do
               z.outbox:send("send_text", {phone = t.ana, message = text})
            end
            z.outbox:send("send_text", {phone = t.bia, message = "b1"})
            t.wait_calls(2)
            core.sleep(0.05)
            assert.same({"a1", "b1"}, t.texts())
            go = true
            t.wait_calls(3)
            assert.same({"a1", "b1", "a2"}, t.texts())
         ]]
      end)
   end)

   it("tries again what was not taken, and not what may have arrived", function()
      durable.with(function(place)
         place:run [[
            require("zapi.bot.worker").pause = 0.01
            local told = {}
            t.answer = function(_, call)
               local text = call.body.message
               if text == "cheio" and not told.full then
                  told.full = true
                  return 429, '{"error":"slow"}'
               elseif text == "quem sabe" then
                  return 500, '{"error":"oops"}'
               elseif text == "não" then
                  return 400, '{"error":"Invalid phone"}'
               end
            end
            local _, z = t.up(function(bot)
               bot:on({"message.failed", "message.unknown"}, function(ctx)
                  told[#told + 1] = ctx.kind .. " " .. ctx.sent.key .. " " .. ctx.error.kind
               end)
            end, {limits = {pace = 0}})
            for _, text in ipairs {"cheio", "quem sabe", "não"} do
               z.outbox:send("send_text", {phone = t.ana, message = text}, {key = text})
            end
            t.wait_states("accepted unknown failed")
            t.wait(function() return #told == 2 end)
            assert.same({"cheio", "cheio", "quem sabe", "não"}, t.texts())
            table.sort(told)
            assert.same({"message.failed não client.invalid_phone",
               "message.unknown quem sabe send.unknown"}, {told[1], told[2]})
            local bad = z.outbox:each {key = "não"}()
            assert.equal("client.invalid_phone", bad.error_kind)
         ]]
      end)
   end)

   it("waits while the instance is disconnected", function()
      durable.with(function(place)
         place:run [[
            local _, z = t.up(function() end)
            t.connected = false
            t.give("disconnected")
            t.settle()
            local m = z.outbox:send("send_text", {phone = t.ana, message = "Oi"})
            assert.same({nil, "timeout"}, {m:wait("accepted", 0.05)})
            assert.same({}, t.calls)
            t.give("connected")
            assert.equal("accepted", m:wait("accepted", 5))
         ]]
      end)
   end)

   it("stops cold messages after a SHADOW_BAN, and lets answers go", function()
      durable.with(function(place)
         local output = place:run [[
            local _, z = t.up(function(bot)
               bot:on("text", function(ctx) ctx:reply("resposta") end)
            end)
            t.give("delivery_error_shadow_ban")
            core.sleep(0.05) -- applied when it is stored
            z.outbox:send("send_text", {phone = "5511999990009", message = "frio"})
            t.says("oi")
            t.wait_calls(1)
            t.settle()
            assert.same({"resposta"}, t.texts())
            t.wait_states("queued accepted")
            assert.is_true(t.rows()[1].at > core.now() + 1)
         ]]
         assert.matches("WARN.*SHADOW_BAN", output)
      end)
   end)

   it("sends files by their name", function()
      durable.with(function(place)
         place:run [[
            local path = t.folder .. "/foto.png"
            local file = io.open(path, "wb")
            file:write("\137PNG\r\n\26\n")
            file:close()
            local _, z = t.up(function() end)
            local function send(name)
               return z.outbox:send("send_image", {phone = t.ana, image = zapi.media.file(name)})
            end
            send(path):wait("accepted", 5)
            assert.matches("^data:image/png;base64,", t.calls[1].body.image)
            z.outbox:pause()
            local m = send(path)
            os.remove(path)
            z.outbox:resume()
            local _, err = m:wait("accepted", 5)
            assert.is_true(core.is_error(err, "io"), tostring(err))
            assert.equal(1, #t.calls)
         ]]
      end)
   end)

   it("refuses what is wrong at the script's line", function()
      durable.with(function(place)
         place:run [[
            local _, z = t.up(function() end)
            local function why(...)
               local args = table.pack(...)
               local ok, err = pcall(function() z.outbox:send(table.unpack(args, 1, args.n)) end)
               assert.is_false(ok)
               assert.matches("1.lua:%d+: ", err)
               return err
            end
            local params = {phone = t.ana, message = "Oi"}
            assert.matches("did you mean 'send_text'", why("send_txt", params))
            assert.matches("'mesage' is not a parameter",
               why("send_text", {phone = "1", mesage = ""}))
            assert.matches("get_status asks and sends nothing", why("get_status", {}))
            assert.matches("bad 'params'", why("send_text"))
            assert.matches("bad 'at' in z.outbox:send %(Unix seconds",
               why("send_text", params, {at = 60}))
            assert.matches("did you mean 'expires'", why("send_text", params, {expire = 1}))
            assert.matches("no guard 'x'", why("send_text", params, {guard = "x"}))
            assert.matches("this guard is not registered",
               why("send_text", params, {guard = print}))
            assert.matches("needs key=, prefix= or to=",
               select(2, pcall(z.outbox.cancel, z.outbox, {})))
            assert.equal("", t.states())
         ]]
      end)
   end)

   it("needs a bot that runs with the client and a disk; only instances have it", function()
      local z = zapi.client {instance = "I", token = "TOKENTOKEN", base_url = "http://127.0.0.1:9"}
      assert.equal(z.outbox, z.outbox)
      assert.matches("outbox_spec.lua:%d+: z.outbox needs a bot that runs with this client",
         fake.thrown(function() z.outbox:send("send_text", {phone = "1", message = "x"}) end))
      local core = require "zapi.core"
      local hosted = core.hosted
      core.set_hosted(true)
      local bot = require("zapi.bot").new {
         client = z, listen = "127.0.0.1:0", secret = "segredo-do-teste-0123456789",
      }
      bot:run()
      local why = fake.thrown(function() z.outbox:stats() end)
      bot:stop(1)
      core.set_hosted(hosted)
      assert.matches("ZAPIBOT_DATA=memory", why)
      local partner = zapi.partner {token = "PARTNERTOKEN", base_url = "http://127.0.0.1:9"}
      assert.matches("no endpoint 'outbox'", fake.thrown(function() return partner.outbox end))
   end)
end)

describe("a guard", function()
   it("is asked when the message is about to leave", function()
      durable.with(function(place)
         place:run [[
            local seen = {}
            local _, z = t.up(function(bot)
               bot:guard("aberto", function(message)
                  seen[#seen + 1] = message.params.message
                  local text = message.params.message
                  if text == "sim" then return true end
                  if text == "depois" then return #seen > 3 or 0.05 end
                  if text == "erro" then error("ai") end
                  return false, "saiu da lista"
               end)
            end, {limits = {pace = 0}})
            for _, text in ipairs {"sim", "depois", "não", "erro"} do
               z.outbox:send("send_text", {phone = "55119999900" .. #text .. "7", message = text},
                  {guard = "aberto", key = text})
            end
            t.wait_states("accepted accepted cancelled failed")
            assert.same({"sim", "depois"}, t.texts())
            assert.is_nil(t.calls[1].body["$guard"])
            assert.equal("saiu da lista", z.outbox:each {key = "não"}().error)
         ]]
      end)
   end)

   it("may be given as the function that was registered", function()
      durable.with(function(place)
         place:run [[
            local function never() return false end
            local _, z = t.up(function(bot) bot:guard("nunca", never) end)
            local m = z.outbox:send("send_text", {phone = t.ana, message = "x"}, {guard = never})
            local _, err = m:wait("accepted", 5)
            assert.equal("send.cancelled", err.kind)
            assert.matches("the guard 'nunca' said no", err.message)
         ]]
      end)
   end)

   it("that the next script does not register lets its messages wait, and says so", function()
      durable.with(function(place)
         place:crash [[
            local _, z = t.up(function(bot) bot:guard("g", function() return 0 end) end)
            z.outbox:pause("l")
            z.outbox:send("send_text", {phone = t.ana, message = "x"}, {guard = "g", lane = "l"})
            t.die()
         ]]
         local output = place:run [[
            local _, z = t.up(function() end)
            z.outbox:resume("l")
            t.wait(function() return t.rows()[1].at > core.now() + 50 end)
            assert.same({}, t.calls)
            t.wait_states("queued")
         ]]
         assert.matches("WARN.*messages wait for the guard 'g'", output)
      end)
   end)
end)

describe("the outbox", function()
   it("cancels by key, prefix and person, and counts", function()
      durable.with(function(place)
         place:run [[
            local _, z = t.up(function() end)
            local later = core.now() + 3600
            for i, key in ipairs {"a:1", "a:2", "b:1", "c", "d"} do
               z.outbox:send("send_text", {phone = i < 5 and t.ana or t.bia, message = key},
                  {key = key, at = later})
            end
            assert.equal(1, z.outbox:cancel {key = "c"})
            assert.equal(0, z.outbox:cancel {key = "c"})
            assert.equal(2, z.outbox:cancel {prefix = "a:"})
            assert.equal(1, z.outbox:cancel {to = "+55 11 99999-0002"})
            assert.equal("cancelled cancelled queued cancelled cancelled", t.states())
            assert.equal(2, z.outbox:stats("a:").cancelled)
            assert.equal(1, z.outbox:stats().queued)
            local keys = {}
            for row in z.outbox:each {to = t.ana, state = "cancelled"} do
               keys[#keys + 1] = row.key
            end
            assert.same({"c", "a:2", "a:1"}, keys)
         ]]
      end)
   end)

   it("pauses a lane, and others go on", function()
      durable.with(function(place)
         place:run [[
            local _, z = t.up(function() end)
            z.outbox:pause("campanha")
            z.outbox:send("send_text", {phone = t.ana, message = "c"}, {lane = "campanha"})
            z.outbox:send("send_text", {phone = t.bia, message = "x"})
            t.wait_states("queued accepted")
            z.outbox:resume("campanha")
            t.wait_states("accepted accepted")
         ]]
      end)
   end)
end)
