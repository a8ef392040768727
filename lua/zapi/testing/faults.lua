--- What goes wrong between a bot and its Z-API: calls that fail, whose answers get
--- lost or never come, in which the process is killed.
local core = require "zapi.core"

local M = {}
local Faults = {}
Faults.__index = Faults

local FOREVER <const> = 86400 -- longer than anybody waits for an answer

function M.new(world)
   return setmetatable({world = world, list = {}}, Faults)
end

local function broken(write)
   write ""
   error("the connection broke off", 0)
end

-- The answer begins and breaks off: the caller cannot know what it would have been.
local function lose() return 200, broken, {["Content-Type"] = "application/json"} end

local function hang()
   core.sleep(FOREVER)
   return lose()
end

local kinds = {}

-- Z-API has done it, and the answer is lost.
function kinds.lost(_, go)
   go()
   return lose()
end

-- Z-API has done it, and does not answer.
function kinds.timeout(self, go)
   go()
   self.world.hanging = self.world.hanging + 1
   return hang()
end

-- Z-API has done it, and the bot is not there any more to be told: see World:kill.
function kinds.kill(self, go)
   go()
   self.world:_die()
   return hang()
end

--- Of the next calls `n` (1) fail so: an HTTP status, or one of the kinds above.
--- `path`: a Lua pattern that the path of the call must match ("^/send%-").
function Faults:add(what, options)
   options = options or {}
   local status = math.type(what) == "integer" and what >= 200 and what <= 599
   if not status and not kinds[what] then
      error(("bad fault '%s' (an HTTP status, \"lost\", \"timeout\" or \"kill\" expected)"):format(
         tostring(what)), 3)
   end
   self.list[#self.list + 1] = {
      what = what, left = options.n or 1, path = options.path, body = options.body,
      headers = options.headers,
   }
end

local function matching(self, path)
   for i, fault in ipairs(self.list) do
      if not fault.path or path:find(fault.path) then
         fault.left = fault.left - 1
         if fault.left <= 0 then table.remove(self.list, i) end
         return fault
      end
   end
end

local function refuse(self, req, path, fault)
   local reply = fault.body or {error = "fault of the test"}
   self.world.sandbox.log:add {
      direction = "call", method = req.method, path = path, status = fault.what, reply = reply,
   }
   local headers = {["Content-Type"] = "application/json"}
   for name, value in pairs(fault.headers or {}) do headers[name] = value end
   return fault.what, type(reply) == "string" and reply or core.json_encode(reply), headers
end

--- The way of a call through the sandbox; `go` is what it does without faults.
function Faults:handle(req, go)
   if self.world.dead then return hang() end -- its caller is gone
   local path = req.path:match "/token/[^/]*(/.*)$" or req.path
   local fault = matching(self, path)
   if not fault then return go() end
   local kind = kinds[fault.what]
   if kind then return kind(self, go) end
   return refuse(self, req, path, fault)
end

return M
