--- Keeps other web sites out of a sandbox that runs beside a browser. A page
--- that had its name rebound to 127.0.0.1 sends a Host that is not local; a
--- form or fetch of another site sends a foreign Origin.
local M = {}

local function host_name(host)
   return (host:gsub(":%d+$", ""):lower():gsub("%.$", ""))
end

---@param host string|nil
---@return boolean
function M.is_local(host)
   if not host then return false end
   local name = host_name(host)
   return name == "localhost" or name == "127.0.0.1" or name == "[::1]"
      or name:find("^[%w%-%.]*%.localhost$") ~= nil
end

--- Why a request is refused, or nil.
---@return string|nil
function M.refuse(req)
   local host = req.headers.host
   if not M.is_local(host) then return "only local names are answered here" end
   if req.method == "GET" or req.method == "HEAD" then return nil end
   local origin = req.headers.origin
   if origin and origin:lower() ~= "http://" .. host:lower() then
      return "calls from other sites are refused"
   end
   if req.headers["sec-fetch-site"] == "cross-site" then
      return "calls from other sites are refused"
   end
end

return M
