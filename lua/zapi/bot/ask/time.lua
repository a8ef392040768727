--- Questions whose time is over, those in memory and those that are rows only. Start
--- reading at Part:sweep; see bot/ask.lua.
local core = require "zapi.core"
local line = require "zapi.bot.ask.line"
local disk = require "zapi.bot.ask.disk"
local check = require "zapi.bot.check"
local stepping = require "zapi.bot.steps"

check.ours()

local store <const> = core.store

local Part = {}

-- Who asked is told: it records that itself. Its place is held until it ends.
local function expire_live(self, entry)
   if entry.done then return end
   entry.done, entry.result = true, {why = "timeout", unrecorded = true}
   entry.ctx._busy = entry.at
   line.hold(self, entry.at)
   self.live[entry.at] = nil
   entry.gate:open()
end

-- A deadline that is only a row: what is to be written, before it is run anew.
local function expire_row(self, row, rows)
   local at = disk.current(row.place)
   local open = self:find(at)
   row.at = open and open.seq == row.seq and at or row.place
   table.move({
      stepping.answered(self.bot, row.seq, row.n, {why = "timeout"}),
      {self.due, disk.due_key(row.due, row.place), false}, disk.ready_row(self, row.seq, row),
      row.at == at and {self.open, at, false} or nil,
   }, 1, 4, #rows + 1, rows)
   line.hold(self, row.at)
end

-- Without a service (bot:handle) there are no rows.
local function sweep_live(self, now)
   local nearest
   for _, entry in pairs(self.live) do
      if entry.due <= now then
         expire_live(self, entry)
      else
         nearest = math.min(nearest or entry.due, entry.due)
      end
   end
   return nearest
end

local function run_expired(self, rows, late)
   local ok, err = store.write(rows)
   for _, row in ipairs(late) do
      if ok then
         self:resume(row)
      else
         self.busy[row.at]:open()
         self.busy[row.at] = nil
      end
   end
   if not ok then core.log("warn", "bot", "questions cannot time out: " .. tostring(err)) end
   return ok
end

-- What is due, so many at once. When to look again.
local function sweep_rows(self, now)
   local found, more = store.scan(self.due, "", nil, self.settings.at_once)
   local rows, late, nearest = {}, {}, more and now or nil
   for _, one in ipairs(found) do
      local row = store.unpack(one[2])
      local live = self.by_seq[row.seq]
      if row.due > now then
         nearest = row.due
         break
      elseif live then
         expire_live(self, live)
      elseif self.loading[row.seq] or self.n_loading + #late >= self.settings.at_once then
         nearest = now + 0.1
      else
         late[#late + 1] = row
         expire_row(self, row, rows)
      end
   end
   if late[1] and not run_expired(self, rows, late) then return now + 5 end
   return nearest
end

function Part:sweep()
   self.timer, self.timer_due = nil, nil
   local now = core.now()
   local nearest = (self.due and sweep_rows or sweep_live)(self, now)
   if nearest then self:arm(nearest) end
end

--- Looks at the deadlines at `due`, and each minute.
function Part:arm(due)
   if self.retired then return end
   if self.timer then
      if self.timer_due <= due then return end
      self.timer:cancel()
   end
   self.timer_due = due
   local seconds = math.min(math.max(due - core.now(), 0.001), self.settings.look)
   self.timer = core.after(seconds, function() self:sweep() end)
end

return Part
