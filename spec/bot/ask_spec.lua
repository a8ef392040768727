--- ctx:ask in one process: what is an answer, and what ends a question. Restarts
--- are in spec/crash/ask_spec.lua.
local durable = require "spec.support.durable"
local fake = require "spec.support.bot_fake"

local HEAD <const> = [[
   local seen = {}
   local function note(...)
      local words = table.pack(...)
      for i = 1, words.n do words[i] = tostring(words[i]) end
      seen[#seen + 1] = table.concat(words, " ")
   end
   local function says(text, who)
      t.says(text, who)
      t.settle()
   end
   local function wait_seen(n)
      t.wait(function() return #seen >= n end, "only " .. #seen .. " were seen")
      t.settle()
   end
   -- "oi" asks; what came of it is noted. Other texts are answered with "?".
   local function asks(options, question)
      return function(bot)
         bot:hears("oi", function(ctx)
            local answer, why = ctx:ask(question or "Qual?", options)
            note(answer and answer.value or why)
         end)
         bot:on("message", function(ctx) ctx:reply("? " .. tostring(ctx.text)) end)
      end
   end
]]

local function run(text)
   durable.with(function(place) place:run(HEAD .. text) end)
end

local function run_in_memory(text)
   durable.with(function(place)
      place.data = "memory"
      place:run(HEAD .. text)
   end)
end

describe("ctx:ask", function()
   it("waits for the next message of the same person in this chat", function()
      run [[
         local got
         t.up(function(bot)
            bot:hears("oi", function(ctx)
               local answer = ctx:ask "Qual é o seu nome?"
               got = answer.text
               answer:reply("Olá, " .. answer.value)
            end)
            bot:on("text", function(ctx) ctx:reply("?") end)
         end)
         t.says("oi")
         t.wait_calls(1)
         t.says("Bia falando", t.bia)
         t.wait_calls(2)
         t.says("Ana")
         t.wait_calls(3)
         t.settle()
         assert.same({"Qual é o seu nome?", "?", "Olá, Ana"}, t.texts())
         assert.equal("Ana", got)
         t.says("mais")
         t.wait_calls(4)
         assert.equal("?", t.texts()[4])
      ]]
   end)

   it("takes any message for an answer, but no reaction and none of the account's own", function()
      run [[
         t.up(function(bot)
            bot:hears("oi", function(ctx)
               local answer = ctx:ask "Uma foto?"
               note(answer.kind, answer.value, answer.event.image.imageUrl ~= nil)
            end)
         end)
         says "oi"
         t.give("received_reaction", {phone = t.ana, chatLid = t.fake.none})
         t.give("received_text", {phone = t.ana, chatLid = t.fake.none, fromMe = true})
         t.settle()
         t.give("received_image", {phone = t.ana, chatLid = t.fake.none})
         wait_seen(1)
         assert.same({"image Foto de exemplo true"}, seen)
      ]]
   end)

   it("takes what a pattern, a list or a function says", function()
      run [[
         t.up(function(bot)
            bot:hears("oi", function(ctx)
               local cep = ctx:ask("CEP?", {match = "^(%d%d%d%d%d)%-?(%d%d%d)$",
                  retry = "Só o CEP."})
               note(cep.match[1], cep.match[2])
               note(ctx:ask("Cor?", {match = {"Azul", "Verde-água"}}).value)
               local n = ctx:ask("Quantos?", {retry = false, match = function(c)
                  local n = math.tointeger(tonumber(c.text))
                  return n and n > 0 and {n = n}
               end})
               note(n.value.n)
            end)
         end)
         says "oi"
         says "na rua"
         says "01310-100"
         says "roxo"
         says "VERDE água!"
         says "muitos"
         says "-1"
         says "12"
         wait_seen(3)
         assert.same({"01310 100", "Verde-água", "12"}, seen)
         assert.same({"CEP?", "Só o CEP.", "Cor?", "Cor?", "Quantos?"}, t.texts())
      ]]
   end)

   it("ends by a word, after so many tries, or by its time", function()
      run [[
         t.up(asks {match = "^%d+$", escape = {"menu", "Sair"}, tries = 2, timeout = 0.15,
            retry = "Hein?"})
         says "oi"
         says "SAIR!"
         says "oi"
         says "a"
         says "b"
         says "oi"
         wait_seen(3)
         assert.same({"escaped", "tries", "timeout"}, seen)
         assert.same({"Qual?", "Qual?", "Hein?", "Qual?"}, t.texts())
         says "7"
         assert.equal("? 7", t.texts()[5])
         assert.same({}, (core.store.scan("\1due:" .. t.bot.service.name, "", nil, 1)))
      ]]
   end)

   it("keeps the chat's next message until its handler ends or asks again", function()
      run [[
         t.up(function(bot)
            bot:hears("oi", function(ctx)
               local answer = ctx:ask "1?"
               core.sleep(0.02)
               note("got", answer.text)
               answer = answer:ask "2?"
               core.sleep(0.02)
               note("got", answer.text)
            end)
            bot:on("message", function(ctx) note("else", ctx.text) end)
         end)
         says "oi"
         t.says "a"
         t.says "b"
         t.says "c"
         wait_seen(3)
         assert.same({"got a", "got b", "else c"}, seen)
      ]]
   end)

   it("asks one person of a group, or everybody", function()
      run [[
         local n = 0
         local function group(text, who)
            n = n + 1
            t.give("received_group_text", {text = {message = text}, participantPhone = who,
               participantLid = t.fake.none, messageId = "G" .. n})
            t.settle()
         end
         t.up(function(bot)
            bot:hears("eu", function(ctx) note(ctx:ask("Qual?").text) end)
            bot:hears("todos", function(ctx)
               local answer = ctx:ask("Quem?", {by = "chat"})
               note(answer.text, answer.from.phone)
            end)
            bot:on("message", function(ctx) note("?", ctx.text) end)
         end)
         group("eu", t.ana)
         group("b", t.bia)
         group("a", t.ana)
         group("todos", t.ana)
         group("c", t.bia)
         group("d", t.ana)
         assert.same({"? b", "a", "c " .. t.bia, "? d"}, seen)
      ]]
   end)

   it("lets commands through, unless they are answers", function()
      run [[
         t.up(function(bot)
            bot:command("ajuda", function(ctx) ctx:reply("ajudo") end)
            asks()(bot)
            bot:hears("ola", function(ctx) note(ctx:ask("?", {commands = "answer"}).text) end)
         end)
         says "oi"
         says "!ajuda"
         says "!nada"
         assert.same({"Qual?", "ajudo"}, t.texts())
         assert.same({"!nada"}, seen)
      ]]
      run [[
         t.up(function(bot)
            bot:command("ajuda", function(ctx) ctx:reply("ajudo") end)
            asks {commands = "answer"}(bot)
         end)
         says "oi"
         says "!ajuda"
         assert.same({"!ajuda"}, seen)
      ]]
   end)

   it("comes behind middleware", function()
      run [[
         t.up(function(bot)
            bot:use(function(ctx, next)
               if ctx.text == "spam" then return end
               return next()
            end)
            asks()(bot)
         end)
         says "oi"
         says "spam"
         says "a"
         assert.same({"a"}, seen)
      ]]
   end)

   it("ends the older question of a person, which is not asked again", function()
      run [[
         t.up(function(bot)
            bot:command("a", function(ctx)
               repeat
                  local answer, why = ctx:ask "A?"
                  note("a", answer and answer.text or why)
               until answer or #seen > 5 or why
               local answer, why = ctx:ask "A de novo?"
               note("a", answer, why)
            end)
            bot:command("b", function(ctx) note("b", ctx:ask("B?").text) end)
         end)
         says "!a"
         says "!b"
         wait_seen(2)
         says "x"
         wait_seen(3)
         assert.same({"a replaced", "a nil replaced", "b x"}, seen)
         assert.same({"A?", "B?"}, t.texts())
      ]]
   end)

   it("counts against no limit but its own", function()
      run [[
         t.up(asks(), {timeout = 0.1, concurrency = 1})
         says "oi"
         t.says("oi", t.bia)
         t.wait_calls(2)
         core.sleep(0.25)
         says "a"
         t.says("b", t.bia)
         wait_seen(2)
         assert.same({"a", "b"}, seen)
      ]]
   end)

   it("stores what the handler kept, and reads the session again behind it", function()
      run [[
         local kept = zapi.store "teste"
         t.up(function(bot)
            bot:hears("oi", function(ctx)
               ctx.session.a = 1
               kept:set("k", "antes")
               assert(kept:get "k" == "antes")
               ctx:ask "Qual?"
               note(ctx.session.a, ctx.session.b, kept:get "k")
               ctx.session.c = 3
            end)
            bot:command("x", function(ctx)
               note(ctx.session.a, ctx.session.b, kept:get "k")
               ctx.session.b = 2
               kept:set("k", "entre")
            end)
         end)
         says "oi"
         says "!x"
         says "y"
         says "!x"
         assert.same({"1 nil antes", "1 2 entre", "1 2 entre"}, seen)
      ]]
   end)

   it("has the webhook behind it as before, and whoever looks at it meanwhile", function()
      run [[
         local held
         t.up(function(bot)
            bot:hears("oi", function(ctx)
               held = ctx
               local answer = ctx:ask "Qual?"
               note(ctx.event.text.message, ctx.event.phone == t.ana, answer.event.text.message)
            end)
            bot:on("text", function() end)
         end)
         says "oi"
         assert.is_nil(rawget(held, "event")) -- it was put aside
         assert.equal("oi", held.event.text.message)
         assert.is_nil(held.event.nothing)
         says "y"
         assert.same({"oi true y"}, seen)
         assert.equal("oi", held.event.text.message) -- its handler has ended
         says "oi"
         says "z"
         assert.equal("oi", held.event.text.message)
         assert.equal("oi true z", seen[2])
      ]]
   end)

   it("is answered once when its handler is tried again", function()
      run [[
         local tries = 0
         t.up(function(bot)
            bot:hears("oi", function(ctx)
               local answer = ctx:ask "Qual?"
               tries = tries + 1
               note(answer.text, ctx.attempt)
               if tries < 3 then return ctx:retry_later(0.01) end
               answer:reply "fim"
            end)
         end)
         says "oi"
         says "a"
         t.wait_calls(2)
         assert.same({"a 1", "a 2", "a 3"}, seen)
         assert.same({"Qual?", "fim"}, t.texts())
      ]]
   end)

   it("goes to the handlers again when its own has failed", function()
      durable.with(function(place)
         place:run(HEAD .. [[
            t.up(function(bot)
               bot:hears("oi", function(ctx)
                  ctx:ask "Qual?"
                  error "de propósito"
               end)
               bot:on("message", function(ctx) note(ctx.text) end)
            end)
            says "oi"
            says "a"
            says "b"
            assert.same({"b"}, seen)
         ]])
         local dead = place:dead()
         assert.equal(1, #dead)
         assert.matches("de propósito", dead[1].reason)
      end)
   end)

   it("says where it cannot be used, and what is wrong with its options", function()
      run [[
         local function wrong(fn, ...)
            local ok, err = pcall(fn, ...)
            note(ok or tostring(err):match ":%d+: (.*)$")
         end
         t.up(function(bot)
            bot:hears("oi", function(ctx)
               zapi.spawn(function() wrong(ctx.ask, ctx, "?") end):join()
               for _, options in ipairs {{timeout = 0}, {match = {}}, {retry = true}, {by = "x"},
                  {tries = -1}, {mach = "x"}, {escape = {1}}} do
                  wrong(ctx.ask, ctx, "?", options)
               end
               wrong(ctx.step, ctx, "s", function() return print end)
               wrong(ctx.random, 2, 1)
            end)
            bot:hears("ola", function(ctx) wrong(ctx.ask, ctx, "?") end, {order = "none"})
         end)
         says "oi"
         says "ola"
         wait_seen(11)
         for i, part in ipairs {"ctx:ask works in the handler itself", "bad 'timeout' in ctx:ask",
            "'match' in ctx:ask is empty", "bad 'retry'", "bad 'by' in ctx:ask", "bad 'tries'",
            "did you mean 'match'", "bad '1' in escape", "the step 's' gave cannot be kept",
            "bad range to ctx.random", "ctx:ask works in the handler itself"} do
            assert.is_truthy(seen[i]:find(part, 1, true), part .. " / " .. seen[i])
         end
      ]]
   end)

   it("works in memory, and in tests without a door", function()
      run_in_memory [[
         t.up(asks {match = "^%d+$", timeout = 0.2, retry = "Hein?"})
         assert.is_false(t.bot.service.durable)
         says "oi"
         says "a"
         says "5"
         says "oi"
         wait_seen(2)
         assert.same({"5", "timeout"}, seen)
         assert.same({"Qual?", "Hein?", "Qual?"}, t.texts())
      ]]
      run_in_memory [[
         local bot, client = t.fake.bot()
         asks {timeout = 0.05}(bot)
         for _, answer in ipairs {"a", false} do
            local task = zapi.spawn(t.fake.says, bot, "oi")
            core.sleep(0.001)
            if answer then zapi.spawn(t.fake.says, bot, answer):join() end
            task:join()
         end
         assert.same({"a", "timeout"}, seen)
         assert.same({"Qual?", "Qual?"}, t.fake.texts(client))
      ]]
   end)

   it("finds a person whose number turns out to belong to a lid", function()
      run [[
         t.up(asks())
         t.give("received_text", {phone = "900000000000077@lid", chatLid = "900000000000077@lid",
            senderLid = t.fake.none, text = {message = "oi"}, messageId = "K1"})
         t.settle()
         t.give("received_text", {phone = t.ana, chatLid = "900000000000077@lid",
            text = {message = "sou eu"}, messageId = "K2"})
         t.settle()
         assert.same({"sou eu"}, seen)
         assert.same({"Qual?"}, t.texts())
         assert.same({}, (core.store.scan("\1open:" .. t.bot.service.name, "", nil, 1)))
         assert.same({}, (core.store.scan("\1due:" .. t.bot.service.name, "", nil, 1)))
      ]]
   end)
end)

describe("a question that was unloaded", function()
   -- Waits until no handler sleeps in memory.
   local UNLOAD <const> = HEAD .. [[
      local function unloaded()
         t.wait(function() return not next(t.bot.asks.live) end, "nothing was unloaded")
      end
   ]]

   local function run_unload(text)
      durable.with(function(place) place:run(UNLOAD .. text) end)
   end

   it("goes on with what its handler saw", function()
      run_unload [[
         local kept, runs, steps = zapi.store "teste", 0, 0
         kept:set("k", "velho")
         t.up(function(bot)
            bot:hears("oi", function(ctx)
               runs = runs + 1
               local head = ("%s %.6f %d %s"):format(kept:get "k", ctx.now, ctx.random(1e9 // 1),
                  ctx:step("s", function() steps = steps + 1; return steps end))
               note(head)
               ctx:reply "um momento"
               local first = ctx:ask "1?"
               ctx:step("t", function() steps = steps + 1 end)
               local second = ctx:ask "2?"
               note(head, first.text, second.text, kept:get "k")
            end)
         end, {unload = 0.02})
         says "oi"
         unloaded()
         kept:set("k", "novo")
         says "a"
         t.wait_calls(3)
         unloaded()
         says "b"
         assert.equal(3, runs)
         assert.equal(2, steps)
         assert.equal(seen[1], seen[2])
         assert.equal(seen[1] .. " a b novo", seen[4])
         assert.same({"um momento", "1?", "2?"}, t.texts())
      ]]
   end)

   it("ends by its time, and by another question", function()
      run_unload [[
         t.up(function(bot)
            bot:command("b", function(ctx) note("b", ctx:ask("B?").text) end)
            asks {timeout = 0.4}(bot)
         end, {unload = 0.02})
         says "oi"
         unloaded()
         wait_seen(1)
         says "oi"
         unloaded()
         says "!b"
         wait_seen(2)
         unloaded()
         says "x"
         wait_seen(3)
         assert.same({"timeout", "replaced", "b x"}, seen)
         assert.same({"Qual?", "Qual?", "B?"}, t.texts())
      ]]
   end)

   it("is ended in the open when its handler takes another path", function()
      run_unload [[
         local other = false
         t.up(function(bot)
            bot:hears("oi", function(ctx)
               if other then ctx:reply "outra coisa" end
               note(ctx:ask("Qual?").text)
            end)
            bot:on("message", function(ctx) note("else", ctx.text) end)
            bot:on("conversation.ended", function(ctx) note(ctx.kind, ctx.reason, ctx.chat) end)
         end, {unload = 0.02})
         says "oi"
         unloaded()
         other = true
         says "a"
         wait_seen(2)
         table.sort(seen)
         assert.same({"conversation.ended changed " .. t.ana, "else a"}, seen)
         assert.same({"Qual?"}, t.texts())
         says "b"
         assert.equal("else b", seen[3])
      ]]
   end)

   it("is nobody's when its handler fails before it", function()
      durable.with(function(place)
         place:run(UNLOAD .. [[
            local broken = false
            t.up(function(bot)
               bot:hears("oi", function(ctx)
                  if broken then error "de propósito" end
                  note(ctx:ask("Qual?").text)
               end)
               bot:on("message", function(ctx) note("else", ctx.text) end)
            end, {unload = 0.02})
            says "oi"
            unloaded()
            broken = true
            says "a"
            wait_seen(1)
            t.wait(function()
               return not core.store.scan("\1due:" .. t.bot.service.name, "", nil, 1)[1]
            end)
            assert.same({"else a"}, seen)
         ]])
         local dead = place:dead()
         assert.equal(1, #dead)
         place:ask("inbox.retry", {id = dead[1].id})
         place:run(UNLOAD .. [[
            t.up(asks())
            t.settle()
            says "b"
            wait_seen(1)
            assert.same({"b"}, seen)
            assert.same({}, t.texts())
         ]])
      end)
   end)
end)

describe("ctx.random", function()
   it("is a number below 1, or an integer of a range", function()
      local bot = fake.bot()
      local list = {}
      bot:on("text", function(ctx)
         for _ = 1, 200 do
            list[#list + 1] = {ctx.random(), ctx.random(6), ctx.random(-3, 3)}
         end
      end)
      fake.says(bot, "oi")
      local low, high = {}, {}
      for _, row in ipairs(list) do
         assert.is_true(row[1] >= 0 and row[1] < 1)
         for i = 2, 3 do
            assert.equal("integer", math.type(row[i]))
            low[i] = math.min(low[i] or row[i], row[i])
            high[i] = math.max(high[i] or row[i], row[i])
         end
      end
      assert.same({nil, 1, -3}, low)
      assert.same({nil, 6, 3}, high)
   end)
end)
