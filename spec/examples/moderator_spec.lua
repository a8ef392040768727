-- examples/moderator.lua in a group of the sandbox.
local support = require "spec.examples.support"
local testing = require "zapi.testing"

describe("example moderator.lua", function()
   local world, s, ana, bia, group

   before_each(function()
      world = testing.start {script = "examples/moderator.lua"}
      s = world.sandbox
      ana, bia = world:person("Ana", "5511999990001"), world:person("Bia", "5511999990002")
      group = world:group("Condomínio", {ana, bia})
      s:promote(bia.phone, group.chat)
      world:settle()
   end)
   after_each(function() world:close() end)

   local function is_member(person)
      return s.world:is_member(s:find_group(group.chat), person.phone)
   end

   local function deleted()
      local n = 0
      for _, m in ipairs(group:messages()) do
         if m.deleted then n = n + 1 end
      end
      return n
   end

   it("is short enough to read", function()
      assert.is_true(support.lines("examples/moderator.lua") <= 120)
   end)

   it("greets who comes in, by link or put in by somebody", function()
      local rui, eva = world:person("Rui", "5511988880003"), world:person("Eva", "5511988880004")
      assert.equal("joined", s:join(rui.phone, group.chat))
      group:expects {match = "^Boas%-vindas, @%d+!"}
      assert.equal("joined", s:join(eva.phone, group.chat, bia.phone))
      group:expects {match = "^Boas%-vindas, @%d+!"}
      s:leave(eva.phone, group.chat)
      group:hears_nothing()
   end)

   it("deletes links, warns twice, and removes at the third", function()
      ana:says("olhem https://golpe.com/ganhe", group)
      group:expects("@5511999990001, links não são permitidos aqui (aviso 1 de 3).")
      ana:says("entra aqui: CHAT.WhatsApp.com/AbC", group)
      group:expects {match = "aviso 2 de 3"}
      assert.is_true(is_member(ana))
      ana:says({image = "data:image/png;base64,TWFu", caption = "bit.ly/x"}, group)
      group:expects {match = "^Removi"}
      world:settle()
      assert.equal(3, deleted())
      assert.is_false(is_member(ana))
      assert.equal("joined", s:join(ana.phone, group.chat))
      world:settle()
      assert.is_false(is_member(ana))
      group:hears_nothing()
   end)

   it("sees a link that is edited in later", function()
      local m = ana:says("bom dia", group)
      group:hears_nothing()
      ana:says({text = "bom dia golpe.com", edit = m.id}, group)
      group:expects {match = "aviso 1 de 3"}
      assert.equal(1, deleted())
   end)

   it("lets admins, allowed sites and dots in sentences pass", function()
      bia:says("vejam https://golpe.com", group)
      ana:says("https://www.youtube.com/watch?v=1 e servicos.gov.br", group)
      ana:says("obrigado.tchau, até as 10.30", group)
      ana:says "golpe.com" -- not in a group
      world:settle()
      group:hears_nothing()
      assert.equal(0, deleted())
      ana:says("naoyoutube.com", group)
      group:expects {match = "aviso 1"}
   end)

   it("bans for admins only, and remembers", function()
      ana:says("!ban @5511999990002", group)
      group:expects {match = "Só administradores"}
      assert.is_true(is_member(bia))
      bia:says("!ban", group)
      group:expects {match = "Diga quem"}
      bia:says("!ban @5511999990002 engano", group)
      group:expects "Não removo administradores."
      bia:says("!ban @5511999990001 *spam* demais", group)
      group:expects "Removido. Motivo: ∗spam∗ demais"
      world:settle()
      assert.is_false(is_member(ana))
      bia:says("!perdoar @5511999990001", group)
      group:expects {match = "Perdoado"}
      s:join(ana.phone, group.chat)
      group:expects {match = "Boas%-vindas"}
      assert.is_true(is_member(ana))
   end)

   it("approves requests by country, and rejects the banned", function()
      s:find_group(group.chat).settings.requireAdminApproval = true
      local rui = world:person("Rui", "5511988880003")
      local bob = world:person("Bob", "14155550100")
      assert.equal("asked", s:join(rui.phone, group.chat))
      assert.equal("asked", s:join(bob.phone, group.chat))
      group:expects {match = "Boas%-vindas"} -- Rui
      world:settle()
      assert.is_true(is_member(rui))
      assert.is_false(is_member(bob))
      assert.same({}, s:find_group(group.chat).requests)
      bia:says("!ban @5511988880003", group)
      group:expects {match = "Removido"}
      assert.equal("asked", s:join(rui.phone, group.chat))
      world:settle()
      assert.is_false(is_member(rui))
      assert.same({}, s:find_group(group.chat).requests)
   end)
end)
