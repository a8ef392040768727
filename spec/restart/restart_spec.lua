-- Restarts under steady events, on a socket that outlives the process as a service
-- manager's does: what was said is answered 200, handled once and in its chat's
-- order, nobody is refused, and open questions go on in the next process.
-- ZAPI_RESTARTS=30 is the long run.
local core = require "zapi.core"
local fleet = require "spec.support.fleet"
local people = require "spec.support.people"
local shell = require "spec.support.shell"
local support = require "spec.host.support"
local zapi = require "zapi"

local RESTARTS <const> = math.tointeger(tonumber(os.getenv "ZAPI_RESTARTS" or 10))
local CHATS <const> = 6
local LONGEST <const> = 5 -- seconds that a webhook may wait for its answer

-- systemd-socket-activate becomes this shell, which keeps the socket at number 3.
-- A new process is started as soon as the old one has ended.
local MANAGER <const> = [[
while [ ! -e enough ]; do
   sh -c 'echo $$ >pid.new; mv pid.new pid; export LISTEN_PID=$$
      exec "$0" run --listen 127.0.0.1:8080 bot.lua' "$1" >>log 2>&1 </dev/null
   echo $? >>codes
done
]]

-- It is free now: nothing else on this machine asks for one by number.
local function free_port()
   local server = zapi.http.serve {listen = "127.0.0.1:0", handler = print}
   local port = server.address:match ":(%d+)$"
   server:close()
   return port
end

describe("restarts under steady events:", function()
   local f, crowd, manager

   local function pid() return tonumber(fleet.read(f:path "pid")) end

   setup(function() f = fleet.new() end)
   teardown(function()
      f:write("enough", "")
      if manager then shell.run("kill -9 " .. manager) end
      if pid() then shell.run("kill -9 " .. pid()) end
      if crowd then crowd:close() end
      f.remove()
   end)

   local function listening()
      return select(2, f:log():gsub("listening 127%.0%.0%.1:%d+ %(webhook%)", ""))
   end

   local function start()
      local port = free_port()
      f:write("bot.lua", people.BOT .. "bot:run()\n")
      f:write("manager.sh", MANAGER)
      f:write("log", "")
      crowd = people.new(f, CHATS)
      manager = shell.must(([[cd %s; env -i PATH="$PATH" ZAPI_BASE_URL=http://%s %s \
         ZAPIBOT_WEBHOOK_SECRET=%s ZAPIBOT_ADMIN_LISTEN=off ASAN_OPTIONS="$ASAN_OPTIONS" \
         systemd-socket-activate -l 127.0.0.1:%s -E PATH -E ZAPI_BASE_URL -E ZAPI_INSTANCE_ID \
         -E ZAPI_TOKEN -E ZAPIBOT_WEBHOOK_SECRET -E ZAPIBOT_ADMIN_LISTEN -E ASAN_OPTIONS \
         sh manager.sh %s >manager.log 2>&1 </dev/null & echo $!]]):format(
         shell.quote(f.folder), crowd.api, fleet.ACCOUNT, fleet.SECRET, port,
         shell.quote(support.program))):gsub("%s+$", "")
      f:wait_for("the manager", function()
         return fleet.read(f:path "manager.log"):find "Listening on"
      end)
      crowd:begin("127.0.0.1:" .. port)
      f:wait_for("the first process", function() return listening() == 1 end)
   end

   it(("%d of them"):format(RESTARTS), function()
      start()
      for i = 1, RESTARTS do
         local before, old = crowd:count(), pid()
         f:wait_for("events", function() return crowd:count() >= before + 50 end)
         shell.must("kill -TERM " .. old)
         f:wait_for("the next process", function() return listening() > i end, 30)
         assert.are_not.equal(old, pid())
      end
      local sums = crowd:check()
      f:write("enough", "")
      shell.must("kill -TERM " .. pid())
      f:wait_for("the end", function()
         return select(2, fleet.read(f:path "codes"):gsub("\n", "")) == RESTARTS + 1
      end)
      assert.equal(("0\n"):rep(RESTARTS + 1), fleet.read(f:path "codes"))
      assert.is_nil(f:log():find "ten seconds are over")
      assert.is_true(sums.n >= 50 * RESTARTS)
      assert.is_true(sums.slowest < LONGEST, sums.slowest .. " s")
      print(core.json_encode(sums))
   end)
end)
