-- ZAPIBOT_FORWARD: every webhook goes on to another system, as it came, in the
-- order of its chat, also when that system is away for a while.
local core = require "zapi.core"
local fleet = require "spec.support.fleet"
local shell = require "spec.support.shell"

describe("ZAPIBOT_FORWARD", function()
   local f, sink, got, refuse

   before_each(function()
      f, got, refuse = fleet.new(), {}, nil
      sink = core.serve {listen = "127.0.0.1:0", handler = function(req)
         if refuse and refuse(req) then return 503, "away" end
         got[#got + 1] = req
         return 200, "ok"
      end}
   end)
   after_each(function()
      f:close()
      sink:close()
   end)

   local function start(more)
      f:bot("bot.lua", "bot:on('text', function(ctx) note(ctx.text) end)")
      f:start("--listen 127.0.0.1:0 bot.lua", fleet.ACCOUNT .. "ZAPIBOT_FORWARD=http://"
         .. sink.address .. "/hook/x?key=1 " .. (more or ""))
   end

   local function texts(phone)
      local list = {}
      for _, req in ipairs(got) do
         local payload = assert(core.json_decode(req.body))
         if payload.phone == (phone or payload.phone) then
            list[#list + 1] = payload.text and payload.text.message or payload.type
         end
      end
      return table.concat(list, " ")
   end

   local function raw(text)
      return assert(core.http_request {method = "POST", body = text,
         url = ("http://%s/webhook/%s"):format(f.address, fleet.SECRET)}).status
   end

   it("the same bytes, with the event's number; the bot has them too", function()
      start()
      local body = '{ "type":"ReceivedCallback","instanceId":"3C0FFEE1", "messageId":"RAW1",'
         .. '"phone":"5511999990001","momment":1700000000000,"x":1e2,"big":12345678901234567890,'
         .. '"text":{"message":"cr\\u00e7\\u00e9"}}'
      assert.equal(200, raw(body))
      f:wait_for("the webhook", function() return got[1] end)
      assert.equal(body, got[1].body)
      assert.equal("POST", got[1].method)
      assert.equal("application/json", got[1].headers["content-type"])
      assert.matches("^%d+$", got[1].headers["x-zapibot-event"])
      assert.equal("/hook/x", got[1].path)
      f:wait_said "crçé"
      assert.equal("serves", f:status().forward.state)
   end)

   it("receipts and notices too, of any instance; presence is not", function()
      start()
      for _, body in ipairs {
         '{"type":"PresenceChatCallback","instanceId":"3C0FFEE1","phone":"5511999990001",'
            .. '"status":"COMPOSING"}',
         '{"type":"MessageStatusCallback","instanceId":"3C0FFEE1","status":"READ","ids":["A1"],'
            .. '"momment":1700000000000,"phone":"5511999990001"}',
         '{"type":"DisconnectedCallback","instanceId":"OTHER01","momment":1}',
      } do
         assert.equal(200, raw(body))
      end
      f:wait_for("both", function() return #got == 2 end)
      local all = texts()
      assert.is_truthy(all:find("MessageStatusCallback", 1, true))
      assert.is_truthy(all:find("DisconnectedCallback", 1, true))
   end)

   it("waits while the other system is away, in the order of the chat; others go on", function()
      refuse = function(req) return req.body:find("5511999990001", 1, true) end
      start()
      for n = 1, 3 do f:post("a" .. n) end
      f:post("b1", "5511999990002")
      f:wait_for("the other chat", function() return texts("5511999990002") == "b1" end)
      f:wait_log "webhooks are not taken there, and wait: status 503"
      assert.equal("", texts "5511999990001")
      refuse = nil
      f:wait_for("all in order", function() return texts("5511999990001") == "a1 a2 a3" end)
   end)

   it("what waits is sent after a kill", function()
      refuse = function() return true end
      start()
      f:post "antes"
      f:wait_log "status 503"
      f:signal "KILL"
      f:wait_for("the end", function() return f:code() end)
      refuse = nil
      start()
      f:wait_for("the webhook", function() return texts() == "antes" end)
   end)

   it("what nobody takes for seven days is a dead letter, and the chat goes on", function()
      refuse = function(req) return req.body:find("antes", 1, true) end
      start()
      f:post "antes"
      f:post "depois"
      f:wait_log "status 503"
      assert.equal(0, f:stop())
      local function age(days)
         shell.must(("sqlite3 %s 'UPDATE event SET received_at = received_at - %d'"):format(
            shell.quote(f:path ".zapibot/zapibot.db"), days * 86400))
      end
      local function dead()
         local code, out = f:run "inbox list --state dead --json"
         assert.equal(0, code, out)
         return core.json_decode(out).events
      end
      age(6.9)
      start()
      f:wait_log "status 503"
      assert.same({}, dead())
      assert.equal(0, f:stop())
      assert.equal("", texts())
      age(0.2)
      start()
      f:wait_for("what was behind it", function() return texts() == "depois" end)
      local list = dead()
      assert.equal(1, #list)
      assert.equal("forward", list[1].automation)
      assert.matches("not taken within 7 days: status 503", list[1].reason)
   end)

   it("an address that is none ends the program", function()
      f:bot("bot.lua", "")
      local code, out = f:run("--forward nowhere bot.lua")
      assert.equal(2, code)
      assert.matches("^zapibot: %-%-forward takes an address[^\n]*\n", out)
   end)
end)
