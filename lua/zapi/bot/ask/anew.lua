--- Handlers that asked are run anew, up to their question, and how they end. Start
--- reading at Part:resume; see bot/ask.lua.
local core = require "zapi.core"
local line = require "zapi.bot.ask.line"
local disk = require "zapi.bot.ask.disk"
local check = require "zapi.bot.check"
local outcome = require "zapi.bot.outcome"
local stepping = require "zapi.bot.steps"

check.ours()

local store <const> = core.store

local Part = {}

function Part:loaded(job, how)
   if self.loading[job.seq] == job then
      self.loading[job.seq] = nil
      self.n_loading = self.n_loading - 1
   end
   if job.guard then job.guard:cancel() end
   job.how = how
   job.gate:open()
end

local function drop(self, job, how)
   if self.busy[job.place] then
      self.busy[job.place]:open()
      self.busy[job.place] = nil
   end
   self:loaded(job, how)
end

-- The event of a question is not there any more (a person was forgotten).
local function lost(self, job)
   disk.write {{self.open, job.place, false}, {self.due, job.due_key, false},
      disk.ready_row(self, job.seq)}
   drop(self, job, "lost")
end

--- The generation before this one has ended what was to be run anew here.
function Part:ended_elsewhere(seq)
   local job = self.loading[seq]
   if job then drop(self, job, "done") end
end

--- Runs the handler that asked anew, up to its question (or its recorded answer).
---@param row table of a question
function Part:resume(row)
   local job = self.loading[row.seq]
   if job then return job end
   job = {
      gate = core.gate(), seq = row.seq, place = row.at or row.place,
      due_key = disk.due_key(row.due, row.place),
   }
   if self.retired then -- it runs in the next generation
      self.bot.service:unpark(row.seq, math.max(0, (row.attempt or 1) - 1))
      self:loaded(job, "retry")
      return job
   end
   self.loading[row.seq], self.n_loading = job, self.n_loading + 1
   job.guard = core.after(self.bot.timeout + 30, function()
      if self.loading[job.seq] == job and not job.ctx then lost(self, job) end
   end)
   self.bot.service:unpark(row.seq, math.max(0, (row.attempt or 1) - 1))
   return job
end

--- Of dispatch: an event that may have been run before begins.
function Part:begin(ctx)
   local job = self.loading[ctx._ev.seq]
   stepping.of(ctx)
   ctx._job = job
   if not job then return end
   job.ctx = ctx
   if self.busy[job.place] then ctx._busy = job.place end
end

local function tell_changed(self, ctx)
   core.log("warn", "bot", ("[%s %s] the handler that had asked took another path when it was run "
      .. "again: its question has ended"):format(ctx.kind, ctx.id or "-"))
   self:tell_ended(ctx, "changed")
end

function Part:tell_ended(ctx, reason)
   local bot = self.bot
   if not bot:_wants("conversation.ended") then return end
   bot.service:emit {
      kind = "conversation.ended", chat = ctx.chat, instance = ctx._ev.instance,
      key = ("conversation.ended:%d"):format(ctx._ev.seq),
      payload = core.json_encode {reason = reason, messageId = ctx.id, phone = ctx.chat},
   }
end

-- The rows that go with a question that was not reached again.
local function rows_of_end(self, ctx, steps)
   local last, job = steps.parks[steps.total], ctx._job
   local at = job and job.place or last.place
   local due = {self.due, disk.due_key(last.due, last.place), false}
   local rows = {disk.ready_row(self, steps.seq), due}
   local question = self:find(at)
   if question and question.seq == steps.seq then rows[3] = {self.open, at, false} end
   return rows
end

-- Its script has changed: its question is nobody's any more.
local function ended_changed(self, ctx)
   local steps = ctx._steps
   outcome.note(ctx, "drop")
   disk.write(rows_of_end(self, ctx, steps))
   tell_changed(self, ctx)
end

-- A bad end: the inbox knows of it, so the rows by which it would be run anew go,
-- after that end is on disk. A dead one's question is nobody's; when it is offered
-- again it asks again (park_again).
local function ended_badly(self, ctx, word)
   local steps = ctx._steps
   local rows
   if word == "dead" and ctx._strict then
      rows = rows_of_end(self, ctx, steps)
   elseif ctx._ready then
      rows = {disk.ready_row(self, steps.seq)}
   end
   if rows then core.spawn(function() store.write(rows) end) end
end

--- Of dispatch: all handlers of an event have ended; before it is told how.
function Part:ended(ctx)
   local steps, word = ctx._steps, ctx._word
   self.early[steps.seq] = nil
   if not disk.is_stored(self, steps.seq) then return end
   if ctx._strict and (not word or word == "drop") then
      ended_changed(self, ctx)
      word = "changed"
   elseif word then
      ended_badly(self, ctx, word)
   elseif steps.kept then
      store.stage_prefix_delete(self.bot.service, steps.seq, steps.ns, stepping.key(steps.seq, ""))
      if ctx._ready then disk.stage(self, steps.seq, {disk.ready_row(self, steps.seq)}) end
   end
   local job = self.loading[steps.seq]
   if job then self:loaded(job, word or "done") end
   line.free(self, ctx)
end

--- A handler is over, however it ended.
function Part:over(ctx)
   line.free(self, ctx)
end

return Part
