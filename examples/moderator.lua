-- Moderates the groups in which this number is an admin:
--   * greets who comes in, and keeps out who was banned;
--   * deletes links to other sites, with a warning; the third one removes;
--   * "!ban @somebody reason" and "!perdoar @somebody", for admins;
--   * requests to enter are approved for numbers of RULES.countries.
-- Strikes and bans are kept in memory: they end when the script does.
local zapi = require "zapi"
local bot = require("zapi.bot").new {prefix = "!"}

local RULES = {
   strikes = 3,
   allowed = {"gov.br", "youtube.com", "youtu.be"}, -- and what is below them
   countries = {"55"}, -- Brazil
}

-- What makes a word with a dot a link. "obrigado.tchau" is none.
local ENDINGS = " com net org br io me ly gg link shop app info xyz site tv be "

-- One person has two names, a number and a lid ("…@lid"); an event brings one or
-- both. Notes are kept under the number as soon as it was seen beside the lid.
local phone_of = {}

bot:use(function(ctx, next)
   local who = ctx.from
   if who and who.phone and who.lid then phone_of[who.lid] = who.phone end
   return next()
end)

local function key(ctx, who)
   return ctx.chat .. " " .. (phone_of[who.lid] or who.key)
end

local strikes, banned = {}, {} -- by key

-- WhatsApp shows "@5511…" as the name of somebody who is mentioned.
local function mention(text, who)
   return {text = (text:gsub("{nome}", "@" .. who.key:match "^%d+")), mentioned = {who}}
end

local function remove(ctx, who, why)
   assert(ctx.client:remove_participant {groupId = ctx.chat, phones = {who.key}})
   ctx.log.info("%s was removed: %s", who.key, why)
end

bot:on("group.join", function(ctx)
   for _, who in ipairs(ctx.members) do
      if banned[key(ctx, who)] then
         remove(ctx, who, "banned before")
      elseif who.phone ~= ctx.event.connectedPhone then
         ctx:send(mention("Boas-vindas, {nome}! 👋 Aqui não enviamos links de outros sites.", who))
      end
   end
end)

local function may_enter(ctx, who)
   for _, country in ipairs(RULES.countries) do
      local known = who.phone and who.phone:sub(1, #country) == country
      if known and not banned[key(ctx, who)] then return true end
   end
   return false
end

bot:on("group.request", function(ctx)
   for _, who in ipairs(ctx.members) do
      local decide = may_enter(ctx, who) and "approve_participant" or "reject_participant"
      assert(ctx.client[decide](ctx.client, {groupId = ctx.chat, phones = {who.key}}))
   end
end)

-- ---- links -----------------------------------------------------------------

local function is_allowed(host)
   for _, domain in ipairs(RULES.allowed) do
      if host == domain or host:sub(-#domain - 1) == "." .. domain then return true end
   end
   return false
end

local function foreign_link(ctx)
   for host in ctx.folded:gmatch "[%w%-]+[%w%-%.]*%.%a%a+" do
      local ending = " " .. host:match "%a+$" .. " "
      if ENDINGS:find(ending, 1, true) and not is_allowed(host) then return host end
   end
end

bot:on({kind = {"message", "edit"}, group = true, match = foreign_link}, function(ctx, next)
   if ctx:is_admin() then return next() end
   ctx:delete()
   local k = key(ctx, ctx.from)
   strikes[k] = (strikes[k] or 0) + 1
   if strikes[k] < RULES.strikes then
      local text = "{nome}, links não são permitidos aqui (aviso %d de %d)."
      return ctx:send(mention(text:format(strikes[k], RULES.strikes), ctx.from))
   end
   banned[k] = "links"
   remove(ctx, ctx.from, "links")
   ctx:send("Removi uma pessoa que insistiu em enviar links.")
end)

-- ---- commands --------------------------------------------------------------

bot:command("ban", function(ctx)
   local who, reason = ctx.mentions[1], ctx.args.motivo or "não informado"
   if not who then return ctx:reply("Diga quem: !ban @pessoa motivo") end
   if ctx:is_admin(who) then return ctx:reply("Não removo administradores.") end
   banned[key(ctx, who)] = reason
   remove(ctx, who, reason)
   ctx:reply("Removido. Motivo: " .. zapi.text.escape(reason))
end, {admin = true, group = true, args = "[pessoa] [motivo…]", help = "remove do grupo"})

bot:command("perdoar", function(ctx)
   local who = ctx.mentions[1]
   if not who then return ctx:reply("Diga quem: !perdoar @pessoa") end
   banned[key(ctx, who)], strikes[key(ctx, who)] = nil, nil
   ctx:reply("Perdoado: avisos zerados e entrada liberada.")
end, {admin = true, group = true, args = "[pessoa]", help = "zera avisos, libera a entrada"})

bot:run()
