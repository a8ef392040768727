--- bench/results.md: a head, and one section for each part. Sections of parts that
-- were not measured this time are kept.
local process = require "bench.lib.process"

local M = {}

local ORDER = { "echo", "inbox", "backlog", "conversation", "many", "reload", "http", "encode",
   "footprint" }

local HEAD = [[
# Benchmark results

Written by `bench/run`; never by hand. [README.md](README.md) says what is measured and
how to read it. Compare figures inside one table only: they were taken in one run,
alternating, on one machine. "a (b–c)" is the median and the range of the rounds.
]]

--- A Markdown table.
---@param head string[]
---@param rows string[][]
---@return string
function M.table(head, rows)
   local lines = { "| " .. table.concat(head, " | ") .. " |" }
   lines[2] = "|" .. (" --- |"):rep(#head)
   for _, row in ipairs(rows) do
      lines[#lines + 1] = "| " .. table.concat(row, " | ") .. " |"
   end
   return table.concat(lines, "\n") .. "\n"
end

--- One line of the list of targets.
---@param met boolean
---@param text string what was wanted
---@param figure string what came out
---@return string
function M.target(met, text, figure)
   return ("- %s: %s — **%s**\n"):format(text, figure, met and "met" or "missed")
end

local function first_of(command)
   local ok, line = pcall(process.output, command .. " 2>/dev/null")
   return ok and line ~= "" and line or "?"
end

local function peer(name)
   local file = "./bench/peers/node_modules/" .. name .. "/package.json"
   return name .. " " .. first_of(("node -p 'require(\"%s\").version'"):format(file))
end

local function versions(setup)
   return table.concat({
      first_of(setup.build .. "/zapibot --version"),
      "commit " .. first_of "git describe --always --dirty --exclude '*'",
      first_of "lua5.4 -v":match "^Lua [%d.]+",
      "libuv " .. first_of "pkg-config --modversion libuv",
      "libcurl " .. first_of "pkg-config --modversion libcurl",
      "libmicrohttpd " .. first_of "pkg-config --modversion libmicrohttpd",
      "Node " .. first_of "node --version",
      peer "fastify",
      peer "undici",
      peer "better-sqlite3",
      "SQLite " .. first_of "pkg-config --modversion sqlite3",
      "wrk " .. first_of "dpkg-query -W -f '${Version}' wrk",
   }, ", ")
end

local function machine()
   return ("%s × %s, %s, kernel %s, load %s when it began"):format(first_of "nproc",
      first_of "sed -n 's/^model name[^:]*: //p' /proc/cpuinfo",
      first_of ". /etc/os-release; echo \"$PRETTY_NAME\"", first_of "uname -r",
      first_of "cut -d' ' -f1 /proc/loadavg")
end

local function provenance(setup, name)
   return ("%s; `bench/run %s --rounds %d --seconds %d`  \nMachine: %s  \nVersions: %s\n"):format(
      os.date "!%Y-%m-%d %H:%M UTC", name, setup.rounds, setup.seconds, setup.machine,
      versions(setup))
end

local function read_sections(file)
   local sections, name = {}, nil
   local f = io.open(file, "r")
   if not f then return sections end
   for line in f:lines() do
      name = line:match "^## (%w+)" or name
      if name then sections[name] = (sections[name] or "") .. line .. "\n" end
   end
   f:close()
   return sections
end

--- Notes what the machine was doing before we made it busy.
---@param setup bench.Setup
function M.begin(setup)
   setup.machine = machine()
end

--- Writes the file: new sections, and the old ones of other parts.
---@param file string
---@param setup bench.Setup
---@param fresh table<string, {title: string, text: string}>
function M.write(file, setup, fresh)
   local sections = read_sections(file)
   for name, section in pairs(fresh) do
      sections[name] = ("## %s: %s\n\n%s\n%s"):format(name, section.title,
         provenance(setup, name), section.text)
   end
   local out = { HEAD }
   for _, name in ipairs(ORDER) do
      out[#out + 1] = sections[name] and sections[name]:gsub("%s+$", "") .. "\n" or nil
   end
   local f = assert(io.open(file, "w"))
   f:write(table.concat(out, "\n"))
   f:close()
end

return M
