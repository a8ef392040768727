--- ctx.session: a table per chat (or person, or a key of the script's own) that
--- is kept from one event to the next. It is read when it is first asked for,
--- and saved when it has changed: at the handler's good end and whenever it asks.
---
--- Handlers that run side by side may hold the same session (order = "none", a
--- person in two groups): when somebody else saved it meanwhile, only the fields
--- that this handler changed are laid over it.
local core = require "zapi.core"
local check = require "zapi.bot.check"
local units = require "zapi.bot.unit"

check.ours()

local store <const> = core.store

local M = {}

--- Seconds that a session is kept after it was last saved.
M.ttl = 30 * 86400

local keys = {}

-- The order of a private chat is the person's key, which stays the same when a
-- number turns out to belong to a lid.
function keys.chat(ctx)
   local order = ctx._ev.order
   if order and order ~= "" and not ctx.is_group then return order end
   return ctx.chat
end

function keys.person(ctx)
   return ctx.from and ctx.from.key
end

local function key_of(ctx)
   local by = ctx._bot.sessions.by
   local key
   if type(by) == "function" then
      key = by(ctx)
   else
      key = keys[by](ctx)
   end
   if key == nil then return nil end
   if type(key) ~= "string" or key == "" or #key > 512 then
      check.fail("bad result of 'by' in bot:session (a text of 1 to 512 bytes or nil expected)")
   end
   return key
end

local function namespace(bot)
   return "\1session:" .. M.name_of(bot)
end

--- The automation of a bot, as its data are named.
function M.name_of(bot)
   return bot.service and bot.service.name or bot.options.name or store.name
end

local function bad_table(what)
   check.fail("ctx.session must be a table (got %s); fields of it are set to nil, and the "
      .. "whole of it to {}", what)
end

local function pack(value)
   local ok, packed = pcall(store.pack, value)
   if not ok then check.fail("ctx.session cannot be kept: %s", packed) end
   return packed
end

-- What is known of a ctx's session; nil when this event has none.
local function state_of(ctx)
   local state = ctx._session
   if state then return state end
   local key = key_of(ctx)
   if not key then return nil end
   state = {ns = namespace(ctx._bot), key = key}
   state.packed, state.expires = units.of(ctx):read(state.ns, key)
   ctx._session = state
   return state
end

--- See ctx.session.
function M.load(ctx)
   local state = state_of(ctx)
   return state and (state.packed and store.unpack(state.packed) or {})
end

-- Our changes, laid over what somebody else has saved meanwhile.
local function merge(mine, before, theirs)
   before, theirs = before and store.unpack(before) or {}, store.unpack(theirs)
   local seen = {}
   for name, value in pairs(mine) do
      seen[name] = true
      if before[name] == nil or store.pack(before[name]) ~= store.pack(value) then
         theirs[name] = value
      end
   end
   for name in pairs(before) do
      if not seen[name] then theirs[name] = nil end
   end
   return theirs
end

-- An active chat's session lives on, also when nothing in it changes.
local function is_fresh(state, ttl)
   if not state.packed then return true end
   if not ttl then return state.expires == nil end
   return state.expires ~= nil and state.expires - core.now() > ttl / 2
end

local function replace(into, with)
   for name in pairs(into) do
      if with[name] == nil then into[name] = nil end
   end
   for name, value in pairs(with) do into[name] = value end
end

-- The session as bytes; nil: there is nothing in it.
local function packed_of(session)
   if next(session) == nil then return nil end
   return pack(session)
end

-- What is to be kept when it has changed: others' changes go into it.
local function changed(session, state, packed)
   local theirs = store.get(state.ns, state.key)
   if not theirs or theirs == state.packed then return packed end
   replace(session, merge(session, state.packed, theirs))
   return packed_of(session)
end

--- Keeps the session when it has changed, or will soon expire.
function M.save(ctx)
   local session = rawget(ctx, "session")
   if session == nil then return end
   if type(session) ~= "table" then bad_table(type(session)) end
   local state = state_of(ctx)
   if not state then return end
   local packed, ttl = packed_of(session), ctx._bot.sessions.ttl
   if packed == state.packed then
      if is_fresh(state, ttl) then return end
   else
      packed = changed(session, state, packed)
   end
   state.packed, state.expires = packed, packed and ttl and core.now() + ttl or nil
   units.of(ctx):write(state.ns, state.key, packed, state.expires)
end

--- Reads it again into the same table, as others may have saved it while this
--- handler was waiting for an answer.
function M.reread(ctx)
   local state, session = ctx._session, rawget(ctx, "session")
   if not state then return end
   state.packed, state.expires = units.of(ctx):read(state.ns, state.key)
   local now = state.packed and store.unpack(state.packed) or {}
   if type(session) == "table" then
      replace(session, now)
   else
      ctx.session = nil
   end
end

--- See bot:session.
function M.configure(options)
   options = check.options(options, {by = "string|function", ttl = "number|boolean"},
      "bot:session")
   local by, ttl = options.by or "chat", options.ttl
   if type(by) == "string" and not keys[by] then
      check.fail("bad 'by' in bot:session (\"chat\", \"person\" or a function expected, got '%s')",
         by)
   end
   if ttl == nil then ttl = M.ttl end
   if ttl == true or ttl and not (ttl > 0 and ttl < 1e11) then
      check.fail("bad 'ttl' in bot:session (seconds above 0, or false for ever, expected)")
   end
   return {by = by, ttl = ttl}
end

return M
