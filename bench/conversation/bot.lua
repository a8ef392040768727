-- Asks CONVERSATIONS people, and prints what that costs: BENCH, MB resident before and
-- with all questions open, seconds from the start until it listens, ms from the answer
-- to what follows from it (the median of 200), handlers that ran before the answers.
-- KEEP=1: none leaves the memory. ASKED=1: an earlier process has asked. PLAIN=1: the
-- same events and messages without a question, to compare with. Events are as large as
-- webhooks.
local zapi = require "zapi"
local ask = require "zapi.bot.ask"

local began = zapi.now()
local count, keep = tonumber(os.getenv "CONVERSATIONS"), os.getenv "KEEP"
local ANSWERS = 200
if keep then ask.most = math.huge end

local bot = require("zapi.bot").new {
   client = zapi.client {}, unload = not keep and 600,
   limits = { replies_per_chat = false, cold_per_hour = false },
}
local ran, answered = 0, {}

bot:on({ "bench.begin" }, function(ctx)
   ran = ran + 1
   if os.getenv "PLAIN" then return ctx:send "Qual?" end
   local answer = ctx:ask("Qual?", { timeout = 1e6 })
   ctx:send(answer.text)
   answered[ctx.chat] = true
end)

local function phone(i) return ("55119%08d"):format(i) end

local function resident()
   for line in io.lines "/proc/self/status" do
      local kb = line:match "VmRSS:%s+(%d+)"
      if kb then return tonumber(kb) / 1024 end
   end
end

-- As large as a webhook.
local function payload(i)
   return { isStatusReply = false, chatLid = ("%d@lid"):format(i), connectedPhone = "5511999990000",
      waitingMessage = false, isEdit = false, isGroup = false, isNewsletter = false,
      instanceId = os.getenv "ZAPI_INSTANCE_ID", messageId = ("3EB0%016X"):format(i),
      phone = phone(i), fromMe = false, momment = 1767225600000 + i, status = "RECEIVED",
      chatName = "Maria da Silva", senderName = "Maria da Silva", broadcast = false,
      photo = "https://pps.whatsapp.net/v/t61/picture-of-a-person.jpg?ccb=11-4&oh=01_Q5Aa",
      forwarded = false, type = "ReceivedCallback", fromApi = false,
      text = { message = "Oi, quero marcar um horário" } }
end

-- People do not come faster than they are asked.
local function begin(i)
   bot:emit("bench.begin", phone(i), payload(i))
   while ran < i - 128 do zapi.sleep(0.001) end
end

local function ask_all()
   local next_one = 0
   local function worker()
      while next_one < count do
         next_one = next_one + 1
         begin(next_one)
      end
   end
   local tasks = {}
   for i = 1, 64 do tasks[i] = zapi.spawn(worker) end
   for _, task in ipairs(tasks) do task:join() end
   while ran < count or bot.service:stats().running > 0 do zapi.sleep(0.05) end
end

-- Somebody answers: milliseconds until the handler has ended.
local function resume(i)
   local from = zapi.now()
   local reply = assert(zapi.http.request {
      method = "POST",
      url = ("http://%s/webhook/%s"):format(bot.address, os.getenv "ZAPIBOT_WEBHOOK_SECRET"),
      json = { type = "ReceivedCallback", phone = phone(i), messageId = "A" .. i, fromMe = false,
         isGroup = false, instanceId = os.getenv "ZAPI_INSTANCE_ID", momment = 1767225601000,
         text = { message = "azul" } },
   })
   assert(reply.status == 200, reply.status)
   while not answered[phone(i)] do zapi.sleep(0) end
   return (zapi.now() - from) * 1000
end

local function answers()
   local times, step = {}, count // ANSWERS
   local other = os.getenv "ASKED" and 1 or 0 -- than the earlier process
   for i = 1, ANSWERS do times[i] = resume(i * step - other) end
   table.sort(times)
   return times[ANSWERS // 2]
end

-- Garbage goes, in pieces: a gigabyte at once is more than a task may compute.
local function collect()
   for _ = 1, 3 do
      repeat
         local ended = collectgarbage("step", 2000)
         zapi.sleep(0)
      until ended
   end
end

bot:run()
local listening = zapi.now() - began
zapi.spawn(function()
   local before = resident()
   if not os.getenv "ASKED" then ask_all() end
   collect()
   local open, runs = resident(), ran
   local ms = os.getenv "PLAIN" and 0 or answers()
   print(("BENCH %.2f %.2f %.4f %.3f %d"):format(before, open, listening, ms, runs))
   zapi.stop()
end)
