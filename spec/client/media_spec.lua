-- Files into calls, and addresses into files.
local zapi = require "zapi"
local core = require "zapi.core"
local stub = require "spec.support.stub"

local PHONE <const> = "5511999990001"
local MB <const> = 1024 * 1024

local folder

local function write(name, content)
   local path = folder .. "/" .. name
   local f <close> = assert(io.open(path, "wb"))
   assert(f:write(content))
   return path
end

local function read(path)
   local f = io.open(path, "rb")
   if not f then
      return nil
   end
   local content = f:read "a"
   f:close()
   return content
end

-- A file of this size that takes no room on the disk.
local function sparse(name, head, size)
   local path = write(name, head)
   local f <close> = assert(io.open(path, "r+b"))
   f:seek("set", size - 1)
   f:write "\0"
   return path
end

-- RFC 4648, by the book.
local function decode64(text)
   local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
   local out = {}
   for group in text:gmatch "...." do
      local v, pad = 0, 0
      for c in group:gmatch "." do
         local digit = alphabet:find(c, 1, true)
         v, pad = v << 6 | (digit and digit - 1 or 0), pad + (digit and 0 or 1)
      end
      out[#out + 1] = string.pack(">I3", v):sub(1, 3 - pad)
   end
   return table.concat(out)
end

describe("zapi.media", function()
   local s, z, limits

   setup(function()
      folder = os.tmpname()
      os.remove(folder)
      assert(os.execute("mkdir " .. folder))
      s = stub.start '{"zaapId":"Z","messageId":"M","id":"M"}'
      z = zapi.client {instance = "I", token = "token-1", base_url = s.url}
   end)

   teardown(function()
      s.close()
      os.execute("rm -r " .. folder)
   end)

   before_each(function()
      s.got = {}
      limits = {}
      for kind, bytes in pairs(zapi.media.limits) do
         limits[kind] = bytes
      end
   end)

   after_each(function()
      for kind, bytes in pairs(limits) do
         zapi.media.limits[kind] = bytes
      end
   end)

   local function sent_as(name)
      local data = zapi.json.decode(s.got[#s.got].body)[name]
      local mime, text = data:match "^data:([^;]+);base64,([A-Za-z0-9+/=]*)$"
      assert.is_truthy(mime, data:sub(1, 60))
      return mime, decode64(text)
   end

   describe("file", function()
      it("goes into the body byte by byte", function()
         local every = {}
         for i = 0, 255 do
            every[#every + 1] = string.char(i)
         end
         local bytes = "\137PNG\r\n\26\n" .. table.concat(every)
         -- around each border of the pieces that are read, and of the padding
         for _, size in ipairs {8, 9, 10, 263, 12287, 12288, 12289, 24576, 40001} do
            local content = (bytes:rep(200)):sub(1, size)
            local file = assert(zapi.media.file(write("a.bin", content)))
            assert(z:send_image {phone = PHONE, image = file, caption = "depois"})
            local mime, got = sent_as "image"
            assert.equal("image/png", mime)
            assert.is_true(got == content, size .. " bytes differ")
            assert.equal("depois", zapi.json.decode(s.got[#s.got].body).caption)
         end
      end)

      it("knows its type by its content, whatever its name says", function()
         local cases = {
            {"a.txt", "\xFF\xD8\xFF\xE0", "image/jpeg"}, {"a", "GIF89a", "image/gif"},
            {"a.jpg", "\137PNG\r\n\26\n", "image/png"},
            {"a", "RIFF\0\0\0\0WEBPVP8 ", "image/webp"}, {"a", "RIFF\0\0\0\0WAVEfmt ", "audio/wav"},
            {"a.mp4", "OggS\0", "audio/ogg"}, {"a", "ID3\4\0", "audio/mpeg"},
            {"a", "\xFF\xFB\x90\x64", "audio/mpeg"}, {"a", "\xFF\xF1\x50\x80", "audio/aac"},
            {"a", "\0\0\0\x20ftypM4A \0\0\0\0", "audio/mp4"},
            {"a", "\0\0\0\x18ftypmp42\0\0\0\0", "video/mp4"},
            {"a", "\0\0\0\x14ftypqt  \0\0\0\0", "video/quicktime"},
            {"a", "\0\0\0\x18ftypheic\0\0\0\0", "image/heic"},
            {"a.doc", "%PDF-1.7", "application/pdf"},
            {"a.odt", "PK\3\4", "application/vnd.oasis.opendocument.text"},
            {"a.bin", "PK\3\4", "application/zip"},
            {"a.XLS", "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "application/vnd.ms-excel"},
            {"a.csv", "nome;preço\n", "text/csv"}, {"LEIAME", "olá\n", "text/plain"},
            {"a.bin", "\0\1\2", "application/octet-stream"}, {"empty.pdf", "", "application/pdf"},
            {"empty", "", "application/octet-stream"},
         }
         for _, case in ipairs(cases) do
            local file = assert(zapi.media.file(write(case[1], case[2])))
            assert.equal(case[3], file.mime, case[1])
            assert.equal(case[1], file.name)
         end
      end)

      it("has the type that it is given", function()
         local path = write("voice", "OggS")
         assert.equal("audio/x-voice", zapi.media.file(path, "audio/x-voice").mime)
         for _, mime in ipairs {"audio", "a/b;c", 'a/"b', "/", ("a"):rep(200) .. "/b"} do
            local ok, err = pcall(zapi.media.file, path, mime)
            assert.is_false(ok, mime)
            assert.matches("a media type expected", err)
         end
      end)

      it("tells the extension of a document", function()
         local content = "PK\3\4"
         local file = zapi.media.file(write("tabela.XLSX", content))
         assert(z:send_document {phone = PHONE, document = file})
         assert.matches("/send%-document/xlsx$", s.got[1].path)
         file = zapi.media.file(write("x", "%PDF-1.7"))
         assert(z:send_document {phone = PHONE, document = file})
         assert.matches("/send%-document/pdf$", s.got[2].path)
      end)

      it("that is not there is an error, at once or when it is sent", function()
         local file, err = zapi.media.file(folder .. "/nothing.png")
         assert.is_nil(file)
         assert.equal("io", err.kind)
         assert.matches("nothing.png: No such file", err.message)
         file, err = zapi.media.file(folder)
         assert.is_nil(file)
         assert.matches("no ordinary file", err.message)
         local path = write("gone.png", "\137PNG\r\n\26\n")
         file = assert(zapi.media.file(path))
         os.remove(path)
         local reply
         reply, err = z:send_image {phone = PHONE, image = file}
         assert.is_nil(reply)
         assert.equal("io", err.kind)
         assert.equal("not_sent", err.outcome)
         assert.equal("send_image", err.endpoint)
         assert.equal(0, #s.got)
      end)

      it("is taken where media is, and nowhere else", function()
         local file = assert(zapi.media.file(write("a.png", "\137PNG\r\n\26\n")))
         local ok, err = pcall(z.send_text, z, {phone = PHONE, message = file})
         assert.is_false(ok)
         assert.matches("bad parameter 'message' to send_text %(a file is not taken here", err)
         ok, err = pcall(z.send_image, z, {phone = PHONE, image = io.stdout})
         assert.is_false(ok)
         assert.matches("bad parameter 'image' to send_image %(.*got userdata", err)
         assert.equal("zapi.media (a.png, image/png)", tostring(file))
      end)

      it("is held once, in the body", function()
         local size = 24 * MB
         zapi.media.limits.document = nil
         local file = assert(zapi.media.file(sparse("big.pdf", "%PDF-", size)))
         local function peak()
            return tonumber(read "/proc/self/status":match "VmHWM:%s*(%d+)") * 1024
         end
         collectgarbage()
         local clear <close> = assert(io.open("/proc/self/clear_refs", "w"))
         assert(clear:write "5") -- the peak begins here
         assert(clear:flush())
         local url = "http://127.0.0.1:" .. stub.free_port()
         local nowhere = zapi.client {instance = "I", token = "token-1", base_url = url}
         local before = peak()
         local reply, err = nowhere:send_document {phone = PHONE, document = file}
         assert.is_nil(reply)
         assert.equal("net.refused", err.kind)
         local body = size // 3 * 4
         assert.is_true(peak() - before < body + 2 * MB,
            ("%.1f MB for a body of %.1f MB"):format((peak() - before) / MB, body / MB))
      end)
   end)

   describe("limits", function()
      local function refused(name, params)
         params.phone = PHONE
         local reply, err = z:call(name, params)
         assert.is_nil(reply)
         assert.equal("media.too_large", err.kind)
         assert.equal("not_sent", err.outcome)
         assert.is_false(err.retryable)
         assert.equal(0, #s.got)
         return err.message
      end

      it("are those of WhatsApp", function()
         assert.same({image = 5 * MB, audio = 16 * MB, video = 100 * MB, document = 100 * MB},
            zapi.media.limits)
      end)

      it("hold before anything is sent, by kind", function()
         local png = "\137PNG\r\n\26\n"
         local picture = zapi.media.file(sparse("a.png", png, 5 * MB + 1))
         assert.equal("bad parameter 'image' to send_image (5242881 bytes are more than WhatsApp "
            .. "takes: zapi.media.limits.image is 5242880)",
            refused("send_image", {image = picture}))
         refused("send_audio", {audio = zapi.media.file(sparse("a.ogg", "OggS", 16 * MB + 1))})
         refused("send_video", {
            video = zapi.media.file(sparse("a.mp4", "\0\0\0\x18ftypmp42", 100 * MB + 1)),
         })
         refused("send_document", {
            document = zapi.media.file(sparse("a.pdf", "%PDF-", 100 * MB + 1)),
         })
         assert(z:build("send_image", {
            phone = PHONE, image = zapi.media.file(sparse("b.png", png, 5 * MB)),
         }))
         -- a picture may be larger when it goes as a document
         assert(z:build("send_document", {phone = PHONE, document = picture}))
      end)

      it("hold for what comes as data: too", function()
         local data = "data:image/png;base64," .. ("A"):rep(4000)
         zapi.media.limits.image = 2999
         refused("send_image", {image = data})
         zapi.media.limits.image = 3000
         assert(z:send_image {phone = PHONE, image = data})
      end)

      it("are the script's to change, or to drop", function()
         local file = zapi.media.file(write("c.png", "\137PNG\r\n\26\n" .. ("x"):rep(100)))
         zapi.media.limits.image = 50
         refused("send_image", {image = file})
         zapi.media.limits.image = nil
         assert(z:send_image {phone = PHONE, image = file})
      end)

      it("hold for the parts of forms", function()
         local peer = stub.start '{"token":"t-0001","expires_at":"2099-01-01 00:00:00"}'
         local g = zapi.gateway {url = peer.url, api_key = "gateway-key-1", system_id = 1}
         zapi.media.limits.image = 10
         local path = write("d.png", "\137PNG\r\n\26\n" .. ("x"):rep(100))
         local params = {instancia_uuid = "u", phone = PHONE, midia_type = "image"}
         for _, document in ipairs {path, zapi.media.file(path)} do
            params.document = document
            local reply, err = g:send_media(params)
            assert.is_nil(reply)
            assert.equal("media.too_large", err.kind)
         end
         assert.equal(1, #peer.got) -- the token
         zapi.media.limits.image = nil
         assert(g:send_media(params))
         assert.matches("\r\nContent%-Type: image/png\r\n", peer.got[2].body)
         peer.close()
      end)
   end)

   describe("save", function()
      local files, status, body, headers

      setup(function()
         files = stub.start(function() return status, body, headers end)
      end)

      teardown(function()
         files.close()
      end)

      before_each(function()
         status, body, headers = 200, "bytes\0of\255a picture", {["Content-Type"] = "image/png"}
         core.set_env("ZAPI_BASE_URL", files.url)
      end)

      after_each(function()
         core.set_env("ZAPI_BASE_URL", nil)
      end)

      it("puts a file under its name", function()
         local path = folder .. "/got.png"
         assert.equal(path, zapi.media.save(files.url .. "/x", path))
         assert.equal(body, read(path))
      end)

      it("refuses addresses of this machine and of private networks", function()
         core.set_env("ZAPI_BASE_URL", nil)
         local path = folder .. "/private.png"
         local before = #files.got
         local port = files.port
         for _, url in ipairs {
            files.url .. "/x", "http://localhost:" .. port .. "/",
            "http://[::1]:" .. port .. "/", "http://0.0.0.0:" .. port,
            "http://169.254.169.254/latest/meta-data", "http://10.0.0.1/x",
         } do
            local saved, err = zapi.media.save(url, path, {timeout = 5})
            assert.is_nil(saved)
            assert.equal("net.forbidden_address", err.kind, url)
            assert.is_nil(read(path))
         end
         assert.equal(before, #files.got)
      end)

      it("refuses a redirect to them", function()
         local inner = stub.start "secret"
         status, headers = 302, {Location = inner.url .. "/secret"}
         local saved, err = zapi.media.save(files.url .. "/x", folder .. "/r.png")
         assert.is_nil(saved)
         assert.equal("net.forbidden_address", err.kind)
         assert.equal(0, #inner.got)
         inner.close()
      end)

      it("leaves nothing behind when it fails", function()
         local before = io.popen("ls " .. folder):read "a"
         local path = folder .. "/nothing.png"
         status = 404
         local saved, err = zapi.media.save(files.url .. "/x", path)
         assert.is_nil(saved)
         assert.equal("client.error", err.kind)
         assert.equal(404, err.status)
         status, body = 200, ("x"):rep(5000)
         saved, err = zapi.media.save(files.url .. "/x", path, {max = 4999})
         assert.is_nil(saved)
         assert.equal("net.too_large", err.kind)
         saved, err = zapi.media.save(files.url .. "/x", folder .. "/no/such/folder.png")
         assert.is_nil(saved)
         assert.equal("io", err.kind)
         assert.equal(before, io.popen("ls " .. folder):read "a")
      end)

      it("keeps the file that was there until the new one is whole", function()
         local path = write("old.png", "old")
         status = 500
         assert.is_nil((zapi.media.save(files.url .. "/x", path)))
         assert.equal("old", read(path))
         status = 200
         assert(zapi.media.save(files.url .. "/x", path))
         assert.equal(body, read(path))
      end)

      it("says what is wrong at the caller's line", function()
         local function failure(...)
            local args = table.pack(...)
            local ok, err = pcall(function()
               zapi.media.save(table.unpack(args, 1, args.n))
            end)
            assert.is_false(ok)
            return (err:gsub("^[^:]*media_spec.lua:%d+: ", ""))
         end
         assert.equal("bad parameter 'url' to zapi.media.save (string expected, got nil)",
            failure(nil, "x"))
         assert.equal("'mx' is not an option of zapi.media.save", failure("u", "p", {mx = 1}))
         assert.equal("bad option 'max' to zapi.media.save (number expected, got string)",
            failure("u", "p", {max = "1"}))
      end)
   end)
end)
