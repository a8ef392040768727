--- Which item of a menu a message means. Items are {id=, label=, words=}, with
--- `words` by M.words_of. Start reading at M.match.
local check = require "zapi.bot.check"
local words = require "zapi.bot.words"

check.ours()

local M = {}

--- A label as answers are compared with it: " plano anual ".
function M.words_of(label)
   return words.normalise(words.fold(label))
end

-- A keycap is a digit, U+FE0F and U+20E3: normalise makes a word of the last.
local function number_in(said)
   said = said:gsub("\xE2\x83\xA3 ", "")
   return tonumber(said:match("^ (%d%d?%d?) $")
      or said:match("^ opcao (%d%d?%d?) $") or said:match("^ numero (%d%d?%d?) $"))
end

local function exactly(items, said)
   for _, item in ipairs(items) do
      if item.words == said then return item end
   end
end

-- Is the label said among other words? Not when that is what somebody does not
-- want.
local function is_said(item, said)
   if not item.words:find("%w") or not said:find(item.words, 1, true) then return false end
   return not said:find(" nao ", 1, true) or item.words:find(" nao ", 1, true) ~= nil
end

-- The item whose label is said: the longest one, and only when the others that
-- are said are parts of it ("plano" in "plano anual").
local function among(items, said)
   local found, best = {}, nil
   for _, item in ipairs(items) do
      if is_said(item, said) then
         found[#found + 1] = item
         if not best or #item.words > #best.words then best = item end
      end
   end
   for _, item in ipairs(found) do
      if not best.words:find(item.words, 1, true) then return nil end
   end
   return best
end

-- The one item that begins with, or has, the words that were said.
local function part(items, said)
   local found
   if #said < 5 or not said:find("%a") then return nil end
   for _, item in ipairs(items) do
      if item.words:find(said, 1, true) then
         if found then return nil end
         found = item
      end
   end
   return found
end

-- Letters to change, add or take away to make b of a; more than `most`: most + 1.
local function distance(a, b, most)
   if math.abs(#a - #b) > most then return most + 1 end
   local row = {}
   for j = 0, #b do row[j] = j end
   for i = 1, #a do
      local diagonal, least = row[0], i
      row[0] = i
      for j = 1, #b do
         local same = a:byte(i) == b:byte(j)
         local d = math.min(row[j] + 1, row[j - 1] + 1, diagonal + (same and 0 or 1))
         diagonal, row[j] = row[j], d
         least = math.min(least, d)
      end
      if least > most then return most + 1 end
   end
   return row[#b]
end

local function digits(s)
   return (s:gsub("%D+", " "))
end

-- How far a label is from what was said; nil: too far. No digit may differ.
local function distance_to(item, said)
   local letters = math.min(#said, #item.words) - 2
   local most = letters >= 7 and 2 or letters >= 4 and 1 or 0
   local d = distance(said, item.words, most)
   if d <= most and digits(said) == digits(item.words) then return d end
end

-- A slip of the pen: one letter of four, two of seven; and nothing else is as near.
local function near(items, said)
   local best, least, tie
   for _, item in ipairs(items) do
      local d = distance_to(item, said)
      if d and d == least then
         tie = true
      elseif d and (not least or d < least) then
         best, least, tie = item, d, false
      end
   end
   return not tie and best or nil
end

-- The one item that begins with what was said, in the midst of a word: "calab".
local function beginning(items, said)
   local start, found = said:gsub(" $", ""), nil
   local _, letters = start:gsub("%a", "")
   if letters < 4 then return nil end
   for _, item in ipairs(items) do
      if item.words:sub(1, #start) == start then
         if found then return nil end
         found = item
      end
   end
   return found
end

local function by_id(items, id)
   for _, item in ipairs(items) do
      if tostring(item.id) == id then return item end
   end
end

--- The item that a message means, or nil: a button or row by its id; a text by
--- the number, then the id, then the label: whole, nearly, among other words, or a
--- part or the beginning of it.
function M.match(items, ctx)
   local choice = ctx.choice
   if choice then
      return by_id(items, choice.id) or exactly(items, M.words_of(choice.label or ""))
   end
   local said = ctx._words
   if not said:find("%S") then return nil end
   return items[number_in(said)] or by_id(items, ctx.text) or exactly(items, said)
      or near(items, said) or among(items, said) or part(items, said)
      or beginning(items, said)
end

return M
