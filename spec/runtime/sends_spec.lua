-- core.sends: the table of sends as the bot layer sees it. Each case is a
-- process of its own with a folder of its own, as a bot is; what it returns is
-- looked at here. A leak at its end is a failure too.
local core = require "zapi.core"
local shell = require "spec.support.shell"

local LUA <const> = os.getenv "ZAPI_LUA" or "lua5.4"

local PRELUDE <const> = [[
local core = require "zapi.core"
local sends = core.sends
local count = 0
local function service(options)
   options = options or {}
   options.name, options.secret = options.name or "shop", "0123456789abcdef"
   options.on_event = options.on_event or function() end
   return core.service(options)
end
local function row(over)
   local one = {
      state = "sending", instance = "3A", recipient = "5511999990001", endpoint = "send_text",
      args = '{"phone":"5511999990001","message":"oi"}',
   }
   for k, v in pairs(over or {}) do one[k] = v end
   return one
end
local function queue(svc, to, key, over)
   local one = row {state = "queued", recipient = to, key = key}
   for k, v in pairs(over or {}) do one[k] = v end
   local stored, is_new = sends.begin(svc, one)
   assert(is_new == true, tostring(is_new))
   return stored
end
local function keys(rows)
   local out = {}
   for i, one in ipairs(rows) do out[i] = one.key end
   return table.concat(out, " ")
end
local function state(svc, id) return sends.list(svc, {id = id})[1].state end
local function until_(what, fn)
   local limit = core.hrtime() + 20
   while not fn() do
      assert(core.hrtime() < limit, what)
      core.sleep(0.005)
   end
end
local function event(over)
   count = count + 1
   local payload = {
      type = "ReceivedCallback", instanceId = "3A", phone = "5511999990001", momment = 1,
      messageId = "IN" .. count, text = {message = "oi"},
   }
   for k, v in pairs(over or {}) do payload[k] = v end
   return core.json_encode(payload)
end
local function main()
]]

local EPILOGUE <const> = [[

end
local ok, result = xpcall(main, debug.traceback)
if not ok then
   io.stderr:write(tostring(result), "\n")
   os.exit(3, true)
end
io.stdout:write("\nRESULT ", core.json_encode(result == nil and core.null or result), "\n")
os.exit(0, true)
]]

describe("core.sends", function()
   local folder, remove

   before_each(function() folder, remove = shell.folder() end)
   after_each(function() remove() end)

   -- Runs the body of a function, after other words of a shell. What it returns.
   local function process(body, before, data)
      local file = folder .. "/case.lua"
      shell.write(file, PRELUDE .. body .. EPILOGUE)
      local code, output = shell.run(("%s ZAPIBOT_DATA=%s timeout 60 %s %s"):format(
         before or "", shell.quote(data or folder .. "/data"), shell.quote(LUA),
         shell.quote(file)))
      assert(code == 0, ("ended with %s:\n%s"):format(code, output))
      return core.json_decode(assert(output:match("\nRESULT ([^\n]*)\n"), output))
   end

   it("stores a send before it leaves, and what became of it", function()
      local got = process [[
         local svc = service()
         local begun, is_new = sends.begin(svc, row {
            event = 7, step = "h1.t0.send_text.5511.1", reply = true, expires = 4e9,
         })
         local first = sends.list(svc, {id = begun.id})[1]
         sends.finish(svc, {
            id = first.id, state = "accepted", message_id = "M1", result = '{"messageId":"M1"}',
         })
         local again, is_new2 = sends.begin(svc, row {event = 7, step = first.step}, true)
         local knows, knows2 = sends.knows(svc, "M1"), sends.knows(svc, "M2")
         local found = sends.list(svc, {message_id = "M1"})
         local none = sends.list(svc, {message_id = "M2"})
         svc:close()
         return {
            first = first, is_new = is_new, again = again, is_new2 = is_new2, knows = knows,
            knows2 = knows2, found = #found, found_id = found[1].id, none = #none,
         }
      ]]
      local first, again = got.first, got.again
      assert.is_true(got.is_new)
      assert.equal("sending", first.state)
      assert.equal("shop", first.automation)
      assert.equal("5511999990001", first.recipient)
      assert.equal("5511999990001", first.person)
      assert.equal(7, first.event)
      assert.equal(1, first.tries)
      assert.is_true(first.reply)
      assert.is_nil(first.key)
      assert.is_nil(first.message_id)
      assert.equal(4e9, first.expires)
      assert.is_false(got.is_new2)
      assert.equal(first.id, again.id)
      assert.equal("accepted", again.state)
      assert.equal("M1", again.message_id)
      assert.equal('{"messageId":"M1"}', again.result)
      assert.is_true(got.knows)
      assert.is_false(got.knows2)
      assert.equal(1, got.found)
      assert.equal(first.id, got.found_id)
      assert.equal(0, got.none)
   end)

   it("knows one person under both spellings of a number", function()
      local got = process [[
         local svc = service()
         queue(svc, "551199990001", "old")
         queue(svc, "5511999990001", "new")
         local rows = sends.claim(svc, 10)
         svc:close()
         return {keys = keys(rows), person = rows[1].person}
      ]]
      assert.equal("old", got.keys)
      assert.equal("5511999990001", got.person)
   end)

   it("says unknown of what was being sent when the process was killed", function()
      shell.write(folder .. "/kill.lua", PRELUDE .. [[
         local svc = service()
         assert(sends.begin(svc, row {event = 1, step = "s"}))
         os.execute("kill -9 $PPID")
         core.sleep(60)
      end
      main()]])
      local code = shell.run(("ZAPIBOT_DATA=%s %s %s"):format(
         shell.quote(folder .. "/data"), shell.quote(LUA), shell.quote(folder .. "/kill.lua")))
      assert.is_true(code == 9 or code == 137, code)
      local got = process [[
         local svc = service()
         local found, is_new = sends.begin(svc, row {event = 1, step = "s"}, true)
         svc:close()
         return {row = found, is_new = is_new}
      ]]
      assert.is_false(got.is_new)
      assert.equal("unknown", got.row.state)
      assert.equal("send.unknown", got.row.error_kind)
   end)

   it("lets a step begin again that failed for certain", function()
      local got = process [[
         local svc = service()
         local one = row {event = 1, step = "s"}
         local first = sends.begin(svc, one)
         sends.finish(svc, {id = first.id, state = "failed", error_kind = "net.refused"})
         local second, is_new = sends.begin(svc, one)
         sends.finish(svc, {id = first.id, state = "failed", error_kind = "client.refused"})
         local third, is_new2 = sends.begin(svc, one)
         svc:close()
         return {second = second, is_new = is_new, third = third, is_new2 = is_new2}
      ]]
      assert.is_true(got.is_new)
      assert.equal("sending", got.second.state)
      assert.equal(2, got.second.tries)
      assert.is_false(got.is_new2)
      assert.equal("failed", got.third.state)
      assert.equal("client.refused", got.third.error_kind)
   end)

   it("claims what is due: one a person, in order, not from paused lanes", function()
      local got = process [[
         local svc, other = service(), service {name = "other"}
         local T = 2e9
         local function at(t) return {created = T, at = T + t} end
         queue(svc, "1", "b", at(2))
         queue(svc, "1", "a", at(1))
         queue(svc, "2", "c", at(2))
         queue(svc, "3", "later", at(100))
         queue(other, "4", "theirs", at(1))
         queue(svc, "5", "paused", {created = T, lane = "news"})
         local over = queue(svc, "6", "over", {created = T, expires = T + 5})
         sends.pause(svc, "news", true)
         local out = {}
         local function claim(limit, t)
            local rows, due = sends.claim(svc, limit, T + t)
            out[#out + 1] = keys(rows) .. " / " .. math.tointeger(due - T)
            return rows
         end
         local rows = claim(1, 10)
         claim(10, 10)
         sends.finish(svc, {id = rows[1].id, state = "queued", at = T + 20, tries = 1})
         claim(10, 11)
         out[#out + 1] = state(svc, over.id)
         rows = claim(10, 20)
         sends.finish(svc, {id = rows[1].id, state = "accepted", message_id = "M"})
         sends.pause(svc, "news", false)
         claim(10, 21)
         local counts, theirs = sends.count(svc), sends.count(other)
         svc:close()
         other:close()
         return {out = out, counts = counts, theirs = theirs}
      ]]
      assert.same({
         "a / 10", "c / 100", " / 20", "expired", "a / 100", "paused b / 100",
      }, got.out)
      assert.same({
         queued = 1, sending = 3, accepted = 1, sent = 0, received = 0, read = 0, played = 0,
         failed = 0, unknown = 0, expired = 1, cancelled = 0,
      }, got.counts)
      assert.equal(1, got.theirs.queued)
   end)

   it("says whether anything is due: not what waits for its time, nor another's", function()
      local got = process [[
         local svc, other = service(), service {name = "other"}
         local out = {sends.is_due(svc)}
         queue(svc, "5511999990001", "later", {at = core.now() + 3600})
         queue(other, "5511999990001", "theirs")
         out[2] = sends.is_due(svc)
         queue(svc, "5511999990001", "first")
         queue(svc, "5511999990001", "second")
         out[3] = sends.is_due(svc)
         sends.claim(svc, 8)
         out[4] = sends.is_due(svc) -- held back by the first
         sends.cancel(svc, {key = "second"})
         out[5] = sends.is_due(svc)
         svc:close()
         other:close()
         return out
      ]]
      assert.same({false, false, true, true, false}, got)
   end)

   it("cancels, lists and counts by key, beginning of keys, person, lane and state", function()
      local got = process [[
         local svc, other = service(), service {name = "other"}
         queue(svc, "1", "order-1")
         queue(svc, "2", "order-2", {lane = "news"})
         queue(svc, "3", "hello")
         queue(other, "1", "order-1")
         local out = {
            all = keys(sends.list(svc)), news = keys(sends.list(svc, {lane = "news"})),
            two = keys(sends.list(svc, {limit = 2})), to = keys(sends.list(svc, {recipient = "3"})),
            prefix = keys(sends.list(svc, {prefix = "order-", state = "open"})),
         }
         out.none = sends.cancel(svc, {key = "order"})
         out.orders = sends.cancel(svc, {prefix = "order-"})
         out.left = keys(sends.list(svc, {state = "queued"}))
         out.counts = sends.count(svc, {prefix = "order-"})
         out.rest = sends.cancel(svc, {})
         out.theirs = sends.count(other).queued
         svc:close()
         other:close()
         return out
      ]]
      assert.equal("hello order-2 order-1", got.all)
      assert.equal("order-2", got.news)
      assert.equal("hello order-2", got.two)
      assert.equal("hello", got.to)
      assert.equal("order-2 order-1", got.prefix)
      assert.equal(0, got.none)
      assert.equal(2, got.orders)
      assert.equal("hello", got.left)
      assert.equal(2, got.counts.cancelled)
      assert.equal(0, got.counts.queued)
      assert.equal(1, got.rest)
      assert.equal(1, got.theirs)
   end)

   it("stores what a handler has staged with its good end, and only then", function()
      local got = process [[
         local told, svc = {}, nil
         local during, ends = nil, 0
         svc = service {
            on_event = function(ev)
               local bad = ev.payload.text.message == "bad"
               sends.stage(svc, ev.seq, row {state = "queued", key = bad and "bad" or "good"})
               during = sends.count(svc).queued
               ends = ends + 1
               if bad then error("boom", 0) end
            end,
            on_send = function(one) told[#told + 1] = one.key .. " " .. one.state end,
         }
         assert(svc:inject(event {text = {message = "bad"}}))
         until_("the bad one", function() return ends == 1 end)
         assert(svc:inject(event()))
         until_("told", function() return #told > 0 end)
         local rows = sends.list(svc)
         local ok, err = pcall(sends.stage, svc, 99, row {state = "queued"})
         svc:close()
         return {
            told = told, keys = keys(rows), during = during, event = rows[1].event, ok = ok,
            err = err,
         }
      ]]
      assert.same({"good queued"}, got.told)
      assert.equal("good", got.keys)
      assert.equal(0, got.during)
      assert.equal(2, got.event)
      assert.is_false(got.ok)
      assert.matches("no handler of event 99 runs", got.err)
   end)

   it("tells what callbacks say, whichever comes first", function()
      local got = process [[
         local told = {}
         local svc = service {
            on_send = function(one) told[#told + 1] = one.key .. " " .. one.state end,
         }
         local one = sends.begin(svc, row {key = "k"})
         local early = sends.begin(svc, row {key = "early", recipient = "2"})
         local function status(name, ...)
            assert(svc:inject(core.json_encode {
               type = "MessageStatusCallback", instanceId = "3A", status = name, ids = {...},
               phone = "5511999990001", momment = 5,
            }))
         end
         status("RECEIVED", "M2")
         sends.finish(svc, {id = one.id, state = "accepted", message_id = "M1"})
         sends.finish(svc, {id = early.id, state = "accepted", message_id = "M2"})
         status("READ", "M1", "M9")
         status("SENT", "M1")
         until_("told", function() return #told >= 2 end)
         local a, b = state(svc, one.id), state(svc, early.id)
         svc:close()
         return {told = told, a = a, b = b}
      ]]
      assert.same({"early received", "k read"}, got.told)
      assert.equal("read", got.a)
      assert.equal("received", got.b)
   end)

   it("undoes what was begun or claimed for a task that is cancelled", function()
      local got = process [[
         local svc = service()
         local took, left = 0, 0
         for i = 1, 40 do
            local task = core.spawn_quiet(function()
               sends.begin(svc, row {event = i, step = "s"})
               took = took + 1
               core.sleep(60) -- it sends
            end)
            core.sleep(i % 8 / 4000)
            task:cancel()
         end
         local claimed = 0
         for i = 1, 40 do
            queue(svc, tostring(10000 + i), "q" .. i)
            local task = core.spawn_quiet(function()
               for _, one in ipairs(sends.claim(svc, 5)) do
                  claimed = claimed + 1
                  sends.finish(svc, {id = one.id, state = "accepted"})
               end
            end)
            core.sleep(i % 8 / 4000)
            task:cancel()
         end
         until_("undone", function()
            collectgarbage() -- a result that no task took is undone here
            left = sends.count(svc).sending
            return left == took
         end)
         local counts = sends.count(svc)
         svc:close()
         return {
            took = took, left = left, claimed = claimed, accepted = counts.accepted,
            unknown = counts.unknown,
         }
      ]]
      assert.is_true(got.took < 40)
      assert.equal(got.took, got.left)
      assert.equal(got.claimed, got.accepted)
      assert.equal(0, got.unknown)
   end)

   it("tells who may send that what was claimed for nobody is due again", function()
      local got = process [[
         local told, claimed, ended = 0, 0, {}
         local svc = service {name = "shop", on_nudge = function() told = told + 1 end}
         -- Claims, and is cancelled in the same turn after so many seconds.
         local function claim(seconds)
            local task = core.spawn_quiet(function()
               claimed = claimed + #sends.claim(svc, 5)
            end)
            core.spawn(function()
               local till = core.hrtime() + seconds
               while core.hrtime() < till do end
               task:cancel()
            end)
         end
         local function is_told(how)
            local before = told
            until_(how, function()
               collectgarbage() -- a result that no task took is undone here
               return told > before
            end)
            ended[#ended + 1] = how
            -- Whoever is told finds it: it was written before.
            local rows = sends.claim(svc, 5)
            sends.finish(svc, {id = rows[1].id, state = "accepted"})
         end
         queue(svc, "10001", "a")
         claim(0)
         is_told "in flight"
         queue(svc, "10002", "b")
         claim(0.2)
         is_told "answered"
         until_("accepted", function() return sends.count(svc).accepted == 2 end)
         local silent = told
         claim(0) -- nothing to undo
         core.sleep(0)
         local rows = sends.claim(svc, 5)
         svc:close()
         return {claimed = claimed, ended = ended, told = told - silent, left = #rows}
      ]]
      assert.same({"in flight", "answered"}, got.ended)
      assert.equal(0, got.claimed)
      assert.equal(0, got.told)
      assert.equal(0, got.left)
   end)

   it("says what cannot be stored", function()
      local got = process([[
         local svc = service()
         local big = core.json_encode {message = ("x"):rep(100000)}
         local first, err
         for i = 1, 200 do
            first, err = sends.begin(svc, row {key = "k" .. i, args = big})
            if not first then break end
         end
         svc:close()
         return {
            stored = first ~= nil, kind = err.kind, retryable = err.retryable,
            outcome = err.outcome,
         }
      ]], "trap '' XFSZ; ulimit -f 4000;")
      assert.is_false(got.stored)
      assert.equal("store.unavailable", got.kind)
      assert.is_true(got.retryable)
      assert.equal("not_sent", got.outcome)
   end)

   it("holds back by the guard, in memory too", function()
      local body = [[
         local svc = service()
         local out, T = {}, 2e9
         for i = 1, 20 do
            out.wait, out.reason = sends.guard(svc, "3A", "5511999990001", true, T + i / 100)
         end
         out.later, out.why, out.first = sends.guard(svc, "3A", "5511999990001", true, T + 1)
         local _, _, again = sends.guard(svc, "3A", "5511999990001", true, T + 2)
         out.again = again
         sends.shadow_ban(svc, "3A", T + 1000)
         out.cold, out.ban = sends.guard(svc, "3A", "5511999990002", false, T + 100)
         out.durable = svc.durable
         local ok, err = pcall(sends.begin, svc, row())
         out.ok, out.err = ok, not ok and err or nil
         svc:close()
         return out
      ]]
      for _, data in ipairs {folder .. "/data", "memory"} do
         local got = process(body, nil, data)
         local durable = data ~= "memory"
         assert.equal(0, got.wait)
         assert.is_nil(got.reason)
         assert.equal("loop", got.why)
         assert.is_true(got.later > 0 and got.later <= 60)
         assert.is_true(got.first)
         assert.is_false(got.again)
         assert.equal("shadow_ban", got.ban)
         assert.is_true(got.cold > 0)
         assert.equal(durable, got.durable)
         assert.equal(durable, got.ok)
         if not durable then assert.matches("keeps nothing on disk", got.err) end
      end
   end)

   it("throws misuse with the name of the field", function()
      local got = process [[
         local svc = service()
         local out = {}
         local function try(fn, ...) out[#out + 1] = select(2, pcall(fn, svc, ...)) end
         try(sends.begin, row {recipient = 5})
         try(sends.begin, row {args = {}})
         try(sends.begin, row {state = "sent"})
         try(sends.begin, row {state = "gone"})
         try(sends.begin, row {event = 1.5})
         try(sends.begin, row {at = "now"})
         try(sends.begin, row {reply = 1})
         try(sends.begin, row {key = "a\0b"})
         try(sends.begin, {state = "queued"})
         try(sends.begin, nil)
         try(sends.stage, 1, row())
         try(sends.finish, {state = "sent"})
         try(sends.finish, {id = 1})
         try(sends.claim, 0)
         try(sends.cancel, {key = 1})
         try(sends.list, {state = "nowhere"})
         try(sends.pause, "news")
         svc:close()
         try(sends.count, {})
         return out
      ]]
      local want = {
         "'recipient' to core.sends.begin %(string expected, got number%)",
         "'args' to core.sends.begin %(string expected, got table%)",
         "'state' to core.sends.begin %(queued or sending expected%)",
         "'state' to core.sends.begin %(gone%)",
         "'event' to core.sends.begin %(whole number from 0 expected, got number%)",
         "'at' to core.sends.begin %(number expected, got string%)",
         "'reply' to core.sends.begin %(boolean expected, got number%)",
         "'key' to core.sends.begin %(it holds a NUL byte%)",
         "'recipient' to core.sends.begin %(missing%)",
         "table expected",
         "'state' to core.sends.stage %(queued expected%)",
         "'id' to core.sends.finish %(missing%)",
         "'state' to core.sends.finish %(missing%)",
         "a number from 1 expected",
         "'key' to core.sends.cancel %(string expected, got number%)",
         "'state' to core.sends.list %(nowhere%)",
         "boolean expected",
         "the service is closed",
      }
      assert.equal(#want, #got)
      for i, pattern in ipairs(want) do assert.matches(pattern, got[i]) end
   end)
end)
