--- Files: from this machine into a call, and from an address to this machine.

local core = require "zapi.core"

local M = {}

--- zapi.media.file(path, mime?) -> a value for image=, audio=, document= …, or
-- nil and an error (kind "io"). The file is read when the call is written,
-- straight into its body. The type follows from the content, else from the
-- name, unless it is given.
---@type fun(path: string, mime?: string): zapi.Media?, zapi.Error?
M.file = core.media_file

--- Bytes that are sent at most, by kind. A call with more returns nil and an
-- error of kind "media.too_large" before anything is sent. Yours to change;
-- nil means no limit.
---@type {image: integer, audio: integer, video: integer, document: integer}
M.limits = core.media_limits

local MAX <const> = 100 * 1024 * 1024
local OPTIONS <const> = {max = "number", timeout = "number", headers = "table"}

local function check_string(name, value)
   if type(value) ~= "string" then
      error(("bad parameter '%s' to zapi.media.save (string expected, got %s)")
         :format(name, type(value)), 3)
   end
end

local function check_options(options)
   if options ~= nil and type(options) ~= "table" then
      error("zapi.media.save: a table of options expected, got " .. type(options), 3)
   end
   for name, value in pairs(options or {}) do
      if not OPTIONS[name] then
         error(("'%s' is not an option of zapi.media.save"):format(tostring(name)), 3)
      end
      if type(value) ~= OPTIONS[name] then
         error(("bad option '%s' to zapi.media.save (%s expected, got %s)")
            :format(name, OPTIONS[name], type(value)), 3)
      end
   end
   return options or {}
end

--- Host and port of the API in use, when it is named in the environment: the
-- sandbox runs on this machine and serves its own media.
---@return string?
function M.own_host()
   local base = core.getenv "ZAPI_BASE_URL"
   local host = base and base:match "^%a+://([^/?#@]+)"
   if not host or host:find ":%d+$" then
      return host
   end
   return host .. (base:find "^[Hh][Tt][Tt][Pp][Ss]" and ":443" or ":80")
end

--- Saves what an address holds. The address may come from anybody: addresses
-- of private networks and of this machine are refused, also after redirects.
-- The file appears under its name only when it is whole.
---@param url string
---@param path string
---@param options? {max?: integer, timeout?: number, headers?: table}
---@return string? path, zapi.Error? err
function M.save(url, path, options)
   check_string("url", url)
   check_string("path", path)
   options = check_options(options)
   local reply, err = core.http_request {
      url = url, save = path, max = options.max or MAX, timeout = options.timeout or 60,
      headers = options.headers, redirects = 3, public_only = true,
      public_except = M.own_host(),
   }
   if not reply then
      return nil, err
   end
   if reply.status < 200 or reply.status > 299 then
      return nil, core.error {
         kind = "client.error", endpoint = "zapi.media.save", status = reply.status,
         message = ("there is no file at this address (HTTP status %d)"):format(reply.status),
      }
   end
   return path
end

return M
