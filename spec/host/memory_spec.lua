--- What a script that eats memory can do to others: nothing.
local child = require "spec.host.child"
local core = require "zapi.core"
local shell = require "spec.support.shell"
local support = require "spec.host.support"

local EATERS = [=[
local core = require "zapi.core"
local zapi = require "zapi"
local ways = {
   {"a table that grows", function() local t = {} while true do t[#t + 1] = {#t} end end},
   {"string.rep", function() return ("x"):rep(1 << 30) end},
   {"a string that doubles", function() local s = "x" while true do s = s .. s end end},
   {"table.concat", function()
      local t = {}
      for i = 1, 100 do t[i] = ("x"):rep(1 << 18) end
      return table.concat(t)
   end},
   {"coroutines", function()
      local t = {}
      while true do t[#t + 1] = coroutine.create(print) end
   end},
   {"closures", function()
      local t = {}
      while true do local n = #t t[n + 1] = function() return n end end
   end},
   {"JSON", function()
      local list, twice = core.json_decode("[" .. ("[],"):rep(10000) .. "0]"), {}
      for i = 1, 600 do twice[i] = list end
      return core.json_decode(core.json_encode(twice))
   end},
}
local ticks = 0
local ticker = zapi.spawn(function() while true do ticks = ticks + 1 zapi.sleep(0.01) end end)
for _, way in ipairs(ways) do
   local before = ticks
   local ok, err = pcall(function() return zapi.spawn(way[2]):join() end)
   while ticks < before + 2 do zapi.sleep(0.005) end -- another task goes on
   print(core.json_encode {way = way[1], ok = ok, err = tostring(err)})
end
ticker:cancel()
collectgarbage()
print(core.json_encode {way = "afterwards", ok = collectgarbage "count" < 6000, err = ""})
]=]

local place

local function write(name, text)
   shell.write(place.folder .. "/" .. name, text)
end

describe("the limit of memory", function()
   before_each(function() place = support.place() end)
   after_each(function() place.close() end)

   it("ends whatever eats it, and others go on", function()
      write("eaters.lua", EATERS)
      local code, out, err = place.run "--memory 16M --budget 5 eaters.lua"
      assert.equal(0, code, err .. out)
      local n = 0
      for line in out:gmatch "[^\n]+" do
         local one = assert(core.json_decode(line))
         n = n + 1
         if one.way == "afterwards" then
            assert.is_true(one.ok)
         else
            assert.is_false(one.ok, one.way)
            assert.equal("not enough memory", one.err, one.way)
         end
      end
      assert.equal(8, n)
   end)

   it("says where the memory ended", function()
      write("eat.lua", [[
         local function eat(t)
            while true do t[#t + 1] = {} end
         end
         require("zapi").spawn(function() eat {} end)]])
      local code, _, err = place.run "--memory 8M eat.lua"
      assert.equal(0, code)
      assert.matches("not enough memory.-traceback:.-eat%.lua:2: in .-eat%.lua:4: in function", err)
   end)

   it("is what the option or the variable says; none with 0", function()
      local text = [[print(pcall(string.rep, "x", %d))]]
      write("rep.lua", text:format(20 << 20))
      assert.equal("false\tnot enough memory\n", (select(2, place.run "--memory 16M rep.lua")))
      assert.equal("false\tnot enough memory\n",
         (select(2, place.run("rep.lua", "ZAPIBOT_MEMORY=16384k "))))
      local _, out = place.run "--memory 48M rep.lua"
      assert.equal(5 + (20 << 20) + 1, #out)
      write("rep.lua", [[print(#("x"):rep(300 << 20))]])
      local code, _, err = place.run "rep.lua"
      assert.equal(1, code)
      assert.matches("not enough memory", err)
      assert.equal("314572800\n", (select(2, place.run "--memory 0 rep.lua")))
      for _, wrong in ipairs {
         "x", "1M", "-1", "16T", "16MB", "1e9", "99999999999999999999", "' 16M'",
      } do
         local c, _, why = place.run("--memory " .. wrong .. " rep.lua")
         assert.equal(2, c, wrong)
         assert.equal("zapibot: --memory takes a size, like 256M (at least 4M; 0: no limit)\n", why)
      end
   end)

   it("is not filled by tasks that have ended", function()
      write("ended.lua", [[
         local zapi = require "zapi"
         local most = 0
         for i = 1, 30000 do
            zapi.spawn(function()
               local kept = {}
               for k = 1, 40 do kept[k] = {k} end
               zapi.sleep(0)
               return kept
            end)
            if i % 20 == 0 then zapi.sleep(0) end
            if i % 100 == 0 then most = math.max(most, collectgarbage "count") end
         end
         print(most // 1)]])
      local code, out, err = place.run "ended.lua"
      assert.equal(0, code, err)
      assert.is_true(tonumber(out) < 8 * 1024, out)
   end)

   it("refuses a big text of JSON before it builds what cannot fit", function()
      write("json.lua", [[
         local core = require "zapi.core"
         local big = "[" .. ("[],"):rep(400000) .. "0]"
         collectgarbage()
         local before = collectgarbage "count"
         local ok, err = pcall(core.json_decode, big)
         print(ok, err, collectgarbage "count" - before < 200)
         print(#core.json_decode("[" .. ("[],"):rep(1000) .. "0]"))]])
      local code, out, err = place.run "--memory 8M json.lua"
      assert.equal(0, code, err)
      assert.equal("false\tnot enough memory\ttrue\n1001\n", out)
   end)

   it("may come at any moment and never aborts the program", function()
      write("any.lua", [[
         local core = require "zapi.core"
         local zapi = require "zapi"
         local hoard, steps = {}, tonumber(arg[1])
         -- Fills all but the last bytes, then does what the runtime does.
         local function fill(size)
            while true do
               local ok, s = pcall(string.rep, "x", size)
               if ok then
                  hoard[#hoard + 1] = s .. #hoard
               elseif size > 64 then
                  size = size // 2
               else
                  return
               end
            end
         end
         local s = zapi.http.serve {listen = "127.0.0.1:0", handler = function()
            return 200, ("y"):rep(500), {["X-Header"] = "value"}
         end}
         local after = 0
         for i = 1, 12 do
            zapi.after(i / 1000, function() after = after + 1 end)
            zapi.spawn(function()
               zapi.sleep(0.001 * i)
               zapi.http.request {url = "http://" .. s.address .. "/" .. i}
            end)
            zapi.spawn(function() error({i}) end)
         end
         zapi.spawn(function()
            zapi.sleep(0.002)
            pcall(fill, 1 << 20)
            for _ = 1, steps do hoard[#hoard] = nil end
            pcall(function()
               for _ = 1, 5 do
                  zapi.spawn(function() zapi.sleep(0) end)
                  zapi.sleep(0.001)
                  zapi.after(0.001, function() after = after + 1 end)
               end
            end)
            hoard = nil
            collectgarbage()
            zapi.sleep(0.02)
            if zapi.spawn(function() return "works" end):join() then os.exit(3) end
         end)]])
      for steps = 0, 24 do
         local code, _, err = place.run(("--memory %d any.lua %d"):format(
            6000000 + steps * 997, steps * 3))
         assert.equal(3, code, err) -- not 134 (abort) or a sanitizer's
         assert.is_nil(err:find("unprotected", 1, true), err)
      end
   end)
end)

describe("the memory of a bot", function()
   local bot
   before_each(function()
      bot = child.new [[
         bot:hears("memória", function()
            note "memória"
            local t = {}
            while true do t[#t + 1] = {} end
         end)
         bot:hears("guarda", function()
            KEPT = {} -- luacheck: ignore
            repeat -- 93 % of the limit, whatever the bot itself takes
               KEPT[#KEPT + 1] = ("x"):rep(50000 + #KEPT)
               if collectgarbage "count" > 17140 then collectgarbage() end
            until collectgarbage "count" > 17140
            note "guarda"
         end)
         bot:hears("devagar", function() zapi.sleep(2.5) note "devagar" end)
         bot:hears("oi", function() note "oi" end)]]
   end)
   after_each(function() bot:close() end)

   it("ends one handler, and the others answer", function()
      bot:start "--memory 16M --budget 5"
      assert.equal(200, bot:post "memória")
      for i = 1, 5 do assert.equal(200, bot:post("oi", "551199999000" .. i + 1)) end
      bot:wait_for("five answers", function()
         return select(2, bot:said():gsub("oi", "")) == 5
      end)
      assert.matches("not enough memory", bot:err())
      -- Tried again, as it might have been another's fault, but not for ever.
      bot:wait_for("three tries", function()
         return select(2, bot:said():gsub("memória", "")) == 3
      end)
      bot:post "oi" -- the chat goes on
      bot:wait_for("the next of the chat", function()
         return select(2, bot:said():gsub("oi", "")) == 6
      end)
      assert.equal(0, bot:stop())
   end)

   it("when nearly all of it is kept, ends the program in order to start anew", function()
      bot:start "--memory 18M"
      bot:post("devagar", "5511999990002")
      bot:post "guarda"
      assert.equal(75, bot:wait())
      assert.equal("guarda devagar", bot:said()) -- what ran has ended
      assert.matches("bot%.lua holds 1%d of 18 MiB, and nothing of it is garbage", bot:err())
      bot:start "--memory 18M"
      bot:post "oi"
      bot:wait_said "guarda devagar oi"
   end)
end)
