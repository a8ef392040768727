--- What a question takes for an answer: the options of ctx:ask, checked once, and
--- the look at a message. Start reading at M.of.
local core = require "zapi.core"
local check = require "zapi.bot.check"
local matcher = require "zapi.bot.matcher"
local text = require "zapi.text"
local words = require "zapi.bot.words"

check.ours()

local M = {}

---@class zapi.AskOptions
---@field timeout? number seconds until nil, "timeout" (a day)
---@field match? string|string[]|fun(ctx: zapi.ctx): any what is an answer: a Lua
---   pattern, one of a list of words, or what a function gives something for
---@field retry? string|zapi.msg what whoever answers otherwise is told (else the
---   question comes again); false: nothing
---@field tries? integer after so many other answers: nil, "tries"
---@field escape? string[] words that end the question: nil, "escaped"
---@field by? "person"|"chat" who may answer in a group: who is asked, or anybody
---@field commands? "command"|"answer" a command of the bot is handled as such and
---   the question stays open (left out), or is an answer like anything else

local allowed = {
   timeout = "number", match = "string|table|function", retry = "string|table|boolean",
   tries = "number", escape = "table|string", by = "string", commands = "string",
}

-- ---- tests: ctx → value, captures; nil: no answer ----

local function any(ctx)
   return ctx.text or true
end

local function pattern(s)
   local find = matcher.compile(s)
   return function(ctx)
      if not ctx.text then return nil end
      local found = find(text.cut(ctx.text, words.max_text))
      if found then return found[1], found end
   end
end

local function plain(s)
   return words.normalise(words.fold(s))
end

local function one_of(list, name, what)
   local known = {}
   if #list == 0 then check.fail("'%s' in %s is empty", name, what) end
   for i, word in ipairs(list) do
      check.type(word, "string", i, name)
      known[plain(word)] = word
   end
   return function(ctx) return known[ctx._words] end
end

local function test_of(match, what)
   if match == nil then return nil end
   if type(match) == "string" then return pattern(match) end
   if type(match) == "table" then return one_of(match, "match", what) end
   return match
end

-- ---- options ----

local function positive(options, name, what)
   local n = options[name]
   if n == nil then return nil end
   if not (n > 0 and n < 1e9) then
      check.fail("bad '%s' in %s (more than 0 expected, got %s)", name, what, n)
   end
   return n
end

-- nil: the default.
local function choice(options, name, what, default, other)
   local value = options[name]
   if value == nil or value == default then return nil end
   if value == other then return value end
   check.fail("bad '%s' in %s (\"%s\" or \"%s\" expected, got '%s')", name, what, default, other,
      value)
end

--- Sends under a name of its own, so that it is found whatever came before.
function M.send_as(ctx, step, msg)
   ctx._named = step
   local _ <close> = setmetatable({}, {__close = function() ctx._named = nil end})
   return ctx:reply(msg)
end

-- Thousands may wait: what nobody has said otherwise is here.
local Wanted = {by = "person", commands = "command", test = any}
Wanted.__index = Wanted

--- The question.
function Wanted:send(ctx, step) M.send_as(ctx, step, self.msg) end

--- What whoever answers otherwise is told.
function Wanted:again(ctx)
   local retry = self.retry
   if retry == nil then retry = self.msg end
   if retry then ctx:reply(retry) end
end

--- What ctx:ask wants.
---@param options zapi.AskOptions
---@param what? string for errors: who asks
function M.of(msg, options, what)
   what = what or "ctx:ask"
   options = check.options(options, allowed, what)
   local escape, retry = options.escape, options.retry
   if type(escape) == "string" then escape = {escape} end
   if retry == true then check.fail("bad 'retry' in %s (a message or false expected)", what) end
   local wanted = setmetatable({msg = msg}, Wanted)
   wanted.timeout = positive(options, "timeout", what)
   wanted.tries = positive(options, "tries", what)
   wanted.by = choice(options, "by", what, "person", "chat")
   wanted.commands = choice(options, "commands", what, "command", "answer")
   wanted.test = test_of(options.match, what)
   wanted.escape = escape and one_of(escape, "escape", what)
   wanted.retry = retry
   return wanted
end

--- "ok", value, captures | "again" | "escaped"
function M.judge(wanted, ctx)
   if wanted.escape and wanted.escape(ctx) then return "escaped" end
   local value, captures = wanted.test(ctx)
   if value == nil or value == false then return "again" end
   local ok, why = pcall(core.store.pack, value)
   if not ok then check.fail("what 'match' gave for an answer cannot be kept: %s", why) end
   return "ok", value, captures
end

--- For `zapibot check`.
M.options = allowed

return M
