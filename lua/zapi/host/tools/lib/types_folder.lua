--- The folder of the add-on with the types for editors. An installed program has
-- one beside it; any other writes it to the cache.

local core = require "zapi.core"

local M = {}

local function exists(path)
   local file = io.open(path, "r")
   return file ~= nil and file:close()
end

local function quoted(path)
   return "'" .. path:gsub("'", "'\\''") .. "'"
end

-- Written beside and renamed: an editor never reads half a file.
local function write(path, text)
   local file, err = io.open(path .. ".new", "w")
   local ok = file and file:write(text)
   if file then
      ok = file:close() and ok
   end
   if ok then
      ok, err = os.rename(path .. ".new", path)
   end
   if not ok then
      return nil, ("cannot write %s: %s"):format(path, tostring(err))
   end
   return true
end

local function cache_folder()
   local cache = os.getenv "XDG_CACHE_HOME"
   if not cache or cache:sub(1, 1) ~= "/" then
      local home = os.getenv "HOME"
      if not home or home == "" then
         return nil, "neither XDG_CACHE_HOME nor HOME is set"
      end
      cache = home .. "/.cache"
   end
   return cache .. "/zapibot/types-" .. core.version
end

local function installed()
   local prefix = (core.options.program or ""):match "^(.*)/bin/[^/]+$"
   local folder = prefix and prefix .. "/share/zapibot/types"
   return folder and exists(folder .. "/library/zapi.lua") and folder or nil
end

local function extract()
   local folder, err = cache_folder()
   if not folder then
      return nil, err
   end
   if not os.execute("mkdir -p " .. quoted(folder .. "/library/zapi") .. " 2>/dev/null") then
      return nil, ("cannot make the folder %s"):format(folder)
   end
   for name, text in pairs(require("zapi.host.cli.types").files()) do
      local ok, why = write(folder .. "/" .. name, text)
      if not ok then
         return nil, why
      end
   end
   return folder
end

--- Its path, or nil and why there is none.
---@return string|nil folder, string|nil err
function M.find()
   local folder = installed()
   if folder then
      return folder
   end
   return extract()
end

return M
