-- What follows from the tables of endpoints and options and is checked in: types
-- for editors, docs/api.md, the manual page. Stale files fail here.
local core = require "zapi.core"
local shell = require "spec.support.shell"
local support = require "spec.host.support"

local function read(path)
   local file = assert(io.open(path))
   local text = file:read "a"
   file:close()
   return text
end

describe("generated files", function()
   local place

   setup(function()
      place = support.place()
      shell.must("scripts/generate " .. shell.quote(place.folder .. "/fresh"))
   end)
   teardown(function() place.close() end)

   it("are what scripts/generate writes now", function()
      for _, name in ipairs {"library", "docs/api.md", "packaging/zapibot.1"} do
         local code, out = shell.run(("diff -ru %s %s/fresh/%s | head -40"):format(name,
            shell.quote(place.folder), name))
         assert.equal(0, code)
         assert.equal("", out, name .. " is stale: run scripts/generate")
      end
   end)

   describe("docs/api.md", function()
      local text

      setup(function() text = read(place.folder .. "/fresh/docs/api.md") end)

      it("has every endpoint, and its contents lead to it", function()
         for _, row in ipairs(core.endpoints()) do
            local name = row.scope == "instance" and row.name or row.scope .. "." .. row.name
            assert.is_truthy(text:find("\n### " .. name .. "\n", 1, true), name)
            assert.is_truthy(text:find(("[%s](#%s)"):format(name, (name:gsub("%.", ""))), 1, true),
               name)
            assert.is_truthy(text:find("`" .. row.method .. " " .. row.path .. "`", 1, true), name)
         end
      end)

      it("has sound tables and Lua that compiles", function()
         for line in text:gmatch "\n(|[^\n]*)" do
            local _, bars = line:gsub("\\|", ""):gsub("|", "")
            assert.equal(4, bars, line)
         end
         local count = 0
         for code in text:gmatch "```lua\n(.-)\n```" do
            assert(load(code))
            count = count + 1
         end
         assert.equal(#core.endpoints(), count)
      end)
   end)

   describe("library/zapi.lua", function()
      local text

      setup(function() text = read(place.folder .. "/fresh/library/zapi.lua") end)

      local function definitions()
         local known = {}
         for name in text:gmatch "\n%-%-%-@%a+ (zapi[%w_.]*)" do
            known[name] = true
         end
         return known
      end

      it("is Lua, and names itself for require", function()
         assert(load(text))
         assert.matches("^%-%-%-@meta zapi\n", text)
      end)

      it("refers only to types that it defines", function()
         local known, count = definitions(), 0
         for line in text:gmatch "\n%-%-%-@([^\n]*)" do
            -- Everything up to the words of the comment.
            local types = line:match "^field %S+ (%S+)" or line:match "^param %S+ (%S+)"
               or line:match "^return (%S+)" or line:match "^overload (.*)$" or ""
            for name in types:gmatch "%f[%w]zapi%.[%w_.]*[%w_]" do
               assert.is_true(known[name], name .. " in: " .. line)
               count = count + 1
            end
         end
         assert.is_true(count > 400, tostring(count))
      end)

      it("defines no class twice and no field twice in a class", function()
         local classes = {}
         for class, body in text:gmatch "\n%-%-%-@class (%S+)[^\n]*(\n[^%-][^\n]*)" do
            assert.is_nil(classes[class], class)
            classes[class] = body
         end
         for body in text:gmatch "%-%-%-@class [^\n]*\n(.-)\n[^%-]" do
            local seen = {}
            for field in body:gmatch "%-%-%-@field ([%w_]+)" do
               assert.is_nil(seen[field], field)
               seen[field] = true
            end
         end
      end)

      it("has a method for each endpoint, with its parameters and reply", function()
         local class = {instance = "Client", partner = "Partner", gateway = "Gateway"}
         for _, row in ipairs(core.endpoints()) do
            assert.is_truthy(text:find(("\nfunction %s:%s("):format(class[row.scope], row.name), 1,
               true), row.name)
         end
         local method = text:match "%-%-%- Send a text message;[^\n]*\n.-function Client:send_text"
         assert.matches("@param params zapi.params.send_text\n", method)
         assert.matches("@return zapi.reply.send_text|nil reply\n", method)
         assert.matches("@return zapi.Error|nil err\n", method)
      end)

      it("has enums as unions, media as files, and overloads for z:each", function()
         assert.matches('@field pinMessageDuration%?? "24_hours"|"7_days"|"30_days"', text)
         assert.matches("@field image string|zapi%.Media", text)
         assert.is_truthy(text:find('---@overload fun(self: zapi.Client, name: "list_chats", '
            .. "params?: zapi.params.list_chats): (fun(): zapi.reply.list_chats)", 1, true))
         assert.matches("@param params zapi.params.get_contact|string\n", text)
      end)

      it("knows the events and the kinds of errors", function()
         for _, row in ipairs(core.error_kinds()) do
            assert.is_truthy(text:find(('---| "%s" #'):format(row.kind), 1, true), row.kind)
         end
         for _, name in ipairs(require("zapi.events").names) do
            assert.is_truthy(text:find(('---| "%s" #'):format(name), 1, true), name)
         end
      end)

      it("has the functions of the public module", function()
         local zapi = require "zapi"
         for name, value in pairs(zapi) do
            if type(value) == "function" and not name:find "^_" then
               assert.is_truthy(text:find("\nfunction zapi." .. name .. "(", 1, true), name)
            end
         end
         for _, module in ipairs {"br", "text", "csv", "crypto", "http", "json", "media"} do
            for name, value in pairs(zapi[module]) do
               local defined = text:find(("\nfunction %s.%s("):format(module, name), 1, true)
               assert.is_truthy(type(value) ~= "function" or defined, module .. "." .. name)
            end
         end
      end)

      it("has the methods of outboxes, messages and stores", function()
         assert.matches("\n%-%-%-@class zapi.Client\n%-%-%-@field outbox zapi.Outbox ", text)
         local z = require("zapi").client {instance = "I", token = "T", client_token = "C"}
         local message = require("zapi.bot.message").new(z, "5511999990001", "send_text", {}, {})
         for class, object in pairs {
            Outbox = z.outbox, Message = message, Store = require("zapi").store "types",
         } do
            local count = 0
            for name, value in pairs(getmetatable(object).__index) do
               if type(value) == "function" and not name:find "^_" then
                  count = count + 1
                  local head = ("\nfunction %s:%s("):format(class, name)
                  assert.is_truthy(text:find(head, 1, true), head)
               end
            end
            assert.is_true(count >= 3, class)
         end
      end)
   end)

   it("has the kit, and what goes with flows and handover", function()
      local path = "library/zapi.lua"
      local text = read(place.folder .. "/fresh/" .. path)
      for name in shell.must("ls lua/zapi/kit"):gmatch "(%w+)%.lua" do
         if name ~= "people" then
            assert.is_truthy(text:find("\nfunction kit." .. name .. "(", 1, true), name)
         end
      end
      for _, head in ipairs {
         "Bot:state", "ctx:enter", "ctx:leave", "ctx:handover", "ctx:resume", "Ledger:has",
         "Ledger:add", "Ledger:remove", "Ledger:each",
      } do
         assert.is_truthy(text:find("\nfunction " .. head .. "(", 1, true), head)
      end
   end)

   describe("zapibot types", function()
      local function types(env)
         local code, out, err = place.run("types", env)
         assert.equal(0, code, err)
         return (out:gsub("\n$", ""))
      end

      it("writes the add-on to the cache and prints its folder", function()
         local folder = types("XDG_CACHE_HOME=" .. shell.quote(place.folder .. "/a cache") .. " ")
         assert.equal(place.folder .. "/a cache/zapibot/types-" .. core.version, folder)
         assert.equal(read(place.folder .. "/fresh/library/zapi.lua"),
            read(folder .. "/library/zapi.lua"))
         assert.equal("Lua 5.4",
            core.json_decode(read(folder .. "/config.json")).settings["Lua.runtime.version"])
         assert.matches("@meta zapi.bot", read(folder .. "/library/zapi/bot.lua"))
      end)

      it("prints the folder of an installed program", function()
         local prefix = place.folder .. "/prefix"
         shell.must(("mkdir -p %s/bin %s/share/zapibot/types && cp %s %s/bin/zapibot")
            :format(prefix, prefix, support.program, prefix))
         shell.must(("cp -r library %s/share/zapibot/types/"):format(prefix))
         local out = shell.must(prefix .. "/bin/zapibot types")
         assert.equal(prefix .. "/share/zapibot/types\n", out)
      end)

      it("says so when there is no place for it", function()
         local code, out, err = place.run("types", "XDG_CACHE_HOME=/dev/null/x ")
         assert.equal(1, code)
         assert.equal("", out)
         assert.matches("cannot make the folder", err)
      end)
   end)
end)
