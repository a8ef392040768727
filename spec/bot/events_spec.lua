--- The names of events, as editors and scripts know them.
local core = require "zapi.core"
local events = require "zapi.events"

describe("zapi.events", function()
   it("tells editors every name of the core's table", function()
      local source = assert(io.open("lua/zapi/events.lua")):read("a")
      for _, name in ipairs(events.names) do
         assert.truthy(source:find('"' .. name .. '"', 1, true), name .. " is not in the alias")
      end
   end)

   it("tells editors no name that does not exist", function()
      local source = assert(io.open("lua/zapi/events.lua")):read("a")
      local alias = source:match("%-%-%-@alias zapi.event\n(.-)\n\n")
      local count = 0
      for name in alias:gmatch('"([^"]+)"') do
         assert.is_true(events.exists(name), name)
         count = count + 1
      end
      assert.is_true(count > 50)
   end)

   it("has a parent for what is a kind of message, and none for what acts on one", function()
      for _, kind in ipairs(core.kinds()) do
         if events.is(kind.name, "message") then assert.is_true(events.can_be_own(kind.name)) end
      end
      assert.is_true(events.is("own.voice", "own.message"))
      assert.is_true(events.is("own.voice", "own.audio"))
      assert.is_false(events.is("own.voice", "message"))
      assert.is_false(events.is("reaction", "message"))
      assert.is_false(events.is("waiting", "message"))
   end)
end)
