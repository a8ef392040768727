-- Run it in the folder of the script:  busted spec
local testing = require "zapi.testing"

describe("campanha.lua", function()
   local world, owner, ana, bia

   before_each(function()
      world = testing.start {script = "campanha.lua", data = true,
         now = {year = 2026, month = 12, day = 7, hour = 10, tz = "America/Sao_Paulo"},
         env = {CAMPANHA_DONO = "5511988880000"}}
      owner = world:person("Dono", "5511988880000")
      ana, bia = world:person("Ana", "5511999990001"), world:person("Bia", "5511999990002")
   end)
   after_each(function() world:close() end)

   it("writes once to each contact", function()
      owner:says "!enviar"
      owner:expects "2 na fila, 0 já tinham recebido ou esperam."
      world:advance(60)
      ana:expects {match = "^Oi, Ana!"}
      bia:expects {match = "^Oi, Bia!"}
      owner:says "!enviar"
      owner:expects "0 na fila, 2 já tinham recebido ou esperam."
      world:advance(60)
      ana:hears_nothing()
   end)

   it("does not write to who said SAIR", function()
      bia:says "sair"
      bia:expects {match = "Você não receberá mais"}
      owner:says "!enviar"
      owner:expects()
      world:advance(60)
      ana:expects {match = "^Oi, Ana!"}
      bia:hears_nothing()
   end)

   it("sends nothing while it is paused, and obeys only the owner", function()
      owner:says "!pausar"
      owner:expects {match = "Pausada"}
      ana:says "!continuar"
      ana:expects {match = "Obrigado"}
      owner:says "!enviar"
      owner:expects()
      world:advance(600)
      bia:hears_nothing()
      owner:says "!continuar"
      owner:expects "Continuando."
      world:advance(60)
      bia:expects {match = "^Oi, Bia!"}
   end)
end)
