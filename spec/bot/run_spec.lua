--- bot:run and bot:stop with the real door: webhooks and routes over HTTP.
local core = require "zapi.core"
local fake = require "spec.support.bot_fake"

local SECRET <const> = "segredo-do-teste-0123456789"

-- A bot behind a door of its own; closed after fn whatever happens.
local function running(setup, fn, options)
   options = options or {}
   options.listen = options.listen or "127.0.0.1:0"
   options.secret = options.secret or SECRET
   local bot, client = fake.bot(options)
   setup(bot, client)
   local hosted = core.hosted
   core.set_hosted(true)
   local ok, err = pcall(function()
      bot:run()
      fn(bot, client, "http://" .. bot.address)
   end)
   core.set_hosted(hosted)
   bot:stop(5)
   if not ok then error(err, 0) end
end

local function post(url, payload)
   local body = type(payload) == "table" and core.json_encode(payload) or payload
   return assert(core.http_request {
      method = "POST", url = url, body = body, headers = {["Content-Type"] = "application/json"},
   })
end

local function wait_for(ready)
   local until_ = core.hrtime() + 5
   while not ready() do
      assert(core.hrtime() < until_, "nothing happened in 5 s")
      core.sleep(0.001)
   end
end

describe("bot:run", function()
   it("answers a webhook through the client", function()
      running(function(bot)
         bot:hears("oi", function(ctx) ctx:reply("Olá!") end)
      end, function(_, client, url)
         local reply = post(url .. "/webhook/" .. SECRET,
            fake.sample("received_text", {text = {message = "Oi"}}))
         assert.equal(200, reply.status)
         wait_for(function() return #client.calls > 0 end)
         assert.same({"Olá!"}, fake.texts(client))
      end)
   end)

   it("gives every sample a name that handlers can have", function()
      local events = require "zapi.events"
      for _, name in ipairs {
         "received_text", "received_audio_voice", "notification_revoke", "disconnected",
         "received_poll_vote", "delivery_error", "status_read", "received_broadcast_list",
      } do
         local ev = assert(core.ingest(core.json_encode(fake.sample(name))))
         assert.is_true(events.exists(ev.kind), name .. " is " .. ev.kind)
      end
   end)

   it("keeps the order of a chat while other chats go on", function()
      local done = {}
      local go
      running(function(bot)
         bot:on("text", function(ctx)
            if ctx.text == "a1" then
               while not go do core.sleep(0.001) end
            end
            done[#done + 1] = ctx.text
         end)
      end, function(_, _, url)
         for i, said in ipairs {"a1", "a2", "b1"} do
            post(url .. "/webhook/" .. SECRET, fake.sample("received_text", {
               text = {message = said}, messageId = "ORDEM" .. i,
               phone = said == "b1" and "5511999990002" or "5511999990001",
               chatLid = fake.none,
            }))
         end
         wait_for(function() return #done > 0 end)
         assert.same({"b1"}, done)
         go = true
         wait_for(function() return #done == 3 end)
         assert.same({"b1", "a1", "a2"}, done)
      end)
   end)

   it("goes on after a handler that failed or yielded wrongly", function()
      local done = {}
      running(function(bot)
         bot:hears("falha", function() error("ai") end)
         bot:hears("rende", function() coroutine.yield(1) end)
         bot:on("text", function(ctx) done[#done + 1] = ctx.text end)
      end, function(bot, _, url)
         for i, said in ipairs {"falha", "rende", "oi"} do
            post(url .. "/webhook/" .. SECRET, fake.sample("received_text",
               {text = {message = said}, messageId = "FALHA" .. i}))
         end
         wait_for(function() return #done > 0 end)
         assert.same({"oi"}, done)
         assert.equal(2, bot.service:stats().failed)
      end)
   end)

   it("serves routes beside the webhook", function()
      running(function(bot)
         bot:http("POST", "/pedidos/{id}", function(req)
            return 201, {id = req.params.id, q = req.query.q, body = req.body}
         end)
      end, function(_, _, url)
         local reply = post(url .. "/pedidos/7?q=1", "corpo")
         assert.equal(201, reply.status)
         assert.same({id = "7", q = "1", body = "corpo"}, reply.json)
         assert.equal(404, post(url .. "/nada", "x").status)
         local wrong = assert(core.http_request {url = url .. "/pedidos/7"})
         assert.equal(405, wrong.status)
         assert.equal("POST", wrong.headers.allow)
      end)
   end)

   it("asks Z-API for own messages when somebody handles them", function()
      running(function(bot)
         bot:on("own.text", print)
      end, function(_, client)
         wait_for(function() return #client.calls > 0 end)
         assert.equal("update_notify_sent_by_me", client.calls[1].name)
         assert.same({notifySentByMe = true}, client.calls[1].params)
      end)
   end)

   it("makes up a secret when there is none, without printing it", function()
      local bot = fake.bot {listen = "127.0.0.1:0"}
      local hosted = core.hosted
      core.set_hosted(true)
      core.set_env("ZAPIBOT_WEBHOOK_SECRET", false)
      local lines = fake.logged(function() bot:run() end)
      core.set_env("ZAPIBOT_WEBHOOK_SECRET", nil)
      core.set_hosted(hosted)
      bot:stop(5)
      assert.matches("ZAPIBOT_WEBHOOK_SECRET is not set", lines[1][2])
      for _, line in ipairs(lines) do
         assert.is_nil(line[2]:find("%x%x%x%x%x%x%x%x"))
      end
   end)

   it("rejects a secret that cannot be in an address, and running twice", function()
      local bot = fake.bot {listen = "127.0.0.1:0", secret = "a/b"}
      local err = fake.thrown(bot.run, bot)
      assert.matches("bad webhook secret", err)
      assert.is_nil(err:find("a/b", 1, true))
      assert.matches("did you mean 'listen'", fake.thrown(bot.run, bot, {listn = "x"}))
      running(function() end, function(other)
         assert.matches("runs already", fake.thrown(other.run, other))
      end)
   end)

   it("makes its client from the environment, or says what is missing", function()
      for _, name in ipairs {"ZAPI_INSTANCE_ID", "ZAPI_TOKEN", "ZAPI_CLIENT_TOKEN"} do
         core.set_env(name, false)
      end
      local bot = require("zapi.bot").new {listen = "127.0.0.1:0"}
      local err = fake.thrown(bot.run, bot)
      for _, name in ipairs {"ZAPI_INSTANCE_ID", "ZAPI_TOKEN", "ZAPI_CLIENT_TOKEN"} do
         core.set_env(name, nil)
      end
      assert.matches("ZAPI_INSTANCE_ID", err)
   end)
end)

describe("bot:stop", function()
   it("waits for handlers that run, and for those beside the chats", function()
      local done = {}
      local started = 0
      running(function(bot)
         bot:hears("um", function()
            started = started + 1
            core.sleep(0.02)
            done[#done + 1] = "um"
         end)
         bot:on("text", function()
            started = started + 1
            core.sleep(0.04)
            done[#done + 1] = "ao lado"
         end, {order = "none"})
      end, function(bot, _, url)
         for i, said in ipairs {"um", "dois"} do
            post(url .. "/webhook/" .. SECRET, fake.sample("received_text", {
               text = {message = said}, messageId = "PARA" .. i, phone = "551199999000" .. i,
               chatLid = fake.none,
            }))
         end
         wait_for(function() return started == 2 end)
         bot:stop(5)
         table.sort(done)
         assert.same({"ao lado", "um"}, done)
         assert.is_nil(bot.service)
         assert.is_nil((core.http_request {url = url .. "/x"}))
      end)
   end)

   it("from inside a handler ends bot:run in plain Lua", function()
      local bot = fake.bot {listen = "127.0.0.1:0", secret = SECRET}
      bot:hears("pare", function() bot:stop() end)
      core.after(0, function()
         core.spawn(post, "http://" .. bot.address .. "/webhook/" .. SECRET,
            fake.sample("received_text", {text = {message = "pare"}}))
      end)
      local began = core.hrtime()
      bot:run()
      assert.is_true(core.hrtime() - began < 5)
      assert.is_nil(bot.service)
   end)
end)
