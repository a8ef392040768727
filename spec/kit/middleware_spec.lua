--- zapi.kit's middleware: rate, hours, maintenance, typing, log.
local core = require "zapi.core"
local fake = require "spec.support.bot_fake"
local kit = require "zapi.kit"
local zones = require "zapi.bot.zone"

local ZONE <const> = "America/Sao_Paulo"

-- A clock of our own, set with at() in the civil time of São Paulo. What the store
-- keeps expires by the real one, hence the far year.
local real, now = core.now, nil

local function at(day, hour, min)
   now = zones.of(ZONE):time {
      year = 2030, month = 11, day = day, hour = hour, min = min or 0,
   } + 0.0
end

-- A bot with this middleware that echoes; says(text, over) and the texts it sent.
local function bot_with(...)
   local bot, client = fake.bot {name = ("kit-%d"):format(core.hrtime() * 1e6 // 1)}
   for _, middleware in ipairs {...} do bot:use(middleware) end
   bot:on("message", function(ctx) ctx:send("eco: " .. (ctx.text or ctx.kind)) end)
   local self = {bot = bot, client = client}
   function self.says(text, over) fake.says(bot, text, over) end
   function self.texts() return fake.texts(client) end
   return self
end

local ANA <const> = {phone = "5511999990001", chatLid = "1@lid"}
local BIA <const> = {phone = "5511999990002", chatLid = "2@lid"}

before_each(function()
   now = 1800000000.0
   core.now = function() return now end
end)

after_each(function()
   core.now = real
end)

describe("kit.rate", function()
   it("lets so many messages of a person through, says so once, and goes on later", function()
      local t = bot_with(kit.rate {per = 60, max = 2, reply = "Calma."})
      for i = 1, 4 do t.says("a" .. i, ANA) end
      t.says("b", BIA)
      assert.same({"eco: a1", "eco: a2", "Calma.", "eco: b"}, t.texts())
      now = now + 120
      t.says("a5", ANA)
      assert.equal("eco: a5", t.texts()[5])
   end)

   it("has no edge at which twice as many come through", function()
      now = 60 * 30000000 + 59.0
      local t = bot_with(kit.rate {per = 60, max = 4, reply = false})
      for i = 1, 4 do t.says("a" .. i, ANA) end
      now = now + 2
      for i = 5, 8 do t.says("a" .. i, ANA) end
      assert.equal(4, #t.texts())
      now = now + 30 -- half of the last minute is over
      for i = 9, 12 do t.says("a" .. i, ANA) end
      assert.equal(6, #t.texts())
   end)

   it("counts by chat or by a key of one's own", function()
      local t = bot_with(kit.rate {max = 1, by = function() return "todos" end, reply = false})
      t.says("a", ANA)
      t.says("b", BIA)
      assert.same({"eco: a"}, t.texts())
      local bot, client = fake.bot()
      bot:use(kit.rate {max = 1, by = "chat"})
      bot:on("text", function(ctx) ctx:send("eco: " .. ctx.text) end)
      fake.says_in_group(bot, "a")
      fake.says_in_group(bot, "b", {participantPhone = BIA.phone, participantLid = BIA.chatLid})
      assert.same({"eco: a"}, fake.texts(client)) -- nothing is said in groups
   end)

   it("forgets who was there two spans ago", function()
      local t = bot_with(kit.rate {max = 1, reply = false})
      collectgarbage()
      local before = collectgarbage "count"
      for i = 1, 3000 do
         t.says("a", {phone = ("55119%08d"):format(i), chatLid = i .. "@lid"})
         t.client.calls[1] = nil
         if i % 100 == 0 then now = now + 60 end
      end
      collectgarbage()
      assert.is_true(collectgarbage "count" - before < 2000)
   end)

   it("does not count an event again that is tried again", function()
      local t = bot_with(kit.rate {max = 1, reply = false})
      local ev = core.ingest(core.json_encode(fake.sample("received_text", ANA)))
      ev.attempt = 2
      t.bot:handle(ev)
      t.bot:handle(ev)
      assert.equal(2, #t.texts())
   end)

   it("checks its options", function()
      assert.matches("'mx' is not an option of kit.rate", fake.thrown(kit.rate, {mx = 1}))
      assert.matches("bad 'max'", fake.thrown(kit.rate, {max = 0}))
      assert.matches("bad 'per'", fake.thrown(kit.rate, {per = 0}))
      assert.matches("bad 'by'", fake.thrown(kit.rate, {by = "group"}))
      assert.matches("bad 'reply'", fake.thrown(kit.rate, {reply = true}))
   end)
end)

describe("kit.hours", function()
   local function open_at(options)
      options.zone = options.zone or ZONE
      options.closed = options.closed or "Fechado até {when}"
      return bot_with(kit.hours(options))
   end

   -- 2030-11-22 is a Friday.
   it("says when it opens, once until then, and lets handlers run while it is open", function()
      local t = open_at {mon = "09:00-18:00", fri = {"09:00-12:00", "13:30-18:00"}}
      at(22, 8, 59)
      t.says("cedo", ANA)
      t.says("de novo", ANA)
      at(22, 9)
      t.says("bom dia", ANA)
      at(22, 12)
      t.says("almoço", ANA)
      at(22, 13, 30)
      t.says("tarde", ANA)
      at(22, 18)
      t.says("noite", ANA)
      assert.same({
         "Fechado até hoje às 09:00", "eco: bom dia", "Fechado até hoje às 13:30", "eco: tarde",
         "Fechado até segunda-feira às 09:00",
      }, t.texts())
   end)

   it("says so again after twelve hours, with the day in words", function()
      local t = open_at {tue = "09:00-18:00"}
      at(22, 20)
      t.says("a", ANA)
      at(23, 9)
      t.says("b", ANA)
      at(25, 10)
      t.says("c", ANA)
      assert.same({
         "Fechado até terça-feira às 09:00", "Fechado até terça-feira às 09:00",
         "Fechado até amanhã às 09:00",
      }, t.texts())
   end)

   it("knows holidays, hours of their own on a date, and hours past midnight", function()
      local t = open_at {
         sat = "18:00-02:00", sun = "18:00-02:00", fri = "10:00-16:00",
         holidays = {"2030-11-22", ["11-23"] = "18:00-19:00"},
      }
      at(22, 11)
      t.says("feriado", ANA)
      at(23, 18, 30)
      t.says("sábado", ANA)
      at(23, 23)
      t.says("fechou cedo", ANA)
      at(25, 1, 59)
      t.says("domingo", ANA)
      at(25, 2)
      t.says("fim", ANA)
      assert.same({
         "Fechado até amanhã às 18:00", "eco: sábado", "Fechado até amanhã às 18:00",
         "eco: domingo", "Fechado até sexta-feira às 10:00",
      }, t.texts())
   end)

   it("takes the hours as Z-API has them", function()
      local row = {
         timezone = ZONE, mode = "specificHours",
         days = {{dayOfWeek = "FRIDAY", openTime = "08:00", closeTime = "18:00"}},
      }
      local t = bot_with(kit.hours {from = row, closed = "Fechado até {when}"})
      at(22, 9)
      t.says("aberto", ANA)
      at(22, 19)
      t.says("fechado", ANA)
      at(22, 3)
      local always = bot_with(kit.hours {from = {timezone = ZONE, mode = "open24h"}})
      always.says("aberto", ANA)
      assert.same({"eco: aberto", "Fechado até dia 29/11 às 08:00"}, t.texts())
      assert.same({"eco: aberto"}, always.texts())
   end)

   it("is quiet in groups, on own messages and reactions; pass lets handlers run", function()
      at(22, 20)
      local t = open_at {mon = "09:00-18:00"}
      fake.says_in_group(t.bot, "grupo")
      fake.give_sample(t.bot, "received_reaction")
      assert.same({"eco: grupo"}, t.texts())
      t = open_at {mon = "09:00-18:00", pass = true}
      t.says("a", ANA)
      t.says("b", ANA)
      assert.same({"Fechado até segunda-feira às 09:00", "eco: a", "eco: b"}, t.texts())
   end)

   it("has a text of its own, a function, or none", function()
      at(22, 20)
      local t = open_at {mon = "09:00-18:00", closed = function(ctx, opens)
         return ("%s: %d"):format(ctx.text, opens)
      end}
      t.says("oi", ANA)
      assert.same({("oi: %d"):format(zones.of(ZONE):time {
         year = 2030, month = 11, day = 25, hour = 9,
      })}, t.texts())
      t = bot_with(kit.hours {mon = "09:00-18:00", zone = ZONE, closed = false})
      t.says("oi", ANA)
      assert.same({}, t.texts())
      t = bot_with(kit.hours {mon = "09:00-18:00", zone = ZONE})
      t.says("oi", ANA)
      assert.matches("^Olá! Agora estamos fechados e voltamos segunda%-feira às 09:00",
         t.texts()[1])
   end)

   it("checks its options", function()
      local function why(options) return fake.thrown(kit.hours, options) end
      assert.matches("kit.hours needs the hours of a day", why {})
      assert.matches("bad time '9h' in 'mon'", why {mon = "9h-18h"})
      assert.matches("bad hours '09:00' in 'mon'", why {mon = "09:00"})
      assert.matches("bad holiday '25/12'", why {mon = "09:00-18:00", holidays = {"25/12"}})
      assert.matches("'seg' is not an option", why {seg = "09:00-18:00"})
      assert.matches("days or 'from', not both", why {mon = "09:00-18:00", from = {}})
   end)
end)

describe("kit.maintenance", function()
   it("tells each person once an hour, until its end", function()
      at(22, 17)
      local ends = now + 3600
      local t = bot_with(kit.maintenance {ends = ends, zone = ZONE, every = 600})
      t.says("a", ANA)
      t.says("b", ANA)
      now = now + 601
      t.says("c", ANA)
      now = ends
      t.says("d", ANA)
      local text = "Estamos em manutenção até as 18:00 (22/11). Volte a escrever depois, por favor."
      assert.same({text, text, "eco: d"}, t.texts())
   end)

   it("lets some people through, and asks a function whether it is so", function()
      local on = true
      local t = bot_with(kit.maintenance {
         allow = "55 11 99999-0002", text = "Já volto.", on = function() return on end,
      })
      t.says("a", ANA)
      t.says("b", BIA)
      on = false
      t.says("c", ANA)
      assert.same({"Já volto.", "eco: b", "eco: c"}, t.texts())
   end)

   it("checks its options", function()
      assert.matches("bad 'ends'", fake.thrown(kit.maintenance, {ends = 60}))
      assert.matches("bad 'every'", fake.thrown(kit.maintenance, {every = 0}))
      assert.matches("bad 'text'", fake.thrown(kit.maintenance, {text = true}))
   end)
end)

describe("kit.typing", function()
   it("types before each text, as long as it is", function()
      local bot, client = fake.bot()
      bot:use(kit.typing {per_char = 0.1, max = 4})
      bot:on("text", function(ctx)
         ctx:send("olá") -- three letters
         ctx:send(("x"):rep(25))
         ctx:send(("x"):rep(99))
         ctx:typing(9)
         ctx:send("a")
         ctx:send {location = {latitude = -23.5, longitude = -46.6, title = "Loja", address = "Sé"}}
      end)
      fake.says(bot, "oi")
      local seconds = {}
      for i, call in ipairs(client.calls) do seconds[i] = call.params.delayTyping or 0 end
      assert.same({1, 3, 4, 9, 0}, seconds)
   end)

   it("checks its options", function()
      assert.matches("bad 'max'", fake.thrown(kit.typing, {max = 16}))
      assert.matches("bad 'per_char'", fake.thrown(kit.typing, {per_char = 0}))
   end)
end)

describe("kit.log", function()
   it("writes a line for each event, without what was written", function()
      local t = bot_with(kit.log())
      local lines = fake.logged(function() t.says("segredo", ANA) end)
      assert.equal(1, #lines)
      assert.equal("info", lines[1][1])
      assert.matches("^%[text %w+%] 5511999990001, %d+ ms$", lines[1][2])
   end)

   it("writes the beginning of the text when asked to, and that a handler failed", function()
      local bot = fake.bot()
      bot:use(kit.log {level = "warn", text = true})
      bot:on("text", function() error("ai") end)
      local lines = fake.logged(function()
         fake.thrown(fake.says, bot, "uma\nlinha " .. ("x"):rep(99), ANA)
      end)
      assert.equal("warn", lines[1][1])
      assert.matches(" ms, failed: uma linha x+$", lines[1][2])
      assert.is_true(#lines[1][2] < 160)
      assert.matches("bad 'level'", fake.thrown(kit.log, {level = "all"}))
   end)
end)

it("zapi.kit has no other parts, and is the module's too", function()
   assert.is_nil(kit.nothing)
   assert.equal(kit, require("zapi").kit)
end)
