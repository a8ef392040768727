-- z:build: what a call would send, without sending it.
local zapi = require "zapi"

describe("z:build", function()
   local z = zapi.client {
      instance = "INST0001", token = "T0KEN-0001", client_token = "ACC0UNT-0001",
      base_url = "http://127.0.0.1:1",
   }

   it("gives method, address, headers and body", function()
      local req = z:build("send_text", {phone = "5511999990001", message = "Olá"})
      assert.equal("POST", req.method)
      assert.equal("http://127.0.0.1:1/instances/INST0001/token/T0KEN-0001/send-text", req.url)
      assert.same({
         ["Content-Type"] = "application/json", ["Client-Token"] = "ACC0UNT-0001",
      }, req.headers)
      assert.same({phone = "5511999990001", message = "Olá"}, zapi.json.decode(req.body))
   end)

   it("gives query and path, and no body where there is none", function()
      local req = z:build("list_chats", {page = 2, pageSize = 5})
      assert.equal("GET", req.method)
      assert.matches("/chats%?page=2&pageSize=5$", req.url)
      assert.is_nil(req.body)
      assert.matches("/contacts/5511999990001$", z:build("get_contact", "5511999990001").url)
   end)

   it("leads nowhere else, whatever stands in its path", function()
      local function build(params)
         return pcall(z.build, z, "delete_queue_message", params)
      end
      assert.matches("/queue/%.%.%%2F%.%.%%2Fx%%3F$", select(2, build "../../x?").url)
      for _, id in ipairs {"", ".", ".."} do
         local ok, err = build(id)
         assert.is_false(ok)
         assert.matches("bad parameter 'zaapId' to delete_queue_message %(", err)
      end
   end)

   it("throws what the call itself would throw, at the caller's line", function()
      local ok, err = pcall(function()
         z:build("send_text", {phone = "5511999990001"})
      end)
      assert.is_false(ok)
      assert.matches("build_spec.lua:%d+: missing parameter 'message' to send_text", err)
      ok, err = pcall(function()
         z:build "send_txt"
      end)
      assert.is_false(ok)
      assert.matches("build_spec.lua:%d+: zapi.client has no endpoint 'send_txt'; did you", err)
   end)
end)
