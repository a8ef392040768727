--- What is due later: bot:at, bot:every, bot:cron, bot:cancel.
---
---    bot:timer("remind", function(ctx, payload) ctx:send("Amanhã: " .. payload.what) end)
---    bot:at({after = 3600}, "remind", {what = "corte"}, {key = ctx.chat, chat = ctx.chat})
---
--- A timer is a row on disk, known by its name and key. When it is due it becomes
--- an event of the inbox, in the transaction that takes the row to its next time
--- (or away); so its handler has what any handler has: order, tries, dead letters.
--- In a handler a timer is stored or cancelled with the handler's good end. Start
--- reading at Timers:run.
local core = require "zapi.core"
local check = require "zapi.bot.check"
local crons = require "zapi.bot.cron"
local units = require "zapi.bot.unit"
local zones = require "zapi.bot.zone"

check.ours()

local M = {}
local Timers = {}
Timers.__index = Timers

--- Due rows that become events at once; seconds until it is looked again at least
--- (the clock may be set), and after a failure.
M.batch, M.look, M.pause = 200, 60, 1

local EVER <const> = 1e300
local LONGEST <const> = 100 -- bytes of a name
local MOST <const> = 256 * 1024 -- bytes of a payload

function M.new(bot)
   return setmetatable({bot = bot, names = {}, known = {}, early = {}, crons = {}}, Timers)
end

-- ---- firing ----

local function cron_of(self, row)
   local id = row.cron .. "\0" .. (row.tz or "")
   local cron = self.crons[id]
   if not cron then
      cron = crons.parse(row.cron, row.tz)
      self.crons[id] = cron
   end
   return cron
end

-- When a row is due after this time; nil: it is over. What was missed comes once.
local function next_of(self, row, now)
   if row.cron then return cron_of(self, row):after(math.max(now, row.due)) end
   if not row.interval then return nil end
   local missed = math.max(0, (now - row.due) // row.interval)
   return row.due + (missed + 1) * row.interval
end

local function body_of(row)
   return ('{"timer":%s,"key":%s,"due":%.17g,"payload":%s}'):format(core.json_encode(row.name),
      core.json_encode(row.key), row.due, row.payload or "null")
end

-- Does this service still want its timers?
local function serves(self, service)
   return self.service == service and not self.closed and not service.paused
end

-- A restored backup does not say what fired since it was made: it begins anew.
local function set_anew(self, service, row, now)
   core.timers.cancel(service, row.name, row.key)
   row.due = next_of(self, row, now)
   core.timers.put(service, row)
end

local function fire(self, service, row, now)
   if row.due == 0 and row.cron then return set_anew(self, service, row, now) end
   local ok, new, err = pcall(function()
      return service:emit {
         kind = "timer:" .. row.name, type = "timer:" .. service.name, chat = row.chat,
         instance = row.instance, payload = body_of(row), timer = row.id, due = row.due,
         next = next_of(self, row, now), key = ("timer %d %.17g"):format(row.id, row.due),
      }
   end)
   if ok and new ~= nil or not serves(self, service) then return end
   self.failed = true
   if not ok then
      self.bot:warn_once("timer " .. row.name, ("the timer '%s' could not be taken on: %s"):format(
         row.name, tostring(new)))
   elseif not core.is_error(err, "rate_limited") then
      core.log("warn", "bot", ("the timer '%s' waits: %s"):format(row.name, tostring(err)))
   end
end

local function unread(self)
   self.bot:warn_once("timers", "the timers cannot be read: they wait, and are looked at again")
   return M.pause
end

-- Fires what is due; the seconds until there may be something again.
local function round(self, service)
   local now = core.now()
   local rows, tasks = core.timers.list(service, now, M.batch, self.handled), {}
   if not rows then return unread(self) end
   for i, row in ipairs(rows) do tasks[i] = core.spawn(fire, self, service, row, now) end
   for _, task in ipairs(tasks) do task:join() end
   if not serves(self, service) then return 0 end
   if self.failed then
      self.failed = nil
      return M.pause
   end
   local nearest = core.timers.list(service, EVER, 1, self.handled)
   if not nearest then return unread(self) end
   return nearest[1] and math.min(nearest[1].due - core.now(), M.look) or math.huge
end

local function sleep(self, seconds)
   if self.woken or seconds <= 0 then return end
   local nap = core.spawn_quiet(core.sleep, math.min(seconds, 3600))
   self.nap = nap
   pcall(nap.join, nap)
   if self.nap == nap then self.nap = nil end
end

--- Until the bot stops; it may run again before the last round of this has ended.
function Timers:run()
   local service = self.service
   while serves(self, service) do
      self.woken = false
      local wait = round(self, service)
      if serves(self, service) then sleep(self, wait) end
   end
end

--- Something may be due.
function Timers:wake()
   self.woken = true
   if self.nap then self.nap:cancel() end
end

-- Rows whose handler the script has not (any more) stay until it has one again.
local function warn_of_strangers(self)
   for _, row in ipairs(core.timers.list(self.service, EVER, 1000) or {}) do
      if not self.known[row.name] then
         self.bot:warn_once("timer " .. row.name, ("timers wait for bot:timer(\"%s\", fn), which "
            .. "this script does not register; bot:cancel(\"%s\") removes them"):format(row.name,
            row.name))
      end
   end
end

local function write(self, row, seq)
   local n, err = core.timers.put(self.service, row, seq)
   if not n then error(err, 0) end
end

local function begin(self)
   if self.task or self.closed then return end
   self.task = core.spawn(self.run, self)
end

-- What is left when the bot stops meanwhile is written when it runs again.
local function write_early(self)
   while self.service and self.early[1] do write(self, table.remove(self.early, 1)) end
end

--- The bot has opened its door.
function Timers:start(service)
   self.service, self.closed, self.task = service, false, nil
   if not service.durable and not self.early[1] then return end -- with the first one
   core.spawn(function()
      write_early(self)
      if not serves(self, service) then return end
      if service.durable then warn_of_strangers(self) end
      begin(self)
   end)
end

--- No timer fires any more.
function Timers:stop()
   self.closed = true
   self:wake()
   self.task, self.service = nil, nil
end

--- The next generation of the script fires them; handlers of this one still set them.
function Timers:retire()
   self.closed = true
   self:wake()
end

--- A handler for this name was registered.
function Timers:add(name)
   if self.known[name] then check.fail("there is a timer '%s' already", name) end
   self.known[name] = true
   self.names[#self.names + 1] = name
   self.handled = core.json_encode(self.names)
   self:wake()
end

Timers.handled = "[]"

-- ---- what scripts say ----

local function check_name(name, what)
   check.type(name, "string", "name", what)
   if name == "" or #name > LONGEST or name:find("%c") then
      check.fail("bad 'name' in %s (1 to %d bytes expected)", what, LONGEST)
   end
end

local function encode(payload, what)
   if payload == nil then return nil end
   local ok, text = pcall(core.json_encode, payload)
   if not ok then check.fail("bad 'payload' in %s: %s", what, tostring(text)) end
   if #text > MOST then
      check.fail("bad 'payload' in %s: %d bytes as JSON, and %d at most", what, #text, MOST)
   end
   return text
end

local set_options <const> = {
   key = "string", chat = "string", instance = "string", client = "userdata|table", payload = "any",
}

-- The instance whose number answers in the handler.
local function instance_of(options, unit)
   if options.instance then return options.instance end
   if options.client then return options.client.instance or nil end
   return unit and unit.ctx._ev.instance or nil
end

-- Timers that the running handler has staged: name → key → true.
local function staged(unit)
   unit.timers = unit.timers or {}
   return unit.timers
end

local function was_flushed(unit)
   return unit.steps ~= nil and unit.steps:was_flushed()
end

local function stage(self, unit, row)
   row.due = unit:step("timer", row.name .. "\0" .. (row.key or ""), function() return row.due end)
   if was_flushed(unit) then return end -- an earlier run has stored it
   write(self, row, unit.seq)
   local keys = staged(unit)[row.name] or {}
   staged(unit)[row.name] = keys
   keys[row.key or ""] = true
end

local function put(bot, name, row, options, what)
   local self, unit = bot.timers, units.current()
   check_name(name, what)
   check.options(options, set_options, what)
   options = options or {}
   row.name, row.key = name, options.key
   row.chat = options.chat and core.phone(options.chat)
   row.instance = instance_of(options, unit)
   if not self.service then
      self.early[#self.early + 1] = row
   elseif unit and unit.service then
      stage(self, unit, row)
      begin(self)
   else
      write(self, row)
      begin(self)
   end
   return bot
end

local function is_time(n)
   return type(n) == "number" and n == n and n >= 0 and n < 1e11
end

-- An instant, {after = seconds}, or the civil time of a zone.
local function due_of(when)
   if type(when) == "table" then
      if when.after ~= nil then
         if not is_time(when.after) then
            check.fail("bad 'after' in bot:at (seconds from 0 on expected)")
         end
         return core.now() + when.after
      end
      for _, field in ipairs {"year", "month", "day"} do
         if math.type(when[field]) ~= "integer" then
            check.fail("bad 'when' in bot:at ({after = seconds}, or a date with year, month and "
               .. "day expected: '%s' is missing)", field)
         end
      end
      return zones.of(when.tz):time(when)
   end
   if not is_time(when) then
      check.fail("bad 'when' in bot:at (Unix seconds, {after = seconds} or a date expected, got "
         .. "%s)", type(when))
   elseif when < 1e8 then
      check.fail("bad 'when' in bot:at: %s is in the year 1970. For so many seconds from now write "
         .. "{after = %s}", when, when)
   end
   return when + 0.0
end

---@class zapi.Bot
local methods = {}

--- Fires once, at an instant: Unix seconds, {after = seconds}, or a date
--- {year=, month=, day=, hour=, min=, tz=} (hour 12 when left out). The same name
--- and key replaces the timer that is there. One that was missed fires at the
--- next start. With `chat` it is handled in the order of that chat, and ctx:send
--- answers there. In a handler it is stored with the handler's good end.
---@param when number|table
---@param name string of bot:timer
---@param payload? any what JSON can hold
---@param options? {key: string, chat: string, instance: string, client: zapi.Client}
---@return zapi.Bot
function methods:at(when, name, payload, options)
   local row = {due = due_of(when), payload = encode(payload, "bot:at")}
   return put(self, name, row, options, "bot:at")
end

--- Fires every so many seconds (from 1 on), the first time after as many. Missed
--- times are made up for once. Said again at each start it goes on as it was.
---@param name string of bot:timer
---@param seconds number
---@param options? {key: string, chat: string, instance: string, payload: any}
---@return zapi.Bot
function methods:every(name, seconds, options)
   if not (is_time(seconds) and seconds >= 1) then
      check.fail("bad 'seconds' in bot:every (1 or more expected, got %s)", tostring(seconds))
   end
   local row = {
      due = core.now() + seconds, interval = seconds + 0.0,
      payload = encode(options and options.payload, "bot:every"),
   }
   return put(self, name, row, options, "bot:every")
end

--- Fires by the calendar: "minute hour day month weekday", as "0 9 * * 1-5", or
--- "@daily". The zone: `tz`, else ZAPIBOT_TZ, TZ or the system's. A time that the
--- clock jumps over fires at the jump; one that comes twice fires once. Missed
--- times are made up for once.
---@param name string of bot:timer
---@param spec string
---@param tz? string "America/Sao_Paulo"
---@param options? {key: string, chat: string, instance: string, payload: any}
---@return zapi.Bot
function methods:cron(name, spec, tz, options)
   if type(tz) == "table" and options == nil then tz, options = nil, tz end
   check.type(tz, "string|nil", "tz", "bot:cron")
   local cron = crons.parse(spec, tz)
   local row = {
      due = cron:after(core.now()), cron = spec, tz = cron.zone.name,
      payload = encode(options and options.payload, "bot:cron"),
   }
   if row.tz == "" then row.tz = nil end
   return put(self, name, row, options, "bot:cron")
end

local function cancel_early(self, name, key)
   local left, n = {}, 0
   for _, row in ipairs(self.early) do
      if row.name == name and (not key or (row.key or "") == key) then
         n = n + 1
      else
         left[#left + 1] = row
      end
   end
   self.early = left
   return n
end

-- Staged ones of this handler that are not on disk.
local function forget_staged(unit, name, key)
   local keys, n = staged(unit)[name] or {}, 0
   for k in pairs(keys) do
      if not key or k == key then
         keys[k] = nil
         n = n + 1
      end
   end
   return n
end

--- Removes the timers of this name: the one with this key, or all. How many
--- there were.
---@param name string
---@param key? string
---@return integer
function methods:cancel(name, key)
   local self_, unit = self.timers, units.current()
   check_name(name, "bot:cancel")
   check.type(key, "string|nil", "key", "bot:cancel")
   if not self_.service then return cancel_early(self_, name, key) end
   if not (unit and unit.service) then
      local n, err = core.timers.cancel(self_.service, name, key)
      if not n then error(err, 0) end
      return n
   end
   return unit:step("cancel", name .. "\0" .. (key or ""), function()
      local n = core.timers.cancel(self_.service, name, key, unit.seq)
      return math.max(n, forget_staged(unit, name, key))
   end)
end

M.methods = methods

--- Those of at, every and cron, for `zapibot check`.
M.options = set_options
M.check_name = check_name

return M
