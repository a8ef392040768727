-- `zapibot init`: what it writes, that it replaces nothing, and that what it writes
-- works: each script is checked, and its own spec is run.
local core = require "zapi.core"
local shell = require "spec.support.shell"
local support = require "spec.host.support"
local templates = require "zapi.host.init.templates"

local function read(path)
   local file <close> = assert(io.open(path))
   return file:read "a"
end

describe("zapibot init", function()
   local place, env

   setup(function()
      place = support.place()
      env = "XDG_CACHE_HOME=" .. shell.quote(place.folder .. "/cache") .. " "
   end)
   teardown(function() place.close() end)

   for _, kind in ipairs(templates.kinds) do
      it(kind .. " writes files that work", function()
         local code, out, err = place.run("init " .. kind, env)
         assert.same({0, ""}, {code, err})
         assert.is_truthy(out:find("\nNext:\n  cd " .. kind .. "\n", 1, true), out)
         assert.is_truthy(out:find("zapibot chat " .. kind .. ".lua", 1, true), out)
         local folder = place.folder .. "/" .. kind
         for _, name in ipairs {kind .. ".lua", ("spec/%s_spec.lua"):format(kind), ".env.example",
            ".gitignore", ".busted", ".luarc.json"} do
            assert.is_truthy(out:find("\n  " .. name .. "\n", 1, true), name)
            assert.is_truthy(#read(folder .. "/" .. name) > 10)
         end
         local _, found = place.run(("check --no-config %s/%s.lua %s/spec/%s_spec.lua")
            :format(kind, kind, kind, kind))
         assert.equal("", found)
      end)

      it(kind .. "'s spec talks to its script", function()
         local root = shell.must("pwd"):gsub("%s+$", "")
         local code, out = shell.run(([[
            cd %s/%s && env -u ZAPIBOT_DATA LUA_PATH="%s/lua/?.lua;%s/lua/?/init.lua;;" \
            LUA_CPATH="%s/?.so;;" timeout 60 busted %s --output=plainTerminal spec]])
            :format(place.folder, kind, root, root, (support.program:gsub("/zapibot$", "")),
               os.getenv "ZAPI_LUA" and "--lua=" .. os.getenv "ZAPI_LUA" or ""))
         assert.equal(0, code, out)
         assert.is_true(tonumber(out:match "(%d+) successes / 0 failures / 0 errors") > 1, out)
      end)
   end

   it("writes types for editors, and settings that hold no secret", function()
      local rc = core.json_decode(read(place.folder .. "/faq/.luarc.json"))
      assert.equal("Lua 5.4", rc["runtime.version"])
      assert.matches("@meta zapi", read(rc["workspace.library"][1] .. "/zapi.lua"))
      for line in read(place.folder .. "/loja/.env.example"):gmatch "[^\n]+" do
         assert.is_truthy(line:find "^#" or line:find "^[%u_]+=$", line)
      end
      assert.matches("\nLOJA_DONO=\n", read(place.folder .. "/loja/.env.example"))
      assert.equal(".env\n.zapibot/\n", read(place.folder .. "/faq/.gitignore"))
   end)

   it("replaces nothing without --force, and writes nothing then", function()
      shell.write(place.folder .. "/mine/.gitignore", "mine\n")
      local code, out, err = place.run("init faq mine", env)
      assert.same({1, "", "zapibot init: mine has .gitignore already; nothing was written "
         .. "(--force replaces)\n"}, {code, out, err})
      assert.is_nil(io.open(place.folder .. "/mine/faq.lua"))
      assert.equal("mine\n", read(place.folder .. "/mine/.gitignore"))
      shell.write(place.folder .. "/mine/.env", "ZAPI_TOKEN=x\n")
      assert.equal(0, (place.run("init faq mine/ --force", env)))
      assert.equal(".env\n.zapibot/\n", read(place.folder .. "/mine/.gitignore"))
      assert.equal("ZAPI_TOKEN=x\n", read(place.folder .. "/mine/.env"))
   end)

   it("goes into folders below folders, and into the current one", function()
      assert.equal(0, (place.run("init grupo 'a b/c'", env)))
      assert.is_truthy(io.open(place.folder .. "/a b/c/spec/grupo_spec.lua"))
      local code, out = place.run("init grupo .", env)
      assert.equal(0, code)
      assert.is_nil(out:find "\n  cd ")
      assert.is_truthy(io.open(place.folder .. "/grupo.lua"))
   end)

   it("works where no types can be written, and says so", function()
      local code, _, err = place.run("init faq plain", "XDG_CACHE_HOME=/dev/null/x ")
      assert.equal(0, code)
      assert.matches("no types for editors: cannot make the folder", err)
      assert.same({}, core.json_decode(read(place.folder .. "/plain/.luarc.json"))
         ["workspace.library"])
   end)

   it("knows its kinds", function()
      local code, _, err = place.run "init loga"
      assert.equal(2, code)
      assert.matches("no kind 'loga'; did you mean 'loja'%?", err)
      code, _, err = place.run "init"
      assert.equal(2, code)
      assert.matches("which kind%? faq, grupo, loja, campanha", err)
      assert.equal(2, (place.run "init faq a b"))
      local _, help = place.run "help init"
      for _, kind in ipairs(templates.kinds) do
         assert.is_truthy(help:find(templates.templates[kind].what, 1, true), kind)
      end
   end)
end)
