-- What is measured: every text is answered with itself, as examples/echo.lua does.
local zapi = require "zapi"
local bot = require("zapi.bot").new { client = zapi.client {} }

bot:on("text", function(ctx)
   ctx:reply(ctx.text)
end)

bot:run()
