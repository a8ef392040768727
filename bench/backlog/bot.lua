-- Answers every text with its message id, which grows within each chat. With
-- BACKLOG_HOLD handlers do not end, so that what arrives has to wait.
local zapi = require "zapi"
local bot = require("zapi.bot").new {
   client = zapi.client {}, limits = { replies_per_chat = false, cold_per_hour = false },
}
local hold = os.getenv "BACKLOG_HOLD"

bot:on("text", function(ctx)
   if hold then zapi.sleep(3600) end
   ctx:reply(ctx.id)
end, { timeout = 7200 })

bot:run()
