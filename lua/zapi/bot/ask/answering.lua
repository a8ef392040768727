--- The side of who answers: is this message an answer, and to which question? Start
--- reading at Part:take; see bot/ask.lua.
local core = require "zapi.core"
local line = require "zapi.bot.ask.line"
local disk = require "zapi.bot.ask.disk"
local check = require "zapi.bot.check"
local events = require "zapi.events"
local keep = require "zapi.bot.keep"
local stepping = require "zapi.bot.steps"
local want = require "zapi.bot.answer"

check.ours()

local store <const> = core.store

local Part = {}

-- A question that waits here under another place than its row says.
local function moved(self, row, place)
   local entry = self.by_seq[row.seq]
   row.at = place
   if not entry or entry.done then return row end
   self.live[entry.at], self.live[place] = nil, entry
   entry.at = place
   return entry
end

--- The open question of a place: live, or its row; nil.
function Part:find(place)
   local entry = self.live[place]
   if entry then return entry end
   if not self.open then return nil end
   local packed = store.get(self.open, place)
   local row = packed and store.unpack(packed)
   if row and row.place ~= place then return moved(self, row, place) end
   return row
end

-- Who was asked is to be run up to its question: waits for it. A live entry; nil
-- when there is none any more; nil, true: it is to be looked for again.
local function load(self, ctx, row)
   local job = self:resume(row)
   line.wait(self, ctx, job.gate)
   if job.how == "retry" then
      error(core.error {
         kind = "store.unavailable",
         message = "the handler that asked could not be brought back: it is tried again",
      }, 0)
   end
   local entry = self.live[job.place]
   return entry, not entry and job.how == "live"
end

local envelope <const> = {
   "seq", "received_at", "id", "kind", "chat", "author", "order", "instance", "type", "from_me",
   "from_api", "is_group", "payload",
}

local function record_of(ctx, value, captures)
   local ev = {}
   for _, name in ipairs(envelope) do ev[name] = ctx._ev[name] end
   return {ev = ev, kind = ctx.kind, now = ctx.now, value = value, match = captures}
end

-- In one transaction: this event is done, and the answer is recorded.
local function consume(self, ctx, entry, record)
   local seq = ctx._ev.seq
   local answered = stepping.answered(self.bot, entry.seq, entry.n, record)
   entry.done, entry.ctx._busy = true, entry.at
   self.live[entry.at] = nil
   line.hold(self, entry.at)
   if not disk.is_stored(self, seq) then return end
   local pause <close> = self.bot.watch:pause(ctx) -- luacheck: ignore 211
   local _ <close> = setmetatable({}, {__close = function(_, err)
      if err == nil or not entry.done or entry.result then return end
      entry.done = nil
      self.live[entry.at] = entry
      line.free(self, entry.ctx)
   end})
   keep.save(ctx)
   if ctx._unit then ctx._unit:flush() end
   local open, due = disk.open_rows(self, entry, true)
   disk.stage(self, seq, {open, due, answered, disk.ready_row(self, entry.seq, entry)})
   local ok, err = self.bot.service:consume(seq)
   if not ok then error(err, 0) end
   ctx._consumed, entry.ctx._ready = true, true
end

local function give(self, ctx, entry, record)
   consume(self, ctx, entry, record)
   entry.result = record
   local turn = core.gate()
   entry.ctx._turn = turn
   entry.gate:open()
   line.wait(self, ctx, turn)
end

-- It was no answer. One that comes again, as it could not be told so, counts once.
local function miss(self, ctx, entry)
   local wanted, seq = entry.wanted, ctx._ev.seq
   if seq == 0 or entry.missed ~= seq then entry.misses = entry.misses + 1 end
   entry.missed = seq
   if wanted.tries and entry.misses >= wanted.tries then
      return give(self, ctx, entry, {why = "tries"})
   end
   if disk.is_stored(self, ctx._ev.seq) and disk.is_stored(self, entry.seq) then
      disk.stage(self, ctx._ev.seq, {disk.open_rows(self, entry)})
   end
   wanted:again(ctx)
end

-- The message is looked at; nil: the question has ended meanwhile.
local function offer(self, ctx, entry)
   local _ <close> = line.hands(entry)
   local what, value, captures = want.judge(entry.wanted, ctx)
   if entry.done then return nil end
   if what == "again" then
      miss(self, ctx, entry)
   elseif what == "escaped" then
      give(self, ctx, entry, {why = "escaped"})
   else
      give(self, ctx, entry, record_of(ctx, value, captures))
   end
   return true
end

local function is_command(ctx)
   local command = ctx._command
   return command and ctx._bot.commands:knows(command)
end

-- May this event answer it at all? Not the one whose handler asks, nor older ones.
local function may_answer(ctx, question)
   local seq = ctx._ev.seq
   return seq == 0 or seq > question.seq
end

-- A handler in memory does not know that its person was forgotten, and its rows with
-- them: it ends here.
local function is_gone(self, entry)
   if not disk.is_stored(self, entry.seq) then return false end
   if entry.done or store.get(self.due, disk.due_key(entry.due, entry.place)) then return false end
   entry.done, self.live[entry.at] = true, nil
   self.bot.service:unload(entry.seq)
   return true
end

-- The open question of a place that this event may answer, brought back; nil; nil,
-- true: to be looked for again.
local function question_of(self, ctx, place)
   local found, again = self:find(place), nil
   if not found or not may_answer(ctx, found) then return nil end
   if found.gate and is_gone(self, found) then return nil end
   local entry = found
   if not found.gate then entry, again = load(self, ctx, found) end
   if entry and entry.wanted.commands ~= "answer" and is_command(ctx) then return nil end
   return entry, again
end

-- The question is answered, or the event goes to the handlers: false.
local function answer(self, ctx, place)
   while true do
      while self.busy[place] do line.wait(self, ctx, self.busy[place]) end
      local entry, again = question_of(self, ctx, place)
      if not entry and not again then return false end
      if entry and not entry.done and offer(self, ctx, entry) then return true end
   end -- it has ended by itself meanwhile: this comes after what follows from that
end

-- What the open question of its private chat wants to hear, if this may be it.
local function wanted_of(self, ctx)
   local found = self.any and self:find(disk.order_of(ctx))
   if not found or not may_answer(ctx, found) then return nil end
   local entry = found.gate and found or load(self, ctx, found)
   return entry and entry.wanted
end

--- Is a question open in its private chat that this message may answer?
function Part:is_open(ctx) return wanted_of(self, ctx) ~= nil end

--- Is this message how the open question of its private chat is left?
function Part:escapes(ctx)
   local wanted = wanted_of(self, ctx)
   local escape = wanted and wanted.escape
   return escape and escape(ctx) ~= nil or false
end

--- Does this message choose from the open menu of its private chat?
function Part:chooses(ctx)
   local wanted = wanted_of(self, ctx)
   return wanted ~= nil and wanted.refused ~= nil and want.judge(wanted, ctx) == "ok"
end

--- Of dispatch, behind the middleware: is this event an answer? Then it is
--- handled when this returns true.
function Part:take(ctx)
   if ctx.kind == "message.failed" and self.hears_failures then self:take_failure(ctx) end
   if ctx.from_me or not ctx.chat or not events.is(ctx.kind, "message") then return false end
   local steps = ctx._steps
   if steps and steps.total > 0 then return false end -- it has asked itself
   local order = disk.order_of(ctx)
   if ctx.is_group and ctx.from
      and answer(self, ctx, ("%s\1%s"):format(order, ctx.from.key)) then
      return true
   end
   return answer(self, ctx, order)
end

return Part
