--- Reads what callgrind wrote and says whose instructions they were.
--
-- A function's own cost counts for the object it is in. What an object calls in
-- the C library (memcpy, malloc, a system call's wrapper) counts for the caller, as
-- it is the caller's work. The format is that of "Callgrind Format Specification":
-- lines of cost under `fn=`, and after `calls=` one line with the cost of the call;
-- names are given once, then by their number.
local M = {}

-- Where an object's instructions are counted; nil: a group of its own.
local GROUPS = {
   {"^libcurl", "libcurl"}, {"^liblua", "Lua"}, {"^libuv", "libuv"},
   {"^libc%.", "libc"}, {"^ld%-", "libc"}, {"^zapibot$", "zapibot"},
}

local function group_of(object)
   local name = object:match "[^/]*$"
   for _, pair in ipairs(GROUPS) do
      if name:find(pair[1]) then
         return pair[2]
      end
   end
   return "other"
end

-- Names by number: "(3) memcpy" tells number 3, "(3)" means it.
local function reader()
   local names = {}
   return function(text)
      local number, name = text:match "^(%(%d+%)) ?(.*)$"
      if not number then
         return text
      end
      if name ~= "" then
         names[number] = name
      end
      return assert(names[number], "a name that was not told: " .. text)
   end
end

local function add(totals, group, cost)
   totals[group] = (totals[group] or 0) + cost
end

---@class bench.Profile
---@field groups table<string, integer> instructions by group
---@field functions table<string, integer> own cost of zapibot's functions

-- What a line does to the state of reading, by its key.
local function handlers(state)
   local object, name = reader(), reader()
   return {
      ob = function(text) state.group = group_of(object(text)) end,
      fn = function(text) state.fn, state.to = name(text), nil end,
      cob = function(text) state.to = group_of(object(text)) end,
      cfn = function(text) name(text) end,
      calls = function() state.called = true end,
   }
end

-- The cost of a call: only what is asked of the C library moves, and not the
-- frames below main, which are everything.
local function call_cost(profile, state, cost)
   local from, to = state.group, state.to or state.group
   state.called, state.to = false, nil
   if to == "libc" and from ~= "libc" and state.fn ~= "_start" and state.fn ~= "(below main)" then
      add(profile.groups, from, cost)
      if from == "zapibot" then
         add(profile.functions, "(C library, for zapibot)", cost)
      end
   end
end

local function own_cost(profile, state, cost)
   if state.group == "libc" then
      return -- counted at the call
   end
   add(profile.groups, state.group, cost)
   if state.group == "zapibot" then
      add(profile.functions, state.fn, cost)
   end
end

--- Reads a file of callgrind.
---@param path string
---@return bench.Profile
function M.read(path)
   local profile, state = {groups = {}, functions = {}}, {}
   local on = handlers(state)
   for line in io.lines(path) do
      local key, text = line:match "^(%l+)=(.*)$"
      local cost = line:match "^[%d%+%-%*][%x%+%-%*]* (%d+)$"
      if key and on[key] then
         on[key](text)
      elseif cost then
         local count = state.called and call_cost or own_cost
         count(profile, state, tonumber(cost))
      end
   end
   return profile
end

--- What the second has more than the first, for each of `n`.
---@param first bench.Profile
---@param second bench.Profile
---@param n integer
---@return bench.Profile
function M.difference(first, second, n)
   local out = {}
   for field, values in pairs(second) do
      out[field] = {}
      for name, cost in pairs(values) do
         out[field][name] = (cost - (first[field][name] or 0)) / n
      end
   end
   return out
end

return M
