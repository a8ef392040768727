-- `zapibot chat`: a conversation in the terminal, here through pipes and through a
-- terminal of our own (script).
local shell = require "spec.support.shell"
local support = require "spec.host.support"

describe("zapibot chat", function()
   local place, root

   -- What a script answers to these lines.
   local function chat(script, lines, env)
      shell.write(place.folder .. "/in", table.concat(lines, "\n") .. "\n")
      local code, out, err = place.run("chat " .. script .. " <in", env)
      return out, code, err
   end

   local function example(name) return root .. "/examples/" .. name end

   local function bot(text)
      shell.write(place.folder .. "/bot.lua", 'local zapi = require "zapi"\n'
         .. 'local bot = require("zapi.bot").new()\n' .. text .. "\nbot:run()\n")
      return "bot.lua"
   end

   setup(function()
      place = support.place()
      root = shell.must("pwd"):gsub("%s+$", "")
   end)
   teardown(function() place.close() end)

   it("prints what was said and answered, and ends when all is quiet", function()
      local out, code, err = chat(example "echo.lua", {"oi", "", "tudo bem?"})
      assert.same({
         "Ana: oi\nBot: Olá, Ana! 👋 Escreva algo que eu repito.\n"
            .. "Ana: tudo bem?\nBot: tudo bem?\n", 0, "",
      }, {out, code, err})
   end)

   it("chooses buttons and items by their numbers", function()
      local out = chat(example "menu.lua", {"oi", "1", "2", "3"})
      assert.equal(([[
Ana: oi
Bot: Olá! Como posso ajudar?
     1. Ver cardápio
     2. Horário
     3. Falar com alguém
Ana: 1
Bot: O que vai ser hoje?
     [Abrir]
     1. Pizza (Mussarela, 8 fatias, R$ 49,90)
     2. Lasanha (À bolonhesa, R$ 38,50)
     3. Salada (Da casa, R$ 22,00)
Ana: 2
Bot: Anotado: *Lasanha*, R$ 38,50. Bom apetite! 🍽️
Ana: 3
]]), out) -- the last answer has no buttons: "3" is a text
   end)

   it("has several customers, and groups", function()
      local out = chat(example "echo.lua", {"/as Bia", "um", "/group Família", "dois", "/as Leo",
         "três", "/private", "quatro", "//as x", "/quit", "cinco"})
      assert.equal([[
Bia: um
Bot: um
Bia @ Família: dois
Bot: dois
Leo @ Família: três
Bot: três
Leo: quatro
Bot: quatro
Leo: /as x
Bot: /as x
]], out)
   end)

   it("makes who opens a group its admin", function()
      local out = chat(bot [[
bot:command("feche", function(ctx) ctx:reply "Fechado." end, {admin = true})]],
         {"/group Clube", "!feche", "/as Bia", "!feche"})
      assert.equal([[
Ana @ Clube: !feche
Bot: Fechado.
Bia @ Clube: !feche
Bot: Só administradores do grupo podem usar este comando.
]], out)
   end)

   it("votes in polls, by number or by name", function()
      local out = chat(bot [[
bot:hears("enquete", function(ctx) ctx:send {text = "Quando?", poll = {"10", "20", "nunca"}} end)
bot:on("vote", function(ctx) ctx:send("Voto: " .. ctx.event.pollVote.options[1].name) end)]],
         {"/group Clube", "enquete", "10", "enquete", "2", "enquete", "nunca", "enquete", "4"})
      local votes = {}
      for vote in out:gmatch "Voto: (%w+)" do votes[#votes + 1] = vote end
      assert.same({"10", "20", "nunca"}, votes)
   end)

   it("says where a message goes that is for somebody else", function()
      local out = chat(bot [[
bot:hears("avise", function(ctx)
   assert(ctx.client:send_text {phone = "5511999990007", message = "Ana chegou"})
end)]], {"/as Dono 5511999990007", "/as Ana", "avise"})
      assert.equal("Ana: avise\n", out:match "^[^\n]*\n")
      out = chat("bot.lua", {"/as Dono 5511999990007", "avise", "/as Ana", "avise"})
      assert.equal("Dono: avise\nBot: Ana chegou\nAna: avise\nBot → Dono: Ana chegou\n", out)
   end)

   it("shows pictures, files, places, edits and reactions", function()
      local out = chat(bot [[
bot:hears("tudo", function(ctx)
   ctx:react "👍"
   ctx:reply {image = "https://example.com/a.jpg", caption = "foto\nbonita"}
   ctx:reply {document = "https://example.com/a.pdf", filename = "conta.pdf"}
   ctx:reply {location = {latitude = -23.5, longitude = -46.6, title = "Loja"}}
   local m = ctx:reply "errado"
   m:edit "certo"
   m:delete()
end)
bot:on("image", function(ctx) ctx:reply(ctx.event.image.imageUrl) end)]],
         {"tudo", "/image https://example.com/b.jpg"})
      assert.equal([[
Ana: tudo
Bot: [reagiu 👍: tudo]
Bot: [imagem: https://example.com/a.jpg]
     foto
     bonita
Bot: [documento: conta.pdf https://example.com/a.pdf]
Bot: [localização: Loja -23.5,-46.6]
Bot: errado
Bot: [editou] certo
Bot: [apagou: certo]
Ana: [imagem: https://example.com/b.jpg]
Bot: https://example.com/b.jpg
]], out)
   end)

   it("waits for questions, slow handlers and what is due in the outbox", function()
      local out = chat(bot [[
bot:hears("nome", function(ctx)
   local answer = ctx:ask "Qual é o seu nome?"
   zapi.sleep(0.2)
   ctx:send("Olá, " .. answer.text)
   ctx.client.outbox:send("send_text", {phone = ctx.chat, message = "Até logo"})
end)]], {"nome", "Ana Maria"})
      assert.equal("Ana: nome\nBot: Qual é o seu nome?\nAna: Ana Maria\nBot: Olá, Ana Maria\n"
         .. "Bot: Até logo\n", out)
   end)

   it("gives the script its arguments, its modules and its .env, and nobody's credentials",
      function()
         shell.write(place.folder .. "/sub/words.lua", "return 'do módulo'\n")
         shell.write(place.folder .. "/sub/.env",
            "SAUDACAO='Bom \"dia\"'\nZAPI_INSTANCE_ID=REAL\nZAPI_TOKEN=REAL\n")
         shell.write(place.folder .. "/sub/bot.lua", [[
local zapi = require "zapi"
local bot = require("zapi.bot").new()
local first = ...
bot:hears("oi", function(ctx)
   ctx:reply(table.concat({first, arg[2], require "words", zapi.getenv "SAUDACAO",
      tostring(ctx.client.instance == "REAL")}, ", "))
end)
bot:run()
]])
         local out = chat("sub/bot.lua um --as", {"oi"})
         assert.equal("Ana: oi\nBot: um, --as, do módulo, Bom \"dia\", false\n", out)
         out = chat("--as Bia sub/bot.lua um dois", {"oi"})
         assert.matches("^Bia: oi\nBot: um, dois, ", out)
      end)

   it("leaves nothing behind, and begins anew each time", function()
      local script = bot [[
bot:hears("oi", function(ctx)
   ctx.session.n = (ctx.session.n or 0) + 1
   ctx:reply("vez " .. ctx.session.n)
end)]]
      local env = "TMPDIR=" .. shell.quote(place.folder .. "/tmp") .. " "
      shell.must("mkdir -p " .. shell.quote(place.folder .. "/tmp"))
      for _ = 1, 2 do
         assert.equal("Ana: oi\nBot: vez 1\nAna: oi\nBot: vez 2\n",
            (chat(script, {"oi", "oi"}, env)))
      end
      assert.equal("", shell.must(("ls -A %s/tmp; cd %s; ls -d .zapibot 2>/dev/null || true")
         :format(place.folder, place.folder)))
   end)

   it("ends with 1 when a handler or the script fails, and tells why", function()
      local out, code, err = chat(bot [[bot:hears("oi", function() error {code = 7} end)]], {"oi"})
      assert.same({"Ana: oi\n", 1}, {out, code})
      assert.is_truthy(err:find("{code = 7}", 1, true), err)
      shell.write(place.folder .. "/broken.lua", "error 'não vai'\n")
      out, code, err = chat("broken.lua", {"oi"})
      assert.same({"", 1}, {out, code})
      assert.matches("^zapibot chat: broken.lua:1: não vai", err)
      shell.write(place.folder .. "/none.lua", "local x = 1\n")
      out, code, err = chat("none.lua", {"oi"})
      assert.equal("", out)
      assert.equal(1, code)
      assert.matches("none.lua makes no bot", err)
      out, code, err = chat("missing.lua", {"oi"})
      assert.same({"", 2}, {out, code})
      assert.matches("missing.lua: No such file", err)
      assert.equal(2, select(2, chat("", {})))
   end)

   it("is a conversation in a terminal, with answers as they come", function()
      support.needs "script"
      local script = bot [[
bot:hears("oi", function(ctx) ctx:reply {text = "Olá!", buttons = {"Sim", "Não"}} end)
bot:on("choice", function(ctx) ctx:reply("Escolheu " .. ctx.choice.label) end)]]
      local out = shell.must(([[cd %s
         say() { n=0; until grep -q "$1" typed || [ $n -gt 400 ]; do sleep 0.02; n=$((n+1)); done
            printf '%%s\n' "$2"; }
         : >typed
         { say 'Ana>' oi; say 'Olá!' 2; say 'Escolheu' '/as Bia'; say 'Bia>' /quit; } |
            env -i PATH="$PATH" ASAN_OPTIONS="$ASAN_OPTIONS" TERM=xterm LANG=C.UTF-8 timeout 30 \
            script -qfec '%s chat %s' typed >/dev/null
         cat typed]]):format(shell.quote(place.folder), support.program, script))
      assert.matches("Olá!.-1%. Sim.-2%. Não", out)
      assert.matches("Escolheu Não", out)
      assert.matches("Bia> ", out)
      assert.matches('COMMAND_EXIT_CODE="0"', out)
   end)
end)
