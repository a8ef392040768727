---@meta zapi.testing
-- Written by scripts/generate; do not edit.

---@type zapi.testing
local M

return M
