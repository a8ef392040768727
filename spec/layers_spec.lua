local shell = require("spec.support.shell")

-- Runs the check over a tree made of `files` (path -> text).
local function check(files)
   local root, remove = shell.folder()
   for path, text in pairs(files) do shell.write(root .. "/" .. path, text) end
   local code, output = shell.run("lua5.4 scripts/check_source.lua " .. root)
   remove()
   return code, output
end

local HEAD = "/* SPDX-License-Identifier: MIT\n */\n"

describe("scripts/check_source.lua", function()
   it("finds nothing wrong in this checkout", function()
      local code, output = shell.run("lua5.4 scripts/check_source.lua")
      assert.equal("", (output:gsub("%d+ files, 0 wrong\n$", "")))
      assert.equal(0, code)
   end)

   it("accepts includes of the own layer and of those below", function()
      local code, output = check {
         ["src/base/a.c"] = HEAD .. '#include "base/b.h"\n#include <stdio.h>\n',
         ["src/engine/a.c"] = HEAD .. '#include "store/b.h"\n#include "api/b.h"\n',
         ["src/host/main.c"] = HEAD .. '#include <lua.h>\n#include "lua/task.h"\n',
         ["src/host/commands/x.c"] = HEAD .. '#include "host/options.h"\n',
         ["src/net/client.c"] = HEAD .. "#include <curl/curl.h>\n",
         ["src/net/door.c"] = HEAD .. "#include <microhttpd.h>\n",
      }
      assert.equal("6 files, 0 wrong\n", output)
      assert.equal(0, code)
   end)

   it("names the line that includes upwards or sideways", function()
      local code, output = check {
         ["src/base/a.c"] = HEAD .. '\n#include "engine/event.h"\n',
         ["src/net/b.c"] = HEAD .. '#include "store/inbox.h"\n',
         ["src/lua/c.c"] = HEAD .. '#  include "host/main.h"\n',
      }
      assert.equal(1, code)
      assert.matches("src/base/a.c:4: layer base may not include engine", output, 1, true)
      assert.matches("src/net/b.c:3: layer net may not include store", output, 1, true)
      assert.matches("src/lua/c.c:3: layer lua may not include host", output, 1, true)
   end)

   it("refuses includes without their layer, and unknown layers", function()
      local code, output = check {
         ["src/base/a.c"] = HEAD .. '#include "buf.h"\n#include "../net/door.h"\n',
         ["src/other/a.c"] = HEAD,
      }
      assert.equal(1, code)
      assert.matches('src/base/a.c:3: "buf.h" must be written', output, 1, true)
      assert.matches('src/base/a.c:4: "../net/door.h" must be written', output, 1, true)
      assert.matches("src/other/a.c:1: is in no known layer", output, 1, true)
   end)

   it("keeps foreign headers where they belong", function()
      local code, output = check {
         ["src/engine/a.c"] = HEAD .. "#include <lua.h>\n#include <sqlite3.h>\n",
         ["src/net/door.c"] = HEAD .. "#include <curl/curl.h>\n",
         ["src/net/client.c"] = HEAD .. "#include <microhttpd.h>\n",
         ["src/net/client.h"] = HEAD .. "#include <curl/curl.h>\n",
      }
      assert.equal(1, code)
      assert.matches("src/engine/a.c:3: <lua.h>", output, 1, true)
      assert.matches("src/engine/a.c:4: <sqlite3.h>", output, 1, true)
      assert.matches("src/net/door.c:3: <curl/curl.h>", output, 1, true)
      assert.matches("src/net/client.c:3: <microhttpd.h>", output, 1, true)
      assert.matches("src/net/client.h:3: <curl/curl.h>", output, 1, true)
   end)

   it("refuses functions over 60 lines, and no shorter ones", function()
      local function source(lines)
         return HEAD .. "\nstatic int\nf(void)\n{\n" .. ("    g();\n"):rep(lines - 4) .. "}\n"
      end
      assert.equal(0, (check { ["src/base/a.c"] = source(60) }))
      local code, output = check { ["src/base/a.c"] = source(61) }
      assert.equal(1, code)
      assert.matches("src/base/a.c:4: function of 61 lines", output, 1, true)
   end)

   it("wants the licence line, and a tree with sources", function()
      local code, output = check { ["src/base/a.c"] = "/* none */\n" }
      assert.equal(1, code)
      assert.matches("src/base/a.c:1: must start with", output, 1, true)
      assert.equal(1, (check { ["empty"] = "" }))
   end)
end)
