-- `zapibot help --man`: the manual page, from the tables of commands and options.
local shell = require "spec.support.shell"
local support = require "spec.host.support"

describe("zapibot help --man", function()
   local place, page

   setup(function()
      place = support.place()
      local code, out, err = place.run "help --man"
      assert.equal(0, code, err)
      shell.write(place.folder .. "/zapibot.1", out)
      page = shell.must(("groff -man -ww -Tutf8 -P-cbou -K utf8 %s/zapibot.1"):format(place.folder))
   end)
   teardown(function() place.close() end)

   it("is a page without a warning of its formatter", function()
      assert.equal("", shell.must(("groff -man -ww -Tutf8 -z -K utf8 %s/zapibot.1")
         :format(place.folder)))
      assert.matches("^ZAPIBOT%(1%)", page)
      assert.matches("\nNAME\n       zapibot %- WhatsApp bots in Lua over Z%-API\n", page)
   end)

   it("has every command and every option, with default and variable", function()
      local _, help = place.run "--help"
      local commands, options = 0, 0
      for name in help:gmatch "\n  zapibot (%l+)" do
         assert.is_truthy(page:find("\n       " .. name, 1, true), name)
         commands = commands + 1
      end
      for name in help:gmatch "\n  (%-%-[%l-]+)" do
         assert.is_truthy(page:find("\n       " .. name, 1, true), name)
         options = options + 1
      end
      assert.is_true(commands >= 18 and options >= 15)
      local words = page:gsub("%s+", " ")
      assert.is_truthy(words:find(
         "Default: 127.0.0.1:9180. Variable: ZAPIBOT_ADMIN_LISTEN.", 1, true))
   end)
end)
