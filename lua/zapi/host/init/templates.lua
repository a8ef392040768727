--- What `zapibot init` writes: by kind the files of its folder. A script and its
-- spec are files beside this one, so that they are read and tested like others.

local core = require "zapi.core"

local M = {}

---@class zapi.init.Template
---@field what string in --help
---@field settings? string lines of .env.example
---@field data? string[] files that lie beside the script

M.kinds = {"faq", "grupo", "loja", "campanha"}

---@type table<string, zapi.init.Template>
M.templates = {
   faq = {what = "answers frequent questions, and calls a person"},
   grupo = {what = "looks after groups: greetings, links, warnings"},
   loja = {
      what = "a shop: products, order, Pix, receipt",
      settings = "# Who is told of each order: digits with country code.\nLOJA_DONO=\n",
   },
   campanha = {
      what = "messages to your contacts, slowly, once, until SAIR",
      settings = "# Who may give the commands: digits with country code.\nCAMPANHA_DONO=\n",
      data = {"contatos.csv"},
   },
}

local ENV <const> = [[
# The settings of %s:  cp .env.example .env
# Both are in the panel of Z-API, at the instance.
ZAPI_INSTANCE_ID=
ZAPI_TOKEN=
# The account's security token (panel: Security), when it is switched on.
ZAPI_CLIENT_TOKEN=

# Where Z-API reaches this machine, by HTTPS; it is told so at each start.
#ZAPIBOT_PUBLIC_URL=https://bot.example.com
# Webhooks arrive at /webhook/<secret>. Left out, one is made and kept in .zapibot.
#ZAPIBOT_WEBHOOK_SECRET=
]]

local IGNORED <const> = ".env\n.zapibot/\n"

local LUARC <const> = [[
{
  "runtime.version": "Lua 5.4",
  "workspace.library": [%s],
  "diagnostics.globals": ["describe", "it", "before_each", "after_each"]
}
]]

-- Debian's busted runs specs with the system's Lua, which is often 5.1.
local BUSTED <const> = 'return {default = {lua = "lua5.4"}}\n'

local function asset(kind, name)
   return assert(core.asset(("zapi/host/init/%s/%s"):format(kind, name)))
end

--- The files of a kind: {{path, text}, …}, the script first.
---@param kind string one of M.kinds
---@param library string|nil folder with the types for editors
---@return string[][]
function M.files(kind, library)
   local template = M.templates[kind]
   local list = {
      {kind .. ".lua", asset(kind, "script.lua")},
      {("spec/%s_spec.lua"):format(kind), asset(kind, "spec.lua")},
   }
   for _, name in ipairs(template.data or {}) do list[#list + 1] = {name, asset(kind, name)} end
   local settings = template.settings and "\n" .. template.settings or ""
   list[#list + 1] = {".env.example", ENV:format(kind .. ".lua") .. settings}
   list[#list + 1] = {".gitignore", IGNORED}
   list[#list + 1] = {".busted", BUSTED}
   list[#list + 1] = {".luarc.json", LUARC:format(library and core.json_encode(library) or "")}
   return list
end

return M
