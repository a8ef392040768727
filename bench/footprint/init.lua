--- footprint: memory of an idle bot, and how soon it is there, beside the Node peer.
local numbers = require "bench.lib.numbers"
local process = require "bench.lib.process"
local report = require "bench.lib.report"
local stub_server = require "bench.lib.stub"

local M = {}

local STARTS = 7
local IDLE_MS = 1000
local MEGABYTES, SHARE, READY_MS = 14, 0.25, 25

local function start_once(setup, stub, command)
   local got = process.numbers(nil, { setup.tools .. "/probe", "ZAPIBOT_LISTEN", IDLE_MS,
      table.unpack(command) }, { ZAPI_BASE_URL = stub.url, ZAPIBOT_DATA = setup.tools .. "/data",
      ZAPIBOT_ADMIN_LISTEN = "127.0.0.1:0" })
   return { accepting = got[1], answering = got[2], rss = got[3] / 1024, private = got[4] / 1024 }
end

-- The first start of each reads its files into the cache and is not counted.
local function alternate(setup, stub)
   local servers = {
      { "zapibot", { setup.build .. "/zapibot", "examples/echo.lua" } },
      { "node", { "node", "bench/peers/echo.js" } },
   }
   local rows = { zapibot = {}, node = {} }
   for i = 0, STARTS do
      for _, server in ipairs(servers) do
         local row = start_once(setup, stub, server[2])
         if i > 0 then table.insert(rows[server[1]], row) end
         io.stderr:write(("footprint %d %s: %.1f ms, %.1f MB\n"):format(i, server[1],
            row.accepting, row.rss))
      end
   end
   return rows
end

local function line(name, rows)
   local s = function(field) return numbers.spread(rows, field) end
   return { name, s "accepting", s "answering", s "rss", s "private" }
end

local function targets(ours, peer)
   local rss, ready = numbers.median_of(ours, "rss"), numbers.median_of(ours, "accepting")
   local share = rss / numbers.median_of(peer, "rss")
   return report.target(rss < MEGABYTES, ("idle < %d MB resident"):format(MEGABYTES),
         ("%.1f MB"):format(rss))
      .. report.target(share < SHARE, ("< %.2f of Node's"):format(SHARE), ("%.2f"):format(share))
      .. report.target(ready < READY_MS, ("accepts < %d ms after exec"):format(READY_MS),
         ("%.1f ms"):format(ready))
end

---@param setup bench.Setup
---@return {title: string, text: string}
function M.run(setup)
   local stub = stub_server.start(setup)
   local rows = alternate(setup, stub)
   process.stop_all()
   local head = { "server", "accepts after, ms", "first answer after, ms", "resident, MB",
      "of that private, MB" }
   return {
      title = ("an idle bot, %d starts"):format(STARTS),
      text = report.table(head, { line("zapibot examples/echo.lua", rows.zapibot),
         line("Node", rows.node) }) .. "\n" .. targets(rows.zapibot, rows.node),
   }
end

return M
