--- `zapibot restore FILE`: puts a backup in the place of the database.

local args = require "zapi.host.cli.args"
local core = require "zapi.core"
local json = require "zapi.host.cli.json"
local store = require "zapi.host.tools.lib.store"

local OPTIONS = {
   {"--yes", nil, "do not ask"},
   {"--data", "FOLDER", "data folder (.zapibot)"},
   {"--json", nil, "an object"},
}

local MORE = [[
The bot must be stopped. FILE is checked first; the present database is kept
beside the new one. What waited when the backup was made is old, and part of it
was done since then: it is parked, and nothing of it is sent by itself. Events
become dead letters, queued messages are cancelled, and those that were leaving
are unknown.

Exit codes: 0 success, 1 refused or failed (nothing was changed), 2 wrong usage.
]]

local function release(n, what, how)
   if n > 0 then
      store.say("%d %s\n   %s", n, what, how)
   end
end

local given, words = args.parse({...}, OPTIONS, MORE)
if #words ~= 1 then
   args.fail(words[1] and "one file, not %d" or "which file?", #words)
end
store.confirm(given, ("The database in %s will be replaced by %s."):format(store.folder(given),
   words[1]))
local r = store.ask(given, {["do"] = "restore", file = core.full_path(words[1])})
if given.json then
   json.print(r)
   os.exit(0)
end
store.say("%s is now as it was %s (%s)", r.file, store.when(r.taken_at), store.ago(r.taken_at))
if r.kept then
   store.say("what was there before is kept as %s", r.kept)
end
release(r.events, "events are parked as dead letters; to handle them:",
   "zapibot inbox retry --all-dead --reason restored")
release(r.cancelled, "messages that waited are cancelled; to send them:",
   "zapibot outbox retry --all --state cancelled --reason restored")
release(r.unknown, "messages were leaving, and are unknown; to look at them:",
   "zapibot outbox list --state unknown")
os.exit(0)
