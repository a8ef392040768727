--- A QR code as text for a terminal, and the image that the API may give
-- instead of its text.
--
-- A character is two modules, one above the other; the light ones are drawn.
-- On a terminal the colours are set, white on black whatever its own are;
-- without colours (a pipe) it is right on a dark background.

local core = require "zapi.core"

local M = {}

local QUIET = 4 -- modules of light around the code
local WHITE_ON_BLACK, PLAIN = "\27[38;5;231;48;5;16m", "\27[0m"

-- light above, light below
local BLOCKS = {[true] = {[true] = "█", [false] = "▀"}, [false] = {[true] = "▄", [false] = " "}}

--- Columns that a code needs.
---@param code {size: integer}
---@return integer
function M.width(code)
   return code.size + 2 * QUIET
end

-- Outside of the code everything is light.
local function is_light(code, x, y)
   local row = code.rows[y + 1]
   return not row or x < 0 or x >= code.size or row:byte(x + 1) == 48
end

-- An odd number of lines: what is below the last one is not drawn.
local function is_drawn(code, x, y)
   return y < code.size + QUIET and is_light(code, x, y)
end

--- Lines of a code, each ended by a line break.
---@param code {size: integer, rows: string[]} of core.qr
---@param colours boolean
---@return string text, integer lines
function M.draw(code, colours)
   local lines = {}
   for y = -QUIET, code.size + QUIET - 1, 2 do
      local line = {}
      for x = -QUIET, code.size + QUIET - 1 do
         line[#line + 1] = BLOCKS[is_drawn(code, x, y)][is_drawn(code, x, y + 1)]
      end
      local text = table.concat(line)
      lines[#lines + 1] = colours and WHITE_ON_BLACK .. text .. PLAIN or text
   end
   return table.concat(lines, "\n") .. "\n", #lines
end

local function is_picture(bytes)
   return bytes:find "^\137PNG" ~= nil or bytes:find "^\255\216\255" ~= nil
      or bytes:find "^GIF8" ~= nil or bytes:find "^RIFF....WEBP" ~= nil
end

--- The bytes of an image that came instead of a text: raw, base64 or a data
-- URI; nil when it is a text.
---@param value string
---@return string|nil
function M.image(value)
   local text = value:match "^data:image/[%w.+-]+;base64,(.*)$"
   if is_picture(value) then
      return value
   elseif not text and not value:find "^iVBORw0KGgo" and not value:find "^/9j/" then
      return nil
   end
   return core.from_base64(text or value)
end

return M
