-- The next version of a script takes the place of the one that runs: by the
-- command, by SIGHUP, by changed files; and what is refused, with its reason.
local core = require "zapi.core"
local fleet = require "spec.support.fleet"

local RUN <const> = "--listen 127.0.0.1:0 "

describe("reload", function()
   local f

   before_each(function() f = fleet.new() end)
   after_each(function() f:close() end)

   local function version(word, more, name)
      f:bot(name or "bot.lua", ("bot:on('text', function(ctx) note('%s', ctx.text) end)\n%s")
         :format(word, more or ""))
   end

   -- Posts until this version answers; each post is one line.
   local function served_by(word)
      assert.equal(200, f:post "quem")
      f:wait_said(word .. " quem")
   end

   local function refused(why)
      local code, out = f:run "reload"
      assert.equal(1, code, out)
      assert.is_truthy(out:find(why, 1, true), out)
   end

   it("by the command: the new version serves when it returns", function()
      version "um"
      f:start(RUN .. "bot.lua")
      served_by "um"
      version "dois"
      local code, out = f:run "reload"
      assert.equal(0, code, out)
      assert.equal("bot.lua: generation 2 serves\n", out)
      served_by "dois"
      code, out = f:run "reload bot.lua --json"
      assert.equal(0, code)
      assert.same({reloaded = {{name = "bot.lua", generation = 3}}},
         core.json_decode(out))
      local row = f:status()["bot.lua"]
      assert.equal(3, row.generation)
      assert.is_true(row.loaded_at > row.since)
      code, out = f:run "reload bota.lua"
      assert.equal(1, code)
      assert.matches("there is no automation 'bota.lua' %(there is: bot.lua%)", out)
      assert.equal(0, f:stop())
      code, out = f:run "reload"
      assert.equal(1, code)
      assert.matches("no zapibot runs with this data folder", out)
   end)

   it("by SIGHUP, when stderr is no terminal", function()
      version "um"
      f:start(RUN .. "bot.lua")
      version "dois"
      f:signal "HUP"
      f:wait_log "generation 2 serves"
      served_by "dois"
      f:signal "HUP"
      f:wait_log "generation 3 serves"
      assert.is_nil(f:code())
   end)

   it("what does not load leaves the old one serving, and says why", function()
      version "um"
      f:start(RUN .. "bot.lua")
      f:write("bot.lua", "\n\nlocal x = = 1\n")
      refused "bot.lua:3: unexpected symbol near '='"
      served_by "um"
      assert.matches("bot.lua:3: unexpected symbol", f:status()["bot.lua"].error)
      f:write("bot.lua", "\nerror 'boom'\n")
      refused "bot.lua:2: boom"
      f:write("bot.lua", "print 'no bot'")
      refused "it starts no bot"
      f:write("bot.lua", "os.exit(3)")
      refused "it ends the program while it loads"
      f:write("bot.lua", "require 'zapi'.stop()")
      refused "it ends the program while it loads"
      version("dois", "bot:check(function() error 'no table' end)")
      refused "no table"
      version("dois", "bot:check(function() return nil, 'no stock' end)")
      refused "no stock"
      served_by "um"
      local code, out = f:run "status"
      assert.equal(0, code)
      assert.matches("bot.lua was not loaded %(", out)
      assert.matches("no stock", out)
      version "dois"
      assert.equal(0, (f:run "reload"))
      served_by "dois"
      assert.is_nil(f:status()["bot.lua"].error)
   end)

   it("a slow one is waited for, the old one serves; zapi.run() ends loading", function()
      version "um"
      f:start(RUN .. "bot.lua")
      f:bot("bot.lua", [[
         note "loading"
         while not io.open("go") do zapi.sleep(0.01) end
         bot:on("text", function(ctx) note("dois", ctx.text) end)]])
      f:signal "HUP"
      f:wait_said "loading"
      served_by "um"
      assert.equal("loading", f:status()["bot.lua"].state)
      f:write("go", "")
      f:wait_log "generation 2 serves"
      served_by "dois"
      f:write("bot.lua", fleet.HEAD .. [[
         local bot = require("zapi.bot").new {}
         bot:on("text", function(ctx) note("tres", ctx.text) end)
         bot:run()
         zapi.run()
         note "returned"]])
      assert.equal(0, (f:run "reload"))
      served_by "tres"
      version "quatro"
      assert.equal(0, (f:run "reload"))
      f:wait_said "returned" -- the retired one's zapi.run()
   end)

   it("handlers that run end with the version that began them, within the grace", function()
      version("um", [[bot:hears("espere", function() end)
         bot:use(function(ctx, next)
            if ctx.text ~= "espere" then return next() end
            note "waits"
            while not io.open("go") do zapi.sleep(0.01) end
            note "ended with um"
         end)]])
      f:start(RUN .. "--grace 20 bot.lua")
      f:post("espere", "5511999990002")
      f:wait_said "waits"
      version "dois"
      assert.equal(0, (f:run "reload"))
      served_by "dois"
      assert.equal(1, f:status()["bot.lua"].old)
      f:write("go", "")
      f:wait_said "ended with um"
      f:wait_for("the old one's end", function() return f:status()["bot.lua"].old == 0 end)
      local _, times = f:said():gsub("ended with um", "")
      assert.equal(1, times)
   end)

   it("after the grace the rest is cut off, and run again by the new version", function()
      version("um", [[bot:use(function(ctx, next)
         if ctx.text ~= "espere" then return next() end
         note "waits"
         zapi.sleep(60)
      end)]])
      f:start(RUN .. "--grace 0.2 bot.lua")
      f:post("espere", "5511999990002")
      f:wait_said "waits"
      version "dois"
      assert.equal(0, (f:run "reload"))
      f:wait_said "dois espere"
      f:wait_log "has had its time"
   end)

   it("one that is asked for while one is under way follows, once", function()
      version "um"
      f:start(RUN .. "bot.lua")
      version("dois", "bot:check(function() while not io.open('go') do zapi.sleep(0.01) end end)")
      f:signal "HUP"
      f:wait_log "SIGHUP"
      for n = 2, 4 do
         f:signal "HUP"
         f:wait_log("SIGHUP", n)
      end
      f:write("go", "")
      f:wait_log "generation 3 serves"
      assert.equal(0, (f:run "reload"))
      assert.equal(4, f:status()["bot.lua"].generation)
   end)

   it("one of several; all; and what of all fails", function()
      version("a1", "", "a.lua")
      version("b1", "", "b.lua")
      f:start(RUN .. "run a.lua b.lua", nil, true)
      version("a2", "", "a.lua")
      version("b2", "", "b.lua")
      assert.equal(0, (f:run "reload a.lua"))
      f:post "oi"
      f:wait_said "a2 oi"
      f:wait_said "b1 oi"
      f:write("a.lua", "x = = 1")
      refused "a.lua: a.lua:1: unexpected symbol"
      f:post "olá"
      f:wait_said "a2 olá"
      f:wait_said "b2 olá"
   end)

   it("dead letters of a script's errors are offered once more", function()
      version("um", "bot:use(function(ctx) error('bug') end)")
      f:start(RUN .. "bot.lua")
      f:post "caro"
      f:wait_for("the dead letter", function()
         return select(2, f:run "inbox list --state dead"):find("bug", 1, true)
      end)
      version("dois", "bot:use(function(ctx) error('still') end)")
      assert.equal(0, (f:run "reload"))
      f:wait_for("its second death", function()
         return select(2, f:run "inbox list --state dead"):find("still", 1, true)
      end)
      version "tres"
      assert.equal(0, (f:run "reload"))
      f:wait_said "tres caro"
   end)
end)

describe("--watch", function()
   local f

   before_each(function() f = fleet.new() end)
   after_each(function() f:close() end)

   local function version(word, more)
      f:bot("bots/bot.lua", ("local words = require 'lib.words'\n%s\n"
         .. "bot:on('text', function(ctx) note('%s', words, ctx.text) end)")
         :format(more or "", word))
   end

   it("takes changes of the script and of what it required, however editors write", function()
      f:write("bots/lib/words.lua", "return 'w1'")
      version "um"
      f:start(RUN .. "--watch bots/bot.lua")
      version "dois" -- renamed over it
      f:wait_log "generation 2 serves"
      f:write("bots/lib/words.lua", "return 'w2'")
      f:wait_log "generation 3 serves"
      f:post "oi"
      f:wait_said "dois w2 oi"
      local file = assert(io.open(f:path "bots/lib/words.lua", "w")) -- written in place
      file:write("return 'w3, longer'")
      file:close()
      f:wait_log "generation 4 serves"
   end)

   it("is what dev does unasked", function()
      f:write("bots/lib/words.lua", "return 'w1'")
      version "um"
      f:start(RUN .. "dev bots/bot.lua", "")
      version "dois"
      f:wait_log "generation 2 serves"
   end)

   it("nothing happens by files of others; a broken version waits for its mending", function()
      f:write("bots/lib/words.lua", "return 'w1'")
      version "um"
      f:start(RUN .. "--watch bots/bot.lua")
      f:write("bots/other.lua", "return 1")
      f:write("bots/lib/notes.txt", "return 1")
      version("dois", "error 'broken'")
      f:wait_log "not reloaded: generation 1 serves on"
      version("dois", "require 'lib.more'")
      f:wait_log("not reloaded: generation 1 serves on", 2)
      f:write("bots/lib/more.lua", "return true") -- what was missing comes
      f:wait_log "generation 4 serves"
      f:post "oi"
      f:wait_said "dois w1 oi"
      local _, changes = f:log():gsub("its files have changed", "")
      assert.equal(3, changes)
   end)

   it("dofile and loadfile count too; without --watch nothing is watched", function()
      f:write("data.lua", "return 'd1'")
      f:bot("bot.lua", "local d = dofile 'data.lua'\nlocal e = loadfile('more.lua')()\n"
         .. "bot:on('text', function(ctx) note(d, e, ctx.text) end)")
      f:write("more.lua", "return 'e1'")
      f:start(RUN .. "--watch bot.lua")
      f:write("data.lua", "return 'd2'")
      f:wait_log "generation 2 serves"
      f:write("more.lua", "return 'e2'")
      f:wait_log "generation 3 serves"
      f:post "oi"
      f:wait_said "d2 e2 oi"
      assert.equal(0, f:stop())
      f:start(RUN .. "bot.lua")
      f:write("data.lua", "return 'd3'")
      f:post "de novo"
      f:wait_said "d2 e2 de novo"
   end)
end)
