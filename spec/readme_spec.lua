-- Every Lua block of README.md is loaded and run: bots answer events, scripts
-- make their calls to a stub of Z-API.
local core = require("zapi.core")
local zapi = require("zapi")

local function blocks()
   local file = assert(io.open("README.md"))
   local text = file:read("a")
   file:close()
   local list = {}
   for code in text:gmatch("\n```lua\n(.-)\n```") do list[#list + 1] = code end
   return list
end

-- The block that contains `mark`; fails when none or several do.
local function block(mark)
   local found
   for _, code in ipairs(blocks()) do
      if code:find(mark, 1, true) then
         assert(not found, "two blocks with " .. mark)
         found = code
      end
   end
   assert(found, "no block with " .. mark)
   return found
end

describe("README.md", function()
   local stub, calls, printed, reply, status

   before_each(function()
      calls, printed = {}, {}
      status, reply = 200, '{"zaapId":"Z1","messageId":"M1","id":"M1"}'
      stub = zapi.http.serve {
         listen = "127.0.0.1:0",
         label = "stub",
         handler = function(req)
            calls[#calls + 1] = {
               path = req.path:match("/token/TOKEN(/.*)$"),
               body = core.json_decode(req.body),
            }
            return status, reply, { ["Content-Type"] = "application/json" }
         end,
      }
      core.set_env("ZAPI_INSTANCE_ID", "INSTANCE")
      core.set_env("ZAPI_TOKEN", "TOKEN")
      core.set_env("ZAPI_CLIENT_TOKEN", "CLIENT")
      core.set_env("ZAPI_BASE_URL", "http://" .. stub.address)
   end)

   after_each(function()
      stub:close()
      for _, name in ipairs { "ID", "TOKEN", "CLIENT_TOKEN", "BASE_URL" } do
         core.set_env("ZAPI_" .. (name == "ID" and "INSTANCE_ID" or name), nil)
      end
   end)

   -- Runs a block with its own print and, for bots, without bot:run's loop.
   local function run(code, env)
      env = setmetatable(env or {}, { __index = _G })
      env.print = function(...)
         local words = table.pack(...)
         for i = 1, words.n do words[i] = tostring(words[i]) end
         printed[#printed + 1] = table.concat(words, " ")
      end
      assert(load(code, "@README.md", "t", env))()
   end

   -- The bot of a block. Its bot:run() is a no-op: events come by bot:handle.
   local function bot_of(code)
      local bot
      run(code, {
         require = function(name)
            local module = require(name)
            if name ~= "zapi.bot" then return module end
            return {
               new = function(options)
                  bot = module.new(options)
                  bot.run = function() end
                  return bot
               end,
            }
         end,
      })
      return assert(bot, "the block made no bot")
   end

   local function event(fields)
      local payload = {
         instanceId = "INSTANCE", type = "ReceivedCallback", status = "RECEIVED",
         messageId = "IN1", phone = "5511999990001", senderName = "Ana",
         chatName = "Ana", momment = 1790000000000, fromMe = false, isGroup = false,
      }
      for name, value in pairs(fields) do payload[name] = value end
      return core.json_encode(payload)
   end

   it("has Lua blocks, and all of them are tried here", function()
      local tried = { "zapi.bot", "Seu pedido", "zapi.map" }
      assert.equal(#tried, #blocks())
      for _, mark in ipairs(tried) do block(mark) end
   end)

   it("shows a bot of a dozen lines that answers", function()
      local code = block("zapi.bot")
      local _, lines = code:gsub("\n", "\n")
      assert.is_true(lines <= 16)
      local bot = bot_of(code)
      bot:handle(event { text = { message = "Oi!" } })
      bot:handle(event { text = { message = "!eco um dois" } })
      bot:handle(event { image = { imageUrl = "http://127.0.0.1/a.jpg", mimeType = "image/jpeg" } })
      assert.equal(3, #calls)
      assert.equal("/send-text", calls[1].path)
      assert.matches("Olá, Ana!", calls[1].body.message, 1, true)
      assert.equal("5511999990001", calls[1].body.phone)
      assert.equal("um dois", calls[2].body.message)
      assert.equal("/send-reaction", calls[3].path)
      assert.equal("👍", calls[3].body.reaction)
   end)

   it("shows a bot that greets in groups", function()
      bot_of(block("zapi.bot")):handle(event {
         phone = "120363019502650977-group", isGroup = true, chatName = "Turma",
         notification = "GROUP_PARTICIPANT_ADD", notificationParameters = { "5511999990002" },
      })
      assert.equal(1, #calls)
      assert.equal("120363019502650977-group", calls[1].body.phone)
      assert.equal("Boas-vindas ao grupo!", calls[1].body.message)
   end)

   it("shows a call, its reply and its error", function()
      run(block("Seu pedido"))
      assert.same({ "sent as M1" }, printed)
      assert.equal("5511999990001", calls[1].body.phone)
      status, reply = 403, '{"error":"Client-Token not allowed"}'
      run(block("Seu pedido"))
      assert.matches("^auth%.client_token_invalid .", printed[2])
   end)

   it("shows calls side by side", function()
      run(block("zapi.map"))
      assert.same({ "3 sent" }, printed)
      local phones = {}
      for i, call in ipairs(calls) do phones[i] = call.body.phone end
      table.sort(phones)
      assert.same({ "5511999990001", "5511999990002", "5511999990003" }, phones)
   end)
end)
