--- Loads a server with webhooks, round after round, and waits until all is done.
local numbers = require "bench.lib.numbers"
local process = require "bench.lib.process"

local M = {}

local FIXTURE = "spec/fixtures/webhooks/received_text.json"

---@class bench.Load
---@field name string
---@field size integer bytes of a body
---@field pipelined integer requests written at once
---@field connections? integer 64
---@field instances? integer events of so many instances; 0: of that of the sample

local runs = 0

-- Every run has message ids of its own, and later ones than those before: a repeated one
-- would be dropped as a duplicate.
local function tag()
   runs = runs + 1
   return ("%08X"):format((os.time() << 12 | runs) & 0xffffffff)
end

---@param server bench.Process
---@param load bench.Load
---@param seconds integer
function M.post(server, load, seconds)
   local got = process.numbers(1, { "wrk", "-t1", "-c" .. (load.connections or 64),
      "-d" .. seconds .. "s", "--latency", "-s", "bench/lib/post.lua",
      "http://" .. server.address .. process.webhook_path, "--",
      FIXTURE, tag(), load.size, load.pipelined, load.instances or 0 })
   return { requests = got[1], refused = got[2], broken = got[3], seconds = got[4],
      p50 = got[5], p99 = got[6] }
end

-- One round: load, then wait until what was accepted is done.
local function round(server, stub, load, seconds)
   stub:reset()
   local cpu = process.cpu(server)
   local seen = M.post(server, load, seconds)
   local accepted = seen.requests - seen.refused
   local counted = stub:drain(accepted, server.name)
   if counted.other > 0 then error(server.name .. " made calls that are not send-text") end
   return {
      events = counted.calls / counted.seconds,
      answers = accepted / seen.seconds,
      p50 = seen.p50,
      p99 = seen.p99,
      cpu = (process.cpu(server) - cpu) / counted.calls * 1e6,
      late = counted.seconds - seen.seconds,
      refused = seen.refused,
      broken = seen.broken,
      bytes = counted.bytes / counted.calls,
   }
end

--- A B A B …; the first round warms up and is not counted. Rows by name of server.
---@param servers bench.Process[]
---@param load bench.Load|fun(server: bench.Process): bench.Load
---@return table<string, table[]>
function M.alternate(servers, stub, load, rounds, seconds)
   local rows = {}
   for i = 0, rounds do
      for _, server in ipairs(servers) do
         local given = type(load) == "function" and load(server) or load
         local row = round(server, stub, given, i == 0 and 1 or seconds)
         if i > 0 then
            rows[server.name] = rows[server.name] or {}
            table.insert(rows[server.name], row)
         end
         io.stderr:write(("%s %s %s: %s events/s, p99 %.2f ms, %.1f µs\n"):format(given.name,
            i > 0 and i or "(warm-up)", server.name, numbers.show(row.events), row.p99, row.cpu))
      end
   end
   return rows
end

return M
