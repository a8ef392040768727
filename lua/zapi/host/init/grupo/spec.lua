-- Run it in the folder of the script:  busted spec
local testing = require "zapi.testing"

describe("grupo.lua", function()
   local world, ana, bia, group

   before_each(function()
      world = testing.start {script = "grupo.lua", data = true}
      ana, bia = world:person "Ana", world:person "Bia"
      group = world:group("Vizinhos", {ana, bia})
   end)
   after_each(function() world:close() end)

   local function members() return #world.sandbox:find_group(group.chat).members end

   it("tells the rules", function()
      ana:says("!regras", group)
      group:expects {match = "Sem links de outros sites"}
   end)

   it("greets who comes in", function()
      local leo = world:person "Leo"
      world.sandbox:join(leo.phone, group.chat)
      group:expects {match = "Boas%-vindas, @" .. leo.phone}
   end)

   it("warns twice and then removes", function()
      for i = 1, 2 do
         bia:says("olhem https://promo.example/" .. i, group)
         group:expects {match = "aviso " .. i .. " de 3"}
      end
      bia:says("https://promo.example/3", group)
      group:expects {match = "Removi uma pessoa"}
      assert(members() == 1)
   end)

   it("lets good links pass", function()
      ana:says("vejam https://www.youtube.com/watch?v=x", group)
      group:hears_nothing()
   end)
end)
