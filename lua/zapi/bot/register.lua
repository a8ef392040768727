--- Tells Z-API where the bot's door is (ZAPIBOT_PUBLIC_URL).
--
-- Z-API has seven webhook URLs and no way to share one. So an unset URL, or
-- our own former one, is set; a URL of somebody else is shown and left alone
-- unless `--take-webhooks` says otherwise. What is set is read from /me.

local core = require "zapi.core"

local M = {}

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

--- Registers the webhooks of one client. Logs what it did and what it left.
---@param client zapi.Client
---@param options zapi.RegisterOptions
---@return boolean all every URL is ours now
function M.register(client, options)
   local base = options.url:gsub("/+$", "")
   local want = base .. "/webhook/" .. options.secret
   local me, err = client:call("get_me", {})
   if not me then
      core.log("warn", nil, "webhooks: cannot read what is set: " .. tostring(err))
      return false
   end
   local all, count = true, 0
   for _, row in ipairs(WEBHOOKS) do
      local ok, why = set_one(client, row, me[row[1]], want, base, options.take)
      if ok then
         count = count + 1
      else
         all = false
         core.log("warn", nil, "webhooks: " .. why)
      end
   end
   core.log("info", nil, ("webhooks: %d of %d point to %s")
      :format(count, #WEBHOOKS, shown(want)))
   return all
end

return M
