-- zapibot status --chats: what waits in a chat, the state of its flow, its open
-- question, and the person who serves it.
local core = require "zapi.core"
local chats = require "zapi.host.tools.lib.chats"
local durable = require "spec.support.durable"
local shell = require "spec.support.shell"
local support = require "spec.host.support"

local BOT <const> = [[
   t.up(function(bot)
      bot:state("endereço", {on = function(ctx) ctx:leave() end, timeout = 3600})
      bot:hears("entrega", function(ctx) ctx:enter("endereço", {itens = 2}) end)
      bot:hears("nome", function(ctx) ctx:ask("Qual é o seu nome?") end)
      bot:hears("humano", function(ctx) ctx:handover {to = "5511888880000", hours = 2} end)
   end, {name = "pedidos.lua"})
   local function says(...)
      t.says(...)
      t.settle()
   end
   says("entrega")
   says("nome", t.bia)
   says("humano", "5511999990003")
   says("alô?", "5511999990003")
   t.wait_calls(2)
]]

describe("zapibot status --chats", function()
   local place

   setup(function()
      place = durable.place()
      place:run(BOT)
   end)

   teardown(function()
      place.remove()
   end)

   local function status(more)
      local code, out = shell.run(("cd %s && %s %s status --chats --data %s %s 2>&1"):format(
         place.folder, support.CLEAN, support.program, place.data, more))
      assert.equal(0, code, out)
      return out
   end

   it("tells the state, the question and the person of each chat", function()
      local s = core.json_decode(status "--json")
      assert.is_nil(s.kept)
      local by_chat = {}
      for _, chat in ipairs(s.chats) do by_chat[chat.chat] = chat end
      local now = core.now()
      local ana, bia, caio = by_chat["5511999990001"], by_chat["5511999990002"],
         by_chat["5511999990003"]
      assert.equal("pedidos.lua", ana.automation)
      assert.equal("endereço", ana.state.name)
      assert.near(now + 3600, ana.state.due, 60)
      assert.equal(0, ana.waiting)
      assert.equal(1, bia.waiting) -- the event that asks
      assert.near(now + 86400, bia.question.due, 60)
      assert.is_nil(bia.state)
      assert.equal("script", caio.handover.by)
      assert.equal("5511888880000", caio.handover.to)
      assert.equal(1, caio.handover.messages)
      assert.near(now + 7200, caio.handover.due, 60)
   end)

   it("says so in a table", function()
      local out = status ""
      assert.matches("CHAT +WAITING +OLDEST +AUTOMATION +STATE +QUESTION +PERSON", out)
      assert.matches("\n5511999990001 +0 +pedidos.lua +endereço %(until 20%d%d%-", out)
      assert.matches("\n5511999990002 +1 .-pedidos.lua +until 20%d%d%-", out)
      assert.matches("\n5511999990003 +0 +until 20%d%d%-", out)
   end)

   it("says when there is none", function()
      local empty = support.place()
      finally(empty.close)
      assert.equal(0, shell.run(("cp -r %s %s/data && sqlite3 %s/data/zapibot.db "
         .. "'DELETE FROM delivery; DELETE FROM kv'"):format(shell.quote(place.data),
         shell.quote(empty.folder), shell.quote(empty.folder))))
      local code, out = empty.run "status --chats --data data"
      assert.equal(0, code)
      assert.matches("\nNo chat waits, is in a flow or is served by a person%.\n$", out)
      assert.not_matches("No chat", select(2, empty.run "status --data data"))
   end)

   it("shows so many of each", function()
      local s = core.json_decode(status "--json --limit 1")
      assert.is_true(#s.chats <= 4)
   end)
end)

describe("rows of chats", function()
   local function kept(what, of, key, row)
      local function hex(s)
         return (s:gsub(".", function(c) return ("%02X"):format(c:byte()) end))
      end
      return {what = what, of = of, key = hex(key), value = hex(core.store.pack(row))}
   end

   it("of groups name the person, and a person serves all automations", function()
      local list = chats.merge({{chat = "1-group", automation = "a", waiting = 3}}, {
         kept("handover", "INST", "1-group", {by = "typing", count = 2}),
         kept("state", "a", "1-group 5511", {state = "x"}),
         kept("open", "b", "1-group\0015512", {seq = 7}),
         kept("open", "b", "5513\2INST", {seq = 8}),
         {what = "state", of = "a", key = "35", value = ""}, -- too big to be shown
      })
      local text = {}
      for i, e in ipairs(list) do
         text[i] = ("%s/%s/%s/%s/%s/%s"):format(e.chat, e.person or "-", e.automation,
            e.state and (e.state.name or "?") or "-", e.question and e.question.event or "-",
            e.handover and e.handover.by or "-")
      end
      assert.same({
         "1-group/-/a/-/-/typing", "1-group/5511/a/x/-/typing", "1-group/5512/b/-/7/typing",
         "5513/-/b/-/8/-", "5/-/a/?/-/-",
      }, text)
      assert.equal(3, list[1].waiting)
   end)
end)
