--- For spec/property/conversation_spec.lua: what came of the scripts against what
--- the model says (script.lua).
local assert = require "luassert"
local core = require "zapi.core"
local zapi = require "zapi"

local M = {}

--- Each step was done once; `twice`: those of which nobody knows.
function M.effects(models, effects, twice)
   local left = {}
   for name, n in pairs(effects) do left[name] = n end
   for _, m in ipairs(models) do
      for _, name in ipairs(m.effects) do
         local n = left[name]
         left[name] = nil
         assert(n == 1 or n == 2 and twice[name], ("step %s ran %s times"):format(name, n))
      end
   end
   assert(next(left) == nil, "another step ran")
end

local function show(title, list)
   return ("%s:\n   %s\n"):format(title, table.concat(list, "\n   "))
end

--- The texts in their order, each once, but for those of which nobody knows whether
--- they left.
function M.texts(want, got, unknown)
   local at, left = 1, unknown
   local function differ(what)
      error(("%s\n%s%s"):format(what, show("wanted", want), show("got", got)), 0)
   end
   for _, text in ipairs(got) do
      while want[at] and want[at] ~= text do left, at = left - 1, at + 1 end
      if not want[at] then differ(("one too many: %q"):format(text)) end
      at = at + 1
   end
   if left < #want - at + 1 then differ "messages are missing" end
end

local function all_of(name)
   local found = {}
   for key, value in zapi.store(name):each() do found[key] = value end
   return found
end

local function merge(models, field)
   local all = {}
   for _, m in ipairs(models) do
      for key, value in pairs(m[field]) do all[key] = value end
   end
   return all
end

--- What the handlers have stored.
function M.store(models, chats)
   local added, all = {}, 0
   for i, m in ipairs(models) do
      all = all + m.added
      added[chats[i]] = m.added > 0 and m.added or nil
   end
   added.all = all > 0 and all or nil
   assert.same(merge(models, "put"), all_of "put")
   assert.same(merge(models, "ends"), all_of "end")
   assert.same(added, all_of "add")
   assert.same(merge(models, "fired"), all_of "fired")
end

--- Nobody waits, on disk or in memory.
function M.nothing_left(bot)
   for _, ns in ipairs {"open", "due", "ready", "step"} do
      local rows = core.store.scan(("\1%s:%s"):format(ns, bot.service.name), "", nil, 10)
      assert(#rows == 0, "rows are left of " .. ns)
   end
   local asks = bot.asks
   for _, name in ipairs {"live", "by_seq", "busy", "loading"} do
      assert(next(asks[name]) == nil, name)
   end
   assert.same({0, 0, 0}, {asks.n_live, asks.n_loading, asks.active})
   assert.same({}, core.timers.list(bot.service, 1e300, 1))
end

--- Sends to a chat of which nobody knows.
function M.unknown(bot, chat)
   local n = 0
   for _, row in ipairs(core.sends.list(bot.service, {state = "unknown", limit = 1000})) do
      if row.recipient == chat then n = n + 1 end
   end
   return n
end

--- Dead letters: only of messages of which nobody knows.
function M.dead(events)
   for _, e in ipairs(events) do
      assert(e.reason:find("send.unknown", 1, true), "a dead letter: " .. e.reason)
   end
end

return M
