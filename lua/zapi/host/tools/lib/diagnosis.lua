--- What `zapibot doctor` looks at, one function per question. They run in
-- order; one that returns false makes the rest pointless. Start at M.run.

local addresses = require "zapi.host.tools.lib.addresses"
local api = require "zapi.host.tools.lib.api"
local clock = require "zapi.host.tools.lib.clock"
local core = require "zapi.core"
local report = require "zapi.host.tools.lib.report"

local M = {}

M.NAMES = {"credentials", "env_file", "client_token", "network", "clock", "ip", "instance",
   "subscription", "connection", "webhooks", "filters", "own_number"}

local SKEW = 60 -- seconds that clocks may differ
local SOON = 5 * 86400 -- seconds before `due`
local PANEL = "app.z-api.io"
local SECURITY = PANEL .. " > Segurança > Token de segurança da conta"

local OTHERS = 7 -- permissions of those who are neither owner nor in the group

---@class zapi.doctor.State
---@field found zapi.doctor.Report
---@field client zapi.Client
---@field me table reply of /me
---@field to? string number that one means to write to
---@field api string base URL

-- ---- credentials ----------------------------------------------------------

-- It holds the tokens.
local function check_env_file(s)
   local mode = core.file_mode ".env"
   if not mode then
      s.found:add("env_file", "ok", "no .env in this folder")
   elseif mode & OTHERS == 0 then
      s.found:add("env_file", "ok", "others on this machine cannot open .env")
   else
      s.found:add("env_file", "warn", (".env may be opened by others on this machine (mode %03o)")
         :format(mode), "chmod 600 .env")
   end
end

-- Not an id: somebody copied the whole address, or a line break with it.
local function is_odd(value)
   return value:find "[%s/:?#]" ~= nil
end

local function why_missing(id, token)
   if not id and not token then
      return "nothing is configured",
         ("set ZAPI_INSTANCE_ID, ZAPI_TOKEN and ZAPI_CLIENT_TOKEN in the environment or in a "
         .. ".env file in this folder; the values are in %s. Without an account: "
         .. "zapibot dev SCRIPT.lua"):format(PANEL)
   end
   local set, other = "ZAPI_INSTANCE_ID", "ZAPI_TOKEN"
   if not id then
      set, other = other, set
   end
   return set .. " is set, " .. other .. " is not",
      "set both: id and token of the instance stand side by side in " .. PANEL
end

local function why_wrong(id, token)
   if id == token then
      return "ZAPI_INSTANCE_ID and ZAPI_TOKEN are the same",
         "one of them was pasted twice; copy both again from " .. PANEL
   elseif is_odd(id) or is_odd(token) then
      return ("%s holds more than it should (a blank, or a part of an address)")
         :format(is_odd(id) and "ZAPI_INSTANCE_ID" or "ZAPI_TOKEN"),
         "only the id and the token themselves, not the whole address of the API"
   end
end

local function check_client_token(s, id, token, client_token)
   if not client_token then
      s.no_client_token = true
   elseif client_token == token or client_token == id then
      s.found:add("client_token", "fail", ("the Client-Token equals the %s"):format(
         client_token == token and "instance token" or "instance id"),
         "ZAPI_CLIENT_TOKEN is the token of the account, another one: " .. SECURITY)
   end
end

local function check_credentials(s)
   local ok, id, token, client_token = pcall(function()
      return core.getenv "ZAPI_INSTANCE_ID", core.getenv "ZAPI_TOKEN",
         core.getenv "ZAPI_CLIENT_TOKEN"
   end)
   if not ok then
      s.found:add("credentials", "fail", api.plain(id), "correct the file that it names")
      return false
   end
   local why, what_to_do = (id and token and why_wrong or why_missing)(id, token)
   if why then
      s.found:add("credentials", "fail", why, what_to_do)
      return false
   end
   check_client_token(s, id, token, client_token)
   local client, trouble = api.try_client()
   if not client then
      s.found:add("credentials", "fail", trouble, "correct the configuration")
      return false
   end
   s.client, s.api = client, api.base_url(client)
   s.found:add("credentials", "ok", "instance " .. id)
end

-- ---- network, clock -------------------------------------------------------

local NETWORK = {
   ["net.resolve"] = "check the name in ZAPI_BASE_URL and this machine's DNS",
   ["net.refused"] = "nobody listens there: check ZAPI_BASE_URL",
   ["net.connect"] = "check ZAPI_BASE_URL, firewall and proxy",
   ["net.tls"] = "check this machine's clock and its CA certificates (package ca-certificates)",
   ["net.timeout"] = "check firewall and proxy, then try again",
}

local function fail_network(s, err)
   s.found.network = true
   s.found:add("network", "fail", ("%s cannot be reached: %s"):format(s.api, api.words(err)),
      NETWORK[api.network_kind(err)] or "try again; check ZAPI_BASE_URL, firewall and proxy")
   return false
end

-- A reply of a cache is as old as it says.
local function server_time(headers)
   local date = clock.http(headers.date)
   return date and date + (tonumber(headers.age) or 0)
end

local function check_clock(s, theirs, ours)
   if not theirs then
      s.found:add("clock", "skipped", "the server does not say what time it is")
      return
   end
   local skew = ours - theirs
   if math.abs(skew) <= SKEW then
      s.found:add("clock", "ok", "right to the minute")
      return
   end
   s.found:add("clock", "fail", ("this machine's clock is %s %s"):format(
      clock.span(math.abs(skew)), skew > 0 and "fast" or "slow"),
      "set it, and keep it right: timedatectl set-ntp true")
end

-- The root of the host: any answer will do, and the address has no token.
local function check_network(s)
   local before = core.now()
   local reply, err = core.http_request {url = s.api .. "/", timeout = 15, redirects = 0}
   if not reply then
      return fail_network(s, err)
   end
   s.found:add("network", "ok", s.api .. " answers")
   check_clock(s, server_time(reply.headers), (before + core.now()) / 2)
end

-- ---- the API --------------------------------------------------------------

-- kind of an error -> the check that it decides, what to do
local BLAME = {
   ["auth.client_token_missing"] = {"client_token",
      "the account wants a Client-Token and none arrived",
      "copy it from " .. SECURITY .. " and set ZAPI_CLIENT_TOKEN"},
   ["auth.client_token_invalid"] = {"client_token", "the Client-Token is wrong",
      "copy it again from " .. SECURITY .. "; a new one makes the old one invalid"},
   ["auth.ip_not_allowed"] = {"ip"},
   ["auth.instance_not_found"] = {"instance",
      "instance id and token do not belong together",
      "copy both from the same instance in " .. PANEL},
   ["auth.unauthorized"] = {"instance", "the credentials were refused",
      "copy id and token again from " .. PANEL},
   ["billing.subscription_expired"] = {"subscription", "the subscription of the instance is over",
      "renew it in " .. PANEL .. "; until then nothing is sent"},
   ["client.unknown_endpoint"] = {"network", "this host does not know Z-API's paths",
      "check ZAPI_BASE_URL"},
   ["state.disconnected"] = {"connection", "the instance is not connected to WhatsApp",
      "link the phone: zapibot qr"},
   ["state.restore_session"] = {"connection", "the session must be restored",
      "zapibot call restore_session; if that does not help: zapibot qr"},
}

local function blame_address(s, err)
   local ip = err.message:match "the server said: ([%x.:]+) not allowed"
   s.found:add("ip", "fail", ip and ("calls from " .. ip .. " are not allowed")
      or "calls from this machine's address are not allowed",
      ("add %s in %s > Segurança, or switch the restriction off"):format(
         ip or "its public address", PANEL))
end

-- An error of the API; `check` is where one that says nothing more ends up.
local function blame(s, err, check)
   local row = BLAME[err.kind]
   if api.is_network(err) then
      fail_network(s, err)
   elseif err.kind == "auth.ip_not_allowed" then
      blame_address(s, err)
   elseif row then
      s.found:add(row[1], "fail", row[2], row[3])
   else
      s.found:add(check, "fail", api.words(err), "try again later; zapibot call "
         .. (err.endpoint or "get_me") .. " shows the whole answer")
   end
   return false
end

local function check_me(s)
   local me, err = s.client:call("get_me", {})
   if not me then
      return blame(s, err, "instance")
   elseif type(me) ~= "table" then
      s.found:add("network", "fail", "/me answers something that is no instance",
         "check ZAPI_BASE_URL")
      return false
   end
   s.me = me
   s.found:add("ip", "ok", "calls from this machine are allowed")
   s.found:add("instance", "ok", ("id and token match%s"):format(
      type(me.name) == "string" and me.name ~= "" and (": " .. me.name) or ""))
   if s.no_client_token then
      s.found:add("client_token", "warn", "none is set, and the account does not want one",
         "switch it on (" .. SECURITY .. "): without it, id and token alone can send")
   else
      s.found:add("client_token", "ok", "accepted")
   end
end

local function check_subscription(s)
   local due = clock.instant(s.me.due)
   if not due then
      s.found:add("subscription", "ok", "no date is given")
      return
   end
   local left = due - core.now()
   if left < 0 then
      s.found:add("subscription", "fail", "it was due on " .. clock.day(due),
         "renew it in " .. PANEL .. " before the instance is stopped")
   elseif left <= SOON then
      s.found:add("subscription", "warn", ("due on %s, in %s"):format(clock.day(due),
         clock.span(left)), "renew it in " .. PANEL)
   else
      s.found:add("subscription", "ok", "due on " .. clock.day(due))
   end
end

local function check_connection(s)
   local status, err = s.client:call("get_status", {})
   if not status then
      blame(s, err, "connection")
      return not api.is_network(err)
   elseif status.smartphoneConnected == false then
      s.found:add("connection", "warn", "connected, but the phone itself is offline",
         "switch the phone on once in a while: WhatsApp unlinks it after some 14 days")
   else
      s.found:add("connection", "ok", "connected to WhatsApp")
   end
end

-- ---- webhooks -------------------------------------------------------------

local SAYS = {
   unset = "%s: not set", foreign = "%s: points elsewhere, %s",
   other_secret = "%s: our address with another secret, which the door refuses",
}

-- We know our address: each of the six must be it.
local function compare_webhooks(s, base)
   local wrong = {}
   for _, row in ipairs(addresses.ROWS) do
      local url = addresses.have(s.me, row)
      local says = SAYS[addresses.whose(url, base)]
      if says then
         wrong[#wrong + 1] = says:format(row.name, addresses.shown(url))
      end
   end
   if #wrong == 0 then
      s.found:add("webhooks", "ok", "all six point to " .. base)
      return
   end
   s.found:add("webhooks", "fail", table.concat(wrong, "; "),
      ("zapibot webhooks set %s (with --take-webhooks if the other system may be cut off)")
         :format(base))
end

-- We do not know it: unset is the only thing that can be told.
local function describe_webhooks(s)
   local set, hosts = 0, {}
   for _, row in ipairs(addresses.ROWS) do
      local url = addresses.have(s.me, row)
      if url then
         set = set + 1
         hosts[#hosts + 1] = row.name .. ": " .. addresses.shown(url)
      end
   end
   if set == 0 then
      s.found:add("webhooks", "warn", "none is set: a bot hears nothing, and what becomes of "
         .. "a message is never known", "zapibot webhooks set https://YOUR.ADDRESS")
   else
      s.found:add("webhooks", "warn", ("%d of %d set (%s); whether that is this bot cannot be "
         .. "told, because ZAPIBOT_PUBLIC_URL is not set"):format(set, #addresses.ROWS,
         table.concat(hosts, ", ")), "set ZAPIBOT_PUBLIC_URL to the bot's public address")
   end
end

local function check_webhooks(s)
   local base = addresses.public()
   local bad = base and addresses.bad(base, s.api)
   if bad then
      s.found:add("webhooks", "fail", "ZAPIBOT_PUBLIC_URL: " .. bad,
         "set it to the address under which the bot's door is reached from outside")
   elseif base then
      compare_webhooks(s, base)
   else
      describe_webhooks(s)
   end
end

local function is_any_set(me)
   for _, row in ipairs(addresses.ROWS) do
      if addresses.have(me, row) then
         return true
      end
   end
   return false
end

local function check_filters(s)
   if not is_any_set(s.me) then
      s.found:add("filters", "skipped", "they matter only where a webhook is set")
      return
   end
   s.found:add("filters", "warn", "filters are lists of what is NOT delivered; Z-API does not "
      .. "tell which are set, so some may block events", "if events are missing, clear both "
      .. "lists: zapibot call update_filters messageFilters:=[] callbackTypeFilters:=[]")
end

-- ---- the own number -------------------------------------------------------

-- With and without the ninth digit, a Brazilian number is one person.
local function plain_number(number)
   local digits = tostring(number):gsub("%D", "")
   local area, rest = digits:match "^55(%d%d)9(%d%d%d%d%d%d%d%d)$"
   return area and ("55" .. area .. rest) or digits
end

local function check_own_number(s)
   if s.found:state "connection" == "fail" then
      s.found:add("own_number", "skipped", "known only while connected")
      return
   end
   local device, err = s.client:call("get_device", {})
   local phone = device and device.phone
   if not phone or phone == "" then
      s.found:add("own_number", "skipped", "the number could not be read"
         .. (err and (": " .. api.words(err)) or ""))
   elseif s.to and plain_number(s.to) == plain_number(phone) then
      s.found:add("own_number", "warn", ("%s is the instance's own number: what is sent there "
         .. "lands in the chat with oneself, without a notification"):format(s.to),
         "try with the number of another phone")
   elseif s.to then
      s.found:add("own_number", "ok", ("%s is not the instance's own number, %s"):format(
         s.to, phone))
   else
      s.found:add("own_number", "ok", ("the instance is %s; what is sent to that number itself "
         .. "lands in the chat with oneself, without a notification (--to NUMBER compares)")
            :format(phone))
   end
end

-- ---- all of it ------------------------------------------------------------

local STEPS = {check_env_file, check_credentials, check_network, check_me, check_subscription,
   check_connection, check_webhooks, check_filters, check_own_number}

--- Looks at everything; changes nothing.
---@param options? {to?: string}
---@return zapi.doctor.Report
function M.run(options)
   local s = {found = report.new(M.NAMES), to = options and options.to}
   for _, step in ipairs(STEPS) do
      if step(s) == false then
         break
      end
   end
   return s.found
end

return M
