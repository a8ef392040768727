--- `zapibot backup FILE`: a copy of the database, while the bot runs or not.

local args = require "zapi.host.cli.args"
local core = require "zapi.core"
local json = require "zapi.host.cli.json"
local store = require "zapi.host.tools.lib.store"

local OPTIONS = {
   {"--force", nil, "replace FILE when it is there"},
   {"--data", "FOLDER", "data folder (.zapibot)"},
   {"--json", nil, "an object"},
}

local MORE = [[
The copy is whole and of one moment. FILE is readable for its owner alone: it
holds messages and telephone numbers.

Exit codes: 0 success, 1 it could not be made, 2 wrong usage.
]]

local given, words = args.parse({...}, OPTIONS, MORE)
if #words ~= 1 then
   args.fail(words[1] and "one file, not %d" or "which file?", #words)
end
local reply = store.ask(given, {["do"] = "backup", file = core.full_path(words[1]),
   force = given.force == true})
if given.json then
   json.print(reply)
else
   store.say("%s, %s", reply.file, store.bytes(reply.bytes))
end
os.exit(0)
