-- examples/appointment.lua: the calendar, the conversation, the reminder; and a
-- process that is killed in the middle.
local support = require "spec.examples.support"
local testing = require "zapi.testing"
local zapi = require "zapi"

local ZONE <const> = "America/Sao_Paulo"

describe("example appointment.lua", function()
   local world, ana

   -- 4 March 2030 is a Monday.
   local function begin(now)
      now = now or {year = 2030, month = 3, day = 4, hour = 10}
      now.tz = ZONE
      world = testing.start {script = "examples/appointment.lua", data = true, now = now}
      ana = world:person "Ana"
   end
   after_each(function()
      if world then world:close() end
      world = nil
   end)

   local function asks_day(who)
      who:says "quero agendar"
      who:expects {match = "^Para que dia%?"}
   end

   local function books(who, day, hour)
      asks_day(who)
      who:says(day)
      who:expects {match = "^Qual horário"}
      who:clicks(hour)
      who:expects {match = "^Posso marcar"}
      who:says "Sim!"
      return who:expects().text
   end

   it("is short enough to read", function()
      assert.is_true(support.lines "examples/appointment.lua" <= 100)
   end)

   it("takes a day that there is, an hour that is free, and a yes", function()
      begin()
      asks_day(ana)
      for _, text in ipairs {"amanhã", "31/2", "10/3", "1/1", "4/13", "3/3"} do -- 10/3: a Sunday
         ana:says(text)
         ana:expects {match = "^Não consigo nesse dia"}
      end
      ana:says " 5/3 "
      ana:expects {match = "^Qual horário", kind = "list"}
      ana:clicks "14h"
      ana:expects "Posso marcar *terça, 05/03, às 14h*? (sim ou não)"
      ana:says "sim"
      ana:expects "Marcado: *terça, 05/03, às 14h*. Para desistir, escreva *desmarcar*."
   end)

   it("offers what is free: not what is taken or over", function()
      begin()
      local bia = world:person "Bia"
      assert.matches("^Marcado: %*segunda, 04/03, às 14h", books(ana, "4/3", "14h"))
      asks_day(bia)
      bia:says "04/03"
      local labels = {}
      for i, option in ipairs(bia:expects().list.options) do labels[i] = option.label end
      assert.same({"11h", "15h", "16h", "17h"}, labels)
   end)

   it("gives an hour to whoever was quicker", function()
      begin()
      local bia = world:person "Bia"
      for _, who in ipairs {ana, bia} do
         asks_day(who)
         who:says "6/3"
         who:expects()
         who:clicks "9h"
         who:expects {match = "^Posso marcar %*quarta"}
      end
      bia:says "sim"
      bia:expects {match = "^Marcado"}
      ana:says "sim"
      ana:expects {match = "acabou de ser ocupado"}
   end)

   it("reminds the day before, once; not of what was called off", function()
      begin()
      local bia = world:person "Bia"
      books(ana, "5/3", "9h")
      books(bia, "5/3", "10h")
      bia:says "desmarcar"
      bia:expects "Desmarcado. Até a próxima!"
      bia:says "desmarcar"
      bia:expects "Não há nada marcado."
      world:advance_to {year = 2030, month = 3, day = 4, hour = 17, min = 59, tz = ZONE}
      ana:hears_nothing()
      world:advance(120)
      ana:expects {match = "^Lembrete: %*terça, 05/03, às 9h%*"}
      world:advance(3600)
      ana:hears_nothing()
      bia:hears_nothing()
   end)

   it("moves an appointment, and its reminder", function()
      begin()
      books(ana, "5/3", "9h")
      assert.matches("^Marcado: %*quarta, 06/03, às 16h", books(ana, "6/3", "16h"))
      assert.matches("^Marcado", books(world:person "Bia", "5/3", "9h")) -- it is free again
      world:advance_to {year = 2030, month = 3, day = 5, hour = 17, tz = ZONE}
      ana:hears_nothing()
      world:advance(3700)
      ana:expects {match = "^Lembrete: %*quarta"}
   end)

   it("has no reminder when the day before is over, and knows the next year", function()
      begin {year = 2030, month = 12, day = 30, hour = 19}
      books(ana, "31/12", "9h")
      ana:hears_nothing()
      assert.matches("^Marcado: %*quinta, 02/01", books(ana, "2/1", "9h"))
   end)

   it("can be left, and a no marks nothing", function()
      begin()
      asks_day(ana)
      ana:says "sair"
      ana:expects {match = "^Tudo bem"}
      asks_day(ana)
      ana:says "5/3"
      ana:expects()
      ana:clicks "9h"
      ana:expects()
      ana:says "não"
      ana:expects "Certo, não marquei nada."
      ana:says "desmarcar"
      ana:expects "Não há nada marcado."
   end)

   it("goes on when the process was killed between question and answer, each time", function()
      local place <close> = support.process "examples/appointment.lua"
      local rui = place.world:person "Rui"
      local date = zapi.date(zapi.now() + 7 * 86400, ZONE)
      if date.wday == 1 then date = zapi.date(zapi.now() + 8 * 86400, ZONE) end
      rui:says "agendar"
      rui:expects {match = "^Para que dia"}
      place:kill()
      place:start()
      rui:says(("%d/%d"):format(date.day, date.month))
      rui:expects {match = "^Qual horário"}
      place:kill()
      rui:clicks "15h" -- while nothing runs: delivered at the next start
      place:start()
      rui:expects {match = "^Posso marcar"}
      place:kill()
      place:start()
      rui:says "sim"
      rui:expects {match = "^Marcado: .* às 15h"}
      rui:hears_nothing(0.1)
      rui:says "desmarcar"
      rui:expects {match = "^Desmarcado"}
   end)
end)
