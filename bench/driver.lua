-- bench/driver.lua BUILD TOOLS RESULTS ROUNDS SECONDS PART…: runs the parts and writes
-- the results. Called by bench/run in the root of the checkout, with everything built.
package.path = "./?.lua;./?/init.lua;" .. package.path

local process = require "bench.lib.process"
local report = require "bench.lib.report"

---@class bench.Setup what every part is given
---@field build string folder with the zapibot that is measured
---@field tools string folder with stub, bare and probe; logs go there too
---@field rounds integer
---@field seconds integer
local setup = {
   build = arg[1],
   tools = arg[2],
   rounds = math.tointeger(tonumber(arg[4])),
   seconds = math.tointeger(tonumber(arg[5])),
}
local results = arg[3]
local parts = { table.unpack(arg, 6) }

local function measure()
   report.begin(setup)
   local sections = {}
   for _, name in ipairs(parts) do
      sections[name] = require("bench." .. name).run(setup)
   end
   return sections
end

local ok, sections = xpcall(measure, debug.traceback)
process.stop_all()
if not ok then
   io.stderr:write("bench: ", sections, "\n")
   os.exit(1)
end
report.write(results, setup, sections)
io.stderr:write("written to ", results, "\n")
