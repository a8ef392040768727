--- The webhook addresses of an instance: what is set, whose it is, and how it
-- is shown. An address of zapibot is PUBLIC/webhook/SECRET; the secret, a query
-- and a password never appear.

local core = require "zapi.core"
local register = require "zapi.bot.register"

local M = {}

local NAMES = {
   receivedCallbackUrl = "received", deliveryCallbackUrl = "delivery",
   messageStatusCallbackUrl = "status", presenceChatCallbackUrl = "presence",
   connectedCallbackUrl = "connected", disconnectedCallbackUrl = "disconnected",
}

--- The six of them: {name = "received", field = of /me, call = that sets it}.
---@type {name: string, field: string, call: string}[]
M.ROWS = {}
for i, row in ipairs(register.WEBHOOKS) do
   M.ROWS[i] = {name = NAMES[row[1]], field = row[1], call = row[2]}
end

--- nil when nothing is set: /me says so in three ways.
---@param me table
---@param row table
---@return string|nil
function M.have(me, row)
   local url = me[row.field]
   if type(url) ~= "string" or url == "" or url == "null" then
      return nil
   end
   return url
end

M.is_foreign = register.is_foreign

--- Safe to print.
---@param url string|nil
---@return string
function M.shown(url)
   if not url then
      return "(not set)"
   end
   return core.redact((register.shown(url):gsub("[?#].*$", "?…")))
end

--- "https://bot.example.com", without a slash at its end.
---@param url string
---@return string
function M.base(url)
   return (url:gsub("/+$", ""))
end

--- The bot's own public address (ZAPIBOT_PUBLIC_URL), or nil.
---@return string|nil
function M.public()
   local url = core.getenv "ZAPIBOT_PUBLIC_URL"
   return url and url ~= "self" and M.base(url) or nil
end

--- The whole address of a bot at `base`. Asks for the webhook secret, which is
-- made when there is none yet; nil when it cannot be kept.
---@param base string
---@return string|nil
function M.door(base)
   local given = base:match "/webhook/([^/?#]+)$"
   if given then
      core.secret(given)
      return base
   end
   local secret = core.getenv "ZAPIBOT_WEBHOOK_SECRET"
   if not secret then
      return nil
   end
   core.secret(secret)
   return base .. "/webhook/" .. secret
end

--- "unset", "ours", "other_secret" (our address, another secret) or "foreign".
---@param url string|nil
---@param base string
---@return string
function M.whose(url, base)
   if not url then
      return "unset"
   elseif M.is_foreign(url, base) then
      return "foreign"
   end
   return url == M.door(base) and "ours" or "other_secret"
end

--- Is Z-API itself on this machine (a sandbox)? Then plain HTTP will do.
---@param api string its base URL
---@return boolean
function M.is_local(api)
   local host = api:match "^%w+://%[?([^%]/]+)" or ""
   host = host:gsub(":%d+$", "")
   return host == "localhost" or host:find "^127%." ~= nil or host:find "^::1" ~= nil
end

--- Why Z-API will not call an address, or nil.
---@param url string
---@param api string base URL of the API
---@return string|nil
function M.bad(url, api)
   if not url:find "^https?://[^/%s?#]+[^%s?#]*$" then
      return "an address like https://bot.example.com is expected"
   elseif not url:find "^https:" and not M.is_local(api) then
      return "Z-API calls https addresses only"
   end
end

return M
