-- What is measured: SECONDS of send-text, 64 tasks side by side.
-- Prints: BENCH calls seconds cpu_seconds
local zapi = require "zapi"

local TASKS = 64
local seconds = tonumber(arg[1])
local z = zapi.client {}
local calls = 0

local function loop(phone, until_when)
   while zapi.now() < until_when do
      local sent, err = z:send_text { phone = phone, message = "Oi! Tudo bem?" }
      if not sent then error(err) end
      calls = calls + 1
   end
end

local started, cpu = zapi.now(), os.clock()
local tasks = {}
for i = 1, TASKS do
   tasks[i] = zapi.spawn(loop, ("55119000%05d"):format(i), started + seconds)
end
for _, task in ipairs(tasks) do
   task:join()
end
print(("BENCH %d %.6f %.6f"):format(calls, zapi.now() - started, os.clock() - cpu))
