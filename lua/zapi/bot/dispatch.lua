--- The way of one event: its final kind, the handlers that want this kind, the
--- middleware, the first handler that matches; errors and time limits. How it
--- ended is for the core (bot/outcome.lua).
---
--- Start reading at M.event. What costs something is done once per kind (the
--- list of candidates) or only when it is asked for (the fields of a ctx).
local core = require "zapi.core"
local check = require "zapi.bot.check"
local ctxs = require "zapi.bot.ctx"
local events = require "zapi.events"
local filter = require "zapi.bot.filter"
local keeps = require "zapi.bot.keep"
local outbox = require "zapi.bot.outbox"
local outcome = require "zapi.bot.outcome"
local sends = require "zapi.bot.sends"
local units = require "zapi.bot.unit"

check.ours()

local M = {}

-- The kind under which an event is handled, and, for something typed on the
-- account's phone when own = true, the kind that anybody's would have. nil: the
-- echo of an own message that nobody asked for.
local function kinds_of(self, ev)
   local kind = ev.kind
   if not ev.from_me then return kind end
   local own = events.own_kind(kind)
   if not own then return (kind:gsub("^own%.", "")) end
   if self.own and self:typed_on_phone(ev) then return own, own:match("^own%.(.+)$") end
   if self.own or self.hears_own or self.gates_own then return own end
end

local function wants(handler, kind)
   if handler.raws then return true end
   -- A request belongs to its route, and a timer to its handler.
   local any = not kind:find("^http:") and not kind:find("^timer:")
   for _, name in ipairs(handler.names) do
      if name == "*" and any or events.is(kind, name) then return true end
   end
   return false
end

-- Own events are for handlers that name them; "*" and raw:NAME get them with
-- own = true only.
local function wants_own(self, handler, kind)
   if self.own and handler.raws then return true end
   for _, name in ipairs(handler.names) do
      if name == "*" then
         if self.own then return true end
      elseif events.is(kind, name) then
         return true
      end
   end
   return false
end

local function candidates(self, kind, as)
   local key = as and kind .. "+" or kind
   local list = self.lists[key]
   if list then return list end
   list = {}
   local is_own = kind:find("^own%.") or events.is(kind, "own.message")
   for _, handler in ipairs(self.handlers) do
      if is_own and wants_own(self, handler, kind)
         or as and wants(handler, as)
         or not is_own and wants(handler, kind) then
         list[#list + 1] = handler
      end
   end
   self.lists[key] = list
   return list
end

local function matches(handler, ctx)
   local tests = handler.tests
   if handler.raws and not filter.is_raw(handler.raws, ctx._ev) then
      local named = false
      for _, name in ipairs(handler.names) do
         named = named or name == "*" or events.is(ctx.kind, name)
      end
      if not named then return false end
   end
   for i = 1, #tests do
      if not tests[i](ctx) then return false end
   end
   return true
end

--- Is there a handler for events of this kind?
function M.wants(self, kind)
   return candidates(self, kind)[1] ~= nil
end

local function with_traceback(err)
   if outcome.is_stop(err) then return err end
   local text = type(err) == "string" and err or core.error_text(err)
   return {err = err, text = debug.traceback(text, 2)}
end

local function log(ctx, text)
   local word, _, third = outcome.of(ctx)
   local what = ("[%s %s] "):format(ctx.kind, ctx.id or "-")
   if word == "retry" then
      core.log("warn", "bot", ("%stry %d failed, the next one follows in %.1f s: %s"):format(
         what, ctx.attempt, third, text:match("^[^\n]*")))
   else
      core.log("error", "bot", what .. text)
   end
end

-- bot:catch sees each failure, and may decide what follows from it.
local function caught(self, ctx, err, text)
   local _ <close> = units.away() -- what it keeps is kept, though the handler's is not
   local ok, second, decision = outcome.deciding(ctx, self.catcher, ctx, err, text)
   if decision then
      outcome.note(ctx, table.unpack(decision))
      return true
   end
   if ok then return false, text end
   local both = "bot:catch failed: %s\nwhile it handled: %s"
   return false, both:format(core.error_text(second), text), true
end

-- What a part of an event's way threw: to bot:catch or the log, and what follows
-- from it into the ctx.
local function failed(self, ctx, handler, err, text)
   local decided, loud = false, not self.catcher
   if self.catcher then
      local also
      decided, text, also = caught(self, ctx, err, text)
      loud = also
   end
   if decided then return end
   outcome.judge(ctx, err, text, handler and handler.attempts)
   if loud then
      ctx._thrown = {self.catcher and text or err}
      if not ctx._quiet then log(ctx, text) end
   end
end

-- What xpcall gives when it could not call with_traceback: memory had ended.
local function without_traceback(err, handler)
   return {err = err, text = ("%s, in the handler registered at %s"):format(tostring(err),
      handler and handler.where or "bot:use")}
end

-- Runs a part of an event's way under its time limit. `part`: in a task of its
-- own, beside the event's.
local function run(self, ctx, fn, list, i, part)
   local entry <close> = self.watch:enter(self.timeout, ctx)
   if entry and part then entry.part = true end
   if not part then ctx._entry = entry end
   local ok, caught_ = xpcall(fn, with_traceback, self, ctx, list, i, entry)
   if ok or outcome.is_stop(caught_) then return end
   if part then ctx._quiet = nil end
   local handler = entry and entry.handler or ctx._handler
   if type(caught_) ~= "table" then caught_ = without_traceback(caught_, handler) end
   failed(self, ctx, handler, caught_.err, caught_.text)
end

local step

-- After next() the handler that called it goes on.
local function back(ctx, handler, ...)
   ctx._handler = handler
   return ...
end

local function invoke(self, ctx, list, i, entry)
   local handler, before = list[i], ctx._handler
   if entry then
      entry.handler = handler
      if handler.timeout then self.watch:limit(entry, handler.timeout) end
   end
   if not (entry and entry.part) then before = handler end
   ctx._handler = before
   return handler.fn(ctx, function()
      return back(ctx, before, step(self, ctx, list, i + 1, entry))
   end)
end

local Part = {}

function Part:__close()
   local ctx = self.ctx
   ctx._parts = ctx._parts - 1
   if ctx._parts == 0 and ctx._gate then ctx._gate:cancel() end
end

-- A handler in a task of its own. The event has ended when all its parts have.
local function part_of(self, ctx, list, k)
   ctx._parts = (ctx._parts or 0) + 1
   return function()
      local _ <close> = setmetatable({ctx = ctx}, Part)
      sends.own_task(ctx, list[k])
      run(self, ctx, invoke, list, k, true)
   end
end

-- The first handler from i on that matches.
function step(self, ctx, list, i, entry)
   for k = i, #list do
      local handler = list[k]
      if matches(handler, ctx) then
         local order = handler.order
         if order == "none" then
            return self.lanes:beside(part_of(self, ctx, list, k))
         elseif order == "person" and ctx.is_group and ctx.from then
            return self.lanes:after(ctx.chat .. " " .. ctx.from.key, part_of(self, ctx, list, k))
         end
         return invoke(self, ctx, list, k, entry)
      end
   end
   if self.commands:may_help() and events.is(ctx.kind, "message") then
      self.commands:help(ctx)
   end
end

local function through_middleware(self, ctx, list, i, entry)
   local fn = self.middleware[i]
   if not fn then
      if self.asks.any and self.asks:take(ctx) then return end
      if not self.states then return step(self, ctx, list, 1, entry) end
      return self.states:take(ctx, function() return step(self, ctx, list, 1, entry) end)
   end
   return fn(ctx, function() return through_middleware(self, ctx, list, i + 1, entry) end)
end

-- What may keep an event from everything else: bot/handover.lua, zapi.kit.optout.
-- An own message that nobody but these wanted ends here.
local function through_gates(self, ctx, list, i, entry)
   local gate = self.gates[i]
   if not gate then
      local unwanted = self.gates_own and ctx.from_me and not (self.own or self.hears_own)
      if unwanted and events.own_kind(ctx.kind) then return end
      return through_middleware(self, ctx, list, 1, entry)
   end
   return gate(ctx, function(only_own)
      local kind = ctx.kind
      if only_own and not kind:find("^own%.") then list = candidates(self, "own." .. kind) end
      return through_gates(self, ctx, list, i + 1, entry)
   end)
end

-- Is an event of this kind to be looked at, though no handler wants it?
local function is_wanted(self, kind)
   if self.middleware[1] or self.commands:may_help() or self.asks.any then return true end
   for name in pairs(self.gate_kinds) do
      if events.is(kind, name) then return true end
   end
   return false
end

-- A ctx whose handlers have run, but for parts beside; nil when nobody wanted
-- the event.
local function handle(self, ev, quiet)
   local kind, as = kinds_of(self, ev)
   if not kind then return nil end
   local list = candidates(self, kind, as)
   self.groups:see(kind, ev.chat)
   if not (list[1] or is_wanted(self, kind)) then return nil end
   local ctx = ctxs.new(self, ev, as or kind)
   ctx._task, ctx._quiet = core.current(), quiet
   if ev.again and self.asks.any then self.asks:begin(ctx) end
   run(self, ctx, self.gates[1] and through_gates or through_middleware, list, 1)
   return ctx
end

local Gate = {}

function Gate:__close() self.task:cancel() end

local Join = {}

function Join:__close()
   self.bot.joining = self.bot.joining - 1
   if self.ctx._unit then self.ctx._unit:release() end
end

-- Waits for the parts of an event; its chat goes on.
local function join_parts(self, ctx)
   self.service:release(ctx._ev.seq)
   self.joining = self.joining + 1
   local _ <close> = setmetatable({bot = self, ctx = ctx}, Join)
   while ctx._parts > 0 do
      ctx._gate = core.spawn_quiet(core.sleep, 3600)
      local gate <close> = setmetatable({task = ctx._gate}, Gate) -- luacheck: ignore 211
      pcall(ctx._gate.join, ctx._gate)
   end
end

-- A good end: what the handlers keep is stored with it.
local function keep(self, ctx)
   if ctx._strict then return end -- it is not where it was: see bot/ask.lua
   if keeps.any(ctx) then
      local ok, caught_ = xpcall(keeps.save, with_traceback, ctx)
      if not ok then return failed(self, ctx, nil, caught_.err, caught_.text) end
   end
   local unit = ctx._unit
   if unit then
      if ctx._consumed then unit.service = nil end -- its event is done already
      unit:flush()
   end
   if ctx._staged and not ctx._word then outbox.kept(self.sends, ctx._staged) end
end

--- Handles an event of the core: how it ended, see bot/outcome.lua.
function M.event(self, ev)
   if self.sends then self.sends:see(ev) end
   local ctx = handle(self, ev)
   if not ctx then return end
   if (ctx._parts or 0) > 0 then join_parts(self, ctx) end
   if not ctx._word then keep(self, ctx) end
   if ctx._steps then self.asks:ended(ctx) end
   return outcome.of(ctx)
end

--- The same for tests: throws what the handler threw, or bot:catch.
function M.handle(self, ev)
   local ctx = handle(self, ev, true)
   if not ctx then return end
   if not ctx._word then keep(self, ctx) end
   if ctx._thrown then error(ctx._thrown[1], 0) end
   return outcome.of(ctx)
end

--- Of bot/watch.lua: the task of a handler will be cancelled.
function M.expired(self, entry)
   local ctx, handler = entry.ctx, entry.handler
   local text = ("the handler registered at %s waited longer than %s s and was ended ('%s' %s)")
      :format(handler and handler.where or "bot:use", entry.seconds, ctx.kind, ctx.id or "")
   outcome.note(ctx, "dead", text)
   if self.service and not entry.part then self.service:fail(ctx._ev.seq, text) end
   if self.catcher then
      local err = core.error {kind = "cancelled", message = text}
      core.spawn(function()
         local _, told, also = caught(self, ctx, err, text)
         if also then core.log("error", "bot", told) end
      end)
   else
      core.log("error", "bot", text)
   end
end

return M
