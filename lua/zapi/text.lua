--- Helpers for text that people write. Thin over the core.
local core = require "zapi.core"

local M = {}

--- Lower case without accents: "Olá, VOCÊ" becomes "ola, voce".
---@param s string
---@return string
function M.fold(s)
   return core.fold(s)
end

--- The first `max` bytes at most, never half a character.
---@param s string
---@param max integer
---@return string
function M.cut(s, max)
   return core.cut(s, max)
end

-- WhatsApp has no character that takes the meaning from the next one; these
-- look the same and mean nothing.
local PLAIN <const> = {
   ["*"] = "\u{2217}", ["_"] = "\u{FF3F}", ["~"] = "\u{223C}", ["`"] = "\u{02CB}",
}

--- A text of somebody else (a name, a product) inside a formatted message: its
-- "*", "_", "~" and "`" are replaced by characters that look like them, and so
-- is a ">" at the start of a line. Underscores within a word stay, as they have
-- no meaning there and links need them.
---@param s string
---@return string
function M.escape(s)
   s = s:gsub("[*~`]", PLAIN)
   s = s:gsub("()_", function(at)
      local inside = s:find("^[%w\x80-\xFF]", at - 1) and s:find("^[%w\x80-\xFF]", at + 1)
      return inside and at > 1 and "_" or PLAIN["_"]
   end)
   s = ("\n" .. s):gsub("\n>", "\n\u{203A}")
   return s:sub(2)
end

-- The place to break within the first piece: a line end in its second half,
-- else a blank there, else wherever a character ends.
local function break_at(piece)
   local half = #piece // 2
   for _, pattern in ipairs { "()\n[^\n]*$", "()%s%S*$" } do
      local at = piece:match(pattern)
      if at and at > half then return at end
   end
   return #piece
end

--- Parts of at most `max` bytes, broken at line ends or blanks where possible.
---@param s string
---@param max integer at least 4, the longest character
---@return string[]
function M.split(s, max)
   if max < 4 then error("bad 'max' to split (at least 4 expected)", 2) end
   local parts = {}
   while #s > max do
      -- One byte more, so that a part may end right before a blank.
      local piece = M.cut(s, max)
      local at = s:find("^%s", #piece + 1) and #piece or break_at(piece)
      parts[#parts + 1] = s:sub(1, at):gsub("%s+$", "")
      s = s:sub(at + 1):gsub("^%s+", "")
   end
   if s ~= "" then parts[#parts + 1] = s end
   return parts
end

return M
