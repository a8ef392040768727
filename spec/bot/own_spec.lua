--- Echoes of what the account itself wrote: no bot may answer itself.
local fake = require "spec.support.bot_fake"

local function run(sample, options, register, over)
   local bot, client = fake.bot(options)
   local seen = {}
   register(bot, function(ctx) seen[#seen + 1] = ctx.kind end)
   fake.give_sample(bot, sample, over)
   return table.concat(seen, " "), client, bot
end

local function on(...)
   local names = {...}
   return function(bot, note)
      for _, name in ipairs(names) do bot:on(name, note) end
   end
end

describe("own messages", function()
   it("are dropped unless asked for", function()
      assert.equal("", run("received_text_from_me_api", nil, on("message", "*")))
      assert.equal("", run("received_text_from_me_phone", nil, on("text", "*", "raw:text")))
      local bot = fake.bot()
      bot:use(function() error("an echo came through") end)
      fake.give_sample(bot, "received_text_from_me_api")
   end)

   it("come to handlers that name them", function()
      assert.equal("own.text", run("received_text_from_me_api", nil, on("own.message")))
      assert.equal("own.text", run("received_text_from_me_phone", nil, on("own.text", "text")))
      assert.equal("", run("received_text_from_me_phone", nil, on("own.image", "*")))
      assert.equal("broadcast_list",
         run("received_broadcast_list", nil, on("own.message", "message")))
   end)

   it("of reactions and edits are echoes too", function()
      assert.equal("", run("received_reaction", nil, on("reaction", "*"), {fromMe = true}))
      assert.equal("own.reaction",
         run("received_reaction", nil, on("reaction", "own.reaction"), {fromMe = true}))
      assert.equal("", run("received_edit", nil, on("edit"), {fromMe = true}))
   end)

   it("never drop a review, nor what happens in a group", function()
      assert.equal("review", run("received_review_and_pay", nil, on("review"), {fromMe = true}))
      assert.equal("group.join",
         run("notification_group_participant_add", nil, on("group.join"), {fromMe = true}))
   end)

   it("typed on the phone are like anybody's with own = true", function()
      local own = {own = true}
      assert.equal("text", run("received_text_from_me_phone", own, on("text")))
      assert.equal("", run("received_text_from_me_api", own, on("text")))
      assert.equal("own.text", run("received_text_from_me_api", own, on("*")))
      local bot, client = fake.bot {own = true}
      bot:hears("celular", function(ctx) ctx:reply("ok") end)
      fake.give_sample(bot, "received_text_from_me_phone")
      assert.same({"ok"}, fake.texts(client))
   end)

   it("without fromApi are not taken for typed ones", function()
      assert.equal("", run("received_text_from_me_phone", {own = true}, on("text"),
         {fromApi = fake.none}))
   end)

   it("cannot be answered when the API sent them", function()
      local bot = fake.bot()
      bot:on("own.message", function(ctx) ctx:reply("eco") end)
      assert.matches("own_spec.lua:%d+: this message is the bot's own",
         fake.thrown(fake.give_sample, bot, "received_text_from_me_api"))
      local other = fake.bot()
      other:on("own.message", function(ctx) ctx:react("x") end)
      assert.matches("the bot's own",
         fake.thrown(fake.give_sample, other, "received_text_from_me_api"))
   end)

   it("with an id that the bot got when sending are its own, whatever they say", function()
      local bot, client = fake.bot {own = true}
      client.replies.send_text = {messageId = "ECO"}
      local hits = 0
      bot:on("text", function(ctx)
         hits = hits + 1
         ctx:send("eco")
      end)
      fake.says(bot, "oi")
      fake.give_sample(bot, "received_text_from_me_phone", {messageId = "ECO"})
      assert.equal(1, hits)
   end)

   it("typed on the phone may be answered", function()
      local bot, client = fake.bot()
      bot:on("own.text", function(ctx) ctx:reply("visto") end)
      fake.give_sample(bot, "received_text_from_me_phone")
      assert.same({"visto"}, fake.texts(client))
      assert.equal("100000000000001@lid", client.calls[1].params.phone)
   end)
end)
