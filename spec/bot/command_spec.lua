--- bot:command: prefixes, names, arguments, refusals, help.
local command = require "zapi.bot.command"
local fake = require "spec.support.bot_fake"
local words = require("zapi.bot.texts").all

local function called(said, name, options, bot_options, in_group)
   local bot, client = fake.bot(bot_options)
   local args
   bot:command(name, function(ctx) args = ctx.args end, options)
   if in_group then
      fake.says_in_group(bot, said)
   else
      fake.says(bot, said)
   end
   return args, fake.texts(client), client
end

describe("a command", function()
   it("is known by any prefix, whatever case and accents", function()
      for _, said in ipairs {"!preço", "/preco", "!PREÇO", "  !preco", "! preço", "!preço\n"} do
         assert.truthy(called(said, "preço"), said)
      end
      for _, said in ipairs {"preço", "?preço", "!precos", "oi !preço", "!", "! ", ""} do
         assert.is_nil(called(said, "preço"), said)
      end
   end)

   it("is read in no time, whatever a stranger sends", function()
      local before = os.clock()
      local args = called("!x a" .. (" "):rep(500000) .. "b" .. (" "):rep(500000), "x")
      assert.equal("a" .. (" "):rep(500000) .. "b", args.text)
      assert.equal(20000, #command.split(("“a "):rep(20000)))
      assert.is_true(os.clock() - before < 5) -- it was hours
   end)

   it("has aliases and prefixes of its own", function()
      assert.truthy(called("!cardapio", {"menu", "cardápio"}))
      assert.truthy(called("§menu", "menu", nil, {prefix = "§"}))
      assert.is_nil(called("!menu", "menu", nil, {prefix = "§"}))
      assert.truthy(called("!menu", "!menu")) -- as people write it
   end)

   it("gets words, quoted words and the rest", function()
      local function words_of(said)
         local args = called(said, "x")
         return {table.unpack(args)}
      end
      local args = called('!x  um "dois três"  quatro', "x")
      assert.same({"um", "dois três", "quatro"}, {table.unpack(args)})
      assert.equal('um "dois três"  quatro', args.text)
      assert.same({"dois três", "d'água"}, words_of("!x “dois três” d'água"))
      assert.same({'"aberto'}, words_of('!x "aberto'))
      assert.same({"", "b"}, words_of('!x "" b'))
      assert.same({'"a"b'}, words_of('!x "a"b'))
   end)

   it("names its arguments", function()
      local options = {args = "<phone> [reason…]"}
      local args = called("!ban 5511 fez  spam", "ban", options)
      assert.equal("5511", args.phone)
      assert.equal("fez  spam", args.reason)
      assert.is_nil(called("!ban 5511", "ban", options).reason)
      assert.equal("só isto", called('!ban 1 "só isto"', "ban", options).reason)
      assert.equal("b", called("!x a b", "x", {args = "<one> [two]"}).two)
   end)

   it("answers with its usage when the arguments do not fit", function()
      local args, texts = called("/ban", "ban", {args = "<phone> [reason…]"})
      assert.is_nil(args)
      assert.same({"Uso: /ban <phone> [reason…]"}, texts)
      assert.same({"Uso: !x"}, select(2, called("!x a", "x", {args = ""})))
      assert.same({"Uso: !x …"}, select(2, called("!x a", "x", {args = {min = 2}})))
      assert.same({"assim: !x a"}, select(2, called("!x", "x", {args = {min = 1, usage = "a"}},
         {texts = {usage = "assim: {usage}"}})))
      assert.truthy(called("!x a b", "x", {args = {min = 1, max = 2}}))
      assert.is_nil(called("!x a b c", "x", {args = {min = 1, max = 2}}))
   end)

   it("may be for groups or private chats only", function()
      assert.same({words.group_only}, select(2, called("!x", "x", {group = true})))
      assert.truthy(called("!x", "x", {group = true}, nil, true))
      assert.same({words.private_only},
         select(2, called("!x", "x", {group = false}, nil, true)))
   end)

   it("may be for admins only", function()
      local bot, client = fake.bot()
      local hits = 0
      bot:command("x", function() hits = hits + 1 end, {admin = true})
      client.replies.request = {participants = {{phone = "5511999990011", isAdmin = true}}}
      fake.says_in_group(bot, "!x")
      fake.says_in_group(bot, "!x", {participantPhone = "5511999990099"})
      fake.says(bot, "!x")
      assert.equal(1, hits)
      local texts = fake.texts(client)
      assert.equal(words.admin_only, texts[1])
      assert.equal(words.group_only, texts[2])
   end)

   it("leaves other texts to other handlers, and can pass on", function()
      local bot, client = fake.bot()
      bot:command("x", function(_, next) return next() end)
      bot:on("text", function(ctx) ctx:reply("eco " .. ctx.text) end)
      fake.says(bot, "!y")
      fake.says(bot, "!x")
      assert.same({"eco !y", "eco !x"}, fake.texts(client))
   end)

   it("is checked when it is registered", function()
      local bot = fake.bot()
      local function thrown(...) return fake.thrown(bot.command, bot, ...) end
      assert.matches("command_spec.lua:%d+: ",
         fake.thrown(function() bot:command("x", nil) end))
      assert.matches("did you mean 'admin'", thrown("x", print, {admni = true}))
      assert.matches("one word", thrown("a b", print))
      assert.matches("needs a name", thrown({}, print))
      assert.matches("after an optional", thrown("x", print, {args = "[a] <b>"}))
      assert.matches("nothing can follow", thrown("x", print, {args = "<a…> <b>"}))
      assert.matches("expected%)", thrown("x", print, {args = "phone"}))
      assert.matches("expected%)", thrown("x", print, {args = "<a]"}))
      assert.matches("'text' is taken", thrown("x", print, {args = "<text>"}))
      assert.matches("did you mean 'usage'", fake.thrown(fake.bot, {texts = {usagem = "x"}}))
   end)
end)

describe("the built-in help", function()
   local function bot_with_help(options)
      local bot, client = fake.bot(options)
      bot:command({"pedido", "p"}, print, {args = "<numero>", help = "mostra um pedido"})
      bot:command("banir", print, {admin = true, help = "tira uma pessoa"})
      bot:command("secreto", print)
      return bot, client
   end

   it("lists what has a help text and can be used here", function()
      local bot, client = bot_with_help()
      fake.says(bot, "/Ajuda")
      assert.same({"*Comandos*\n/pedido <numero> — mostra um pedido"}, fake.texts(client))
      fake.says_in_group(bot, "!help")
      assert.matches("!banir — tira uma pessoa", fake.texts(client)[2])
   end)

   it("is not there when switched off, replaced or without any help text", function()
      local bot, client = bot_with_help {help = false}
      fake.says(bot, "!ajuda")
      assert.same({}, fake.texts(client))
      bot, client = bot_with_help()
      bot:command("ajuda", function(ctx) ctx:reply("minha") end)
      fake.says(bot, "!ajuda")
      fake.says(bot, "!help")
      assert.same({"minha"}, fake.texts(client))
      bot, client = fake.bot()
      bot:command("x", print)
      fake.says(bot, "!ajuda")
      assert.same({}, fake.texts(client))
   end)

   it("leaves a handler of the script first", function()
      local bot, client = bot_with_help()
      bot:on("text", function(ctx) ctx:reply("eco") end)
      fake.says(bot, "!ajuda")
      assert.same({"eco"}, fake.texts(client))
   end)
end)
