--- The command line of a tool: options, positional words, and how wrong usage
-- ends. A tool declares its options as a list of
-- {"--section", "NAME", "what it is for"}; the second is nil for a flag.

local core = require "zapi.core"

local M = {}

local function say(fmt, ...)
   local text = select("#", ...) > 0 and fmt:format(...) or fmt
   io.stderr:write("zapibot ", core.options.tool or "?", ": ", core.redact(text), "\n")
end

--- Wrong usage: one line on stderr, exit code 2. Does not return.
---@param fmt string
function M.fail(fmt, ...)
   say(fmt, ...)
   os.exit(2)
end

--- Anything else that went wrong, with an exit code. Does not return.
---@param code integer
---@param fmt string
function M.stop(code, fmt, ...)
   say(fmt, ...)
   os.exit(code)
end

--- " (did you mean 'x'?)", or "".
---@param word string
---@param names string[]
---@return string
function M.hint(word, names)
   local near = core.nearest(word, names)
   return near and ("; did you mean '" .. near .. "'?") or ""
end

--- The commands or the options of the program, in the order of --help. An option
--- may have a default and a variable.
---@param what "command"|"option"
---@return {name: string, words: string, help: string, default?: string, variable?: string}[]
function M.listed(what)
   local out = {}
   for line in core.options.list:gmatch "[^\n]+" do
      local columns = {}
      for column in (line .. "\t"):gmatch "([^\t]*)\t" do
         columns[#columns + 1] = column ~= "" and column
      end
      if columns[1] == what then
         out[#out + 1] = {name = columns[2], words = columns[3] or "", help = columns[4],
            default = columns[5] or nil, variable = columns[6] or nil}
      end
   end
   return out
end

--- The options of a tool, for completion. A tool declares them as tables in its
-- own file ({"--json", …}); they are read from there, not run.
---@param name string
---@return string[]
function M.options_of(name)
   local names, text = {}, core.asset("zapi/host/tools/" .. name .. ".lua")
   for option in (text or ""):gmatch '{"(%-%-[%w-]+)",' do
      names[#names + 1] = option
   end
   if text then
      names[#names + 1] = "--help"
   end
   return names
end

local function command_row()
   for _, row in ipairs(M.listed "command") do
      if row.name == core.options.tool then
         return row
      end
   end
end

--- The help of the tool itself.
---@param options table the declared ones
---@param more? string text below
---@return string
function M.usage(options, more)
   local row = command_row()
   local lines = {"Usage: zapibot " .. row.name .. (row.words ~= "" and " " or "") .. row.words, "",
      row.help:sub(1, 1):upper() .. row.help:sub(2) .. ".", ""}
   for _, o in ipairs(options) do
      local left = o[1] .. (o[2] and (" " .. o[2]) or "")
      lines[#lines + 1] = ("  %-20s %s"):format(left, o[3])
   end
   lines[#lines + 1] = ("  %-20s %s"):format("--help", "this text")
   return table.concat(lines, "\n") .. "\n" .. (more and ("\n" .. more) or "")
end

local function names_of(options)
   local names = {"--help"}
   for _, o in ipairs(options) do
      names[#names + 1] = o[1]
   end
   return names
end

-- The value of an option: after '=', or the next word.
local function value_of(option, inline, words, at)
   if not option[2] then
      if inline then
         M.fail("%s takes no value", option[1])
      end
      return true, at
   end
   local value = inline or words[at + 1]
   if not value then
      M.fail("%s needs a value: %s %s", option[1], option[1], option[2])
   end
   return value, inline and at or at + 1
end

local function find(options, name)
   for _, o in ipairs(options) do
      if o[1] == name then
         return o
      end
   end
   M.fail("unknown option '%s'%s", name, M.hint(name, names_of(options)))
end

--- Parts options (by name, without the dashes) from positional words. Options
-- may stand anywhere; "--" ends them. --help prints the usage and exits.
---@param words string[]
---@param options table
---@param more? string for the usage
---@return table<string, string|true> given, string[] rest
function M.parse(words, options, more)
   local given, rest, at = {}, {}, 1
   while at <= #words do
      local word = words[at]
      if word == "--" then
         table.move(words, at + 1, #words, #rest + 1, rest)
         break
      elseif word == "--help" or word == "-h" then
         io.stdout:write(M.usage(options, more))
         os.exit(0)
      elseif word:sub(1, 2) == "--" or word:find "^%-%a" then
         local name, inline = word:match "^([^=]+)=(.*)$"
         local option = find(options, name or word)
         given[option[1]:sub(3)], at = value_of(option, inline, words, at)
      else
         rest[#rest + 1] = word
      end
      at = at + 1
   end
   return given, rest
end

return M
