-- The module without zapibot: what spec/rock/run.lua tries, with the build under
-- test. spec/rock_spec.lua does the same with the installed rock.
local shell = require "spec.support.shell"

describe("the module in a plain Lua", function()
   it("calls, keeps what must stay, and works beside other loops", function()
      local code, out = shell.run("unset ZAPIBOT_DATA; " .. shell.quote(os.getenv "ZAPI_LUA")
         .. " spec/rock/run.lua")
      assert.equal("ok call\nok stays first\nok stays again\nok beside luv\n"
         .. "ok beside cqueues\n", out)
      assert.equal(0, code)
   end)
end)
