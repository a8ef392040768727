--- Every block of Lua in docs/from-n8n-node-php.md is a whole script: zapibot check
--- finds nothing in it, and it is run here and does what the page says.
local core = require "zapi.core"
local example = require "spec.examples.support"
local program = require("spec.host.support").program
local shell = require "spec.support.shell"
local stub = require "spec.support.stub"
local testing = require "zapi.testing"

local PAGE <const> = "docs/from-n8n-node-php.md"
local OWNER <const> = "5511988880000"

local function read(path)
   local file <close> = assert(io.open(path))
   return file:read "a"
end

local blocks = {}
for code in read(PAGE):gmatch "\n```lua\n(.-)\n```" do blocks[#blocks + 1] = code end

describe(PAGE, function()
   local folder, remove, world, ana
   local tried = {}

   setup(function() folder, remove = shell.folder() end)
   teardown(function() remove() end)
   after_each(function()
      if world then world:close {failures = true} end
      world = nil
   end)

   -- The file of the one block that has `mark`.
   local function script(mark)
      local path
      for i, code in ipairs(blocks) do
         if code:find(mark, 1, true) then
            assert(not path, "two blocks with " .. mark)
            path, tried[i] = ("%s/%d.lua"):format(folder, i), true
            shell.write(path, code .. "\n")
         end
      end
      return assert(path, "no block with " .. mark)
   end

   local function start(mark, env, now)
      world = testing.start {script = script(mark), data = true, env = env, now = now}
      ana = world:person("Ana", "5511999990001")
   end

   it("answers as a Switch does", function()
      start "Corte: R$ 40"
      ana:says "OLÁ!"
      ana:expects "Olá, Ana! Escreva *preço* ou envie uma foto."
      ana:says "qual o preco?"
      ana:expects "Corte: R$ 40. Barba: R$ 30."
      ana:says {image = "http://127.0.0.1:9/a.jpg"}
      ana:expects "Recebi a foto!"
      ana:says "xyz"
      ana:expects "Não entendi. Escreva *menu*."
      local group = world:group("Amigos", {ana})
      ana:says("xyz", group)
      group:hears_nothing()
   end)

   it("asks another system, and again when that is down", function()
      local status = 500
      local erp = stub.start(function(req)
         assert.equal("Bearer T0KEN", req.headers.authorization)
         if req.path == "/orders/7" then return 404, "{}" end
         return status, '{"state":"a caminho"}', {["Content-Type"] = "application/json"}
      end)
      finally(erp.close)
      start("/orders/", {ERP_URL = erp.url, ERP_TOKEN = "T0KEN"})
      ana:says "pedido 7"
      ana:expects "Não encontrei esse pedido."
      ana:says "meu pedido 12"
      world:rest()
      ana:hears_nothing()
      status = 200
      world:advance(61)
      ana:expects "Seu pedido está: a caminho"
      status = 503
      ana:says "pedido 13"
      world:advance(11 * 61)
      ana:expects "O sistema está fora do ar."
      assert.equal(14, #erp.got)
   end)

   it("reads a table as Excel writes it", function()
      local path = folder .. "/produtos.csv"
      shell.write(path, "\xEF\xBB\xBFcodigo;nome;preco\r\nA1;Caf\xC3\xA9;1.234,50\r\n")
      start("zapi.csv.rows(zapi.getenv \"PRODUCTS\"", {PRODUCTS = path})
      ana:says "Código A1"
      ana:expects "Café: R$ 1.234,50"
      ana:says "código b2"
      ana:expects "Esse código não existe."
   end)

   it("waits for an answer and for a day, also across a restart", function()
      start("bot:timer(\"reminder\"", nil, {year = 2030, month = 3, day = 4, hour = 8})
      ana:says "agendar"
      ana:expects "Para que horas de depois de amanhã?"
      ana:says "à tarde"
      ana:expects "Escreva a hora, por exemplo 14:30."
      world:restart()
      ana:says "14:30"
      ana:expects "Agendado! Aviso você um dia antes."
      world:restart()
      world:advance(86400)
      ana:expects "Lembrete: amanhã às 14:30 você tem horário conosco."
      ana:says "agendar"
      ana:expects "Para que horas de depois de amanhã?"
      world:advance(3601)
      ana:expects "Ficou para outra hora."
   end)

   it("does something every working day", function()
      start("bot:cron(\"closing\"", {OWNER = OWNER},
         {year = 2030, month = 3, day = 4, hour = 17, tz = "America/Sao_Paulo"})
      local owner = world:person("Dona", OWNER)
      ana:says "vendi 100"
      ana:expects "Hoje: R$ 100"
      ana:says "vendi 50"
      ana:expects "Hoje: R$ 150"
      world:advance(3601)
      owner:expects "Fechamento do dia: R$ 150"
      ana:says "vendi 7"
      ana:expects "Hoje: R$ 7"
   end)

   it("tells the owner of a failure, once in ten minutes", function()
      start("bot:catch(", {OWNER = OWNER}, {year = 2030, month = 3, day = 4, hour = 8})
      local owner = world:person("Dona", OWNER)
      ana:says "dividir 7 por 2"
      ana:expects "Dá 3."
      ana:says "dividir 7 por 0"
      owner:expects {match = "^O robô falhou com 5511999990001: .*zero"}
      ana:says "dividir 8 por 0"
      world:rest()
      owner:hears_nothing()
   end)

   it("queues, each once, and not to who said SAIR", function()
      local path = folder .. "/contatos.csv"
      shell.write(path, "nome;telefone\nAna;5511999990001\nBia;5511999990002\n")
      start("arrived:", {CONTACTS = path, OWNER = OWNER})
      local owner, bia = world:person("Dona", OWNER), world:person("Bia", "5511999990002")
      ana:says "!avisar"
      world:rest()
      ana:hears_nothing()
      bia:says "SAIR"
      bia:expects()
      owner:says "!avisar"
      owner:expects "2 na fila."
      world:advance(20)
      ana:expects "Oi, Ana! Sua encomenda chegou."
      owner:says "!avisar"
      owner:expects "0 na fila."
      world:advance(20)
      ana:hears_nothing()
      bia:hears_nothing()
   end)

   it("takes requests of other systems, as with the page's curl", function()
      start("bot:emit(\"order.paid\"", {SHOP_TOKEN = "segredo"})
      local command = assert(read(PAGE):match "\n(curl .-)\n```")
      command = command:gsub("https://bot.example.com", "http://" .. world.bot.address)
      local function post(token)
         local body = assert(command:match "%-d '(.-)'")
         return core.http_request {
            method = "POST", url = command:match "(http://%S+)", body = body,
            headers = {["X-Token"] = token},
         }.status
      end
      assert.equal(401, post "errado")
      assert.equal(202, post "segredo")
      ana:expects "Recebemos R$ 19,90. Obrigado!"
      assert.equal(200, post "segredo")
      world:rest()
      ana:hears_nothing()
   end)

   it("sends from a script that is no bot", function()
      local server = stub.start '{"zaapId":"Z","messageId":"M77","id":"M77"}'
      finally(server.close)
      local env = {
         ZAPI_INSTANCE_ID = "I", ZAPI_TOKEN = "T", ZAPI_CLIENT_TOKEN = "C",
         ZAPI_BASE_URL = server.url,
      }
      local path = script "arg[1]"
      example.with_env(env, function()
         local out = example.run(path, {"5511999990001", "Backup pronto."})
         assert.equal("M77\n", out)
         assert.equal("Backup pronto.", core.json_decode(server.got[1].body).message)
      end)
   end)

   it("has no block that was not run here, and zapibot check finds nothing in any", function()
      local words = {}
      for i in ipairs(blocks) do
         assert.is_true(tried[i], "not run:\n" .. blocks[i])
         words[i] = shell.quote(("%s/%d.lua"):format(folder, i))
      end
      local code, out = shell.run(("%s check --no-config %s"):format(shell.quote(program),
         table.concat(words, " ")))
      assert.equal("", out)
      assert.equal(0, code)
   end)
end)
