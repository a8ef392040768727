-- "Would you recommend us?" as a poll in a customers' group, and what came of it a
-- day later: the net promoter score.
--
--    zapibot dev examples/nps.lua
--
-- An admin of the group writes "!pesquisa". Votes may be changed until the end; whoever
-- gives less than 7 is asked in private what was missing, once.
local zapi = require "zapi"

local QUESTION = "De 0 a 10: você recomendaria a nossa academia a um amigo?"
local OPEN = 86400 -- seconds until the result
local KEEP = {ttl = 90 * 86400} -- what is kept goes by itself
local OWNER = zapi.getenv "SHOP_OWNER" or "5511999990050" -- who reads what was missing

local z = zapi.client()
local bot = require("zapi.bot").new {client = z, prefix = "!"}
local polls = zapi.store "polls" -- id of the poll's message → true while it is open
local votes = zapi.store "votes" -- "POLL PERSON" → 0 to 10

bot:command("pesquisa", function(ctx)
   local options = {}
   for score = 0, 10 do options[#options + 1] = score end
   local poll = ctx:send {text = QUESTION, poll = options}
   polls:set(poll.id, true, KEEP)
   bot:at({after = OPEN}, "result", {poll = poll.id}, {key = poll.id, chat = ctx.chat})
end, {group = true, admin = true, help = "pergunta se nos recomendam"})

-- A vote has all that this person has chosen now: nothing when it was taken back.
bot:on("vote", function(ctx, next)
   local poll = ctx.quoted and ctx.quoted.id
   if not poll or not polls:get(poll) then return next() end
   local chosen = ctx.event.pollVote.options[1]
   local score = chosen and tonumber(chosen.name)
   local key = poll .. " " .. ctx.from.key
   votes:set(key, score, KEEP)
   if score and score < 7 then
      -- An event of our own goes on in the person's chat. Its key: only the first time.
      bot:emit("nps.low", ctx.from.phone or ctx.from.lid, {score = score}, {key = key})
   end
end)

bot:on("nps.low", function(ctx)
   local answer = ctx:ask("Obrigado pela sua nota! O que faltou para ser melhor? "
      .. "(Só a nossa equipe lê.)", {timeout = OPEN})
   if not answer or not answer.text then return end
   answer:reply "Obrigado, vamos cuidar disso. 🙏"
   z.outbox:send("send_text", {phone = OWNER, message = ("Nota %d, de %s: %s"):format(
      ctx.event.score, answer.from.name or answer.chat, zapi.text.escape(answer.text))})
end)

-- Promoters (9 and 10) less detractors (0 to 6), in percent of all.
local function result_of(poll)
   local count, balance = 0, 0
   for _, score in votes:each(poll .. " ") do
      count = count + 1
      if score >= 9 then balance = balance + 1 elseif score <= 6 then balance = balance - 1 end
   end
   return count, count > 0 and math.floor(100 * balance / count + 0.5) or 0
end

bot:timer("result", function(ctx, payload)
   local count, nps = result_of(payload.poll)
   polls:delete(payload.poll)
   if count == 0 then return end
   ctx:send(("Obrigado a quem votou! Foram %d votos, e o nosso NPS é *%d*."):format(count, nps))
end)

bot:run()
