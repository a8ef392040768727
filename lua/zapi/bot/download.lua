--- Media of a message to a file. The address comes from outside: private
--- addresses are refused (also after redirects), and the size has a limit.
local core = require "zapi.core"
local check = require "zapi.bot.check"

check.ours()

local M = {}

--- Bytes, unless max= says otherwise.
M.max = 100 * 1024 * 1024

local sources = {
   {"image", "imageUrl"}, {"audio", "audioUrl"}, {"video", "videoUrl"},
   {"document", "documentUrl"}, {"sticker", "stickerUrl"},
   {"buttonsMessage", "imageUrl"}, {"buttonsMessage", "videoUrl"},
   {"statusImage", "imageUrl"},
}

local extensions = {
   ["image/jpeg"] = "jpg", ["image/png"] = "png", ["image/webp"] = "webp",
   ["audio/ogg"] = "ogg", ["audio/mpeg"] = "mp3", ["audio/mp4"] = "m4a",
   ["video/mp4"] = "mp4", ["application/pdf"] = "pdf",
}

local function media_of(event)
   for _, source in ipairs(sources) do
      local part = event[source[1]]
      local url = part and part[source[2]]
      if url and url ~= "" then return part, url end
   end
end

local function extension_of(part, url)
   local mime = (part.mimeType or part.mimetype or ""):match("^[^;]+")
   return extensions[mime]
      or (part.fileName or url:match("^[^?#]+")):match("%.(%w%w?%w?%w?%w?)$") or "bin"
end

-- Never a name that the sender chose: it could lead anywhere.
local function fresh_name(folder, extension)
   local hex = core.random(8):gsub(".", function(c) return ("%02x"):format(c:byte()) end)
   return ("%szapibot-%s.%s"):format(folder, hex, extension)
end

-- The sandbox runs on this machine and serves its own media.
local function own_host()
   local base = core.getenv("ZAPI_BASE_URL")
   local host = base and base:match("^%a+://([^/?#@]+)")
   if not host then return nil end
   if host:find(":%d+$") then return host end
   return host .. (base:find("^https") and ":443" or ":80")
end

local function fail(kind, fmt, ...)
   return nil, core.error {kind = kind, message = fmt:format(...), endpoint = "download"}
end

local function fetch(url, part, options)
   return core.http_request {
      url = url, save = part, max = options.max or M.max, timeout = options.timeout or 60,
      redirects = 3, public_only = true, public_except = own_host(),
   }
end

--- See ctx:download.
function M.save(ctx, path, options)
   options = check.options(options, {max = "number", timeout = "number"}, "ctx:download")
   if path ~= nil then check.type(path, "string", "path", "ctx:download") end
   local media, url = media_of(ctx.event)
   if not media then return fail("io", "this message has no media") end
   if media.downloadError then
      return fail("io", "Z-API could not fetch the media: %s", media.downloadError)
   end
   if not path or path:sub(-1) == "/" then
      local folder = path or (os.getenv("TMPDIR") or "/tmp"):gsub("/*$", "") .. "/"
      path = fresh_name(folder, extension_of(media, url))
   end
   -- Beside its final name, so that a failure leaves no half of it there.
   local part = fresh_name(path .. ".", "part")
   local reply, err = fetch(url, part, options)
   if not reply then
      os.remove(part)
      return nil, err
   end
   if reply.status ~= 200 then
      os.remove(part)
      return fail("client.error", "the media is not there any more (HTTP %d)", reply.status)
   end
   local ok, why = os.rename(part, path)
   if not ok then
      os.remove(part)
      return fail("io", "%s", why)
   end
   return path
end

return M
