--- What a script that computes for too long can do to others: nothing, and
--- what ends the process, and what is known of it afterwards.
local child = require "spec.host.child"
local core = require "zapi.core"
local shell = require "spec.support.shell"
local support = require "spec.host.support"

-- Every way to hold the loop that is known to us, one after the other in one
-- process; each must be over soon after the budget, and leave a line.
local LOOPS = [=[
local core = require "zapi.core"
local zapi = require "zapi"
local made = coroutine.wrap(function() while true do coroutine.yield(1) end end)
local function forever() while true do end end

local ways = {
   {"a plain loop", function() while true do end end},
   {"pcall in a loop", function() while true do pcall(forever) end end},
   {"a recursive pcall", function() local function f() pcall(f) pcall(f) end f() end},
   {"coroutine.wrap made before", function() while true do made() end end},
   {"a loop in coroutine.wrap", function() coroutine.wrap(forever)() return "survived" end},
   {"coroutine.resume in a loop", function()
      while true do coroutine.resume(coroutine.create(forever)) end
   end},
   {"nested coroutines with pcall", function()
      local function deep(n)
         if n == 0 then forever() end
         pcall(coroutine.wrap(deep), n - 1)
         forever()
      end
      deep(20)
   end},
   {"table.sort with pcall", function()
      while true do pcall(table.sort, {3, 2, 1}, forever) end
   end},
   {"string.gsub with pcall inside", function()
      while true do
         pcall(string.gsub, "abc", ".", function() while true do pcall(forever) end end)
      end
   end},
   {"an __index that makes strings", function()
      local t = setmetatable({}, {__index = function() return ("x"):rep(1000) end})
      while true do local _ = t.x end
   end},
   {"a __close", function()
      local _ <close> = setmetatable({}, {__close = forever})
   end},
   {"coroutine.close", function()
      local co = coroutine.create(function()
         local _ <close> = setmetatable({}, {__close = forever})
         coroutine.yield()
      end)
      coroutine.resume(co)
      coroutine.close(co)
   end},
   {"errors of waiting, caught", function() while true do pcall(zapi.sleep) end end},
   {"starting tasks", function()
      while true do core.spawn(function() end):cancel() end
   end},
}

local ticks = 0
local ticker = zapi.spawn(function() while true do ticks = ticks + 1 zapi.sleep(0.01) end end)
for _, way in ipairs(ways) do
   local began
   local before = ticks
   local ok, err = pcall(function()
      return zapi.spawn(function() began = core.hrtime() return way[2]() end):join()
   end)
   local took = core.hrtime() - began
   while ticks < before + 2 do zapi.sleep(0.005) end -- another task goes on
   print(core.json_encode {way = way[1], ok = ok, err = tostring(err), took = took})
end
-- What was interrupted works as before.
assert(made() == nil or made() == 1)
local t = zapi.spawn(function()
   local until_ = core.hrtime() + 0.05
   while core.hrtime() < until_ do made() end
   return "whole"
end)
print(core.json_encode {way = "afterwards", ok = t:join() == "whole"})
ticker:cancel()
]=]

local place

local function write(name, text)
   shell.write(place.folder .. "/" .. name, text)
end

local function lines(out)
   local list = {}
   for line in out:gmatch("[^\n]+") do list[#list + 1] = assert(core.json_decode(line)) end
   return list
end

describe("the monitor", function()
   before_each(function() place = support.place() end)
   after_each(function() place.close() end)

   it("ends every kind of endless loop, naming the line, and others go on", function()
      write("loops.lua", LOOPS)
      local code, out, err = place.run "--budget 0.1 loops.lua"
      assert.equal(0, code, err .. out)
      local list = lines(out)
      assert.equal(15, #list, out .. err)
      for i = 1, 14 do
         local one = list[i]
         assert.is_false(one.ok, one.way)
         assert.matches("^computed for more than 0%.1 s at loops%.lua:%d+$", one.err, 1, false)
         assert.is_true(one.took >= 0.1 and one.took < 1, one.way .. ": " .. one.took .. " s")
      end
      assert.is_true(list[15].ok)
      -- All were joined: nobody else is told.
      assert.matches("^$", err)
   end)

   it("says where the task was", function()
      write("bot.lua", [[
         local function count() while true do end end
         require("zapi").spawn(function() count() end)]])
      local code, _, err = place.run "--budget 0.1 bot.lua"
      assert.equal(0, code)
      assert.matches("computed for more than 0%.1 s at bot%.lua:1", err)
      assert.matches("stack traceback:.*bot%.lua:1: in .*count.*bot%.lua:2: in function", err)
   end)

   it("ends a __close and a __tostring of an error that compute", function()
      write("ends.lua", [[
         local zapi = require "zapi"
         local function forever() while true do end end
         zapi.spawn(function()
            local _ <close> = setmetatable({}, {__close = forever})
            zapi.sleep(60)
         end):cancel()
         local waits = zapi.spawn(function()
            local _ <close> = setmetatable({}, {__close = forever})
            zapi.sleep(60)
         end)
         local ends = zapi.spawn(function()
            waits:cancel()
            return "went on"
         end)
         print("cancel", pcall(ends.join, ends))
         zapi.spawn(function() error(setmetatable({}, {__tostring = forever})) end)
         local t = zapi.spawn(function() zapi.sleep(0.01) return "beside" end)
         print(t:join())]])
      local code, out, err = place.run "--budget 0.1 ends.lua"
      assert.equal(0, code, err)
      assert.equal("cancel\tfalse\tcomputed for more than 0.1 s at ends.lua:2\nbeside\n", out)
      assert.matches("a task failed: computed for more than 0%.1 s at ends%.lua:2", err)
   end)

   it("leaves a main chunk more time, and ends it too", function()
      write("main.lua", [[
         local now = require("zapi.core").hrtime
         local until_ = now() + 0.3
         while now() < until_ do end
         print "computed"
         while true do end]])
      -- By the clock of the wall, as the monitor looks: of a busy machine's processor
      -- the first loop may not get 0.3 s in two.
      local code, out, err = place.run("--budget 0.1 main.lua", "ZAPIBOT_STUCK=2 ")
      assert.equal(1, code)
      assert.equal("computed\n", out)
      assert.matches("computed for more than 2 s at main%.lua:5", err)
   end)

   it("does not look with a budget of 0", function()
      local text = [[
         local t = require("zapi").spawn(function()
            local until_ = os.clock() + 0.3
            while os.clock() < until_ do end
            return "computed"
         end)
         print(pcall(t.join, t))]]
      write("long.lua", text)
      local _, ended = place.run "--budget 0.1 long.lua"
      assert.matches("^false\tcomputed for more", ended)
      local code, out = place.run "--budget 0 long.lua"
      assert.equal(0, code)
      assert.equal("true\tcomputed\n", out)
      assert.equal("true\tcomputed\n", select(2, place.run("long.lua", "ZAPIBOT_BUDGET=5 ")))
   end)

   it("does not count the time in which the process was stopped", function()
      write("stopped.lua", [[
         local t = require("zapi").spawn(function()
            print "in" io.stdout:flush()
            local until_ = os.clock() + 0.15 -- of the processor
            while os.clock() < until_ do end
            return "whole"
         end)
         print(t:join())]])
      local _, out = shell.run(([[
         cd %s; touch out
         ZAPIBOT_STUCK=1 %s --budget 0.5 stopped.lua >out 2>&1 & pid=$!
         n=0; until grep -q in out || [ $n -gt 500 ]; do sleep 0.01; n=$((n+1)); done
         kill -STOP $pid; sleep 1.5; kill -CONT $pid
         wait $pid; echo "code $?"; cat out]]):format(shell.quote(place.folder),
         shell.quote(support.program)))
      assert.equal("code 0\nin\nwhole\n", out)
   end)

   it("ends the process that sits in a C function", function()
      write("pattern.lua", [[
         require("zapi").spawn(function()
            (" "):rep(200000):find("^%s*(.-)%s*x$")
         end)]])
      local code, _, err = place.run("--budget 0.1 pattern.lua", "ZAPIBOT_STUCK=0.5 ")
      assert.equal(70, code)
      assert.matches("a task has held the loop for 0%.5 s where it cannot be stopped", err)
   end)

   it("refuses limits that make no sense", function()
      write("x.lua", "")
      for _, words in ipairs {"--budget x", "--budget -1", "--budget 0.001", "--budget 1e9"} do
         local code, _, err = place.run(words .. " x.lua")
         assert.equal(2, code, words)
         assert.equal("zapibot: --budget takes seconds, like 1 or 0.5 (0: no limit)\n", err)
      end
      local code, _, err = place.run("--budget 2 x.lua", "ZAPIBOT_STUCK=1 ")
      assert.equal(2, code)
      assert.equal("zapibot: ZAPIBOT_STUCK takes seconds, more than --budget\n", err)
   end)

   it("is not there in a plain Lua", function()
      core.spawn(function() end):join()
      local file = assert(io.open "/proc/self/status")
      local caught = tonumber(file:read("a"):match "SigCgt:%s*(%x+)", 16)
      file:close()
      -- No handler for a realtime signal. They begin at 34: libc keeps 32 and 33 to
      -- itself, and takes 33 with the first thread.
      assert.equal(0, caught >> 33)
      assert.is_function(debug.sethook)
   end)
end)

describe("the monitor of a bot", function()
   local bot
   after_each(function() bot:close() end)

   local STUCK <const> = [[
      bot:hears("laço", function() note "laço" while true do pcall(error) end end)
      bot:hears("filho", function()
         note "filho"
         zapi.spawn(function() (" "):rep(200000):find("^%s*(.-)%s*x$") end):join()
      end)
      bot:hears("padrão", function(ctx)
         note("padrão" .. ctx.attempt);
         (" "):rep(200000):find("^%s*(.-)%s*x$")
      end)
      bot:hears("oi", function() note "oi" end)]]

   it("lets nobody dump the memory of the process, which holds secrets, to disk", function()
      bot = child.new(STUCK)
      bot:start ""
      local pid = assert(io.open(bot.folder .. "/pid")):read "n"
      local limits = assert(io.open(("/proc/%d/limits"):format(pid))):read "a"
      assert.matches("Max core file size +0 +0 ", limits)
   end)

   it("ends the handler, and the others answer", function()
      bot = child.new(STUCK)
      bot:start "--budget 0.2"
      assert.equal(200, bot:post "laço")
      assert.equal(200, bot:post("oi", "5511999990002"))
      assert.equal(200, bot:post "oi")
      bot:wait_said "laço oi oi"
      assert.equal(0, bot:stop())
      assert.matches("computed for more than 0%.2 s at bot%.lua:4\\n", bot:err())
      bot:start "--budget 0.2" -- it is a dead letter of the script's: offered once more
      bot:wait_said "laço oi oi laço"
   end)

   it("ends the process, which knows the event; the second time it is dead", function()
      bot = child.new(STUCK)
      bot:start("--budget 0.1", "ZAPIBOT_STUCK=0.5")
      assert.equal(200, bot:post "padrão")
      assert.equal(70, bot:wait())
      assert.matches("event 1 has held the loop for 0%.5 s", bot:err())
      local file = assert(io.open(bot.folder .. "/.zapibot/stuck"))
      local text = file:read "a"
      file:close()
      local noted = assert(core.json_decode(text))
      assert.same({"bot.lua", 1}, {noted.automation, noted.seq})
      assert.is_true(math.abs(os.time() - noted.when) < 60)

      bot:start("--budget 0.1", "ZAPIBOT_STUCK=0.5")
      assert.equal(70, bot:wait())
      bot:wait_said "padrão1 padrão2"

      bot:start("--budget 0.1", "ZAPIBOT_STUCK=0.5")
      assert.is_nil(io.open(bot.folder .. "/.zapibot/stuck"))
      assert.equal(200, bot:post "oi") -- the same chat
      bot:wait_said "padrão1 padrão2 oi"
      assert.equal(0, bot:stop())
   end)

   it("knows the event of a task that the handler has started", function()
      bot = child.new(STUCK)
      bot:start("--budget 0.1", "ZAPIBOT_STUCK=0.4")
      bot:post "oi"
      bot:wait_said "oi"
      bot:post "filho"
      assert.equal(70, bot:wait())
      assert.matches("event 2 has held the loop", bot:err())
   end)

   it("notes nothing on disk where nothing is kept", function()
      bot = child.new(STUCK)
      bot:start("--budget 0.1 --data memory", "ZAPIBOT_STUCK=0.4")
      bot:post "padrão"
      assert.equal(70, bot:wait())
      local _, list = shell.run("ls -a " .. shell.quote(bot.folder))
      assert.is_nil(list:find "stuck")
      assert.is_nil(list:find "memory")
   end)

   it("lets texts of strangers hang nothing: patterns of hears are bounded", function()
      bot = child.new [[
         bot:hears("^%s*(.-)%s*fim$", function() note "fim" end)
         bot:hears(".-.-.-.-b", function() note "b" end)
         bot:hears("(.*)(.*)(.*)x", function() note "x" end)
         bot:hears(("a?"):rep(16) .. ("a"):rep(16) .. "x", function() note "?" end)
         bot:hears("%s+.-%s+.-%s+y", function() note "y" end)
         bot:command("pedir", function() note "pedir" end, {args = "[item] [resto…]"})
         bot:hears("oi", function() note "oi" end)]]
      bot:start("--budget 0.9", "ZAPIBOT_STUCK=1.5")
      for _, text in ipairs {
         (" "):rep(60000), ("a"):rep(60000), ("a "):rep(30000), ("ã"):rep(30000),
         ("\u{200b}"):rep(20000), "!pedir " .. (" "):rep(60000), "!pedir " .. ("a"):rep(50000),
         "!pedir \"" .. ("a "):rep(30000), "!pedir " .. ("“a "):rep(12000), ("!"):rep(60000),
         "!pedir " .. ("\""):rep(50000), ("(["):rep(30000),
      } do
         assert.equal(200, bot:post(text))
      end
      bot:post "oi"
      bot:wait_said "pedir pedir pedir pedir pedir oi"
      assert.is_nil(bot:err():find("computed for more", 1, true), bot:err())
      assert.equal(0, bot:stop())
   end)
end)

-- The program's coroutine functions are ours: they must be Lua's.
local COROUTINES = [=[
local co = coroutine
local function show(...)
   local list = table.pack(...)
   for i = 1, list.n do
      list[i] = tostring(list[i]):gsub("0x%x+", "0x"):gsub("thread expected", "coroutine expected")
         :gsub("^%S-([%w]+%.lua:)", "%1")
   end
   print(table.concat(list, " | "))
end
local c = co.create(function(a, b)
   local x, y = co.yield(a + b, nil)
   local z = co.yield(x .. y)
   error({z})
end)
show(co.resume(c, 1, 2)) show(co.status(c)) show(co.resume(c, "x", "y"))
local ok, e = co.resume(c, 7)
show(ok, e[1], co.status(c)) show(co.resume(c)) show(co.close(c))
show(pcall(co.resume)) show(pcall(co.resume, 1)) show(pcall(co.wrap, 1)) show(pcall(co.close))
show(co.resume(co.create(function(...) return select("#", ...), ... end), nil, nil))
local w = co.wrap(function() error("text") end)
show(pcall(w)) show(pcall(w))
show(pcall(co.wrap(function() error({}) end)))
w = co.wrap(function() local _ <close> = setmetatable({}, {__close = function()
   error("in close") end}) error("first") end)
show(pcall(w))
w = co.wrap(function() return co.resume(co.running()) end)
show(w())
local outer
outer = co.create(function() return pcall(co.close, outer) end)
show(co.resume(outer))
local inner = co.create(function() return pcall(co.close, (co.running())) end)
show(co.resume(inner))
local p
p = co.create(function() return co.resume(co.create(function() return pcall(co.close, p) end)) end)
show(co.resume(p))
c = co.create(function() local _ <close> = setmetatable({}, {__close = function()
   print "closed" end}) co.yield() end)
co.resume(c) show(co.close(c)) show(co.status(c)) show(co.close(c))
c = co.create(function() local _ <close> = setmetatable({}, {__close = function()
   error("bad", 0) end}) co.yield() end)
co.resume(c) show(co.close(c)) show(co.close(c))
c = co.wrap(function() show(pcall(function() return co.yield(1) end)) return "end" end)
show(c()) show(c("in pcall"))
c = co.wrap(function() for i = 1, 300 do co.yield(table.unpack({}, 1, i)) end end)
for i = 1, 300 do assert(select("#", c()) == i) end
local big = co.create(function(...) return select("#", ...) end)
show(co.resume(big, table.unpack({}, 1, 5000)))
local function deep() return co.wrap(deep)() end
local okd, why = pcall(deep)
show(okd, tostring(why):match("C stack overflow"))
local up = 0
for v in co.wrap(function() for i = 1, 3 do co.yield(i) end end) do up = up + v end
show(up, co.isyieldable(co.create(print)))
]=]

describe("coroutines in the program", function()
   it("behave as those of Lua", function()
      place = support.place()
      finally(place.close)
      write("co.lua", COROUTINES)
      local code, plain = shell.run(("cd %s && %s co.lua"):format(shell.quote(place.folder),
         shell.quote(assert(os.getenv "ZAPI_LUA", "ZAPI_LUA names the Lua of the tests"))))
      assert.equal(0, code, plain)
      local hosted, out, err = place.run "co.lua"
      assert.equal(0, hosted, err)
      assert.equal(plain, out)
   end)

   it("cannot take the hook away", function()
      place = support.place()
      finally(place.close)
      write("hook.lua", [[print(debug.sethook, require("debug").sethook,
         package.loaded.debug.sethook, type(debug.traceback))]])
      local _, out = place.run "hook.lua"
      assert.equal("nil\tnil\tnil\tfunction\n", out)
   end)
end)
