--- http: calls a second of zapibot's client beside a bare libcurl loop.
local numbers = require "bench.lib.numbers"
local process = require "bench.lib.process"
local report = require "bench.lib.report"
local stub_server = require "bench.lib.stub"

local M = {}

local TARGET = 0.90

local function round(command, stub, seconds)
   stub:reset()
   command[#command + 1] = seconds
   local got = process.numbers(0, command, { ZAPI_BASE_URL = stub.url })
   local counted = stub:stats()
   if counted.calls ~= got[1] or counted.other > 0 then
      error(("%s says %d calls, the stub saw %d"):format(command[1], got[1], counted.calls))
   end
   return { calls = got[1] / got[2], cpu = got[3] / got[1] * 1e6,
      bytes = counted.bytes / counted.calls }
end

local function clients(setup)
   return {
      { name = "zapibot", make = function()
         return { setup.build .. "/zapibot", "bench/http/calls.lua" }
      end },
      { name = "bare", make = function() return { setup.tools .. "/bare" } end },
   }
end

local function alternate(setup, stub)
   local rows = { zapibot = {}, bare = {} }
   for i = 0, setup.rounds do
      for _, client in ipairs(clients(setup)) do
         local row = round(client.make(), stub, i == 0 and 1 or setup.seconds)
         if i > 0 then table.insert(rows[client.name], row) end
         io.stderr:write(("http %s %s: %s calls/s, %.1f µs\n"):format(
            i > 0 and i or "(warm-up)", client.name, numbers.show(row.calls), row.cpu))
      end
   end
   return rows
end

local function line(name, rows)
   return { name, numbers.spread(rows, "calls"), numbers.spread(rows, "cpu"),
      numbers.show(numbers.median_of(rows, "bytes")) }
end

---@param setup bench.Setup
---@return {title: string, text: string}
function M.run(setup)
   local stub = stub_server.start(setup)
   local rows = alternate(setup, stub)
   process.stop_all()
   local calls = numbers.median_of(rows.zapibot, "calls") / numbers.median_of(rows.bare, "calls")
   local cpu = numbers.median_of(rows.bare, "cpu") / numbers.median_of(rows.zapibot, "cpu")
   return {
      title = "z:send_text from 64 tasks beside a bare libcurl loop",
      text = report.table({ "client", "calls/s", "CPU µs a call", "bytes of a body" },
            { line("zapibot", rows.zapibot), line("curl_multi_poll in C", rows.bare) })
         .. "\n" .. report.target(calls >= TARGET,
            ("calls/s ≥ %.2f of bare libcurl"):format(TARGET),
            ("%.2f (by CPU time: %.2f)"):format(calls, cpu)),
   }
end

return M
