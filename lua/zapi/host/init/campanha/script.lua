-- A campaign to your own contacts: the owner starts it from WhatsApp, messages leave
-- slowly and only by day, nobody gets one twice, and who answers SAIR gets no more.
--
--    zapibot chat campanha.lua     talk to it in the terminal
--    zapibot dev campanha.lua      the same on a page; nothing is really sent
--    zapibot check campanha.lua    finds mistakes without running it
--    zapibot campanha.lua          with your number: see .env.example
--
-- Write only to people who asked for it: WhatsApp bans numbers that others report.
local zapi = require "zapi"
local kit = require "zapi.kit"

local CAMPAIGN = "natal" -- one message of a campaign for each contact, ever
local CONTACTS = "contatos.csv" -- nome;telefone
local TEXT = "Oi, {nome}! 🎄 Nossa loja tem 20% de desconto até sábado.\n"
   .. "Para não receber mais, responda SAIR."
local FROM, TO = 9, 20 -- hours of the day between which messages leave
local ZONE = -3 -- of the clock above, in hours from UTC
local OWNER = zapi.getenv "CAMPANHA_DONO" -- the number that may give the commands

local z = zapi.client()
local bot = require("zapi.bot").new {
   client = z, prefix = "!",
   limits = {cold_per_hour = 40, pace = 3}, -- slow is what keeps a number alive
}

kit.optout(bot) -- SAIR, PARAR, CANCELAR, STOP; VOLTAR. Asked when a message leaves

-- Asked just before a message leaves: true, or the seconds after which to ask again.
bot:guard("horario", function()
   local hour = math.floor(zapi.now() / 3600 + ZONE) % 24
   return hour >= FROM and hour < TO or 600
end)

local function is_owner(ctx) return OWNER ~= nil and ctx.from.phone == OWNER end

-- What stands in front of the script's folder, wherever it is started.
local folder = (arg and arg[0] or ""):match "^(.*/)" or ""

local function queue_all()
   local new, double = 0, 0
   for row in zapi.csv.rows(folder .. CONTACTS) do
      local _, what = z.outbox:send("send_text", {
         phone = row.telefone, message = (TEXT:gsub("{nome}", row.nome)),
      }, {key = CAMPAIGN .. ":" .. row.telefone, lane = "campanha", guard = "horario"})
      if what == "new" then new = new + 1 else double = double + 1 end
   end
   return new, double
end

-- ---- what the owner writes -------------------------------------------------

local function command(name, help, fn)
   bot:command(name, function(ctx, next)
      if not is_owner(ctx) then return next() end
      return fn(ctx)
   end, {help = help})
end

command("enviar", "começa a campanha", function(ctx)
   local new, double = queue_all()
   ctx:reply(("%d na fila, %d já tinham recebido ou esperam."):format(new, double))
end)

command("pausar", "para de enviar", function(ctx)
   z.outbox:pause "campanha"
   ctx:reply("Pausada. Nada sai até *!continuar*.")
end)

command("continuar", "volta a enviar", function(ctx)
   z.outbox:resume "campanha"
   ctx:reply("Continuando.")
end)

command("relatorio", "o que foi enviado", function(ctx)
   local lines = {}
   for state, count in pairs(z.outbox:stats(CAMPAIGN .. ":")) do
      if count > 0 then lines[#lines + 1] = ("%s: %d"):format(state, count) end
   end
   table.sort(lines)
   ctx:reply(#lines > 0 and table.concat(lines, "\n") or "Nada ainda. Comece com *!enviar*.")
end)

-- ---- who answers -----------------------------------------------------------

bot:on({kind = "text", group = false}, function(ctx)
   if is_owner(ctx) then return ctx:reply("!enviar, !pausar, !continuar ou !relatorio") end
   ctx:reply("Obrigado pela resposta! 😊 Uma pessoa da loja já fala com você.")
end)

bot:run()
