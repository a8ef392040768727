--- bot:http: paths, parameters, methods, verification, answers.
local fake = require "spec.support.bot_fake"

local function request(bot, method, path, body)
   return bot.router:handle({method = method, path = path, query = {}, headers = {}, body = body})
end

describe("bot:http", function()
   it("finds routes and their parameters", function()
      local bot = fake.bot()
      bot:http("GET", "/pedidos/{id}/itens/{n}", function(req)
         return 200, req.params.id .. "-" .. req.params.n
      end)
      bot:http("POST", "/pedidos", {}, function(req) return 201, req.body end)
      bot:http("get", "/", function() return 200, "raiz" end)
      assert.same({200, "7-2"}, {request(bot, "GET", "/pedidos/7/itens/2")})
      assert.same({201, "x"}, {request(bot, "POST", "/pedidos", "x")})
      assert.same({200, "raiz"}, {request(bot, "GET", "/")})
      assert.is_nil(request(bot, "GET", "/pedidos/7"))
      assert.is_nil(request(bot, "GET", "/nada"))
   end)

   it("prefers a plain path to a parameter, whatever the order", function()
      local bot = fake.bot()
      bot:http("GET", "/a/{x}", function() return 200, "par" end)
      bot:http("GET", "/a/b", function() return 200, "plain" end)
      bot:http("POST", "/a/{x}", function() return 200, "post" end)
      assert.same({200, "plain"}, {request(bot, "GET", "/a/b")})
      assert.same({200, "par"}, {request(bot, "GET", "/a/c")})
      assert.same({200, "post"}, {request(bot, "POST", "/a/b")})
   end)

   it("answers 405 with what is allowed; HEAD is a GET", function()
      local bot = fake.bot()
      bot:http("GET", "/a", function() return 200, "x" end)
      bot:http("PUT", "/a", function() return 200, "x" end)
      local status, _, headers = request(bot, "DELETE", "/a")
      assert.equal(405, status)
      assert.equal("GET, HEAD, PUT", headers.Allow)
      assert.equal(200, (request(bot, "HEAD", "/a")))
   end)

   it("lets verify refuse", function()
      local bot = fake.bot()
      bot:http("POST", "/pix", {verify = function(req) return req.body == "ok" end},
         function() return 200, "pago" end)
      assert.equal(401, (request(bot, "POST", "/pix", "x")))
      assert.same({200, "pago"}, {request(bot, "POST", "/pix", "ok")})
   end)

   it("sends tables as JSON, a lone text as 200, nothing as 204", function()
      local bot = fake.bot()
      bot:http("GET", "/json", function() return 200, {a = 1} end)
      bot:http("GET", "/text", function() return "oi", {["X-A"] = "b"} end)
      bot:http("GET", "/none", function() end)
      local status, body, headers = request(bot, "GET", "/json")
      assert.same({200, '{"a":1}', "application/json"}, {status, body, headers["Content-Type"]})
      status, body, headers = request(bot, "GET", "/text")
      assert.same({200, "oi", "b"}, {status, body, headers["X-A"]})
      assert.equal(204, (request(bot, "GET", "/none")))
   end)

   it("is checked when it is registered", function()
      local bot = fake.bot()
      local function thrown(...) return fake.thrown(bot.http, bot, ...) end
      bot:http("GET", "/a/{x}", print)
      assert.matches("GET /a/{y} is there already %(spec/bot/http_spec.lua:%d+%)",
         (thrown("GET", "/a/{y}", print):gsub("%./spec", "spec")))
      assert.matches("http_spec.lua:%d+: 'FETCH' is not a method",
         fake.thrown(function() bot:http("FETCH", "/a", print) end))
      assert.matches("'/…' expected", thrown("GET", "a", print))
      assert.matches("is taken", thrown("POST", "/webhook/x", print))
      assert.matches("must be a whole part", thrown("GET", "/a-{x}", print))
      assert.matches("did you mean 'verify'", thrown("GET", "/b", {verfy = print}, print))
      assert.matches("function expected, got nil", thrown("GET", "/b", {}))
   end)
end)
