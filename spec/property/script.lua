--- For spec/property/conversation_spec.lua: scripts drawn at random, the handler
--- that runs them, and the model that says what must come of them.
---
---    script.draw(random, id)   a list of operations: ask, menu, late (a question
---                              that nobody answers), step, send, put, add, keep,
---                              clock, timer
---    script.handlers(bot, …)   runs them
---    script.model(list)        inputs, messages, values, steps
local zapi = require "zapi"

local M = {}

--- Seconds that a `late` question waits, and until a timer fires.
M.patience, M.delay = 100, 50

local COLORS <const> = {"azul", "verde", "rosa"}
local NEVER <const> = 1e6

--- Numbers that are the same everywhere: random(n) is 1 to n.
function M.random(seed)
   local state = seed * 2654435761 % 4294967296 ~ 0x9E3779B9
   return function(n)
      state = state ~ (state << 13) & 0xFFFFFFFF
      state = state ~ (state >> 17)
      state = state ~ (state << 5) & 0xFFFFFFFF
      return state % n + 1
   end
end

-- ---- drawing ----

local kinds <const> = {
   "ask", "ask", "menu", "late", "step", "step", "send", "put", "add", "keep", "clock", "timer",
}

local function misses(random)
   local list = {}
   for i = 1, math.max(0, random(4) - 2) do list[i] = ("errado %d"):format(i) end
   return list
end

local draws = {}

function draws.ask(op, random)
   op.misses, op.answer, op.strict = misses(random), COLORS[random(3)], random(2) == 1
   if not op.strict then op.misses = {} end
end

function draws.menu(op, random)
   op.misses, op.choice = misses(random), random(3)
   op.answer = random(2) == 1 and tostring(op.choice) or COLORS[op.choice]
end

--- Between 3 and 8 operations, one of them a question. `id` is part of every name.
function M.draw(random, id, without)
   local script = {id = id}
   for i = 1, 2 + random(6) do
      local kind = i == 2 and "ask" or kinds[random(#kinds)]
      if kind == without then kind = "ask" end
      local op = {kind = kind, name = ("%s.%d"):format(id, i)}
      if draws[kind] then draws[kind](op, random) end
      script[i] = op
   end
   return script
end

-- ---- running ----

-- A message of which nobody knows whether it left is not sent again: it threw.
local function send(ctx, text)
   local ok, err = pcall(ctx.send, ctx, text)
   if not ok and not (type(err) == "table" and err.kind == "send.unknown") then error(err, 0) end
end

local runs = {}

function runs.ask(ctx, op)
   local answer = ctx:ask(op.name .. "?", {
      timeout = NEVER, match = op.strict and COLORS or nil, retry = "não: " .. op.name,
   })
   return answer.text
end

function runs.menu(ctx, op)
   local choice = ctx:menu(op.name .. "?", COLORS, {
      as = "text", timeout = NEVER, retry = "não: " .. op.name,
   })
   return choice.id
end

function runs.late(ctx, op)
   local answer, why = ctx:ask(op.name .. "?", {timeout = M.patience})
   return answer and "answered" or why
end

function runs.step(ctx, op, outside)
   local value = ctx:step("passo", function()
      outside.effect(op.name)
      return {op.name, #op.name}
   end)
   outside.settled(op.name)
   return value[1] .. value[2]
end

function runs.send(ctx, op)
   send(ctx, op.name)
   return "s"
end

function runs.put(_, op)
   local store = zapi.store "put"
   local before = store:get(op.name)
   store:set(op.name, {n = 1.5, name = op.name})
   return tostring(before) .. store:get(op.name).n
end

function runs.add(ctx)
   zapi.store("add"):update("all", function(n) return (n or 0) + 1 end)
   local own = zapi.store("add"):update(ctx.chat, function(n) return (n or 0) + 1 end)
   return tostring(own)
end

function runs.keep(ctx, op)
   local before = ctx.session.name
   ctx.session.name = op.name
   return tostring(before)
end

-- What it shows is compared between the runs of a handler, not with the model.
function runs.clock(ctx, op, outside)
   outside.shown(op.name, ctx.random(1 << 40))
   return "c"
end

function runs.timer(ctx, op, outside)
   outside.bot:at({after = M.delay}, "toca", {name = op.name}, {key = op.name, chat = ctx.chat})
   return "t"
end

--- Registers what runs the scripts. `outside` is told what leaves the bot:
--- effect(name), settled(name), shown(name, value).
function M.handlers(bot, scripts, outside)
   outside.bot = bot
   bot:on("text", function(ctx)
      local script, seen = scripts[ctx.text:match "^começa (.+)$"], {}
      if not script then return send(ctx, "o quê? " .. ctx.text) end
      for i, op in ipairs(script) do seen[i] = runs[op.kind](ctx, op, outside) end
      zapi.store("end"):set(script.id, table.concat(seen, " "))
      send(ctx, ("fim %s"):format(script.id))
   end)
   bot:timer("toca", function(_, payload)
      zapi.store("fired"):update(payload.name, function(n) return (n or 0) + 1 end)
   end)
end

--- Texts of a bot that menus are drawn with.
M.texts = {menu = "{text}\n\n{list}", menu_line = "{number}. {label}"}

-- ---- the model ----

local LINES <const> = "\n\n1. azul\n2. verde\n3. rosa"

local models = {}

local function question(m, op, suffix)
   m:says(op.name .. "?" .. suffix)
   for _, miss in ipairs(op.misses) do
      m:hears(miss)
      m:says("não: " .. op.name .. suffix)
   end
   m:hears(op.answer)
end

function models.ask(m, op)
   question(m, op, "")
   return op.answer
end

function models.menu(m, op)
   question(m, op, LINES)
   return COLORS[op.choice]
end

function models.late(m, op)
   m:says(op.name .. "?")
   m.inputs[#m.inputs + 1] = false
   return "timeout"
end

function models.step(m, op)
   m.effects[#m.effects + 1] = op.name
   return op.name .. #op.name
end

function models.send(m, op)
   m:says(op.name)
   return "s"
end

function models.put(m, op)
   m.put[op.name] = {n = 1.5, name = op.name}
   return "nil1.5"
end

function models.add(m)
   m.added = m.added + 1
   return tostring(m.added)
end

function models.keep(m, op)
   local before = m.session
   m.session = op.name
   return tostring(before)
end

function models.clock() return "c" end

function models.timer(m, op)
   m.fired[op.name] = 1
   return "t"
end

local Model = {}
Model.__index = Model

function Model:says(text) self.texts[#self.texts + 1] = text end

function Model:hears(text) self.inputs[#self.inputs + 1] = text end

--- What must come of one person's scripts, one after the other: `inputs` (what they
--- write; false: time passes), `texts`, `put`, `added`, `fired`, `ends`, `effects`.
function M.model(scripts)
   local m = setmetatable({
      inputs = {}, texts = {}, put = {}, added = 0, fired = {}, ends = {}, effects = {},
   }, Model)
   for _, script in ipairs(scripts) do
      m:hears("começa " .. script.id)
      local seen = {}
      for i, op in ipairs(script) do seen[i] = models[op.kind](m, op) end
      m.ends[script.id] = table.concat(seen, " ")
      m:says("fim " .. script.id)
   end
   return m
end

return M
