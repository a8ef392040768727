-- How the program ends: SIGTERM during a call, the second signal, a bot with
-- webhooks in flight.
local shell = require "spec.support.shell"

local ZAPIBOT = (os.getenv "ZAPI_BUILD" or "build/dev") .. "/zapibot"
if ZAPIBOT:sub(1, 1) ~= "/" then
   ZAPIBOT = os.getenv "PWD" .. "/" .. ZAPIBOT
end

-- A server that says when it has the request, and answers when it is told.
local STUB = [[
local zapi = require "zapi"
local asked, go = false, false
local s = zapi.http.serve {listen = "127.0.0.1:0", label = "stub", handler = function(req)
   if req.path == "/asked" then return asked and 200 or 404, "" end
   if req.path == "/go" then go = true return 200, "" end
   asked = true
   while not go do zapi.sleep(0.005) end
   return 200, '{"zaapId":"Z","messageId":"M","id":"M"}', {["Content-Type"] = "application/json"}
end}
local f = io.open("stub.address", "w") f:write(s.address) f:close()
]]

local SEND = [[
local zapi = require "zapi"
local z = zapi.client {}
local reply, err = z:send_text {phone = "5511999990001", message = "oi"}
print("sent", reply and reply.messageId, err)
]]

local folder, remove

-- Runs SEND against STUB; `script` is shell with $stub and $pid.
local function scene(script)
   shell.write(folder .. "/stub.lua", STUB)
   shell.write(folder .. "/send.lua", SEND)
   return shell.run(([[
      cd %s
      wait_for() { n=0; until eval "$1"; do n=$((n+1)); [ $n -gt 1000 ] && echo "no $1" && break
         sleep 0.01; done; }
      %s stub.lua >stub.out 2>&1 & stubpid=$!
      wait_for '[ -s stub.address ]'
      stub=$(cat stub.address)
      ZAPI_BASE_URL=http://$stub ZAPI_INSTANCE_ID=3C0FFEE1 ZAPI_TOKEN=tttttttttt \
         %s send.lua >out 2>&1 & pid=$!
      wait_for 'curl -sf http://$stub/asked'
      %s
      wait $pid; echo "code $?"
      cat out
      kill -9 $stubpid]]):format(shell.quote(folder), ZAPIBOT, ZAPIBOT, script))
end

describe("the end of the program", function()
   before_each(function() folder, remove = shell.folder() end)
   after_each(function() remove() end)

   it("waits for a call in flight", function()
      local _, out = scene [[
         kill -TERM $pid
         wait_for 'grep -q SIGTERM out'
         curl -s http://$stub/go]]
      assert.matches("code 0", out)
      assert.matches("sent\tM", out)
   end)

   it("comes at once at the second signal", function()
      local _, out = scene [[
         kill -TERM $pid
         wait_for 'grep -q SIGTERM out'
         kill -TERM $pid]]
      assert.matches("code 143", out)
      assert.is_nil(out:find("sent", 1, true))
   end)

   it("comes at the second signal even when a script holds the loop", function()
      shell.write(folder .. "/loop.lua", "io.stderr:write('ready') while true do end")
      local _, out = shell.run(([[
         cd %s
         %s loop.lua >out 2>&1 & pid=$!
         n=0; until grep -q ready out || [ $n -gt 500 ]; do sleep 0.01; n=$((n+1)); done
         while kill -TERM $pid 2>/dev/null; do sleep 0.01; done
         wait $pid; echo "code $?"]]):format(shell.quote(folder), ZAPIBOT))
      assert.equal("code 143\n", out)
   end)

   it("says in one line that an address of the sandbox is taken", function()
      local _, out = shell.run(([[
         cd %s
         echo 'require("zapi").http.serve {listen = "127.0.0.1:0", handler = print}' >s.lua
         %s s.lua >out 2>&1 & pid=$!
         n=0; until grep -q listening out || [ $n -gt 500 ]; do sleep 0.01; n=$((n+1)); done
         port=$(sed -n 's/.*listening 127.0.0.1:\([0-9]*\).*/\1/p' out)
         timeout 10 %s sandbox --listen 127.0.0.1:$port 2>&1
         echo "code $?"; kill -9 $pid]]):format(shell.quote(folder), ZAPIBOT, ZAPIBOT))
      assert.matches("^zapibot: [^\n]*in use[^\n]*\ncode 2\n", out)
   end)

   it("waits for a request that zapi.http.serve answers", function()
      shell.write(folder .. "/serve.lua", [[
         local zapi = require "zapi"
         local s = zapi.http.serve {listen = "127.0.0.1:0", handler = function()
            print "asked" io.stdout:flush()
            zapi.sleep(0.3)
            return 200, "whole answer"
         end}
         print("at " .. s.address) io.stdout:flush()]])
      local _, out = shell.run(([[
         cd %s
         %s serve.lua >out 2>&1 & pid=$!
         n=0; until grep -q "^at " out || [ $n -gt 500 ]; do sleep 0.01; n=$((n+1)); done
         curl -s http://$(sed -n 's/^at //p' out)/ >answer & curl=$!
         n=0; until grep -q asked out || [ $n -gt 500 ]; do sleep 0.01; n=$((n+1)); done
         kill -TERM $pid; wait $pid; echo "code $?"; wait $curl; cat answer]])
         :format(shell.quote(folder), ZAPIBOT))
      assert.equal("code 0\nwhole answer", out)
   end)

   it("comes for a bot too, and its own port is free afterwards", function()
      shell.write(folder .. "/bot.lua", [[
         local bot = require("zapi.bot").new {}
         bot:on("text", function() end)
         bot:run()]])
      local _, out = shell.run(([[
         cd %s
         for i in 1 2; do
            ZAPI_INSTANCE_ID=3C0FFEE1 ZAPI_TOKEN=tttttttttt \
            ZAPIBOT_WEBHOOK_SECRET=abcdef0123456789 \
               %s --listen 127.0.0.1:${port:-0} bot.lua >out$i 2>&1 & pid=$!
            n=0; until grep -qs '(webhook)' out$i || [ $n -gt 500 ]; do sleep 0.01; n=$((n+1)); done
            port=$(sed -n 's/.*listening 127.0.0.1:\([0-9]*\) (webhook).*/\1/p' out$i)
            curl -s -o /dev/null -w '%%{http_code}\n' -d '{"type":"x"}' \
               http://127.0.0.1:$port/webhook/abcdef0123456789
            kill -INT $pid; wait $pid; echo "code $?"
         done
         cat out1 out2]]):format(shell.quote(folder), ZAPIBOT))
      assert.matches("^200\ncode 0\n200\ncode 0\n", out)
      assert.is_nil(out:find("abcdef0123456789", 1, true))
   end)
end)
