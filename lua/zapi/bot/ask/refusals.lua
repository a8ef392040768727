--- Menus whose buttons were refused after they had left: the question says what
--- follows (bot/menu.lua). Start reading at Part:refused; see bot/ask.lua.
local core = require "zapi.core"
local line = require "zapi.bot.ask.line"
local disk = require "zapi.bot.ask.disk"
local check = require "zapi.bot.check"
local menus = require "zapi.bot.menu"
local stepping = require "zapi.bot.steps"

check.ours()

local store <const> = core.store

local Part = {}

-- Without rows of sends (data in memory) the callback itself is looked at.
function Part:take_failure(ctx)
   if self.bot.sends or not menus.is_refusal {error = ctx.event.error} then return end
   menus.remember(ctx._ev.instance)
   for _, entry in pairs(self.live) do
      local message = entry.wanted.message
      if message and message.id == ctx.id and entry.wanted.refused then
         local _ <close> = line.hands(entry)
         return entry.wanted.refused(entry.asker, entry.step)
      end
   end
end

--- A menu was used: without rows, failures come as events only.
function Part:hear_failures()
   if self.hears_failures then return end
   self.hears_failures = true
   if not self.bot.sends then self:subscribe() end
end

-- The question of an event, brought back when it is only rows; nil.
local function question_of_event(self, seq)
   local entry = self.by_seq[seq]
   if entry then return entry end
   local last
   local rows = store.scan(stepping.namespace(self.bot), stepping.key(seq, "p"), nil, 1000)
   for _, row in ipairs(rows) do last = store.unpack(row[2]) end
   local row = last and self:find(disk.current(last.place))
   if not row or row.seq ~= seq then return nil end
   if not row.gate then self:resume(row).gate:wait() end
   return self.by_seq[seq]
end

local function runs(self, seq)
   for entry in pairs(self.bot.watch.entries) do
      if entry.ctx._ev.seq == seq then return true end
   end
   return false
end

-- The row as it is told has no step.
function Part:refuse(id)
   local row = self.bot.sends and self.bot.sends:row(id)
   if not row or not row.event or not row.step:find("%.q$") then return end
   local entry = question_of_event(self, row.event)
   if not entry then
      if runs(self, row.event) then self.early[row.event] = id end -- it is about to ask
   elseif entry.wanted.refused and not entry.done and row.step == entry.step .. ".q" then
      local _ <close> = line.hands(entry)
      entry.asker.event = entry.asker.event -- it is needed, and was put aside
      entry.wanted.refused(entry.asker, entry.step)
   end
end

--- A row's call has failed later: when buttons were refused the question says what
--- follows (bot/menu.lua).
function Part:refused(row)
   if not row.event or not menus.is_refusal(row) then return end
   menus.remember(row.instance)
   core.spawn(self.refuse, self, row.id)
end

return Part
