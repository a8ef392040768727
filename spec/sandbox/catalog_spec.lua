-- The shop in the sandbox: products, collections whose id changes, tags, orders
-- in both directions; contacts and chats beside them.
local core = require "zapi.core"
local support = require "spec.sandbox.support"

local call, decode = support.call, support.decode

local function sample(name)
   local file = assert(io.open("spec/fixtures/webhooks/" .. name .. ".json"))
   local body = core.json_decode(file:read "a")
   file:close()
   return body
end

local function same_names(want, got)
   for name, value in pairs(want) do
      assert.is_not_nil(got[name], name .. " is missing")
      if type(value) == "table" and type(value[1]) == "table" then
         same_names(value[1], got[name][1])
      end
   end
   for name in pairs(got) do assert.is_not_nil(want[name], name .. " is too much") end
end

describe("the catalog", function()
   local s, ana, hooks

   before_each(function()
      s, ana = support.start()
      hooks = support.receiver()
      s:connect_bot(hooks.url)
   end)
   after_each(function()
      s:close()
      hooks.close()
   end)

   local function post(path, body)
      local reply = call(s, "POST", path, body)
      support.settle(s)
      return decode(reply), reply.status
   end
   local function get(path)
      local reply = call(s, "GET", path)
      return decode(reply), reply.status
   end

   local function save(code, price, more)
      local body = {
         retailerId = code, name = "Produto " .. code, description = "x", price = price,
         currency = "BRL", images = {"https://example.com/x.jpg"},
      }
      for k, v in pairs(more or {}) do body[k] = v end
      return post("/products", body).id
   end

   it("saves by retailerId, and shows prices in thousandths", function()
      local id = save("A", 39.9, {salePrice = 35})
      assert.equal(id, save("A", 20))
      assert.not_equal(id, save("B", 1))
      local product = get("/products/" .. id)
      assert.equal("20000", product.price)
      assert.is_nil(product.salePrice)
      assert.equal("A", product.retailerId)
      assert.equal(2, #get("/catalogs").products)
      assert.same({success = true}, decode(call(s, "DELETE", "/products/" .. id)))
      assert.equal(404, select(2, get("/products/" .. id)))
      assert.equal(1, #get("/catalogs").products)
   end)

   it("comes in pages with a cursor, by GET and by POST", function()
      for i = 1, 23 do save("P" .. i, i) end
      local seen, cursor, pages = {}, nil, 0
      repeat
         local reply = post("/catalogs", {nextCursor = cursor})
         for _, p in ipairs(reply.products) do seen[p.retailerId] = true end
         cursor, pages = reply.nextCursor, pages + 1
      until not cursor
      assert.equal(3, pages)
      for i = 1, 23 do assert.is_true(seen["P" .. i]) end
      local first = get "/catalogs"
      assert.equal("P11", get("/catalogs?nextCursor=" .. first.nextCursor).products[1].retailerId)
   end)

   it("hides what is hidden from who looks at it by number", function()
      save("A", 1)
      save("B", 1, {isHidden = true})
      assert.equal(2, #get("/catalogs").products)
      assert.equal(1, #get("/catalogs/" .. s.world.phone).products)
      assert.equal(0, #get("/catalogs/" .. ana.phone).products)
      post("/catalogs/config", {cartEnabled = false})
      assert.is_false(get("/catalogs").cartEnabled)
   end)

   it("gives a collection a new id when its products change", function()
      local a, b = save("A", 1), save("B", 1)
      local first = post("/catalogs/collection",
         {name = "Novidades", productIds = {a}}).collectionId
      local second = post("/catalogs/collection/add-product",
         {collectionId = first, productIds = {b}}).collectionId
      assert.not_equal(first, second)
      local products = "/catalogs/collection-products/%s?collectionId=%s"
      assert.equal(2, #get(products:format(s.world.phone, second)).products)
      assert.equal(404, select(2, get(products:format(s.world.phone, first))))
      assert.equal(404, select(2, post("/catalogs/collection/add-product",
         {collectionId = first, productIds = {b}})))
      local third = post("/catalogs/collection/remove-product",
         {collectionId = second, productIds = {a}}).collectionId
      assert.not_equal(second, third)
      assert.equal(third,
         post("/catalogs/collection-edit/" .. third, {name = "Outras"}).collectionId)
      local list = get("/catalogs/collection").collections
      assert.same({{id = third, name = "Outras", status = "APPROVED"}}, {list[1]})
      call(s, "DELETE", "/products/" .. b)
      assert.equal(0, #get(products:format(s.world.phone, third)).products)
      call(s, "DELETE", "/catalogs/collection/" .. third)
      assert.equal(0, #get("/catalogs/collection").collections)
      assert.equal(404, select(2, post("/catalogs/collection",
         {name = "x", productIds = {"999"}})))
   end)

   it("keeps tags, and the notes of chats", function()
      local id = post("/business/create-tag", {name = "Pago", color = 2}).id
      post("/business/edit-tag/" .. id, {name = "Pago!"})
      assert.same({id = id, name = "Pago!", color = 2}, get("/tags")[1])
      local path = "/chats/%s/tags/%s/%s"
      assert.is_true(decode(call(s, "PUT", path:format(ana.phone, id, "add"), {})).value)
      assert.is_true(s.catalog.chat_tags[ana.phone][id])
      assert.equal(404, call(s, "PUT", path:format(ana.phone, "9", "add"), {}).status)
      call(s, "PUT", path:format(ana.phone, id, "remove"), {})
      assert.is_nil(s.catalog.chat_tags[ana.phone][id])
      call(s, "DELETE", "/business/tag/" .. id)
      assert.equal(0, #get "/tags")
      post("/chats/" .. ana.phone .. "/notes", {notes = "ligar segunda"})
      assert.equal("ligar segunda", get("/chats/" .. ana.phone).notes.content)
   end)

   describe("orders", function()
      it("of a customer come in the shape of the sample", function()
         local id = save("CAN", 25)
         s:place_order(ana, {{retailerId = "CAN", quantity = 2}}, {order_id = "77"})
         support.settle(s)
         local order = hooks.got[1].order
         same_names(sample("received_order").order, order)
         assert.equal("77", order.orderId)
         assert.equal(50000, order.total)
         assert.same({
            productId = id, retailerId = "CAN", name = "Produto CAN", quantity = 2, price = 25000,
            currencyCode = "BRL",
         }, order.products[1])
         s:place_order(ana, {{id = id, price = 1}})
         support.settle(s)
         assert.equal(1, hooks.got[2].order.total)
         assert.has_error(function() s:place_order(ana, {{id = "nada"}}) end)
      end)

      local function send(order)
         return post("/send-order", {phone = ana.phone, order = order})
      end

      local function bodies(key)
         local out = {}
         for _, body in ipairs(hooks.got) do
            if body[key] then out[#out + 1] = body end
         end
         return out
      end

      it("of ours come back with the ids that updates need", function()
         local sent = send {
            currency = "BRL", discount = 5, shipping = 12, tax = 2,
            products = {{name = "Caneca", value = 40, quantity = 2, productId = "7"},
               {name = "Embrulho", value = 5, quantity = 1}},
         }
         local body = bodies("reviewAndPay")[1]
         assert.equal(sent.messageId, body.messageId)
         local review = body.reviewAndPay
         same_names(sample("received_review_and_pay").reviewAndPay, review)
         assert.equal(94, review.total)
         assert.is_false(review.products[1].isCustomItem)
         assert.is_true(review.products[2].isCustomItem)
         assert.truthy(review.products[2].productId:find("^custom%-item%-"))
         local update = {
            phone = ana.phone, messageId = sent.messageId, referenceId = review.referenceId,
            orderRequestId = review.orderRequestId, orderStatus = "processing",
            paymentStatus = "paid", order = {currency = "BRL", products = review.products},
         }
         post("/order-payment-update", update)
         local changed = bodies("reviewOrder")[1].reviewOrder
         same_names(sample("received_review_order").reviewOrder, changed)
         assert.equal("paid", changed.paymentStatus)
         assert.equal("paid", s.orders[review.referenceId].payment)
         update.orderRequestId = "outro"
         update.paymentStatus = "pending"
         post("/order-status-update", update)
         assert.equal("paid", s.orders[review.referenceId].payment)
         assert.equal("Update order has not been sent because it received invalid request data.",
            bodies("error")[1].error)
      end)

      it("with a wrong currency fail later", function()
         send {currency = "reais", products = {{name = "x", value = 1, quantity = 1}}}
         assert.equal("Order has not been sent because it received invalid currency code",
            bodies("error")[1].error)
         assert.equal(0, #bodies "reviewAndPay")
         assert.is_nil(next(s.orders))
      end)
   end)

   describe("contacts and chats", function()
      it("knows who is on WhatsApp, with or without the ninth digit", function()
         assert.same({exists = true, phone = ana.phone, lid = ana.lid},
            get("/phone-exists/551199990001")[1])
         assert.is_false(get("/phone-exists/5511999997777")[1].exists)
         local batch = post("/phone-exists-batch", {phones = {"551199990001", "5511900000000"}})
         assert.equal(ana.phone, batch[1].outputPhone)
         assert.is_false(batch[2].exists)
      end)

      it("adds, renames and removes contacts", function()
         post("/contacts/add", {{firstName = "Rui", lastName = "Sá", phone = "5511988880003"},
            {firstName = "Ana Lima", phone = ana.phone}})
         assert.equal("Rui Sá", get("/contacts/5511988880003").name)
         assert.equal("Ana Lima", get("/contacts/" .. ana.phone).name)
         assert.equal(3, #get "/contacts")
         assert.equal(1, #get "/contacts?page=2&pageSize=2")
         call(s, "DELETE", "/contacts/remove", {"5511988880003"},
            {["Content-Type"] = "application/json"})
         assert.equal(2, #get "/contacts")
         assert.equal(404, select(2, get "/contacts/5511900000000"))
      end)

      it("lists chats with what was not read, and their messages", function()
         s:say(ana, "um")
         local two = s:say(ana, "dois")
         assert.equal("2", get("/chats")[1].unread)
         local last = get("/chat-messages/" .. ana.phone .. "?amount=1&lastMessageId=x")
         assert.equal("dois", last[1].text.message)
         local before = get(("/chat-messages/%s?amount=5&lastMessageId=%s")
            :format(ana.phone, two.id))
         assert.equal(1, #before)
         assert.equal("um", before[1].text.message)
         post("/modify-chat", {phone = ana.phone, action = "read"})
         post("/modify-chat", {phone = ana.phone, action = "pin"})
         local chat = get("/chats")[1]
         assert.equal("0", chat.unread)
         assert.equal("true", chat.pinned)
      end)

      it("shows messages of other kinds as text, and forwards", function()
         post("/send-poll", {
            phone = ana.phone, message = "Qual?", poll = {{name = "A"}, {name = "B"}},
         })
         assert.equal("Qual?\n▢ A\n▢ B", s:messages(ana)[1].text)
         local photo = s:say(ana, {image = support.PNG, caption = "foto"})
         post("/forward-message", {
            phone = "5511999990002", messageId = photo.id, messagePhone = ana.phone,
         })
         local copy = s:messages("5511999990002")[1]
         assert.equal("image", copy.kind)
         assert.is_true(copy.forwarded)
         post("/send-product", {
            phone = ana.phone, catalogPhone = s.world.phone, productId = "nada",
         })
         assert.equal(
            "Product message has not been sent because provided product id was not found.",
            s:messages(ana)[3].error)
      end)
   end)
end)
