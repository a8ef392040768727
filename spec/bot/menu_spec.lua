--- ctx:menu: what it looks like where, what happens when buttons are refused, and
--- which item an answer means.
local choose = require "zapi.bot.choose"
local durable = require "spec.support.durable"

local REFUSED <const> = "You must accept buttons message terms in panel to send this message."

local MENU <const> = [[
   local seen = {}
   local items = {{id = "p", label = "Pedido"}, {id = "a", label = "Atendente"}}
   local function setup(options, list)
      return function(bot)
         bot:hears("oi", function(ctx)
            local choice, why = ctx:menu("Como posso ajudar?", list or items, options)
            seen[#seen + 1] = choice and choice.id or why
            ctx:send("fim " .. tostring(choice and choice.label or why))
         end)
         bot:on("message", function(ctx) ctx:reply("?") end)
      end
   end
   local function paths()
      local list = {}
      for i, call in ipairs(t.calls) do list[i] = call.path:sub(2) end
      return table.concat(list, " ")
   end
   local function refuse(n)
      t.give("delivery_error", {messageId = t.rows()[n].message_id, phone = t.ana, error =
         "You must accept buttons message terms in panel to send this message."})
   end
   local TEXT = "Como posso ajudar?\n\n*1.* Pedido\n*2.* Atendente\n\n"
      .. "Responda com o número da opção."
]]

local function run(text)
   durable.with(function(place) place:run(MENU .. text) end)
end

describe("ctx:menu", function()
   it("is buttons, a list or text", function()
      run [[
         t.up(function(bot)
            bot:hears("oi", function(ctx)
               local n = tonumber(ctx.text:match "%d+")
               local list = {}
               for i = 1, n do list[i] = {id = i, label = "Item " .. i, description = "d" .. i} end
               local choice = ctx:menu("Qual?", list, {as = ctx.text:match "as (%w+)"})
               ctx:send(("%s %s"):format(choice.id, choice.label))
            end)
         end)
         t.says("oi 3")
         t.wait_calls(1)
         assert.equal("/send-button-list", t.calls[1].body and t.calls[1].path)
         assert.same({{id = "1", label = "Item 1"}, {id = "2", label = "Item 2"},
            {id = "3", label = "Item 3"}}, t.calls[1].body.buttonList.buttons)
         t.says("2")
         t.wait_calls(2)
         assert.equal("2 Item 2", t.calls[2].body.message)
         t.says("oi 4")
         t.wait_calls(3)
         assert.equal("/send-option-list", t.calls[3].path)
         local list = t.calls[3].body.optionList
         assert.equal("Opções Ver opções", list.title .. " " .. list.buttonLabel)
         assert.same({id = "4", title = "Item 4", description = "d4"}, list.options[4])
         t.says("item 4")
         t.wait_calls(4)
         t.says("oi 2 as text")
         t.wait_calls(5)
         assert.equal("Qual?\n\n*1.* Item 1\nd1\n*2.* Item 2\nd2\n\n"
            .. "Responda com o número da opção.", t.calls[5].body.message)
         t.says("1")
         t.wait_calls(6)
         t.says("oi 2 as list")
         t.wait_calls(7)
         assert.equal("/send-option-list", t.calls[7].path)
         t.says("1")
         t.wait_calls(8)
         t.give("received_group_text", {text = {message = "oi 2"}})
         t.wait_calls(9)
         assert.equal("/send-text", t.calls[9].path)
         t.give("received_group_text", {text = {message = "2"}, messageId = "G2"})
         t.wait_calls(10)
         assert.equal("2 Item 2", t.calls[10].body.message)
      ]]
   end)

   it("takes the button that was pressed, asks again, and tells why there is no choice", function()
      run [[
         t.up(setup {escape = {"sair"}, tries = 2})
         t.says("oi")
         t.wait_calls(1)
         t.give("received_buttons_response", {
            phone = t.ana, chatLid = t.fake.none, messageId = "B1",
            buttonsResponseMessage = {buttonId = "a", message = "Atendente"}})
         t.wait_calls(2)
         assert.same({"a"}, seen)
         t.says("oi")
         t.wait_calls(3)
         t.says("nada disso")
         t.wait_calls(4)
         assert.equal("Não entendi. Escolha uma das opções:\n\n*1.* Pedido\n*2.* Atendente",
            t.texts()[4])
         t.says("pedidos")
         t.wait_calls(5)
         assert.equal("fim Pedido", t.texts()[5])
         t.says("oi")
         t.wait_calls(6)
         t.says("sair")
         t.wait_calls(7)
         t.says("oi")
         t.wait_calls(8)
         t.says("nada")
         t.wait_calls(9)
         t.says("disso")
         t.wait_calls(10)
         t.settle()
         assert.same({"a", "p", "escaped", "tries"}, seen)
      ]]
   end)

   it("gives nil, \"timeout\"", function()
      run [[
         t.up(setup {timeout = 0.05})
         t.says("oi")
         t.wait_calls(2)
         assert.same({"timeout"}, seen)
      ]]
   end)

   it("goes out as text when the delivery says that buttons are refused, and so do the next ones",
      function()
         run [[
            t.up(setup())
            t.says("oi")
            t.wait_calls(1)
            t.wait_states("accepted")
            refuse(1)
            t.wait_calls(2)
            assert.equal("send-button-list send-text", paths())
            assert.equal(TEXT, t.texts()[2])
            t.says("1")
            t.wait_calls(3)
            assert.equal("fim Pedido", t.texts()[3])
            t.says("oi")
            t.wait_calls(4)
            assert.equal(TEXT, t.texts()[4])
            t.says("2")
            t.wait_calls(5)
            assert.same({"p", "a"}, seen)
         ]]
      end)

   it("goes out as text, too, when the call itself is refused", function()
      run(([[
         t.answer = function(n)
            if n == 1 then return 400, core.json_encode {error = %q} end
         end
         t.up(setup())
         t.says("oi")
         t.wait_calls(2)
         assert.equal(TEXT, t.texts()[2])
         t.says("2")
         t.wait_calls(3)
         assert.same({"a"}, seen)
      ]]):format(REFUSED))
   end)

   it("goes out as text once, also when the process ends between", function()
      durable.with(function(place)
         place:run(MENU .. [[
            t.up(setup())
            t.says("oi")
            t.wait_calls(1)
            t.wait_states("accepted")
            t.settle()
         ]])
         place:run(MENU .. [[
            t.up(setup())
            refuse(1)
            t.wait_calls(1)
            t.settle()
            assert.same({TEXT}, t.texts())
         ]])
         place:run(MENU .. [[
            t.up(setup())
            refuse(1)
            t.says("atendentes")
            t.wait_calls(1)
            assert.same({"fim Atendente"}, t.texts())
            t.settle()
            assert.same({"a"}, seen)
            assert.is_nil((core.store.scan("\1open:" .. t.bot.service.name, "", nil, 1))[1])
         ]])
      end)
   end)

   it("gives the item's own value, also to a process that has not asked", function()
      durable.with(function(place)
         local SETUP <const> = MENU .. [[
            t.up(function(bot)
               bot:hears("oi", function(ctx)
                  local choice, answer = ctx:menu("Qual?", {
                     {id = "m", label = "Mussarela", value = {price = 4900}},
                     {id = "c", label = "Calabresa", value = {price = 5200}},
                     {id = "n", label = "Nada"},
                  })
                  local sure = answer:ask(("%s?"):format(choice.value and choice.value.price))
                  sure:reply(("%s: %d"):format(choice.label, choice.value.price))
               end)
            end)
         ]]
         place:crash(SETUP .. [[
            t.says("oi")
            t.wait_calls(1)
            assert.same({{id = "m", label = "Mussarela"}, {id = "c", label = "Calabresa"},
               {id = "n", label = "Nada"}}, t.calls[1].body.buttonList.buttons)
            t.stored()
            t.die()
         ]])
         place:crash(SETUP .. [[
            t.says("2")
            t.wait_calls(1)
            assert.same({"5200?"}, t.texts())
            t.stored()
            t.die()
         ]])
         place:run(SETUP .. [[
            t.says("sim")
            t.wait_calls(1)
            assert.same({"Calabresa: 5200"}, t.texts())
         ]])
      end)
   end)

   it("keeps other failures of a send", function()
      run [[
         t.answer = function(n)
            if n == 1 then return 400, '{"error":"Phone is invalid"}' end
         end
         local caught
         t.up(function(bot)
            setup()(bot)
            bot:catch(function(ctx, err) caught = err; ctx:drop() end)
         end)
         t.says("oi")
         t.wait(function() return caught end)
         assert.is_true(core.is_error(caught))
         t.settle()
         assert.equal("send-button-list", paths())
      ]]
   end)

   it("has texts that bot.new replaces", function()
      run [[
         t.up(setup {as = "text"}, {texts = {
            menu = "{text} [{list}]", menu_line = "{number}) {label}", menu_retry = "Hein?",
         }})
         t.says("oi")
         t.wait_calls(1)
         assert.equal("Como posso ajudar? [1) Pedido\n2) Atendente]", t.texts()[1])
         t.says("xyz")
         t.wait_calls(2)
         assert.equal("Hein?\n\n1) Pedido\n2) Atendente", t.texts()[2])
      ]]
   end)

   it("works in memory", function()
      durable.with(function(place)
         place.data = "memory"
         place:run(MENU .. [[
            t.up(setup())
            assert.is_false(t.bot.service.durable)
            t.says("oi")
            t.wait_calls(1)
            t.wait(function() return next(t.bot.asks.live) end)
            t.give("delivery_error", {messageId = "M1", phone = t.ana, error =
               "You must accept buttons message terms in panel to send this message."})
            t.wait_calls(2)
            assert.equal(TEXT, t.texts()[2])
            t.says("dois")
            t.wait_calls(3)
            t.says("2")
            t.wait_calls(4)
            assert.same({"a"}, seen)
         ]])
      end)
   end)

   it("names what is wrong", function()
      run [[
         local wrong = {
            {{}, nil, "items of ctx:menu are empty"},
            {{{id = "a"}}, nil, "item 1 of ctx:menu needs a 'label'"},
            {{"a", "a"}, nil, "two items of ctx:menu have the id 'a'"},
            {{"a"}, {as = "botões"}, "bad 'as' in ctx:menu"},
            {{"a", "b", "c", "d"}, {as = "buttons"}, "4 items need as"},
            {{"a"}, {tiemout = 1}, "did you mean 'timeout'"},
            {{"a"}, {timeout = 0}, "bad 'timeout' in ctx:menu"},
            {{{id = "a", label = "A", lable = 1}}, nil, "did you mean 'label'"},
         }
         t.up(function(bot)
            bot:hears("oi", function(ctx)
               for _, w in ipairs(wrong) do
                  local ok, err = pcall(ctx.menu, ctx, "Qual?", w[1], w[2])
                  seen[#seen + 1] = not ok and tostring(err):find(w[3], 1, true) ~= nil or err
               end
               ctx:send("fim")
            end)
         end)
         t.says("oi")
         t.wait_calls(1)
         assert.same({true, true, true, true, true, true, true, true}, seen)
      ]]
   end)
end)

describe("an answer to a menu", function()
   local function items(...)
      local list = {}
      for i, label in ipairs {...} do
         list[i] = {id = ("id%d"):format(i), label = label, words = choose.words_of(label)}
      end
      return list
   end

   local function said(list, text, choice)
      local item = choose.match(list, {
         text = text, _words = choose.words_of(text or ""), choice = choice,
      })
      return item and item.label
   end

   local plans = items("Plano", "Plano anual", "Falar com atendente", "Não quero nada", "Opção 4")

   for text, label in pairs {
      ["1"] = "Plano", ["2."] = "Plano anual", ["opção 3"] = "Falar com atendente",
      ["3️⃣"] = "Falar com atendente", ["(2)"] = "Plano anual",
      ["id4"] = "Não quero nada", ["PLANO"] = "Plano", ["plano anual"] = "Plano anual",
      ["quero o plano anual, por favor"] = "Plano anual", ["atendente"] = "Falar com atendente",
      ["plano anul"] = "Plano anual", ["falra com atendente"] = "Falar com atendente",
      ["não quero nada"] = "Não quero nada", ["oi, não quero nada mesmo"] = "Não quero nada",
   } do
      it(("%q is '%s'"):format(text, label), function()
         assert.equal(label, said(plans, text))
      end)
   end

   for _, text in ipairs {
      "6", "0", "99", "opção 9", "opcao 5x", "não quero o plano", "outra coisa", "an", "?", "",
   } do
      it(("%q is none"):format(text), function()
         assert.is_nil(said(plans, text))
      end)
   end

   it("is none when two are meant as much", function()
      local list = items("Camisa azul", "Camisa verde", "Bola", "Bota")
      assert.is_nil(said(list, "camisa"))
      assert.is_nil(said(list, "bolta"))
      assert.equal("Camisa azul", said(list, "azul"))
   end)

   it("is the one label that begins with what was said", function()
      local list = items("Calabresa", "Portuguesa", "Porto Alegre", "Óleo e azeite", "Não sei")
      for text, label in pairs {["calab"] = "Calabresa", ["CALA"] = "Calabresa",
         ["portu"] = "Portuguesa", ["porto al"] = "Porto Alegre", ["ole"] = false,
         ["óleo e a"] = "Óleo e azeite", ["port"] = false, ["cal"] = false, ["abre"] = false,
         ["calabs"] = false, ["quero calab"] = false, ["1234"] = false} do
         assert.equal(label, said(list, text) or false, text)
      end
   end)

   it("is the button's id, or its label when it is of an older menu", function()
      assert.equal("Plano anual", said(plans, "Outro", {id = "id2", label = "Outro"}))
      assert.equal("Plano", said(plans, "Plano", {id = "velho", label = "Plano"}))
      assert.is_nil(said(plans, "2", {id = "velho", label = "2"}))
   end)

   it("takes the number before an id that is a number", function()
      local list = items("Dez", "Vinte")
      list[1].id, list[2].id = 2, 1
      assert.equal("Dez", said(list, "1"))
      assert.equal("Vinte", said(list, nil, {id = "1"}))
   end)
end)
