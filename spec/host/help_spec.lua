-- `zapibot help`: commands and endpoints, for people.
local shell = require "spec.support.shell"
local support = require "spec.host.support"
local catalogue = require "zapi.host.cli.catalogue"
local assign = require "zapi.host.cli.assign"
local example = require "zapi.host.cli.example"

describe("zapibot help", function()
   local place

   setup(function() place = support.place() end)
   teardown(function() place.close() end)

   it("alone is --help, and lists every command", function()
      local code, out = place.run "help"
      local _, help = place.run "--help"
      assert.equal(0, code)
      assert.equal(help, out)
      for _, command in ipairs {"call", "endpoints", "help", "completion", "types"} do
         assert.is_truthy(out:find("zapibot " .. command, 1, true), command)
      end
   end)

   it("explains an endpoint with parameters, reply, limits, page and examples", function()
      local code, out = place.run "help send_option_list"
      assert.equal(0, code)
      for _, text in ipairs {
         "POST /send-option-list", "phone  string, required, chat",
         "\n    options  array of object, required", "\n      title  string, required",
         "delayMessage  number, 1 to 15", "Reply: object", "messageId",
         "no longer works in groups", "https://developer.z-api.io/message/send-option-list",
         "z:send_option_list {", "zapibot call send_option_list phone=5511999990001",
      } do
         assert.is_truthy(out:find(text, 1, true), text)
      end
   end)

   it("shows enums, defaults, lists as parameters and other scopes", function()
      local _, out = place.run "help pin_message"
      assert.matches("one of 24_hours, 7_days, 30_days", out)
      _, out = place.run "help list_queue"
      assert.matches("pageSize  integer, at most 30, default 20", out)
      _, out = place.run "help remove_contacts"
      assert.matches("The parameters are a list; each item: string", out)
      _, out = place.run "help partner.create_instance"
      assert.matches("zapi\"%)%.partner%(%)", out)
      assert.matches("zapibot call partner%.create_instance", out)
      assert.matches("needs a partner token", out)
   end)

   it("keeps to 80 columns but for examples", function()
      local _, out = place.run "help send_text"
      for line in out:match("^(.-)\nIn Lua"):gmatch "[^\n]+" do
         assert.is_true(utf8.len(line) <= 80, line)
      end
   end)

   it("explains commands", function()
      local code, out = place.run "help call"
      assert.equal(0, code)
      assert.matches("^Usage: zapibot call ", out)
      assert.is_truthy(out:find("--dry-run", 1, true))
      code, out = place.run "help dev"
      assert.equal(0, code)
      assert.matches("^Usage: zapibot dev ", out)
      assert.is_truthy(out:find(".zapibot/dev", 1, true))
   end)

   it("tells of the sandbox's HTTP what the sandbox does", function()
      local _, out = place.run "help sandbox"
      local env, stop = support.sandbox(place)
      local base, tried = env:match "ZAPI_BASE_URL='?([^%s']+)", 0
      for method, path, body in out:gmatch "\n  (%u+) +(/__sandbox/%S+) *([^\n]*)" do
         local data = method == "POST" and " -d '" .. body .. "'" or ""
         local _, status = shell.run(("curl -s -o %s/reply -w '%%{http_code}'%s '%s%s'")
            :format(place.folder, data, base, path))
         assert.matches("^20[01]$", status, path)
         tried = tried + 1
      end
      stop()
      assert.equal(7, tried)
   end)

   it("names the nearest for what it does not know, and ends with 2", function()
      local code, out, err = place.run "help send_txt"
      assert.equal(2, code)
      assert.equal("", out)
      assert.matches("^zapibot help: [^\n]*'send_txt'; did you mean send_text[^\n]*%?\n$", err)
      code, out, err = place.run "help completon"
      assert.equal("", out)
      assert.equal(2, code)
      assert.matches("completion", err)
      assert.equal(2, (place.run "help a b"))
   end)

   describe("its examples, of every endpoint,", function()
      local rows = catalogue.rows()

      it("in Lua are Lua and mean the row's example", function()
         for _, row in ipairs(rows) do
            local params = example.params(row)
            local text = example.lua(row, params):gsub("^%a:[%w_]+%s*", "return ", 1)
               :gsub("%(%)$", "{}")
            local value = assert(load(text, row.name))()
            assert.same(params, value, row.name)
         end
      end)

      it("in the shell are read back as the row's example", function()
         for _, row in ipairs(rows) do
            local params = example.params(row)
            assert.same(params, assert(assign.apply({}, row, example.words(row, params))), row.name)
         end
      end)

      it("in their short form are accepted by the clients", function()
         local zapi = require "zapi"
         local clients = {
            instance = zapi.client {instance = "I", token = "T"},
            partner = zapi.partner {token = "T"},
            gateway = zapi.gateway {url = "http://127.0.0.1:1", api_key = "K", system_id = 1},
         }
         for _, row in ipairs(rows) do
            local request = clients[row.scope]:build(row.name, example.short(row))
            assert.equal(row.method, request.method, row.name)
         end
      end)
   end)
end)
