--- "typing…" before each text that a handler sends, as long as a person would take.
local check = require "zapi.bot.check"

check.ours()

local M = {}

--- The longest that Z-API knows.
local LONGEST <const> = 15

---@class zapi.kit.TypingOptions
---@field per_char? number seconds for a character (0.03)
---@field max? number seconds at most (5)

--- See zapi.kit.typing. What ctx:typing says for a message counts instead.
---@param options? zapi.kit.TypingOptions
---@return fun(ctx: zapi.ctx, next: fun()): any
function M.new(options)
   options = check.options(options, {per_char = "number", max = "number"}, "kit.typing")
   local per_char, max = options.per_char or 0.03, options.max or 5
   if not (per_char > 0 and per_char < 60) then
      check.fail("bad 'per_char' in kit.typing (seconds above 0 expected, got %s)", per_char)
   end
   if not (max >= 1 and max <= LONGEST) then
      check.fail("bad 'max' in kit.typing (1 to %d seconds expected, got %s)", LONGEST, max)
   end
   local function seconds_of(text)
      local n = utf8.len(text) or #text
      if n == 0 then return nil end
      return math.min(math.ceil(n * per_char), math.floor(max))
   end
   return function(ctx, next_)
      ctx._types = seconds_of
      return next_()
   end
end

return M
