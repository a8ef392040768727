--- A disk that is full, and a database that somebody else holds: webhooks get a
--- 503, an alarm is raised once, and all goes on by itself.
local rig = require "spec.support.rig"
local shell = require "spec.support.shell"

local ALARM = "ALARM: nothing can be stored"
local RELIEF = "can be written again"
local EVENTS, CHATS = 300, 20

-- Before, while nothing can be stored, and after.
local function scene(r, block, release)
   r:events {count = EVENTS, chats = CHATS}
   r:answered()
   r:called {at_least = EVENTS}
   block()
   local before, sent = r:stats(), EVENTS
   repeat -- what is left of the file's room is used up first
      sent = sent + EVENTS
      assert(sent < 100 * EVENTS, "nothing is refused")
      r:events {count = EVENTS, chats = CHATS}
      local now = r:settled()
   until now.refused - before.refused >= 5
   r:logged {pattern = ALARM, from = before.logged}
   assert.same({503}, r:post {bodies = {r:body {n = 999999, chat = 500}}})
   release()
   r:answered {seconds = 40}
   r:called {at_least = sent, seconds = 60}
   r:logged {pattern = RELIEF, from = before.logged}
   local _, alarms = r:log():gsub(ALARM, "")
   r:drained()
   assert.equal(sent, r:stats().calls)
   assert.same({}, r:disorder())
   assert.same({}, r:dead())
   print(("%d webhooks refused, %d events answered and sent once, %d alarm(s)"):format(
      r:stats().refused, r:stats().answered, alarms))
   assert.is_true(alarms <= 3)
end

-- A file system of its own, larger than the log that runs ahead of the database may be;
-- false when we may not.
local function small_disk(folder)
   shell.must("mkdir " .. shell.quote(folder))
   local code = shell.run("mount -t tmpfs -o size=96m,mode=700 none " .. shell.quote(folder))
   return code == 0
end

describe("when the disk is full", function()
   local r
   after_each(function() r:close() end)

   it("webhooks get a 503, and all goes on once there is room", function()
      r = rig.new()
      local disk = r.folder .. "/disk"
      if not small_disk(disk) then return end -- the next spec shows the same without being root
      finally(function() shell.must("umount -l " .. shell.quote(disk)) end)
      r.data = disk .. "/data"
      r:up()
      local filler = shell.quote(disk .. "/filler")
      scene(r, function() shell.run("dd if=/dev/zero of=" .. filler .. " bs=4096") end,
         function() shell.must("rm " .. filler) end)
      r:kill {signal = "SIGTERM"}
   end)

   it("the same when files may not grow any more", function()
      r = rig.new()
      r:up {prefix = {"sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"}}
      local function limit(bytes)
         shell.must(("prlimit --pid %d --fsize=%s:"):format(r:pid(), bytes))
      end
      scene(r, function() limit "4096" end, function() limit "unlimited" end)
      r:kill {signal = "SIGTERM"}
   end)
end)

-- Another process in the middle of a transaction, until the function is called.
local function hold(r)
   local at = r.folder .. "/held"
   local other = assert(io.popen(("exec sqlite3 -cmd '.timeout 10000' %s >%s 2>&1"):format(
      shell.quote(r.data .. "/zapibot.db"), shell.quote(at)), "w"))
   other:write "BEGIN IMMEDIATE;\nSELECT 'held';\n"
   other:flush()
   rig.await("the lock", function() return shell.run("grep -q held " .. shell.quote(at)) == 0 end)
   return function()
      other:write "ROLLBACK;\n"
      other:close()
   end
end

describe("while somebody else holds the database", function()
   local r
   before_each(function() r = rig.new() end)
   after_each(function() r:close() end)

   it("webhooks get a 503, and all goes on afterwards", function()
      r:up()
      local release
      scene(r, function() release = hold(r) end, function() release() end)
   end)

   it("what waits to be handled becomes no dead letter, however long it takes", function()
      r:script("require('zapi.bot.outcome').pauses = {0.05, 0.05}\n" .. rig.ECHO)
      r:up()
      r:mode {ms = 100}
      r:events {count = EVENTS, chats = CHATS}
      r:answered()
      local release = hold(r)
      r:logged {pattern = "try 6 failed"} -- three are allowed
      release()
      r:called {at_least = EVENTS, seconds = 40}
      r:drained()
      assert.equal(EVENTS, r:stats().calls)
      assert.same({}, r:disorder())
      assert.same({}, r:dead())
   end)
end)
