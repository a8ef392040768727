--- docs/api.md: every endpoint, from the table. Written by scripts/generate.

local catalogue = require "zapi.host.cli.catalogue"
local example = require "zapi.host.cli.example"
local json = require "zapi.host.cli.json"

local M = {}

local TITLES = {
   instance = "Instance", messages = "Messages", status = "Status", chats = "Chats",
   contacts = "Contacts", groups = "Groups", communities = "Communities",
   newsletter = "Channels (newsletters)", broadcast = "Broadcast lists",
   business = "Business: catalogue, tags, profile", privacy = "Privacy", calls = "Calls",
   queue = "Queue", webhooks = "Webhooks", mobile = "Mobile instances",
   partner = "Partners: zapi.partner", gateway = "Z-API-INSTANCE: zapi.gateway",
}

local HEAD = [[
# Every endpoint

<!-- Written by scripts/generate from the table in src/api/endpoints; do not edit. -->

%d endpoints. Each is a method of a client: `z:send_text{…}` of `zapi.client`,
`p:create_instance{…}` of `zapi.partner`, `g:get_status{…}` of `zapi.gateway`. A call returns the
reply, or `nil, err`. The same from a shell: `zapibot call NAME key=value …`; `zapibot help NAME`
shows what stands here. An endpoint with one required parameter also takes it alone:
`z:get_contact "5511999990001"`.

In the tables, `a.b` is a field of an object and `a[].b` one of each item of a list; **bold** is
required. *chat* is a number with country code, or the id of a group, lid, channel or broadcast
list; *media* an address or a `data:…;base64,` text; *group*, *newsletter* and *message_id* are ids
that Z-API gives.

]]

local function title_of(section)
   return TITLES[section] or section
end

-- GitHub's way from a heading to its anchor.
local function anchor(heading)
   return (heading:lower():gsub("[^%w%s_-]", ""):gsub("%s", "-"))
end

local function cell(text)
   return (text:gsub("|", "\\|"):gsub("\n", " "):gsub("[<>]", {["<"] = "&lt;", [">"] = "&gt;"}))
end

local function type_cell(field)
   local facts = {catalogue.type_words(field)}
   if field["in"] == "path" or field["in"] == "query" then
      facts[#facts + 1] = field["in"]
   end
   for _, fact in ipairs(catalogue.facts(field)) do
      facts[#facts + 1] = fact
   end
   return cell(table.concat(facts, ", "))
end

-- The fields of what a field holds, and what leads to them.
local function inside(field)
   local brackets, items = field.type == "array" and "[]." or ".*.", field.items
   while items and items.items do
      items, brackets = items.items, "[]" .. brackets
   end
   if items then
      return items.fields, brackets
   end
   return field.fields, "."
end

-- Rows of a table of fields, nested ones below their parent.
local function add_field_rows(out, fields, path)
   for _, f in ipairs(fields or {}) do
      local name = "`" .. path .. f.name .. "`"
      out[#out + 1] = ("| %s | %s | %s |"):format(f.required and "**" .. name .. "**" or name,
         type_cell(f), cell(f.doc or ""))
      local below, step = inside(f)
      add_field_rows(out, below, path .. f.name .. step)
   end
end

local function add_table(out, head, fill)
   local rows = {}
   fill(rows)
   if #rows == 0 then
      return
   end
   out[#out + 1] = ("| %s | type | |"):format(head)
   out[#out + 1] = "|---|---|---|"
   table.move(rows, 1, #rows, #out + 1, out)
   out[#out + 1] = ""
end

local function add_parameters(out, row)
   local elements = catalogue.elements(row)
   add_table(out, "parameter", function(rows)
      add_field_rows(rows, row.params, "")
      if elements then
         rows[#rows + 1] = ("| `[]` | %s | %s |"):format(
            cell(catalogue.type_words(elements)), cell(elements.doc or "an item of the list"))
         add_field_rows(rows, elements.fields, "[].")
      end
   end)
   if row.one_of then
      out[#out + 1] = "Exactly one of `" .. table.concat(row.one_of, "`, `") .. "`.\n"
   end
end

local function add_reply(out, row)
   local reply = row.reply
   if not reply then
      out[#out + 1] = "The reply is empty.\n"
      return
   end
   local items = reply.type == "array" and reply.items or nil
   local path = items and "[]." or ""
   add_table(out, "reply", function(rows)
      if items and not items.fields then
         rows[#rows + 1] = ("| `[]` | %s | %s |"):format(catalogue.type_words(items),
            cell(items.doc or ""))
      end
      add_field_rows(rows, (items or reply).fields, path)
   end)
   if not (items or reply).fields and not items then
      out[#out + 1] = ("The reply: %s%s\n"):format(catalogue.type_words(reply),
         reply.doc and (", " .. reply.doc) or ".")
   elseif reply.doc then
      out[#out + 1] = "The reply: " .. reply.doc .. ".\n"
   end
end

local function add_code(out, language, text)
   out[#out + 1] = "```" .. language .. "\n" .. text .. "\n```\n"
end

local function add_examples(out, row)
   add_code(out, "lua", example.lua(row, example.params(row)))
   add_code(out, "sh", example.shell(row, example.short(row)))
   if row.reply_example ~= nil then
      add_code(out, "json", json.encode(row.reply_example, {order = row.reply}))
   end
end

local function add_notes(out, row)
   local notes = {}
   if #row.requires > 0 then
      notes[#notes + 1] = "requires: " .. table.concat(row.requires, ", ")
   end
   if row.pagination then
      notes[#notes + 1] = ("comes in parts, by %s: `z:each(\"%s\")`, `z:collect`")
         :format(row.pagination, row.name)
   end
   if row.idempotent then
      notes[#notes + 1] = "repeated by itself when an answer fails to come"
   end
   if row.deprecated then
      notes[#notes + 1] = "deprecated"
   end
   for _, limit in ipairs(row.limits) do
      notes[#notes + 1] = cell(limit)
   end
   for _, note in ipairs(notes) do
      out[#out + 1] = "- " .. note
   end
   if #notes > 0 then
      out[#out + 1] = ""
   end
end

local function add_endpoint(out, row)
   local page = catalogue.page(row)
   out[#out + 1] = "### " .. catalogue.full_name(row) .. "\n"
   out[#out + 1] = cell(row.summary) .. "\n"
   local paths = {"`" .. row.method .. " " .. row.path .. "`"}
   for _, alias in ipairs(row.aliases) do
      paths[#paths + 1] = "also `" .. alias .. "`"
   end
   paths[#paths + 1] = page:find "^https" and ("[documentation](%s)"):format(page) or page
   out[#out + 1] = table.concat(paths, " · ") .. "\n"
   add_parameters(out, row)
   add_reply(out, row)
   add_examples(out, row)
   add_notes(out, row)
end

local function add_contents(out, sections)
   for _, section in ipairs(sections) do
      local title, names = title_of(section.name), {}
      for _, row in ipairs(section.rows) do
         local name = catalogue.full_name(row)
         names[#names + 1] = ("[%s](#%s)"):format(name, anchor(name))
      end
      out[#out + 1] = ("- [%s](#%s): %s"):format(title, anchor(title), table.concat(names, ", "))
   end
   out[#out + 1] = ""
end

--- The whole paper.
---@return string
function M.render()
   local rows = catalogue.rows()
   local sections, out = catalogue.sections(rows), {HEAD:format(#rows):sub(1, -2)}
   add_contents(out, sections)
   for _, section in ipairs(sections) do
      out[#out + 1] = "## " .. title_of(section.name) .. "\n"
      for _, row in ipairs(section.rows) do
         add_endpoint(out, row)
      end
   end
   return (table.concat(out, "\n"):gsub("\n+$", "\n"))
end

return M
