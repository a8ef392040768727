-- The rock, as luarocks makes it from a checkout on Debian's packages, and what it
-- does for a plain Lua.
local core = require "zapi.core"
local shell = require "spec.support.shell"

local SPECS <const> = {"zapi-scm-1", "zapi-" .. core.version .. "-1"}

local function rockspec(name)
   local spec = {}
   assert(loadfile("rockspec/" .. name .. ".rockspec", "t", spec))()
   return spec
end

describe("the rockspecs", function()
   it("differ in version and source alone", function()
      local scm, release = rockspec(SPECS[1]), rockspec(SPECS[2])
      assert.equal(core.version .. "-1", release.version)
      assert.equal("v" .. core.version, release.source.tag)
      release.version, release.source = scm.version, scm.source
      assert.same(scm, release)
      assert.equal("3.0", scm.rockspec_format)
   end)
end)

describe("the rock #slow", function()
   local root, remove, out

   local function luarocks(arguments)
      return ("cd %s/checkout && CMAKE_BUILD_PARALLEL_LEVEL=2 luarocks --lua-version 5.4 "
         .. "--tree %s/tree %s"):format(root, root, arguments)
   end

   setup(function()
      root, remove = shell.folder()
      shell.must(("mkdir -p %s/checkout/spec"):format(root))
      shell.copy_checkout(root .. "/checkout")
      shell.must(("cp -r spec/rock %s/checkout/spec"):format(root))
      out = shell.must(luarocks(("make --deps-mode none rockspec/%s.rockspec"):format(SPECS[2])))
   end)
   teardown(function() remove() end)

   it("is made with the types and the examples in it", function()
      assert.is_truthy(out:find("zapi " .. core.version .. "-1 is now installed", 1, true), out)
      local folder = ("%s/tree/lib/luarocks/rocks-5.4/zapi/%s-1/"):format(root, core.version)
      for _, path in ipairs {"library/zapi.lua", "library/config.json", "examples/echo.lua",
         "docs/api.md"} do
         shell.must("test -s " .. folder .. path)
      end
   end)

   it("names what it lacks before it builds", function()
      local code, said = shell.run(luarocks(("make --deps-mode none UV_INCDIR=/nowhere "
         .. "rockspec/%s.rockspec"):format(SPECS[1])))
      assert.not_equal(0, code)
      assert.matches("UV", said)
      assert.matches("uv%.h", said)
      assert.is_nil(said:find("Building C object", 1, true))
   end)

   it("passes its tests in a plain Lua", function()
      local said = shell.must(luarocks "path" .. " >" .. root .. "/path && "
         .. luarocks(("test rockspec/%s.rockspec"):format(SPECS[2])):gsub("luarocks", ". " .. root
            .. "/path && env -u ZAPIBOT_DATA -u ASAN_OPTIONS %0", 1))
      for _, name in ipairs {
         "call", "stays first", "stays again", "beside luv", "beside cqueues",
      } do
         assert.is_truthy(said:find("ok " .. name .. "\n", 1, true), said)
      end
   end)

   it("is taken away by luarocks to the last file", function()
      shell.must(luarocks "remove zapi")
      assert.equal("", shell.must(("find %s/tree -path '*zapi*' -type f"):format(root)))
   end)
end)
