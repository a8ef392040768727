-- zapibot forget, with all that a bot keeps of a person; and whoever said SAIR before
-- is not written to after it.
local core = require "zapi.core"
local examples = require "spec.examples.support"
local program = require("spec.host.support").program
local shell = require "spec.support.shell"

local BOT <const> = [[
local zapi = require "zapi"
local kit = require "zapi.kit"
local z = zapi.client()
local bot = require("zapi.bot").new {client = z, handover = {words = "atendente", note = "Certo."}}
local ledger = kit.optout(bot)
bot:hears("conta", function(ctx)
   ctx.session.n = (ctx.session.n or 0) + 1
   ctx:reply("conta " .. ctx.session.n)
end)
bot:state("flow", {
   enter = function(ctx) ctx:send "no fluxo" end,
   on = function(ctx) ctx:send "ainda no fluxo" end,
   timeout = 3600,
})
bot:hears("fluxo", function(ctx) ctx:enter "flow" end)
bot:hears("pergunta", function(ctx)
   ctx:step("x", function() return ctx.chat end)
   local answer = ctx:ask "E então?"
   answer:reply("respondeu " .. answer.text)
end)
bot:timer("later", function(ctx) ctx:send "lembrete" end)
bot:hears("agenda", function(ctx)
   bot:at({after = 3600}, "later", nil, {key = ctx.chat, chat = ctx.chat})
   ctx:reply "agendado"
end)
bot:command("avisa", function(ctx)
   local row = z.outbox:send("send_text", {phone = ctx.args.who, message = "aviso"})
   ctx:reply("avisado " .. tostring(ledger:has(ctx.args.who) ~= nil))
end, {args = "<who>"})
bot:hears("silencio", function() end)
bot:on("text", function(ctx) ctx:reply("texto " .. ctx.text) end)
bot:run()
]]

describe("zapibot forget", function()
   local folder, remove, place, ana, bia

   before_each(function()
      folder, remove = shell.folder()
      shell.write(folder .. "/bot.lua", BOT)
      place = examples.process(folder .. "/bot.lua")
      ana = place.world:person("Ana", "5511988887777")
      bia = place.world:person("Bia", "5511966665555")
   end)

   after_each(function()
      place:__close()
      remove()
   end)

   local function says(who, text, answer)
      who:says(text)
      who:expects(answer)
   end

   local function forget(who)
      place:rest()
      return shell.run(("env -i PATH=\"$PATH\" ASAN_OPTIONS=\"$ASAN_OPTIONS\" %s forget %s --yes"
         .. " --data %s"):format(shell.quote(program), who.phone, shell.quote(place.data)))
   end

   -- Keys of our namespaces that hold the text.
   local function traces(text)
      return shell.run(("grep -aqF %s %s/zapibot.*"):format(text, place.data)) == 0
   end

   it("takes session, question, timers and the person who serves with it", function()
      for _, who in ipairs {ana, bia} do
         says(who, "conta", "conta 1")
         says(who, "conta", "conta 2")
         says(who, "agenda", "agendado")
         says(who, "pergunta", "E então?")
      end
      assert.equal(0, (forget(ana)))
      assert.is_false(traces(ana.phone))
      assert.is_true(traces(bia.phone))
      says(ana, "azul", "texto azul") -- the question has gone with its handler
      says(ana, "conta", "conta 1")
      says(bia, "azul", "respondeu azul")
      says(bia, "conta", "conta 3")
      says(ana, "atendente", "Certo.")
      ana:says "oi"
      ana:hears_nothing(0.1)
      local function kept()
         return assert(core.admin(place.data, {["do"] = "status", chats = true})).kept
      end
      assert.equal("handover", kept()[1].what)
      assert.equal(0, (forget(ana)))
      assert.same({}, kept())
      says(ana, "oi", "texto oi")
   end)

   it("leaves no text in pages that were free already", function()
      local long = (" da Ana"):rep(3000)
      for i = 1, 8 do ana:says("silêncio " .. i .. long) end -- all on disk at once
      says(ana, "oi", "texto oi")
      says(bia, "oi", "texto oi")
      place:rest()
      assert.equal(0, (forget(ana)))
      assert.is_false(traces "da Ana da Ana")
   end)

   it("takes the state of a flow, also when only rows are left of a question", function()
      says(ana, "pergunta", "E então?")
      says(bia, "fluxo", "no fluxo")
      place:kill()
      assert.equal(0, (forget(bia)))
      assert.equal(0, (forget(ana)))
      assert.is_false(traces(ana.phone))
      place:start()
      says(bia, "oi", "texto oi")
      says(ana, "oi", "texto oi")
      place:kill()
      place:start()
      says(ana, "conta", "conta 1")
   end)

   it("keeps that somebody does not want to be written to, until VOLTAR", function()
      says(ana, "sair", {match = "não receberá mais"})
      assert.equal(0, (forget(ana)))
      assert.is_false(traces(ana.phone))
      says(bia, "/avisa " .. ana.phone, "avisado true")
      place:rest()
      ana:hears_nothing(0.1)
      assert.equal(0, (forget(ana))) -- what was held back
      ana:says "SAIR"
      ana:hears_nothing(0.1) -- they are out already
      says(ana, "voltar", {match = "Você voltou"})
      says(bia, "/avisa " .. ana.phone, "avisado false")
      ana:expects "aviso"
   end)
end)
