--- The bot is being worked on: whoever writes is told so, once an hour, and no
--- handler runs but for those who test it.
local core = require "zapi.core"
local check = require "zapi.bot.check"
local contact = require "zapi.bot.contact"
local people = require "zapi.kit.people"
local zones = require "zapi.bot.zone"

check.ours()

local M = {}

--- What customers read, without and with an end ({time}: "18:00", {date}: "24/12").
M.text = "Estamos em manutenção. Volte a escrever mais tarde, por favor."
M.text_ends = "Estamos em manutenção até as {time} ({date}). Volte a escrever depois, por favor."

---@class zapi.kit.MaintenanceOptions
---@field ends? number Unix seconds; left out: as long as it is in use
---@field on? fun(ctx: zapi.ctx): any asked at each message: is it so now?
---@field text? string|false
---@field allow? string|string[] numbers whose messages go on
---@field every? number seconds until the same person is told again (3600)
---@field zone? string of {time} and {date}

local known <const> = {
   ends = "number", on = "function", text = "string|boolean", allow = "string|table",
   every = "number", zone = "string",
}

local function text_of(options)
   local text, ends = options.text, options.ends
   if text == true then check.fail("bad 'text' in kit.maintenance (a text or false)") end
   if text == false then return nil end
   text = text or ends and M.text_ends or M.text
   if not ends then return text end
   local civil = math.floor(ends) + zones.of(options.zone):offset(ends)
   local _, month, day = zones.date(civil // 86400)
   return people.fill(text, {
      time = ("%02d:%02d"):format(civil % 86400 // 3600, civil % 3600 // 60),
      date = ("%02d/%02d"):format(day, month),
   })
end

--- See zapi.kit.maintenance. A handler that was running goes on.
---@param options? zapi.kit.MaintenanceOptions
---@return fun(ctx: zapi.ctx, next: fun()): any
function M.new(options)
   options = check.options(options, known, "kit.maintenance")
   local ends, on, every = options.ends, options.on, options.every or 3600
   if ends and not (ends > 1e9 and ends < 1e11) then
      check.fail("bad 'ends' in kit.maintenance (Unix seconds expected)")
   end
   if not (every > 0 and every < 1e9) then check.fail("bad 'every' in kit.maintenance") end
   local text = text_of(options)
   local tests = options.allow and contact.matcher(options.allow)
   return function(ctx, next_)
      if not people.writes(ctx) or people.goes_on(ctx) or ends and core.now() >= ends
         or tests and tests(ctx.from) or on and not on(ctx) then
         return next_()
      end
      if text and people.may_hear(ctx) and people.once(ctx, "maintenance", every) then
         ctx:send(text)
      end
   end
end

return M
