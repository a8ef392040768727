--- Times by the calendar, against lists that the system's own `date` makes.
local crons = require "zapi.bot.cron"
local shell = require "spec.support.shell"
local zones = require "zapi.bot.zone"

-- Every minute of [from, to), as `date` shows it in this zone.
local function minutes(zone, from, to)
   local folder, remove = shell.folder()
   local lines = {}
   for at = from, to - 60, 60 do lines[#lines + 1] = "@" .. at end
   shell.write(folder .. "/list", table.concat(lines, "\n") .. "\n")
   local code, output = shell.run(("TZ=%s date -f %s '+%%s %%Y %%m %%d %%H %%M %%w'"):format(
      shell.quote(zone), shell.quote(folder .. "/list")))
   remove()
   assert(code == 0, output)
   local list = {}
   for line in output:gmatch "[^\n]+" do
      local t = {}
      for word in line:gmatch "%d+" do t[#t + 1] = math.tointeger(tonumber(word)) end
      list[#list + 1] = {
         at = t[1], year = t[2], month = t[3], day = t[4], hour = t[5], minute = t[6],
         weekday = t[7],
      }
   end
   return list
end

local function civil(t)
   return zones.days(t.year, t.month, t.day) * 1440 + t.hour * 60 + t.minute
end

local function at_minute(minute)
   local _, month, day, weekday = zones.date(minute // 1440)
   return {
      month = month, day = day, weekday = weekday, hour = minute % 1440 // 60,
      minute = minute % 60,
   }
end

-- The instants at which civil minutes come that `wanted` accepts: those that are
-- left out at the jump, those that come twice the first time.
local function expected(list, wanted)
   local times, seen = {}, {}
   local last = civil(list[1]) - 1
   for _, t in ipairs(list) do
      local now, fires = civil(t), false
      for minute = math.min(last + 1, now), now do
         if not seen[minute] and wanted(at_minute(minute)) then fires = true end
         seen[minute] = true
      end
      if fires then times[#times + 1] = t.at end
      last = now
   end
   return times
end

local function fired(spec, zone, from, to)
   local cron, times, at = crons.parse(spec, zone), {}, from - 1
   while true do
      at = cron:after(at)
      if not at or at >= to then return times end
      times[#times + 1] = at
   end
end

-- Days around changes of the clock, at noon UTC.
local SPANS <const> = {
   {"America/Sao_Paulo", 1541160000, 4}, -- 2018-11-04 00:00 → 01:00
   {"America/Sao_Paulo", 1550318400, 3}, -- 2019-02-17 00:00 → 23:00
   {"Europe/Berlin", 1774612800, 4}, -- 2026-03-29 02:00 → 03:00
   {"Europe/Berlin", 1792756800, 4}, -- 2026-10-25 03:00 → 02:00
   {"Europe/Berlin", 2216548800, 4}, -- 2040-03-25: by the rule at the end of the file
   {"Australia/Lord_Howe", 1790942400, 3}, -- 2026-10-04 02:00 → 02:30
   {"Australia/Lord_Howe", 1775131200, 4}, -- 2026-04-05 02:00 → 01:30
   {"Pacific/Apia", 1325073600, 4}, -- a day that was left out
   {"UTC", 1767355200, 2},
}

describe("a time zone", function()
   it("shows what date shows, and finds the instant of it again", function()
      for _, span in ipairs(SPANS) do
         local zone, first = zones.of(span[1]), {}
         for _, t in ipairs(minutes(span[1], span[2], span[2] + span[3] * 86400)) do
            local clock = civil(t) * 60
            local got = t.at + zone:offset(t.at)
            if clock ~= got then
               error(("%s at %d is %d, not %d"):format(span[1], t.at, got, clock))
            end
            first[clock] = first[clock] or t.at
            local instant, skipped = zone:instant(clock)
            assert.equal(first[clock], instant)
            assert.is_false(skipped)
         end
      end
   end)

   it("shows the same as date over two centuries", function()
      for _, name in ipairs {"America/Sao_Paulo", "Europe/Berlin", "Australia/Lord_Howe"} do
         local zone, lines = zones.of(name), {}
         for i = 0, 2000 do lines[i + 1] = "@" .. -2000000000 + i * 3456789 end
         local folder, remove = shell.folder()
         shell.write(folder .. "/list", table.concat(lines, "\n") .. "\n")
         local _, output = shell.run(("TZ=%s date -f %s/list '+%%s %%::z'"):format(name, folder))
         remove()
         local n = 0
         for at, sign, h, m, s in output:gmatch "(%-?%d+) ([+-])(%d%d):(%d%d):(%d%d)\n" do
            n = n + 1
            local offset = (h * 3600 + m * 60 + s) * (sign == "-" and -1 or 1)
            assert.equal(offset, zone:offset(tonumber(at)), name .. " " .. at)
         end
         assert.equal(2001, n)
      end
   end)

   it("has a time that the clock jumped over at the jump", function()
      local berlin = zones.of "Europe/Berlin"
      local instant, skipped = berlin:instant(zones.days(2026, 3, 29) * 86400 + 2 * 3600 + 1800)
      assert.equal(1774746000, instant)
      assert.is_true(skipped)
      assert.equal(1774746000, berlin:time {year = 2026, month = 3, day = 29, hour = 2, min = 30})
   end)

   it("knows every zone of the system", function()
      local _, names = shell.run("cd /usr/share/zoneinfo/America && ls -p | grep -v /")
      local n = 0
      for name in names:gmatch "%S+" do
         n = n + 1
         assert(math.abs(zones.of("America/" .. name):offset(1767355200)) <= 12 * 3600, name)
      end
      assert(n > 50)
   end)

   it("that is missing is an error that says what to do", function()
      local ok, err = pcall(zones.of, "America/Sao_Paolo")
      assert.is_false(ok)
      assert.truthy(err:find("there is no time zone 'America/Sao_Paolo' on this system", 1, true))
      for _, name in ipairs {"../../etc/passwd", "/etc/localtime", "a b", "America//Sao_Paulo"} do
         ok, err = pcall(zones.of, name)
         assert.is_false(ok)
         assert.truthy(err:find("time zone", 1, true))
      end
      local folders = zones.folders
      zones.folders = {"/nowhere"}
      ok, err = pcall(zones.of, "Africa/Nairobi")
      zones.folders = folders
      assert.is_false(ok)
      assert.truthy(err:find("Install the package tzdata", 1, true))
   end)

   it("is ZAPIBOT_TZ, else TZ, else the system's", function()
      local core = require "zapi.core"
      core.set_env("TZ", "Europe/Berlin")
      assert.equal("Europe/Berlin", zones.of().name)
      core.set_env("ZAPIBOT_TZ", "America/Sao_Paulo")
      assert.equal("America/Sao_Paulo", zones.of().name)
      core.set_env("TZ", false)
      core.set_env("ZAPIBOT_TZ", false)
      assert.equal("", zones.of().name)
      local _, offset = shell.run "env -u TZ date -d @1767355200 +%z"
      local sign, hours, rest = offset:match "([+-])(%d%d)(%d%d)"
      local want = (hours * 3600 + rest * 60) * (sign == "-" and -1 or 1)
      assert.equal(want, zones.of():offset(1767355200))
      core.set_env("TZ", nil)
      core.set_env("ZAPIBOT_TZ", nil)
   end)
end)

local SPECS <const> = {
   {"0 9 * * 1-5", function(t)
      return t.hour == 9 and t.minute == 0 and t.weekday >= 1 and t.weekday <= 5
   end},
   {"30 0-2 * * *", function(t) return t.minute == 30 and t.hour <= 2 end},
   {"*/20 * * * *", function(t) return t.minute % 20 == 0 end},
   {"15,45 1-3/2,23 * * *", function(t)
      return (t.minute == 15 or t.minute == 45) and (t.hour == 1 or t.hour == 3 or t.hour == 23)
   end},
   {"0 0 * * *", function(t) return t.hour == 0 and t.minute == 0 end},
   {"5/10 2 * jan-dec sat-sun", function(t)
      return t.minute % 10 == 5 and t.hour == 2 and (t.weekday == 0 or t.weekday == 6)
   end},
   -- Day of month and day of week: either is enough.
   {"0 12 4 * mon", function(t)
      return t.minute == 0 and t.hour == 12 and (t.day == 4 or t.weekday == 1)
   end},
   {"59 23 */2 * 0-7", function(t)
      return t.minute == 59 and t.hour == 23 and t.day % 2 == 1
   end},
}

describe("cron", function()
   it("comes at the times of the list, whatever the clock does", function()
      for _, span in ipairs(SPANS) do
         local from, to = span[2], span[2] + span[3] * 86400
         local list = minutes(span[1], from, to)
         for _, pair in ipairs(SPECS) do
            local want, got = expected(list, pair[2]), fired(pair[1], span[1], from, to)
            local what = ("%s in %s from %d"):format(pair[1], span[1], from)
            assert.same(want, got, what)
         end
      end
   end)

   it("comes once for a time that is left out, and once for one that comes twice", function()
      assert.same({1774746000}, fired("30 2 29 3 *", "Europe/Berlin", 1774700000, 1774800000))
      assert.same({1792888200}, fired("30 2 25 10 *", "Europe/Berlin", 1792800000, 1792990000))
      assert.same({1541300400}, fired("0,30 0 4 11 *", "America/Sao_Paulo", 1541250000, 1541350000))
   end)

   it("knows the short names", function()
      for short, long in pairs {
         ["@yearly"] = "0 0 1 1 *", ["@annually"] = "0 0 1 1 *", ["@monthly"] = "0 0 1 * *",
         ["@weekly"] = "0 0 * * 0", ["@daily"] = "0 0 * * *", ["@midnight"] = "0 0 * * *",
         ["@hourly"] = "0 * * * *", ["0 0 * JAN Sunday"] = "0 0 * 1 7",
      } do
         local at = 1767355200
         for _ = 1, 3 do
            local next_ = crons.parse(short, "UTC"):after(at)
            assert.equal(crons.parse(long, "UTC"):after(at), next_)
            at = next_
         end
      end
   end)

   it("finds a 29th of February, over 2100 too", function()
      local leap = crons.parse("0 0 29 2 *", "UTC")
      assert.equal(1835395200, leap:after(1767355200))
      assert.equal(zones.days(2104, 2, 29) * 86400, leap:after(zones.days(2096, 3, 1) * 86400))
   end)

   it("says which field is wrong", function()
      for spec, text in pairs {
         ["60 * * * *"] = "bad cron '60 * * * *': minute 60 is not in 0-59",
         ["* 24 * * *"] = "hour 24 is not in 0-23",
         ["* * 0 * *"] = "day of month 0 is not in 1-31",
         ["* * * 13 *"] = "month 13 is not in 1-12",
         ["* * * * 8"] = "day of week 8 is not in 0-7",
         ["* * * foo *"] = "month 'foo' is no number or name",
         ["x * * * *"] = "minute 'x' is no number",
         ["*/0 * * * *"] = "minute '*/0': the step must be a number from 1 on",
         ["* 9-5 * * *"] = "hour '9-5' ends before it begins",
         ["1,,2 * * * *"] = "minute '1,,2' has an empty part",
         ["* * * *"] = "five fields expected (minute hour day month weekday), got 4",
         ["* * * * * *"] = "got 6",
         ["@noon"] = "there is @yearly",
         ["0 0 31 2 *"] = "there is no such day",
         ["-1 * * * *"] = "minute '-1' is no number",
         ["1- * * * *"] = "minute '1-' is no number",
      } do
         local ok, err = pcall(crons.parse, spec, "UTC")
         assert.is_false(ok, spec)
         assert(err:find(text, 1, true), err)
      end
   end)
end)
