--- encode: instructions of one z:send_text outside libcurl and Lua, counted by
--- callgrind. The difference of a long and a short run leaves the start out.
local numbers = require "bench.lib.numbers"
local process = require "bench.lib.process"
local profile = require "bench.encode.profile"
local report = require "bench.lib.report"
local stub_server = require "bench.lib.stub"

local M = {}

local TARGET <const> = 6000
local SHORT <const>, LONG <const> = 256, 1280
local HOTTEST <const> = 12

local function run_once(setup, stub, calls, tasks)
   local file = setup.tools .. "/callgrind.out"
   local got = process.numbers(0, {"valgrind", "--quiet", "--tool=callgrind",
      "--callgrind-out-file=" .. file, setup.build .. "/zapibot", "bench/encode/calls.lua",
      calls, tasks}, {
      ZAPI_BASE_URL = stub.url, ZAPIBOT_DATA = setup.tools .. "/data", LD_BIND_NOW = "1",
   })
   if got[1] ~= calls then
      error(("%d calls were wanted, %d were made"):format(calls, got[1]))
   end
   local read = profile.read(file)
   os.remove(file)
   return read
end

local function measure(setup, stub, tasks)
   local short, long = run_once(setup, stub, SHORT, tasks), run_once(setup, stub, LONG, tasks)
   local each = profile.difference(short, long, LONG - SHORT)
   each.outside = 0
   for group, cost in pairs(each.groups) do
      if group ~= "libcurl" and group ~= "Lua" then
         each.outside = each.outside + cost
      end
   end
   io.stderr:write(("encode %d tasks: %s instructions a call\n"):format(tasks,
      numbers.show(each.outside)))
   return each
end

local function row(name, each)
   local cells = {name, numbers.show(each.outside)}
   for _, group in ipairs {"zapibot", "libuv", "other", "Lua", "libcurl"} do
      cells[#cells + 1] = numbers.show(each.groups[group] or 0)
   end
   return cells
end

local function hottest(each)
   local list, rows = {}, {}
   for name, cost in pairs(each.functions) do
      list[#list + 1] = {name = name:gsub("'%d+$", ""), cost = cost}
   end
   table.sort(list, function(a, b) return a.cost > b.cost end)
   for i = 1, math.min(HOTTEST, #list) do
      rows[i] = {"`" .. list[i].name .. "`", numbers.show(list[i].cost)}
   end
   return rows
end

---@param setup bench.Setup
---@return {title: string, text: string}
function M.run(setup)
   local stub = stub_server.start(setup)
   local one, many = measure(setup, stub, 1), measure(setup, stub, 64)
   process.stop_all()
   return {
      title = "instructions of one z:send_text outside libcurl and Lua",
      text = report.table({"tasks", "outside", "of that zapibot", "libuv", "other", "Lua",
         "libcurl"}, {row("1", one), row("64", many)}) .. "\n"
         .. report.table({"hottest of zapibot, 1 task", "instructions"}, hottest(one)) .. "\n"
         .. report.target(one.outside < TARGET, ("< %d instructions, 1 task"):format(TARGET),
            numbers.show(one.outside))
         .. report.target(many.outside < TARGET, ("< %d instructions, 64 tasks"):format(TARGET),
            numbers.show(many.outside)),
   }
end

return M
