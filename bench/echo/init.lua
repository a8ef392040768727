--- echo: webhook → handler → send-text → done, zapibot beside a Node peer.
local loads = require "bench.lib.load"
local numbers = require "bench.lib.numbers"
local process = require "bench.lib.process"
local report = require "bench.lib.report"
local stub_server = require "bench.lib.stub"

local M = {}

local TARGET = 2.0

-- The three loads: name, bytes of a body, requests written at once.
local LOADS = {
   { name = "676-byte events", key = "plain", size = 676, pipelined = 1 },
   { name = "8 pipelined requests", key = "pipelined", size = 676, pipelined = 8 },
   { name = "100 KB events", key = "large", size = 102400, pipelined = 1 },
}

local function start_servers(setup, stub)
   local env = { ZAPI_BASE_URL = stub.url, ZAPIBOT_LISTEN = "127.0.0.1:0",
      ZAPIBOT_ADMIN_LISTEN = "127.0.0.1:0" }
   local commands = {
      { "zapibot", { setup.build .. "/zapibot", "--data", "memory", "bench/echo/bot.lua" } },
      { "node", { "node", "bench/peers/echo.js" } },
   }
   local servers = {}
   for i, row in ipairs(commands) do
      servers[i] = process.start { name = row[1], core = 0, env = env, folder = setup.tools,
         command = row[2] }
   end
   return servers
end

-- With pipelined requests wrk's own correction spoils its percentiles.
local function line(name, rows, load)
   local s = function(field) return numbers.spread(rows, field) end
   local m = function(field) return numbers.show(numbers.median_of(rows, field)) end
   local timed = load.pipelined == 1
   return { name, s "events", timed and m "p50" or "–", timed and s "p99" or "–", s "cpu",
      m "late", m "refused", m "broken" }
end

local function load_table(load, rows)
   local head = { load.name, "events/s", "p50 of the 200, ms", "p99, ms", "CPU µs an event",
      "done after, s", "refused", "broken" }
   return report.table(head, { line("zapibot", rows.zapibot, load), line("Node", rows.node, load) })
end

local function ratio(rows)
   return numbers.median_of(rows.zapibot, "events") / numbers.median_of(rows.node, "events")
end

-- Stalling shows as a handful of events a second, or as connections that break.
local function stall_target(load, rows)
   local ours = rows.zapibot
   local met = ratio(rows) > 0.5 and math.max(table.unpack(numbers.column(ours, "broken"))) == 0
   return report.target(met, load.name .. " do not stall",
      ("%s events/s, %.2f × Node (met from 0.50)"):format(
         numbers.show(numbers.median_of(ours, "events")), ratio(rows)))
end

local function text(all)
   local out = {}
   for _, load in ipairs(LOADS) do
      out[#out + 1] = load_table(load, all[load.key])
   end
   local r = ratio(all.plain)
   out[#out + 1] = report.target(r >= TARGET, ("echo ≥ %.1f × Node"):format(TARGET),
      ("%.2f × (by CPU time an event: %.2f ×)"):format(r,
         numbers.median_of(all.plain.node, "cpu") / numbers.median_of(all.plain.zapibot, "cpu")))
      .. stall_target(LOADS[2], all.pipelined) .. stall_target(LOADS[3], all.large)
   return table.concat(out, "\n")
end

---@param setup bench.Setup
---@return {title: string, text: string}
function M.run(setup)
   local stub = stub_server.start(setup)
   local servers = start_servers(setup, stub)
   local all = {}
   for _, load in ipairs(LOADS) do
      all[load.key] = loads.alternate(servers, stub, load, setup.rounds, setup.seconds)
   end
   process.stop_all()
   return { title = "webhook → Lua handler → send-text → done", text = text(all) }
end

return M
