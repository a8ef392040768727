--- The address for operators' programs: /healthz, /readyz, /metrics, while all is
--- well, while a script hangs, while nothing can be stored, and at the end.
local child = require "spec.host.child"
local core = require "zapi.core"
local prometheus = require "spec.support.prometheus"
local shell = require "spec.support.shell"
local stub = require "spec.support.stub"
local support = require "spec.host.support"

-- "boom" throws, "slow" waits for a file "go", "hang" computes until it is there.
local BOT <const> = [[
require("zapi.bot.outcome").pauses = {0.01, 0.01}
local function there(name)
   local f = io.open(name)
   return f and f:close()
end
bot:on("text", function(ctx)
   if ctx.text == "boom" then error "kaboom" end
   if ctx.text == "slow" then
      note "slow"
      while not there "go" do zapi.sleep(0.005) end
   end
   if ctx.text == "hang" then
      note "hangs"
      while not there "go" do end
   end
   if ctx.text == "again" and ctx.attempt == 1 then
      error(require("zapi.core").error {kind = "net.refused", message = "x"})
   end
   if ctx.text == "unknown" then ctx:reply "500" end
   if ctx.text == "flood" then for _ = 1, 21 do ctx:reply "200" end end
   if ctx.text == "call" then ctx.client:get_queue {} end
   note "done"
end)
]]

describe("the address for operators", function()
   local bot

   local function start(options, env)
      bot = child.new(BOT)
      bot:start(options or "", "ZAPIBOT_ADMIN_LISTEN=127.0.0.1:0 " .. (env or ""))
      bot.admin = bot:err():match "listening (127%.0%.0%.1:%d+) %(admin%)"
   end

   after_each(function()
      if bot then bot:close() end
      bot = nil
   end)

   local function ask(path, options)
      options = options or {}
      options.url = "http://" .. bot.admin .. path
      return assert(core.http_request(options))
   end

   local function metrics()
      return prometheus.read(ask "/metrics".body)
   end

   local function go() shell.write(bot.folder .. "/go", "") end

   it("says that the process is there, and ready", function()
      start()
      local reply = ask "/healthz"
      assert.equal(200, reply.status)
      assert.equal("ok\n", reply.body)
      reply = ask "/readyz"
      assert.equal(200, reply.status)
      assert.equal("store ok\nloop ok\nprocess ok\n", reply.body)
      assert.equal("text/plain; charset=utf-8", reply.headers["content-type"])
      assert.equal("no-store", reply.headers["cache-control"])
   end)

   it("answers GET and HEAD, and nothing else", function()
      start()
      for _, path in ipairs {"/healthz", "/readyz", "/metrics"} do
         local reply = ask(path, {method = "HEAD"})
         assert.equal(200, reply.status)
         assert.equal("", reply.body or "")
         reply = ask(path, {method = "POST", body = "x"})
         assert.equal(405, reply.status)
         assert.equal("GET, HEAD", reply.headers.allow)
      end
      assert.equal(404, ask "/".status)
      assert.equal(404, ask "/metrics/".status)
      assert.equal(404, ask("/webhook/x", {method = "POST", body = "{}"}).status)
   end)

   it("counts what happens", function()
      start("", "ZAPI_BASE_URL=http://127.0.0.1:9 ")
      for _, text in ipairs {"one", "two", "boom", "call"} do
         assert.equal(200, bot:post(text, "551199999000" .. #text))
      end
      bot:wait_said "done done done"
      bot.sent = bot.sent - 1
      assert.equal(200, bot:post("call", "5511999990004")) -- the same event again
      assert.equal(401, assert(core.http_request {
         method = "POST", url = "http://" .. bot.address .. "/webhook/wrong", body = "{}",
      }).status)
      local m, types
      bot:wait_for("numbers of the loop", function()
         m, types = metrics()
         return m.zapibot_dead_letters == 1 and m["zapibot_handler_seconds_count"] == 4
      end)
      assert.equal(4, m["zapibot_events_total{kind=text,result=stored}"])
      local duplicates = 0
      for key, n in pairs(m) do
         if key:find("^zapibot_events_total.*result=duplicate") then duplicates = duplicates + n end
      end
      assert.equal(1, duplicates)
      assert.equal(3, m["zapibot_handled_total{outcome=done}"])
      assert.equal(1, m["zapibot_handled_total{outcome=dead}"])
      assert.equal(1, m["zapibot_calls_total{endpoint=get_queue,kind=net.refused}"])
      assert.equal(1, m["zapibot_refused_total{door=webhook,status=401}"])
      assert.equal(5, m["zapibot_webhook_token_total{result=missing}"])
      assert.equal(0, m.zapibot_inbox_depth)
      assert.equal(0, m.zapibot_handlers_running)
      assert.equal(1, m.zapibot_store_writable)
      assert.is_true(m.zapibot_commit_seconds_count >= 4)
      assert.is_true(m["zapibot_lua_bytes{automation=bot.lua}"] > 100000)
      assert.is_true(m.zapibot_resident_bytes > 1 << 20)
      assert.is_true(math.abs(m.zapibot_last_event_timestamp_seconds - core.now()) < 60)
      assert.is_true(math.abs(m.zapibot_start_timestamp_seconds - core.now()) < 60)
      assert.is_true(m.zapibot_loop_lag_seconds >= 0)
      assert.equal("histogram", types.zapibot_handler_seconds)
      assert.equal(0, m.zapibot_inbox_oldest_seconds)
      local text = ask "/metrics".body
      assert.equal("text/plain; version=0.0.4; charset=utf-8",
         ask "/metrics".headers["content-type"])
      for _, secret in ipairs {"551199999", "tttttttttt", "segredo"} do
         assert.is_nil(text:find(secret, 1, true))
      end
   end)

   it("counts what was tried again, held back, and what nobody knows", function()
      local server = stub.start(function(req)
         if req.body:find("500", 1, true) then return 500, "{}" end
         return '{"messageId":"M","zaapId":"Z"}'
      end)
      finally(server.close)
      start("", "ZAPI_BASE_URL=" .. server.url .. " ")
      for i, text in ipairs {"again", "unknown", "flood"} do
         assert.equal(200, bot:post(text, "551199999000" .. i))
      end
      local function reach(name, n)
         bot:wait_for(name, function() return metrics()[name] == n end)
      end
      reach("zapibot_retries_total", 1)
      reach("zapibot_guard_stops_total{reason=loop}", 1)
      reach("zapibot_sends_unknown", 1)
      reach("zapibot_outbox_queued", 1)
      reach("zapibot_inbox_depth", 0)
      assert.equal(1, metrics()["zapibot_calls_total{endpoint=send_text,kind=send.unknown}"])
   end)

   it("tells when the instance's subscription ends, and warns before", function()
      local due, asked = math.floor(core.now()) + 86400, 0
      local server = stub.start(function(req)
         asked = asked + 1
         assert.matches("/me$", req.path)
         return ('{"id":"3C0FFEE1","due":%d}'):format(due * 1000)
      end)
      finally(server.close)
      start("", "ZAPI_BASE_URL=" .. server.url .. " ")
      local name = "zapibot_instance_due_timestamp_seconds{instance=3C0FFEE1}"
      bot:wait_for("the date", function() return metrics()[name] end)
      assert.equal(due, metrics()[name])
      bot:wait_for("a warning", function()
         return bot:err():find("the subscription of the instance ends at "
            .. os.date("!%Y-%m-%d %H:%M UTC", due), 1, true)
      end)
      assert.equal(1, asked)
      bot:close()
      bot = child.new(BOT)
      bot:start("", "ZAPI_BASE_URL=" .. server.url .. " ") -- off: nobody would read it
      bot:post "one"
      bot:wait_said "done"
      assert.equal(0, bot:stop())
      assert.equal(1, asked)
   end)

   it("answers while a script hangs, and tells that it is not ready", function()
      start "--budget 0"
      bot:post "hang"
      bot:wait_said "hangs"
      assert.equal(200, ask "/healthz".status)
      local reply = bot:wait_for("503", function()
         local reply = ask "/readyz"
         return reply.status == 503 and reply
      end)
      assert.truthy(reply.body:find("loop failed: it has not turned for [56] s\n"))
      assert.truthy(reply.body:find("store ok\n", 1, true))
      assert.is_true(metrics().zapibot_loop_lag_seconds > 4)
      go()
      bot:wait_for("200", function() return ask "/readyz".status == 200 end)
   end)

   it("tells that nothing can be stored, and that it can again", function()
      start()
      local function limit(bytes)
         shell.must(("prlimit --pid $(cat %s/pid) --fsize=%s:"):format(
            shell.quote(bot.folder), bytes))
      end
      limit "4096"
      bot:wait_for("503 of a webhook", function() return bot:post "one" == 503 end)
      local reply = ask "/readyz"
      assert.equal(503, reply.status)
      assert.truthy(reply.body:find("store failed: nothing can be stored\n", 1, true))
      assert.equal(0, metrics().zapibot_store_writable)
      assert.equal(200, ask "/healthz".status)
      limit "unlimited"
      bot:wait_for("200", function() return ask "/readyz".status == 200 end)
   end)

   it("is not ready any more when the process ends", function()
      start()
      bot:post "slow"
      bot:wait_said "slow"
      shell.must("kill -TERM $(cat " .. shell.quote(bot.folder .. "/pid") .. ")")
      local reply = bot:wait_for("503", function()
         local reply = ask "/readyz"
         return reply.status == 503 and reply
      end)
      assert.truthy(reply.body:find("process failed: it is ending\n", 1, true))
      assert.equal(200, ask "/healthz".status)
      go()
      assert.equal(0, bot:wait())
   end)

   it("is no reason not to run when it is taken", function()
      local server = assert(core.serve {handler = function() return 200 end})
      finally(function() server:close() end)
      bot = child.new(BOT)
      bot:start("", "ZAPIBOT_ADMIN_LISTEN=" .. server.address .. " ")
      assert.truthy(bot:err():find("no /healthz, /readyz and /metrics: ", 1, true))
      assert.truthy(bot:err():find("address in use", 1, true))
      assert.equal(200, bot:post "one")
      bot:wait_said "done"
      assert.equal(0, bot:stop())
   end)

   it("can be left out, and is not there before a bot is", function()
      bot = child.new(BOT)
      bot:start "" -- off
      assert.is_nil(bot:err():find("(admin)", 1, true))
      local place = support.place()
      finally(place.close)
      shell.write(place.folder .. "/plain.lua", "print 'hello'")
      local code, out, err = place.run("--admin-listen 127.0.0.1:0 plain.lua")
      assert.equal(0, code)
      assert.equal("hello\n", out)
      assert.is_nil(err:find("admin", 1, true))
   end)

   it("comes by default, and in dev only when it is asked for", function()
      local place = support.place()
      finally(place.close)
      shell.write(place.folder .. "/bot.lua", [[
         local zapi = require "zapi"
         require("zapi.bot").new {}:run()
         zapi.stop()]])
      local env = support.ENV .. "ZAPIBOT_WEBHOOK_SECRET=segredo-do-teste-0123456789 "
      local _, _, err = place.run("--listen 127.0.0.1:0 bot.lua", env)
      -- Somebody else may have the port on this machine.
      assert.truthy(err:find("127.0.0.1:9180", 1, true), err)
      _, _, err = place.run("--listen 127.0.0.1:0 dev bot.lua", env)
      assert.is_nil(err:find("admin", 1, true), err)
      _, _, err = place.run("--admin-listen 127.0.0.1:0 --listen 127.0.0.1:0 dev bot.lua", env)
      assert.truthy(err:find "%(admin%)", err)
   end)
end)
