--- Orders in both directions: what a customer puts into the cart and sends, and
--- the order with payment that the shop sends back and keeps up to date.
local catalogs = require "zapi.sandbox.catalog"
local payload = require "zapi.sandbox.payload"
local sends = require "zapi.sandbox.sends"

local M = { routes = {} }

local CURRENCY <const> = "Order has not been sent because it received invalid currency code"
local UNKNOWN <const> = "Update order has not been sent because it received invalid request data."

-- ---- a customer orders -----------------------------------------------------

local function line_of(sandbox, item)
   if type(item) ~= "table" then return nil, "an item is {id= or retailerId=, quantity=}" end
   local product = catalogs.product(sandbox.catalog, item.id or item.retailerId)
   if not product then return nil, "no such product: " .. tostring(item.id or item.retailerId) end
   return {
      productId = product.id, retailerId = product.retailerId, name = product.name,
      quantity = math.tointeger(item.quantity) or 1, currencyCode = product.currency,
      price = math.tointeger(item.price) or math.tointeger(tonumber(product.price)),
   }
end

local function summary(lines)
   local out = { "🛒 Pedido" }
   for i, line in ipairs(lines) do out[i + 1] = ("%d × %s"):format(line.quantity, line.name) end
   return table.concat(out, "\n")
end

--- Sends a cart. An item is {id= or retailerId=, quantity=}; with price= (in
--- thousandths) somebody tampers with it.
---@param who zapi.sandbox.Person|string
---@param items table[]
---@param opts? {order_id?: string, message?: string}
---@return zapi.sandbox.Message|nil, string|nil err
function M.place(sandbox, who, items, opts)
   local world = sandbox.world
   local person = world:find_person(who)
   if not person then return nil, "no such person: " .. tostring(who) end
   local lines, total, count = {}, 0, 0
   for i, item in ipairs(items) do
      local line, err = line_of(sandbox, item)
      if not line then return nil, err end
      lines[i], total, count = line, total + line.price * line.quantity, count + line.quantity
   end
   if #lines == 0 then return nil, "an order has at least one item" end
   local m = world:publish(world:draft {
      kind = "order", chat = person.phone, from = person.phone, from_me = false,
      status = "RECEIVED", text = summary(lines),
      order = {
         itemCount = count, orderId = opts and opts.order_id or world.ids:digits(15),
         message = opts and opts.message or "", orderTitle = world.name,
         sellerJid = world.phone, thumbnailUrl = "https://example.com/o.jpg",
         token = world.ids:hex(8), currency = lines[1].currencyCode,
         total = total, subTotal = total, products = lines,
      },
   })
   sandbox.webhooks:push(payload.received(world, m))
   return m
end

-- ---- the shop answers ------------------------------------------------------

local function amounts(order)
   local sum = 0
   for _, line in ipairs(order.products) do
      sum = sum + tonumber(line.value) * tonumber(line.quantity)
   end
   local discount, shipping = tonumber(order.discount) or 0, tonumber(order.shipping) or 0
   local tax = tonumber(order.tax) or 0
   return {
      subTotal = sum, discount = discount, shipping = shipping, tax = tax,
      total = sum - discount + shipping + tax,
   }
end

local function shown_lines(world, order)
   local lines = {}
   for i, line in ipairs(order.products) do
      lines[i] = {
         name = line.name, quantity = line.quantity, value = line.value,
         isCustomItem = line.productId == nil or line.isCustomItem == true,
         productId = line.productId or "custom-item-" .. world.ids:hex(11),
      }
   end
   return lines
end

local function details(record)
   local out = {
      currency = record.currency, referenceId = record.reference, orderRequestId = record.request,
      orderStatus = record.status, paymentStatus = record.payment, products = record.products,
   }
   for k, v in pairs(record.amounts) do out[k] = v end
   return out
end

-- The webhook about an order of our own: it brings the ids that updates need.
local function push_review(sandbox, m, key, value)
   local body = payload.message(sandbox.world, {
      id = m.id, chat = m.chat, from = m.chat, from_me = false,
   }, key, value)
   sandbox.webhooks:push(body)
end

M.routes["/send-order"] = { POST = function(sandbox, p)
   local world, order = sandbox.world, p.order
   local m = sends.draft(sandbox, p, { kind = "text" })
   if not tostring(order.currency):find("^%u%u%u$") then m.fails = CURRENCY end
   local record = {
      currency = order.currency, reference = world.ids:hex(11), request = world.ids:hex(11),
      status = "pending", payment = "pending", products = shown_lines(world, order),
      amounts = amounts(order), chat = m.chat,
   }
   m.text = ("🧾 Pedido %s: %s %.2f"):format(record.reference, record.currency,
      record.amounts.total)
   return sends.dispatch(sandbox, m, {
      show = function() world:publish(m) end,
      echo = function() return payload.received(world, m) end,
      done = function()
         sandbox.orders[record.reference] = record
         local value = details(record)
         value.type = "physical-goods"
         push_review(sandbox, m, "reviewAndPay", value)
      end,
   })
end }

local function update(sandbox, p)
   local world = sandbox.world
   local record = sandbox.orders[p.referenceId]
   local m = sends.draft(sandbox, p, {
      kind = "text", text = p.message or ("🧾 Pedido %s: %s, pagamento %s"):format(
         p.referenceId, p.orderStatus, p.paymentStatus),
   })
   if not record or record.request ~= p.orderRequestId or record.chat ~= m.chat then
      m.fails = UNKNOWN
   end
   return sends.dispatch(sandbox, m, {
      show = function() world:publish(m) end,
      echo = function() return payload.received(world, m) end,
      done = function()
         record.status, record.payment = p.orderStatus, p.paymentStatus
         record.products, record.amounts = shown_lines(world, p.order), amounts(p.order)
         push_review(sandbox, m, "reviewOrder", details(record))
      end,
   })
end

M.routes["/order-status-update"] = { POST = update }
M.routes["/order-payment-update"] = { POST = update }

return M
