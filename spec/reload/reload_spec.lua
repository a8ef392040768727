-- Reloads under steady events: good, broken, slow and refused versions, by
-- changed files, command and SIGHUP. What was answered 200 is handled once, in
-- its chat's order; no request fails; open questions go on; nothing grows.
-- ZAPI_RELOADS=300 is the long run, with ZAPI_BUILD=build/release for the memory; the
-- usual one is short.
local core = require "zapi.core"
local fleet = require "spec.support.fleet"
local people = require "spec.support.people"
local shell = require "spec.support.shell"

local RELOADS <const> = math.tointeger(tonumber(os.getenv "ZAPI_RELOADS" or 25))
local LONG <const> = RELOADS >= 100
local WARM <const> = 10 -- reloads after which nothing may grow
local CHATS <const> = 6

-- What events leave in memory, with reloads or without, is not counted against
-- reloads. Keys are kept for days in sets that double: so many are there before, that
-- they double no more. And the writer's connection keeps the pages that it fills,
-- up to its cache_size: so many bytes for each event.
local SEEN <const> = 110000
local PER_EVENT <const> = 100
local BUSY <const> = 2000 -- before the first reload
local DAYS <const> = ([[
with recursive n(i) as (select 1 union all select i + 1 from n where i < %d)
insert into seen(id, k0, k1, at, mid, author, mine)
select i, random(), random(), unixepoch(), random(), '5511777000000', 0 from n;
]]):format(SEEN)

local BOT <const> = people.BOT

-- What becomes of a version, by turns.
local VERSIONS <const> = {
   {"good", BOT .. "bot:run()\n"},
   {"syntax", BOT .. "local x = = 1\nbot:run()\n", "unexpected symbol"},
   {"slow", BOT .. "zapi.sleep(0.1)\nbot:check(function() zapi.sleep(0.1) end)\nbot:run()\n"},
   {"check", BOT .. "bot:check(function() return nil, 'no stock' end)\nbot:run()\n", "no stock"},
   {"throws", BOT .. "bot:run()\nerror 'half-way'\n", "half%-way"},
}

local function count(text, pattern)
   return select(2, text:gsub(pattern, ""))
end

describe("reloads under steady events:", function()
   local f, crowd

   setup(function() f = fleet.new() end)
   teardown(function()
      if crowd then crowd:close() end
      f:close()
   end)

   local function start()
      local words = "--listen 127.0.0.1:0 --watch bot.lua"
      f:write("bot.lua", VERSIONS[1][2])
      f:start(words)
      assert.equal(0, f:stop())
      f:write("days.sql", DAYS)
      shell.must(("cd %s && sqlite3 -bail .zapibot/zapibot.db <days.sql")
         :format(shell.quote(f.folder)))
      crowd = people.new(f, CHATS)
      f:start(words, fleet.ACCOUNT .. "ASAN_OPTIONS=\"$ASAN_OPTIONS:quarantine_size_mb=1\" "
         .. "ZAPI_BASE_URL=http://" .. crowd.api .. " ")
      crowd:warm_up(BUSY)
      crowd:begin(f.address)
   end

   -- One more attempt has come to its end in the log.
   local function ends() return count(f:log(), "generation %d+ serves") end

   local function by_file() end -- the file has changed: that is all
   local function by_signal() f:signal "HUP" end
   local function by_command(version)
      local code, out = f:run "reload"
      assert.equal(version[3] and 1 or 0, code, out)
      if version[3] then assert.matches(version[3], out) end
   end

   local function reload(version, trigger)
      local before = ends()
      f:write("bot.lua", version[2] .. "-- " .. core.hrtime() .. "\n")
      trigger(version)
      f:wait_for("the end of a reload: " .. version[1], function() return ends() > before end)
   end

   -- When nothing of an older generation is left.
   local function measure()
      local status
      f:wait_for("the end of old ones", function()
         local _, out = f:run "status --json"
         status = assert(core.json_decode(out))
         return status.generations[1].old == 0 and status.generations[1].state == "serves"
      end, 40)
      local proc = "/proc/" .. f.pid .. "/"
      local text = fleet.read(proc .. "status")
      return {
         rss = tonumber(text:match "VmRSS:%s*(%d+)"),
         threads = tonumber(text:match "Threads:%s*(%d+)"),
         fds = tonumber((shell.must("ls " .. proc .. "fd | wc -l"))), handles = status.handles,
         -- The loop's thread allocates here: states, services, fronts. A build with
         -- sanitizers has none.
         heap = tonumber(fleet.read(proc .. "smaps"):match "%[heap%]\n.-\nRss:%s*(%d+)"),
         posted = crowd:count(),
      }
   end

   -- The least of each: garbage that awaits its collector comes and goes.
   local function least(a, b)
      local all = {}
      for name, value in pairs(b) do all[name] = math.min(a and a[name] or value, value) end
      return all
   end

   it(("%d of them, and nothing grows"):format(RELOADS), function()
      start()
      local triggers = {by_file, by_command, by_signal}
      local first, last
      for i = 1, RELOADS do
         local version = VERSIONS[(i - 1) % #VERSIONS + 1]
         if version[3] then
            -- What is refused has an end of its own in the log.
            local before = count(f:log(), "not reloaded: generation %d+ serves on")
            f:write("bot.lua", version[2] .. "-- " .. core.hrtime() .. "\n")
            triggers[(i - 1) % 3 + 1](version)
            f:wait_for("a refusal: " .. version[1], function()
               return count(f:log(), "not reloaded: generation %d+ serves on") > before
            end)
         else
            reload(version, triggers[(i - 1) % 3 + 1])
         end
         if i > WARM - 5 and i <= WARM then first = least(first, measure()) end
         if i > RELOADS - 5 then last = least(last, measure()) end
      end
      local sums = crowd:check()
      assert.is_true(sums.n > 20 * RELOADS / 4)
      assert.is_true(BUSY + sums.n < SEEN * 0.9) -- or the sets double once more
      local what = core.json_encode {first = first, last = last}
      assert.is_true(last.fds <= first.fds + 4, what)
      assert.is_true(last.threads <= first.threads, what)
      assert.is_true(last.handles <= first.handles + 4, what)
      if last.heap then
         local events = (last.posted - first.posted) * PER_EVENT // 1024
         assert.is_true(last.heap <= first.heap * 1.05, what)
         assert.is_true(last.rss <= first.rss * 1.05 + events, what)
      elseif not LONG then -- sanitizers give little back; they find leaks at the end
         assert.is_true(last.rss <= first.rss * 1.25, what)
      end
      assert.is_nil(f:log():match "has had its time")
      assert.equal(0, f:stop())
      print(what)
   end)
end)
