-- The tarball on a bare Debian: nothing of it is installed there, and there is no
-- other library than glibc's that it could take instead of its own.
local core = require "zapi.core"
local chroots = require "spec.package.chroot"
local shell = require "spec.support.shell"

local MOST <const> = 12 -- MiB

describe("the tarball #slow #chroot", function()
   local root, reason, file, remove, folder
   local it_in = chroots.it_in(it, function() return root, reason end)

   setup(function()
      folder, remove = shell.folder()
      shell.must("scripts/tarball " .. folder)
      file = shell.must("ls " .. folder .. "/*.tar.xz"):gsub("%s+$", "")
      root, reason = chroots.new()
      if root then
         shell.must(("tar -C %s/opt --strip-components=1 -xf %s"):format(root.folder, file))
      end
   end)
   teardown(function()
      if root then root:close() end
      remove()
   end)

   it("has one folder with its name and version, and is small", function()
      local name = "zapibot-" .. core.version .. "-linux-x86_64"
      assert.equal(folder .. "/" .. name .. ".tar.xz", file)
      for path in shell.must("tar -tf " .. file):gmatch "[^\n]+" do
         assert.equal(name .. "/", path:sub(1, #name + 1))
      end
      local size = tonumber(shell.must("stat -c %s " .. file))
      assert.is_true(size < MOST << 20, tostring(size))
   end)

   it("lists the version and the licence of every library in it, and no other", function()
      local listed, count = {}, 0
      local text = shell.must(("tar -xOf %s --wildcards '*/LICENCES'"):format(file))
      for line in text:gmatch "[^\n]+" do
         local path, package = line:match "^(lib/%S+)\t(%S+) %S+\tsource: %S+ %S+$"
         listed[assert(path, line)] = package
      end
      local all = shell.must("tar -tf " .. file)
      for path in all:gmatch "/(lib/[^/\n]+%.so[%d.]*)\n" do
         local package = assert(listed[path], path)
         assert.is_truthy(all:find("/share/licences/" .. package .. "\n", 1, true), package)
         listed[path], count = nil, count + 1
      end
      assert.is_nil(next(listed))
      assert.is_true(count > 20)
   end)

   it_in("takes no library but glibc's from the system", function(system)
      local glibc = {c = 6, m = 6, resolv = 2, pthread = 0, dl = 0, rt = 0}
      for _, path in ipairs {"bin/zapibot", "lib/lua/5.4/zapi/core.so"} do
         local out = system:must("ldd /opt/" .. path)
         assert.is_nil(out:find("not found", 1, true), out)
         for library in out:gmatch "=> (/%S+)" do
            local name, version = library:match "/lib(%l+)%.so%.(%d)$"
            assert.is_truthy(library:find "^/opt/" or glibc[name] == tonumber(version), library)
         end
      end
   end)

   it_in("runs a bot in the sandbox", function(system)
      assert.equal("zapibot " .. core.version .. "\n", system:must "/opt/bin/zapibot --version")
      system:start("/opt/bin/zapibot dev --listen 127.0.0.1:0 --data memory "
         .. "/opt/share/doc/zapibot/examples/echo.lua")
      local address = system:wait_for("the sandbox", function()
         return system:output():find("(webhook)", 1, true)
            and system:output():match "listening (127%.0%.0%.1:%d+) %(sandbox%)"
      end)
      local function call(method, path, body)
         local reply = assert(core.http_request {
            method = method, url = "http://" .. address .. "/__sandbox/" .. path, json = body,
         })
         return reply.status, core.json_decode(reply.body)
      end
      local _, state = call("GET", "state")
      local person = state.people[1]
      assert.equal(201, (call("POST", "messages", {from = person.phone, text = "um eco"})))
      system:wait_for("the echo", function()
         local _, list = call("GET", "messages?chat=" .. person.phone)
         local last = list[#list]
         return last.fromMe and last.text == "um eco"
      end)
      assert.equal(0, system:stop())
   end)
end)
