--- ctx:handover, and what starts and ends it by itself: the bot keeps quiet in a chat
--- that a person serves.
local durable = require "spec.support.durable"
local fake = require "spec.support.bot_fake"

local function run(text)
   durable.with(function(place) place:run(text) end)
end

-- What every chunk begins with.
local BASE <const> = [[
   local team = "5511888880000"
   local function echo(bot)
      bot:command("humano", function(ctx) ctx:handover {note = "Já chamei."} end)
      bot:on("text", function(ctx) ctx:reply("bot: " .. ctx.text) end)
   end
   -- The owner types on the phone, in the chat with ana.
   local typed = 0
   local function types(text, over)
      typed = typed + 1
      over = over or {}
      over.phone, over.text, over.fromApi = t.ana, {message = text}, over.fromApi or false
      over.chatLid, over.messageId = t.fake.none, over.messageId or "TYPED" .. typed
      over.fromMe = true
      t.give("received_text", over)
      t.settle()
   end
   local function says(...)
      t.says(...)
      t.settle()
   end
   -- What was sent in chats, once there are n.
   local function texts(n)
      local list
      t.wait(function()
         list = {}
         for _, call in ipairs(t.calls) do
            if call.path == "/send-text" then list[#list + 1] = call.body.message end
         end
         return #list >= n
      end, "too few texts")
      return list
   end
]]

describe("ctx:handover", function()
   it("is left to a menu that has the word, while it is open", function()
      run(BASE .. [[
         local chosen
         t.up(function(bot)
            bot:hears("oi", function(ctx)
               local choice, answer = ctx:menu("Qual?", {"Horários", "Falar com atendente"})
               chosen = choice.label
               if chosen ~= "Horários" then answer:handover {note = "Da opção."} end
            end)
            echo(bot)
         end, {handover = {words = "atendente", back = "menu", note = "Da palavra."}})
         says "oi"
         says "falar com atendente"
         assert.same({"Da opção."}, texts(1))
         assert.equal("Falar com atendente", chosen)
         says "menu"
         says "um atendente, por favor"
         assert.equal("Da palavra.", texts(3)[3])
      ]])
   end)

   it("silences the bot in this chat, and only there, until ctx:resume", function()
      run(BASE .. [[
         local handed
         t.up(function(bot)
            echo(bot)
            bot:timer("volta", function(ctx)
               handed = ctx.handed_over
               assert.is_true(ctx:resume())
               assert.is_false(ctx:resume())
            end)
         end)
         says("!humano")
         says("oi")
         says("oi", t.bia)
         t.wait_calls(2)
         t.bot:at({after = 0}, "volta", nil, {chat = t.ana})
         t.wait(function() return handed ~= nil end)
         t.settle()
         assert.is_true(handed)
         says("voltou?")
         t.wait_calls(3)
         assert.same({"Já chamei.", "bot: oi", "bot: voltou?"}, t.texts())
      ]])
   end)

   it("tells whom it is for, with a link to the customer", function()
      run(BASE .. [[
         t.up(function(bot)
            bot:on("text", function(ctx) ctx:handover {to = team, hours = 1} end)
         end)
         says("Quero reclamar", t.ana, {senderName = "Ana"})
         t.wait_calls(1)
         assert.equal(team, t.calls[1].body.phone)
         assert.equal("*Atendimento*: Ana está à espera de uma pessoa.\nhttps://wa.me/" .. t.ana,
            t.calls[1].body.message)
         says("alô?")
         assert.equal(1, #t.calls)
      ]])
   end)

   it("is committed with the handler's good end, and not with a bad one", function()
      run(BASE .. [[
         local tries = 0
         t.up(function(bot)
            bot:on("text", function(ctx)
               tries = tries + 1
               ctx:handover()
               assert.is_true(ctx.handed_over)
               if tries == 1 then error("ai") end
            end)
            bot:catch(function(ctx) return ctx:drop() end)
         end)
         says("um")
         says("dois")
         says("três")
         assert.equal(2, tries)
      ]])
   end)

   it("lasts over a SIGKILL, and ends by its hours", function()
      durable.with(function(place)
         place:crash(BASE .. [[
            t.up(echo)
            says("!humano")
            says("oi", t.bia)
            t.wait_calls(2)
            t.stored()
            t.die()
         ]])
         place:run(BASE .. [[
            t.up(function(bot)
               bot:command("humano", function(ctx) ctx:handover {hours = 0.1 / 3600} end)
               bot:on("text", function(ctx) ctx:reply("bot: " .. ctx.text) end)
            end)
            says("oi de novo")
            says("oi", t.bia)
            t.wait_calls(1)
            assert.same({"bot: oi"}, t.texts())
            says("!humano", t.bia)
            t.wait(function() says("volta", t.bia) return #t.calls > 1 end)
            assert.equal("bot: volta", t.texts()[2])
         ]])
      end)
   end)

   it("keeps what waited when the process was killed from handlers too", function()
      local bot = BASE .. [[
         local begun = 0
         t.up(function(bot)
            bot:command("humano", function(ctx) ctx:handover() end)
            bot:hears("lento", function() begun = begun + 1 zapi.sleep(60) end, {order = "none"})
            bot:on("text", function(ctx) ctx:reply("bot: " .. ctx.text) end)
         end)
      ]]
      durable.with(function(place)
         place:crash(bot .. [[
            t.says("lento")
            t.says("!humano")
            t.says("oi", t.bia)
            t.wait_calls(1)
            t.wait(function() return t.bot.service:stats().waiting == 0 and begun == 1 end)
            t.wait(function()
               return #core.store.scan("\1handover:" .. t.z.instance, "", nil, 1) == 1
                  and core.testing.is_quiet()
            end)
            t.die()
         ]])
         place:run(bot .. [[
            says("oi", t.bia)
            t.wait_calls(1)
            t.settle()
            assert.equal(0, begun)
            assert.same({"bot: oi"}, t.texts())
         ]])
      end)
   end)

   it("keeps the other bots of the instance quiet, also those without the option", function()
      run(BASE .. [[
         t.up(echo)
         -- As another automation of the process writes it.
         assert(core.store.put("\1handover:" .. t.z.instance, t.ana, core.store.pack {
            by = "words", since = core.now(), due = core.now() + 60, hours = 1, count = 0,
         }, core.now() + 60))
         says("oi")
         says("oi", t.bia)
         t.wait_calls(1)
         t.settle()
         assert.equal(1, #t.calls)
         assert.equal(t.bia, t.calls[1].body.phone)
      ]])
   end)

   it("after a question is what it was when its handler is run anew", function()
      local bot = BASE .. [[
         local got
         t.up(function(bot)
            bot:on("text", function(ctx)
               local before = ctx.handed_over
               local answer = ctx:ask "Chamo alguém?"
               got = answer.text
               assert.is_false(before)
               answer:handover {note = "Chamei."}
               ctx:send "Até já."
            end)
         end)
      ]]
      durable.with(function(place)
         place:crash(bot .. [[
            says("oi")
            t.wait_calls(1)
            t.stored()
            t.die()
         ]])
         place:run(bot .. [[
            says("sim")
            t.wait_calls(2)
            says("oi?")
            assert.equal("sim", got)
            assert.same({"Chamei.", "Até já."}, t.texts())
         ]])
         assert.same({}, place:dead())
      end)
   end)
end)

describe("bot.new{handover=}", function()
   it("gives chats away by the customer's words, and takes them back by others", function()
      run(BASE .. [[
         t.up(echo, {handover = {
            words = {"atendente", "humano"}, back = {"menu", "bot"}, to = team,
         }})
         says("Quero falar com um ATENDENTE!", t.ana, {senderName = "Ana"})
         texts(2)
         says("o menu está errado")
         says("Menu!")
         texts(3)
         says("oi")
         assert.same({
            "Certo! Vou chamar uma pessoa da equipe. É só aguardar aqui.",
            "*Atendimento*: Ana está à espera de uma pessoa.\nhttps://wa.me/" .. t.ana,
            "Voltei! Sou o atendimento automático.", "bot: oi",
         }, texts(4))
      ]])
   end)

   it("has texts of its own, or none", function()
      run(BASE .. [[
         t.up(echo, {handover = {words = "humano", back = "bot", note = false, resumed = "Oi!"}})
         says("humano")
         says("bot")
         assert.same({"Oi!"}, texts(1))
      ]])
   end)

   it("on_typing: who types on the phone takes the chat over, and gives it back", function()
      run(BASE .. [[
         t.up(echo, {handover = {on_typing = true, back = {"bot"}}})
         t.wait(function() -- own messages are asked for
            for _, call in ipairs(t.calls) do
               if call.path == "/update-notify-sent-by-me" then
                  return call.body.notifySentByMe == true
               end
            end
         end)
         says("oi")
         texts(1)
         types("Oi, aqui é a Maria")
         says("obrigada")
         says("bot") -- also the customer may
         texts(2)
         says("e agora")
         texts(3)
         types("já vejo")
         says("ok")
         types("BOT")
         says("fim")
         assert.same({
            "bot: oi", "Voltei! Sou o atendimento automático.", "bot: e agora", "bot: fim",
         }, texts(4))
      ]])
   end)

   it("does not take what the API sent for typing", function()
      run(BASE .. [[
         t.up(echo, {handover = {on_typing = true}})
         says("oi")
         t.wait(function() return t.states() == "accepted" end)
         local id = t.rows()[1].message_id
         types("bot: oi", {messageId = id})
         types("de outra API", {fromApi = true})
         says("oi")
         t.wait_states("accepted accepted")
      ]])
   end)

   it("is renewed while the person writes", function()
      run(BASE .. [[
         t.up(echo, {handover = {on_typing = true, hours = 1}})
         local function due()
            local rows = core.store.scan("\1handover:" .. t.z.instance, "", nil, 10)
            return core.store.unpack(rows[1][2]).due, rows[1][3]
         end
         types("oi")
         local first, expires = due()
         assert.near(core.now() + 3600, first, 5)
         assert.near(first, expires, 1)
         types("mais")
         local second = due()
         assert.is_true(second > first)
         says("eu") -- the customer does not renew it
         assert.equal(second, (due()))
      ]])
   end)

   it("leaves groups alone", function()
      run(BASE .. [[
         t.up(echo, {handover = {words = "atendente", on_typing = true}})
         t.give("received_group_text", {
            text = {message = "oi"}, messageId = "G0", fromMe = true, fromApi = false,
         })
         t.give("received_group_text", {text = {message = "atendente"}, messageId = "G1"})
         t.settle()
         t.wait_states("accepted")
         assert.matches("bot: atendente", t.rows()[1].args)
      ]])
   end)

   it("gives own messages to handlers that name them, also while it is quiet", function()
      run(BASE .. [[
         local own = {}
         t.up(function(bot)
            echo(bot)
            bot:on("own.message", function(ctx) own[#own + 1] = ctx.text end)
         end, {handover = {on_typing = true}})
         types("um")
         types("dois")
         assert.same({"um", "dois"}, own)
      ]])
   end)

   it("with own = true: what the owner types in a chat that they serve is answered by nobody",
   function()
      run(BASE .. [[
         local own = {}
         t.up(function(bot)
            bot:on("own.text", function(ctx, next) own[#own + 1] = ctx.text return next() end)
            bot:on("text", function(ctx) own[#own + 1] = "bot: " .. ctx.text end)
         end, {own = true, handover = {on_typing = true, back = "bot"}})
         types("oi")
         types("bot")
         assert.same({"oi", "bot", "bot: bot"}, own)
      ]])
   end)

   it("checks its options", function()
      local function why(handover) return fake.thrown(fake.bot, {handover = handover}) end
      assert.matches("'word' is not an option of handover; did you mean 'words'", why {word = "x"})
      assert.matches("bad 'hours' in handover", why {hours = 0})
      assert.matches("'back' of handover", why {back = {1}})
   end)
end)
