--- What most bots want before their handlers, one line each:
---
---    local kit = require "zapi.kit"
---    kit.optout(bot)                                    -- SAIR, PARAR … are kept
---    bot:use(kit.rate {per = 60, max = 20})
---    bot:use(kit.hours {mon = "09:00-18:00", tue = "09:00-18:00"})
---
--- Each is a file of kit/, loaded when it is used; the texts that customers read
--- are options.
local M = {}

---@class zapi.Kit
---@field rate fun(options?: zapi.kit.RateOptions): fun(ctx: zapi.ctx, next: fun())
---@field hours fun(options: zapi.kit.HoursOptions): fun(ctx: zapi.ctx, next: fun())
---@field maintenance fun(options?: zapi.kit.MaintenanceOptions): fun(ctx: zapi.ctx, next: fun())
---@field typing fun(options?: zapi.kit.TypingOptions): fun(ctx: zapi.ctx, next: fun())
---@field log fun(options?: zapi.kit.LogOptions): fun(ctx: zapi.ctx, next: fun())
---@field optout fun(bot: zapi.Bot, options?: zapi.kit.OptoutOptions): zapi.kit.Ledger

local parts <const> = {
   rate = true, hours = true, maintenance = true, typing = true, log = true, optout = true,
}

return setmetatable(M, {
   __index = function(_, name)
      if not parts[name] then return nil end
      M[name] = require("zapi.kit." .. name).new
      return M[name]
   end,
})
