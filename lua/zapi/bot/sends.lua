--- What a durable bot sends: each answer of a handler is a row of the table of
--- sends, on disk before the request leaves. A handler that runs again finds
--- its row and gets what was recorded, so nothing is sent twice.
---
---    answer    must wait (pace, disconnected)?  → queued, the outbox sends it
---              else  begin (committed) → the call → finish
---
--- A row is known by its step: handler, task of the event, endpoint, recipient,
--- and the how manieth of these. Start reading at Sends:answer.
local core = require "zapi.core"
local check = require "zapi.bot.check"
local links = require "zapi.bot.link"
local message = require "zapi.bot.message"
local outcome = require "zapi.bot.outcome"

check.ours()

local M = {}
local Sends = {}
Sends.__index = Sends

-- Rows of which this process knows more than the reader may.
local REMEMBERED <const> = 128

--- Seconds that an answer may wait for its pace or for the connection.
M.patience = 3600

-- ---- steps ----

-- The task in which an event's handlers run is t0, as is that of a handler with
-- order = "none"; what these start is numbered by its first send.
local function prefix_of(ctx)
   local task, handler = core.current(), ctx._handler
   if task == ctx._task then return handler and handler.step or "h0.t0." end
   local tasks = ctx._tasks
   if not tasks then
      tasks = {count = 0}
      ctx._tasks = tasks
   end
   local prefix = tasks[task]
   if not prefix then
      tasks.count = tasks.count + 1
      prefix = ("h%d.t%d."):format(handler and handler.index or 0, tasks.count)
      tasks[task] = prefix
   end
   return prefix
end

--- Says that the running task belongs to one handler of the event.
function M.own_task(ctx, handler)
   local tasks = ctx._tasks or {count = 0}
   ctx._tasks = tasks
   tasks[core.current() or false] = handler.step
end

--- The name of the next step of a ctx that says `what`.
function M.step(ctx, what)
   if ctx._diverged then outcome.drop(ctx) end
   local step = prefix_of(ctx) .. what
   local counts = ctx._counts
   if not counts then
      counts = {}
      ctx._counts = counts
   end
   local n = (counts[step] or 0) + 1
   counts[step] = n
   local strict = ctx._strict -- it is being brought back to a question: bot/steps.lua
   if strict and n > (strict[step] or 0) then
      ctx._diverged = true
      outcome.drop(ctx)
   end
   return step .. "." .. n
end

-- ---- parameters: checked before they are stored, stored as JSON ----

local function is_media(value)
   return type(value) == "userdata" and value ~= core.null
end

-- The same with `change(file)` in the place of each zapi.media.file; the same
-- table when there is none.
local function map_media(value, change)
   if is_media(value) then return change(value) end
   if type(value) ~= "table" then return value end
   local changed, any = {}, false
   for k, v in pairs(value) do
      changed[k] = map_media(v, change)
      any = any or changed[k] ~= v
   end
   return any and setmetatable(changed, getmetatable(value)) or value
end

-- A file's type decides what is right (its extension, its limit), not its
-- bytes, which are read when it is sent.
local function as_data(file)
   return ("data:%s;base64,AA=="):format(file.mime)
end

local function as_name(file)
   return {["$file"] = file.path, mime = file.mime}
end

--- Throws at the script's line when the call would be misuse.
function M.check(client, endpoint, params)
   local ok, err = pcall(client.build, client, endpoint, map_media(params, as_data))
   if not ok then message.misuse(err) end
end

--- The parameters as a row keeps them.
function M.encode(params)
   return core.json_encode(map_media(params, as_name))
end

local function open_files(value)
   if type(value) ~= "table" then return value end
   local path = value["$file"]
   if path then return core.media_file(path, value.mime) end
   for k, v in pairs(value) do
      local new, err = open_files(v)
      if new == nil then return nil, err end
      value[k] = new
   end
   return value
end

--- The parameters of a row, and the name of its guard; nil and an error when a
--- file is gone.
function M.decode(args)
   local params = core.json_decode(args)
   local guard = params["$guard"]
   params["$guard"] = nil
   local opened, err = open_files(params)
   if not opened then return nil, err end
   return opened, guard
end

-- ---- what is known of a message ----

local rank <const> = {
   queued = 0, sending = 1, accepted = 2, sent = 3, received = 4, read = 5, played = 6,
}
M.rank = rank

local final <const> = {failed = true, expired = true, cancelled = true}

local reasons <const> = {
   failed = "the message was refused",
   unknown = "the message may have been sent: nobody knows",
   expired = "the message waited for too long and was not sent",
   cancelled = "the message was cancelled before it left",
}

local kinds <const> = {
   failed = "client.error", unknown = "send.unknown", expired = "send.expired",
   cancelled = "send.cancelled",
}

--- The error of a row that came to no good end.
function M.error_of(row)
   local state = row.state
   return core.error {
      kind = row.error_kind or kinds[state], message = row.error or reasons[state],
      endpoint = row.endpoint, outcome = state == "unknown" and "unknown" or "refused",
   }
end

-- A message learns what its row says: never backwards, as the reader may be a
-- moment behind.
local function learn(m, row)
   local new, old = rank[row.state], rank[m.state]
   if new and old and new < old then return end
   m.id = row.message_id or m.id
   m.state = row.state
   if not new then m._error = M.error_of(row) end
end

-- ---- waiting for a row ----

local Nap = {}

function Nap:__close()
   self.naps[self.task] = nil
   self.task:cancel()
end

-- Until something is known of the row, or so many seconds.
local function nap(naps, seconds)
   local task = core.spawn_quiet(core.sleep, math.min(seconds, 3600))
   naps[task] = true
   local _ <close> = setmetatable({naps = naps, task = task}, Nap)
   pcall(task.join, task)
end

--- Something is known of a row: wakes who waits for it.
function Sends:tell(row)
   local naps = self.waits[row.id]
   if not naps then return end
   naps.row = row
   for task in pairs(naps) do
      if task ~= "row" and task ~= "count" then task:cancel() end
   end
end

local Watcher = {}

function Watcher:__close()
   local naps = self.sends.waits[self.id]
   naps.count = naps.count - 1
   if naps.count == 0 then self.sends.waits[self.id] = nil end
end

function Sends:row(id)
   return core.sends.list(self.service, {id = id, limit = 1})[1]
end

-- What is known of a row before anything is waited for.
local function look(self, m)
   local row, recent = self:row(m._row), self.recent[m._row]
   if row then learn(m, row) end
   if recent and (rank[m.state] or rank.accepted) < rank.accepted then learn(m, recent) end
end

--- Waits until a message has reached a state: the state it is in, or nil and an
--- error, or nil and "timeout". An unknown one may still become known, so it is
--- waited for.
function Sends:wait(m, state, seconds)
   local id = m._row
   local naps = self.waits[id] or {count = 0}
   self.waits[id] = naps
   naps.count = naps.count + 1
   local _ <close> = setmetatable({sends = self, id = id}, Watcher)
   local deadline = core.hrtime() + seconds
   look(self, m)
   while true do
      if naps.row then learn(m, naps.row) end
      if (rank[m.state] or -1) >= rank[state] then return m.state end
      if final[m.state] then return nil, m._error end
      local left = deadline - core.hrtime()
      if left <= 0 then return nil, m.state == "unknown" and m._error or "timeout" end
      nap(naps, left)
   end
end

-- ---- ends ----

--- Notes what became of a row; whoever waits for it is told.
function Sends:finish(row)
   core.sends.finish(self.service, row)
   if self.waits[row.id] then self:tell(row) end
   if self.outbox.held then self.outbox:ended() end
end

-- A reply has ids, mostly nothing else; only what is more is kept as it is.
local ids <const> = {messageId = true, zaapId = true, id = true}

local function result_of(reply)
   for name in pairs(reply) do
      if not ids[name] then return core.json_encode(reply) end
   end
end

--- Remembers a while what became of a row that no Message saw: the reader may not
--- know it yet when somebody begins to wait.
function Sends:remember(row)
   self.recent[self.ring[self.turn] or 0] = nil
   self.recent[row.id], self.ring[self.turn] = row, row.id
   self.turn = self.turn % REMEMBERED + 1
end

--- Notes that a call succeeded. The message's id.
function Sends:accepted(id, reply)
   local message_id = reply.messageId or reply.zaapId or reply.id
   self:finish {
      id = id, state = "accepted", message_id = message_id, result = result_of(reply),
   }
   self.bot.sent:add(message_id)
   return message_id
end

--- Notes that a call failed for good.
function Sends:failed(id, err)
   local unknown = err.kind == "send.unknown" or err.outcome == "unknown"
   self:finish {
      id = id, state = unknown and "unknown" or "failed",
      error_kind = unknown and "send.unknown" or err.kind, error = err.message,
   }
end

--- Gives a row back to the queue, for so many seconds.
function Sends:requeue(id, seconds, tries)
   self:finish {id = id, state = "queued", at = core.now() + seconds, tries = tries or 1}
   self.outbox:wake()
end

local waits_for_link <const> = {
   ["state.disconnected"] = true, ["state.restore_session"] = true,
}

--- Does this error say that the instance is disconnected? Then it is noted.
function Sends:is_disconnected(err, client)
   if not waits_for_link[err.kind] then return false end
   self.link:disconnected(client.instance, client)
   return true
end

-- ---- pace ----

local alarms <const> = {
   loop = "the limit of answers in one chat is reached (bot.new{limits = {replies_per_chat = N}}, "
      .. "a minute): do two bots talk to each other? Messages to this chat wait",
   cold = "the limit of different people who did not write first is reached "
      .. "(bot.new{limits = {cold_per_hour = N}}): messages to such people wait",
   shadow_ban = "WhatsApp restricts this number (SHADOW_BAN): messages to people who did not "
      .. "write first wait a day; answers go on. No limit changes that: do not reconnect",
}

--- May a message leave now? 0, else the seconds to wait.
function Sends:pace(instance, recipient, reply)
   local wait, reason, first = core.sends.guard(self.service, instance, recipient, reply)
   if wait > 0 and first then core.log("warn", "bot", alarms[reason] or reason) end
   return wait
end

-- ---- answers of a handler ----

-- When the task is cancelled while its call is under way, nobody knows whether
-- the request left.
local function abandoned(m)
   m._sends:failed(m._row, core.error {
      kind = "send.unknown", outcome = "unknown",
      message = "its task was cancelled while the call was under way",
   })
end

message.on_abandoned(abandoned)

-- The outbox has it: waits until it has left. That is no time of the handler's.
local function await(self, ctx, m)
   local watch = self.bot.watch
   local _ <close> = watch:pause(ctx._root or ctx)
   local state, err = self:wait(m, "accepted", M.patience)
   while not state and err == "timeout" do
      core.sends.cancel(self.service, {id = m._row})
      state, err = self:wait(m, "accepted", 60)
   end
   if state then return m end
   if m.state == "cancelled" then
      err = core.error {kind = "send.expired", message = reasons.expired, endpoint = m._endpoint}
   end
   error(err, 0)
end

-- A step that was recorded: what it gave then. A message that was accepted is a
-- message, whatever became of it later: the handler went on with it.
local function recorded(self, ctx, m, row)
   learn(m, row)
   if rank[m.state] and rank[m.state] < rank.accepted then return await(self, ctx, m) end
   if rank[m.state] or m.id then return m end
   error(m._error, 0)
end

local function call(self, ctx, m, client, params)
   m._busy = true -- until it is noted how it ended: see abandoned
   local ok, reply, err = pcall(client[m._endpoint], client, params)
   m._busy = nil
   if not ok then
      self:failed(m._row, core.error {
         kind = "client.invalid_params", message = tostring(reply), outcome = "not_sent",
      })
      message.misuse(reply)
   end
   if reply then
      m.id, m.state = self:accepted(m._row, reply), "accepted"
      return m
   end
   if self:is_disconnected(err, client) then
      self:requeue(m._row, 0)
      return await(self, ctx, m)
   end
   self:failed(m._row, err)
   error(err, 0)
end

-- The row of an answer; it waits for the outbox when it may not leave now.
local function row_of(self, ctx, client, chat, endpoint)
   local root = ctx._root or ctx -- an answer acts for who asked
   local instance, seq, now = client.instance, root._ev.seq, core.now()
   local row = {
      state = "sending", instance = instance, recipient = chat, endpoint = endpoint,
      reply = true, expires = now + M.patience,
   }
   if seq ~= 0 then
      row.event, row.step = seq, ctx._named or M.step(root, endpoint .. "." .. chat)
   end
   local down = self.link:is_down(instance)
   local wait = down and 0 or self:pace(instance, chat, true)
   if down or wait > 0 then row.state, row.at = "queued", now + wait end
   return row
end

--- Sends what a handler of an event says. Throws. `plain`: the parameters are a
--- text only, which needs no look before it is stored.
---@return zapi.Message
function Sends:answer(ctx, client, chat, endpoint, params, plain)
   params.phone = chat
   if not plain then M.check(client, endpoint, params) end
   local given = row_of(self, ctx, client, chat, endpoint)
   given.args = plain and core.json_encode(params) or M.encode(params)
   local row, is_new = core.sends.begin(self.service, given, (ctx._root or ctx)._ev.again or false)
   if not row then error(is_new, 0) end
   local m <close> = message.new(client, chat, endpoint, params, self)
   m._row, m.state = row.id, given.state
   if not is_new then return recorded(self, ctx, m, row) end
   if given.state == "sending" then return call(self, ctx, m, client, params) end
   self.outbox:wake()
   return await(self, ctx, m)
end

-- ---- life ----

--- Looks at an event before its handlers do.
function Sends:see(ev)
   if ev.kind == "connected" then
      self.link:connected(ev.instance)
   elseif ev.kind == "disconnected" then
      self.link:disconnected(ev.instance, self.bot:client_of(ev.instance))
   end
end

--- Our row of a message that Z-API names, or nil.
function Sends:by_message(id)
   if not core.sends.knows(self.service, id) then return nil end
   return core.sends.list(self.service, {message_id = id, limit = 1})[1]
end

-- Rows change by themselves too: by callbacks, by time, by commands, or because
-- a handler's good end stored them.
function Sends:changed(row)
   self:tell(row)
   if row.state == "queued" then
      self.outbox:wake()
   elseif row.state == "unknown" then
      self:report("message.unknown", row)
   elseif row.state == "failed" then
      self.bot.asks:refused(row)
   elseif row.state == "expired" then
      self:report("message.failed", row)
   end
end

--- Makes an event of what became of a message that nobody waits for, if there
--- is a handler for it.
function Sends:report(kind, row)
   if not self.bot:_wants(kind) then return end
   core.spawn(function()
      self.service:emit {
         kind = kind, chat = row.recipient, instance = row.instance,
         key = ("%s:%d"):format(kind, row.id),
         payload = core.json_encode {send = {
            id = row.id, key = row.key, endpoint = row.endpoint, recipient = row.recipient,
            state = row.state, message_id = row.message_id,
            error_kind = row.error_kind or kinds[row.state],
            error = row.error or reasons[row.state],
         }},
      }
   end)
end

-- What the last process left unknown is told once: the key of the event is kept
-- for seven days.
function Sends:report_unknown()
   if not self.bot:_wants("message.unknown") then return end
   local since = core.now() - 6 * 86400
   for _, row in ipairs(core.sends.list(self.service, {state = "unknown", limit = 1000})) do
      if row.changed > since then self:report("message.unknown", row) end
   end
end

--- The sends of a bot that runs. `outbox` (bot/worker.lua) sends what waits.
function M.new(bot)
   local self = setmetatable({
      bot = bot, service = bot.service, waits = {}, recent = {}, ring = {}, turn = 1,
   }, Sends)
   self.link = links.new(function() self.outbox:wake() end)
   self.outbox = require("zapi.bot.worker").new(self, M.decode)
   return self
end

--- The next generation of the script sends what waits: it is told when there is
--- something. What is on its way ends here.
function Sends:retire()
   local function tell() self.service:nudge() end
   self.link:close()
   self.outbox:retire(tell)
end

function Sends:close()
   self.link:close()
   self.outbox:close()
end

return M
