--- The ids of what the bot sent lately: an echo with such an id is its own. Two
--- generations, so that it never grows beyond twice `most`.
local M = {}
M.__index = M

M.most = 2000

function M.new()
   return setmetatable({young = {}, old = {}, count = 0}, M)
end

function M:add(id)
   if not id then return end
   if self.count >= self.most then
      self.old, self.young, self.count = self.young, {}, 0
   end
   self.young[id] = true
   self.count = self.count + 1
end

function M:has(id)
   return id ~= nil and (self.young[id] or self.old[id]) or false
end

return M
