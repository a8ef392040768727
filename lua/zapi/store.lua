--- What scripts keep: values by key, on disk, in namespaces.
---
---    local orders = zapi.store("orders")
---    orders:set("42", {total = 12.5}, {ttl = 86400})
---    orders:update("count", function(n) return (n or 0) + 1 end)
---
--- Inside a handler a write is part of the handler (bot/unit.lua): committed with
--- its good end, and never when it fails. Elsewhere (timers, the main chunk, tasks
--- of one's own) each write is on disk when the function returns. Values are
--- copied: a table that was got and changed must be set again.
local core = require "zapi.core"
local check = require "zapi.bot.check"
local units = require "zapi.bot.unit"

check.ours()

local core_store <const> = core.store
local PAGE <const> = 100
local LONGEST_KEY <const> = 512
local LONGEST_NAME <const> = 64

local M = {}

---@class zapi.Store
local Store = {}
Store.__index = Store
Store.__name = "zapi.Store"

-- ---- arguments ----

-- An integer is a key by its digits: 42 and "42" are one.
local function key_of(key, what)
   if math.type(key) == "integer" then return tostring(key) end
   if type(key) ~= "string" then
      check.fail("bad key in %s (a text or a whole number expected, got %s)", what, type(key))
   elseif #key > LONGEST_KEY or key == "" then
      check.fail("bad key in %s (1 to %d bytes expected, got %d)", what, LONGEST_KEY, #key)
   end
   return key
end

local function pack(value, what, key)
   local ok, packed = pcall(core_store.pack, value)
   if not ok then check.fail("%s cannot keep '%s': %s", what, key, packed) end
   return packed
end

local function ttl_of(options, what)
   if options == nil then return nil end
   local ttl = check.options(options, {ttl = "number"}, what).ttl
   if ttl and not (ttl > 0 and ttl < 1e11) then
      check.fail("bad 'ttl' in %s (seconds above 0 expected, got %s)", what, ttl)
   end
   return ttl
end

local function expiry(ttl)
   return ttl and core.now() + ttl
end

-- ---- reading ----

local function read(self, key)
   local unit = units.current()
   if unit then return unit:read(self._ns, key) end
   return core_store.get(self._ns, key)
end

--- The value of a key, or `default`.
---@param key string|integer
---@param default? any
---@return any
function Store:get(key, default)
   local packed = read(self, key_of(key, "store:get"))
   if packed == nil then return default end
   return core_store.unpack(packed)
end

local function page_of(self, prefix, after)
   local unit = units.current()
   if unit then return unit:scan(self._ns, prefix, after, PAGE) end
   local rows, more = core_store.scan(self._ns, prefix, after, PAGE)
   return rows, more and rows[#rows][1] or nil
end

--- All keys that begin with `prefix`, in the order of their bytes, with their
--- values. It reads a hundred at a time: what is written meanwhile to keys that
--- lie further ahead is seen.
---@param prefix? string
---@return fun(): string?, any
function Store:each(prefix)
   if prefix == nil then prefix = "" end
   check.type(prefix, "string", "prefix", "store:each")
   local rows, last = page_of(self, prefix)
   local i = 0
   return function()
      while i == #rows do
         if not last then return nil end
         rows, last = page_of(self, prefix, last)
         i = 0
      end
      i = i + 1
      return rows[i][1], core_store.unpack(rows[i][2])
   end
end

-- ---- writing ----

local function write(self, key, packed, expires)
   local unit = units.current()
   if unit then return unit:write(self._ns, key, packed, expires) end
   local ok, err = core_store.put(self._ns, key, packed, expires)
   if not ok then error(err, 0) end
end

--- Keeps a value; nil takes the key away. ttl: it is gone after so many seconds.
---@param key string|integer
---@param value any a table, text, number or boolean; at most 1 MiB
---@param options? {ttl: number}
function Store:set(key, value, options)
   key = key_of(key, "store:set")
   local ttl = ttl_of(options, "store:set")
   write(self, key, value ~= nil and pack(value, "store:set", key) or nil, expiry(ttl))
end

--- Takes a key away.
---@param key string|integer
function Store:delete(key)
   write(self, key_of(key, "store:delete"), nil)
end

-- Outside of handlers: holds the key, reads, and writes what change(packed,
-- expires) returns first, expiring at the second; `false` for nothing to write.
local function change_alone(self, key, change)
   local owner <close> = core_store.owner()
   local locked, conflict = owner:lock(self._ns, key)
   if not locked then error(conflict, 0) end
   local packed, expires = change(core_store.get(self._ns, key))
   if packed == false then return end
   local ok, err = core_store.put(self._ns, key, packed, expires)
   if not ok then error(err, 0) end
end

local function change(self, key, fn)
   local unit = units.current()
   if not unit then return change_alone(self, key, fn) end
   unit:lock(self._ns, key)
   local packed, expires = fn(unit:read(self._ns, key))
   if packed ~= false then unit:write(self._ns, key, packed, expires) end
end

--- Makes fn(value) the value, and returns it; nil takes the key away. Nobody
--- else's update comes in between: in a handler the key is held until its end
--- (or question), and others who update it wait. Two handlers that would wait for
--- each other: one begins anew (store.conflict). Without ttl the value goes on to
--- expire when it did.
---@param key string|integer
---@param fn fun(value: any): any
---@param options? {ttl: number}
---@return any value
function Store:update(key, fn, options)
   key = key_of(key, "store:update")
   check.callable(fn, "store:update")
   local ttl = ttl_of(options, "store:update")
   local value
   change(self, key, function(packed, expires)
      value = packed and core_store.unpack(packed)
      value = fn(value)
      if value == nil then return nil end
      return pack(value, "store:update", key), ttl and expiry(ttl) or expires
   end)
   return value
end

--- Sets the value to `new` when it is `old` now (nil: when the key is not there;
--- tables are compared by what they hold). Was it?
---@param key string|integer
---@param old any
---@param new any nil: the key goes
---@param options? {ttl: number}
---@return boolean
function Store:cas(key, old, new, options)
   key = key_of(key, "store:cas")
   local ttl = ttl_of(options, "store:cas")
   local from = old ~= nil and pack(old, "store:cas", key) or nil
   local to = new ~= nil and pack(new, "store:cas", key) or nil
   local is_it = false
   change(self, key, function(packed)
      is_it = packed == from
      if not is_it then return false end
      return to, expiry(ttl)
   end)
   return is_it
end

function Store:__tostring()
   return ("zapi.store: %s%s"):format(self.name, self.shared and " (shared)" or "")
end

check.methods(Store, "store", "_ns")

-- ---- namespaces ----

--- The store of a namespace as the core names it: also of our own ones, which
--- begin with byte 1. For the bot layer.
function M.raw(ns)
   return setmetatable({_ns = ns}, Store)
end

local stores = {}

--- A namespace of this automation; with shared = true one that all automations
--- of the process have in common.
---@param name string 1 to 64 bytes without control characters
---@param options? {shared: boolean}
---@return zapi.Store
function M.open(name, options)
   if type(name) ~= "string" then
      check.fail("bad namespace of zapi.store (a text expected, got %s)", type(name))
   elseif name == "" or #name > LONGEST_NAME or name:find("%c") then
      check.fail("bad namespace of zapi.store (1 to %d bytes without control characters expected)",
         LONGEST_NAME)
   end
   local shared = check.options(options, {shared = "boolean"}, "zapi.store").shared or false
   local ns = (shared and "" or core_store.name) .. "\2" .. name
   local store = stores[ns]
   if not store then
      store = M.raw(ns)
      store.name, store.shared = name, shared
      stores[ns] = store
   end
   return store
end

return M
