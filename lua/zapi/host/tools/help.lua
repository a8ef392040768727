--- `zapibot help [NAME]`: a command, or an endpoint with its parameters and
-- examples. Without a name the text of --help; with --man the manual page.

local core = require "zapi.core"
local args = require "zapi.host.cli.args"
local catalogue = require "zapi.host.cli.catalogue"
local example = require "zapi.host.cli.example"
local term = require "zapi.host.cli.term"

local WIDTH = math.min(term.columns() or 80, 100)

local NEEDS = {
   business = "a WhatsApp Business account", mobile = "a mobile instance",
   multi_device = "multi-device", webhook = "a webhook",
   calls = "an instance with calls", partner_token = "a partner token",
}

local MAKE = {
   instance = "local z = require(\"zapi\").client()",
   partner = "local p = require(\"zapi\").partner()",
   gateway = "local g = require(\"zapi\").gateway()",
}

local out = {}

local function add(...)
   for _, s in ipairs {...} do
      out[#out + 1] = s
   end
end

local function add_field(field, depth)
   local facts = {catalogue.type_words(field), field.required and "required" or nil}
   for _, fact in ipairs(catalogue.facts(field)) do
      facts[#facts + 1] = fact
   end
   local indent = 2 * depth
   local head = (" "):rep(indent) .. field.name .. "  "
   add(term.block(table.concat(facts, ", "), indent + 4, WIDTH, head))
   if field.doc then
      add(term.block(field.doc, indent + 4, WIDTH))
   end
end

local function add_fields(fields, depth)
   for _, field in ipairs(fields or {}) do
      add_field(field, depth)
      add_fields(field.fields, depth + 1)
      local items = field.items
      while items and items.items do
         items = items.items
      end
      add_fields(items and items.fields, depth + 1)
   end
end

local function add_parameters(row)
   local elements = catalogue.elements(row)
   if #row.params == 0 and not elements then
      add("\nNo parameters.\n")
      return
   end
   add("\nParameters:\n")
   add_fields(row.params, 1)
   if elements then
      add(term.block("The parameters are a list; each item: " .. catalogue.type_words(elements)
         .. (elements.doc and (", " .. elements.doc) or ""), 2, WIDTH))
      add_fields(elements.fields, 1)
   end
   if row.one_of then
      add(term.block("Exactly one of: " .. table.concat(row.one_of, ", "), 2, WIDTH))
   end
end

local function add_reply(row)
   local reply = row.reply
   add("\nReply:")
   if not reply then
      add(" nothing\n")
      return
   end
   add(" ", catalogue.type_words(reply), "\n")
   if reply.doc then
      add(term.block(reply.doc, 2, WIDTH))
   end
   add_fields(reply.fields, 1)
   add_fields(reply.items and reply.items.fields, 1)
end

local PAGES = {
   page = "pages", cursor = "a cursor", state = "a state",
}

local function add_notes(row)
   local notes = {}
   for _, need in ipairs(row.requires) do
      notes[#notes + 1] = "needs " .. NEEDS[need]
   end
   if row.pagination then
      notes[#notes + 1] = ("comes in parts, by %s: z:each(\"%s\") and z:collect go through all")
         :format(PAGES[row.pagination], row.name)
   end
   notes[#notes + 1] = row.idempotent and "may be repeated after an unknown outcome"
      or "is never repeated by itself after an unknown outcome"
   if row.deprecated then
      notes[#notes + 1] = "is going to be removed"
   end
   table.move(row.limits, 1, #row.limits, #notes + 1, notes)
   add("\nNotes:\n")
   for _, note in ipairs(notes) do
      add(term.block(note, 4, WIDTH, "  - "))
   end
end

local function add_examples(row)
   local params = example.short(row)
   add("\nIn Lua:\n  ", MAKE[row.scope], "\n  ",
      "local reply, err = " .. example.lua(row, params):gsub("\n", "\n  "), "\n")
   add("\nIn a shell:\n  ", example.shell(row, params), "\n")
   add("\nDocumentation: ", catalogue.page(row), "\n")
end

local function print_endpoint(row)
   add(catalogue.full_name(row), "\n", term.block(row.summary, 2, WIDTH))
   add("\n  ", row.method, " ", row.path, "\n")
   for _, alias in ipairs(row.aliases) do
      add("  or ", alias, "\n")
   end
   add_parameters(row)
   add_reply(row)
   add_notes(row)
   add_examples(row)
   io.stdout:write(table.concat(out))
end

local function unknown(name)
   local names = catalogue.near(name)
   for _, command in ipairs(args.listed "command") do
      names[#names + 1] = command.name
   end
   local near = core.nearest(name, names)
   local list = catalogue.near(name)
   if near and near ~= list[1] then
      table.insert(list, 1, near)
   end
   args.fail("there is no endpoint or command '%s'%s", name, #list > 0
      and "; did you mean " .. table.concat(list, ", ", 1, math.min(#list, 3)) .. "?"
      or " (see zapibot endpoints)")
end

-- A command that is a script explains itself (every tool knows --help).
local function run_help_of(name)
   local text = core.asset("zapi/host/tools/" .. name .. ".lua")
   if text and name ~= core.options.tool then
      core.options.tool = name
      assert(load(text, "@zapi/host/tools/" .. name .. ".lua", "t"))("--help")
   end
end

-- Of those that are no tools.
local MORE <const> = {
   run = [[
A name that ends in .lua runs without the word: zapibot bot.lua. What a bot keeps
lies in .zapibot beside the first script; --data says where else. SIGHUP or
'zapibot reload' takes the new version of its scripts, SIGTERM ends in order.

Options: see zapibot --help.
]],
   dev = [[
Nothing leaves this machine: the sandbox answers in the place of Z-API. Its page,
where you are the customers, is at --listen; the bot has an address of its own.
The script is loaded anew when one of its files changes. What the bot keeps is in
.zapibot/dev beside the script, and stays; the chats go with the process.

  zapibot dev bot.lua
  zapibot dev --listen 127.0.0.1:0 bot.lua     any free port

Options: see zapibot --help.
]],
   sandbox = [[
Z-API on this machine, at --listen, for programs in any language: it prints the
credentials that go with it. Beside the page, people act by HTTP, in JSON:

  POST /__sandbox/people       {"name": "Leo", "phone": "5511999990007"}
  POST /__sandbox/groups       {"name": "Clube", "members": ["5511999990001"]}
  POST /__sandbox/messages     {"from": "5511999990001", "text": "oi"}
                               with "chat": a group; or "image", "button", "vote" …
  POST /__sandbox/connection   {"connected": false}
  GET  /__sandbox/messages?chat=5511999990001
  GET  /__sandbox/state        people, groups, addresses of webhooks
  GET  /__sandbox/journal      the calls that were made

All of it is gone when the process ends.
]],
}

local function print_command(name)
   for _, command in ipairs(args.listed "command") do
      if command.name == name then
         run_help_of(name)
         io.stdout:write("Usage: zapibot ", name, command.words ~= "" and " " or "", command.words,
            "\n\n", command.help:sub(1, 1):upper(), command.help:sub(2), ".\n")
         if MORE[name] then io.stdout:write("\n", MORE[name]) end
         return true
      end
   end
end

local OPTIONS <const> = {{"--man", nil, "prints the manual page zapibot(1)"}}

local words = {...}
if #words == 1 and words[1] == OPTIONS[1][1] then
   io.stdout:write(require("zapi.host.cli.manual").page())
   os.exit(0)
elseif words[1] == "--help" or words[1] == "-h" or #words == 0 then
   io.stdout:write(core.options.help)
   os.exit(0)
elseif #words > 1 then
   args.fail("one name expected: zapibot help NAME")
end
local row = catalogue.find(words[1])
if row then
   print_endpoint(row)
elseif not print_command(words[1]) then
   unknown(words[1])
end
os.exit(0)
