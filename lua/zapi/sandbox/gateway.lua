--- Z-API-INSTANCE in front of the sandbox's instance: systems with an API key
--- fetch a token, register instances and send through them. Its words are
--- Portuguese because that API's are.
local core = require "zapi.core"
local pages = require "zapi.sandbox.pages"
local settings = require "zapi.sandbox.settings"

local M = { routes = {} }

local TOKEN_LIFE <const> = 3600
local PAGE <const> = 20

local function route(method, path, run)
   M.routes[path] = M.routes[path] or {}
   M.routes[path][method] = run
end

--- The own instance is registered from the start, so that a route exists.
function M.new(sandbox, life)
   local self = { tokens = {}, instances = {}, contacts = {}, chats = 0,
      life = life or TOKEN_LIFE, next_id = 1 }
   M.add(self, sandbox.world, {
      tag = "sandbox", descricao = sandbox.world.name, instance_id = sandbox.instance,
      instance_token = sandbox.token,
   })
   return self
end

local function stamp(clock) return os.date("!%Y-%m-%dT%H:%M:%S.000000Z", math.floor(clock())) end

function M.add(self, world, spec)
   local hex = world.ids:hex(32):lower()
   local instance = {
      id = self.next_id, tag = spec.tag, descricao = spec.descricao, sistema_id = 1,
      instance_id = spec.instance_id, token = spec.instance_token,
      uuid = ("%s-%s-4%s-8%s-%s"):format(hex:sub(1, 8), hex:sub(9, 12), hex:sub(14, 16),
         hex:sub(18, 20), hex:sub(21, 32)),
      created_at = stamp(world.clock), updated_at = stamp(world.clock),
   }
   self.next_id = self.next_id + 1
   self.instances[#self.instances + 1] = instance
   return instance
end

--- Why a call is refused, or nil. Only the token itself is fetched without one.
function M.refuse(sandbox, headers, row)
   if row.name == "create_token" then return nil end
   local token = (headers.authorization or ""):match("^Bearer (.+)$")
   local expires = token and sandbox.gateway.tokens[token]
   if not expires or expires <= core.now() then return 401, { message = "Unauthenticated." } end
   if headers["x-sistema-id"] ~= tostring(sandbox.system_id) then
      return 403, { message = "X-Sistema-ID inválido." }
   end
end

route("POST", "/api/auth/token", function(sandbox, p)
   if not core.equal(tostring(p.chave_api), sandbox.gateway_api_key) then
      return 401, { message = "Chave de API inválida." }
   end
   local world, expires = sandbox.world, core.now() + sandbox.gateway.life
   local token = "1|" .. world.ids:hex(40)
   sandbox.gateway.tokens[token] = expires
   sandbox.log:hide(token)
   return 200, {
      token = token, sistema_id = sandbox.system_id,
      expires_at = os.date("!%Y-%m-%d %H:%M:%S", math.floor(expires)),
   }
end)

-- ---- instances -------------------------------------------------------------

local function public(instance)
   local out = {}
   for k, v in pairs(instance) do
      if k ~= "token" then out[k] = v end
   end
   return out
end

route("POST", "/api/instancias", function(sandbox, p)
   return 200, public(M.add(sandbox.gateway, sandbox.world, p))
end)

route("GET", "/api/instancias", function(sandbox)
   local rows = {}
   for i, instance in ipairs(sandbox.gateway.instances) do
      rows[i] = { id = instance.id, tag = instance.tag, descricao = instance.descricao }
   end
   return 200, { data = core.array(rows) }
end)

local function with_instance(field, run)
   return function(sandbox, p)
      for i, instance in ipairs(sandbox.gateway.instances) do
         if instance.uuid == p[field] then return run(sandbox, p, instance, i) end
      end
      return 404, { message = "Instância não encontrada." }
   end
end

route("GET", "/api/instancias/{uuid}", with_instance("uuid", function(_, _, instance)
   return 200, public(instance)
end))

route("DELETE", "/api/instancias/{uuid}", with_instance("uuid", function(sandbox, _, _, at)
   table.remove(sandbox.gateway.instances, at)
   return 200, { message = "Instância removida." }
end))

local function linked(sandbox, instance)
   return instance.instance_id == sandbox.instance and sandbox.world.connected
end

route("GET", "/api/vinculos/status/{instancia_uuid}", with_instance("instancia_uuid",
   function(sandbox, _, instance)
      local on = linked(sandbox, instance)
      return 200, { connected = on, smartphoneConnected = on }
   end))

route("GET", "/api/vinculos/qrcode/{instancia_uuid}", with_instance("instancia_uuid",
   function(sandbox, _, instance)
      if linked(sandbox, instance) then return 200, { connected = true } end
      return 200, { value = settings.QR_CODE }
   end))

route("GET", "/api/vinculos/desconectar/{instancia_uuid}", with_instance("instancia_uuid",
   function(sandbox, _, instance)
      if not linked(sandbox, instance) then return 200, { value = false } end
      return 200, { value = true }, function() sandbox:set_connected(false) end
   end))

-- ---- messages --------------------------------------------------------------

local function contact_of(sandbox, instance, phone, is_group)
   local all = sandbox.gateway.contacts
   for _, contact in ipairs(all) do
      if contact.contato == phone then return contact end
   end
   local now = stamp(sandbox.world.clock)
   all[#all + 1] = {
      id = #all + 1, contato = phone, grupo = is_group and "S" or "N",
      instancia_id = instance.id, sistema_id = sandbox.system_id,
      created_at = now, updated_at = now,
   }
   return all[#all]
end

local function answer(sandbox, instance, p, text, sent)
   local is_group = p.isGroup == true or p.isGroup == "S" or p.isGroup == "true"
   local contact = contact_of(sandbox, instance, tostring(p.phone), is_group)
   local now = stamp(sandbox.world.clock)
   sandbox.gateway.chats = sandbox.gateway.chats + 1
   return {
      error = false, http_code = 200, message = "Mensagem registrada com sucesso.",
      data = {
         contato = contact,
         chat = {
            id = sandbox.gateway.chats, contato_id = contact.id, instancia_id = instance.id,
            sistema_id = sandbox.system_id, zaap_id = sent.zaapId, message_id = sent.messageId,
            zapi_id = sent.messageId, tipo = "envio", quem_enviou = "sistema", mensagem = text,
            created_at = now, updated_at = now,
         },
      },
   }
end

-- Sends through the instance's own endpoint, as the gateway does.
local function send(sandbox, instance, p, text, path, params)
   if not linked(sandbox, instance) then
      return 400, { error = true, http_code = 400, message = "Instância desconectada." }
   end
   local status, sent, after = sandbox:run("POST", path, params)
   if status ~= 200 then
      return status, { error = true, http_code = status, message = sent and sent.error }
   end
   return 200, answer(sandbox, instance, p, text, sent), after
end

route("POST", "/api/mensagens/enviar-mensagem-simples", with_instance("instancia_uuid",
   function(sandbox, p, instance)
      return send(sandbox, instance, p, tostring(p.message), "/send-text",
         { phone = p.phone, message = p.message })
   end))

route("POST", "/api/mensagens/enviar-midia", with_instance("instancia_uuid",
   function(sandbox, p, instance)
      local kind, file = p.midia_type, p.document
      local params = {
         phone = p.phone, caption = p.caption, fileName = file.filename,
         [kind] = sandbox.media:keep(file.bytes, file.mime, file.filename:match("%.(%w+)$")),
      }
      local path = "/send-" .. kind
      if kind == "document" then
         params.extension = file.filename:match("%.(%w+)$") or "bin"
         path = "/send-document/{extension}"
      end
      return send(sandbox, instance, p, p.caption or "", path, params)
   end))

-- ---- reading ---------------------------------------------------------------

-- The instance's own lists by this API's page numbers, with its fields only.
local function listed(path, fields)
   return with_instance("instancia_uuid", function(sandbox, p)
      local status, rows = sandbox:run("GET", path, { page = p.pagina, pageSize = PAGE })
      local out = {}
      for i, row in ipairs(rows) do
         out[i] = {}
         for _, field in ipairs(fields) do out[i][field] = row[field] end
      end
      return status, core.array(out)
   end)
end

route("GET", "/api/contatos/listar/{instancia_uuid}/{pagina}",
   listed("/contacts", { "vname", "phone" }))
route("GET", "/api/chats/pegar-chats/{instancia_uuid}/{pagina}", listed("/chats", {
   "phone", "name", "isGroup", "isGroupAnnouncement", "isMuted", "isMarkedSpam", "archived",
   "pinned", "unread", "lastMessageTime",
}))

route("GET", "/api/conversas/listar/{instancia_uuid}/{contato}", with_instance("instancia_uuid",
   function(sandbox, p)
      local world, rows = sandbox.world, {}
      for i, m in ipairs(world:messages(world:find_chat(p.contato) or "")) do
         rows[i] = { message = m.text or m.caption or "", fromMe = m.from_me, timestamp = m.at }
      end
      return 200, pages.page(rows, { page = p.page, pageSize = PAGE })
   end))

return M
