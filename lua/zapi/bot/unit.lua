--- The unit of work of a handler: what it keeps (store, session) is seen by
--- itself at once and by others when it ends well: then all of it is committed
--- with the end of its event, in one transaction, and nothing of it otherwise.
---
---    dispatch  enter … leave, then flush just before a good end
---    ask       park: session, writes and the event's parking in one transaction
---
--- A unit belongs to an event and is made when something is first read or
--- written, so a handler that keeps nothing pays for two entries in a table. It
--- is bound to the tasks in which the handlers of the event run; tasks that a
--- handler spawns are outside, where each write is its own. Values are packed
--- (core.store.pack) before they come here or by get, set and update.
---
--- What is read is a *step* (unit:step), as a handler that is run anew after it
--- was parked must see what it saw. bot/steps.lua gives `M.steps_of`; its object
--- has take(kind, name, fn) -> what fn returns or was recorded, and
--- was_flushed(): did an earlier run park behind this point, so that what is
--- written here is on disk?
local core = require "zapi.core"
local check = require "zapi.bot.check"

check.ours()

local store <const> = core.store
local current <const> = core.current

local M = {}
local Unit = {}
Unit.__index = Unit

--- Values that one handler may write before it ends or asks.
M.most = 10000

--- function(unit) -> steps; nil: nothing is recorded.
M.steps_of = nil

local bound = {} -- task → ctx

-- ---- which unit ----

--- The running task works for this ctx from now on.
function M.enter(task, ctx)
   bound[task] = ctx
end

--- It does not any more.
function M.leave(task)
   bound[task] = nil
end

local Away = {}

function Away:__close() bound[self.task] = self.ctx end

--- Until this is closed, what the running task writes is its own:
--- `local _ <close> = unit.away()`.
function M.away()
   local task = current()
   if not task or not bound[task] then return nil end
   local away = setmetatable({task = task, ctx = bound[task]}, Away)
   bound[task] = nil
   return away
end

--- The unit of a ctx, made when it has none.
function M.of(ctx)
   local unit = ctx._unit
   if not unit then
      local bot = ctx._bot
      unit = setmetatable({
         ctx = ctx, bot = bot, service = bot.service, seq = ctx._ev.seq, count = 0, writes = {},
      }, Unit)
      ctx._unit = unit
      if M.steps_of then unit.steps = M.steps_of(unit) end
   end
   return unit
end

--- The unit of the handler that runs in this task, or nil.
function M.current()
   local task = current()
   local ctx = task and bound[task]
   return ctx and M.of(ctx)
end

-- ---- steps ----

--- What fn returns; in a handler that is run anew, what it returned then.
function Unit:step(kind, name, fn)
   local steps = self.steps
   if steps then return steps:take(kind, name, fn) end
   return fn()
end

local function was_flushed(self)
   local steps = self.steps
   return steps and steps:was_flushed() or false
end

-- ---- reading ----

--- The packed value, or nil; and when it expires (nil: never).
---@return string|nil packed, number|nil expires
function Unit:read(ns, key)
   local keys = self.writes[ns]
   local own = keys and keys[key]
   if own then return own.packed, own.expires end
   if not self.steps then return store.get(ns, key) end
   local found = self:step("get", ns .. "\0" .. key, function()
      local packed, expires = store.get(ns, key)
      return packed and {packed, expires} or false
   end)
   if found then return found[1], found[2] end
end

function Unit:get(ns, key)
   local packed, expires = self:read(ns, key)
   if packed then return store.unpack(packed), expires end
end

-- The keys of a namespace that this unit has written, from behind `after` to
-- `last` (nil: the end).
local function own_keys(keys, prefix, after, last)
   local list = {}
   for key in pairs(keys) do
      if key:sub(1, #prefix) == prefix and (not after or key > after)
         and (not last or key <= last) then
         list[#list + 1] = key
      end
   end
   return list
end

local function lay_over(keys, rows, prefix, after, last)
   local merged = {}
   for _, row in ipairs(rows) do
      if not keys[row[1]] then merged[#merged + 1] = row end
   end
   for _, key in ipairs(own_keys(keys, prefix, after, last)) do
      local own = keys[key]
      if own.packed then merged[#merged + 1] = {key, own.packed, own.expires} end
   end
   table.sort(merged, function(a, b) return a[1] < b[1] end)
   return merged
end

--- A page of keys in their order: {key, packed, expires}…, and the key from
--- which the next page goes on (nil: there is none).
function Unit:scan(ns, prefix, after, limit)
   local name = ("%s\0%s\0%s"):format(ns, prefix, after or "")
   local found = self:step("scan", name, function()
      local rows, more = store.scan(ns, prefix, after, limit)
      return {rows, more}
   end)
   local rows, last = found[1], nil
   if found[2] then last = rows[#rows][1] end
   local keys = self.writes[ns]
   if keys then rows = lay_over(keys, rows, prefix, after, last) end
   return rows, last
end

-- ---- writing ----

--- Keeps a packed value; nil: the key goes. The last one of a key counts.
function Unit:write(ns, key, packed, expires)
   local keys = self.writes[ns]
   if not keys then
      keys = {}
      self.writes[ns] = keys
   end
   local own = keys[key]
   if not own then
      if self.count == M.most then
         check.fail("a handler may write %d values before it ends or asks: this is one more",
            M.most)
      end
      self.count = self.count + 1
      own = {}
      keys[key] = own
   end
   own.packed, own.expires, own.flushed = packed, expires, was_flushed(self)
end

local function expiry(ttl)
   return ttl and core.now() + ttl
end

--- `ttl` in seconds; nil: for ever.
function Unit:set(ns, key, value, ttl)
   self:write(ns, key, store.pack(value), expiry(ttl))
end

function Unit:delete(ns, key)
   self:write(ns, key, nil)
end

--- Waits until nobody else changes this value: from here to the unit's end (or
--- its parking) it is ours. Throws store.conflict, which is tried again, when
--- each would wait for the other.
function Unit:lock(ns, key)
   if was_flushed(self) then return end
   if not self.owner then self.owner = store.owner() end
   local ok, err = self.owner:lock(ns, key)
   if not ok then error(err, 0) end
end

--- Makes fn(value) the value (nil: the key goes); returns it. Two handlers never
--- lose an update. Without a ttl it expires when it did.
function Unit:update(ns, key, fn, ttl)
   self:lock(ns, key)
   local value, expires = self:get(ns, key)
   value = fn(value)
   if ttl then expires = expiry(ttl) end
   if value == nil then
      self:write(ns, key, nil)
   else
      self:write(ns, key, store.pack(value), expires)
   end
   return value
end

-- ---- ends ----

-- What is not on disk yet, as core.store.write wants it.
local function rows_of(self)
   local rows = {}
   for ns, keys in pairs(self.writes) do
      for key, own in pairs(keys) do
         if not own.flushed then
            rows[#rows + 1] = {ns, key, own.packed or false, own.expires}
         end
      end
   end
   return rows
end

--- Stages what was written for the end (or park) of the event that follows at
--- once. Without a service (tests) it is written now.
function Unit:flush()
   if self.count == 0 then return end
   local service, seq = self.service, self.seq
   local rows = rows_of(self)
   self.writes, self.count = {}, 0
   if not service then
      local ok, err = store.write(rows)
      if not ok then error(err, 0) end
      return
   end
   for _, row in ipairs(rows) do
      store.stage(service, seq, row[1], row[2], row[3] or nil, row[4])
   end
end

--- Others may change what this unit has updated.
function Unit:release()
   if self.owner then self.owner:release() end
end

--- Commits what was written, with the parking of the event. The session
--- and the flow go along (bot/keep.lua).
function Unit:park()
   require("zapi.bot.keep").save(self.ctx)
   self:flush()
   if self.service then self.service:park(self.seq) end
   self:release()
   self.ctx._unit = nil -- made anew when something is kept again
end

return M
