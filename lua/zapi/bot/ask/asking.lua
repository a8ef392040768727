--- The side of who asks: the question leaves, its event is parked, and the handler
--- sleeps until there is an answer. Start reading at Part:ask; see bot/ask.lua.
local core = require "zapi.core"
local line = require "zapi.bot.ask.line"
local disk = require "zapi.bot.ask.disk"
local check = require "zapi.bot.check"
local ctxs = require "zapi.bot.ctx"
local keep = require "zapi.bot.keep"
local sends = require "zapi.bot.sends"
local stepping = require "zapi.bot.steps"
local units = require "zapi.bot.unit"

check.ours()

local Part = {}

-- What ctx:ask returns for a record. The answer acts for who asked.
local function given(ctx, record)
   keep.reread(ctx)
   if record.why then
      ctx._replaced = record.why == "replaced"
      return nil, record.why
   end
   local answer = ctxs.new(ctx._bot, record.ev, record.kind)
   answer._root, answer._unit, answer._handler = ctx, units.of(ctx), ctx._handler
   answer.now, answer.match, answer.value = record.now, record.match, record.value
   return answer
end

-- What is stored when a question begins to wait. One that waited for the same
-- person has ended; who asked it.
local function rows_of_park(self, entry, steps)
   local rows = {disk.open_rows(self, entry)}
   rows[#rows + 1] = steps:parked({place = entry.place, due = entry.due}, entry.due)
   rows[#rows + 1] = steps:clock(entry.due)
   if entry.ctx._ready then rows[#rows + 1] = disk.ready_row(self, entry.seq) end
   local older = self:find(entry.at)
   if older and older.seq == entry.seq then older = nil end
   if older then
      local _, due = disk.open_rows(self, older, true)
      table.move({
         due, stepping.answered(self.bot, older.seq, older.n, {why = "replaced"}),
         disk.ready_row(self, older.seq, older),
      }, 1, 3, #rows + 1, rows)
   end
   return rows, older
end

local function end_older(self, older)
   local live = self.by_seq[older.seq]
   if live then
      live.done, live.ctx._ready = true, true
      live.result = {why = "replaced"}
      live.gate:open()
   else
      self:resume(older)
   end
end

local function park(self, entry, steps)
   local ctx, older = entry.ctx, self.live[entry.at]
   keep.save(ctx)
   if disk.is_stored(self, entry.seq) then
      local rows
      rows, older = rows_of_park(self, entry, steps)
      disk.stage(self, entry.seq, rows)
      ctx._ready = nil
   end
   steps:pass()
   units.of(ctx):park()
   return older
end

-- Run anew, it has come to the question at which it was: all is stored already,
-- but for the question of a dead letter that is offered again.
local function park_again(self, entry, steps)
   local ctx, unit = entry.ctx, units.of(entry.ctx)
   keep.save(ctx)
   unit:flush()
   self.bot.service:unstage(entry.seq)
   if not self:find(entry.at) then disk.stage(self, entry.seq, {disk.open_rows(self, entry)}) end
   steps:pass()
   unit:park()
end

-- A time-out is recorded by who asked; an answer was, by who brought it.
local function record_end(self, entry)
   local result = entry.result
   if not result.unrecorded then return end
   result.unrecorded = nil
   if not disk.is_stored(self, entry.seq) then return end
   disk.stage(self, entry.seq, {
      stepping.answered(self.bot, entry.seq, entry.n, result),
      disk.ready_row(self, entry.seq, entry), disk.open_rows(self, entry, true),
   })
   entry.ctx._ready = true
   units.of(entry.ctx):park()
end

-- The next generation of the script has the question: from its rows; without
-- a disk it ends.
function Part:let_go(entry)
   if entry.done then return end
   entry.done = true
   local service, ctx = self.bot.service, entry.ctx
   if not service.durable and disk.is_stored(self, entry.seq) then
      local open, due = disk.open_rows(self, entry, true)
      disk.write {open, due, disk.ready_row(self, entry.seq)}
      self:tell_ended(ctx, "reload")
   end
   service:unload(entry.seq)
end

-- What a webhook said is the larger part of a handler that waits, and is read again
-- from its text when somebody asks for it.
local function put_aside(self, ctx)
   if not disk.is_stored(self, ctx._ev.seq) then return end
   ctx._ev.payload = nil
   rawset(ctx, "event", nil)
end

local function await(self, entry)
   local ctx = entry.ctx
   local watch, watched = self.bot.watch, ctx._entry
   self.live[entry.at], self.by_seq[entry.seq] = entry, entry
   self.any = true
   entry.since = core.hrtime()
   line.line_up(self, entry)
   if self.unloader and self.n_live > self.settings.most then line.unload_idle(self, 0, entry) end
   self:arm(entry.due)
   local _ <close> = line.waiting(entry)
   watch:forget(watched)
   line.free(self, ctx)
   put_aside(self, ctx)
   local job = self.loading[entry.seq]
   if job then self:loaded(job, "live") end
   local refused = self.early[entry.seq]
   if refused then core.spawn(self.refuse, self, refused) end
   if self.retired then core.spawn(self.let_go, self, entry) end
   entry.gate:wait()
   ctx.event = ctx._ev.payload or ctx.event -- the script may hold it for longer
   ctx._active, self.active = true, self.active + 1
   watch:resume(watched)
end

local function check_task(ctx)
   if core.current() and core.current() == ctx._task and ctx._entry then return end
   check.fail("ctx:ask works in the handler itself, of order \"chat\": not in zapi.spawn, and not "
      .. "in a handler of order \"person\" or \"none\" (a question lets its chat go on anyhow)")
end

-- The question of a handler that is run anew: at which it was.
local function asked_before(self, entry, asked)
   local job = entry.ctx._job
   entry.place, entry.due = asked.place, asked.due
   entry.at = job and job.place or asked.place
   local row = self:find(entry.at)
   entry.misses = row and row.misses or 0
end

-- What was recorded of a question by an earlier run.
local function given_before(self, ctx, steps, known)
   keep.save(ctx)
   units.of(ctx):flush()
   if disk.is_stored(self, ctx._ev.seq) then self.bot.service:unstage(ctx._ev.seq) end
   ctx._ready = true
   steps:pass()
   return given(ctx, known)
end

-- Nobody knows whether it left (the process or the network died meanwhile): it is
-- not asked twice, and the answer or the time-out will tell.
local function put_question(ctx, wanted, step)
   local ok, err = pcall(wanted.send, wanted, ctx, step)
   if ok then return end
   if not core.is_error(err, "send.unknown") then error(err, 0) end
   core.log("warn", "bot", ("[%s %s] nobody knows whether the question was sent: its answer is "
      .. "waited for"):format(ctx.kind, ctx.id or "-"))
end

--- See ctx:ask. `wanted` (bot/answer.lua) says what is sent and what is an answer.
--- Whoever was replaced is not heard again: two handlers would take turns for ever.
function Part:ask(ctx, wanted)
   local root = ctx._root or ctx
   check_task(root)
   if root._replaced then return nil, "replaced" end
   if not self.subscribed then self:subscribe() end
   local steps, step = stepping.of(root), sends.step(root, "ask")
   local n = steps.n + 1
   local known, asked = steps.answers[n], steps.parks[n]
   if known then return given_before(self, root, steps, known) end
   local entry = {
      seq = root._ev.seq, n = n, step = step, ctx = root, wanted = wanted, gate = core.gate(),
      attempt = root.attempt, asker = ctx, misses = 0,
   }
   if asked then
      asked_before(self, entry, asked)
      park_again(self, entry, steps)
   else
      entry.due = core.now() + (wanted.timeout or self.timeout)
      entry.place = disk.place_of(ctx, wanted.by)
      entry.at = entry.place
      put_question(ctx, wanted, step .. ".q")
      local older = park(self, entry, steps)
      if older then end_older(self, older) end
   end
   await(self, entry)
   record_end(self, entry)
   return given(root, entry.result)
end

return Part
