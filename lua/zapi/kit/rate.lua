--- At most so many messages of one person in so many seconds; what is more comes to
--- no handler. Counted in memory, in two tables (this span of time and the last
--- one), so it costs the same however many people there are.
local core = require "zapi.core"
local check = require "zapi.bot.check"
local people = require "zapi.kit.people"

check.ours()

local M = {}

--- What is said once to whoever writes too much.
M.text = "Você enviou muitas mensagens em pouco tempo. Aguarde um pouco, por favor."

---@class zapi.kit.RateOptions
---@field per? number seconds (60)
---@field max? integer messages in so many seconds (20)
---@field by? "person"|"chat"|fun(ctx: zapi.ctx): string? who is counted (person)
---@field reply? string|false said once in a span of time, in private chats

local known <const> = {
   per = "number", max = "number", by = "string|function", reply = "string|boolean",
}

local keys <const> = {
   person = function(ctx) return ctx.from and ctx.from.key end,
   chat = function(ctx) return ctx._chat_key end,
}

local function key_of(by)
   if type(by) == "function" then return by end
   return keys[by]
      or check.fail("bad 'by' in kit.rate (\"person\", \"chat\" or a function expected)")
end

local function options_of(given)
   local options = check.options(given, known, "kit.rate")
   local per, max = options.per or 60, options.max or 20
   if not (per > 0 and per < 1e9) then check.fail("bad 'per' in kit.rate (seconds above 0)") end
   if math.type(max) ~= "integer" or max < 1 then
      check.fail("bad 'max' in kit.rate (a whole number from 1 on expected)")
   end
   if options.reply == true then check.fail("bad 'reply' in kit.rate (a text or false)") end
   return {
      per = per, max = max, key = key_of(options.by or "person"),
      reply = options.reply == nil and M.text or options.reply,
   }
end

-- The tables of now: what was counted, and who was told.
local function turn(spans, per)
   local now = core.now()
   local span = now // per
   if span ~= spans.span then
      spans.last = span - 1 == spans.span and spans.now or {}
      spans.now, spans.told, spans.span = {}, {}, span
   end
   return 1 - (now / per - span)
end

--- See zapi.kit.rate. An event that is handled once more was counted before.
---@param given? zapi.kit.RateOptions
---@return fun(ctx: zapi.ctx, next: fun()): any
function M.new(given)
   local options, spans = options_of(given), {}
   return function(ctx, next_)
      local key = people.writes(ctx) and not people.goes_on(ctx) and ctx.attempt == 1
         and options.key(ctx)
      if not key then return next_() end
      local left = turn(spans, options.per)
      local count = spans.now[key] or 0
      if count + (spans.last[key] or 0) * left + 1 <= options.max then
         spans.now[key] = count + 1
         return next_()
      end
      if not options.reply or spans.told[key] or not people.may_hear(ctx) then return end
      spans.told[key] = true
      ctx:send(options.reply)
   end
end

return M
