--- many: 1 to 200 automations and 1 to 1,000 instances in one process. Each event is of
--- one instance, so of one automation: what it costs must not depend on the others.
local loads = require "bench.lib.load"
local numbers = require "bench.lib.numbers"
local process = require "bench.lib.process"
local report = require "bench.lib.report"
local stub_server = require "bench.lib.stub"

local M = {}

local LOAD = { size = 676, pipelined = 1, connections = 64 }
-- Automations and instances.
local SIZES = {
   { 1, 1 }, { 1, 100 }, { 1, 1000 }, { 10, 100 }, { 10, 1000 }, { 50, 100 }, { 50, 1000 },
   { 200, 1000 },
}
local FLAT, MEGABYTES = 1.15, 1.5

local function name_of(size) return ("many-%d-%d"):format(size[1], size[2]) end

local function write_plan(file, automations, instances, script)
   local lines = { "return { instances = {" }
   for i = 1, instances do
      lines[#lines + 1] = ('i%d = {id = "%032d", token = "token-of-%06d"},'):format(i, i, i)
   end
   lines[#lines + 1] = "}, automations = {"
   for a = 1, automations do
      local own = {}
      for i = a, instances, automations do own[#own + 1] = ('"i%d"'):format(i) end
      lines[#lines + 1] = ("bot%d = {script = %q, instances = {%s}},"):format(a, script,
         table.concat(own, ", "))
   end
   lines[#lines + 1] = "}}\n"
   local f = assert(io.open(file, "w"))
   f:write(table.concat(lines, "\n"))
   f:close()
end

local function start_server(setup, stub, size)
   local base = setup.tools .. "/" .. name_of(size)
   process.output(("rm -rf '%s' && mkdir -p '%s'"):format(base, base))
   local script = process.output "pwd" .. "/bench/many/bot.lua"
   write_plan(base .. "/plan.lua", size[1], size[2], script)
   return process.start { name = name_of(size), core = 0, folder = setup.tools,
      env = { ZAPI_BASE_URL = stub.url, ZAPIBOT_LISTEN = "127.0.0.1:0",
         ZAPIBOT_ADMIN_LISTEN = "off" },
      command = { setup.build .. "/zapibot", "run", "--data", base .. "/data", "--config",
         base .. "/plan.lua" } }
end

-- All of them at once, each with its memory before the load.
local function start_all(setup, stub)
   local servers, sizes, before = {}, {}, {}
   for i, size in ipairs(SIZES) do
      local name = name_of(size)
      servers[i] = start_server(setup, stub, size)
      os.execute "sleep 0.5" -- what a start throws away is given back
      local resident, own = process.memory(servers[i])
      sizes[name], before[name] = size, { resident = resident, own = own }
   end
   return servers, sizes, before
end

local function show_all(servers, sizes, before, after, rows)
   local lines = {}
   for i, server in ipairs(servers) do
      local name = server.name
      local size, list = sizes[name], rows[name]
      lines[i] = { numbers.show(size[1]), numbers.show(size[2]),
         numbers.spread(list, "cpu"), numbers.spread(list, "events"),
         numbers.show(numbers.median_of(list, "p99")), ("%.1f"):format(before[name].resident),
         ("%.1f"):format(after[name].resident), ("%.2f"):format(before[name].own / size[1]),
         numbers.show(numbers.median_of(list, "refused")),
         numbers.show(numbers.median_of(list, "broken")) }
   end
   return report.table({ "automations", "instances", "CPU µs an event", "events/s",
      "p99 of the 200, ms", "MB resident before", "after", "own MB an automation", "refused",
      "broken" }, lines)
end

local function flat(rows, from, to, what)
   local got = numbers.median_of(rows[name_of(to)], "cpu")
      / numbers.median_of(rows[name_of(from)], "cpu")
   return report.target(got <= FLAT, ("CPU an event, %s: ≤ %.2f × "):format(what, FLAT),
      ("%.2f ×"):format(got))
end

local function targets(rows, before)
   local one, many = before[name_of { 1, 1000 }], before[name_of { 200, 1000 }]
   local each = (many.own - one.own) / 199
   return flat(rows, { 1, 1 }, { 1, 1000 }, "1,000 instances instead of 1")
      .. flat(rows, { 1, 1000 }, { 50, 1000 }, "50 automations instead of 1")
      .. flat(rows, { 1, 1000 }, { 200, 1000 }, "200 automations instead of 1")
      .. report.target(each <= MEGABYTES, ("one more automation ≤ %.1f MB"):format(MEGABYTES),
         ("%.2f MB"):format(each))
end

---@param setup bench.Setup
---@return {title: string, text: string}
function M.run(setup)
   local stub = stub_server.start(setup)
   local servers, sizes, before = start_all(setup, stub)
   local rows = loads.alternate(servers, stub, function(server)
      local load = { name = "many", instances = sizes[server.name][2] }
      for k, v in pairs(LOAD) do load[k] = v end
      return load
   end, setup.rounds, setup.seconds)
   local after = {}
   for _, server in ipairs(servers) do
      after[server.name] = { resident = process.memory(server) }
   end
   process.stop_all()
   return { title = "1 to 200 automations, 1 to 1,000 instances",
      text = show_all(servers, sizes, before, after, rows) .. "\n" .. targets(rows, before) }
end

return M
