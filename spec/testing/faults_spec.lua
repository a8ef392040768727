--- Worlds in which calls fail, answers are lost and the network goes; and what a
--- failed expectation says.
local diff = require "zapi.testing.diff"
local testing = require "zapi.testing"

local function failure(fn, ...)
   local ok, err = pcall(fn, ...)
   assert.is_false(ok)
   return tostring(err)
end

local world, errors
local function start(options)
   errors = {}
   options = options or {}
   options.bot = function()
      local bot = require("zapi.bot").new()
      bot:hears("oi", function(ctx) ctx:reply "Olá!" end)
      bot:catch(function(_, err) errors[#errors + 1] = err.kind .. " " .. err.outcome end)
      bot:hears("conta", function(ctx)
         for n = 1, 3 do ctx:reply(("linha %d"):format(n)) end
      end)
      return bot
   end
   world = testing.start(options)
   return world:person "Ana"
end

describe("world:fail", function()
   after_each(function() world:close {failures = true} end)

   it("answers the next calls with a status", function()
      local ana = start()
      world:fail(500)
      ana:says "oi"
      ana:hears_nothing()
      assert.same({"send.unknown unknown"}, errors)
      ana:says "oi"
      ana:expects_all {"Olá!"}
   end)

   it("fails calls of one path, so many, with a body", function()
      local ana = start()
      world:fail(400, {path = "^/send%-image"})
      world:fail(400, {n = 2, path = "^/send%-text", body = {error = "Instance not found"}})
      for _ = 1, 2 do
         ana:says "oi"
         ana:hears_nothing()
      end
      assert.equal(2, #errors)
      assert.equal(errors[1], errors[2])
      assert.matches("refused$", errors[1])
      ana:says "oi"
      ana:expects_all {"Olá!"}
      local err = failure(ana.expects, ana, "mais", 0.01)
      assert.truthy(err:find('call /send-text: 400 {"error":"Instance not found"}', 1, true), err)
   end)

   it("loses the answer of a call that was done: it is unknown, and not repeated", function()
      local ana = start {data = true}
      world:fail "lost"
      ana:says "oi"
      ana:expects "Olá!"
      ana:hears_nothing()
      assert.same({"send.unknown unknown"}, errors)
   end)

   it("leaves a call without an answer until the bot gives up", function()
      local ana = start {data = true}
      world:fail "timeout"
      ana:says "oi"
      ana:expects "Olá!"
      world:rest()
      assert.same({}, errors)
      world:advance(120)
      assert.same({"send.unknown unknown"}, errors)
      ana:says "oi"
      ana:expects_all {"Olá!"}
   end)

   it("refuses what is no fault", function()
      start()
      assert.truthy(failure(world.fail, world, "boom"):find("bad fault 'boom'", 1, true))
   end)
end)

describe("world:unplug", function()
   it("takes the network away until plug", function()
      local ana = start {data = true}
      world:unplug()
      ana:says "oi"
      world:advance(60)
      ana:hears_nothing()
      assert.same({"net.refused not_sent"}, {errors[#errors]})
      world:plug()
      ana:says "oi"
      ana:expects "Olá!"
      world:close {failures = true}
   end)
end)

describe("a difference", function()
   it("shows lines that are missing and that are too many", function()
      assert.same({"  a", "- b", "+ x", "  c", "+ d"},
         diff.lines({"a", "b", "c"}, {"a", "x", "c", "d"}))
      assert.same({"- a"}, diff.lines({"a"}, {}))
      assert.same({"+ a"}, diff.lines({}, {"a"}))
   end)

   it("names the character in a line, and shows the lines of many", function()
      assert.equal("\n   they differ from character 3 on", diff.texts("Olá", "Ola"))
      assert.equal("\n   they differ from character 4 on", diff.texts("Olá", "Olá!"))
      assert.equal("\ndifference (- expected, + got):\n     um\n   - dois\n   + três",
         diff.texts("um\ndois", "um\ntrês"))
      assert.equal("", diff.texts("a\xff", "b"))
   end)

   it("is in the message of an expectation that fails", function()
      local ana = start()
      ana:says "oi"
      local err = failure(ana.expects, ana, "Olá.")
      assert.truthy(err:find("they differ from character 4 on", 1, true))
      ana:says "conta"
      err = failure(ana.expects_all, ana, {"linha 1", "linha dois", "linha 3"})
      assert.truthy(err:find("Ana expected other messages (- expected, + got):\n     linha 1\n   "
         .. "- linha dois\n   + linha 2\n     linha 3", 1, true), err)
      ana:says "conta"
      ana:expects_all {"linha 1", "linha 2", "linha 3"}
      ana:says "conta"
      err = failure(ana.expects_all, ana, {"linha 1"})
      assert.truthy(err:find("+ linha 3", 1, true))
      world:close()
   end)
end)
