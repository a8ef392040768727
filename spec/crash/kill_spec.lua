--- SIGKILL at random moments, again and again: what was answered 200 is handled once
--- or is shown, each chat keeps its order, nothing is sent twice, and what a handler
--- keeps or queues is there exactly when it has come to its good end.
---   ZAPI_KILLS=300 …   the long run        ZAPI_SEED=n …   one run again
local core = require "zapi.core"
local rig = require "spec.support.rig"

local ROUND = 30 -- lives until one may handle all that is left
local KILLS = math.max(ROUND, (tonumber(os.getenv "ZAPI_KILLS") or 0) // ROUND * ROUND)
local SEED = tonumber(os.getenv "ZAPI_SEED") or os.time()
local EVENTS = 60 -- new ones for each life of the process
local CHATS = 25

-- Each event: a number that is kept, an answer (a), a message for later (Q), another
-- answer (b). What it has kept of a chat can be asked for.
local BOT = [[
local zapi = require "zapi"
local z = zapi.client {}
local bot = require("zapi.bot").new {
   client = z, limits = {replies_per_chat = false, cold_per_hour = false, pace = 0},
}
local counts = zapi.store "counts"
local function one_more(n) return (n or 0) + 1 end

bot:on("text", function(ctx)
   local n = ctx.text
   if n == "report" then
      return ctx:reply(("report %d %d"):format(ctx.session.n or 0, counts:get(ctx.chat, 0)))
   end
   ctx.session.n = one_more(ctx.session.n)
   counts:update(ctx.chat, one_more)
   counts:update("event " .. n, one_more)
   ctx:reply(n .. "a")
   z.outbox:send("send_text", {phone = ctx.chat, message = n .. "Q"}, {key = n})
   ctx:reply(n .. "b")
end)
bot:run()
]]

local function none(wrong)
   if wrong[1] then error(("%d times: %s"):format(#wrong, table.concat(wrong, "; ", 1,
      math.min(5, #wrong))), 2) end
end

-- Calls by their texts, and the last text of each chat and life, of answers and of
-- the outbox.
local function read_calls(r)
   local calls, last = {}, {}
   for _, call in ipairs(r:calls()) do
      local text = call[2]
      local line = ("%s %d%s"):format(call[1], call[5], text:match "%u$" or "")
      calls[text] = {phone = call[1], line = line}
      last[line] = text
   end
   return calls, last
end

-- What is wrong with one event, or nil. One that is dead has a call in doubt; nothing
-- that it kept or queued may be there. One that is done has said everything.
local function verdict(n, calls, unknown, is_dead, is_kept)
   local a, b, q = n .. "a", n .. "b", n .. "Q"
   local doubt, queued = unknown[a] or unknown[b], calls[q] or unknown[q]
   local cases = is_dead and {
      {"is dead, and no call is in doubt", not doubt},
      {"is dead, and its message has left", queued},
      {"is dead, and what it kept is there", is_kept},
   } or {
      {"is not there and not shown", not calls[a] or not calls[b]},
      {"is done with a call in doubt", doubt},
      {"has lost its message", not queued},
      {"has lost what it kept", not is_kept},
   }
   for _, case in ipairs(cases) do
      if case[2] then return case[1] end
   end
end

-- Only what was cut off can be in doubt: nothing of its chat followed in that life.
local function doubts(calls, last, unknown)
   local wrong = {}
   for text in pairs(unknown) do
      local call = calls[text]
      if call and last[call.line] ~= text then
         wrong[#wrong + 1] = ("%s is in doubt, and %s followed it"):format(text, last[call.line])
      end
   end
   return wrong
end

-- Numbers of the events whose count was kept; each must be the same, 1.
local function kept_events(r)
   local set = {}
   local rows = r:rows [[SELECT hex(v) AS v, substr(cast(k AS TEXT), 7) AS n FROM kv
      WHERE ns LIKE '%counts' AND cast(k AS TEXT) LIKE 'event %']]
   for _, row in ipairs(rows) do
      assert.equal(rows[1].v, row.v, "event " .. row.n .. " was counted twice")
      set[math.tointeger(tonumber(row.n))] = true
   end
   return set
end

-- Each chat says how many events it has kept.
local function reports(r, done)
   local bodies, want, got = {}, {}, {}
   for i = 0, CHATS - 1 do
      local body = core.json_decode(r:body {n = 1000000 + i, chat = i})
      body.text.message = "report"
      bodies[#bodies + 1] = core.json_encode(body)
      local phone = r:phone {chat = i}
      want[phone] = ("report %d %d"):format(done[phone] or 0, done[phone] or 0)
   end
   local before = r:stats().calls
   r:post {bodies = bodies}
   r:called {at_least = before + CHATS}
   for _, call in ipairs(r:calls()) do
      if call[2]:find "^report" then got[call[1]] = call[2] end
   end
   assert.same(want, got)
end

local function judge(r, last)
   local wrong, done = {}, {}
   local calls, newest = read_calls(r)
   local unknown, doubtful = r:unknown_texts()
   local dead, kept = r:dead_events(), kept_events(r)
   for n = 1, last do
      local what = verdict(n, calls, unknown, dead[n], kept[n])
      if what then wrong[#wrong + 1] = ("event %d %s"):format(n, what) end
      if not dead[n] and not what then
         local phone = calls[n .. "a"].phone
         done[phone] = (done[phone] or 0) + 1
      end
   end
   none(wrong)
   none(doubts(calls, newest, unknown))
   reports(r, done)
   return doubtful
end

-- A life that ends when all is answered, handled and has left.
local function settled(r)
   r:up()
   r:answered {seconds = 60}
   r:drained(60)
   rig.await("all has left", function()
      local states = r:states()
      return states.queued + states.sending == 0
   end, 60)
end

describe("killed again and again, the program", function()
   local r
   before_each(function() r = rig.new {script = BOT} end)
   after_each(function() r:close() end)

   it("loses no event, keeps the order of chats and sends nothing twice", function()
      r:setup {seed = SEED & 0x7fffffff, connections = 12, duplicates = 0.15}
      r:mode {jitter = 20} -- so that there are calls in flight at any moment
      r:up()
      r:kill()
      local start = r:up().seconds
      r:kill()
      local ends = {}
      for last = ROUND, KILLS, ROUND do
         local some = r:crash {kills = ROUND, events = EVENTS, chats = CHATS,
            start_ms = start * 1100}
         for name, n in pairs(some) do ends[name] = (ends[name] or 0) + n end
         settled(r)
         if last < KILLS then r:kill() end
      end

      local seen = r:stats()
      print(("seed %d: killed while %s; %d events, %d posts, %d of them cut off, "
         .. "%d duplicates, %d calls"):format(SEED, core.json_encode(ends):gsub("[{}\"]", ""),
         seen.answered, seen.sent, seen.broken, seen.again, seen.calls))
      assert.equal(KILLS * EVENTS, seen.answered)
      none(r:disorder())
      local doubtful = judge(r, seen.answered)
      print(("%d calls in doubt"):format(doubtful))
      -- The run has proved something: calls were cut, posts too, and most went through.
      assert.is_true(doubtful > 0)
      assert.is_true(seen.broken > 0)
      assert.is_true(seen.again > KILLS)
      assert.is_true(seen.calls > seen.answered * 1.5)
   end)
end)
