-- Posts events to TARGET, some at a time and without haste, and has RELOAD_PID reload
-- RELOADS times. Prints BENCH and in ms: from SIGHUP to the first event of the new
-- generation (median, most); of the 200s the p99 between reloads, the longest within a
-- tenth of a second there (median, most), and the same at a reload; how many events.
local zapi = require "zapi"

local POSTERS, PAUSE, REST, NEAR = 4, 0.002, 0.25, 0.1

local target, reloads = os.getenv "TARGET", tonumber(os.getenv "RELOADS")
local running, posted = true, 0
local samples, hups = {}, {} -- {when it was sent, seconds}; times of SIGHUP

-- A shell that waits already: what a new process costs is none of a reload's time.
local shell = assert(io.popen("while read -r pid; do kill -HUP \"$pid\"; done", "w"))

local function post()
   posted = posted + 1
   local id = ("R%012d%09d"):format(math.floor(zapi.now()), posted)
   local from = zapi.now()
   local reply = assert(zapi.http.request { method = "POST", url = target, json = {
      type = "ReceivedCallback", phone = ("55119%08d"):format(posted % 1000), messageId = id,
      fromMe = false, isGroup = false, instanceId = os.getenv "ZAPI_INSTANCE_ID",
      momment = 1767225601000, text = { message = "oi" } } })
   assert(reply.status == 200, reply.status)
   samples[#samples + 1] = { from, zapi.now() - from }
end

local function poster()
   while running do
      post()
      zapi.sleep(PAUSE)
   end
end

local function notes()
   local list = {}
   for line in io.lines(os.getenv "RELOAD_NOTES") do list[#list + 1] = tonumber(line) end
   return list
end

local function reload_all()
   zapi.sleep(1) -- warm
   samples = {}
   local before = #notes()
   for i = 1, reloads do
      hups[i] = zapi.now()
      shell:write(os.getenv "RELOAD_PID", "\n")
      shell:flush()
      zapi.sleep(REST)
      local until_ = zapi.now() + 10
      while #notes() < before + i do
         assert(zapi.now() < until_, "no new generation")
         zapi.sleep(0.01)
      end
   end
end

-- The longest of those that were under way within NEAR seconds from each time on, sorted;
-- `shift`: so many seconds after it.
local function longest(shift)
   local list = {}
   for i, hup in ipairs(hups) do
      local from, most = hup + shift, 0
      for _, sample in ipairs(samples) do
         if sample[1] + sample[2] >= from and sample[1] < from + NEAR then
            most = math.max(most, sample[2] * 1000)
         end
      end
      list[i] = most
   end
   table.sort(list)
   return list
end

-- Of all that did not touch a reload.
local function usual_p99()
   local list, i = {}, 1
   for _, sample in ipairs(samples) do
      while hups[i + 1] and sample[1] + sample[2] >= hups[i + 1] do i = i + 1 end
      if sample[1] >= hups[i] + NEAR then list[#list + 1] = sample[2] * 1000 end
   end
   table.sort(list)
   return list[math.ceil(#list * 0.99)]
end

local tasks = {}
for i = 1, POSTERS do tasks[i] = zapi.spawn(poster) end
reload_all()
running = false
for _, task in ipairs(tasks) do task:join() end
shell:close()

local times, first = notes(), {}
for i, hup in ipairs(hups) do first[i] = (times[#times - #hups + i] - hup) * 1000 end
table.sort(first)
local at, between = longest(0), longest(NEAR + 0.02)
local function middle(list) return list[(#list + 1) // 2] end
print(("BENCH %.3f %.3f %.3f %.3f %.3f %.3f %.3f %d"):format(middle(first), first[#first],
   usual_p99(), middle(between), between[#between], middle(at), at[#at], posted))
