--- What customers read and no script says. bot.new{texts=} replaces any of them.
local check = require "zapi.bot.check"

check.ours()

local M = {}

---@class zapi.Texts
---@field usage? string {usage}
---@field admin_only? string
---@field group_only? string
---@field private_only? string
---@field help? string {list}
---@field help_line? string {usage}, {help}
---@field menu? string of a menu as text: {text}, {list}
---@field menu_line? string {number}, {label}
---@field menu_retry? string before the list, when an answer was none of it
---@field menu_title? string of a list
---@field menu_button? string that opens a list
M.all = {
   usage = "Uso: {usage}",
   admin_only = "Só administradores do grupo podem usar este comando.",
   group_only = "Este comando só funciona em grupos.",
   private_only = "Este comando só funciona em conversa privada.",
   help = "*Comandos*\n{list}",
   help_line = "{usage} — {help}",
   menu = "{text}\n\n{list}\n\nResponda com o número da opção.",
   menu_line = "*{number}.* {label}",
   menu_retry = "Não entendi. Escolha uma das opções:",
   menu_title = "Opções",
   menu_button = "Ver opções",
}

--- All texts, with those of bot.new{texts=} laid over them.
---@param given zapi.Texts|nil
function M.of(given)
   local known, all = {}, {}
   for name, text in pairs(M.all) do known[name], all[name] = "string", text end
   for name, text in pairs(check.options(given, known, "texts")) do all[name] = text end
   return all
end

--- Puts values in the places of {names}.
function M.fill(text, values)
   return (text:gsub("{(%w+)}", values))
end

return M
