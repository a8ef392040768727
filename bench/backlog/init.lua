--- backlog: 200,000 events wait when the process starts. How soon is it there, how much
--- memory does it hold, and are all answered in the order of their chats?
local loads = require "bench.lib.load"
local numbers = require "bench.lib.numbers"
local process = require "bench.lib.process"
local report = require "bench.lib.report"
local stub_server = require "bench.lib.stub"

local M = {}

local EVENTS, STARTS = 200000, 5
local READY_S, MEGABYTES = 2, 100
local LOAD = { name = "fill", size = 676, pipelined = 1, connections = 64 }

local function environment(stub, more)
   local env = { ZAPI_BASE_URL = stub.url, ZAPIBOT_LISTEN = "127.0.0.1:0",
      ZAPIBOT_ADMIN_LISTEN = "127.0.0.1:0" }
   for name, value in pairs(more or {}) do env[name] = value end
   return env
end

local function start(setup, stub, data, env)
   return process.start { name = "backlog", core = 0, folder = setup.tools,
      env = environment(stub, env),
      command = { setup.build .. "/zapibot", "--data", data, "bench/backlog/bot.lua" } }
end

-- How many wait: what was on its way when wrk ended is stored, too.
local function waiting(setup, data)
   local text = process.output(("'%s/zapibot' inbox stats --data '%s' --json"):format(
      setup.build, data))
   return math.tointeger(tonumber(text:match '"waiting":(%d+)'))
end

-- Webhooks to a bot that does not get on, and then the plug is pulled.
local function fill(setup, stub, data)
   local server = start(setup, stub, data, { BACKLOG_HOLD = "1" })
   local accepted = 0
   while accepted < EVENTS do
      local seen = loads.post(server, LOAD, 1)
      accepted = accepted + seen.requests - seen.refused
      io.stderr:write(("backlog: %d accepted\n"):format(accepted))
   end
   process.kill(server)
   local stored = waiting(setup, data)
   if stored < accepted then
      error(("%d events were accepted, and %d are there"):format(accepted, stored))
   end
   return stored
end

local function probe(setup, stub, data)
   local got = process.numbers(0, { setup.tools .. "/probe", "ZAPIBOT_LISTEN", 0,
      setup.build .. "/zapibot", "--data", data, "bench/backlog/bot.lua" }, environment(stub))
   return { ready = got[2] / 1000, rss = got[3] / 1024 }
end

local function drain(setup, stub, data, accepted)
   local server = start(setup, stub, data)
   local done = stub:drain(accepted, "backlog")
   local peak = process.peak(server)
   process.stop(server)
   return done, peak
end

---@param setup bench.Setup
---@return {title: string, text: string}
function M.run(setup)
   local stub = stub_server.start(setup)
   local data = setup.tools .. "/backlog-data"
   process.output(("rm -rf '%s'"):format(data))
   stub:reset()
   local accepted = fill(setup, stub, data)
   local rows = {}
   for i = 1, STARTS do
      rows[i] = probe(setup, stub, data)
      io.stderr:write(("backlog start %d: %.3f s, %.1f MB\n"):format(i, rows[i].ready, rows[i].rss))
   end
   local done, peak = drain(setup, stub, data, accepted)
   process.stop_all()
   process.output(("rm -rf '%s'"):format(data))
   local ready = numbers.median_of(rows, "ready")
   local head = { "waiting at the first start", "answers after, s", "resident then, MB",
      "most while draining, MB", "calls", "out of order" }
   return {
      title = ("%s events wait at the start"):format(numbers.show(accepted)),
      text = report.table(head, { { numbers.show(accepted), numbers.spread(rows, "ready"),
         numbers.spread(rows, "rss"), numbers.show(peak), tostring(done.calls),
         tostring(done.disorder) } }) .. "\n"
         .. report.target(ready < READY_S, ("ready < %d s"):format(READY_S),
            ("%.2f s"):format(ready))
         .. report.target(peak < MEGABYTES, ("< %d MB resident, to the end"):format(MEGABYTES),
            ("%.1f MB"):format(peak))
         .. report.target(done.disorder == 0 and done.calls == accepted,
            "drained in order, each once", ("%d calls for %d events, %d out of order"):format(
               done.calls, accepted, done.disorder)),
   }
end

return M
