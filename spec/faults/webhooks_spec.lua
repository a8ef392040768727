--- Webhooks as they come in practice: twice, at the same moment, late, in the
--- wrong order.
local core = require "zapi.core"
local rig = require "spec.support.rig"

local r
before_each(function()
   r = rig.new()
   r:up()
end)
after_each(function() r:close() end)

local function all_200(list)
   for i, status in ipairs(list) do assert.equal(200, status, "post " .. i) end
end

describe("duplicates", function()
   it("are answered 200 and handled once, at the same moment and after a restart", function()
      local bodies = {}
      for copy = 1, 10 do
         for i = 0, 39 do
            local n = (i + copy * 7) % 40 + 1
            bodies[#bodies + 1] = r:body {n = n, chat = n % 7}
         end
      end
      all_200(r:together {bodies = bodies})
      r:called {at_least = 40}
      r:kill()
      r:up()
      all_200(r:together {bodies = bodies})
      -- One more that is new: what was before it has been looked at by then.
      all_200(r:post {bodies = {r:body {n = 41, chat = 41 % 7}}})
      r:called {at_least = 41}
      r:drained()
      assert.equal(41, r:stats().calls)
   end)
end)

describe("states of a message", function()
   local function status(id, word, momment)
      return core.json_encode {type = "MessageStatusCallback", status = word, ids = {id},
         phone = r:phone {chat = 0}, momment = momment, isGroup = false,
         instanceId = "3C0FFEE0000000000000000000000001"}
   end

   it("only move forward, in whatever order they come", function()
      r:events {count = 1, chats = 1}
      r:called {at_least = 1}
      local row = rig.await("it is accepted", function()
         return r:sends "accepted"[1]
      end)
      all_200(r:post {bodies = {
         status(row.message_id, "READ", 3000), status(row.message_id, "SENT", 1000),
         status(row.message_id, "RECEIVED", 2000), status(row.message_id, "READ", 3000),
      }})
      rig.await("it is read", function() return r:sends "read"[1] end)
      all_200(r:post {bodies = {status(row.message_id, "SENT", 4000)}})
      r:kill {signal = "SIGTERM"}
      assert.equal(1, r:states().read)
   end)

   it("that come before the answer to the call count, and the answer does not undo them", function()
      r:mode {ms = 300}
      r:events {count = 1, chats = 1}
      r:flying {at_least = 1}
      local id = ("RIG%017d"):format(1) -- what the rig will answer
      all_200(r:post {bodies = {status(id, "READ", 2000), status(id, "RECEIVED", 1000)}})
      assert.equal(1, r:stats().inFlight)
      local row = rig.await("it is read", function() return r:sends "read"[1] end)
      assert.equal(id, row.message_id)
      r:drained()
      assert.equal(1, r:states().read)
   end)
end)
