-- Starts the demonstration sandbox with bot.lua in one plain Lua, says where
-- the page is, and runs until it is ended. An argument is the address to use.
local core = require "zapi.core"
local sandbox = require("zapi.sandbox").demo {
   listen = arg[1] or "127.0.0.1:0", latency = 0.05,
}

local SECRET <const> = "browser-test-secret"

core.set_env("ZAPI_INSTANCE_ID", sandbox.instance)
core.set_env("ZAPI_TOKEN", sandbox.token)
core.set_env("ZAPI_CLIENT_TOKEN", sandbox.client_token)
core.set_env("ZAPI_BASE_URL", sandbox.base_url)
core.set_env("ZAPIBOT_LISTEN", "127.0.0.1:0")
core.set_env("ZAPIBOT_WEBHOOK_SECRET", SECRET)

-- bot:run() would drive the loop: hosted, it returns, and the address is known.
core.set_hosted(true)
local bots = require "zapi.bot"
local new, bot = bots.new, nil
bots.new = function(...)
   bot = new(...)
   return bot
end
dofile((arg[0]:gsub("[^/]*$", "bot.lua")))
sandbox:connect_bot(("http://%s/webhook/%s"):format(bot.address, SECRET))
core.set_hosted(false)

io.stdout:write("Chat page: ", sandbox.base_url, "/\n")
io.stdout:flush()
core.run()
