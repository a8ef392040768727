-- What is measured: every text is answered with itself, and no guard slows it down. Its
-- instances are those that the file of --config gives it.
local bot = require("zapi.bot").new {
   limits = { replies_per_chat = false, cold_per_hour = false },
}

bot:on("text", function(ctx)
   ctx:reply(ctx.text)
end)

bot:run()
