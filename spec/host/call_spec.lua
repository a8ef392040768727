-- `zapibot call`: words to parameters, what is sent, what is printed, how it ends.
local core = require "zapi.core"
local shell = require "spec.support.shell"
local support = require "spec.host.support"
local assign = require "zapi.host.cli.assign"
local catalogue = require "zapi.host.cli.catalogue"
local mask = require "zapi.host.cli.mask"

local ENV = support.ENV

describe("zapibot call", function()
   local place

   setup(function() place = support.place() end)
   teardown(function() place.close() end)

   describe("words", function()
      local function read(name, ...)
         return assign.apply({}, assert(catalogue.find(name)), {...})
      end

      it("take the types of the row", function()
         assert.same({phone = "5511999990001", message = "true", delayMessage = 3,
            privateAnswer = false, messageId = "0012"},
            read("send_text", "phone=5511999990001", "message=true", "delayMessage=3",
               "privateAnswer=false", "messageId=0012"))
         assert.equal("integer", math.type(read("list_queue", "pageSize=20").pageSize))
         assert.same({message = "a=b:=c\nd"}, read("send_text", "message=a=b:=c\nd"))
         assert.same({message = ""}, read("send_text", "message="))
      end)

      it("make objects, lists and JSON", function()
         assert.same({mentioned = {"1", "2"}}, read("send_text", "mentioned[]=1", "mentioned[]=2"))
         assert.same({poll = {{name = "a"}, {name = "b"}}},
            read("send_poll", "poll[0].name=a", "poll[1].name=b"))
         assert.same({event = {location = {name = "x"}, canceled = true}},
            read("send_event", "event.location.name=x", "event.canceled=true"))
         assert.same({mentioned = {}, x = core.null},
            read("send_text", "mentioned:=[]", "x:=null"))
         assert.same({{phone = "1"}, {phone = "2"}},
            read("add_contacts", "[0].phone=1", "[1].phone=2"))
         assert.same({"1", "2"}, read("remove_contacts", "[]=1", "[]=2"))
      end)

      it("say what is wrong with them", function()
         local function wrong(pattern, name, ...)
            local value, err = read(name, ...)
            assert.is_nil(value)
            assert.matches(pattern, err)
         end
         wrong("privateAnswer: true or false expected, got 'yes'", "send_text", "privateAnswer=yes")
         wrong("pageSize: an integer expected, got '1.5'", "list_queue", "pageSize=1.5")
         wrong("delayMessage: a number expected, got '0x10'", "send_text", "delayMessage=0x10")
         wrong("mentioned: a list %(mentioned%[%]=VALUE", "send_text", "mentioned=1")
         wrong("event: an object %(event%.NAME=VALUE", "send_event", "event=1")
         wrong("x: not JSON:", "send_text", "x:={")
         wrong("'hello' is no key=value", "send_text", "hello")
         wrong("'=x' is no key=value", "send_text", "=x")
         wrong("phone is given twice", "send_text", "phone=1", "phone=2")
         wrong("comes before", "send_poll", "poll[1].name=a")
         wrong("given twice, once as a value", "send_text", "message=1", "message.x=1")
      end)
   end)

   describe("--dry-run", function()
      it("needs no credentials, as it sends nothing", function()
         local got = place.json "call send_text --dry-run phone=5511999990001 message=oi"
         assert.matches("^https://api.z%-api.io/instances/INSTANCE/token/.*/send%-text$", got.url)
         assert.equal("oi", got.body.message)
         assert.matches("/instances", place.json("call partner.list_instances --dry-run").url)
         assert.equal("GET",
            place.json("call gateway.get_status --dry-run instancia_uuid=u").method)
         local code, _, err = place.run "call send_text phone=5511999990001 message=oi"
         assert.equal(2, code)
         assert.matches("no credentials", err)
      end)

      it("prints the request, its secrets masked, and sends nothing", function()
         local got = place.json("call send_text --dry-run phone=5511999990001 message=oi "
            .. "delayMessage=2", ENV)
         assert.same({
            method = "POST",
            url = "https://api.z-api.io/instances/INSTANCE0001/token/***/send-text",
            headers = {["Content-Type"] = "application/json", ["Client-Token"] = "***"},
            body = {phone = "5511999990001", message = "oi", delayMessage = 2},
         }, got)
      end)

      it("encodes paths and queries, and has no body where there is none", function()
         local got = place.json("call get_contact --dry-run phone=5511999990001", ENV)
         assert.matches("/contacts/5511999990001$", got.url)
         assert.equal("GET", got.method)
         assert.equal(core.null, got.body)
      end)

      it("shows secrets when told to", function()
         local got = place.json("call get_status --dry-run --show-secrets", ENV)
         assert.matches("/token/SECRETTOKEN0001/status$", got.url)
         assert.equal("SECRETCLIENT0001", got.headers["Client-Token"])
      end)

      it("masks secrets among the parameters", function()
         local _, out = place.run("call set_security_two_fa_code --dry-run code=246810", ENV)
         assert.is_nil(out:find("246810", 1, true))
         assert.is_truthy(out:find('"code":"***"', 1, true))
         _, out = place.run("call send_text --dry-run phone=5511999990001 "
            .. "message=SECRETCLIENT0001", ENV)
         assert.is_nil(out:find("SECRETCLIENT0001", 1, true))
      end)

      it("knows partners and gateways", function()
         local got = place.json("call partner.subscribe_instance --dry-run instance=I0001 "
            .. "token=OTHERTOKEN0001 withCalls=true", "ZAPI_PARTNER_TOKEN=SECRETPARTNER01 ")
         assert.matches("/instances/I0001/token/%*%*%*/integrator/", got.url)
         assert.equal("Bearer ***", got.headers.Authorization)
         assert.same({withCalls = true}, got.body)
         got = place.json("call gateway.get_status --dry-run instancia_uuid=u",
            "ZAPI_GATEWAY_URL=https://g.example.com ZAPI_GATEWAY_API_KEY=SECRETKEY0001 "
            .. "ZAPI_GATEWAY_SYSTEM_ID=7 ")
         assert.equal("https://g.example.com/api/vinculos/status/u", got.url)
         assert.equal("7", got.headers["X-Sistema-ID"])
         local body = place.json("call gateway.create_token --dry-run chave_api=SECRETKEY0002",
            "ZAPI_GATEWAY_URL=https://g.example.com ZAPI_GATEWAY_API_KEY=SECRETKEY0001 "
            .. "ZAPI_GATEWAY_SYSTEM_ID=7 ").body
         assert.same({chave_api = "***"}, body)
      end)

      it("keeps the order of the row, in one line", function()
         local _, out = place.run("call send_text --dry-run message=oi phone=5511999990001", ENV)
         assert.matches('^{"method":"POST","url":"[^"]+","headers":{[^}]*},'
            .. '"body":{"phone":"5511999990001","message":"oi"}}\n$', out)
      end)
   end)

   describe("--json", function()
      it("takes a text, a file and stdin; words are laid over it", function()
         local table_text = [['{"phone":"5511999990001","message":"oi"}']]
         local body = place.json("call send_text --dry-run --json " .. table_text
            .. " delayMessage=3", ENV).body
         assert.same({phone = "5511999990001", message = "oi", delayMessage = 3}, body)
         shell.write(place.folder .. "/body.json", '["5511999990001"]')
         body = place.json("call remove_contacts --dry-run --json @body.json", ENV).body
         assert.same({"5511999990001"}, body)
         body = place.json("call remove_contacts --dry-run --json - <body.json", ENV).body
         assert.same({"5511999990001"}, body)
      end)

      it("says what is wrong with it", function()
         local code, _, err = place.run("call send_text --json '{'", ENV)
         assert.equal(2, code)
         assert.matches("%-%-json: not JSON", err)
         code, _, err = place.run("call send_text --json 1", ENV)
         assert.equal(2, code)
         assert.matches("an object or a list", err)
         code, _, err = place.run("call send_text --json @nowhere", ENV)
         assert.equal(2, code)
         assert.matches("cannot read nowhere", err)
      end)
   end)

   describe("wrong usage", function()
      local function usage(pattern, arguments, env)
         local code, out, err = place.run("call " .. arguments, env or ENV)
         assert.equal(2, code, err)
         assert.equal("", out)
         assert.matches("^zapibot call: [^\n]*" .. pattern .. "[^\n]*\n$", err)
      end

      it("is one line and exit 2", function()
         usage("which endpoint", "")
         usage("no endpoint 'send_txt'; did you mean send_text", "send_txt")
         usage("missing parameter 'message'", "send_text phone=5511999990001")
         usage("mesage", "send_text phone=5511999990001 mesage=oi")
         usage("delayMessage", "send_text phone=5511999990001 message=oi delayMessage=99")
         usage("no credentials", "get_status", " ")
         usage("did you mean '%-%-dry%-run'", "get_status --dryrun")
      end)
   end)

   describe("against a server", function()
      local env, stop

      setup(function() env, stop = support.sandbox(place) end)
      teardown(function() stop() end)

      it("prints the reply, in the order of the row, and ends with 0", function()
         local code, out, err = place.run("call send_text phone=5511999990001 message=oi", env)
         assert.equal(0, code, err)
         assert.matches('^{"zaapId":"[^"]+","messageId":"[^"]+","id":"[^"]+"}\n$', out)
         assert.equal("", err)
      end)

      it("reads the credentials from .env in the current folder", function()
         shell.write(place.folder .. "/.env", (env:gsub("'", ""):gsub(" ", "\n")))
         finally(function() os.remove(place.folder .. "/.env") end)
         assert.is_true(place.json("call get_status").connected)
      end)

      it("masks the secrets of a reply unless told otherwise", function()
         local token = env:match "ZAPI_TOKEN=([^']+)"
         local code, out = place.run("call get_me", env)
         assert.equal(0, code)
         assert.is_nil(out:find(token, 1, true))
         assert.equal("***", core.json_decode(out).token)
         out = select(2, place.run("call get_me --show-secrets", env))
         assert.equal(token, core.json_decode(out).token)
      end)

      it("tells an error of the API on stderr, as JSON, and ends with 1", function()
         local wrong = env:gsub("ZAPI_CLIENT_TOKEN=[^']+", "ZAPI_CLIENT_TOKEN=WRONGTOKEN01")
         local code, out, err = place.run("call get_status", wrong)
         assert.equal(1, code)
         assert.equal("", out)
         local e = assert(core.json_decode(err))
         assert.equal("auth.client_token_invalid", e.kind)
         assert.matches("instance token", e.what_to_do)
         assert.equal("get_status", e.endpoint)
         assert.equal(403, e.status)
         assert.is_nil(err:find("WRONGTOKEN01", 1, true))
      end)

      it("is indented on a terminal", function()
         support.needs "script"
         local out = shell.must(("cd %s && env %s script -qec '%s call get_status' /dev/null")
            :format(shell.quote(place.folder), env, support.program))
         assert.matches('^{\r?\n  "connected": true', out)
      end)
   end)

   it("ends with 3 when the network fails", function()
      local nowhere = ENV .. "ZAPI_BASE_URL=http://127.0.0.1:1 "
      local code, out, err = place.run("call get_status", nowhere)
      assert.equal(3, code)
      assert.equal("", out)
      local e = assert(core.json_decode(err))
      assert.equal("net.refused", e.kind)
      assert.equal("not_sent", e.outcome)
   end)

   describe("masks", function()
      it("QR codes, pairing codes, proxies, tokens in lists, webhook secrets", function()
         assert.same({value = "***"}, mask.reply({value = "2@abc"}, "get_qr_code"))
         assert.equal("***", mask.reply("\137PNG…", "get_qr_code"))
         assert.same({value = "x"}, mask.reply({value = "x"}, "update_name"))
         assert.same({value = "***"}, mask.reply({value = "ABCD2345"}, "get_phone_code"))
         assert.same({content = {{id = "I", token = "***"}}},
            mask.reply({content = {{id = "I", token = "T"}}}, "partner.list_instances"))
         assert.same({proxyUrl = "***", useProxy = true, token = ""},
            mask.value({proxyUrl = "socks5://u:p@h:1", useProxy = true, token = ""}))
         assert.equal("https://bot.example.com/webhook/***",
            mask.text "https://bot.example.com/webhook/0123456789abcdef")
         assert.equal("http://***@h/x", mask.text "http://user:pass@h/x")
      end)

      it("nothing that is only near a secret", function()
         local value = {message = "meu token", phone = "5511999990001", link = "https://a.b/c@d"}
         assert.same(value, mask.value(value, "send_text"))
      end)
   end)
end)
