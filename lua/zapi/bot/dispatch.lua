--- The way of one event: its final kind, the handlers that want this kind, the
--- middleware, the first handler that matches; errors and time limits.
---
--- Start reading at M.event. What costs something is done once per kind (the
--- list of candidates) or only when it is asked for (the fields of a ctx).
local core = require "zapi.core"
local check = require "zapi.bot.check"
local ctxs = require "zapi.bot.ctx"
local events = require "zapi.events"
local filter = require "zapi.bot.filter"

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
   if self.own or self.hears_own then return own end
end

local function wants(handler, kind)
   if handler.raws then return true end
   for _, name in ipairs(handler.names) do
      if name == "*" or events.is(kind, name) then return true end
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

local function with_traceback(err)
   local text = type(err) == "string" and err or tostring(err)
   return {err = err, text = debug.traceback(text, 2)}
end

local function failed(self, ctx, err, trace)
   local ok, second = pcall(self.catcher, ctx, err, trace)
   if not ok then
      error(("bot:catch failed: %s\nwhile it handled: %s"):format(tostring(second), trace), 0)
   end
end

-- Runs a part of an event's way under its time limit, errors to bot:catch.
-- Without bot:catch they go to the core, which logs them with a traceback.
local function run(self, ctx, fn, list, i)
   local entry <close> = self.watch:enter(self.timeout, ctx)
   if not self.catcher then
      fn(self, ctx, list, i, entry)
   else
      local ok, caught = xpcall(fn, with_traceback, self, ctx, list, i, entry)
      if not ok then failed(self, ctx, caught.err, caught.text) end
   end
end

local step

local function invoke(self, ctx, list, i, entry)
   local handler = list[i]
   ctx._handler = handler
   if entry and handler.timeout then self.watch:limit(entry, handler.timeout) end
   return handler.fn(ctx, function() return step(self, ctx, list, i + 1, entry) end)
end

-- The first handler from i on that matches.
function step(self, ctx, list, i, entry)
   for k = i, #list do
      local handler = list[k]
      if matches(handler, ctx) then
         local order = handler.order
         if order == "none" then
            return self.lanes:beside(function() run(self, ctx, invoke, list, k) end)
         elseif order == "person" and ctx.is_group and ctx.from then
            return self.lanes:after(ctx.chat .. " " .. ctx.from.key, function()
               run(self, ctx, invoke, list, k)
            end)
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
   if not fn then return step(self, ctx, list, 1, entry) end
   return fn(ctx, function() return through_middleware(self, ctx, list, i + 1, entry) end)
end

--- Handles an event of the core. Throws what a handler threw, unless bot:catch
--- took it: the core logs it with its traceback.
function M.event(self, ev)
   local kind, as = kinds_of(self, ev)
   if not kind then return end
   local list = candidates(self, kind, as)
   self.groups:see(kind, ev.chat)
   if list[1] or self.middleware[1] or self.commands:may_help() then
      run(self, ctxs.new(self, ev, as or kind), through_middleware, list, 1)
   end
end

--- Of bot/watch.lua: the task of a handler was cancelled.
function M.expired(self, entry)
   local ctx = entry.ctx
   local text = ("the handler registered at %s waited longer than %s s and was ended ('%s' %s)")
      :format(ctx._handler and ctx._handler.where or "bot:use", entry.seconds, ctx.kind,
         ctx.id or "")
   if self.catcher then
      local err = core.error {kind = "cancelled", message = text}
      core.spawn(failed, self, ctx, err, text)
   else
      core.log("error", "bot", text)
   end
end

return M
