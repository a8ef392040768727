--- core.serve and core.service with real sockets: requests as tasks, streams,
--- webhooks from the door to on_event. The door alone is tried in C
--- (spec/c/net/test_door.c), names and keys in spec/c/engine/test_ingest.c.
local core = require "zapi.core"
local shell = require "spec.support.shell"

local SECRET <const> = "segredo-do-teste-0123456789"

local function wait_for(ready)
   local limit = core.hrtime() + 5
   while not ready() do
      assert(core.hrtime() < limit, "nothing happened in 5 s")
      core.sleep(0.001)
   end
end

local function interpreter()
   return os.getenv "ZAPI_LUA" or "lua5.4"
end

-- Runs a script in a process of its own; its output and exit code.
local function run_script(text, ...)
   local folder, remove = shell.folder()
   shell.write(folder .. "/script.lua", text)
   local words = {interpreter(), folder .. "/script.lua", ...}
   for i, word in ipairs(words) do words[i] = shell.quote(word) end
   local code, output = shell.run(table.concat(words, " "))
   remove()
   return code, output
end

describe("core.serve", function()
   local server

   local function serve(handler, options)
      options = options or {}
      options.handler = handler
      server = assert(core.serve(options))
      return "http://" .. server.address
   end

   local function get(url, options)
      options = options or {}
      options.url = url
      return assert(core.http_request(options))
   end

   after_each(function()
      if server then server:close() end
      server = nil
   end)

   it("gives the request as a table and sends what comes back", function()
      local seen
      local url = serve(function(req)
         seen = req
         return 201, "made", {["Content-Type"] = "text/x-thing", ["X-Many"] = {"a", "b"}}
      end)
      local reply = get(url .. "/a%20b?x=1&y=c+d%26", {
         method = "PUT", body = "hello\0there", headers = {["X-Test"] = "v"},
      })
      assert.equal(201, reply.status)
      assert.equal("made", reply.body)
      assert.equal("text/x-thing", reply.headers["content-type"])
      assert.equal("PUT", seen.method)
      assert.equal("/a b", seen.path)
      assert.same({x = "1", y = "c d&"}, seen.query)
      assert.equal("v", seen.headers["x-test"])
      assert.equal("hello\0there", seen.body)
      assert.equal("127.0.0.1", seen.remote)
      assert.equal(server.port, tonumber(server.address:match ":(%d+)$"))
   end)

   it("answers plain text by default, 404 for nil, nothing for a 204", function()
      local url = serve(function(req)
         if req.path == "/none" then return nil end
         if req.path == "/204" then return 204, "never" end
         return 200, "olá"
      end)
      local reply = get(url .. "/")
      assert.equal("text/plain; charset=utf-8", reply.headers["content-type"])
      assert.equal("olá", reply.body)
      assert.equal(404, get(url .. "/none").status)
      reply = get(url .. "/204")
      assert.equal(204, reply.status)
      assert.is_nil(reply.body ~= "" and reply.body or nil)
      assert.equal(200, get(url .. "/", {method = "HEAD"}).status)
   end)

   it("runs handlers side by side", function()
      local first_waits = true
      local url = serve(function(req)
         if req.path == "/slow" then
            while first_waits do core.sleep(0.001) end
            return 200, "slow"
         end
         first_waits = false
         return 200, "fast"
      end)
      local slow = core.spawn(get, url .. "/slow")
      assert.equal("fast", get(url .. "/fast").body)
      assert.equal("slow", slow:join(5).body)
   end)

   it("answers 500 without a word about why when the handler fails", function()
      local url = serve(function(req)
         if req.path == "/throw" then error("secret words") end
         if req.path == "/status" then return "yes" end
         if req.path == "/body" then return 200, {} end
         return 200, "x", {["X-Evil"] = "a\r\nSet-Cookie: b"}
      end)
      for _, path in ipairs {"/throw", "/status", "/body", "/header"} do
         local reply = get(url .. path)
         assert.equal(500, reply.status)
         assert.equal("internal error\n", reply.body)
         assert.is_nil(reply.headers["set-cookie"])
      end
   end)

   it("streams what a function writes, as fast as the client reads", function()
      local full, chunk = false, ("x"):rep(65536)
      local url = serve(function()
         return 200, function(write)
            for _ = 1, 64 do
               local before = core.hrtime()
               assert(write(chunk))
               full = full or core.hrtime() > before
            end
            assert(write "end")
         end, {["Content-Type"] = "application/octet-stream"}
      end)
      local reply = get(url .. "/")
      assert.equal(64 * 65536 + 3, #reply.body)
      assert.equal("end", reply.body:sub(-3))
      assert.is_true(full)
   end)

   it("breaks a stream off whose function fails", function()
      local url = serve(function()
         return 200, function(write)
            write("half")
            error("no more")
         end
      end)
      local reply, err = core.http_request {url = url .. "/"}
      assert.is_nil(reply)
      assert.truthy(tostring(err):find("cut off", 1, true))
      assert.is_nil(tostring(err):find("no more", 1, true))
   end)

   it("tells a stream that its client is gone", function()
      local why, started
      local url = serve(function()
         return 200, function(write)
            started = write("hello")
            local ok
            repeat
               core.sleep(0.001)
               ok, why = write("x")
            until not ok
         end
      end)
      local task = core.spawn_quiet(get, url .. "/")
      wait_for(function() return started end)
      task:cancel()
      wait_for(function() return why end)
      assert.equal("closed", why)
   end)

   it("ends what is open when it is closed", function()
      local told, kept
      local url = serve(function(req)
         if req.path == "/held" then
            kept = true
            while not told do core.sleep(0.001) end
            return 200, "too late"
         end
         return 200, function(write)
            kept = write
            write("first")
            while write(".") do core.sleep(0.001) end
            told = true
         end
      end)
      local stream = core.spawn(core.http_request, {url = url .. "/stream"})
      wait_for(function() return kept end)
      local write = kept
      kept = nil
      local held = core.spawn(get, url .. "/held")
      wait_for(function() return kept end)
      server:close()
      server:close()
      assert.equal(503, held:join(5).status)
      -- The handler had more to write: that must not look like all of it.
      local none, err = stream:join(5)
      assert.is_nil(none)
      assert.truthy(tostring(err):find("cut off", 1, true))
      wait_for(function() return told end)
      assert.same({nil, "closed"}, {write("after")})
   end)

   it("says why it cannot listen, and which argument is wrong", function()
      local url = serve(function() return 200 end)
      local second, err = core.serve {
         listen = url:match "//(.*)$", handler = print,
      }
      assert.is_nil(second)
      assert.truthy(tostring(err):find("address in use", 1, true))
      assert.error_matches(function() core.serve {listen = "127.0.0.1:0"} end, "'handler'")
      assert.error_matches(function() core.serve {listen = 8080, handler = print} end, "'listen'")
      assert.error_matches(function()
         core.serve {max_body = -1, handler = print}
      end, "'max_body'")
   end)

   it("can be forgotten by the script and by the state", function()
      local code, output = run_script([[
         local core = require "zapi.core"
         core.log = nil
         local address
         do
            address = core.serve {handler = function()
               return 200, function(write) write "x" while true do core.sleep(60) end end
            end}.address
         end
         collectgarbage() collectgarbage()
         local task = core.spawn_quiet(core.http_request, {url = "http://" .. address .. "/"})
         task:join(0.2)
         print "end of script"
      ]])
      assert.equal(0, code, output)
      assert.truthy(output:find("end of script", 1, true))
   end)
end)

describe("core.service", function()
   local svc

   local function open(on_event, options)
      options = options or {}
      options.listen, options.secret = "127.0.0.1:0", options.secret or SECRET
      options.on_event = on_event
      svc = core.service(options)
      return "http://" .. svc.address
   end

   local count = 0
   local function message(text, over)
      count = count + 1
      local payload = {
         type = "ReceivedCallback", instanceId = "I", phone = "5511", momment = 1,
         messageId = "M" .. count, text = {message = text},
      }
      for k, v in pairs(over or {}) do payload[k] = v end
      return core.json_encode(payload)
   end

   local function send(url, body, options)
      options = options or {}
      options.method = options.method or "POST"
      options.url = url .. (options.path or "/webhook/" .. SECRET)
      options.path = nil
      if options.method ~= "GET" then options.body = body end
      return assert(core.http_request(options))
   end

   after_each(function()
      if svc then svc:close() end
      svc = nil
   end)

   it("gives an event with its envelope and decoded payload", function()
      local got
      local url = open(function(ev) got = ev end)
      local reply = send(url, message("Olá", {
         phone = "9-group", isGroup = true, participantPhone = "5522", fromApi = true,
         big = 120363019502650977, none = core.null,
      }))
      assert.equal(200, reply.status)
      assert.equal("", reply.body or "")
      wait_for(function() return got end)
      assert.equal("text", got.kind)
      assert.equal("9-group", got.chat)
      assert.equal("5522", got.author)
      assert.equal("M" .. count, got.id)
      assert.equal("I", got.instance)
      assert.equal("ReceivedCallback", got.type)
      assert.is_true(got.is_group and got.from_api)
      assert.is_false(got.from_me)
      assert.equal(1, got.seq)
      assert.is_true(math.abs(got.received_at - core.now()) < 60)
      assert.equal("Olá", got.payload.text.message)
      assert.equal(120363019502650977, got.payload.big)
      assert.is_nil(got.payload.none)
   end)

   it("refuses what is no webhook, each with its status", function()
      local url = open(function() error("must not come here") end)
      local cases = {
         {401, message "x", {path = "/webhook/wrong"}},
         {401, message "x", {path = "/webhook/" .. SECRET .. "x"}},
         {401, "", {path = "/webhook/", method = "GET"}},
         {404, message "x", {path = "/"}},
         {404, message "x", {path = "/webhook"}},
         {404, message "x", {path = "/webhook%00/" .. SECRET}},
         {405, "", {method = "GET"}},
         {400, ""},
         {400, "oi"},
         {400, "[1]"},
         {400, '"x"'},
         {400, message "x" .. "\0"},
         {400, '{"a":"\xff"}'},
         {400, '{"a":' .. ("["):rep(10000) .. ("]"):rep(10000) .. "}"},
         {400, "not gzip", {headers = {["Content-Encoding"] = "gzip"}}},
         {413, '{"a":"' .. ("x"):rep(2 * 1024 * 1024) .. '"}'},
         {415, "x", {headers = {["Content-Type"] = "multipart/form-data; boundary=b"}}},
      }
      for i, case in ipairs(cases) do
         assert.equal(case[1], send(url, case[2], case[3]).status, "case " .. i)
      end
      assert.equal(#cases, svc:stats().refused)
      assert.equal(0, svc:stats().received)
   end)

   it("takes odd but honest bodies", function()
      local got = {}
      local url = open(function(ev) got[#got + 1] = ev.payload.name or ev.payload.text.message end)
      for _, body in ipairs {
         '{"name":"\\ud83d"}', '{"name":"a\\u0000b"}', '{"name":"\\ud83d\\ude00"}',
      } do
         assert.equal(200, send(url, body).status)
      end
      local reply = send(url, message("form"), {headers = {
         ["Content-Type"] = "application/x-www-form-urlencoded",
      }})
      assert.equal(200, reply.status)
      wait_for(function() return #got == 4 end)
      local all = "|" .. table.concat(got, "|") .. "|"
      for _, want in ipairs {"a\0b", "form", "😀", "\u{fffd}"} do
         assert.truthy(all:find("|" .. want .. "|", 1, true), want)
      end
   end)

   it("drops duplicates, also simultaneous ones", function()
      local n = 0
      local url = open(function() n = n + 1 end)
      local body = message "once"
      local tasks = {}
      for i = 1, 20 do tasks[i] = core.spawn(send, url, body) end
      for _, task in ipairs(tasks) do assert.equal(200, task:join(5).status) end
      send(url, message "other")
      wait_for(function() return n == 2 and svc:stats().handled == 2 end)
      local stats = svc:stats()
      assert.equal(21, stats.received)
      assert.equal(19, stats.duplicates)
   end)

   it("keeps the order of a chat and lets the others pass", function()
      local order, release = {}, false
      local url = open(function(ev)
         if ev.payload.text.message == "slow" then
            while not release do core.sleep(0.001) end
         end
         order[#order + 1] = ev.payload.text.message
      end)
      send(url, message("slow", {phone = "1"}))
      send(url, message("second", {phone = "1"}))
      send(url, message("other", {phone = "2"}))
      wait_for(function() return #order == 1 end)
      assert.same({"other"}, order)
      assert.equal(1, svc:stats().running)
      assert.equal(1, svc:stats().waiting)
      release = true
      wait_for(function() return #order == 3 end)
      assert.same({"other", "slow", "second"}, order)
   end)

   it("does not queue receipts behind a chat's slow handler", function()
      local kinds, release = {}, false
      local url = open(function(ev)
         kinds[#kinds + 1] = ev.kind
         if ev.kind == "text" then
            while not release do core.sleep(0.001) end
         end
      end, {kinds = {"*", "presence", "message.delivered", "message.read"}})
      send(url, message("slow"))
      for _, body in ipairs {
         '{"type":"MessageStatusCallback","phone":"5511","ids":["A"],"status":"READ"}',
         '{"type":"DeliveryCallback","phone":"5511","messageId":"A"}',
         '{"type":"PresenceChatCallback","phone":"5511","status":"COMPOSING"}',
         '{"type":"PresenceChatCallback","phone":"5511","status":"COMPOSING"}',
      } do
         send(url, body)
      end
      wait_for(function() return #kinds == 5 end)
      table.sort(kinds)
      assert.same({"message.delivered", "message.read", "presence", "presence", "text"}, kinds)
      release = true
      wait_for(function() return svc:stats().running == 0 end)
   end)

   it("goes on after a handler that fails or yields wrongly", function()
      local done = {}
      local url = open(function(ev)
         local text = ev.payload.text.message
         if text == "throw" then error("broken handler") end
         if text == "yield" then coroutine.yield() end
         done[#done + 1] = text
      end)
      for _, text in ipairs {"throw", "yield", "good"} do send(url, message(text)) end
      wait_for(function() return #done == 1 end)
      assert.same({"good"}, done)
      assert.equal(2, svc:stats().failed)
   end)

   it("accepts webhooks while the script computes", function()
      local took, lines
      local url = open(function(ev)
         if ev.payload.text.message ~= "busy" then return end
         local folder, remove = shell.folder()
         shell.write(folder .. "/post.lua", [[
            local core = require "zapi.core"
            local before = core.hrtime()
            for i = 1, 100 do
               local reply = assert(core.http_request {
                  method = "POST", url = arg[1], timeout = 10,
                  body = '{"type":"ReceivedCallback","messageId":"B' .. i
                     .. '","phone":"7","text":{"message":"x"}}',
               })
               assert(reply.status == 200)
            end
            print("posted 100 in " .. core.hrtime() - before)
         ]])
         -- This thread is blocked in the read until all are answered, and in
         -- the loop below for a second more or less.
         local pipe = assert(io.popen(shell.quote(interpreter()) .. " "
            .. shell.quote(folder .. "/post.lua") .. " "
            .. shell.quote("http://" .. svc.address .. "/webhook/" .. SECRET)))
         local limit = core.hrtime() + 1
         while core.hrtime() < limit do lines = nil end
         lines = pipe:read "a"
         pipe:close()
         remove()
         took = tonumber(lines:match "posted 100 in (%S+)")
      end)
      assert.equal(200, send(url, message "busy").status)
      wait_for(function() return lines end)
      assert.truthy(took, lines)
      assert.is_true(took < 2, "took " .. tostring(took))
      wait_for(function() return svc:stats().handled == 101 end)
   end)

   it("injects as if through the door", function()
      local got = {}
      open(function(ev) got[#got + 1] = ev.payload.text.message end)
      local body = message "direct"
      assert.is_true(svc:inject(body))
      assert.is_false(svc:inject(body))
      wait_for(function() return #got == 1 end)
      local ok, err = svc:inject("[]")
      assert.is_nil(ok)
      assert.equal("bad_json", err.kind)
   end)

   local function client(instance, token)
      return core.client {instance = instance, token = token, base_url = "http://127.0.0.1:9"}
   end

   local function with_token(url, token, over)
      return send(url, message("x", over), {headers = {["z-api-token"] = token}}).status
   end

   it("refuses what has not the token of its instance, when it is enforced", function()
      local got = {}
      local url = open(function(ev) got[#got + 1] = ev.instance end, {
         token_check = "enforce",
         clients = {client("I", "token-of-one"), client("J", "token-of-two"), {}},
      })
      assert.equal(200, with_token(url, "token-of-one"))
      assert.equal(200, with_token(url, "token-of-two", {instanceId = "J"}))
      assert.equal(401, with_token(url, "token-of-two"))
      assert.equal(401, with_token(url, "token-of-on"))
      assert.equal(401, with_token(url, nil))
      assert.equal(200, with_token(url, "token-of-two", {instanceId = "K"}))
      wait_for(function() return #got == 3 end)
      assert.equal(3, svc:stats().received)
      assert.equal(3, svc:stats().refused)
   end)

   it("refuses everything when no token is known and tokens are enforced", function()
      local url = open(function() error("must not come here") end, {token_check = "enforce"})
      assert.equal(401, with_token(url, "anything"))
   end)

   it("only watches tokens by default", function()
      local n = 0
      local url = open(function() n = n + 1 end, {clients = {client("I", "token-of-one")}})
      assert.equal(200, with_token(url, "a wrong one"))
      assert.equal(200, with_token(url, nil))
      wait_for(function() return n == 2 end)
   end)

   it("takes the client's address from a proxy that it was told of", function()
      local seen = {}
      local function remote(options)
         options.on_request = function(req) seen[#seen + 1] = req.remote return 200 end
         local url = open(function() end, options)
         send(url, "", {path = "/x", headers = {["X-Forwarded-For"] = "1.1.1.1, 203.0.113.7"}})
         svc:close()
      end
      remote {}
      remote {trusted_proxies = "10.0.0.1, 127.0.0.0/8"}
      assert.same({"127.0.0.1", "203.0.113.7"}, seen)
   end)

   it("says which token check or proxy is none", function()
      local ok, err = pcall(open, print, {token_check = "yes"})
      assert.is_false(ok)
      assert.truthy(tostring(err):find("off, observe or enforce", 1, true))
      ok, err = pcall(open, print, {trusted_proxies = "nginx"})
      assert.is_false(ok)
      assert.truthy(tostring(err):find("'nginx'", 1, true))
   end)

   it("passes other paths to on_request", function()
      local url = open(function() end, {on_request = function(req)
         if req.path == "/shop" then return 200, "order " .. req.body end
      end})
      local reply = send(url, "7", {path = "/shop"})
      assert.equal(200, reply.status)
      assert.equal("order 7", reply.body)
      assert.equal(404, send(url, "", {path = "/nothing"}).status)
      assert.equal(401, send(url, "", {path = "/webhook/x"}).status)
   end)

   it("drains: nothing new starts, what runs may end", function()
      local started, release = 0, false
      local url = open(function()
         started = started + 1
         while not release do core.sleep(0.001) end
      end)
      send(url, message "a")
      send(url, message "b")
      wait_for(function() return started == 1 end)
      assert.is_false(svc:drain(0.05))
      local again = core.spawn(svc.drain, svc, 5)
      release = true
      assert.is_true(again:join(5))
      assert.is_true(svc:drain())
      assert.equal(1, started)
      assert.equal(1, svc:stats().waiting)
   end)

   it("can be closed from a handler, twice, and while handlers run", function()
      local ended
      local url = open(function()
         svc:close()
         svc:close()
         core.sleep(0.01)
         ended = true
      end)
      send(url, message "stop")
      wait_for(function() return ended end)
      assert.error_matches(function() svc:stats() end, "closed")
      assert.is_nil(svc.address)
   end)

   it("names the option that is wrong", function()
      local function bad(options, name)
         assert.error_matches(function() core.service(options) end, "'" .. name .. "'")
      end
      bad({secret = "x"}, "on_event")
      bad({on_event = print}, "secret")
      bad({on_event = print, secret = ""}, "secret")
      bad({on_event = print, secret = "x", concurrency = 0}, "concurrency")
      bad({on_event = print, secret = "x", on_request = 1}, "on_request")
      local url = open(print)
      local ok, err = pcall(core.service, {
         on_event = print, secret = "x", listen = url:match "//(.*)$", name = "second",
      })
      assert.is_false(ok)
      assert.truthy(tostring(err):find("address in use", 1, true))
   end)

   it("logs refusals without the secret, and leaves nothing open at the end", function()
      local code, output = run_script([[
         local core = require "zapi.core"
         local secret = ("s3cr3t"):rep(4)
         local svc = core.service {
            secret = secret, label = "webhook", on_event = function() core.sleep(60) end,
         }
         local url = "http://" .. svc.address
         local function post(path, body)
            return core.http_request {method = "POST", url = url .. path, body = body}.status
         end
         print(post("/webhook/" .. secret .. "0", "{}"), post("/webhook/" .. secret, "no json"),
            post("/webhook/" .. secret, '{"type":"X","phone":"1"}'),
            post("/elsewhere/" .. secret, "{}"))
         for i = 1, 50 do post("/webhook/x", "{}") end
         core.sleep(0.01)
         -- A handler runs, another event waits: both end with the state.
         print(svc:inject '{"type":"X","phone":"1","text":{}}', svc:stats().running)
      ]])
      assert.equal(0, code, output)
      assert.truthy(output:find("401%s+400%s+200%s+404"), output)
      local line = "webhook: refused %d from 127.0.0.1: %s"
      assert.truthy(output:find(line:format(401, "wrong webhook secret"), 1, true), output)
      assert.truthy(output:find(line:format(400, "not JSON"), 1, true), output)
      assert.truthy(output:find("accepted events were not handled", 1, true), output)
      assert.is_nil(output:find("s3cr3ts3cr3t", 1, true), output)
      local _, lines = output:gsub("refused 401", "")
      assert.is_true(lines <= 9, output)
   end)
end)

describe("core.kinds and core.ingest", function()
   it("lists names with their parents", function()
      local by_name = {}
      for _, row in ipairs(core.kinds()) do by_name[row.name] = row end
      assert.same({"audio", "message"}, by_name.voice.parents)
      assert.same({}, by_name.reaction.parents)
      assert.is_true(#by_name.text.doc > 0)
      assert.is_true(core.kind_is("own.voice", "own.audio"))
      assert.is_false(core.kind_is("own.voice", "audio"))
   end)

   it("makes an event from a text", function()
      local ev = core.ingest '{"type":"ReceivedCallback","phone":"1","image":{},"fromMe":true}'
      assert.equal("own.image", ev.kind)
      assert.equal("1", ev.chat)
      assert.same({}, ev.payload.image)
      local none, err = core.ingest "{"
      assert.is_nil(none)
      assert.equal("bad_json", err.kind)
   end)
end)
