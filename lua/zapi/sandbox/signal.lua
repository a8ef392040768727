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
   local gate = self.gate or { task = core.spawn_quiet(core.sleep, 3600), waiters = 0 }
   self.gate = gate
   gate.waiters = gate.waiters + 1
   pcall(gate.task.join, gate.task, seconds)
   gate.waiters = gate.waiters - 1
   if gate.waiters == 0 and self.gate == gate then
      self.gate = nil
      gate.task:cancel()
   end
   return self.fired ~= seen
end

function Signal:fire()
   self.fired = self.fired + 1
   local gate = self.gate
   self.gate = nil
   if gate then gate.task:cancel() end
end

return M
