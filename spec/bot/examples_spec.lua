--- Every example of a bot is tried as a customer would, against the sandbox.
local core = require "zapi.core"
local testing = require "zapi.testing"

local world

local function start(script)
   world = testing.start {script = "examples/" .. script}
   return world:person("Ana")
end

describe("example", function()
   after_each(function()
      local open = world
      world = nil
      if open then open:close() end
   end)

   it("echo.lua greets and repeats", function()
      local ana = start "echo.lua"
      ana:says "Oi!"
      ana:expects {match = "^Olá, Ana!"}
      ana:says "bolo de fubá"
      ana:expects "bolo de fubá"
   end)

   it("echo.lua is a few lines", function()
      local lines = 0
      for _ in io.lines("examples/echo.lua") do lines = lines + 1 end
      assert.is_true(lines <= 15, lines .. " lines")
   end)

   it("menu.lua is used by buttons and a list", function()
      local ana = start "menu.lua"
      ana:says "Olá"
      ana:expects {match = "^Olá! Como posso ajudar"}
      ana:clicks "Horário"
      ana:expects {match = "terça a domingo"}
      ana:says "menu"
      ana:expects {match = "ajudar"}
      ana:clicks "Ver cardápio"
      ana:expects {match = "O que vai ser"}
      ana:clicks "Lasanha"
      ana:expects {match = "%*Lasanha%*, R%$ 38,50"}
   end)

   it("menu.lua understands words, and writes the menu out in groups", function()
      local ana = start "menu.lua"
      ana:says "Quero falar com um ATENDENTE"
      ana:expects {match = "Alguém da equipe"}
      local group = world:group("Amigos", {ana})
      ana:says("cardapio", group)
      group:expects {match = "Pizza, R%$ 49,90"}
      ana:says "qualquer coisa"
      ana:hears_nothing()
   end)
end)

describe("example cep.lua", function()
   local places = {
      ["01001000"] = {logradouro = "Praça da Sé", bairro = "Sé", localidade = "São Paulo",
         uf = "SP"},
      ["99999999"] = {erro = "true"},
   }

   -- A stub of ViaCEP at CEP_URL while fn runs.
   local function with_service(answer, fn)
      local server = core.serve {
         listen = "127.0.0.1:0", label = "cep",
         handler = function(req)
            local status, body = answer(req.path:match("^/ws/(%d+)/json/$"))
            return status, core.json_encode(body), {["Content-Type"] = "application/json"}
         end,
      }
      local getenv = os.getenv
      os.getenv = function(name) -- luacheck: ignore 122
         if name == "CEP_URL" then return "http://" .. server.address .. "/ws" end
         return getenv(name)
      end
      local ok, err = pcall(function()
         local ana = start "cep.lua"
         fn(ana, server)
         world:close()
      end)
      os.getenv = getenv -- luacheck: ignore 122
      server:close()
      if not ok then error(err, 0) end
   end

   it("answers with the address", function()
      with_service(function(cep) return 200, places[cep] end, function(ana)
         ana:says "meu cep é 01001-000, obrigada"
         ana:expects "📍 Praça da Sé\nSé\nSão Paulo/SP"
         ana:says "01001000"
         ana:expects {match = "São Paulo"}
         ana:says "123456789"
         ana:expects {match = "8 números"}
         ana:says "99999-999"
         ana:expects "Não encontrei o CEP 99999-999."
      end)
   end)

   it("says so when the service fails or is gone", function()
      with_service(function() return 503, {} end, function(ana, server)
         ana:says "01001-000"
         ana:expects {match = "fora do ar"}
         server:close()
         ana:says "01001-000"
         ana:expects {match = "fora do ar"}
      end)
   end)
end)
