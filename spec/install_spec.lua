local shell = require("spec.support.shell")

-- A release of this checkout in a folder of its own, installed; one build for
-- all cases. Under scripts/test the release build of scripts/dev is not touched.
describe("cmake --install #slow", function()
   local root, remove, prefix

   setup(function()
      root, remove = shell.folder()
      prefix = root .. "/prefix"
      shell.must(("cmake -S . -B %s/build -DCMAKE_BUILD_TYPE=Release"):format(root))
      shell.must(("cmake --build %s/build --parallel 2"):format(root))
      shell.must(("cmake --install %s/build --prefix %s"):format(root, prefix))
   end)

   teardown(function() remove() end)

   -- In an empty environment and another folder: nothing of the checkout helps.
   local function clean(command, env)
      return ("cd %s && env -i PATH=/usr/bin:/bin HOME=%s %s %s")
         :format(root, root, env or "", command)
   end

   it("puts zapibot and zapi/core.so into the build folder", function()
      shell.must(("test -x %s/build/zapibot && test -f %s/build/zapi/core.so"):format(root, root))
   end)

   it("gives a program that carries its own Lua files", function()
      local version = shell.must(clean(prefix .. "/bin/zapibot --version"))
      assert.matches("^zapibot %d+%.%d+%.%d+", version)
      shell.write(root .. "/hello.lua",
         'local zapi = require("zapi")\nprint(type(zapi.client), ...)\n')
      assert.equal("function\tone\ttwo\n",
         shell.must(clean(prefix .. "/bin/zapibot hello.lua one two")))
   end)

   it("gives a module that a plain Lua finds", function()
      local env = ("LUA_PATH='%s/share/lua/5.4/?.lua;%s/share/lua/5.4/?/init.lua' "
         .. "LUA_CPATH='%s/lib/lua/5.4/?.so'"):format(prefix, prefix, prefix)
      local code = [[lua5.4 -e 'local z = require("zapi") print(z.json.encode({ a = 1 }))']]
      assert.equal('{"a":1}\n', shell.must(clean(code, env)))
   end)

   it("links no liblua into the module, and exports one name", function()
      local module = prefix .. "/lib/lua/5.4/zapi/core.so"
      assert.is_nil(shell.must("ldd " .. module):find("liblua", 1, true))
      assert.matches("^%x+ T luaopen_zapi_core\n$", shell.must("nm -D --defined-only " .. module))
   end)

   it("installs the papers and the examples", function()
      for _, name in ipairs { "README.md", "LICENSE", "CHANGELOG.md", "examples/echo.lua",
         "docs/api.md" } do
         shell.must(("test -s %s/share/doc/zapibot/%s"):format(prefix, name))
      end
   end)

   it("installs the types for editors, and tells where", function()
      local folder = shell.must(clean(prefix .. "/bin/zapibot types")):gsub("%s+$", "")
      assert.equal(prefix .. "/share/zapibot/types", folder)
      for _, name in ipairs { "config.json", "library/zapi.lua", "library/zapi/bot.lua" } do
         shell.must(("test -s %s/%s"):format(folder, name))
      end
   end)
end)
