--- `zapibot inbox list | show | retry | drop | stats`: events that wait, and
-- those that could not be handled.

local args = require "zapi.host.cli.args"
local json = require "zapi.host.cli.json"
local store = require "zapi.host.tools.lib.store"

local OPTIONS = {
   {"--state", "STATE", "list: waiting, later, parked or dead"},
   {"--automation", "NAME", "only of this script"},
   {"--chat", "ID", "only of this person or group"},
   {"--kind", "KIND", "only events of this kind, as text"},
   {"--reason", "TEXT", "only dead ones whose reason has this text"},
   {"--all-dead", nil, "retry, drop: all dead ones that match"},
   {"--limit", "NUMBER", "list: how many at most, newest first (50)"},
   {"--yes", nil, "do not ask"},
   {"--data", "FOLDER", "data folder (.zapibot)"},
   {"--json", nil, "an object"},
}

local MORE = [[
list       what waits, in short. waiting: its turn will come; later: the script
           put it aside; parked: it waits for an answer; dead: it failed and is
           kept for 30 days
show ID    one event with its reason (and traceback) and its body
retry ID   lets a dead one, or one put aside, be handled now; messages of it that
           were refused are sent anew, those that may have left are not
drop ID    removes one that shall not be handled
stats      numbers by script and by kind

What was handled is not kept. Exit codes: 0 success, 1 it is not there or was
refused, 2 wrong usage.
]]

local STATES = {"waiting", "later", "parked", "dead"}

local function request(what, given)
   return {["do"] = "inbox." .. what, automation = given.automation, chat = given.chat,
      kind = given.kind, reason = given.reason}
end

local function list(given, word)
   if word then
      args.fail("'%s' is too much", word)
   end
   store.state(given, STATES)
   local rq = request("list", given)
   rq.state, rq.limit = given.state, store.limit(given)
   local reply = store.ask(given, rq)
   if given.json then
      return json.print(reply)
   elseif #reply.events == 0 then
      return store.say "nothing is in the inbox"
   end
   local rows = {}
   for i, e in ipairs(reply.events) do
      rows[i] = {e.id, e.state, store.when(e.received_at), e.kind, e.chat, e.automation,
         e.attempts, e.reason or e.due and "again " .. store.when(e.due)}
   end
   store.table({"ID", "STATE", "RECEIVED", "KIND", "CHAT", "AUTOMATION", "TRIES", "REASON"}, rows)
   store.rest(#rows, reply.total)
end

local FIELDS = {"state", "automation", "kind", "chat", "author", "message_id", "instance",
   "attempts"}

local function show(given, word)
   local rq = request("show", given)
   rq.id = store.id(word, "event")
   local reply = store.ask(given, rq)
   if given.json then
      return json.print(reply)
   end
   for _, e in ipairs(reply.events) do
      store.say("event %d", e.id)
      for _, name in ipairs(FIELDS) do
         if e[name] ~= nil then
            store.say("  %-12s %s", name, e[name])
         end
      end
      for _, name in ipairs {"received_at", "ended_at", "due"} do
         if e[name] then
            store.say("  %-12s %s", (name:gsub("_at$", "")), store.when(e[name]))
         end
      end
      if e.reason then
         store.say("\n%s\n", e.reason)
      end
   end
   store.say("%s", json.encode(reply.payload, {pretty = true}))
end

local function change(what, done)
   return function(given, word)
      local rq = request(what, given)
      if given["all-dead"] then
         if word then
            args.fail("a number or --all-dead, not both")
         end
         rq.all = true
         if what == "drop" then
            store.confirm(given, "All dead letters that match will be removed.")
         end
      else
         rq.id = store.id(word, "event")
      end
      local reply = store.ask(given, rq)
      if given.json then
         return json.print(reply)
      elseif reply[done] == 0 then
         args.stop(store.FAILED, "no dead letter matches")
      end
      store.say("%d %s", reply[done], what == "retry" and "will be handled again" or "removed")
   end
end

local function stats(given, word)
   if word then
      args.fail("'%s' is too much", word)
   end
   local reply = store.ask(given, request("stats", given))
   if given.json then
      return json.print(reply)
   end
   local rows = {}
   for i, a in ipairs(reply.automations) do
      rows[i] = {a.name, a.waiting, a.later, a.parked, a.dead,
         a.oldest_at and store.ago(a.oldest_at)}
   end
   store.table({"AUTOMATION", "WAITING", "LATER", "PARKED", "DEAD", "OLDEST"}, rows)
   if #reply.kinds > 0 then
      rows = {}
      for i, k in ipairs(reply.kinds) do
         rows[i] = {k.kind, k.waiting, k.dead}
      end
      store.say ""
      store.table({"KIND", "WAITING", "DEAD"}, rows)
   end
end

local given, words = args.parse({...}, OPTIONS, MORE)
store.run({
   list = list, show = show, stats = stats,
   retry = change("retry", "retried"), drop = change("drop", "dropped"),
}, given, words)
os.exit(0)
