--- bot:check: functions that say whether this version of the script may serve.
--- A next generation is asked by its host, all bots at once (core.on_check); a bot
--- that runs at once asks when it is told to run. Start reading at M.run.
local core = require "zapi.core"
local check = require "zapi.bot.check"

check.ours()

local M = {}

--- Seconds for all checks of a script.
M.seconds = 10

local all = {} -- of this state, in the order of their registration

-- What one check says: nil, or why not.
local function refusal(entry)
   local ok, answer, why = xpcall(entry.fn, debug.traceback)
   if not ok then return ("%s: bot:check failed: %s"):format(entry.where, tostring(answer)) end
   if answer == false or answer == nil and why ~= nil then
      return ("%s: bot:check says no%s"):format(entry.where,
         why ~= nil and ": " .. tostring(why) or "")
   end
end

local function ask_each(list, progress)
   for _, entry in ipairs(list) do
      progress.where = entry.where
      local why = refusal(entry)
      if why then return why end
   end
end

--- Asks these checks; throws what refuses.
local function run(list, seconds)
   if not list[1] then return end
   local progress = {}
   local task = core.spawn_quiet(ask_each, list, progress)
   local ok, why, late = pcall(task.join, task, seconds)
   if not ok then error(("%s: bot:check failed: %s"):format(progress.where, tostring(why)), 0) end
   if late == "timeout" then
      task:cancel()
      error(("%s: bot:check took longer than %g seconds"):format(progress.where, seconds), 0)
   end
   if why then error(why, 0) end
end

--- Asks the checks of a bot that is about to serve.
function M.run(bot)
   local list = {}
   for _, entry in ipairs(all) do
      if entry.bot == bot then list[#list + 1] = entry end
   end
   run(list, M.seconds)
end

function M.add(bot, fn)
   if not all[1] then core.on_check(function(seconds) run(all, seconds) end) end
   all[#all + 1] = {bot = bot, fn = fn, where = check.where() or "?"}
end

return M
