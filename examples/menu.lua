-- Buttons and a list. Somebody who says "oi" or "menu" gets buttons; what is
-- clicked comes back as an event named "choice", whose id we chose ourselves.
-- WhatsApp may stop showing buttons any day, so the words work as well.
local bot = require("zapi.bot").new()

-- Prices in centavos: money is never kept in fractions.
local dishes = {
   {id = "pizza", label = "Pizza", description = "Mussarela, 8 fatias", price = 4990},
   {id = "lasanha", label = "Lasanha", description = "À bolonhesa", price = 3850},
   {id = "salada", label = "Salada", description = "Da casa", price = 2200},
}

local function money(centavos)
   return ("R$ %d,%02d"):format(centavos // 100, centavos % 100)
end

local function send_menu(ctx)
   ctx:reply {
      text = "Olá! Como posso ajudar?",
      buttons = {
         {id = "cardapio", label = "Ver cardápio"},
         {id = "horario", label = "Horário"},
         {id = "pessoa", label = "Falar com alguém"},
      },
   }
end

local function send_dishes(ctx)
   -- WhatsApp does not show lists in groups: there we write them out.
   if ctx.is_group then
      local lines = {"*Cardápio*"}
      for _, dish in ipairs(dishes) do
         lines[#lines + 1] = ("%s, %s"):format(dish.label, money(dish.price))
      end
      return ctx:reply(table.concat(lines, "\n"))
   end
   local options = {}
   for i, dish in ipairs(dishes) do
      options[i] = {
         id = dish.id,
         label = dish.label,
         description = dish.description .. ", " .. money(dish.price),
      }
   end
   ctx:reply {
      text = "O que vai ser hoje?",
      list = {title = "Cardápio", button = "Abrir", options = options},
   }
end

local function send_hours(ctx)
   ctx:reply("Abrimos de terça a domingo, das 18h às 23h.")
end

local function call_person(ctx)
   ctx:reply("Certo! Alguém da equipe responde em instantes.")
end

-- What a click does, by the id of the button or of the row.
local actions = {cardapio = send_dishes, horario = send_hours, pessoa = call_person}

for _, dish in ipairs(dishes) do
   actions[dish.id] = function(ctx)
      ctx:reply(("Anotado: *%s*, %s. Bom apetite! 🍽️"):format(dish.label, money(dish.price)))
   end
end

bot:on("choice", function(ctx, next)
   local action = actions[ctx.choice.id]
   if not action then return next() end -- a button of some older message
   return action(ctx)
end)

bot:hears({"cardápio", "comida"}, send_dishes)
bot:hears({"horário", "aberto"}, send_hours)
bot:hears({"alguém", "atendente"}, call_person)
bot:hears({"oi", "olá", "menu", "bom dia", "boa tarde", "boa noite"}, send_menu)

bot:run()
