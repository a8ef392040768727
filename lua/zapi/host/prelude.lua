--- What every state of the host runs before its script.
--
-- `require` as a Lua function: the built-in one is C, and a module could not
-- wait for a call while it loads. And a searcher for the modules inside the
-- program. Receives zapi.core, the script's folder, who has those modules as
-- functions, and who wants to know which files are read (they are watched:
-- --watch).

local core, folder, chunk_of, note = ...

local loaded, loading = package.loaded, {}

local function embedded(name)
   local path = name:gsub("%.", "/")
   for _, file in ipairs {path .. ".lua", path .. "/init.lua"} do
      local chunk = chunk_of(file)
      if chunk then return chunk, ":embedded:" .. file end
   end
   return "\n\tno module '" .. name .. "' inside zapibot"
end

table.insert(package.searchers, 2, embedded)
package.path = folder .. "/?.lua;" .. folder .. "/?/init.lua;" .. package.path

local function find_loader(name)
   local tried = {}
   for _, searcher in ipairs(package.searchers) do
      local loader, extra = searcher(name)
      if type(loader) == "function" then
         if type(extra) == "string" and extra:sub(1, 1) ~= ":" then
            note(extra)
         end
         return loader, extra
      end
      if type(loader) == "string" then -- Lua's own begin with a tab, not a line
         tried[#tried + 1] = loader:gsub("^\n", "")
      end
   end
   note(folder .. "/" .. name:gsub("%.", "/") .. ".lua") -- it may come
   error(("module '%s' not found:\n%s"):format(name, table.concat(tried, "\n")), 3)
end

local loadfile_, dofile_ = loadfile, dofile

function loadfile(path, ...) -- luacheck: globals loadfile
   if type(path) == "string" then note(path) end
   return loadfile_(path, ...)
end

function dofile(path) -- luacheck: globals dofile
   if type(path) == "string" then note(path) end
   return dofile_(path)
end

local function load_module(name)
   local loader, extra = find_loader(name)
   local me = {task = coroutine.running()}
   loading[name] = me
   -- Also when this task is cancelled half-way: the next one tries anew.
   local _ <close> = setmetatable({}, {__close = function() loading[name] = nil end})
   local ok, value = xpcall(loader, function(e)
      return type(e) == "string" and debug.traceback(e, 2) or e
   end, name, extra)
   if not ok then
      error(value, 0)
   end
   if value ~= nil then
      loaded[name] = value
   elseif loaded[name] == nil then
      loaded[name] = true
   end
   return loaded[name], extra
end

function require(name) -- luacheck: globals require
   if type(name) ~= "string" then
      error("bad argument #1 to 'require' (string expected, got " .. type(name) .. ")", 2)
   end
   while loaded[name] == nil and loading[name] do
      if loading[name].task == coroutine.running() then
         error(("module '%s' requires itself"):format(name), 2)
      end
      core.sleep(0.001) -- another task is loading it
   end
   if loaded[name] ~= nil then
      return loaded[name]
   end
   return load_module(name)
end
