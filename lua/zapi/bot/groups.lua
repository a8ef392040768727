--- Who are the admins of a group: asked of Z-API, remembered for five minutes,
--- forgotten when the group changes.
local core = require "zapi.core"
local check = require "zapi.bot.check"
local contact = require "zapi.bot.contact"

check.ours()

local M = {}
M.__index = M

--- Seconds that an answer is good for, and groups that are remembered.
M.ttl, M.most = 300, 500

local changes = {
   ["group.promote"] = true, ["group.demote"] = true,
   ["group.join"] = true, ["group.leave"] = true,
}

function M.new()
   return setmetatable({known = {}, count = 0, version = 0}, M)
end

-- isAdmin comes as a boolean or as a string.
local function truth(v)
   return v == true or v == "true"
end

local function ask(client, group)
   local reply, err = client:request {
      method = "GET", path = "/light-group-metadata/" .. group, idempotent = true,
   }
   if not reply then error(err, 0) end
   local admins = {}
   for _, p in ipairs(reply.participants or {}) do
      if truth(p.isAdmin) or truth(p.isSuperAdmin) then
         admins[#admins + 1] = contact.new(p.phone, p.lid)
      end
   end
   return admins
end

--- The admins as contacts. Throws when they cannot be asked for.
---@return zapi.contact[]
function M:admins(client, group)
   local entry = self.known[group]
   local now = core.hrtime()
   if entry and now < entry.until_ then return entry.admins end
   local version = self.version
   local admins = ask(client, group)
   if version ~= self.version then return admins end -- somebody's role changed meanwhile
   if self.count >= self.most then self.known, self.count = {}, 0 end
   if not self.known[group] then self.count = self.count + 1 end
   self.known[group] = {admins = admins, until_ = now + self.ttl}
   return admins
end

--- Told of every event before its handlers run.
function M:see(kind, group)
   if not changes[kind] then return end
   self.version = self.version + 1
   if self.known[group] then
      self.known[group] = nil
      self.count = self.count - 1
   end
end

return M
