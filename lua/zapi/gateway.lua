--- The token of a gateway: fetched when it is first needed, kept, renewed
-- before it ends, and fetched once however many calls wait for it.
--
-- The gateway says when a token ends, but in which time zone it does not say.
-- UTC is assumed. When that would mean that a new token has ended already, the
-- zone is another one: the token is kept until it is refused, which every call
-- survives, as a refused token is renewed once (src/lua/client_call.c).

local core = require "zapi.core"

local M = {}

--- A token is renewed this long before it ends, or after nine tenths of its
-- time when that is later.
local EARLY <const> = 60

-- Days since 1970-01-01 of a date of the Gregorian calendar.
local function days(y, m, d)
   if m <= 2 then
      y, m = y - 1, m + 12
   end
   return 365 * y + y // 4 - y // 100 + y // 400 + (153 * (m - 3) + 2) // 5 + d - 719469
end

--- "2030-01-01 00:00:00" as Unix seconds, taken for UTC; nil when it is none.
---@param text any
---@return integer?
function M.instant(text)
   local y, m, d, hour, min, sec = tostring(text)
      :match "^(%d%d%d%d)-(%d%d)-(%d%d)[T ](%d%d):(%d%d):(%d%d)"
   if not y then
      return nil
   end
   return ((days(tonumber(y), tonumber(m), tonumber(d)) * 24 + hour) * 60 + min) * 60 + sec
end

-- When to renew: a point in time, or never.
local function renew_at(now, expires_at)
   local ends = M.instant(expires_at)
   if not ends or ends <= now then
      return math.huge
   end
   return math.max(ends - EARLY, now + (ends - now) * 0.9)
end

local function bad_reply(message)
   return core.error {kind = "net.bad_reply", endpoint = "create_token", message = message}
end

--- A function for core.gateway: token(stale) -> token | nil, err. With `stale`
-- it gives another token than that one.
---@param fetch fun(): table?, table? what create_token replies
---@return fun(stale?: string): string?, table?
function M.source(fetch)
   local token, renew, task

   local function fetch_one()
      local reply, err = fetch()
      if not reply then
         return nil, err
      end
      if type(reply.token) ~= "string" or reply.token == "" then
         return nil, bad_reply "the gateway gave no token"
      end
      core.secret(reply.token)
      token, renew = reply.token, renew_at(core.now(), reply.expires_at)
      return token
   end

   return function(stale)
      if token and token ~= stale and core.now() < renew then
         return token
      end
      if not task then
         -- A task of its own: it outlives the one call that happened to ask.
         task = core.spawn_quiet(function()
            local ended <close> = setmetatable({}, { -- luacheck: ignore 211
               __close = function() task = nil end,
            })
            return fetch_one()
         end)
      end
      return task:join()
   end
end

return M
