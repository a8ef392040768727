-- The order desk of a shop: a customer sends the cart of the WhatsApp catalog,
-- the bot checks it against its own prices (never those in the message, which
-- anybody can forge), answers with an order to be paid and with a Pix text. The
-- owner writes "!pago 1" and "!enviado 1", and the customer's order is updated.
--
--    zapibot examples/order_desk.lua examples/data/produtos.csv
--
-- Orders are kept in memory: they end when the script does.
local zapi = require "zapi"
local br = zapi.br
local bot = require("zapi.bot").new {prefix = "!"}

local SHOP = {
   owner = zapi.getenv "SHOP_OWNER" or "5511999990050", -- who may use the commands
   pix = {key = "loja@example.com", name = "Loja Exemplo", city = "São Paulo"},
   -- Z-API does not say in which unit orders have their prices: R$ 1,00 is 1000
   -- where we looked. Check it with an order of yours before you trust it.
   unit = 1000,
}

-- ---- own prices ------------------------------------------------------------

local stock = {} -- code -> {name =, price = centavos, left =}
for row in zapi.csv.rows((...) or "examples/data/produtos.csv") do
   stock[row.codigo] = {
      name = row.nome, price = assert(br.money(row.preco)), left = tonumber(row.estoque),
   }
end

-- What is wrong with a line of an order, for the customer; nil when it is right.
local function wrong_line(line)
   local own = stock[line.retailerId or ""]
   if not own then return ("não vendemos mais *%s*"):format(zapi.text.escape(line.name or "?")) end
   local quantity = math.tointeger(line.quantity)
   if not quantity or quantity < 1 then return ("quantidade inválida de *%s*"):format(own.name) end
   if quantity > own.left then return ("temos só %d de *%s*"):format(own.left, own.name) end
   if (line.price or 0) * 100 ~= own.price * SHOP.unit then
      return ("*%s* custa %s"):format(own.name, br.format(own.price))
   end
end

-- The order as we charge it: our names, our prices. Or nil and what is wrong.
local function accept(received)
   local lines, total, wrong = {}, 0, {}
   for i, line in ipairs(received.products or {}) do
      wrong[#wrong + 1] = wrong_line(line)
      local own = stock[line.retailerId or ""]
      if own and #wrong == 0 then
         total = total + own.price * line.quantity
         lines[i] = {
            productId = line.productId, name = own.name, quantity = line.quantity,
            value = own.price / 100,
         }
      end
   end
   if #wrong > 0 then return nil, table.concat(wrong, "\n") end
   if #lines == 0 then return nil, "o carrinho está vazio" end
   return {lines = lines, total = total}
end

-- ---- an order comes in -----------------------------------------------------

local orders, by_cart, by_message = {}, {}, {}

bot:on("order", function(ctx)
   local cart = ctx.event.order
   if by_cart[cart.orderId] then return end -- the same cart, sent again
   local order, wrong = accept(cart)
   if not order then
      ctx.log.warn("order %s refused: %s", cart.orderId, wrong)
      return ctx:reply("Não pude aceitar o pedido:\n" .. wrong .. "\nRefaça o carrinho, por favor.")
   end
   order.number, order.chat, order.payment = #orders + 1, ctx.chat, "pending"
   local sent, err = ctx.client:send_order {
      phone = ctx.chat,
      order = {currency = "BRL", products = order.lines},
      paymentSettings = {pix = {key = SHOP.pix.key, keyType = "email", name = SHOP.pix.name}},
   }
   if not sent then error(err) end
   order.message = sent.messageId
   orders[order.number], by_cart[cart.orderId], by_message[order.message] = order, order, order
   ctx:reply(("Pedido %d: %s. Pague com o Pix copia e cola:"):format(order.number,
      br.format(order.total)))
   ctx:send(br.pix {key = SHOP.pix.key, name = SHOP.pix.name, city = SHOP.pix.city,
      amount = order.total, txid = "PEDIDO" .. order.number})
end)

-- Z-API tells the ids of an order that we sent; updates need them.
bot:on("review", function(ctx)
   local review, order = ctx.event.reviewAndPay, by_message[ctx.id]
   if not review or not order then return end
   order.reference, order.request = review.referenceId, review.orderRequestId
   order.lines = review.products
end)

-- ---- the owner's commands --------------------------------------------------

local function update(name, endpoint, change, text)
   bot:command(name, function(ctx)
      if ctx.from.phone ~= SHOP.owner then return end
      local order = orders[tonumber(ctx.args.pedido)]
      if not order or not order.reference then return ctx:reply("Não conheço esse pedido.") end
      local status, payment = change.status, change.payment or order.payment
      assert(ctx.client[endpoint](ctx.client, {
         phone = order.chat, messageId = order.message, referenceId = order.reference,
         orderRequestId = order.request, orderStatus = status, paymentStatus = payment,
         message = text, order = {currency = "BRL", products = order.lines},
      }))
      order.payment = payment
      ctx:reply(("Pedido %d: %s"):format(order.number, text))
   end, {args = "<pedido>"})
end

update("pago", "update_order_payment", {payment = "paid", status = "processing"},
   "Pagamento recebido, obrigado!")
update("enviado", "update_order_status", {status = "shipped"}, "Seu pedido está a caminho.")

bot:run()
