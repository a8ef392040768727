--- What the tools that look after a data folder share: where it is, asking it
-- (a running process, else the file), tables for people, questions.

local args = require "zapi.host.cli.args"
local clock = require "zapi.host.tools.lib.clock"
local core = require "zapi.core"
local mask = require "zapi.host.cli.mask"
local term = require "zapi.host.cli.term"

local M = {FAILED = 1}

--- The data folder: --data before or after the command, ZAPIBOT_DATA, .env,
-- else .zapibot of the current folder.
---@param given table
---@return string
function M.folder(given)
   local folder = given.data or core.getenv "ZAPIBOT_DATA" or ".zapibot"
   if folder == "memory" then
      args.fail("with --data memory nothing is kept that could be looked at")
   end
   return folder
end

local function explain(why)
   if why:find("^no database") then
      return why .. " (a script's data is in .zapibot beside it: say --data FOLDER)"
   end
   return why
end

--- The reply to a request, without secrets; a refusal ends the program.
---@param given table
---@param request table
---@return table
function M.ask(given, request)
   local reply, why = core.admin(core.full_path(M.folder(given)), request)
   if not reply then
      args.stop(M.FAILED, "%s", explain(why --[[@as string]]))
   end
   return mask.value(reply)
end

function M.say(fmt, ...)
   io.stdout:write(mask.text(select("#", ...) > 0 and fmt:format(...) or fmt), "\n")
end

--- An id of a person's choice: a whole number above zero.
---@param word string|nil
---@param what string "event" or "send"
---@return integer
function M.id(word, what)
   local id = math.tointeger(tonumber(word))
   if not word then
      args.fail("which %s? Its number is in the first column of 'list'", what)
   elseif not id or id < 1 or not word:find "^%d+$" then
      args.fail("'%s' is no number of %s %s", word, what == "event" and "an" or "a", what)
   end
   return id --[[@as integer]]
end

--- The value of --state must be one of these; wrong usage ends the program.
---@param given table
---@param names string[]
---@param more? string one more
function M.state(given, names, more)
   local all = {table.unpack(names)}
   all[#all + 1] = more
   for _, name in ipairs(all) do
      if given.state == nil or given.state == name then
         return
      end
   end
   args.fail("there is no state '%s'%s (%s)", given.state, args.hint(given.state, all),
      table.concat(all, ", "))
end

---@param given table
---@return integer|nil
function M.limit(given)
   local n = math.tointeger(tonumber(given.limit or 50))
   if not n or n < 1 then
      args.fail("--limit takes a number above 0")
   end
   return n
end

--- Asks a person; without one, and without --yes, that is wrong usage.
---@param given table
---@param question string
function M.confirm(given, question)
   if given.yes then
      return
   elseif not core.options.asks then
      args.fail("%s Say --yes", question)
   end
   io.stdout:write(question, " [y/N] ")
   io.stdout:flush()
   if not (io.read "l" or ""):lower():find "^%s*[ys]" then -- also Portuguese
      args.stop(M.FAILED, "nothing was done")
   end
end

--- "2026-07-31 14:02:11", in the local time zone; "" for nil.
---@param instant number|nil
---@return string
function M.when(instant)
   return instant and os.date("%Y-%m-%d %H:%M:%S", math.floor(instant)) --[[@as string]] or ""
end

--- "3 h ago"; "in 5 min" for what is still to come.
---@param instant number
---@return string
function M.ago(instant)
   local seconds = core.now() - instant
   if seconds < 0 then
      return "in " .. clock.span(-seconds)
   end
   return clock.span(seconds) .. " ago"
end

--- "1.2 MB".
---@param bytes integer
---@return string
function M.bytes(bytes)
   for _, unit in ipairs {{1e9, "GB"}, {1e6, "MB"}, {1e3, "KB"}} do
      if bytes >= unit[1] then
         return ("%.1f %s"):format(bytes / unit[1], unit[2])
      end
   end
   return bytes .. " B"
end

local function cell(value)
   return (tostring(value == nil and "" or value):gsub("%c", " "))
end

local function widths_of(heads, rows)
   local widths = {}
   for i, head in ipairs(heads) do
      widths[i] = term.width(head)
      for _, row in ipairs(rows) do
         widths[i] = math.max(widths[i], term.width(cell(row[i])))
      end
   end
   return widths
end

--- A table with its heads. On a terminal no line is longer than it is wide.
---@param heads string[]
---@param rows any[][] cells, nil for an empty one
function M.table(heads, rows)
   local widths, columns = widths_of(heads, rows), term.columns()
   local function line(row)
      local parts = {}
      for i = 1, #heads do
         parts[i] = term.pad(cell(row[i]), widths[i])
      end
      local text = table.concat(parts, "  "):gsub("%s+$", "")
      M.say("%s", columns and term.clip(text, columns) or text)
   end
   line(heads)
   for _, row in ipairs(rows) do
      line(row)
   end
end

--- "12 of 300 are shown: --limit N", when that is so.
---@param shown integer
---@param total integer
function M.rest(shown, total)
   if shown < total then
      M.say("%d of %d are shown: see --limit", shown, total)
   end
end

--- Runs the action that the first word names.
---@param actions table<string, fun(given: table, word: string|nil)>
---@param given table
---@param words string[]
function M.run(actions, given, words)
   local names = {}
   for name in pairs(actions) do
      names[#names + 1] = name
   end
   table.sort(names)
   local action = actions[words[1]]
   if not words[1] then
      args.fail("what? One of %s", table.concat(names, ", "))
   elseif not action then
      args.fail("there is no '%s'%s", words[1], args.hint(words[1], names))
   elseif #words > 2 then
      args.fail("'%s' is too much", words[3])
   end
   action(given, words[2])
end

return M
