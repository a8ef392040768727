--- Open questions as rows, and the places where they are found: see bot/ask.lua.
local core = require "zapi.core"
local check = require "zapi.bot.check"
local contact = require "zapi.bot.contact"
local stepping = require "zapi.bot.steps"

check.ours()

local store <const> = core.store

local M = {}

function M.order_of(ctx)
   local order = ctx._ev.order
   order = order and order ~= "" and order or ctx.chat
   local clients = ctx._bot.clients
   if clients and #clients > 1 then order = ("%s\2%s"):format(order, ctx._ev.instance) end
   return order
end

function M.place_of(ctx, by)
   local order = M.order_of(ctx)
   if not ctx.is_group or by == "chat" then return order end
   if not ctx.from then
      check.fail("nobody is known who could be asked (by = \"chat\" asks everybody)")
   end
   return ("%s\1%s"):format(order, ctx.from.key)
end

function M.due_key(due, place)
   return ("%016x%s"):format(math.max(0, due * 1000 // 1 | 0), place)
end

local function ready_key(seq)
   return ("%016x"):format(seq)
end

local function pack(entry)
   return store.pack {
      seq = entry.seq, n = entry.n, due = entry.due, attempt = entry.attempt,
      place = entry.place, misses = entry.misses,
   }
end

-- The rows that an open question is, or (gone) those that take it away.
function M.open_rows(self, entry, gone)
   local row = not gone and pack(entry)
   return {self.open, entry.at or entry.place, row},
      {self.due, M.due_key(entry.due, entry.place), row}
end

function M.ready_row(self, seq, row)
   return {self.ready, ready_key(seq), row and pack(row) or false,
      row and core.now() + stepping.keep}
end

function M.stage(self, seq, list)
   for _, row in ipairs(list) do
      store.stage(self.bot.service, seq, row[1], row[2], row[3] or nil, row[4] or nil)
   end
end

function M.write(list)
   local ok, err = store.write(list)
   if not ok then error(err, 0) end
end

function M.is_stored(self, seq)
   return self.bot.service ~= nil and seq ~= 0
end

-- Where a question lies now whose person has another key since.
function M.current(place)
   local who, rest = place:match("^([^\1\2]*)(.*)$")
   local known = rest == "" and contact.new(who)
   return known and known.key or place
end

return M
