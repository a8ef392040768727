--- `zapibot webhooks test`: an event sent to the bot from outside, as Z-API
-- would, and what the answer means. Start at M.run.
--
-- The event is a presence of nobody, with a marker: it is never stored, and no
-- handler takes it for a message. A server that says 200 to everything is no
-- proof, so a second one with a wrong secret must be refused.

local addresses = require "zapi.host.tools.lib.addresses"
local api = require "zapi.host.tools.lib.api"
local core = require "zapi.core"

local M = {}

local TIMEOUT = 15
local SLOW = 3 -- seconds after which Z-API sends again

M.MARKER = "ZAPIBOT_TEST"

local function event(instance)
   return {
      type = "PresenceChatCallback", phone = "0", status = M.MARKER,
      lastSeen = core.null, instanceId = instance,
   }
end

local FAILURES = {
   ["net.resolve"] = {"DNS: the name was not found",
      "check the name, or wait until its DNS record is known everywhere"},
   ["net.tls"] = {
      "TLS: the certificate is not trusted or not for this name, or there is no TLS at all",
      "Z-API needs a valid certificate; look at the reverse proxy or the tunnel"},
   ["net.refused"] = {"refused: nothing listens at that address and port",
      "start the bot and its reverse proxy or tunnel"},
   ["net.connect"] = {"the address cannot be reached",
      "check firewall, port forwarding and the tunnel"},
   ["net.timeout"] = {"no answer in time",
      "check firewall, port forwarding and the tunnel"},
}

local STATUSES = {
   [401] = {"401: reached, but with another secret (or a password of the proxy before it)",
      "use the bot's own secret: run this in the folder of its .env and .zapibot, or set "
      .. "ZAPIBOT_WEBHOOK_SECRET for both"},
   [403] = {"403: something before the bot refuses the call",
      "let POST /webhook/… pass through the proxy or firewall"},
   [404] = {"404: that is not the bot's door",
      "check the path of ZAPIBOT_PUBLIC_URL and what the proxy passes on"},
   [405] = {"405: that is not the bot's door", "check what the proxy passes on"},
   [413] = {"413: the proxy takes no bodies of this size", "allow some megabytes"},
   [503] = {"503: reached, but no event can be taken now",
      "if the proxy says so: start the bot; if the bot says so: see its log"},
}

local function of_status(status)
   if STATUSES[status] then
      return table.unpack(STATUSES[status])
   elseif status >= 500 then
      return status .. ": the proxy does not reach the bot, or the bot fails",
         "start the bot, check the port that the proxy passes to, see the bot's log"
   elseif status >= 300 and status < 400 then
      return status .. ": redirected elsewhere", "give the address that it redirects to"
   end
   return status .. ": that is not the bot's door", "check the address and the proxy"
end

local function post(url, instance)
   return core.http_request {
      url = url, json = event(instance), timeout = TIMEOUT, redirects = 0,
   }
end

local function random_secret()
   return (core.random(12):gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

---@class zapi.webhooks.Proof
---@field ok boolean
---@field code integer exit code
---@field text string
---@field what_to_do string

local function result(code, text, what_to_do)
   return {ok = code == 0, code = code, text = text, what_to_do = what_to_do or ""}
end

local function failure(err)
   local row = FAILURES[api.network_kind(err)]
      or {api.words(err), "check the address, then try again"}
   return result(api.code_of(err), row[1], row[2])
end

-- Does the same server refuse a wrong secret?
local function is_a_door(url, instance)
   local wrong = url:gsub("[^/]*$", "") .. random_secret()
   local reply = post(wrong, instance)
   return reply ~= nil and reply.status == 401
end

--- Tries the whole address of a door ("https://…/webhook/SECRET").
---@param url string
---@param instance string
---@return zapi.webhooks.Proof
function M.run(url, instance)
   local reply, err = post(url, instance)
   if not reply then
      return failure(err)
   elseif reply.status ~= 200 then
      return result(api.FAILED, of_status(reply.status))
   elseif not is_a_door(url, instance) then
      return result(api.FAILED, "200, but to a wrong secret too: that is not the bot's door",
         "check the address; a proxy or tunnel answers in the bot's place")
   end
   local text = ("200 in %.0f ms: the bot's door was reached at %s"):format(
      reply.seconds * 1000, addresses.shown(url))
   if reply.seconds > SLOW then
      return result(0, text, "Z-API wants an answer within some 3 s, else it sends again")
   end
   return result(0, text)
end

return M
