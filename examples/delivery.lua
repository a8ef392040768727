-- A pizzeria: a flow by states takes an order, and the kitchen gets it.
--
--    basket ── "pronto" ──> address ──> payment ──> an order in the kitchen
--
--    zapibot dev examples/delivery.lua
--
-- The state of each customer, and the basket, are on disk; a restart changes nothing.
local zapi = require "zapi"
local br = zapi.br

-- Prices in centavos: money is never kept in fractions.
local DISHES = {
   {name = "Mussarela", price = 4900}, {name = "Calabresa", price = 5200},
   {name = "Portuguesa", price = 5500}, {name = "Guaraná", price = 1200},
}
local FEE, MOST = 800, 20 -- for the delivery; of one dish
local KITCHEN = zapi.getenv "KITCHEN" or "5511999990050" -- who gets the orders
local PIX = {key = "pizzaria@example.com", name = "Pizzaria Exemplo", city = "São Paulo"}

local z = zapi.client()
local bot = require("zapi.bot").new {client = z}
local orders = zapi.store "orders" -- number → order; "last" → the highest number

local function menu()
   local lines = {"*Cardápio*"}
   for _, dish in ipairs(DISHES) do
      lines[#lines + 1] = ("%s, %s"):format(dish.name, br.format(dish.price))
   end
   return table.concat(lines, "\n") .. "\n\nEscreva como *2 calabresa*, e *pronto* no fim."
end

-- "2 calabresa" or "calabresa": the dish and how many, or nil.
local function dish_of(folded)
   local amount, name = folded:match "^%s*(%d*)%s*x?%s*(%a.*)$"
   amount = math.tointeger(tonumber(amount == "" and 1 or amount))
   if not amount or amount < 1 or amount > MOST then return nil end
   for _, dish in ipairs(DISHES) do
      if name:find(zapi.text.fold(dish.name), 1, true) then return dish, amount end
   end
end

local function summary(order)
   return table.concat(order.lines, "\n") .. ("\nEntrega: %s\n*Total: %s*"):format(
      br.format(FEE), br.format(order.total + FEE))
end

-- A state of this flow: what it says, and what it does with an answer.
local function state(name, text, answer)
   bot:state(name, {
      enter = function(ctx, order) ctx:send(type(text) == "function" and text(order) or text) end,
      on = function(ctx, order)
         if not ctx.folded:find "^%s*cancelar" then return answer(ctx, order) end
         ctx:leave()
         ctx:send "Pedido cancelado. Escreva *pedir* para outro."
      end,
      timeout = {1800, function(ctx) ctx:send "O pedido expirou. Escreva *pedir* para outro." end},
   })
end

state("basket", menu, function(ctx, order)
   if ctx.folded:find "^%s*pronto" then
      if #order.lines == 0 then return ctx:reply "Ainda não há nada no pedido." end
      return ctx:enter("address", order)
   end
   local dish, amount = dish_of(ctx.folded)
   if not dish then return ctx:reply "Não entendi. Escreva como *2 calabresa*, ou *pronto*." end
   order.lines[#order.lines + 1] = ("%d × %s"):format(amount, dish.name)
   order.total = order.total + amount * dish.price
   ctx:reply(("Anotado: %d × %s. Mais alguma coisa? Ou *pronto*."):format(amount, dish.name))
end)

state("address", "Para qual endereço? Rua, número e bairro.", function(ctx, order)
   if not ctx.folded:find "%a.*%d" then return ctx:reply "Preciso da rua e do número." end
   order.address = ctx.text
   ctx:enter("payment", order)
end)

local function ask_payment(order) return summary(order) .. "\n\nPaga com *Pix* ou *cartão*?" end
state("payment", ask_payment, function(ctx, order)
   order.payment = ctx.folded:match "pix" or ctx.folded:match "cartao"
   if not order.payment then return ctx:reply "Responda *Pix* ou *cartão*, por favor." end
   local number = orders:update("last", function(last) return (last or 0) + 1 end)
   orders:set(number, order, {ttl = 90 * 86400}) -- addresses are not kept for ever
   ctx:leave()
   ctx:reply(("Pedido %d confirmado! 🍕"):format(number))
   if order.payment == "pix" then
      ctx:send(br.pix {key = PIX.key, name = PIX.name, city = PIX.city, amount = order.total + FEE})
   end
   -- Stored with the good end of this handler: the kitchen gets each order once.
   z.outbox:send("send_text", {phone = KITCHEN, message = ("*Pedido %d*, %s\n%s\n%s"):format(
      number, order.payment, summary(order), zapi.text.escape(order.address))},
      {key = "order:" .. number})
end)

bot:hears({"pedir", "pizza", "cardápio", "oi"}, function(ctx, next)
   if ctx.is_group then return next() end
   ctx:enter("basket", {lines = {}, total = 0})
end)

bot:run()
