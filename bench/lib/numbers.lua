--- Medians and how they are shown.
local M = {}

local function sorted(list)
   local copy = table.move(list, 1, #list, 1, {})
   table.sort(copy)
   return copy
end

---@param list number[]
---@return number
function M.median(list)
   local s = sorted(list)
   local half = (#s + 1) // 2
   return #s % 2 == 1 and s[half] or (s[half] + s[half + 1]) / 2
end

--- One field of every row.
---@param rows table[]
---@param name string
---@return number[]
function M.column(rows, name)
   local list = {}
   for i, row in ipairs(rows) do list[i] = row[name] end
   return list
end

-- 12345.6 -> "12,346"
local function grouped(n)
   local digits = ("%.0f"):format(n)
local first = (#digits - 1) % 3 + 1
   return digits:sub(1, first) .. digits:sub(first + 1):gsub("%d%d%d", ",%0")
end

--- A figure with as many digits as mean something.
---@param n number
---@return string
function M.show(n)
   if n == 0 then return "0" end
   if n >= 100 then return grouped(n) end
   return (n >= 10 and "%.1f" or "%.2f"):format(n)
end

--- "median (least–most)" of one field.
---@param rows table[]
---@param name string
---@return string
function M.spread(rows, name)
   local s = sorted(M.column(rows, name))
   return ("%s (%s–%s)"):format(M.show(M.median(s)), M.show(s[1]), M.show(s[#s]))
end

---@param rows table[]
---@param name string
---@return number
function M.median_of(rows, name)
   return M.median(M.column(rows, name))
end

return M
