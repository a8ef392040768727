--- zapi.date and zapi.time: civil dates of a zone, and back.
local core = require "zapi.core"
local fake = require "spec.support.bot_fake"
local zapi = require "zapi"

local SAO_PAULO <const> = "America/Sao_Paulo"

describe("zapi.date", function()
   it("is the civil date of an instant in a zone", function()
      assert.same({year = 2030, month = 3, day = 4, hour = 23, min = 59, sec = 58, wday = 2,
         tz = SAO_PAULO}, zapi.date(1898909998.7, SAO_PAULO))
      assert.same({year = 2030, month = 3, day = 5, hour = 2, min = 59, sec = 58, wday = 3,
         tz = "UTC"}, zapi.date(1898909998, "UTC"))
      assert.equal(1969, zapi.date(-1, "UTC").year)
      assert.equal(59, zapi.date(-1, "UTC").sec)
   end)

   it("is of now, in the zone of the bot, when nothing is said", function()
      core.set_env("ZAPIBOT_TZ", "Asia/Tokyo")
      local here, there = zapi.date(), zapi.date(zapi.now(), "Asia/Tokyo")
      core.set_env("ZAPIBOT_TZ", nil)
      assert.equal(there.hour, here.hour)
      assert.is_nil(here.tz)
   end)

   it("goes back by zapi.time, where fields may run over", function()
      for _, at in ipairs {0, 1898909998, 1541302200, 951782400} do -- DST begins, a 29 February
         for _, tz in ipairs {"UTC", SAO_PAULO, "America/New_York", "Asia/Kathmandu"} do
            assert.equal(at, zapi.time(zapi.date(at, tz)))
         end
      end
      local date = zapi.date(zapi.time {year = 2030, month = 3, day = 0, tz = SAO_PAULO}, SAO_PAULO)
      assert.same({28, 2, 12}, {date.day, date.month, date.hour})
   end)

   it("names what is wrong", function()
      assert.matches("zapi.time", fake.thrown(zapi.time, {year = 2030, month = 3}))
      assert.matches("'day'", fake.thrown(zapi.time, {year = 2030, month = 3}))
      assert.matches("no time zone 'America/Nowhere'",
         fake.thrown(zapi.date, 0, "America/Nowhere"))
      assert.matches("zapi.date", fake.thrown(zapi.date, "x"))
   end)
end)
