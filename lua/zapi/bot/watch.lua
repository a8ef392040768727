--- Ends handlers that wait too long. One timer for all of them, set for the
--- nearest deadline: with the same limit for everybody a new handler is almost
--- never the nearest, so it costs a table and no timer.
local core = require "zapi.core"
local units = require "zapi.bot.unit"

local M = {}
M.__index = M

-- An entry closes itself, however its handler ends.
local Entry = {}

function Entry:__close()
   self.watch:forget(self)
   local ctx = self.ctx
   units.leave(self.task)
   if ctx._turn or ctx._busy or ctx._active then ctx._bot.asks:over(ctx) end
   -- Parts that run on keep what they hold; then the last one lets go.
   local unit = ctx._unit
   if unit and (ctx._parts or 0) == 0 then unit:release() end
end

--- `expired(entry)` is called before the task of an entry is cancelled.
function M.new(expired)
   return setmetatable({entries = {}, count = 0, expired = expired, due = math.huge}, M)
end

function M:arm(deadline, now)
   if self.timer then self.timer:cancel() end
   self.due = deadline
   self.timer = core.after(math.max(deadline - now, 0), function() self:sweep() end)
end

function M:sweep()
   local now, nearest = core.hrtime(), math.huge
   local late = {}
   self.timer, self.due = nil, math.huge
   for entry in pairs(self.entries) do
      if entry.deadline <= now then
         late[#late + 1] = entry
      elseif entry.deadline < nearest then
         nearest = entry.deadline
      end
   end
   if nearest < math.huge then self:arm(nearest, now) end
   for _, entry in ipairs(late) do
      self:forget(entry)
      local status = entry.task:status()
      if status == "waiting" or status == "running" then
         self.expired(entry)
         entry.task:cancel()
      end
   end
end

--- Watches the running task until the entry is closed: `local e <close> = …`.
--- nil outside of tasks, where nobody could be cancelled.
function M:enter(seconds, ctx)
   local task = core.current()
   if not task then return nil end
   local entry = setmetatable({watch = self, task = task, ctx = ctx}, Entry)
   self.entries[entry] = true
   self.count = self.count + 1
   units.enter(task, ctx)
   self:limit(entry, seconds)
   return entry
end

--- An entry that was forgotten is watched again, with all its time.
function M:resume(entry)
   self.entries[entry] = true
   self.count = self.count + 1
   self:limit(entry, entry.seconds)
end

--- From now on so many seconds; math.huge: no limit.
function M:limit(entry, seconds)
   local now = core.hrtime()
   entry.seconds, entry.deadline = seconds, now + seconds
   if entry.deadline < self.due then self:arm(entry.deadline, now) end
end

-- What is paused runs on when the pause is closed, however it ends.
local Pause = {}

function Pause:__close()
   local now = core.hrtime()
   for _, entry in ipairs(self) do
      entry.paused = entry.paused - 1
      if entry.paused == 0 and self.watch.entries[entry] then
         entry.deadline = now + entry.left
         if entry.deadline < self.watch.due then self.watch:arm(entry.deadline, now) end
      end
   end
end

--- The time until this is closed is nobody's who works for `ctx`:
--- `local p <close> = watch:pause(ctx)`.
function M:pause(ctx)
   local now = core.hrtime()
   local pause = setmetatable({watch = self}, Pause)
   for entry in pairs(self.entries) do
      if entry.ctx == ctx then
         entry.paused = (entry.paused or 0) + 1
         if entry.paused == 1 then
            entry.left, entry.deadline = entry.deadline - now, math.huge
         end
         pause[#pause + 1] = entry
      end
   end
   return pause
end

local function disarm(self)
   if self.timer then self.timer:cancel() end
   self.timer, self.due = nil, math.huge
end

-- The last one takes the timer with it, which would keep zapi.run() alive.
function M:forget(entry)
   if not self.entries[entry] then return end
   self.entries[entry] = nil
   self.count = self.count - 1
   if self.count == 0 and not self.serving then disarm(self) end
end

--- While the door is open the loop is alive anyhow: the timer is left alone,
--- which saves setting it anew for every event.
function M:serve(serving)
   self.serving = serving
   if not serving and self.count == 0 then disarm(self) end
end

return M
