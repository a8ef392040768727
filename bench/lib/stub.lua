--- The stub that stands for Z-API (bench/stub.c) and what it has counted.
local process = require "bench.lib.process"

local M = {}

---@class bench.Stub: bench.Process
---@field url string base URL for ZAPI_BASE_URL
local Stub = {}
Stub.__index = Stub

---@param setup bench.Setup
---@return bench.Stub
function M.start(setup)
   local p = process.start {
      name = "stub", core = 1, folder = setup.tools, command = { setup.tools .. "/stub" },
   }
   p.url = "http://" .. p.address
   return setmetatable(p, Stub)
end

local function get(self, path)
   return process.output(("curl -sS -m 10 '%s%s'"):format(self.url, path))
end

function Stub:reset()
   get(self, "/reset")
end

---@return {calls: integer, other: integer, bytes: integer, seconds: number, disorder: integer}
function Stub:stats()
   local calls, other, bytes, first, last, disorder =
      get(self, "/stats"):match "^(%d+) (%d+) (%d+) (%d+) (%d+) (%d+)"
   return {
      calls = math.tointeger(calls),
      other = math.tointeger(other),
      bytes = math.tointeger(bytes),
      disorder = math.tointeger(disorder),
      seconds = (math.tointeger(last) - math.tointeger(first)) / 1e9,
   }
end

--- Waits until the accepted events have led to their calls and no more come. What was
-- on its way when the load ended is accepted though wrk did not see its answer: up to
-- one event a connection more than it counted, so a loss of fewer goes unseen here.
---@param accepted integer
---@param who string
function Stub:drain(accepted, who)
   local before, quiet = -1, 0
   for _ = 1, 600 do
      local now = self:stats()
      quiet = now.calls == before and quiet + 1 or 0
      before = now.calls
      if now.calls >= accepted and quiet >= 2 then return now end
      if quiet >= 100 then break end
      os.execute "sleep 0.1"
   end
   error(("%s: %d events were accepted, %d calls were made"):format(who, accepted, before))
end

return M
