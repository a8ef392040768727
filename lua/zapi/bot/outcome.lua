--- How the handling of an event ended, in the words that the core knows:
---
---    nothing                 done
---    "drop"                  done, without what was to be stored with it
---    "dead", text, by_call   kept and shown; the chat goes on
---    "retry", text, seconds  again after so long; holds up its chat
---    "later", seconds        put aside; the chat goes on
---
--- An event may have several parts (order = "none" runs beside its chat), so
--- what each of them says is noted in the ctx, and the worst one counts. Start
--- reading at M.judge.
local core = require "zapi.core"
local check = require "zapi.bot.check"

check.ours()

local M = {}

--- How often an event is tried, and the seconds before the second try, the
--- third …; each a fifth longer or shorter, so that chats that failed together
--- do not come back together.
M.attempts = 3
M.pauses = {1.5, 15}

--- A server that says how long to wait is heard up to here; whoever needs more
--- says ctx:retry_later.
local MOST <const> = 60

local STOP <const> = setmetatable({}, {
   __name = "zapi.stop",
   __tostring = function() return "the handler was ended by ctx:drop or ctx:retry_later" end,
})

local rank <const> = {drop = 1, later = 2, retry = 3, dead = 4}

--- Notes how a part has ended: "dead" and "retry" with a text and a third value,
--- "later" with its seconds.
function M.note(ctx, word, second, third)
   ctx = ctx._root or ctx -- of an answer: who asked
   local before = ctx._word
   if not before or rank[word] >= rank[before] then
      ctx._word, ctx._second, ctx._third = word, second, third
   end
end

--- What was noted, as the core wants it.
function M.of(ctx)
   local word = ctx._word
   if not word then return end
   return word, ctx._second, ctx._third
end

--- See ctx:drop.
function M.drop(ctx)
   M.note(ctx, "drop")
   error(STOP, 0)
end

--- See ctx:retry_later.
function M.later(ctx, seconds)
   check.type(seconds, "number", "seconds", "ctx:retry_later")
   if not (seconds >= 0 and seconds < 1e9) then
      check.fail("bad 'seconds' in ctx:retry_later (0 or more expected, got %s)", seconds)
   end
   M.note(ctx, "later", seconds)
   error(STOP, 0)
end

--- Is this what ctx:drop and ctx:retry_later throw?
function M.is_stop(err)
   return err == STOP
end

local function pause_of(err, attempt)
   local base = M.pauses[attempt] or M.pauses[#M.pauses]
   local wait = base * (0.8 + 0.4 * math.random())
   if err.retry_after then wait = math.max(wait, math.min(err.retry_after, MOST)) end
   return wait
end

-- While nothing can be stored every handler fails, whatever it does: that uses up
-- none of its tries, or a full disk would make dead letters of all that waits.
local function may_try_again(ctx, err, attempts)
   return err.retryable and (err.kind == "store.unavailable" or ctx.attempt < attempts)
end

--- Notes what follows from an error that a handler threw. Failed calls that may
--- succeed next time are tried again; a script's error is dead at once, as it
--- would come again; so is send.unknown, because a person must decide. Memory may
--- have been used up by another handler, so that is tried again.
---@param attempts? integer
function M.judge(ctx, err, text, attempts)
   if err == "not enough memory" and ctx.attempt < (attempts or M.attempts) then
      M.note(ctx, "retry", text, 1)
   elseif not core.is_error(err) then
      M.note(ctx, "dead", text)
   elseif may_try_again(ctx, err, attempts or M.attempts) then
      M.note(ctx, "retry", text, pause_of(err, ctx.attempt))
   else
      M.note(ctx, "dead", text, true)
   end
end

--- Lets a function decide in place of what would follow from an error: what it
--- notes by ctx:drop or ctx:retry_later is returned, and nothing is noted yet.
---@return boolean ok, any err, table|nil decision
function M.deciding(ctx, fn, ...)
   local word, second, third = ctx._word, ctx._second, ctx._third
   ctx._word = nil
   local ok, err = pcall(fn, ...)
   local decision = ctx._word and {ctx._word, ctx._second, ctx._third}
   ctx._word, ctx._second, ctx._third = word, second, third
   return ok or err == STOP, err, decision or nil
end

return M
