--- `zapibot status`: how a bot is doing, in one look.

local args = require "zapi.host.cli.args"
local chats = require "zapi.host.tools.lib.chats"
local core = require "zapi.core"
local clock = require "zapi.host.tools.lib.clock"
local json = require "zapi.host.cli.json"
local store = require "zapi.host.tools.lib.store"

local OPTIONS = {
   {"--chats", nil, "also chats: what waits, states, questions, persons who serve"},
   {"--limit", "NUMBER", "how many chats (50)"},
   {"--data", "FOLDER", "data folder (.zapibot)"},
   {"--json", nil, "an object"},
}

local MORE = [[
Of a process that runs: since when, what its handlers work on. With and without
one: what waits, what is dead, what became of sends, the last errors.

Exit codes: 0 success (running or not), 1 there is no data folder, 2 wrong
usage.
]]

local function line(name, fmt, ...)
   store.say("%-13s %s", name, select("#", ...) > 0 and fmt:format(...) or fmt)
end

local function database(d)
   local backup = d.backup_at and "last backup " .. store.ago(d.backup_at) or "no backup"
   line("database", "%s, %s (log %s), %s", d.file, store.bytes(d.bytes), store.bytes(d.wal_bytes),
      backup)
   if not d.writable then
      line("", "NOTHING CAN BE STORED NOW")
   end
   if d.unclean_ends > 0 then
      line("unclean ends", "%d (killed, or the machine stopped)", d.unclean_ends)
   end
end

local function sends(counts)
   local parts = {}
   for _, state in ipairs {"queued", "sending", "unknown", "failed", "accepted", "sent",
      "received", "read", "played", "expired", "cancelled"} do
      if counts[state] > 0 then
         parts[#parts + 1] = counts[state] .. " " .. state
      end
   end
   line("sends", "%s", #parts > 0 and table.concat(parts, ", ") or "none")
end

local function live(s)
   if not s.running then
      return line("process", "none runs here")
   end
   line("process", "%d, for %s", s.pid, clock.span(s.uptime))
   for reason, n in pairs(s.guard_stops) do
      line("guard", "%s: %d held back", reason, n)
   end
end

-- "12.3 MB", or nothing for what does not run.
local function memory_of(g)
   return g.memory and store.bytes(g.memory)
end

local function running_of(handlers, name)
   local n = 0
   for _, h in ipairs(handlers or {}) do
      if h.automation == name then
         n = n + 1
      end
   end
   return n
end

local function unless_none(n)
   return n > 0 and n or nil
end

-- Scripts of the process, each with the version that serves.
local function generations(s)
   local rows = {}
   for i, g in ipairs(s.generations or {}) do
      rows[i] = {g.name, g.state, unless_none(g.generation),
         g.since and clock.span(core.now() - g.since),
         g.loaded_at and store.ago(g.loaded_at), running_of(s.handlers, g.name),
         unless_none(g.old), memory_of(g)}
   end
   if #rows > 0 then
      store.say ""
      store.table({"SCRIPT", "STATE", "GENERATION", "UP FOR", "LOADED", "RUNNING", "OLD", "MEMORY"},
         rows)
   end
   for _, g in ipairs(s.generations or {}) do
      if g.error then
         store.say("\n%s was not loaded (%s):\n%s", g.name, store.ago(g.error_at), g.error)
      end
   end
end

local function automations(list)
   local rows = {}
   for i, a in ipairs(list) do
      rows[i] = {a.name, a.waiting, a.later, a.parked, a.dead,
         a.oldest_at and store.ago(a.oldest_at)}
   end
   if #rows > 0 then
      store.say ""
      store.table({"AUTOMATION", "WAITING", "LATER", "PARKED", "DEAD", "OLDEST"}, rows)
   end
end

local function section(title, list, heads, row)
   if #(list or {}) == 0 then
      return
   end
   local rows = {}
   for i, item in ipairs(list) do
      rows[i] = row(item)
   end
   store.say("\n%s", title)
   store.table(heads, rows)
end

local function until_(item)
   return item and (item.due and "until " .. store.when(item.due) or "yes")
end

local function state_of(state)
   if not state then
      return nil
   end
   local name = state.name or "?"
   return state.due and ("%s (until %s)"):format(name, store.when(state.due)) or name
end

local function chat_row(c)
   local chat = c.person and c.chat .. " " .. c.person or c.chat
   return {
      chat, c.waiting, c.oldest_at and store.ago(c.oldest_at), c.automation, state_of(c.state),
      until_(c.question), until_(c.handover),
   }
end

local given, words = args.parse({...}, OPTIONS, MORE)
if #words > 0 then
   args.fail("'%s' is too much", words[1])
end
local s = store.ask(given, {["do"] = "status", chats = given.chats == true,
   limit = store.limit(given)})
if s.chats then
   s.chats, s.kept = chats.merge(s.chats, s.kept or {}), nil
end
if given.json then
   json.print(s)
   os.exit(0)
end
live(s)
database(s.database)
line("last event", "%s", s.last_event_at and store.ago(s.last_event_at) or "none yet")
sends(s.sends)
generations(s)
automations(s.automations)
section("Running handlers", s.handlers, {"EVENT", "KIND", "AUTOMATION", "SECONDS", "TRY"},
   function(h)
      return {h.event, h.kind, h.automation, ("%.1f"):format(h.seconds), h.attempt}
   end)
section("Last errors", s.errors, {"EVENT", "WHEN", "AUTOMATION", "REASON"}, function(e)
   return {e.id, store.when(e.ended_at), e.automation, e.reason}
end)
if given.chats and #(s.chats or {}) == 0 then
   store.say "\nNo chat waits, is in a flow or is served by a person."
end
section("Deepest chats", s.chats,
   {"CHAT", "WAITING", "OLDEST", "AUTOMATION", "STATE", "QUESTION", "PERSON"}, chat_row)
os.exit(0)
