--- The running side of a bot: opens the door, hands events to the bot, closes.
local core = require "zapi.core"
local check = require "zapi.bot.check"
local checks = require "zapi.bot.checks"
local due = require "zapi.bot.due"
local events = require "zapi.events"
local outbox = require "zapi.bot.outbox"
local register = require "zapi.bot.register"
local sends = require "zapi.bot.sends"

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
-- Returns what ends the hourly look at it.
local function tell_address(bot, secret)
   local url = core.getenv("ZAPIBOT_PUBLIC_URL")
   if not url then
      -- The commonest reason for a bot that is silent.
      if core.hosted and bot.clients[1] then
         core.log("info", "bot", "Z-API is not told where this bot is: --public-url "
            .. "https://YOUR.HOST, or once: zapibot webhooks set https://YOUR.HOST")
      end
      return nil
   end
   if url == "self" then url = "http://" .. bot.address end
   return register.keep(bot.clients, {
      url = url, secret = secret, take = core.options.take_webhooks ~= nil,
   })
end

-- What the bot itself must hear: who is an admin, and whether messages can leave.
local always = {"connected", "disconnected", "group.promote", "group.demote", "group.join",
   "group.leave"}

-- What is heard beside handlers.
local function beside(bot)
   local list = {}
   if bot.commands:may_help() or bot.asks.subscribed or bot.states then list[1] = "message" end
   if bot.asks.hears_failures and not bot.sends then list[#list + 1] = "message.failed" end
   if bot.middleware[1] then list[#list + 1] = "*" end
   for name in pairs(bot.gate_kinds) do list[#list + 1] = name end
   return list
end

--- The kinds of events that this bot wants; others are not kept for it.
function M.kinds(bot)
   local seen, list = {}, {}
   local function add(name)
      if not seen[name] then
         seen[name] = true
         list[#list + 1] = name
      end
   end
   for _, name in ipairs(always) do add(name) end
   for _, name in ipairs(beside(bot)) do add(name) end
   for _, handler in ipairs(bot.handlers) do
      for _, name in ipairs(handler.names) do
         add(name)
         if bot.own and events.can_be_own(name) then add("own." .. name) end
      end
      for _, raw in ipairs(handler.raws or {}) do add("raw:" .. raw) end
   end
   return list
end

-- Messages are kept on disk, and so are requests of durable routes.
local function open_sends(bot)
   bot.sends = sends.new(bot)
   for _, client in ipairs(bot.clients) do outbox.bind(client, bot) end
end

local function start_sends(bot)
   bot.sends.outbox:start()
   core.spawn(bot.sends.report_unknown, bot.sends)
end

local function check_memory(bot)
   for _, handler in ipairs(bot.handlers) do
      if handler.names[1] and handler.names[1]:find("^http:") then
         return core.log("warn", "bot", handler.names[1] .. " is durable = true, but the data are "
            .. "in memory (ZAPIBOT_DATA): requests are lost with the process")
      end
   end
end

local function instances_of(bot)
   local list = {}
   for _, client in ipairs(bot.clients) do list[#list + 1] = client.instance or nil end
   return list
end

-- What begins when events come: at once, or when the generation before is to end.
local function serve(bot, secret)
   bot.service:limits(bot.limits.replies_per_chat or 0, bot.limits.cold_per_hour or 0)
   if bot.sends then start_sends(bot) else check_memory(bot) end
   bot.asks:start()
   bot.handover:start_looking()
   bot.timers:start(bot.service)
   bot.watch:serve(true)
   bot.due = due.start(bot.clients)
   bot.webhooks = tell_address(bot, secret)
   if bot.own or bot.hears_own or bot.gates_own then ask_for_own(bot) end
end

-- The next generation of the script serves; handlers that run here end here.
local function retire(bot)
   bot.timers:retire()
   bot.asks:retire()
   if bot.sends then bot.sends:retire() end
   bot.due()
   if bot.webhooks then bot.webhooks() end
   bot.watch:serve(false)
end

local function open(bot, options, secret)
   bot.service = core.service {
      name = bot.options.name, kinds = M.kinds(bot), instances = instances_of(bot),
      listen = listen_of(bot, options), secret = secret, label = "webhook",
      concurrency = bot.options.concurrency or tonumber(core.options.concurrency),
      max_body = bot.options.max_body, routes = bot.router:shapes(),
      clients = bot.clients, token_check = core.getenv("ZAPIBOT_TOKEN_CHECK"),
      trusted_proxies = core.getenv("ZAPIBOT_TRUSTED_PROXY"),
      tls_cert = core.getenv("ZAPIBOT_TLS_CERT"), tls_key = core.getenv("ZAPIBOT_TLS_KEY"),
      on_event = function(ev) return bot:_event(ev) end,
      on_request = function(req) return bot.router:handle(req, bot) end,
      on_send = function(row) if bot.sends then bot.sends:changed(row) end end,
      on_nudge = function() if bot.sends then bot.sends.outbox:wake() end end,
      on_timers = function() bot.timers:wake() end,
      on_serve = function() serve(bot, secret) end,
      on_retire = function() retire(bot) end,
      on_ended = function(seq) bot.asks:ended_elsewhere(seq) end,
   }
   bot.address = bot.service.address
   if bot.service.durable then open_sends(bot) end
end

--- See bot:run.
function M.run(bot, options)
   options = check.options(options, run_options, "bot:run")
   if bot.service then check.fail("the bot runs already") end
   bot:client_of(nil)
   local held = core.is_held()
   if not held then checks.run(bot) end
   local secret = secret_of(bot, options)
   open(bot, options, secret)
   if not held then core.lasting(serve, bot, secret) end
   -- In a task of plain Lua somebody else drives the loop (zapi.step).
   if not core.hosted and not core.in_task() then core.run() end
end

local function close(bot, seconds)
   local service = bot.service
   if not service then return end
   local until_ = core.hrtime() + seconds
   local function left() return math.max(0, until_ - core.hrtime()) end
   bot.timers:stop()
   if bot.due then bot.due() end
   if bot.webhooks then bot.webhooks() end
   service:drain(seconds)
   bot.lanes:join(left())
   -- Events of those lanes, and handlers whose question has timed out.
   while bot.joining + bot.asks.active > 0 and left() > 0 do core.sleep(0.001) end
   if bot.sends then
      bot.sends.outbox:stop(left())
      bot.sends:close()
      for _, client in ipairs(bot.clients) do outbox.unbind(client, bot) end
      bot.sends = nil
   end
   bot.asks:close()
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
