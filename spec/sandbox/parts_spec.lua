-- The sandbox's parts that need no server.
local core = require "zapi.core"
local feeds = require "zapi.sandbox.feed"
local guard = require "zapi.sandbox.guard"
local ids = require "zapi.sandbox.ids"
local journals = require "zapi.sandbox.journal"
local medias = require "zapi.sandbox.media"
local signals = require "zapi.sandbox.signal"
local worlds = require "zapi.sandbox.world"

local function new_world()
   return worlds.new {
      instance = "I", token = "T", seed = 1, clock = function() return 1000.5 end,
   }
end

describe("sandbox ids", function()
   it("repeat with the seed and differ without", function()
      local a, b, c = ids.new(5), ids.new(5), ids.new(6)
      local first = a:message()
      assert.equal(first, b:message())
      assert.not_equal(first, c:message())
      assert.not_equal(first, a:message())
      assert.truthy(first:find("^3EB0%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x$"))
      assert.equal(32, #a:zaap())
      assert.truthy(a:digits(15):find("^%d+$"))
   end)
end)

describe("sandbox world", function()
   it("takes formatted phones and refuses bad ones", function()
      local w = new_world()
      local p = assert(w:add_person { name = "Ana", phone = "+55 (11) 99999-0001" })
      assert.equal("5511999990001", p.phone)
      for _, phone in ipairs { "abc", "123", "5511999990001x", ("9"):rep(16) } do
         local nobody, err = w:add_person { name = "X", phone = phone }
         assert.is_nil(nobody)
         assert.equal("phone must have 8 to 15 digits", err)
      end
   end)

   it("gives a free phone, and each phone once", function()
      local w = new_world()
      local a, b = w:add_person { name = "A" }, w:add_person { name = "B" }
      assert.not_equal(a.phone, b.phone)
      assert.equal("phone exists already",
         select(2, w:add_person { name = "C", phone = a.phone }))
      assert.equal("5511999990099 is the number of the bot itself",
         select(2, w:add_person { name = "C", phone = w.phone }))
      assert.equal("name must be a text that is not empty",
         select(2, w:add_person { name = "  " }))
   end)

   it("finds people by phone, lid and name, chats by group too", function()
      local w = new_world()
      local p = w:add_person { name = "Ana", phone = "5511999990001" }
      local g = assert(w:add_group { name = "G", members = { p.lid, "Ana", p } })
      assert.equal(p, w:find_person("+55 11 99999-0001"))
      assert.equal(p, w:find_person(p.lid))
      assert.equal(p, w:find_person("Ana"))
      assert.is_nil(w:find_person(g.id))
      assert.same({ p.phone }, g.members)
      assert.truthy(g.id:find("^120363%d+%-group$"))
      assert.equal(g.id, w:find_chat("G"))
      assert.is_nil(w:find_chat("nobody"))
   end)

   it("names the member that does not exist", function()
      local w = new_world()
      assert.equal("members: no such person: Zé",
         select(2, w:add_group { name = "G", members = { "Zé" } }))
      assert.equal("members must be a list with at least one person",
         select(2, w:add_group { name = "G", members = {} }))
   end)

   it("moves a message's status forward only", function()
      local w = new_world()
      local m = w:publish(w:draft { chat = "1", status = "PENDING", from_me = true })
      w:set_status(m, "READ")
      w:set_status(m, "SENT")
      assert.equal("READ", m.status)
      assert.equal(1000500, m.at)
   end)
end)

describe("sandbox journal", function()
   it("writes no secret, wherever it stands", function()
      local j = journals.new(function() return 1 end)
      j:hide("TOKEN-1234")
      j:hide_url("http://127.0.0.1:1/webhook/s3cr3t")
      local e = j:add {
         path = "/x/TOKEN-1234/y", request = { deep = { "a TOKEN-1234 and TOKEN-1234" } },
         reply = { url = "http://127.0.0.1:1/webhook/s3cr3t", ["TOKEN-1234"] = 1 },
      }
      j:update(e, { error = "cannot reach http://127.0.0.1:1/webhook/s3cr3t" })
      local text = core.json_encode(j:list())
      assert.is_nil(text:find("TOKEN-1234", 1, true))
      assert.is_nil(text:find("s3cr3t", 1, true))
      assert.equal("/x/•••/y", e.path)
      assert.equal("cannot reach http://127.0.0.1:1/…", e.error)
   end)

   it("hides the longer secret first when one contains another", function()
      local j = journals.new(function() return 1 end)
      j:hide("abcd")
      j:hide("abcdefgh")
      assert.equal("•••", j:add { path = "abcdefgh" }.path)
   end)

   it("keeps the last thousand entries and shortens files", function()
      local j = journals.new(function() return 1 end)
      for i = 1, 1005 do j:add { status = i } end
      local list = j:list()
      assert.equal(1000, #list)
      assert.equal(6, list[1].status)
      assert.equal(1005, list[1000].status)
      local long = j:add { request = { image = ("é"):rep(9000) } }.request.image
      assert.truthy(long:find("… (18000 bytes)", 1, true))
      assert.truthy(utf8.len(long))
   end)
end)

describe("sandbox media", function()
   it("decodes base64 and refuses what is none", function()
      assert.equal("Man", medias.decode("TWFu"))
      assert.equal("Ma", medias.decode("TWE="))
      assert.equal("M\0", medias.decode("TQA="))
      assert.equal("M", medias.decode("TQ=="))
      for _, bad in ipairs { "TWF", "T===", "TW!u", "=TQ=", "TQ=A" } do
         assert.is_nil(medias.decode(bad), bad)
      end
   end)

   it("decodes every byte", function()
      local all, text = {}, {}
      for i = 0, 255 do all[#all + 1] = string.char(i) end
      local bytes = table.concat(all) .. "\0\0"
      local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
      for a, b, c in bytes:gmatch("(.)(.)(.)") do
         local n = a:byte() << 16 | b:byte() << 8 | c:byte()
         for shift = 18, 0, -6 do
            local i = (n >> shift & 63) + 1
            text[#text + 1] = alphabet:sub(i, i)
         end
      end
      assert.equal(bytes, medias.decode(table.concat(text)))
   end)

   it("serves a picture in place, anything else as a download", function()
      local m = medias.new(ids.new(1))
      local function serve(uri, kind)
         local file = assert(m:take(kind, uri))
         return m:serve(file.url:match("[^/]+$"))
      end
      local status, body, headers = serve("data:image/png;base64,TWFu", "image")
      assert.equal(200, status)
      assert.equal("Man", body)
      assert.equal("image/png", headers["Content-Type"])
      for _, mime in ipairs { "text/html", "image/svg+xml", "application/pdf" } do
         _, _, headers = serve("data:" .. mime .. ";base64,TWFu", "document")
         assert.equal("application/octet-stream", headers["Content-Type"])
         assert.equal("attachment", headers["Content-Disposition"])
         assert.equal("nosniff", headers["X-Content-Type-Options"])
      end
      assert.equal(404, (m:serve("nothing.png")))
   end)

   it("takes URLs as they are and refuses the rest", function()
      local m = medias.new(ids.new(1))
      assert.equal("https://example.com/a.png", m:take("image", "https://example.com/a.png").url)
      for _, bad in ipairs { "file:///etc/passwd", "data:image/png,x", "x", "javascript:x()" } do
         assert.is_nil((m:take("image", bad)), bad)
      end
      assert.is_nil((m:take("image", 5)))
   end)
end)

describe("sandbox guard", function()
   it("answers local names only", function()
      for _, host in ipairs {
         "localhost", "localhost:8080", "127.0.0.1:1", "[::1]:8080", "bot.localhost:1", "LOCALHOST",
      } do
         assert.is_true(guard.is_local(host), host)
      end
      for _, host in ipairs {
         "example.com", "127.0.0.1.example.com", "localhost.example.com", "evil-localhost",
         "192.168.0.1", "", "localhost:80:90", "[::2]",
      } do
         assert.is_false(guard.is_local(host), host)
      end
      assert.is_false(guard.is_local(nil))
   end)

   it("refuses what another site sends", function()
      local function refuse(method, origin, site)
         return guard.refuse {
            method = method,
            headers = { host = "localhost:8080", origin = origin, ["sec-fetch-site"] = site },
         }
      end
      assert.is_nil(refuse("POST", "http://localhost:8080"))
      assert.is_nil(refuse("POST", nil))
      assert.is_nil(refuse("GET", "http://evil.example"))
      assert.truthy(refuse("POST", "http://evil.example"))
      assert.truthy(refuse("POST", "http://localhost:9"))
      assert.truthy(refuse("POST", "null"))
      assert.truthy(refuse("DELETE", nil, "cross-site"))
   end)
end)

describe("sandbox feed", function()
   it("gives what came since, and everything to a stranger", function()
      local feed = feeds.new()
      for i = 1, 2005 do feed:add("n", { i = i }) end
      local events, last = feed:since(2003)
      assert.equal(2005, last)
      assert.equal(2, #events)
      assert.equal('{"i":2005}', events[2].data)
      assert.equal(2000, #feed:since(0))
      assert.equal(2000, #feed:since(999999))
   end)
end)

describe("sandbox signal", function()
   it("wakes every waiter once it is fired", function()
      local signal, woken = signals.new(), 0
      local tasks = {}
      for i = 1, 3 do
         tasks[i] = core.spawn(function()
            if signal:wait(5) then woken = woken + 1 end
         end)
      end
      core.spawn(function() signal:fire() end)
      for _, task in ipairs(tasks) do task:join(5) end
      assert.equal(3, woken)
   end)

   it("ends in time when nobody fires", function()
      local before = core.hrtime()
      assert.is_false(signals.new():wait(0.02))
      assert.is_true(core.hrtime() - before < 2)
   end)
end)
