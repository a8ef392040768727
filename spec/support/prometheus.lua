--- A strict reader of Prometheus' text format 0.0.4, for specs. Where promtool is
--- installed, it is asked too.
local shell = require "spec.support.shell"

local M = {}

local function fail(line, why)
   error(("not Prometheus' text format: %s: %s"):format(why, line), 3)
end

local function number(line, text)
   if text == "NaN" or text == "+Inf" or text == "-Inf" then return text end
   return tonumber(text) or fail(line, "no number")
end

-- name="value",… with \\ \" and \n; in the order of names, as one key.
local function labels(line, text)
   local list, rest = {}, text
   while rest ~= "" do
      local name, from = rest:match '^([%a_][%w_]*)="()'
      if not name then fail(line, "no label") end
      local at = from
      while rest:sub(at, at) ~= '"' do
         local c = rest:sub(at, at)
         if c == "" then fail(line, "an open label") end
         if c == "\\" and not rest:sub(at + 1, at + 1):find '^[\\"n]' then
            fail(line, "a wrong escape")
         end
         at = at + (c == "\\" and 2 or 1)
      end
      list[#list + 1] = name .. "=" .. rest:sub(from, at - 1)
      rest = rest:sub(at + 1)
      if rest ~= "" then
         rest = rest:match "^,(.+)$" or fail(line, "labels without a comma")
      end
   end
   return table.concat(list, ",")
end

-- The family a sample belongs to: a histogram's lines have suffixes.
local function family_of(types, name)
   if types[name] then return name end
   local base = name:gsub("_bucket$", ""):gsub("_sum$", ""):gsub("_count$", "")
   return types[base] == "histogram" and base or nil
end

local function read_line(state, line)
   local what, name, rest = line:match "^# (%u+) ([%a_:][%w_:]*) (.+)$"
   if what == "TYPE" then
      if state.types[name] then fail(line, "a second TYPE") end
      state.types[name] = rest
      state.now = name
      return
   elseif what == "HELP" then
      return
   end
   local head, value = line:match "^(%S.*) (%S+)$"
   if not head then fail(line, "no sample") end
   local series, inside = head:match "^([%a_:][%w_:]*){(.*)}$"
   series = series or head:match "^[%a_:][%w_:]*$" or fail(line, "no name")
   if family_of(state.types, series) ~= state.now then fail(line, "outside of its family") end
   local key = labels(line, inside or "")
   key = series .. (key ~= "" and "{" .. key .. "}" or "")
   if state.samples[key] then fail(line, "twice") end
   state.samples[key] = number(line, value)
end

-- Each histogram's buckets never fall, and the last is the count.
local function check_histograms(state)
   for key, count in pairs(state.samples) do
      local name, inside = key:match "^(.*)_count({?.*)$"
      if name and state.types[name] == "histogram" then
         inside = inside:gsub("[{}]", "")
         local prefix = inside ~= "" and inside .. "," or ""
         local last = state.samples[name .. "_bucket{" .. prefix .. "le=+Inf}"]
         if last ~= count then fail(key, "its last bucket is not its count") end
         for _, le in ipairs {"0.001", "0.1", "1", "60"} do
            local n = state.samples[name .. "_bucket{" .. prefix .. "le=" .. le .. "}"]
            if not n or n > count then fail(key, "a bucket is missing or too full") end
         end
      end
   end
end

--- Reads it, or throws with the line that is wrong.
---@param text string
---@return table<string, number|string> samples by 'name{label=value,…}'
---@return table<string, string> types by name
function M.read(text)
   assert(text:sub(-1) == "\n", "the last line has no end")
   local state = {types = {}, samples = {}}
   for line in text:gmatch "([^\n]*)\n" do read_line(state, line) end
   check_histograms(state)
   M.ask_promtool(text)
   return state.samples, state.types
end

--- Throws when promtool is there and finds fault.
function M.ask_promtool(text)
   if shell.run("command -v promtool") ~= 0 then return end
   local folder, remove = shell.folder()
   shell.write(folder .. "/metrics", text)
   local code, output = shell.run("promtool check metrics <" .. shell.quote(folder .. "/metrics"))
   remove()
   if code ~= 0 then error("promtool: " .. output, 2) end
end

return M
