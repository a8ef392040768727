--- The last events of a sandbox, for everybody who follows it.
local core = require "zapi.core"
local signals = require "zapi.sandbox.signal"

local M = {}

local Feed = {}
Feed.__index = Feed

local KEEP <const> = 2000

function M.new()
   return setmetatable({ first = 1, last = 0, events = {}, signal = signals.new() }, Feed)
end

---@param name string
---@param value table
function Feed:add(name, value)
   self.last = self.last + 1
   self.events[self.last] = { n = self.last, name = name, data = core.json_encode(value) }
   if self.last - self.first >= KEEP then
      self.events[self.first] = nil
      self.first = self.first + 1
   end
   self.signal:fire()
end

--- Events after number `seen`, and the number of the newest. Who asks for a
--- number that is gone (or never was) gets what there is.
function Feed:since(seen)
   if seen > self.last then seen = 0 end
   local from = math.max(seen + 1, self.first)
   return table.move(self.events, from, self.last, 1, {}), self.last
end

return M
