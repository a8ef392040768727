--- `zapibot qr`: links a phone with a code drawn in the terminal. See
-- lib/link.lua.

local api = require "zapi.host.tools.lib.api"
local args = require "zapi.host.cli.args"
local core = require "zapi.core"
local link = require "zapi.host.tools.lib.link"
local term = require "zapi.host.cli.term"

local OPTIONS = {
   {"--clear-queue", nil, "delete what waits to be sent, before linking"},
   {"--keep-queue", nil, "let it be sent as soon as the phone is linked"},
   {"--image", "FILE", "write the code as an image instead of drawing it"},
   {"--refresh", "SECONDS", "how long a code is shown (15)"},
}

local MORE = [[
Three codes are shown, one after the other; WhatsApp takes each for some
20 seconds. When messages are queued, this asks before it links: they would
all be sent at once.

Exit codes: 0 connected, 1 not linked, 2 wrong usage, 3 network.
]]

local function out(text)
   io.stdout:write(text)
   io.stdout:flush()
end

-- In English and Portuguese.
local function ask(question)
   out(question)
   local answer = (io.read "l" or ""):lower()
   return answer:find "^%s*[ys]" ~= nil
end

local function queue_of(given)
   if given["clear-queue"] and given["keep-queue"] then
      args.fail("--clear-queue or --keep-queue, not both")
   end
   return given["clear-queue"] and "clear" or given["keep-queue"] and "keep" or nil
end

local function refresh_of(given)
   local seconds = tonumber(given.refresh or 15)
   if not seconds or seconds <= 0 or seconds > 3600 then
      args.fail("--refresh takes seconds, as 15")
   end
   return seconds
end

local given, words = args.parse({...}, OPTIONS, MORE)
if #words > 0 then
   args.fail("'%s' is too much", words[1])
end
os.exit(link.run {
   refresh = refresh_of(given), queue = queue_of(given), image = given.image,
   client = api.client(), out = out, ask = core.options.asks and ask or nil,
   columns = term.columns(),
})
