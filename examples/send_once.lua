-- Sends one text and exits: for scripts, cron, alarms. No bot, no webhooks.
--
--    zapibot examples/send_once.lua 5511999990001 "O backup terminou"
--
-- Credentials come from ZAPI_INSTANCE_ID, ZAPI_TOKEN and ZAPI_CLIENT_TOKEN.
-- Exit code: 0 accepted, 1 not sent, 2 wrong use, 3 nobody knows (do not just
-- repeat it: the message may have been sent).
local zapi = require "zapi"

local phone, text = ...

if not phone or not text then
   io.stderr:write("usage: send_once.lua PHONE TEXT\n")
   os.exit(2)
end

local z = zapi.client()
local reply, err = z:send_text {phone = phone, message = text}

if not reply then
   io.stderr:write(tostring(err), "\n")
   os.exit(err.outcome == "unknown" and 3 or 1)
end

print("accepted: " .. (reply.messageId or reply.zaapId))
