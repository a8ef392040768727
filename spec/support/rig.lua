--- A bot in a process of its own that may be killed, between the two sides of a
--- Z-API that survives (rig.js, a Node process, told here what to do: every
--- command waits for its end). For the specs of crashes and faults.
local core = require "zapi.core"
local shell = require "spec.support.shell"

local M = {}

local function absolute(path)
   return path:sub(1, 1) == "/" and path or shell.must("pwd"):gsub("%s+$", "") .. "/" .. path
end

local ZAPIBOT = absolute((os.getenv "ZAPI_BUILD" or "build/dev") .. "/zapibot")

--- Answers every text with itself; no guard slows it down.
M.ECHO = [[
local bot = require("zapi.bot").new {limits = {replies_per_chat = false, cold_per_hour = false}}
bot:on("text", function(ctx) ctx:reply(ctx.text) end)
bot:run()
]]

---@class spec.Rig
---@field folder string of its own; the bot is bot.lua, its data in data/
local Rig = {}

-- rig:crash{…} is {"do": "crash", …}.
Rig.__index = function(self, name)
   return Rig[name] or function(_, options)
      local command = {}
      for k, v in pairs(options or {}) do command[k] = v end
      command["do"] = name
      self.stdin:write(core.json_encode(command), "\n")
      self.stdin:flush()
      local line = self.stdout:read "l"
      if not line then error("the rig has ended at '" .. name .. "'", 2) end
      local result = assert(core.json_decode(line))
      if type(result) == "table" and result.error then error(name .. ": " .. result.error, 2) end
      return result
   end
end

--- A rig and a folder with the bot, not started.
---@param options? {script?: string, data?: string}
---@return spec.Rig
function M.new(options)
   options = options or {}
   local folder, remove = shell.folder()
   local self = setmetatable({folder = folder, data = options.data or folder .. "/data"}, Rig)
   self.remove = remove
   shell.write(folder .. "/bot.lua", options.script or M.ECHO)
   local fifo = folder .. "/fifo"
   shell.must("mkfifo " .. shell.quote(fifo))
   self.stdin = assert(io.popen(("exec node %s >%s"):format(
      shell.quote(absolute "spec/support/rig.js"), shell.quote(fifo)), "w"))
   self.stdout = assert(io.open(fifo, "r"))
   return self
end

--- Starts the bot and waits until it listens; what it took.
---@param options? {env?: table, prefix?: string[], wait?: boolean, seconds?: number}
function Rig:up(options)
   options = options or {}
   local argv = table.move(options.prefix or {}, 1, #(options.prefix or {}), 1, {})
   for _, word in ipairs {ZAPIBOT, "--data", self.data, "run", "bot.lua"} do
      argv[#argv + 1] = word
   end
   self:start {argv = argv, cwd = self.folder, env = options.env or {PATH = os.getenv "PATH"}}
   if options.wait == false then return nil end
   return self:ready {seconds = options.seconds}
end

--- Another bot.lua for the next start.
function Rig:script(text)
   shell.write(self.folder .. "/bot.lua", text)
end

--- A command that looks after the data folder ("inbox list --state dead"): its
--- JSON; throws when it fails.
---@param arguments string
---@return table
function Rig:look(arguments)
   local err = self.folder .. "/tool.err"
   local code, out = shell.run(("cd %s && timeout 60 %s %s --data %s --json 2>%s"):format(
      shell.quote(self.folder), shell.quote(ZAPIBOT), arguments, shell.quote(self.data),
      shell.quote(err)))
   if code ~= 0 then
      local file = assert(io.open(err))
      local errors = file:read "a"
      file:close()
      error(("zapibot %s ended with %s:\n%s%s"):format(arguments, code, out, errors), 2)
   end
   return assert(core.json_decode(out))
end

--- Sends in a state, newest first.
function Rig:sends(state)
   return self:look("outbox list --limit 1000000 --state " .. state).sends
end

--- Numbers of sends by state.
function Rig:states()
   return self:look "outbox stats".sends
end

--- Dead letters.
function Rig:dead()
   return self:look "inbox list --limit 1000000 --state dead".events
end

--- Deliveries that are not done and not dead (what runs is one of them).
---@return integer
function Rig:undone()
   local n = 0
   for _, row in ipairs(self:look "inbox stats".automations) do
      n = n + row.waiting + row.later + row.parked
   end
   return n
end

--- Waits until all that was accepted is handled or dead.
function Rig:drained(seconds)
   M.await("everything is handled", function() return self:undone() == 0 end, seconds)
end

--- What is wrong with the calls that Z-API saw, one line each: a text sent
--- twice, a chat out of order. Texts are the number of their event, and a letter
--- when an event has several; those with a capital come from the outbox, which has
--- an order of its own.
---@return string[]
function Rig:disorder()
   local wrong, times, newest = {}, {}, {}
   for _, call in ipairs(self:calls()) do
      local phone, text = call[1], call[2]
      local digits, letter = text:match "^(%d+)(%a?)$"
      times[text] = (times[text] or 0) + 1
      if times[text] > 1 then
         wrong[#wrong + 1] = ("%s was sent %d times"):format(text, times[text])
      elseif digits then
         local line = phone .. (letter:match "%u" or "")
         local place = ("%09d%s"):format(digits, letter)
         if place < (newest[line] or "") then
            wrong[#wrong + 1] = ("chat %s: %s after %s"):format(line, place, newest[line])
         end
         newest[line] = place
      end
   end
   return wrong
end

--- Of the events 1 … last those that were neither sent nor are shown to a person, as
--- a send whose outcome is unknown or as a dead letter.
---@param last integer
---@return integer[]
function Rig:lost(last)
   local list, found = {}, {}
   local function find(text) found[math.tointeger(tonumber(text:match "^%d+"))] = true end
   for _, call in ipairs(self:calls()) do find(call[2]) end
   for n in pairs(self:dead_events()) do found[n] = true end
   for text in pairs(self:unknown_texts()) do find(text) end
   for n = 1, last do
      if not found[n] then list[#list + 1] = n end
   end
   return list
end

--- Numbers of the events that are dead letters, as keys.
---@return table<integer, true>
function Rig:dead_events()
   local set = {}
   for _, row in ipairs(self:dead()) do
      set[math.tointeger(tonumber(row.message_id:match "^EV(%d+)$"))] = true
   end
   return set
end

--- Texts of the sends whose outcome is unknown, as keys; and how many.
---@return table<string, true>, integer
function Rig:unknown_texts()
   local set, n = {}, 0
   local rows = self:rows "SELECT args ->> '$.message' AS text FROM send WHERE state = 8"
   for _, row in ipairs(rows) do
      set[row.text], n = true, n + 1
   end
   assert(n == self:states().unknown, "state 8 is unknown no more")
   return set, n
end

--- Rows of the database, read beside a running bot; each a table by column.
---@param sql string
---@return table[]
function Rig:rows(sql)
   local out = shell.must(("sqlite3 -readonly -json -cmd '.timeout 5000' %s %s"):format(
      shell.quote(self.data .. "/zapibot.db"), shell.quote(sql)))
   return out:find "%S" and assert(core.json_decode(out)) or {}
end

--- Waits until fn gives something true, and gives it; throws after `seconds`.
---@generic T
---@param what string
---@param fn fun(): T
---@param seconds? number
---@return T
function M.await(what, fn, seconds)
   local limit = os.time() + (seconds or 30)
   local value = fn()
   while not value do
      if os.time() > limit then error(what .. ": not in time", 2) end
      os.execute "sleep 0.03"
      value = fn()
   end
   return value
end

function Rig:close()
   self.stdin:close()
   self.stdout:close()
   self.remove()
end

return M
