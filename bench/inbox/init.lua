--- inbox: webhook → durable → 200 → handler → send-text → done, on one core, beside
--- the same without durability and beside Node with better-sqlite3; once more with
--- a disk whose syncs take a millisecond longer.
local loads = require "bench.lib.load"
local numbers = require "bench.lib.numbers"
local process = require "bench.lib.process"
local report = require "bench.lib.report"
local stub_server = require "bench.lib.stub"

local M = {}

local LOAD = { size = 676, pipelined = 1, connections = 64 }
local DISKS = {
   { key = "here", name = "this disk", us = 0 },
   { key = "slow", name = "a disk with 1 ms more a sync", us = 1000 },
}
local OF_MEMORY, OF_GROUP, OF_REQUEST, P99_MS = 0.70, 1.7, 10, 8

local NAMES = {
   { "durable", "zapibot, durable" },
   { "memory", "zapibot `--data memory`" },
   { "group", "Node, group commit" },
   { "request", "Node, a transaction a request" },
}

local function fresh_folder(setup, name)
   local folder = setup.tools .. "/inbox-" .. name
   process.output(("rm -rf '%s' && mkdir -p '%s'"):format(folder, folder))
   return folder
end

local function start_servers(setup, stub, disk)
   local function zapibot(data)
      return { setup.build .. "/zapibot", "--data", data, "bench/inbox/bot.lua" }
   end
   local node = { "node", "bench/peers/inbox.js" }
   local folder = fresh_folder(setup, disk.key)
   local rows = {
      { "durable", zapibot(folder .. "/zapibot") },
      { "memory", zapibot "memory" },
      { "group", node, { PEER_DATA = folder .. "/group.db", PEER_COMMIT = "group" } },
      { "request", node, { PEER_DATA = folder .. "/request.db", PEER_COMMIT = "request" } },
   }
   local servers = {}
   for i, row in ipairs(rows) do
      local env = row[3] or {}
      env.ZAPI_BASE_URL, env.ZAPIBOT_LISTEN = stub.url, "127.0.0.1:0"
      env.ZAPIBOT_ADMIN_LISTEN = "127.0.0.1:0"
      if disk.us > 0 then
         env.LD_PRELOAD, env.SLOW_US = setup.tools .. "/slow.so", tostring(disk.us)
      end
      servers[i] = process.start { name = row[1], core = 0, env = env, folder = setup.tools,
         command = row[2] }
   end
   return servers
end

local function disk_table(disk, rows)
   local head = { disk.name, "events/s", "of durable", "p50 of the 200, ms", "p99, ms",
      "CPU µs an event", "done after, s", "refused", "broken" }
   local whole = numbers.median_of(rows.durable, "events")
   local lines = {}
   for i, name in ipairs(NAMES) do
      local list = rows[name[1]]
      local m = function(field) return numbers.show(numbers.median_of(list, field)) end
      lines[i] = { name[2], numbers.spread(list, "events"),
         numbers.show(numbers.median_of(list, "events") / whole), m "p50",
         numbers.spread(list, "p99"), numbers.spread(list, "cpu"), m "late", m "refused",
         m "broken" }
   end
   return report.table(head, lines)
end

local function ratio(rows, to, field)
   local ours, theirs = numbers.median_of(rows.durable, field), numbers.median_of(rows[to], field)
   return field == "cpu" and theirs / ours or ours / theirs
end

local function ratio_target(disk, rows, to, least, what)
   local got = ratio(rows, to, "events")
   return report.target(got >= least, ("%s: ≥ %.2f of %s"):format(disk.name, least, what),
      ("%.2f (by CPU time an event: %.2f)"):format(got, ratio(rows, to, "cpu")))
end

local function targets(disk, rows)
   local p99 = numbers.median_of(rows.durable, "p99")
   return ratio_target(disk, rows, "memory", OF_MEMORY, "the same without durability")
      .. ratio_target(disk, rows, "group", OF_GROUP, "Node with group commit")
      .. ratio_target(disk, rows, "request", OF_REQUEST, "Node with a transaction a request")
      .. report.target(p99 < P99_MS,
         ("%s: p99 of the 200 < %d ms at %d connections"):format(disk.name, P99_MS,
            LOAD.connections), ("%.2f ms"):format(p99))
end

---@param setup bench.Setup
---@return {title: string, text: string}
function M.run(setup)
   local text, verdicts = {}, {}
   for _, disk in ipairs(DISKS) do
      local stub = stub_server.start(setup)
      local servers = start_servers(setup, stub, disk)
      local load = { name = disk.name }
      for k, v in pairs(LOAD) do load[k] = v end
      local rows = loads.alternate(servers, stub, load, setup.rounds, setup.seconds)
      process.stop_all()
      text[#text + 1] = disk_table(disk, rows)
      verdicts[#verdicts + 1] = targets(disk, rows)
   end
   text[#text + 1] = table.concat(verdicts)
   return { title = "webhook → durable → 200 → handler → send-text → done",
      text = table.concat(text, "\n") }
end

return M
