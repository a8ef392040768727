--- A line in the log for each event: its kind, where it came from, how long its
--- handlers took and whether one of them failed. What people write is not in it,
--- unless that is asked for.
local core = require "zapi.core"
local check = require "zapi.bot.check"
local text = require "zapi.text"

check.ours()

local M = {}

local LONGEST <const> = 80 -- bytes of a text

---@class zapi.kit.LogOptions
---@field level? "debug"|"info"|"warn"|"error" (info)
---@field text? boolean also the beginning of what was written

local levels <const> = {debug = true, info = true, warn = true, error = true}

-- Closes when the handlers have ended, however they do.
local Line = {}

function Line:__close(err)
   local ctx, options = self.ctx, self.options
   local who = ctx.from and ctx.from.key
   local place = ctx.chat or "-"
   if who and who ~= place then place = place .. " " .. who end
   local words = ""
   if options.text and ctx.text then
      words = ": " .. text.cut(ctx.text, LONGEST):gsub("%c", " ")
   end
   core.log(options.level, "bot", ("[%s %s] %s, %.0f ms%s%s"):format(ctx.kind, ctx.id or "-",
      place, (core.hrtime() - self.since) * 1000, err ~= nil and ", failed" or "", words))
end

--- See zapi.kit.log.
---@param options? zapi.kit.LogOptions
---@return fun(ctx: zapi.ctx, next: fun()): any
function M.new(options)
   options = check.options(options, {level = "string", text = "boolean"}, "kit.log")
   local level = options.level or "info"
   if not levels[level] then
      check.fail("bad 'level' in kit.log (\"debug\", \"info\", \"warn\" or \"error\" expected)")
   end
   local own = {level = level, text = options.text}
   return function(ctx, next_)
      local _ <close> = setmetatable({ctx = ctx, options = own, since = core.hrtime()}, Line)
      return next_()
   end
end

return M
