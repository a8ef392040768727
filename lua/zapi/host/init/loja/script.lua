-- A small shop: shows products, takes an order, asks for the address, gives the
-- Pix code and waits for the receipt.
--
--    zapibot chat loja.lua     talk to it in the terminal
--    zapibot dev loja.lua      the same on a page; nothing is really sent
--    zapibot check loja.lua    finds mistakes without running it
--    zapibot loja.lua          with your number: see .env.example
local zapi = require "zapi"
local kit = require "zapi.kit"

-- Prices are whole centavos: money is never kept in fractions.
local PRODUCTS = {
   {id = "cafe", label = "Café 500 g", price = 3490},
   {id = "filtro", label = "Filtro de papel", price = 890},
   {id = "caneca", label = "Caneca", price = 4500},
}

local PIX = {key = "contato@loja.example", name = "LOJA EXEMPLO", city = "SAO PAULO"}
local OWNER = zapi.getenv "LOJA_DONO" -- is told of each order; may be left out
local MOST = 20 -- pieces in one order

local bot = require("zapi.bot").new {
   handover = {words = {"atendente"}, back = {"menu"}, hours = 8},
}
local orders = zapi.store "pedidos" -- kept on disk

bot:use(kit.rate {per = 60, max = 30})

local function product_of(id)
   for _, product in ipairs(PRODUCTS) do
      if product.id == id then return product end
   end
end

local function shown(product)
   return {
      id = product.id, label = product.label, description = zapi.br.format(product.price),
   }
end

-- ---- the order -------------------------------------------------------------

local function how_many(ctx)
   local n = math.tointeger(tonumber(ctx.text or ""))
   return n and n >= 1 and n <= MOST and n or nil
end

local function take_order(ctx)
   local items = {}
   for i, product in ipairs(PRODUCTS) do items[i] = shown(product) end
   local choice = ctx:menu("Olá! ☕ O que vai ser hoje?", items, {as = "list", tries = 3})
   if not choice then return end
   local product = product_of(choice.id)

   local amount = ctx:ask(("Quantos *%s* você quer? (1 a %d)"):format(product.label, MOST), {
      match = how_many, retry = "Responda com um número, por favor.", escape = {"sair"},
   })
   if not amount then return ctx:send("Tudo bem! Escreva *menu* quando quiser.") end

   local address = ctx:ask("Para qual endereço enviamos?", {escape = {"sair"}})
   if not address then return ctx:send("Tudo bem! Escreva *menu* quando quiser.") end

   -- The flow goes on in a state: it may wait for the receipt as long as it takes.
   ctx:enter("pagamento", {
      product = product.label, amount = amount.value, address = address.text,
      total = product.price * amount.value,
   })
end

bot:hears({"menu", "oi", "olá", "comprar", "cardápio"}, function(ctx, next)
   if ctx.is_group then return next() end
   take_order(ctx)
end)

-- ---- the payment -----------------------------------------------------------

local function is_receipt(ctx) return ctx.kind == "image" or ctx.kind == "document" end

local function tell_owner(ctx, order)
   if not OWNER then return end
   assert(ctx.client:send_text {phone = OWNER, message = ("Novo pedido: %d × %s, %s\n%s\nwa.me/%s")
      :format(order.amount, order.product, zapi.br.format(order.total), order.address, ctx.chat)})
end

bot:state("pagamento", {
   enter = function(ctx, order)
      ctx:send(("%d × %s: *%s*\nPague com o Pix copia e cola abaixo e envie o comprovante aqui.")
         :format(order.amount, order.product, zapi.br.format(order.total)))
      ctx:send(zapi.br.pix {
         key = PIX.key, name = PIX.name, city = PIX.city, amount = order.total,
      })
   end,
   on = function(ctx, order, next)
      if ctx.folded == "menu" then
         ctx:leave()
         return next()
      elseif not is_receipt(ctx) then
         return ctx:reply("Envie a foto ou o PDF do comprovante, ou escreva *menu*.")
      end
      orders:set(ctx.chat .. " " .. ctx.id, order)
      ctx:leave()
      ctx:send("Recebido! ✅ Conferimos o pagamento e enviamos em até 2 dias.")
      tell_owner(ctx, order)
   end,
   timeout = {86400, function(ctx) ctx:send("Seu pedido expirou. Escreva *menu* para outro.") end},
})

bot:run()
