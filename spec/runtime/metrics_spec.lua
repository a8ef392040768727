--- core.metric and core.metrics: numbers for operators, set by Lua.
local core = require "zapi.core"
local prometheus = require "spec.support.prometheus"

local DUE <const> = "zapibot_instance_due_timestamp_seconds"

describe("core.metric", function()
   it("sets a gauge, whatever order its labels have", function()
      core.metric(DUE, {instance = "A", zone = 'x"y\\z\n'}, 1767225600)
      core.metric(DUE, {zone = 'x"y\\z\n', instance = "A"}, 1767225601.5)
      core.metric(DUE, {instance = "B"}, 7)
      core.metric("zapibot_inbox_depth", nil, 3)
      local samples = prometheus.read(core.metrics())
      assert.equal(1767225601.5, samples[DUE .. '{instance=A,zone=x\\"y\\\\z\\n}'])
      assert.equal(7, samples[DUE .. "{instance=B}"])
      assert.equal(3, samples.zapibot_inbox_depth)
   end)

   it("names what is wrong", function()
      assert.error_matches(function() core.metric("zapibot_nothing", nil, 1) end, "no gauge")
      assert.error_matches(function() core.metric("zapibot_calls_total", nil, 1) end, "no gauge")
      assert.error_matches(function() core.metric(DUE, {["a-b"] = "x"}, 1) end, "bad labels")
      assert.error_matches(function() core.metric(DUE, {1}, 1) end, "bad labels")
      assert.error_matches(function() core.metric(DUE, nil, "much") end, "number")
   end)
end)

describe("the reader of these specs", function()
   it("refuses what is not the format", function()
      local head = "# HELP a b\n# TYPE a counter\n"
      for _, text in ipairs {
         "a 1", "a\n", "a b\n", head .. "a{x=y} 1\n", head .. 'a{x="y} 1\n', head .. "a 1\na 1\n",
         head .. 'a{x="\\q"} 1\n', head .. "b 1\n", head .. head .. "a 1\n",
         '# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 2\n',
      } do
         assert.is_false(pcall(prometheus.read, text), text)
      end
      local total = head:gsub(" a ", " a_total ")
      assert.equal(1, prometheus.read(total .. 'a_total{x="\\"y"} 1\n')['a_total{x=\\"y}'])
   end)
end)
