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
