-- What is measured: CALLS times send-text, TASKS side by side.
-- Prints: BENCH calls
local zapi = require "zapi"

local calls, tasks = tonumber(arg[1]), tonumber(arg[2])
local z = zapi.client {}

local function loop(phone)
   for _ = 1, calls // tasks do
      local sent, err = z:send_text {phone = phone, message = "Oi! Tudo bem?"}
      if not sent then error(err) end
   end
end

local list = {}
for i = 1, tasks do
   list[i] = zapi.spawn(loop, ("55119000%05d"):format(i))
end
for _, task in ipairs(list) do
   task:join()
end
print(("BENCH %d"):format(calls // tasks * tasks))
