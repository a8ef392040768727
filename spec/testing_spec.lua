-- The testing kit: it passes what is right, and fails what is wrong with a
-- message that says why.
local core = require "zapi.core"
local testing = require "zapi.testing"

local function echo_bot()
   local bot = require("zapi.bot").new()
   bot:hears("oi", function(ctx) ctx:reply("Olá, " .. ctx.from.name .. "!") end)
   bot:hears("vem?", function(ctx) ctx:reply { text = "Vem?", buttons = { "Sim", "Não" } } end)
   bot:hears("lista", function(ctx)
      ctx:reply {
         text = "Qual?", list = { title = "T", button = "Abrir", options = { "Um", "Dois" } },
      }
   end)
   bot:hears("duas", function(ctx)
      ctx:reply("primeira")
      ctx:reply("segunda")
   end)
   bot:hears("quebra", function() error("quebrei") end)
   bot:on("choice", function(ctx) ctx:reply("escolheu " .. ctx.choice.label) end)
   bot:on("image", function(ctx) ctx:reply("imagem: " .. (ctx.text or "")) end)
   return bot
end

local function failure(fn, ...)
   local ok, err = pcall(fn, ...)
   assert.is_false(ok)
   return tostring(err)
end

describe("zapi.testing", function()
   local world, ana
   before_each(function()
      world = testing.start { bot = echo_bot }
      ana = world:person "Ana"
   end)
   after_each(function() world:close { failures = true } end)

   it("plays a conversation", function()
      ana:says "oi"
      local message = ana:expects "Olá, Ana!"
      assert.is_true(message.fromMe)
      ana:says "vem?"
      ana:expects { kind = "buttons", match = "^Vem" }
      ana:clicks "Sim"
      ana:expects "escolheu Sim"
      ana:says "lista"
      ana:expects "Qual?"
      ana:clicks "Dois"
      ana:expects(function(m) return m.text == "escolheu Dois" end)
      ana:hears_nothing()
   end)

   it("takes replies in order, each once", function()
      ana:says "duas"
      ana:expects "primeira"
      ana:expects "segunda"
      assert.equal(3, #ana:messages())
      ana:hears_nothing()
   end)

   it("keeps people apart, and groups", function()
      local bia = world:person("Bia", "5521988880001")
      assert.equal("5521988880001", bia.phone)
      local group = world:group("Grupo", { ana, bia })
      bia:says("oi", group)
      group:expects "Olá, Bia!"
      bia:hears_nothing()
      ana:says "oi"
      ana:expects "Olá, Ana!"
      group:hears_nothing()
   end)

   it("sends more than text", function()
      ana:says { image = "data:image/png;base64,TWFu", caption = "veja" }
      ana:expects "imagem: veja"
   end)

   it("says what was expected, what came and what was said before", function()
      ana:says "oi"
      local err = failure(ana.expects, ana, "Tchau")
      assert.truthy(err:find('Ana expected "Tchau"', 1, true))
      assert.truthy(err:find('but got "Olá, Ana!"', 1, true))
      assert.truthy(err:find('   Ana: "oi"\n   bot: "Olá, Ana!"', 1, true))
      assert.truthy(err:find("testing_spec.lua", 1, true) or err:find("^Ana expected"))
   end)

   it("does not wait for ever, and shows a wrong kind", function()
      local err = failure(ana.expects, ana, { kind = "image" }, 0.02)
      assert.truthy(err:find('expected {kind = "image"}', 1, true))
      assert.truthy(err:find("but got nothing", 1, true))
      ana:says "vem?"
      err = failure(ana.expects, ana, { kind = "text" })
      assert.truthy(err:find('(buttons) "Vem?" [Sim] [Não]', 1, true))
   end)

   it("fails when something is heard that should not be", function()
      ana:says "duas"
      local err = failure(ana.hears_nothing, ana)
      assert.truthy(err:find('but got "primeira"', 1, true))
   end)

   it("fails on clicks and messages that are not possible", function()
      assert.truthy(failure(ana.clicks, ana, "Sim"):find("sees nothing to click", 1, true))
      ana:says "vem?"
      ana:expects "Vem?"
      assert.truthy(failure(ana.clicks, ana, "Talvez"):find("no 'Talvez' among: Sim, Não", 1, true))
      assert.truthy(failure(ana.says, ana, { nada = 1 }):find("unknown field 'nada'", 1, true))
   end)
end)

describe("zapi.testing closes", function()
   it("with an error when a handler failed", function()
      local world = testing.start { bot = echo_bot }
      local ana = world:person "Ana"
      ana:says "quebra"
      local err = failure(world.close, world)
      assert.truthy(err:find("1 handler(s) failed", 1, true))
   end)

   it("with an error when a handler still waits", function()
      local world = testing.start {
         timeout = 0.05,
         bot = function()
            local bot = require("zapi.bot").new()
            bot:on("text", function() core.sleep(30) end)
            return bot
         end,
      }
      world:person("Ana"):says "oi"
      local err = failure(world.close, world)
      assert.truthy(err:find("something still runs", 1, true))
   end)

   it("and leaves environment and ports as they were", function()
      local before = core.getenv "ZAPI_TOKEN"
      local world = testing.start { bot = echo_bot, env = { LOJA = "aberta" } }
      assert.equal("aberta", core.getenv "LOJA")
      assert.equal(world.sandbox.token, core.getenv "ZAPI_TOKEN")
      local url = world.sandbox.base_url
      world:close()
      world:close()
      assert.equal(before, core.getenv "ZAPI_TOKEN")
      assert.is_nil(core.getenv "LOJA")
      assert.is_false(core.hosted)
      assert.is_nil((core.http_request { method = "GET", url = url, timeout = 2 }))
   end)
end)

describe("zapi.testing starts", function()
   local function script(text)
      local path = os.tmpname()
      local file = assert(io.open(path, "w"))
      file:write(text)
      file:close()
      return path
   end

   it("a script, with its arguments", function()
      local path = script [[
         local bot = require("zapi.bot").new()
         local word = ...
         bot:on("text", function(ctx) ctx:reply(word .. " " .. arg[1]) end)
         bot:run()
      ]]
      local saved = _G.arg
      local world = testing.start { script = path, args = { "eco" } }
      assert.equal(saved, _G.arg)
      rawset(_G, "arg", { "do processo" })
      local ana = world:person "Ana"
      ana:says "oi"
      ana:expects "eco do processo"
      rawset(_G, "arg", saved)
      world:close()
      os.remove(path)
   end)

   it("a script that makes no bot, and sees what it sent", function()
      local path = script [[
         local z = require("zapi").client()
         assert(z:send_text {phone = "5511999990001", message = "aviso"})
      ]]
      local world = testing.start { script = path }
      assert.equal("aviso", world.sandbox:messages("5511999990001")[1].text)
      world:close()
      os.remove(path)
   end)

   it("nothing when the script is broken, and says where", function()
      local path = script "local x = nil\nx.y = 1\n"
      local err = failure(testing.start, { script = path })
      assert.truthy(err:find(":2: attempt to index", 1, true))
      assert.is_nil(core.getenv "ZAPI_BASE_URL")
      assert.is_false(core.hosted)
      os.remove(path)
      err = failure(testing.start, { script = "/nowhere.lua" })
      assert.truthy(err:find("nowhere.lua", 1, true))
   end)
end)

describe("the examples", function()
   it("echo.lua answers in a conversation", function()
      local world = testing.start { script = "examples/echo.lua" }
      local ana = world:person "Ana"
      ana:says "papagaio"
      ana:expects { match = "papagaio" }
      world:close()
   end)
end)
