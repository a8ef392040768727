local shell = require("spec.support.shell")

-- What the rock must be able to do for a plain Lua: serve a stub of Z-API, call
-- it, run a bot whose webhook arrives over a real socket, and end.
local SCRIPT = [[
local zapi = require("zapi")
local Bot = require("zapi.bot")

local calls = {}
local stub = zapi.http.serve {
   listen = "127.0.0.1:0",
   handler = function(req)
      local token, body = req.headers["client-token"], zapi.json.decode(req.body)
      calls[#calls + 1] = ("%s %s %s %s"):format(req.method, req.path, token, body.message)
      return 200, '{"zaapId":"Z1","messageId":"M1","id":"M1"}',
         { ["Content-Type"] = "application/json" }
   end,
}
local z = zapi.client {
   instance = "INSTANCE", token = "TOKEN", client_token = "CLIENT",
   base_url = "http://" .. stub.address,
}

local reply = assert(z:send_text { phone = "5511999990001", message = "first" })
print("sent", reply.messageId)

local bot = Bot.new { client = z, listen = "127.0.0.1:0", secret = "abc123" }
local webhook
bot:hears("oi", function(ctx)
   ctx:reply("hello " .. ctx.from.name)
   webhook:join()
   zapi.stop()
end)
webhook = zapi.spawn(function()
   local answer = assert(zapi.http.request {
      method = "POST", url = "http://" .. bot.address .. "/webhook/abc123",
      json = {
         instanceId = "INSTANCE", type = "ReceivedCallback", messageId = "IN1",
         phone = "5511999990001", senderName = "Ana", momment = 1790000000000,
         fromMe = false, status = "RECEIVED", isGroup = false,
         text = { message = "Oi" },
      },
   })
   print("webhook", answer.status)
end)
bot:run()
stub:close()
for _, call in ipairs(calls) do print(call) end
]]

describe("the rock #slow", function()
   it("is made by luarocks, makes a call and runs a bot in a plain Lua", function()
      local root, remove = shell.folder()
      finally(remove)
      shell.must(("mkdir %s/checkout"):format(root))
      shell.copy_checkout(root .. "/checkout")
      shell.must(("cd %s/checkout && CMAKE_BUILD_PARALLEL_LEVEL=2 luarocks --lua-version 5.4 "
         .. "make --deps-mode none --tree %s/tree rockspec/zapi-scm-1.rockspec"):format(root, root))
      shell.write(root .. "/script.lua", SCRIPT)
      local output = shell.must(("cd " .. root
         .. " && env -i PATH=/usr/bin:/bin LUA_CPATH=tree/lib/lua/5.4/?.so "
         .. "LUA_PATH='tree/share/lua/5.4/?.lua;tree/share/lua/5.4/?/init.lua' "
         .. "timeout 20 lua5.4 script.lua 2>stderr.log || { cat stderr.log; false; }"))
      local lines = {}
      for line in output:gmatch("[^\n]+") do lines[#lines + 1] = line end
      assert.same({
         "sent\tM1",
         "webhook\t200",
         "POST /instances/INSTANCE/token/TOKEN/send-text CLIENT first",
         "POST /instances/INSTANCE/token/TOKEN/send-text CLIENT hello Ana",
      }, lines)
   end)
end)
