--- Tests of a bot as a conversation: a sandbox and the bot in this process.
---
---    local testing = require "zapi.testing"
---    local world = testing.start {script = "examples/echo.lua"}
---    local ana = world:person "Ana"
---    ana:says "oi"
---    ana:expects "Olá!"
---    world:close()
---
--- Nothing is imitated between the two: calls and webhooks are HTTP. Written
--- for busted, but nothing here needs it: a failed expectation is an error.
---
--- world:advance(3600) lets an hour pass (testing/clock.lua); world:restart(),
--- reload() and kill() are the ends of a bot (testing/life.lua); world:fail() and
--- unplug() are what goes wrong (testing/faults.lua).
local clock = require "zapi.testing.clock"
local core = require "zapi.core"
local diff = require "zapi.testing.diff"
local faults = require "zapi.testing.faults"
local life = require "zapi.testing.life"
local sandboxes = require "zapi.sandbox"

local M = {}

local POLL <const> = 0.002 -- the bot's idleness has no event of its own
local VARIABLES <const> = {
   "ZAPI_INSTANCE_ID", "ZAPI_TOKEN", "ZAPI_CLIENT_TOKEN", "ZAPI_BASE_URL",
   "ZAPIBOT_LISTEN", "ZAPIBOT_WEBHOOK_SECRET", "ZAPIBOT_PUBLIC_URL", "ZAPI_PARTNER_TOKEN",
   "ZAPI_GATEWAY_URL", "ZAPI_GATEWAY_API_KEY", "ZAPI_GATEWAY_SYSTEM_ID",
}

-- ---- what a failed expectation says ----------------------------------------

local function show(message)
   if not message then return "nothing" end
   local labels = {}
   for i, item in ipairs(message.buttons or message.list and message.list.options or {}) do
      labels[i] = "[" .. item.label .. "]"
   end
   local what = message.kind == "text" and "" or "(" .. message.kind .. ") "
   local more = #labels > 0 and " " .. table.concat(labels, " ") or ""
   return ("%s%q%s"):format(what, message.text, more)
end

local function conversation(world, chat)
   local lines = {}
   for _, m in ipairs(world.sandbox:messages(chat)) do
      local who = m.fromMe and "bot" or m.fromName
      lines[#lines + 1] = ("   %s: %s%s"):format(who, show(m), m.error and " ! " .. m.error or "")
   end
   return #lines > 0 and "\nconversation:\n" .. table.concat(lines, "\n") or ""
end

-- Calls that were refused and webhooks that did not arrive explain a silence.
local function is_trouble(e)
   if e.direction == "call" then return e.status >= 400 end
   return not e.skipped and (e.error ~= nil or (e.status or 200) >= 300)
end

local function troubles(world)
   local lines = {}
   for _, e in ipairs(world.sandbox:journal()) do
      if is_trouble(e) then
         lines[#lines + 1] = ("   %s %s: %s %s"):format(e.direction, e.path or "?",
            e.status or "", e.error or core.json_encode(e.reply or ""))
      end
   end
   return #lines > 0 and "\ntrouble:\n" .. table.concat(lines, "\n") or ""
end

local function expected_text(wanted)
   if wanted == nil then return "a message" end
   if type(wanted) == "string" then return ("%q"):format(wanted) end
   if type(wanted) == "function" then return "a message that satisfies the function" end
   local parts = {}
   for k, v in pairs(wanted) do parts[#parts + 1] = ("%s = %q"):format(k, tostring(v)) end
   table.sort(parts)
   return "{" .. table.concat(parts, ", ") .. "}"
end

-- ---- one side of a conversation ---------------------------------------------

local function matches(message, wanted)
   if wanted == nil then return true end
   if type(wanted) == "string" then return message.text == wanted end
   if type(wanted) == "function" then return wanted(message) and true or false end
   for key, value in pairs(wanted) do
      if key == "match" then
         if not message.text:find(value) then return false end
      elseif message[key] ~= value then
         return false
      end
   end
   return true
end

-- Messages of the bot in this chat, in order, each one once.
local function next_reply(self)
   for _, m in ipairs(self.world.sandbox:messages(self.chat)) do
      if m.fromMe and m.n > self.seen then return m end
   end
end

local function await(world, seconds, ready)
   local deadline = core.hrtime() + seconds
   local value = ready()
   while not value do
      local left = deadline - core.hrtime()
      if left <= 0 then return nil end
      world.sandbox:wait(left)
      value = ready()
   end
   return value
end

---@class zapi.testing.Chat
---@field chat string
local Chat = {}
Chat.__index = Chat

--- Waits for the bot's next message in this chat and compares it. `wanted` is
--- its text, a table ({match = "pattern", kind = "image", …}), a function, or
--- nothing for any message.
---@param wanted? string|table|fun(message: table): boolean
---@param seconds? number
---@return table message as GET /__sandbox/messages shows it
function Chat:expects(wanted, seconds)
   local world = self.world
   local got = await(world, seconds or world.timeout, function() return next_reply(self) end)
   if got then self.seen = got.n end
   if got and matches(got, wanted) then return got end
   local differs = got and type(wanted) == "string" and diff.texts(wanted, got.text) or ""
   error(("%s expected %s\n   but got %s%s%s%s"):format(self.name, expected_text(wanted),
      show(got), differs, conversation(world, self.chat), troubles(world)), 2)
end

--- The bot's next messages in this chat have these texts, in this order, and when
--- all is handled there is no other.
---@param texts string[]
---@param seconds? number
function Chat:expects_all(texts, seconds)
   local world, got, same = self.world, {}, true
   local function take(message)
      self.seen = message.n
      got[#got + 1] = message.kind == "text" and message.text or show(message)
      same = same and got[#got] == texts[#got]
   end
   for _ = 1, #texts do
      local message = await(world, seconds or world.timeout, function()
         return next_reply(self)
      end)
      if not message then break end
      take(message)
   end
   world:settle()
   local more = next_reply(self)
   while more do
      take(more)
      more = next_reply(self)
   end
   if same and #got == #texts then return end
   error(("%s expected other messages (- expected, + got):\n   %s%s"):format(self.name,
      table.concat(diff.lines(texts, got), "\n   "), troubles(world)), 2)
end

--- Nothing more comes from the bot: waits until it has handled everything (and
--- `seconds` longer, for a bot that answers later).
---@param seconds? number
function Chat:hears_nothing(seconds)
   local world = self.world
   world:settle()
   local got = next_reply(self) or seconds and await(world, seconds, function()
      return next_reply(self)
   end)
   if not got then return end
   self.seen = got.n
   error(("%s expected nothing\n   but got %s%s"):format(self.name, show(got),
      conversation(world, self.chat)), 2)
end

--- All messages of this chat, oldest first.
function Chat:messages() return self.world.sandbox:messages(self.chat) end

---@class zapi.testing.Person : zapi.testing.Chat
---@field phone string
local Person = setmetatable({}, { __index = Chat })
Person.__index = Person

local function deliver(self, message, group, level)
   local ok, value = pcall(self.world.sandbox.say, self.world.sandbox, self.phone, message,
      { group = group and group.chat })
   if not ok then error(tostring(value):gsub("^[^:]+:%d+: ", ""), level + 1) end
   return value
end

--- Writes a text, or a table such as {image = "data:…"} or {reply_to = id, text = "…"}.
---@param message string|table
---@param group? zapi.testing.Chat
function Person:says(message, group) return deliver(self, message, group, 2) end

--- Clicks a button or an option of the bot's newest message that has some.
---@param label string label or id
---@param group? zapi.testing.Chat
function Person:clicks(label, group)
   local chat = (group or self).chat
   local all = self.world.sandbox:messages(chat)
   for i = #all, 1, -1 do
      if all[i].buttons or all[i].list then
         local field = all[i].buttons and "button" or "option"
         return deliver(self, { [field] = label, reply_to = all[i].id }, group, 2)
      end
   end
   error(("%s sees nothing to click%s"):format(self.name, conversation(self.world, chat)), 2)
end

--- Votes in the bot's newest poll: for one option, or for a list of them; {} takes
--- the vote back.
---@param options string|string[]
---@param group? zapi.testing.Chat
function Person:votes(options, group)
   return deliver(self, { vote = options }, group, 2)
end

-- ---- the world ----------------------------------------------------------------

---@class zapi.testing.World
---@field sandbox zapi.Sandbox
---@field bot? zapi.Bot
local World = {}
World.__index = World

--- A person who can talk to the bot.
---@param name string
---@param phone? string
---@return zapi.testing.Person
function World:person(name, phone)
   local person = self.sandbox:person { name = name, phone = phone }
   return setmetatable({
      world = self, name = name, phone = person.phone, chat = person.phone, seen = 0,
   }, Person)
end

--- A group of people (and the bot).
---@param name string
---@param people zapi.testing.Person[]
---@param admins? zapi.testing.Person[] who of them is one
---@return zapi.testing.Chat
function World:group(name, people, admins)
   local group = self.sandbox:group { name = name, members = people, admins = admins }
   return setmetatable({ world = self, name = name, chat = group.id, seen = 0 }, Chat)
end

--- Is a webhook on its way, or does a handler run?
---@return boolean
function World:is_busy()
   if self.sandbox:is_busy() then return true end
   local service = self.bot and self.bot.service
   if not service then return false end
   local stats = service:stats()
   return stats.running > 0 or stats.waiting > 0
end

--- Waits until every webhook was delivered and every handler has ended.
---@param seconds? number
---@return boolean
function World:settle(seconds)
   local deadline = core.hrtime() + (seconds or self.timeout)
   while self:is_busy() do
      if core.hrtime() > deadline then return false end
      core.sleep(POLL)
   end
   return true
end

--- Lets `seconds` pass, in milliseconds: timers, questions, the outbox, sleeps and
--- everything that expires come in their order, each when all before it is done.
---@param seconds number
function World:advance(seconds)
   if type(seconds) ~= "number" or not (seconds >= 0 and seconds < 3e9) then
      error("world:advance needs seconds from 0 on", 2)
   end
   clock.advance(self, seconds)
end

--- Lets time pass until an instant: Unix seconds, or a date {year=, month=, day=,
--- hour=, min=, tz=}.
---@param when number|table
function World:advance_to(when)
   local left = clock.instant(when) - core.now()
   if left < 0 then error("world:advance_to: this time is over", 2) end
   clock.advance(self, left)
end

--- Waits until nothing can happen any more but by time that passes. Unlike settle
--- it does not wait for a handler that sleeps.
---@return boolean
function World:rest() return clock.rest(self) end

--- Of the next calls some fail: 500 (any HTTP status), "lost" (done, and the answer
--- is lost), "timeout" (done, and no answer comes: world:advance until the bot gives
--- up), "kill" (done, and then the process is gone: go on with world:kill()).
---@param what integer|"lost"|"timeout"|"kill"
---@param options? {n: integer, path: string, body: any, headers: table} n calls (1),
---   those whose path matches this Lua pattern ("^/send%-text")
function World:fail(what, options) self.faults:add(what, options) end

--- The network is gone: no call reaches Z-API until world:plug().
function World:unplug() self.sandbox:unplug() end

function World:plug() self.sandbox:plug() end

--- The bot ends in order and begins anew over the same data (needs options.data).
---@param options? zapi.testing.Options another script or bot from now on
function World:restart(options) life.restart(self, options) end

--- A new bot over the same data, as when a script was changed.
---@param options? zapi.testing.Options
function World:reload(options) life.reload(self, options) end

--- The process is killed (kill -9) at this moment, and a new one begins with what
--- it left on disk (needs options.data).
---@param options? zapi.testing.Options
function World:kill(options) life.kill(self, options) end

function World:_die() life.die(self) end

local function restore(self)
   for _, name in ipairs(VARIABLES) do core.set_env(name, nil) end
   for name in pairs(self.env) do core.set_env(name, nil) end
   core.set_hosted(self.hosted)
   core.testing.set(nil)
   self.end_clock()
   if self.moved_data then pcall(core.testing.data, nil) end -- another world may go on
   if self.remove_data then self.remove_data() end
end

--- Ends bot and sandbox. An error when a handler failed or still runs: a test
--- that did not look would pass for the wrong reason.
---@param opts? {failures?: boolean} true: handlers may have failed
function World:close(opts)
   if self.closed then return end
   self.closed = true
   local settled = self:settle()
   local stats = self.bot and self.bot.service and self.bot.service:stats()
   local failed = self.failed + (stats and stats.failed or 0)
   if self.bot then self.bot:stop(0) end
   self.sandbox:close()
   restore(self)
   if not settled then error("something still runs: a handler, or a webhook on its way", 2) end
   if failed > 0 and not (opts and opts.failures) then
      error(("%d handler(s) failed; the log has the traceback"):format(failed), 2)
   end
end

-- ---- start ----------------------------------------------------------------------

local function hex(bytes)
   return (core.random(bytes):gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

local function set_environment(self)
   local s = self.sandbox
   local values = {
      ZAPI_INSTANCE_ID = s.instance, ZAPI_TOKEN = s.token, ZAPI_CLIENT_TOKEN = s.client_token,
      ZAPI_BASE_URL = s.base_url, ZAPIBOT_LISTEN = "127.0.0.1:0",
      ZAPIBOT_WEBHOOK_SECRET = self.secret, ZAPI_PARTNER_TOKEN = s.partner_token,
      ZAPI_GATEWAY_URL = s.base_url, ZAPI_GATEWAY_API_KEY = s.gateway_api_key,
      ZAPI_GATEWAY_SYSTEM_ID = tostring(s.system_id),
   }
   for _, name in ipairs(VARIABLES) do core.set_env(name, values[name] or false) end
   for name, value in pairs(self.env) do core.set_env(name, value) end
   self.hosted = core.hosted
   core.set_hosted(true)
end

-- The bot that a script makes; the last one, as the host would have it run.
local function run_script(path, args)
   local chunk = assert(loadfile(path))
   local bots = require "zapi.bot"
   local new, made = bots.new, nil
   bots.new = function(...)
      made = new(...)
      return made
   end
   local before = _G.arg
   rawset(_G, "arg", table.move(args or {}, 1, #(args or {}), 1, { [0] = path }))
   local ok, err = pcall(chunk, table.unpack(args or {}))
   rawset(_G, "arg", before)
   bots.new = new
   if not ok then error(err, 0) end
   return made
end

local function start_bot(self, opts)
   if opts.script then
      self.bot = run_script(opts.script, opts.args)
   elseif opts.bot then
      self.bot = opts.bot(require "zapi", self.env)
   end
   if not self.bot then return end
   if not self.bot.service then self.bot:run() end
   core.set_env("ZAPIBOT_LISTEN", self.bot.address) -- of those that follow it
   self.sandbox:connect_bot(("http://%s/webhook/%s"):format(self.bot.address, self.secret))
end

---@class zapi.testing.Options
---@field script? string a file that makes a bot and runs it
---@field args? string[] its arguments
---@field bot? fun(zapi: zapi, env: table): zapi.Bot
---@field env? table<string, string> what core.getenv gives beside the credentials
---@field data? true|string a folder for the bot's data, true: one that is removed
---   by world:close; left out: they are in memory
---@field now? number|table what time it is when the world begins: Unix seconds, or a
---   date {year=, month=, day=, hour=, min=, tz=}
---@field timeout? number seconds that expectations wait (2)
---@field seed? integer the same ids in every run (1)

function World:_start() start_bot(self, self.options) end

-- A folder of our own, and how it is removed.
local function temporary()
   local name = os.tmpname()
   os.remove(name)
   local folder = name .. ".zapi"
   return folder, function() os.execute("rm -rf '" .. folder .. "'") end
end

-- Data of one world are not the next one's. Under the program they are its own.
local function open_data(self)
   local data = self.options.data
   if data == true then
      self.data, self.remove_data = temporary()
   elseif data then
      self.data = data
   end
   self.moved_data = pcall(core.testing.data, self.data or "memory")
   if self.data and not self.moved_data then
      error("a world with data on disk needs plain Lua, and no other bot that runs", 0)
   end
end

--- Starts a sandbox and a bot that is linked to it.
---@param opts zapi.testing.Options
---@return zapi.testing.World
function M.start(opts)
   if opts.now then core.testing.set(clock.instant(opts.now)) end
   local self = setmetatable({
      sandbox = sandboxes.start { seed = opts.seed or 1, retry_after = 0.05 },
      secret = hex(16), env = opts.env or {}, timeout = opts.timeout or 2,
      options = {}, failed = 0, hanging = 0, end_clock = clock.begin(),
   }, World)
   for k, v in pairs(opts) do self.options[k] = v end
   self.faults = faults.new(self)
   self.sandbox.intercept = function(...) return self.faults:handle(...) end
   set_environment(self)
   local ok, err = pcall(function()
      open_data(self)
      self:_start()
   end)
   if ok then return self end
   self.sandbox:close()
   restore(self)
   error(err, 0)
end

return M
