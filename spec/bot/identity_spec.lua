--- Who is who: numbers in both spellings, lids, what events and phone-exists
--- teach, calls that take no lid, and the authors of quoted messages.
local core = require "zapi.core"
local fake = require "spec.support.bot_fake"
local shell = require "spec.support.shell"
local stub = require "spec.support.stub"
local zapi = require "zapi"

local SECRET <const> = "segredo-do-teste-0123456789"

-- People are learnt by the process: each case has numbers of its own.
local count = 0
local function somebody()
   count = count + 1
   local digits = ("%08d"):format(70000000 + count)
   return "55119" .. digits, "5511" .. digits, ("%015d@lid"):format(880000 + count)
end

-- A bot behind a door; the events that it got, and a function that posts one.
local function running(fn)
   local bot, client = fake.bot {listen = "127.0.0.1:0", secret = SECRET}
   local got, hosted = {}, core.hosted
   bot:on({"*", "own.message"}, function(ctx) got[#got + 1] = ctx end)
   core.set_hosted(true)
   local function post(over, sample)
      local n = #got
      count = count + 1
      over.messageId = over.messageId or ("ID%08d"):format(count)
      assert(core.http_request {
         method = "POST", url = "http://" .. bot.address .. "/webhook/" .. SECRET,
         body = core.json_encode(fake.sample(sample or "received_text", over)),
      })
      local until_ = core.hrtime() + 5
      while #got == n do
         assert(core.hrtime() < until_, "the event was not handed over in 5 s")
         core.sleep(0.001)
      end
      return got[#got]
   end
   local ok, err = pcall(function()
      bot:run()
      fn(post, client)
   end)
   core.set_hosted(hosted)
   bot:stop(5)
   if not ok then error(err, 0) end
end

describe("zapi.contact", function()
   it("reads every spelling of a number", function()
      local phone, short = somebody()
      for _, id in ipairs {phone, short, "+55 (11) " .. short:sub(5, 8) .. "-" .. short:sub(9)} do
         assert.equal(phone, zapi.contact(id).key)
      end
      assert.same({key = phone, phone = phone}, zapi.contact(math.tointeger(phone)))
      assert.same({key = phone, phone = short}, zapi.contact(short))
   end)

   it("forces no ninth digit, and leaves groups and channels as they are", function()
      for _, id in ipairs {
         "551133330000", "558008880000", "351912345678", "120363000000000001-group",
         "5511999990001-1600000000", "120363000000000009@newsletter",
      } do
         assert.equal(id, zapi.contact(id).key)
      end
   end)

   it("takes a contact, and refuses what is none", function()
      local phone, short, lid = somebody()
      assert.same({key = phone, phone = short, lid = lid, name = "Ana"},
         zapi.contact {phone = short, lid = lid, name = "Ana"})
      assert.equal("1-group", zapi.contact({key = "1-group"}).key)
      for _, wrong in ipairs {"", true, {}, 1.5} do
         assert.matches("^spec/bot/identity_spec.lua:%d+: bad contact", fake.thrown(function()
            zapi.contact(wrong)
         end))
      end
      assert.matches("bad contact", fake.thrown(zapi.contact))
   end)
end)

describe("people", function()
   it("are learnt from events: later ones fill in what is missing", function()
      local phone, short, lid = somebody()
      running(function(post)
         local ctx = post {phone = phone, chatLid = lid, senderName = "Ana"}
         assert.same({key = phone, phone = phone, lid = lid, name = "Ana"}, ctx.from)
         ctx = post {phone = lid, chatLid = lid, senderName = ""}
         assert.same({key = phone, phone = phone, lid = lid, name = "Ana"}, ctx.from)
         ctx = post {phone = short, chatLid = fake.none}
         assert.equal(phone, ctx.from.key)
         assert.equal(short, ctx.from.phone)
         assert.equal(lid, ctx.from.lid)
         assert.equal(lid, zapi.contact(phone).lid)
      end)
   end)

   it("keep their key when the number comes later", function()
      local phone, _, lid = somebody()
      running(function(post)
         assert.equal(lid, post({phone = lid, chatLid = lid}).from.key)
         local from = post({phone = phone, chatLid = lid}).from
         assert.equal(lid, from.key)
         assert.equal(phone, from.phone)
         assert.equal(lid, zapi.contact(phone).key)
      end)
   end)

   it("are resolved in mentions, members, and as authors in groups", function()
      local phone, _, lid = somebody()
      running(function(post)
         post({participantPhone = phone, participantLid = lid}, "received_group_text")
         local ctx = post({text = {message = "@" .. lid:match("%d+") .. " @" .. phone}},
            "received_group_text")
         assert.same({phone, phone}, {ctx.mentions[1].phone, ctx.mentions[2].phone})
         assert.same({lid, lid}, {ctx.mentions[1].lid, ctx.mentions[2].lid})
         ctx = post({notificationParameters = {lid}}, "notification_group_participant_add")
         assert.equal(phone, ctx.members[1].phone)
         ctx = post({participantPhone = fake.none, participantLid = lid}, "received_group_text")
         assert.equal(phone, ctx.from.phone)
      end)
   end)

   it("are learnt from phone-exists, one or many at once", function()
      local phone, short, lid = somebody()
      local other, _, other_lid = somebody()
      local nobody, _, nobodys_lid = somebody()
      local s = stub.start(function(req)
         if req.method == "GET" then
            return core.json_encode {{exists = true, phone = short, lid = lid}}
         end
         return core.json_encode {
            {exists = true, inputPhone = other, outputPhone = other, lid = other_lid},
            {exists = false, inputPhone = nobody, outputPhone = nobody, lid = nobodys_lid},
         }
      end)
      local z = zapi.client {instance = "I", token = "t0ken", base_url = s.url}
      running(function()
         assert(z:phone_exists(phone))
         assert.same({key = phone, phone = short, lid = lid}, zapi.contact(lid))
         assert(z:phone_exists_batch {phones = {other, nobody}})
         assert.equal(other, zapi.contact(other_lid).phone)
         assert.is_nil(zapi.contact(nobodys_lid).phone)
      end)
      s.close()
   end)
end)

describe("a call that takes no lid", function()
   local s, z
   before_each(function()
      s = stub.start '{"value":true,"phone":"1-group","messageId":"M"}'
      z = zapi.client {instance = "I", token = "t0ken", base_url = s.url}
   end)
   after_each(function() s.close() end)

   local function calls(lid)
      return {
         ["phones[2]"] = function()
            return z:add_participant {groupId = "1-group", phones = {"5511999990001", lid}}
         end,
         ["phones[1]"] = function()
            return z:create_group {groupName = "g", phones = {lid}}
         end,
         catalogPhone = function()
            return z:send_catalog {phone = lid, catalogPhone = lid}
         end,
         phone = function() return z:phone_exists(lid) end,
      }
   end

   it("gets the number when it is known", function()
      local phone, _, lid = somebody()
      running(function(post)
         post {phone = phone, chatLid = lid}
         for name, call in pairs(calls(lid)) do
            assert(call())
            local sent = s.last()
            assert.truthy((sent.path .. (sent.body or "")):find(phone, 1, true), name)
         end
         assert(z:send_catalog {phone = lid, catalogPhone = lid})
         local body = zapi.json.decode(s.last().body)
         assert.equal(phone, body.catalogPhone)
         assert.equal(lid, body.phone) -- whoever may be named so, is
      end)
   end)

   it("says which parameter lacks it when it is not, and sends nothing", function()
      local _, _, lid = somebody()
      for name, call in pairs(calls(lid)) do
         local reply, err = call()
         assert.is_nil(reply)
         assert.equal("client.invalid_phone", err.kind)
         assert.equal("not_sent", err.outcome)
         assert.truthy(err.message:find("'" .. name .. "'", 1, true), err.message)
         assert.truthy(err.message:find("no lid", 1, true), err.message)
      end
      assert.equal(0, #s.got)
   end)
end)

-- In a process of its own, as its data are on disk.
local SCRIPT <const> = [=[
local core = require "zapi.core"
local fake = require "spec.support.bot_fake"
local bot = fake.bot {listen = "127.0.0.1:0", secret = "segredo-do-teste-0123456789"}
local events, got = core.json_decode(arg[1]), {}
bot:on({"*", "own.message"}, function(ctx)
   got[#got + 1] = {
      from = ctx.from and ctx.from.key, phone = ctx.from and ctx.from.phone,
      quoted = ctx.quoted and {mine = ctx.quoted.mine,
         from = ctx.quoted.from and ctx.quoted.from.key},
   }
end)
core.set_hosted(true)
bot:run()
for i, over in ipairs(events) do
   assert(core.http_request {
      method = "POST", url = "http://" .. bot.address .. "/webhook/segredo-do-teste-0123456789",
      body = core.json_encode(fake.sample(over.sample or "received_text", over)),
   })
   while #got < i do core.sleep(0.001) end
end
core.set_hosted(false)
bot:stop(5)
io.stdout:write("\n=", core.json_encode(got), "\n")
]=]

local function run_in(folder, events)
   shell.write(folder .. "/script.lua", SCRIPT)
   local out = shell.must(("ZAPIBOT_DATA=%s timeout 60 %s %s %s"):format(
      shell.quote(folder .. "/data"), os.getenv "ZAPI_LUA" or "lua5.4",
      shell.quote(folder .. "/script.lua"), shell.quote(core.json_encode(events))))
   return core.json_decode((assert(out:match("\n=([^\n]+)"), out)))
end

describe("on disk", function()
   local folder, remove
   before_each(function() folder, remove = shell.folder() end)
   after_each(function() remove() end)

   it("people outlive the process", function()
      local phone, short, lid = somebody()
      run_in(folder, {{messageId = "A", phone = short, chatLid = lid}})
      local got = run_in(folder, {{messageId = "B", phone = lid, chatLid = lid}})
      assert.equal(phone, got[1].from)
      assert.equal(short, got[1].phone)
   end)

   it("so do the authors of messages that are quoted", function()
      local phone, _, lid = somebody()
      local member = somebody()
      run_in(folder, {
         {messageId = "A", phone = phone, chatLid = lid},
         {messageId = "G", sample = "received_group_text", participantPhone = member},
         {messageId = "M", phone = phone, chatLid = lid, fromMe = true},
      })
      local got = run_in(folder, {
         {messageId = "Q1", phone = phone, chatLid = lid, referenceMessageId = "A"},
         {messageId = "Q2", phone = phone, chatLid = lid, referenceMessageId = "G"},
         {messageId = "Q3", phone = phone, chatLid = lid, referenceMessageId = "M"},
         {messageId = "Q4", phone = phone, chatLid = lid, referenceMessageId = "?"},
      })
      assert.same({mine = false, from = phone}, got[1].quoted)
      assert.same({mine = false, from = member}, got[2].quoted)
      assert.same({mine = true}, got[3].quoted)
      assert.same({mine = false}, got[4].quoted)
   end)
end)
