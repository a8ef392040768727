--- Scripts drawn at random (script.lua) for people who answer while the bot is
--- killed, restarted, reloaded and runs late, against a model: what was asked,
--- answered, sent, stored and done is what would have been without all that, once.
---
--- A seed that fails is in the error: ZAPI_SEEDS=17 runs it again, ZAPI_SEEDS=1-5000
--- a long row of them. When it is killed is a matter of time, so a seed may need
--- some runs.
local asks = require "zapi.bot.ask"
local check = require "spec.property.check"
local core = require "zapi.core"
local durable = require "spec.support.durable"
local script = require "spec.property.script"
local testing = require "zapi.testing"

local GIVEN <const> = os.getenv "ZAPI_SEEDS"

-- The seeds of a spec: its own, or those of ZAPI_SEEDS.
local function seeds(count)
   local from, to = (GIVEN or "1-" .. count):match "^(%d+)%-?(%d*)$"
   from = assert(math.tointeger(tonumber(from)), "ZAPI_SEEDS is not a number or a range")
   return from, math.tointeger(tonumber(to)) or from
end

-- ---- what leaves the bot ----

local function outside_of(self)
   local outside = {effects = {}, open = {}, twice = {}, values = {}}
   -- What a process does that is gone does not count.
   local function gone() return self.world.dead end
   function outside.effect(name)
      if gone() then return end
      outside.effects[name] = (outside.effects[name] or 0) + 1
      outside.open[name] = true
   end
   function outside.settled(name)
      if not gone() then outside.open[name] = nil end
   end
   function outside.shown(name, value)
      if gone() then return end
      local before = outside.values[name]
      assert(before == nil or before == value, name .. " was shown another number")
      outside.values[name] = value
   end
   -- Of a step whose result was not stored yet nobody knows whether it was done.
   function outside.killed()
      for name in pairs(outside.open) do outside.twice[name] = true end
      outside.open = {}
   end
   return outside
end

-- ---- the world of a seed ----

local World = {}
World.__index = World

local function person_of(self, i)
   local scripts = {}
   for k = 1, 1 + self.random(2) do
      scripts[k] = script.draw(self.random, ("%d%s"):format(i, ("abc"):sub(k, k)))
      self.scripts[scripts[k].id] = scripts[k]
   end
   self.models[i], self.at[i] = script.model(scripts), 1
   self.people[i] = self.world:person("P" .. i)
   self.chats[i] = self.people[i].chat
end

local function begin(seed)
   local random = script.random(seed)
   local self = setmetatable({
      random = random, people = {}, models = {}, at = {}, scripts = {}, chats = {}, kills = 0,
   }, World)
   asks.most = random(3) == 1 and 1 or 1000
   local unload = ({false, 30, 600})[random(3)]
   self.outside = outside_of(self)
   self.world = testing.start {
      data = true, timeout = 10, bot = function()
         local bot = require("zapi.bot").new {
            unload = unload, texts = script.texts,
            limits = {replies_per_chat = false, cold_per_hour = false},
         }
         script.handlers(bot, self.scripts, self.outside)
         return bot
      end,
   }
   for i = 1, 1 + random(3) do person_of(self, i) end
   return self
end

function World:rest()
   assert(self.world:settle(20) and self.world:rest(), "no rest")
end

-- Handlers go on for a while, and then the process is gone.
function World:kill()
   for _ = 1, self.random(60) do core.sleep(0) end
   self.outside.killed()
   self.world:kill()
   self.kills = self.kills + 1
end

local events = {}

function events.kill(self) self:kill() end

function events.twice(self)
   self:kill()
   self:kill()
end

function events.restart(self)
   self:rest()
   self.world:restart()
end

function events.reload(self) self.world:reload() end

-- Z-API has a message, and the process never heard of it.
function events.call(self)
   self.world:fail("kill", {path = "^/send"})
   for _ = 1, 200 do
      if self.world.dead then break end
      core.sleep(0.0005)
   end
   self.world.faults.list = {}
   self:kill()
end

function events.nothing() end

local names <const> = {
   "kill", "kill", "kill", "twice", "restart", "reload", "call", "nothing", "nothing",
}

-- Nobody answers: time goes on, and who waited for that is a word further.
local function be_late(self)
   self.world:advance(script.patience + 1)
   for i, m in ipairs(self.models) do
      if m.inputs[self.at[i]] == false then self.at[i] = self.at[i] + 1 end
   end
end

-- What a person writes next, or several messages at once. Does nobody answer now?
local function write(self, i, many)
   local inputs = self.models[i].inputs
   if inputs[self.at[i]] == false then return true end
   if self.random(3) == 1 then return false end
   for _ = 1, many do
      local text = inputs[self.at[i]]
      if not text then break end
      self.people[i]:says(text)
      self.at[i] = self.at[i] + 1
   end
   return false
end

-- Some people write, and something happens meanwhile. Messages that are delivered
-- anew may change places, so a process that is killed gets one of each.
local function round(self)
   local late, what = false, names[self.random(#names)]
   for i = 1, #self.people do
      late = write(self, i, what == "nothing" and 4 or 1) or late
   end
   events[what](self)
   self:rest()
   if late then be_late(self) end
end

local function is_over(self)
   for i, m in ipairs(self.models) do
      if self.at[i] <= #m.inputs then return false end
   end
   return true
end

local function compare(self)
   local bot = self.world.bot
   for i, m in ipairs(self.models) do
      local got = {}
      for _, message in ipairs(self.people[i]:messages()) do
         if message.fromMe then got[#got + 1] = message.text end
      end
      check.texts(m.texts, got, check.unknown(bot, self.chats[i]))
   end
   check.effects(self.models, self.outside.effects, self.outside.twice)
   check.store(self.models, self.chats)
   check.nothing_left(bot)
end

-- Dead letters of data that nobody holds.
local function check_dead(folder)
   local list = assert(core.admin(folder, {["do"] = "inbox.list", state = "dead"})).events
   for i, e in ipairs(list) do
      list[i] = assert(core.admin(folder, {["do"] = "inbox.show", id = e.id})).events[1]
   end
   check.dead(list)
end

-- All scripts of a seed to their end. How often the bot was killed.
local function play(seed)
   local self = begin(seed)
   local ok, err = xpcall(function()
      while not is_over(self) do round(self) end
      self.world:advance(script.delay + 1)
      self:rest()
      compare(self)
      self.world.bot:stop(0)
      core.testing.data "memory" -- nobody holds those on disk any more
      check_dead(self.world.data)
   end, debug.traceback)
   local closed, why = pcall(self.world.close, self.world, {failures = true})
   if not ok or not closed then
      error(("seed %d (%d kills): %s"):format(seed, self.kills, not ok and err or why), 0)
   end
   return self.kills
end

describe("random conversations", function()
   local most = asks.most
   after_each(function() asks.most = most end)

   it("come out as if nothing had been killed", function()
      local from, to = seeds(12)
      local kills = 0
      for seed = from, to do kills = kills + play(seed) end
      assert(GIVEN or kills > 40, kills .. " kills")
   end)

   it("do so in processes that get a SIGKILL", function()
      local from, to = seeds(2)
      for seed = from, GIVEN and math.min(to, from + 20) or to do
         durable.with(function(place)
            local random, killed = script.random(seed + 1000000), 0
            for _ = 1, 8 do
               place:crash(("require('spec.property.process').run(t, %d, %d)"):format(seed,
                  random(120)))
               killed = killed + 1
            end
            local ok, err = pcall(place.run, place,
               ("require('spec.property.process').run(t, %d)"):format(seed))
            if not ok then error(("seed %d (%d kills): %s"):format(seed, killed, err), 0) end
            check.dead(place:dead())
         end)
      end
   end)
end)
