--- For spec/property/conversation_spec.lua: the scripts of a seed in a process of its
--- own (spec/support/durable_child.lua), which is killed with SIGKILL. What must be
--- known by the next one is in the file "seen": C what Z-API was asked to send, E and
--- S a step that was done, and stored; and in "written" what people wrote so far.
local check = require "spec.property.check"
local core = require "zapi.core"
local script = require "spec.property.script"

local M = {}

local MANY <const> = 3 -- messages of a person at once

script.delay = 0.05

local function add_to(t, name, ...)
   local file <close> = assert(io.open(t.folder .. "/" .. name, "a"))
   file:write(table.concat({...}, "\t"):gsub("\n", "\\n"), "\n")
end

local function lines_of(t, name)
   local file <close> = io.open(t.folder .. "/" .. name)
   local list = {}
   for line in file and file:lines() or function() end do list[#list + 1] = line end
   return list
end

local function phone(i) return ("551199999000%d"):format(i) end

local function draw(seed)
   local random = script.random(seed)
   local scripts, models, chats = {}, {}, {}
   for i = 1, 3 do
      local own = {}
      for k = 1, 2 do
         own[k] = script.draw(random, ("%d%s"):format(i, ("ab"):sub(k, k)), "late")
         scripts[own[k].id] = own[k]
      end
      models[i], chats[i] = script.model(own), phone(i)
   end
   return scripts, models, chats
end

local function outside_of(t)
   return {
      effect = function(name) add_to(t, "seen", "E", name) end,
      settled = function(name) add_to(t, "seen", "S", name) end,
      shown = function(name, value) add_to(t, "seen", "V", name, value) end,
   }
end

-- Some words of each person, with the ids that they had when an earlier process was
-- told, and then it is noted that they came to their end.
local function go_on(t, models)
   local at = {}
   for i = 1, #models do at[i] = 1 end
   for _, line in ipairs(lines_of(t, "written")) do
      local i = tonumber(line)
      at[i] = at[i] + 1
   end
   t.stored()
   repeat
      local wrote = {}
      for i, m in ipairs(models) do
         for n = at[i], math.min(at[i] + MANY - 1, #m.inputs) do
            t.says(m.inputs[n], phone(i), {messageId = ("3EB0%d-%d"):format(i, n)})
            wrote[#wrote + 1] = i
         end
      end
      t.stored()
      for _, i in ipairs(wrote) do
         at[i] = at[i] + 1
         add_to(t, "written", i)
      end
   until #wrote == 0
end

local function seen(t)
   local effects, open, twice, texts, values = {}, {}, {}, {}, {}
   local on = {
      C = function(chat, text)
         texts[chat] = texts[chat] or {}
         table.insert(texts[chat], (text:gsub("\\n", "\n")))
      end,
      E = function(name) effects[name], open[name] = (effects[name] or 0) + 1, true end,
      S = function(name) open[name] = nil end,
      V = function(name, value)
         assert(not values[name] or values[name] == value, name .. " was shown another number")
         values[name] = value
      end,
      K = function()
         for name in pairs(open) do twice[name] = true end
         open = {}
      end,
   }
   for _, line in ipairs(lines_of(t, "seen")) do
      local what, one, two = line:match "^(%a)\t?([^\t]*)\t?(.*)$"
      on[what](one, two)
   end
   return effects, twice, texts
end

local function compare(t, models, chats)
   local effects, twice, texts = seen(t)
   for i, m in ipairs(models) do
      check.texts(m.texts, texts[chats[i]] or {}, check.unknown(t.bot, chats[i]))
   end
   check.effects(models, effects, twice)
   check.store(models, chats)
   check.nothing_left(t.bot)
end

--- Goes on with the scripts of a seed until it is killed, after so many milliseconds;
--- or to the end: then all must be as the model says.
function M.run(t, seed, milliseconds)
   local scripts, models, chats = draw(seed)
   add_to(t, "seen", "K")
   function t.answer(_, call) add_to(t, "seen", "C", call.body.phone, call.body.message) end
   t.up(function(bot) script.handlers(bot, scripts, outside_of(t)) end, {
      texts = script.texts, limits = {replies_per_chat = false, cold_per_hour = false},
   })
   if milliseconds then core.after(milliseconds / 1000, t.die) end
   go_on(t, models)
   if milliseconds then t.die() end
   t.wait(function() return #core.timers.list(t.bot.service, 1e300, 1) == 0 end, "no timer")
   t.stored()
   compare(t, models, chats)
end

return M
