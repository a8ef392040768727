-- Credentials of a service manager (systemd: LoadCredential=), which are files in
-- $CREDENTIALS_DIRECTORY.
local shell = require "spec.support.shell"
local support = require "spec.host.support"

describe("credentials of the service manager", function()
   local place
   local DIRECTORY <const> = "CREDENTIALS_DIRECTORY=cred "

   before_each(function()
      place = support.place()
      shell.must(("mkdir %s/cred"):format(place.folder))
      shell.write(place.folder .. "/show.lua", [[
         local zapi = require "zapi"
         for _, name in ipairs(arg) do io.write(name, "=", tostring(zapi.getenv(name)), "\n") end]])
   end)
   after_each(function() place.close() end)

   local function give(name, text) shell.write(place.folder .. "/cred/" .. name, text) end

   local function show(names, env)
      local code, out, err = place.run("show.lua " .. names, DIRECTORY .. (env or ""))
      assert.equal(0, code, err)
      return out
   end

   it("are read by the variable's name in small letters, without the end of the line", function()
      give("zapi_token", "TOKENOFACREDENTIAL\n")
      give("stripe_key", "KEYOFANOTHERSERVICE")
      assert.equal("ZAPI_TOKEN=TOKENOFACREDENTIAL\nSTRIPE_KEY=KEYOFANOTHERSERVICE\n"
         .. "ZAPI_CLIENT_TOKEN=nil\n", show "ZAPI_TOKEN STRIPE_KEY ZAPI_CLIENT_TOKEN")
   end)

   it("stand behind the environment and before .env", function()
      give("zapi_token", "TOKENOFACREDENTIAL\n")
      shell.write(place.folder .. "/.env", "ZAPI_TOKEN=TOKENOFDOTENV\nZAPI_INSTANCE_ID=OFDOTENV\n")
      assert.equal("ZAPI_TOKEN=TOKENOFACREDENTIAL\nZAPI_INSTANCE_ID=OFDOTENV\n",
         show "ZAPI_TOKEN ZAPI_INSTANCE_ID")
      assert.equal("ZAPI_TOKEN=TOKENOFTHEENVIRONMENT\n",
         show("ZAPI_TOKEN", "ZAPI_TOKEN=TOKENOFTHEENVIRONMENT "))
   end)

   it("come from no other folder", function()
      give("zapi_token", "TOKENOFACREDENTIAL\n")
      assert.equal("../cred/zapi_token=nil\n", show "../cred/zapi_token")
      local _, out = place.run "show.lua ZAPI_TOKEN"
      assert.equal("ZAPI_TOKEN=nil\n", out)
   end)

   it("are not shown in the log", function()
      give("stripe_key", "KEYOFANOTHERSERVICE\n")
      give("zapi_instance_id", "3C0FFEE1C0FFEE\n")
      shell.write(place.folder .. "/tell.lua", [[
         local zapi = require "zapi"
         error("with " .. zapi.getenv "STRIPE_KEY" .. " of " .. zapi.getenv "ZAPI_INSTANCE_ID")]])
      local code, _, err = place.run("tell.lua", DIRECTORY)
      assert.equal(1, code)
      assert.is_nil(err:find("KEYOFANOTHERSERVICE", 1, true))
      assert.is_truthy(err:find("3C0FFEE1C0FFEE", 1, true))
   end)

   it("that cannot be read are told of, once", function()
      local code, out, err = place.run("show.lua ZAPI_TOKEN STRIPE_KEY",
         "CREDENTIALS_DIRECTORY=show.lua ")
      assert.equal(0, code)
      assert.equal("ZAPI_TOKEN=nil\nSTRIPE_KEY=nil\n", out)
      local _, count = err:gsub("no credential can be read: show%.lua/%l", "")
      assert.equal(1, count, err)
   end)

   it("are what a client is made of", function()
      give("zapi_instance_id", "3C0FFEE1\n")
      give("zapi_token", "TOKENOFACREDENTIAL\n")
      shell.write(place.folder .. "/client.lua",
         'io.write(require("zapi").client().instance, "\\n")')
      local code, out, err = place.run("client.lua", DIRECTORY)
      assert.equal(0, code, err)
      assert.equal("3C0FFEE1\n", out)
   end)
end)
