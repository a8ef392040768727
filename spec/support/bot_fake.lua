--- For specs of the bot layer: a client that keeps the calls instead of making
--- them, and events as Z-API sends them. Everything else is real.
local core = require "zapi.core"

local M = {}

local Client = {}

function Client:__index(name)
   return function(client, params)
      client.calls[#client.calls + 1] = {name = name, params = params}
      if client.errors[name] then return nil, client.errors[name] end
      if client.replies[name] then return client.replies[name] end
      return {messageId = "SENT" .. #client.calls, zaapId = "Z"}
   end
end

--- client.calls: {name=, params=}…; client.errors[name], client.replies[name]
--- are what a call gives.
function M.client(instance)
   return setmetatable({
      calls = {}, errors = {}, replies = {}, instance = instance or false,
   }, Client)
end

--- The payload of a fixture, with fields laid over it (false: taken away).
function M.sample(name, over)
   local file = assert(io.open("spec/fixtures/webhooks/" .. name .. ".json"))
   local payload = core.json_decode(file:read("a"))
   file:close()
   for k, v in pairs(over or {}) do
      if v == M.none then v = nil end
      payload[k] = v
   end
   return payload
end

M.none = {}

--- Hands a payload to a bot, as the door would.
function M.give(bot, payload)
   return bot:handle(core.json_encode(payload))
end

function M.give_sample(bot, name, over)
   return M.give(bot, M.sample(name, over))
end

local count = 0

--- A text in a private chat.
function M.says(bot, text, over)
   count = count + 1
   local payload = M.sample("received_text", {
      text = {message = text}, messageId = ("3EB0%016d"):format(count),
   })
   for k, v in pairs(over or {}) do payload[k] = v end
   return M.give(bot, payload)
end

--- A text in a group.
function M.says_in_group(bot, text, over)
   local payload = M.sample("received_group_text", {text = {message = text}})
   for k, v in pairs(over or {}) do payload[k] = v end
   return M.give(bot, payload)
end

--- A bot with such a client, and the client.
function M.bot(options)
   options = options or {}
   local client = M.client()
   options.client = client
   return require("zapi.bot").new(options), client
end

--- Texts that were sent, in order.
function M.texts(client)
   local list = {}
   for _, call in ipairs(client.calls) do
      list[#list + 1] = call.params.message
   end
   return list
end

--- What fn throws, as text; fails when it does not throw.
function M.thrown(fn, ...)
   local ok, err = pcall(fn, ...)
   assert(not ok, "nothing was thrown")
   return tostring(err)
end

--- Runs fn while core.log is recorded: a list of {level, text}.
function M.logged(fn)
   local real, lines = core.log, {}
   core.log = function(level, _, text) lines[#lines + 1] = {level, text} end
   local ok, err = pcall(fn, lines)
   core.log = real
   if not ok then error(err, 0) end
   return lines
end

return M
