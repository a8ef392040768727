-- A server in the spec's own process that answers what it is told and keeps
-- what it got.
local core = require "zapi.core"

local M = {}

---@class spec.Stub
---@field url string
---@field got table[] the requests, oldest first

--- Starts it. `answer(req, n)` returns status, body, headers; a string alone
-- is a 200 of JSON.
---@param answer string|fun(req: table, n: integer): any, any, any
---@return spec.Stub
function M.start(answer)
   local self = {got = {}}
   local function handler(req)
      self.got[#self.got + 1] = req
      local status, body, headers = answer, nil, nil
      if type(answer) == "function" then
         status, body, headers = answer(req, #self.got)
      end
      if type(status) == "string" then
         status, body = 200, status
      end
      return status, body or "", headers or {["Content-Type"] = "application/json"}
   end
   local server = core.serve {listen = "127.0.0.1:0", label = "stub", handler = handler}
   self.server = server
   self.url = "http://" .. server.address
   self.address = server.address
   self.port = server.port
   function self.last()
      return self.got[#self.got]
   end
   function self.close()
      server:close()
   end
   return self
end

--- A port of 127.0.0.1 on which nobody listens.
function M.free_port()
   local server = core.serve {listen = "127.0.0.1:0", label = "stub", handler = print}
   local port = server.port
   server:close()
   return port
end

return M
