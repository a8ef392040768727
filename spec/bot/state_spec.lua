--- bot:state: flows that go on from message to message, also in another process.
local durable = require "spec.support.durable"
local fake = require "spec.support.bot_fake"

local function run(text)
   durable.with(function(place) place:run(text) end)
end

-- What every chunk below begins with: a flow of an order.
local FLOW <const> = [[
   local seen = {}
   local function note(...) seen[#seen + 1] = table.concat({...}, " ") end
   local function flow(bot, _, options)
      options = options or {}
      bot:state("size", {
         enter = function(ctx) ctx:send("Qual tamanho?") end,
         on = function(ctx, data)
            if ctx.folded ~= "p" and ctx.folded ~= "g" then
               data.misses = (data.misses or 0) + 1
               ctx:send("P ou G?")
               if data.misses == 3 then ctx:leave() end
               return
            end
            data.size = ctx.text
            ctx:enter("street", data)
         end,
         leave = function(_, data, to) note("left", data.size or "-", to or "-") end,
         timeout = options.timeout,
      })
      bot:state("street", {
         enter = function(ctx) ctx:send("Qual rua?") end,
         on = function(ctx, data)
            if options.street then return options.street(ctx, data) end
            ctx:send(("%s na %s"):format(data.size, ctx.text))
            ctx:leave()
         end,
      })
      bot:hears("pizza", function(ctx) ctx:enter("size") end)
      bot:command("ajuda", function(ctx) ctx:reply("comando") end)
      bot:on("text", function(ctx) ctx:reply("? " .. ctx.text) end)
   end
]]

describe("bot:state", function()
   it("leads a person from state to state, until the flow leaves", function()
      run(FLOW .. [[
         t.up(flow)
         t.says("pizza")
         t.says("m")
         t.says("G")
         t.says("Flores")
         t.says("oi")
         t.wait_calls(5)
         t.settle()
         assert.same({"Qual tamanho?", "P ou G?", "Qual rua?", "G na Flores", "? oi"}, t.texts())
         assert.same({"left G street"}, seen)
      ]])
   end)

   it("keeps people apart, and lets commands and middleware come first", function()
      run(FLOW .. [[
         t.up(function(bot)
            flow(bot)
            bot:use(function(ctx, next)
               if ctx.text == "segredo" then return ctx:reply("antes") end
               return next()
            end)
         end)
         t.says("pizza")
         t.settle()
         t.says("G", t.bia)
         t.settle()
         t.says("!ajuda")
         t.says("segredo")
         t.says("P")
         t.wait_calls(5)
         t.settle()
         assert.same({"Qual tamanho?", "? G", "comando", "antes", "Qual rua?"}, t.texts())
      ]])
   end)

   it("has a flow for each person of a group", function()
      run(FLOW .. [[
         t.up(flow)
         local function says(text, who)
            t.give("received_group_text", {
               text = {message = text}, participantPhone = who, participantLid = t.fake.none,
               messageId = ("G%s%s"):format(text, who),
            })
            t.settle()
         end
         says("pizza", t.ana)
         says("G", t.bia)
         says("G", t.ana)
         t.wait_calls(3)
         assert.same({"Qual tamanho?", "? G", "Qual rua?"}, t.texts())
      ]])
   end)

   it("stays where it was when the handler fails", function()
      run(FLOW .. [[
         local tries = 0
         t.up(function(bot)
            flow(bot, nil, {street = function(ctx, data)
               tries = tries + 1
               data.street = ctx.text
               ctx:leave()
               if tries == 1 then error("ai") end
               ctx:send("ok " .. data.size)
            end})
            bot:catch(function(ctx) return ctx:drop() end)
         end)
         for _, text in ipairs {"pizza", "G", "Flores", "Rosas", "oi"} do
            t.says(text)
            t.settle()
         end
         t.wait_calls(4)
         assert.same({"Qual tamanho?", "Qual rua?", "ok G", "? oi"}, t.texts())
      ]])
   end)

   it("goes on in another process after a SIGKILL, with its data", function()
      durable.with(function(place)
         place:crash(FLOW .. [[
            t.up(flow)
            t.says("pizza")
            t.wait_calls(1)
            t.settle()
            t.says("G")
            t.wait_calls(2)
            t.stored()
            t.die()
         ]])
         place:run(FLOW .. [[
            t.up(flow)
            t.says("Flores")
            t.says("oi")
            t.wait_calls(2)
            assert.same({"G na Flores", "? oi"}, t.texts())
         ]])
         assert.same({}, place:dead())
      end)
   end)

   it("is committed with the end of its event: killed before, all of it happens again", function()
      durable.with(function(place)
         place:crash(FLOW .. [[
            t.up(function(bot)
               flow(bot, nil, {street = function(ctx)
                  ctx:leave()
                  ctx:send("a caminho")
                  t.wait_states("accepted accepted accepted")
                  t.die()
               end})
            end)
            t.says("pizza")
            t.says("G")
            t.says("Flores")
            t.wait(function() return false end)
         ]])
         place:run(FLOW .. [[
            t.up(function(bot)
               flow(bot, nil, {street = function(ctx, data)
                  note("again", data.size, ctx.text)
                  ctx:leave()
                  ctx:send("a caminho")
               end})
            end)
            t.wait(function() return seen[1] end)
            t.settle()
            assert.same({"again G Flores"}, seen)
            assert.same({}, t.texts()) -- it had left already
            t.says("oi")
            t.wait_calls(1)
            assert.same({"? oi"}, t.texts())
         ]])
      end)
   end)

   it("asks within a state, and goes on in another process with what it had changed", function()
      local bot = FLOW .. [[
         t.up(function(bot)
            flow(bot, nil, {street = function(ctx, data)
               data.street = ctx.text
               local answer = ctx:ask("Número?")
               data.number = answer.text
               note(data.size, data.street, data.number)
               ctx:send("anotado")
               ctx:enter("done", data)
            end})
            bot:state("done", {on = function(ctx, data)
               ctx:send(("%s, %s, %s"):format(data.size, data.street, data.number))
               ctx:leave()
            end})
         end)
      ]]
      durable.with(function(place)
         place:crash(bot .. [[
            t.says("pizza")
            t.says("G")
            t.says("Flores")
            t.wait_calls(3)
            t.stored()
            t.die()
         ]])
         place:crash(bot .. [[
            t.says("42")
            t.wait_calls(1)
            t.settle()
            assert.same({"G Flores 42"}, seen)
            t.stored()
            t.die()
         ]])
         place:run(bot .. [[
            t.says("e então?")
            t.wait_calls(1)
            assert.same({"G, Flores, 42"}, t.texts())
         ]])
         assert.same({}, place:dead())
      end)
   end)

   it("works with data in memory too, until the process ends", function()
      durable.with(function(place)
         place.data = "memory"
         place:run(FLOW .. [[
            t.up(function(bot)
               bot:state("wait", {on = print, timeout = {0.05, function(ctx) ctx:send "Tempo" end}})
               bot:hears("espera", function(ctx) ctx:enter("wait") end)
               flow(bot)
            end)
            t.says("pizza")
            t.says("G")
            t.says("Flores")
            t.says("espera")
            t.wait_calls(4)
            assert.same({"Qual tamanho?", "Qual rua?", "G na Flores", "Tempo"}, t.texts())
         ]])
      end)
   end)

   it("warns of a state that the script has not any more, and leaves it", function()
      durable.with(function(place)
         place:run(FLOW .. [[
            t.up(flow)
            t.says("pizza")
            t.wait_calls(1)
            t.settle()
         ]])
         local output = place:run [[
            t.up(function(bot)
               bot:state("other", {on = print})
               bot:on("text", function(ctx) ctx:reply("livre") end)
            end)
            t.says("G")
            t.says("G")
            t.wait_calls(2)
            assert.same({"livre", "livre"}, t.texts())
         ]]
         assert.matches("somebody is in the state 'size', which this script does not have", output)
      end)
   end)
end)

describe("the time-out of a state", function()
   it("calls on_timeout, leaves, and the next message is an ordinary one", function()
      run [[
         local left
         t.up(function(bot)
            bot:state("wait", {
               on = function(ctx) ctx:send("no estado") end,
               timeout = {0.05, function(ctx, data) ctx:send("Tempo: " .. data.what) end},
               leave = function() left = true end,
            })
            bot:hears("começa", function(ctx) ctx:enter("wait", {what = "pizza"}) end)
            bot:on("text", function(ctx) ctx:reply("livre") end)
         end)
         t.says("começa")
         t.wait_calls(1)
         t.settle()
         assert.is_true(left)
         t.says("oi")
         t.wait_calls(2)
         assert.same({"Tempo: pizza", "livre"}, t.texts())
         assert.equal("/send-text", t.calls[1].path)
         assert.equal(t.ana, t.calls[1].body.phone)
      ]]
   end)

   it("begins anew with each message, and goes with the state", function()
      run [[
         local timers = function()
            return #core.timers.list(t.bot.service, 1e300, 10)
         end
         t.up(function(bot)
            bot:state("wait", {
               on = function(ctx) if ctx.text == "fim" then ctx:leave() end end, timeout = 3600,
            })
            bot:hears("começa", function(ctx) ctx:enter("wait") end)
         end)
         t.says("começa")
         t.wait(function() return timers() == 1 end)
         local first = core.timers.list(t.bot.service, 1e300, 10)[1].due
         t.says("oi")
         t.wait(function()
            local row = core.timers.list(t.bot.service, 1e300, 10)[1]
            return row.due > first
         end)
         assert.equal(1, timers())
         t.says("fim")
         t.wait(function() return timers() == 0 end)
      ]]
   end)

   it("may enter another state", function()
      run [[
         t.up(function(bot)
            bot:state("wait", {on = print, timeout = 0.05,
               on_timeout = function(ctx) ctx:enter("last") end})
            bot:state("last", {
               enter = function(ctx) ctx:send("Ainda aí?") end,
               on = function(ctx) ctx:send("sim") ctx:leave() end,
            })
            bot:hears("começa", function(ctx) ctx:enter("wait") end)
         end)
         t.says("começa")
         t.wait_calls(1)
         t.settle()
         t.says("oi")
         t.wait_calls(2)
         assert.same({"Ainda aí?", "sim"}, t.texts())
      ]]
   end)

   it("fires after a restart when it was due meanwhile", function()
      local bot = [[
         t.up(function(bot)
            bot:state("wait", {on = print, timeout = {0.3, function(ctx) ctx:send("Tempo") end}})
            bot:hears("começa", function(ctx) ctx:enter("wait") end)
            bot:on("text", function(ctx) ctx:reply("livre") end)
         end)
      ]]
      durable.with(function(place)
         place:crash(bot .. [[
            t.says("começa")
            t.wait(function() return #core.timers.list(t.bot.service, 1e300, 10) == 1 end)
            t.stored()
            t.die()
         ]])
         place:run(bot .. [[
            t.wait_calls(1)
            assert.same({"Tempo"}, t.texts())
            t.says("oi")
            t.wait_calls(2)
            assert.equal("livre", t.texts()[2])
         ]])
      end)
   end)
end)

describe("misuse of states", function()
   local function bot()
      local b = fake.bot()
      b:state("a", {on = function() end})
      return b
   end

   it("is told at the script's line", function()
      local why = function(...) return fake.thrown(bot().state, bot(), ...) end
      assert.matches("%.lua:%d+: .*handler of bot:state", why("b", {}))
      assert.matches("'enters' is not an option of bot:state; did you mean 'enter'",
         why("b", {on = print, enters = print}))
      assert.matches("bad 'timeout'", why("b", {on = print, timeout = 0}))
      assert.matches("on_timeout but no timeout", why("b", {on = print, on_timeout = print}))
      local b = bot()
      assert.matches("there is a state 'a' already", fake.thrown(b.state, b, "a", {on = print}))
   end)

   it("names the state that was probably meant", function()
      local b = fake.bot()
      b:state("endereço", {on = print})
      b:on("text", function(ctx) ctx:enter("enderço") end)
      assert.matches("no state 'enderço'; did you mean 'endereço'",
         fake.thrown(fake.says, b, "oi"))
   end)

   it("of a bot without states, of data that cannot be kept, of moves while leaving", function()
      local b = fake.bot()
      b:on("text", function(ctx) ctx:enter("x") end)
      assert.matches("this bot has no states", fake.thrown(fake.says, b, "oi"))
      b = bot()
      b:on("text", function(ctx) ctx:enter("a", {f = print}) end)
      assert.matches("the data of the state 'a' cannot be kept: .*f",
         fake.thrown(fake.says, b, "oi"))
      b = fake.bot()
      b:state("a", {on = print, leave = function(ctx) ctx:leave() end})
      b:on("text", function(ctx) ctx:enter("a") ctx:leave() end)
      assert.matches("a state that is being left can neither enter nor leave",
         fake.thrown(fake.says, b, "oi"))
   end)
end)
