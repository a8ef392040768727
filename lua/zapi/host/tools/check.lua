--- `zapibot check SCRIPT.lua…`: what is wrong with scripts, without running them.

local core = require "zapi.core"
local args = require "zapi.host.cli.args"
local check = require "zapi.host.check"
local json = require "zapi.host.cli.json"

local OPTIONS = {
   {"--json", nil, "an array of objects: file, line, column, severity, code, message"},
   {"--no-config", nil, "does not look whether credentials and secret are set"},
}

local MORE = [[
Found are: syntax errors; globals that nothing defines; endpoints, methods and
names of events that do not exist; misspelt and missing parameters of calls whose
table is written in the call; a dot where a colon belongs (ctx.reply); handlers
without bot:run(); credentials that are not set (a warning).

Exit codes: 0 nothing but warnings, 1 errors, 2 wrong usage or no such file.
For git: zapibot check --no-config $(git diff --cached --name-only '*.lua')
]]

local FIELDS = {"file", "line", "column", "severity", "code", "message"}

local function print_json(found)
   local list = core.array {}
   for i, finding in ipairs(found) do
      list[i] = json.object {}
      for _, name in ipairs(FIELDS) do json.set(list[i], name, finding[name]) end
   end
   json.print(list)
end

local function print_lines(found)
   for _, f in ipairs(found) do
      io.stdout:write(("%s:%d:%d: %s%s\n"):format(f.file, f.line, f.column,
         f.severity == "warning" and "warning: " or "", f.message))
   end
end

local function run(words)
   local given, paths = args.parse(words, OPTIONS, MORE)
   if #paths == 0 then args.fail("which script? zapibot check SCRIPT.lua…") end
   local all, code = {}, 0
   for _, path in ipairs(paths) do
      local found, err = check.file(path, {config = not given["no-config"]})
      if not found then args.fail("%s", err) end
      for _, finding in ipairs(found) do
         all[#all + 1] = finding
         if finding.severity == "error" then code = 1 end
      end
   end
   if given.json then
      print_json(all)
   else
      print_lines(all)
   end
   os.exit(code)
end

run {...}
