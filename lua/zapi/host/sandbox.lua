--- `zapibot sandbox`, and the sandbox half of `zapibot dev`: starts the
-- emulator, says where its page is, and publishes credentials and address for
-- the script that is started next.

local core = require "zapi.core"
local sandbox = require "zapi.sandbox"
local zapi = require "zapi"

local DEFAULT = "127.0.0.1:8080"

local function hex(bytes)
   return (core.random(bytes):gsub(".", function(c)
      return ("%02x"):format(c:byte())
   end))
end

-- A busy default port is no reason to fail; a port that was asked for is.
local function start()
   local asked = core.getenv "ZAPIBOT_LISTEN"
   local ok, s = pcall(sandbox.demo, {listen = asked or DEFAULT})
   if ok then
      return s
   end
   if asked or not zapi.is_error(s) then
      io.stderr:write("zapibot: ", tostring(s), "\n")
      os.exit(2)
   end
   core.log("warn", "sandbox", DEFAULT .. " is taken; using a free port")
   return sandbox.demo {listen = "127.0.0.1:0"}
end

local s = start()
io.stdout:write("Chat page: http://", s.address, "/\n")
if core.options.dev then
   core.publish("ZAPI_BASE_URL", s.base_url)
   core.publish("ZAPI_INSTANCE_ID", s.instance)
   core.publish("ZAPI_TOKEN", s.token)
   core.publish("ZAPI_CLIENT_TOKEN", s.client_token)
   core.publish("ZAPIBOT_LISTEN", "127.0.0.1:0")
   core.publish("ZAPIBOT_PUBLIC_URL", "self") -- the door's own address
   core.publish("ZAPIBOT_WEBHOOK_SECRET", hex(16))
   core.publish("ZAPIBOT_SANDBOX", s.address)
else
   io.stdout:write(
      "ZAPI_BASE_URL=", s.base_url, "\n",
      "ZAPI_INSTANCE_ID=", s.instance, "\n",
      "ZAPI_TOKEN=", s.token, "\n",
      "ZAPI_CLIENT_TOKEN=", s.client_token, "\n",
      "ZAPI_PARTNER_TOKEN=", s.partner_token, "\n",
      "ZAPI_GATEWAY_URL=", s.base_url, "\n",
      "ZAPI_GATEWAY_API_KEY=", s.gateway_api_key, "\n",
      "ZAPI_GATEWAY_SYSTEM_ID=", s.system_id, "\n")
end
io.stdout:flush()
