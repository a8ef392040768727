--- What the pages tell one to type is there: each `zapibot WORD` is a command or a
--- script, each `--option` is in a table, and links lead somewhere.
local program = require("spec.host.support").program
local shell = require "spec.support.shell"

local PAGES <const> = {
   "README.md", "README.pt-BR.md", "docs/guide.md", "docs/operate.md",
   "docs/from-n8n-node-php.md", "docs/comparison.md",
}
local ALARMS <const> = "packaging/prometheus/zapibot.rules.yml"

local function read(path)
   local file <close> = assert(io.open(path))
   return file:read "a"
end

-- Of the table of commands: name -> the words that may follow it.
local commands, words_of = {}, {}
for name, words in read "src/host/options.c":gmatch '{"(%l+)", ZAPI_COMMAND_%u+,%s*"([^"]*)"' do
   commands[#commands + 1] = name
   words_of[name] = words
end

-- The options of a command, as its --help has them; "": those of the program.
local options = {}
local function options_of(command)
   if options[command] then return options[command] end
   local list = {}
   local _, help = shell.run(("%s %s --help"):format(shell.quote(program), command))
   for option in help:gmatch "\n%s+(%-%-[%l-]+)" do list[option] = true end
   assert(next(list), "no options of '" .. command .. "':\n" .. help)
   options[command] = list
   return list
end

local function is_option(word)
   if options_of ""[word] then return true end
   for _, name in ipairs(commands) do
      if name ~= "run" and name ~= "dev" and name ~= "sandbox" and options_of(name)[word] then
         return true
      end
   end
   return false
end

local function words_in(line)
   local words = {}
   for word in line:gsub("%s#%s.*$", ""):gmatch "%S+" do words[#words + 1] = word end
   return words
end

-- Behind the options of the program that begin a line: the place of the command, or
-- nil and an option that is none.
local function behind_options(words)
   local at = 2
   while words[at] and words[at]:find "^%-%-" do
      local name = words[at]:match "^%-%-[%l-]+"
      if not options_of ""[name] then return nil, name end
      local value = words[at + 1]
      local has_value = value and value ~= "run" and not value:find "^%-%-"
         and not value:find "%.lua$"
      at = at + (has_value and 2 or 1)
   end
   return at
end

-- "inbox list | show ID": may this word follow the command?
local function may_follow(command, word)
   local words = words_of[command]
   if command == "help" or not words:find " | " or not (word or "-"):find "^%l+$" then
      return true
   end
   return words:find("%f[%l]" .. word .. "%f[%L]") ~= nil
end

local OF_THE_PROGRAM <const> = {run = true, dev = true, sandbox = true}

-- "zapibot inbox list --state dead # why": what is wrong with it, or nil.
local function wrong(line)
   local words = words_in(line)
   local at, name = behind_options(words)
   if not at then return name end
   local command = words[at]
   if not command or command:find "%.lua$" then return nil end
   if not words_of[command] then return "command " .. command end
   if not may_follow(command, words[at + 1]) then return command .. " " .. words[at + 1] end
   local known = options_of(OF_THE_PROGRAM[command] and "" or command)
   for i = at + 1, #words do
      local option = words[i]:match "^%-%-[%l-]+"
      if option and not known[option] then return command .. " " .. option end
   end
end

-- The command lines of a text: "a && b | c" are three.
local function lines_of(code)
   local list = {}
   for line in (code .. "\n"):gsub("\\\n", " "):gmatch "(.-)\n" do
      line = line:gsub("%s#%s.*$", ""):gsub("&&", "\n"):gsub("||", "\n"):gsub("[|;]", "\n")
      for part in (line .. "\n"):gmatch "(.-)\n" do
         part = part:gsub("^%s+", ""):gsub("^[%u_]+=%S*%s+", "")
         part = part:gsub("^[%w./]*/zapibot ", "zapibot ")
         if part:find "^zapibot%f[%s\0]" then list[#list + 1] = part end
      end
   end
   return list
end

-- Blocks of the shell, and `code` in the text of a page.
local function code_of(page)
   local list, text = {}, "\n" .. read(page)
   for code in text:gmatch "\n```sh\n(.-)\n```" do list[#list + 1] = code end
   text = text:gsub("\n```.-\n```", "")
   for code in text:gmatch "`([^`\n]+)`" do list[#list + 1] = code end
   return list
end

describe("What the pages tell to type", function()
   it("are commands of zapibot, with their own words and options", function()
      local count = 0
      assert.is_true(#commands > 15)
      for _, page in ipairs(PAGES) do
         for _, code in ipairs(code_of(page)) do
            for _, line in ipairs(lines_of(code)) do
               local why = wrong(line)
               assert.is_nil(why, ("%s: '%s': there is no %s"):format(page, line, why))
               count = count + 1
            end
            local option = code:match "^(%-%-[%l-]+)"
            if option then
               assert.is_true(is_option(option), page .. ": " .. option)
               count = count + 1
            end
         end
      end
      assert.is_true(count > 100)
   end)

   it("in the alarms, too", function()
      local count = 0
      for action in read(ALARMS):gmatch 'action: "([^"\n]+)"' do
         for _, line in ipairs(lines_of(action)) do
            line = line:match "^[^:,]+" -- what follows is for people
            if not line:find "^zapibot doctor tells" and not line:find "links the phone" then
               local why = wrong(line)
               assert.is_nil(why, ("%s: there is no %s"):format(line, why))
               count = count + 1
            end
         end
      end
      assert.is_true(count > 5)
   end)

   it("would be found if it were wrong", function()
      assert.equal("command inbx", wrong "zapibot inbx list")
      assert.equal("inbox lst", wrong "zapibot inbox lst")
      assert.equal("inbox --stat", wrong "zapibot inbox list --stat dead")
      assert.equal("--forwad", wrong "zapibot --forwad URL bot.lua")
      assert.equal("run --forwad", wrong "zapibot run bot.lua --forwad URL")
      assert.is_nil(wrong "zapibot run --forward URL --public-url URL bot.lua")
      assert.same({"zapibot a.lua ", "zapibot doctor"},
         lines_of "X=1 zapibot a.lua && bin/zapibot doctor")
      assert.is_false(is_option "--forwad")
   end)

   it("names variables that are there", function()
      local known = shell.must "grep -rhoE 'ZAPI[A-Z]*_[A-Z_]+' src lua packaging/systemd" .. "\n"
      for _, page in ipairs(PAGES) do
         for name in read(page):gmatch "%f[%w_]ZAPI[A-Z]*_[A-Z_]+" do
            name = name:gsub("_FILE$", "")
            assert.is_truthy(known:find(name .. "\n", 1, true), page .. ": " .. name)
         end
      end
   end)
end)

describe("Links of the pages", function()
   -- As GitHub makes them of headings.
   local function anchors(page)
      local set = {}
      for heading in ("\n" .. read(page):gsub("\n```.-\n```", "")):gmatch "\n#+ ([^\n]+)" do
         set[utf8.char(utf8.codepoint(heading, 1, -1)):lower():gsub("[`%p]", function(c)
            return c == "-" and "-" or ""
         end):gsub(" ", "-")] = true
      end
      return set
   end

   it("lead to files and headings", function()
      local count = 0
      for _, page in ipairs(PAGES) do
         local folder = page:match "^(.*/)" or ""
         local text = read(page):gsub("\n```.-\n```", ""):gsub("`[^`\n]+`", "")
         for target in text:gmatch "%]%(([^)%s]+)%)" do
            if not target:find "^%a+:" then
               local path, anchor = target:match "^([^#]*)#?(.*)$"
               path = path == "" and page or (folder .. path):gsub("[^/]+/%.%./", "")
               assert.is_truthy(io.open(path), page .. " -> " .. target):close()
               if anchor ~= "" then
                  assert.is_true(anchors(path)[anchor], page .. " -> " .. target)
               end
               count = count + 1
            end
         end
      end
      assert.is_true(count > 20)
   end)

   it("reach every page of docs from README.md", function()
      local readme = read "README.md"
      local list <close> = assert(io.popen "ls docs/*.md")
      for path in list:lines() do
         assert.is_truthy(readme:find("(" .. path .. ")", 1, true), path)
      end
   end)
end)
