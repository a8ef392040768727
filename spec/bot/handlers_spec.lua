--- bot:on, next, use, catch: which handler has an event.
local core = require "zapi.core"
local events = require "zapi.events"
local fake = require "spec.support.bot_fake"

local function kinds_seen(what, sample, options, over)
   local bot = fake.bot(options)
   local seen = {}
   bot:on(what, function(ctx) seen[#seen + 1] = ctx.kind end)
   fake.give_sample(bot, sample, over)
   return table.concat(seen, " ")
end

describe("bot:on", function()
   it("hands over events by name and by parent", function()
      assert.equal("text", kinds_seen("text", "received_text"))
      assert.equal("text", kinds_seen("message", "received_text"))
      assert.equal("voice", kinds_seen("audio", "received_audio_voice"))
      assert.equal("voice", kinds_seen("message", "received_audio_voice"))
      assert.equal("voice", kinds_seen({"image", "voice"}, "received_audio_voice"))
      assert.equal("presence", kinds_seen("*", "presence_composing"))
      assert.equal("", kinds_seen("image", "received_text"))
      assert.equal("", kinds_seen("voice", "received_audio_file"))
   end)

   it("does not take a waiting message, a reaction or an edit for a message", function()
      assert.equal("", kinds_seen("message", "received_waiting_message",
         nil, {fromMe = false}))
      assert.equal("waiting", kinds_seen("waiting", "received_waiting_message",
         nil, {fromMe = false}))
      assert.equal("", kinds_seen("message", "received_reaction"))
      assert.equal("", kinds_seen("message", "received_edit"))
   end)

   it("knows Z-API's own words after raw:", function()
      assert.equal("choice", kinds_seen("raw:buttonsResponseMessage", "received_buttons_response"))
      assert.equal("group.join", kinds_seen("raw:GROUP_PARTICIPANT_ADD",
         "notification_group_participant_add"))
      assert.equal("presence", kinds_seen("raw:PresenceChatCallback", "presence_paused"))
      assert.equal("", kinds_seen("raw:listResponseMessage", "received_buttons_response"))
      assert.equal("text", kinds_seen({"raw:nothing", "text"}, "received_text"))
      assert.equal("", kinds_seen({"raw:nothing", "image"}, "received_text"))
   end)

   it("rejects unknown names at the script's line, with a suggestion", function()
      local bot = fake.bot()
      local err = fake.thrown(function() bot:on("mesage", print) end)
      assert.matches("handlers_spec.lua:%d+: 'mesage' is not an event; did you mean 'message'%?",
         err)
      assert.matches("did you mean 'own.text'", fake.thrown(bot.on, bot, "own.txt", print))
      assert.matches("not an event", fake.thrown(bot.on, bot, "own.connected", print))
      assert.matches("not an event", fake.thrown(bot.on, bot, "raw:", print))
      assert.matches("string expected, got nil", fake.thrown(bot.on, bot, nil, print))
      assert.matches("function expected, got nil", fake.thrown(bot.on, bot, "text"))
      assert.matches("did you mean 'timeout'",
         fake.thrown(bot.on, bot, "text", print, {timout = 3}))
      assert.matches("bad 'order'", fake.thrown(bot.on, bot, "text", print, {order = "chats"}))
      assert.matches("bad 'timeout'", fake.thrown(bot.on, bot, "text", print, {timeout = 0}))
   end)

   it("takes every name of the core's table", function()
      local bot = fake.bot()
      for _, kind in ipairs(core.kinds()) do
         bot:on(kind.name, print)
      end
      assert.is_true(#events.names > 40)
   end)
end)

describe("filters", function()
   local function heard(what, text, over, in_group)
      local bot = fake.bot()
      local hit
      bot:on(what, function(ctx) hit = ctx end)
      if in_group then
         fake.says_in_group(bot, text, over)
      else
         fake.says(bot, text, over)
      end
      return hit
   end

   it("by group", function()
      assert.is_nil(heard({group = true}, "oi"))
      assert.truthy(heard({group = true}, "oi", nil, true))
      assert.truthy(heard({group = false}, "oi"))
      assert.truthy(heard({group = "120363000000000001-group"}, "oi", nil, true))
      assert.is_nil(heard({group = {"120363000000000009-group"}}, "oi", nil, true))
   end)

   it("by author, however the number is written", function()
      assert.truthy(heard({from = "5511999990001"}, "oi"))
      assert.truthy(heard({from = "+55 (11) 99999-0001"}, "oi"))
      assert.truthy(heard({from = {"1", "100000000000001@lid"}}, "oi"))
      assert.truthy(heard({from = {key = "x", phone = "5511999990011"}}, "oi", nil, true))
      assert.is_nil(heard({from = "5511999990002"}, "oi"))
   end)

   it("by author with and without Brazil's ninth digit", function()
      assert.truthy(heard({from = "551199990001"}, "oi", {phone = "5511999990001"}))
      assert.truthy(heard({from = "5511999990001"}, "oi", {phone = "551199990001"}))
      -- A landline has no ninth digit: these are two.
      assert.is_nil(heard({from = "551133330001"}, "oi", {phone = "5511933330001"}))
   end)

   it("by text and by a function whose result is ctx.match", function()
      assert.same({"12"}, heard({folded = "^pedido (%d+)$"}, "PEDIDO 12").match)
      assert.is_nil(heard({folded = "pedido"}, "oi"))
      local got = heard({match = function(ctx) return {ctx.text, "x"} end}, "oi")
      assert.same({"oi", "x"}, got.match)
      assert.is_nil(heard({match = function() return false end}, "oi"))
   end)

   it("are about messages unless a kind is named", function()
      assert.equal("", kinds_seen({from = "5511999990001"}, "presence_composing"))
      assert.equal("presence",
         kinds_seen({from = "5511999990001", kind = "presence"}, "presence_composing"))
   end)

   it("by admin, asked of Z-API once", function()
      local bot, client = fake.bot()
      client.replies.request = {participants = {
         {phone = "5511999990011", isAdmin = "true", isSuperAdmin = "false"},
         {phone = "5511999990012", isAdmin = false},
      }}
      local hits = 0
      bot:on({admin = true}, function() hits = hits + 1 end)
      fake.says_in_group(bot, "oi")
      fake.says_in_group(bot, "oi", {participantPhone = "5511999990012"})
      fake.says(bot, "oi")
      assert.equal(1, hits)
      assert.equal(1, #client.calls)
      assert.equal("/light-group-metadata/120363000000000001-group",
         client.calls[1].params.path)
      -- A promotion makes the answer stale.
      fake.give_sample(bot, "notification_group_participant_promote")
      fake.says_in_group(bot, "oi")
      assert.equal(2, #client.calls)
   end)

   it("reject unknown keys and wrong types", function()
      local bot = fake.bot()
      assert.matches("did you mean 'group'", fake.thrown(bot.on, bot, {gruop = true}, print))
      assert.matches("function expected", fake.thrown(bot.on, bot, {match = "x"}, print))
      assert.matches("empty filter", fake.thrown(bot.on, bot, {}, print))
   end)
end)

describe("the order of handlers", function()
   it("gives an event to the first that matches; next() passes it on", function()
      local bot = fake.bot()
      local trace = {}
      local function note(name, pass)
         return function(_, next)
            trace[#trace + 1] = name
            if pass then return next() end
         end
      end
      bot:hears("nada", note "never")
      bot:on("text", note("first", true))
      bot:hears("oi", note("second", true))
      bot:on("message", note "third")
      bot:on("text", note "fourth")
      fake.says(bot, "oi")
      assert.equal("first second third", table.concat(trace, " "))
   end)

   it("runs bot:use before everything and lets it stop an event", function()
      local bot = fake.bot()
      local trace = {}
      bot:on("text", function() trace[#trace + 1] = "handler" end)
      bot:use(function(ctx, next)
         trace[#trace + 1] = "in"
         if ctx.text ~= "segredo" then next() end
         trace[#trace + 1] = "out"
      end)
      bot:use(function(ctx, next)
         ctx.user = "ana"
         return next()
      end)
      bot:on("presence", function(ctx) trace[#trace + 1] = ctx.user end)
      fake.says(bot, "oi")
      fake.says(bot, "segredo")
      fake.give_sample(bot, "presence_paused")
      assert.equal("in handler out in out in ana out", table.concat(trace, " "))
   end)

   it("takes handlers that are added later", function()
      local bot = fake.bot()
      local hits = 0
      fake.says(bot, "oi")
      bot:on("text", function() hits = hits + 1 end)
      fake.says(bot, "oi")
      assert.equal(1, hits)
   end)
end)

describe("a failing handler", function()
   it("throws on, so that the core logs it with file and line", function()
      local bot = fake.bot()
      bot:on("text", function() error("ai") end)
      assert.matches("handlers_spec.lua:%d+: ai", fake.thrown(fake.says, bot, "oi"))
   end)

   it("goes to bot:catch with its traceback", function()
      local bot = fake.bot()
      local got
      bot:on("text", function() error("ai") end)
      bot:catch(function(ctx, err, trace) got = {ctx.text, err, trace} end)
      fake.says(bot, "oi")
      assert.equal("oi", got[1])
      assert.matches("handlers_spec.lua:%d+: ai$", got[2])
      assert.matches("stack traceback", got[3])
      assert.matches("handlers_spec.lua", got[3])
   end)

   it("gives bot:catch the error object of a failed call", function()
      local bot, client = fake.bot()
      client.errors.send_text = core.error {kind = "state.disconnected", message = "sem rede"}
      local got
      bot:on("text", function(ctx) ctx:reply("oi") end)
      bot:catch(function(_, err) got = err end)
      fake.says(bot, "oi")
      assert.is_true(core.is_error(got, "state.*"))
   end)

   it("tells of both when bot:catch fails too", function()
      local bot = fake.bot()
      bot:on("text", function() error("ai") end)
      bot:catch(function() error("ui") end)
      local err = fake.thrown(fake.says, bot, "oi")
      assert.matches("bot:catch failed: .*ui", err)
      assert.matches("ai", err)
   end)

   it("does not harm the next event", function()
      local bot = fake.bot()
      local hits = 0
      bot:on("text", function() hits = hits + 1; error("ai") end)
      pcall(fake.says, bot, "oi")
      pcall(fake.says, bot, "oi")
      assert.equal(2, hits)
   end)
end)

describe("bot.new", function()
   local new = require("zapi.bot").new

   it("rejects unknown options and wrong types at the script's line", function()
      local err = fake.thrown(function() new {cliente = 1} end)
      assert.matches("handlers_spec.lua:%d+: 'cliente' is not an option", err)
      assert.matches("did you mean 'client'", err)
      assert.matches("string expected, got number", fake.thrown(new, {prefix = 1}))
      assert.matches("bad 'prefix'", fake.thrown(new, {prefix = ""}))
      assert.matches("bad 'timeout'", fake.thrown(new, {timeout = -1}))
      assert.matches("not both", fake.thrown(new, {client = {}, clients = {}}))
      assert.matches("table expected", fake.thrown(new, "x"))
   end)
end)

describe("several clients", function()
   it("answer through the one of the event's instance", function()
      local a, b = fake.client("A"), fake.client("B")
      local bot = require("zapi.bot").new {clients = {a, b}}
      bot:on("text", function(ctx) ctx:reply("oi") end)
      fake.says(bot, "oi", {instanceId = "B"})
      assert.equal(0, #a.calls)
      assert.equal(1, #b.calls)
      assert.matches("no client for the instance 'C'",
         fake.thrown(fake.says, bot, "oi", {instanceId = "C"}))
   end)

   it("one client answers all, with one warning for another instance", function()
      local a = fake.client("A")
      local bot = require("zapi.bot").new {client = a}
      bot:on("text", function(ctx) ctx:reply("oi") end)
      local lines = fake.logged(function()
         fake.says(bot, "oi", {instanceId = "B"})
         fake.says(bot, "oi", {instanceId = "B"})
      end)
      assert.equal(2, #a.calls)
      assert.equal(1, #lines)
      assert.equal("warn", lines[1][1])
   end)
end)
