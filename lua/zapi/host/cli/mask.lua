--- What the tools do not print unless asked: fields of replies and parameters
-- that hold secrets, by name or by endpoint, and every value that is
-- registered as a secret.

local core = require "zapi.core"

local M = {}

local MARK = "***"

-- Wherever they stand. Keys are compared in lower case, without "_" and "-".
local NAMES = {
   token = true, instancetoken = true, clienttoken = true, accesstoken = true,
   appealtoken = true, chaveapi = true, apikey = true, password = true, secret = true,
   proxyurl = true, authorization = true, challenge = true,
}

-- Where an innocent name holds one.
local ROWS = {
   ["get_qr_code"] = {value = true},
   ["get_qr_code_image"] = {value = true},
   ["get_phone_code"] = {value = true},
   ["gateway.get_qr_code"] = {value = true},
   ["mobile_confirm_registration_code"] = {code = true},
   ["mobile_confirm_pin_code"] = {code = true},
   ["set_security_two_fa_code"] = {code = true},
   ["verify_security_email"] = {verificationCode = true},
}

local function plain(name)
   return (tostring(name):lower():gsub("[_-]", ""))
end

--- Is a field of this name secret, in an endpoint's reply or parameters?
---@param name string
---@param endpoint? string full name
---@return boolean
function M.is_secret(name, endpoint)
   local own = endpoint and ROWS[endpoint]
   return NAMES[plain(name)] or own and own[name] or false
end

--- A text without registered secrets, webhook secrets and passwords in
-- addresses. The address of an instance keeps its id.
---@param s string
---@return string
function M.text(s)
   s = s:gsub("(/instances/[^/?#%s]+/token/)[^/?#%s]+", "%1" .. MARK)
      :gsub("(/webhook/)[^/?#%s\"]+", "%1" .. MARK)
      :gsub("(%w://)[^/?#%s@]+@", "%1" .. MARK .. "@")
   return (s:gsub("[^\n]+", function(line)
      local head, instance, tail = line:match "^(.-)(/instances/[^/?#%s]+/token/%*%*%*)(.*)$"
      if not head then
         return core.redact(line)
      end
      return core.redact(head) .. instance .. core.redact(tail)
   end))
end

--- A copy of a decoded value with its secrets as "***". Empty secrets stay as
-- they are: that there is none is no secret.
---@param value any
---@param endpoint? string full name
---@return any
function M.value(value, endpoint)
   if type(value) == "string" then
      return M.text(value)
   elseif type(value) ~= "table" then
      return value
   end
   local copy = setmetatable({}, getmetatable(value))
   for key, v in pairs(value) do
      local hide = type(key) == "string" and M.is_secret(key, endpoint)
      if hide and v ~= "" and type(v) ~= "boolean" and v ~= core.null then
         copy[key] = MARK
      else
         copy[key] = M.value(v, endpoint)
      end
   end
   return copy
end

--- A reply that is a bare text or bytes is secret as a whole where its row
-- says that a field of the object would be (a QR code).
---@param value any
---@param endpoint string
---@return any
function M.reply(value, endpoint)
   if type(value) == "string" and ROWS[endpoint] then
      return MARK
   end
   return M.value(value, endpoint)
end

--- What z:build gives, with secrets as "***".
---@param request {method: string, url: string, headers: table, body: any}
---@param endpoint string
---@return table
function M.request(request, endpoint)
   local headers = {}
   for name, value in pairs(request.headers) do
      local secret = NAMES[plain(name)]
      local kind = secret and value:match "^(Bearer )"
      headers[name] = secret and (kind or "") .. MARK or M.text(value)
   end
   return {
      method = request.method, url = M.text(request.url), headers = headers,
      body = M.value(request.body, endpoint),
   }
end

return M
