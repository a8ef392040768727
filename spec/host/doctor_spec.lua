-- `zapibot doctor`: each thing that can be wrong is told apart from the others,
-- with what to do.
local clock = require "zapi.host.tools.lib.clock"
local core = require "zapi.core"
local diagnosis = require "zapi.host.tools.lib.diagnosis"
local shell = require "spec.support.shell"
local stub = require "spec.support.stub"
local support = require "spec.host.support"

local ID, TOKEN, CLIENT_TOKEN = "INSTANCE0001", "SECRETTOKEN0001", "SECRETCLIENT0001"
local SECRET = "webhooksecret0001"
local VARIABLES = {"ZAPI_INSTANCE_ID", "ZAPI_TOKEN", "ZAPI_CLIENT_TOKEN", "ZAPI_BASE_URL",
   "ZAPIBOT_PUBLIC_URL", "ZAPIBOT_WEBHOOK_SECRET"}
local FIELDS = {"receivedCallbackUrl", "deliveryCallbackUrl", "messageStatusCallbackUrl",
   "presenceChatCallbackUrl", "connectedCallbackUrl", "disconnectedCallbackUrl"}

-- Everything as it should be; a test changes one thing.
local function healthy()
   return {
      ["/me"] = {id = ID, name = "Loja", due = (core.now() + 30 * 86400) * 1000, connected = true},
      ["/status"] = {connected = true, error = "You are already connected.",
         smartphoneConnected = true},
      ["/device"] = {phone = "5511999990001"},
   }
end

local function http_date(instant)
   return os.date("!%a, %d %b %Y %H:%M:%S GMT", math.floor(instant))
end

describe("zapibot doctor", function()
   local api, world

   local function set_env(env)
      for _, name in ipairs(VARIABLES) do
         core.set_env(name, env[name] or false)
      end
   end

   local function credentials(more)
      local env = {ZAPI_INSTANCE_ID = ID, ZAPI_TOKEN = TOKEN, ZAPI_CLIENT_TOKEN = CLIENT_TOKEN,
         ZAPI_BASE_URL = api.url}
      for name, value in pairs(more or {}) do
         env[name] = value or nil
      end
      set_env(env)
   end

   -- An answer of the whole API: {error=} with a status for every path.
   local function refuse(status, text)
      world.refusal = {status, core.json_encode {error = text}}
   end

   local function answer(req)
      local headers = {["Content-Type"] = "application/json", Date = world.date}
      if req.path == "/" then
         return 404, "", headers
      end
      if world.refusal then
         return world.refusal[1], world.refusal[2], headers
      end
      local reply = world[req.path:match "^/instances/[^/]+/token/[^/]+(/.*)$"]
      if not reply then
         return 404, '{"error":"NOT_FOUND"}', headers
      end
      return reply.http or 200, core.json_encode(reply.body or reply), headers
   end

   local function run(options)
      local found = diagnosis.run(options)
      local by_name = {}
      for _, check in ipairs(found:checks()) do
         by_name[check.name] = check
      end
      return by_name, found
   end

   -- Exactly these checks fail.
   local function fails(by_name, ...)
      local names = {}
      for _, name in ipairs(diagnosis.NAMES) do
         if by_name[name].state == "fail" then
            names[#names + 1] = name
         end
      end
      assert.same({...}, names)
   end

   before_each(function()
      api, world = stub.start(answer), healthy()
      credentials()
   end)

   after_each(function()
      api.close()
      for _, name in ipairs(VARIABLES) do
         core.set_env(name, nil)
      end
   end)

   it("finds nothing wrong where nothing is", function()
      local base = "http://127.0.0.1:9999"
      credentials {ZAPIBOT_PUBLIC_URL = base .. "/", ZAPIBOT_WEBHOOK_SECRET = SECRET}
      for _, field in ipairs(FIELDS) do
         world["/me"][field] = base .. "/webhook/" .. SECRET
      end
      local checks, found = run()
      assert.is_true(found:ok())
      for _, name in ipairs(diagnosis.NAMES) do
         assert.equal(name == "filters" and "warn" or "ok", checks[name].state, name)
      end
   end)

   describe("credentials", function()
      it("nothing is configured", function()
         set_env {}
         local checks = run()
         fails(checks, "credentials")
         assert.matches("nothing is configured", checks.credentials.text)
         assert.matches("ZAPI_INSTANCE_ID", checks.credentials.what_to_do)
         assert.equal("skipped", checks.webhooks.state)
         assert.matches("see credentials", checks.webhooks.text)
      end)

      it("half of them are", function()
         credentials {ZAPI_TOKEN = false}
         assert.matches("^ZAPI_INSTANCE_ID is set, ZAPI_TOKEN is not$", run().credentials.text)
         credentials {ZAPI_INSTANCE_ID = false}
         assert.matches("^ZAPI_TOKEN is set, ZAPI_INSTANCE_ID is not$", run().credentials.text)
      end)

      it("one was pasted twice, or the whole address", function()
         credentials {ZAPI_TOKEN = ID}
         assert.matches("are the same", run().credentials.text)
         credentials {ZAPI_INSTANCE_ID = "https://api.z-api.io/instances/" .. ID}
         local checks = run()
         fails(checks, "credentials")
         assert.matches("^ZAPI_INSTANCE_ID holds more", checks.credentials.text)
         assert.equal(0, #api.got)
      end)

      it("id and token that do not belong together", function()
         for _, status in ipairs {400, 404} do
            refuse(status, "Instance not found")
            local checks = run()
            fails(checks, "instance")
            assert.matches("do not belong together", checks.instance.text)
         end
      end)
   end)

   describe("the Client-Token", function()
      it("is missing", function()
         credentials {ZAPI_CLIENT_TOKEN = false}
         for _, text in ipairs {"null not allowed", "your client-token is not configured"} do
            refuse(400, text)
            local checks = run()
            fails(checks, "client_token")
            assert.matches("none arrived", checks.client_token.text)
            assert.matches("Token de segurança", checks.client_token.what_to_do)
         end
      end)

      it("is missing where the account wants none: a warning", function()
         credentials {ZAPI_CLIENT_TOKEN = false}
         local checks, found = run()
         assert.equal("warn", checks.client_token.state)
         assert.is_true(found:ok())
      end)

      it("is wrong", function()
         refuse(403, "Client-Token not allowed")
         local checks = run()
         fails(checks, "client_token")
         assert.matches("wrong", checks.client_token.text)
      end)

      it("is the instance token, or the id: said as that, not as wrong", function()
         refuse(403, "Client-Token not allowed")
         credentials {ZAPI_CLIENT_TOKEN = TOKEN}
         local checks = run()
         fails(checks, "client_token")
         assert.matches("equals the instance token", checks.client_token.text)
         credentials {ZAPI_CLIENT_TOKEN = ID}
         assert.matches("equals the instance id", run().client_token.text)
      end)
   end)

   it("this address is not allowed: it prints the address", function()
      refuse(403, "203.0.113.77 not allowed")
      local checks = run()
      fails(checks, "ip")
      assert.matches("203%.0%.113%.77", checks.ip.text)
      assert.matches("add 203%.0%.113%.77", checks.ip.what_to_do)
      refuse(403, "2001:db8::77 not allowed")
      assert.matches("2001:db8::77", run().ip.text)
   end)

   describe("the subscription", function()
      it("is over", function()
         refuse(400, "To continue sending a message, you must subscribe to this instance again")
         local checks = run()
         fails(checks, "subscription")
         assert.matches("renew", checks.subscription.what_to_do)
      end)

      it("is over as the status says", function()
         world["/status"] = {http = 400, body = {error =
            "To continue sending a message, you must subscribe to this instance again"}}
         fails(run(), "subscription")
      end)

      it("was due", function()
         world["/me"].due = (core.now() - 86400) * 1000
         local checks = run()
         fails(checks, "subscription")
         assert.matches("was due on %d%d%d%d%-%d%d%-%d%d", checks.subscription.text)
      end)

      it("is due soon: a warning, in milliseconds or seconds", function()
         local due = core.now() + 4.5 * 86400
         for _, value in ipairs {due * 1000, due} do
            world["/me"].due = value
            local checks, found = run()
            assert.equal("warn", checks.subscription.state)
            assert.matches("in 4 days", checks.subscription.text)
            assert.is_true(found:ok())
         end
         world["/me"].due = core.now() + 5.5 * 86400
         assert.equal("ok", run().subscription.state)
      end)
   end)

   describe("the connection", function()
      it("is not there", function()
         world["/status"] = {connected = false, error = "You are not connected."}
         local checks = run()
         fails(checks, "connection")
         assert.matches("zapibot qr", checks.connection.what_to_do)
         assert.equal("skipped", checks.own_number.state)
      end)

      it("is to be restored", function()
         world["/status"] = {connected = false, error = "You need to restore the session."}
         local checks = run()
         fails(checks, "connection")
         assert.matches("restore_session", checks.connection.what_to_do)
      end)

      it("stands, but the phone is offline", function()
         world["/status"].smartphoneConnected = false
         assert.equal("warn", run().connection.state)
      end)
   end)

   describe("webhooks", function()
      local BASE = "http://127.0.0.1:9999"

      local function ours()
         credentials {ZAPIBOT_PUBLIC_URL = BASE, ZAPIBOT_WEBHOOK_SECRET = SECRET}
         for _, field in ipairs(FIELDS) do
            world["/me"][field] = BASE .. "/webhook/" .. SECRET
         end
      end

      it("are unset where this bot has an address", function()
         ours()
         world["/me"].deliveryCallbackUrl = core.null
         world["/me"].connectedCallbackUrl = "null"
         local checks = run()
         fails(checks, "webhooks")
         assert.equal("delivery: not set; connected: not set", checks.webhooks.text)
         assert.matches("zapibot webhooks set " .. BASE, checks.webhooks.what_to_do, 1, true)
      end)

      it("point elsewhere, without the secrets of the other address", function()
         ours()
         world["/me"].receivedCallbackUrl = "https://u:pass0rd@crm.example/webhook/theirs?k=hidden"
         local checks = run()
         fails(checks, "webhooks")
         assert.equal("received: points elsewhere, https://crm.example/webhook/…?…",
            checks.webhooks.text)
      end)

      it("have another secret", function()
         ours()
         world["/me"].presenceChatCallbackUrl = BASE .. "/webhook/formersecret0001"
         local checks = run()
         fails(checks, "webhooks")
         assert.matches("^presence: our address with another secret", checks.webhooks.text)
         assert.is_nil(checks.webhooks.text:find("formersecret", 1, true))
      end)

      it("cannot be told without an own address; unset ones can", function()
         local checks = run()
         assert.equal("warn", checks.webhooks.state)
         assert.matches("none is set", checks.webhooks.text)
         assert.equal("skipped", checks.filters.state)
         world["/me"].receivedCallbackUrl = "https://crm.example/hook"
         local found
         checks, found = run()
         assert.equal("warn", checks.webhooks.state)
         assert.matches("received: https://crm.example/hook", checks.webhooks.text)
         assert.is_true(found:ok())
      end)

      it("need https, unless the API is on this machine", function()
         assert.is_nil(require("zapi.host.tools.lib.addresses").bad(BASE, "http://127.0.0.1:1"))
         assert.matches("https", require("zapi.host.tools.lib.addresses").bad(BASE,
            "https://api.z-api.io"))
         credentials {ZAPIBOT_PUBLIC_URL = "bot.example.com"}
         fails(run(), "webhooks")
      end)

      it("may be blocked by filters that nobody can read", function()
         ours()
         local filters = run().filters
         assert.equal("warn", filters.state)
         assert.matches("update_filters", filters.what_to_do)
      end)
   end)

   it("sending to oneself, with and without the ninth digit", function()
      for _, to in ipairs {"5511999990001", "551199990001", "+55 (11) 99999-0001"} do
         assert.equal("warn", run({to = to}).own_number.state, to)
      end
      assert.equal("ok", run({to = "5511999990002"}).own_number.state)
      assert.equal("ok", run({to = "5521999990001"}).own_number.state)
      assert.matches("5511999990001", run().own_number.text)
   end)

   describe("the clock", function()
      it("is wrong by more than a minute", function()
         world.date = http_date(core.now() - 300)
         local checks = run()
         fails(checks, "clock")
         assert.matches("is %d min fast", checks.clock.text)
         world.date = http_date(core.now() + 7300)
         assert.matches("is 2 h slow", run().clock.text)
      end)

      it("is right within a minute", function()
         world.date = http_date(core.now() - 50)
         assert.equal("ok", run().clock.state)
      end)

      it("reads HTTP dates", function()
         assert.equal(784111777, clock.http "Sun, 06 Nov 1994 08:49:37 GMT")
         assert.equal(951782400, clock.http "Tue, 29 Feb 2000 00:00:00 GMT")
         assert.equal(1772323200, clock.http "Sun, 01 Mar 2026 00:00:00 GMT")
         assert.is_nil(clock.http "yesterday")
         assert.is_nil(clock.http(nil))
      end)
   end)

   it("the network: nobody listens, or no such name", function()
      credentials {ZAPI_BASE_URL = "http://127.0.0.1:" .. stub.free_port()}
      local checks, found = run()
      fails(checks, "network")
      assert.is_true(found.network)
      assert.matches("ZAPI_BASE_URL", checks.network.what_to_do)
      assert.equal("skipped", checks.instance.state)
   end)

   it("a host that is no Z-API", function()
      world["/me"] = nil
      local checks, found = run()
      fails(checks, "network")
      assert.is_false(found.network)
   end)

   describe("as a program", function()
      local place

      before_each(function() place = support.place() end)
      after_each(function() place.close() end)

      it("exits with 1, and prints what to do", function()
         local code, out = place.run "doctor"
         assert.equal(1, code)
         assert.matches("^FAIL +credentials +nothing is configured\n +%-> set", out)
      end)

      it("--json is an object: ok and the checks", function()
         local code, out = place.run("doctor --json")
         assert.equal(1, code)
         local got = core.json_decode(out)
         assert.is_false(got.ok)
         assert.equal(#diagnosis.NAMES, #got.checks)
         for i, check in ipairs(got.checks) do
            assert.equal(diagnosis.NAMES[i], check.name)
            assert.equal(i == 1 and "fail" or check.name == "env_file" and "ok" or "skipped",
               check.state)
            assert.is_string(check.text)
            assert.is_string(check.what_to_do)
         end
      end)

      it("exits with 0 for a sandbox, 2 for wrong usage, 3 without a network", function()
         local env, stop = support.sandbox(place)
         local code, out = place.run("doctor", env)
         local failed, texts = place.run("doctor",
            env .. "ZAPIBOT_PUBLIC_URL=http://127.0.0.1:9 ZAPIBOT_WEBHOOK_SECRET=" .. SECRET)
         stop()
         assert.equal(0, code)
         assert.matches("Nothing has failed, but look at warn%.", out)
         assert.equal(1, failed)
         assert.matches("received: not set", texts)
         local token = env:match "ZAPI_TOKEN=([^']+)"
         assert.is_nil((out .. texts):find(token, 1, true))
         assert.equal(2, (place.run "doctor now"))
         assert.equal(3, (place.run("doctor",
            support.ENV .. "ZAPI_BASE_URL=http://127.0.0.1:" .. stub.free_port())))
      end)

      it("warns of an .env that others may open", function()
         local file = place.folder .. "/.env"
         shell.write(file, "ZAPI_TOKEN=" .. TOKEN .. "\n")
         for mode, state in pairs {["644"] = "warn", ["602"] = "warn", ["600"] = "ok",
            ["640"] = "ok"} do
            shell.must(("chmod %s %s"):format(mode, shell.quote(file)))
            local _, out = place.run("doctor --json")
            local check = core.json_decode(out).checks[2]
            assert.equal("env_file", check.name)
            assert.equal(state, check.state, mode)
            assert.equal(state == "warn" and "chmod 600 .env" or "", check.what_to_do)
            assert.equal(state == "warn", check.text:find("mode " .. mode, 1, true) ~= nil)
            assert.is_nil(out:find(TOKEN, 1, true))
         end
      end)

      it("leaves no file behind", function()
         place.run "doctor"
         assert.equal("err\nout\n", shell.must("ls -A " .. shell.quote(place.folder)))
      end)
   end)
end)
