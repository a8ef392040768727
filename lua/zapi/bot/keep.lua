--- What a handler keeps beside its writes: the session and the state of a flow.
--- Both are tables that it changes as it likes, so they are compared and written
--- when it ends well or asks, and read again behind a question.
local sessions = require "zapi.bot.session"
local states = require "zapi.bot.state"

local M = {}

--- Is there anything to save?
function M.any(ctx)
   return rawget(ctx, "session") ~= nil or ctx._flow ~= nil
end

--- At a good end, and at each question.
function M.save(ctx)
   if rawget(ctx, "session") ~= nil then sessions.save(ctx) end
   if ctx._flow then states.save(ctx) end
end

--- Others may have changed it while this handler waited for an answer.
function M.reread(ctx)
   sessions.reread(ctx)
   if ctx._flow then states.reread(ctx) end
end

return M
