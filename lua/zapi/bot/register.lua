--- Tells Z-API where the bot's door is (ZAPIBOT_PUBLIC_URL), and looks every
-- hour whether that is still so.
--
-- Z-API has seven webhook URLs and no way to share one. So an unset URL, or
-- our own former one, is set; a URL of somebody else is shown and left alone
-- unless `--take-webhooks` says otherwise. What is set is read from /me. An
-- address that goes elsewhere later was changed by somebody: that is said and
-- counted, and never taken back, as two systems would take it from each other.

local core = require "zapi.core"

local M = {}

--- Seconds between two looks, and after one that had no answer.
M.often, M.again = 3600, 600

local ELSEWHERE <const> = "zapibot_webhooks_elsewhere"
local CONNECTED <const> = "zapibot_instance_connected"

-- field of /me, the call that sets it
local WEBHOOKS = {
   {"receivedCallbackUrl", "update_webhook_received"},
   {"deliveryCallbackUrl", "update_webhook_delivery"},
   {"messageStatusCallbackUrl", "update_webhook_message_status"},
   {"presenceChatCallbackUrl", "update_webhook_chat_presence"},
   {"connectedCallbackUrl", "update_webhook_connected"},
   {"disconnectedCallbackUrl", "update_webhook_disconnected"},
}
M.WEBHOOKS = WEBHOOKS

-- "https://host/prefix/webhook/…" without the secret: safe to show.
local function shown(url)
   return (url:gsub("(/webhook/)[^/?#]+", "%1…"):gsub("^(%w+://)[^/@]*@", "%1"))
end
M.shown = shown

local function ours(url, base)
   return url:sub(1, #base) == base and url:sub(#base + 1):match "^/webhook/[^/]+$" ~= nil
end

--- Is this URL set, and by somebody else than a bot at `base`?
---@param have any what /me says
---@param base string public address of the bot, without a slash at its end
---@return boolean
function M.is_foreign(have, base)
   return type(have) == "string" and have ~= "" and have ~= "null" and not ours(have, base)
end

-- Sets one URL; returns true, or nil and why not.
local function set_one(client, row, have, want, base, take)
   local field, call = row[1], row[2]
   if have == want then
      return true
   end
   if M.is_foreign(have, base) and not take then
      return nil, ("%s belongs to %s: left alone (--take-webhooks replaces it)")
         :format(field, shown(have))
   end
   local _, err = client:call(call, {value = want})
   if err then
      return nil, ("%s could not be set: %s"):format(field, tostring(err))
   end
   return true
end

---@class zapi.RegisterOptions
---@field url string public address, "https://bot.example.com" or with a path
---@field secret string of the webhook path
---@field take? boolean replace URLs of others

-- Numbers for operators: of which instance how many addresses are not ours.
local function tell(client, me, elsewhere)
   local labels, count = {instance = client.instance}, 0
   for _ in pairs(elsewhere) do count = count + 1 end
   core.metric(ELSEWHERE, labels, count)
   if type(me.connected) == "boolean" then
      core.metric(CONNECTED, labels, me.connected and 1 or 0)
   end
end

--- Registers the webhooks of one client. Logs what it did and what it left.
---@param client zapi.Client
---@param options zapi.RegisterOptions
---@return boolean all every URL is ours now
---@return table<string, string>|nil elsewhere URL of each field that is not; nil: nobody knows
function M.register(client, options)
   local base = options.url:gsub("/+$", "")
   local want = base .. "/webhook/" .. options.secret
   local me, err = client:call("get_me", {})
   if not me then
      core.log("warn", nil, "webhooks: cannot read what is set: " .. tostring(err))
      return false
   end
   local elsewhere, count = {}, 0
   for _, row in ipairs(WEBHOOKS) do
      local ok, why = set_one(client, row, me[row[1]], want, base, options.take)
      if ok then
         count = count + 1
      else
         elsewhere[row[1]] = tostring(me[row[1]])
         core.log("warn", nil, "webhooks: " .. why)
      end
   end
   core.log("info", nil, ("webhooks: %d of %d point to %s")
      :format(count, #WEBHOOKS, shown(want)))
   tell(client, me, elsewhere)
   return count == #WEBHOOKS, elsewhere
end

local function is_set(url)
   return type(url) == "string" and url ~= "" and url ~= "null"
end

-- What has changed since the look before, in words.
local function compare(have, want, before)
   local now
   if have ~= want then now = tostring(have) end
   if now == before then return now end
   if not now then return nil, "info", "points to this bot again" end
   if not is_set(have) then return now, "warn", "is not set any more" end
   return now, "warn", "now points to " .. shown(have)
end

--- Looks whether the webhooks of one client are still ours, and says what has changed.
---@param client zapi.Client
---@param options zapi.RegisterOptions
---@param before table<string, string> what was elsewhere before
---@return table<string, string>|nil elsewhere, zapi.Error|nil err
function M.look(client, options, before)
   local want = options.url:gsub("/+$", "") .. "/webhook/" .. options.secret
   local me, err = client:call("get_me", {})
   if not me then return nil, err end
   local elsewhere = {}
   for _, row in ipairs(WEBHOOKS) do
      local field = row[1]
      local now, level, what = compare(me[field], want, before[field])
      elsewhere[field] = now
      if level then
         core.log(level, nil, ("webhooks: %s of %s %s%s"):format(field, client.instance, what,
            level == "warn" and ": its events do not come here (zapibot webhooks show)" or ""))
      end
   end
   tell(client, me, elsewhere)
   return elsewhere
end

-- One round over all clients; `known` is what each had elsewhere. Returns
-- whether each has answered.
local function round(clients, options, known)
   local all = true
   for _, client in ipairs(clients) do
      local before = known[client]
      local now = before and M.look(client, options, before)
      if not before then now = select(2, M.register(client, options)) end
      known[client] = now or before
      all = all and now and true or false
   end
   return all
end

--- Registers the webhooks of all clients, and looks after them until stop() is
--- called: stop. Who has not answered at first is registered later.
---@param clients zapi.Client[]
---@param options zapi.RegisterOptions
---@return fun() stop
function M.keep(clients, options)
   local task = core.spawn(function()
      local known = {}
      while true do
         local all = round(clients, options, known)
         core.sleep(all and M.often or M.again)
      end
   end)
   return function() task:cancel() end
end

return M
