--- Calls the webhooks that were set, one at a time and in the order of what
--- happened. A refused one is tried once more after a moment: the documents
--- promise nothing, receivers have seen both.
local json = require "zapi.core"
local signals = require "zapi.sandbox.signal"

local M = {}

local Webhooks = {}
Webhooks.__index = Webhooks

local LONGEST_QUEUE <const> = 1000

--- type of the body -> where its URL is kept, and the filter that blocks it
local CALLBACKS <const> = {
   ReceivedCallback = { "receivedCallbackUrl", "FILTER_RECEIVED_CALLBACK" },
   DeliveryCallback = { "deliveryCallbackUrl", "FILTER_DELIVERY_CALLBACK" },
   MessageStatusCallback = { "messageStatusCallbackUrl", "FILTER_MESSAGE_STATUS_CALLBACK" },
   PresenceChatCallback = { "presenceChatCallbackUrl", "FILTER_PRESENCE_CHAT_CALLBACK" },
   ConnectedCallback = { "connectedCallbackUrl", "FILTER_CONNECTED_CALLBACK" },
   DisconnectedCallback = { "disconnectedCallbackUrl", "FILTER_DISCONNECTED_CALLBACK" },
}

local CONTENT_FILTERS <const> = {
   text = "FILTER_TEXT_MESSAGE", image = "FILTER_IMAGE_MESSAGE",
   video = "FILTER_VIDEO_MESSAGE", audio = "FILTER_AUDIO_MESSAGE",
   document = "FILTER_DOCUMENT_MESSAGE",
}

---@param opts {world: table, journal: table, request: function, spawn: function, sleep: function}
function M.new(opts)
   return setmetatable({
      world = opts.world, journal = opts.journal, request = opts.request,
      spawn = opts.spawn, sleep = opts.sleep, retry_after = opts.retry_after or 1,
      queue = {}, head = 1, tail = 0, holds = 0, signal = signals.new(),
   }, Webhooks)
end

--- The receiver is away: nothing is delivered until release().
function Webhooks:hold()
   if self.held then return end
   self.held, self.holds = true, self.holds + 1
end

function Webhooks:release()
   self.held = false
   self.signal:fire()
end

local function blocked_by_filter(world, body)
   local _, filter = table.unpack(CALLBACKS[body.type])
   if world.filters.callback[filter] then return filter end
   if body.type ~= "ReceivedCallback" then return nil end
   local chat = body.isGroup and "FILTER_FROM_GROUP" or "FILTER_FROM_PRIVATE_CHAT"
   if world.filters.message[chat] then return chat end
   for key, name in pairs(CONTENT_FILTERS) do
      if body[key] and world.filters.message[name] then return name end
   end
end

--- Where a body goes, or why it goes nowhere.
local function target(world, body)
   local field = CALLBACKS[body.type][1]
   local url = world.settings[field]
   if body.type == "ReceivedCallback" then
      url = world.settings.receivedAndDeliveryCallbackUrl or url
   end
   if not url or url == "" then return nil, field .. " is not set" end
   local filter = blocked_by_filter(world, body)
   if filter then return nil, "blocked by " .. filter end
   if not world.connected and body.type ~= "DisconnectedCallback" then
      return nil, "the instance is disconnected"
   end
   return url
end

-- An answer that comes after hold() is of a receiver that is gone by now: it is
-- asked anew.
local function request(self, options)
   while true do
      while self.held do self.signal:wait(60) end
      local holds = self.holds
      local reply, err = self.request(options)
      if holds == self.holds then return reply, err end
   end
end

local function post(self, item)
   local entry = item.entry
   for attempt = 1, 2 do
      if attempt > 1 then self.sleep(self.retry_after) end
      local reply, err = request(self, {
         method = "POST", url = item.url, body = item.text, timeout = 5,
         headers = {
            ["content-type"] = "application/json",
            ["z-api-token"] = self.world.token,
            ["server"] = "Z-API",
            ["origin"] = "https://api.z-api.io",
         },
      })
      local ok = reply and reply.status >= 200 and reply.status < 300
      self.journal:update(entry, {
         attempts = attempt, status = reply and reply.status,
         error = not reply and tostring(err) or nil, pending = false,
      })
      if ok then
         entry.error = nil
         return
      end
   end
end

local function work(self)
   while self.head <= self.tail do
      local item = self.queue[self.head]
      self.queue[self.head] = nil
      self.head = self.head + 1
      post(self, item)
   end
   self.working = false
end

--- Puts one body into the queue; it is written down even when it goes nowhere.
function Webhooks:push(body)
   local url, why = target(self.world, body)
   if url and self.tail - self.head >= LONGEST_QUEUE then
      url, why = nil, "1000 webhooks are waiting already"
   end
   local entry = self.journal:add {
      direction = "webhook", type = body.type, request = body, method = "POST",
      path = url and url:match("^%a+://[^/?#]+"), skipped = why, pending = url ~= nil,
   }
   if not url then return end
   self.tail = self.tail + 1
   self.queue[self.tail] = { url = url, text = json.json_encode(body), entry = entry }
   if self.working then return end
   self.working = true
   self.spawn(work, self)
end

return M
