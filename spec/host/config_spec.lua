-- The table of --config: instances with secrets, automations with their
-- instances, limits and options, options of the command line.
local fleet = require "spec.support.fleet"

local RUN <const> = "run --config shop.lua --listen 127.0.0.1:0 "
local LOJA <const>, CASA <const> = "TOKENOFLOJA00000001", "TOKENOFCASA00000002"

local PLAN <const> = [[
return {
   instances = {
      loja = {id = "LOJA0001", token = {env = "LOJA_TOKEN"}, client_token = "CLIENTOFLOJA0001"},
      casa = {id = "CASA0001", token = {file = "keys/casa"}},
   },
   automations = {
      pedidos = {script = "pedidos.lua", instances = {"loja"}, memory = "32M", concurrency = 2,
         options = {greeting = "Olá!", hours = {open = 8, close = 18.5}, days = {"seg", "ter"},
            deep = {[1] = true, x = {y = {}}}}},
      suporte = {script = "bots/suporte.lua", instances = {"casa", "loja"}},
   },
   grace = 5, log = "debug",
}]]

describe("zapibot run --config", function()
   local f

   before_each(function() f = fleet.new() end)
   after_each(function() f:close() end)

   local function write(plan)
      f:write("shop.lua", plan or PLAN)
      f:write("keys/casa", CASA .. "\n")
      f:bot("pedidos.lua", [[
         local o = zapi.options
         note("pedidos", o.greeting, o.hours.open, math.type(o.hours.open), o.hours.close, #o.days,
            tostring(o.deep[1]), type(o.deep.x.y))
         note("pedidos of", zapi.client().instance)
         note(tostring(select(2, pcall(zapi.client, "casa"))))
         bot:on("text", function(ctx) note("pedidos", ctx.text, ctx.client.instance) end)]])
      f:bot("bots/suporte.lua", [[
         note("suporte", next(zapi.options) == nil and "none" or "some",
            zapi.client("loja").instance, zapi.client("casa").instance, zapi.client().instance)
         bot:on("text", function(ctx) note("suporte", ctx.text, ctx.client.instance) end)]])
   end

   it("gives each script its options and its instances", function()
      write()
      f:start(RUN, "LOJA_TOKEN=" .. LOJA .. " ", true)
      f:wait_said "pedidos Olá! 8 integer 18.5 2 true table"
      f:wait_said "pedidos of LOJA0001"
      f:wait_said "suporte none LOJA0001 CASA0001 CASA0001"
      assert.matches("there is no instance 'casa' for this script %(there is: loja%)", f:said())
      assert.equal(200, (f:post("um", nil, "LOJA0001")))
      f:wait_said "pedidos um LOJA0001"
      f:wait_said "suporte um LOJA0001"
      assert.equal(200, (f:post("dois", nil, "CASA0001")))
      f:wait_said "suporte dois CASA0001"
      assert.is_nil(f:said():find("pedidos dois", 1, true)) -- not its instance
      local rows = f:status()
      assert.equal("serves", rows.pedidos.state)
      assert.equal("serves", rows.suporte.state)
   end)

   it("a budget and a memory of one's own: only that script is ended", function()
      f:write("shop.lua", [[return {instances = {x = {id = "3C0FFEE1", token = "TOKENOFX0000001"}},
         automations = {short = {script = "short.lua", budget = 0.1, memory = "16M"},
            long = {script = "long.lua", budget = 5}}, budget = 1}]])
      local work = [[bot:hears("conte", function(ctx)
         local until_ = require("zapi.core").hrtime() + %s
         while require("zapi.core").hrtime() < until_ do end
         note("%s counted")
      end)
      bot:hears("memória", function() note("%s", #("x"):rep(20 << 20)) end)]]
      f:bot("short.lua", work:format("0.6", "short", "short"))
      f:bot("long.lua", work:format("1.3", "long", "long"))
      f:start(RUN, "", true)
      f:post "conte"
      f:wait_said "long counted"
      f:wait_log "computed for more than 0.1 s"
      f:post "memória"
      f:wait_said "long 20971520"
      f:wait_log "not enough memory"
      assert.is_nil(f:said():find("short", 1, true))
   end)

   it("shows no secret, in no log and no error", function()
      write(nil)
      f:write("pedidos.lua", [[
         local one = require("zapi.core").given.instances[1]
         error(one.token .. " and " .. one.client_token)]])
      f:start(RUN, "LOJA_TOKEN=" .. LOJA .. " ", true)
      local _, out = f:run "status --json"
      for _, text in ipairs {f:log(), out} do
         assert.is_truthy(text:find("*** and ***", 1, true), text)
         assert.is_nil(text:find(LOJA, 1, true))
         assert.is_nil(text:find("CLIENTOFLOJA0001", 1, true))
      end
   end)

   it("has the options of the command line, which goes first", function()
      f:write("shop.lua", [[return {automations = {a = {script = "a.lua"}},
         budget = 0.5, memory = "64M", admin_listen = "off", watch = true, data = "memory"}]])
      f:write("a.lua", [[local c = require "zapi.core"
         print(c.getenv "ZAPIBOT_BUDGET", c.getenv "ZAPIBOT_MEMORY", c.getenv "ZAPIBOT_DATA")]])
      local code, out = f:run("--memory 48M run --config shop.lua", "")
      assert.equal(0, code, out)
      assert.equal("0.5\t48M\tmemory\n", out)
      out = select(2, f:run("--config shop.lua", "ZAPIBOT_MEMORY=32M ZAPIBOT_DATA= "))
      assert.equal("0.5\t32M\tmemory\n", out)
   end)

   -- A file that is wrong, and the one line that says so.
   local function refused(plan, why, env)
      f:write("shop.lua", plan)
      f:write("a.lua", "print 'ran'")
      local code, out = f:run("run --config shop.lua", env or "")
      assert.equal(2, code, out)
      assert.matches("^zapibot: [^\n]+\n$", out)
      assert.is_truthy(out:find(why, 1, true), out)
   end

   local function with(automation, instances)
      return ("return {automations = {a = {script = 'a.lua', %s}}, instances = {%s}}"):format(
         automation, instances or "")
   end

   it("names a key that is none, with the nearest one", function()
      refused("return {automatons = {}}",
         "shop.lua: unknown key 'automatons'; did you mean 'automations'?")
      refused(with "intances = {}",
         "shop.lua: automations.a: unknown key 'intances'; did you mean 'instances'?")
      refused(with("", "x = {id = 'a', tokn = 'b'}"),
         "shop.lua: instances.x: unknown key 'tokn'; did you mean 'token'?")
      refused("return {automations = {a = {script = 'a.lua'}}, liste = '1'}",
         "unknown key 'liste'; did you mean 'listen'?")
   end)

   it("checks each value", function()
      refused("return 7", "shop.lua: it must return a table, got number")
      refused("return {}", "shop.lua: automations: none is named")
      refused("return {automations = {a = {}}}", "automations.a: 'script' is missing")
      refused("return {automations = {['a b'] = {script = 'a.lua'}}}", "a name has only letters")
      refused(with "instances = {'lojo'}" .. " ", "there is no instance 'lojo'")
      refused(with("instances = {'lojo'}", "loja = {id = 'a', token = 'b'}"),
         "there is no instance 'lojo'; did you mean 'loja'?")
      refused(with "memory = true", "automations.a.memory: a size as \"64M\" expected")
      refused(with "memory = 'much'", "automations.a.memory takes a size")
      refused(with "concurrency = 1.5", "automations.a.concurrency: an integer expected")
      refused(with "options = {f = function() end}", "a function is no value for a script")
      refused(with "options = (function() local t = {} t.t = t return t end)()", "is too deep")
      refused(with("", "x = {id = 'a'}"), "instances.x: 'token' is missing")
      refused(with("", "x = {id = 'a', token = {env = 'NOT_SET'}}"),
         "instances.x.token: the variable NOT_SET is not set")
      refused(with("", "x = {id = 'a', token = {file = 'no/where'}}"),
         "instances.x.token: cannot read no/where")
      refused(with("", "x = {id = 'a', token = {envv = 'A'}}"), "did you mean 'env'?")
      refused("return {automations = {a = {script = 'nowhere.lua'}}}", "cannot open")
   end)

   it("runs the file in an empty environment, for a short time", function()
      refused("return {automations = os.getenv 'HOME'}", "shop.lua:1: ")
      refused("return require 'zapi'", "shop.lua:1: ")
      refused("local s = ('x'):rep(1e9) return {}", "shop.lua:1: ")
      refused("while true do end", "it computes for too long")
      refused("return {", "shop.lua:1: ")
      refused("\27Lua", "shop.lua")
      refused("local t = {} for i = 1, 1e9 do t[i] = {i} end", "shop.lua")
      local code, out = f:run("run --config nowhere.lua", "")
      assert.equal(2, code)
      assert.matches("^zapibot: cannot read nowhere.lua: No such file or directory\n$", out)
   end)

   it("dev puts the sandbox in the place of every instance, and reads no secret", function()
      f:write("shop.lua", [[return {instances = {loja = {id = "LOJA0001", token = {env = "NOT"}}},
         automations = {a = {script = "a.lua"}}}]])
      f:bot("a.lua", [[zapi.spawn(function()
         note(zapi.client("loja").instance ~= "LOJA0001" and zapi.client():get_status().connected
            and "sandbox" or "real")
         zapi.stop()
      end)]])
      local code, out = f:run("--config shop.lua dev", "ZAPIBOT_LOG_FORMAT=text ")
      assert.equal(0, code, out)
      f:wait_said "sandbox"
      assert.is_nil(out:find("LOJA0001", 1, true))
   end)
end)
