-- Reloads under steady events: good, broken, slow and refused versions, by
-- changed files, command and SIGHUP. What was answered 200 is handled once, in
-- its chat's order; no request fails; open questions go on; nothing grows.
-- ZAPI_RELOADS=300 is the long run; the usual one is short.
local core = require "zapi.core"
local fleet = require "spec.support.fleet"
local shell = require "spec.support.shell"
local support = require "spec.host.support"

local RELOADS <const> = math.tointeger(tonumber(os.getenv "ZAPI_RELOADS" or 24))
local LONG <const> = RELOADS >= 100
local WARM <const> = 10 -- reloads after which nothing may grow
local CHATS <const> = 6

-- Z-API's side, and the people who write: each chat counts 1, 2, 3 …; others ask
-- and answer half a second later, perhaps to another generation.
local PEOPLE <const> = [[
local zapi = require "zapi"
local secret, chats = ...
local function there(name) local f = io.open(name) return f and f:close() end
local function put(name, text)
   local f = assert(io.open(name .. ".new", "w"))
   f:write(text)
   f:close()
   os.rename(name .. ".new", name)
end
local sent = 0
local api = zapi.http.serve {listen = "127.0.0.1:0", handler = function()
   sent = sent + 1
   return 200, ('{"zaapId":"Z%d","messageId":"S%d","id":"S%d"}'):format(sent, sent, sent)
end}
put("api", api.address)
while not there "address" do zapi.sleep(0.01) end
local address = io.open("address"):read "a"
local log = assert(io.open("posted", "a"))
local made = 0

local function post(what, phone, text)
   made = made + 1
   local reply, err = zapi.http.request {
      method = "POST", url = ("http://%s/webhook/%s"):format(address, secret), timeout = 15,
      body = zapi.json.encode {type = "ReceivedCallback", instanceId = "3C0FFEE1",
         messageId = ("MSG%07d"):format(made), phone = phone, fromMe = false,
         momment = 1700000000000 + made, text = {message = text}},
   }
   log:write(what, " ", reply and reply.status or tostring(err):gsub("%s+", "_"), "\n")
end

local tasks = {}
for c = 1, tonumber(chats) do
   tasks[#tasks + 1] = zapi.spawn(function()
      local n = 0
      while not there "stop" do
         n = n + 1
         post(("m %d %d"):format(c, n), "551188800000" .. c, ("m %d %d"):format(c, n))
         zapi.sleep(0.02)
      end
   end)
end
tasks[#tasks + 1] = zapi.spawn(function()
   local n, open = 0, {}
   while not there "stop" do
      n = n + 1
      local me, phone = n, ("55117770%05d"):format(n)
      post(("q %d"):format(me), phone, "pergunta")
      open[me] = zapi.spawn(function()
         zapi.sleep(0.5)
         post(("a %d"):format(me), phone, ("resposta %d"):format(me))
      end)
      zapi.sleep(0.15)
   end
   for _, task in pairs(open) do task:join() end
end)
for _, task in ipairs(tasks) do task:join() end
log:close()
put("done", "")
while not there "end" do zapi.sleep(0.02) end
os.exit(0)
]]

local BOT <const> = fleet.HEAD:gsub('"said"', '"handled"') .. [[
local bot = require("zapi.bot").new {limits = {replies_per_chat = false, cold_per_hour = false}}
bot:hears("pergunta", function(ctx)
   local answer = ctx:ask "Qual?"
   note("c", answer and answer.text or "none")
end)
bot:on("text", function(ctx) note(ctx.text) end)
]]

-- What becomes of a version, by turns.
local VERSIONS <const> = {
   {"good", BOT .. "bot:run()\n"},
   {"syntax", BOT .. "local x = = 1\nbot:run()\n", "unexpected symbol"},
   {"slow", BOT .. "zapi.sleep(0.1)\nbot:check(function() zapi.sleep(0.1) end)\nbot:run()\n"},
   {"check", BOT .. "bot:check(function() return nil, 'no stock' end)\nbot:run()\n", "no stock"},
   {"throws", BOT .. "bot:run()\nerror 'half-way'\n", "half%-way"},
}

local function count(text, pattern)
   return select(2, text:gsub(pattern, ""))
end

describe("reloads under steady events:", function()
   local f, people

   setup(function() f = fleet.new() end)
   teardown(function()
      if people then shell.run("kill -9 " .. people) end
      f:close()
   end)

   local function start()
      f:write("people.lua", PEOPLE)
      people = shell.must(("cd %s; env -i PATH=\"$PATH\" ASAN_OPTIONS=\"$ASAN_OPTIONS\" "
         .. "ZAPIBOT_ADMIN_LISTEN=off %s people.lua %s %d >people.log 2>&1 </dev/null & echo $!")
         :format(shell.quote(f.folder), shell.quote(support.program), fleet.SECRET, CHATS))
         :gsub("%s+$", "")
      local api = f:wait_for("the people", function()
         local text = fleet.read(f:path "api")
         return text ~= "" and text
      end)
      f:write("bot.lua", VERSIONS[1][2])
      f:start("--listen 127.0.0.1:0 --watch bot.lua", fleet.ACCOUNT
         .. "ASAN_OPTIONS=\"$ASAN_OPTIONS:quarantine_size_mb=1\" "
         .. "ZAPI_BASE_URL=http://" .. api .. " ")
      f:write("address", f.address)
   end

   -- One more attempt has come to its end in the log.
   local function ends() return count(f:log(), "generation %d+ serves") end

   local function by_file() end -- the file has changed: that is all
   local function by_signal() f:signal "HUP" end
   local function by_command(version)
      local code, out = f:run "reload"
      assert.equal(version[3] and 1 or 0, code, out)
      if version[3] then assert.matches(version[3], out) end
   end

   local function reload(version, trigger)
      local before = ends()
      f:write("bot.lua", version[2] .. "-- " .. core.hrtime() .. "\n")
      trigger(version)
      f:wait_for("the end of a reload: " .. version[1], function() return ends() > before end)
   end

   -- When nothing of an older generation is left.
   local function measure()
      local status
      f:wait_for("the end of old ones", function()
         local _, out = f:run "status --json"
         status = assert(core.json_decode(out))
         return status.generations[1].old == 0 and status.generations[1].state == "serves"
      end, 40)
      local proc = "/proc/" .. f.pid .. "/"
      local text = fleet.read(proc .. "status")
      return {
         rss = tonumber(text:match "VmRSS:%s*(%d+)"),
         threads = tonumber(text:match "Threads:%s*(%d+)"),
         fds = tonumber((shell.must("ls " .. proc .. "fd | wc -l"))), handles = status.handles,
         memory = status.generations[1].memory,
      }
   end

   -- {m = {chat → list of n}, q = {n → status}, a = …} of what was posted.
   local function posted()
      local all = {m = {}, q = {}, a = {}, bad = {}, n = 0}
      for kind, rest, status in fleet.read(f:path "posted"):gmatch "(%l) ([%d ]+) (%S+)\n" do
         all.n = all.n + 1
         if status ~= "200" then all.bad[#all.bad + 1] = kind .. " " .. rest .. ": " .. status end
         if kind == "m" then
            local chat, n = rest:match "(%d+) (%d+)"
            all.m[chat] = all.m[chat] or {}
            table.insert(all.m[chat], n)
         else
            all[kind][rest] = true
         end
      end
      return all
   end

   local function handled()
      local all = {m = {}, c = {}, other = {}}
      for line in fleet.read(f:path "handled"):gmatch "[^\n]+" do
         local chat, n = line:match "^m (%d+) (%d+)$"
         local answer = line:match "^c resposta (%d+)$"
         if chat then
            all.m[chat] = all.m[chat] or {}
            table.insert(all.m[chat], n)
         elseif answer then
            all.c[answer] = (all.c[answer] or 0) + 1
         else
            all.other[#all.other + 1] = line
         end
      end
      return all
   end

   local function check_events()
      local sent, got = posted(), nil
      f:wait_for("all events", function()
         got = handled()
         for chat, list in pairs(sent.m) do
            if #(got.m[chat] or {}) < #list then return false end
         end
         for n in pairs(sent.a) do
            if not got.c[n] then return false end
         end
         return true
      end, 30)
      assert.same({}, sent.bad)
      assert.same({}, got.other)
      for chat, list in pairs(sent.m) do
         assert.equal(table.concat(list, " "), table.concat(got.m[chat], " "), "chat " .. chat)
      end
      for n, times in pairs(got.c) do assert.equal(1, times, "question " .. n) end
      assert.is_true(sent.n > 20 * RELOADS / 4)
   end

   it(("%d of them"):format(RELOADS), function()
      start()
      local triggers, first = {by_file, by_command, by_signal}, nil
      for i = 1, RELOADS do
         local version = VERSIONS[(i - 1) % #VERSIONS + 1]
         if version[3] then
            -- What is refused has an end of its own in the log.
            local before = count(f:log(), "not reloaded: generation %d+ serves on")
            f:write("bot.lua", version[2] .. "-- " .. core.hrtime() .. "\n")
            triggers[(i - 1) % 3 + 1](version)
            f:wait_for("a refusal: " .. version[1], function()
               return count(f:log(), "not reloaded: generation %d+ serves on") > before
            end)
         else
            reload(version, triggers[(i - 1) % 3 + 1])
         end
         if i == WARM then first = measure() end
      end
      f:write("stop", "")
      f:wait_for("the people's end", function() return io.open(f:path "done") end, 60)
      check_events()
      f:write("end", "")
      local last = measure()
      local what = core.json_encode {first = first, last = last}
      assert.is_true(last.fds <= first.fds + 4, what)
      assert.is_true(last.threads <= first.threads, what)
      assert.is_true(last.handles <= first.handles + 4, what)
      assert.is_true(last.rss <= first.rss * (LONG and 1.05 or 1.25), what)
      assert.is_nil(f:log():match "has had its time")
      assert.equal(0, f:stop())
      print(what)
   end)
end)
