--- Calls that fail: what may have been sent is shown as unknown and is never
--- sent again; what certainly was not is sent once it can be.
local rig = require "spec.support.rig"

local BOT = [[
local zapi = require "zapi"
local bot = require("zapi.bot").new {client = zapi.client {timeout = 1},
   limits = {replies_per_chat = false, cold_per_hour = false}}
bot:on("text", function(ctx) ctx:reply(ctx.text) end)
bot:run()
]]
local EVENTS = 20

local r
before_each(function()
   r = rig.new {script = BOT}
   r:up()
end)
after_each(function() r:close() end)

-- Fails as `how`, heals, restarts, and looks whether anything was repeated.
local function doubtful(how)
   r:mode {how = how}
   r:events {count = EVENTS, chats = EVENTS}
   r:answered()
   rig.await("all are unknown", function() return r:states().unknown == EVENTS end)
   r:mode {how = "ok"}
   for _ = 1, 2 do
      r:kill {signal = "SIGTERM"}
      r:up()
      local before = r:stats().calls
      r:events {count = EVENTS, chats = EVENTS} -- the chats go on
      r:called {at_least = before + EVENTS}
   end
   rig.await("the rest is accepted", function() return r:states().accepted == 2 * EVENTS end)
   r:drained()
   assert.equal(EVENTS, r:states().unknown)
   assert.same({}, r:disorder())
   assert.equal(3 * EVENTS, r:stats().calls)
end

describe("a call without a usable answer is unknown and never repeated:", function()
   it("a 500", function() doubtful "500" end)
   it("a connection that closes after the request was read", function() doubtful "close" end)
   it("no answer until the time-out", function() doubtful "hang" end)
end)

describe("when nobody listens", function()
   it("answers leave once the network is back, each once", function()
      r:gone()
      r:events {count = EVENTS, chats = EVENTS}
      r:answered() -- webhooks arrive all the same
      r:logged {pattern = "connect"}
      assert.equal(0, r:stats().calls)
      r:back()
      r:called {at_least = EVENTS, seconds = 40}
      rig.await("all are accepted", function() return r:states().accepted == EVENTS end)
      assert.equal(EVENTS, r:stats().calls)
   end)
end)
