-- Tasks and the loop: what scripts may rely on, and each way to wait wrongly.
local zapi = require "zapi"
local core = require "zapi.core"

local function fails(fn)
   local task = core.spawn_quiet(fn)
   local ok, err = pcall(task.join, task)
   assert.is_false(ok)
   return tostring(err)
end

describe("a task", function()
   it("gives its results to who joins, as often as asked", function()
      local t = zapi.spawn(function(a, b)
         zapi.sleep(0.001)
         return a + b, nil, "x"
      end, 1, 2)
      assert.same({3, nil, "x", n = 3}, table.pack(t:join()))
      assert.same({3, nil, "x", n = 3}, table.pack(t:join()))
      assert.equal("done", t:status())
   end)

   it("lets go of all that hung on it when it has ended, though somebody holds it", function()
      local seen = setmetatable({}, {__mode = "k"})
      local function nothing()
         seen[coroutine.running()] = true
         zapi.sleep(0)
      end
      local ended, cancelled = zapi.spawn(nothing), zapi.spawn(function()
         nothing()
         zapi.sleep(60)
      end)
      ended:join()
      zapi.sleep(0.001)
      cancelled:cancel()
      collectgarbage()
      assert.is_nil(next(seen))
      assert.equal("done", ended:status())
      assert.equal(0, select("#", ended:join()))
      assert.is_false((pcall(cancelled.join, cancelled)))
   end)

   it("throws what it threw at who joins", function()
      assert.matches("task_spec.lua:%d+: boom", fails(function() error "boom" end))
      local err = {}
      local t = core.spawn_quiet(function() error(err) end)
      local _, got = pcall(t.join, t)
      assert.equal(err, got)
   end)

   it("can be waited for with a limit", function()
      local t = zapi.spawn(function() zapi.sleep(60) end)
      assert.same({nil, "timeout"}, {t:join(0.001)})
      assert.equal("waiting", t:status())
      t:cancel()
   end)

   it("is cancelled: pending __close runs, the join says so", function()
      local closed = false
      local t = zapi.spawn(function()
         local _ <close> = setmetatable({}, {__close = function() closed = true end})
         zapi.sleep(60)
      end)
      assert.is_nil(t:join(0.001))
      assert.is_true(t:cancel())
      assert.is_true(closed)
      assert.is_false(t:cancel())
      local ok, err = pcall(t.join, t)
      assert.is_false(ok)
      assert.is_true(zapi.is_error(err, "cancelled"))
   end)

   it("may be cancelled before it ran, and while another one joins it", function()
      local ran = false
      local inner = zapi.spawn(function() ran = true end)
      local outer = zapi.spawn(function() return pcall(inner.join, inner) end)
      inner:cancel()
      assert.is_false((outer:join()))
      assert.is_false(ran)
   end)

   it("may be cancelled when its own join with a limit is over already", function()
      local first = zapi.spawn(function() zapi.sleep(0.002) end)
      local joiner = zapi.spawn(function() first:join(0.01) end)
      zapi.spawn(function()
         first:join()
         joiner:cancel()
      end):join()
      joiner = nil -- luacheck: ignore 311
      collectgarbage()
      collectgarbage()
      zapi.sleep(0.03) -- the limit of a freed operation would run out here
   end)

   it("cannot join or cancel itself", function()
      local t
      t = core.spawn_quiet(function() t:join() end)
      assert.matches("cannot join itself", select(2, pcall(t.join, t)))
      local u
      u = core.spawn_quiet(function() u:cancel() end)
      assert.matches("cannot cancel itself", select(2, pcall(u.join, u)))
   end)

   it("runs beside others, in the order of their waits", function()
      local order = {}
      local function worker(name, s)
         return function()
            zapi.sleep(s)
            order[#order + 1] = name
         end
      end
      zapi.all {worker("c", 0.03), worker("a", 0.01), worker("b", 0.02)}
      assert.same({"a", "b", "c"}, order)
   end)
end)

describe("waiting wrongly", function()
   it("in a coroutine of one's own is an error that names spawn", function()
      assert.matches("zapi.spawn", fails(function()
         coroutine.wrap(function() zapi.sleep(1) end)()
      end))
   end)

   it("in a C callback is an error", function()
      assert.matches("cannot wait here", fails(function()
         table.sort({3, 2, 1}, function(a, b)
            zapi.sleep(0.001)
            return a < b
         end)
      end))
   end)

   it("with a stray coroutine.yield fails that task only", function()
      local other = zapi.spawn(function()
         zapi.sleep(0.002)
         return "fine"
      end)
      assert.matches("coroutine.yield", fails(function() coroutine.yield(42) end))
      assert.equal("fine", other:join())
   end)

   it("in __close of a cancelled task is an error, not a hang", function()
      local why
      local t = zapi.spawn(function()
         local _ <close> = setmetatable({}, {__close = function()
            why = select(2, pcall(zapi.sleep, 1))
         end})
         zapi.sleep(60)
      end)
      assert.is_nil(t:join(0.001))
      local canceller = zapi.spawn(function() t:cancel() end)
      canceller:join()
      assert.matches("cannot wait", why)
   end)

   it("for something that can never happen is an error", function()
      local a, b
      a = zapi.spawn(function() b:join() end)
      b = zapi.spawn(function() a:join() end)
      assert.has_error(function() a:join() end, "nothing is left that could end this wait")
      a:cancel()
      pcall(b.cancel, b)
   end)

   it("yields of the script's own coroutines still work inside a task", function()
      local t = zapi.spawn(function()
         local gen = coroutine.wrap(function()
            for i = 1, 3 do coroutine.yield(i) end
         end)
         zapi.sleep(0.001)
         return gen() + gen() + gen()
      end)
      assert.equal(6, t:join())
   end)
end)

describe("waits", function()
   it("may cross pcall, metamethods and iterators", function()
      local t = zapi.spawn(function()
         local obj = setmetatable({}, {__index = function(_, k)
            zapi.sleep(0.001)
            return k .. "!"
         end})
         local ok, v = pcall(function() return obj.hello end)
         local n = 0
         for i in function(_, i)
            zapi.sleep(0.0005)
            return i < 3 and i + 1 or nil
         end, nil, 0 do
            n = n + i
         end
         return ok, v, n
      end)
      assert.same({true, "hello!", 6}, {t:join()})
   end)

   it("of a thousand tasks end together", function()
      local n = 0
      local fns = {}
      for i = 1, 1000 do
         fns[i] = function()
            zapi.sleep(0.001 * (i % 7))
            n = n + 1
         end
      end
      zapi.all(fns)
      assert.equal(1000, n)
   end)

   it("leave nothing in the registry", function()
      local function anchors()
         local n = 0
         for k in pairs(debug.getregistry()) do
            n = n + (type(k) == "userdata" and 1 or 0)
         end
         return n
      end
      zapi.spawn(function() end):join()
      local before = anchors()
      for _ = 1, 200 do
         zapi.spawn(function() zapi.sleep(0) end):join()
         core.spawn_quiet(function() error "x" end)
         zapi.spawn(function() zapi.sleep(9) end):cancel()
         zapi.after(0, function() end)
      end
      zapi.sleep(0.01)
      collectgarbage()
      assert.is_true(anchors() <= before + 2)
   end)
end)

describe("the main chunk", function()
   it("goes on as soon as its wait is over, whatever else may come later", function()
      local late = zapi.after(30, function() end)
      local before = core.hrtime()
      zapi.sleep(0)
      zapi.sleep(0.001)
      assert.is_true(core.hrtime() - before < 10)
      late:cancel()
   end)
end)

describe("all and map", function()
   it("give results and errors by position", function()
      local r, e = zapi.all {
         function() return "a" end,
         function() return nil, "bad" end,
      }
      assert.same({"a"}, r)
      assert.same({nil, "bad"}, e)
   end)

   it("cancel the others when one throws", function()
      local late = false
      assert.has_error(function()
         zapi.all {
            function() zapi.sleep(0.001) error("first", 0) end,
            function() zapi.sleep(0.5) late = true end,
         }
      end, "first")
      zapi.sleep(0.002)
      assert.is_false(late)
   end)

   it("cancel the others at once, whatever their order", function()
      local before, late = core.hrtime(), false
      assert.has_error(function()
         zapi.all {
            function() zapi.sleep(20) late = true end,
            function() error("second", 0) end,
         }
      end, "second")
      assert.is_false(late)
      assert.is_true(core.hrtime() - before < 10)
      assert.error_matches(function() zapi.all(nil) end, "zapi.all %(table expected")
      assert.error_matches(function() zapi.all {1} end, "item #1 of zapi.all")
   end)

   it("map keeps the order and the limit", function()
      local now, most = 0, 0
      local r = zapi.map({5, 4, 3, 2, 1}, 2, function(v, i)
         now = now + 1
         most = math.max(most, now)
         zapi.sleep(0.0005 * v)
         now = now - 1
         return v * 10 + i
      end)
      assert.same({51, 42, 33, 24, 15}, r)
      assert.equal(2, most)
      assert.has_error(function() zapi.map({1}, 0, print) end)
   end)
end)

describe("after and interval", function()
   it("fire, repeat and stop", function()
      local n, once = 0, 0
      local done = zapi.spawn(function()
         while n < 3 do zapi.sleep(0.001) end
      end)
      local h = zapi.interval(0.001, function() n = n + 1 end)
      zapi.after(0.001, function() once = once + 1 end)
      done:join()
      assert.is_true(h:cancel())
      assert.is_false(h:cancel())
      assert.equal(1, once)
   end)

   it("do not run a function beside itself", function()
      local now, most, runs = 0, 0, 0
      local h = zapi.interval(0.001, function()
         now = now + 1
         most = math.max(most, now)
         zapi.sleep(0.004)
         now = now - 1
         runs = runs + 1
      end)
      while runs < 2 do zapi.sleep(0.002) end
      h:cancel()
      assert.equal(1, most)
   end)

   it("are let go of when closed", function()
      local weak = setmetatable({}, {__mode = "k"})
      for _ = 1, 20 do
         local h <close> = zapi.interval(60, function() end)
         weak[h] = true
      end
      collectgarbage()
      collectgarbage()
      assert.is_nil(next(weak))
   end)

   it("refuse nonsense", function()
      assert.has_error(function() zapi.after(-1, print) end)
      assert.has_error(function() zapi.interval(0, print) end)
      assert.has_error(function() zapi.after(1) end)
   end)
end)

describe("run and stop", function()
   it("run returns when nothing can happen any more, or at stop", function()
      local n = 0
      zapi.after(0.001, function() n = n + 1 end)
      zapi.run()
      assert.equal(1, n)
      local h = zapi.interval(0.001, function() zapi.stop() end)
      zapi.run()
      h:cancel()
   end)

   it("run inside the running loop is an error", function()
      assert.matches("already running", fails(function() zapi.run() end))
   end)

   it("step, timeout and fd let another loop drive ours", function()
      local fired = false
      zapi.after(0.005, function() fired = true end)
      assert.is_true(zapi.fd() >= 0)
      while not fired do
         local s = zapi.timeout()
         assert.is_true(s == nil or s <= 0.01)
         zapi.step()
      end
      assert.is_true(zapi.now() > 1.7e9)
   end)
end)
