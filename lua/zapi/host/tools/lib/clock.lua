--- Dates: HTTP's ("Sun, 06 Nov 1994 08:49:37 GMT") and those of /me.

local M = {}

local MONTHS = {}
for i, name in ipairs {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct",
   "Nov", "Dec"} do
   MONTHS[name] = i
end

-- Days since 1970-01-01 of a date of the Gregorian calendar. The year begins in
-- March, so that a leap day is its last one.
local function days(year, month, day)
   year = month <= 2 and year - 1 or year
   local era = year // 400
   local of_era = year - era * 400
   local of_year = (153 * (month + (month > 2 and -3 or 9)) + 2) // 5 + day - 1
   return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468
end

--- Unix seconds of an HTTP date, or nil. Not os.time: that one means the local
-- time zone.
---@param text string|nil
---@return integer|nil
function M.http(text)
   local day, month, year, h, m, s =
      (text or ""):match "^%a+, (%d%d) (%a%a%a) (%d%d%d%d) (%d%d):(%d%d):(%d%d) GMT$"
   if not day or not MONTHS[month] then
      return nil
   end
   return days(tonumber(year), MONTHS[month], tonumber(day)) * 86400
      + tonumber(h) * 3600 + tonumber(m) * 60 + tonumber(s)
end

--- An instant in seconds from seconds or milliseconds, as number or digits;
-- nil when it is neither.
---@param value any
---@return number|nil
function M.instant(value)
   local n = tonumber(value)
   if not n or n <= 0 then
      return nil
   end
   return n > 1e11 and n / 1000 or n
end

--- "2026-07-31".
---@param instant number
---@return string
function M.day(instant)
   return os.date("!%Y-%m-%d", math.floor(instant)) --[[@as string]]
end

--- "90 s", "5 min", "3 h", "2 days".
---@param seconds number
---@return string
function M.span(seconds)
   for _, unit in ipairs {{172800, 86400, "days"}, {7200, 3600, "h"}, {180, 60, "min"}} do
      if seconds >= unit[1] then
         return ("%d %s"):format(seconds // unit[2], unit[3])
      end
   end
   return ("%d s"):format(math.floor(seconds))
end

return M
