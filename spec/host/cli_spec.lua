-- The program from outside: usage, exit codes, configuration, signals.
local shell = require "spec.support.shell"

local ZAPIBOT = (os.getenv "ZAPI_BUILD" or "build/dev") .. "/zapibot"
local folder, remove

local function script(text, name)
   local path = folder .. "/" .. (name or "script.lua")
   shell.write(path, text)
   return path
end

-- The environment of whoever runs the tests must not leak in.
local CLEAN = "env -u ZAPI_INSTANCE_ID -u ZAPI_TOKEN -u ZAPI_CLIENT_TOKEN -u ZAPI_BASE_URL "
   .. "-u ZAPIBOT_LISTEN -u ZAPIBOT_LOG -u ZAPIBOT_DATA -u LUA_PATH -u LUA_CPATH "

local function zapibot(arguments, env)
   return shell.run("cd " .. shell.quote(folder) .. " && " .. CLEAN .. (env or "") .. " timeout 20 "
      .. ZAPIBOT .. " " .. arguments)
end

local function run(text, arguments, env)
   return zapibot(script(text) .. " " .. (arguments or ""), env)
end

describe("zapibot", function()
   setup(function()
      if ZAPIBOT:sub(1, 1) ~= "/" then
         ZAPIBOT = shell.must("pwd"):gsub("%s+$", "") .. "/" .. ZAPIBOT
      end
   end)

   before_each(function() folder, remove = shell.folder() end)
   after_each(function() remove() end)

   describe("usage", function()
      it("--help and --version succeed and say what there is", function()
         local code, out = zapibot "--help"
         assert.equal(0, code)
         for _, word in ipairs {"Usage:", "dev", "sandbox", "--listen", "ZAPIBOT_LISTEN"} do
            assert.is_truthy(out:find(word, 1, true), word)
         end
         code, out = zapibot "--version"
         assert.equal(0, code)
         assert.matches("^zapibot %d+%.%d+%.%d+\n$", out)
      end)

      it("an unknown option is one clear line and exit 2, with the nearest", function()
         local code, out = zapibot "--lisen 1 x.lua"
         assert.equal(2, code)
         assert.equal("zapibot: unknown option '--lisen'; did you mean '--listen'?\n", out)
      end)

      it("a missing file, script or value is one clear line and exit 2", function()
         local code, out = zapibot "nowhere.lua"
         assert.equal(2, code)
         assert.equal("zapibot: cannot open nowhere.lua: No such file or directory\n", out)
         code, out = zapibot ""
         assert.equal(2, code)
         assert.matches("^zapibot: which script%?[^\n]*\n$", out)
         code, out = zapibot "--log"
         assert.equal(2, code)
         assert.matches("^zapibot: %-%-log needs a value[^\n]*\n$", out)
         code, out = run("", "", "ZAPIBOT_LOG=loud")
         assert.equal(2, code)
         assert.matches("^zapibot: %-%-log takes [^\n]*\n$", out)
      end)

      it("a folder is no script", function()
         local code, out = zapibot "."
         assert.equal(2, code)
         assert.matches("^zapibot: cannot open %.: [^\n]*\n$", out)
      end)
   end)

   describe("an option of zapibot behind the script", function()
      local BOT <const> = [[
         local zapi = require "zapi"
         local bot = require("zapi.bot").new {}
         zapi.spawn(function() zapi.stop() end)
         bot:run()]]
      local ENV <const> = "ZAPI_INSTANCE_ID=I0000001 ZAPI_TOKEN=T0000001 ZAPIBOT_ADMIN_LISTEN=off "
         .. "ZAPIBOT_LISTEN=127.0.0.1:0"

      it("is the script's, and a bot's start says so", function()
         local code, out = run(BOT, "x --listen=127.0.0.1:1 --data y", ENV)
         assert.equal(0, code, out)
         assert.matches("%-%-listen was given to the script: options of zapibot stand before it, "
            .. "as in: zapibot %-%-listen … [^\n]*script.lua", out)
         assert.not_matches("%-%-data was", out)
      end)

      it("is nothing to be told of behind --, or when it is not one of ours", function()
         for _, arguments in ipairs {"-- --listen x", "--listener x --lists", "listen"} do
            local code, out = run(BOT, arguments, ENV)
            assert.equal(0, code, out)
            assert.not_matches("was given to the script", out)
         end
         local code, out = zapibot("run " .. script(BOT) .. " -- --listen x", ENV)
         assert.equal(0, code, out)
         assert.not_matches("was given to the script", out)
      end)
   end)

   describe("a script without a bot", function()
      it("runs to its end with its arguments", function()
         local code, out = run([[print(arg[0], arg[1], #arg, ...)]], "a 'b c' --listen")
         assert.equal(0, code)
         assert.equal(folder .. "/script.lua\ta\t3\ta\tb c\t--listen\n", out)
      end)

      it("runs with its input and outputs closed, and no file takes their place", function()
         local path = script [[
            local zapi = require "zapi"
            local first = assert(io.open("first", "w"))
            print "to nobody"
            io.stderr:write "nor this"
            zapi.log.warn "nor that"
            zapi.sleep(0.001)
            first:write(tostring(io.read "l"))
            first:close()]]
         for _, closed in ipairs {"<&-", ">&-", "2>&-", "<&- >&- 2>&-"} do
            assert.equal(0, (zapibot(path .. " " .. closed)), closed)
            local file = assert(io.open(folder .. "/first"), closed)
            assert.equal("nil", file:read "a", closed)
            file:close()
            os.remove(folder .. "/first")
         end
      end)

      it("ends only when its tasks have ended", function()
         local code, out = run [[
            local zapi = require "zapi"
            zapi.spawn(function() zapi.sleep(0.01) print "late" end)
            print "early"]]
         assert.equal(0, code)
         assert.equal("early\nlate\n", out)
      end)

      it("may call zapi.run", function()
         local code, out = run [[
            local zapi = require "zapi"
            zapi.after(0.01, function() print "tick" end)
            zapi.run()
            print "over"]]
         assert.equal(0, code)
         assert.equal("tick\nover\n", out)
      end)

      it("has an honest exit code: os.exit", function()
         assert.equal(7, (run "os.exit(7)"))
         assert.equal(0, (run "os.exit(true)"))
         assert.equal(1, (run "os.exit(false)"))
         assert.equal(0, (run "os.exit()"))
         local code, out = run [[
            require("zapi").after(0.001, function() os.exit(5) print "never" end)
            require("zapi").sleep(10) print "never"]]
         assert.equal(5, code)
         assert.equal("", out)
      end)

      it("that throws: file, line, traceback, exit 1", function()
         local code, out = run("local function f()\n error 'boom'\nend\nlocal x = f()\n", "",
            "ZAPIBOT_LOG_FORMAT=text")
         assert.equal(1, code)
         assert.matches("script.lua:2: boom", out)
         assert.matches("traceback", out)
         assert.matches("script.lua:4", out)
      end)

      it("that does not compile: file and line, exit 1", function()
         local code, out = run("local x = = 1", "", "ZAPIBOT_LOG_FORMAT=text")
         assert.equal(1, code)
         assert.matches("script.lua:1:", out)
      end)

      it("that waits for what can never happen ends with 1 and says so", function()
         local code, out = run [[
            local zapi = require "zapi"
            local a, b
            a = zapi.spawn(function() b:join() end)
            b = zapi.spawn(function() a:join() end)
            a:join()]]
         assert.equal(1, code)
         assert.matches("never happen", out)
      end)

      it("logs JSON when stderr is no terminal", function()
         local _, out = run [[require("zapi").log.info("olá %d\nx", 3)]]
         local line = require("zapi").json.decode(out)
         assert.equal("olá 3\nx", line.msg)
         assert.equal("info", line.level)
         assert.equal("script.lua", line.who)
      end)
   end)

   describe("require", function()
      it("finds modules beside the script, and they may wait while loading", function()
         script("require('zapi').sleep(0.001) return {name = ...}", "helper.lua")
         local code, out = run [[
            local zapi = require "zapi"
            local r = zapi.all {
               function() return require "helper" end,
               function() return require "helper" end,
            }
            print(r[1].name, r[1] == r[2], require "cjson".null == zapi.null)]]
         assert.equal("helper\ttrue\ttrue\n", out)
         assert.equal(0, code)
      end)

      it("of a module whose loading was cancelled starts anew", function()
         script("first = not first\nif first then require('zapi').sleep(60) end\nreturn 'whole'",
            "slow.lua")
         local code, out = run [[
            local zapi = require "zapi"
            local t = zapi.spawn(function() require "slow" end)
            t:join(0.01)
            t:cancel()
            print(zapi.spawn(function() return (require "slow") end):join(5))]]
         assert.equal(0, code)
         assert.equal("whole\n", out)
      end)

      it("says where it looked, and names a loop", function()
         local code, out = run "require 'no.such'"
         assert.equal(1, code)
         assert.matches("module 'no.such' not found", out)
         script("return require 'a'", "a.lua")
         code, out = run "require 'a'"
         assert.equal(1, code)
         assert.matches("requires itself", out)
      end)
   end)

   describe("configuration", function()
      local SHOW = [[
         local core = require "zapi.core"
         for _, n in ipairs {"ZAPIBOT_LISTEN", "A", "B", "C", "D", "E"} do
            io.write(tostring(core.getenv(n)), "|")
         end]]

      it("comes from the command line, the environment, then .env", function()
         script("ZAPIBOT_LISTEN=dot:1\nA=dot\n", ".env")
         local path = script(SHOW)
         local _, out = zapibot("--listen cli:1 " .. path, "A=env ZAPIBOT_LISTEN=env:1")
         assert.equal("cli:1|env|", out:sub(1, 10))
         _, out = zapibot(path, "ZAPIBOT_LISTEN=env:1")
         assert.equal("env:1|dot|", out:sub(1, 10))
         _, out = zapibot(path)
         assert.equal("dot:1|dot|", out:sub(1, 10))
      end)

      it("reads quotes, comments, export and CRLF in .env", function()
         script('\239\187\191# comment\r\nA = "x # y\\n" # c\r\nexport B=\'$z\'\r\n'
            .. "C=plain value # c\nD=\n\nE=a#b\n", ".env")
         local _, out = zapibot(script(SHOW))
         assert.equal("nil|x # y\n|$z|plain value|nil|a#b|", out)
      end)

      it("names the line of .env that cannot be read", function()
         script("A=1\nB 2\n", ".env")
         local code, out = zapibot(script(SHOW))
         assert.equal(2, code)
         assert.matches("^zapibot: [^\n]*%.env:2: [^\n]*\n$", out)
      end)

      it("says what is wrong with a line of .env", function()
         for text, why in pairs {
            ["A=\"x\nB=1\n"] = ":1: the quotes of this value are not closed",
            ["A=1\nB='x' y\n"] = ":2: the quotes .* something but a comment follows them",
            ["A=1\nB\n"] = ":2: NAME=value expected\n",
            ["A-B=1\n"] = ":1: the name may have letters",
         } do
            script(text, ".env")
            local _, out = zapibot(script(SHOW))
            assert.matches("%.env" .. why, out)
         end
      end)

      it("is read alike by tools that look at another folder's", function()
         local dotenv = require "zapi.host.cli.dotenv"
         assert.same({A = "x # y\n", B = "$z", C = "plain value", D = "", E = "a#b", F = "2 \n3"},
            dotenv.parse('\239\187\191# comment\r\nA = "x # y\\n" # c\r\nexport B=\'$z\'\r\n'
               .. "C=plain value # c\nD=\n\nE=a#b\nF=1\nF='2 \n3'\n"))
      end)

      it("reads NAME_FILE", function()
         shell.write(folder .. "/secret", "s3cr3t\n")
         local _, out = zapibot(script(SHOW), "A_FILE=" .. folder .. "/secret")
         assert.equal("nil|s3cr3t|", out:sub(1, 11))
         local code, missing = zapibot(script(SHOW), "A_FILE=/nowhere")
         assert.equal(1, code)
         assert.matches("A_FILE: cannot read /nowhere", missing)
      end)

      it("takes credentials from one source, all or nothing", function()
         local path = script [[require("zapi").client {}]]
         local code, out = zapibot(path)
         assert.equal(1, code)
         assert.matches("no credentials", out)
         code, out = zapibot(path, "ZAPI_INSTANCE_ID=abc")
         assert.equal(1, code)
         assert.matches("all or nothing", out)
         code, out = zapibot(script [[require("zapi").client {instance = "x"}]],
            "ZAPI_TOKEN=t0ken-of-mine")
         assert.equal(1, code)
         assert.matches("all or nothing", out)
      end)

      it("never shows a secret, wherever it stands", function()
         local code, out = run([[error("oops " .. require("zapi.core").getenv "ZAPI_TOKEN")]], "",
            "ZAPI_TOKEN=0123456789ABCDEF")
         assert.equal(1, code)
         assert.is_nil(out:find("0123456789ABCDEF", 1, true))
         assert.matches("oops %*%*%*", out)
      end)
   end)

   describe("signals", function()
      -- Starts, waits for `ready` on its output, sends signals, tells the code.
      local function signalled(text, signals)
         return shell.run(([[
            cd %s
            ZAPIBOT_LOG_FORMAT=text %s %s > out 2>&1 &
            pid=$!
            n=0
            until grep -q ready out || [ $n -gt 500 ]; do sleep 0.02; n=$((n+1)); done
            %s
            wait $pid
            echo "code $?"
            cat out]]):format(shell.quote(folder), ZAPIBOT, script(text), signals))
      end

      it("SIGTERM ends a waiting script in order, with 0", function()
         local _, out = signalled([[
            local zapi = require "zapi"
            print "ready" io.stdout:flush()
            zapi.sleep(60)]], "kill -TERM $pid")
         assert.matches("^code 0", out)
         assert.matches("SIGTERM", out)
      end)

      it("SIGINT too", function()
         local _, out = signalled([[
            local zapi = require "zapi"
            print "ready" io.stdout:flush()
            zapi.interval(1, function() end)]], "kill -INT $pid")
         assert.matches("^code 0", out)
      end)
   end)
end)
