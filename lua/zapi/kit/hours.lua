--- Business hours: outside of them customers are told when somebody is there again,
--- once until then, and handlers do not run.
---
---    {zone = "America/Sao_Paulo", mon = "09:00-12:00, 13:00-18:00", holidays = {"12-25"}}
---
--- A *span* is {from, to} in seconds of a day; one that ends before it begins goes on
--- into the next day. Start reading at Hours:open.
local check = require "zapi.bot.check"
local people = require "zapi.kit.people"
local zones = require "zapi.bot.zone"

check.ours()

local M = {}
local Hours = {}
Hours.__index = Hours

local DAY <const> = 86400
local AHEAD <const> = 400 -- days in which the next opening is looked for
local LONGEST <const> = 12 * 3600 -- told again after so long at the latest

--- What customers read; {when}: "hoje às 14:00".
M.closed = "Olá! Agora estamos fechados e voltamos {when}. Deixe a sua mensagem: "
   .. "respondemos assim que abrirmos."
--- The parts of {when}.
M.words = {
   today = "hoje", tomorrow = "amanhã", at = "{day} às {time}", never = "em breve",
   date = "dia {d}/{m}",
   [0] = "domingo", "segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira",
   "sábado",
}

---@class zapi.kit.HoursOptions
---@field zone? string "America/Sao_Paulo"; left out: the bot's (ZAPIBOT_TZ, TZ, the system's)
---@field mon? string|string[] "09:00-12:00, 13:00-18:00"; a day left out is closed
---@field tue? string|string[]
---@field wed? string|string[]
---@field thu? string|string[]
---@field fri? string|string[]
---@field sat? string|string[]
---@field sun? string|string[]
---@field from? {timezone: string, days: table[], mode: string} as
---   z:set_business_hours takes and z:get_business_profile gives in businessHours
---@field holidays? table<any, string|false> "12-25" or "2026-02-17": closed; or ["12-24"] =
---   "09:00-12:00"
---@field closed? string|false|fun(ctx: zapi.ctx, opens: number?): string? what they read ({when})
---@field pass? boolean handlers run all the same
---@field groups? boolean in groups too (nothing is said there)

local names <const> = {[0] = "sun", "mon", "tue", "wed", "thu", "fri", "sat"}

local known = {
   zone = "string", from = "table", holidays = "table", pass = "boolean", groups = "boolean",
   closed = "string|boolean|function",
}
for i = 0, 6 do known[names[i]] = "string|table" end

-- ---- what is given ----

local function seconds_of(text, what)
   local hour, min = text:match("^(%d%d?):(%d%d)$")
   hour, min = tonumber(hour), tonumber(min)
   if not hour or hour > 24 or min > 59 or hour == 24 and min > 0 then
      check.fail("bad time '%s' in '%s' of kit.hours (\"09:00-18:00\" expected)", text, what)
   end
   return hour * 3600 + min * 60
end

local function add(spans, from, to)
   if to <= from then to = to + DAY end
   spans[#spans + 1] = {from, to}
   table.sort(spans, function(a, b) return a[1] < b[1] end)
end

local function spans_of(given, what)
   local spans = {}
   if type(given) == "table" then given = table.concat(given, ",") end
   for part in given:gmatch("[^,]+") do
      local from, to = part:match("^%s*(%S-)%s*%-%s*(%S+)%s*$")
      if not from then
         check.fail("bad hours '%s' in '%s' of kit.hours (\"09:00-18:00\" expected)", part, what)
      end
      add(spans, seconds_of(from, what), seconds_of(to, what))
   end
   return spans
end

local zapi_days <const> = {
   SUNDAY = 0, MONDAY = 1, TUESDAY = 2, WEDNESDAY = 3, THURSDAY = 4, FRIDAY = 5, SATURDAY = 6,
}

local function week_of_row(row)
   local week = {}
   for i = 0, 6 do week[i] = row.mode == "open24h" and {{0, DAY}} or {} end
   if row.mode == "open24h" then return week end
   for _, period in ipairs(row.days or {}) do
      local day = zapi_days[period.dayOfWeek]
      if not day then
         check.fail("bad 'dayOfWeek' in 'from' of kit.hours (got '%s')",
            tostring(period.dayOfWeek))
      end
      add(week[day], seconds_of(period.openTime or "00:00", period.dayOfWeek),
         seconds_of(period.closeTime or "24:00", period.dayOfWeek))
   end
   return week
end

local function week_of(options)
   local week, any = {}, false
   for i = 0, 6 do
      local given = options[names[i]]
      week[i] = given and spans_of(given, names[i]) or {}
      any = any or given ~= nil
   end
   if options.from then
      if any then check.fail("kit.hours: days or 'from', not both") end
      return week_of_row(options.from)
   end
   if not any then check.fail("kit.hours needs the hours of a day: mon = \"09:00-18:00\"") end
   return week
end

-- "12-25" and "2026-12-25" → spans.
local function holidays_of(given)
   local days = {}
   for name, value in pairs(given or {}) do
      if math.type(name) == "integer" then name, value = value, false end
      local month, day = tostring(name):match("^%d%d%d%d%-(%d%d)%-(%d%d)$")
      if not month then month, day = tostring(name):match("^(%d%d)%-(%d%d)$") end
      if not month or tonumber(month) > 12 or tonumber(day) > 31 then
         check.fail("bad holiday '%s' of kit.hours (\"12-25\" or \"2026-12-25\" expected)",
            tostring(name))
      end
      days[name] = value and spans_of(value, name) or {}
   end
   return days
end

-- ---- open or not ----

function Hours:spans(day)
   local y, m, d, weekday = zones.date(day)
   return self.holidays[("%04d-%02d-%02d"):format(y, m, d)]
      or self.holidays[("%02d-%02d"):format(m, d)] or self.week[weekday]
end

local function civil_of(self, instant)
   return math.floor(instant) + self.zone:offset(instant)
end

--- Is it open at this instant?
function Hours:open(instant)
   local civil = civil_of(self, instant)
   local today = civil // DAY
   for day = today - 1, today do
      local at = civil - day * DAY
      for _, span in ipairs(self:spans(day)) do
         if at >= span[1] and at < span[2] then return true end
      end
   end
   return false
end

--- When it opens next; nil when it never does.
function Hours:opens(instant)
   local civil = civil_of(self, instant)
   local today = civil // DAY
   for day = today, today + AHEAD do
      for _, span in ipairs(self:spans(day)) do
         local at = day * DAY + span[1]
         if at > civil then return (self.zone:instant(at)) end
      end
   end
end

--- The same in words, as of `now`.
function Hours:when(opens, now)
   if not opens then return M.words.never end
   local there = civil_of(self, opens)
   local day, today = there // DAY, civil_of(self, now) // DAY
   local _, m, d, weekday = zones.date(day)
   local name = day == today and M.words.today or day == today + 1 and M.words.tomorrow
      or day < today + 7 and M.words[weekday]
      or people.fill(M.words.date, {d = ("%02d"):format(d), m = ("%02d"):format(m)})
   local second = there % DAY
   return people.fill(M.words.at, {
      day = name, time = ("%02d:%02d"):format(second // 3600, second % 3600 // 60),
   })
end

local function tell(self, ctx, now)
   local closed, opens = self.closed, self:opens(now)
   if not closed or not people.may_hear(ctx) then return end
   local seconds = math.min(opens and opens - now or LONGEST, LONGEST)
   if not people.once(ctx, "hours", math.max(seconds, 1)) then return end
   local text = type(closed) == "function" and closed(ctx, opens) or closed
   if type(text) == "string" then
      ctx:send(people.fill(text, {when = self:when(opens, now)}))
   end
end

--- See zapi.kit.hours.
---@param options zapi.kit.HoursOptions
---@return fun(ctx: zapi.ctx, next: fun()): any
function M.new(options)
   options = check.options(options, known, "kit.hours")
   if options.closed == true then check.fail("bad 'closed' in kit.hours (a text or false)") end
   local closed = options.closed
   if closed == nil then closed = M.closed end
   local self = setmetatable({
      week = week_of(options), holidays = holidays_of(options.holidays), closed = closed,
      zone = zones.of(options.zone or options.from and options.from.timezone),
   }, Hours)
   return function(ctx, next_)
      if not people.writes(ctx) or ctx.is_group and not options.groups
         or self:open(ctx.now) then
         return next_()
      end
      tell(self, ctx, ctx.now)
      if options.pass then return next_() end
   end
end

return M
