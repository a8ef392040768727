-- examples/nps.lua in a group of the sandbox.
local support = require "spec.examples.support"
local testing = require "zapi.testing"

describe("example nps.lua", function()
   local world, people, group, owner

   before_each(function()
      world = testing.start {script = "examples/nps.lua", data = true}
      people = {}
      for i, name in ipairs {"Ana", "Bia", "Caio", "Duda"} do people[i] = world:person(name) end
      owner = world:person("Dona", "5511999990050")
      group = world:group("Alunos", people)
      world.sandbox:promote(people[1].phone, group.chat)
      world:settle()
   end)
   after_each(function() world:close() end)

   local function begins()
      people[1]:says("!pesquisa", group)
      return group:expects {match = "^De 0 a 10"}
   end

   it("is short enough to read", function()
      assert.is_true(support.lines "examples/nps.lua" <= 100)
   end)

   it("asks as a poll, counts the last vote of each, and tells the score", function()
      local poll = begins().poll
      assert.same({"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}, poll.names)
      assert.equal(1, poll.max)
      people[1]:votes("10", group)
      people[2]:votes("9", group)
      people[3]:votes("8", group)
      people[4]:votes("10", group)
      world:settle()
      people[4]:votes({}, group) -- taken back
      people[2]:votes("7", group)
      world:advance(86400 - 60)
      group:hears_nothing()
      world:advance(120)
      group:expects "Obrigado a quem votou! Foram 3 votos, e o nosso NPS é *33*."
      people[4]:votes("0", group) -- too late
      people[4]:hears_nothing()
   end)

   it("asks whoever is not content, in private and once, also over a kill", function()
      begins()
      people[3]:votes("3", group)
      people[3]:expects {match = "^Obrigado pela sua nota! O que faltou"}
      people[3]:votes("4", group)
      people[3]:hears_nothing()
      world:kill()
      people[3]:says "Faltou *água*"
      people[3]:expects {match = "^Obrigado, vamos cuidar"}
      owner:expects {match = "^Nota 3, de Caio: Faltou "}
      world:advance(86400)
      group:expects {match = "Foram 1 votos, e o nosso NPS é %*%-100%*"}
   end)

   it("is for admins", function()
      people[2]:says("!pesquisa", group)
      world:settle()
      for _, m in ipairs(group:messages()) do assert.is_nil(m.poll) end
   end)

   it("says nothing when nobody voted", function()
      begins()
      world:advance(86400 + 60)
      group:hears_nothing()
   end)

   it("runs as a process", function()
      world:close()
      local place <close> = support.process "examples/nps.lua"
      local rui = place.world:person "Rui"
      local friends = place.world:group("Alunos", {rui})
      place.world.sandbox:promote(rui.phone, friends.chat)
      rui:says("!pesquisa", friends)
      friends:expects {match = "^De 0 a 10"}
      place:kill()
      place:start()
      rui:votes("2", friends)
      rui:expects {match = "O que faltou"}
   end)
end)
