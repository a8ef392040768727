--- When the subscription of each instance ends: a number for operators, and a
--- warning before. Asked of Z-API only when somebody looks at /metrics.
local core = require "zapi.core"

local M = {}

local HOUR <const> = 3600
local DAY <const> = 24 * HOUR
local METRIC <const> = "zapibot_instance_due_timestamp_seconds"

--- Seconds between two questions, when there was an answer and when not.
M.often, M.again = 6 * HOUR, 600
--- Less than this before the end there is a warning, with each answer.
M.warn = 3 * DAY

-- Z-API says seconds in one place and milliseconds in another.
local function seconds(due)
   due = tonumber(due)
   if not due or due <= 0 then return nil end
   return due > 1e11 and due / 1000 or due
end

local function tell(instance, due)
   core.metric(METRIC, {instance = instance}, due)
   local left = due - core.now()
   if left < M.warn then
      core.log("warn", "bot", ("the subscription of the instance %s at %s: without it nothing is "
         .. "sent or received"):format(left > 0 and "ends" or "ended",
         os.date("!%Y-%m-%d %H:%M UTC", math.floor(due))))
   end
end

local function watch(client)
   while true do
      local reply = client:get_me()
      local due = reply and seconds(reply.due)
      if due then tell(client.instance, due) end
      core.sleep(reply and M.often or M.again)
   end
end

--- Asks now and then until stop() is called: stop.
function M.start(clients)
   local tasks = {}
   if core.metrics_watched() then
      for _, client in ipairs(clients) do
         if client.instance then tasks[#tasks + 1] = core.spawn_quiet(watch, client) end
      end
   end
   return function()
      for _, task in ipairs(tasks) do task:cancel() end
   end
end

return M
