--- Checks of what a script passes in: unknown names get a suggestion, and a
--- mistake is reported at the script's own line, however deep in our files it
--- was found. Start reading at M.fail.
local core = require "zapi.core"

local M = {}

local getinfo <const> = debug.getinfo
local own = {}

--- Marks the calling file as ours: errors never point into it.
function M.ours()
   own[getinfo(2, "S").source] = true
end

M.ours()

--- The nearest frame that is not ours, as "file:line", or nil.
---@return string|nil
function M.where()
   local level = 2
   while true do
      local info = getinfo(level, "Sl")
      if not info then return nil end
      if info.what ~= "C" and not own[info.source] then
         return info.short_src .. ":" .. info.currentline
      end
      level = level + 1
   end
end

--- Throws a message that begins with the script's file and line.
---@param fmt string
function M.fail(fmt, ...)
   local message = select("#", ...) > 0 and fmt:format(...) or fmt
   local where = M.where()
   error(where and where .. ": " .. message or message, 0)
end

--- The name that was probably meant, or nil.
---@param name any
---@param known string[]
---@return string|nil
function M.near(name, known)
   return core.nearest(tostring(name), known)
end

--- "; did you mean 'x'?" or the list of what there is.
function M.hint(name, known)
   local near = M.near(name, known)
   if near then return ("; did you mean '%s'?"):format(near) end
   if #known > 12 then return "" end
   return (" (there is: %s)"):format(table.concat(known, ", "))
end

--- Throws when `options` has a key that `allowed` does not list, or a value of
--- another type. `allowed` maps names to types, "string|table" for several.
---@param options table|nil
---@param allowed table<string, string>
---@param what string
---@return table
function M.options(options, allowed, what)
   if options == nil then return {} end
   if type(options) ~= "table" then
      M.fail("bad argument to %s (table expected, got %s)", what, type(options))
   end
   for name, value in pairs(options) do
      local types = allowed[name]
      if not types then
         local known = {}
         for k in pairs(allowed) do known[#known + 1] = k end
         table.sort(known)
         M.fail("'%s' is not an option of %s%s", tostring(name), what, M.hint(name, known))
      end
      M.type(value, types, name, what)
   end
   return options
end

--- Throws unless type(value) is one of "a|b".
function M.type(value, types, name, what)
   local got = type(value)
   for t in types:gmatch("[^|]+") do
      if t == got or t == "any" then return value end
   end
   return M.fail("bad '%s' in %s (%s expected, got %s)", name, what,
      types:gsub("|", " or "), got)
end

--- A method that says so when it is called with a dot, ctx.reply("oi"): what it
--- gets as self has not the field that its object has.
---@param owner string "ctx"
---@param name string "reply"
---@param fn function
---@param field string
---@return function
function M.method(owner, name, fn, field)
   return function(self, ...)
      if type(self) ~= "table" or self[field] == nil then
         M.fail("call it with a colon: %s:%s(…)", owner, name)
      end
      return fn(self, ...)
   end
end

--- All methods of a class so.
---@param class table
---@param owner string
---@param field string
function M.methods(class, owner, field)
   for name, fn in pairs(class) do
      if type(fn) == "function" and name:sub(1, 2) ~= "__" then
         class[name] = M.method(owner, name, fn, field)
      end
   end
end

--- Throws unless `fn` can be called.
function M.callable(fn, what)
   local mt = type(fn) == "table" and getmetatable(fn)
   if type(fn) ~= "function" and not (mt and mt.__call) then
      M.fail("bad handler of %s (function expected, got %s)", what, type(fn))
   end
   return fn
end

return M
