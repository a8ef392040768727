--- The clock of a world: an hour passes in milliseconds, in the order in which
--- things are due. It goes from one moment at which something waits no more to the
--- next, and waits each time until everything that follows from it was done.
local core = require "zapi.core"

local M = {}

local clock <const> = core.testing

--- Seconds of real time that a step may take until all is at rest, and that all
--- steps may take; pauses while it is looked; times that it must look at rest when a
--- call hangs (which may also be one that is slow).
M.patience, M.longest, M.pause, M.times = 10, 60, 0.001, 50

--- Nobody looks at the clock each minute because somebody may have set it: the steps
--- are as long as the waits. Returns what makes it as it was.
function M.begin()
   local before = {}
   for _, name in ipairs {"zapi.bot.timers", "zapi.bot.ask"} do
      local module = require(name)
      before[module], module.look = module.look, 86400
   end
   return function()
      for module, look in pairs(before) do module.look = look end
   end
end

-- Calls that the sandbox leaves without an answer.
local function hanging(world)
   world.hanging = math.min(world.hanging, clock.calls())
   return world.hanging
end

--- Waits until nothing can happen but by time that passes.
---@return boolean
function M.rest(world)
   local until_, seen = os.time() + M.patience, 0
   while true do
      local n = hanging(world)
      seen = clock.is_quiet(n) and seen + 1 or 0
      if seen > (n > 0 and M.times or 2) then return true end
      if os.time() > until_ then return false end
      core.sleep(seen == 1 and 0 or M.pause)
   end
end

local function rest(world)
   if not M.rest(world) then
      error(("the clock cannot go on: after %d s something is still under way"):format(
         M.patience), 4)
   end
end

--- `seconds` pass.
function M.advance(world, seconds)
   local target, until_ = core.now() + seconds, os.time() + M.longest
   rest(world)
   local left = seconds
   while left > 0 do
      clock.move(math.min(left, clock.next() or left))
      rest(world)
      left = target - core.now()
      if os.time() > until_ then
         error(("the clock goes on too slowly: %.0f s are left of %.0f s. Something waits very "
            .. "often for a short time"):format(left, seconds), 3)
      end
   end
end

local function zone_time(when)
   for _, field in ipairs {"year", "month", "day"} do
      if math.type(when[field]) ~= "integer" then
         error(("a date needs year, month and day: '%s' is missing"):format(field), 4)
      end
   end
   return require("zapi.bot.zone").of(when.tz):time(when)
end

--- Unix seconds of a number or a date ({year=, month=, day=, hour=, min=, tz=}).
function M.instant(when)
   if type(when) == "number" then return when end
   if type(when) == "table" then return zone_time(when) end
   error(("a time is expected (Unix seconds or a date), not a %s"):format(type(when)), 3)
end

return M
