-- examples/newsletter.lua: who comes in, who goes out, and what leaves when.
local support = require "spec.examples.support"
local testing = require "zapi.testing"

local ZONE <const> = "America/Sao_Paulo"

describe("example newsletter.lua", function()
   local world, ana, bia, owner

   before_each(function()
      world = testing.start {script = "examples/newsletter.lua", data = true,
         now = {year = 2030, month = 3, day = 4, hour = 15, tz = ZONE}}
      ana, bia = world:person "Ana", world:person "Bia"
      owner = world:person("Dona", "5511999990050")
   end)
   after_each(function() world:close() end)

   local function joins(who)
      who:says "quero novidades"
      who:expects {match = "^Quer receber"}
      who:says "sim"
      who:expects {match = "^Pronto! Para não receber mais"}
   end

   it("is short enough to read", function()
      assert.is_true(support.lines "examples/newsletter.lua" <= 100)
   end)

   it("sends to who asked for it, once, and reports", function()
      joins(ana)
      joins(bia)
      world:person "Caio":says "novidades"
      owner:says "!enviar Chegou a *coleção* de verão!"
      owner:expects "Edição 1: 2 na fila."
      world:advance(60)
      for _, who in ipairs {ana, bia} do
         who:expects(("Oi, %s! Chegou a *coleção* de verão!\n\n_Para não receber mais, responda "
            .. "SAIR._"):format(who.name))
         who:hears_nothing()
      end
      owner:says "!relatorio"
      owner:expects {match = "^Edição 1\n%a+: 2$"}
      world:restart()
      world:advance(3600)
      ana:hears_nothing()
   end)

   it("stops at SAIR, also for what waits, until a new yes", function()
      joins(ana)
      joins(bia)
      owner:says "!pausar"
      owner:expects {match = "^Pausado"}
      owner:says "!enviar Um"
      owner:expects "Edição 1: 2 na fila."
      ana:says "Sair."
      ana:expects {match = "não receberá mais"}
      owner:says "!continuar"
      owner:expects "Continuando."
      world:advance(120)
      bia:expects {match = "^Oi, Bia! Um"}
      ana:hears_nothing()
      owner:says "!enviar Dois"
      owner:expects "Edição 2: 1 na fila."
      joins(ana)
      owner:says "!enviar Três"
      owner:expects "Edição 3: 2 na fila."
      world:advance(120)
      ana:expects {match = "^Oi, Ana! Três"}
      ana:hears_nothing()
   end)

   it("leaves by day only", function()
      joins(ana)
      world:advance_to {year = 2030, month = 3, day = 4, hour = 21, tz = ZONE}
      owner:says "!enviar Boa noite"
      owner:expects "Edição 1: 1 na fila."
      world:advance_to {year = 2030, month = 3, day = 5, hour = 8, min = 59, tz = ZONE}
      ana:hears_nothing()
      world:advance_to {year = 2030, month = 3, day = 5, hour = 9, min = 20, tz = ZONE}
      ana:expects {match = "Boa noite"}
   end)

   it("takes a no, and commands from the owner only", function()
      ana:says "novidades"
      ana:expects()
      ana:says "não"
      ana:expects "Certo, não enviaremos nada."
      ana:says "!enviar spam"
      ana:hears_nothing()
      owner:says "!enviar nada"
      owner:expects "Edição 1: 0 na fila."
   end)

   it("runs as a process, and knows its readers after a kill", function()
      world:close()
      local place <close> = support.process "examples/newsletter.lua"
      local rui = place.world:person "Rui"
      local dona = place.world:person("Dona", "5511999990050")
      joins(rui)
      place:kill()
      place:start()
      dona:says "!pausar"
      dona:expects {match = "^Pausado"}
      dona:says "!enviar Oi"
      dona:expects "Edição 1: 1 na fila."
   end)
end)
