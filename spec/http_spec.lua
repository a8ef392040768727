-- zapi.http.request against a server in this process. Broken connections, TLS
-- and floods are tried in C (spec/c/net/test_client.c), with worse peers.
local zapi = require "zapi"
local core = require "zapi.core"
local stub = require "spec.support.stub"

local request = zapi.http.request

local function line_of(fn)
   local info = debug.getinfo(fn, "S")
   return info.short_src:match "[^/]+$" .. ":" .. info.linedefined + 1 .. ": "
end

-- What a misuse says, without its place, which must be the caller's line.
local function misuse(fn)
   local ok, err = pcall(fn)
   assert.is_false(ok)
   local place, text = tostring(err):match "^(.-:%d+: )(.*)$"
   assert.is_truthy(place, err)
   assert.equal(line_of(fn), place:match "[^/]+$")
   return text
end

describe("zapi.http.request", function()
   local s

   after_each(function()
      if s then
         s:close()
         s = nil
      end
   end)

   it("gives status, headers, body and decoded JSON", function()
      s = stub.start(function()
         return 200, '{"a":1,"b":null,"c":[]}', {
            ["Content-Type"] = "application/json; charset=utf-8",
            ["X-Thing"] = "a b",
         }
      end)
      local reply = assert(request {url = s.url .. "/x"})
      assert.equal(200, reply.status)
      assert.equal("a b", reply.headers["x-thing"])
      assert.equal('{"a":1,"b":null,"c":[]}', reply.body)
      assert.same({a = 1, c = {}}, reply.json)
      assert.equal(reply.json, reply.json) -- decoded once
      assert.is_true(reply.seconds > 0)
      assert.equal("GET", s:last().method)
   end)

   it("takes a 4xx and a 5xx for a reply", function()
      s = stub.start(function(req)
         return tonumber(req.path:sub(2)), "no", {["Content-Type"] = "text/plain"}
      end)
      for _, status in ipairs {400, 404, 500, 503} do
         local reply = assert(request {url = s.url .. "/" .. status})
         assert.equal(status, reply.status)
         assert.equal("no", reply.body)
         assert.is_nil(reply.json)
      end
      assert.equal(4, #s.got) -- and never asks twice
   end)

   it("has no json where the text is none", function()
      s = stub.start "{broken"
      local reply = assert(request {url = s.url})
      assert.is_nil(reply.json)
      assert.equal("{broken", reply.body)
   end)

   it("sends JSON, forms, bytes and files", function()
      s = stub.start "{}"
      request {url = s.url, json = {n = 120363019502650977, list = zapi.array {}}}
      assert.equal("POST", s:last().method)
      assert.equal("application/json", s:last().headers["content-type"])
      assert.same({n = 120363019502650977, list = {}}, zapi.json.decode(s:last().body))
      request {url = s.url, form = {b = "2 & 3", a = "ç", c = true}}
      assert.equal("a=%C3%A7&b=2%20%26%203&c=true", s:last().body)
      assert.equal("application/x-www-form-urlencoded", s:last().headers["content-type"])
      request {url = s.url, method = "PUT", body = "a\0b", headers = {["Content-Type"] = "x/y"}}
      assert.equal("PUT", s:last().method)
      assert.equal("a\0b", s:last().body)
      assert.equal("x/y", s:last().headers["content-type"])
      local path = os.tmpname()
      local f = assert(io.open(path, "w"))
      f:write(("0123456789"):rep(20000))
      f:close()
      request {url = s.url, file = path}
      assert.equal(200000, #s:last().body)
      os.remove(path)
      local none, err = request {url = s.url, file = path}
      assert.is_nil(none)
      assert.equal("io", err.kind)
      assert.equal("not_sent", err.outcome)
   end)

   it("writes the query between URL and fragment", function()
      s = stub.start "{}"
      request {url = s.url .. "/p?z=0#end", query = {b = 2, a = "x&y ç"}}
      assert.same({z = "0", a = "x&y ç", b = "2"}, s:last().query)
   end)

   it("sends empty headers and joins those that come twice", function()
      s = stub.start(function()
         return 200, "", {["Content-Type"] = "text/plain"}
      end)
      request {url = s.url, headers = {["X-Empty"] = "", ["X-Number"] = 7}}
      assert.equal("", s:last().headers["x-empty"])
      assert.equal("7", s:last().headers["x-number"])
   end)

   it("follows redirects as far as told", function()
      s = stub.start(function(req)
         local n = tonumber(req.path:sub(2))
         if n == 0 then
            return 200, "home"
         end
         return 302, "", {Location = "/" .. n - 1}
      end)
      assert.equal("home", request {url = s.url .. "/5"}.body)
      assert.equal(302, request {url = s.url .. "/1", redirects = 0}.status)
      local reply, err = request {url = s.url .. "/3", redirects = 2}
      assert.is_nil(reply)
      assert.equal("net.bad_reply", err.kind)
   end)

   it("saves a file, and only the body of a 2xx", function()
      s = stub.start(function(req)
         return req.path == "/yes" and 200 or 404, "content"
      end)
      local path = os.tmpname()
      os.remove(path)
      local reply = assert(request {url = s.url .. "/no", save = path})
      assert.equal("content", reply.body)
      assert.is_nil(io.open(path))
      reply = assert(request {url = s.url .. "/yes", save = path})
      assert.is_nil(reply.body)
      assert.equal("content", io.open(path):read "a")
      os.remove(path)
   end)

   it("keeps replies under a limit", function()
      s = stub.start(("x"):rep(100000))
      local reply, err = request {url = s.url, max = 1000}
      assert.is_nil(reply)
      assert.equal("net.too_large", err.kind)
      assert.is_false(err.retryable)
   end)

   it("gives up in time", function()
      s = stub.start(function()
         zapi.sleep(30)
         return "{}"
      end)
      local reply, err = request {url = s.url, timeout = 0.05}
      assert.is_nil(reply)
      assert.equal("net.timeout", err.kind)
      assert.equal("unknown", err.outcome)
      assert.is_true(err.retryable)
   end)

   it("tells a refused connection", function()
      local port = stub.free_port()
      local reply, err = request {url = ("http://127.0.0.1:%d/secret"):format(port)}
      assert.is_nil(reply)
      assert.equal("net.refused", err.kind)
      assert.equal("not_sent", err.outcome)
      assert.equal(("connection refused by 127.0.0.1:%d"):format(port), err.message)
   end)

   it("refuses private addresses where asked to, also after a redirect", function()
      s = stub.start(function()
         return 302, "", {Location = s.url .. "/inside"}
      end)
      local _, err = request {url = s.url, public_only = true}
      assert.equal("net.forbidden_address", err.kind)
      assert.equal(0, #s.got)
      local other = stub.start "{}"
      s.url = other.url
      _, err = request {
         url = "http://" .. s.address, public_only = true, public_except = s.address,
      }
      assert.equal("net.forbidden_address", err.kind)
      assert.equal(1, #s.got)
      assert.equal(0, #other.got)
      other:close()
   end)

   it("runs many side by side", function()
      local most, now = 0, 0
      s = stub.start(function()
         now = now + 1
         most = math.max(most, now)
         zapi.sleep(0.02)
         now = now - 1
         return "{}"
      end)
      local urls = {}
      for i = 1, 30 do
         urls[i] = s.url .. "/" .. i
      end
      local replies, errors = zapi.map(urls, 10, function(url) return request {url = url} end)
      assert.equal(30, #replies)
      assert.same({}, errors)
      assert.equal(10, most)
   end)

   it("is cancelled with its task", function()
      s = stub.start(function()
         zapi.sleep(30)
         return "{}"
      end)
      local came_back = false
      local task = core.spawn_quiet(function()
         request {url = s.url}
         came_back = true
      end)
      while #s.got == 0 do
         zapi.sleep(0.001)
      end
      task:cancel()
      collectgarbage()
      collectgarbage()
      zapi.sleep(0.01)
      assert.equal("cancelled", task:status())
      assert.is_false(came_back)
   end)

   it("says what cannot wait", function()
      local task = core.spawn_quiet(function()
         return coroutine.wrap(function() return request {url = "http://127.0.0.1:1"} end)()
      end)
      local ok, why = pcall(task.join, task)
      assert.is_false(ok)
      assert.matches("inside a coroutine of your own", tostring(why))
   end)

   it("throws misuse at the caller's line", function()
      assert.equal("zapi.http.request expects a table, got string", misuse(function()
         request "http://x"
      end))
      assert.equal("'ulr' is not a parameter of zapi.http.request; did you mean 'url'?",
         misuse(function()
            request {ulr = "http://x"}
         end))
      assert.equal("bad parameter 'url' to zapi.http.request (string expected, got nothing)",
         misuse(function()
            request {}
         end))
      assert.equal("bad parameter 'timeout' to zapi.http.request (number expected, got string)",
         misuse(function()
            request {url = "http://x", timeout = "soon"}
         end))
      assert.equal("bad parameter 'timeout' to zapi.http.request (a number above 0 expected)",
         misuse(function()
            request {url = "http://x", timeout = -1}
         end))
      assert.equal("bad parameter 'json' to zapi.http.request ('body' is given too)",
         misuse(function()
            request {url = "http://x", body = "a", json = {}}
         end))
      assert.equal("bad parameter 'headers' to zapi.http.request "
         .. "('X' holds a line break or a NUL)", misuse(function()
            request {url = "http://x", headers = {X = "token\r\nEvil: 1"}}
         end))
      assert.equal("bad parameter 'headers' to zapi.http.request ('a b' is no header's name)",
         misuse(function()
            request {url = "http://x", headers = {["a b"] = "1"}}
         end))
      assert.equal("bad parameter 'query' to zapi.http.request "
         .. "('q' is a table; a text is expected)", misuse(function()
            request {url = "http://x", query = {q = {}}}
         end))
      assert.matches("^bad parameter 'json' to zapi.http.request %(", misuse(function()
         request {url = "http://x", json = {f = print}}
      end))
      assert.equal("bad parameter 'method' to zapi.http.request "
         .. '(a method in capitals expected, as "POST")', misuse(function()
            request {url = "http://x", method = "get /"}
         end))
      assert.equal("bad parameter 'redirects' to zapi.http.request (0 to 50 expected)",
         misuse(function()
            request {url = "http://x", redirects = 0 / 0}
         end))
   end)

   it("refuses addresses that are none", function()
      for _, url in ipairs {"", "x", "file:///etc/passwd", "http://a b/", "http://:x/"} do
         local reply, err = request {url = url}
         assert.is_nil(reply)
         assert.equal("config", err.kind)
         assert.equal("not_sent", err.outcome)
      end
   end)
end)
