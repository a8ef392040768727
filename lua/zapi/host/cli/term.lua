--- Text for people: columns, wrapping, the width of the terminal. Widths are
-- counted in characters; a byte that is no UTF-8 counts as one.

local core = require "zapi.core"

local M = {}

--- Columns of the terminal that stdout is; nil when it is none.
---@return integer|nil
function M.columns()
   return math.tointeger(tonumber(core.options.columns))
end

---@param s string
---@return integer
function M.width(s)
   return utf8.len(s) or #s
end

---@param s string
---@param width integer
---@return string
function M.pad(s, width)
   return s .. (" "):rep(width - M.width(s))
end

--- Cuts with "…" what is longer than a width.
---@param s string
---@param width integer
---@return string
function M.clip(s, width)
   if M.width(s) <= width or width < 1 then
      return s
   end
   local at = utf8.offset(s, width) or width
   return s:sub(1, at - 1) .. "…"
end

--- Lines of at most a width, parted at blanks.
---@param s string
---@param width integer
---@return string[]
function M.wrap(s, width)
   local lines, line = {}, ""
   for word in s:gmatch "%S+" do
      if line ~= "" and M.width(line) + 1 + M.width(word) > width then
         lines[#lines + 1], line = line, word
      else
         line = line == "" and word or line .. " " .. word
      end
   end
   lines[#lines + 1] = line
   return lines
end

--- A wrapped text below an indent, ended by a line break.
---@param s string
---@param indent integer
---@param width integer of the whole line
---@param first? string what stands before the first line instead of blanks
---@return string
function M.block(s, indent, width, first)
   local lines = M.wrap(s, math.max(width - indent, 20))
   local blanks = (" "):rep(indent)
   lines[1] = (first or blanks) .. lines[1]
   return table.concat(lines, "\n" .. blanks) .. "\n"
end

return M
