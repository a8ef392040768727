-- Every endpoint of every scope, called through Lua: what goes over the wire
-- is compared with the row, the documented example comes back, and so does
-- each documented failure.
local zapi = require "zapi"
local core = require "zapi.core"
local stub = require "spec.support.stub"

local ID <const> = "3C0FFEE0000000000000000000000001"
local TOKEN <const> = "T0KENT0KENT0KENT0KEN0001"
local ACCOUNT <const> = "Facc0untfacc0untfacc0unt0001S"
local PARTNER <const> = "PARTNERPARTNER0001"
local GATEWAY <const> = "1|gatewaytoken0001"
local JSON <const> = {["Content-Type"] = "application/json"}

-- ---- what a row says, read anew ------------------------------------------

local function encode(text)
   return (tostring(text):gsub("[^%w%-._~]", function(c)
      return ("%%%02X"):format(c:byte())
   end))
end

-- Parameters by place: {path = {}, query = {}, body = {}}.
local function split(row, params)
   local places, out = {}, {path = {}, query = {}, body = {}}
   for _, field in ipairs(row.params) do
      places[field.name] = field["in"]
      if params[field.name] == nil and field.default ~= nil then
         out[field["in"]][field.name] = field.default
      end
   end
   for name, value in pairs(params) do
      out[places[name] or "body"][name] = value
   end
   return out
end

local function example(row)
   local params = {}
   for _, part in ipairs {row.params_example or {}, row.request_example or {}} do
      for k, v in pairs(part) do
         params[k] = v
      end
   end
   return params
end

local function expected_path(row, values)
   local path = row.path:gsub("{(.-)}", function(name)
      return encode(assert(values[name], row.name .. " has no example of " .. name))
   end)
   return (row.host_root or row.scope == "gateway") and path
      or ("/instances/%s/token/%s%s"):format(ID, TOKEN, path)
end

local function decoded(path)
   return (path:gsub("%%(%x%x)", function(hex)
      return string.char(tonumber(hex, 16))
   end))
end

local function texts(values)
   local out = {}
   for k, v in pairs(values) do
      out[k] = tostring(v)
   end
   return out
end

-- ---- a server that gives what it is told ---------------------------------

local peer, answer

local function handle(req)
   if req.path == "/api/auth/token" and req.headers["x-sistema-id"] == "1" and not answer.raw then
      return 200, zapi.json.encode {token = GATEWAY, expires_at = "2099-01-01 00:00:00"}, JSON
   end
   return answer.status, answer.body, answer.headers or JSON
end

local clients = {}

local function call(row, params)
   if row.scope == "partner" and not row.host_root then
      params.instance, params.token = ID, TOKEN
   end
   return clients[row.scope]:call(row.name, params)
end

local function check_headers(row, req)
   local headers = req.headers
   if row.body ~= "multipart" then
      assert.equal("application/json", headers["content-type"])
   end
   if row.scope == "instance" then
      assert.equal(ACCOUNT, headers["client-token"])
      assert.is_nil(headers.authorization)
   elseif row.scope == "partner" then
      assert.equal("Bearer " .. PARTNER, headers.authorization)
      assert.is_nil(headers["client-token"])
   else
      assert.equal("1", headers["x-sistema-id"])
      assert.equal(row.name ~= "create_token" and "Bearer " .. GATEWAY or nil,
         headers.authorization)
   end
end

local function check_form(values, req)
   assert.matches("^multipart/form%-data; boundary=", req.headers["content-type"])
   for name, value in pairs(values) do
      local part = ('name="%s"'):format(name)
      local at = req.body:find(part, 1, true)
      assert.is_truthy(at, part)
      if not part:find "document" then
         assert.is_truthy(req.body:find("\r\n\r\n" .. value .. "\r\n", at, true), part)
      end
   end
end

local function check_body(row, values, req)
   if row.body == "multipart" then
      check_form(values, req)
   elseif row.body and (next(values) ~= nil or #(req.body or "") > 0) then
      assert.same(values, zapi.json.decode(req.body))
   else
      assert.equal("", req.body or "")
   end
end

-- A documented reply; where there is no example, the least that is success.
local function good_reply(row)
   if row.reply_example ~= nil then
      return zapi.json.encode(row.reply_example)
   end
   local reply = {}
   for _, name in ipairs(row.success_when or {}) do
      reply[name] = (name == "value" or name == "success") and true or "X1"
   end
   if next(reply) == nil and not (row.method == "GET" and row.reply) then
      return ""
   end
   return zapi.json.encode(reply)
end

-- ---- failures, as the fixture lists them ---------------------------------

local function is_send(row)
   return row.success_when ~= nil and row.success_when[1] == "messageId"
end

local function has(list, word)
   for _, w in ipairs(list or {}) do
      if w == word then
         return true
      end
   end
   return false
end

-- For some, what they mean depends on the call.
local function is_status(row)
   return row.scope == "instance" and row.path == "/status"
end

local MEANT_FOR = {
   ["state.disconnected"] = is_status,
   ["state.restore_session"] = is_status,
   ["state.passkey_required"] = function(row) return row.path == "/qr-code/image" end,
   ["client.refused"] = function(row) return has(row.success_when, "value") end,
   ["send.not_enqueued"] = is_send,
}

local function read_fixture(name)
   local f <close> = assert(io.open("spec/fixtures/" .. name))
   return zapi.json.decode(f:read "a")
end

local function body_of(case)
   if type(case.body) == "table" then
      return zapi.json.encode(case.body)
   end
   return case.body:find "^%(" and "" or case.body -- "(body not documented)"
end

-- ---- the specs -----------------------------------------------------------

local rows = core.endpoints()

describe("every endpoint", function()
   local document

   setup(function()
      document = os.tmpname()
      local f <close> = assert(io.open(document, "w"))
      assert(f:write "%PDF-1.7 a document")
      peer = stub.start(handle)
      clients.instance = zapi.client {
         instance = ID, token = TOKEN, client_token = ACCOUNT, base_url = peer.url,
      }
      clients.partner = zapi.partner {token = PARTNER, base_url = peer.url}
      clients.gateway = zapi.gateway {url = peer.url, api_key = "key-of-gateway", system_id = 1}
      answer = {status = 200, body = '{"data":[]}'}
      assert(clients.gateway:list_instances()) -- so that its token is there
   end)

   teardown(function()
      peer.close()
      os.remove(document)
   end)

   local function params_of(row)
      local params = example(row)
      if row.body == "multipart" then
         params.document = document
      end
      return params
   end

   it("is in the table", function()
      local count = {}
      for _, row in ipairs(rows) do
         count[row.scope] = (count[row.scope] or 0) + 1
      end
      assert.same({instance = 199, partner = 6, gateway = 13}, count)
   end)

   for _, row in ipairs(rows) do
      it(row.scope .. "." .. row.name .. " goes out as its row says", function()
         answer = {status = row.reply_status or 200, body = good_reply(row), raw = true}
         local values = split(row, params_of(row))
         local reply, err = call(row, params_of(row))
         assert.is_nil(err and tostring(err))
         local req = peer.last()
         assert.equal(row.method, req.method)
         assert.equal(decoded(expected_path(row, values.path)), req.path)
         assert.same(texts(values.query), req.query)
         check_headers(row, req)
         check_body(row, values.body, req)
         if row.reply_example ~= nil then
            -- null is absent in Lua, so the example is too
            assert.same(row.reply_example, reply)
         else
            assert.equal("table", type(reply))
         end
      end)
   end

   for _, case in ipairs(read_fixture "errors.json") do
      local statuses = type(case.status) == "table" and case.status or {case.status}
      for _, status in ipairs(statuses) do
         local title = ("%d %s is %s"):format(status, body_of(case):sub(1, 50), case.kind)
         if not case.kind:find "^ok" then
            it("tells that " .. title, function()
               answer = {status = status, body = body_of(case), raw = true}
               local meant = MEANT_FOR[case.kind] or function() return true end
               local tried = 0
               zapi.map(rows, 32, function(row)
                  if not meant(row) then
                     return true
                  end
                  tried = tried + 1
                  local reply, err = call(row, params_of(row))
                  assert.is_nil(reply, row.name)
                  assert.equal(case.kind, err.kind, row.name)
                  assert.equal(status, err.status)
                  assert.equal("refused", err.outcome)
                  -- A gateway's token is renewed first, and that is refused.
                  local renewal = row.scope == "gateway" and case.kind == "auth.unauthorized"
                  assert.equal(renewal and "create_token" or row.name, err.endpoint)
                  assert.is_nil(tostring(err):find(TOKEN, 1, true))
                  return true
               end)
               assert.is_true(tried > 0)
            end)
         end
      end
   end

   it("that is well says so where it looks like an error", function()
      for _, case in ipairs(read_fixture "errors.json") do
         local method, path = (case.endpoint or ""):match "^(%u+) (%S+)$"
         if case.kind == "ok" then
            answer = {status = case.status, body = body_of(case)}
            local found = false
            for _, row in ipairs(rows) do
               if row.scope == "instance" and row.method == method and row.path == path then
                  found = true
                  assert.is_table(assert(call(row, params_of(row))))
               end
            end
            assert.is_true(found, case.endpoint)
         end
      end
   end)

   it("that sends is unknown after a 5xx, and is not repeated", function()
      answer = {status = 502, body = "<html>", raw = true}
      for _, row in ipairs(rows) do
         if is_send(row) then
            local before = #peer.got
            local reply, err = call(row, params_of(row))
            assert.is_nil(reply)
            assert.equal("send.unknown", err.kind, row.name)
            assert.equal("unknown", err.outcome)
            assert.is_false(err.retryable)
            assert.equal(before + 1, #peer.got, row.name)
         end
      end
   end)
end)
