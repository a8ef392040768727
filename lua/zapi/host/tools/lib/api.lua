--- What the tools doctor, webhooks and qr share: a client from the environment,
-- what an error means for the exit code, and texts without secrets.

local args = require "zapi.host.cli.args"
local core = require "zapi.core"
local mask = require "zapi.host.cli.mask"
local zapi = require "zapi"

local M = {FAILED = 1, USAGE = 2, NETWORK = 3}

local TIMEOUT = 20 -- seconds; a person is waiting

--- A text of an exception, without the place in our files.
---@param thrown any
---@return string
function M.plain(thrown)
   return (tostring(thrown):gsub("^[^\n]-:%d+: ", ""))
end

--- A client with the credentials of the environment, or nil and why not.
---@return zapi.Client|nil client, string|nil why
function M.try_client()
   local ok, client = pcall(zapi.client, {timeout = TIMEOUT})
   if ok then
      return client
   end
   return nil, M.plain(client)
end

--- The same; without credentials the program ends as wrong usage.
---@return zapi.Client
function M.client()
   local client, why = M.try_client()
   if not client then
      args.fail("%s", why)
   end
   return client
end

--- Where the API of a client is: "https://api.z-api.io".
---@param client zapi.Client
---@return string
function M.base_url(client)
   return (client:build("get_me", {}).url:gsub("/instances/.*$", ""))
end

--- Did the call fail before the API could say anything?
---@param err zapi.Error
---@return boolean
function M.is_network(err)
   return not err.status and (err.kind:find "^net%." ~= nil or err.kind == "send.unknown")
end

--- The kind of a failure of the network. A connection that breaks in the middle
-- of the handshake counts as TLS here: for a person that is where to look.
---@param err zapi.Error
---@return string
function M.network_kind(err)
   return err.message:find("TLS connection", 1, true) and "net.tls" or err.kind
end

--- 3 for the network, 1 for everything else.
---@param err zapi.Error
---@return integer
function M.code_of(err)
   return M.is_network(err) and M.NETWORK or M.FAILED
end

local docs

-- What a kind means and what to do.
local function doc_of(kind)
   if not docs then
      docs = {}
      for _, row in ipairs(core.error_kinds()) do
         docs[row.kind] = row.doc
      end
   end
   return docs[kind]
end

--- An error in one line for people: what its kind means, and what was said.
---@param err zapi.Error
---@return string
function M.words(err)
   local text = mask.text(err.message)
   local doc = doc_of(err.kind)
   if doc and not text:find(doc, 1, true) then
      text = doc .. ": " .. text
   end
   return text
end

--- Ends the program with what went wrong with a call.
---@param err zapi.Error
---@param doing string
function M.stop(err, doing)
   args.stop(M.code_of(err), "%s: %s", doing, M.words(err))
end

return M
