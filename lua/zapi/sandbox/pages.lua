--- The two ways in which Z-API gives long lists: pages with numbers, and a
--- cursor that only the server can read.
local core = require "zapi.core"

local M = {}

local function whole(value, default)
   return math.max(1, math.tointeger(tonumber(value)) or default)
end

--- Items of the page that `params` ask for.
---@param rows table[]
---@param params {page?: any, pageSize?: any}
function M.page(rows, params)
   local size = whole(params.pageSize, 20)
   local from = (whole(params.page, 1) - 1) * size
   return core.array(table.move(rows, from + 1, math.min(from + size, #rows), 1, {}))
end

local CURSOR <const> = "sandbox-cursor-"

--- Items after a cursor, and the cursor of what follows (nil at the end).
---@param rows table[]
---@param cursor string|nil
---@param size integer
function M.after(rows, cursor, size)
   local from = math.tointeger(tonumber(tostring(cursor or ""):match(CURSOR:gsub("%-", "%%-")
      .. "(%d+)$"))) or 0
   local last = math.min(from + size, #rows)
   local items = core.array(table.move(rows, from + 1, last, 1, {}))
   return items, last < #rows and CURSOR .. last or nil
end

return M
