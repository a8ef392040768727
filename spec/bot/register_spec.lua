--- The webhook addresses of an instance: told at start, looked after every hour.
local core = require "zapi.core"
local fake = require "spec.support.bot_fake"
local prometheus = require "spec.support.prometheus"
local register = require "zapi.bot.register"
local stub = require "spec.support.stub"
local zapi = require "zapi"

local URL <const> = "https://bot.example"
local OURS <const> = URL .. "/webhook/segredo-do-teste"
local FOREIGN <const> = "https://user:pw@crm.example/hook"
local ELSEWHERE <const> = "zapibot_webhooks_elsewhere{instance=INSTANCE}"
local CONNECTED <const> = "zapibot_instance_connected{instance=INSTANCE}"

describe("the webhook addresses", function()
   local server, me, status, looks, sets, logged, real_log, stop

   local function answer(req)
      local path = req.path:match "/token/[^/]+(/.*)$"
      if path == "/me" then
         looks = looks + 1
         return {status, core.json_encode(me), {["Content-Type"] = "application/json"}}
      end
      sets[#sets + 1] = path
      for _, row in ipairs(register.WEBHOOKS) do
         local words = row[2]:gsub("^update_webhook_", ""):gsub("_", "")
         if path:gsub("[^a-z]", ""):find(words, 1, true) then
            me[row[1]] = core.json_decode(req.body).value
         end
      end
      return '{"value":true}'
   end

   before_each(function()
      me, status, looks, sets, logged = {connected = true}, 200, 0, {}, {}
      server = stub.start(function(req)
         local got = answer(req)
         if type(got) == "table" then return table.unpack(got) end
         return got
      end)
      real_log = core.log
      core.log = function(level, _, text) logged[#logged + 1] = level .. " " .. text end
   end)

   after_each(function()
      core.log = real_log
      if stop then stop() end
      stop = nil
      server.close()
   end)

   local function client()
      return zapi.client {
         instance = "INSTANCE", token = "TOKEN", client_token = "CLIENT", base_url = server.url,
      }
   end

   local function wait(ready)
      local until_ = core.hrtime() + 10
      while not ready() do
         if core.hrtime() > until_ then error("nothing came: " .. table.concat(logged, "\n")) end
         core.sleep(0.002)
      end
   end

   -- A look is over when its task sleeps until the next.
   local function rest()
      wait(function()
         local left = core.testing.next()
         return left and left > 500
      end)
   end

   local function keep(take)
      stop = register.keep({client()}, {url = URL .. "/", secret = "segredo-do-teste", take = take})
      rest()
   end

   local function after(seconds)
      local before = looks
      core.testing.move(seconds)
      wait(function() return looks > before end)
      rest()
   end

   local function metric(name) return (prometheus.read(core.metrics()))[name] end

   it("are all set at start, when nobody else has set them", function()
      keep()
      assert.equal(6, #sets)
      for _, row in ipairs(register.WEBHOOKS) do assert.equal(OURS, me[row[1]]) end
      assert.same({"info webhooks: 6 of 6 point to https://bot.example/webhook/…"}, logged)
      assert.equal(0, metric(ELSEWHERE))
      assert.equal(1, metric(CONNECTED))
   end)

   it("of somebody else are left, and counted", function()
      me.deliveryCallbackUrl = FOREIGN
      keep()
      assert.equal(FOREIGN, me.deliveryCallbackUrl)
      assert.equal(5, #sets)
      assert.equal(1, metric(ELSEWHERE))
      assert.equal("warn webhooks: deliveryCallbackUrl belongs to https://crm.example/hook: "
         .. "left alone (--take-webhooks replaces it)", logged[1])
      after(3600)
      assert.equal(2, #logged) -- not said again
   end)

   it("are looked at every hour; what has changed is said once and not taken back", function()
      keep()
      after(3600)
      assert.equal(2, looks)
      assert.equal(1, #logged)
      me.receivedCallbackUrl, me.presenceChatCallbackUrl, me.connected = FOREIGN, "", false
      after(3600)
      assert.same({
         "warn webhooks: receivedCallbackUrl of INSTANCE now points to https://crm.example/hook: "
            .. "its events do not come here (zapibot webhooks show)",
         "warn webhooks: presenceChatCallbackUrl of INSTANCE is not set any more: "
            .. "its events do not come here (zapibot webhooks show)",
      }, {logged[2], logged[3]})
      assert.equal(2, metric(ELSEWHERE))
      assert.equal(0, metric(CONNECTED))
      after(3600)
      assert.equal(3, #logged)
      assert.equal(FOREIGN, me.receivedCallbackUrl)
      assert.equal(6, #sets)
      me.receivedCallbackUrl, me.presenceChatCallbackUrl = OURS, OURS
      after(3600)
      assert.equal("info webhooks: receivedCallbackUrl of INSTANCE points to this bot again",
         logged[4])
      assert.equal(5, #logged)
      assert.equal(0, metric(ELSEWHERE))
   end)

   it("are set later, when Z-API did not answer at start", function()
      status, me = 403, {error = "Client-Token not allowed"}
      keep()
      assert.matches("^warn webhooks: cannot read what is set: ", logged[1])
      assert.equal(0, #sets)
      status, me = 200, {connected = true}
      after(600)
      wait(function() return logged[2] end)
      assert.equal(6, #sets)
      assert.equal("info webhooks: 6 of 6 point to https://bot.example/webhook/…", logged[2])
   end)

   it("are asked for again ten minutes after a look that failed", function()
      me.receivedCallbackUrl = FOREIGN
      keep()
      status = 403
      after(3600)
      assert.equal(1, metric(ELSEWHERE))
      status = 200
      after(600)
      assert.equal(2, #logged)
   end)

   it("are not looked at when the bot has ended", function()
      keep()
      stop()
      stop = nil
      assert.is_nil(core.testing.next())
      core.testing.move(4000)
      assert.equal(1, looks)
   end)

   it("never show a secret", function()
      me.receivedCallbackUrl = FOREIGN
      keep()
      local text = table.concat(logged, "\n") .. core.metrics()
      assert.is_nil(text:find("segredo", 1, true))
      assert.is_nil(text:find("user:pw", 1, true))
   end)
end)

describe("zapibot --public-url", function()
   it("registers, and its metrics tell how many addresses are elsewhere", function()
      local child = require "spec.host.child"
      local me = {}
      local server = stub.start(function(req)
         if req.path:find "/me$" then return core.json_encode(me) end
         return '{"value":true}'
      end)
      local bot = child.new [[bot:on("text", function() end)]]
      finally(function()
         bot:close()
         server.close()
      end)
      me.deliveryCallbackUrl = FOREIGN
      bot:start("--public-url " .. URL .. " --admin-listen 127.0.0.1:0",
         "ZAPIBOT_ADMIN_LISTEN=127.0.0.1:0 ZAPI_BASE_URL=" .. server.url .. " ")
      local admin = bot:wait_for("admin", function()
         return bot:err():match "listening (127%.0%.0%.1:%d+) %(admin%)"
      end)
      local function wait_metric(line)
         bot:wait_for(line, function()
            local reply = core.http_request {method = "GET", url = "http://" .. admin .. "/metrics"}
            return reply.body:find(line .. "\n", 1, true)
         end)
      end
      wait_metric 'zapibot_webhooks_elsewhere{instance="3C0FFEE1"} 1'
      -- What an event says of the connection is known at once.
      for _, row in ipairs {{"disconnected", "0"}, {"connected", "1"}} do
         local reply = core.http_request {
            method = "POST",
            url = "http://" .. bot.address .. "/webhook/segredo-do-teste-0123456789",
            body = core.json_encode(fake.sample(row[1], {instanceId = "3C0FFEE1"})),
            headers = {["Content-Type"] = "application/json"},
         }
         assert.equal(200, reply.status)
         wait_metric('zapibot_instance_connected{instance="3C0FFEE1"} ' .. row[2])
      end
      assert.equal(0, bot:stop())
   end)

   it("is what a bot asks for that nobody may know of", function()
      local child = require "spec.host.child"
      local bot = child.new [[bot:on("text", function() end)]]
      finally(function() bot:close() end)
      bot:start("--public-url " .. URL, "ZAPI_BASE_URL=http://127.0.0.1:9 ")
      assert.is_nil(bot:err():find("is not told", 1, true))
      assert.equal(0, bot:stop())
      bot:start("", "ZAPI_BASE_URL=http://127.0.0.1:9 ")
      bot:wait_for("the hint", function()
         return bot:err():find("Z-API is not told where this bot is: --public-url", 1, true)
      end)
      assert.equal(0, bot:stop())
   end)
end)
