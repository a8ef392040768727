--- packaging/prometheus: the alarms name what zapibot counts, fire when they
--- should (promtool, where it is installed), and are told in docs/operate.md.
local shell = require "spec.support.shell"

local FOLDER <const> = "packaging/prometheus/"
local RULES <const>, TESTS <const> = FOLDER .. "zapibot.rules.yml", FOLDER .. "zapibot.test.yml"
local SILENCE <const> = FOLDER .. "silence.test.yml" -- goes by the time of day

local function read(path)
   local file <close> = assert(io.open(path))
   return file:read "a"
end

-- name -> type, of the table in src/base/metrics.h
local function metrics()
   local found, count = {}, 0
   for name, kind in read "src/base/metrics.h":gmatch 'X%([%w_]+, "(zapibot_[%w_]+)",%s*(%a+)' do
      found[name], count = kind, count + 1
   end
   assert.is_true(count > 20)
   return found
end

-- Each alarm as {name =, text =}, in order.
local function alarms(text)
   local list, at = {}, text:find("- alert: ", 1, true)
   while at do
      local next_at = text:find("- alert: ", at + 1, true)
      local part = text:sub(at, (next_at or #text + 1) - 1)
      list[#list + 1] = {name = part:match "alert: (%w+)", text = part}
      at = next_at
   end
   return list
end

local has_promtool = shell.run "command -v promtool" == 0

describe("alarms of Prometheus", function()
   it("name metrics that are there, and counters are not read as gauges", function()
      local known = metrics()
      for _, path in ipairs {RULES, TESTS, "docs/operate.md"} do
         local count = 0
         local text = read(path):gsub("LoadCredential=[%w_]+", "") -- names of files
         for name in text:gmatch "%f[%w_]zapibot_[%w_]+" do
            local base = name:gsub("_bucket$", ""):gsub("_sum$", ""):gsub("_count$", "")
            assert.is_truthy(known[name] or known[base] == "histogram", path .. ": " .. name)
            count = count + 1
         end
         assert.is_true(count > 1, path)
      end
      for _, alarm in ipairs(alarms(read(RULES))) do
         for fn, name in alarm.text:gmatch "(%a+)%((zapibot_[%w_]+)" do
            local wants = ({increase = "counter", rate = "counter", delta = "gauge",
               min_over_time = "gauge"})[fn]
            if wants then assert.equal(wants, known[name], alarm.name) end
         end
      end
   end)

   it("each have an expression, a severity, a summary and what to do", function()
      local seen, list = {}, alarms(read(RULES))
      assert.is_true(#list > 12)
      for _, alarm in ipairs(list) do
         assert.is_nil(seen[alarm.name], alarm.name .. " stands twice")
         seen[alarm.name] = true
         for _, pattern in ipairs {"\n        expr: %S", "\n        labels: {severity: %a+}\n",
            '\n          summary: "[^"\n]+"\n', '\n          action: "[^"\n]+"'} do
            assert.is_truthy(alarm.text:find(pattern), alarm.name .. " lacks " .. pattern)
         end
         local severity = alarm.text:match "severity: (%a+)"
         assert.is_true(severity == "page" or severity == "ticket", alarm.name)
         assert.is_nil(alarm.text:find "\t")
      end
   end)

   it("are told in docs/operate.md, all of them and no others", function()
      local page, told, count = read "docs/operate.md", {}, 0
      for name in page:gmatch "%f[%w]Zapibot%u%w+" do told[name] = true end
      for _, alarm in ipairs(alarms(read(RULES))) do
         assert.is_true(told[alarm.name], alarm.name .. " is not in docs/operate.md")
         told[alarm.name] = nil
         count = count + 1
      end
      assert.is_nil(next(told))
      assert.is_true(count > 12)
   end)

   it("each have a case in the tests", function()
      local text = read(TESTS) .. read(SILENCE)
      for _, alarm in ipairs(alarms(read(RULES))) do
         assert.is_truthy(text:find("alertname: " .. alarm.name .. "[,\n]"), alarm.name)
      end
   end)

   if has_promtool then
      it("are taken by promtool", function()
         local code, out = shell.run("promtool check rules " .. RULES)
         assert.equal(0, code, out)
         assert.is_truthy(out:find(("%d rules found"):format(#alarms(read(RULES))), 1, true), out)
      end)

      it("fire when they should, and only then: promtool test rules", function()
         for _, path in ipairs {TESTS, SILENCE} do
            local code, out = shell.run("promtool test rules " .. path)
            assert.equal(0, code, out)
         end
      end)

      -- Each test file with one alarm that never fires.
      it("have tests that can fail #slow", function()
         local folder, remove = shell.folder()
         finally(remove)
         local rules = read(RULES)
         for i, alarm in ipairs(alarms(rules)) do
            local at = assert(rules:find(alarm.text, 1, true))
            local silent = alarm.name == "ZapibotSilent"
            local place = folder .. "/" .. i
            shell.write(place .. "/zapibot.rules.yml", rules:sub(1, at - 1)
               .. alarm.text:gsub("expr: .-\n        (%a)", "expr: vector(1) > 2\n        %1", 1)
               .. rules:sub(at + #alarm.text))
            shell.write(place .. "/it.test.yml", read(silent and SILENCE or TESTS))
            assert.not_equal(0, (shell.run("promtool test rules " .. place .. "/it.test.yml")),
               alarm.name .. " may be dead, and no test sees it")
            assert.equal(0, (shell.run("promtool check rules " .. place .. "/zapibot.rules.yml")))
         end
      end)
   end
end)
