--- Time zones, read from the system's own files (TZif, version 2 and later;
--- package tzdata): which civil time an instant is, and back. The whole file is
--- read once. Start reading at M.of.
local core = require "zapi.core"
local check = require "zapi.bot.check"

check.ours()

local M = {}

--- Where the files are.
M.folders = {"/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo"}

local DAY <const> = 86400

-- ---- the calendar ----

--- Days from 1970-01-01 to this date (month 1 to 12; days may run over).
function M.days(year, month, day)
   local y = month <= 2 and year - 1 or year
   local era = y // 400
   local of_era = y - era * 400
   local of_year = (153 * (month + (month > 2 and -3 or 9)) + 2) // 5 + day - 1
   return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468
end

--- The date of such a day: year, month, day, and day of the week (0: Sunday).
function M.date(days)
   local z = days + 719468
   local era = z // 146097
   local of_era = z - era * 146097
   local y = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
   local of_year = of_era - (365 * y + y // 4 - y // 100)
   local mp = (5 * of_year + 2) // 153
   local day = of_year - (153 * mp + 2) // 5 + 1
   local month = mp < 10 and mp + 3 or mp - 9
   return y + era * 400 + (month <= 2 and 1 or 0), month, day, (days + 4) % 7
end

-- ---- the rule at the end of a file: "EST5EDT,M3.2.0,M11.1.0/2" ----

local function skip_name(s, at)
   local _, last = s:find("^<[^>]+>", at)
   if not last then _, last = s:find("^%a+", at) end
   return last and last + 1
end

-- Seconds of "[+-]hh[:mm[:ss]]", and where it ends.
local function seconds_at(s, at)
   local sign, hours, last = s:match("^([+-]?)(%d+)()", at)
   if not hours then return nil, at end
   local total = tonumber(hours) * 3600
   for _, unit in ipairs {60, 1} do
      local part, next_ = s:match("^:(%d+)()", last)
      if not part then break end
      total, last = total + tonumber(part) * unit, next_
   end
   return sign == "-" and -total or total, last
end

-- A day of the year: {kind = "M", month, week, day}, {kind = "J" | "", n}; and the
-- second of it.
local function change_at(s, at)
   local month, week, day, last = s:match("^,M(%d+)%.(%d)%.(%d)()", at)
   local change
   if month then
      change = {kind = "M", tonumber(month), tonumber(week), tonumber(day)}
   else
      local kind, n
      kind, n, last = s:match("^,(J?)(%d+)()", at)
      if not n then return nil end
      change = {kind = kind, tonumber(n)}
   end
   change.seconds = 7200
   if s:sub(last, last) == "/" then change.seconds, last = seconds_at(s, last + 1) end
   return change, last
end

--- The rule of a POSIX text; nil when it is none.
function M.rule(text)
   local at = skip_name(text, 1)
   if not at then return nil end
   local west
   west, at = seconds_at(text, at)
   if not west then return nil end
   local rule = {standard = -west}
   if at > #text then return rule end
   at = skip_name(text, at)
   if not at then return nil end
   local summer
   summer, at = seconds_at(text, at)
   rule.summer = summer and -summer or rule.standard + 3600
   rule.starts, at = change_at(text, at)
   if not rule.starts then return nil end
   rule.ends = change_at(text, at)
   return rule.ends and rule
end

local function is_leap(year)
   return year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
end

-- Seconds of the civil clock at which a change comes in this year.
local function civil_of(change, year)
   local day
   if change.kind == "M" then
      local first = M.days(year, change[1], 1)
      day = first + (change[3] - (first + 4)) % 7 + (change[2] - 1) * 7
      local month_end = change[1] == 12 and M.days(year + 1, 1, 1) or M.days(year, change[1] + 1, 1)
      if day >= month_end then day = day - 7 end
   elseif change.kind == "J" then
      day = M.days(year, 1, 1) + change[1] - 1
      if is_leap(year) and change[1] >= 60 then day = day + 1 end
   else
      day = M.days(year, 1, 1) + change[1]
   end
   return day * DAY + change.seconds
end

local function offset_of_rule(rule, instant)
   if not rule.summer then return rule.standard end
   local year = M.date((instant + rule.standard) // DAY)
   local starts = civil_of(rule.starts, year) - rule.standard
   local ends = civil_of(rule.ends, year) - rule.summer
   local is_summer
   if starts < ends then
      is_summer = instant >= starts and instant < ends
   else
      is_summer = instant >= starts or instant < ends
   end
   return is_summer and rule.summer or rule.standard
end

-- ---- files ----

local function header_at(bytes, at)
   local magic, version, isut, isstd, leap, times, types, chars =
      string.unpack(">c4 c1 xxxxxxxxxxxxxxx I4 I4 I4 I4 I4 I4", bytes, at)
   if magic ~= "TZif" then return nil end
   return {
      version = version, isut = isut, isstd = isstd, leap = leap, times = times, types = types,
      chars = chars,
   }
end

local function length_of(h, size)
   return h.times * (size + 1) + h.types * 6 + h.chars + h.leap * (size + 4) + h.isstd + h.isut
end

local function parse(bytes)
   if #bytes < 44 then return nil end
   local h, at, size = header_at(bytes, 1), 45, 4
   if not h then return nil end
   if h.version >= "2" then
      at = at + length_of(h, 4)
      h, size = header_at(bytes, at), 8
      at = at + 44
   end
   local zone = {instants = {}, offsets = {}}
   local types_at = at + h.times * (size + 1)
   local function offset(index) return (string.unpack(">i4", bytes, types_at + index * 6)) end
   for i = 1, h.times do
      zone.instants[i] = string.unpack(size == 8 and ">i8" or ">i4", bytes, at + (i - 1) * size)
      zone.offsets[i] = offset(bytes:byte(at + h.times * size + i - 1))
   end
   zone.first = offset(0)
   local footer = size == 8 and bytes:match("^\n([^\n]*)\n", at + length_of(h, 8)) or nil
   if footer and footer ~= "" then zone.rule = M.rule(footer) end
   return zone
end

local function read(path)
   local file = io.open(path, "rb")
   if not file then return nil end
   local bytes = file:read("a")
   file:close()
   if not bytes then return nil end -- a folder
   local ok, zone = pcall(parse, bytes)
   return ok and zone or nil
end

---@class zapi.Zone
---@field name string
local Zone = {}
Zone.__index = Zone

local cache = {}

local function has_any()
   for _, folder in ipairs(M.folders) do
      if read(folder .. "/UTC") or read(folder .. "/Etc/UTC") then return true end
   end
   return false
end

local function load(name)
   if name == "UTC" then return {instants = {}, offsets = {}, first = 0} end
   for _, folder in ipairs(M.folders) do
      local zone = read(folder .. "/" .. name)
      if zone then return zone end
   end
   if has_any() then
      check.fail("there is no time zone '%s' on this system (as \"America/Sao_Paulo\")", name)
   end
   check.fail("the time zone '%s' cannot be read: this system has no time-zone data. Install "
      .. "the package tzdata", name)
end

--- The zone of the bot: ZAPIBOT_TZ, TZ, or the system's. A name, or "" for
--- /etc/localtime.
function M.default()
   local name = core.getenv("ZAPIBOT_TZ") or core.getenv("TZ")
   if name then name = name:gsub("^:", "") end
   if name and name ~= "" then return name end
   return ""
end

--- A zone by its name ("America/Sao_Paulo"); nil: the default one. Throws when
--- it is not there.
---@param name? string
---@return zapi.Zone
function M.of(name)
   name = name or M.default()
   local zone = cache[name]
   if zone then return zone end
   if name == "" then
      zone = read("/etc/localtime") or load("UTC")
   elseif name:find("^[%w_+%-/]+$") and not name:find("^/") and not name:find("//", 1, true) then
      zone = load(name)
   else
      check.fail("bad time zone '%s' (a name as \"America/Sao_Paulo\" expected)", name)
   end
   zone.name = name
   cache[name] = setmetatable(zone, Zone)
   return cache[name]
end

--- Seconds east of UTC at this instant.
---@param instant number
---@return integer
function Zone:offset(instant)
   local instants = self.instants
   local n = #instants
   if n == 0 or instant < instants[1] then
      return n == 0 and self.rule and offset_of_rule(self.rule, instant) or self.first
   end
   if instant >= instants[n] and self.rule then return offset_of_rule(self.rule, instant) end
   local low, high = 1, n
   while low < high do
      local mid = (low + high + 1) // 2
      if instants[mid] <= instant then low = mid else high = mid - 1 end
   end
   return self.offsets[low]
end

--- The instant at which the civil clock shows `civil` (seconds of a clock
--- without zone). One that comes twice: the first. One that is left out: the
--- instant of the jump, and true.
---@param civil integer
---@return integer instant, boolean skipped
function Zone:instant(civil)
   local before, after = self:offset(civil - DAY), self:offset(civil + DAY)
   local best
   local between, behind = self:offset(civil - before), self:offset(civil - after)
   for _, offset in ipairs {before, after, between, behind} do
      local instant = civil - offset
      if self:offset(instant) == offset and (not best or instant < best) then best = instant end
   end
   if best then return best, false end
   -- The clock jumped over it: the first instant that shows a later time.
   local low, high = civil - DAY - before, civil + DAY - after
   while high - low > 1 do
      local mid = (low + high) // 2
      if mid + self:offset(mid) >= civil then high = mid else low = mid end
   end
   return high, true
end

--- The instant of a table as os.date("*t") gives: {year=, month=, day=, hour=,
--- min=, sec=}.
---@param t table
---@return integer
function Zone:time(t)
   local civil = M.days(t.year, t.month, t.day) * DAY
      + (t.hour or 12) * 3600 + (t.min or 0) * 60 + (t.sec or 0)
   return (self:instant(math.floor(civil)))
end

--- The other way: the table as os.date("*t") gives, without isdst and yday.
---@param instant number
---@return zapi.Date
function Zone:date(instant)
   local civil = math.floor(instant)
   civil = civil + self:offset(civil)
   local year, month, day, wday = M.date(civil // DAY)
   local left = civil % DAY
   return {
      year = year, month = month, day = day, wday = wday + 1,
      hour = left // 3600, min = left % 3600 // 60, sec = left % 60,
   }
end

return M
