-- The people's side of the sandbox: control API, events, page, guard.
local control = require "zapi.sandbox.control"
local core = require "zapi.core"
local support = require "spec.sandbox.support"

local decode = support.decode

describe("the sandbox's control API", function()
   local s, ana, group
   before_each(function() s, ana, group = support.start() end)
   after_each(function() s:close() end)

   local function post(path, body, headers)
      local reply = support.request(s, "POST", "/__sandbox/" .. path, body, headers)
      return reply.status, decode(reply)
   end

   local function get(path)
      local reply = support.request(s, "GET", "/__sandbox/" .. path)
      return decode(reply), reply.status
   end

   it("adds people and groups", function()
      local status, person = post("people", { name = "Caio", phone = "+55 21 98888-0001" })
      assert.equal(201, status)
      assert.equal("5521988880001", person.phone)
      assert.truthy(person.lid:find("^%d+@lid$"))
      local _, made = post("groups", { name = "Novo", members = { "Caio", ana.phone } })
      assert.same({ "5521988880001", ana.phone }, made.members)
      local state = get("state")
      assert.equal(3, #state.people)
      assert.equal("Novo", state.groups[2].name)
   end)

   it("lists messages of a chat, oldest first", function()
      local status, sent = post("messages", { from = "Ana", text = "um" })
      assert.equal(201, status)
      assert.equal("um", sent.text)
      post("messages", { from = ana.phone, chat = "Grupo", text = "no grupo" })
      post("messages", { from = ana.lid, text = "dois" })
      local list = get("messages?chat=" .. ana.phone)
      assert.same({ "um", "dois" }, { list[1].text, list[2].text })
      assert.is_false(list[1].fromMe)
      assert.equal("RECEIVED", list[1].status)
      assert.equal("no grupo", get("messages?chat=" .. group.id)[1].text)
      assert.equal(3, #get("messages"))
      local _, code = get("messages?chat=nobody")
      assert.equal(404, code)
   end)

   it("answers bad input with 400 and the reason", function()
      for _, case in ipairs {
         { "people", { name = "" }, "name must be a text that is not empty" },
         { "people", { name = "X", phone = "1" }, "phone must have 8 to 15 digits" },
         { "groups", { name = "G" }, "members must be a list with at least one person" },
         { "messages", { from = "Zé", text = "x" }, "no such person: Zé" },
         { "messages", "{", "the body is not valid JSON" },
         { "messages", "", "the body is not valid JSON" },
         { "messages", "[1]", "the body must be a JSON object" },
         { "messages", "5", "the body must be a JSON object" },
         { "presence", { from = "Ana", status = "FLYING" }, "unknown status: FLYING" },
         { "connection", {}, "connected must be true or false" },
         { "memberships", { action = "burn" },
            "action must be join, leave, withdraw, promote or demote" },
         { "memberships", { action = "join", person = "Zé" }, "person: no such person: Zé" },
         { "memberships", { action = "join", person = "Ana", group = "Nenhum" },
            "no such group: Nenhum" },
         { "memberships", { action = "join", person = "Ana", by = "Zé", group = "Grupo" },
            "by: no such person: Zé" },
         { "orders", { from = "Ana" }, "items must be a list" },
         { "orders", { from = "Ana", items = {} }, "an order has at least one item" },
         { "orders", { from = "Ana", items = { 5 } },
            "an item is {id= or retailerId=, quantity=}" },
         { "orders", { from = "Ana", items = { { id = "x" } } }, "no such product: x" },
      } do
         local status, reply = post(case[1], case[2])
         assert.equal(400, status, case[3])
         assert.equal(case[3], reply.error)
      end
      assert.equal(404, (post("nothing", {})))
      assert.equal(405, (post("state", {})))
      assert.equal(405, select(2, get("people")))
   end)

   it("moves people in groups, and sends carts", function()
      local _, person = post("people", { name = "Rui" })
      local status, reply = post("memberships",
         { action = "join", person = "Rui", group = "Grupo" })
      assert.equal(200, status)
      assert.equal("joined", reply.value)
      assert.is_true(s.world:is_member(s:find_group("Grupo"), person.phone))
      post("memberships", { action = "promote", person = "Rui", group = "Grupo", by = "Ana" })
      assert.is_true(s:find_group("Grupo").admins[person.phone])
      post("memberships", { action = "demote", person = "Rui", group = "Grupo" })
      assert.is_nil(s:find_group("Grupo").admins[person.phone])
      post("memberships", { action = "leave", person = "Rui", group = "Grupo" })
      assert.is_false(s.world:is_member(s:find_group("Grupo"), person.phone))
      s:run("POST", "/products", {
         retailerId = "A", name = "Caneca", description = "x", price = 2, currency = "BRL",
         images = { "https://example.com/x.jpg" },
      })
      status, reply = post("orders", { from = "Ana", items = { { id = "A", quantity = 3 } } })
      assert.equal(201, status)
      assert.equal("🛒 Pedido\n3 × Caneca", reply.text)
   end)

   it("tells the bot that a person is typing", function()
      local hooks = support.receiver()
      s:connect_bot(hooks.url)
      assert.equal(200, (post("presence", { from = "Ana", status = "COMPOSING" })))
      support.settle(s)
      assert.equal("PresenceChatCallback", hooks.got[1].type)
      assert.equal("COMPOSING", hooks.got[1].status)
      assert.equal(ana.phone, hooks.got[1].phone)
      hooks.close()
   end)

   it("links and unlinks the instance", function()
      assert.is_false(select(2, post("connection", { connected = false })).connected)
      assert.is_true(select(2, post("connection", { connected = true })).connected)
   end)

   it("keeps every call and webhook with both bodies", function()
      support.call(s, "POST", "/send-text", { phone = ana.phone, message = "Olá" })
      support.settle(s)
      local list = get("journal")
      local found = {}
      for _, e in ipairs(list) do found[e.path or e.type] = e end
      local sent = found["/send-text"]
      assert.equal("Olá", sent.request.message)
      assert.equal(200, sent.status)
      assert.truthy(sent.reply.messageId)
      assert.equal("deliveryCallbackUrl is not set", found.DeliveryCallback.skipped)
      assert.equal(sent.reply.messageId, found.DeliveryCallback.request.messageId)
   end)

   it("refuses names that are not local and calls of other sites", function()
      for _, host in ipairs { "evil.example", "127.0.0.1.evil.example:80" } do
         for _, path in ipairs { "/", "/__sandbox/state", "/instances/x/token/y/me" } do
            local reply = support.request(s, "GET", path, nil, { Host = host })
            assert.equal(403, reply.status, host .. path)
         end
      end
      local reply = support.request(s, "GET", "/__sandbox/state", nil, { Host = "bot.localhost:1" })
      assert.equal(200, reply.status)
      reply = support.request(s, "POST", "/__sandbox/people", { name = "X" },
         { Origin = "https://evil.example" })
      assert.equal(403, reply.status)
      assert.equal(2, #get("state").people)
      assert.equal(201, (post("people", { name = "X" }, { Origin = s.base_url })))
   end)

   it("serves the page with a policy that forbids everything else", function()
      for path, kind in pairs {
         ["/"] = "text/html", ["/app.js"] = "text/javascript", ["/render.js"] = "text/javascript",
         ["/words.js"] = "text/javascript", ["/style.css"] = "text/css",
      } do
         local reply = support.request(s, "GET", path)
         assert.equal(200, reply.status, path)
         assert.equal(1, reply.headers["content-type"]:find(kind, 1, true))
         assert.truthy(reply.headers["content-security-policy"]:find("default-src 'none'", 1, true))
         assert.is_nil(reply.body:find("https?://[%w.]*%.%w+/", 1), path)
      end
      assert.equal(404, support.request(s, "GET", "/init.lua").status)
      assert.equal(404, support.request(s, "GET", "/media/none.png").status)
      assert.equal(405, support.request(s, "POST", "/", {}).status)
   end)

   it("never puts text of people into the page as markup", function()
      for _, path in ipairs { "/app.js", "/render.js", "/words.js" } do
         local code = support.request(s, "GET", path).body
         for _, word in ipairs { "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
            "eval(", "new Function", "srcdoc" } do
            assert.is_nil(code:find(word, 1, true), path .. " " .. word)
         end
      end
   end)
end)

describe("the sandbox's events", function()
   -- Follows the events as the server would have it written to a browser.
   local function follow(s, headers)
      local reader = { text = "" }
      local status, stream, sent = control.handle(s,
         { method = "GET", path = "/__sandbox/events", query = {}, headers = headers or {} })
      assert.equal(200, status)
      assert.equal("text/event-stream", sent["Content-Type"])
      reader.task = core.spawn(stream, function(chunk)
         if reader.gone then return nil, "closed" end
         reader.text = reader.text .. chunk
         return true
      end)
      core.sleep(0)
      return reader
   end

   local function wait_for(s, reader, text)
      local deadline = core.hrtime() + 5
      while not reader.text:find(text, 1, true) do
         assert(core.hrtime() < deadline, "not in the stream: " .. text)
         s:wait(0.1)
         core.sleep(0)
      end
   end

   it("come live, numbered, and end when the sandbox closes", function()
      local s, ana = support.start()
      local seen = #s:events()
      local reader = follow(s)
      assert.equal("retry: 500\n\n: ready\n\n", reader.text)
      s:say(ana, "ao vivo")
      wait_for(s, reader, "ao vivo")
      local number, data = reader.text:match("id: (%d+)\nevent: message\ndata: ([^\n]+)\n\n")
      assert.is_true(tonumber(number) > seen)
      assert.equal("ao vivo", core.json_decode(data).text)
      s:close()
      reader.task:join(5)
      assert.equal("done", reader.task:status())
   end)

   it("go on from the last one that was seen", function()
      local s, ana = support.start()
      s:say(ana, "antes")
      local last = s:events()[#s:events()].n
      s:say(ana, "depois")
      local reader = follow(s, { ["last-event-id"] = tostring(last) })
      wait_for(s, reader, "depois")
      assert.is_nil(reader.text:find("antes", 1, true))
      s:close()
   end)

   it("end when the reader is gone", function()
      local s, ana = support.start()
      local reader = follow(s)
      reader.gone = true
      s:say(ana, "oi")
      reader.task:join(5)
      assert.equal("done", reader.task:status())
      s:close()
   end)
end)

describe("two sandboxes", function()
   it("with the same seed have the same ids", function()
      local a, b = support.start(), support.start()
      local x, y = a:say("Ana", "oi"), b:say("Ana", "oi")
      assert.equal(x.id, y.id)
      assert.not_equal(a.address, b.address)
      a:close()
      b:close()
   end)

   it("close twice without harm, and free the port", function()
      local a = support.start()
      a:close()
      a:close()
      assert.is_nil((core.http_request { method = "GET", url = a.base_url .. "/", timeout = 2 }))
   end)
end)
