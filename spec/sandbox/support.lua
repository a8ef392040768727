--- What the sandbox's specs share: a client of its HTTP, and a receiver of
--- webhooks that keeps what it gets.
local core = require "zapi.core"
local sandboxes = require "zapi.sandbox"

local M = {}

--- A reply's body as a Lua value.
function M.decode(reply) return core.json_decode(reply.body) end

--- A request to the sandbox; headers of a local browser unless given.
function M.request(sandbox, method, path, body, headers)
   local all = { ["Content-Type"] = body ~= nil and "application/json" or nil }
   for k, v in pairs(headers or {}) do all[k] = v or nil end
   return assert(core.http_request {
      method = method, url = sandbox.base_url .. path, headers = all,
      body = type(body) == "table" and core.json_encode(body) or body,
   })
end

--- A call below the instance's path, with the right secrets.
function M.call(sandbox, method, path, body, headers)
   local all = { ["Client-Token"] = sandbox.client_token }
   if method ~= "GET" and method ~= "DELETE" then all["Content-Type"] = "application/json" end
   for k, v in pairs(headers or {}) do all[k] = v or nil end
   local base = ("/instances/%s/token/%s"):format(sandbox.instance, sandbox.token)
   return M.request(sandbox, method, base .. path, body, all)
end

--- A receiver of webhooks: `got` has their bodies, `wait(n)` waits for n.
function M.receiver(answer)
   local self = { got = {}, headers = {} }
   local server = core.serve {
      listen = "127.0.0.1:0", label = "receiver",
      handler = function(req)
         self.got[#self.got + 1] = core.json_decode(req.body)
         self.headers[#self.headers + 1] = req.headers
         return (answer and answer(#self.got) or 200), ""
      end,
   }
   self.url = "http://" .. server.address .. "/webhook/very-secret-path"
   function self.close() server:close() end
   function self.types()
      local names = {}
      for i, body in ipairs(self.got) do names[i] = body.status or body.type end
      return table.concat(names, " ")
   end
   return self
end

--- Waits for the sandbox to have delivered everything.
function M.settle(sandbox)
   local deadline = core.hrtime() + 5
   while sandbox:is_busy() do
      if core.hrtime() > deadline then error("the sandbox is still busy", 2) end
      sandbox:wait(deadline - core.hrtime())
   end
end

--- A sandbox with Ana, Bia, a group and a receiver of all webhooks.
function M.start(opts)
   opts = opts or {}
   opts.seed = opts.seed or 7
   opts.retry_after = opts.retry_after or 0.01
   local sandbox = sandboxes.start(opts)
   local ana = sandbox:person { name = "Ana", phone = "5511999990001" }
   local bia = sandbox:person { name = "Bia", phone = "5511999990002" }
   local group = sandbox:group { name = "Grupo", members = { ana, bia } }
   return sandbox, ana, group
end

--- The 1 x 1 PNG that specs send.
M.PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
   .. "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

return M
