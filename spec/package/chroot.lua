--- Bare Debian systems to try packages out in (scripts/chroot), and the steps of
--- the Containerfile. Where that is impossible (no root, no network to fetch a
--- Debian from), the specs say why and do nothing.
local core = require "zapi.core"
local shell = require "spec.support.shell"

local M = {}

local IMPOSSIBLE <const> = 77 -- scripts/chroot

---@class spec.Chroot
---@field folder string
local Chroot = {}
Chroot.__index = Chroot

--- A bare Debian; nil and the reason where there can be none.
---@return spec.Chroot|nil, string|nil reason
function M.new()
   local folder, remove = shell.folder()
   local code, out = shell.run("scripts/chroot new " .. folder .. "/root")
   if code == 0 then
      return setmetatable({folder = folder .. "/root", remove = remove, log = folder .. "/log"},
         Chroot)
   end
   remove()
   if code ~= IMPOSSIBLE then error(out, 2) end
   return nil, out
end

--- it() for specs that need one: `get` gives the chroot, or nil and the reason.
function M.it_in(it, get)
   return function(name, fn)
      it(name, function()
         local chroot, reason = get()
         if not chroot then
            io.stdout:write("\nskipped: ", reason, "\n")
            return
         end
         fn(chroot)
      end)
   end
end

--- Runs a command line in there.
---@return integer code, string output
function Chroot:run(command)
   return shell.run(("scripts/chroot run %s sh -c %s"):format(self.folder, shell.quote(command)))
end

function Chroot:must(command)
   local code, out = self:run(command)
   if code ~= 0 then error(("%s\nended with code %d:\n%s"):format(command, code, out), 2) end
   return out
end

function Chroot:write(path, text) shell.write(self.folder .. path, text) end

function Chroot:read(path)
   local file = io.open(self.folder .. path)
   local text = file and file:read "a" or ""
   if file then file:close() end
   return text
end

--- Starts what is to stay; its output is the log. It is the first process of its
--- own namespace, as it is in a container.
function Chroot:start(command)
   shell.must(([[: >%s; (scripts/chroot run %s sh -c %s </dev/null >%s 2>&1 & echo $! >%s.pid
      wait $!; echo $? >%s.code) >/dev/null 2>&1 &]]):format(self.log, self.folder,
      shell.quote("exec " .. command), self.log, self.log, self.log))
end

function Chroot:output() return shell.must("cat " .. self.log) end

--- Waits until it holds; what it gave.
function Chroot:wait_for(what, ready)
   local until_ = core.hrtime() + 30
   while true do
      local got = ready()
      if got then return got end
      if core.hrtime() > until_ then
         error(("%s did not come:\n%s"):format(what, self:output()), 2)
      end
      core.sleep(0.02)
   end
end

--- Asks what was started to end; its exit code.
function Chroot:stop()
   shell.must(("pkill -TERM -P $(cat %s.pid)"):format(self.log))
   return self:wait_for("the end", function()
      local code, out = shell.run(("cat %s.code"):format(self.log))
      return code == 0 and tonumber(out)
   end)
end

function Chroot:close()
   shell.run(("kill -9 $(cat %s.pid 2>/dev/null) 2>/dev/null; true"):format(self.log))
   self.remove()
end

-- ---- the Containerfile ----

local function words(text)
   local list = {}
   for word in text:gmatch "%S+" do list[#list + 1] = word end
   return list
end

--- Its stages: {name, steps = {{"RUN", "…"}, …}, env, user, entrypoint, cmd}.
---@return table[]
function M.stages()
   local stages, file = {}, assert(io.open "packaging/Containerfile")
   for line in file:lines() do
      local verb, rest = line:match "^(%u+) (.*)$"
      local stage = stages[#stages]
      if verb == "FROM" then
         stages[#stages + 1] = {from = words(rest)[1], name = rest:match " AS (%S+)$", steps = {},
            env = ""}
      elseif verb == "RUN" or verb == "COPY" then
         stage.steps[#stage.steps + 1] = {verb, rest}
      elseif verb == "ENV" then
         stage.env = stage.env .. rest .. " "
      elseif verb == "ENTRYPOINT" or verb == "CMD" then
         stage[verb:lower()] = table.concat(assert(core.json_decode(rest)), " ")
      elseif verb then
         stage[verb:lower()] = rest
      end
   end
   file:close()
   return stages
end

--- Does what a builder does with the steps of a stage. `earlier` are the chroots
--- of the stages before it, by name.
function Chroot:build(stage, earlier)
   for _, step in ipairs(stage.steps) do
      local verb, rest = step[1], step[2]
      if verb == "RUN" then
         self:must(rest)
      elseif rest:find "^%." then
         shell.must("mkdir -p " .. self.folder .. words(rest)[2])
         shell.copy_checkout(self.folder .. words(rest)[2])
      else
         local from, source, target = rest:match "^%-%-from=(%S+) (%S+) (%S+)$"
         if not from then source, target = rest:match "^(%S+) (%S+)$" end
         shell.must(("cp -a %s %s"):format(from and earlier[from].folder .. source or source,
            self.folder .. target))
      end
   end
end

return M
