--- `zapibot chat SCRIPT.lua`: the terminal is a customer of the script.

local core = require "zapi.core"
local args = require "zapi.host.cli.args"
local dotenv = require "zapi.host.cli.dotenv"

local OPTIONS = {
   {"--as", "NAME", "who speaks first (Ana)"},
}

local MORE = [[
The script runs against a sandbox in this process: nothing is sent, and what it
keeps is gone at the end. A line is what the customer writes; a number chooses the
button, the item or the option of a poll of the bot's last message. What else can be typed:

  /as NAME [PHONE]
                 another customer speaks
  /group [NAME]  in a group, with everybody who spoke there; who opens it is an admin
  /private       alone with the bot again
  /image [URL]   sends a picture
  /wait SECONDS  lets time pass
  /quit          ends (so does Ctrl-D)
  //text         says /text

Lines that come from a file or a pipe are answered one by one:
  printf 'oi\n1\n' | zapibot chat bot.lua

Exit codes: 0, 1 the script or one of its handlers failed, 2 wrong usage.
]]

-- Options stand before the script; what follows it is the script's.
local function parted(words)
   for i, word in ipairs(words) do
      local is_value = words[i - 1] == "--as"
      if word:sub(1, 1) ~= "-" and not is_value then
         return table.move(words, 1, i - 1, 1, {}), word, table.move(words, i + 1, #words, 1, {})
      end
   end
   return words
end

local function quoted(path) return "'" .. path:gsub("'", "'\\''") .. "'" end

-- What is kept on disk works as it will, and is gone with this state.
local function data_folder()
   local pipe <close> = assert(io.popen "mktemp -d")
   local folder = pipe:read "l" or args.stop(1, "cannot make a folder for the data")
   core.publish("ZAPIBOT_DATA", folder)
   return setmetatable({}, {__gc = function() os.execute("rm -rf " .. quoted(folder)) end})
end

-- The script's own settings; those of the service are the sandbox's.
local function settings_of(folder)
   local env = {}
   for name, value in pairs(dotenv.of(folder)) do
      if not name:find "^ZAPI" and not os.getenv(name) then env[name] = value end
   end
   return env
end

local function start(script, words)
   local folder = dotenv.folder(script)
   package.path = folder .. "/?.lua;" .. folder .. "/?/init.lua;" .. package.path
   local file, err = io.open(script, "r")
   if not file then args.fail("%s", err) end
   file:close()
   rawset(_G, "arg", table.move(words, 1, #words, 1, {[0] = script})) -- handlers look too
   local ok, world = pcall(require("zapi.testing").start, {
      script = script, args = words, env = settings_of(folder), seed = 1,
   })
   if not ok then args.stop(1, "%s", tostring(world)) end
   if not world.bot then args.stop(1, "%s makes no bot (require(\"zapi.bot\").new)", script) end
   return world
end

local function run(all_words)
   local own_words, script, words = parted(all_words)
   local given = args.parse(own_words, OPTIONS, MORE)
   if not script then args.fail("which script? zapibot chat SCRIPT.lua") end
   local data = data_folder()
   local world = start(script, words)
   local live = core.options.asks ~= nil
   if live then
      io.stdout:write("/as NAME, /group, /private, /quit; a number chooses a button\n")
   end
   local failed = require("zapi.host.chat").run(world,
      {live = live, read_line = core.read_line, name = given.as or "Ana"})
   world:close {failures = true}
   os.exit(data and failed == 0 and 0 or 1)
end

run {...}
