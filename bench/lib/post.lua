-- A script for wrk: posts text events, each with a message id of its own, from
-- a thousand people. LuaJIT (Lua 5.1), run by wrk, not by us.
--   wrk … -s post.lua URL -- FIXTURE TAG SIZE PIPELINED [INSTANCES]
-- TAG keeps the ids of one run apart from those of the next; SIZE is the length
-- of the body in bytes; PIPELINED requests are written at once. INSTANCES: one after
-- the other, named by their number in 32 digits; without, that of the sample.

-- luacheck: std luajit, globals init request done wrk

local PEOPLE = 1000
local MARK = "\1" -- stands where the changing digits go

local before, lid_to_instance, instance_to_id, id_to_phone, after
local tag, pipelined
local instances = {}
local sent = 0

local function read_file(name)
   local f = assert(io.open(name))
   local text = f:read "*a"
   f:close()
   return text
end

local function replace(text, name, value)
   local changed, n = text:gsub('"' .. name .. '":[^,}]+', '"' .. name .. '":' .. value)
   assert(n == 1, name)
   return changed
end

-- The sample as Z-API sends it (no blanks), of the length asked for.
local function template(fixture, size)
   local text = read_file(fixture):gsub("\n%s*", ""):gsub('": ', '":')
   text = replace(text, "phone", '"' .. MARK .. '"')
   text = replace(text, "chatLid", '"' .. MARK .. '@lid"')
   text = replace(text, "messageId", '"' .. MARK .. '"')
   local fixed = #text:gsub(MARK, "") + 13 + 15 + 24 + #'"https://x/"' - #"null"
   assert(size >= fixed, "the smallest body is " .. fixed .. " bytes")
   return replace(text, "senderPhoto", '"https://x/' .. ("p"):rep(size - fixed) .. '"')
end

function init(args)
   local size = tonumber(args[3])
   tag, pipelined = args[2], tonumber(args[4])
   local order = {}
   local text = template(args[1], size)
   for name in text:gmatch('"(%w+)":"' .. MARK) do order[#order + 1] = name end
   assert(table.concat(order, " ") == "chatLid messageId phone")
   before, lid_to_instance, instances[1], instance_to_id, id_to_phone, after =
      text:match("^(.-)" .. MARK .. '(.-"instanceId":")(%x+)(.-)' .. MARK .. "(.-)" .. MARK
         .. "(.*)$")
   assert(#instances[1] == 32)
   for i = 1, tonumber(args[5] or 0) do instances[i] = ("%032d"):format(i) end
   before = ("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
      .. "Content-Length: %d\r\n\r\n%s"):format(wrk.path, wrk.headers["Host"], size, before)
end

local function one()
   sent = sent + 1
   local person = sent % PEOPLE
   return ("%s%015d%s%s%s%s%016X%s%013d%s"):format(before, 100000000000000 + person,
      lid_to_instance, instances[sent % #instances + 1], instance_to_id, tag, sent,
      id_to_phone, 5511900000000 + person, after)
end

function request()
   if pipelined == 1 then return one() end
   local list = {}
   for i = 1, pipelined do list[i] = one() end
   return table.concat(list)
end

-- requests, refused, broken, seconds, p50 and p99 in ms
function done(summary, latency)
   local e = summary.errors
   print(("BENCH %d %d %d %.6f %.3f %.3f"):format(summary.requests, e.status,
      e.connect + e.read + e.write + e.timeout, summary.duration / 1e6,
      latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
