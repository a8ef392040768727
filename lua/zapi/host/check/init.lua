--- `zapibot check`: looks at a script without running it. What Lua itself refuses
-- is found by load; the rest by reading the script as far as one can be sure.
-- Start reading at M.source; the rules are in rules.lua.

local dotenv = require "zapi.host.cli.dotenv"
local known = require "zapi.host.check.known"
local parser = require "zapi.host.check.parser"
local rules = require "zapi.host.check.rules"

local M = {}

---@class zapi.check.Finding
---@field file string
---@field line integer
---@field column integer
---@field severity "error"|"warning"
---@field code string "syntax", "global", "endpoint", "parameter", "field", "method",
---   "event", "colon", "run" or "config"
---@field message string

-- Lua says the line and what it stumbled over; the column is where that stands.
local function syntax_finding(source, message)
   local line, text = message:match ":(%d+): (.*)$"
   local near, at = message:match "near '(.*)'$", 0
   for content in (source .. "\n"):gmatch "([^\n]*)\n" do
      at = at + 1
      if at == tonumber(line) then
         local column = near and content:find(near, 1, true) or content:find "%S" or 1
         column = (utf8.len(content:sub(1, column - 1)) or column - 1) + 1
         return {line = at, column = column, message = text}
      end
   end
   return {line = tonumber(line) or 1, column = 1, message = text or message}
end

local function is_set(name, file)
   for _, variant in ipairs {name, name .. "_FILE"} do
      local value = os.getenv(variant)
      if value and value ~= "" or file[variant] and file[variant] ~= "" then return true end
   end
   return false
end

local function has_secret(folder, file)
   if is_set("ZAPIBOT_WEBHOOK_SECRET", file) then return true end
   local data = os.getenv "ZAPIBOT_DATA" or file.ZAPIBOT_DATA or folder .. "/.zapibot"
   local kept <close> = io.open(data .. "/webhook_secret", "r")
   return kept ~= nil
end

local function missing_of(scope, file)
   local missing = {}
   for _, name in ipairs(known.needs[scope]) do
      if not is_set(name, file) then missing[#missing + 1] = name end
   end
   return missing
end

-- What the script takes from the configuration and is not there: warnings, as the
-- script may be right and this machine not the one that runs it.
local function look_at_configuration(tree, folder, report)
   local file = dotenv.of(folder)
   local needed, bot = rules.clients(tree)
   for scope, node in pairs(needed) do
      local missing = missing_of(scope, file)
      if #missing > 0 then
         report(node, "config", "%s %s not set, in the environment or in %s/.env",
            table.concat(missing, ", "), #missing == 1 and "is" or "are", folder)
      end
   end
   if bot and not has_secret(folder, file) then
      report(bot, "config", "ZAPIBOT_WEBHOOK_SECRET is not set: zapibot makes one when it first "
         .. "runs, and Z-API must be told the address again if the data folder is lost")
   end
end

-- What a script says of globals that other files define, in luacheck's words:
--    -- luacheck: globals shop prices
local function declared(source, is_spec)
   local names = {}
   for name in pairs(is_spec and known.spec_globals or {}) do names[name] = true end
   for list in source:gmatch "%-%-%s*luacheck:%s*%l*_?globals%s+([^\n]*)" do
      for name in list:gmatch "[%a_][%w_]*" do names[name] = true end
   end
   return names
end

local function by_place(a, b)
   if a.line ~= b.line then return a.line < b.line end
   if a.column ~= b.column then return a.column < b.column end
   return a.message < b.message
end

--- Everything that was found in a source.
---@param source string
---@param name string of the file
---@param options? {config: boolean} false: the configuration is not looked at
---@return zapi.check.Finding[]
function M.source(source, name, options)
   local found = {}
   local function add(severity, at, code, message)
      found[#found + 1] = {file = name, line = at.line, column = at.column, severity = severity,
         code = code, message = message}
   end
   source = source:gsub("^\xEF\xBB\xBF", ""):gsub("^#[^\n]*", "") -- as Lua does with files
   local chunk, err = load(source, "=" .. name, "t")
   if not chunk then
      local at = syntax_finding(source, err)
      add("error", at, "syntax", at.message)
      return found
   end
   local tree = parser.parse(source)
   rules.look(tree, function(node, code, format, ...)
      add("error", node, code, format:format(...))
   end, declared(source, name:find "_spec%.lua$" ~= nil))
   if not options or options.config ~= false then
      look_at_configuration(tree, dotenv.folder(name), function(node, code, format, ...)
         add("warning", node, code, format:format(...))
      end)
   end
   table.sort(found, by_place)
   return found
end

--- The same for a file; nil and why when it cannot be read.
---@param path string
---@param options? {config: boolean}
---@return zapi.check.Finding[]|nil, string|nil err
function M.file(path, options)
   local file, err = io.open(path, "rb")
   if not file then return nil, err end
   local text, why = file:read "a" -- a folder opens, and cannot be read
   file:close()
   if not text then return nil, path .. ": " .. why end
   return M.source(text, path, options)
end

return M
