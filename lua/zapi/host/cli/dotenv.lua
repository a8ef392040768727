--- What a .env file sets, for tools that look at a script in another folder than
-- the current one. The rules are those of src/host/dotenv.c.

local M = {}

local ESCAPES = {n = "\n", t = "\t"}

-- Whether the text at `at` begins a quoted value; the value and where it ends.
local function quoted(text, at)
   local quote = text:match("^[\"']", at)
   if not quote then return nil end
   local from, value = at + 1, {}
   while from <= #text do
      local c = text:sub(from, from)
      if c == quote then return table.concat(value), from + 1 end
      if c == "\\" and quote == '"' then
         from = from + 1
         c = text:sub(from, from)
         c = ESCAPES[c] or c
      end
      value[#value + 1] = c
      from = from + 1
   end
   return nil
end

--- The values of a text by their names; the last one of a name counts.
---@param text string
---@return table<string, string>
function M.parse(text)
   local values, at = {}, 1
   text = text:gsub("^\xEF\xBB\xBF", "")
   while at <= #text do
      local line_end = text:find("\n", at, true) or #text + 1
      local name, from = text:match("^[ \t]*export[ \t]+([%a_][%w_]*)[ \t]*=[ \t]*()", at)
      if not name then name, from = text:match("^[ \t]*([%a_][%w_]*)[ \t]*=[ \t]*()", at) end
      if name then
         local value, after = quoted(text, from)
         if not value then
            value = text:sub(from, line_end - 1):gsub("\r$", "")
            value = value:gsub("^#.*$", ""):gsub("[ \t]#.*$", ""):gsub("[ \t]+$", "")
         end
         values[name] = value
         line_end = text:find("\n", after or from, true) or #text + 1
      end
      at = line_end + 1
   end
   return values
end

--- The values of the .env in a folder; none when there is no such file.
---@param folder string
---@return table<string, string>
function M.of(folder)
   local file <close> = io.open(folder .. "/.env", "rb")
   return file and M.parse(file:read "a" or "") or {}
end

--- The folder of a file.
---@param path string
---@return string
function M.folder(path)
   local folder = path:match "^(.*)/[^/]*$"
   return folder == "" and "/" or folder or "."
end

return M
