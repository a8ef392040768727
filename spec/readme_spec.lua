-- Every Lua block of README.md is loaded and run: bots answer events, scripts
-- make their calls to a stub of Z-API. README.pt-BR.md says the same in
-- Portuguese: its blocks are those of README.md but for comments and texts.
local core = require("zapi.core")
local zapi = require("zapi")

local function read(path)
   local file <close> = assert(io.open(path))
   return file:read("a")
end

local function blocks()
   local text, list = read("README.md"), {}
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

describe("README.pt-BR.md", function()
   local english, portuguese = read("README.md"), read("README.pt-BR.md")

   -- The level of each heading, in order. Blocks are cut out: "#" begins
   -- comments there.
   local function headings(text)
      local list = {}
      text = ("\n" .. text):gsub("\n```.-\n```", "")
      for level in text:gmatch("\n(#+) [^\n]+") do list[#list + 1] = level end
      return list
   end

   -- What may differ in a block is what people read: comments, quoted texts,
   -- and words on the arrows of a drawing.
   local NEUTRAL = {
      sh = function(code) return (code:gsub("%s*# [^\n]*", "")) end,
      lua = function(code)
         return (code:gsub("%s*%-%-[^\n]*", ""):gsub("print%b()", function(call)
            return (call:gsub("%b\"\"", "\"\""))
         end))
      end,
      mermaid = function(code)
         return (code:gsub("\"[^\"]*\"", "\"\""):gsub("%-%- %a+ %-%->", "-- -->"))
      end,
   }

   local function neutral_blocks(text)
      local list = {}
      for language, code in text:gmatch("\n```(%a+)\n(.-)\n```") do
         local neutral = assert(NEUTRAL[language], "no rule for blocks of " .. language)
         list[#list + 1] = language .. "\n" .. neutral(code)
      end
      return list
   end

   local function all(text, pattern)
      local list = {}
      for found in text:gmatch(pattern) do list[#list + 1] = found end
      table.sort(list)
      return list
   end

   it("has the headings of README.md, in order", function()
      assert.is_true(#headings(english) > 5)
      assert.same(headings(english), headings(portuguese))
   end)

   it("has its blocks, but for comments and texts", function()
      local wanted = neutral_blocks(english)
      assert.is_true(#wanted >= #blocks() + 3)
      assert.same(wanted, neutral_blocks(portuguese))
   end)

   it("names the same files, and they are there", function()
      local wanted = all(english:gsub("%[Português%]%b()", ""), "%]%(([^):]+)%)")
      assert.same(wanted, all(portuguese:gsub("%[English%]%b()", ""), "%]%(([^):]+)%)"))
      for _, path in ipairs(wanted) do
         assert(io.open(path), path):close()
      end
   end)

   it("names the same variables, options and examples", function()
      for _, pattern in ipairs { "`(ZAPI[A-Z_]+)`", "`(%-%-[a-z-]+)[^`]*`", "`([a-z_]+%.lua)`" } do
         local wanted = all(english, pattern)
         assert.is_true(#wanted > 3)
         assert.same(wanted, all(portuguese, pattern))
      end
   end)

   it("has the rows of README.md's table", function()
      local function rows(text)
         return #all(text, "\n|")
      end
      assert.is_true(rows(english) > 5)
      assert.equal(rows(english), rows(portuguese))
   end)
end)

describe("zapibot sandbox", function()
   it("prints credentials for every scope, and they work", function()
      local host = require("spec.host.support")
      local place = host.place()
      local env, stop = host.sandbox(place)
      finally(function()
         stop()
         place.close()
      end)
      for _, call in ipairs { "get_status", "partner.list_instances page=1 pageSize=1",
         "gateway.list_instances" } do
         local code, out, err = place.run("call " .. call, env)
         assert.equal(0, code, call .. ": " .. out .. err)
      end
   end)
end)

describe("What README.md tells is all there is:", function()
   local text, source = read("README.md"), read("src/host/options.c")

   it("every example", function()
      local list <close> = assert(io.popen("ls examples/*.lua"))
      local count = 0
      for path in list:lines() do
         count = count + 1
         assert.is_truthy(text:find("`" .. path:match("[^/]+$") .. "`", 1, true), path)
      end
      assert.is_true(count > 10)
   end)

   it("every option, with its variable", function()
      local count = 0
      for option, rest in source:gmatch("_OPT_[A-Z_]+%] = {\"(%-%-[a-z-]+)\"([^}]*)") do
         if option ~= "--help" and option ~= "--version" then
            count = count + 1
            local variable = rest:match("\"(ZAPIBOT_[A-Z_]+)\"")
            local row = ("| %s| `%s` |"):format(variable and "`" .. variable .. "` " or "", option)
            assert.is_truthy(text:find(row, 1, true), row)
         end
      end
      assert.is_true(count >= 6)
   end)

   it("every command", function()
      local count = 0
      for command in source:gmatch("{\"([a-z]+)\", ZAPI_COMMAND_TOOL") do
         count = count + 1
         assert.is_truthy(text:find("\nzapibot " .. command .. " ", 1, true), command)
      end
      assert.is_true(count >= 7)
   end)
end)
