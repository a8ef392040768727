-- News to those who asked for them: they come in by "novidades" and a yes, go out by
-- SAIR, and what the owner writes leaves slowly, by day, once for each reader.
--
--    zapibot dev examples/newsletter.lua
--
-- The owner writes to the number: "!enviar Chegou a coleção de verão!", "!relatorio",
-- "!pausar", "!continuar".
local zapi = require "zapi"
local kit = require "zapi.kit"

local ZONE = "America/Sao_Paulo"
local FROM, TO = 9, 20 -- hours between which messages leave
local LANE = "newsletter" -- its name in the outbox
local OWNER = zapi.getenv "SHOP_OWNER" or "5511999990050" -- who may give the commands

local z = zapi.client()
local bot = require("zapi.bot").new {
   client = z, prefix = "!",
   limits = {cold_per_hour = 60, pace = 3}, -- who writes fast to many is banned
}
local readers = zapi.store "readers" -- key of a person → {chat =, name =, since =}
local editions = zapi.store "editions" -- "last" → its number

-- SAIR, PARAR, CANCELAR, STOP: from then on nothing of the outbox leaves for this
-- person, also what waits there already. VOLTAR undoes it.
local ledger = kit.optout(bot)

-- ---- readers ----------------------------------------------------------------

bot:hears("novidades", function(ctx, next)
   if ctx.is_group then return next() end
   local yes = ctx:ask("Quer receber as nossas novidades, até duas por mês? (sim ou não)", {
      match = {"sim", "não"}, tries = 2,
   })
   if not yes or yes.value ~= "sim" then return ctx:send "Certo, não enviaremos nada." end
   ledger:remove(ctx.from) -- who said SAIR once has now asked for it again
   readers:set(ctx.from.key, {chat = ctx.chat, name = ctx.from.name, since = yes.now})
   yes:reply "Pronto! Para não receber mais, responda SAIR quando quiser. 💛"
end)

-- ---- what leaves ------------------------------------------------------------

-- Asked when a message is about to leave: true, or seconds until it is asked again.
bot:guard("by_day", function()
   local hour = zapi.date(zapi.now(), ZONE).hour
   return hour >= FROM and hour < TO or 900
end)

local function send_all(edition, text)
   local count = 0
   for key, reader in readers:each() do
      if not ledger:has(key) then
         z.outbox:send("send_text", {
            phone = reader.chat,
            message = ("Oi, %s! %s\n\n_Para não receber mais, responda SAIR._"):format(
               zapi.text.escape(reader.name or "tudo bem?"), text),
         }, {key = ("edition:%d:%s"):format(edition, key), lane = LANE, guard = "by_day"})
         count = count + 1
      end
   end
   return count
end

-- ---- the owner's commands ---------------------------------------------------

local function command(name, help, args, fn)
   bot:command(name, function(ctx, next)
      if ctx.from.phone ~= OWNER then return next() end
      return fn(ctx)
   end, {help = help, args = args})
end

-- All messages of an edition are stored together with the end of this handler: when
-- the process dies before it, none; and none twice when it runs again.
command("enviar", "às leitoras e aos leitores", "<texto…>", function(ctx)
   local edition = editions:update("last", function(last) return (last or 0) + 1 end)
   ctx:reply(("Edição %d: %d na fila."):format(edition, send_all(edition, ctx.args.texto)))
end)

command("relatorio", "o que saiu", nil, function(ctx)
   local lines = {("Edição %d"):format(editions:get("last", 0))}
   for state, count in pairs(z.outbox:stats(("edition:%d:"):format(editions:get("last", 0)))) do
      if count > 0 then lines[#lines + 1] = ("%s: %d"):format(state, count) end
   end
   table.sort(lines)
   ctx:reply(table.concat(lines, "\n"))
end)

command("pausar", "nada mais sai", nil, function(ctx)
   z.outbox:pause(LANE)
   ctx:reply "Pausado. *!continuar* segue de onde parou."
end)

command("continuar", "volta a sair", nil, function(ctx)
   z.outbox:resume(LANE)
   ctx:reply "Continuando."
end)

bot:run()
