--- Files in a conversation. What comes as a data: URI is kept in memory and
--- served below /media/, so that a bot can download it as it would from Z-API;
--- a URL stays as it is and is never fetched (the sandbox works offline).
local M = {}

local Media = {}
Media.__index = Media

local KEEP_BYTES <const> = 256 * 1024 * 1024

local EXTENSIONS <const> = {
   ["image/jpeg"] = "jpg", ["image/png"] = "png", ["image/gif"] = "gif",
   ["image/webp"] = "webp", ["audio/ogg"] = "ogg", ["audio/mpeg"] = "mp3",
   ["audio/mp4"] = "m4a", ["audio/wav"] = "wav", ["audio/webm"] = "weba",
   ["video/mp4"] = "mp4", ["video/webm"] = "webm", ["application/pdf"] = "pdf",
   ["text/plain"] = "txt", ["text/csv"] = "csv",
}

local DEFAULT_MIME <const> = {
   image = "image/jpeg", audio = "audio/mpeg", video = "video/mp4",
   sticker = "image/webp", document = "application/octet-stream",
}

function M.new(ids)
   return setmetatable({ ids = ids, files = {}, order = {}, bytes = 0, base_url = "" }, Media)
end

local SIX_BITS <const> = {}
do
   local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
   for i = 1, #alphabet do SIX_BITS[alphabet:byte(i)] = i - 1 end
end

SIX_BITS[("="):byte()] = 0

local function three_bytes(four)
   local a, b, c, d = four:byte(1, 4)
   local n = SIX_BITS[a] << 18 | SIX_BITS[b] << 12 | SIX_BITS[c] << 6 | SIX_BITS[d]
   return string.char(n >> 16, n >> 8 & 255, n & 255)
end

---@return string|nil bytes nil when it is no base64
function M.decode(text)
   text = text:gsub("%s", "")
   local padding = #text:match("=*$")
   if #text % 4 ~= 0 or padding > 2 then return nil end
   if text:sub(1, #text - padding):find("[^%w+/]") then return nil end
   local bytes = text:gsub("....", three_bytes)
   return bytes:sub(1, #bytes - padding)
end

local function forget_oldest(self)
   while self.bytes > KEEP_BYTES and #self.order > 1 do
      local name = table.remove(self.order, 1)
      self.bytes = self.bytes - #self.files[name].bytes
      self.files[name] = nil
   end
end

--- Keeps a file; its address is what a message carries.
---@return string url
function Media:keep(bytes, mime, extension)
   local plain = mime:match("^[^;]+"):lower()
   local name = self.ids:hex(24) .. "." .. (extension or EXTENSIONS[plain] or "bin")
   self.files[name] = { bytes = bytes, mime = plain }
   self.order[#self.order + 1] = name
   self.bytes = self.bytes + #bytes
   forget_oldest(self)
   return self.base_url .. "/media/" .. name
end

--- What a message carries, from a URL or a data: URI.
---@param kind string image, audio, video, document or sticker
---@return {url: string, mime: string, kind: string}|nil, string|nil err
function Media:take(kind, value, extension)
   if type(value) ~= "string" then return nil, kind .. " must be a URL or a data: URI" end
   if value:find("^https?://[^%s]+$") then
      return { url = value, mime = DEFAULT_MIME[kind], kind = kind }
   end
   local mime, text = value:match("^data:([%w.+%-]+/[^,]-);base64,(.*)$")
   local bytes = mime and M.decode(text)
   if not bytes or bytes == "" then return nil, kind .. " must be a URL or a data: URI" end
   return { url = self:keep(bytes, mime, extension), mime = mime, kind = kind }
end

local SHOWN <const> = { image = true, audio = true, video = true }

--- Answers GET /media/{name}. Only pictures, sounds and films are shown in
--- place; anything else (svg among it) is a download, never a page of ours.
function Media:serve(name)
   local file = self.files[name]
   if not file then return 404, "no such file\n" end
   local headers = {
      ["Content-Type"] = file.mime,
      ["X-Content-Type-Options"] = "nosniff",
      ["Content-Security-Policy"] = "default-src 'none'; sandbox",
      ["Cache-Control"] = "private, max-age=3600",
   }
   if not SHOWN[file.mime:match("^%a+")] or file.mime:find("svg", 1, true) then
      headers["Content-Type"] = "application/octet-stream"
      headers["Content-Disposition"] = "attachment"
   end
   return 200, file.bytes, headers
end

return M
