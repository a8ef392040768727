-- What the module does for a plain Lua: a stub of Z-API, a call, and a bot whose
-- webhook arrives over a real socket. Run by spec/rock/run.lua.
local zapi = require "zapi"
local Bot = require "zapi.bot"

local calls = {}
local stub = zapi.http.serve {
   listen = "127.0.0.1:0",
   handler = function(req)
      local token, body = req.headers["client-token"], zapi.json.decode(req.body)
      calls[#calls + 1] = ("%s %s %s %s"):format(req.method, req.path, token, body.message)
      return 200, '{"zaapId":"Z1","messageId":"M1","id":"M1"}',
         {["Content-Type"] = "application/json"}
   end,
}
local z = zapi.client {
   instance = "INSTANCE", token = "TOKEN", client_token = "CLIENT",
   base_url = "http://" .. stub.address,
}

local reply = assert(z:send_text {phone = "5511999990001", message = "first"})
assert(reply.messageId == "M1")

local bot = Bot.new {client = z, listen = "127.0.0.1:0", secret = "a-secret-of-the-spec"}
local webhook, status
bot:hears("oi", function(ctx)
   ctx:reply("hello " .. ctx.from.name)
   webhook:join()
   zapi.stop()
end)
webhook = zapi.spawn(function()
   local answer = assert(zapi.http.request {
      method = "POST", url = "http://" .. bot.address .. "/webhook/a-secret-of-the-spec",
      json = {
         instanceId = "INSTANCE", type = "ReceivedCallback", messageId = "IN1",
         phone = "5511999990001", senderName = "Ana", momment = 1790000000000,
         fromMe = false, status = "RECEIVED", isGroup = false,
         text = {message = "Oi"},
      },
   })
   status = answer.status
end)
bot:run()
stub:close()
assert(status == 200)
assert(#calls == 2)
assert(calls[1] == "POST /instances/INSTANCE/token/TOKEN/send-text CLIENT first")
assert(calls[2] == "POST /instances/INSTANCE/token/TOKEN/send-text CLIENT hello Ana")
