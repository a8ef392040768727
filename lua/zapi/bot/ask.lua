--- ctx:ask: a question whose answer may come days later, in another process.
---
---    the handler A asks   question sent (journalled); A's event is *parked*: on
---                         disk with all it kept so far, its place is free
---    an answer B comes    B is consumed and the answer recorded for A in one
---                         transaction; A goes on in B's place in the chat
---    A ends or asks again B ends: the next message of the chat starts
---
--- While it waits A is a sleeping task (`live`), or only rows (after a restart, or
--- when it was idle for `unload` seconds): then A's event is run anew, and finds
--- what it did before in bot/steps.lua, until it is at its question again.
---
---    "\1open:NAME"   place → who asked                one question per place
---    "\1due:NAME"    due, place → who asked           the nearest time-out first
---    "\1ready:NAME"  seq → …                          to be run anew at the start
---
--- A *place* is the order of the chat; in groups with the person who is asked. A
--- person's key may change (a number turns out to belong to a lid) while a question
--- waits: the row "open" follows, so a question has the place under which its
--- deadline lies (`place`) and the one where it is found now (`at`).
--- The parts are in bot/ask: asking.lua and answering.lua are where to start reading.
local core = require "zapi.core"
local check = require "zapi.bot.check"
local disk = require "zapi.bot.ask.disk"
local line = require "zapi.bot.ask.line"
local stepping = require "zapi.bot.steps"

check.ours()

local store <const> = core.store

local M = {}
local Asks = {}
Asks.__index = Asks

for _, name in ipairs {"asking", "answering", "anew", "time", "refusals"} do
   for method, fn in pairs(require("zapi.bot.ask." .. name)) do Asks[method] = fn end
end

--- Seconds that a question waits for its answer, and that its handler is kept in
--- memory meanwhile.
M.timeout, M.unload = 86400, 600
--- So many wait in memory at most: whoever waited longest is only rows then.
M.most = 1000
--- The clock may be set: deadlines are looked at so often at least.
M.look = 60
--- Handlers that are run anew at once because their time is over.
M.at_once = 64

--- Answers are messages, whatever else the bot listens to.
function Asks:subscribe()
   self.subscribed = true
   local bot = self.bot
   if bot.service then bot.service:subscribe(require("zapi.bot.service").kinds(bot)) end
end

-- What an ended process had answered and not finished.
local function take_up(self)
   local after
   repeat
      local rows, more = store.scan(self.ready, "", after, 100)
      for _, found in ipairs(rows) do
         after = found[1]
         local row = store.unpack(found[2])
         row.at = disk.current(row.place)
         line.hold(self, row.at)
         self:resume(row)
      end
   until not more
end

--- The bot has a service from now on.
function Asks:start()
   local service, unload = self.bot.service, self.unload
   self.open, self.due = "\1open:" .. service.name, "\1due:" .. service.name
   self.ready = "\1ready:" .. service.name
   self.any = #store.scan(stepping.namespace(self.bot), "", nil, 1) > 0
   if self.any then
      self:subscribe()
      take_up(self)
      self:arm(0)
   end
   if unload and service.durable then
      self.unloader = core.interval(math.max(unload / 4, 0.01), function()
         line.unload_idle(self, core.hrtime() - unload)
      end)
   end
end

--- The next generation of the script serves: what waits here goes on there.
function Asks:retire()
   self.retired = true
   for _, job in pairs(self.loading) do
      if not job.ctx then self:loaded(job, "retry") end
   end
   local entry = self.oldest
   while entry do
      core.spawn(self.let_go, self, entry)
      entry = entry.newer
   end
   if self.timer then self.timer:cancel() end
   if self.unloader then self.unloader:cancel() end
   self.unloader = nil
end

function Asks:close()
   if self.timer then self.timer:cancel() end
   if self.unloader then self.unloader:cancel() end
   for _, job in pairs(self.loading) do job.guard:cancel() end
   self.timer, self.unloader, self.loading, self.n_loading = nil, nil, {}, 0
end

--- The questions of one bot.
---@param unload number|false|nil
function M.new(bot, unload)
   if unload == nil then unload = M.unload end
   if unload == true or unload and unload <= 0 then
      check.fail("bad 'unload' (seconds above 0, or false, expected)")
   end
   return setmetatable({
      settings = M, bot = bot, live = {}, by_seq = {}, busy = {}, loading = {}, n_loading = 0,
      early = {}, active = 0, n_live = 0, any = false,
      timeout = M.timeout, unload = unload,
   }, Asks)
end

return M
