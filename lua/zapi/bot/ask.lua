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
--- Start reading at Asks:ask and Asks:take.
local core = require "zapi.core"
local check = require "zapi.bot.check"
local contact = require "zapi.bot.contact"
local ctxs = require "zapi.bot.ctx"
local events = require "zapi.events"
local keep = require "zapi.bot.keep"
local menus = require "zapi.bot.menu"
local outcome = require "zapi.bot.outcome"
local sends = require "zapi.bot.sends"
local stepping = require "zapi.bot.steps"
local units = require "zapi.bot.unit"
local want = require "zapi.bot.answer"

check.ours()

local store <const> = core.store

local M = {}
local Asks = {}
Asks.__index = Asks

--- Seconds that a question waits for its answer, and that its handler is kept in
--- memory meanwhile.
M.timeout, M.unload = 86400, 600
--- So many wait in memory at most: whoever waited longest is only rows then.
M.most = 1000
--- The clock may be set: deadlines are looked at so often at least.
M.look = 60

-- ---- places and rows ----

local function order_of(ctx)
   local order = ctx._ev.order
   order = order and order ~= "" and order or ctx.chat
   local clients = ctx._bot.clients
   if clients and #clients > 1 then order = ("%s\2%s"):format(order, ctx._ev.instance) end
   return order
end

local function place_of(ctx, by)
   local order = order_of(ctx)
   if not ctx.is_group or by == "chat" then return order end
   if not ctx.from then
      check.fail("nobody is known who could be asked (by = \"chat\" asks everybody)")
   end
   return ("%s\1%s"):format(order, ctx.from.key)
end

local function due_key(due, place)
   return ("%016x%s"):format(math.max(0, due * 1000 // 1 | 0), place)
end

local function ready_key(seq)
   return ("%016x"):format(seq)
end

local function pack(entry)
   return store.pack {
      seq = entry.seq, n = entry.n, due = entry.due, attempt = entry.attempt,
      place = entry.place, misses = entry.misses,
   }
end

-- The rows that an open question is, or (gone) those that take it away.
local function open_rows(self, entry, gone)
   local row = not gone and pack(entry)
   return {self.open, entry.at or entry.place, row},
      {self.due, due_key(entry.due, entry.place), row}
end

local function ready_row(self, seq, row)
   return {self.ready, ready_key(seq), row and pack(row) or false,
      row and core.now() + stepping.keep}
end

local function stage(self, seq, rows)
   for _, row in ipairs(rows) do
      store.stage(self.bot.service, seq, row[1], row[2], row[3] or nil, row[4] or nil)
   end
end

local function write(rows)
   local ok, err = store.write(rows)
   if not ok then error(err, 0) end
end

local function is_stored(self, seq)
   return self.bot.service ~= nil and seq ~= 0
end

-- ---- waiting in somebody's task ----

-- The time is nobody's who works for ctx.
local function wait(self, ctx, gate)
   local _ <close> = self.bot.watch:pause(ctx._root or ctx)
   gate:wait()
end

-- Whoever waited for the handler of ctx to end or to ask again goes on.
local function free(self, ctx)
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
local function hold(self, place)
   local gate = self.busy[place] or core.gate()
   self.busy[place] = gate
   return gate
end

-- ---- the side of who asks ----

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
   local rows = {open_rows(self, entry)}
   rows[#rows + 1] = steps:parked({place = entry.place, due = entry.due}, entry.due)
   rows[#rows + 1] = steps:clock(entry.due)
   if entry.ctx._ready then rows[#rows + 1] = ready_row(self, entry.seq) end
   local older = self:find(entry.at)
   if older and older.seq == entry.seq then older = nil end
   if older then
      local _, due = open_rows(self, older, true)
      table.move({
         due, stepping.answered(self.bot, older.seq, older.n, {why = "replaced"}),
         ready_row(self, older.seq, older),
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
   if is_stored(self, entry.seq) then
      local rows
      rows, older = rows_of_park(self, entry, steps)
      stage(self, entry.seq, rows)
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
   if not self:find(entry.at) then stage(self, entry.seq, {open_rows(self, entry)}) end
   steps:pass()
   unit:park()
end

-- Who waits in memory, as a list from the oldest to the newest.
local function line_up(self, entry)
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
local function unload_idle(self, before, but)
   local entry = self.oldest
   while entry and entry ~= but and (entry.since <= before or self.n_live > M.most) do
      local newer = entry.newer
      if not entry.done and (entry.hands or 0) == 0 then self.bot.service:unload(entry.seq) end
      entry = newer
   end
end

local Waiting = {}

function Waiting:__close()
   local asks, entry = self.asks, self.entry
   leave_line(asks, entry)
   if asks.live[entry.at] == entry then asks.live[entry.at] = nil end
   if asks.by_seq[entry.seq] == entry then asks.by_seq[entry.seq] = nil end
end

local refuse, tell_ended

-- A time-out is recorded by who asked; an answer was, by who brought it.
local function record_end(self, entry)
   local result = entry.result
   if not result.unrecorded then return end
   result.unrecorded = nil
   if not is_stored(self, entry.seq) then return end
   stage(self, entry.seq, {
      stepping.answered(self.bot, entry.seq, entry.n, result),
      ready_row(self, entry.seq, entry), open_rows(self, entry, true),
   })
   entry.ctx._ready = true
   units.of(entry.ctx):park()
end

-- The next generation of the script has the question: from its rows; without
-- a disk it ends.
local function let_go(self, entry)
   if entry.done then return end
   entry.done = true
   local service, ctx = self.bot.service, entry.ctx
   if not service.durable and is_stored(self, entry.seq) then
      local open, due = open_rows(self, entry, true)
      write {open, due, ready_row(self, entry.seq)}
      tell_ended(self, ctx, "reload")
   end
   service:unload(entry.seq)
end

local function await(self, entry)
   local watch, watched = self.bot.watch, entry.ctx._entry
   self.live[entry.at], self.by_seq[entry.seq] = entry, entry
   self.any = true
   entry.since = core.hrtime()
   line_up(self, entry)
   if self.unloader and self.n_live > M.most then unload_idle(self, 0, entry) end
   self:arm(entry.due)
   local waiting <close> = setmetatable({asks = self, entry = entry}, Waiting) -- luacheck: ignore
   watch:forget(watched)
   free(self, entry.ctx)
   local job = self.loading[entry.seq]
   if job then self:loaded(job, "live") end
   local refused = self.early[entry.seq]
   if refused then core.spawn(refuse, self, refused) end
   if self.retired then core.spawn(let_go, self, entry) end
   entry.gate:wait()
   entry.ctx._active, self.active = true, self.active + 1
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
   if is_stored(self, ctx._ev.seq) then self.bot.service:unstage(ctx._ev.seq) end
   ctx._ready = true
   steps:pass()
   return given(ctx, known)
end

-- Nobody knows whether it left (the process or the network died meanwhile): it is
-- not asked twice, and the answer or the time-out will tell.
local function put_question(ctx, wanted, step)
   local ok, err = pcall(wanted.send, ctx, step)
   if ok then return end
   if not core.is_error(err, "send.unknown") then error(err, 0) end
   core.log("warn", "bot", ("[%s %s] nobody knows whether the question was sent: its answer is "
      .. "waited for"):format(ctx.kind, ctx.id or "-"))
end

--- See ctx:ask. `wanted` (bot/answer.lua) says what is sent and what is an answer.
--- Whoever was replaced is not heard again: two handlers would take turns for ever.
function Asks:ask(ctx, wanted)
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
      entry.place, entry.due = place_of(ctx, wanted.by), core.now() + wanted.timeout
      entry.at = entry.place
      put_question(ctx, wanted, step .. ".q")
      local older = park(self, entry, steps)
      if older then end_older(self, older) end
   end
   await(self, entry)
   record_end(self, entry)
   return given(root, entry.result)
end

-- ---- the side of who answers ----

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
function Asks:find(place)
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
   wait(self, ctx, job.gate)
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
   hold(self, entry.at)
   if not is_stored(self, seq) then return end
   local pause <close> = self.bot.watch:pause(ctx) -- luacheck: ignore 211
   local _ <close> = setmetatable({}, {__close = function(_, err)
      if err == nil or not entry.done or entry.result then return end
      entry.done = nil
      self.live[entry.at] = entry
      free(self, entry.ctx)
   end})
   keep.save(ctx)
   if ctx._unit then ctx._unit:flush() end
   local open, due = open_rows(self, entry, true)
   stage(self, seq, {open, due, answered, ready_row(self, entry.seq, entry)})
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
   wait(self, ctx, turn)
end

-- It was no answer. One that comes again, as it could not be told so, counts once.
local function miss(self, ctx, entry)
   local wanted, seq = entry.wanted, ctx._ev.seq
   if seq == 0 or entry.missed ~= seq then entry.misses = entry.misses + 1 end
   entry.missed = seq
   if wanted.tries and entry.misses >= wanted.tries then
      return give(self, ctx, entry, {why = "tries"})
   end
   if is_stored(self, ctx._ev.seq) and is_stored(self, entry.seq) then
      stage(self, ctx._ev.seq, {open_rows(self, entry)})
   end
   wanted.again(ctx)
end

local Hands = {}

function Hands:__close() self.entry.hands = self.entry.hands - 1 end

-- The question stays in memory until this is closed.
local function hands(entry)
   entry.hands = (entry.hands or 0) + 1
   return setmetatable({entry = entry}, Hands)
end

-- The message is looked at; nil: the question has ended meanwhile.
local function offer(self, ctx, entry)
   local _ <close> = hands(entry)
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
   local line = ctx._command
   return line and ctx._bot.commands:knows(line)
end

-- May this event answer it at all? Not the one whose handler asks, nor older ones.
local function may_answer(ctx, question)
   local seq = ctx._ev.seq
   return seq == 0 or seq > question.seq
end

-- A handler in memory does not know that its person was forgotten, and its rows with
-- them: it ends here.
local function is_gone(self, entry)
   if not is_stored(self, entry.seq) then return false end
   if entry.done or store.get(self.due, due_key(entry.due, entry.place)) then return false end
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
      while self.busy[place] do wait(self, ctx, self.busy[place]) end
      local entry, again = question_of(self, ctx, place)
      if not entry and not again then return false end
      if entry and not entry.done and offer(self, ctx, entry) then return true end
   end -- it has ended by itself meanwhile: this comes after what follows from that
end

-- What the open question of its private chat wants to hear, if this may be it.
local function wanted_of(self, ctx)
   local found = self.any and self:find(order_of(ctx))
   if not found or not may_answer(ctx, found) then return nil end
   local entry = found.gate and found or load(self, ctx, found)
   return entry and entry.wanted
end

--- Is this message how the open question of its private chat is left?
function Asks:escapes(ctx)
   local wanted = wanted_of(self, ctx)
   local escape = wanted and wanted.escape
   return escape and escape(ctx) ~= nil or false
end

--- Does this message choose from the open menu of its private chat?
function Asks:chooses(ctx)
   local wanted = wanted_of(self, ctx)
   return wanted ~= nil and wanted.refused ~= nil and want.judge(wanted, ctx) == "ok"
end

--- Of dispatch, behind the middleware: is this event an answer? Then it is
--- handled when this returns true.
function Asks:take(ctx)
   if ctx.kind == "message.failed" and self.hears_failures then self:take_failure(ctx) end
   if ctx.from_me or not ctx.chat or not events.is(ctx.kind, "message") then return false end
   local steps = ctx._steps
   if steps and steps.total > 0 then return false end -- it has asked itself
   local order = order_of(ctx)
   if ctx.is_group and ctx.from
      and answer(self, ctx, ("%s\1%s"):format(order, ctx.from.key)) then
      return true
   end
   return answer(self, ctx, order)
end

-- ---- running anew ----

function Asks:loaded(job, how)
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
   write {{self.open, job.place, false}, {self.due, job.due_key, false},
      ready_row(self, job.seq)}
   drop(self, job, "lost")
end

--- The generation before this one has ended what was to be run anew here.
function Asks:ended_elsewhere(seq)
   local job = self.loading[seq]
   if job then drop(self, job, "done") end
end

--- Runs the handler that asked anew, up to its question (or its recorded answer).
---@param row table of a question
function Asks:resume(row)
   local job = self.loading[row.seq]
   if job then return job end
   job = {
      gate = core.gate(), seq = row.seq, place = row.at or row.place,
      due_key = due_key(row.due, row.place),
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
function Asks:begin(ctx)
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
   tell_ended(self, ctx, "changed")
end

function tell_ended(self, ctx, reason)
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
   local rows = {ready_row(self, steps.seq), {self.due, due_key(last.due, last.place), false}}
   local question = self:find(at)
   if question and question.seq == steps.seq then rows[3] = {self.open, at, false} end
   return rows
end

-- Its script has changed: its question is nobody's any more.
local function ended_changed(self, ctx)
   local steps = ctx._steps
   outcome.note(ctx, "drop")
   write(rows_of_end(self, ctx, steps))
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
      rows = {ready_row(self, steps.seq)}
   end
   if rows then core.spawn(function() store.write(rows) end) end
end

--- Of dispatch: all handlers of an event have ended; before it is told how.
function Asks:ended(ctx)
   local steps, word = ctx._steps, ctx._word
   self.early[steps.seq] = nil
   if not is_stored(self, steps.seq) then return end
   if ctx._strict and (not word or word == "drop") then
      ended_changed(self, ctx)
      word = "changed"
   elseif word then
      ended_badly(self, ctx, word)
   elseif steps.kept then
      store.stage_prefix_delete(self.bot.service, steps.seq, steps.ns, stepping.key(steps.seq, ""))
      if ctx._ready then stage(self, steps.seq, {ready_row(self, steps.seq)}) end
   end
   local job = self.loading[steps.seq]
   if job then self:loaded(job, word or "done") end
   free(self, ctx)
end

--- A handler is over, however it ended.
function Asks:over(ctx)
   free(self, ctx)
end

-- ---- time ----

--- Handlers that are run anew at once because their time is over.
M.at_once = 64

-- Who asked is told: it records that itself. Its place is held until it ends.
local function expire_live(self, entry)
   if entry.done then return end
   entry.done, entry.result = true, {why = "timeout", unrecorded = true}
   entry.ctx._busy = entry.at
   hold(self, entry.at)
   self.live[entry.at] = nil
   entry.gate:open()
end

-- Where a question lies now whose person has another key since.
local function current(place)
   local who, rest = place:match("^([^\1\2]*)(.*)$")
   local known = rest == "" and contact.new(who)
   return known and known.key or place
end

-- A deadline that is only a row: what is to be written, before it is run anew.
local function expire_row(self, row, rows)
   local at = current(row.place)
   local open = self:find(at)
   row.at = open and open.seq == row.seq and at or row.place
   table.move({
      stepping.answered(self.bot, row.seq, row.n, {why = "timeout"}),
      {self.due, due_key(row.due, row.place), false}, ready_row(self, row.seq, row),
      row.at == at and {self.open, at, false} or nil,
   }, 1, 4, #rows + 1, rows)
   hold(self, row.at)
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
   local found, more = store.scan(self.due, "", nil, M.at_once)
   local rows, late, nearest = {}, {}, more and now or nil
   for _, one in ipairs(found) do
      local row = store.unpack(one[2])
      local live = self.by_seq[row.seq]
      if row.due > now then
         nearest = row.due
         break
      elseif live then
         expire_live(self, live)
      elseif self.loading[row.seq] or self.n_loading + #late >= M.at_once then
         nearest = now + 0.1
      else
         late[#late + 1] = row
         expire_row(self, row, rows)
      end
   end
   if late[1] and not run_expired(self, rows, late) then return now + 5 end
   return nearest
end

function Asks:sweep()
   self.timer, self.timer_due = nil, nil
   local now = core.now()
   local nearest = (self.due and sweep_rows or sweep_live)(self, now)
   if nearest then self:arm(nearest) end
end

--- Looks at the deadlines at `due`, and each minute.
function Asks:arm(due)
   if self.retired then return end
   if self.timer then
      if self.timer_due <= due then return end
      self.timer:cancel()
   end
   self.timer_due = due
   local seconds = math.min(math.max(due - core.now(), 0.001), M.look)
   self.timer = core.after(seconds, function() self:sweep() end)
end

-- ---- life ----

--- Answers are messages, whatever else the bot listens to.
function Asks:subscribe()
   self.subscribed = true
   local bot = self.bot
   if bot.service then bot.service:subscribe(require("zapi.bot.service").kinds(bot)) end
end

-- Without rows of sends (data in memory) the callback itself is looked at.
function Asks:take_failure(ctx)
   if self.bot.sends or not menus.is_refusal {error = ctx.event.error} then return end
   menus.remember(ctx._ev.instance)
   for _, entry in pairs(self.live) do
      local message = entry.wanted.message
      if message and message.id == ctx.id and entry.wanted.refused then
         local _ <close> = hands(entry)
         return entry.wanted.refused(entry.asker, entry.step)
      end
   end
end

--- A menu was used: without rows, failures come as events only.
function Asks:hear_failures()
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
   local row = last and self:find(current(last.place))
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
function refuse(self, id)
   local row = self.bot.sends and self.bot.sends:row(id)
   if not row or not row.event or not row.step:find("%.q$") then return end
   local entry = question_of_event(self, row.event)
   if not entry then
      if runs(self, row.event) then self.early[row.event] = id end -- it is about to ask
   elseif entry.wanted.refused and not entry.done and row.step == entry.step .. ".q" then
      local _ <close> = hands(entry)
      entry.wanted.refused(entry.asker, entry.step)
   end
end

--- A row's call has failed later: when buttons were refused the question says what
--- follows (bot/menu.lua).
function Asks:refused(row)
   if not row.event or not menus.is_refusal(row) then return end
   menus.remember(row.instance)
   core.spawn(refuse, self, row.id)
end

-- What an ended process had answered and not finished.
local function take_up(self)
   local after
   repeat
      local rows, more = store.scan(self.ready, "", after, 100)
      for _, found in ipairs(rows) do
         after = found[1]
         local row = store.unpack(found[2])
         row.at = current(row.place)
         hold(self, row.at)
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
         unload_idle(self, core.hrtime() - unload)
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
      core.spawn(let_go, self, entry)
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
      bot = bot, live = {}, by_seq = {}, busy = {}, loading = {}, n_loading = 0,
      early = {}, active = 0, n_live = 0, any = false,
      timeout = M.timeout, unload = unload,
   }, Asks)
end

return M
