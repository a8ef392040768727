-- TLS on the door, as an operator has it: certificates that openssl makes, curl
-- and s_client as clients, files that are renewed while the program runs.
local fleet = require "spec.support.fleet"
local shell = require "spec.support.shell"

local CERT <const> = "--listen 127.0.0.1:0 --tls-cert cert.pem --tls-key key.pem "

-- An authority, and what it signs. NAME.key and NAME.pem, for so many days.
local AUTHORITY <const> = [[
   openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
      -keyout ca.key -out ca.pem -subj "/CN=spec CA" -days 30]]
local SIGNED <const> = [[
   openssl req -newkey %s -nodes -keyout %s.key -out %s.csr -subj "/CN=%s" &&
   openssl x509 -req -in %s.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days %d \
      -extfile ext -out leaf.pem && cat leaf.pem ca.pem >%s.pem]]
local ECDSA <const> = "ec -pkeyopt ec_paramgen_curve:P-256"

describe("TLS on the door", function()
   local f

   local function sh(command)
      return shell.must(("cd %s && { %s\n}"):format(shell.quote(f.folder), command))
   end

   local function sign(name, days, kind)
      sh(SIGNED:format(kind or ECDSA, name, name, name, name, days, name))
   end

   -- Takes the place of what is there, at once.
   local function install(name)
      sh(("cp %s.pem new && mv new cert.pem && cp %s.key new && chmod 600 new && mv new key.pem")
         :format(name, name))
   end

   local function curl(options, path)
      return shell.run(("cd %s && curl -sS --max-time 10 --cacert ca.pem %s https://%s%s"):format(
         shell.quote(f.folder), options, f.address, path))
   end

   local function post(text)
      f.sent = f.sent + 1
      f:write("event.json", ([[{"type": "ReceivedCallback", "instanceId": "3C0FFEE1",
         "messageId": "3EB0TLS%06d", "phone": "5511999990001", "fromMe": false,
         "momment": 1700000000000, "text": {"message": "%s"}}]]):format(f.sent, text))
      local code, out = curl("-o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' "
         .. "--data-binary @event.json", "/webhook/" .. fleet.SECRET)
      assert.equal(0, code, out)
      return tonumber(out)
   end

   -- Whose certificate new connections get.
   local function subject()
      return sh(("openssl s_client -connect %s </dev/null 2>/dev/null | "
         .. "openssl x509 -noout -subject"):format(f.address)):match "CN = (%w+)"
   end

   local function bot()
      f:bot("bot.lua", [[bot:on("text", function(ctx) note(ctx.text) end)
         bot:http("GET", "/big", function() return ("x"):rep(3000000) end)
         bot:http("GET", "/ping", function() return "pong" end)]])
   end

   before_each(function()
      f = fleet.new()
      f:write("ext", "subjectAltName = IP:127.0.0.1\n")
      sh(AUTHORITY)
      sign("one", 30)
      install "one"
      bot()
   end)
   after_each(function() f:close() end)

   it("takes webhooks and routes by HTTPS, and says until when", function()
      f:start(CERT .. "bot.lua")
      f:wait_log "TLS with the certificate in cert.pem, which ends on "
      assert.equal(200, post "oi")
      f:wait_said "oi"
      local code, out = curl("", "/big")
      assert.equal(0, code)
      assert.equal(3000000, #out)
      assert.equal(0, (curl("--tls-max 1.2", "/ping")))
      -- One connection for several requests.
      code, out = curl("-w '%{num_connects}' https://" .. f.address .. "/ping", "/ping")
      assert.equal(0, code)
      assert.matches("pong1pong0$", out)
      assert.is_falsy(f:log():find("refused", 1, true))
      assert.equal(0, f:stop())
   end)

   it("a client of HTTP, an old one and one that trusts nobody get nothing, and are heard of",
      function()
         f:start(CERT .. "bot.lua")
         assert.not_equal(0, (shell.run("curl -s --max-time 10 http://" .. f.address .. "/ping")))
         f:wait_log("refused 400 from 127.0.0.1: no TLS handshake: was it http://, "
            .. "or TLS before 1.2?")
         assert.not_equal(0, (curl("--tls-max 1.1", "/ping")))
         assert.equal(60, (shell.run("curl -s --max-time 10 https://" .. f.address .. "/ping")))
         f:wait_log "the TLS handshake was broken off: does the client trust the certificate?"
         assert.equal(200, post "oi")
      end)

   it("renewed files are taken at SIGHUP; open connections stay, what is open is served", function()
      f:start(CERT .. "bot.lua")
      assert.equal("one", subject())
      -- A client that asks once now, and once more when it is told to.
      sh(([[mkfifo ask; (openssl s_client -quiet -verify_quiet -CAfile ca.pem -connect %s \
            <ask >answers 2>/dev/null &) ; exec 3>ask
         printf 'GET /ping HTTP/1.1\r\nHost: x\r\n\r\n' >&3
         (sleep 10 >&3 2>/dev/null &) ; n=0
         until grep -q pong answers; do n=$((n+1)); [ $n -gt 500 ] && exit 9; sleep 0.01; done]])
         :format(f.address))
      sign("two", 10, "rsa:2048")
      install "two"
      f:signal "HUP"
      f:wait_log("TLS with the certificate in cert.pem", 2)
      f:wait_log "the certificate in cert.pem ends in "
      assert.equal("two", subject())
      assert.equal(200, post "depois")
      f:wait_said "depois"
      sh [[printf 'GET /ping HTTP/1.1\r\nHost: x\r\n\r\n' >ask; n=0
         until [ "$(grep -o pong answers | wc -l)" = 2 ]; do
            n=$((n+1)); [ $n -gt 500 ] && { cat answers; exit 9; }; sleep 0.01
         done]]
   end)

   it("broken ones leave the old certificate serving, and are logged", function()
      f:start(CERT .. "bot.lua")
      sign("two", 10)
      f:write("cert.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n")
      f:signal "HUP"
      f:wait_log "cert.pem is no certificate in PEM"
      f:wait_log "the certificate from before serves on"
      assert.equal("one", subject())
      sh "cp two.pem new && mv new cert.pem"
      f:signal "HUP"
      f:wait_log "the key in key.pem does not belong to the certificate in cert.pem"
      assert.equal("one", subject())
      assert.equal(200, post "ainda")
      sh "cp two.key new && chmod 644 new && mv new key.pem"
      f:signal "HUP"
      f:wait_log "key.pem can be read by every user of this machine"
      f:wait_log("TLS with the certificate in cert.pem", 2)
      assert.equal("two", subject())
   end)

   it("what is wrong at the start ends the program, with its reason", function()
      local function fails(options, why, env)
         local code, out = f:run("--listen 127.0.0.1:0 " .. options .. " bot.lua", env)
         assert.equal(1, code, out)
         assert.is_truthy(out:find(why, 1, true), out)
         assert.is_falsy(out:find("traceback", 1, true), out)
      end
      fails("--tls-cert cert.pem", "--tls-key (ZAPIBOT_TLS_KEY) is not set")
      fails("", "--tls-cert (ZAPIBOT_TLS_CERT) is not set",
         fleet.ACCOUNT .. "ZAPIBOT_TLS_KEY=key.pem ")
      fails("--tls-cert none.pem --tls-key key.pem", "cannot read none.pem: No such file")
      fails("--tls-cert cert.pem --tls-key ca.key", "ca.key does not belong to the certificate")
      fails("--tls-cert key.pem --tls-key key.pem", "key.pem is no certificate in PEM")
      sh "openssl ec -in one.key -aes128 -passout pass:segredo -out locked.key"
      fails("--tls-cert cert.pem --tls-key locked.key", "locked.key is no key in PEM: ")
   end)

   it("is for run alone: dev speaks HTTP with its sandbox", function()
      f:write(".env", "ZAPIBOT_TLS_CERT=none.pem\nZAPIBOT_TLS_KEY=none.pem\n")
      f:start("--listen 127.0.0.1:0 dev bot.lua")
      assert.not_equal("none", f.address)
      assert.is_falsy(f:log():find("none.pem", 1, true))
      assert.equal(0, f:stop())
   end)
end)
