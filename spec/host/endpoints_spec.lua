-- `zapibot endpoints`: the table for people, as JSON, and as OpenAPI.
local core = require "zapi.core"
local shell = require "spec.support.shell"
local support = require "spec.host.support"

describe("zapibot endpoints", function()
   local place

   setup(function() place = support.place() end)
   teardown(function() place.close() end)

   local function lines(text)
      local list = {}
      for line in text:gmatch "[^\n]+" do
         list[#list + 1] = line
      end
      return list
   end

   it("lists every endpoint once, the columns under each other", function()
      local code, out = place.run "endpoints"
      assert.equal(0, code)
      local list = lines(out)
      assert.equal(#core.endpoints(), #list)
      local column = list[1]:find "GET"
      for _, line in ipairs(list) do
         assert.matches("^%u+%s", line:sub(column))
      end
   end)

   it("keeps to sections, scopes and words", function()
      local _, out = place.run "endpoints --section queue"
      assert.equal(6, #lines(out))
      _, out = place.run "endpoints --scope=partner"
      for _, line in ipairs(lines(out)) do
         assert.matches("^partner%.", line)
      end
      _, out = place.run "endpoints SEND carousel"
      assert.equal(1, #lines(out))
      assert.matches("^send_carousel%s+POST%s+/send%-carousel%s+Send", out)
   end)

   it("says what there is when a section, a scope, an option or a word is unknown", function()
      local code, _, err = place.run "endpoints --section mesages"
      assert.equal(2, code)
      assert.matches("no section 'mesages'; did you mean 'messages'%?", err)
      code, _, err = place.run "endpoints --scope x"
      assert.equal(2, code)
      assert.matches("instance, partner, gateway", err)
      code, _, err = place.run "endpoints --jsn"
      assert.equal(2, code)
      assert.equal("zapibot endpoints: unknown option '--jsn'; did you mean '--json'?\n", err)
      code, _, err = place.run "endpoints nosuchthing"
      assert.equal(1, code)
      assert.matches("no endpoint has 'nosuchthing'", err)
   end)

   it("--json gives all of each row", function()
      local list = place.json "endpoints --json"
      assert.equal(#core.endpoints(), #list)
      local by_name = {}
      for _, row in ipairs(list) do
         for _, key in ipairs {"name", "section", "scope", "method", "path", "aliases", "summary",
            "requires", "idempotent", "pagination", "params"} do
            assert.is_not_nil(row[key], row.name .. " " .. key)
         end
         by_name[row.scope .. "." .. row.name] = row
      end
      local chats = by_name["instance.list_chats"]
      assert.equal("page", chats.pagination)
      local vote = by_name["instance.send_poll"]
      assert.equal(core.null, vote.pagination)
      local poll
      for _, p in ipairs(vote.params) do
         if p.name == "poll" then poll = p end
      end
      assert.equal("body", poll["in"])
      assert.equal("array", poll.type)
      assert.is_true(poll.required)
      assert.equal("name", poll.items.fields[1].name)
   end)

   it("--json of nothing is an empty array", function()
      local code, out = place.run "endpoints --json nosuchthing"
      assert.equal(0, code)
      assert.equal("[]\n", out)
   end)

   it("fits the terminal", function()
      support.needs "script"
      local out = shell.must(("cd %s && script -qec 'stty cols 80; %s endpoints' /dev/null"):format(
         shell.quote(place.folder), support.program))
      local widest = 0
      for line in out:gmatch "[^\r\n]+" do
         widest = math.max(widest, utf8.len(line))
      end
      assert.is_true(widest <= 80, tostring(widest))
      assert.is_true(widest > 60, tostring(widest))
      assert.matches("…", out)
   end)

   it("--openapi is a document that validators accept, examples included #slow", function()
      local code, out = place.run "endpoints --openapi"
      assert.equal(0, code)
      shell.write(place.folder .. "/openapi.json", out)
      shell.must [[
         [ spec/openapi/node_modules/.package-lock.json -nt spec/openapi/package-lock.json ] ||
            npm ci --prefix spec/openapi --no-audit --no-fund]]
      local said = shell.must("node spec/openapi/check.js " .. place.folder .. "/openapi.json")
      assert.equal(#core.endpoints(), tonumber(said:match "(%d+) operations"), said)
      assert.is_true(tonumber(said:match "(%d+) examples") > 400, said)
      assert.matches(" 0 faults", said)
   end)
end)
