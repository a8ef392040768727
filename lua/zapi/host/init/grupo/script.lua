-- Looks after groups in which this number is an admin: greets who comes in, takes
-- links away, warns, and removes after the third warning.
--
--    zapibot chat grupo.lua     talk to it in the terminal (/group, /as Bia)
--    zapibot dev grupo.lua      the same on a page; nothing is really sent
--    zapibot check grupo.lua    finds mistakes without running it
--    zapibot grupo.lua          with your number: see .env.example
local zapi = require "zapi"

local RULES = [[
*Regras do grupo*
1. Respeito com todos.
2. Sem links de outros sites.
3. Sem propaganda.]]

local WARNINGS = 3 -- with the last one who insists is removed
local KEPT = 30 * 86400 -- seconds after which a warning is forgotten
local ALLOWED = {"gov.br", "youtube.com", "youtu.be"} -- and what is below them

local bot = require("zapi.bot").new {prefix = "!"}
local warnings = zapi.store "avisos" -- kept on disk

-- WhatsApp shows "@5511…" as the name of whoever is mentioned.
local function mention(text, who)
   return {text = (text:gsub("{nome}", "@" .. who.key:match "^%d+")), mentioned = {who}}
end

bot:on("group.join", function(ctx)
   for _, who in ipairs(ctx.members) do
      ctx:send(mention("Boas-vindas, {nome}! 👋 Escreva *!regras* para ver as regras.", who))
   end
end)

bot:command("regras", function(ctx) ctx:reply(RULES) end,
   {group = true, help = "as regras do grupo"})

-- ---- links -----------------------------------------------------------------

local function is_allowed(host)
   for _, domain in ipairs(ALLOWED) do
      if host == domain or host:sub(-#domain - 1) == "." .. domain then return true end
   end
   return false
end

local function foreign_link(ctx)
   for host in ctx.folded:gmatch "https?://([%w%-%.]+)" do
      if not is_allowed(host) then return host end
   end
   return ctx.folded:match "chat%.whatsapp%.com"
end

local function key_of(ctx, who) return ctx.chat .. " " .. who.key end

bot:on({kind = {"message", "edit"}, group = true, match = foreign_link}, function(ctx, next)
   if ctx:is_admin() then return next() end
   ctx:delete()
   local key = key_of(ctx, ctx.from)
   local count = warnings:get(key, 0) + 1
   warnings:set(key, count, {ttl = KEPT})
   if count < WARNINGS then
      local text = "{nome}, links não são permitidos aqui (aviso %d de %d)."
      return ctx:send(mention(text:format(count, WARNINGS), ctx.from))
   end
   warnings:delete(key)
   assert(ctx.client:remove_participant {groupId = ctx.chat, phones = {ctx.from.key}})
   ctx:send("Removi uma pessoa que insistiu em enviar links.")
end)

-- ---- for admins ------------------------------------------------------------

bot:command("perdoar", function(ctx)
   local who = ctx.mentions[1]
   if not who then return ctx:reply("Diga quem: !perdoar @pessoa") end
   warnings:delete(key_of(ctx, who))
   ctx:reply("Perdoado: avisos zerados.")
end, {admin = true, group = true, args = "[pessoa]", help = "zera os avisos de alguém"})

bot:run()
