--- 200,000 events wait when the process starts: it listens at once, holds little
--- memory, and goes through them in the order of each chat.
local rig = require "spec.support.rig"
local shell = require "spec.support.shell"

local EVENTS, CHATS = 200000, 1000
local HOLD = [[
local zapi = require "zapi"
local bot = require("zapi.bot").new {limits = {replies_per_chat = false, cold_per_hour = false}}
bot:on("text", function() zapi.sleep(3600) end)
bot:run()
]]

-- What counts as the number before the first of the first two chats.
local FIRST = {[0] = 0, [1] = 1}

-- One event that the bot itself has stored, many times: number n in chat n % CHATS.
-- (Posting them all would take minutes with the sanitizers; bench/backlog does.)
local FILL = [[
CREATE TEMP TABLE one AS SELECT * FROM event;
CREATE TEMP TABLE his AS SELECT * FROM delivery;
CREATE TEMP TABLE key AS SELECT * FROM seen;
CREATE TEMP TABLE n AS
   WITH RECURSIVE c(n) AS (VALUES(2) UNION ALL SELECT n + 1 FROM c WHERE n < %d)
   SELECT n, (SELECT seq FROM one) + n - 1 AS seq, printf('EV%%018d', n) AS id,
   printf('55119%%08d', n %% %d) AS phone FROM c;
UPDATE one SET body = json_set(body, '$.phone', '@phone', '$.messageId', '@id',
   '$.text.message', '@n');
BEGIN;
INSERT INTO event SELECT n.seq, received_at, instance, type, kind, id, phone, phone, phone,
   flags, pending, replace(replace(replace(body, '@phone', phone), '@id', id), '@n', n)
   FROM n, one;
INSERT INTO delivery SELECT automation, phone, n.seq, state, 0, 0, 0, 0, due, ended, reason
   FROM n, his;
INSERT INTO seen SELECT n.seq, n.n, n.n * 7919, at, n.n, phone, 0 FROM n, key;
COMMIT;
]]

describe("200,000 events that wait at the start", function()
   local r
   before_each(function() r = rig.new {script = HOLD} end)
   after_each(function() r:close() end)

   local function fill()
      r:up()
      r:events {count = 1, chats = 1}
      r:answered()
      r:kill()
      shell.write(r.folder .. "/fill.sql", FILL:format(EVENTS, CHATS))
      shell.must(("sqlite3 -bail %s <%s"):format(shell.quote(r.data .. "/zapibot.db"),
         shell.quote(r.folder .. "/fill.sql")))
      assert.equal(EVENTS, r:rows "SELECT count(*) AS n FROM delivery"[1].n)
   end

   local function resident()
      for line in io.lines(("/proc/%d/status"):format(r:pid())) do
         local kb = line:match "^VmRSS:%s+(%d+)"
         if kb then return tonumber(kb) / 1024 end
      end
   end

   it("do not keep it from listening, and are handled in order", function()
      fill()
      r:script(rig.ECHO)
      local ready = r:up {seconds = 20}
      local memory = resident()
      -- A new webhook is answered at once, whatever waits.
      assert.same({200}, r:post {bodies = {r:body {n = 900000, phone = "5511700000001"}}})
      r:called {at_least = 3000, seconds = 60}
      local newest, chats = {}, 0
      for _, call in ipairs(r:calls()) do
         local phone, n = call[1], math.tointeger(tonumber(call[2]))
         if n < 900000 then
            local chat = tonumber(phone:sub(-8))
            local before = newest[phone] or FIRST[chat] or chat - CHATS
            if not newest[phone] then chats = chats + 1 end
            -- The next of this chat, none left out; 1 was posted, and is in the first chat.
            assert.equal(n == 1 and 1 or before - before % CHATS + CHATS + chat, n)
            newest[phone] = n
         end
      end
      print(("%d waiting: listens after %.2f s, %.0f MB (with the sanitizers), %d chats begun")
         :format(EVENTS, ready.seconds, memory, chats))
      assert.is_true(ready.seconds < 10) -- bench/backlog measures; this is with the sanitizers
      assert.is_true(memory < 500)
      -- All the rest is still there.
      r:kill()
      local left = r:rows "SELECT count(*) AS n FROM delivery WHERE state <> 2"[1].n
      assert.is_true(left + r:stats().calls >= EVENTS, ("%d are left"):format(left))
   end)
end)
