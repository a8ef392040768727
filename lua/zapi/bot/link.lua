--- Which instances are known to be disconnected. Z-API would take a message
--- then and fire it days later, so messages wait here. Known by its events, by
--- a call that said so, and, as the event may be missed, by asking now and then.
local core = require "zapi.core"

local M = {}
M.__index = M

--- Seconds between two questions, at first and at most.
M.first, M.most = 5, 60

--- `up()` is called when an instance is connected again.
function M.new(up)
   return setmetatable({down = {}, up = up}, M)
end

function M:is_down(instance)
   return self.down[instance or ""] ~= nil
end

local function ask(self, instance, client)
   local pause = M.first
   while true do
      core.sleep(pause)
      local status = client:get_status()
      if status and status.connected then return self:connected(instance) end
      pause = math.min(pause * 2, M.most)
   end
end

local function tell(instance, connected)
   if instance ~= "" then
      core.metric("zapibot_instance_connected", {instance = instance}, connected)
   end
end

--- It is disconnected; `client` is asked until it is not.
function M:disconnected(instance, client)
   instance = instance or ""
   tell(instance, 0)
   if self.down[instance] or not client then return end
   core.log("warn", "bot", "the instance is disconnected from WhatsApp: messages wait until it "
      .. "is connected again")
   self.down[instance] = core.spawn_quiet(ask, self, instance, client)
end

function M:connected(instance)
   instance = instance or ""
   tell(instance, 1)
   local task = self.down[instance]
   if not task then return end
   self.down[instance] = nil
   if task ~= core.current() then task:cancel() end
   core.log("info", "bot", "the instance is connected again: messages leave")
   self.up()
end

function M:close()
   for _, task in pairs(self.down) do task:cancel() end
   self.down = {}
end

return M
