--- A disk that hangs in the middle of a commit: Z-API gives up on a webhook after
--- three seconds, so it gets a 503 before, and its event is handled once when it
--- comes again.
local core = require "zapi.core"
local rig = require "spec.support.rig"
local shell = require "spec.support.shell"

describe("while the disk hangs", function()
   local r, shim
   setup(function()
      shim = os.tmpname()
      shell.must("cc -shared -fPIC -O1 -o " .. shim .. " spec/support/hang.c")
   end)
   teardown(function() os.remove(shim) end)
   before_each(function() r = rig.new() end)
   after_each(function() r:close() end)

   it("a webhook is a 503 before Z-API gives up, and is handled once", function()
      local hang = r.folder .. "/hang"
      r:up {env = {LD_PRELOAD = shim, RIG_HANG = hang,
         ASAN_OPTIONS = "verify_asan_link_order=0:" .. (os.getenv "ASAN_OPTIONS" or "")}}
      r:events {count = 1, chats = 1}
      r:called {at_least = 1}
      shell.write(hang, "")
      local body, began = r:body {n = 2, chat = 1}, core.hrtime()
      assert.same({503}, r:post {bodies = {body}})
      local took = core.hrtime() - began
      assert.is_true(took > 2.4 and took < 2.95, tostring(took))
      os.remove(hang)
      assert.same({200}, r:post {bodies = {body}})
      r:called {at_least = 2}
      r:drained()
      assert.equal(2, r:stats().calls)
      assert.same({}, r:disorder())
   end)
end)
