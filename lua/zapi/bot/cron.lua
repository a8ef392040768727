--- Times by the calendar: "minute hour day-of-month month day-of-week", as cron
--- has them, in a time zone.
---
---    */15 9-18 * * mon-fri     0 9 1,15 * *     @daily
---
--- When day of month and day of week are both given, either is enough (cron's own
--- rule). A time that the clock jumps over in spring comes at the jump; one that
--- it shows twice in autumn comes the first time only. Start reading at M.parse.
local check = require "zapi.bot.check"
local zones = require "zapi.bot.zone"

check.ours()

local M = {}

local DAY <const> = 86400

local function names(text)
   local map, i = {}, 0
   for word in text:gmatch("%a+") do
      map[word], i = i, i + 1
   end
   return map
end

local months = names("none jan feb mar apr may jun jul aug sep oct nov dec")
months.none = nil

local fields <const> = {
   {name = "minute", min = 0, max = 59},
   {name = "hour", min = 0, max = 23},
   {name = "day of month", min = 1, max = 31},
   {name = "month", min = 1, max = 12, names = months},
   {name = "day of week", min = 0, max = 7, names = names("sun mon tue wed thu fri sat")},
}

local nicknames <const> = {
   ["@yearly"] = "0 0 1 1 *", ["@annually"] = "0 0 1 1 *", ["@monthly"] = "0 0 1 * *",
   ["@weekly"] = "0 0 * * 0", ["@daily"] = "0 0 * * *", ["@midnight"] = "0 0 * * *",
   ["@hourly"] = "0 * * * *",
}

local function bad(spec, field, fmt, ...)
   check.fail("bad cron '%s': %s %s", spec, field.name, fmt:format(...))
end

local function number_of(spec, field, word)
   local n = field.names and field.names[word:lower():sub(1, 3)]
   if n and #word >= 3 then return n end
   n = word:match("^%d+$") and math.tointeger(tonumber(word))
   if not n then bad(spec, field, "'%s' is no number%s", word, field.names and " or name" or "") end
   if n < field.min or n > field.max then
      bad(spec, field, "%d is not in %d-%d", n, field.min, field.max)
   end
   return n
end

-- First and last of "*", "a-b" or "a" (with a step: to the end).
local function range_of(spec, field, range, step)
   local weekday = field.name == "day of week"
   if range == "*" then return field.min, weekday and 6 or field.max end
   local first, last = range:match("^([^-]+)-([^-]+)$")
   if not first then
      local n = number_of(spec, field, range)
      return n, step and field.max or n
   end
   local from, to = number_of(spec, field, first), number_of(spec, field, last)
   if weekday and to == 0 and from > 0 then to = 7 end -- "sat-sun": Sunday is also 7
   if from > to then bad(spec, field, "'%s' ends before it begins", range) end
   return from, to
end

local function add_part(spec, field, part, set)
   local range, step = part:match("^([^/]+)/(.*)$")
   if step and not step:match("^[1-9]%d*$") then
      bad(spec, field, "'%s': the step must be a number from 1 on", part)
   end
   local from, to = range_of(spec, field, range or part, step)
   for n = from, to, step and math.tointeger(tonumber(step)) or 1 do set[n] = true end
end

local function parse_field(spec, field, text)
   local set = {}
   if text:find("^,") or text:find(",$") or text:find(",,", 1, true) then
      bad(spec, field, "'%s' has an empty part", text)
   end
   for part in text:gmatch("[^,]+") do add_part(spec, field, part, set) end
   if field.name == "day of week" and set[7] then set[0] = true end
   set.any = text:sub(1, 1) == "*"
   return set
end

---@class zapi.Cron
local Cron = {}
Cron.__index = Cron

--- Throws when `spec` is none, naming the field.
---@param spec string
---@param zone? string
---@return zapi.Cron
function M.parse(spec, zone)
   check.type(spec, "string", "spec", "bot:cron")
   local text = nicknames[spec:lower()] or spec
   if text:sub(1, 1) == "@" then
      check.fail("bad cron '%s' (there is @yearly, @monthly, @weekly, @daily, @hourly)", spec)
   end
   local words = {}
   for word in text:gmatch("%S+") do words[#words + 1] = word end
   if #words ~= 5 then
      check.fail("bad cron '%s': five fields expected (minute hour day month weekday), got %d",
         spec, #words)
   end
   local self = setmetatable({spec = spec, zone = zones.of(zone)}, Cron)
   for i, field in ipairs(fields) do self[i] = parse_field(spec, field, words[i]) end
   if not self:after(0) then check.fail("bad cron '%s': there is no such day", spec) end
   return self
end

local function has_day(self, days)
   local _, month, day, weekday = zones.date(days)
   if not self[4][month] then return false end
   local by_month, by_week = self[3][day], self[5][weekday]
   if self[3].any or self[5].any then return by_month and by_week end
   return by_month or by_week
end

-- The first time of this day that comes after `instant`.
local function in_day(self, days, instant)
   for hour = 0, 23 do
      if self[2][hour] then
         for minute = 0, 59 do
            if self[1][minute] then
               local at = self.zone:instant(days * DAY + hour * 3600 + minute * 60)
               if at > instant then return at end
            end
         end
      end
   end
end

--- The first instant after this one; nil: none in the next nine years (a 29th
--- of February is that far away around 2100).
---@param instant number Unix seconds
---@return integer|nil
function Cron:after(instant)
   local today = math.floor(instant + self.zone:offset(instant)) // DAY
   for days = today - 1, today + 9 * 366 do
      if has_day(self, days) then
         local at = in_day(self, days, instant)
         if at then return at end
      end
   end
end

return M
