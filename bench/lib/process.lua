--- Processes for the benchmarks: started pinned to a core, watched through /proc,
-- always ended.
local M = {}

-- What the product and its peers are told; the stub believes everything.
local CREDENTIALS = {
   ZAPI_INSTANCE_ID = "3C0FFEE0000000000000000000000001",
   ZAPI_TOKEN = "B0B0B0B0B0B0B0B0B0B0B0B0",
   ZAPI_CLIENT_TOKEN = "F00DF00DF00DF00DF00DF00DF00DF00DS",
   ZAPIBOT_WEBHOOK_SECRET = "bench-secret-0123456789",
   NODE_ENV = "production",
}
M.webhook_path = "/webhook/" .. CREDENTIALS.ZAPIBOT_WEBHOOK_SECRET

---@class bench.Process
---@field name string
---@field pid integer
---@field folder string where its log is
---@field log string file with what it wrote
---@field address? string where it listens
local running = {}

local function quote(word)
   return "'" .. tostring(word):gsub("'", "'\\''") .. "'"
end

local function quote_all(words)
   local list = {}
   for i, word in ipairs(words) do list[i] = quote(word) end
   return table.concat(list, " ")
end

local function environment(more)
   local list = {}
   for _, set in ipairs { CREDENTIALS, more or {} } do
      for name, value in pairs(set) do list[#list + 1] = quote(name .. "=" .. value) end
   end
   table.sort(list)
   return "env " .. table.concat(list, " ")
end

local function read_file(name)
   local f = io.open(name, "r")
   if not f then return nil end
   local text = f:read "a"
   f:close()
   return text
end

--- Output of a command, its first line or all of it; throws when it fails.
function M.output(command, all)
   local f = assert(io.popen(command, "r"))
   local text = f:read "a"
   if not f:close() then
      error(("%s failed:\n%s"):format(command, text), 2)
   end
   return all and text or text:match "[^\n]*"
end

local function stat(pid)
   local text = read_file(("/proc/%d/stat"):format(pid))
   if not text then return nil end
   local fields = {}
   for field in text:match("^.*%) (.*)$"):gmatch "%S+" do fields[#fields + 1] = field end
   if fields[1] == "Z" then return nil end
   return fields
end

local ticks = tonumber(M.output "getconf CLK_TCK")

--- Seconds of CPU that the process has used so far, all threads.
---@param p bench.Process
---@return number
function M.cpu(p)
   local fields = assert(stat(p.pid), p.name .. " has ended, see " .. p.log)
   return (fields[12] + fields[13]) / ticks
end

--- What it holds now, in MB: resident, and of that what is its own.
---@param p bench.Process
---@return number, number
function M.memory(p)
   local text = read_file(("/proc/%d/smaps_rollup"):format(p.pid)) or ""
   local own = tonumber(text:match "Private_Clean:%s+(%d+)")
      + tonumber(text:match "Private_Dirty:%s+(%d+)")
   return tonumber(text:match "Rss:%s+(%d+)") / 1024, own / 1024
end

--- The most memory that the process has held so far, in MB.
---@param p bench.Process
---@return number
function M.peak(p)
   local text = read_file(("/proc/%d/status"):format(p.pid)) or ""
   return tonumber(text:match "VmHWM:%s+(%d+)") / 1024
end

local function nap()
   os.execute "sleep 0.02"
end

-- The pids of what runs, for bench/run, in case that this process is killed.
local function note(folder)
   local f = assert(io.open(folder .. "/pids", "w"))
   for _, p in ipairs(running) do f:write(p.pid, "\n") end
   f:close()
end

local function wait_listening(p)
   for _ = 1, 500 do
      local text = read_file(p.log) or ""
      -- Not that of /metrics, which may come first.
      p.address = text:gsub("[^\n]*%(admin%)", ""):match "listening (127%.0%.0%.1:%d+)"
      if p.address then return end
      if not stat(p.pid) then break end
      nap()
   end
   error(("%s does not listen:\n%s"):format(p.name, read_file(p.log) or ""))
end

local function pinned(core, env, command)
   return ("taskset -c %d %s %s"):format(core, environment(env), quote_all(command))
end

--- Starts a server on one core and waits until it listens.
---@param options {name: string, core: integer, command: string[], env?: table, folder: string}
---@return bench.Process
function M.start(options)
   local folder = options.folder
   local p = { name = options.name, folder = folder, log = folder .. "/" .. options.name .. ".log" }
   local line = ("exec %s </dev/null >%s 2>&1 & echo $!"):format(
      pinned(options.core, options.env, options.command), quote(p.log))
   p.pid = math.tointeger(tonumber(M.output(line)))
   running[#running + 1] = p
   note(folder)
   wait_listening(p)
   return p
end

local function await_end(p)
   for _ = 1, 750 do
      if not stat(p.pid) then return true end
      nap()
   end
   return false
end

local function forget(p)
   for i, other in ipairs(running) do
      if other == p then table.remove(running, i) end
   end
   note(p.folder)
end

--- Ends a server as a crash would.
---@param p bench.Process
function M.kill(p)
   forget(p)
   os.execute(("kill -KILL %d"):format(p.pid))
   await_end(p)
end

--- Ends a server: asks, and after 15 s insists.
---@param p bench.Process
function M.stop(p)
   forget(p)
   if not stat(p.pid) then return end
   os.execute(("kill -TERM %d"):format(p.pid))
   if not await_end(p) then
      io.stderr:write(p.name, " did not end when asked to\n")
      os.execute(("kill -KILL %d"):format(p.pid))
   end
end

function M.stop_all()
   while running[1] do M.stop(running[#running]) end
end

--- Runs a command on a core and returns the numbers of its line `BENCH n n …`.
---@param core integer|nil nil: any core
---@param command string[]
---@param env? table<string, string>
---@return number[]
function M.numbers(core, command, env)
   local line = core and pinned(core, env, command)
      or environment(env) .. " " .. quote_all(command)
   local text = M.output(line .. " 2>&1", true)
   local found = text:match "BENCH ([^\n]+)"
   if not found then error("no result:\n" .. text, 2) end
   local list = {}
   for n in found:gmatch "%S+" do list[#list + 1] = assert(tonumber(n)) end
   return list
end

return M
