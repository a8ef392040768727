--- Whom the kit may keep from the bot and answer itself, and what it has told them.
local events = require "zapi.events"
local sessions = require "zapi.bot.session"
local units = require "zapi.bot.unit"

local M = {}

--- Is this the handler that had asked, run anew? It has come through before.
function M.goes_on(ctx)
   return ctx._steps ~= nil and ctx._steps.total > 0
end

-- Messages that ask for no answer.
local silent <const> = {
   reaction = true, delete = true, edit = true, pin = true, vote = true, channel_post = true,
   event_response = true,
}

--- A message of somebody else?
function M.writes(ctx)
   return not ctx.from_me and events.is(ctx.kind, "message")
end

--- May they be told something about it? Not in groups, where all would read it.
function M.may_hear(ctx)
   return not ctx.is_group and not silent[ctx.kind]
end

--- Is it time to say `what` in this chat, once in so many seconds (also over
--- restarts)?
function M.once(ctx, what, seconds)
   local unit, ns = units.of(ctx), "\1told:" .. sessions.name_of(ctx._bot)
   local key = what .. "\0" .. ctx._chat_key
   local until_ = unit:get(ns, key)
   if until_ and until_ > ctx.now then return false end
   unit:set(ns, key, ctx.now + seconds, seconds)
   return true
end

--- A text with its {names} filled in.
function M.fill(text, values)
   return (text:gsub("{([%w_]+)}", values))
end

return M
