#!/usr/bin/env lua5.4
-- scripts/check_source.lua [ROOT]: the rules of ARCHITECTURE.md that a machine can
-- check. Prints FILE:LINE: what is wrong; the exit code is 1 when anything is.
--   layers     host -> lua -> engine -> {api, net, store} -> base
--   libraries  each foreign header only where it belongs
--   functions  none over 60 lines
--   licence    every C file starts with its SPDX line

local root = arg[1] or "."
local MAX_LINES = 60

-- What each layer may include, besides itself.
local below = {
   base = "",
   api = "base",
   net = "base",
   store = "base",
   engine = "api net store base",
   lua = "engine api net store base",
   host = "lua engine api net store base",
}

-- Which files may include these headers (Lua pattern of the path).
local homes = {
   { "^lua%.h$", { "^src/lua/", "^src/host/" } },
   { "^lualib%.h$", { "^src/lua/", "^src/host/" } },
   { "^lauxlib%.h$", { "^src/lua/", "^src/host/" } },
   { "^curl/", { "^src/net/client[%w_]*%.c$", "^src/net/client_parts%.h$" } },
   { "^microhttpd%.h$", { "^src/net/door%.c$" } },
   { "^gnutls/", { "^src/net/tls%.c$" } },
   { "^sqlite3%.h$", { "^src/store/[%w_]+%.c$" } },
}

local wrong = 0

local function report(file, line, text)
   wrong = wrong + 1
   print(("%s:%d: %s"):format(file, line, text))
end

local function matches_any(text, patterns)
   for _, pattern in ipairs(patterns) do
      if text:find(pattern) then return true end
   end
   return false
end

local function check_library(file, number, header)
   for _, home in ipairs(homes) do
      if header:find(home[1]) and not matches_any(file, home[2]) then
         report(file, number, ("<%s> does not belong here"):format(header))
      end
   end
end

local function check_own(file, number, header)
   local layer = file:match("^src/(%w+)/")
   local target = header:match("^(%w+)/")
   if not below[target] then
      report(file, number, ('"%s" must be written "layer/name.h"'):format(header))
   elseif target ~= layer and not below[layer]:find("%f[%w]" .. target .. "%f[%W]") then
      report(file, number, ("layer %s may not include %s (%s)"):format(layer, target, header))
   end
end

-- With our clang-format a function's body is between a "{" and a "}" alone in
-- the first column; the signature is counted from the line after the last
-- blank line, comment or end of a declaration.
local function signature_start(lines, open)
   local first = open
   while first > 1 and not lines[first - 1]:find("^%s*$")
      and not lines[first - 1]:find("%*/%s*$") and not lines[first - 1]:find("[;}]%s*$")
      and not lines[first - 1]:find("^#") do
      first = first - 1
   end
   return first
end

local function check_functions(file, lines)
   local start
   for number, line in ipairs(lines) do
      if line == "{" then
         start = signature_start(lines, number)
      elseif line == "}" and start then
         local size = number - start + 1
         if size > MAX_LINES then
            report(file, start, ("function of %d lines (at most %d)"):format(size, MAX_LINES))
         end
         start = nil
      end
   end
end

local function check_file(file)
   local lines = {}
   for line in io.lines(root .. "/" .. file) do lines[#lines + 1] = line end
   if lines[1] ~= "/* SPDX-License-Identifier: MIT" then
      report(file, 1, "must start with /* SPDX-License-Identifier: MIT")
   end
   for number, line in ipairs(lines) do
      local foreign = line:match("^%s*#%s*include%s*<([^>]+)>")
      local own = line:match('^%s*#%s*include%s*"([^"]+)"')
      if foreign then check_library(file, number, foreign) end
      if own then check_own(file, number, own) end
   end
   check_functions(file, lines)
end

local function quote(text)
   return "'" .. text:gsub("'", "'\\''") .. "'"
end

local count = 0
local list = assert(io.popen(("cd %s && find src -name '*.[ch]' | sort"):format(quote(root))))
for file in list:lines() do
   count = count + 1
   if not below[file:match("^src/(%w+)/") or ""] then
      report(file, 1, "is in no known layer")
   else
      check_file(file)
   end
end
list:close()
if count == 0 then
   print("check_source: no source found below " .. root .. "/src")
   os.exit(1)
end
print(("%d files, %d wrong"):format(count, wrong))
os.exit(wrong == 0)
