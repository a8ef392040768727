--- Several scripts in one process, for the specs of fleet, configuration and
--- reload: files are written and replaced, webhooks posted, commands given.
local core = require "zapi.core"
local fake = require "spec.support.bot_fake"
local shell = require "spec.support.shell"
local support = require "spec.host.support"

local M = {SECRET = "segredo-do-teste-0123456789"}

-- What each script gets: note(word) appends a line to the file "said".
M.HEAD = [[
local zapi = require "zapi"
local function note(...)
   local f = io.open("said", "a")
   f:write(table.concat({...}, " "), "\n")
   f:close()
end
]]

local CLEAN = "env -i PATH=\"$PATH\" HOME=\"$HOME\" LANG=C.UTF-8 ASAN_OPTIONS=\"$ASAN_OPTIONS\" "

function M.read(path)
   local file = io.open(path)
   local text = file and file:read "a" or ""
   if file then file:close() end
   return text
end

---@class spec.Fleet
local Fleet = {}
Fleet.__index = Fleet

--- A folder, and nothing that runs.
---@param program? string another than the one under test: words of a shell
---@return spec.Fleet
function M.new(program)
   local folder, remove = shell.folder()
   return setmetatable({folder = folder, remove = remove, sent = 0,
      program = program or shell.quote(support.program)}, Fleet)
end

function Fleet:path(name) return self.folder .. "/" .. name end

--- Writes a file as editors do: another of its name takes its place.
function Fleet:write(name, text)
   if name:find "/" then shell.must("mkdir -p " .. shell.quote(self:path(name:match "^(.*)/"))) end
   local file = assert(io.open(self:path(name) .. ".new", "w"))
   file:write(text)
   file:close()
   assert(os.rename(self:path(name) .. ".new", self:path(name)))
end

--- A script with a bot: what stands between HEAD and bot:run().
function Fleet:bot(name, body, options)
   self:write(name, M.HEAD .. "local bot = require('zapi.bot').new {" .. (options or "") .. "}\n"
      .. body .. "\nbot:run()\n")
end

function Fleet:log() return M.read(self:path "log") end

function Fleet:said() return (M.read(self:path "said"):gsub("\n$", "")) end

--- Waits until it holds; what it gave.
function Fleet:wait_for(what, ready, seconds)
   local until_ = core.hrtime() + (seconds or 15)
   while true do
      local got = ready()
      if got then return got end
      if core.hrtime() > until_ then
         error(("%s did not come:\n%s\nsaid:\n%s"):format(what, self:log():sub(-6000),
            self:said():sub(-1000)), 2)
      end
      core.sleep(0.005)
   end
end

--- Waits for a text in the log, `n` times.
function Fleet:wait_log(text, n)
   return self:wait_for("'" .. text .. "'", function()
      local at, count = 1, 0
      local log = self:log()
      while true do
         local _, e = log:find(text, at, true)
         if not e then return false end
         at, count = e + 1, count + 1
         if count == (n or 1) then return true end
      end
   end)
end

function Fleet:wait_said(text)
   self:wait_for("'" .. text .. "'", function()
      return ("\n" .. self:said() .. "\n"):find("\n" .. text .. "\n", 1, true)
   end)
end

local function env_of(extra)
   return CLEAN .. "ZAPI_BASE_URL=http://127.0.0.1:9 ZAPIBOT_WEBHOOK_SECRET=" .. M.SECRET
      .. " ZAPIBOT_ADMIN_LISTEN=off " .. (extra or "")
end

M.ACCOUNT = "ZAPI_INSTANCE_ID=3C0FFEE1 ZAPI_TOKEN=TOKENOFTHEFIRST01 "

--- Starts it and waits until it listens.
---@param arguments string
---@param env? string "NAME=value "…
---@param several? boolean waits until all of several scripts serve
function Fleet:start(arguments, env, several)
   shell.must(([[cd %s; rm -f code pid; : >log
      (%s %s %s </dev/null >log 2>&1 & echo $! >pid
      wait $!; echo $? >code.new; mv code.new code) >/dev/null 2>&1 &]]):format(
      shell.quote(self.folder), env_of(env or M.ACCOUNT), self.program, arguments))
   self.pid = self:wait_for("its number", function()
      return tonumber(M.read(self:path "pid"))
   end)
   self.address = self:wait_for("a listener", function()
      return self:log():match "listening (127%.0%.0%.1:%d+) %(webhook%)" or self:code() and "none"
   end)
   if several then self:wait_log "scripts that run: " end
end

--- Runs the program to its end; code and output.
function Fleet:run(arguments, env)
   return shell.run(("cd %s && %s timeout 20 %s %s"):format(shell.quote(self.folder),
      env_of(env or M.ACCOUNT), self.program, arguments))
end

function Fleet:signal(name) assert(shell.run(("kill -%s %d"):format(name, self.pid)) == 0) end

--- Its exit code; nil: it runs.
function Fleet:code() return tonumber(M.read(self:path "code")) end

--- Ends it in order; the code.
function Fleet:stop()
   if not self:code() then shell.run("kill -TERM " .. self.pid) end
   return self:wait_for("the end", function() return self:code() end)
end

--- A text of a person; what the door said.
---@param instance? string
---@return integer|nil status, any error
function Fleet:post(text, phone, instance)
   self.sent = self.sent + 1
   local payload = fake.sample("received_text", {
      text = {message = text}, phone = phone or "5511999990001", chatLid = fake.none,
      instanceId = instance or "3C0FFEE1", messageId = ("3EB0FLEET%06d"):format(self.sent),
   })
   local reply, err = core.http_request {
      method = "POST", url = ("http://%s/webhook/%s"):format(self.address, M.SECRET),
      body = core.json_encode(payload), headers = {["Content-Type"] = "application/json"},
   }
   return reply and reply.status, err
end

--- GET of a route.
function Fleet:get(path)
   return core.http_request {url = ("http://%s%s"):format(self.address, path)}
end

--- The rows of `zapibot status`, by name.
function Fleet:status()
   local code, out = self:run "status --json"
   assert(code == 0, out)
   local by_name = {}
   for _, g in ipairs(assert(core.json_decode(out)).generations) do by_name[g.name] = g end
   return by_name
end

function Fleet:close()
   if self.pid and not self:code() then
      shell.run("kill -9 " .. self.pid)
      self:wait_for("the end", function() return self:code() end)
   end
   self.remove()
end

return M
