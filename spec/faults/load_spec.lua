--- Many chats, and one that is slow or floods; SIGTERM in the middle of it all.
local prometheus = require "spec.support.prometheus"
local rig = require "spec.support.rig"
local shell = require "spec.support.shell"

-- As the echo, but a call that hangs holds its chat to the end of the spec.
local PATIENT = [[
local bot = require("zapi.bot").new {
   client = require("zapi").client {timeout = 600},
   limits = {replies_per_chat = false, cold_per_hour = false},
}
bot:on("text", function(ctx) ctx:reply(ctx.text) end, {timeout = 600})
bot:run()
]]

local r, admin
before_each(function()
   r = rig.new {script = PATIENT}
   admin = r:up().admin
end)
after_each(function() r:close() end)

local function lua_bytes()
   local text = shell.must("curl -sS -m 10 http://" .. admin .. "/metrics")
   for name, value in pairs(prometheus.read(text)) do
      if name:find "^zapibot_lua_bytes" then return value end
   end
end

describe("10,000 chats, one of them slow", function()
   it("are all answered while the slow one waits", function()
      r:setup {connections = 64}
      r:mode {phone = r:phone {chat = 0}, how = "hang"}
      r:events {count = 20, chats = 1}
      r:flying {at_least = 1}
      r:events {count = 10000, chats = 10000, from = 1}
      r:called {at_least = 10001, seconds = 90}
      local slow = 0
      for _, call in ipairs(r:calls()) do
         if call[1] == r:phone {chat = 0} then slow = slow + 1 end
      end
      assert.equal(1, slow)
      assert.equal(10001, r:stats().calls)
      -- Garbage does not pile up behind them: a collector that begins too late falls
      -- behind, until a script fills all the memory that it may have.
      assert.is_true(lua_bytes() < 24e6, lua_bytes())
   end)
end)

describe("a chat that floods", function()
   it("holds up no other, however much of it waits", function()
      local FLOOD, QUIET = 12000, 50 -- more than is held in memory
      r:setup {connections = 64}
      r:mode {phone = r:phone {chat = 0}, ms = 20}
      local bodies = {}
      r:events {count = FLOOD, chats = 1}
      r:answered {seconds = 90}
      local before = r:stats().calls
      r:events {count = QUIET, chats = QUIET, from = 1}
      r:called {at_least = before + QUIET}
      r:answered()
      local function quiet_ones()
         local n, flood_before = 0, 0
         for _, call in ipairs(r:calls()) do
            if call[1] ~= r:phone {chat = 0} then n = n + 1
            elseif n < QUIET then flood_before = flood_before + 1 end
         end
         return n == QUIET and flood_before
      end
      bodies.flood = rig.await("the quiet chats are answered", quiet_ones, 10)
      -- The flood's own calls that came meanwhile: a handful, not thousands.
      assert.is_true(bodies.flood - before < 200, ("%d of the flood came first"):format(
         bodies.flood - before))
   end)
end)

describe("SIGTERM under load", function()
   it("leaves no send unknown, and the rest waits for the next start", function()
      local EVENTS, CHATS = 1500, 60
      r:setup {connections = 32}
      r:mode {jitter = 60}
      r:events {count = EVENTS, chats = CHATS}
      r:flying {at_least = 20}
      local lives = 0
      while r:stats().calls < EVENTS * 0.8 and lives < 4 do
         r:called {at_least = math.min(EVENTS, r:stats().calls + 200)}
         local ended = r:kill {signal = "SIGTERM"}
         assert.equal(0, ended.code)
         assert.same({}, r:sends "unknown")
         assert.same({}, r:sends "sending")
         lives = lives + 1
         r:up()
      end
      assert.is_true(lives > 0)
      r:answered()
      r:called {at_least = EVENTS}
      r:drained()
      assert.same({}, r:disorder())
      assert.equal(EVENTS, r:stats().calls)
      assert.same({}, r:dead())
   end)
end)
