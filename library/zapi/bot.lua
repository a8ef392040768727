---@meta zapi.bot
-- Written by scripts/generate; do not edit.

---@type zapi.bot
local M

return M
