-- The smallest bot: it greets whoever says "oi", and repeats everything else.
-- Try it:   scripts/dev examples/echo.lua
local bot = require("zapi.bot").new()

bot:hears({"oi", "olá", "bom dia"}, function(ctx)
   ctx:reply("Olá, " .. (ctx.from.name or "tudo bem") .. "! 👋 Escreva algo que eu repito.")
end)

bot:on("text", function(ctx)
   ctx:reply(ctx.text)
end)

bot:run()
