-- Every Lua block of docs/guide.md is run against a stub of Z-API; what it prints
-- and calls is what the page says. Blocks of bots that keep things on disk run in a
-- process of their own.
local core = require "zapi.core"
local zapi = require "zapi"
local durable = require "spec.support.durable"
local shell = require "spec.support.shell"
local stub = require "spec.support.stub"

local SENT <const> = '{"zaapId":"Z1","messageId":"M1","id":"M1"}'
local ENV <const> = {
   ZAPI_INSTANCE_ID = "INSTANCE", ZAPI_TOKEN = "TOKEN", ZAPI_CLIENT_TOKEN = "CLIENT",
}

local function read(path)
   local file <close> = assert(io.open(path))
   return file:read "a"
end

local function blocks()
   local list = {}
   for code in read "docs/guide.md":gmatch "\n```lua\n(.-)\n```" do
      list[#list + 1] = code
   end
   return list
end

describe("docs/guide.md", function()
   local server, answers, printed, tried, folder, remove = nil, nil, nil, {}, nil, nil

   setup(function()
      folder, remove = shell.folder()
   end)

   teardown(function()
      remove()
   end)

   before_each(function()
      answers, printed = {}, {}
      server = stub.start(function(req, n)
         local path = req.path:match "/token/[^/]+(/.*)$" or req.path
         local answer = answers[path] or SENT
         if type(answer) == "function" then
            answer = answer(req, n)
         end
         if type(answer) == "table" then
            return table.unpack(answer)
         end
         return answer
      end)
      for name, value in pairs(ENV) do
         core.set_env(name, value)
      end
      core.set_env("ZAPI_BASE_URL", server.url)
   end)

   after_each(function()
      server.close()
      for name in pairs(ENV) do
         core.set_env(name, nil)
      end
      core.set_env("ZAPI_BASE_URL", nil)
   end)

   -- The files of the page lie in a folder of the test.
   local function page_zapi()
      local media = setmetatable({
         file = function(path) return zapi.media.file(folder .. "/" .. path) end,
         save = function(url, path, options)
            return zapi.media.save(url, folder .. "/" .. path, options)
         end,
      }, {__index = zapi.media})
      return setmetatable({media = media}, {__index = zapi})
   end

   -- The one block that has `mark`.
   local function block(mark)
      local code
      for i, text in ipairs(blocks()) do
         if text:find(mark, 1, true) then
            assert(not code, "two blocks with " .. mark)
            code, tried[i] = text, true
         end
      end
      return assert(code, "no block with " .. mark)
   end

   -- Runs a block, after the first of the page.
   local function run(mark, env)
      local code = block(mark)
      env = setmetatable(env or {}, {__index = _G})
      env.zapi, env.z = page_zapi(), zapi.client()
      env.print = function(...)
         local words = table.pack(...)
         for i = 1, words.n do
            words[i] = tostring(words[i])
         end
         printed[#printed + 1] = table.concat(words, " ")
      end
      assert(load(code, "@guide.md", "t", env))()
   end

   local function body(n)
      return zapi.json.decode(server.got[n].body)
   end

   it("begins with a client of the environment", function()
      run "local z = zapi.client()"
      assert.equal(0, #server.got)
   end)

   it("tells errors apart", function()
      run "accepted as"
      assert.same({"accepted as M1"}, printed)
      local function told(status, text)
         printed = {}
         answers["/send-text"] = {status, text, {["Content-Type"] = "application/json"}}
         run "accepted as"
         return printed[1]
      end
      assert.matches("^nobody knows", told(500, '{"error":"oops"}'))
      assert.matches("^credentials: send_text: ", told(403, '{"error":"Client-Token not allowed"}'))
      assert.matches("^state.disconnected 400 ", told(400, '{"error":"You are not connected"}'))
   end)

   it("names what misuse throws, with the line", function()
      run "mesage"
      assert.same({"false guide.md:2: 'mesage' is not a parameter of send_text; "
         .. "did you mean 'message'?"}, printed)
      assert.equal(0, #server.got)
   end)

   it("names every field of an error", function()
      answers["/send-text"] = {429, '{"error":"slow"}', {["Retry-After"] = "7"}}
      local _, err = zapi.client():send_text {phone = "5511999990001", message = "Oi"}
      local text = read "docs/guide.md"
      for _, name in ipairs {"kind", "message", "outcome", "retryable", "retry_after", "status",
         "endpoint"} do
         assert.is_not_nil(err[name], name)
         assert.matches("\n|[^\n|]*`" .. name .. "`[^\n|]*|", text)
      end
      answers["/status"] = '{"connected":false,"error":"You are not connected."}'
      local status, why = zapi.client():get_status()
      assert.is_nil(status)
      assert.equal("state.disconnected", why.kind)
   end)

   it("repeats what was not sent, and never what may have been", function()
      local function calls(status, headers)
         server.got = {}
         local n = 0
         answers["/send-text"] = function()
            n = n + 1
            return n < 3 and {status, '{"error":"x"}', headers} or SENT
         end
         run "given up"
         return #server.got
      end
      local slept = {}
      local real = zapi.sleep
      rawset(zapi, "sleep", function(s) slept[#slept + 1] = s end)
      finally(function() rawset(zapi, "sleep", real) end)
      assert.equal(3, calls(429, {["Retry-After"] = "7"}))
      assert.same({7, 7}, slept)
      assert.equal(1, calls(500, {}))
      assert.equal(1, calls(400, {}))
      assert.same({7, 7}, slept)
   end)

   it("goes through pages, and throws", function()
      local pages = {'[{"phone":"1","name":"Ana"}]', '[{"phone":"2","name":"Bia"}]', "[]"}
      answers["/chats"] = function(req) return pages[tonumber(req.query.page)] end
      run "z:each(\"list_chats\""
      assert.same({"1 Ana", "2 Bia"}, printed)
      answers["/chats"] = {401, "{}", {}}
      assert.has_error(function() run "z:each(\"list_chats\"" end)
      answers["/catalogs"] = function(req)
         return req.query.nextCursor and '{"products":[{"id":"3"}]}'
            or '{"products":[{"id":"1"},{"id":"2"}],"nextCursor":"c"}'
      end
      printed = {}
      run "z:collect("
      assert.same({"3"}, printed)
   end)

   it("shows replies in their shape", function()
      answers["/phone-exists/5511999990001"] = '{"exists":"true","phone":5511999990001}'
      answers["/profile-picture"] = '[{"link":"null"}]'
      run "local picture"
      assert.same({"true 5511999990001 no picture"}, printed)
      answers["/something-new"] = '{"value":"kept"}'
      run "/something-new"
      assert.equal("kept", printed[2])
      answers["/qr-code"] = '"2@abc"'
      assert.same({value = "2@abc"}, zapi.client():get_qr_code())
   end)

   local function write(name, content)
      local file <close> = assert(io.open(folder .. "/" .. name, "wb"))
      assert(file:write(content))
   end

   it("sends files, within limits that are told", function()
      local limit = zapi.media.limits.image
      finally(function() zapi.media.limits.image = limit end)
      local text = read "docs/guide.md"
      for kinds, megabytes in pairs {
         ["image"] = zapi.media.limits.image, ["audio"] = zapi.media.limits.audio,
         ["video and document"] = zapi.media.limits.document,
      } do
         assert.matches(("%s %d MB"):format(kinds, megabytes >> 20), text)
      end
      write("boleto.pdf", "%PDF-1.7 boleto")
      run "local file = assert("
      assert.matches("/send%-document/pdf$", server.got[1].path)
      assert.matches("^data:application/pdf;base64,", body(1).document)
      write("foto.png", "\137PNG\r\n\26\n" .. ("x"):rep(1024 * 1024))
      run "zapi.media.limits.image"
      assert.same({"too large"}, printed)
      assert.equal(1, #server.got)
   end)

   it("saves nothing from a private address", function()
      run "zapi.media.save"
      assert.same({"net.forbidden_address"}, printed)
      assert.is_nil(io.open(folder .. "/foto.jpg"))
   end)

   it("has a client for each instance", function()
      run "local shop"
      assert.same({"2 nil"}, printed)
      local paths = {server.got[1].path, server.got[2].path}
      table.sort(paths)
      assert.matches("/INSTANCE%-A/token/TOKEN%-A/send%-text$", paths[1])
      assert.matches("/INSTANCE%-B/token/TOKEN%-B/send%-text$", paths[2])
   end)

   it("has a bot that answers through the instance of the event", function()
      local bot
      run("bot:hears(\"oi\"", {require = function(name)
         local module = require(name)
         return {new = function(options)
            bot = module.new(options)
            bot.run = function() end
            return bot
         end}
      end})
      bot:handle(zapi.json.encode {
         instanceId = "INSTANCE-B", type = "ReceivedCallback", status = "RECEIVED",
         messageId = "IN1", phone = "5511999990001", senderName = "Ana", chatName = "Ana",
         momment = 1790000000000, fromMe = false, isGroup = false, text = {message = "Oi!"},
      })
      assert.equal(1, #server.got)
      assert.matches("/INSTANCE%-B/token/TOKEN%-B/send%-text$", server.got[1].path)
   end)

   it("lists and subscribes as a partner", function()
      for _, path in ipairs {"/instances", "/instances/"} do
         answers[path] = function(req)
            return req.query.page == "1" and '{"total":1,"totalPage":1,"content":[{"name":"Loja"}]}'
               or '{"content":[]}'
         end
      end
      run "zapi.partner"
      assert.same({"Loja"}, printed)
      assert.matches("/INSTANCE%-A/token/TOKEN%-A/", server.last().path)
   end)

   it("tells null, [] and {} apart", function()
      run "zapi.json.encode"
      local made = zapi.json.decode(printed[1], {null = true})
      assert.equal(zapi.null, made.price)
      assert.matches('"tags":%[%]', printed[1])
      assert.matches('"extra":{}', printed[1])
      assert.same({"nil", "true"}, {printed[2], printed[3]})
   end)

   it("cleans what was typed, and only that", function()
      run "Oi, grupo antigo"
      assert.same({"5511999990001", "120363019502650977-group", "5511999990001-1623281429"},
         {body(1).phone, body(2).phone, body(3).phone})
      answers["/phone-exists/551199990001"] = '[{"exists":true,"phone":"5511999990001"}]'
      run "551199990001\""
      assert.same({"5511999990001"}, printed)
      for id in read "docs/guide.md":gmatch "`(%d+[@-][%a%d]+)`" do
         assert.equal(id, zapi.json.decode(
            zapi.client():build("send_text", {phone = id, message = "Oi"}).body).phone)
      end
   end)

   -- Runs a block of a bot, then a chunk (spec/support/durable_child.lua), where PAGE
   -- is the block.
   local function in_process(mark, chunk, place)
      local code = ("local PAGE = %q\n"):format(block(mark))
      if place then return place:run(code .. chunk) end
      durable.with(function(own) own:run(code .. chunk) end)
   end

   it("has handlers, and commands that are the owner's", function()
      in_process("local function owner(fn)", [[
         t.page(PAGE)
         local OWNER = "5511988880000"
         for _, said in ipairs {
            {"!fechar"}, {"!pizza 2 calabresa grande"}, {"!fechar férias", OWNER}, {"!pizza 1 x"},
            {"!Abrir", OWNER}, {"!pizza"}, {"qual o preço?"}, {"!ajuda"},
         } do
            t.says(said[1], said[2])
            t.settle()
         end
         t.wait(function() return #t.calls == 7 end)
         assert.same({
            "2 × calabresa grande, é isso?", "Fechado. *!abrir* abre de novo.",
            "Estamos fechados: férias", "Aberto.", "Uso: !pizza <amount> <name…>",
            "Escreva *!ajuda*.", "*Comandos*\n!pizza <amount> <name…> — pede uma pizza",
         }, t.texts())
      ]])
   end)

   it("names every field and method of ctx, and messages of every kind", function()
      local section = read "docs/guide.md":match "\n## Handlers, events, ctx\n(.-)\n## "
      local ctx = require "zapi.bot.ctx"
      for _, set in ipairs {ctx.fields, ctx.methods} do
         for name in pairs(set) do
            if not name:find "^_" then
               assert.is_truthy(section:find("%f[%w_]" .. name .. "%f[^%w_]"), name)
            end
         end
      end
      local events = require "zapi.events"
      for _, name in ipairs(events.names) do
         if core.kind_is(name, "message") or name:find "^group%." or name:find "^message%." then
            assert.is_truthy(section:find("`" .. name .. "`", 1, true), name)
         end
      end
   end)

   it("puts events aside, drops them, or keeps them as dead letters", function()
      durable.with(function(place)
         local output = in_process("ctx:retry_later(300)", [[
            local answer
            local asked = 0
            t.page(PAGE, {zapi = {http = {request = function()
               asked = asked + 1
               return answer
            end}}})
            -- Until so many handlers have asked and ended.
            local function ended(n)
               t.wait(function() return asked == n and t.bot.service:stats().running == 0 end)
            end
            t.says("pedido", t.ana)
            ended(1)
            answer = {json = {state = "a caminho"}}
            t.says("pedido", t.bia)
            ended(2)
            t.answer = function() return 400, '{"error":"Invalid phone"}' end
            t.says("pedido", t.bia)
            ended(3)
            answer = {json = {}}
            t.says("pedido", "5511999990003")
            ended(4)
            assert.same({"Seu pedido: a caminho", "Seu pedido: a caminho"}, t.texts())
         ]], place)
         local later = place:ask("inbox.list", {state = "later"}).events
         assert.equal(1, #later)
         assert.equal("5511999990001", later[1].chat)
         local dead = place:dead()
         assert.equal(1, #dead)
         assert.equal("5511999990003", dead[1].chat)
         assert.matches("ERROR.-attempt to concatenate.-stack traceback", output)
      end)
   end)

   it("waits for what becomes of an answer, and hears of what failed", function()
      write("boleto.pdf", "%PDF-1.7 boleto")
      durable.with(function(place)
         local output = in_process("message:wait(\"read\", 30)", ([[
            local real = zapi.media
            local bot = t.page(PAGE, {zapi = {media = {file = function(name)
               return real.file(%q .. "/" .. name)
            end}}})
            assert.equal(20, bot.limits.replies_per_chat)
            assert.equal(60, bot.limits.cold_per_hour)
            assert.equal(0.2, bot.limits.pace)
            t.says "comprovante"
            t.wait_calls(1)
            assert.equal("/send-document/pdf", t.calls[1].path)
            assert.equal("boleto.pdf", t.calls[1].body.fileName)
            t.give("status_read", {ids = {"M1"}})
            t.settle()
            t.says "comprovante"
            t.wait_states("read accepted")
            t.give("delivery_error", {messageId = "M2", phone = t.ana})
            t.settle()
         ]]):format(folder), place)
         local _, told = output:gsub("INFO [^\n]*not read: ", "")
         assert.equal(1, told)
         assert.matches("WARN [^\n]*send_document to 5511999990001: ", output)
         assert.same({}, place:dead())
      end)
   end)

   it("sends later what was stored, under its guard, and calls it off", function()
      in_process("z.outbox:cancel", [[
         local hour, ahead = "05", 24 * 3600
         local bot, z = t.page(PAGE, {
            os = {date = function() return hour end},
            zapi = {now = function() return core.now() + ahead - 24 * 3600 end},
         })
         t.says "lembrete"
         t.says "lembrete"
         t.settle()
         assert.same({"Anotado.", "Já estava anotado."}, t.texts())
         local row = z.outbox:each {prefix = "reminder:"}()
         assert.equal("reminder:" .. t.ana, row.key)
         assert.is_true(row.at > core.now() + 23 * 3600)
         t.says "cancelar"
         t.wait_calls(3)
         assert.equal("1 cancelado(s)", t.texts()[3])
         -- The same for somebody else, whose time has come: by night, then by day.
         ahead = 0
         t.says("lembrete", t.bia)
         t.wait(function()
            local there = z.outbox:each {key = "reminder:" .. t.bia}()
            return there and there.state == "queued" and there.at > core.now() + 500
         end)
         assert.equal(600, bot.guards.not_at_night {})
         hour = "14"
         z.outbox:cancel {key = "reminder:" .. t.bia}
         t.says("lembrete", "5511999990003")
         t.wait(function() return t.texts()[#t.calls] == "Está na hora!" end)
      ]])
   end)

   it("takes requests as events, and makes its own, each once", function()
      in_process("bot:emit(\"shop.paid\"", [[
         t.page(PAGE)
         local function post(token)
            return core.http_request {
               method = "POST", url = t.url .. "/pix", headers = {["X-Token"] = token},
               body = '{"id":"E1","phone":"5511999990001","amount":1990}',
            }.status
         end
         assert.equal(401, post "errado")
         assert.equal(202, post "segredo")
         t.wait_calls(1)
         assert.equal(200, post "segredo")
         t.settle()
         assert.equal(1, #t.calls)
         assert.same({phone = t.ana, message = "Recebemos " .. zapi.br.format(1990)},
            t.calls[1].body)
      ]])
   end)

   it("has a session, and a store whose updates are not lost", function()
      in_process('zapi.store("stock")', [[
         t.page(PAGE)
         for _, who in ipairs {t.ana, t.ana, t.bia} do
            t.says("quero", who)
            t.settle()
         end
         assert.same({"Pedido 1.", "Pedido 2.", "Acabou!"}, t.texts())
      ]])
   end)

   it("asks, and takes what is an answer", function()
      in_process('ctx:step("order"', [[
         t.page(PAGE)
         local said = {"um pedido", "na rua", "01310-100", "sem", "42", "pedido", "SAIR"}
         for _, text in ipairs(said) do
            t.says(text)
            t.settle()
         end
         local texts = t.texts()
         assert.matches("^Pedido 1%d%d%d: CEP 01310%-100, casa 42%.$", texts[5])
         texts[5] = "…"
         assert.same({"Qual é o seu CEP?", "O CEP tem oito números.", "E o número da casa?",
            "E o número da casa?", "…", "Qual é o seu CEP?", "Certo."}, texts)
      ]])
   end)

   it("shows a menu, and takes what is nearly an item", function()
      in_process('ctx:menu("Como', [[
         t.page(PAGE)
         for _, text in ipairs {"oi", "xyz", "falar com atendnte", "menu", "1"} do
            t.says(text)
            t.settle()
         end
         local texts = t.texts()
         assert.equal("/send-button-list", t.calls[1].path)
         assert.equal("Não entendi, desculpe. Qual delas?\n\n*1.* Horários\n*2.* Fazer um pedido\n"
            .. "*3.* Falar com atendente", texts[2])
         assert.equal("Você escolheu: Falar com atendente.", texts[3])
         assert.matches("^Das 8h", texts[5])
      ]])
   end)

   it("has a flow by states", function()
      in_process("bot:state(\"size\"", [[
         t.page(PAGE)
         for _, text in ipairs {"pizza", "média", "GRANDE", "Augusta", "oi"} do
            t.says(text)
            t.settle()
         end
         assert.same({
            "Pizza pequena ou grande?", "Pequena ou grande?", "Em que rua?",
            "Uma pizza grande para a rua Augusta!",
         }, t.texts())
         t.says "pizza"
         local row
         t.wait(function()
            row = core.timers.list(t.bot.service, 1e300, 10)[1]
            return row
         end)
         assert.near(core.now() + 1800, row.due, 60)
      ]])
   end)

   it("has timers that are cancelled with their key", function()
      in_process("bot:timer(\"reminder\"", [[
         t.page(PAGE)
         local function rows(name)
            local list = {}
            for _, row in ipairs(core.timers.list(t.bot.service)) do
               if row.name == name then list[#list + 1] = row end
            end
            return list
         end
         t.wait(function() return rows("report")[1] end)
         local report = rows("report")[1]
         assert.equal(12 * 3600, report.due % 86400) -- 9:00 in São Paulo
         for _, text in ipairs {"agendar", "desmarcar", "desmarcar", "agendar"} do
            t.says(text)
            t.settle()
         end
         t.wait(function() return rows("reminder")[1] end) -- the row comes with the commit
         local row = rows("reminder")[1]
         assert.near(core.now() + 86400, row.due, 60)
         core.testing.move(86401)
         t.wait(function()
            for i, call in ipairs(t.calls) do
               if call.body.phone == t.ana and t.texts()[i] == "Lembrete: seu corte" then
                  return #rows("reminder") == 0
               end
            end
         end)
         assert.same({"Desmarcado.", "Não havia nada marcado."},
            table.move(t.texts(), 2, 3, 1, {}))
      ]])
   end)

   it("gives chats to persons", function()
      in_process("handover = {", [[
         t.page(PAGE)
         local function texts(n)
            local list
            t.wait(function()
               list = {}
               for _, call in ipairs(t.calls) do list[#list + 1] = call.body.message end
               return #list >= n
            end)
            return list
         end
         local function says(...)
            t.says(...)
            t.settle()
         end
         says "oi"
         says "Reclamação!"
         says "oi"
         local list = texts(3)
         assert.equal("Sinto muito! Uma pessoa vai cuidar disso.", list[2])
         assert.matches("está à espera de uma pessoa", list[3])
         says "menu"
         says "oi"
         assert.same({
            "Voltei! Sou o atendimento automático.", "Olá! Sou o atendimento automático.",
         }, table.move(texts(5), 4, 5, 1, {}))
         says("Quero falar com humano", t.bia)
         says("oi", t.bia)
         assert.equal(7, #texts(7))
      ]])
   end)

   it("has the kit's line for each of many things", function()
      in_process("kit.optout(bot)", [[
         local monday = require("zapi.bot.zone").of "America/Sao_Paulo":time {
            year = 2030, month = 11, day = 25, hour = 10,
         }
         local hour = 0
         core.now = function() return monday + hour * 3600.0 end
         t.page(PAGE)
         local function says(...)
            t.says(...)
            t.settle()
         end
         says "oferta"
         says "Sair"
         says "oferta"
         hour = 2.5
         says "oferta"
         for _ = 1, 12 do says("oferta", t.bia) end
         hour = 4
         for _ = 1, 12 do says("oferta", t.bia) end
         local texts, last = t.texts(), nil
         assert.equal("Hoje: pizza em dobro!", texts[1])
         assert.equal(1, t.calls[1].body.delayTyping)
         assert.matches("^Pronto!", texts[2])
         assert.equal("Sem ofertas para você.", texts[3])
         assert.equal("Estamos fechados e voltamos hoje às 13:00.", texts[4])
         last = texts[#texts]
         assert.matches("^Você enviou muitas mensagens", last)
      ]])
   end)

   it("tests a bot", function()
      run "testing.start {"
   end)

   it("has no block that was not run here", function()
      for i, code in ipairs(blocks()) do
         assert.is_true(tried[i], code)
      end
   end)
end)
