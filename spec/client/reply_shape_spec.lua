-- Replies in one shape, whichever of the documented forms the server sends.
local zapi = require "zapi"
local stub = require "spec.support.stub"

describe("a reply", function()
   local s, z, body, headers

   setup(function()
      s = stub.start(function() return 200, body, headers end)
      z = zapi.client {instance = "I", token = "token-1", base_url = s.url}
   end)

   teardown(function()
      s.close()
   end)

   local function reply_to(text, name, params)
      body, headers = text, {["Content-Type"] = "application/json"}
      return assert(z:call(name, params))
   end

   local PHONE <const> = "5511999990001"

   it("is the object that an array of one holds", function()
      local one = {link = "https://x/y.jpg"}
      assert.same(one, reply_to('{"link":"https://x/y.jpg"}', "get_profile_picture", PHONE))
      assert.same(one, reply_to('[{"link":"https://x/y.jpg"}]', "get_profile_picture", PHONE))
      assert.same({}, reply_to("[]", "get_profile_picture", PHONE))
   end)

   it("is a list of one where the row has a list", function()
      local object = '{"exists":true,"phone":"5511999990001","lid":"100000000000001@lid"}'
      local list = {{exists = true, phone = PHONE, lid = "100000000000001@lid"}}
      assert.same(list, reply_to(object, "phone_exists", PHONE))
      assert.same(list, reply_to("[" .. object .. "]", "phone_exists", PHONE))
      assert.equal("[]", zapi.json.encode(reply_to("[]", "phone_exists", PHONE)))
   end)

   it("is the list that an object wraps, and the object that a list lacks", function()
      local params = {limit = 20, filters = {countryCodes = {"BR"}}}
      local channel = '{"id":"1@newsletter","creationTime":1735689600}'
      local list = {{id = "1@newsletter", creationTime = 1735689600}}
      assert.same(list, reply_to("[" .. channel .. "]", "search_newsletter", params))
      assert.same(list, reply_to('{"cursor":null,"data":[' .. channel .. "]}",
         "search_newsletter", params))
      local products = {products = {{id = "7", name = "Mouse"}}}
      params = {phone = PHONE, collectionId = "8"}
      assert.same(products, reply_to('{"products":[{"id":"7","name":"Mouse"}]}',
         "list_collection_products", params))
      assert.same(products, reply_to('[{"id":"7","name":"Mouse"}]',
         "list_collection_products", params))
   end)

   it("has the value in an object where bare text came", function()
      assert.same({value = "2@abc"}, reply_to('{"value":"2@abc"}', "get_qr_code"))
      assert.same({value = "2@abc"}, reply_to('"2@abc"', "get_qr_code"))
      body, headers = "\137PNG\r\n\26\n\0\1", {["Content-Type"] = "image/png"}
      assert.same({value = "\137PNG\r\n\26\n\0\1"}, z:get_qr_code())
   end)

   it("has lists of addresses, also for one address or objects with one", function()
      local params = {phone = PHONE, collectionId = "8"}
      for _, images in ipairs {
         '["https://x/1.png"]', '"https://x/1.png"', '[{"url":"https://x/1.png"}]',
      } do
         local reply = reply_to('{"products":[{"images":' .. images .. "}]}",
            "list_collection_products", params)
         assert.same({"https://x/1.png"}, reply.products[1].images)
      end
      assert.same({"https://x/1.png"},
         reply_to('{"products":[{"images":"https://x/1.png"}]}', "list_products")
            .products[1].images)
   end)

   it("has booleans and numbers that came as text", function()
      local group = reply_to([=[[{
         "archived":"false","pinned":"true","messagesUnread":"12","isMarkedSpam":false,"isMuted":"0"
      }]]=], "list_groups", {page = 1, pageSize = 10})[1]
      assert.is_false(group.archived)
      assert.is_true(group.pinned)
      assert.is_false(group.isMarkedSpam)
      assert.equal(12, group.messagesUnread)
      local members = reply_to([[{"participants":[
         {"phone":"1","isAdmin":"true","isSuperAdmin":"false"},{"phone":"2","isAdmin":false}]}]],
         "get_group_metadata", "120363000000000001-group").participants
      assert.is_true(members[1].isAdmin)
      assert.is_false(members[1].isSuperAdmin)
      assert.is_false(members[2].isAdmin)
   end)

   it("leaves text that only looks like something else", function()
      local group = reply_to('[{"archived":"maybe","messagesUnread":"0x10"}]',
         "list_groups", {page = 1, pageSize = 10})[1]
      assert.equal("maybe", group.archived)
      assert.equal("0x10", group.messagesUnread)
   end)

   it("has ids as text, digit by digit", function()
      local reply = reply_to('{"zaapId":1203630195026509,"messageId":9007199254740993,"id":7}',
         "send_text", {phone = PHONE, message = "oi"})
      assert.same({zaapId = "1203630195026509", messageId = "9007199254740993", id = "7"}, reply)
      assert.equal("120363019502650977", reply_to('[{"phone":120363019502650977}]',
         "list_chats")[1].phone)
   end)

   it("has no link where there is no picture, and no other text is touched", function()
      for _, text in ipairs {'{"link":"null"}', '[{"link":"null"}]', '{"link":null}'} do
         assert.is_nil(reply_to(text, "get_profile_picture", PHONE).link)
      end
      assert.equal("null", reply_to('{"phone":"1","name":"null"}', "get_contact", PHONE).name)
   end)

   it("keeps what the row does not know", function()
      local reply = reply_to('{"link":"https://x","fresh":[1,{"a":"true"}],"n":"1"}',
         "get_profile_picture", PHONE)
      assert.same({link = "https://x", fresh = {1, {a = "true"}}, n = "1"}, reply)
   end)

   it("of z:request stays as it came", function()
      body, headers = '[{"link":"null","archived":"true"}]', {["Content-Type"] = "application/json"}
      assert.same({{link = "null", archived = "true"}}, z:request {path = "/profile-picture"})
   end)
end)
