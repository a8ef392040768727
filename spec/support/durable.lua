--- For specs of bots that keep their data on disk: each chunk runs in a process
--- of its own (spec/support/durable_child.lua is its first line), so that it may be
--- killed, and another one goes on with the same folder.
local core = require "zapi.core"
local shell = require "spec.support.shell"

local M = {}

local Place = {}
Place.__index = Place

--- A data folder, and the processes that use it one after the other.
function M.place()
   local folder, remove = shell.folder()
   return setmetatable({folder = folder, data = folder .. "/data", remove = remove, n = 0}, Place)
end

local function start(self, text)
   self.n = self.n + 1
   local path = ("%s/%d.lua"):format(self.folder, self.n)
   shell.write(path, 'local t = require "spec.support.durable_child"\n'
      .. 'local core, zapi, assert = t.core, t.zapi, t.assert\n' .. text
      .. "\nt.over()\n")
   return shell.run(("FOLDER=%s ZAPIBOT_DATA=%s ZAPIBOT_LOG=info timeout 60 %s %s"):format(
      shell.quote(self.folder), shell.quote(self.data),
      shell.quote(os.getenv("ZAPI_LUA") or "lua5.4"), shell.quote(path)))
end

--- Runs a chunk that must end well: its output.
function Place:run(text)
   local code, output = start(self, text)
   if code ~= 0 then error(("ended with %s\n%s"):format(code, output), 2) end
   return output
end

--- Runs a chunk that ends by t.die(): its output.
function Place:crash(text)
   local code, output = start(self, text)
   if code ~= 137 then error(("was not killed but ended with %s\n%s"):format(code, output), 2) end
   return output
end

--- Asks the data folder while no process has it (`inbox.list`, `outbox.list` …).
function Place:ask(what, more)
   local request = {["do"] = what}
   for k, v in pairs(more or {}) do request[k] = v end
   return assert(core.admin(self.data, request))
end

--- The dead letters: each with its whole reason.
function Place:dead()
   local list = self:ask("inbox.list", {state = "dead"}).events
   for i, e in ipairs(list) do list[i] = self:ask("inbox.show", {id = e.id}).events[1] end
   return list
end

--- Runs fn(place) and removes the folder.
function M.with(fn)
   local place = M.place()
   local ok, err = xpcall(fn, debug.traceback, place)
   place.remove()
   if not ok then error(err, 0) end
end

return M
