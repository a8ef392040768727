--- What `bot:hears` listens for: words, phrases and Lua patterns, all on the
--- folded text (lower case, no accents), so "Olá!" is heard by "ola" and "OLÁ".
---
--- A word or phrase must be there as whole words; punctuation does not matter,
--- and an emoji is a word. A string is a pattern when it has one of: % [ ( or
--- ^ at its start, $ at its end, .* .+ .- ; "tudo bem?" is a phrase.
local core = require "zapi.core"
local check = require "zapi.bot.check"
local matcher = require "zapi.bot.matcher"
local text = require "zapi.text"

check.ours()

local M = {}

--- Longer texts are cut here before anything is matched against them.
M.max_text = 4096

-- U+2000 to U+207F are punctuation: apart from letters, not words themselves.
local function symbol(s)
   local second = s:byte(2)
   return (second == 0x80 or second == 0x81) and " " or " " .. s .. " "
end

--- The words of a folded text with one blank before, between and after them.
---@param folded string
---@return string
function M.normalise(folded)
   if folded:find("[\x80-\xFF]") then
      folded = folded:gsub("\xEF\xB8\x8F", "")
         :gsub("[\xF0-\xF4][\x80-\xBF]+", " %0 ")
         :gsub("\xE2[\x80-\xBF][\x80-\xBF]", symbol)
         :gsub("\xC2[\x80-\xBF]", " ")
   end
   return " " .. folded:gsub("[^%w\x80-\xFF]+", " "):gsub("^ ", ""):gsub(" $", "") .. " "
end

local function is_pattern(s)
   return s:find("[%%%[%(]") or s:find("^%^") or s:find("%$$") or s:find("%.[%*%+%-]")
end

-- Folds a pattern without touching its classes: %A stays %A.
local function fold_pattern(s)
   return (s:gsub("([^%%]*)(%%?.?)", function(plain, class)
      return core.fold(plain) .. class
   end))
end

local function pattern_test(s)
   local find = matcher.compile(fold_pattern(s))
   local where, warned = check.where(), false
   return function(ctx)
      local found, why = find(ctx.folded)
      if why and not warned then
         warned = true
         core.log("warn", "bot", ("%s: the pattern '%s' takes too long on some texts: "
            .. "they do not match (fewer of * + - in it would help)"):format(where or "?", s))
      end
      return found
   end
end

local function phrase_test(s)
   local folded = core.fold(s)
   local words = M.normalise(folded)
   if not words:find("%S") then -- only punctuation: "?"
      folded = folded:match("^%s*(.-)%s*$")
      if folded == "" then check.fail("empty word in hears") end
      return function(ctx)
         return ctx.folded:find(folded, 1, true) and {folded} or nil
      end
   end
   local captures = words:sub(2, -2)
   return function(ctx)
      return ctx._words:find(words, 1, true) and {captures} or nil
   end
end

--- Makes a test of a word, phrase, pattern or list of them: it takes a ctx and
--- returns what was captured, or nil.
---@param spec string|string[]
---@return fun(ctx: table): table|nil
function M.compile(spec)
   if type(spec) == "string" then
      return (is_pattern(spec) and pattern_test or phrase_test)(spec)
   end
   if type(spec) ~= "table" or #spec == 0 then
      check.fail("bad words to hears (string or list of strings expected, got %s)",
         type(spec) == "table" and "an empty table" or type(spec))
   end
   local tests = {}
   for i, s in ipairs(spec) do
      check.type(s, "string", i, "the words of hears")
      tests[i] = M.compile(s)
   end
   return function(ctx)
      for i = 1, #tests do
         local found = tests[i](ctx)
         if found then return found end
      end
   end
end

--- The text that matching works on.
---@param s string
---@return string
function M.fold(s)
   return core.fold(text.cut(s, M.max_text))
end

return M
