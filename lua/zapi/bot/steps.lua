--- What a handler did up to its questions, so that it can be run anew (after a
--- restart, or when it was unloaded) and find itself where it was: what it read,
--- what ctx:step gave, the answers. Sends are in their own table (bot/sends.lua).
---
---    NNNN = the event's seq, in the namespace "\1step:AUTOMATION"
---    NNNN:p0001   the first question: what was read before it, how many steps of
---                 each name there were, until when it waits
---    NNNN:a0001   its answer (or why there is none)
---    NNNN:sNAME   what a ctx:step gave     NNNN:now   ctx.now
---
--- A handler *replays* while there is a question before it that was asked once;
--- what it does meanwhile is compared with what is written here, and another
--- path ends it (M.diverge). Start reading at Steps:take.
local core = require "zapi.core"
local check = require "zapi.bot.check"
local outcome = require "zapi.bot.outcome"
local sends = require "zapi.bot.sends"
local sessions = require "zapi.bot.session"
local units = require "zapi.bot.unit"

check.ours()

local store <const> = core.store

local M = {}
local Steps = {}
Steps.__index = Steps

-- Thousands of handlers may wait: what nobody has changed is here, and tables are
-- made when something is put in.
local NONE <const> = setmetatable({}, {__newindex = function() error("shared") end})
Steps.n, Steps.total, Steps.at = 0, 0, 0
Steps.log, Steps.parks, Steps.answers, Steps.named = NONE, NONE, NONE, NONE

--- Seconds that steps are kept after the question before which they were: dead
--- letters are offered again.
M.keep = 30 * 86400

function M.namespace(bot)
   return "\1step:" .. sessions.name_of(bot)
end

--- The key of something that belongs to an event.
function M.key(seq, what)
   return ("%016x:%s"):format(seq, what)
end

-- ---- what an earlier run has left ----

local readers = {
   p = function(self, name, value)
      local n = tonumber(name)
      self.parks[n] = value
      if n > self.total then self.total = n end
   end,
   a = function(self, name, value) self.answers[tonumber(name)] = value end,
   s = function(self, name, value) self.named[name] = value end,
   n = function(self, _, value) self.now = value[1] end,
}

local function load(self)
   local prefix, after = M.key(self.seq, ""), nil
   self.parks, self.answers, self.named = {}, {}, {}
   repeat
      local rows, more = store.scan(self.ns, prefix, after, 1000)
      for _, row in ipairs(rows) do
         local tag, name = row[1]:match("^(.)(.*)$", #prefix + 1)
         readers[tag](self, name, store.unpack(row[2]))
         after, self.kept = row[1], true
      end
   until not more
   if self.total > 0 then self.ctx._strict = self.parks[self.total].counts end
end

--- The steps of a ctx (of an answer's: those of who asked).
function M.of(ctx)
   ctx = ctx._root or ctx
   local self = ctx._steps
   if self then return self end
   self = setmetatable({
      ctx = ctx, ns = M.namespace(ctx._bot), seq = ctx._ev.seq,
   }, Steps)
   ctx._steps = self
   if ctx._ev.again then load(self) end
   return self
end

units.steps_of = function(unit) return M.of(unit.ctx) end

--- The script has gone another way than the run that asked: its handler ends.
function M.diverge(ctx)
   ctx._diverged = true
   outcome.drop(ctx)
end

-- ---- reads ----

--- What fn returns; while the handler replays, what it returned then.
function Steps:take(kind, name, fn)
   local at = self.at + 1
   if self.n < self.total then
      local known = self.parks[self.n + 1].log[at]
      if not known or known[1] ~= kind or known[2] ~= name then M.diverge(self.ctx) end
      self.at = at
      return known[3]
   end
   local value = fn()
   if self.log == NONE then self.log = {} end
   self.at, self.log[at] = at, {kind, name, value}
   return value
end

--- Is there a question before this point that an earlier run has asked?
function Steps:was_flushed()
   return self.n < self.total
end

-- ---- questions ----

--- The handler goes on behind its next question.
function Steps:pass()
   self.n, self.at, self.log = self.n + 1, nil, nil
   if self.n >= self.total then self.ctx._strict = nil end
end

--- The row of a question that is asked now: {namespace, key, packed, expires}.
---@param fields table kept with it
function Steps:parked(fields, due)
   fields.log, fields.counts = self.log ~= NONE and self.log or {}, self.ctx._counts or {}
   self.kept = true
   return {
      self.ns, M.key(self.seq, ("p%04d"):format(self.n + 1)), store.pack(fields), due + M.keep,
   }
end

--- The row of ctx.now, when it was read and is not kept yet; else nil.
function Steps:clock(due)
   local now = rawget(self.ctx, "now")
   if not now or self.now then return nil end
   self.now = now
   return {self.ns, M.key(self.seq, "now"), store.pack {now}, due + M.keep}
end

--- The row of an answer to the n-th question of the event `seq`.
function M.answered(bot, seq, n, record)
   return {
      M.namespace(bot), M.key(seq, ("a%04d"):format(n)), store.pack(record), core.now() + M.keep,
   }
end

-- ---- ctx:step, ctx.now, ctx.random ----

--- See ctx:step.
function M.step(ctx, name, fn)
   check.type(name, "string", "name", "ctx:step")
   check.callable(fn, "ctx:step")
   local root = ctx._root or ctx
   local step, self = sends.step(root, "step " .. name), M.of(root)
   local known = self.named[step]
   if known then return known[1] end
   local value = fn()
   local ok, packed = pcall(store.pack, {value})
   if not ok then check.fail("what the step '%s' gave cannot be kept: %s", name, packed) end
   if self.named == NONE then self.named = {} end
   self.named[step] = {value}
   if self.seq == 0 then return value end
   self.kept = true
   ctx._bot.asks.any = true
   local stored, err = store.write {
      {self.ns, M.key(self.seq, "s" .. step), packed, core.now() + M.keep},
   }
   if not stored then error(err, 0) end
   return value
end

--- See ctx.now.
function M.now(ctx)
   if ctx._ev.again and ctx._bot.asks.any then return M.of(ctx).now or core.now() end
   return core.now()
end

-- Nobody who knows an event's number may guess what was drawn for it.
local function salt_of(bot)
   local salt = bot._salt
   if salt then return salt end
   local ns = "\1salt:" .. sessions.name_of(bot)
   local packed = store.get(ns, "random")
   if packed then
      salt = store.unpack(packed)
   else
      salt = core.random(32)
      local ok, err = store.write {{ns, "random", store.pack(salt)}}
      if not ok then error(err, 0) end
      local first = store.get(ns, "random") -- somebody else's, maybe
      if first then salt = store.unpack(first) end
   end
   bot._salt = salt
   return salt
end

local function bits(ctx)
   if ctx._ev.seq == 0 then return core.random(8) end
   local step = sends.step(ctx, "random")
   return core.hmac_sha256(salt_of(ctx._bot), ("%d %s"):format(ctx._ev.seq, step))
end

local function range(low, high)
   if low == nil then return nil end
   if high == nil then low, high = 1, low end
   local whole = math.tointeger(low) and math.tointeger(high)
   if not whole or low > high or high - low < 0 or high - low == math.maxinteger then
      check.fail("bad range to ctx.random (ctx.random(), ctx.random(high) or "
         .. "ctx.random(low, high) with integers expected)")
   end
   return math.tointeger(low), math.tointeger(high)
end

--- See ctx.random: drawn from the event's number and a secret, so there is
--- nothing to record.
function M.random(ctx)
   local root = ctx._root or ctx
   return function(low, high)
      low, high = range(low, high)
      local n = string.unpack("<i8", bits(root)) >> 1
      if not low then return (n >> 10) * 2.0 ^ -53 end
      return low + n % (high - low + 1)
   end
end

return M
