-- The sandbox answers every row of the table of endpoints: with a reply of the
-- documented shape to the documented example, and with a 400 that names what is
-- missing. The walker below is as strict as the table is.
local core = require "zapi.core"
local support = require "spec.sandbox.support"

-- Seen in real replies, but in no table of the documentation.
local SEEN <const> = {
   get_status = { created = true, session = true }, get_phone_code = { connected = true },
   get_qr_code = { connected = true }, get_qr_code_image = { connected = true },
}

local function is_list(value)
   return type(value) == "table" and (#value > 0 or getmetatable(value) ~= nil)
end

local is_a = {
   string = function(v) return type(v) == "string" end,
   number = function(v) return type(v) == "number" end,
   integer = function(v) return math.type(v) == "integer" end,
   boolean = function(v) return type(v) == "boolean" end,
   object = function(v) return type(v) == "table" and not is_list(v) end,
   array = is_list,
   any = function() return true end,
}

local function has_type(field, value)
   if is_a[field.type](value) then return true end
   for _, other in ipairs(field.also or {}) do
      if is_a[other](value) then return true end
   end
   return false
end

local wrong

local function wrong_fields(field, value, at)
   local known = {}
   for _, one in ipairs(field.fields) do
      known[one.name] = true
      local why = value[one.name] ~= nil and wrong(one, value[one.name], at .. "." .. one.name)
      if why then return why end
      if one.required and value[one.name] == nil then
         return ("%s.%s is missing"):format(at, one.name)
      end
   end
   for name in pairs(value) do
      if not known[name] then return at .. "." .. name .. " is not documented" end
   end
end

local function among(value, list)
   for _, one in ipairs(list) do
      if one == value then return true end
   end
   return false
end

local function wrong_itself(field, value, at)
   if not has_type(field, value) then
      return ("%s: %s expected, got %s"):format(at, field.type, core.json_encode(value))
   end
   if field.enum and type(value) == "string" and not among(value, field.enum) then
      return ("%s: %s is none of its values"):format(at, value)
   end
end

-- Why a reply has not the shape of the table, or nil.
function wrong(field, value, at)
   local itself = wrong_itself(field, value, at)
   if itself then return itself end
   if is_list(value) then
      for i, item in ipairs(field.items and value or {}) do
         local why = wrong(field.items, item, ("%s[%d]"):format(at, i))
         if why then return why end
      end
   elseif type(value) == "table" and field.fields and #field.fields > 0 then
      return wrong_fields(field, value, at)
   end
end

-- ---- a call of a row ------------------------------------------------------

local function copy(value)
   if type(value) ~= "table" then return value end
   local out = setmetatable({}, getmetatable(value))
   for k, v in pairs(value) do out[k] = copy(v) end
   return out
end

-- Ids in examples are nobody's: the ids of this world take their place.
local function own_ids(value, ids)
   if type(value) == "table" then
      for k, v in pairs(value) do
         value[k] = type(k) == "string" and type(v) == "string" and ids[k] or own_ids(v, ids)
      end
   elseif type(value) == "string" then
      return ids[value] or value
   end
   return value
end

local function secrets(s, row)
   if row.scope == "partner" then return { Authorization = "Bearer " .. s.partner_token } end
   if row.scope == "gateway" then
      return { Authorization = "Bearer " .. s.gateway_bearer, ["X-Sistema-ID"] = "1" }
   end
   return { ["Client-Token"] = s.client_token }
end

local function form(body)
   local parts = {}
   for name, value in pairs(body) do
      local file = name == "document"
         and '; filename="a.pdf"\r\nContent-Type: application/pdf' or ""
      parts[#parts + 1] = ('--B\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n')
         :format(name, file, tostring(value))
   end
   return table.concat(parts) .. "--B--\r\n"
end

local function call(s, row, params, body)
   local query = {}
   local path = row.path
   for name, value in pairs(params) do
      local n
      path, n = path:gsub("{" .. name .. "}", function() return tostring(value) end)
      if n == 0 then query[name] = value end
   end
   if not row.host_root then
      path = ("/instances/%s/token/%s%s"):format(s.instance, s.token, path)
   end
   local headers = secrets(s, row)
   local kind = row.body == "multipart" and "multipart/form-data; boundary=B" or "application/json"
   if row.method ~= "GET" then headers["Content-Type"] = kind end
   local text
   if row.body == "multipart" then
      text = form(body)
   elseif row.body then
      text = core.json_encode(body)
   end
   return assert(core.http_request {
      method = row.method, url = s.base_url .. path, query = query, headers = headers, body = text,
   })
end

describe("the sandbox answers", function()
   local s, ids

   before_each(function()
      local ana, group
      s, ana, group = support.start()
      local m = s:say(ana, "oi")
      local world, catalog = s.world, s.catalog
      world:add_person { name = "Rui", phone = "5511988880001" }
      s:run("POST", "/products", {
         name = "Mouse", description = "x", currency = "BRL", price = 20, retailerId = "SKU-001",
         images = { "https://example.com/m.png" },
      })
      s:run("POST", "/products", {
         name = "Cabo", description = "x", currency = "BRL", price = 5,
         images = { "https://example.com/c.png" },
      })
      s:run("POST", "/business/create-tag", { name = "Novo" })
      s:run("POST", "/catalogs/collection", {
         name = "Coleção", productIds = { catalog.products[1].id },
      })
      local _, token = s:run("POST", "/send-text", { phone = ana.phone, message = "x" })
      s.gateway_bearer = "1|spec"
      s.gateway.tokens[s.gateway_bearer] = core.now() + 60
      ids = {
         messageId = m.id, ["120363000000000001-group"] = group.id,
         tag = "1", instancia_uuid = s.gateway.instances[1].uuid,
         uuid = s.gateway.instances[1].uuid, chave_api = s.gateway_api_key,
         collectionId = catalog.collections[1].id, zaapId = token.zaapId,
         ["7000000000000001"] = catalog.products[1].id,
         ["7000000000000002"] = catalog.products[2].id,
         ["8000000000000001"] = catalog.collections[1].id,
         ["https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv"] =
            "https://chat.whatsapp.com/" .. world:find_group(group.id).code,
      }
      support.settle(s)
   end)

   after_each(function() s:close() end)

   -- Ids in a path called {id} are of what the path is about.
   local function ids_of(row)
      local by_path = {
         ["/products/{id}"] = s.catalog.products[1].id, ["/business/edit-tag/{id}"] = "1",
         ["/business/tag/{id}"] = "1",
         ["/catalogs/collection/{id}"] = s.catalog.collections[1].id,
         ["/catalogs/collection-edit/{id}"] = s.catalog.collections[1].id,
         ["/redefine-invitation-link/{id}"] = s.world.groups[1].id,
      }
      local own = { id = by_path[row.path] }
      if row.path:find("/qrcode/") then -- of an instance that is linked there is none
         own.instancia_uuid = require("zapi.sandbox.gateway").add(s.gateway, s.world, {
            tag = "nova", descricao = "", instance_id = "X", instance_token = "X",
         }).uuid
      end
      return setmetatable(own, { __index = ids })
   end

   for _, row in ipairs(core.endpoints()) do
      it(row.scope .. "." .. row.name, function()
         local params = own_ids(copy(row.params_example or {}), ids_of(row))
         local body = own_ids(copy(row.request_example or {}), ids_of(row))
         local reply = call(s, row, params, body)
         assert.equal(row.reply_status or 200, reply.status, reply.body)
         if reply.body == "" then
            assert.is_nil(row.success_when)
            return
         end
         local value = core.json_decode(reply.body)
         assert.is_not_nil(value)
         for name in pairs(SEEN[row.name] or {}) do value[name] = nil end
         if row.reply then assert.is_nil(wrong(row.reply, value, "reply")) end
         if row.success_when then
            local good = false
            for _, name in ipairs(row.success_when) do good = good or value[name] end
            assert.truthy(good, reply.body)
         end
         assert.equal(0, select(2, reply.body:gsub(s.partner_token, "")))
      end)
   end

   it("what lacks a required parameter with its name", function()
      local tried = 0
      for _, row in ipairs(core.endpoints()) do
         for _, field in ipairs(row.params) do
            if field.required and field["in"] == "body" and row.body == "object" then
               local params = own_ids(copy(row.params_example or {}), ids_of(row))
               local body = own_ids(copy(row.request_example), ids_of(row))
               body[field.name] = nil
               local reply = call(s, row, params, body)
               assert.equal(400, reply.status, row.name .. " without " .. field.name)
               assert.equal(field.name .. " is required", core.json_decode(reply.body).error)
               tried = tried + 1
            end
         end
      end
      assert.is_true(tried > 150, "only " .. tried)
   end)

   it("what has a wrong value with its name", function()
      local function refused(path, body, err)
         local reply = support.call(s, "POST", path, body)
         assert.equal(400, reply.status)
         assert.equal(err, support.decode(reply).error)
      end
      refused("/modify-chat", { phone = "5511999990001", action = "burn" },
         "action must be one of read, unread, archive, unarchive, pin, unpin, mute, unmute, "
         .. "clear, delete")
      refused("/add-participant", { phones = { "5511999990001" } },
         "exactly one of groupId, communityId is required")
      refused("/contacts/add", {}, "the body must be a list that is not empty")
      refused("/contacts/add", { { firstName = "Ana" } }, "body[1].phone is required")
      refused("/send-poll", { phone = "5511999990001", message = "?", poll = { { nome = "A" } } },
         "poll[1].name is required")
   end)
end)
