--- zapi.store: what is kept, for how long, and what a handler's end makes of it.
--- Questions and crashes between are in ask_spec.lua and spec/property.
local core = require "zapi.core"
local durable = require "spec.support.durable"
local fake = require "spec.support.bot_fake"
local zapi = require "zapi"

local function run(text)
   durable.with(function(place) place:run(text) end)
end

-- In memory, in this process; each has a namespace of its own.
local function fresh(name)
   local store = zapi.store("spec " .. name)
   for key in store:each() do store:delete(key) end
   return store
end

describe("a value", function()
   it("comes back as it was: each kind of number, any bytes, tables in tables", function()
      local store = fresh "values"
      local bytes = {}
      for i = 0, 255 do bytes[#bytes + 1] = string.char(i) end
      local values = {
         true, false, "", table.concat(bytes), 0, 1, -1, 127, 128, -128, math.maxinteger,
         math.mininteger, 0.0, 1.0, 0.1, -1e308, 5e-324, math.huge, -math.huge, 2.0 ^ 53,
         {}, {1, 2, 3}, {1, nil, 3}, {a = {b = {c = {1.5, "x", false}}}},
         {[1] = "um", [-1] = 2, [2.5] = 3, [true] = 4, [false] = 5, ["\0"] = 6, [10] = 7},
      }
      for i, value in ipairs(values) do
         store:set(i, value)
         local got = store:get(i)
         assert.same(value, got)
         assert.equal(math.type(value), math.type(got)) -- 1 is not 1.0
      end
      store:set("nan", 0 / 0)
      assert.is_true(store:get "nan" ~= store:get "nan")
      store:set("minus", -0.0)
      assert.equal(-math.huge, 1 / store:get "minus")
      for key in pairs(store:get(#values)) do -- keys too
         if key == -1 or key == 10 then assert.equal("integer", math.type(key)) end
      end
   end)

   it("keeps JSON's null and an empty array, so that it is written as it came", function()
      local store = fresh "json"
      store:set("a", assert(core.json_decode('{"list":[],"table":{}}')))
      store:set("n", {zapi.null})
      local text = core.json_encode(store:get "a")
      assert.truthy(text:find('"list":[]', 1, true), text)
      assert.equal(zapi.null, store:get "n"[1])
   end)

   it("is a copy: what was got and changed is not what is kept", function()
      local store, value = fresh "copies", {n = 1, list = {1}}
      store:set("k", value)
      value.n, value.list[2] = 2, 2
      assert.same({n = 1, list = {1}}, store:get "k")
      store:get "k".n = 3
      assert.equal(1, store:get "k".n)
   end)

   it("that is not there is nil or the default; false is there", function()
      local store = fresh "defaults"
      assert.is_nil(store:get "k")
      assert.equal("x", store:get("k", "x"))
      store:set("k", false)
      assert.is_false(store:get("k", "x"))
      store:set("k", nil)
      assert.equal("x", store:get("k", "x"))
      store:set("k", 1)
      store:delete "k"
      store:delete "k"
      assert.is_nil(store:get "k")
   end)

   it("has a key that is a text of any bytes, or digits", function()
      local store = fresh "keys"
      store:set(42, "a")
      assert.equal("a", store:get "42")
      store:set("a\0b", 1)
      store:set("a", 2)
      assert.equal(1, store:get "a\0b")
      store:set(("x"):rep(512), 3)
      assert.equal(3, store:get(("x"):rep(512)))
   end)
end)

describe("what cannot be kept is refused with its reason:", function()
   local store
   before_each(function() store = fresh "limits" end)

   local function refused(why, fn, ...)
      local message = fake.thrown(fn, store, ...)
      assert.truthy(message:find(why, 1, true), message)
   end

   it("values, with their place in the table", function()
      local loop, deep = {}, {}
      loop.list = {loop}
      local inner = deep
      for _ = 1, 32 do
         inner.x = {}
         inner = inner.x
      end
      refused("a.b[1]", store.set, "k", {a = {b = {print}}})
      refused("holds itself", store.set, "k", loop)
      refused("more than 32 deep", store.set, "k", deep)
      refused("neither text, number nor boolean", store.set, "k", {a = {[{}] = 1}})
      refused("larger than 1 MiB", store.set, "k", {text = ("x"):rep(1 << 20)})
      refused("'k'", store.update, "k", function() return print end)
      assert.is_nil(store:get "k")
      store:set("k", ("x"):rep((1 << 20) - 8))
      assert.equal((1 << 20) - 8, #store:get "k")
   end)

   it("keys, names and times", function()
      refused("1 to 512 bytes expected, got 0", store.get, "")
      refused("1 to 512 bytes expected, got 513", store.set, ("x"):rep(513), 1)
      refused("got number", store.get, 1.5)
      refused("got nil", store.delete, nil)
      refused("bad 'ttl'", store.set, "k", 1, {ttl = 0})
      refused("ttl", store.set, "k", 1, {tll = 5})
      refused("store:update", store.update, "k", 5)
      for _, name in ipairs {"", ("x"):rep(65), "a\1b"} do
         assert.truthy(fake.thrown(zapi.store, name):find("1 to 64 bytes", 1, true))
      end
      assert.truthy(fake.thrown(zapi.store, 5):find("got number", 1, true))
   end)

   it("at the script's line", function()
      local ok, err = pcall(function() store:set("k", print) end)
      assert.is_false(ok)
      assert.matches("store_spec.lua:%d+: store:set cannot keep 'k'", err)
   end)

   it("more than 10,000 values in one handler", function()
      durable.with(function(place)
         place:run [[
            t.up(function(bot)
               bot:on("text", function()
                  local store = zapi.store "many"
                  for i = 1, 10001 do store:set(i, i) end
               end)
            end)
            t.says "oi"
            t.stored()
            local key = zapi.store("many"):each()()
            assert.is_nil(key)
         ]]
         assert.matches("may write 10000 values before it ends or asks", place:dead()[1].reason)
      end)
   end)
end)

describe("namespaces", function()
   it("are apart, whatever their names and keys", function()
      local a, b = fresh "ns", fresh "ns2"
      a:set("2k", 1)
      b:set("k", 2)
      assert.equal(1, a:get "2k")
      assert.is_nil(a:get "k")
      assert.is_nil(b:get "2k")
      local shared = zapi.store("spec ns", {shared = true})
      shared:set("2k", "of all")
      assert.equal(1, a:get "2k")
      assert.equal("of all", zapi.store("spec ns", {shared = true}):get "2k")
   end)

   it("list their keys by prefix, in the order of bytes, over pages", function()
      local store = fresh "each"
      for i = 350, 1, -1 do store:set(("k%03d"):format(i), i) end
      for _, key in ipairs {"j", "k", "l", "k\255", "k\255\255", "K001"} do store:set(key, key) end
      local keys, sum = {}, 0
      for key, value in store:each "k" do
         keys[#keys + 1] = key
         sum = sum + (math.type(value) and value or 0)
      end
      assert.equal(353, #keys)
      assert.equal(350 * 351 // 2, sum)
      local sorted = table.move(keys, 1, #keys, 1, {})
      table.sort(sorted)
      assert.same(sorted, keys)
      assert.equal("k", keys[1])
      keys = {}
      for key in store:each "k\255" do keys[#keys + 1] = key end
      assert.same({"k\255", "k\255\255"}, keys)
      local n = 0
      for _ in store:each() do n = n + 1 end
      assert.equal(356, n)
      assert.is_nil((store:each "nothing"()))
   end)
end)

describe("ttl", function()
   it("takes a value away, from lists too, and is renewed by a write", function()
      local store = fresh "ttl"
      store:set("short", 1, {ttl = 0.05})
      store:set("kept", 2, {ttl = 0.05})
      store:set("kept", 3)
      store:update("counted", function() return 1 end, {ttl = 0.05})
      store:update("counted", function(n) return n + 1 end) -- expires when it did
      assert.equal(1, store:get "short")
      assert.equal(2, store:get "counted")
      core.sleep(0.06)
      assert.is_nil(store:get "short")
      assert.is_nil(store:get "counted")
      assert.equal(3, store:get "kept")
      local keys = {}
      for key in store:each() do keys[#keys + 1] = key end
      assert.same({"kept"}, keys)
      assert.is_true(store:cas("short", nil, 9)) -- as if it had never been there
      store:update("counted", function(n)
         assert.is_nil(n)
         return 5
      end)
      core.sleep(0.06)
      assert.equal(5, store:get "counted") -- without the old one's time
   end)
end)

describe("update and cas", function()
   it("lose nothing to each other, though they wait inside", function()
      local store, tasks = fresh "updates", {}
      for _ = 1, 5 do
         tasks[#tasks + 1] = core.spawn(function()
            for _ = 1, 10 do
               store:update("n", function(n)
                  core.sleep(0.001)
                  return (n or 0) + 1
               end)
            end
         end)
      end
      for _, task in ipairs(tasks) do task:join() end
      assert.equal(50, store:get "n")
      assert.is_nil(store:update("n", function() return nil end))
      assert.is_nil(store:get "n")
   end)

   it("cas writes only over what it was told; tables by what they hold", function()
      local store = fresh "cas"
      assert.is_false(store:cas("k", 1, 2))
      assert.is_true(store:cas("k", nil, {a = 1, b = {2}}))
      assert.is_false(store:cas("k", nil, 5))
      assert.is_false(store:cas("k", {a = 1, b = {2.0}}, 5))
      assert.is_true(store:cas("k", {b = {2}, a = 1}, 5))
      assert.equal(5, store:get "k")
      assert.is_true(store:cas("k", 5, nil))
      assert.is_nil(store:get "k")
   end)

   it("that fails leaves the value, and lets the next one in", function()
      local store = fresh "failing"
      store:set("k", 1)
      assert.has_error(function() store:update("k", function() error("no", 0) end) end, "no")
      assert.equal(2, store:update("k", function(n) return n + 1 end))
   end)

   it("of handlers of several chats lose nothing", function()
      run [[
         t.up(function(bot)
            bot:on("text", function()
               zapi.store("x"):update("n", function(n)
                  zapi.sleep(0.002)
                  return (n or 0) + 1
               end)
               zapi.sleep(0.002) -- it is held until the handler's end
            end)
         end)
         for i = 1, 20 do t.says("oi", "55119999900" .. 10 + i % 10) end
         t.stored()
         assert.equal(20, zapi.store("x"):get "n")
      ]]
   end)

   it("of two handlers that would wait for each other: one begins anew", function()
      run [[
         local tries, held = 0, 0
         t.up(function(bot)
            bot:on("text", function(ctx)
               tries = tries + 1
               local first, second = ctx.text:match "(%l) (%l)"
               local store = zapi.store "x"
               local function add(n) return (n or 0) + 1 end
               store:update(first, add)
               held = held + 1
               t.wait(function() return held >= 2 end)
               store:update(second, add)
            end)
         end)
         t.says("a b", t.ana)
         t.says("b a", t.bia)
         t.wait(function() return zapi.store("x"):get "a" == 2 end)
         t.stored()
         assert.equal(2, zapi.store("x"):get "b")
         assert.equal(3, tries)
      ]]
   end)
end)

describe("in a handler what is kept", function()
   it("is seen by itself at once, and by others at its good end", function()
      run [[
         local store, go = zapi.store "x", false
         store:set("old", 1)
         store:set("gone", 1)
         local own, list
         t.up(function(bot)
            bot:on("text", function()
               store:set("new", 1)
               store:set("old", 2)
               store:delete "gone"
               own, list = store:get "old", {}
               for key, value in store:each() do list[#list + 1] = key .. value end
               t.wait(function() return go end)
            end)
         end)
         t.says "oi"
         t.wait(function() return own end)
         assert.equal(2, own)
         assert.same({"new1", "old2"}, list)
         assert.is_nil(store:get "new") -- out here
         assert.equal(1, store:get "old")
         assert.equal(1, store:get "gone")
         go = true
         t.stored()
         assert.equal(1, store:get "new")
         assert.equal(2, store:get "old")
         assert.is_nil(store:get "gone")
      ]]
   end)

   it("is not there when it fails: store, session, timers and sends alike", function()
      run [[
         local fired = 0
         t.up(function(bot, z)
            bot:timer("t", function() fired = fired + 1 end)
            bot:on("text", function(ctx)
               if ctx.text == "conta" then return ctx:reply(tostring(ctx.session.n)) end
               zapi.store("x"):set("k", ctx.text)
               ctx.session.n = 1
               bot:at({after = 0.001}, "t")
               z.outbox:send("send_text", {phone = t.bia, message = "da fila"})
               if ctx.text == "ruim" then error "bug" end
            end)
         end)
         t.says "ruim"
         t.stored()
         t.says "conta"
         t.wait_calls(1)
         t.stored()
         assert.same({"nil"}, t.texts())
         assert.is_nil(zapi.store("x"):get "k")
         assert.equal(0, fired)
         t.says "boa"
         t.says "conta"
         t.wait_calls(3)
         t.wait(function() return fired == 1 end)
         local texts = t.texts()
         table.sort(texts)
         assert.same({"1", "da fila", "nil"}, texts)
         assert.equal("boa", zapi.store("x"):get "k")
      ]]
   end)

   it("is on disk with its end, and a task of its own writes for itself", function()
      durable.with(function(place)
         place:crash [[
            local store = zapi.store "x"
            t.up(function(bot)
               bot:on("text", function(ctx)
                  store:set(ctx.text, "do fim")
                  zapi.spawn(function() store:set("tarefa", 1) end):join()
                  if ctx.text == "dois" then t.die() end
               end)
            end)
            store:set("fora", 1) -- on disk when it returns
            t.says "um"
            t.stored()
            t.says "dois"
            t.wait(function() return false end)
         ]]
         place:run [[
            local store = zapi.store "x"
            assert.equal(1, store:get "fora")
            assert.equal("do fim", store:get "um")
            assert.equal(1, store:get "tarefa")
            assert.is_nil(store:get "dois")
         ]]
      end)
   end)
end)
