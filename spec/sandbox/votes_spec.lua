-- People who vote in the sandbox, as bots see it.
local testing = require "zapi.testing"

describe("a poll in the sandbox", function()
   local world, ana, got

   before_each(function()
      got = {}
      world = testing.start {bot = function()
         local bot = require("zapi.bot").new()
         bot:hears("enquete", function(ctx)
            ctx:send {text = "Qual turno?", poll = {"Manhã", "Tarde", "Noite"}, max = 2}
         end)
         bot:on("vote", function(ctx)
            local names = {}
            for i, option in ipairs(ctx.event.pollVote.options) do names[i] = option.name end
            got[#got + 1] = ("%s %s %s"):format(ctx.from.name, ctx.quoted.mine,
               table.concat(names, "+"))
         end)
         return bot
      end}
      ana = world:person "Ana"
   end)
   after_each(function() world:close() end)

   it("takes a vote, another one, and none", function()
      local group = world:group("Turma", {ana})
      ana:says("enquete", group)
      local poll = group:expects()
      assert.same({names = {"Manhã", "Tarde", "Noite"}, max = 2}, poll.poll)
      assert.equal("Qual turno?\n▢ Manhã\n▢ Tarde\n▢ Noite", poll.text)
      for _, vote in ipairs {"Tarde", {"Manhã", "Noite"}, {}} do ana:votes(vote, group) end
      world:settle()
      assert.same({"Ana true Tarde", "Ana true Manhã+Noite", "Ana true "}, got)
   end)

   it("refuses what the phone would not offer", function()
      local function failure(vote)
         local ok, err = pcall(ana.votes, ana, vote)
         assert.is_false(ok)
         return tostring(err)
      end
      assert.matches("no poll in this chat", failure "Tarde")
      ana:says "enquete"
      ana:expects()
      assert.matches("no 'Madrugada' among: Manhã, Tarde, Noite", failure "Madrugada")
      assert.matches("at most 2 options", failure {"Manhã", "Tarde", "Noite"})
   end)
end)
