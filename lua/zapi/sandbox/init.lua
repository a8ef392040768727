--- A Z-API of your own: an instance with people and groups on this machine.
--- It answers the calls of a bot, calls its webhooks, and shows it all on a
--- page. Start reading at `start`; `world` is the state, `sends` and `settings`
--- are Z-API's side, `incoming` and `control` the people's side.
local core = require "zapi.core"
local api = require "zapi.sandbox.api"
local catalogs = require "zapi.sandbox.catalog"
local control = require "zapi.sandbox.control"
local feeds = require "zapi.sandbox.feed"
local gateways = require "zapi.sandbox.gateway"
local groups = require "zapi.sandbox.groups"
local guard = require "zapi.sandbox.guard"
local incoming = require "zapi.sandbox.incoming"
local journals = require "zapi.sandbox.journal"
local medias = require "zapi.sandbox.media"
local orders = require "zapi.sandbox.orders"
local page = require "zapi.sandbox.page"
local partners = require "zapi.sandbox.partner"
local payload = require "zapi.sandbox.payload"
local view = require "zapi.sandbox.view"
local webhooks = require "zapi.sandbox.webhooks"
local worlds = require "zapi.sandbox.world"

local M = {}

--- Credentials of the demonstration instance: nobody's, and the same on every
--- machine, so that examples and pages can name them.
M.DEMO = {
   instance = "3DEB0B07000000000000000000000001",
   token = "DEB0000000000000DEB00001",
   client_token = "Fdeb0b07sandboxdeb0b07sandbox0001S",
   partner_token = "DEB0partnerDEB0partnerDEB00001",
   gateway_api_key = "DEB0gatewayDEB0gatewayDEB00001",
   system_id = 1,
}

local LARGEST_BODY <const> = 48 * 1024 * 1024

---@class zapi.Sandbox
---@field address string "127.0.0.1:41234"
---@field base_url string
---@field instance string
---@field token string
---@field client_token string
local Sandbox = {
   every_webhook = {
      "receivedCallbackUrl", "deliveryCallbackUrl", "messageStatusCallbackUrl",
      "presenceChatCallbackUrl", "connectedCallbackUrl", "disconnectedCallbackUrl",
   },
}
Sandbox.__index = Sandbox

-- ---- tasks that end with the sandbox --------------------------------------

local function spawn(self, fn, ...)
   local key = {}
   self.tasks[key] = core.spawn(function(...)
      local done <close> = setmetatable({}, { -- luacheck: ignore 211
         __close = function()
            self.tasks[key] = nil
            self.feed.signal:fire()
         end,
      })
      fn(...)
   end, ...)
end

-- ---- people ---------------------------------------------------------------

--- Adds a person who can write to the instance.
---@param spec {name?: string, phone?: string}
---@return zapi.sandbox.Person
function Sandbox:person(spec)
   local person, err = self.world:add_person(spec)
   return person or error("person: " .. err, 2)
end

--- Adds a group; its bot learns of it as WhatsApp tells it.
function Sandbox:add_group(spec)
   local group, err = self.world:add_group(spec)
   if not group then return nil, err end
   self.webhooks:push(payload.notification(self.world, {
      id = self.world.ids:digits(9), chat = group.id, from = group.members[1],
      from_me = false,
   }, "GROUP_CREATE", { group.name }))
   return group
end

---@param spec {name: string, members: any[], admins?: any[], bot_admin?: boolean}
---@return zapi.sandbox.Group
function Sandbox:group(spec)
   local group, err = self:add_group(spec)
   return group or error("group: " .. err, 2)
end

--- Somebody enters a group: by the link, or put in by the member `by`. Where
--- admins approve it is a request.
---@return "joined"|"asked"|"member"
function Sandbox:join(person, group, by) return groups.join(self, person, group, by) end

--- Takes a request to enter back.
function Sandbox:withdraw(person, group) return groups.withdraw(self, person, group) end

--- Somebody leaves a group.
function Sandbox:leave(person, group) return groups.leave(self, person, group) end

--- Makes somebody an admin of a group (is_admin false: takes it back).
function Sandbox:promote(person, group, is_admin, by)
   return groups.promote(self, person, group, is_admin ~= false, by)
end

--- A group as it is: members, admins, requests, settings.
---@return zapi.sandbox.Group|nil
function Sandbox:find_group(which) return self.world:find_group(which) end

--- What POST /__sandbox/orders does.
---@return zapi.sandbox.Message|nil, string|nil err
function Sandbox:order(person, items, opts) return orders.place(self, person, items, opts) end

--- A customer sends a cart: {{retailerId = "A1", quantity = 2}, …}.
---@return zapi.sandbox.Message
function Sandbox:place_order(person, items, opts)
   local m, err = self:order(person, items, opts)
   return m or error("place_order: " .. err, 2)
end

--- Calls an endpoint of the own instance from inside.
function Sandbox:run(method, path, params) return api.run(self, method, path, params) end

--- What POST /__sandbox/messages does.
---@return zapi.sandbox.Message|nil, string|nil err
function Sandbox:receive(message) return incoming.say(self, message) end

--- A person writes: a text, or a table such as {image = "…", caption = "…"}.
---@param person zapi.sandbox.Person|string
---@param message string|table
---@param opts? {group?: zapi.sandbox.Group|string}
---@return table message as `messages` shows it
function Sandbox:say(person, message, opts)
   local fields = {}
   if type(message) ~= "table" then message = { text = message } end
   for k, v in pairs(message) do fields[k] = v end
   fields.from = type(person) == "table" and person.phone or person
   fields.chat = opts and opts.group or fields.chat
   local m, err = self:receive(fields)
   if not m then error("say: " .. err, 2) end
   return view.message(self.world, m)
end

--- A person is typing (COMPOSING), stopped (PAUSED), is recording, …
function Sandbox:type_in(person, chat, status)
   return incoming.presence(self, person, chat, status)
end

--- Messages of a chat (person, group, phone, id or name), oldest first.
function Sandbox:messages(chat)
   local key
   if chat ~= nil then
      key = self.world:find_chat(chat) or error("messages: no such chat", 2)
   end
   return view.messages(self.world, key)
end

--- Calls and webhooks, oldest first, without secrets.
function Sandbox:journal() return self.log:list() end

--- What followers of /__sandbox/events were told: {n, name, data}.
function Sandbox:events() return (self.feed:since(0)) end

--- Whether a message or a webhook is still on its way.
---@return boolean
function Sandbox:is_busy() return next(self.tasks) ~= nil end

--- Waits until anything changes.
---@return boolean changed
function Sandbox:wait(seconds) return self.feed.signal:wait(seconds) end

-- ---- the instance ---------------------------------------------------------

--- Sets webhooks to one URL ("" clears them).
function Sandbox:set_webhooks(fields, url)
   self.log:hide_url(url)
   for _, field in ipairs(fields) do self.world.settings[field] = url end
   self.feed:add("state", view.state(self))
end

--- Sends every webhook of this sandbox to a bot.
function Sandbox:connect_bot(url) self:set_webhooks(self.every_webhook, url) end

function Sandbox:wants_echo()
   local set = self.world.settings
   return set.notifySentByMe or (set.receivedAndDeliveryCallbackUrl or "") ~= ""
end

local function flush_queue(self)
   local waiting = self.queue
   self.queue = {}
   for _, item in ipairs(waiting) do self:carry(item.message, item.life) end
end

function Sandbox:set_connected(connected)
   local world = self.world
   if world.connected == connected then return end
   world.connected = connected
   self.webhooks:push(connected and payload.connected(world) or payload.disconnected(world))
   self.feed:add("state", view.state(self))
   if connected then flush_queue(self) end
end

-- ---- the life of a message that the bot sends ------------------------------

local STATUSES <const> = { "SENT", "RECEIVED", "READ" }

local function type_first(self, m)
   local seconds = m.typing or 0
   if seconds <= 0 or self.latency <= 0 then return end
   self.feed:add("typing", { chat = m.chat, seconds = seconds })
   core.sleep(seconds)
end

local function live(self, m, life)
   core.sleep(0) -- the caller gets its reply first
   if m.late then
      type_first(self, m)
      life.show()
   end
   local world = self.world
   self.webhooks:push(payload.delivery(world, m, m.fails))
   if m.fails then
      m.error = m.fails
      world:set_status(m, "FAILED")
      return
   end
   if self:wants_echo() then self.webhooks:push(life.echo()) end
   if life.done then life.done() end
   for _, status in ipairs(STATUSES) do
      if self.latency > 0 then core.sleep(self.latency) end
      world:set_status(m, status)
      self.webhooks:push(payload.status(world, m, status))
   end
end

--- Takes a draft from "accepted" to "read", as WhatsApp would.
function Sandbox:carry(m, life)
   m.late = (m.typing or 0) > 0 and self.latency > 0
   if not m.late then life.show() end
   spawn(self, live, self, m, life)
end

-- ---- serving --------------------------------------------------------------

local function route(self, req)
   local why = guard.refuse(req)
   if why then return 403, why .. "\n" end
   if api.is_api(req.path) then
      if not self.intercept then return api.handle(self, req) end
      return self.intercept(req, function() return api.handle(self, req) end)
   end
   if req.path:find("^/__sandbox/") then return control.handle(self, req) end
   local file = req.path:match("^/media/([%w.]+)$")
   if file then return self.media:serve(file) end
   local status, body, headers = page.handle(req)
   if status then return status, body, headers end
   return 404, core.json_encode { error = "NOT_FOUND" },
      { ["Content-Type"] = "application/json" }
end

local function follow(self)
   self.world.on_change = function(what, value)
      if what == "message" or what == "update" then
         value = view.message(self.world, value)
      end
      self.feed:add(what, value)
   end
   self.log.on_change = function(entry) self.feed:add("journal", entry) end
end

local function serve(self, listen)
   return core.serve {
      listen = listen, label = "sandbox", max_body = LARGEST_BODY,
      handler = function(req) return route(self, req) end,
   }
end

--- Nobody reaches it until plug(), at the same address.
function Sandbox:unplug()
   if self.unplugged then return end
   self.unplugged = true
   self.server:close()
end

function Sandbox:plug()
   if not self.unplugged then return end
   local server, err = serve(self, self.address)
   if not server then error(err, 0) end
   self.server, self.unplugged = server, false
end

--- Stops serving; what was under way ends here.
function Sandbox:close()
   if self.closed then return end
   self.closed = true
   local tasks = {}
   for _, task in pairs(self.tasks) do tasks[#tasks + 1] = task end
   for _, task in ipairs(tasks) do task:cancel() end
   self.feed.signal:fire()
   if not self.unplugged then self.server:close() end
end

local function new_seed()
   return (string.unpack("<i8", core.random(8)))
end

---@class zapi.sandbox.Options
---@field listen? string "127.0.0.1:0"
---@field instance? string
---@field token? string
---@field client_token? string
---@field partner_token? string
---@field gateway_api_key? string
---@field gateway_token_life? number seconds that a token of the gateway is good for
---@field latency? number seconds between the states of a message (0)
---@field seed? integer makes ids the same in every run
---@field retry_after? number seconds before a refused webhook is tried again (1)
---@field phone? string number of the instance
---@field name? string its name

--- Starts a sandbox.
---@param opts? zapi.sandbox.Options
---@return zapi.Sandbox
function M.start(opts)
   opts = opts or {}
   local self = setmetatable({
      instance = opts.instance or M.DEMO.instance,
      token = opts.token or M.DEMO.token,
      client_token = opts.client_token or M.DEMO.client_token,
      partner_token = opts.partner_token or M.DEMO.partner_token,
      gateway_api_key = opts.gateway_api_key or M.DEMO.gateway_api_key,
      system_id = M.DEMO.system_id,
      latency = opts.latency or 0, catalog = catalogs.new(), orders = {}, chats = {},
      tasks = {}, queue = {}, feed = feeds.new(), log = journals.new(core.now),
      started_at = math.floor(core.now() * 1000),
   }, Sandbox)
   self.world = worlds.new {
      instance = self.instance, token = self.token, clock = core.now,
      seed = opts.seed or new_seed(), phone = opts.phone, name = opts.name,
   }
   self.media = medias.new(self.world.ids)
   for _, name in ipairs { "token", "client_token", "partner_token", "gateway_api_key" } do
      self.log:hide(self[name])
   end
   self.instances = partners.new(self)
   self.gateway = gateways.new(self, opts.gateway_token_life)
   self.webhooks = webhooks.new {
      world = self.world, journal = self.log, request = core.http_request,
      spawn = function(...) return spawn(self, ...) end, sleep = core.sleep,
      retry_after = opts.retry_after,
   }
   follow(self)
   local server, err = serve(self, opts.listen or "127.0.0.1:0")
   if not server then error(err, 0) end
   self.server = server
   self.address = self.server.address
   -- A wildcard is no address that one can call.
   self.base_url = "http://" .. self.address:gsub("^0%.0%.0%.0:", "127.0.0.1:")
      :gsub("^%[::%]:", "[::1]:")
   self.media.base_url = self.base_url
   return self
end

--- What `zapibot dev` and `zapibot sandbox` begin with: two people and a
--- group, and ticks that change at a pace that one can see.
---@param opts? zapi.sandbox.Options
---@return zapi.Sandbox
function M.demo(opts)
   local fields = { latency = 0.4 }
   for k, v in pairs(opts or {}) do fields[k] = v end
   local sandbox = M.start(fields)
   local ana = sandbox:person { name = "Ana", phone = "5511999990001" }
   local bia = sandbox:person { name = "Bia", phone = "5511999990002" }
   sandbox:group { name = "Família", members = { ana, bia }, admins = { ana } }
   return sandbox
end

return M
