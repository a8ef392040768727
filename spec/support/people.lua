--- Steady events for the specs of reload and restart, from a process of its own,
-- and what became of each: chats that count 1, 2, 3 …, and people who ask and
-- answer half a second later, perhaps to another generation or process.
local assert = require "luassert"
local core = require "zapi.core"
local fleet = require "spec.support.fleet"
local shell = require "spec.support.shell"
local support = require "spec.host.support"
local zapi = require "zapi"

local M = {}

-- Z-API's side and the people, in a folder with the bot. A line of "posted" is
-- what was said, the status, and how long the answer took.
local PEOPLE <const> = [[
local zapi = require "zapi"
local now = require("zapi.core").hrtime
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
   local began = now()
   local reply, err = zapi.http.request {
      method = "POST", url = ("http://%s/webhook/%s"):format(address, secret), timeout = 15,
      body = zapi.json.encode {type = "ReceivedCallback", instanceId = "3C0FFEE1",
         messageId = ("MSG%07d"):format(made), phone = phone, fromMe = false,
         momment = 1700000000000 + made, text = {message = text}},
   }
   log:write(what, " ", reply and reply.status or tostring(err):gsub("%s+", "_"),
      (" %.3f\n"):format(now() - began))
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
      local me, phone = n, ("55117770%05d"):format(n % 200) -- answered long since
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

--- A bot that notes what it handles, up to its bot:run().
M.BOT = fleet.HEAD:gsub('"said"', '"handled"') .. [[
local bot = require("zapi.bot").new {limits = {replies_per_chat = false, cold_per_hour = false}}
bot:hears("pergunta", function(ctx)
   local answer = ctx:ask "Qual?"
   note("c", answer and answer.text or "none")
end)
bot:hears("^aquece$", function() end)
bot:on("text", function(ctx) note(ctx.text) end)
]]

---@class spec.People
local People = {}
People.__index = People

--- People in the folder of a fleet, who wait for listen().
---@param f spec.Fleet
---@param chats integer
---@return spec.People
function M.new(f, chats)
   local self = setmetatable({fleet = f}, People)
   f:write("people.lua", PEOPLE)
   self.pid = shell.must(("cd %s; env -i PATH=\"$PATH\" ASAN_OPTIONS=\"$ASAN_OPTIONS\" "
      .. "ZAPIBOT_ADMIN_LISTEN=off %s people.lua %s %d >people.log 2>&1 </dev/null & echo $!")
      :format(shell.quote(f.folder), shell.quote(support.program), fleet.SECRET, chats))
      :gsub("%s+$", "")
   -- Where calls go to.
   self.api = f:wait_for("the people", function()
      local text = fleet.read(f:path "api")
      return text ~= "" and text
   end)
   return self
end

--- Tells them where the webhooks go: they begin.
function People:begin(address) self.fleet:write("address", address) end

--- So many texts come in, which the bot hears and does not note, on connections
-- of their own.
---@param n integer
function People:warm_up(n)
   local f, tasks, next_one = self.fleet, {}, 0
   for i = 1, 32 do
      tasks[i] = zapi.spawn(function()
         while next_one < n do
            next_one = next_one + 1
            local reply = assert(core.http_request {
               method = "POST", url = ("http://%s/webhook/%s"):format(f.address, fleet.SECRET),
               headers = {["Content-Type"] = "application/json", Connection = "close"},
               body = core.json_encode {type = "ReceivedCallback", instanceId = "3C0FFEE1",
                  messageId = ("WARM%07d"):format(next_one), fromMe = false,
                  phone = ("55115550%05d"):format(next_one % 500), text = {message = "aquece"}},
            })
            assert.equal(200, reply.status)
         end
      end)
   end
   for _, task in ipairs(tasks) do task:join() end
end

--- How many requests have been answered.
function People:count()
   return select(2, fleet.read(self.fleet:path "posted"):gsub("\n", ""))
end

-- {m = {chat → list of n}, q = {n → true}, a = …} of what was posted.
local function posted(f)
   local all = {m = {}, q = {}, a = {}, bad = {}, n = 0, slowest = 0}
   for kind, rest, status, took in fleet.read(f:path "posted")
      :gmatch "(%l) ([%d ]+) (%S+) (%S+)\n" do
      all.n = all.n + 1
      all.slowest = math.max(all.slowest, tonumber(took))
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

local function handled(f)
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

--- They say no more; waits until all is answered. What they said was taken, and
--- handled once, each chat's in its order.
---@return table sums {n: requests, slowest: seconds}
function People:check()
   local f, got = self.fleet, nil
   f:write("stop", "")
   f:wait_for("the people's end", function() return io.open(f:path "done") end, 60)
   local sent = posted(f)
   f:wait_for("all events", function()
      got = handled(f)
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
   f:write("end", "")
   return {n = sent.n, slowest = sent.slowest}
end

function People:close()
   shell.run("kill -9 " .. self.pid)
end

return M
