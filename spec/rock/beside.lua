-- A bot in a loop that is not ours: luv's or that of cqueues drives it with zapi.fd,
-- zapi.timeout and zapi.step, while it does its own work. Run by spec/rock/run.lua
-- with the name of the loop.
local zapi = require "zapi"
local Bot = require "zapi.bot"

local EVENTS <const> = 20
local TICKS <const> = 5
local which = ...
local seen, ticks, steps = 0, 0, 0
local bot = Bot.new {
   client = zapi.client {instance = "I1", token = "T1", base_url = "http://127.0.0.1:9"},
   listen = "127.0.0.1:0", secret = "a-secret-of-the-spec",
}

-- A handler that waits: its timers and tasks are driven from outside too.
bot:on("text", function()
   zapi.sleep(0.001)
   seen = seen + 1
end)

local function request(n)
   local body = zapi.json.encode {
      instanceId = "I1", type = "ReceivedCallback", messageId = "IN" .. n, isGroup = false,
      phone = "551199999000" .. n % 10, momment = 1790000000000, fromMe = false,
      status = "RECEIVED", text = {message = "Oi"},
   }
   return ("POST /webhook/a-secret-of-the-spec HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n"
      .. "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"):format(#body, body)
end

local function over() return seen == EVENTS and ticks >= TICKS end

local function step()
   steps = steps + 1
   zapi.step()
end

local loops = {}

function loops.luv()
   local uv = require "luv"
   local watch, timer, own = uv.new_poll(zapi.fd()), uv.new_timer(), uv.new_timer()
   local function turn()
      step()
      timer:stop()
      local seconds = zapi.timeout()
      if seconds then timer:start(math.ceil(seconds * 1000), 0, turn) end
      if over() then
         for _, handle in ipairs {watch, timer, own} do handle:close() end
      end
   end
   watch:start("r", turn)
   own:start(1, 1, function()
      ticks = ticks + 1
      if over() then turn() end
   end)
   turn()
   local host, port = bot.address:match "^(.*):(%d+)$"
   for n = 1, EVENTS do
      local tcp = uv.new_tcp()
      tcp:connect(host, tonumber(port), function(err)
         assert(not err, err)
         tcp:write(request(n))
         tcp:read_start(function(problem, data)
            assert(not problem, problem)
            if data then assert(data:find "^HTTP/1.1 200") else tcp:close() end
         end)
      end)
   end
   uv.run()
end

function loops.cqueues()
   local cqueues = require "cqueues"
   local socket = require "cqueues.socket"
   local queue = cqueues.new()
   local ours = {pollfd = zapi.fd(), events = "r"}
   queue:wrap(function()
      while not over() do
         step()
         local seconds = zapi.timeout()
         if seconds ~= 0 then cqueues.poll(ours, math.min(seconds or 0.05, 0.05)) end
      end
   end)
   queue:wrap(function()
      while ticks < TICKS do
         cqueues.sleep(0.001)
         ticks = ticks + 1
      end
   end)
   local host, port = bot.address:match "^(.*):(%d+)$"
   for n = 1, EVENTS do
      queue:wrap(function()
         local connection = socket.connect(host, tonumber(port))
         connection:setmode("b", "bn")
         assert(connection:write(request(n)))
         assert(connection:read("*l"):find "^HTTP/1.1 200")
         connection:close()
      end)
   end
   assert(queue:loop())
end

zapi.spawn(bot.run, bot) -- in a task it does not take the loop
while not bot.address do zapi.step() end
loops[which]()
assert(seen == EVENTS and ticks >= TICKS, ("%d events, %d ticks"):format(seen, ticks))
-- It waits for what happens, and does not turn in circles.
assert(steps < 100 * EVENTS, steps .. " steps")
local stopped
zapi.spawn(function()
   bot:stop(5)
   stopped = true
end)
while not stopped do zapi.step() end
-- Nothing is left to wait for: another loop would turn without end otherwise.
while zapi.step() do end
assert(zapi.timeout() == nil, tostring(zapi.timeout()))
