--- What the specs of the examples share: running a script that is no bot, in
--- this process, against a sandbox, with what it prints caught.
local core = require "zapi.core"

local M = {}

--- Runs a script as the host would: `...` and `arg` are its arguments.
---@param path string
---@param args? string[]
---@return string printed
---@return integer|nil code what it gave os.exit
---@return string errors what it wrote on stderr
function M.run(path, args)
   local out, err = {}, {}
   local function writer(list)
      local file = {}
      function file.write(_, ...)
         for _, s in ipairs {...} do list[#list + 1] = tostring(s) end
         return file
      end
      return file
   end
   local ended = {}
   local stdout = writer(out)
   local env = setmetatable({
      arg = table.move(args or {}, 1, #(args or {}), 1, {[0] = path}),
      print = function(...)
         local words = table.pack(...)
         for i = 1, words.n do words[i] = tostring(words[i]) end
         out[#out + 1] = table.concat(words, "\t") .. "\n"
      end,
      io = setmetatable({
         write = function(...) return stdout:write(...) end, stdout = stdout, stderr = writer(err),
      }, {__index = io}),
      os = setmetatable({exit = function(code) ended.code = code or 0; error(ended, 0) end},
         {__index = os}),
   }, {__index = _G})
   local chunk = assert(loadfile(path, "t", env))
   local ok, why = pcall(chunk, table.unpack(args or {}))
   if not ok and why ~= ended then error(why, 0) end
   return table.concat(out), ended.code, table.concat(err)
end

--- Sets variables of the environment while fn runs.
function M.with_env(values, fn)
   for name, value in pairs(values) do core.set_env(name, value) end
   local ok, why = pcall(fn)
   for name in pairs(values) do core.set_env(name, nil) end
   if not ok then error(why, 0) end
end

--- Lines of a file.
function M.lines(path)
   local n = 0
   for _ in io.lines(path) do n = n + 1 end
   return n
end

return M
