--- reload: a script of 3,000 lines is loaded anew by SIGHUP while events come. How soon
--- does the new generation handle its first one, and how long does a webhook wait for
--- its 200 meanwhile?
local numbers = require "bench.lib.numbers"
local process = require "bench.lib.process"
local report = require "bench.lib.report"
local stub_server = require "bench.lib.stub"

local M = {}

local LINES, RELOADS = 3000, 40
local FIRST_MS, PAUSE_MS = 10, 5

local HEAD = [[
-- Made by bench/reload. The first event of each generation is noted, with its time.
local zapi = require "zapi"
local bot = require("zapi.bot").new {
   client = zapi.client {}, limits = { replies_per_chat = false, cold_per_hour = false },
}
local menu, orders = {}, {}
local fresh = true
]]

-- As people write them: a function that looks at some things and answers.
local PART = [[

-- The part number NN of the menu.
function menu.partNN(ctx)
   local chosen = tonumber(ctx.text:match "^%s*(%d+)%s*$")
   if not chosen then
      return ctx:reply("Não entendi. Escolha um número da parte NN.")
   end
   local order = orders[ctx.chat] or { items = {}, total = 0 }
   orders[ctx.chat] = order
   for _, item in ipairs { { name = "café", price = NN.5 }, { name = "pão", price = NN } } do
      if #order.items < chosen then
         order.items[#order.items + 1] = item.name
         order.total = order.total + item.price
      end
   end
   local names = table.concat(order.items, ", ")
   ctx:reply(("Seu pedido: %s. Total: R$ %.2f"):format(names, order.total))
end
bot:command("parteNN", menu.partNN)
]]

local TAIL = [[

bot:on("text", function(ctx)
   if fresh then
      fresh = false
      local f <close> = assert(io.open(os.getenv "RELOAD_NOTES", "a"))
      f:write(("%.6f\n"):format(zapi.now()))
   end
   ctx:reply(ctx.text)
end)

bot:run()
]]

local function lines_of(text)
   return select(2, text:gsub("\n", ""))
end

-- Each twentieth part is a command too.
local function script()
   local parts, count, i = { HEAD }, lines_of(HEAD) + lines_of(TAIL), 0
   while count < LINES do
      i = i + 1
      local text = PART:gsub("NN", tostring(i))
      if i % 20 ~= 0 then text = text:gsub("bot:command[^\n]*\n", "") end
      parts[#parts + 1] = text
      count = count + lines_of(text)
   end
   parts[#parts + 1] = TAIL
   return table.concat(parts), count
end

local function show(ms) return ("%.2f"):format(ms) end

---@param setup bench.Setup
---@return {title: string, text: string}
function M.run(setup)
   local folder = setup.tools .. "/reload"
   process.output(("rm -rf '%s' && mkdir -p '%s'"):format(folder, folder))
   local text, count = script()
   local f <close> = assert(io.open(folder .. "/bot.lua", "w"))
   assert(f:write(text) and f:flush())
   local stub = stub_server.start(setup)
   local server = process.start { name = "reload", core = 0, folder = setup.tools,
      env = { ZAPI_BASE_URL = stub.url, ZAPIBOT_LISTEN = "127.0.0.1:0",
         ZAPIBOT_ADMIN_LISTEN = "off", RELOAD_NOTES = folder .. "/notes" },
      command = { setup.build .. "/zapibot", "--data", folder .. "/data", folder .. "/bot.lua" } }
   local got = process.numbers(1, { setup.build .. "/zapibot", "--data", "memory",
      "bench/reload/drive.lua" }, { TARGET = "http://" .. server.address .. process.webhook_path,
      RELOAD_NOTES = folder .. "/notes", RELOAD_PID = server.pid, RELOADS = RELOADS,
      ZAPIBOT_ADMIN_LISTEN = "off" })
   process.stop_all()
   local first, last, p99, usual, usual_most, longest, most, posted = table.unpack(got)
   return {
      title = ("%s lines by SIGHUP, %d times, while events come"):format(numbers.show(count),
         RELOADS),
      text = report.table({ "first event of the new generation, ms", "p99 of the 200, ms",
         "longest in 0.1 s between reloads", "longest in 0.1 s from a reload on", "events" }, {
         { ("%.2f (most %.2f)"):format(first, last), show(p99),
            ("%.2f (most %.2f)"):format(usual, usual_most),
            ("%.2f (most %.2f)"):format(longest, most), numbers.show(posted) },
      }) .. "\n"
         .. report.target(first < FIRST_MS, ("first event after SIGHUP < %d ms"):format(FIRST_MS),
            show(first) .. " ms")
         .. report.target(longest - p99 < PAUSE_MS,
            ("longest webhook at a reload < %d ms over the usual p99"):format(PAUSE_MS),
            show(longest - p99) .. " ms"),
   }
end

return M
