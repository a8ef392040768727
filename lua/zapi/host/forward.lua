--- ZAPIBOT_FORWARD=URL: passes every webhook on to another system (n8n,
-- Chatwoot), beside the scripts: the same body, as it came, by POST.
--
-- Webhooks of one chat arrive there in their order, one after the other: while
-- one is not taken, those behind it wait; other chats go on. They are kept on
-- disk until a status from 200 to 299 comes back; between tries there are 1, 2,
-- 4 … 300 seconds. What nobody takes for seven days is a dead letter (zapibot
-- inbox, automation "forward"). Presence (somebody types) is not passed on.
--
-- Each request has the header x-zapibot-event with the event's number: the same
-- one comes twice only when an answer was lost.

local core = require "zapi.core"

local DAYS <const> = 7
local LONGEST <const> = 300
local TIMEOUT <const> = 20

local url = core.getenv "ZAPIBOT_FORWARD"
if not url:find "^https?://[^/%s]" then
   io.stderr:write("zapibot: --forward takes an address, like https://example.com/hook\n")
   os.exit(2)
end

local known = {}
for _, kind in ipairs(core.kinds()) do
   known[kind.name] = true
end

-- What scripts and timers emit is no webhook.
local function is_webhook(ev)
   return ev.type ~= "" and known[(ev.kind:gsub("^own%.", ""))] ~= nil
end

local service
local failing = false

-- Said when it begins and when it ends, not for each event.
local function note(reason)
   if reason and not failing then
      core.log("warn", "forward", "webhooks are not taken there, and wait: " .. reason)
   elseif not reason and failing then
      core.log("info", "forward", "webhooks are taken again")
   end
   failing = reason ~= nil
end

local function send(ev)
   local reply, err = core.http_request {
      method = "POST", url = url, body = service:body(ev.seq), timeout = TIMEOUT,
      headers = {["content-type"] = "application/json",
         ["x-zapibot-event"] = ("%d"):format(ev.seq)},
   }
   if not reply then
      return tostring(err)
   end
   return (reply.status < 200 or reply.status > 299) and "status " .. reply.status or nil
end

service = core.service {
   name = "forward", door = false, secret = core.random(16), instances = {"*"}, concurrency = 16,
   kinds = {"*", "raw:MessageStatusCallback", "raw:DeliveryCallback"},
   on_event = function(ev)
      local reason = is_webhook(ev) and send(ev)
      if not reason then
         note(nil)
         return
      end
      note(reason)
      if core.now() - ev.received_at > DAYS * 86400 then
         return "dead", ("not taken within %d days: %s"):format(DAYS, reason), true
      end
      return "retry", reason, math.min(LONGEST, 2 ^ math.min(ev.attempt - 1, 10))
   end,
}
core.publish("ZAPIBOT_FORWARDS", "1") -- scripts may start: nothing is missed
core.log("info", "forward", "every webhook is passed on to " .. url:match "^https?://[^/?#]+")
