-- The client of an instance: what goes over the wire, what a reply means, what
-- misuse says. Every endpoint of the table is called once.
local zapi = require "zapi"
local core = require "zapi.core"
local stub = require "spec.support.stub"

local ID <const> = "3C0FFEE0000000000000000000000001"
local TOKEN <const> = "T0KENT0KENT0KENT0KEN0001"
local ACCOUNT <const> = "Facc0untfacc0untfacc0unt0001S"

local function client(s, more)
   local options = {
      instance = ID, token = TOKEN, client_token = ACCOUNT,
      base_url = type(s) == "string" and s or s.url,
   }
   for k, v in pairs(more or {}) do
      options[k] = v
   end
   return core.client(options)
end

local function line_of(fn)
   local info = debug.getinfo(fn, "S")
   return info.short_src:match "[^/]+$" .. ":" .. info.linedefined + 1 .. ": "
end

local function misuse(fn)
   local ok, err = pcall(fn)
   assert.is_false(ok)
   local place, text = tostring(err):match "^(.-:%d+: )(.*)$"
   assert.is_truthy(place, err)
   assert.equal(line_of(fn), place:match "[^/]+$")
   return text
end

local function assert_no_secret(text)
   text = tostring(text)
   assert.is_nil(text:find(TOKEN, 1, true), text)
   assert.is_nil(text:find(ACCOUNT, 1, true), text)
end

describe("zapi.client", function()
   local s

   local function start(answer, more)
      s = stub.start(answer)
      return client(s, more)
   end

   after_each(function()
      if s then
         s.close()
         s = nil
      end
   end)

   it("calls an endpoint by its name", function()
      local z = start '{"zaapId":"Z1","messageId":"M1","id":"M1"}'
      local reply, err = z:send_text {phone = "+55 (11) 99999-0001", message = "Olá"}
      assert.is_nil(err)
      assert.same({zaapId = "Z1", messageId = "M1", id = "M1"}, reply)
      local req = s.last()
      assert.equal("POST", req.method)
      assert.equal(("/instances/%s/token/%s/send-text"):format(ID, TOKEN), req.path)
      assert.equal(ACCOUNT, req.headers["client-token"])
      assert.equal("application/json", req.headers["content-type"])
      assert.same({phone = "5511999990001", message = "Olá"}, zapi.json.decode(req.body))
   end)

   it("leaves groups, lids and channels as they are", function()
      local z = start '{"messageId":"M1"}'
      for _, chat in ipairs {
         "120363019502650977-group", "5511999990001-1623281429", "99999999999999@lid",
         "999999999999999999@newsletter",
      } do
         assert(z:send_text {phone = chat, message = "oi"})
         assert.equal(chat, zapi.json.decode(s.last().body).phone)
      end
   end)

   it("writes path, query and single values where they belong", function()
      local z = start '{"phone":"5511999990001","name":"Ana"}'
      assert(z:get_contact "5511999990001")
      assert.matches("/contacts/5511999990001$", s.last().path)
      assert.equal("GET", s.last().method)
      assert.equal("", s.last().body or "")
      assert.equal("application/json", s.last().headers["content-type"])
      s.close()
      z = start "[]"
      assert.same({}, z:list_chats {page = 1, pageSize = 10})
      assert.same({page = "1", pageSize = "10"}, s.last().query)
   end)

   it("keeps one function for each name", function()
      local z = client "http://127.0.0.1:1"
      assert.equal(z.send_text, z.send_text)
      assert.equal(z.send_text, client("http://127.0.0.1:2").send_text)
      assert.not_equal(z.send_text, z.send_image)
      assert.is_nil(z[1])
   end)

   it("works without a Client-Token, and below a path", function()
      s = stub.start '{"connected":true}'
      local z = core.client {instance = "I", token = "tok-en1", base_url = s.url .. "/below/"}
      assert(z:get_status())
      assert.equal("/below/instances/I/token/tok-en1/status", s.last().path)
      assert.is_nil(s.last().headers["client-token"])
   end)

   describe("a reply", function()
      local function reply_to(call, body, headers, status)
         local z = start(function()
            return status or 200, body, headers or {["Content-Type"] = "application/json"}
         end)
         return call(z)
      end
      local function restart(z)
         return z:restart()
      end

      it("is {} when empty, and when it is null", function()
         local put = function(z) return z:request {method = "PUT", path = "/x"} end
         assert.same({}, reply_to(put, "", nil, 204))
         s.close()
         assert.same({}, reply_to(put, "null"))
      end)

      it("may be a list, a text, bytes", function()
         local get = function(z) return z:request {path = "/x"} end
         assert.same({{a = 1}}, reply_to(get, '[{"a":1}]'))
         s.close()
         assert.equal("done", reply_to(get, '"done"'))
         s.close()
         local png = "\137PNG\r\n\26\n\0\1"
         assert.equal(png, reply_to(get, png, {["Content-Type"] = "image/png"}))
      end)

      it("has no nulls and exact integers", function()
         local reply = reply_to(function(z) return z:request {path = "/x"} end,
            '{"a":null,"n":120363019502650977,"list":[]}')
         assert.is_nil(reply.a)
         assert.equal("integer", math.type(reply.n))
         assert.equal('{"list":[]}', zapi.json.encode {list = reply.list})
      end)

      it("has no link where there is no picture", function()
         for _, body in ipairs {'{"link":"null"}', '[{"link":"null"}]'} do
            local reply = reply_to(function(z)
               return z:get_profile_picture {phone = "5511999990001"}
            end, body)
            assert.is_nil((reply[1] or reply).link)
            s.close()
         end
         local reply = reply_to(function(z)
            return z:get_profile_picture "5511999990001"
         end, '{"link":"https://x/y.jpg"}')
         assert.equal("https://x/y.jpg", reply.link)
      end)

      it("of a healthy status is no error", function()
         local reply, err = reply_to(function(z) return z:get_status() end,
            '{"connected":true,"error":"You are already connected.","smartphoneConnected":true}')
         assert.is_nil(err)
         assert.is_true(reply.connected)
      end)

      local function send(z)
         return z:send_text {phone = "5511999990001", message = "oi"}
      end
      local cases = {
         {200, '{"error":"NOT_FOUND"}', "client.unknown_endpoint", "refused", send},
         {200, '{"error":"You are not connected."}', "state.disconnected", "refused", send},
         {200, '{"id":"x"}', "send.not_enqueued", "refused", send},
         {200, "<html>", "send.unknown", "unknown", send},
         {200, '{"messageId":', "send.unknown", "unknown", send},
         {200, "", "send.unknown", "unknown", send},
         {500, '{"error":"oops"}', "send.unknown", "unknown", send},
         {400, '{"error":"your client-token is not configured"}',
            "auth.client_token_missing", "refused", send},
         {403, '{"error":"Client-Token ' .. ACCOUNT .. ' not allowed"}',
            nil, "refused", send},
         {404, '{"error":"Instance not found"}', "auth.instance_not_found", "refused", send},
         {429, "", "rate_limited", "refused", send},
         {200, '{"value":false}', "client.refused", "refused", restart},
      }
      for _, case in ipairs(cases) do
         local status, body, kind, outcome, call = table.unpack(case, 1, 5)
         it(("%d %s is %s"):format(status, body:sub(1, 40), kind or "an error"), function()
            local reply, err = reply_to(call, body, nil, status)
            assert.is_nil(reply)
            assert.is_true(core.is_error(err))
            if kind then
               assert.equal(kind, err.kind)
            end
            assert.equal(outcome, err.outcome)
            assert.equal(status, err.status)
            assert.is_truthy(err.endpoint)
            assert.equal(1, #s.got) -- no send is ever repeated
            for _, v in pairs(err) do
               assert_no_secret(v)
            end
            assert_no_secret(err)
         end)
      end
   end)

   it("repeats a read that failed for a moment", function()
      local z = start(function(_, n)
         if n < 2 then
            return 503, "{}"
         end
         return '{"connected":true}'
      end)
      assert(z:get_status())
      assert.equal(2, #s.got)
   end)

   it("never repeats a send whose answer did not come", function()
      local z = start(function()
         zapi.sleep(5)
         return "{}"
      end, {timeout = 0.1})
      local reply, err = z:send_text {phone = "5511999990001", message = "oi"}
      assert.is_nil(reply)
      assert.equal("send.unknown", err.kind)
      assert.equal("unknown", err.outcome)
      assert.is_false(err.retryable)
      assert.matches("no answer in 0.1 s", err.message)
      assert.equal(1, #s.got)
   end)

   it("tells that a message never left", function()
      local z = client("http://127.0.0.1:" .. stub.free_port())
      local reply, err = z:send_text {phone = "5511999990001", message = "oi"}
      assert.is_nil(reply)
      assert.equal("net.refused", err.kind)
      assert.equal("not_sent", err.outcome)
      assert.equal("send_text", err.endpoint)
      assert.matches("^connection refused by 127.0.0.1:%d+$", err.message)
   end)

   it("throws misuse at the caller's line", function()
      local z = client "http://127.0.0.1:1"
      assert.equal("'mesage' is not a parameter of send_text; did you mean 'message'?",
         misuse(function()
            z:send_text {phone = "5511999990001", mesage = "oi"}
         end))
      assert.matches("^missing parameter 'message' to send_text %(string", misuse(function()
         z:send_text {phone = "5511999990001"}
      end))
      assert.matches("^bad parameter 'delayMessage' to send_text %(1 to 15 expected, got 20",
         misuse(function()
            z:send_text {phone = "5511999990001", message = "oi", delayMessage = 20}
         end))
      assert.matches("^bad parameter 'message' to send_text %(.*UTF%-8", misuse(function()
         z:send_text {phone = "5511999990001", message = "\xff"}
      end))
      assert.equal("zapi.client has no endpoint 'send_txt'; did you mean 'send_text'?",
         misuse(function()
            z:send_txt {}
         end))
      assert.equal("zapi.client has no endpoint 'qwertyuiop'", misuse(function()
         z:qwertyuiop {}
      end))
      assert.equal("send_text is a method: call it with a colon, as z:send_text(…)",
         misuse(function()
            z.send_text {phone = "5511999990001", message = "oi"}
         end))
      assert.equal("zapi.client has no endpoint 'nope'", misuse(function()
         z:call("nope")
      end))
   end)

   it("throws what is wrong with itself, without telling a secret", function()
      assert.equal("bad parameter 'token' to zapi.client (it holds a blank or a line break)",
         misuse(function()
            core.client {instance = "I", token = "sec ret1", base_url = "http://x"}
         end))
      assert.equal("bad parameter 'client_token' to zapi.client "
         .. "(it holds a blank or a line break)", misuse(function()
            core.client {instance = "I", token = "t", client_token = "a\r\n", base_url = "http://x"}
         end))
      assert.equal("bad parameter 'base_url' to zapi.client "
         .. "(it must begin with http:// or https://)", misuse(function()
            core.client {instance = "I", token = "t", base_url = "ftp://x"}
         end))
      assert.equal("bad parameter 'instance' to zapi.client (a text expected, got nothing)",
         misuse(function()
            core.client {token = "t", base_url = "http://x"}
         end))
      assert.equal("bad parameter 'token' to zapi.client (string expected, got number)",
         misuse(function()
            core.client {instance = "I", token = 123456, base_url = "http://x"}
         end))
   end)

   it("shows which instance it is, and no more", function()
      local z = client "http://127.0.0.1:1"
      assert.equal("zapi.client (3C0F…0001)", tostring(z))
      assert.equal(ID, z.instance)
      assert.is_false(getmetatable(z))
      assert.equal("zapi.client (I)",
         tostring(core.client {instance = "I", token = "token-1", base_url = "http://x"}))
      assert_no_secret(z)
   end)

   it("encodes ids that would leave their place in the path", function()
      s = stub.start '{"connected":true}'
      local z = core.client {instance = "../x?y#z", token = "a/b%c", base_url = s.url}
      assert(z:get_status())
      assert.equal("/instances/../x?y#z/token/a/b%c/status", s.last().path) -- decoded
      assert.same({}, s.last().query)
   end)

   it("may be closed; calling it then is misuse", function()
      local z = client "http://127.0.0.1:1"
      local method = z.send_text
      do
         local _ <close> = z
      end
      assert.matches("closed", misuse(function()
         method(z, {phone = "5511999990001", message = "oi"})
      end))
      assert.equal("zapi.client ()", tostring(z))
   end)

   it("is cancelled with its task, and collected with the call under way", function()
      local z = start(function()
         zapi.sleep(5)
         return "{}"
      end)
      local task = core.spawn_quiet(function()
         return z:send_text {phone = "5511999990001", message = "oi"}
      end)
      while #s.got == 0 do
         zapi.sleep(0.001)
      end
      z = nil -- luacheck: ignore
      collectgarbage()
      task:cancel()
      task = nil -- luacheck: ignore
      collectgarbage()
      collectgarbage()
      zapi.sleep(0.01)
      assert.equal(1, #s.got)
   end)

   describe("request", function()
      it("calls what is in no table", function()
         local z = start '{"ok":true}'
         assert.same({ok = true}, z:request {
            method = "PUT", path = "/new/thing", query = {b = 1, a = "x y"}, body = {n = 1},
         })
         local req = s.last()
         assert.equal("PUT", req.method)
         assert.equal(("/instances/%s/token/%s/new/thing"):format(ID, TOKEN), req.path)
         assert.same({a = "x y", b = "1"}, req.query)
         assert.equal('{"n":1}', req.body)
         assert.equal(ACCOUNT, req.headers["client-token"])
         z:request {path = "/raw", body = "[1]"}
         assert.equal("POST", s.last().method)
         assert.equal("[1]", s.last().body)
         z:request {path = "/read"}
         assert.equal("GET", s.last().method)
      end)

      it("is repeated only when it is said to be safe", function()
         local z = start(function()
            return 503, "{}"
         end)
         local _, err = z:request {path = "/x", body = {}}
         assert.equal("send.unknown", err.kind)
         assert.equal("/x", err.endpoint)
         assert.equal(1, #s.got)
         _, err = z:request {path = "/x", idempotent = false}
         assert.equal("send.unknown", err.kind)
         assert.equal(2, #s.got)
         _, err = z:request {path = "/x", body = {}, idempotent = true}
         assert.equal("server.error", err.kind)
         assert.equal(5, #s.got)
      end)

      it("stays below the instance", function()
         local z = client "http://127.0.0.1:1"
         local function why(path)
            return misuse(function()
               z:request {path = path}
            end)
         end
         local up = "bad parameter 'path' to z:request (it must not hold '.' or '..' parts)"
         for _, path in ipairs {
            "/..", "/a/../b", "/a/..", "/%2e%2e/b", "/.%2E/b", "/a/./b", "/%2e",
         } do
            assert.equal(up, why(path))
         end
         assert.equal("bad parameter 'path' to z:request (it must begin with '/')", why "x")
         assert.equal("bad parameter 'path' to z:request (without '?' or '#': see query)",
            why "/x?y=1")
         for _, path in ipairs {"/a b", "/a\r\nb", "/a\\..\\b"} do
            assert.equal("bad parameter 'path' to z:request "
               .. "(it holds a blank or a control character)", why(path))
         end
         assert.matches("NUL", why "/a\0b")
      end)

      it("names what is wrong", function()
         local z = client "http://127.0.0.1:1"
         assert.equal("'pth' is not a parameter of z:request; did you mean 'path'?",
            misuse(function()
               z:request {pth = "/x"}
            end))
         assert.matches('got "get"', misuse(function()
            z:request {path = "/x", method = "get"}
         end))
         assert.matches("^bad parameter 'body' to z:request %(", misuse(function()
            z:request {path = "/x", body = {f = print}}
         end))
      end)
   end)
end)

-- ---- the whole table -----------------------------------------------------

-- A reply that the row takes for success.
local function good_reply(row)
   if row.reply_example ~= nil then
      return zapi.json.encode(row.reply_example)
   end
   local reply = {ok = true}
   for _, name in ipairs(row.success_when or {}) do
      reply[name] = (name == "value" or name == "success") and true or "X1"
   end
   return zapi.json.encode(reply)
end

local function merged(row)
   local params = {}
   for _, part in ipairs {row.params_example or {}, row.request_example or {}} do
      for k, v in pairs(part) do
         params[k] = v
      end
   end
   return params
end


local function where(row)
   local places = {}
   for _, field in ipairs(row.params) do
      places[field.name] = field["in"]
   end
   return places
end

describe("each endpoint of an instance", function()
   local s, z, answer

   setup(function()
      s = stub.start(function() return answer end)
      z = client(s)
   end)

   teardown(function()
      s.close()
   end)

   for _, row in ipairs(core.endpoints "instance") do
      it(row.name, function()
         answer = good_reply(row)
         local params = merged(row)
         local reply, err = z:call(row.name, params)
         assert.is_nil(err and tostring(err))
         assert.is_not_nil(reply)
         local req = s.last()
         assert.equal(row.method, req.method)
         local path = row.path:gsub("{(.-)}", function(name)
            return params[name] and tostring(params[name]) or "{" .. name .. "}"
         end)
         local root = row.host_root and "" or ("/instances/%s/token/%s"):format(ID, TOKEN)
         if not path:find "{" then -- an extension may follow from the name
            assert.equal(root .. path, req.path)
         end
         local places = where(row)
         local body = #(req.body or "") > 0 and zapi.json.decode(req.body) or {}
         for name, value in pairs(params) do
            if places[name] == "query" then
               assert.equal(tostring(value), req.query[name])
            elseif places[name] == "body" then
               assert.same(value, body[name])
            end
         end
      end)
   end
end)
