-- What users run, under valgrind: the echo example answers 100 people, is loaded
-- anew and ends. It reads nothing that was never written, and loses no memory.
local core = require "zapi.core"
local fleet = require "spec.support.fleet"
local shell = require "spec.support.shell"
local zapi = require "zapi"

local PEOPLE <const> = 100

-- Its own exit code says that there was an error or a definite leak.
local VALGRIND <const> = "valgrind --error-exitcode=99 --leak-check=full "
   .. "--show-leak-kinds=definite --errors-for-leak-kinds=definite --num-callers=30 "
   .. "--log-file=valgrind.%p "

describe("the program under valgrind #slow", function()
   local f, api

   teardown(function()
      if f then f:close() end
      if api then api:close() end
   end)

   it("answers, is loaded anew and ends without a leak or an error", function()
      local here = shell.must("pwd"):gsub("%s+$", "")
      shell.must "cmake --preset release && cmake --build build/release --target zapibot -j2"
      local program = shell.quote(here .. "/build/release/zapibot")
      f = fleet.new(VALGRIND .. program)
      local sent = 0
      api = zapi.http.serve {listen = "127.0.0.1:0", handler = function()
         sent = sent + 1
         return 200, core.json_encode {zaapId = "Z" .. sent, messageId = "S" .. sent}
      end}
      f:write("bot.lua", fleet.read "examples/echo.lua")
      f:start("--budget 0 --log info --listen 127.0.0.1:0 bot.lua", fleet.ACCOUNT
         .. "ZAPI_BASE_URL=http://" .. api.address .. " ")
      for i = 1, PEOPLE do
         assert.equal(200, (f:post("eco " .. i, ("55117770%05d"):format(i))))
         if i == PEOPLE // 2 then
            f:signal "HUP"
            f:wait_log "generation 2 serves"
         end
      end
      f:wait_for("the answers", function() return sent == PEOPLE end, 60)
      local code = f:stop()
      local said = shell.must(("cat %s/valgrind.*"):format(shell.quote(f.folder)))
      assert.equal(0, code, said)
      assert.matches("ERROR SUMMARY: 0 errors", said)
      assert.is_true(said:find("definitely lost: 0 bytes", 1, true) ~= nil
         or said:find("no leaks are possible", 1, true) ~= nil, said)
   end)
end)
