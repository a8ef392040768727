--- For the specs of the program's tools: runs zapibot in a folder of its own,
-- without anything of the environment of whoever runs the tests.
local core = require "zapi.core"
local shell = require "spec.support.shell"

local M = {}

local ZAPIBOT = (os.getenv "ZAPI_BUILD" or "build/dev") .. "/zapibot"
if ZAPIBOT:sub(1, 1) ~= "/" then
   ZAPIBOT = shell.must("pwd"):gsub("%s+$", "") .. "/" .. ZAPIBOT
end

--- Path of the program.
M.program = ZAPIBOT

--- Credentials of nobody.
M.ENV = "ZAPI_INSTANCE_ID=INSTANCE0001 ZAPI_TOKEN=SECRETTOKEN0001 "
   .. "ZAPI_CLIENT_TOKEN=SECRETCLIENT0001 "

--- What comes before a command: nothing of the environment of the tests reaches it.
M.CLEAN = "env -i PATH=\"$PATH\" HOME=\"$HOME\" ASAN_OPTIONS=\"$ASAN_OPTIONS\" LANG=C.UTF-8 "

local function read(path)
   local file = assert(io.open(path))
   local text = file:read "a"
   file:close()
   return text
end

--- A folder with a way to run the program in it.
---@return table place {folder, run(arguments, env?) -> code, stdout, stderr, close()}
function M.place()
   local folder, remove = shell.folder()
   local place = {folder = folder, close = remove}
   local here = "cd " .. shell.quote(folder) .. " && "

   function place.run(arguments, env)
      local code = shell.run(("%s%s%s timeout 30 %s %s >out 2>err"):format(here, M.CLEAN, env or "",
         shell.quote(ZAPIBOT), arguments))
      return code, read(folder .. "/out"), read(folder .. "/err")
   end

   -- The same with words that need no quoting by hand.
   function place.words(list, env)
      local quoted = {}
      for i, word in ipairs(list) do
         quoted[i] = shell.quote(word)
      end
      return place.run(table.concat(quoted, " "), env)
   end

   function place.json(arguments, env)
      local code, out, err = place.run(arguments, env)
      assert(code == 0, err .. out)
      return assert(core.json_decode(out, {null = true}))
   end

   return place
end

--- A sandbox in a process of its own.
---@param place table
---@return string env, fun() stop
function M.sandbox(place)
   local log = shell.quote(place.folder .. "/sandbox.log")
   local pid = shell.must(([[
      %s %s --listen 127.0.0.1:0 sandbox >%s 2>&1 &
      pid=$!
      n=0
      until grep -q ^ZAPI_CLIENT_TOKEN= %s || [ $n -gt 500 ]; do sleep 0.02; n=$((n+1)); done
      echo $pid]]):format(M.CLEAN, shell.quote(ZAPIBOT), log, log)):gsub("%s+$", "")
   local env = {}
   for line in read(place.folder .. "/sandbox.log"):gmatch "(ZAPI_[%u_]+=[^\n]+)" do
      env[#env + 1] = shell.quote(line)
   end
   return table.concat(env, " ") .. " ", function() shell.run("kill " .. pid) end
end

--- Is there such a program? Their absence is a failure of the set-up.
---@param name string
function M.needs(name)
   local code = shell.run("command -v " .. name)
   assert(code == 0, name .. " is missing: see scripts/packages")
end

return M
