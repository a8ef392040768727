--- examples/send_once.lua as a program of its own: what it sends, prints, and
--- its exit code.
local core = require "zapi.core"
local sandboxes = require "zapi.sandbox"
local shell = require "spec.support.shell"

local TOKEN <const> = "token-que-ninguem-pode-ver"

-- Runs it beside this process, whose loop serves it. Exit code and output.
local function run(env, ...)
   local folder, remove = shell.folder()
   local words = {}
   for name, value in pairs(env) do words[#words + 1] = name .. "=" .. shell.quote(value) end
   words[#words + 1] = shell.quote(os.getenv("ZAPI_LUA") or "lua5.4")
   words[#words + 1] = "examples/send_once.lua"
   for _, word in ipairs {...} do words[#words + 1] = shell.quote(word) end
   os.execute(("(%s >%s/out 2>&1; echo $? >%s/code.part; mv %s/code.part %s/code) &"):format(
      table.concat(words, " "), folder, folder, folder, folder))
   local until_ = core.hrtime() + 20
   local file
   repeat
      core.sleep(0.005)
      file = io.open(folder .. "/code")
   until file or core.hrtime() > until_
   local code = file and file:read("n")
   local output = assert(io.open(folder .. "/out")):read("a")
   remove()
   assert(file, "the program did not end: " .. output):close()
   assert.is_nil(output:find(TOKEN, 1, true), "a secret in the output")
   return code, output
end

local function env_for(base_url)
   return {
      ZAPI_INSTANCE_ID = "INST", ZAPI_TOKEN = TOKEN, ZAPI_CLIENT_TOKEN = "C" .. TOKEN,
      ZAPI_BASE_URL = base_url,
   }
end

-- A server that answers every call the same.
local function with_stub(status, body, fn)
   local server = core.serve {
      listen = "127.0.0.1:0", label = "stub",
      handler = function() return status, body, {["Content-Type"] = "application/json"} end,
   }
   local ok, err = pcall(fn, env_for("http://" .. server.address))
   server:close()
   if not ok then error(err, 0) end
end

describe("example send_once.lua", function()
   it("sends a text and ends with 0", function()
      local s = sandboxes.start {}
      local code, output = run({
         ZAPI_INSTANCE_ID = s.instance, ZAPI_TOKEN = s.token,
         ZAPI_CLIENT_TOKEN = s.client_token, ZAPI_BASE_URL = s.base_url,
      }, "+55 (11) 99999-0001", "O backup terminou")
      local messages = s:messages("5511999990001")
      s:close()
      assert.equal(0, code, output)
      assert.matches("^accepted: %w+\n$", output)
      assert.equal("O backup terminou", messages[#messages].text)
   end)

   it("ends with 1 when it was refused or never left", function()
      with_stub(403, '{"error":"Client-Token not allowed"}', function(env)
         local code, output = run(env, "5511999990001", "oi")
         assert.equal(1, code, output)
         assert.matches("auth.client_token_invalid", output)
      end)
      local code, output = run(env_for("http://127.0.0.1:9"), "5511999990001", "oi")
      assert.equal(1, code, output)
      assert.matches("net.refused", output)
   end)

   it("ends with 3 when nobody knows", function()
      with_stub(500, '{"error":"oops"}', function(env)
         local code, output = run(env, "5511999990001", "oi")
         assert.equal(3, code, output)
      end)
   end)

   it("ends with 2 without its arguments", function()
      local code, output = run(env_for("http://127.0.0.1:9"))
      assert.equal(2, code)
      assert.matches("usage", output)
   end)
end)
