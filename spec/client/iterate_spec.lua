-- z:each and z:collect: every item once, and an end that is one.
local zapi = require "zapi"
local stub = require "spec.support.stub"

describe("lists that come in pages:", function()
   local s, z, answer

   before_each(function()
      s = stub.start(function(req, n)
         local body = answer(req, n)
         if type(body) == "number" then
            return body, '{"error":"Unauthorized"}', {["Content-Type"] = "application/json"}
         end
         return zapi.json.encode(body)
      end)
      z = zapi.client {instance = "I", token = "token-1", base_url = s.url}
   end)

   after_each(function()
      s.close()
   end)

   -- Pages of chats "1", "2", … of the size that is asked for.
   local function chats(total, most)
      return function(req)
         local size = math.min(tonumber(req.query.pageSize), most or math.huge)
         local first = (tonumber(req.query.page) - 1) * size
         local list = zapi.array {}
         for i = first + 1, math.min(first + size, total) do
            list[#list + 1] = {phone = tostring(i)}
         end
         return list
      end
   end

   local function phones(list)
      local out = {}
      for i, item in ipairs(list) do
         out[i] = item.phone
      end
      return table.concat(out, " ")
   end

   it("each gives the items of all pages", function()
      answer = chats(7)
      local got = {}
      for chat in z:each("list_chats", {pageSize = 3}) do
         got[#got + 1] = chat
      end
      assert.equal("1 2 3 4 5 6 7", phones(got))
      assert.equal("1", s.got[1].query.page)
      assert.equal(4, #s.got) -- the empty page is the end
   end)

   it("a server that gives less than asked for does not end the list", function()
      answer = chats(7, 2)
      assert.equal("1 2 3 4 5 6 7", phones(assert(z:collect("list_chats", {pageSize = 5}))))
   end)

   it("asks for a page when its first item is wanted", function()
      answer = chats(100)
      local more = z:each("list_chats", {pageSize = 2})
      assert.equal(0, #s.got)
      more()
      more()
      assert.equal(1, #s.got)
      more()
      assert.equal(2, #s.got)
   end)

   it("begins where it is told to", function()
      answer = chats(7)
      local params = {page = 2, pageSize = 3}
      assert.equal("4 5 6 7", phones(assert(z:collect("list_chats", params))))
      assert.same({page = 2, pageSize = 3}, params)
   end)

   it("a page that comes again ends it: the server does not know pages", function()
      answer = function() return {{phone = "1"}, {phone = "2"}} end
      assert.equal("1 2", phones(assert(z:collect("list_chats"))))
      assert.equal(2, #s.got)
   end)

   it("takes the items out of an envelope that tells the number of pages", function()
      answer = function(req)
         local page = tonumber(req.query.page)
         return {total = 3, totalPage = 2, page = page, pageSize = 2,
            content = page == 1 and {{id = "a"}, {id = "b"}} or {{id = "c"}}}
      end
      local p = zapi.partner {token = "partner-1", base_url = s.url}
      local got = {}
      for instance in p:each "list_instances" do
         got[#got + 1] = instance.id
      end
      assert.same({"a", "b", "c"}, got)
      assert.equal(2, #s.got)
   end)

   it("follows cursors, in the query and in the body", function()
      local pages = {[""] = {"p1", "c1"}, c1 = {"p2", "c2"}, c2 = {"p3"}}
      local function reply(cursor)
         local page = pages[cursor or ""]
         return {cartEnabled = true, nextCursor = page[2], products = {{id = page[1]}}}
      end
      answer = function(req) return reply(req.query.nextCursor) end
      local products = assert(z:collect "list_products")
      assert.same({"p1", "p2", "p3"}, {products[1].id, products[2].id, products[3].id})
      answer = function(req)
         return reply(#(req.body or "") > 0 and zapi.json.decode(req.body).nextCursor or nil)
      end
      assert.equal(3, #assert(z:collect "list_products_v2"))
      assert.equal(6, #s.got)
   end)

   it("a cursor that comes again ends it", function()
      local turn = 0
      answer = function()
         turn = turn + 1
         return {products = {{id = "p" .. turn}}, nextCursor = turn % 2 == 1 and "a" or "b"}
      end
      assert.equal(3, #assert(z:collect "list_products"))
      assert.equal(3, #s.got)
      assert.equal(1, #assert(z:collect("list_products", {nextCursor = "b"})))
   end)

   it("an empty page with a cursor does not end it", function()
      answer = function(req)
         if not req.query.nextCursor then
            return {products = zapi.array {}, nextCursor = "a"}
         end
         return {products = {{id = "p1"}}}
      end
      assert.equal("p1", assert(z:collect "list_products")[1].id)
   end)

   it("follows the queue's state until there is no more", function()
      local states = {[""] = "s1", s1 = "s2", s2 = "s3"}
      answer = function(req)
         local state = zapi.json.decode(req.body).pagingState or ""
         return {size = 1, messages = {{ZaapId = "after " .. state}},
            pagingState = states[state], hasMore = state ~= "s1"}
      end
      local got = {}
      for message in z:each("list_queue", {pageSize = 1}) do
         got[#got + 1] = message.ZaapId
      end
      assert.same({"after ", "after s1"}, got)
   end)

   it("collect stops at its limit", function()
      answer = chats(100)
      assert.equal("1 2 3 4 5", phones(assert(z:collect("list_chats", {pageSize = 2}, 5))))
      assert.equal(3, #s.got)
      assert.equal("1 2", phones(assert(z:collect("list_chats", {pageSize = 2}, 2))))
      assert.equal(4, #s.got)
   end)

   it("collect of nothing is an empty list", function()
      answer = chats(0)
      assert.equal("[]", zapi.json.encode(assert(z:collect "list_chats")))
   end)

   it("an error in the middle is returned by collect and thrown by each", function()
      local good = chats(100)
      answer = function(req)
         return req.query.page == "2" and 401 or good(req)
      end
      local list, err = z:collect("list_chats", {pageSize = 2})
      assert.is_nil(list)
      assert.equal("auth.unauthorized", err.kind)
      local got = 0
      local ok, thrown = pcall(function()
         for _ in z:each("list_chats", {pageSize = 2}) do
            got = got + 1
         end
      end)
      assert.is_false(ok)
      assert.is_true(zapi.is_error(thrown, "auth.unauthorized"))
      assert.equal(2, got)
   end)

   it("each waits inside tasks, side by side", function()
      answer = function(req)
         zapi.sleep(0.001)
         return chats(5)(req)
      end
      local counts = zapi.map({1, 2, 3}, 3, function()
         local n = 0
         for _ in z:each("list_chats", {pageSize = 2}) do
            n = n + 1
         end
         return n
      end)
      assert.same({5, 5, 5}, counts)
   end)

   it("misuse is thrown at the caller's line, before anything is asked", function()
      local function failure(fn)
         local ok, err = pcall(fn)
         assert.is_false(ok)
         assert.matches("^[^:]*iterate_spec.lua:%d+: ", err)
         return (err:gsub("^[^:]*:%d+: ", ""))
      end
      assert.equal("z:each: 'list_chat' is no list that comes in pages; did you mean 'list_chats'?",
         failure(function() z:each "list_chat" end))
      assert.matches("^z:collect: 'send_text' is no list that comes in pages", failure(function()
         z:collect "send_text"
      end))
      assert.equal("'pagesize' is not a parameter of list_chats; did you mean 'pageSize'?",
         failure(function() z:each("list_chats", {pagesize = 3}) end))
      assert.equal("z:each: a table of parameters expected, got string",
         failure(function() z:each("list_chats", "x") end))
      assert.equal("z:collect: the limit must be a positive integer",
         failure(function() z:collect("list_chats", {}, 0) end))
      assert.equal(0, #s.got)
   end)

   it("every endpoint that is paged can be walked", function()
      for _, row in ipairs(zapi.endpoints) do
         if row.pagination then
            assert.truthy(({page = true, cursor = true, state = true})[row.pagination], row.name)
            assert.equal("function", type(z.each))
            local list = row.reply.type == "array"
            for _, field in ipairs(row.reply.fields or {}) do
               list = list or field.type == "array"
            end
            assert.is_true(list, row.name .. " has no list in its reply")
         end
      end
   end)
end)
