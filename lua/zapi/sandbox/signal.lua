--- Lets tasks wait until something was changed, without polling. A waiter
--- joins a sleeping task; firing cancels that task.
local core = require "zapi.core"

local M = {}

local Signal = {}
Signal.__index = Signal

function M.new() return setmetatable({ fired = 0 }, Signal) end

--- Waits at most `seconds` for the next `fire`.
---@return boolean fired
function Signal:wait(seconds)
   local seen = self.fired
   self.gate = self.gate or core.spawn_quiet(core.sleep, 3600)
   local gate = self.gate
   self.waiters = (self.waiters or 0) + 1
   pcall(gate.join, gate, seconds)
   self.waiters = self.waiters - 1
   if self.waiters == 0 and self.gate == gate then
      self.gate = nil
      gate:cancel()
   end
   return self.fired ~= seen
end

function Signal:fire()
   self.fired = self.fired + 1
   local gate = self.gate
   self.gate, self.waiters = nil, nil
   if gate then gate:cancel() end
end

return M
