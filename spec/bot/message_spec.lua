--- What is sent: encoding of messages, replies, the Message object.
local core = require "zapi.core"
local fake = require "spec.support.bot_fake"
local message = require "zapi.bot.message"

local function encoded(msg, options)
   local endpoint, params = message.encode(msg, options)
   return endpoint, params
end

local function refused(msg)
   return fake.thrown(message.encode, msg)
end

describe("a message", function()
   it("becomes the call for its content", function()
      local function check(expected_endpoint, expected, msg)
         local endpoint, params = encoded(msg)
         assert.equal(expected_endpoint, endpoint)
         assert.same(expected, params)
      end
      check("send_text", {message = "oi"}, "oi")
      check("send_text", {message = "12"}, 12)
      check("send_text", {message = "oi", delayTyping = 2, delayMessage = 3},
         {text = "oi", typing = 2, delay = 3})
      check("send_text", {message = "@all", mentionAll = true},
         {text = "@all", mentioned = "all"})
      check("send_text", {message = "@1", mentioned = {"1", "2", "3@lid"}},
         {text = "@1", mentioned = {"1", {key = "2", phone = "2"}, {key = "x", lid = "3@lid"}}})
      check("send_image", {image = "https://a/b.png", caption = "c"},
         {image = "https://a/b.png", caption = "c"})
      check("send_video", {video = "v"}, {video = "v"})
      check("send_audio", {audio = "a", delayTyping = 1}, {audio = "a", typing = 1})
      check("send_document", {document = "d", extension = "pdf", fileName = "x.pdf", caption = "c"},
         {document = "d", extension = "pdf", filename = "x.pdf", caption = "c"})
      check("send_location",
         {latitude = "-23.5505", longitude = "-46", title = "Sé", address = "Praça da Sé"},
         {location = {latitude = -23.5505, longitude = "-46.0", title = "Sé",
            address = "Praça da Sé"}})
   end)

   it("has buttons whose ids are their labels unless given", function()
      local endpoint, params = encoded {
         text = "Vamos?", buttons = {"Sim", {id = "n", label = "Não"}}, image = "https://a/i.png",
      }
      assert.equal("send_button_list", endpoint)
      assert.same({
         message = "Vamos?",
         buttonList = {image = "https://a/i.png",
            buttons = {{id = "Sim", label = "Sim"}, {id = "n", label = "Não"}}},
      }, params)
   end)

   it("has polls of different options, with one choice unless told", function()
      local function poll(max)
         local endpoint, params = encoded {text = "Vem?", poll = {"Sim", "Não", 3}, max = max}
         assert.equal("send_poll", endpoint)
         assert.same({{name = "Sim"}, {name = "Não"}, {name = "3"}}, params.poll)
         assert.equal("Vem?", params.message)
         return params.pollMaxOptions
      end
      assert.equal(1, poll())
      assert.equal(2, poll(2))
      assert.is_nil(poll(0))
      assert.matches("2 to 12 options %(got 1%)", refused {text = "x", poll = {"a"}})
      assert.matches("two options of the poll are 'a'", refused {text = "x", poll = {"a", "a"}})
      assert.matches("needs a 'text'", refused {poll = {"a", "b"}})
      assert.matches("'quote' does not go with 'poll'",
         refused {text = "x", poll = {"a", "b"}, quote = true})
   end)

   it("has lists", function()
      local endpoint, params = encoded {text = "Escolha", list = {
         title = "Cardápio", button = "Abrir",
         options = {"Pizza", {id = 2, label = "Bolo", description = "de fubá"}},
      }}
      assert.equal("send_option_list", endpoint)
      assert.same({
         message = "Escolha",
         optionList = {title = "Cardápio", buttonLabel = "Abrir", options = {
            {id = "Pizza", title = "Pizza"}, {id = "2", title = "Bolo", description = "de fubá"},
         }},
      }, params)
   end)

   it("takes options over it, without touching the script's table", function()
      local msg = {text = "oi"}
      local _, params = encoded(msg, {delay = 5})
      assert.equal(5, params.delayMessage)
      assert.same({text = "oi"}, msg)
   end)

   it("is refused when it makes no sense, at the script's line", function()
      assert.matches("message_spec.lua:%d+: 'txt' is not an option of a message; "
         .. "did you mean 'text'", fake.thrown(function() message.encode {txt = "oi"} end))
      assert.matches("no content", refused {})
      assert.matches("no content", refused {caption = "x"})
      assert.matches("text or table expected, got nil", refused(nil))
      assert.matches("not empty", refused "")
      assert.matches("not empty", refused {text = " \n"})
      assert.matches("did you mean 'caption'", refused {image = "i", text = "x"})
      assert.matches("'typing' does not go with 'image'", refused {image = "i", typing = 1})
      assert.matches("'image' does not go with 'audio'", refused {image = "i", audio = "a"})
      assert.matches("'quote' does not go with 'buttons'",
         refused {text = "x", buttons = {"a"}, quote = true})
      assert.matches("string or number expected, got boolean", (refused {text = true}))
      assert.matches("needs a 'text'", refused {buttons = {"a"}})
      assert.matches("'buttons' is empty", refused {text = "x", buttons = {}})
      assert.matches("two of 'buttons' have the id 'a'", refused {text = "x", buttons = {"a", "a"}})
      assert.matches("needs a 'label'", refused {text = "x", buttons = {{id = "a"}}})
      assert.matches("did you mean 'label'", refused {text = "x", buttons = {{lable = "a"}}})
      assert.matches("needs 'options'", refused {text = "x", list = {title = "t"}})
      assert.matches("not both", refused {text = "x", buttons = {"a"}, image = "i", video = "v"})
      assert.matches("bad 'location.latitude'",
         refused {location = {latitude = 91, longitude = 0, title = "x"}})
      assert.matches("bad 'location.longitude'", refused {location = {latitude = 1, title = "x"}})
      assert.matches("needs a 'title'", refused {location = {latitude = 1, longitude = 1}})
      assert.matches("string expected, got boolean", refused {text = "x", mentioned = {true}})
   end)
end)

-- What a handler does with an event, and the calls that come of it.
local function handled(fn, sample, over)
   local bot, client = fake.bot()
   bot:on("*", fn)
   fake.give_sample(bot, sample or "received_text", over)
   return client.calls, client, bot
end

describe("ctx:reply and ctx:send", function()
   it("answer where the event happened", function()
      local calls = handled(function(ctx) ctx:reply("oi") end)
      assert.same({{name = "send_text", params = {phone = "5511999990001", message = "oi"}}}, calls)
      calls = handled(function(ctx) ctx:reply("oi") end, "received_text_lid_phone")
      assert.equal("100000000000001@lid", calls[1].params.phone)
   end)

   it("quote in groups, and elsewhere when asked", function()
      local calls = handled(function(ctx)
         ctx:reply("com")
         ctx:reply({text = "sem", quote = false})
         ctx:send("sem")
         ctx:send("com", {quote = true})
         ctx:reply({text = "botões não citam", buttons = {"a"}})
      end, "received_group_text")
      local id = "3EB0C0FFEE00000000F778"
      local quotes = {}
      for i, call in ipairs(calls) do quotes[i] = call.params.messageId or "-" end
      assert.same({id, "-", "-", id, "-"}, quotes)
      calls = handled(function(ctx) ctx:reply("oi", {quote = true}) end)
      assert.equal("3EB0C0FFEE000000001EEF", calls[1].params.messageId)
   end)

   it("show typing before the next text, once", function()
      local calls = handled(function(ctx)
         ctx:typing(3)
         ctx:reply({image = "https://a/i.png"})
         ctx:reply("um")
         ctx:reply("dois")
      end)
      assert.is_nil(calls[1].params.delayTyping)
      assert.equal(3, calls[2].params.delayTyping)
      assert.is_nil(calls[3].params.delayTyping)
      assert.matches("0 to 15 expected", fake.thrown(handled, function(ctx) ctx:typing(16) end))
   end)

   it("throw the error object of a failed call", function()
      local bot, client = fake.bot()
      client.errors.send_text = core.error {kind = "send.unknown", message = "?"}
      bot:on("text", function(ctx) ctx:reply("oi") end)
      local ok, err = pcall(fake.says, bot, "oi")
      assert.is_false(ok)
      assert.is_true(core.is_error(err, "send.unknown"))
   end)

   it("throw misuse that the API layer finds at the script's line", function()
      local bot = require("zapi.bot").new {client = {
         send_text = function() error("bad parameter 'delayTyping'", 2) end,
      }}
      bot:on("text", function(ctx) ctx:reply("oi") end)
      assert.matches("^[^:]*message_spec.lua:%d+: bad parameter 'delayTyping'$",
         fake.thrown(fake.says, bot, "oi"))
   end)

   it("refuse events without a chat", function()
      assert.matches("'connected' has no chat",
         fake.thrown(handled, function(ctx) ctx:reply("oi") end, "connected", {phone = fake.none}))
   end)

   it("warn once of lists in groups", function()
      local bot = fake.bot()
      bot:on("text", function(ctx)
         ctx:reply({text = "x", list = {options = {"a"}}})
      end)
      local lines = fake.logged(function()
         fake.says_in_group(bot, "a")
         fake.says_in_group(bot, "b")
         fake.says(bot, "c")
      end)
      assert.equal(1, #lines)
      assert.matches("no longer", lines[1][2])
   end)
end)

describe("the other methods", function()
   it("react, read and delete", function()
      local calls = handled(function(ctx)
         ctx:react("👍")
         ctx:react()
         ctx:read()
         ctx:delete()
      end)
      local at = {phone = "5511999990001", messageId = "3EB0C0FFEE000000001EEF"}
      local function with(more)
         local all = {phone = at.phone, messageId = at.messageId}
         for k, v in pairs(more) do all[k] = v end
         return all
      end
      assert.same({
         {name = "send_reaction", params = with {reaction = "👍"}},
         {name = "send_remove_reaction", params = at},
         {name = "read_message", params = at},
         {name = "delete_message", params = with {owner = false}},
      }, calls)
      assert.matches("has no message to act on",
         fake.thrown(handled, function(ctx) ctx:read() end, "presence_paused"))
   end)

   it("delete a quoted message as somebody else's, an own one as own", function()
      local calls = handled(function(ctx)
         ctx:delete(ctx.quoted.id)
         ctx:delete(ctx:send("x"))
         ctx:delete("OUTRA")
         ctx:delete("OUTRA", {mine = false})
      end, "received_group_text_reply")
      local owners = {}
      for _, call in ipairs(calls) do
         if call.name == "delete_message" then owners[#owners + 1] = call.params.owner end
      end
      assert.same({false, true, true, false}, owners)
   end)
end)

describe("a sent message", function()
   it("has an id and a state, and can be edited and deleted", function()
      local sent
      local calls = handled(function(ctx)
         sent = ctx:reply({text = "oi", delay = 2}, {quote = true})
         assert.equal("accepted", sent.state)
         assert.equal("SENT1", sent.id)
         sent:edit("olá")
         sent:delete()
      end)
      assert.same({phone = "5511999990001", message = "olá", editMessageId = "SENT1"},
         calls[2].params)
      assert.same({messageId = "SENT1", phone = "5511999990001", owner = true}, calls[3].params)
      assert.equal("deleted", sent.state)
      assert.equal("zapi.Message (SENT1, deleted)", tostring(sent))
   end)

   it("takes a file of this machine", function()
      local path = os.tmpname()
      local file = assert(require("zapi").media.file(path))
      local calls = handled(function(ctx)
         ctx:reply {document = file, filename = "a.txt"}
      end)
      os.remove(path)
      assert.equal("send_document", calls[1].name)
      assert.equal(file, calls[1].params.document)
      assert.matches("bad .*image", fake.thrown(handled, function(ctx)
         ctx:reply {image = true}
      end))
   end)

   it("keeps its picture when the caption is edited", function()
      local calls = handled(function(ctx)
         ctx:reply({image = "https://a/i.png", caption = "a"}):edit("b")
      end)
      assert.same({phone = "5511999990001", image = "https://a/i.png", caption = "b",
         editImageMessageId = "SENT1"}, calls[2].params)
   end)

   it("of buttons cannot be edited", function()
      assert.matches("cannot be edited", fake.thrown(handled, function(ctx)
         ctx:reply({text = "a", buttons = {"b"}}):edit("c")
      end))
   end)
end)
