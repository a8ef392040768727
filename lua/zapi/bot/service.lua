--- The running side of a bot: opens the door, hands events to the bot, closes.
local core = require "zapi.core"
local check = require "zapi.bot.check"
local register = require "zapi.bot.register"

check.ours()

local M = {}

local run_options = {listen = "string", secret = "string"}

local function hex(bytes)
   return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

-- The secret is a part of the path. Never printed; the core masks it in logs.
local function secret_of(bot, options)
   local secret = options.secret or bot.options.secret or core.getenv("ZAPIBOT_WEBHOOK_SECRET")
   if not secret then
      core.log("warn", "bot", "ZAPIBOT_WEBHOOK_SECRET is not set: a random one is used "
         .. "until the end of this process, so no webhook of Z-API will arrive")
      secret = hex(core.random(24))
   elseif not secret:find("^[%w_.~-]+$") then
      check.fail("bad webhook secret (letters, digits and _ . ~ - only: it is part of an address)")
   end
   core.secret(secret)
   return secret
end

local function listen_of(bot, options)
   return options.listen or bot.options.listen or core.options.listen
      or core.getenv("ZAPIBOT_LISTEN") or "127.0.0.1:8080"
end

-- Own messages only come as events when Z-API is told to send them.
local function ask_for_own(bot)
   core.spawn(function()
      for _, client in ipairs(bot.clients) do
         local reply, err = client:update_notify_sent_by_me {notifySentByMe = true}
         if reply then
            core.log("info", "bot", "own messages come as events from now on (notifySentByMe)")
         else
            core.log("warn", "bot", "own messages may not come as events: notifySentByMe "
               .. "could not be set: " .. tostring(err))
         end
      end
   end)
end

-- Tells Z-API our address, beside the bot's start: calls must not delay it.
local function tell_address(bot, secret)
   local url = core.getenv("ZAPIBOT_PUBLIC_URL")
   if not url then return end
   if url == "self" then url = "http://" .. bot.address end
   core.spawn(function()
      for _, client in ipairs(bot.clients) do
         register.register(client, {
            url = url, secret = secret, take = core.options.take_webhooks ~= nil,
         })
      end
   end)
end

--- See bot:run.
function M.run(bot, options)
   options = check.options(options, run_options, "bot:run")
   if bot.service then check.fail("the bot runs already") end
   bot:client_of(nil)
   local secret = secret_of(bot, options)
   bot.service = core.service {
      listen = listen_of(bot, options), secret = secret, label = "webhook",
      concurrency = bot.options.concurrency, max_body = bot.options.max_body,
      on_event = function(ev) return bot:_event(ev) end,
      on_request = function(req) return bot.router:handle(req) end,
   }
   bot.address = bot.service.address
   bot.watch:serve(true)
   tell_address(bot, secret)
   if bot.own or bot.hears_own then ask_for_own(bot) end
   if not core.hosted then core.run() end
end

local function close(bot, seconds)
   local service = bot.service
   if not service then return end
   local before = core.hrtime()
   service:drain(seconds)
   bot.lanes:join(math.max(0, seconds - (core.hrtime() - before)))
   service:close()
   bot.watch:serve(false)
   bot.service, bot.address = nil, nil
end

--- See bot:stop.
function M.stop(bot, seconds)
   if core.in_task() then
      core.spawn(close, bot, seconds)
   else
      close(bot, seconds)
   end
end

return M
