--- CSV as spreadsheets in Brazil write it: ";" or ",", a byte order mark,
-- Latin-1 or UTF-8, quotes, line breaks inside quotes.

local M = {}

-- Bytes of Windows-1252 between 0x80 and 0x9F; the rest is Latin-1.
local WINDOWS = {
   [0x80] = 0x20AC, [0x82] = 0x201A, [0x83] = 0x0192, [0x84] = 0x201E, [0x85] = 0x2026,
   [0x86] = 0x2020, [0x87] = 0x2021, [0x88] = 0x02C6, [0x89] = 0x2030, [0x8A] = 0x0160,
   [0x8B] = 0x2039, [0x8C] = 0x0152, [0x8E] = 0x017D, [0x91] = 0x2018, [0x92] = 0x2019,
   [0x93] = 0x201C, [0x94] = 0x201D, [0x95] = 0x2022, [0x96] = 0x2013, [0x97] = 0x2014,
   [0x98] = 0x02DC, [0x99] = 0x2122, [0x9A] = 0x0161, [0x9B] = 0x203A, [0x9C] = 0x0153,
   [0x9E] = 0x017E, [0x9F] = 0x0178,
}

local function from_latin1(text)
   return (text:gsub("[\x80-\xFF]", function(c)
      return utf8.char(WINDOWS[c:byte()] or c:byte())
   end))
end

local function to_utf8(text, encoding)
   text = text:gsub("^\xEF\xBB\xBF", "")
   if encoding == "latin1" or encoding == "auto" and not utf8.len(text) then
      return from_latin1(text)
   end
   return text
end

-- The separator that stands most often in the first line outside quotes.
local function guess_separator(text)
   local line = text:match "^[^\r\n]*":gsub('"[^"]*"', "")
   local best, most = ",", 0
   for _, sep in ipairs {";", ",", "\t"} do
      local _, n = line:gsub("%" .. sep, "")
      if n > most then
         best, most = sep, n
      end
   end
   return best
end

-- The field at `at`; returns its text, and where what follows it begins.
local function read_field(text, at, sep)
   if text:sub(at, at) ~= '"' then
      local stop = text:find("[" .. sep .. "\r\n]", at) or #text + 1
      return text:sub(at, stop - 1), stop
   end
   local parts, from = {}, at + 1
   while true do
      local quote = text:find('"', from, true)
      if not quote then
         error("a quote is never closed", 0)
      end
      parts[#parts + 1] = text:sub(from, quote - 1)
      if text:sub(quote + 1, quote + 1) ~= '"' then
         return table.concat(parts, '"'), quote + 1
      end
      from = quote + 2
   end
end

-- One record; returns its fields, and where the next begins.
local function read_record(text, at, sep)
   local fields = {}
   while true do
      fields[#fields + 1], at = read_field(text, at, sep)
      local c = text:sub(at, at)
      if c == "" or c == "\r" or c == "\n" then
         return fields, (text:match("^\r?\n?()", at))
      end
      if c ~= sep then
         error("text after a closing quote", 0)
      end
      at = at + 1
   end
end

local function blank(fields)
   for _, value in ipairs(fields) do
      if value:find "%S" then
         return false
      end
   end
   return true
end

local OPTIONS = {
   sep = {auto = true, [";"] = true, [","] = true, ["\t"] = true, ["|"] = true},
   encoding = {auto = true, utf8 = true, latin1 = true},
   header = {[true] = true, [false] = true},
}

local function check(options)
   for name, value in pairs(options) do
      if not OPTIONS[name] or not OPTIONS[name][value] then
         error(("bad option %s = %s to csv"):format(tostring(name), tostring(value)), 3)
      end
   end
end

--- Iterator over the records of a text: a table by the header's names (or by
-- position with header = false), and the line number. Blank records are left
-- out. A fault is thrown with its line.
---@param text string
---@param options? {sep: string, encoding: string, header: boolean}
---@return fun(): table?, integer
function M.parse(text, options)
   options = options or {}
   check(options)
   text = to_utf8(text, options.encoding or "auto")
   local sep = options.sep
   local at, line, header = 1, 1, nil
   if text:find "^sep=.[\r\n]" then -- Excel's own mark
      sep, at = sep or text:sub(5, 5), text:match("^sep=.\r?\n?()")
      line = 2
   end
   if not sep or sep == "auto" then
      sep = guess_separator(text:sub(at))
   end
   local function next_record()
      while at <= #text do
         local first, ok, fields, after = line, pcall(read_record, text, at, sep)
         if not ok then
            error(("line %d: %s"):format(first, fields), 0)
         end
         local _, breaks = text:sub(at, after - 1):gsub("\n", "")
         at, line = after, line + math.max(breaks, 1)
         if not blank(fields) then
            return fields, first
         end
      end
   end
   local function named()
      local fields, first = next_record()
      if not fields or options.header == false then
         return fields, first
      end
      local row = {}
      for i, name in ipairs(header) do
         row[name] = fields[i]
      end
      return row, first
   end
   if options.header ~= false then
      header = next_record() or {}
      for i, name in ipairs(header) do
         header[i] = name:match "^%s*(.-)%s*$"
      end
   end
   return named
end

--- The same for a file.
---@param path string
---@param options? {sep: string, encoding: string, header: boolean}
function M.rows(path, options)
   local file, why = io.open(path, "rb")
   if not file then
      error(why, 2)
   end
   local text = file:read "a"
   file:close()
   return M.parse(text, options)
end

return M
