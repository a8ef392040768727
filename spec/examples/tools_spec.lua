-- The examples that are no bots: they run once, print, and end.
local core = require "zapi.core"
local csv = require "zapi.csv"
local support = require "spec.examples.support"
local testing = require "zapi.testing"

local function example(name, ...)
   return support.run("examples/" .. name, {...})
end

describe("example", function()
   local world, s

   before_each(function()
      world = testing.start {}
      s = world.sandbox
   end)
   after_each(function() world:close() end)

   it("is short enough to read", function()
      for _, name in ipairs {
         "contacts_export", "group_audit", "partner_instances", "gateway_send",
      } do
         assert.is_true(support.lines("examples/" .. name .. ".lua") <= 120, name)
      end
   end)

   describe("contacts_export.lua", function()
      it("writes a table that reads back, of more than a page", function()
         for i = 1, 45 do world:person("Pessoa " .. i) end
         local ana = world:person('=Ana; "a boa"', "5521988880001")
         ana:says "oi"
         local path = os.tmpname()
         assert.equal(("46 contatos em %s\n"):format(path), (example("contacts_export.lua", path)))
         local rows, last = 0, nil
         for row in csv.rows(path) do rows, last = rows + 1, row end
         os.remove(path)
         assert.equal(46, rows)
         assert.equal("5521988880001", last.telefone)
         assert.equal("'=Ana; \"a boa\"", last.nome) -- no formula
         assert.equal("1", last["não lidas"])
         assert.truthy(last["última conversa"]:find("^%d%d/%d%d/%d%d%d%d$"))
      end)

      it("writes to the terminal, and says how it is used", function()
         assert.truthy(example("contacts_export.lua", "-"):find("^\u{FEFF}telefone;nome;"))
         local _, code = example "contacts_export.lua"
         assert.equal(2, code)
      end)
   end)

   describe("group_audit.lua", function()
      it("says what should be looked at", function()
         local ana, bob = world:person("Ana"), world:person("Bob", "14155550100")
         local safe = s:group {name = "Diretoria", members = {ana}, admins = {ana}}
         safe.settings.requireAdminApproval, safe.settings.adminOnlySettings = true, true
         safe.description = "Só a diretoria"
         s:group {name = "Promoções", members = {ana, bob}, bot_admin = false}
         local out = example "group_audit.lua"
         assert.truthy(out:find("Diretoria (2 pessoas)\nPromoções (3 pessoas)\n"
            .. "   - este número não é administrador\n"
            .. "   - 1 de outro país\n   - qualquer pessoa com o link entra\n"
            .. "   - qualquer membro muda nome e foto\n   - sem descrição\n", 1, true))
         assert.truthy(out:find("2 grupos, 5 pontos de atenção", 1, true))
         assert.truthy(example("group_audit.lua", "DIRET")
            :find("1 grupos, 0 pontos de atenção", 1, true))
      end)
   end)

   describe("partner_instances.lua", function()
      local function partner(...)
         local args, out, code = {...}, nil, nil
         support.with_env({ZAPI_PARTNER_TOKEN = s.partner_token}, function()
            out, code = example("partner_instances.lua", table.unpack(args))
         end)
         return out, code
      end

      it("lists, makes, subscribes and cancels, without printing tokens", function()
         assert.truthy(partner():find("1 instâncias, 1 conectadas", 1, true))
         local out = partner("new", "Loja da Ana")
         local made = s.instances[2]
         local path = "instancia-" .. made.id .. ".env"
         local file = assert(io.open(path))
         local text = file:read "a"
         file:close()
         os.remove(path)
         assert.equal(("ZAPI_INSTANCE_ID=%s\nZAPI_TOKEN=%s\n"):format(made.id, made.token), text)
         assert.truthy(out:find("Loja da Ana criada", 1, true))
         assert.is_nil(out:find(made.token, 1, true))
         out = partner "list"
         assert.truthy(out:find("Loja da Ana", 1, true))
         assert.truthy(out:find("desconectada", 1, true))
         assert.truthy(out:find("teste", 1, true))
         assert.is_nil(out:find(made.token, 1, true))
         assert.truthy(partner("subscribe", made.id):find("assinatura ativa", 1, true))
         assert.equal("PAID", made.paymentStatus)
         assert.truthy(partner("cancel", "Loja da Ana"):find("cancelada", 1, true))
         assert.equal("CANCELED", made.paymentStatus)
      end)

      it("stops at what it cannot do", function()
         local out, code = partner("cancel", "nenhuma")
         assert.equal(1, code)
         assert.truthy(out:find("não há instância nenhuma", 1, true))
         assert.equal(2, select(2, partner "new"))
         assert.equal(2, select(2, partner "apagar"))
         support.with_env({ZAPI_PARTNER_TOKEN = "errado-errado"}, function()
            local ok, err = pcall(example, "partner_instances.lua")
            assert.is_false(ok)
            assert.truthy(tostring(err):find("auth.unauthorized", 1, true))
         end)
      end)
   end)

   describe("gateway_send.lua", function()
      local ana
      before_each(function() ana = world:person("Ana", "5511999990001") end)

      local function gateway(...)
         local args, out, code = {...}, nil, nil
         support.with_env({
            ZAPI_GATEWAY_URL = s.base_url, ZAPI_GATEWAY_API_KEY = s.gateway_api_key,
            ZAPI_GATEWAY_SYSTEM_ID = "1",
         }, function()
            out, code = example("gateway_send.lua", table.unpack(args))
         end)
         return out, code
      end

      it("sends a text", function()
         local uuid = s.gateway.instances[1].uuid
         local out = gateway(uuid, ana.phone, "O boleto está pronto")
         local m = ana:expects "O boleto está pronto"
         assert.equal("Enviado: " .. m.id .. "\n", out)
      end)

      it("sends a file from disk", function()
         local path = os.tmpname() .. ".pdf"
         local file = assert(io.open(path, "wb"))
         local bytes = "%PDF-1.4\n" .. ("\r\n--B\0"):rep(2000)
         file:write(bytes)
         file:close()
         gateway(s.gateway.instances[1].uuid, ana.phone, path, "Segue o boleto")
         os.remove(path)
         local m = ana:expects(function(m) return m.kind == "document" end)
         assert.equal("Segue o boleto", m.caption)
         local got = assert(core.http_request {method = "GET", url = m.media.url})
         assert.equal(bytes, got.body)
      end)

      it("does not send when it cannot", function()
         local uuid = s.gateway.instances[1].uuid
         local out, code = gateway("00000000-0000-4000-8000-000000000000", ana.phone, "oi")
         assert.equal(1, code)
         assert.truthy(out:find("recusou", 1, true))
         s:set_connected(false)
         out, code = gateway(uuid, ana.phone, "oi")
         assert.equal(1, code)
         assert.truthy(out:find("desconectada", 1, true))
         assert.equal(2, select(2, gateway(uuid, ana.phone)))
         ana:hears_nothing()
      end)
   end)
end)
