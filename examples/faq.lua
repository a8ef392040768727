-- What everybody asks, answered from a menu; a person takes over when that is not
-- enough.
--
--    zapibot dev examples/faq.lua
--
-- Whoever writes "atendente", or is not understood twice, is handed to a person,
-- who gets a link to the chat. The bot keeps quiet there until somebody writes
-- "menu", or for eight hours.
local zapi = require "zapi"
local kit = require "zapi.kit"

local TOPICS = {
   {
      id = "hours", label = "Horários", words = {"horário", "que horas", "aberto"},
      answer = "Abrimos de segunda a sexta das 9h às 18h, e aos sábados até as 13h.",
   },
   {
      id = "place", label = "Endereço", words = {"endereço", "onde fica", "como chego"},
      answer = "Rua das Flores, 100, Centro. Há estacionamento ao lado.",
   },
   {
      id = "delivery", label = "Entregas", words = {"entrega", "frete", "prazo"},
      answer = "Entregamos em toda a cidade em até 2 dias. Acima de R$ 100 o frete é grátis.",
   },
   {
      id = "exchange", label = "Trocas", words = {"troca", "devolver", "devolução"},
      answer = "Você pode trocar em até 30 dias, com a etiqueta e a nota fiscal.",
   },
}

local NOTE = "Certo! Uma pessoa da equipe já vem. Para voltar ao robô, escreva *menu*."

local bot = require("zapi.bot").new {
   handover = {
      words = {"atendente", "falar com uma pessoa"},
      back = {"menu"},
      to = zapi.getenv "SHOP_OWNER", -- who is told; may be left out
      note = NOTE,
      told = "{name} está à espera de uma pessoa: {link}",
      hours = 8,
   },
}

bot:use(kit.rate {per = 60, max = 20}) -- messages of one person in a minute

-- The items of the menu, and what is behind each.
local items, answers = {}, {}
for i, topic in ipairs(TOPICS) do
   items[i] = {id = topic.id, label = topic.label}
   answers[topic.id] = topic.answer
end
items[#items + 1] = {id = "person", label = "Falar com atendente"}

-- A list where WhatsApp shows one, else numbered text. The choice may come tomorrow,
-- after a restart: the handler goes on where it stood.
local function show_menu(ctx)
   local choice, answer = ctx:menu("Olá! 👋 Sobre o que você quer saber?", items, {tries = 2})
   if not choice then -- twice something else: a person is better at it
      return answer == "tries" and ctx:handover {note = NOTE}
   end
   if choice.id == "person" then return answer:handover {note = NOTE} end
   answer:reply(answers[choice.id] .. "\n\nMais alguma coisa? Escreva *menu*.")
end

-- Handlers are tried in this order. In a group the bot would only be in the way.
bot:use(function(ctx, next)
   if ctx.is_group then return end
   return next()
end)

-- Who asks straight away gets the answer without a menu.
for _, topic in ipairs(TOPICS) do
   bot:hears(topic.words, function(ctx) ctx:reply(topic.answer) end)
end

-- Everything else that is written opens the menu: "oi", "menu", "bom dia", a photo.
bot:on("message", show_menu)

bot:run()
