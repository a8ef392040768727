--- Flows by states, without replay: "asked for the address", "waits for payment".
--- In which state a person is, and its data, is a row of the store; messages go to
--- the state's `on` until the flow leaves it.
---
---    enter(ctx, data) → on(ctx, data, next) per message → leave(ctx, data, to)
---                         └ nothing for `timeout` seconds → on_timeout(ctx, data)
---
--- All of it is part of the handler in which it happens: committed with its good
--- end. Start reading at States:take.
local core = require "zapi.core"
local check = require "zapi.bot.check"
local events = require "zapi.events"
local sessions = require "zapi.bot.session"
local units = require "zapi.bot.unit"

check.ours()

local store <const> = core.store

local M = {}
local States = {}
States.__index = States

--- The timer of all time-outs.
M.timer = "zapi.state"
--- Seconds that a state without a time-out is kept after it was last written.
M.ttl = 90 * 86400

---@class zapi.StateOptions
---@field on fun(ctx: zapi.ctx, data: table, next: fun()) a message of this person
---@field enter? fun(ctx: zapi.ctx, data: table)
---@field leave? fun(ctx: zapi.ctx, data: table, to?: string) to: the next state
---@field timeout? number|table seconds without a message, or {seconds, function}
---@field on_timeout? fun(ctx: zapi.ctx, data: table)

local known <const> = {
   on = "function|table|userdata", enter = "function|table|userdata",
   leave = "function|table|userdata", timeout = "number|table",
   on_timeout = "function|table|userdata",
}

function M.new(bot)
   return setmetatable({bot = bot, list = {}}, States)
end

-- ---- registration ----

local function timeout_of(options)
   local timeout, fn = options.timeout, options.on_timeout
   if type(timeout) == "table" then timeout, fn = timeout[1], timeout[2] or fn end
   if timeout ~= nil and not (type(timeout) == "number" and timeout > 0 and timeout < 1e9) then
      check.fail("bad 'timeout' in bot:state (seconds above 0 expected)")
   end
   if fn then
      check.callable(fn, "the time-out of bot:state")
      if not timeout then check.fail("bot:state has on_timeout but no timeout") end
   end
   return timeout, fn
end

--- See bot:state.
function States:add(name, options)
   check.type(name, "string", "name", "bot:state")
   options = check.options(options, known, "bot:state")
   if self.list[name] then check.fail("there is a state '%s' already", name) end
   for _, part in ipairs {"on", "enter", "leave"} do
      if part == "on" or options[part] then check.callable(options[part], "bot:state") end
   end
   local timeout, on_timeout = timeout_of(options)
   self.list[name] = {
      name = name, on = options.on, enter = options.enter, leave = options.leave,
      timeout = timeout, on_timeout = on_timeout,
   }
   if timeout and not self.timed then
      self.timed = true
      self.bot:timer(M.timer, function(ctx, payload) self:expired(ctx, payload) end)
   end
end

-- ---- which flow ----

-- As ctx.session, but in groups each person has a flow of their own.
local function key_of(ctx)
   local by = ctx._bot.sessions.by
   if type(by) == "function" then return by(ctx) end
   local person = ctx.from and ctx.from.key
   if by == "person" then return person end
   if ctx.is_group then return person and ctx.chat .. " " .. person end
   return ctx._chat_key
end

-- What is known of a ctx's flow: key, and row {state, data, chat, since, due}.
local function flow_of(ctx, key)
   local flow = ctx._flow
   if flow then return flow end
   key = key or key_of(ctx)
   if not key then return nil end
   local ns = "\1state:" .. sessions.name_of(ctx._bot)
   local packed = units.of(ctx):read(ns, key)
   flow = {ns = ns, key = key, packed = packed, row = packed and store.unpack(packed)}
   ctx._flow = flow
   return flow
end

-- ---- writing ----

local function pack(row)
   local ok, packed = pcall(store.pack, row)
   if not ok then check.fail("the data of the state '%s' cannot be kept: %s", row.state, packed) end
   return packed
end

-- Somebody else moved this flow on while the handler waited: theirs counts.
local function was_moved(flow)
   return store.get(flow.ns, flow.key) ~= flow.packed
end

--- Keeps what a handler changed. At its good end, when there is a ctx._flow.
function M.save(ctx)
   local flow = ctx._flow
   local row = flow.row
   local packed = row and pack(row) or nil
   if packed == flow.packed or was_moved(flow) then return end
   flow.packed = packed
   local expires = row and (row.due and row.due + 86400 or core.now() + M.ttl) or nil
   units.of(ctx):write(flow.ns, flow.key, packed, expires)
end

local function replace(into, with)
   for name in pairs(into) do
      if with[name] == nil then into[name] = nil end
   end
   for name, value in pairs(with) do into[name] = value end
end

--- Reads it again, as the flow may have moved on while this handler waited for an
--- answer; the table that it holds goes on to be the data of the same stay.
function M.reread(ctx)
   local flow = ctx._flow
   local before = flow.row
   flow.packed = units.of(ctx):read(flow.ns, flow.key)
   flow.row = flow.packed and store.unpack(flow.packed)
   local row = flow.row
   if row and before and row.state == before.state and row.since == before.since then
      replace(before.data, row.data)
      row.data = before.data
   end
end

local function cancel_timer(self, flow)
   if flow.row and flow.row.due then self.bot:cancel(M.timer, flow.key) end
end

-- The seconds of a state's time-out begin anew.
local function arm(self, ctx, flow, state)
   local row = flow.row
   if not state.timeout then
      cancel_timer(self, flow)
      row.due = nil
      return
   end
   row.due = units.of(ctx):step("due", row.state, function()
      return core.now() + state.timeout
   end)
   self.bot:at(row.due, M.timer, {key = flow.key, due = row.due},
      {key = flow.key, chat = row.chat, instance = row.instance})
end

-- ---- moves ----

-- Calls a part of a state. It may wait, and the flow may be moved meanwhile.
local function call(state, part, ctx, flow, ...)
   local fn = state and state[part]
   if fn then return fn(ctx, flow.row.data, ...) end
end

local function leave(self, ctx, flow, to)
   if flow.leaving then check.fail("a state that is being left can neither enter nor leave") end
   flow.leaving = true
   call(self.list[flow.row.state], "leave", ctx, flow, to)
   flow.leaving = nil
end

local function state_named(self, name)
   local state = self.list[name]
   if state then return state end
   local names = {}
   for other in pairs(self.list) do names[#names + 1] = other end
   table.sort(names)
   return check.fail("no state '%s'%s", tostring(name), check.hint(name, names))
end

--- See ctx:enter.
function States:enter(ctx, name, data)
   local state = state_named(self, name)
   check.type(data, "table|nil", "data", "ctx:enter")
   local flow = flow_of(ctx)
   if not flow then
      check.fail("an event '%s' names nobody who could enter a state", ctx.kind)
   end
   local old = flow.row
   if old then leave(self, ctx, flow, name) end
   flow.row = {
      state = name, data = data or {}, since = units.of(ctx):step("since", name, core.now),
      due = old and old.due, chat = ctx.chat or old and old.chat, instance = ctx._ev.instance,
   }
   arm(self, ctx, flow, state)
   call(state, "enter", ctx, flow)
end

--- See ctx:leave.
function States:leave(ctx)
   local flow = flow_of(ctx)
   if not (flow and flow.row) then return false end
   leave(self, ctx, flow)
   cancel_timer(self, flow)
   flow.row = nil
   return true
end

-- The time of a state is over. While a person serves the chat nothing is said.
local function time_out(self, ctx, flow)
   local row, state = flow.row, self.list[flow.row.state]
   local quiet = ctx.handed_over
   if state and not quiet then call(state, "on_timeout", ctx, flow) end
   if flow.row ~= row then return end -- it has entered another one
   if not quiet then leave(self, ctx, flow) end
   cancel_timer(self, flow)
   flow.row = nil
end

--- The timer has fired.
function States:expired(ctx, payload)
   local flow = flow_of(ctx, payload.key)
   local row = flow and flow.row
   if not row or row.due ~= payload.due then return end
   time_out(self, ctx, flow)
end

-- ---- the way of an event ----

--- Is this person in a state that the script has? Recorded, as all that is read.
function States:holds(ctx)
   local flow = flow_of(ctx)
   local row = flow and flow.row
   return row ~= nil and self.list[row.state] ~= nil
end

local function is_command(self, ctx)
   local line = ctx._command
   return line and self.bot.commands:knows(line)
end

--- After middleware: a message of a person in a state is the state's, unless it is
--- a command.
function States:take(ctx, go_on)
   if ctx.from_me or not events.is(ctx.kind, "message") or is_command(self, ctx) then
      return go_on()
   end
   local flow = flow_of(ctx)
   local row = flow and flow.row
   if not row then return go_on() end
   local state = self.list[row.state]
   if not state then
      self.bot:warn_once("state " .. row.state, ("somebody is in the state '%s', which this script "
         .. "does not have: it has left it"):format(row.state))
      cancel_timer(self, flow)
      flow.row = nil
      return go_on()
   end
   if row.due and row.due <= ctx.now then -- the timer comes behind this message
      time_out(self, ctx, flow)
      if flow.row then return self:take(ctx, go_on) end
      return go_on()
   end
   if row.due then arm(self, ctx, flow, state) end
   return state.on(ctx, row.data, go_on)
end

return M
