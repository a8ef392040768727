--- `zapibot reload [NAME]`: a running process loads the new version of its
-- scripts, or of one of them.

local args = require "zapi.host.cli.args"
local json = require "zapi.host.cli.json"
local store = require "zapi.host.tools.lib.store"

local OPTIONS = {
   {"--data", "FOLDER", "data folder of the process (.zapibot)"},
   {"--json", nil, "an object"},
}

local MORE = [[
The new version is loaded and checked (bot:check) beside the one that runs, then
takes its place: no event is lost, handlers that run end with the old one. What
does not load or fails a check changes nothing, and the reason is told.

Exit codes: 0 the new version serves, 1 it does not (or no process runs), 2 wrong
usage.
]]

local given, words = args.parse({...}, OPTIONS, MORE)
if #words > 1 then
   args.fail("'%s' is too much", words[2])
end
local reply = store.ask(given, {["do"] = "reload", automation = words[1]})
if given.json then
   json.print(reply)
   os.exit(0)
end
for _, one in ipairs(reply.reloaded) do
   store.say("%s: generation %d serves", one.name, one.generation)
end
os.exit(0)
