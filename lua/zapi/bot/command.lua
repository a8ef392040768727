--- Commands: "!pedido 123". The prefix is one of a few characters, the name is
--- found whatever its case and accents, arguments are words or "quoted words".
--- Start reading at M.new; a command becomes a handler in M.handler.
local core = require "zapi.core"
local check = require "zapi.bot.check"
local texts = require "zapi.bot.texts"

check.ours()

local fill <const> = texts.fill

local M = {}
local Commands = {}
Commands.__index = Commands

-- ---- the line: prefix, name, rest ----

local function prefixes_of(s)
   local set = {}
   for _, code in utf8.codes(s) do set[utf8.char(code)] = true end
   return set
end

--- The command of a text, or nil.
---@return {prefix: string, name: string, rest: string}|nil
function Commands:parse(text)
   if not text then return nil end
   local prefix, after = text:match("^%s*(" .. utf8.charpattern .. ")%s*()")
   if not prefix or not self.prefixes[prefix] then return nil end
   local name, from = text:match("^(%S+)%s*()", after)
   if not name then return nil end
   local stop = text:match("^.*%S()", from) -- greedy: linear, whatever is sent
   local rest = stop and text:sub(from, stop - 1) or ""
   return {prefix = prefix, name = core.fold(name), rest = rest}
end

-- ---- arguments ----

-- Phones turn straight quotes into these.
local closing = {['"'] = '"', ["“"] = "”", ["'"] = "'", ["„"] = "“", ["«"] = "»"}

-- `seen` remembers where each closing quote was found last: without it a text
-- full of opening quotes would be searched to its end for each of them.
local function quoted(s, i, seen)
   for open, close in pairs(closing) do
      if s:sub(i, i + #open - 1) == open then
         local from = seen[close]
         if not from or from < i + #open then
            from = s:find(close, i + #open, true) or math.huge
            seen[close] = from
         end
         local to = from < math.huge and from + #close - 1
         local next_is_blank = to and (to == #s or s:find("^%s", to + 1))
         if next_is_blank then return s:sub(i + #open, from - 1), to + 1 end
      end
   end
end

--- Words of a text and where each begins; quotes keep words together.
---@return string[], integer[]
function M.split(s)
   local list, starts, i, seen = {}, {}, 1, {}
   while true do
      i = s:find("%S", i)
      if not i then return list, starts end
      starts[#starts + 1] = i
      local word, stop = quoted(s, i, seen)
      if not word then word, stop = s:match("^(%S+)()", i) end
      list[#list + 1], i = word, stop
   end
end

-- "<phone> [reason…]" as a list of {name, required, rest}.
local function parse_spec(spec)
   local list, optional = {}, false
   local left = spec:gsub("([<%[])([^<>%[%]]-)([>%]])", function(open, name, close)
      local plain = name:gsub("%.%.%.$", ""):gsub("…$", "")
      local rest = plain ~= name
      if (open == "<") ~= (close == ">") or not plain:find("^[%a_][%w_]*$") then return nil end
      if plain == "text" then check.fail("'text' is taken in args: it is the whole rest") end
      if open == "<" and optional then
         check.fail("bad args '%s' (<%s> after an optional one)", spec, plain)
      end
      if #list > 0 and list[#list].rest then
         check.fail("bad args '%s' (nothing can follow '…')", spec)
      end
      optional = optional or open == "["
      list[#list + 1] = {name = plain, required = open == "<", rest = rest}
      return ""
   end)
   if left:find("%S") then
      check.fail("bad args '%s' (\"<name> [name] [name…]\" expected)", spec)
   end
   return list
end

-- min, max, usage text and the named ones.
local function arity_of(args)
   if args == nil then return {min = 0, max = math.huge, usage = ""} end
   if type(args) == "table" then
      check.options(args, {min = "number", max = "number", usage = "string"}, "args")
      return {
         min = args.min or 0, max = args.max or math.huge, usage = args.usage or "…",
      }
   end
   local list = parse_spec(check.type(args, "string", "args", "bot:command"))
   local arity = {min = 0, max = #list, usage = args, named = list}
   for _, arg in ipairs(list) do
      if arg.required then arity.min = arity.min + 1 end
      if arg.rest then arity.max = math.huge end
   end
   return arity
end

-- The args of a line, or nil when there are too few or too many.
local function args_of(arity, rest)
   local args, starts = M.split(rest)
   if #args < arity.min or #args > arity.max then return nil end
   args.text = rest
   for i, arg in ipairs(arity.named or {}) do
      if arg.rest and #args > i then
         args[arg.name] = rest:sub(starts[i])
      else
         args[arg.name] = args[i]
      end
   end
   return args
end

-- ---- a command as a handler ----

local function usage_of(command, prefix)
   local args = command.arity.usage
   return prefix .. command.name .. (args ~= "" and " " .. args or "")
end

-- Why it may not be used here: the name of a text, or nil.
local function refusal(command, ctx)
   if command.group == true and not ctx.is_group then return "group_only" end
   if command.group == false and ctx.is_group then return "private_only" end
   if not command.admin then return nil end
   if not ctx.is_group then return "group_only" end
   if not ctx:is_admin() then return "admin_only" end
end

local allowed = {
   args = "string|table", help = "string", admin = "boolean", group = "boolean",
   timeout = "number", order = "string",
}

local function names_of(self, name)
   local names = {}
   for i, n in ipairs(type(name) == "table" and name or {name}) do
      check.type(n, "string", i, "the names of bot:command")
      local plain = n:match("^" .. utf8.charpattern)
      if self.prefixes[plain] then n = n:sub(#plain + 1) end -- "!menu" means "menu"
      if n == "" or n:find("%s") then
         check.fail("bad command name '%s' (one word expected)", n)
      end
      names[i] = n
   end
   if #names == 0 then check.fail("bot:command needs a name") end
   return names
end

--- Adds a command; returns its test and its handler for bot:on's machinery.
---@return fun(ctx): boolean, fun(ctx, next)
function Commands:add(name, fn, options)
   check.options(options, allowed, "bot:command")
   options = options or {}
   local names, aliases = names_of(self, name), {}
   for _, n in ipairs(names) do
      aliases[core.fold(n)] = true
      self.taken[core.fold(n)] = true
   end
   local command = {
      name = names[1], aliases = aliases, arity = arity_of(options.args),
      help = options.help, admin = options.admin, group = options.group,
   }
   self.list[#self.list + 1] = command
   self.helpful = self.helpful or options.help ~= nil
   local function test(ctx)
      local line = ctx._command
      return line ~= nil and aliases[line.name] or false
   end
   return test, function(ctx, next)
      return self:call(command, ctx, fn, next)
   end
end

function Commands:call(command, ctx, fn, next)
   local line = ctx._command
   local why = refusal(command, ctx)
   if why then return ctx:reply(self.texts[why]) end
   local args = args_of(command.arity, line.rest)
   if not args then
      return ctx:reply(fill(self.texts.usage, {usage = usage_of(command, line.prefix)}))
   end
   ctx.args = args
   return fn(ctx, next)
end

-- ---- the built-in help ----

local help_names = {ajuda = true, help = true}

local function shown(command, ctx)
   return command.help and (command.group == nil or command.group == ctx.is_group)
      and (not command.admin or ctx.is_group)
end

--- Is this line one of the bot's commands?
function Commands:knows(line)
   return self.taken[line.name] or self:may_help() and help_names[line.name] or false
end

--- Has this bot a built-in help at all?
function Commands:may_help()
   return self.helpful and self.wants_help and not self.taken.ajuda and not self.taken.help
end

--- Answers "!ajuda" when no handler took it. Only for bots that have commands
--- with a help= text, and no command of that name of their own.
---@return boolean answered
function Commands:help(ctx)
   local line = ctx._command
   if not line or not help_names[line.name] then return false end
   local lines = {}
   for _, command in ipairs(self.list) do
      if shown(command, ctx) then
         lines[#lines + 1] = fill(self.texts.help_line,
            {usage = usage_of(command, line.prefix), help = command.help})
      end
   end
   if #lines == 0 then return false end
   ctx:reply(fill(self.texts.help, {list = table.concat(lines, "\n")}))
   return true
end

--- The commands of one bot.
---@param prefix string each character is a prefix
---@param given zapi.Texts|nil
---@param help boolean|nil
function M.new(prefix, given, help)
   if prefix == "" or not utf8.len(prefix) then
      check.fail("bad 'prefix' (one or more characters expected)")
   end
   local set = prefixes_of(prefix)
   return setmetatable({
      prefixes = set, texts = texts.of(given), list = {}, taken = {},
      wants_help = help ~= false,
   }, Commands)
end

return M
