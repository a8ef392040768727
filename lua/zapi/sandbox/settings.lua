--- The endpoints about the instance itself: status, webhooks, queue.
local core = require "zapi.core"

local M = { routes = {} }

local YES <const> = { value = true }

-- Nobody scans it: a sandbox is connected from its page. A valid 1 x 1 PNG.
M.QR_CODE = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
   .. "AAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

local function route(method, path, run)
   M.routes[path] = M.routes[path] or {}
   M.routes[path][method] = run
end

local function get(path, run) route("GET", path, run) end

get("/status", function(sandbox)
   if not sandbox.world.connected then
      return 200, {
         connected = false, error = "You are not connected.", smartphoneConnected = false,
      }
   end
   return 200, {
      connected = true, session = false, created = sandbox.started_at,
      error = "You are already connected.", smartphoneConnected = true,
   }
end)

local URLS <const> = {
   "connectedCallbackUrl", "deliveryCallbackUrl", "disconnectedCallbackUrl",
   "messageStatusCallbackUrl", "presenceChatCallbackUrl", "receivedCallbackUrl",
   "initialDataCallbackUrl",
}

get("/me", function(sandbox)
   local world = sandbox.world
   local set = world.settings
   local me = {
      id = world.instance, token = world.token, name = world.name,
      due = sandbox.started_at + 30 * 86400000, connected = world.connected,
      paymentStatus = "PAID", created = os.date("!%Y-%m-%dT%H:%M:%S.000Z",
         sandbox.started_at // 1000),
      receiveCallbackSentByMe = set.notifySentByMe or false,
      callRejectAuto = false, callRejectMessage = core.null,
      autoReadMessage = set.autoReadMessage or false,
   }
   for _, field in ipairs(URLS) do me[field] = set[field] or core.null end
   return 200, me
end)

get("/device", function(sandbox)
   local world = sandbox.world
   return 200, {
      phone = world.phone, imgUrl = core.null, about = "Sandbox", name = world.name,
      device = { sessionName = "Z-API", device_model = "Z-API" },
      originalDevice = "smba", sessionId = 1, isBusiness = true,
   }
end)

local function qr_code(sandbox)
   if sandbox.world.connected then return 200, { connected = true } end
   return 200, { value = M.QR_CODE }
end

get("/qr-code", qr_code)
get("/qr-code/image", qr_code)

get("/phone-code/{phone}", function(sandbox)
   if sandbox.world.connected then return 200, { connected = true } end
   return 200, { value = sandbox.world.ids:hex(8) }
end)

local function set_connected(state)
   return function(sandbox)
      return 200, YES, function() sandbox:set_connected(state) end
   end
end

get("/disconnect", set_connected(false))
get("/restore-session", set_connected(true))
get("/restart", function() return 200, YES end)

--- path -> settings that it changes
local WEBHOOKS <const> = {
   ["delivery"] = { "deliveryCallbackUrl" },
   ["received"] = { "receivedCallbackUrl" },
   ["received-delivery"] = { "receivedAndDeliveryCallbackUrl" },
   ["disconnected"] = { "disconnectedCallbackUrl" },
   ["message-status"] = { "messageStatusCallbackUrl" },
   ["chat-presence"] = { "presenceChatCallbackUrl" },
   ["connected"] = { "connectedCallbackUrl" },
}

local function set_urls(sandbox, fields, url)
   if url ~= "" and not url:find("^https?://[^/%s]") then
      return 400, { error = "value must be a URL" }
   end
   sandbox:set_webhooks(fields, url)
   return 200, YES
end

-- An empty value clears a webhook, so `needs` would refuse too much.
local function url_of(p) return type(p.value) == "string" and p.value or nil end

for name, fields in pairs(WEBHOOKS) do
   route("PUT", "/update-webhook-" .. name, function(sandbox, p)
      local url = url_of(p)
      if not url then return 400, { error = "value is required" } end
      return set_urls(sandbox, fields, url)
   end)
end

route("PUT", "/update-every-webhooks", function(sandbox, p)
   local url = url_of(p)
   if not url then return 400, { error = "value is required" } end
   if type(p.notifySentByMe) == "boolean" then
      sandbox.world.settings.notifySentByMe = p.notifySentByMe
   end
   return set_urls(sandbox, sandbox.every_webhook, url)
end)

local function switch(path, field, setting)
   route("PUT", path, function(sandbox, p)
      sandbox.world.settings[setting] = p[field]
      return 200, YES
   end)
end

switch("/update-notify-sent-by-me", "notifySentByMe", "notifySentByMe")
switch("/update-auto-read-message", "value", "autoReadMessage")

route("PUT", "/update-filters", function(sandbox, p)
   for _, field in ipairs { "messageFilters", "callbackTypeFilters" } do
      if type(p[field] or {}) ~= "table" then
         return 400, { error = field .. " must be a list" }
      end
   end
   local lists = { message = p.messageFilters, callback = p.callbackTypeFilters }
   for kind, names in pairs(lists) do
      local blocked = {}
      for _, name in ipairs(names) do blocked[name] = true end
      sandbox.world.filters[kind] = blocked
   end
   return 200, YES
end)

route("PUT", "/update-queue-settings", function(sandbox, p)
      sandbox.world.settings.disableEnqueueWhenDisconnected = p.disableEnqueueWhenDisconnected
      return 200, { success = true }
   end)

local function queue_row(sandbox, m)
   return {
      _id = m.zaap_id, ZaapId = m.zaap_id, MessageId = m.id, Phone = m.chat,
      Message = m.text or m.caption or "", InstanceId = sandbox.world.instance,
      DelayMessage = -1, DelayTyping = m.typing or 0, Created = m.queued_at,
      IsTrial = false,
   }
end

local function queue_page(sandbox, from, size)
   local rows = {}
   for i = from, math.min(from + size - 1, #sandbox.queue) do
      rows[#rows + 1] = queue_row(sandbox, sandbox.queue[i].message)
   end
   return core.array(rows)
end

get("/queue", function(sandbox, p)
   local size = math.max(1, math.tointeger(tonumber(p.pageSize)) or 20)
   local page = math.max(1, math.tointeger(tonumber(p.page)) or 1)
   return 200, { messages = queue_page(sandbox, (page - 1) * size + 1, size) }
end)

route("POST", "/queue", function(sandbox, p)
   local size = math.min(30, math.max(1, math.tointeger(p.pageSize) or 20))
   local from = math.tointeger(tonumber(p.pagingState)) or 1
   local more = from + size <= #sandbox.queue
   return 200, {
      messages = queue_page(sandbox, from, size), hasMore = more,
      pagingState = more and tostring(from + size) or nil,
   }
end)

get("/queue/count", function(sandbox) return 200, #sandbox.queue end)

route("DELETE", "/queue", function(sandbox)
   sandbox.queue = {}
   return 200, YES
end)

route("DELETE", "/queue/{zaapId}", function(sandbox, p)
   for i, item in ipairs(sandbox.queue) do
      if item.message.zaap_id == p.zaapId then
         table.remove(sandbox.queue, i)
         return 200, YES
      end
   end
   return 200, { value = false }
end)

return M
