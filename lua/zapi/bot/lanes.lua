--- Work that leaves the order of its chat: handlers with order = "none" run at
--- once beside everything, those with order = "person" after what the same
--- person wrote before.
local core = require "zapi.core"

local M = {}
M.__index = M

function M.new()
   return setmetatable({lanes = {}, tasks = {}}, M)
end

local function start(self, fn)
   local task
   core.work(1)
   task = core.spawn(function()
      -- Also when fn throws or is cancelled: nothing may stay behind.
      local _ <close> = setmetatable({}, {__close = function()
         self.tasks[task] = nil
         core.work(-1)
      end})
      fn()
   end)
   self.tasks[task] = true
end

--- Runs fn in a task of its own.
function M:beside(fn)
   start(self, fn)
end

-- One job of a lane after the other, each in its own task: a job that fails
-- or is cancelled must not take the lane with it.
local function run_next(self, key)
   local lane = self.lanes[key]
   lane.first = lane.first + 1
   local fn = lane[lane.first]
   if not fn then
      self.lanes[key] = nil
      return
   end
   lane[lane.first] = nil
   start(self, function()
      local _ <close> = setmetatable({}, {__close = function() run_next(self, key) end})
      fn()
   end)
end

--- Runs fn in a task, after those of the same key.
function M:after(key, fn)
   local lane = self.lanes[key]
   if lane then
      lane.last = lane.last + 1
      lane[lane.last] = fn
      return
   end
   self.lanes[key] = {fn, first = 0, last = 1}
   run_next(self, key)
end

--- Waits until all have ended, or so many seconds: true | false.
function M:join(seconds)
   local until_ = core.hrtime() + seconds
   while next(self.tasks) do
      local left = until_ - core.hrtime()
      if left <= 0 then return false end
      core.sleep(math.min(left, 0.02)) -- a join would take its error off the log
   end
   return true
end

return M
