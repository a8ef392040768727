--- The journal of a durable bot: answers are recorded before they leave, and a
--- handler that runs again gets what was recorded.
local durable = require "spec.support.durable"

describe("an answer", function()
   it("is a row, and a message with its id", function()
      durable.with(function(place)
         place:run [[
            local got
            t.up(function(bot)
               bot:hears("oi", function(ctx) got = ctx:reply("Olá") end)
            end)
            t.says("oi")
            t.settle()
            assert.same({"Olá"}, t.texts())
            assert.equal("M1", got.id)
            assert.equal("accepted", got.state)
            t.wait_states("accepted")
            local row = t.rows()[1]
            assert.equal("M1", row.message_id)
            assert.equal("h1.t0.send_text.5511999990001.1", row.step)
            assert.equal(t.ana, row.recipient)
            assert.is_true(row.reply)
            assert.same({phone = t.ana, message = "Olá"}, core.json_decode(row.args))
         ]]
      end)
   end)

   it("is not sent again by a handler that runs again after a crash", function()
      durable.with(function(place)
         local bot = [[
            local replies = {}
            t.up(function(bot)
               bot:hears("oi", function(ctx)
                  assert.equal(ctx._ev.again, AGAIN)
                  replies[1] = ctx:reply("um")
                  replies[2] = ctx:send("um")
                  replies[3] = ctx:reply {text = "dois", typing = 1}
                  if not AGAIN then
                     t.wait_states("accepted accepted accepted") -- on disk
                     t.die()
                  end
                  replies[4] = ctx:reply("três")
               end)
            end)
         ]]
         place:crash("local AGAIN = false\n" .. bot .. [[
            t.says("oi")
            t.wait_calls(4)
         ]])
         place:run("local AGAIN = true\n" .. bot .. [[
            t.wait(function() return replies[4] end)
            t.settle()
            assert.same({"três"}, t.texts())
            assert.same({"M1", "M2", "M3", "M4"},
               {replies[1].id, replies[2].id, replies[3].id, replies[4].id})
            t.wait_states("accepted accepted accepted accepted")
         ]])
      end)
   end)

   it("that was on its way in a crash is unknown, and never sent again", function()
      durable.with(function(place)
         place:crash [[
            t.answer = function() t.die() end
            t.up(function(bot) bot:hears("oi", function(ctx) ctx:reply("um") end) end)
            t.says("oi")
            t.wait_calls(9)
         ]]
         local output = place:run [[
            local got
            t.up(function(bot)
               bot:hears("oi", function(ctx) ctx:reply("um") end)
               bot:catch(function(_, err) got = err end)
               bot:on("message.unknown", function(ctx)
                  t.told = {ctx.sent.state, ctx.sent.recipient, ctx.error.kind}
               end)
            end)
            t.wait(function() return got and t.told end)
            t.settle()
            assert.is_true(core.is_error(got, "send.unknown"))
            assert.equal("unknown", got.outcome)
            assert.is_false(got.retryable)
            assert.same({}, t.calls)
            assert.same({"unknown", t.ana, "send.unknown"}, t.told)
         ]]
         assert.matches("may or may not have been sent", output)
         local dead = place:dead()
         assert.equal(1, #dead)
         assert.matches("send.unknown", dead[1].reason)
      end)
   end)

   it("without a usable answer is unknown too, and dead at once", function()
      durable.with(function(place)
         place:run [[
            t.answer = function() return 500, '{"error":"oops"}' end
            t.up(function(bot) bot:hears("oi", function(ctx) ctx:reply("um") end) end)
            t.says("oi")
            t.settle()
            assert.equal(1, #t.calls)
            t.wait_states("unknown")
         ]]
         assert.matches("send.unknown", place:dead()[1].reason)
      end)
   end)

   it("that was refused is thrown, recorded, and thrown as it was then", function()
      durable.with(function(place)
         place:crash [[
            t.answer = function() return 400, '{"error":"Invalid phone"}' end
            t.up(function(bot)
               bot:hears("oi", function(ctx)
                  local ok, err = pcall(ctx.reply, ctx, "um")
                  assert.is_false(ok)
                  assert.is_true(core.is_error(err, "client.invalid_phone"), tostring(err))
                  t.wait_states("failed")
                  t.die()
               end)
            end)
            t.says("oi")
            t.wait(function() return false end)
         ]]
         place:run [[
            local got
            t.up(function(bot)
               bot:hears("oi", function(ctx) ctx:reply("um") end)
               bot:catch(function(_, err) got = err end)
            end)
            t.wait(function() return got end)
            assert.equal("client.invalid_phone", got.kind)
            assert.matches("Invalid phone", got.message)
            assert.same({}, t.calls)
         ]]
      end)
   end)

   it("that was not taken for a reason that may pass is sent by the next try", function()
      durable.with(function(place)
         place:run [[
            local outcome = require "zapi.bot.outcome"
            outcome.pauses = {0.01, 0.01}
            local attempts, last = {}, nil
            t.answer = function(n)
               if n == 2 then return 429, '{"error":"slow down"}' end
            end
            t.up(function(bot)
               bot:hears("oi", function(ctx)
                  attempts[#attempts + 1] = ctx.attempt
                  ctx:reply("um")
                  last = ctx:reply("dois")
               end)
            end)
            t.says("oi")
            t.wait(function() return last end)
            t.settle()
            assert.same({1, 2}, attempts)
            assert.same({"um", "dois", "dois"}, t.texts())
            t.wait_states("accepted accepted")
            assert.equal(2, t.rows()[2].tries)
         ]]
         assert.same({}, place:dead())
      end)
   end)

   it("throws misuse at the script's line, before anything is written", function()
      durable.with(function(place)
         place:run [[
            local errors = {}
            t.up(function(bot)
               bot:hears("oi", function(ctx) ctx:reply {text = "x", typing = 99} end)
               bot:hears("arquivo", function(ctx) ctx:reply {document = 1} end)
               bot:catch(function(_, err) errors[#errors + 1] = err end)
            end)
            t.says("oi")
            t.says("arquivo")
            t.settle()
            assert.matches("1.lua:%d+: .*delayTyping", errors[1])
            assert.matches("1.lua:%d+: .*document", errors[2])
            t.wait_states("")
            assert.same({}, t.calls)
         ]]
      end)
   end)

   it("keeps a file by its name", function()
      durable.with(function(place)
         place:run [[
            local path = t.folder .. "/boleto.pdf"
            local file = io.open(path, "wb")
            file:write("%PDF-1.7 boleto")
            file:close()
            t.up(function(bot)
               bot:hears("oi", function(ctx)
                  ctx:reply {document = zapi.media.file(path), caption = "2ª via"}
               end)
            end)
            t.says("oi")
            t.settle()
            assert.matches("^/send%-document/pdf$", t.calls[1].path)
            assert.matches("^data:application/pdf;base64,JVBERi", t.calls[1].body.document)
            local args = core.json_decode(t.rows()[1].args)
            assert.same({["$file"] = path, mime = "application/pdf"}, args.document)
            assert.equal("2ª via", args.caption)
         ]]
      end)
   end)

   it("is one of its task: what runs side by side keeps its own count", function()
      durable.with(function(place)
         local bot = [[
            local ids = {}
            t.up(function(bot)
               bot:hears("oi", function(ctx)
                  local all = zapi.all {
                     function() return ctx:reply("lado") end,
                     function() return ctx:reply("lado") end,
                  }
                  ids = {all[1].id, all[2].id, ctx:reply("lado").id}
                  if DIE then
                     t.wait_states("accepted accepted accepted")
                     t.die()
                  end
               end)
            end)
         ]]
         place:crash("local DIE = true\n" .. bot .. 't.says("oi")\nt.wait_calls(4)')
         place:run(bot .. [[
            t.wait(function() return ids[3] end)
            table.sort(ids)
            assert.same({"M1", "M2", "M3"}, ids)
            assert.same({}, t.calls)
            local steps = {}
            for i, row in ipairs(t.rows()) do steps[i] = row.step end
            table.sort(steps)
            assert.same({"h1.t0.send_text.5511999990001.1", "h1.t1.send_text.5511999990001.1",
               "h1.t2.send_text.5511999990001.1"}, steps)
         ]])
      end)
   end)

   it("is unknown when its handler was ended while the call was under way", function()
      durable.with(function(place)
         place:run [[
            t.answer = function() core.sleep(5) end
            t.up(function(bot)
               bot:hears("oi", function(ctx) ctx:reply("um") end, {timeout = 0.05})
            end)
            t.says("oi")
            t.wait_states("unknown")
            t.settle()
            assert.matches("cancelled while the call was under way", t.rows()[1].error)
         ]]
         assert.matches("waited longer than 0.05 s", place:dead()[1].reason)
      end)
   end)
end)

describe("the pace", function()
   it("holds an answer back, not its handler's time, nor other chats", function()
      durable.with(function(place)
         local output = place:run [[
            t.up(function(bot)
               bot:on("text", function(ctx)
                  ctx:reply(ctx.text)
               end, {timeout = 0.1})
            end, {limits = {replies_per_chat = 2}})
            t.says("1")
            t.says("2")
            t.says("3")
            t.wait_states("accepted accepted queued")
            core.sleep(0.2) -- longer than the handler may wait
            t.says("b", t.bia)
            t.wait_calls(3)
            assert.same({"1", "2", "b"}, t.texts())
            t.wait(function() return t.bot.service:stats().running == 1 end)
            local row = t.rows()[3]
            assert.is_true(row.at > core.now() and row.at < core.now() + 61)
            assert.is_true(row.expires > row.at)
            t.bot:stop(0)
         ]]
         assert.matches("WARN.*replies_per_chat = N", output)
         assert.same({}, place:dead())
         assert.equal(1, #place:ask("inbox.list", {}).events)
      end)
   end)

   it("has no limit when limits say false", function()
      durable.with(function(place)
         place:run [[
            t.up(function(bot)
               bot:on("text", function(ctx) for i = 1, 30 do ctx:reply(tostring(i)) end end)
            end, {limits = {replies_per_chat = false, cold_per_hour = false}})
            t.says("oi")
            t.wait_calls(30)
         ]]
      end)
   end)

   it("checks its numbers", function()
      local new = require("zapi.bot").new
      local fake = require "spec.support.bot_fake"
      assert.matches("journal_spec.lua:%d+: bad 'replies_per_chat'",
         fake.thrown(function() new {limits = {replies_per_chat = 0}} end))
      assert.matches("did you mean 'cold_per_hour'",
         fake.thrown(function() new {limits = {cold_per_hours = 1}} end))
      assert.matches("bad 'cold_per_hour'",
         fake.thrown(function() new {limits = {cold_per_hour = true}} end))
   end)
end)

describe("a disconnected instance", function()
   it("lets answers wait until it says that it is connected", function()
      durable.with(function(place)
         local output = place:run [[
            local got
            t.connected = false
            t.answer = function(n)
               if n == 1 then return 400, '{"error":"You are not connected"}' end
            end
            t.up(function(bot)
               bot:hears("oi", function(ctx) got = ctx:reply("um") end, {timeout = 0.2})
            end)
            t.says("oi")
            t.wait_states("queued")
            t.says("oi", t.bia)
            t.wait_states("queued queued")
            core.sleep(0.3)
            assert.equal(1, #t.calls)
            t.give("connected")
            t.wait_calls(3)
            t.settle()
            t.wait_states("accepted accepted")
            assert.equal("accepted", got.state)
            assert.is_not_nil(got.id)
         ]]
         assert.matches("is disconnected from WhatsApp: messages wait", output)
         assert.same({}, place:dead())
      end)
   end)

   it("is asked, as the event may not come", function()
      durable.with(function(place)
         place:run [[
            require("zapi.bot.link").first = 0.01
            t.up(function(bot) bot:hears("oi", function(ctx) ctx:reply("um") end) end)
            t.connected = false
            t.give("disconnected")
            t.settle()
            t.says("oi")
            t.wait_states("queued")
            assert.same({}, t.calls)
            t.connected = true
            t.wait_calls(1)
            t.settle()
            t.wait_states("accepted")
         ]]
      end)
   end)

   it("does not hold an answer for ever", function()
      durable.with(function(place)
         place:run [[
            require("zapi.bot.sends").patience = 0.05
            t.up(function(bot) bot:hears("oi", function(ctx) ctx:reply("um") end) end)
            t.connected = false
            t.give("disconnected")
            t.settle()
            t.says("oi")
            t.settle()
            t.wait_states("cancelled")
            assert.same({}, t.calls)
         ]]
         assert.matches("send.expired", place:dead()[1].reason)
      end)
   end)

   it("sends after a restart what waited, once, to the handler that asked for it", function()
      durable.with(function(place)
         place:crash [[
            t.up(function(bot) bot:hears("oi", function(ctx) ctx:reply("um") end) end)
            t.connected = false
            t.give("disconnected")
            t.settle()
            t.says("oi")
            t.wait_states("queued")
            t.die()
         ]]
         place:run [[
            local got
            t.up(function(bot) bot:hears("oi", function(ctx) got = ctx:reply("um") end) end)
            t.wait(function() return got end)
            t.settle()
            assert.same({"um"}, t.texts())
            t.wait_states("accepted")
            assert.equal("M1", got.id)
         ]]
      end)
   end)
end)

describe("m:wait", function()
   it("gives the state that the message has come to, without asking again and again", function()
      durable.with(function(place)
         place:run [[
            local result
            t.up(function(bot)
               bot:hears("oi", function(ctx)
                  local m = ctx:reply("um")
                  result = {m:wait("read", 5)}
                  result[2] = m.state
                  result[3] = m:wait("received", 0)
               end)
            end)
            t.says("oi")
            t.wait_states("accepted")
            t.give("status_read", {ids = {"M1"}})
            t.wait(function() return result and result[3] end)
            assert.same({"read", "read", "read"}, result)
            t.settle()
            assert.is_nil(next(t.bot.sends.waits))
         ]]
      end)
   end)

   it("ends with \"timeout\", or with what became of the message", function()
      durable.with(function(place)
         place:run [[
            local timeout, failed
            t.up(function(bot)
               bot:hears("oi", function(ctx)
                  local m = ctx:reply("um")
                  timeout = {m:wait("sent", 0.01)}
                  failed = {m:wait("read", 5)}
               end)
               bot:on("message.failed", function(ctx)
                  t.told = {ctx.sent.endpoint, ctx.sent.recipient, ctx.sent.state, ctx.error.kind}
               end)
            end)
            t.says("oi")
            t.wait(function() return timeout end)
            assert.is_nil(timeout[1])
            assert.equal("timeout", timeout[2])
            t.give("delivery_error", {messageId = "M1", phone = t.ana})
            t.wait(function() return failed and t.told end)
            assert.is_nil(failed[1])
            assert.is_true(core.is_error(failed[2]), tostring(failed[2]))
            assert.same({"send_text", t.ana, "failed", failed[2].kind}, t.told)
         ]]
      end)
   end)

   it("says what it takes, and that it needs a disk", function()
      local fake = require "spec.support.bot_fake"
      local bot = fake.bot()
      local m
      bot:on("text", function(ctx) m = ctx:reply("oi") end)
      fake.says(bot, "x")
      assert.matches("journal_spec.lua:%d+: m:wait needs a bot that keeps its data on disk",
         fake.thrown(function() m:wait("read", 1) end))
      assert.matches("bad state to m:wait", fake.thrown(function() m:wait("lida", 1) end))
      assert.matches("bad 'seconds'", fake.thrown(function() m:wait("read") end))
   end)
end)
