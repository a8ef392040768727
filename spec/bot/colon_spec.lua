--- A method that is called with a dot, and what is logged of things that were thrown.
local core = require "zapi.core"
local fake = require "spec.support.bot_fake"
local zapi = require "zapi"

local function line() return debug.getinfo(2, "l").currentline end

-- What a handler throws, as bot:catch gets it.
local function thrown(handler)
   local bot, seen = fake.bot(), nil
   bot:catch(function(_, err, traceback) seen = {err = err, text = traceback} end)
   bot:on("text", handler)
   fake.give_sample(bot, "received_text")
   return seen
end

describe("a dot in the place of a colon", function()
   it("is told, with the script's line, in methods of ctx", function()
      for _, how in ipairs {"reply", "send", "react", "ask", "menu", "enter"} do
         local here
         local got = thrown(function(ctx)
            here = line() + 1
            ctx[how]("oi")
         end)
         assert.equal(("spec/bot/colon_spec.lua:%d: call it with a colon: ctx:%s(…)")
            :format(here, how), (got.err:gsub("^%./", "")))
      end
      local got = thrown(function(ctx) ctx.reply {text = "oi"} end)
      assert.matches("call it with a colon: ctx:reply%(…%)$", got.err)
      got = thrown(function(ctx) ctx.read() end)
      assert.matches("call it with a colon: ctx:read%(…%)$", got.err)
   end)

   it("is told in methods of bots", function()
      local bot = fake.bot()
      local ok, err = pcall(function() bot.hears("oi", print) end)
      assert.is_false(ok)
      assert.equal(("spec/bot/colon_spec.lua:%d: call it with a colon: bot:hears(…)")
         :format(line() - 3), (err:gsub("^%./", "")))
      for _, name in ipairs {"on", "command", "use", "catch", "state", "timer", "run"} do
         ok, err = pcall(bot[name], "x", print)
         assert.is_false(ok)
         assert.matches("call it with a colon: bot:" .. name, err, 1, true)
      end
   end)

   it("is told in methods of stores and of the outbox", function()
      local store = zapi.store "colon"
      for _, name in ipairs {"get", "set", "delete", "update", "cas", "each"} do
         local ok, err = pcall(function() store[name]("key", 1) end)
         assert.is_false(ok)
         assert.matches(("colon_spec.lua:%d: call it with a colon: store:%s(…)")
            :format(line() - 3, name), err, 1, true)
      end
      local z = zapi.client {instance = "I", token = "TOKENTOKEN", base_url = "http://127.0.0.1:9"}
      local ok, err = pcall(function() z.outbox.send("send_text", {}) end)
      assert.is_false(ok)
      assert.matches("call it with a colon: z.outbox:send(…)", err, 1, true)
   end)

   it("is none when self is given", function()
      local bot, said = fake.bot(), nil
      bot.on(bot, "text", function(ctx)
         ctx.typing(ctx, 2)
         said = ctx.text
      end)
      fake.give_sample(bot, "received_text")
      assert.is_string(said)
   end)
end)

describe("what was thrown", function()
   it("is told with its fields when it is a table", function()
      local got = thrown(function() error {code = 7} end)
      assert.same({code = 7}, got.err)
      assert.equal("{code = 7}", got.text:match "^[^\n]*")
      assert.equal('{"a", {…}, true}', core.error_text {"a", {}, true})
      assert.equal("{}", core.error_text {})
      local text = core.error_text {why = "não", n = 1.5}
      assert.is_truthy(text:find('why = "não"', 1, true) and text:find("n = 1.5", 1, true), text)
      assert.is_true(#core.error_text {("x"):rep(5000)} < 250)
      local many = {}
      for i = 1, 50 do many[i] = i end
      assert.equal("{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, …}", core.error_text(many))
   end)

   it("is its own text when it has one", function()
      assert.equal("x", core.error_text "x")
      assert.equal("nil", core.error_text(nil))
      assert.equal("meu", core.error_text(setmetatable({1}, {__tostring = function()
         return "meu"
      end})))
      local err = core.error {kind = "net.refused", message = "no", endpoint = "send_text"}
      assert.equal(tostring(err), core.error_text(err))
   end)
end)

describe("misuse of", function()
   local function told(fn, ...)
      local ok, err = pcall(fn, ...)
      assert.is_false(ok)
      return err
   end

   it("zapi.sleep, spawn, after and interval names them", function()
      assert.equal("bad argument #1 to 'zapi.sleep' (number expected, got string)",
         told(zapi.sleep, "x"))
      assert.equal("bad argument #1 to 'zapi.spawn' (function expected, got no value)",
         told(zapi.spawn))
      assert.equal("bad argument #1 to 'zapi.after' (number expected, got nil)",
         told(zapi.after, nil, print))
      assert.equal("bad argument #2 to 'zapi.interval' (function expected, got number)",
         told(zapi.interval, 1, 2))
      assert.matches("colon_spec.lua:" .. line() + 1 .. ": bad argument #1 to 'zapi.sleep'",
         told(function() zapi.sleep {} end))
   end)

   it("zapi.log names it, at the script's line", function()
      assert.matches("colon_spec.lua:" .. line() + 2 .. ": bad argument #2 to 'zapi.log.info' "
         .. "%(number expected, got string%)$",
         told(function() zapi.log.info("%d", "x") end))
   end)
end)
