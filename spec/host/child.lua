--- A bot in a process of its own, for the specs of what ends handlers and
--- processes: it is started, gets webhooks, and leaves what its script notes.
local core = require "zapi.core"
local fake = require "spec.support.bot_fake"
local shell = require "spec.support.shell"
local support = require "spec.host.support"

local M = {}

local SECRET <const> = "segredo-do-teste-0123456789"

-- What every script gets: note(word) appends a line to the file "said".
local HEAD <const> = [[
local zapi = require "zapi"
local bot = require("zapi.bot").new {}
local function note(s) local f = io.open("said", "a") f:write(tostring(s), "\n") f:close() end
]]

local function read(path)
   local file = io.open(path)
   local text = file and file:read "a" or ""
   if file then file:close() end
   return text
end

---@class spec.Child
local Child = {}
Child.__index = Child

--- A folder with the bot, not started.
---@param script string what follows HEAD and stands before bot:run()
---@return spec.Child
function M.new(script)
   local folder, remove = shell.folder()
   shell.write(folder .. "/bot.lua", HEAD .. script .. "\nbot:run()\n")
   return setmetatable({folder = folder, remove = remove, sent = 0}, Child)
end

--- Waits until it holds; what it gave.
function Child:wait_for(what, ready)
   local until_ = core.hrtime() + 15
   while true do
      local got = ready()
      if got then return got end
      if core.hrtime() > until_ then
         error(("%s did not come:\n%s%s"):format(what, self:err(), self:said()), 2)
      end
      core.sleep(0.005)
   end
end

--- Starts it and waits until it listens.
---@param options string of the command line
---@param env? string "NAME=value "…
function Child:start(options, env)
   shell.must(([[
      cd %s; rm -f err code
      (env -i PATH="$PATH" ASAN_OPTIONS="$ASAN_OPTIONS" ZAPI_BASE_URL=http://127.0.0.1:9 \
         ZAPI_INSTANCE_ID=3C0FFEE1 ZAPI_TOKEN=tttttttttt \
         ZAPIBOT_WEBHOOK_SECRET=%s ZAPIBOT_ADMIN_LISTEN=off %s \
         %s --listen 127.0.0.1:0 %s bot.lua >/dev/null 2>err & echo $! >pid
      wait $!; echo $? >code.new; mv code.new code) >/dev/null 2>&1 &]]):format(
      shell.quote(self.folder), SECRET, env or "", shell.quote(support.program), options))
   self.address = self:wait_for("a listener", function()
      return self:err():match "listening (127%.0%.0%.1:%d+) %(webhook%)" or self:code() and "none"
   end)
end

--- Posts a text; what the door said.
---@return integer status
function Child:post(text, phone)
   self.sent = self.sent + 1
   local payload = fake.sample("received_text", {
      text = {message = text}, phone = phone or "5511999990001", chatLid = fake.none,
      instanceId = "3C0FFEE1",
      messageId = ("3EB0%s%06d"):format(self.folder:gsub("%W", ""):sub(-8), self.sent),
   })
   return assert(core.http_request {
      method = "POST", url = ("http://%s/webhook/%s"):format(self.address, SECRET),
      body = core.json_encode(payload), headers = {["Content-Type"] = "application/json"},
   }).status
end

function Child:err() return read(self.folder .. "/err") end

--- What note() has written, in one line.
function Child:said() return (read(self.folder .. "/said"):gsub("\n$", ""):gsub("\n", " ")) end

--- Its exit code; nil: it runs.
function Child:code() return tonumber(read(self.folder .. "/code")) end

--- Waits for its end; the code.
function Child:wait()
   return self:wait_for("the end", function() return self:code() end)
end

--- Waits until note() has written this, in this order, in all.
function Child:wait_said(words)
   self:wait_for("'" .. words .. "'", function() return self:said() == words end)
end

--- Ends it in order; the code.
function Child:stop()
   if not self:code() then
      shell.run("kill -TERM " .. read(self.folder .. "/pid"))
   end
   return self:wait()
end

function Child:close()
   if not self:code() then
      shell.run("kill -9 " .. read(self.folder .. "/pid"))
      self:wait()
   end
   self.remove()
end

return M
