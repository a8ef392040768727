--- The partner's side: instances made, subscribed and cancelled by API. They are
--- records; a new one is not linked to a phone, and says so. The one instance
--- that talks is the sandbox's own.
local core = require "zapi.core"
local pages = require "zapi.sandbox.pages"
local settings = require "zapi.sandbox.settings"

local M = { routes = {} }

local DAY <const> = 86400000
local WEBHOOKS <const> = {
   "deliveryCallbackUrl", "receivedCallbackUrl", "disconnectedCallbackUrl", "connectedCallbackUrl",
   "messageStatusCallbackUrl", "receivedAndDeliveryCallbackUrl", "presenceChatCallbackUrl",
   "receivedStatusCallbackUrl",
}

local function route(method, path, run)
   M.routes[path] = M.routes[path] or {}
   M.routes[path][method] = run
end

--- The own instance is among the partner's.
function M.new(sandbox)
   local world = sandbox.world
   local own = {
      id = world.instance, token = world.token, name = world.name, middleware = "web",
      due = world:now() + 30 * DAY, created = world:now(), paymentStatus = "PAID", own = true,
   }
   return { own }
end

---@return table|nil instance of the partner, the own one not
function M.find(sandbox, id, token)
   for _, instance in ipairs(sandbox.instances) do
      if instance.id == id and core.equal(instance.token, token) then return instance end
   end
end

route("POST", "/instances/integrator/on-demand", function(sandbox, p)
   local world = sandbox.world
   local instance = {
      id = world.ids:hex(32), token = world.ids:hex(24), name = tostring(p.name),
      middleware = tostring(p.isDevice) == "true" and "mobile" or "web",
      due = world:now() + 2 * DAY, created = world:now(), paymentStatus = "",
   }
   for _, field in ipairs(WEBHOOKS) do instance[field] = p[field] end
   sandbox.log:hide(instance.token)
   sandbox.instances[#sandbox.instances + 1] = instance
   return 200, { id = instance.id, token = instance.token, due = instance.due }
end)

local function row_of(sandbox, instance)
   local linked = instance.own and sandbox.world.connected or false
   local row = {
      id = instance.id, token = instance.token, name = instance.name, tenant = "SANDBOX",
      created = os.date("!%Y-%m-%dT%H:%M:%S.000Z", instance.created // 1000),
      due = instance.due, paymentStatus = instance.paymentStatus,
      middleware = instance.middleware, phoneConnected = linked, whatsappConnected = linked,
   }
   for _, field in ipairs(WEBHOOKS) do
      row[field] = instance.own and sandbox.world.settings[field] or instance[field] or ""
   end
   return row
end

local function wanted(instance, p)
   local query = p.query and p.query:lower()
   return (not query or instance.name:lower():find(query, 1, true) or instance.id == p.query)
      and (not p.middleware or instance.middleware == p.middleware)
end

route("GET", "/instances", function(sandbox, p)
   local rows = {}
   for _, instance in ipairs(sandbox.instances) do
      if wanted(instance, p) then rows[#rows + 1] = row_of(sandbox, instance) end
   end
   local size = math.max(1, math.tointeger(tonumber(p.pageSize)) or 20)
   return 200, {
      total = #rows, totalPage = math.max(1, (#rows + size - 1) // size), pageSize = size,
      page = math.max(1, math.tointeger(tonumber(p.page)) or 1), content = pages.page(rows, p),
   }
end)

local function billing(status)
   return function(sandbox, p)
      local instance = M.find(sandbox, p.instance_id, p.instance_token)
      instance.paymentStatus = status or instance.paymentStatus
      if status == "PAID" then instance.due = sandbox.world:now() + 30 * DAY end
      return 201, nil
   end
end

route("POST", "/integrator/on-demand/subscription", billing "PAID")
route("POST", "/integrator/on-demand/cancel", billing "CANCELED")
route("PUT", "/integrator/subscription/update", billing())

--- Why a call of the partner is refused, or nil.
function M.refuse(sandbox, headers)
   local token = (headers.authorization or ""):match("^Bearer (.+)$")
   if not token or not core.equal(token, sandbox.partner_token) then
      return 401, { error = "Unauthorized" }
   end
end

-- What an instance without a phone can say.
local UNLINKED <const> = {
   get_status = function()
      return 200, {
         connected = false, error = "You are not connected.", smartphoneConnected = false,
      }
   end,
   get_qr_code = function() return 200, { value = settings.QR_CODE } end,
   get_qr_code_image = function() return 200, { value = settings.QR_CODE } end,
   get_me = function(sandbox, instance) return 200, row_of(sandbox, instance) end,
}

--- A call to an instance that is not linked yet.
function M.unlinked(sandbox, instance, row)
   local run = UNLINKED[row.name]
   if run then return run(sandbox, instance) end
   if instance.paymentStatus == "CANCELED" then
      return 400, { error = "To continue sending a message, you must subscribe to this "
         .. "instance again" }
   end
   return 400, { error = "You are not connected." }
end

return M
