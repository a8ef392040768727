--- The wall clock jumps back two hours while the bot runs: nothing is lost or
--- repeated, chats keep their order, and nothing waits for two hours.
local rig = require "spec.support.rig"
local shell = require "spec.support.shell"

local HOURS = 2 * 3600

describe("when the clock jumps back", function()
   local r, shim
   setup(function()
      shim = os.tmpname()
      shell.must("cc -shared -fPIC -O1 -o " .. shim .. " spec/support/clock.c")
   end)
   teardown(function() os.remove(shim) end)
   before_each(function() r = rig.new() end)
   after_each(function() r:close() end)

   local function move(seconds)
      local file = assert(io.open(r.folder .. "/clock", "r+b"))
      file:write(("i8"):pack(seconds))
      file:close()
   end

   local function up()
      return r:up {env = {LD_PRELOAD = shim, RIG_CLOCK = r.folder .. "/clock",
         ASAN_OPTIONS = "verify_asan_link_order=0:" .. (os.getenv "ASAN_OPTIONS" or "")}}
   end

   it("goes on in order, sends nothing twice, and knows what it had", function()
      shell.write(r.folder .. "/clock", ("i8"):pack(0))
      up()
      r:setup {connections = 16, duplicates = 0.2}
      r:mode {jitter = 30}
      r:events {count = 400, chats = 20}
      r:called {at_least = 150}
      move(-HOURS)
      r:called {at_least = 300}
      r:kill()
      up() -- a new process, whose clock is behind what is stored
      r:events {count = 400, chats = 20}
      r:answered()
      r:drained()
      assert.same({}, r:disorder())
      assert.same({}, r:lost(800))
   end)

   it("tries again what failed, though its time now lies hours ahead", function()
      shell.write(r.folder .. "/clock", ("i8"):pack(0))
      r:script [[
         local bot = require("zapi.bot").new {}
         bot:on("text", function(ctx)
            if ctx.attempt == 1 then
               io.stderr:write("first try of ", ctx.text, "\n")
               return ctx:retry_later(1)
            end
            io.stderr:write("second try of ", ctx.text, "\n")
         end)
         bot:run()]]
      up()
      r:events {count = 1, chats = 1}
      r:logged {pattern = "first try of 1"}
      move(-HOURS)
      r:logged {pattern = "second try of 1", seconds = 20}
   end)
end)
