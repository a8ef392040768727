--- SIGKILL at random moments, again and again: what was answered 200 is handled
--- or is shown, each chat keeps its order, and nothing is sent twice.
---   ZAPI_KILLS=300 …   the long run        ZAPI_SEED=n …   one run again
local rig = require "spec.support.rig"

local KILLS = tonumber(os.getenv "ZAPI_KILLS") or 30
local SEED = tonumber(os.getenv "ZAPI_SEED") or os.time()
local EVENTS = 60 -- new ones for each life of the process
local CHATS = 25

describe("killed again and again, the program", function()
   local r
   before_each(function() r = rig.new() end)
   after_each(function() r:close() end)

   it("loses no event, keeps the order of chats and sends nothing twice", function()
      r:setup {seed = SEED & 0x7fffffff, connections = 12, duplicates = 0.15}
      r:mode {jitter = 20} -- so that there are calls in flight at any moment
      r:up()
      r:kill()
      local seen = r:crash {kills = KILLS, events = EVENTS, chats = CHATS, start_ms = 150}
      r:up()
      r:answered {seconds = 60}
      r:drained(60)

      local done = r:stats()
      local lost, unknown, dead = r:lost(done.answered)
      print(("seed %d: %d kills (%d while starting), %d events, %d posts, %d of them cut off, "
         .. "%d duplicates, %d calls, %d unknown, %d dead letters"):format(SEED, KILLS,
         seen.early, done.answered, done.sent, done.broken, done.again, done.calls,
         unknown, dead))
      assert.equal(KILLS * EVENTS, done.answered)
      assert.same({}, lost)
      assert.same({}, r:disorder())
      -- The run has proved something: calls were cut, posts too, and most went through.
      assert.is_true(done.broken > 0)
      assert.is_true(done.again > KILLS)
      assert.is_true(done.calls > done.answered / 2)
      -- Only calls that were cut off may be in doubt: no more than handlers at once.
      assert.is_true(unknown <= KILLS * CHATS)
   end)
end)
