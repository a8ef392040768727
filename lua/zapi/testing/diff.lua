--- What differs between what was expected and what came, for people: lines that
--- are missing ("-"), lines that are too many ("+"), and in a line the place.
local M = {}

-- The length of the longest common run of lines from i and j on, for all i, j.
local function common(a, b)
   local longest = {}
   for i = #a + 1, 1, -1 do
      longest[i] = {}
      for j = #b + 1, 1, -1 do
         if i > #a or j > #b then
            longest[i][j] = 0
         elseif a[i] == b[j] then
            longest[i][j] = longest[i + 1][j + 1] + 1
         else
            longest[i][j] = math.max(longest[i + 1][j], longest[i][j + 1])
         end
      end
   end
   return longest
end

--- Two lists of lines as one: "  " both have it, "- " only the expected one,
--- "+ " only what came.
---@param expected string[]
---@param got string[]
---@return string[]
function M.lines(expected, got)
   local longest, out, i, j = common(expected, got), {}, 1, 1
   while i <= #expected or j <= #got do
      if i <= #expected and j <= #got and expected[i] == got[j] then
         out[#out + 1] = "  " .. expected[i]
         i, j = i + 1, j + 1
      elseif j > #got or i <= #expected and longest[i + 1][j] >= longest[i][j + 1] then
         out[#out + 1] = "- " .. expected[i]
         i = i + 1
      else
         out[#out + 1] = "+ " .. got[j]
         j = j + 1
      end
   end
   return out
end

local function split(text)
   local list = {}
   for line in (text .. "\n"):gmatch "(.-)\n" do list[#list + 1] = line end
   return list
end

-- The first character (not byte) in which two lines differ.
local function place(a, b)
   local n, from = 0, 1
   for _, code in utf8.codes(a) do
      local char = utf8.char(code)
      if b:sub(from, from + #char - 1) ~= char then return n + 1 end
      n, from = n + 1, from + #char
   end
   return n + 1
end

--- How two texts differ; "" when there is nothing that one would not see.
---@param expected string
---@param got string
---@return string
function M.texts(expected, got)
   if expected:find("\n", 1, true) or got:find("\n", 1, true) then
      local lines = M.lines(split(expected), split(got))
      return "\ndifference (- expected, + got):\n   " .. table.concat(lines, "\n   ")
   end
   if not (utf8.len(expected) and utf8.len(got)) then return "" end
   return ("\n   they differ from character %d on"):format(place(expected, got))
end

return M
