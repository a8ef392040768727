-- What is measured: every text is answered with itself, and no guard slows it down.
local zapi = require "zapi"
local bot = require("zapi.bot").new {
   client = zapi.client {}, limits = { replies_per_chat = false, cold_per_hour = false },
}

bot:on("text", function(ctx)
   ctx:reply(ctx.text)
end)

bot:run()
