--- What happened between the bot and the sandbox: each call and each webhook
--- with both bodies. Secrets are taken out when an entry is written, so that
--- no reader of the journal has to remember it.
local M = {}

local Journal = {}
Journal.__index = Journal

local KEEP <const> = 1000
local LONGEST_TEXT <const> = 4000

function M.new(clock)
   return setmetatable({
      clock = clock, first = 1, last = 0, entries = {}, secrets = {},
      on_change = function() end,
   }, Journal)
end

--- From now on this text is never written.
function Journal:hide(secret)
   if type(secret) ~= "string" or #secret < 4 or self.secrets[secret] then return end
   self.secrets[secret] = true
   self.secrets[#self.secrets + 1] = secret
   table.sort(self.secrets, function(a, b) return #a > #b end)
end

-- A webhook's URL has a secret in its path; the host is what a reader needs.
function Journal:hide_url(url)
   local path = type(url) == "string" and url:match("^%a+://[^/]+(/.+)$")
   if path then self:hide(path) end
end

local function replace_plain(text, secret)
   local from, pieces = 1, {}
   local at = text:find(secret, from, true)
   while at do
      pieces[#pieces + 1] = text:sub(from, at - 1)
      from = at + #secret
      at = text:find(secret, from, true)
   end
   if from == 1 then return text end
   pieces[#pieces + 1] = text:sub(from)
   return table.concat(pieces, secret:sub(1, 1) == "/" and "/…" or "•••")
end

local function shorten(text)
   if #text <= LONGEST_TEXT then return text end
   local cut = utf8.len(text) and utf8.offset(text, 0, LONGEST_TEXT) or LONGEST_TEXT
   return ("%s… (%d bytes)"):format(text:sub(1, cut - 1), #text)
end

--- A copy without secrets and without files in the middle of the text.
function Journal:mask(value)
   if type(value) == "string" then
      for _, secret in ipairs(self.secrets) do value = replace_plain(value, secret) end
      return shorten(value)
   end
   if type(value) ~= "table" then return value end
   local copy = setmetatable({}, getmetatable(value))
   for k, v in pairs(value) do copy[self:mask(k)] = self:mask(v) end
   return copy
end

---@return table entry may be changed later; call `changed` then
function Journal:add(fields)
   local entry = self:mask(fields)
   self.last = self.last + 1
   entry.n = self.last
   entry.at = math.floor(self.clock() * 1000)
   self.entries[self.last] = entry
   if self.last - self.first >= KEEP then
      self.entries[self.first] = nil
      self.first = self.first + 1
   end
   self.on_change(entry)
   return entry
end

function Journal:update(entry, fields)
   for k, v in pairs(self:mask(fields)) do entry[k] = v end
   self.on_change(entry)
end

---@return table[] oldest first
function Journal:list()
   return table.move(self.entries, self.first, self.last, 1, {})
end

return M
