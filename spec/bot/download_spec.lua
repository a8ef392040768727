--- ctx:download: media to a file, from public addresses only.
local core = require "zapi.core"
local fake = require "spec.support.bot_fake"
local shell = require "spec.support.shell"

local PICTURE <const> = ("\x89PNG\r\n\26\n\0"):rep(100)

describe("ctx:download", function()
   local server, folder, remove

   setup(function()
      server = core.serve {
         listen = "127.0.0.1:0", label = "media",
         handler = function(req)
            if req.path == "/foto.png" then return 200, PICTURE end
            return 404, "gone"
         end,
      }
      folder, remove = shell.folder()
   end)

   teardown(function()
      server:close()
      remove()
      core.set_env("ZAPI_BASE_URL", nil)
   end)

   before_each(function()
      core.set_env("ZAPI_BASE_URL", "http://" .. server.address)
   end)

   local function download(path, file, options, media)
      local bot = fake.bot()
      local got
      bot:on("*", function(ctx) got = table.pack(ctx:download(path, options)) end)
      media = media or {image = {
         imageUrl = ("http://%s/%s"):format(server.address, file or "foto.png"),
         mimeType = "image/png",
      }}
      core.spawn_quiet(fake.give_sample, bot, "received_image", media):join(10)
      return got[1], got[2]
   end

   local function read(path)
      local f = assert(io.open(path, "rb"))
      local all = f:read("a")
      f:close()
      return all
   end

   local function files()
      return shell.must("ls -A " .. shell.quote(folder))
   end

   it("saves to a path, into a folder, or to the temporary one", function()
      local path = assert(download(folder .. "/x.png"))
      assert.equal(folder .. "/x.png", path)
      assert.equal(PICTURE, read(path))
      path = assert(download(folder .. "/"))
      assert.matches("/zapibot%-%x+%.png$", path)
      assert.equal(PICTURE, read(path))
      path = assert(download())
      assert.equal(PICTURE, read(path))
      assert(os.remove(path))
   end)

   it("leaves nothing behind, and what was there as it was, when it fails", function()
      shell.write(folder .. "/old.png", "old")
      local before = files()
      local path, err = download(folder .. "/old.png", "nada")
      assert.is_nil(path)
      assert.matches("HTTP 404", tostring(err))
      path, err = download(folder .. "/old.png", nil, {max = 10})
      assert.is_nil(path)
      assert.is_true(core.is_error(err, "net.too_large"))
      assert.equal("old", read(folder .. "/old.png"))
      assert.equal(before, files())
   end)

   it("refuses private addresses", function()
      core.set_env("ZAPI_BASE_URL", "https://api.z-api.io")
      local path, err = download(folder .. "/secret.png")
      assert.is_nil(path)
      assert.is_true(core.is_error(err, "net.forbidden_address"), tostring(err))
   end)

   it("tells of messages without media, and of media that Z-API lost", function()
      local _, err = download(nil, nil, nil, {image = fake.none, text = {message = "x"}})
      assert.matches("no media", tostring(err))
      _, err = download(nil, nil, nil,
         {image = {imageUrl = "https://example.com/x.jpg", downloadError = "expired"}})
      assert.matches("expired", tostring(err))
   end)

   it("rejects misuse", function()
      assert.matches("did you mean 'max'", fake.thrown(download, nil, nil, {mx = 1}))
      assert.matches("string expected, got number", fake.thrown(download, 5))
   end)
end)
