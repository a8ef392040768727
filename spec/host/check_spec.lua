-- `zapibot check`: what it finds, where, and what it must be silent about.
local check = require "zapi.host.check"
local core = require "zapi.core"
local shell = require "spec.support.shell"
local support = require "spec.host.support"

local HEAD <const> = [[
local zapi = require "zapi"
local z = zapi.client()
local bot = require("zapi.bot").new {client = z}
]]

-- The findings of a script as lines, without its name.
local function lines_of(source, name)
   local lines = {}
   for i, f in ipairs(check.source(source, name or "bot.lua", {config = false})) do
      lines[i] = ("%d:%d %s: %s"):format(f.line, f.column, f.code, f.message)
   end
   return lines
end

-- Those of some lines below HEAD, counted from 1, and with a bot that runs.
local function found(source)
   local lines = lines_of(HEAD .. source .. "\nbot:run()")
   for i, line in ipairs(lines) do
      lines[i] = line:gsub("^%d+", function(n) return tostring(tonumber(n) - 3) end)
   end
   return lines
end

describe("zapibot check finds", function()
   it("what Lua itself refuses, at its place", function()
      assert.same({"2:7 syntax: <name> expected near ')'"}, lines_of "local a\nlocal )\n")
      assert.same({"1:11 syntax: 'then' expected near 'do'"}, lines_of "if true   do end")
      assert.matches("^3:1 syntax: .*<eof>", lines_of("do\n\n")[1])
   end)

   it("globals that nothing defines, with the nearest name", function()
      assert.same({"1:1 global: the global 'pritn' is not defined; did you mean 'print'?"},
         lines_of "pritn(1)")
      assert.same({
         "2:25 global: the global 'totl' is not defined; did you mean 'total'?",
      }, lines_of "total = 1\nreturn [[olá, você]] .. totl") -- characters, not bytes
      assert.same({}, lines_of "function f() return g() end\nfunction g() end\nf()")
      assert.same({}, lines_of "local t = {x = 1} for k in pairs(t) do goto on ::on:: print(k) end")
      assert.same({}, lines_of "-- luacheck: globals shop prices\nreturn shop, prices")
      assert.equal(1, #lines_of("describe()", "bot.lua"))
      assert.same({}, lines_of("describe()", "spec/bot_spec.lua"))
      assert.same({}, lines_of "local _ENV = {} return anything")
   end)

   it("endpoints that do not exist", function()
      assert.same({"1:3 endpoint: zapi.client has no endpoint 'send_txt'; "
         .. "did you mean 'send_text'?"},
         found "z:send_txt {phone = '1', message = 'a'}")
      assert.same({"1:8 endpoint: zapi.client has no endpoint 'list_chat'; "
         .. "did you mean 'list_chats'?"},
         found "z:each('list_chat')")
      assert.same({"1:15 endpoint: zapi.client has no endpoint 'sendtext'; "
         .. "did you mean 'send_text'?"},
         found "z.outbox:send('sendtext', {})")
      assert.same({"1:17 endpoint: zapi.partner has no endpoint 'send_text'"},
         found "zapi.partner {}:send_text {}")
      assert.same({"2:10 endpoint: zapi.client has no endpoint 'send_imag'; "
         .. "did you mean 'send_image'?"},
         found "bot:on('text', function(c)\nc.client:send_imag {phone = c.chat, image = 'x'} end)")
   end)

   it("parameters that are misspelt or missing, also in a table in the table", function()
      assert.same({
         "1:27 parameter: 'mesage' is not a parameter of send_text; did you mean 'message'?",
      }, found "z:send_text {phone = '1', mesage = 'a'}")
      assert.same({"1:13 parameter: the parameter 'message' of send_text is missing"},
         found "z:send_text {phone = '1'}")
      assert.same({
         "2:22 parameter: 'buttonList.buttons[1].labl' is not a parameter of send_button_list; "
            .. "did you mean 'label'?",
      }, found [[z:send_button_list {phone = "1", message = "a", buttonList = {buttons =
         {{id = "1", labl = "x"}}}}]])
      assert.same({}, found "local p = {} z:send_text(p)  z:send_text {[p[1]] = 1}")
      assert.same({}, found "z:get_contact '5511999990001'")
   end)

   it("names of events and fields of filters and messages", function()
      assert.same({"1:8 event: 'mesage' is not an event; did you mean 'message'?"},
         found "bot:on('mesage', print)")
      assert.same({
         "1:17 event: 'imge' is not an event; did you mean 'image'?",
         "1:34 field: 'grup' is not an option of the filter; did you mean 'group'?",
      }, found "bot:on({kind = {'imge', 'text'}, grup = true}, print)")
      assert.same({}, found "bot:on('shop.paid', print) bot:on('raw:X', print) bot:on('*', print)")
      assert.same({
         "1:41 field: 'buton' is not an option of a message; did you mean 'buttons'?",
      }, found "bot:on('text', function(ctx) ctx:reply {buton = 1} end)")
   end)

   it("fields of ctx that are nearly one: at run time they are nil, and nobody says so", function()
      assert.same({
         "1:40 field: ctx has no field 'is_grup'; did you mean 'is_group'?",
         "1:74 field: ctx has no field 'txt'; did you mean 'text'?",
         "2:12 field: ctx has no field 'form'; did you mean 'from'?",
      }, found [[
bot:on('message', function(ctx) if ctx.is_grup then return end print(ctx.txt)
return ctx.form.name end)]])
      assert.same({}, found [[
         bot:use(function(ctx, next) ctx.txt = "mine" return next() end)
         bot:hears("a", function(ctx) print(ctx.txt, ctx.shop, ctx.request, ctx.now, ctx.reply) end)
         local order = {} print(order.form)
      ]])
   end)

   it("options of what runs when a customer comes to it", function()
      assert.same({
         "1:48 field: 'timout' is not an option of ctx:ask; did you mean 'timeout'?",
      }, found "bot:hears('a', function(ctx) ctx:ask('Nome?', {timout = 3}) end)")
      assert.same({
         "1:49 field: 'tires' is not an option of ctx:menu; did you mean 'tries'?",
      }, found "bot:hears('a', function(ctx) ctx:menu('?', {}, {tires = 3}) end)")
      assert.same({
         "1:59 field: 'kei' is not an option of z.outbox:send; did you mean 'key'?",
      }, found "z.outbox:send('send_text', {phone = '1', message = 'a'}, {kei = 'b'})")
      assert.same({
         "2:31 field: 'caht' is not an option of bot:at; did you mean 'chat'?",
      }, found "bot:timer('t', print)\nbot:at({after = 1}, 't', {}, {caht = '1'})")
      assert.same({}, found "local o = {} bot:hears('a', function(ctx) ctx:ask('?', o) end)")
   end)

   it("names of timers and states that are nearly one of the script's", function()
      assert.same({
         "2:21 name: no timer 'remiinder' is registered; did you mean 'reminder'?",
         "4:40 name: no state 'bascket' is registered; did you mean 'basket'?",
      }, found [[
bot:timer('reminder', print)
bot:at({after = 1}, 'remiinder', {})
bot:state('basket', {on = print})
bot:hears('a', function(ctx) ctx:enter('bascket') end)]])
      assert.same({}, found [[
         bot:timer("a" .. 1, print) bot:timer("reminder", print)
         bot:at(1, "remiinder") bot:at(1, "elsewhere")
      ]])
   end)

   it("a dot where a colon belongs", function()
      assert.same({
         "1:5 colon: call it with a colon: bot:hears(…)",
         "1:39 colon: call it with a colon: ctx:reply(…)",
         "1:62 colon: call it with a colon: ctx.client:send_text(…)",
      }, found "bot.hears('oi', function(ctx)     ctx.reply('oi') ctx.client.send_text {} end)")
      assert.same({"1:3 colon: call it with a colon: z:send_text(…)"}, found "z.send_text {}")
      assert.same({"1:6 colon: call it with a dot: zapi.sleep(…)"}, found "zapi:sleep(1)")
      assert.same({},
         found "bot:on('text', function(ctx) ctx.reply(ctx, 'x') ctx.log.info('x') end)")
   end)

   it("methods that do not exist, of bots, events and the module", function()
      assert.same({"1:5 method: a bot has no method 'hear'; did you mean 'hears'?"},
         found "bot:hear('oi', print)")
      assert.same({"1:34 method: ctx has no method 'replay'; did you mean 'reply'?"},
         found "bot:on('text', function(ctx) ctx:replay('x') end)")
      assert.same({"1:6 method: zapi has no 'cliant'; did you mean 'client'?"},
         found "zapi.cliant()")
      assert.same({}, found "bot:on('text', function(ctx) ctx:shop_price() end) bot:play_music()")
      assert.same({},
         found "function bot:shop() end bot:shop() bot:on('text', print):hears('a', print)")
   end)

   it("a ctx in functions that are handlers by name, and in what ctx:ask gives", function()
      assert.same({"1:23 method: ctx has no method 'repli'; did you mean 'reply'?"},
         found "local function f(c) c:repli 'x' end bot:hears('a', f)")
      assert.same({"3:3 method: ctx has no method 'repli'; did you mean 'reply'?"},
         found "bot:hears('a', function(c)\nlocal a = c:ask 'x'\na:repli 'x' end)")
   end)

   it("handlers without bot:run()", function()
      assert.same({"4:5 run: handlers are registered, but bot:run() is never called"},
         lines_of(HEAD .. "bot:hears('oi', print)"))
      assert.same({}, lines_of(HEAD .. "bot:hears('oi', print) return bot"))
      assert.same({},
         lines_of(HEAD .. "bot:hears('oi', print) start(bot) function start(b) b:run() end"))
      assert.same({"5:5 run: handlers are registered, but bot:run() is never called"},
         lines_of(HEAD .. "require('zapi.kit').optout(bot)\nbot:hears('oi', print)"))
   end)
end)

describe("zapibot check reads", function()
   local parser = require "zapi.host.check.parser"

   it("every form of Lua 5.4", function()
      for i, source in ipairs {
         [==[local a <const>, b <close> = 0x.1p4, nil; ::top:: a.b["c"]:d "x" {y} (z)[1].q = 3e-2;
            c = 0xA.8P+1; goto top]==],
         "x = [[\n]] .. [==[ ]] ]==] .. '\\z   \n a\\'b' .. \"\\u{1F600}\\x41\\065\" return;",
         "return function(...) local a, b = ... return ... end",
         "for i = 10, 1, -1 do if i > 2 and not (i == 5) or i ~= 3 then break end end "
            .. "while true do repeat local x until x end",
         "local function f() return end function a.b.c:d(...) end; ; ;",
         "return -x ^ -y, #t .. 'a' .. #u, ~1 ~ 2 // 3 << 4 >> 5 & 6 | 7 .. 4, .5, 5., 0xffp0",
         "f{1,2;3,[4]=5,six=6,}; f'x'; f[[y]]; (f or g)(1)",
         "--[==[ multi\n ]] ]==] x = 1 --[[ a ]] y = 2 -- end",
         "if a then elseif b then else end do return end",
         "a, b.c, d[1] = 1, 2 local goto_ = 1; return goto_",
      } do
         assert(load(source), i)
         parser.parse(source)
      end
   end)

   it("all of our own", function()
      local count = 0
      for path in shell.must("find lua/zapi/bot lua/zapi/sandbox examples -name '*.lua'")
         :gmatch "[^\n]+" do
         local file <close> = assert(io.open(path))
         local ok, err = pcall(parser.parse, (file:read "a":gsub("^#[^\n]*", "")))
         assert.is_true(ok, path .. ": " .. tostring(err))
         count = count + 1
      end
      assert.is_true(count > 60)
   end)
end)

describe("zapibot check is silent about", function()
   local function scripts(pattern)
      local list = {}
      for path in shell.must("ls " .. pattern):gmatch "[^\n]+" do list[#list + 1] = path end
      assert.is_true(#list > 2)
      return list
   end

   for _, pattern in ipairs {"examples/*.lua", "lua/zapi/kit/*.lua lua/zapi/kit.lua",
      "lua/zapi/bot/*.lua", "lua/zapi/host/init/*/*.lua"} do
      it(pattern, function()
         for _, path in ipairs(scripts(pattern)) do
            local name = path:gsub("/spec%.lua$", "/x_spec.lua")
            local file <close> = assert(io.open(path))
            assert.same({}, lines_of(file:read "a", name), path)
         end
      end)
   end

   it("the blocks of the guide, but for the one that shows a mistake", function()
      local file <close> = assert(io.open "docs/guide.md")
      local all = {}
      for code in file:read "a":gmatch "\n```lua\n(.-)\n```" do
         for _, line in ipairs(lines_of("local zapi = require 'zapi' local z = zapi.client()\n"
            .. code .. "\nif bot then bot:run() end")) do
            if not line:find "never called" and not line:find "'bot' is not" then
               all[#all + 1] = line
            end
         end
      end
      assert.equal(1, #all, table.concat(all, "\n"))
      assert.matches("'mesage' is not a parameter", all[1])
   end)
end)

describe("zapibot check", function()
   local place

   setup(function()
      place = support.place()
      shell.write(place.folder .. "/good.lua", "#!/usr/bin/env zapibot\nprint(arg[0])\n")
      shell.write(place.folder .. "/bad.lua", "print(1)\n  pritn(2)\n")
      shell.write(place.folder .. "/bot.lua", HEAD .. "bot:run()\n")
      shell.write(place.folder .. "/set/bot.lua", HEAD .. "bot:run()\n")
      shell.write(place.folder .. "/set/.env", "export ZAPI_INSTANCE_ID='I'\nZAPI_TOKEN=T # x\n"
         .. "ZAPIBOT_WEBHOOK_SECRET_FILE=/run/secret\n")
      shell.write(place.folder .. "/fields.lua",
         "require('zapi').client {instance = 'I', token = 'T'}\n")
   end)
   teardown(function() place.close() end)

   it("ends with 0, 1 or 2", function()
      local code, out, err = place.run "check good.lua"
      assert.same({0, "", ""}, {code, out, err})
      code, out, err = place.run "check good.lua bad.lua"
      assert.same({1, "bad.lua:2:3: the global 'pritn' is not defined; "
         .. "did you mean 'print'?\n", ""},
         {code, out, err})
      code, out, err = place.run "check good.lua none.lua"
      assert.same({2, ""}, {code, out})
      assert.matches("none.lua: No such file", err)
      assert.equal(2, (place.run "check"))
      assert.equal(2, (place.run "check --jsn good.lua"))
      assert.equal(2, (place.run "check set"))
   end)

   it("warns of configuration that is not there, and ends with 0", function()
      local code, out = place.run "check bot.lua"
      assert.equal(0, code)
      assert.matches("^bot.lua:2:16: warning: ZAPI_INSTANCE_ID, ZAPI_TOKEN are not set, in the "
         .. "environment or in ./.env\n", out)
      assert.matches("\nbot.lua:3:%d+: warning: ZAPIBOT_WEBHOOK_SECRET is not set", out)
      for _, words in ipairs {"set/bot.lua", "--no-config bot.lua", "fields.lua"} do
         code, out = place.run("check " .. words)
         assert.same({0, ""}, {code, out}, words)
      end
      code, out = place.run("check bot.lua", support.ENV .. "ZAPIBOT_WEBHOOK_SECRET=x ")
      assert.same({0, ""}, {code, out})
   end)

   it("prints JSON", function()
      local code, out = place.run "check --json good.lua"
      assert.same({0, "[]\n"}, {code, out})
      code, out = place.run "check --json bad.lua"
      assert.equal(1, code)
      assert.same({{
         file = "bad.lua", line = 2, column = 3, severity = "error", code = "global",
         message = "the global 'pritn' is not defined; did you mean 'print'?",
      }}, core.json_decode(out))
   end)

   it("runs nothing of the script", function()
      shell.write(place.folder .. "/evil.lua", "os.execute 'touch made' error 'x'\n")
      assert.equal(0, (place.run "check evil.lua"))
      assert.is_nil(io.open(place.folder .. "/made"))
   end)
end)
