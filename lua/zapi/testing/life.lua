--- How a bot ends and begins anew over the same data: restarted, killed, reloaded.
---
--- A kill is what a process leaves behind that ends at once: its data as they were
--- committed at this moment (a copy is taken), and calls that nobody waits for any
--- more. What the old bot does while it is cleared away goes nowhere: not into the
--- copy, and no call of it reaches the sandbox.
local core = require "zapi.core"

local M = {}

local data <const> = core.testing.data

local PATIENCE <const> = 5 -- seconds of real time
local FILES <const> = {"/zapibot.db", "/zapibot.db-wal", "/zapibot.db-shm"}

local function need_data(world, what)
   if not world.data then
      error(("world:%s needs data on disk: testing.start{data = true, …}"):format(what), 3)
   end
end

-- The bot has ended; what the writer still has of it comes back first.
local function move(folder)
   local until_, ok, err = os.time() + PATIENCE, pcall(data, folder)
   while not ok and os.time() < until_ do
      core.sleep(0.001)
      ok, err = pcall(data, folder)
   end
   if not ok then error(err, 0) end
end

-- Others than those that the world was started with, from now on.
local function take(world, options)
   for k, v in pairs(options or {}) do world.options[k] = v end
end

-- Handlers that failed count until world:close.
local function count(world)
   local service = world.bot and world.bot.service
   if service then world.failed = world.failed + service:stats().failed end
end

-- The same address: webhooks that are on their way are delivered there.
local function begin(world)
   world:_start()
   world.sandbox.webhooks:release()
end

local function stop(world, seconds)
   world.sandbox.webhooks:hold()
   count(world)
   world.bot:stop(seconds)
end

--- The bot ends in order, as by a stop of the program, and begins anew.
function M.restart(world, options)
   need_data(world, "restart")
   take(world, options)
   stop(world, world.timeout)
   move(world.data)
   begin(world)
end

--- A new bot over the same data, as by a change of the script.
function M.reload(world, options)
   take(world, options)
   stop(world, world.timeout)
   begin(world)
end

local function snapshot(world) return world.data .. "/snapshot.db" end

--- The process is gone at this moment.
function M.die(world)
   if world.dead then return end
   world.sandbox.webhooks:hold()
   core.testing.snapshot(snapshot(world))
   world.dead = true
end

-- Calls of the old bot that have arrived and were not looked at yet: this request is
-- behind them.
local function forget_calls(world)
   core.http_request {url = world.sandbox.base_url .. "/__sandbox/nothing"}
   core.sleep(0)
end

--- The bot is killed (or was by a fault), and begins anew with what it left.
function M.kill(world, options)
   need_data(world, "kill")
   take(world, options)
   M.die(world)
   stop(world, 0)
   move "memory"
   for _, name in ipairs(FILES) do os.remove(world.data .. name) end
   assert(os.rename(snapshot(world), world.data .. FILES[1]))
   move(world.data)
   forget_calls(world)
   world.dead, world.hanging = false, 0
   begin(world)
end

return M
