--- The sending side of the outbox: claims rows that are due and sends them, a
--- few at a time, one per person. A row that must wait (pace, a guard of the
--- script's, no connection) goes back to the queue: what is marked as sending
--- when the process ends counts as unknown. Start reading at Worker:run.
local core = require "zapi.core"

local M = {}
local Worker = {}
Worker.__index = Worker

--- Messages on their way at once.
M.most = 8
--- Seconds after an answer until what it held up is looked at.
M.soon = 0.1
--- Seconds until a row is tried again whose guard or client is missing.
M.retry = 60
--- Seconds after the first failure that may pass; doubled each time up to 300.
M.pause = 5
--- Seconds that a message without an end (expires) is tried for.
M.patience = 86400

--- `decode(args)` opens the parameters of a row.
function M.new(sends, decode)
   return setmetatable({
      sends = sends, bot = sends.bot, service = sends.service, decode = decode, busy = 0,
   }, Worker)
end

-- ---- one message ----

local function back(self, row, seconds)
   self.sends:requeue(row.id, seconds, math.max(row.tries or 1, 1))
end

local reports <const> = {failed = "message.failed", unknown = "message.unknown"}

local function give_up(self, row, state, kind, text)
   local ended = {id = row.id, state = state, error_kind = kind, error = text}
   self.sends:finish(ended)
   self.sends:remember(ended)
   row.state, row.error_kind, row.error = state, kind, text
   if reports[state] then self.sends:report(reports[state], row) end
end

-- A failure that may pass: again, later and later, until its end.
local function again(self, row, err)
   local now = core.now()
   local tries = math.max(row.tries or 1, 1)
   local wait = math.max(math.min(M.pause * 2 ^ (tries - 1), 300), err.retry_after or 0)
   if now + wait > (row.expires or row.created + M.patience) then
      return give_up(self, row, "failed", err.kind, err.message)
   end
   self.sends:requeue(row.id, wait, tries)
end

-- The script's say in it: true when the message may leave.
local function guarded(self, row, params, name)
   local fn = self.bot.guards[name]
   if not fn then
      self.bot:warn_once("guard " .. name, ("messages wait for the guard '%s', which this "
         .. "script does not register: bot:guard(\"%s\", fn)"):format(name, name))
      return back(self, row, M.retry)
   end
   local ok, answer, why = xpcall(fn, debug.traceback, {
      id = row.id, key = row.key, endpoint = row.endpoint, recipient = row.recipient,
      lane = row.lane or "", params = params, created = row.created,
   })
   if not ok then
      core.log("error", "bot", ("the guard '%s' failed, so the message %d was not sent: %s")
         :format(name, row.id, answer))
      return give_up(self, row, "failed", "client.error", "its guard failed")
   end
   if answer == true then return true end
   if type(answer) == "number" then return back(self, row, math.max(answer, 0)) end
   give_up(self, row, "cancelled", "send.cancelled",
      why and tostring(why) or ("the guard '%s' said no"):format(name))
end

-- No campaign reaches who has said SAIR: zapi.kit.optout.
local function held_back(self, row)
   local ledger = self.bot.ledger
   if row.reply or not ledger or not ledger:stops(row.lane, row.recipient) then return false end
   core.log("info", "bot", ("message %d is not sent: %s has opted out (kit.optout)")
      :format(row.id, row.recipient))
   give_up(self, row, "cancelled", "send.cancelled", ledger.why)
   return true
end

local function call(self, row, client, params)
   local ok, reply, err = pcall(client.call, client, row.endpoint, params)
   if not ok then return give_up(self, row, "failed", "client.invalid_params", tostring(reply)) end
   if reply then
      local id = self.sends:accepted(row.id, reply)
      return self.sends:remember {id = row.id, state = "accepted", message_id = id}
   end
   if self.sends:is_disconnected(err, client) then return back(self, row, 0) end
   if err.retryable and err.outcome ~= "unknown" then return again(self, row, err) end
   local unknown = err.kind == "send.unknown" or err.outcome == "unknown"
   give_up(self, row, unknown and "unknown" or "failed",
      unknown and "send.unknown" or err.kind, err.message)
end

local function deliver(self, row)
   local sends, instance = self.sends, row.instance or ""
   local client = self.bot:client_of(instance)
   if not client then
      self.bot:warn_once("client " .. instance, ("messages wait: no client for the instance %s")
         :format(instance))
      return back(self, row, M.retry)
   end
   if sends.link:is_down(client.instance) then return back(self, row, M.pause) end
   if held_back(self, row) then return end
   local params, guard = self.decode(row.args)
   if not params then return give_up(self, row, "failed", guard.kind, guard.message) end
   if guard and not guarded(self, row, params, guard) then return end
   local wait = sends:pace(client.instance, row.recipient, row.reply or false)
   if wait > 0 then return back(self, row, wait) end
   call(self, row, client, params)
end

-- ---- the loop ----

-- A delivery under way. Cancelled by the end of the state, it leaves its row as
-- it is: sending, hence unknown.
local Run = {}

function Run:__close()
   local worker = self.worker
   worker.busy = worker.busy - 1
   core.work(-1)
   worker:wake()
end

local function start(self, row)
   self.busy = self.busy + 1
   core.work(1)
   core.spawn(function()
      local _ <close> = setmetatable({worker = self}, Run)
      deliver(self, row)
   end)
end

-- All instances are disconnected: nothing can leave.
local function is_stopped(self)
   local clients = self.bot.clients
   for _, client in ipairs(clients) do
      if not self.sends.link:is_down(client.instance) then return false end
   end
   return true
end

local function sleep(self, seconds)
   if self.woken then return end
   self.nap = core.spawn_quiet(core.sleep, math.max(0, math.min(seconds, 3600)))
   pcall(self.nap.join, self.nap)
   self.nap = nil
end

-- The seconds until there may be something again.
local function round(self)
   if self.busy >= M.most or is_stopped(self) then return math.huge end
   -- One at a time where there is a pace: what is claimed and has not begun when the
   -- process ends would be unknown.
   local pace = self.bot.limits.pace or 0
   local rows, due = core.sends.claim(self.service, pace > 0 and 1 or M.most - self.busy)
   for _, row in ipairs(rows) do start(self, row) end
   if #rows > 0 then
      if pace > 0 then core.sleep(pace) end
      return 0
   end
   -- Held back by what is on its way to the same person, or by a pause. (What waits
   -- for its time is not counted: it may be a campaign of thousands.)
   self.held = core.sends.is_due(self.service)
   return due and due > 0 and due - core.now() or math.huge
end

--- Until the bot stops.
function Worker:run()
   while not self.closed and not self.service.paused do
      self.woken = false
      local wait = round(self)
      if not self.closed then sleep(self, wait) end
   end
end

--- Something may be due.
function Worker:wake()
   self.woken = true
   if self.nap then self.nap:cancel() end
end

--- A message has ended, and may have held up others: looked at soon, not for
--- each answer of a busy bot.
function Worker:ended()
   if not self.held or self.soon then return end
   self.soon = core.after(M.soon, function()
      self.soon = nil
      self:wake()
   end)
end

function Worker:start()
   self.task = core.spawn(self.run, self)
end

--- Claims no more, and waits so many seconds for what is on its way.
function Worker:stop(seconds)
   self.closed = true
   self:wake()
   local until_ = core.hrtime() + seconds
   while self.busy > 0 and core.hrtime() < until_ do core.sleep(0.02) end
end

--- Claims no more; `tell()` is called when there may be something for another.
function Worker:retire(tell)
   self.closed = true
   self:wake()
   if self.soon then self.soon:cancel() end
   self.held, self.wake, self.ended = true, tell, tell
end

function Worker:close()
   self.closed = true
   if self.soon then self.soon:cancel() end
   if self.nap then self.nap:cancel() end
   if self.task and self.task ~= core.current() then self.task:cancel() end
end

return M
