--- What runs beside what: order=, time limits, with real tasks.
local core = require "zapi.core"
local fake = require "spec.support.bot_fake"

-- Runs fn in a task and the loop until it has ended; throws what it threw.
local function in_task(fn)
   return core.spawn_quiet(fn):join(10)
end

-- Somebody waits (get) until somebody else gives (set).
local function signal()
   local self = {}
   function self.get()
      while not self.on do core.sleep(0.001) end
   end
   function self.set() self.on = true end
   return self
end

describe("order = \"none\"", function()
   it("does not hold up the chat", function()
      local bot = fake.bot()
      local go, done = signal(), {}
      bot:hears("longo", function()
         go.get()
         done[#done + 1] = "longo"
      end, {order = "none"})
      bot:on("text", function() done[#done + 1] = "curto" end)
      in_task(function()
         fake.says(bot, "longo")
         fake.says(bot, "curto")
         assert.same({"curto"}, done)
         go.set()
         assert.is_true(bot.lanes:join(5))
      end)
      assert.same({"curto", "longo"}, done)
   end)

   it("gives its failures to bot:catch", function()
      local bot = fake.bot()
      local got
      bot:on("text", function() error("ai") end, {order = "none"})
      bot:catch(function(_, err) got = err end)
      in_task(function()
         fake.says(bot, "x")
         bot.lanes:join(5)
      end)
      assert.matches("ai", got)
   end)
end)

describe("order = \"person\"", function()
   it("keeps the order of each person of a group, people side by side", function()
      local bot = fake.bot()
      local go, done = signal(), {}
      bot:on("text", function(ctx)
         if ctx.text == "a1" then go.get() end
         if ctx.text == "a2" then error("a2 fails") end
         done[#done + 1] = ctx.text
      end, {order = "person"})
      bot:catch(function(ctx) done[#done + 1] = "!" .. ctx.text end)
      in_task(function()
         fake.says_in_group(bot, "a1")
         fake.says_in_group(bot, "a2")
         fake.says_in_group(bot, "a3")
         fake.says_in_group(bot, "b1", {participantPhone = "5511999990077"})
         while #done == 0 do core.sleep(0.001) end
         assert.same({"b1"}, done)
         go.set()
         assert.is_true(bot.lanes:join(5))
      end)
      assert.same({"b1", "a1", "!a2", "a3"}, done)
      assert.is_nil(next(bot.lanes.lanes))
      assert.is_nil(next(bot.lanes.tasks))
   end)

   it("is the chat's order in private chats", function()
      local bot = fake.bot()
      local done
      bot:on("text", function() done = true end, {order = "person"})
      fake.says(bot, "x")
      assert.is_true(done)
   end)
end)

describe("a time limit", function()
   it("ends a handler that waits too long and tells bot:catch", function()
      local bot = fake.bot()
      local got, after
      bot:on("text", function()
         core.sleep(30)
         after = true
      end, {timeout = 0.02})
      bot:catch(function(ctx, err) got = {ctx.text, err} end)
      local began = core.hrtime()
      local task = core.spawn_quiet(fake.says, bot, "x")
      assert.is_false(pcall(task.join, task, 10))
      while not got do core.sleep(0.001) end
      assert.equal("cancelled", task:status())
      assert.is_true(core.hrtime() - began < 5)
      assert.equal("x", got[1])
      assert.is_true(core.is_error(got[2], "cancelled"))
      assert.matches("order_spec.lua:%d+ waited longer than 0.02 s", got[2].message)
      assert.is_nil(after)
      assert.is_nil(next(bot.watch.entries))
   end)

   it("is logged without bot:catch", function()
      local bot = fake.bot {timeout = 0.02}
      bot:on("text", function() core.sleep(30) end)
      local lines = fake.logged(function()
         local task = core.spawn_quiet(fake.says, bot, "x")
         pcall(task.join, task, 10)
      end)
      assert.equal(1, #lines)
      assert.equal("error", lines[1][1])
      assert.matches("waited longer than 0.02 s", lines[1][2])
   end)

   it("ends the late one only, and leaves nothing behind", function()
      local bot = fake.bot()
      local go, done = signal(), {}
      bot:hears("curto", function() core.sleep(30) end, {timeout = 0.02})
      bot:on("text", function(ctx)
         go.get()
         done[#done + 1] = ctx.text
      end, {timeout = math.huge})
      bot:catch(function() go.set() end)
      in_task(function()
         local a = core.spawn_quiet(fake.says, bot, "a")
         core.spawn_quiet(fake.says, bot, "curto")
         a:join(5)
      end)
      assert.same({"a"}, done)
      assert.is_nil(next(bot.watch.entries))
   end)

   it("forgets handlers that fail, and keeps no loop alive", function()
      local bot = fake.bot()
      bot:on("text", function() error("ai") end)
      pcall(in_task, function() fake.says(bot, "x") end)
      assert.is_nil(next(bot.watch.entries))
      local began = core.hrtime()
      core.run()
      assert.is_true(core.hrtime() - began < 5)
   end)
end)
