--- `zapibot types`: the folder of the add-on with the types for editors. An
-- installed program has one beside it; any other writes it to the cache.

local core = require "zapi.core"
local args = require "zapi.host.cli.args"

local MORE = [[
For lua-language-server, in .luarc.json:
  {"workspace.library": ["<this folder>/library"]}
]]

local function exists(path)
   local file = io.open(path, "r")
   return file ~= nil and file:close()
end

local function quoted(path)
   return "'" .. path:gsub("'", "'\\''") .. "'"
end

local function make_folder(path)
   if not os.execute("mkdir -p " .. quoted(path)) then
      args.stop(1, "cannot make the folder %s", path)
   end
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
      args.stop(1, "cannot write %s: %s", path, tostring(err))
   end
end

local function cache_folder()
   local cache = os.getenv "XDG_CACHE_HOME"
   if not cache or cache:sub(1, 1) ~= "/" then
      local home = os.getenv "HOME"
      if not home or home == "" then
         args.stop(1, "neither XDG_CACHE_HOME nor HOME is set")
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
   local folder = cache_folder()
   make_folder(folder .. "/library/zapi")
   for name, text in pairs(require("zapi.host.cli.types").files()) do
      write(folder .. "/" .. name, text)
   end
   return folder
end

local _, words = args.parse({...}, {}, MORE)
if #words > 0 then
   args.fail("no words expected, got '%s'", words[1])
end
io.stdout:write(installed() or extract(), "\n")
os.exit(0)
