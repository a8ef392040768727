-- Partner accounts and gateways beside instances: where their calls go, with
-- which headers, and how a gateway's token is had.
local zapi = require "zapi"
local core = require "zapi.core"
local gateway = require "zapi.gateway"
local stub = require "spec.support.stub"

local PARTNER <const> = "PARTNER-T0KEN-0001"
local KEY <const> = "GATEWAY-KEY-0001"
local UUID <const> = "f0000000-0000-4000-8000-000000000001"

local function failure(fn)
   local ok, err = pcall(fn)
   assert.is_false(ok)
   assert.matches("^[^:]*scopes_spec.lua:%d+: ", err)
   return (err:gsub("^[^:]*:%d+: ", ""))
end

local function with_env(values, fn)
   for name, value in pairs(values) do
      core.set_env(name, value)
   end
   local ok, err = pcall(fn)
   for name in pairs(values) do
      core.set_env(name, nil)
   end
   if not ok then
      error(err, 0)
   end
end

describe("zapi.partner", function()
   local s

   after_each(function()
      if s then
         s.close()
         s = nil
      end
   end)

   it("calls the host with its token, without a Client-Token", function()
      s = stub.start '{"total":0,"totalPage":0,"page":1,"content":[]}'
      local p = zapi.partner {token = PARTNER, base_url = s.url}
      assert.same({}, assert(p:list_instances()).content)
      local req = s.last()
      assert.equal("/instances", req.path)
      assert.same({page = "1", pageSize = "20"}, req.query)
      assert.equal("Bearer " .. PARTNER, req.headers.authorization)
      assert.is_nil(req.headers["client-token"])
   end)

   it("takes the instance that a call concerns among the parameters", function()
      s = stub.start(function() return 201, "" end)
      local p = zapi.partner {token = PARTNER, base_url = s.url}
      local params = {instance = "INST/1", token = "TOK 1", withCalls = true}
      assert.same({}, p:subscribe_instance(params))
      local req = s.last()
      assert.equal("/instances/INST/1/token/TOK 1/integrator/on-demand/subscription", req.path)
      assert.same({withCalls = true}, zapi.json.decode(req.body))
      assert.same({instance = "INST/1", token = "TOK 1", withCalls = true}, params)
      assert.matches("/instances/INST%%2F1/token/TOK%%201/integrator",
         p:build("cancel_instance", {instance = "INST/1", token = "TOK 1"}).url)
   end)

   it("says what is missing or wrong, without telling a token", function()
      local p = zapi.partner {token = PARTNER, base_url = "http://127.0.0.1:1"}
      assert.matches("^missing parameter 'instance' to cancel_instance %(string", failure(function()
         p:cancel_instance()
      end))
      assert.matches("^missing parameter 'token' to cancel_instance %(string", failure(function()
         p:cancel_instance {instance = "I"}
      end))
      assert.matches("^bad parameter 'token' to cancel_instance %(string expected, got number",
         failure(function()
            p:cancel_instance {instance = "I", token = 1}
         end))
      assert.matches("^bad parameter 'instance' to cancel_instance %(it is empty",
         failure(function()
            p:cancel_instance {instance = "", token = "x"}
         end))
      assert.matches("^'instanse' is not a parameter of cancel_instance", failure(function()
         p:cancel_instance {instance = "I", token = "x", instanse = 1}
      end))
      assert.is_nil(tostring(p):find(PARTNER, 1, true))
      assert.equal("zapi.partner has no endpoint 'send_text'", failure(function()
         p:send_text {}
      end))
   end)

   it("has its token from one source", function()
      assert.matches("^no credentials: set ZAPI_PARTNER_TOKEN", failure(function()
         zapi.partner {base_url = "http://127.0.0.1:1"}
      end))
      with_env({ZAPI_PARTNER_TOKEN = "FR0M-ENV-0001"}, function()
         local req = zapi.partner {base_url = "http://h"}:build "list_instances"
         assert.equal("Bearer FR0M-ENV-0001", req.headers.Authorization)
         assert.matches("^http://h/instances%?", req.url)
         req = zapi.partner {host = "plugzapi"}:build "list_instances"
         assert.matches("^https://api.plugzapi.com.br/instances", req.url)
      end)
   end)

   it("refuses options that it does not know, at the caller's line", function()
      assert.equal("'tokn' is not an option of zapi.partner; did you mean 'token'?",
         failure(function()
            zapi.partner {tokn = "x"}
         end))
      assert.equal("bad parameter 'token' to zapi.partner (it holds a blank or a line break)",
         failure(function()
            zapi.partner {token = "a b"}
         end))
   end)
end)

describe("zapi.gateway", function()
   local s, tokens, ends, refuse

   -- A gateway that knows the tokens it gave, and when each ends.
   local function answer(req)
      if req.path == "/api/auth/token" then
         tokens = tokens + 1
         return 200, zapi.json.encode {
            token = tokens .. "|secret" .. tokens, sistema_id = 7, expires_at = ends,
         }
      end
      if refuse[req.headers.authorization] then
         return 401, '{"message":"Unauthenticated."}'
      end
      return 200, '{"data":[{"id":1,"tag":"main","descricao":"d"}]}'
   end

   before_each(function()
      tokens, ends, refuse = 0, "2099-01-01 00:00:00", {}
      s = stub.start(function(req)
         local status, body = answer(req)
         return status, body, {["Content-Type"] = "application/json"}
      end)
   end)

   after_each(function()
      s.close()
   end)

   local function connect()
      return zapi.gateway {url = s.url .. "/", api_key = KEY, system_id = 7}
   end

   it("fetches a token with its key and keeps it", function()
      local g = connect()
      assert.equal("main", assert(g:list_instances()).data[1].tag)
      assert(g:list_instances())
      assert.equal(3, #s.got)
      local first, second = s.got[1], s.got[2]
      assert.equal("POST", first.method)
      assert.same({chave_api = KEY}, zapi.json.decode(first.body))
      assert.equal("7", first.headers["x-sistema-id"])
      assert.is_nil(first.headers.authorization)
      assert.equal("/api/instancias", second.path)
      assert.equal("Bearer 1|secret1", second.headers.authorization)
      assert.equal("7", second.headers["x-sistema-id"])
      assert.equal("Bearer 1|secret1", s.got[3].headers.authorization)
   end)

   it("fetches once for many calls at a time", function()
      local g, calls = connect(), {}
      for i = 1, 20 do
         calls[i] = function() return g:list_instances() end
      end
      local replies = zapi.all(calls)
      assert.equal(20, #replies)
      assert.equal(1, tokens)
      assert.equal(21, #s.got)
   end)

   it("renews a token that was refused, once", function()
      local g = connect()
      assert(g:list_instances())
      refuse["Bearer 1|secret1"] = true
      assert(g:list_instances())
      assert.equal(2, tokens)
      assert.equal("Bearer 2|secret2", s.last().headers.authorization)
      refuse["Bearer 2|secret2"], refuse["Bearer 3|secret3"] = true, true
      local reply, err = g:list_instances()
      assert.is_nil(reply)
      assert.equal("auth.unauthorized", err.kind)
      assert.equal("list_instances", err.endpoint)
      assert.equal(3, tokens)
   end)

   it("gives the error of the token's fetch to the call, and tries anew later", function()
      local g, broken = connect(), true
      local good = answer
      answer = function(req)
         if broken then
            return 401, '{"error":"Unauthorized"}'
         end
         return good(req)
      end
      local reply, err = g:list_instances()
      assert.is_nil(reply)
      assert.equal("auth.unauthorized", err.kind)
      assert.equal("create_token", err.endpoint)
      assert.equal(1, #s.got)
      broken = false
      assert(g:list_instances())
      answer = good
   end)

   it("sends a file as a form, streamed from disk", function()
      local g, path = connect(), os.tmpname()
      local content = ("\0\1\r\n--bytes"):rep(20000)
      local f <close> = assert(io.open(path, "wb"))
      f:write(content)
      f:flush()
      assert(g:send_media {
         instancia_uuid = UUID, phone = "5511999990001", isGroup = "N", document = path,
         caption = 'Olá "você"', midia_type = "document", chatName = zapi.null,
      })
      local req = s.last()
      os.remove(path)
      local boundary = req.headers["content-type"]:match "^multipart/form%-data; boundary=(.+)$"
      assert.is_truthy(boundary, req.headers["content-type"])
      local parts = {}
      local part = "%-%-[^\r\n]+\r\n(Content%-Disposition.-)\r\n\r\n(.-)\r\n%f[-]"
      for head, body in req.body:gmatch(part) do
         parts[head:match ' name="([^"]+)"'] = body
      end
      assert.equal(UUID, parts.instancia_uuid)
      assert.equal("N", parts.isGroup)
      assert.equal('Olá "você"', parts.caption)
      assert.is_nil(parts.chatName)
      assert.is_truthy(req.body:find(content, 1, true))
      assert.matches('name="document"; filename="', req.body)
      local reply, err = g:send_media {
         instancia_uuid = UUID, phone = "5511999990001", document = path, midia_type = "document",
      }
      assert.is_nil(reply)
      assert.equal("io", err.kind)
      assert.equal("not_sent", err.outcome)
   end)

   it("shows a call without fetching a token", function()
      local g = connect()
      local req = g:build "list_instances"
      assert.equal("Bearer ***", req.headers.Authorization)
      assert.equal("7", req.headers["X-Sistema-ID"])
      req = g:build("send_media", {
         instancia_uuid = UUID, phone = "5511999990001", document = "not-there.pdf",
         midia_type = "document",
      })
      assert.equal("multipart/form-data", req.headers["Content-Type"])
      assert.equal(0, #s.got)
   end)

   it("calls what is in no table with its token too", function()
      assert(connect():request {path = "/api/other"})
      assert.equal("/api/other", s.last().path)
      assert.equal("Bearer 1|secret1", s.last().headers.authorization)
   end)

   it("has its credentials from one source, all or nothing", function()
      assert.matches("^no credentials: set ZAPI_GATEWAY_URL", failure(function()
         zapi.gateway()
      end))
      assert.matches("all or nothing: zapi.gateway{…} has an address but no key", failure(function()
         zapi.gateway {url = s.url, system_id = 7}
      end))
      with_env({
         ZAPI_GATEWAY_URL = s.url, ZAPI_GATEWAY_API_KEY = KEY, ZAPI_GATEWAY_SYSTEM_ID = "9",
      }, function()
         assert(zapi.gateway():list_instances())
         assert.equal("9", s.last().headers["x-sistema-id"])
         assert.matches("has a key but no address", failure(function()
            zapi.gateway {api_key = "other-key"}
         end))
      end)
      with_env({ZAPI_GATEWAY_URL = s.url}, function()
         assert.matches("the environment has an address but no key", failure(function()
            zapi.gateway {}
         end))
      end)
   end)
end)

describe("a gateway's token", function()
   local real_now, now = core.now, nil

   before_each(function()
      now = 1000000000.0 -- 2001-09-09 01:46:40
      core.now = function() return now end
   end)

   after_each(function()
      core.now = real_now
   end)

   local function source(...)
      local replies, n = {...}, 0
      return gateway.source(function()
         n = n + 1
         return replies[math.min(n, #replies)]
      end)
   end

   it("reads the instant that it ends", function()
      assert.equal(1000000000, gateway.instant "2001-09-09 01:46:40")
      assert.equal(0, gateway.instant "1970-01-01T00:00:00.000Z")
      assert.equal(951782400, gateway.instant "2000-02-29 00:00:00")
      assert.equal(4102444800, gateway.instant "2100-01-01 00:00:00")
      assert.is_nil(gateway.instant "soon")
      assert.is_nil(gateway.instant(nil))
   end)

   it("is renewed before it ends", function()
      local token = source({token = "t-one-1", expires_at = "2001-09-09 02:46:40"},
         {token = "t-two-2", expires_at = "2001-09-09 03:46:40"})
      assert.equal("t-one-1", token())
      now = now + 3539
      assert.equal("t-one-1", token())
      now = now + 2
      assert.equal("t-two-2", token())
   end)

   it("that lives shortly is used for most of its life", function()
      local token = source({token = "t-one-1", expires_at = "2001-09-09 01:47:10"},
         {token = "t-two-2", expires_at = "2001-09-09 01:48:10"})
      assert.equal("t-one-1", token())
      now = now + 26
      assert.equal("t-one-1", token())
      now = now + 2
      assert.equal("t-two-2", token())
   end)

   it("whose time zone is another one is kept until it is refused", function()
      local token = source({token = "t-one-1", expires_at = "2001-09-08 23:46:40"},
         {token = "t-two-2", expires_at = "2001-09-08 23:46:40"})
      assert.equal("t-one-1", token())
      now = now + 100000
      assert.equal("t-one-1", token())
      assert.equal("t-two-2", token "t-one-1")
      assert.equal("t-two-2", token "t-one-1")
   end)

   it("that is no text is an error", function()
      local token, err = source({token = 7})()
      assert.is_nil(token)
      assert.equal("net.bad_reply", err.kind)
   end)
end)

describe("many clients", function()
   it("keep their credentials apart", function()
      local a = zapi.client {instance = "A", token = "token-a", client_token = "client-a",
         base_url = "http://a"}
      local b = zapi.client {instance = "B", token = "token-b", host = "plugzapi"}
      local c = zapi.partner {token = "token-c", base_url = "http://c"}
      assert.equal("http://a/instances/A/token/token-a/status", a:build("get_status").url)
      assert.equal("https://api.plugzapi.com.br/instances/B/token/token-b/status",
         b:build("get_status").url)
      assert.equal("client-a", a:build("get_status").headers["Client-Token"])
      assert.is_nil(b:build("get_status").headers["Client-Token"])
      assert.matches("^http://c/instances%?", c:build("list_instances").url)
   end)
end)
