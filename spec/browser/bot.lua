-- What the browser test talks to: text, buttons, a list, a picture, a reaction.
local bot = require("zapi.bot").new()

local SQUARE <const> = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlE"
   .. "QVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="

bot:hears("oi", function(ctx)
   ctx:reply {text = "Olá! Você vem?", buttons = {"Sim", "Não"}}
end)

bot:hears("lista", function(ctx)
   ctx:reply {
      text = "Qual departamento?",
      list = {title = "Departamentos", button = "Abrir", options = {"Vendas", "Suporte"}},
   }
end)

bot:hears("enquete", function(ctx) ctx:reply {text = "Que turno?", poll = {"Manhã", "Tarde"}} end)

bot:on("vote", function(ctx)
   ctx:send("Voto: " .. ctx.event.pollVote.options[1].name)
end)

bot:hears("foto", function(ctx)
   ctx:reply {image = SQUARE, caption = "Um quadrado"}
end)

bot:hears("reaja", function(ctx) ctx:react("👍") end)

bot:on("choice", function(ctx) ctx:reply("Você escolheu *" .. ctx.choice.label .. "*") end)

bot:on("text", function(ctx) ctx:reply(ctx.from.name .. ": " .. ctx.text) end)

bot:run()
