--- The words of a Lua 5.4 source, each with its place. The source was compiled
-- before (check.lua), so nothing here needs to say what is wrong with it.

local M = {}

---@class zapi.check.Token
---@field kind "name"|"string"|"number"|"word"|"eof" word: keyword or operator
---@field text string of a string its value, as far as escapes are plain
---@field line integer
---@field column integer in characters, from 1

local KEYWORDS = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or
   repeat return then true until while]]):gmatch "%a+" do
   KEYWORDS[word] = true
end

-- The longest first.
local OPERATORS = {
   "...", "<<", ">>", "//", "==", "~=", "<=", ">=", "::", "..", "+", "-", "*", "/", "%", "^", "#",
   "&", "~", "|", "<", ">", "=", "(", ")", "{", "}", "[", "]", ";", ":", ",", ".",
}

local PLAIN = {n = "\n", t = "\t", r = "\r", a = "\a", b = "\b", f = "\f", v = "\v"}

local Lexer = {}
Lexer.__index = Lexer

-- Counts the lines of what is passed over.
local function advance(self, to)
   local at = self.at
   while true do
      local newline = self.source:find("\n", at, true)
      if not newline or newline >= to then break end
      self.line, self.line_start, at = self.line + 1, newline + 1, newline + 1
   end
   self.at = to
end

-- "[==[" at `at`: where the text begins and ends, and where the source goes on.
local function long_bracket(source, at)
   local level, from = source:match("^%[(=*)%[()", at)
   if not level then return nil end
   local close, after = source:find("]" .. level .. "]", from, true)
   if not close then return nil end
   return from, close - 1, after + 1
end

local function skip_blanks(self)
   local source = self.source
   while true do
      local after = source:match("^%s+()", self.at)
      if not after and source:sub(self.at, self.at + 1) == "--" then
         local _, _, long_end = long_bracket(source, self.at + 2)
         after = long_end or source:find("\n", self.at, true) or #source + 1
      end
      if not after then return end
      advance(self, after)
   end
end

local function unescaped(text)
   text = text:gsub("\\z%s*", ""):gsub("\\\r?\n", "\n")
   text = text:gsub("\\u{(%x+)}", function(hex) return utf8.char(tonumber(hex, 16)) end)
   text = text:gsub("\\x(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
   text = text:gsub("\\(%d%d?%d?)", function(digits) return string.char(tonumber(digits)) end)
   return (text:gsub("\\(.)", function(c) return PLAIN[c] or c end))
end

-- A quoted text at self.at: its value and where the source goes on.
local function quoted(self)
   local source, at = self.source, self.at + 1
   local quote = source:sub(self.at, self.at)
   while true do
      local found = source:find("[\\" .. quote .. "]", at)
      if not found then return source:sub(self.at + 1), #source + 1 end
      if source:sub(found, found) == quote then
         return unescaped(source:sub(self.at + 1, found - 1)), found + 1
      end
      at = found + 2
   end
end

local function number_end(source, at)
   local exponent = source:find("^0[xX]", at) and "[pP]" or "[eE]"
   local to = source:match("^0?[xX]?[%x%.]*()", at)
   if exponent == "[eE]" then to = source:match("^[%d%.]*()", at) end
   local after = source:match("^" .. exponent .. "[+-]?%d+()", to)
   return after or to
end

local function operator(source, at)
   for _, text in ipairs(OPERATORS) do
      if source:sub(at, at + #text - 1) == text then return text, at + #text end
   end
   return source:sub(at, at), at + 1
end

-- Kind, text and where the source goes on.
local function scan(self)
   local source, at = self.source, self.at
   if at > #source then return "eof", "", at end
   local name, after = source:match("^([%a_][%w_]*)()", at)
   if name then return KEYWORDS[name] and "word" or "name", name, after end
   if source:find("^%.?%d", at) then
      after = number_end(source, at)
      return "number", source:sub(at, after - 1), after
   end
   if source:find("^[\"']", at) then
      local text, to = quoted(self)
      return "string", text, to
   end
   local from, to, long_end = long_bracket(source, at)
   if from then return "string", source:sub(from, to):gsub("^\r?\n", ""), long_end end
   local text, next_at = operator(source, at)
   return "word", text, next_at
end

--- All tokens; the last is "eof".
---@param source string
---@return zapi.check.Token[]
function M.tokens(source)
   local self = setmetatable({source = source, at = 1, line = 1, line_start = 1}, Lexer)
   local list = {}
   repeat
      skip_blanks(self)
      local before = source:sub(self.line_start, self.at - 1)
      local token = {line = self.line, column = (utf8.len(before) or #before) + 1}
      local kind, text, after = scan(self)
      token.kind, token.text = kind, text
      list[#list + 1] = token
      advance(self, after)
   until kind == "eof"
   return list
end

return M
