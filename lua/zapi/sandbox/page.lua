--- The chat page: three files, from inside the program or from beside this one.
local core = require "zapi.core"

local M = {}

local FILES <const> = {
   ["/"] = { "index.html", "text/html; charset=utf-8" },
   ["/app.js"] = { "app.js", "text/javascript; charset=utf-8" },
   ["/render.js"] = { "render.js", "text/javascript; charset=utf-8" },
   ["/words.js"] = { "words.js", "text/javascript; charset=utf-8" },
   ["/style.css"] = { "style.css", "text/css; charset=utf-8" },
}

-- Nothing from elsewhere, nothing inline: what a customer writes stays text.
local POLICY <const> = table.concat({
   "default-src 'none'", "script-src 'self'", "style-src 'self'",
   "img-src 'self' data:", "media-src 'self' data:", "connect-src 'self'",
   "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
}, "; ")

local function folder()
   local source = debug.getinfo(1, "S").source
   return source:match("^@(.*)page%.lua$")
end

local function read(name)
   local path = "zapi/sandbox/page/" .. name
   local embedded = core.asset and core.asset(path)
   if embedded then return embedded end
   local beside = folder()
   local file = beside and io.open(beside .. "page/" .. name, "rb")
   if not file then return nil end
   local text = file:read("a")
   file:close()
   return text
end

---@return integer|nil status nil when the path is none of the page's
---@return string|nil body
---@return table|nil headers
function M.handle(req)
   local file = FILES[req.path]
   if not file then return nil end
   if req.method ~= "GET" then return 405, "only GET here\n" end
   local text = read(file[1])
   if not text then return 500, "the file " .. file[1] .. " is missing\n" end
   return 200, text, {
      ["Content-Type"] = file[2],
      ["Content-Security-Policy"] = POLICY,
      ["X-Content-Type-Options"] = "nosniff",
      ["Referrer-Policy"] = "no-referrer",
      ["Cache-Control"] = "no-cache",
   }
end

return M
