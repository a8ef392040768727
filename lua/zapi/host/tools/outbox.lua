--- `zapibot outbox list | show | retry | drop | stats`: what goes out, and what
-- became of it.

local args = require "zapi.host.cli.args"
local json = require "zapi.host.cli.json"
local store = require "zapi.host.tools.lib.store"

local OPTIONS = {
   {"--state", "STATE", "queued, sending, accepted, sent, received, read, played, failed, "
      .. "unknown, expired, cancelled; open: queued and sending"},
   {"--automation", "NAME", "only of this script"},
   {"--to", "ID", "only to this person or group"},
   {"--lane", "NAME", "only of this lane"},
   {"--reason", "TEXT", "retry --all: only those whose error or its kind has this text"},
   {"--all", nil, "retry: all of --state that match"},
   {"--limit", "NUMBER", "list: how many at most, newest first (50)"},
   {"--yes", nil, "do not ask"},
   {"--data", "FOLDER", "data folder (.zapibot)"},
   {"--json", nil, "an object"},
}

local MORE = [[
list       what was sent and what waits, in short
show ID    one send with its parameters, its reply or its error
retry ID   queues a failed, expired or cancelled one again; of an unknown one
           nobody knows whether it was sent, so it may arrive twice: this asks
drop ID    calls off a queued one; closes an unknown one without sending it
stats      numbers by state, and what is queued by lane

Exit codes: 0 success, 1 it is not there or was refused, 2 wrong usage.
]]

local STATES = {"queued", "sending", "accepted", "sent", "received", "read", "played", "failed",
   "unknown", "expired", "cancelled"}

local function request(what, given)
   store.state(given, STATES, "open")
   return {["do"] = "outbox." .. what, automation = given.automation, chat = given.to,
      lane = given.lane, state = given.state, reason = given.reason}
end

local function none(word)
   if word then
      args.fail("'%s' is too much", word)
   end
end

local function list(given, word)
   none(word)
   local rq = request("list", given)
   rq.limit = store.limit(given)
   local reply = store.ask(given, rq)
   if given.json then
      return json.print(reply)
   elseif #reply.sends == 0 then
      return store.say "nothing is in the outbox"
   end
   local rows = {}
   for i, s in ipairs(reply.sends) do
      rows[i] = {s.id, s.state, store.when(s.state == "queued" and s.at or s.changed_at),
         s.endpoint, s.recipient, s.automation, s.event, s.error or s.error_kind}
   end
   store.table({"ID", "STATE", "WHEN", "ENDPOINT", "TO", "AUTOMATION", "EVENT", "ERROR"}, rows)
   store.rest(#rows, reply.total)
end

local FIELDS = {"state", "automation", "endpoint", "recipient", "instance", "lane", "key",
   "event", "step", "message_id", "tries", "error_kind", "error"}

local function show(given, word)
   local reply = store.ask(given, {["do"] = "outbox.show", id = store.id(word, "send")})
   if given.json then
      return json.print(reply)
   end
   local s = reply.send
   store.say("send %d", s.id)
   for _, name in ipairs(FIELDS) do
      if s[name] ~= nil then
         store.say("  %-12s %s", name, s[name])
      end
   end
   for _, name in ipairs {"created_at", "changed_at", "at", "expires_at"} do
      if s[name] then
         store.say("  %-12s %s", (name:gsub("_at$", "")), store.when(s[name]))
      end
   end
   for _, name in ipairs {"params", "result"} do
      if s[name] ~= nil then
         store.say("%s %s", name, json.encode(s[name], {pretty = true}))
      end
   end
end

local function retry(given, word)
   local rq = request("retry", given)
   if given.all then
      none(word)
      rq.all = true
   else
      rq.id = store.id(word, "send")
   end
   local reply = store.ask(given, rq)
   if reply.confirm then
      store.confirm(given, (given.all and "What is unknown" or "Send " .. rq.id)
         .. " may have been sent, and would arrive twice. Send it again?")
      rq.force = true
      reply = store.ask(given, rq)
   end
   if given.json then
      return json.print(reply)
   elseif reply.retried == 0 then
      args.stop(store.FAILED, "no send matches")
   end
   store.say("%d queued again", reply.retried)
end

local function drop(given, word)
   local reply = store.ask(given, {["do"] = "outbox.drop", id = store.id(word, "send")})
   if given.json then
      return json.print(reply)
   end
   store.say(reply.was == "unknown" and "closed: it will not be sent again"
      or "called off: it will not be sent")
end

local function stats(given, word)
   none(word)
   local reply = store.ask(given, {["do"] = "outbox.stats"})
   if given.json then
      return json.print(reply)
   end
   for _, state in ipairs(STATES) do
      store.say("%-10s %d", state, reply.sends[state])
   end
   local rows = {}
   for i, l in ipairs(reply.lanes) do
      rows[i] = {l.automation, l.lane == "" and "(default)" or l.lane, l.queued,
         l.paused and "paused" or l.next_at and store.ago(l.next_at)}
   end
   if #rows > 0 then
      store.say ""
      store.table({"AUTOMATION", "LANE", "QUEUED", "NEXT"}, rows)
   end
end

local given, words = args.parse({...}, OPTIONS, MORE)
store.run({list = list, show = show, retry = retry, drop = drop, stats = stats}, given, words)
os.exit(0)
