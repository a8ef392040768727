--- `zapibot init KIND [FOLDER]`: the first files of a bot, and what to do with them.

local args = require "zapi.host.cli.args"
local templates = require "zapi.host.init.templates"
local term = require "zapi.host.cli.term"
local types_folder = require "zapi.host.tools.lib.types_folder"

local OPTIONS = {
   {"--force", nil, "replaces files that are there"},
}

local function more()
   local lines = {}
   for i, kind in ipairs(templates.kinds) do
      lines[i] = ("  %-20s %s"):format(kind, templates.templates[kind].what)
   end
   return table.concat(lines, "\n") .. "\n\n" .. [[
FOLDER is made when it is not there; left out, it has the name of the kind. Written
are the script, a spec of it, .env.example, .gitignore and .luarc.json (types for
editors). A .env is never touched.
]]
end

local function quoted(path) return "'" .. path:gsub("'", "'\\''") .. "'" end

local function exists(path)
   local file <close> = io.open(path, "r")
   return file ~= nil
end

local function refuse_to_replace(folder, files)
   local there = {}
   for _, file in ipairs(files) do
      if exists(folder .. "/" .. file[1]) then there[#there + 1] = file[1] end
   end
   if #there > 0 then
      args.stop(1, "%s has %s already; nothing was written (--force replaces)", folder,
         table.concat(there, ", "))
   end
end

local function write(path, text)
   local file, err = io.open(path, "w")
   local ok = file and file:write(text)
   if file then ok = file:close() and ok end
   if not ok then args.stop(1, "cannot write %s: %s", path, tostring(err)) end
end

-- What to type next, and what for; % is the kind.
local NEXT <const> = {
   {"zapibot chat %.lua", "talk to it here (zapibot dev %.lua: on a page)"},
   {"zapibot check %.lua", "finds mistakes, without running it"},
   {"busted spec", "runs its conversation tests"},
   {"cp .env.example .env", "and write your credentials into it, then"},
   {"zapibot doctor", "looks whether they work, and"},
   {"zapibot %.lua", "runs it"},
}

local function tell(kind, folder, files)
   io.stdout:write("Written to ", folder, ":\n")
   for _, file in ipairs(files) do io.stdout:write("  ", file[1], "\n") end
   io.stdout:write("\nNext:\n")
   if folder ~= "." then io.stdout:write("  cd ", folder, "\n") end
   local width = #"zapibot check .lua" + #kind
   for _, step in ipairs(NEXT) do
      local command, what = step[1]:gsub("%%", kind), step[2]:gsub("%%", kind)
      io.stdout:write("  ", term.pad(command, math.max(width, #"cp .env.example .env")), "  ", what,
         "\n")
   end
end

local function run(words)
   local given, rest = args.parse(words, OPTIONS, more())
   local kind, folder = rest[1], rest[2] or rest[1]
   if not kind then
      args.fail("which kind? %s", table.concat(templates.kinds, ", "))
   elseif not templates.templates[kind] then
      args.fail("there is no kind '%s'%s (%s)", kind, args.hint(kind, templates.kinds),
         table.concat(templates.kinds, ", "))
   elseif rest[3] then
      args.fail("one folder expected: zapibot init %s [FOLDER]", kind)
   end
   folder = #folder > 1 and folder:gsub("/+$", "") or folder
   local types, why = types_folder.find()
   local files = templates.files(kind, types and types .. "/library")
   if not given.force then refuse_to_replace(folder, files) end
   if not os.execute("mkdir -p " .. quoted(folder .. "/spec")) then
      args.stop(1, "cannot make the folder %s", folder)
   end
   for _, file in ipairs(files) do write(folder .. "/" .. file[1], file[2]) end
   tell(kind, folder, files)
   if not types then io.stderr:write("zapibot init: no types for editors: ", why, "\n") end
   os.exit(0)
end

run {...}
