-- Asks another service: somebody writes a CEP (Brazil's postal code) and gets
-- the address. While we wait for the answer other chats are served.
-- CEP_URL is where to ask: ViaCEP, or a service of yours with the same answers.
local zapi = require "zapi"
local bot = require("zapi.bot").new()

local base = os.getenv("CEP_URL") or "https://viacep.com.br/ws"

-- The address as a table; nil and a text for the customer when there is none.
local function look_up(cep)
   local reply, err = zapi.http.request {url = ("%s/%s/json/"):format(base, cep), timeout = 8}
   if not reply or reply.status >= 500 then
      zapi.log.warn("no answer for a CEP: %s", tostring(err or reply.status))
      return nil, "O serviço de CEP está fora do ar. Tente de novo daqui a pouco."
   end
   local place = reply.json
   -- ViaCEP says "erro" for codes that do not exist, with status 200.
   if reply.status ~= 200 or type(place) ~= "table" or place.erro or not place.localidade then
      return nil, ("Não encontrei o CEP %s-%s."):format(cep:sub(1, 5), cep:sub(6))
   end
   return place
end

local function describe(place)
   local lines = {}
   local function add(line)
      if line and line ~= "" then lines[#lines + 1] = line end
   end
   add(place.logradouro)
   add(place.bairro)
   add(("%s/%s"):format(place.localidade, place.uf or "?"))
   return "📍 " .. table.concat(lines, "\n")
end

-- "01001-000", "01001000", "meu cep é 01001-000": eight digits, none beside.
bot:hears("%f[%d](%d%d%d%d%d)%-?(%d%d%d)%f[%D]", function(ctx)
   local place, problem = look_up(ctx.match[1] .. ctx.match[2])
   ctx:reply(place and describe(place) or problem)
end)

bot:on("text", function(ctx)
   ctx:reply("Envie um CEP com 8 números, por exemplo 01001-000.")
end)

bot:run()
