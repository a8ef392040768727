--- `zapibot forget PHONE`: removes what is stored of a person.

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
PHONE is a number in any spelling, or a lid. Names, events that wait or are dead,
messages, sessions, states of flows, open questions, timers of their chat or key,
and who serves them are removed, and the file is written anew, so that their bytes
are gone too (storing pauses for that: about a second for 200 MB). Counts stay.

Who has said SAIR (zapi.kit.optout) is still not written to: that is kept under a
one-way hash of the number, until they say VOLTAR.

Backups, files that 'restore' kept, logs and what scripts keep in zapi.store or
elsewhere are not touched.

Exit codes: 0 success, 1 nothing was known of them, or it failed, 2 wrong usage.
]]

local given, words = args.parse({...}, OPTIONS, MORE)
if #words ~= 1 then
   args.fail(words[1] and "one person, not %d" or "whom?", #words)
end
local who = core.phone(words[1])
if not who:find "^%+?%d%d%d%d%d%d" then
   args.fail("'%s' is no telephone number and no lid", words[1])
end
store.confirm(given, ("All that is stored of %s will be removed."):format(who))
local reply = store.ask(given, {["do"] = "forget", chat = who})
if given.json then
   json.print(reply)
elseif reply.rows == 0 then
   args.stop(store.FAILED, "nothing is stored of %s", who)
else
   store.say("%d rows removed", reply.rows)
end
if not reply.rewritten then
   args.stop(store.FAILED, "the rows are gone, but the file could not be written anew (%s): "
      .. "their bytes may still be in it; try again", reply.why)
end
os.exit(0)
