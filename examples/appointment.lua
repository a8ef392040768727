-- A barber's appointments: asks for day and hour, has them confirmed, and reminds
-- the customer the day before.
--
--    zapibot dev examples/appointment.lua
--
-- The answer to a question may come tomorrow, when the machine was restarted meanwhile.
local zapi = require "zapi"

local ZONE = "America/Sao_Paulo"
local HOURS = {9, 10, 11, 14, 15, 16, 17} -- Monday to Saturday
local DAYS = {"domingo", "segunda", "terça", "quarta", "quinta", "sexta", "sábado"}
local AHEAD = 60 * 86400 -- so far ahead at most, in seconds

local bot = require("zapi.bot").new()
local agenda = zapi.store "agenda" -- "2030-03-05 14" → {chat =, name =}
local booked = zapi.store "booked" -- chat → "2030-03-05 14"

-- "5/3" is this year or, when that is over, the next one: its date, noon. nil when it
-- is no date, a Sunday, over, or too far ahead.
local function day_of(text, now)
   local day, month = text:match "^%s*(%d%d?)%s*/%s*(%d%d?)%s*$"
   if not day then return nil end
   local today = zapi.date(now, ZONE)
   for year = today.year, today.year + 1 do
      local at = zapi.time {year = year, month = tonumber(month), day = tonumber(day), tz = ZONE}
      local date = zapi.date(at, ZONE)
      local is_real = date.day == tonumber(day) and date.month == tonumber(month) -- no 31/2
      if is_real and date.wday > 1 and at > now and at < now + AHEAD then return date end
   end
end

local function slot_of(date)
   return ("%04d-%02d-%02d %02d"):format(date.year, date.month, date.day, date.hour)
end

local function shown(date)
   return ("%s, %02d/%02d, às %dh"):format(DAYS[date.wday], date.day, date.month, date.hour)
end

local function free_hours(date, now)
   local items = {}
   for _, hour in ipairs(HOURS) do
      date.hour = hour
      if zapi.time(date) > now and not agenda:get(slot_of(date)) then
         items[#items + 1] = {id = hour, label = hour .. "h"}
      end
   end
   return items
end

local function free(chat)
   local slot = booked:get(chat)
   if not slot then return false end
   agenda:delete(slot)
   booked:delete(chat)
   bot:cancel("reminder", chat)
   return true
end

bot:hears({"agendar", "marcar", "horário"}, function(ctx, next)
   if ctx.is_group then return next() end
   local day = ctx:ask("Para que dia? Responda como *25/11*. (Segunda a sábado; *sair* desiste.)", {
      match = function(answer) return day_of(answer.text or "", answer.now) end,
      retry = "Não consigo nesse dia. Escreva como *25/11*: segunda a sábado, até daqui a 60 dias.",
      escape = {"sair"},
   })
   if not day then return ctx:send "Tudo bem! Escreva *agendar* quando quiser." end
   local date = day.value
   local items = free_hours(date, day.now)
   if #items == 0 then return day:reply "Esse dia já está cheio. Escreva *agendar* para outro." end
   local hour = day:menu("Qual horário?", items, {escape = {"sair"}})
   if not hour then return ctx:send "Tudo bem! Escreva *agendar* quando quiser." end
   date.hour = hour.id
   local when = shown(date)
   local yes = ctx:ask(("Posso marcar *%s*? (sim ou não)"):format(when), {match = {"sim", "não"}})
   if not yes or yes.value ~= "sim" then return ctx:send "Certo, não marquei nada." end
   -- All this is committed together, with the good end of the handler. Somebody else
   -- may have been quicker: cas writes only where there is nothing yet.
   local slot = slot_of(date)
   if not agenda:cas(slot, nil, {chat = ctx.chat, name = ctx.from.name}, {ttl = 2 * AHEAD}) then
      return yes:reply "Esse horário acabou de ser ocupado. Escreva *agendar* para outro."
   end
   free(ctx.chat) -- one appointment each: this one takes the place of an older one
   booked:set(ctx.chat, slot, {ttl = 2 * AHEAD})
   date.day, date.hour = date.day - 1, 18
   if zapi.time(date) > yes.now then
      bot:at(date, "reminder", {when = when}, {key = ctx.chat, chat = ctx.chat})
   end
   yes:reply(("Marcado: *%s*. Para desistir, escreva *desmarcar*."):format(when))
end)

bot:hears("desmarcar", function(ctx)
   ctx:reply(free(ctx.chat) and "Desmarcado. Até a próxima!" or "Não há nada marcado.")
end)

bot:timer("reminder", function(ctx, payload)
   ctx:send(("Lembrete: *%s*. Para desistir, escreva *desmarcar*."):format(payload.when))
end)

bot:run()
