--- `zapibot doctor`: finds out what is wrong. See lib/diagnosis.lua.

local api = require "zapi.host.tools.lib.api"
local args = require "zapi.host.cli.args"
local diagnosis = require "zapi.host.tools.lib.diagnosis"
local term = require "zapi.host.cli.term"

local OPTIONS = {
   {"--json", nil, "an object: ok, and the list of checks"},
   {"--to", "NUMBER", "a number you write to: is it the instance's own?"},
}

local MORE = [[
Nothing is changed. Each check is ok, warn, fail or skipped, with what to do.
Credentials come from the environment or from .env in the current folder, and
so does ZAPIBOT_PUBLIC_URL, with which the webhooks are compared.

Exit codes: 0 nothing failed, 1 something did, 2 wrong usage, 3 network.
]]

local given, words = args.parse({...}, OPTIONS, MORE)
if #words > 0 then
   args.fail("'%s' is too much", words[1])
end
local found = diagnosis.run {to = given.to}
local columns = term.columns()
if given.json then
   io.stdout:write(found:json(columns ~= nil))
else
   io.stdout:write(found:words(math.min(columns or 100, 100)))
end
os.exit(found:ok() and 0 or found.network and api.NETWORK or api.FAILED)
