-- Programs and folders for specs that test what is outside of Lua.
local M = {}

--- A word that the shell takes literally.
---@param text string
---@return string
function M.quote(text)
   return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- Runs a command line; output and errors together.
---@param command string
---@return integer code, string output
function M.run(command)
   local pipe = assert(io.popen("{ " .. command .. "\n} 2>&1 </dev/null"))
   local output = pipe:read("a")
   local _, _, code = pipe:close()
   return code, output
end

--- Runs a command line that must work; its output.
---@param command string
---@return string
function M.must(command)
   local code, output = M.run(command)
   if code ~= 0 then
      error(("%s\nended with code %d:\n%s"):format(command, code, output), 2)
   end
   return output
end

--- Waits until a process has ended, also one whose parent has not noticed yet.
---@param pid string|integer
function M.ended(pid)
   M.must(([[n=0
      while kill -0 %d 2>/dev/null && ! grep -q '^State:.Z' /proc/%d/status 2>/dev/null; do
         n=$((n+1)); [ $n -gt 1000 ] && exit 9
         sleep 0.02
      done; true]]):format(pid, pid))
end

--- A new folder below the system's temporary one.
---@return string path, fun() remove
function M.folder()
   local path = M.must("mktemp -d"):gsub("%s+$", "")
   return path, function() M.must("rm -rf " .. M.quote(path)) end
end

--- Writes a file, and the folders that it needs.
---@param path string
---@param text string
function M.write(path, text)
   M.must("mkdir -p " .. M.quote((path:gsub("/[^/]*$", ""))))
   local file = assert(io.open(path, "w"))
   file:write(text)
   file:close()
end

--- Copies what a build of this checkout needs.
---@param to string
function M.copy_checkout(to)
   M.must("cp -r CMakeLists.txt CMakePresets.json cmake src lua library docs rockspec "
      .. "examples packaging scripts "
      .. "README.md ARCHITECTURE.md CHANGELOG.md LICENSE " .. M.quote(to))
end

return M
