-- `zapibot webhooks`: shows what is set, changes only what was asked, takes
-- nothing from anybody, and proves the way from outside to the bot's door.
local addresses = require "zapi.host.tools.lib.addresses"
local core = require "zapi.core"
local proof = require "zapi.host.tools.lib.proof"
local shell = require "spec.support.shell"
local stub = require "spec.support.stub"
local support = require "spec.host.support"

local SECRET = "webhooksecret0001"
local BASE = "http://bot.example:8443"
local FOREIGN = "https://user:pass0rd@crm.example/hook?key=hidden"
local FIELDS = {received = "receivedCallbackUrl", delivery = "deliveryCallbackUrl",
   status = "messageStatusCallbackUrl", presence = "presenceChatCallbackUrl",
   connected = "connectedCallbackUrl", disconnected = "disconnectedCallbackUrl"}

describe("zapibot webhooks", function()
   local place, env, stop

   setup(function()
      place = support.place()
      env, stop = support.sandbox(place)
      env = env .. "ZAPIBOT_WEBHOOK_SECRET=" .. SECRET .. " "
   end)

   teardown(function()
      stop()
      place.close()
   end)

   local function run(arguments, more)
      return place.run("webhooks " .. arguments, env .. (more or ""))
   end

   local function me()
      return place.json("call get_me --show-secrets", env)
   end

   -- The API's own way, past our rules.
   local function put(call, url)
      local code, _, err = place.words({"call", call, "value=" .. url}, env)
      assert.equal(0, code, err)
   end

   local function all_are(want)
      local now = me()
      for name, field in pairs(FIELDS) do
         assert.equal(want[name] or want[1], now[field], name)
      end
   end

   before_each(function() put("update_every_webhooks", "") end)

   describe("set", function()
      it("sets all six to the bot's door, and shows before and after", function()
         local code, out, err = run("set " .. BASE .. "/")
         assert.equal(0, code, err)
         all_are {BASE .. "/webhook/" .. SECRET}
         for name in pairs(FIELDS) do
            assert.matches("\n" .. name .. " +%(not set%) %-> " .. BASE .. "/webhook/…\n",
               "\n" .. out)
         end
         assert.is_nil((out .. err):find(SECRET, 1, true))
      end)

      it("changes only what was asked", function()
         assert.equal(0, (run("set " .. BASE .. " --delivery --status")))
         local want = BASE .. "/webhook/" .. SECRET
         local now = me()
         for name, field in pairs(FIELDS) do
            local asked = name == "delivery" or name == "status"
            assert.equal(asked and want or "", now[field], name)
         end
      end)

      it("leaves other settings as they are", function()
         place.run("call update_notify_sent_by_me notifySentByMe=true", env)
         run("set " .. BASE)
         assert.is_true(me().receiveCallbackSentByMe)
      end)

      it("refuses to take an address of another system, and then changes nothing", function()
         put("update_webhook_received", FOREIGN)
         local code, out, err = run("set " .. BASE)
         assert.equal(1, code)
         all_are {"", received = FOREIGN}
         assert.matches("^received +https://crm.example/hook", out)
         assert.matches("%-%-take%-webhooks", err)
         assert.is_nil((out .. err):find("pass0rd", 1, true))
         assert.is_nil((out .. err):find("hidden", 1, true))
      end)

      it("says when it is another host with our own secret, and then changes nothing", function()
         local former = "http://old.example:81/webhook/" .. SECRET
         put("update_webhook_received", former)
         local code, out, err = run("set " .. BASE)
         assert.equal(1, code)
         all_are {"", received = former}
         assert.matches("^received +http://old.example:81/webhook/… +%(another host, with this "
            .. "bot's secret%)\n$", out)
         assert.matches("this bot's own secret at another host", err)
         assert.matches("%-%-take%-webhooks", err)
         assert.is_nil((out .. err):find(SECRET, 1, true))
         put("update_webhook_delivery", FOREIGN)
         code, out, err = run("set " .. BASE)
         assert.equal(1, code)
         assert.matches("belong to another system", err)
         assert.matches("received [^\n]*this bot's secret", out)
         assert.not_matches("delivery [^\n]*this bot's secret", out)
      end)

      it("does not mind a foreign one that was not asked for", function()
         put("update_webhook_received", FOREIGN)
         assert.equal(0, (run("set " .. BASE .. " --status")))
         all_are {"", received = FOREIGN, status = BASE .. "/webhook/" .. SECRET}
      end)

      it("takes it with --take-webhooks", function()
         put("update_webhook_received", FOREIGN)
         assert.equal(0, (run("set " .. BASE .. " --take-webhooks")))
         all_are {BASE .. "/webhook/" .. SECRET}
      end)

      it("replaces a former one of ours: another secret, or ZAPIBOT_PUBLIC_URL", function()
         put("update_webhook_received", BASE .. "/webhook/former-secret-0001")
         put("update_webhook_delivery", "http://old.example/webhook/" .. SECRET)
         local code, out = run("set " .. BASE, "ZAPIBOT_PUBLIC_URL=http://old.example")
         assert.equal(0, code)
         all_are {BASE .. "/webhook/" .. SECRET}
         assert.is_nil(out:find("former-secret", 1, true))
         code, out = run("set " .. BASE)
         assert.equal(0, code)
         assert.matches("nothing to change", out)
      end)

      it("takes a whole address with its secret", function()
         assert.equal(0, (run("set " .. BASE .. "/webhook/anothersecret0001 --received")))
         assert.equal(BASE .. "/webhook/anothersecret0001", me().receivedCallbackUrl)
      end)

      it("is wrong usage without an address, or with one that Z-API cannot call", function()
         for _, arguments in ipairs {"set", "set bot.example", "set ftp://bot.example", "sett",
            "set " .. BASE .. " --recieved", "set " .. BASE .. " too much"} do
            assert.equal(2, (run(arguments)), arguments)
         end
         local code, _, err = place.run("webhooks set http://bot.example", support.ENV)
         assert.equal(2, code)
         assert.matches("https", err)
         all_are {""}
      end)
   end)

   it("says when a change was accepted and not made", function()
      -- The answers of an API that says true and does nothing; the program
      -- runs beside this process, which has to serve it.
      local api = stub.start(function(req)
         return req.path:find "/me$" and "{}" or '{"value":true}'
      end)
      local file = place.folder .. "/late"
      os.execute(("cd %s && { %s env ZAPI_BASE_URL=%s %s webhooks set %s --status >late.out 2>&1; "
         .. "echo $? >late.tmp; mv late.tmp late; } &"):format(shell.quote(place.folder),
         support.ENV .. "ZAPIBOT_WEBHOOK_SECRET=" .. SECRET, api.url, shell.quote(support.program),
         BASE))
      local deadline = core.hrtime() + 20
      local function text(path)
         local f = io.open(path)
         return f and f:read "a", f and f:close()
      end
      while not text(file) and core.hrtime() < deadline do
         core.sleep(0.01)
      end
      api.close()
      assert.equal("1\n", text(file))
      assert.matches("accepted but do not show", (text(place.folder .. "/late.out")))
   end)

   describe("show", function()
      it("tells ours, another secret, foreign and unset apart", function()
         run("set " .. BASE)
         put("update_webhook_delivery", FOREIGN)
         put("update_webhook_connected", BASE .. "/webhook/former-secret-0001")
         put("update_webhook_disconnected", "")
         local code, out = run("show", "ZAPIBOT_PUBLIC_URL=" .. BASE)
         assert.equal(0, code)
         assert.matches("received +" .. BASE .. "/webhook/…  %(this bot%)", out)
         assert.matches("delivery +https://crm.example/hook[^ ]*  %(another system%)", out)
         assert.matches("\nconnected +[^ ]+/webhook/…  %(this address, but another secret%)", out)
         assert.matches("disconnected +%(not set%)\n", out)
         for _, secret in ipairs {SECRET, "former-secret", "pass0rd", "hidden"} do
            assert.is_nil(out:find(secret, 1, true), secret)
         end
         local _, text = run("show --json", "ZAPIBOT_PUBLIC_URL=" .. BASE)
         local got = core.json_decode(text, {null = true})
         assert.same({name = "disconnected", url = core.null, whose = "unset"}, got.webhooks[6])
         assert.same({name = "received", url = BASE .. "/webhook/…", whose = "ours"},
            got.webhooks[1])
      end)

      it("cannot tell whose they are without ZAPIBOT_PUBLIC_URL", function()
         put("update_webhook_received", "https://crm.example/hook")
         local code, out = run ""
         assert.equal(0, code)
         assert.matches("received +https://crm.example/hook\n", out)
         assert.matches("ZAPIBOT_PUBLIC_URL is not set", out)
      end)

      it("exits with 3 when the API cannot be reached", function()
         assert.equal(3, (place.run("webhooks show",
            support.ENV .. "ZAPI_BASE_URL=http://127.0.0.1:" .. stub.free_port())))
         assert.equal(2, (place.run "webhooks show"))
      end)
   end)

   describe("test", function()
      local function door()
         local got = {}
         local service = core.service {
            listen = "127.0.0.1:0", secret = SECRET, label = "webhook",
            kinds = {"*", "presence"},
            on_event = function(ev) got[#got + 1] = ev end,
            on_request = function() return 404, "", {} end,
         }
         return service, "http://" .. service.address .. "/webhook/", got
      end

      -- A server that gives one answer to everything.
      local function of_stub(answer)
         local server = stub.start(answer)
         local p = proof.run(server.url .. "/webhook/" .. SECRET, "INSTANCE0001")
         server.close()
         return p, server
      end

      it("reaches a real door, with an event that is no message", function()
         local service, url, got = door()
         local p = proof.run(url .. SECRET, "INSTANCE0001")
         assert.is_true(p.ok, p.text)
         assert.matches("^200 in %d+ ms", p.text)
         assert.is_nil(p.text:find(SECRET, 1, true))
         local deadline = core.hrtime() + 5
         while #got == 0 and core.hrtime() < deadline do
            core.sleep(0.005)
         end
         service:close()
         assert.equal(1, #got)
      end)

      it("sends a presence of nobody, with a marker", function()
         local _, server = of_stub '{}'
         local sent = core.json_decode(server.got[1].body)
         assert.equal("PresenceChatCallback", sent.type)
         assert.equal(proof.MARKER, sent.status)
         assert.equal("INSTANCE0001", sent.instanceId)
      end)

      it("tells another secret", function()
         local service, url = door()
         local p = proof.run(url .. "anothersecret0001", "INSTANCE0001")
         service:close()
         assert.is_false(p.ok)
         assert.equal(1, p.code)
         assert.matches("^401: .*another secret", p.text)
      end)

      it("does not take a server that says 200 to everything for the door", function()
         local p = of_stub '{"ok":true}'
         assert.is_false(p.ok)
         assert.matches("wrong secret too", p.text)
      end)

      it("tells 404, 5xx, redirects and other answers apart", function()
         for status, text in pairs {[404] = "not the bot's door", [502] = "does not reach the bot",
            [503] = "no event can be taken", [301] = "redirected", [418] = "not the bot's door"} do
            local p = of_stub(function() return status, "" end)
            assert.equal(1, p.code)
            assert.matches("^" .. status .. ": .*" .. text, p.text)
            assert.is_true(p.what_to_do ~= "")
         end
      end)

      it("tells DNS, TLS and a refused connection apart, exit code 3", function()
         local server = stub.start "{}"
         local urls = {
            ["DNS"] = "http://nowhere.invalid", ["TLS"] = "https://" .. server.address,
            ["refused"] = "http://127.0.0.1:" .. stub.free_port(),
         }
         for word, url in pairs(urls) do
            local p = proof.run(url .. "/webhook/" .. SECRET, "INSTANCE0001")
            assert.equal(3, p.code, word)
            assert.matches("^" .. word .. ":", p.text)
         end
         server.close()
      end)

      it("goes through ZAPIBOT_PUBLIC_URL", function()
         local code, _, err = run "test"
         assert.equal(2, code)
         assert.matches("ZAPIBOT_PUBLIC_URL is not set", err)
         local url = "http://127.0.0.1:" .. stub.free_port()
         local out
         code, out = run("test", "ZAPIBOT_PUBLIC_URL=" .. url)
         assert.equal(3, code)
         assert.matches("^refused: ", out)
         code, out = run("test --json", "ZAPIBOT_PUBLIC_URL=" .. url)
         assert.equal(3, code)
         assert.is_false(core.json_decode(out).ok)
         -- The sandbox answers, and is no door.
         code, out = run("test", "ZAPIBOT_PUBLIC_URL=" .. env:match "ZAPI_BASE_URL=([^']+)")
         assert.equal(1, code)
         assert.matches("^404: ", out)
      end)
   end)

   it("an address is shown without secret, query and password", function()
      assert.equal("(not set)", addresses.shown(nil))
      assert.equal("https://a.example/x/webhook/…", addresses.shown(
         "https://u:p@a.example/x/webhook/s3cret"))
      assert.equal("https://a.example/x?…", addresses.shown "https://a.example/x?token=s3cret#y")
   end)
end)
