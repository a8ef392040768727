-- Answers frequent questions from a menu, and calls a person when it cannot help.
--
--    zapibot chat faq.lua     talk to it in the terminal
--    zapibot dev faq.lua      the same on a page; nothing is really sent
--    zapibot check faq.lua    finds mistakes without running it
--    zapibot faq.lua          with your number: see .env.example
local kit = require "zapi.kit"

-- What customers ask, and what they read. `words` are heard anywhere in a message,
-- whatever their case and accents.
local FAQ = {
   {
      id = "horario", label = "Horário", words = {"horário", "que horas", "aberto"},
      answer = "Abrimos de segunda a sexta das 9h às 18h, e aos sábados até as 13h.",
   },
   {
      id = "endereco", label = "Endereço", words = {"endereço", "onde fica", "como chegar"},
      answer = "Rua das Flores, 100, Centro. Tem estacionamento ao lado.",
   },
   {
      id = "pagamento", label = "Pagamento", words = {"pagamento", "cartão", "pix", "parcela"},
      answer = "Aceitamos Pix, cartão em até 3 vezes e dinheiro.",
   },
}

-- What the menu shows of them.
local ITEMS = {}
for i, item in ipairs(FAQ) do ITEMS[i] = {id = item.id, label = item.label} end

local bot = require("zapi.bot").new {
   -- Who says one of these words gets a person; the bot keeps quiet until "menu".
   handover = {words = {"atendente", "falar com uma pessoa"}, back = {"menu"}, hours = 8},
}

bot:use(kit.rate {per = 60, max = 20}) -- of one person, in a minute

local function answer_of(id)
   for _, item in ipairs(FAQ) do
      if item.id == id then return item.answer end
   end
end

-- Buttons where WhatsApp shows them, else numbered text. The answer may come hours
-- later, also after a restart: this function goes on where it stood.
local function show_menu(ctx)
   local choice, answer = ctx:menu("Olá! 👋 Sobre o que você quer saber?", ITEMS, {tries = 3})
   if choice then
      answer:reply(answer_of(choice.id) .. "\n\nMais alguma coisa? Escreva *menu*.")
   end
end

-- In groups it only speaks when it is asked something of the list.
bot:hears({"menu", "oi", "olá", "bom dia", "boa tarde", "boa noite"}, function(ctx, next)
   if ctx.is_group then return next() end
   show_menu(ctx)
end)

for _, item in ipairs(FAQ) do
   bot:hears(item.words, function(ctx) ctx:reply(item.answer) end)
end

-- Nothing above matched. The session is kept on disk, one for each chat.
bot:on({kind = "text", group = false}, function(ctx)
   ctx.session.missed = (ctx.session.missed or 0) + 1
   if ctx.session.missed < 2 then
      return ctx:reply("Não entendi. 🤔 Escreva *menu* para ver o que sei responder.")
   end
   ctx.session.missed = 0
   ctx:handover {note = "Vou chamar uma pessoa para ajudar você. Um momento, por favor!"}
end)

bot:run()
