--- Who waits for an answer in memory, from the oldest to the newest, and who waits
--- for whom: see bot/ask.lua.
local core = require "zapi.core"

local M = {}

-- The time is nobody's who works for ctx.
function M.wait(self, ctx, gate)
   local _ <close> = self.bot.watch:pause(ctx._root or ctx)
   gate:wait()
end

-- Whoever waited for the handler of ctx to end or to ask again goes on.
function M.free(self, ctx)
   local turn, place = ctx._turn, ctx._busy
   ctx._turn, ctx._busy = nil, nil
   if ctx._active then
      ctx._active = nil
      self.active = self.active - 1
   end
   if turn then turn:open() end
   if place and self.busy[place] then
      self.busy[place]:open()
      self.busy[place] = nil
   end
end

-- Messages from this place wait until the handler ends or asks again.
function M.hold(self, place)
   local gate = self.busy[place] or core.gate()
   self.busy[place] = gate
   return gate
end

-- Who waits in memory, as a list from the oldest to the newest.
function M.line_up(self, entry)
   local newest = self.newest
   entry.older, self.newest = newest, entry
   if newest then newest.newer = entry else self.oldest = entry end
   self.n_live = self.n_live + 1
end

local function leave_line(self, entry)
   local older, newer = entry.older, entry.newer
   if older then older.newer = newer else self.oldest = newer end
   if newer then newer.older = older else self.newest = older end
   entry.older, entry.newer = nil, nil
   self.n_live = self.n_live - 1
end

-- What has waited since before `before`, or is one too many, is rows only; `but` is
-- the running task's.
function M.unload_idle(self, before, but)
   local entry = self.oldest
   while entry and entry ~= but and (entry.since <= before or self.n_live > self.settings.most) do
      local newer = entry.newer
      if not entry.done and (entry.hands or 0) == 0 then self.bot.service:unload(entry.seq) end
      entry = newer
   end
end

local Waiting = {}

function Waiting:__close()
   local asks = self.ctx._bot.asks
   leave_line(asks, self)
   if asks.live[self.at] == self then asks.live[self.at] = nil end
   if asks.by_seq[self.seq] == self then asks.by_seq[self.seq] = nil end
end

local Hands = {}

function Hands:__close() self.entry.hands = self.entry.hands - 1 end

-- The question stays in memory until this is closed.
function M.hands(entry)
   entry.hands = (entry.hands or 0) + 1
   return setmetatable({entry = entry}, Hands)
end

--- While a handler waits: `local _ <close> = line.waiting(entry)`.
function M.waiting(entry)
   return setmetatable(entry, Waiting)
end

return M
