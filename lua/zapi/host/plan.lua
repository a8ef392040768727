--- Reads the table of `--config FILE`, in a state of its own (src/host/plan.c).
--
-- The file is run in an empty environment: no library, no methods of strings,
-- few instructions. What it returns is checked to the last key here, and comes
-- back with secrets read, defaults filled in and lists sorted.
--
-- Receives the file's path and what the host knows:
--   text            the file's text
--   options         {listen = "value", watch = "flag", …}: names of options
--   nearness(a, b)  how near two words are; nil: not at all
--   getenv(name)    a variable of the environment or .env
--   read(path)      a file's text; nil and why
--   secret(text)    never to be shown from now on
--   trial           `dev`: secrets are not read, as the sandbox's are used

local path, host = ...

local INSTRUCTIONS <const> = 10000000
local DEPTH <const> = 32

local folder = path:match "^(.*)/[^/]*$" or "."
local find, format, gsub = string.find, string.format, string.gsub

local function fail(fmt, ...)
   error(path .. ": " .. format(fmt, ...), 0)
end

local function sorted(t)
   local names = {}
   for name in pairs(t) do
      if type(name) ~= "string" then
         fail("names expected, got a key of type %s", type(name))
      end
      names[#names + 1] = name
   end
   table.sort(names)
   return names
end

local function hint(word, names)
   local best, nearest
   for _, name in ipairs(names) do
      local d = host.nearness(word, name)
      if d and (not nearest or d < nearest) then
         best, nearest = name, d
      end
   end
   if best then
      return format("; did you mean '%s'?", best)
   end
   return #names <= 12 and " (there is: " .. table.concat(names, ", ") .. ")" or ""
end

local function table_at(value, where)
   if type(value) ~= "table" then
      fail("%s: a table expected, got %s", where, type(value))
   end
   return value
end

local function check_keys(t, known, where)
   for _, key in ipairs(sorted(t)) do
      if not known[key] then
         fail("%sunknown key '%s'%s", where == "" and "" or where .. ": ", key,
            hint(key, sorted(known)))
      end
   end
end

-- ---- instances ----

local function read_file(name, where)
   local text, why = host.read(find(name, "^/") and name or folder .. "/" .. name)
   if not text then
      fail("%s: cannot read %s: %s", where, name, why)
   end
   return (gsub(text, "%s+$", ""))
end

local sources = {
   env = function(name, where)
      return host.getenv(name) or fail("%s: the variable %s is not set", where, name)
   end,
   file = read_file,
}

-- A text, {env = "NAME"} or {file = "path"}.
local function secret(value, where)
   if type(value) == "table" then
      check_keys(value, sources, where)
      local kind, name = next(value)
      if not kind or next(value, kind) or type(name) ~= "string" then
         fail("%s: a text, {env = \"NAME\"} or {file = \"path\"} expected", where)
      end
      value = host.trial and "trial" or sources[kind](name, where)
   elseif type(value) ~= "string" then
      fail("%s: a text, {env = \"NAME\"} or {file = \"path\"} expected, got %s", where,
         type(value))
   end
   if value == "" then
      fail("%s is empty", where)
   end
   return value
end

local function instances(list)
   local out = {}
   for _, name in ipairs(sorted(list)) do
      local where = "instances." .. name
      local given = table_at(list[name], where)
      check_keys(given, {id = true, token = true, client_token = true}, where)
      for _, key in ipairs {"id", "token"} do
         if given[key] == nil then
            fail("%s: '%s' is missing", where, key)
         end
      end
      local one = {name = name, instance = secret(given.id, where .. ".id"),
         token = secret(given.token, where .. ".token"),
         client_token = given.client_token
            and secret(given.client_token, where .. ".client_token")}
      if not host.trial then
         host.secret(one.token)
         host.secret(one.client_token or one.token)
      end
      out[#out + 1] = one
      out[name] = one
   end
   return out
end

-- ---- automations ----

local function check_plain(value, where, depth)
   local kind = type(value)
   if kind == "table" then
      if depth > DEPTH then
         fail("%s is too deep (or holds itself)", where)
      end
      for k, v in pairs(value) do
         if type(k) ~= "string" and type(k) ~= "number" then
            fail("%s: keys are texts or numbers, not %s", where, type(k))
         end
         check_plain(v, where .. "." .. k, depth + 1)
      end
   elseif kind ~= "string" and kind ~= "number" and kind ~= "boolean" then
      fail("%s: a %s is no value for a script's options", where, kind)
   end
   return value
end

local function number_of(given, key, where, least)
   local n = given[key]
   if n ~= nil and (type(n) ~= "number" or n < least) then
      fail("%s.%s: a number from %s on expected", where, key, least)
   end
   return n
end

-- The instances of one automation, its first one first: all when it names none.
local function of_automation(given, all, where)
   if given.instances == nil then
      local list = {}
      for i, one in ipairs(all) do list[i] = one end
      return list
   end
   local out = {}
   for i, name in ipairs(table_at(given.instances, where .. ".instances")) do
      out[i] = type(name) == "string" and all[name]
      if not out[i] then
         fail("%s.instances: there is no instance '%s'%s", where, tostring(name),
            hint(tostring(name), (function()
               local names = {}
               for n, one in ipairs(all) do names[n] = one.name end
               return names
            end)()))
      end
   end
   if #out == 0 then
      fail("%s.instances is empty (leave it out: all)", where)
   end
   return out
end

local function memory_of(given, where)
   local memory = given.memory
   if memory ~= nil and type(memory) ~= "string" and type(memory) ~= "number" then
      fail("%s.memory: a size as \"64M\" expected", where)
   end
   return memory and tostring(memory)
end

local function concurrency_of(given, where)
   local n = number_of(given, "concurrency", where, 1)
   if n and math.type(n) ~= "integer" then
      fail("%s.concurrency: an integer expected", where)
   end
   return n
end

local KEYS <const> = {script = true, instances = true, memory = true, budget = true,
   concurrency = true, options = true}

local function automation(name, given, all)
   local where = "automations." .. name
   table_at(given, where)
   check_keys(given, KEYS, where)
   if type(given.script) ~= "string" then
      fail("%s: 'script' is missing (the file's name)", where)
   elseif not find(name, "^[%w_.-]+$") then
      fail("%s: a name has only letters, digits and _ . -", where)
   end
   return {
      name = name,
      script = find(given.script, "^/") and given.script or folder .. "/" .. given.script,
      memory = memory_of(given, where), budget = number_of(given, "budget", where, 0.01),
      concurrency = concurrency_of(given, where),
      given = {
         options = check_plain(given.options == nil and {}
            or table_at(given.options, where .. ".options"), where .. ".options", 1),
         instances = of_automation(given, all, where),
      },
   }
end

local function automations(list, all)
   local out = {}
   for _, name in ipairs(sorted(list)) do
      out[#out + 1] = automation(name, list[name], all)
   end
   if #out == 0 then
      fail("automations: none is named")
   end
   return out
end

-- ---- the rest: options of the command line ----

local function options(t)
   local out = {}
   for key, value in pairs(t) do
      local kind = host.options[key]
      if kind == "flag" then
         if type(value) ~= "boolean" then
            fail("%s: true or false expected", key)
         end
         out[key] = value and "1" or nil
      elseif kind then
         if type(value) ~= "string" and type(value) ~= "number" then
            fail("%s: a text expected, got %s", key, type(value))
         end
         out[key] = tostring(value)
      end
   end
   return out
end

local function run()
   local chunk, err = load(host.text, "@" .. path, "t", {})
   if not chunk then
      if find(err, path, 1, true) ~= 1 then
         fail("%s", err)
      end
      error(err, 0)
   end
   local strings = debug.getmetatable ""
   debug.setmetatable("", nil)
   debug.sethook(function() error(path .. ": it computes for too long", 0) end, "", INSTRUCTIONS)
   local ok, value = pcall(chunk)
   debug.sethook()
   debug.setmetatable("", strings)
   if not ok then
      error(value, 0)
   end
   return value
end

local plan = run()
if type(plan) ~= "table" then
   fail("it must return a table, got %s", type(plan))
end
local known = {instances = true, automations = true}
for name in pairs(host.options) do
   known[name] = true
end
check_keys(plan, known, "")
local all = instances(plan.instances == nil and {} or table_at(plan.instances, "instances"))
return {
   options = options(plan),
   automations = automations(table_at(plan.automations or {}, "automations"), all),
}
