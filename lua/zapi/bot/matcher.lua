--- Lua patterns that cannot hang the host. string.find backtracks inside C,
--- where nothing can stop it: ".-.-.-b" takes seconds on a few hundred letters.
--- Here a pattern is taken apart once, when it is registered. string.find does
--- the work when even its worst case is cheap for this text; else a matcher in
--- Lua with the same meaning, which counts its steps and gives up.
---
--- Start reading at M.compile. Sets are made by asking string.find about each
--- of the 256 bytes, so classes mean exactly what they mean in Lua.
local check = require "zapi.bot.check"
check.ours()

local M = {}

--- Single characters tried before a match is given up: 15 to 60 ms.
M.max_steps = 200000
--- string.find is used when its worst case has no more steps than this.
M.max_native = 2000000

local byte <const>, sub <const>, find <const> = string.byte, string.sub, string.find
local GIVE_UP <const> = {}

-- ---- taking a pattern apart ----

-- One past the end of the class that starts at i.
local function class_end(p, i)
   local c = sub(p, i, i)
   if c == "%" then
      if i == #p then check.fail("malformed pattern '%s' (ends with '%%')", p) end
      return i + 2
   end
   if c ~= "[" then return i + 1 end
   i = i + 1
   if sub(p, i, i) == "^" then i = i + 1 end
   repeat -- a ']' right after '[' belongs to the set
      if i > #p then check.fail("malformed pattern '%s' (missing ']')", p) end
      i = i + (sub(p, i, i) == "%" and 2 or 1)
   until sub(p, i, i) == "]"
   return i + 1
end

local function make_set(item)
   if item ~= "." and item:find("^%p$") then item = "%" .. item end
   local set, pattern = {}, "^" .. item
   for b = 0, 255 do set[b] = find(string.char(b), pattern) ~= nil end
   return set
end

local parsers = {}

parsers["("] = function(state, p, i)
   state.captures = state.captures + 1
   if sub(p, i + 1, i + 1) == ")" then
      state.positions[state.captures] = true
      return {kind = "position", n = state.captures}, i + 2
   end
   state.open[#state.open + 1] = state.captures
   return {kind = "open", n = state.captures}, i + 1
end

parsers[")"] = function(state, p, i)
   local n = table.remove(state.open)
   if not n then check.fail("invalid pattern '%s' (')' without '(')", p) end
   return {kind = "close", n = n}, i + 1
end

local function parse_balance(state, p, i)
   local a, b = byte(p, i + 2, i + 3)
   if not b then check.fail("malformed pattern '%s' (%%b needs two characters)", p) end
   state.degree = state.degree + 1
   return {kind = "balance", a = a, b = b}, i + 4
end

local function parse_frontier(_, p, i)
   if sub(p, i + 2, i + 2) ~= "[" then
      check.fail("malformed pattern '%s' (missing '[' after %%f)", p)
   end
   local stop = class_end(p, i + 2)
   return {kind = "frontier", set = make_set(sub(p, i + 2, stop - 1))}, stop
end

parsers["%"] = function(state, p, i)
   local c = sub(p, i + 1, i + 1)
   if c == "b" then return parse_balance(state, p, i) end
   if c == "f" then return parse_frontier(state, p, i) end
   if not c:find("%d") then return nil end
   local n = tonumber(c)
   local unusable = n == 0 or n > state.captures or state.positions[n]
   for _, o in ipairs(state.open) do unusable = unusable or o == n end
   if unusable then
      check.fail("invalid pattern '%s' (no finished text capture %%%d)", p, n)
   end
   return {kind = "again", n = n}, i + 2
end

local function parse_single(state, p, i)
   local stop = class_end(p, i)
   local node = {kind = "single", set = make_set(sub(p, i, stop - 1))}
   local mark = sub(p, stop, stop)
   if mark ~= "" and find("*+-?", mark, 1, true) then
      node.kind, stop = mark, stop + 1
      local counted = mark == "?" and "optional" or "degree"
      state[counted] = state[counted] + 1
   end
   return node, stop
end

local function parse(p)
   local state = {captures = 0, open = {}, positions = {}, degree = 0, optional = 0,
      nodes = {}}
   local i = 1
   if sub(p, 1, 1) == "^" then state.anchored, i = true, 2 end
   while i <= #p do
      local c, node, stop = sub(p, i, i), nil, nil
      if c == "$" and i == #p then
         node, stop = {kind = "end"}, i + 1
      else
         local special = parsers[c]
         if special then node, stop = special(state, p, i) end
         if not node then node, stop = parse_single(state, p, i) end
      end
      state.nodes[#state.nodes + 1] = node
      i = stop
   end
   if #state.open > 0 then check.fail("unfinished capture in pattern '%s'", p) end
   if state.captures > 32 then check.fail("too many captures in pattern '%s'", p) end
   return state
end

-- ---- matching with counted steps ----

local steppers = {}

-- The position after the rest of the pattern from node k on, or nil.
local function match(run, i, k)
   local node = run.nodes[k]
   if not node then return i end
   run.steps = run.steps - 1
   if run.steps < 0 then error(GIVE_UP, 0) end
   return steppers[node.kind](run, i, k, node)
end

function steppers.single(run, i, k, node)
   return node.set[byte(run.s, i)] and match(run, i + 1, k + 1)
end

steppers["?"] = function(run, i, k, node)
   return node.set[byte(run.s, i)] and match(run, i + 1, k + 1) or match(run, i, k + 1)
end

local function longest(run, i, k, node, least)
   local s, set, n = run.s, node.set, 0
   while set[byte(s, i + n)] do n = n + 1 end
   run.steps = run.steps - n // 4
   while n >= least do
      local stop = match(run, i + n, k + 1)
      if stop then return stop end
      n = n - 1
   end
end

steppers["*"] = function(run, i, k, node) return longest(run, i, k, node, 0) end
steppers["+"] = function(run, i, k, node) return longest(run, i, k, node, 1) end

steppers["-"] = function(run, i, k, node)
   while true do
      local stop = match(run, i, k + 1)
      if stop then return stop end
      if not node.set[byte(run.s, i)] then return nil end
      i = i + 1
   end
end

-- Sets one end of a capture and takes it back when the rest does not match.
local function capture(run, i, k, array, n)
   local old = array[n]
   array[n] = i
   local stop = match(run, i, k + 1)
   if not stop then array[n] = old end
   return stop
end

function steppers.open(run, i, k, node) return capture(run, i, k, run.from, node.n) end
function steppers.close(run, i, k, node) return capture(run, i, k, run.to, node.n) end

function steppers.position(run, i, k, node)
   return capture(run, i, k, run.at, node.n)
end

steppers["end"] = function(run, i, k)
   return i > #run.s and match(run, i, k + 1)
end

function steppers.balance(run, i, k, node)
   local s, depth = run.s, 1
   if byte(s, i) ~= node.a then return nil end
   for j = i + 1, #s do
      run.steps = run.steps - 1
      if run.steps < 0 then error(GIVE_UP, 0) end
      local c = byte(s, j)
      if c == node.b then
         depth = depth - 1
         if depth == 0 then return match(run, j + 1, k + 1) end
      elseif c == node.a then
         depth = depth + 1
      end
   end
end

function steppers.frontier(run, i, k, node)
   local before, here = byte(run.s, i - 1) or 0, byte(run.s, i) or 0
   if i == 1 then before = 0 end
   return not node.set[before] and node.set[here] and match(run, i, k + 1)
end

function steppers.again(run, i, k, node)
   local text = sub(run.s, run.from[node.n], run.to[node.n] - 1)
   return sub(run.s, i, i + #text - 1) == text and match(run, i + #text, k + 1)
end

local function search(state, s)
   local run = {s = s, nodes = state.nodes, steps = M.max_steps, from = {}, to = {}, at = {}}
   for i = 1, state.anchored and 1 or #s + 1 do
      local stop = match(run, i, 1)
      if stop then
         local found = {}
         for n = 1, state.captures do
            found[n] = run.at[n] or sub(s, run.from[n], run.to[n] - 1)
         end
         if state.captures == 0 then found[1] = sub(s, i, stop - 1) end
         return found
      end
   end
end

-- ---- the two together ----

-- Steps of the worst case: length ^ quantifiers / quantifiers!, once more for
-- the place where an unanchored pattern may begin, and twice for each '?', with
-- which all that follows is tried with the character and without it.
local function worst(state, length)
   local cost, k = 2.0 ^ state.optional, state.degree + (state.anchored and 0 or 1)
   for i = 1, k do cost = cost * length / i end
   return cost
end

--- Makes a function that takes a text and returns the captures (the whole match
--- when there are none), nil when it does not match, or nil and "gave up".
---@param pattern string
---@return fun(s: string): table|nil, string|nil
function M.compile(pattern)
   local state = parse(pattern)
   return function(s)
      if worst(state, #s) <= M.max_native then
         local found = {find(s, pattern)}
         if not found[1] then return nil end
         if #found == 2 then return {sub(s, found[1], found[2])} end
         return table.move(found, 3, #found + 2, 1, {})
      end
      local ok, found = pcall(search, state, s)
      if ok then return found end
      if found ~= GIVE_UP then error(found, 0) end
      return nil, "gave up"
   end
end

return M
