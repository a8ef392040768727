--- conversation: people who were asked something and have not answered yet. What does
--- each cost in memory, and how soon does who was asked go on?
local numbers = require "bench.lib.numbers"
local process = require "bench.lib.process"
local report = require "bench.lib.report"
local stub_server = require "bench.lib.stub"

local M = {}

local MANY, TEN = 100000, 10000
local MEGABYTES = 40

local function run(setup, stub, data, count, more)
   local env = { ZAPI_BASE_URL = stub.url, ZAPIBOT_LISTEN = "127.0.0.1:0",
      ZAPIBOT_ADMIN_LISTEN = "127.0.0.1:0", CONVERSATIONS = count }
   for name, value in pairs(more or {}) do env[name] = value end
   local got = process.numbers(0, { setup.build .. "/zapibot", "--memory", "2G", "--data", data,
      "bench/conversation/bot.lua" }, env)
   local row = { before = got[1], open = got[2], listening = got[3], resume = got[4], ran = got[5] }
   io.stderr:write(("conversation %d: %.1f MB, on after %.2f ms\n"):format(count, row.open,
      row.resume))
   return row
end

-- What the questions cost, beside the same events and messages without one.
local function beside(row, plain, count)
   row.cost = row.open - plain.open
   row.each = row.cost * 1024 * 1024 / count
   return row
end

local function line(what, count, row)
   return { what, numbers.show(count), ("%.1f"):format(row.before), ("%.1f"):format(row.open),
      row.each and ("%.0f"):format(row.each) or "", ("%.2f"):format(row.resume) }
end

---@param setup bench.Setup
---@return {title: string, text: string}
function M.run(setup)
   local stub = stub_server.start(setup)
   local data = setup.tools .. "/conversation-data"
   local function clean() process.output(("rm -rf '%s'"):format(data)) end
   local function fresh(count, more)
      clean()
      return run(setup, stub, data, count, more)
   end
   local plain = fresh(TEN, { PLAIN = "1" })
   local kept = beside(fresh(TEN, { KEEP = "1" }), plain, TEN)
   local ten = beside(fresh(TEN), plain, TEN)
   local many_plain = fresh(MANY, { PLAIN = "1" })
   local many_kept = beside(fresh(MANY, { KEEP = "1" }), many_plain, MANY)
   local many = beside(fresh(MANY), many_plain, MANY)
   local again = run(setup, stub, data, MANY, { ASKED = "1" })
   clean()
   process.stop_all()
   return {
      title = ("%s conversations wait"):format(numbers.show(MANY)),
      text = report.table({ "", "open questions", "MB resident before", "with them",
         "bytes each", "from an answer to what follows, ms" }, {
         line("no question", TEN, plain), line("all kept as coroutines", TEN, kept),
         line("as it is", TEN, ten), line("no question", MANY, many_plain),
         line("all kept as coroutines", MANY, many_kept), line("as it is", MANY, many),
         line("after a restart", MANY, again),
      }) .. "\n"
         .. report.target(ten.cost < MEGABYTES, ("10,000 cost < %d MB"):format(MEGABYTES),
            ("%.1f MB"):format(ten.cost))
         .. report.target(again.ran == 0, "nothing runs at a start",
            ("%d handlers, listening after %.0f ms"):format(again.ran, again.listening * 1000))
         .. report.target(many_kept.each < 3072, "kept as a coroutine < 3 kB each",
            ("%.1f kB (a bare coroutine that waits as deep: 2.6 to 3.1)"):format(
               many_kept.each / 1024)),
   }
end

return M
