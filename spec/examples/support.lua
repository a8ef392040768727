--- What the specs of the examples share: running a script that is no bot, in
--- this process, against a sandbox, with what it prints caught; and running a bot
--- as a process of its own that may be killed.
local core = require "zapi.core"
local program = require("spec.host.support").program
local shell = require "spec.support.shell"
local testing = require "zapi.testing"

local M = {}

--- Runs a script as the host would: `...` and `arg` are its arguments.
---@param path string
---@param args? string[]
---@return string printed
---@return integer|nil code what it gave os.exit
---@return string errors what it wrote on stderr
function M.run(path, args)
   local out, err = {}, {}
   local function writer(list)
      local file = {}
      function file.write(_, ...)
         for _, s in ipairs {...} do list[#list + 1] = tostring(s) end
         return file
      end
      return file
   end
   local ended = {}
   local stdout = writer(out)
   local env = setmetatable({
      arg = table.move(args or {}, 1, #(args or {}), 1, {[0] = path}),
      print = function(...)
         local words = table.pack(...)
         for i = 1, words.n do words[i] = tostring(words[i]) end
         out[#out + 1] = table.concat(words, "\t") .. "\n"
      end,
      io = setmetatable({
         write = function(...) return stdout:write(...) end, stdout = stdout, stderr = writer(err),
      }, {__index = io}),
      os = setmetatable({exit = function(code) ended.code = code or 0; error(ended, 0) end},
         {__index = os}),
   }, {__index = _G})
   local chunk = assert(loadfile(path, "t", env))
   local ok, why = pcall(chunk, table.unpack(args or {}))
   if not ok and why ~= ended then error(why, 0) end
   return table.concat(out), ended.code, table.concat(err)
end

--- Sets variables of the environment while fn runs.
function M.with_env(values, fn)
   for name, value in pairs(values) do core.set_env(name, value) end
   local ok, why = pcall(fn)
   for name in pairs(values) do core.set_env(name, nil) end
   if not ok then error(why, 0) end
end

-- ---- a bot as a process -----------------------------------------------------

---@class spec.examples.Process
---@field data string its data folder
---@field world zapi.testing.World the sandbox, in this process; its bot is the other one
local Process = {}
Process.__index = Process

local SECRET <const> = "segredo0123456789"

local function read(path)
   local file <close> = io.open(path)
   return file and file:read "a" or ""
end

local function command(self)
   local s, words = self.world.sandbox, {}
   for name, value in pairs {
      ZAPI_INSTANCE_ID = s.instance, ZAPI_TOKEN = s.token, ZAPI_CLIENT_TOKEN = s.client_token,
      ZAPI_BASE_URL = s.base_url, ZAPIBOT_WEBHOOK_SECRET = SECRET,
      ZAPIBOT_LISTEN = self.address or "127.0.0.1:0", ZAPIBOT_ADMIN_LISTEN = "off",
      ZAPIBOT_DATA = self.data, PATH = os.getenv "PATH", LANG = "C.UTF-8",
      ASAN_OPTIONS = os.getenv "ASAN_OPTIONS" or "",
   } do
      words[#words + 1] = name .. "=" .. shell.quote(value)
   end
   return ("env -i %s %s %s"):format(table.concat(words, " "), shell.quote(program),
      shell.quote(self.script))
end

--- Starts it, at the address that it had before, and waits until it takes webhooks.
function Process:start()
   local log = self.folder .. "/log"
   self.pid = shell.must(("exec %s >%s 2>&1 </dev/null & echo $!"):format(command(self),
      shell.quote(log))):match "%d+"
   local till = core.hrtime() + 10
   while not read(log):find "listening [^\n]* %(webhook%)" do
      if core.hrtime() > till then error(self.script .. " does not listen:\n" .. read(log), 2) end
      core.sleep(0.01)
   end
   self.address = read(log):match "listening (127%.0%.0%.1:%d+) %(webhook%)"
   self.world.sandbox:connect_bot(("http://%s/webhook/%s"):format(self.address, SECRET))
   self.world.sandbox.webhooks:release()
end

-- Nothing is being handled or sent: what it does now is wait for people.
local function is_at_rest(self)
   for _, row in ipairs(assert(core.admin(self.data, {["do"] = "inbox.stats"})).automations) do
      if row.waiting > 0 then return false end
   end
   local sends = assert(core.admin(self.data, {["do"] = "outbox.stats"})).sends
   return sends.sending == 0 and not self.world:is_busy()
end

--- Waits until it does nothing but wait.
function Process:rest()
   local till = core.hrtime() + 10
   while self.pid and not is_at_rest(self) and core.hrtime() < till do core.sleep(0.01) end
end

--- kill -9, when it has done what people wanted so far. What they do meanwhile is
--- delivered at the next start.
function Process:kill()
   self:rest()
   self.world.sandbox.webhooks:hold()
   shell.must("kill -9 " .. self.pid)
   while shell.run("kill -0 " .. self.pid .. " 2>/dev/null") == 0 do core.sleep(0.005) end
   self.pid = nil
end

function Process:__close()
   if self.pid then self:kill() end
   self.world.sandbox.webhooks:release()
   self.world:close()
   self.remove()
end

--- A script of ours as a process, against a sandbox in this one.
---@param script string
---@return spec.examples.Process to be closed
function M.process(script)
   local folder, remove = shell.folder()
   local self = setmetatable({
      script = script, folder = folder, remove = remove, data = folder .. "/data",
      world = testing.start {timeout = 10},
   }, Process)
   self:start()
   return self
end

--- Lines of a file.
function M.lines(path)
   local n = 0
   for _ in io.lines(path) do n = n + 1 end
   return n
end

return M
