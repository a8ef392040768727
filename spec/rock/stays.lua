-- A bot in a plain Lua has inbox, store and timers as it has under zapibot. Run
-- twice: with "first" it dies while it handles an event, as processes do; with
-- "again" a new process finds what the first one left. Run by spec/rock/run.lua.
local zapi = require "zapi"
local Bot = require "zapi.bot"

local DIED <const> = 7 -- the exit code of "first"
local first = ... == "first"
local orders = zapi.store "orders"
local bot = Bot.new {
   client = zapi.client {instance = "I1", token = "T1", base_url = "http://127.0.0.1:9"},
   name = "loja", listen = "127.0.0.1:0", secret = "a-secret-of-the-spec",
}
local found = {}

local function note(name)
   found[name] = (found[name] or 0) + 1
   if found.event and found.timer then zapi.stop() end
end

bot:on("text", function(ctx)
   if first then
      orders:set("1", {total = 42})
      bot:at({after = 0.2}, "late", {order = "1"})
      zapi.sleep(0) -- both are written when the handler ends, which it never does
      os.exit(DIED, false)
   end
   assert(ctx.text == "um pedido")
   note "event"
end)

bot:timer("late", function(_, payload)
   assert(payload.order == "2")
   note "timer"
end)

if first then
   zapi.spawn(function()
      orders:set("2", {total = 17}) -- outside of a handler: at once
      bot:at({after = 0.3}, "late", {order = "2"})
      zapi.http.request {
         method = "POST", url = "http://" .. bot.address .. "/webhook/a-secret-of-the-spec",
         json = {
            instanceId = "I1", type = "ReceivedCallback", messageId = "IN1", isGroup = false,
            phone = "5511999990001", momment = 1790000000000, fromMe = false,
            status = "RECEIVED", text = {message = "um pedido"},
         },
      }
   end)
end
bot:run()
assert(not first)
assert(orders:get "1" == nil and orders:get("2").total == 17)
assert(found.event == 1 and found.timer == 1)
