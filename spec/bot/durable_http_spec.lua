--- bot:http with durable = true: the request is on disk before it is answered.
local durable = require "spec.support.durable"
local fake = require "spec.support.bot_fake"

describe("a durable route", function()
   it("answers 202 when the request is stored, and 200 when its key was there", function()
      durable.with(function(place)
         place:crash [[
            t.up(function(bot)
               bot:http("POST", "/pix/{id}", {
                  durable = true,
                  verify = function(req) return req.headers["x-assinatura"] == "ok" end,
                  key = function(req) return req.params.id end,
                  chat = function(req) return req.query.fone end,
               }, function() core.sleep(30) end)
            end)
            local function post(path, signature)
               return core.http_request {
                  method = "POST", url = t.url .. path, body = '{"valor":10}',
                  headers = {["X-Assinatura"] = signature, Authorization = "Bearer segredo",
                     Cookie = "sessao=1"},
               }.status
            end
            assert.equal(401, post("/pix/7?fone=5511999990001", "não"))
            assert.equal(202, post("/pix/7?fone=5511999990001", "ok"))
            assert.equal(200, post("/pix/7?fone=5511999990001", "ok"))
            t.die()
         ]]
         place:run [[
            local got
            t.up(function(bot)
               bot:http("POST", "/pix/{id}", {durable = true}, function(ctx)
                  got = ctx.request
                  got.chat, got.kind = ctx.chat, ctx.kind
                  ctx:send("Pix recebido")
               end)
            end)
            t.wait(function() return got end)
            t.settle()
            assert.equal("http:POST /pix/{id}", got.kind)
            assert.equal("POST", got.method)
            assert.equal("/pix/7", got.path)
            assert.same({id = "7"}, got.params)
            assert.same({fone = t.ana}, got.query)
            assert.equal('{"valor":10}', got.body)
            assert.equal("ok", got.headers["x-assinatura"])
            assert.is_nil(got.headers.authorization)
            assert.is_nil(got.headers.cookie)
            assert.same({phone = t.ana, message = "Pix recebido"}, t.calls[1].body)
         ]]
      end)
   end)

   it("keeps bytes that are no text", function()
      durable.with(function(place)
         place:run [[
            local got
            t.up(function(bot)
               bot:on("*", function() error("not for *") end)
               bot:http("PUT", "/foto", {durable = true}, function(ctx) got = ctx.request.body end)
            end)
            local bytes = "\0\255\254PNG"
            assert.equal(202, core.http_request {
               method = "PUT", url = t.url .. "/foto", body = bytes,
            }.status)
            t.wait(function() return got end)
            assert.equal(bytes, got)
         ]]
         assert.same({}, place:dead())
      end)
   end)

   it("whose handler fails is a dead letter, not a 500", function()
      durable.with(function(place)
         place:run [[
            t.up(function(bot)
               bot:http("POST", "/x", {durable = true}, function() error("ai") end)
            end)
            assert.equal(202, core.http_request {method = "POST", url = t.url .. "/x"}.status)
            t.settle()
         ]]
         local dead = place:dead()
         assert.matches("1.lua:%d+: ai", dead[1].reason)
         assert.equal("http:POST /x", dead[1].kind)
      end)
   end)

   it("is a mistake without durable = true, and a warning in memory", function()
      local core = require "zapi.core"
      local bot = fake.bot {listen = "127.0.0.1:0", secret = "segredo-do-teste-0123456789"}
      assert.matches("'key' and 'chat' of bot:http go with durable = true",
         fake.thrown(bot.http, bot, "POST", "/x", {key = tostring}, print))
      bot:http("POST", "/y", {durable = true}, print)
      local hosted = core.hosted
      core.set_hosted(true)
      local lines = fake.logged(function() bot:run() end)
      bot:stop(1)
      core.set_hosted(hosted)
      local text = ""
      for _, line in ipairs(lines) do text = text .. line[1] .. " " .. line[2] .. "\n" end
      assert.matches("warn http:POST /y is durable = true, but the data are in memory", text)
   end)
end)
