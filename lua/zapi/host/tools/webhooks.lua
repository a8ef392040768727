--- `zapibot webhooks show | set URL | test`: the addresses that Z-API calls.

local addresses = require "zapi.host.tools.lib.addresses"
local api = require "zapi.host.tools.lib.api"
local args = require "zapi.host.cli.args"
local core = require "zapi.core"
local json = require "zapi.host.cli.json"
local proof = require "zapi.host.tools.lib.proof"
local settings = require "zapi.host.tools.lib.settings"
local term = require "zapi.host.cli.term"

local OPTIONS = {
   {"--received", nil, "set only this one: incoming messages"},
   {"--delivery", nil, "set only this one: a message was sent, or failed"},
   {"--status", nil, "set only this one: received, read, played"},
   {"--presence", nil, "set only this one: typing, online"},
   {"--connected", nil, "set only this one: the instance is connected"},
   {"--disconnected", nil, "set only this one: the connection is lost"},
   {"--take-webhooks", nil, "set also what somebody else has set"},
   {"--json", nil, "show and test: an object"},
}

local MORE = [[
show       what is set now, and whether it is this bot
set URL    lets Z-API call this bot: URL is its public address, to which
           /webhook/SECRET is added. Without options all six are set; what is
           not named stays as it is. An address of another system is refused.
test       sends an event through the public address, as Z-API would

ZAPIBOT_PUBLIC_URL is the bot's public address; the secret is the one in
ZAPIBOT_WEBHOOK_SECRET or in the data folder. To set an address that is no
zapibot: zapibot call update_webhook_received value=URL

Exit codes: 0 success, 1 refused or failed, 2 wrong usage, 3 network.
]]

local function say(fmt, ...)
   io.stdout:write(core.redact(fmt:format(...)), "\n")
end

local function read_me(client)
   local me, err = client:call("get_me", {})
   if not me then
      api.stop(err, "cannot read what is set")
   end
   return me
end

-- ---- show -----------------------------------------------------------------

local WHOSE = {
   unset = "", ours = "this bot", other_secret = "this address, but another secret",
   foreign = "another system",
}

local function listed(me, base)
   local list = core.array {}
   for i, row in ipairs(addresses.ROWS) do
      local url = addresses.have(me, row)
      list[i] = json.object {"name", row.name, "url", url and addresses.shown(url) or core.null,
         "whose", base and addresses.whose(url, base) or url and "unknown" or "unset"}
   end
   return list
end

local function show(given)
   local me, base = read_me(api.client()), addresses.public()
   local list, own = listed(me, base), me.receiveCallbackSentByMe == true
   if given.json then
      json.print(json.object {"webhooks", list, "own_messages", own})
      return
   end
   for _, w in ipairs(list) do
      local url = w.url == core.null and addresses.shown(nil) or w.url
      local whose = WHOSE[w.whose] or ""
      say("%s  %s%s", term.pad(w.name, 12), url, whose ~= "" and ("  (" .. whose .. ")") or "")
   end
   say("%s  %s", term.pad("own messages", 12), own and "are reported too" or "are not reported")
   say "Filters cannot be read back: the panel shows them."
   if not base then
      say "ZAPIBOT_PUBLIC_URL is not set: whether that is this bot cannot be told."
   end
end

-- ---- set ------------------------------------------------------------------

local function rows_of(given)
   local rows = {}
   for _, row in ipairs(addresses.ROWS) do
      if given[row.name] then
         rows[#rows + 1] = row
      end
   end
   return #rows > 0 and rows or addresses.ROWS
end

local function door_of(base)
   local door = addresses.door(base)
   if not door then
      args.stop(api.FAILED, "there is no webhook secret: set ZAPIBOT_WEBHOOK_SECRET")
   end
   return door
end

-- Nothing is changed when something would be taken from somebody.
local function refuse(changes)
   local all_moved = true
   for _, change in ipairs(changes) do
      if change.foreign then
         say("%s  %s%s", term.pad(change.row.name, 12), addresses.shown(change.before),
            change.moved and "  (another host, with this bot's secret)" or "")
         all_moved = all_moved and change.moved
      end
   end
   if all_moved then
      args.stop(api.FAILED, "these have this bot's own secret at another host: an address that it "
         .. "had before, or another process with the same secret, which would hear nothing more; "
         .. "nothing was changed (--take-webhooks replaces them)")
   end
   args.stop(api.FAILED, "these belong to another system, which would hear nothing more; "
      .. "nothing was changed (--take-webhooks replaces them)")
end

-- What came of it, as /me says now.
local function tell(changes, me, want)
   local failed = 0
   for _, change in ipairs(changes) do
      local after = addresses.have(me, change.row)
      say("%s  %s -> %s", term.pad(change.row.name, 12), addresses.shown(change.before),
         addresses.shown(after))
      if change.err then
         say("%s  %s", (" "):rep(12), api.words(change.err))
      end
      failed = failed + (after == want and 0 or 1)
   end
   return failed
end

local function set(given, url)
   local client = api.client()
   local base = addresses.base(url)
   local bad = addresses.bad(base, api.base_url(client))
   if bad then
      args.fail("%s", bad)
   end
   local want, me = door_of(base), read_me(client)
   local changes, foreign = settings.plan(me, rows_of(given), want,
      {(base:gsub("/webhook/[^/]+$", "")), addresses.public()})
   if foreign and not given["take-webhooks"] then
      refuse(changes)
   elseif #changes == 0 then
      say("nothing to change: all point to %s", addresses.shown(want))
      return
   end
   local err = settings.apply(client, changes, want)
   local failed = tell(changes, read_me(client), want)
   if err then
      os.exit(api.code_of(err))
   elseif failed > 0 then
      args.stop(api.FAILED, "%d of %d were accepted but do not show in /me", failed, #changes)
   end
end

-- ---- test -----------------------------------------------------------------

local function test(given)
   local base = addresses.public()
   if not base then
      args.fail "ZAPIBOT_PUBLIC_URL is not set: it is the address to be tried"
   end
   local client = api.client()
   local bad = addresses.bad(base, api.base_url(client))
   if bad then
      args.fail("ZAPIBOT_PUBLIC_URL: %s", bad)
   end
   local p = proof.run(door_of(base), client.instance)
   if given.json then
      json.print(json.object {"ok", p.ok, "text", p.text, "what_to_do", p.what_to_do})
   else
      say("%s", p.text)
      if p.what_to_do ~= "" then
         say("-> %s", p.what_to_do)
      end
   end
   os.exit(p.code)
end

-- ---- the command ----------------------------------------------------------

local WORDS = {show = {show, 1}, set = {set, 2}, test = {test, 1}}

local given, words = args.parse({...}, OPTIONS, MORE)
local command = WORDS[words[1] or "show"]
if not command then
   args.fail("there is no '%s'%s (show, set URL, test)", words[1],
      args.hint(words[1], {"show", "set", "test"}))
elseif #words > command[2] then
   args.fail("'%s' is too much", words[command[2] + 1])
elseif words[1] == "set" and not words[2] then
   args.fail "which address? zapibot webhooks set https://bot.example.com"
end
command[1](given, words[2])
os.exit(0)
