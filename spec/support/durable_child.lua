--- The other side of spec/support/durable.lua: a bot, a Z-API that answers what it
--- is told, and webhooks. ZAPIBOT_DATA says where the data are.
local core = require "zapi.core"
local fake = require "spec.support.bot_fake"
local stub = require "spec.support.stub"
local zapi = require "zapi"

local M = {core = core, zapi = zapi, fake = fake, assert = require "luassert"}

local SECRET <const> = "segredo-do-teste-0123456789"
local INSTANCE <const> = "3C0FFEE0000000000000000000000001"

M.ana, M.bia = "5511999990001", "5511999990002"
M.folder = os.getenv "FOLDER"

local sent_before = io.open(M.folder .. "/sent", "r")
local first = sent_before and tonumber(sent_before:read "a") or 0
if sent_before then sent_before:close() end

-- Ids of messages go on from where the last process stopped, as Z-API's do.
local function next_id()
   first = first + 1
   local file <close> = assert(io.open(M.folder .. "/sent", "w"))
   file:write(first)
   return ("M%d"):format(first)
end

--- What the Z-API answers to the n-th send: nil (accepted), or status, body,
--- headers. Replaced by specs.
function M.answer() end

--- The sends that arrived: {path=, body=}…
M.calls = {}
--- What GET /status says.
M.connected = true

local function reply(req)
   local path = req.path:match "/token/[^/]+(/.*)$" or req.path
   if path == "/status" then
      return ('{"connected":%s}'):format(M.connected)
   end
   local call = {path = path, body = core.json_decode(req.body ~= "" and req.body or "{}")}
   M.calls[#M.calls + 1] = call
   local status, body, headers = M.answer(#M.calls, call)
   if status then return status, body or "{}", headers or {} end
   return ('{"zaapId":"Z","messageId":"%s"}'):format(next_id())
end

-- The Z-API, a client of it, and what every bot here is made with.
local function begin(options)
   core.set_hosted(true)
   M.api = stub.start(reply)
   M.z = zapi.client {
      instance = INSTANCE, token = "token-que-ninguem-pode-ver", base_url = M.api.url,
      timeout = options and options.call_timeout,
   }
   local own = {client = M.z, listen = "127.0.0.1:0", secret = SECRET}
   for k, v in pairs(options or {}) do
      if k ~= "call_timeout" then own[k] = v end
   end
   if own.clients then own.client = nil end
   return own
end

local function run(bot)
   M.bot = bot
   bot:run()
   M.url = "http://" .. bot.address
end

--- Starts the bot: setup(bot, z) registers its handlers.
function M.up(setup, options)
   local bot = require("zapi.bot").new(begin(options))
   setup(bot, M.z)
   run(bot)
   return bot, M.z
end

--- Starts the bot that a block of a page makes with `z`. `over`: what the block
--- sees in the place of a global, or of a function of zapi.
function M.page(code, over)
   local own, bot = begin(), nil
   local env = setmetatable({z = M.z}, {__index = _G})
   for name, value in pairs(over or {}) do env[name] = value end
   env.zapi = setmetatable(env.zapi or {}, {__index = zapi})
   function env.require(name)
      if name ~= "zapi.bot" then return require(name) end
      return {new = function(options)
         for k, v in pairs(options) do own[k] = v end
         bot = require("zapi.bot").new(own)
         return bot
      end}
   end
   M.assert(load(code, "@guide.md", "t", env))()
   run(bot)
   return bot, M.z
end

--- Waits until ready() is true.
function M.wait(ready, what)
   local until_ = core.hrtime() + 10
   while not ready() do
      if core.hrtime() > until_ then error((what or "nothing") .. " happened in 10 s", 2) end
      core.sleep(0.002)
   end
end

--- Waits until so many sends have arrived.
function M.wait_calls(n)
   M.wait(function() return #M.calls >= n end, ("fewer than %d sends"):format(n))
end

--- Waits until every event has been handled.
function M.settle()
   M.wait(function()
      local s = M.bot.service:stats()
      return s.running == 0 and s.waiting == 0
   end, "no rest")
end

--- The same, and all of it is on disk: what follows may be t.die().
function M.stored()
   M.settle()
   M.wait(function() return core.testing.is_quiet() end, "no commit")
end

--- A webhook; it must be answered 200.
function M.post(payload)
   local answer = assert(core.http_request {
      method = "POST", url = M.url .. "/webhook/" .. SECRET, body = core.json_encode(payload),
   })
   M.assert.equal(200, answer.status)
end

--- A fixture as a webhook, with fields laid over it.
function M.give(name, over)
   M.post(fake.sample(name, over))
end

local said = 0

--- Somebody writes.
function M.says(text, phone, over)
   said = said + 1
   over = over or {}
   over.text, over.phone, over.chatLid = {message = text}, phone or M.ana, fake.none
   over.messageId = over.messageId or ("3EB0%08d%s%d"):format(said, text:gsub("%W", ""),
      core.hrtime() * 1e6 // 1)
   M.give("received_text", over)
end

--- Texts that arrived, in order.
function M.texts()
   local list = {}
   for i, call in ipairs(M.calls) do list[i] = call.body.message end
   return list
end

--- The rows of the table of sends, oldest first.
function M.rows(filter)
   local rows = core.sends.list(M.bot.service, filter or {})
   local list = {}
   for i = #rows, 1, -1 do list[#list + 1] = rows[i] end
   return list
end

--- The states of the rows, oldest first, as one text.
function M.states(filter)
   local list = {}
   for i, row in ipairs(M.rows(filter)) do list[i] = row.state end
   return table.concat(list, " ")
end

--- Waits until the rows are in these states.
function M.wait_states(want, filter)
   local ok = pcall(M.wait, function() return M.states(filter) == want end)
   if not ok then error(("states are %s, not %s"):format(M.states(filter), want), 2) end
end

--- This process is gone, as by a power failure.
function M.die()
   io.stdout:flush()
   os.execute "kill -9 $PPID"
   core.sleep(10)
end

--- The orderly end of a chunk.
function M.over()
   if M.bot and M.bot.service then M.bot:stop(2) end
   if M.api then M.api.close() end
end

return M
