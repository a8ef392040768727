-- `zapibot qr`: the code itself, its drawing, and the way to a linked phone.
local api = require "zapi.host.tools.lib.api"
local core = require "zapi.core"
local link = require "zapi.host.tools.lib.link"
local picture = require "zapi.host.tools.lib.picture"
local shell = require "spec.support.shell"
local stub = require "spec.support.stub"
local support = require "spec.host.support"

local PNG = "\137PNG\r\n\26\n\0\0\0\rIHDR"

-- ---- a reader of version 1 codes, by the standard --------------------------

local MASKS = {
   [0] = function(x, y) return (x + y) % 2 == 0 end,
   function(_, y) return y % 2 == 0 end,
   function(x) return x % 3 == 0 end,
   function(x, y) return (x + y) % 3 == 0 end,
   function(x, y) return (y // 2 + x // 3) % 2 == 0 end,
   function(x, y) return x * y % 2 + x * y % 3 == 0 end,
   function(x, y) return (x * y % 2 + x * y % 3) % 2 == 0 end,
   function(x, y) return (x * y % 3 + (x + y) % 2) % 2 == 0 end,
}

local function dark(code, x, y)
   return code.rows[y + 1]:byte(x + 1) == 49
end

-- Finder patterns with their borders, format, timing.
local function is_function(x, y)
   return x == 6 or y == 6 or (x < 9 and y < 9) or (x > 12 and y < 9) or (x < 9 and y > 12)
end

-- The three bits of it stand in row 8; 101 is laid over them.
local function mask_of(code)
   local bits = 0
   for x = 2, 4 do
      bits = bits * 2 + (dark(code, x, 8) and 1 or 0)
   end
   return MASKS[bits ~ 5]
end

-- Calls fn(x, y) for the data area in the order of placement: pairs of columns
-- from the right, upwards and downwards in turns.
local function each_module(fn)
   for pair = 0, 9 do
      local right = pair < 7 and 20 - 2 * pair or 19 - 2 * pair
      for i = 0, 20 do
         local y = pair % 2 == 0 and 20 - i or i
         fn(right, y)
         fn(right - 1, y)
      end
   end
end

local function bits_of(code)
   local mask, bits = mask_of(code), {}
   each_module(function(x, y)
      if not is_function(x, y) then
         bits[#bits + 1] = dark(code, x, y) ~= mask(x, y) and 1 or 0
      end
   end)
   return bits
end

local function number(bits, from, count)
   local n = 0
   for i = from, from + count - 1 do
      n = n * 2 + bits[i]
   end
   return n
end

local function read(code)
   local bits = bits_of(code)
   assert(number(bits, 1, 4) == 4, "not in byte mode")
   local out = {}
   for i = 1, number(bits, 5, 8) do
      out[i] = string.char(number(bits, 13 + 8 * (i - 1), 8))
   end
   return table.concat(out)
end

-- ---- a reader of the drawing ------------------------------------------------

local CELLS = {["█"] = "00", ["▀"] = "01", ["▄"] = "10", [" "] = "11"}

-- The modules of a drawing, as rows; the colours are taken off.
local function modules(drawing)
   local rows = {}
   for line in drawing:gsub("\27%[[%d;]*m", ""):gmatch "([^\n]*)\n" do
      local above, below = {}, {}
      for _, char in utf8.codes(line) do
         local cell = assert(CELLS[utf8.char(char)])
         above[#above + 1], below[#below + 1] = cell:sub(1, 1), cell:sub(2)
      end
      rows[#rows + 1], rows[#rows + 2] = table.concat(above), table.concat(below)
   end
   return rows
end

describe("core.qr", function()
   it("makes a code that reads as its text, bytes and all", function()
      for _, text in ipairs {"zapibot", "2@aB3/+=,x", "olá, QR", "a\0b\255", "12345678901234567"} do
         local code = core.qr(text)
         assert.equal(21, code.size)
         assert.equal(21, #code.rows)
         assert.equal(text, read(code))
      end
   end)

   it("grows with the text", function()
      local code = core.qr(("2@x"):rep(80))
      assert.is_true(code.size > 45 and code.size < 80)
      for _, row in ipairs(code.rows) do
         assert.matches("^[01]+$", row)
         assert.equal(code.size, #row)
      end
      assert.equal(177, core.qr(("x"):rep(2953)).size)
   end)

   it("refuses what cannot be one", function()
      assert.error_matches(function() core.qr "" end, "not empty")
      assert.error_matches(function() core.qr(("x"):rep(2954)) end, "too long")
   end)
end)

describe("the drawing", function()
   local code = core.qr "zapibot"

   it("is the code with four light modules around it", function()
      local drawing, lines = picture.draw(code, false)
      local rows = modules(drawing)
      assert.equal(15, lines)
      for y, row in ipairs(rows) do
         local inner = code.rows[y - 4] or ("0"):rep(21)
         if y <= 29 then
            assert.equal("0000" .. inner .. "0000", row)
         end
      end
      assert.equal(29, picture.width(code))
   end)

   it("sets its own colours on a terminal, so that light and dark ones show the same", function()
      local plain, coloured = picture.draw(code, false), picture.draw(code, true)
      assert.is_nil(plain:find "\27")
      assert.same(modules(plain), modules(coloured))
      for line in coloured:gmatch "[^\n]+" do
         assert.matches("^\27%[38;5;231;48;5;16m[^\27]+\27%[0m$", line)
      end
   end)

   it("knows an image from a text", function()
      assert.is_nil(picture.image "2@abc/def+ghi==,xyz")
      assert.equal(PNG, picture.image(PNG))
      local base64 = core.base64(PNG)
      assert.equal(PNG, picture.image(base64))
      assert.equal(PNG, picture.image("data:image/png;base64," .. base64))
   end)
end)

describe("linking", function()
   local server, client, world, out

   local function answer(req)
      local path = req.path:match "^/instances/[^/]+/token/[^/]+(/.*)$"
      world.asked[path] = (world.asked[path] or 0) + 1
      if path == "/status" then
         if world.connected_at and world.asked[path] >= world.connected_at then
            return '{"connected":true,"error":"You are already connected."}'
         end
         return world.status or '{"connected":false,"error":"You are not connected."}'
      elseif path == "/queue" and req.method == "DELETE" then
         world.cleared = true
         return 200, ""
      end
      local reply = world[path]
      return reply or 404, reply or '{"error":"NOT_FOUND"}'
   end

   local function replies(path, text)
      world[path] = text
   end

   local function run(options)
      local o = {client = client, refresh = 0.01, out = function(s) out[#out + 1] = s end}
      for k, v in pairs(options or {}) do
         o[k] = v
      end
      local code = link.run(o)
      return code, table.concat(out)
   end

   before_each(function()
      world, out = {asked = {}}, {}
      server = stub.start(function(req)
         local status, body = answer(req)
         if type(body) == "string" and type(status) == "string" then
            return 200, body
         end
         return status, body
      end)
      client = require("zapi").client {
         instance = "INSTANCE0001", token = "SECRETTOKEN0001", client_token = "SECRETCLIENT0001",
         base_url = server.url,
      }
      replies("/queue/count", "0")
      replies("/qr-code", '{"value":"2@first"}')
   end)

   after_each(function() server.close() end)

   it("draws three codes, asks for each anew, then stops", function()
      local code, text = run()
      assert.equal(api.FAILED, code)
      assert.equal(3, world.asked["/qr-code"])
      for n = 1, 3 do
         assert.matches("Code " .. n .. " of 3", text)
      end
      assert.is_nil(text:find "Code 4")
      assert.matches("Nobody scanned the 3 codes", text)
      local drawn = modules(picture.draw(core.qr "2@first", false))
      assert.same(drawn, modules(out[1]))
   end)

   it("says when it is connected, and stops asking", function()
      world.connected_at = 3
      local code, text = run()
      assert.equal(0, code)
      assert.matches("Connected%.\n$", text)
      assert.equal(1, world.asked["/qr-code"])
   end)

   it("says so when it is connected already, or the code call says it", function()
      world.connected_at = 1
      local code, text = run()
      assert.equal(0, code)
      assert.matches("^Already connected", text)
      assert.is_nil(world.asked["/qr-code"])
      world.connected_at, out = nil, {}
      replies("/qr-code", '{"connected":true}')
      code, text = run()
      assert.equal(0, code)
      assert.matches("Connected", text)
   end)

   it("draws over the former code on a terminal", function()
      local _, text = run {columns = 80}
      local _, lines = picture.draw(core.qr "2@first", true)
      local _, count = text:gsub("\27%[" .. lines + 1 .. "A\27%[J", "")
      assert.equal(2, count)
   end)

   it("says that a terminal is too narrow", function()
      local code, text = run {columns = 28}
      assert.equal(api.FAILED, code)
      assert.matches("needs 29 columns, it has 28", text)
   end)

   it("a session to be restored can be linked anew", function()
      world.status = '{"connected":false,"error":"You need to restore the session."}'
      assert.matches("Code 1 of 3", select(2, run()))
   end)

   it("a passkey challenge is finished in the panel", function()
      replies("/qr-code", '{"challenge":{"publicKey":{"challenge":"c2VjcmV0LWNoYWxsZW5nZQ"}}}')
      local code, text = run()
      assert.equal(api.FAILED, code)
      assert.matches("passkey", text)
      assert.matches("in the panel", text)
      assert.is_nil(text:find("c2VjcmV0", 1, true))
   end)

   it("tells errors of the API and of the network by the exit code", function()
      world.status = 400
      assert.equal(api.FAILED, (run()))
      server.close()
      assert.equal(api.NETWORK, (run()))
   end)

   describe("with queued messages", function()
      before_each(function()
         replies("/queue/count", "7")
         world.connected_at = 3
      end)

      it("shows how many would be sent, and asks; no keeps them", function()
         local question
         local code, text = run {ask = function(q) question = q return false end}
         assert.equal(0, code)
         assert.matches("^7 queued messages will be sent", text)
         assert.matches("%[y/N%]", question)
         assert.is_nil(world.cleared)
         assert.matches("They are kept", text)
      end)

      it("yes clears them before the first code", function()
         local code, text = run {ask = function()
            assert.is_nil(world.asked["/qr-code"])
            return true
         end}
         assert.equal(0, code)
         assert.is_true(world.cleared)
         assert.matches("cleared", text)
      end)

      it("does what was decided beforehand", function()
         assert.equal(0, (run {queue = "clear"}))
         assert.is_true(world.cleared)
         world.cleared, world.asked = nil, {}
         assert.equal(0, (run {queue = "keep"}))
         assert.is_nil(world.cleared)
      end)

      it("does not link when nobody can be asked", function()
         local code, text = run()
         assert.equal(api.USAGE, code)
         assert.matches("%-%-clear%-queue or %-%-keep%-queue", text)
         assert.is_nil(world.asked["/qr-code"])
      end)

      it("reads the count in any shape, and counts a page where there is no count", function()
         for reply, says in pairs {['{"count":12}'] = "12 queued", ['{"value":"3"}'] = "3 queued",
            ["1"] = "1 queued message will"} do
            out, world.asked = {}, {}
            replies("/queue/count", reply)
            assert.matches("^" .. says, select(2, run()))
         end
         replies("/queue/count", nil)
         replies("/queue", '{"messages":[{},{}],"hasMore":true}')
         out, world.asked = {}, {}
         assert.matches("^2 or more queued", select(2, run()))
      end)
   end)

   describe("with an image", function()
      local place

      before_each(function()
         place = support.place()
         local reply = '{"value":"data:image/png;base64,' .. core.base64(PNG) .. '"}'
         replies("/qr-code", reply)
         replies("/qr-code/image", reply)
      end)

      after_each(function() place.close() end)

      it("says that it cannot be drawn, and how to get it", function()
         local code, text = run()
         assert.equal(api.FAILED, code)
         assert.matches("%-%-image", text)
      end)

      it("writes it to a file", function()
         world.connected_at = 3
         local path = place.folder .. "/code.png"
         local code, text = run {image = path}
         assert.equal(0, code)
         assert.matches(path, text, 1, true)
         local file = assert(io.open(path, "rb"))
         assert.equal(PNG, file:read "a")
         file:close()
         assert.equal(1, world.asked["/qr-code/image"])
      end)

      it("says when the file cannot be written", function()
         local code, text = run {image = place.folder .. "/no/code.png"}
         assert.equal(api.FAILED, code)
         assert.matches("cannot write .*No such file", text)
      end)
   end)
end)

describe("zapibot qr", function()
   local place, env, stop

   setup(function()
      place = support.place()
      env, stop = support.sandbox(place)
   end)

   teardown(function()
      stop()
      place.close()
   end)

   it("is wrong usage with bad options, or without credentials", function()
      for _, arguments in ipairs {"--refresh no", "--refresh 0", "--clear-queue --keep-queue",
         "now"} do
         assert.equal(2, (place.run("qr " .. arguments, env)), arguments)
      end
      local code, _, err = place.run "qr"
      assert.equal(2, code)
      assert.matches("no credentials", err)
   end)

   it("has nothing to do for a connected instance", function()
      local code, out = place.run("qr", env)
      assert.equal(0, code)
      assert.matches("Already connected", out)
   end)

   it("writes the image that a sandbox gives, and asks on a terminal", function()
      support.needs "script"
      place.run("call disconnect", env)
      local code, out = place.run("qr --image code.png --refresh 0.02", env)
      assert.equal(1, code)
      assert.matches("code.png: open it", out)
      local file = assert(io.open(place.folder .. "/code.png", "rb"))
      assert.equal("\137PNG", file:read(4))
      file:close()

      place.run("call send_text phone=5511999990001 message=Oi", env)
      assert.equal(2, (place.run("qr", env)))
      local screen = shell.must(("cd %s && printf 'y\\n' | env %s script -qec '%s qr' /dev/null; "
         .. "true"):format(shell.quote(place.folder), env, support.program))
      assert.matches("1 queued message will be sent", screen)
      assert.matches("Clear them%? %[y/N%]", screen)
      assert.matches("The queue is cleared", screen)
      assert.equal(0, place.json("call get_queue_count", env))
   end)
end)
