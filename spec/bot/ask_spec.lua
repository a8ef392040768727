--- ctx:ask in one process: what is an answer, and what ends a question. Restarts
--- are in spec/crash/ask_spec.lua.
local durable = require "spec.support.durable"

local function run(text)
   durable.with(function(place) place:run(text) end)
end

describe("ctx:ask", function()
   it("waits for the next message of the same person in this chat", function()
      run [[
         local got
         t.up(function(bot)
            bot:hears("oi", function(ctx)
               local answer = ctx:ask "Qual é o seu nome?"
               got = answer.text
               answer:reply("Olá, " .. answer.value)
            end)
            bot:on("text", function(ctx) ctx:reply("?") end)
         end)
         t.says("oi")
         t.wait_calls(1)
         t.says("Bia falando", t.bia)
         t.wait_calls(2)
         t.says("Ana")
         t.wait_calls(3)
         t.settle()
         assert.same({"Qual é o seu nome?", "?", "Olá, Ana"}, t.texts())
         assert.equal("Ana", got)
         t.says("mais")
         t.wait_calls(4)
         assert.equal("?", t.texts()[4])
      ]]
   end)
end)
