--- `zapibot endpoints`: the table of endpoints, for people, as JSON or as an
-- OpenAPI document.

local core = require "zapi.core"
local args = require "zapi.host.cli.args"
local catalogue = require "zapi.host.cli.catalogue"
local json = require "zapi.host.cli.json"
local term = require "zapi.host.cli.term"

local OPTIONS = {
   {"--json", nil, "an array of objects, with all parameters"},
   {"--openapi", nil, "an OpenAPI 3.1 document of all endpoints"},
   {"--section", "NAME", "only this section (messages, groups, …)"},
   {"--scope", "NAME", "only instance, partner or gateway"},
}

local MORE = [[
WORD keeps the endpoints whose name, path, summary or section has it.
`zapibot help NAME` explains one of them.
]]

local FIELD = {"name", "in", "type", "also", "required", "format", "enum", "min", "max", "default",
   "doc", "fields", "items"}
local ROW = {"name", "section", "scope", "method", "path", "host_root", "aliases", "methods",
   "summary", "requires", "idempotent", "pagination", "params", "body", "body_required",
   "body_items", "one_of", "success_when", "reply", "reply_status", "reply_example",
   "request_example", "params_example", "limits", "deprecated", "doc"}

local function copy_in_order(t, names)
   local out = json.object {}
   for _, name in ipairs(names) do
      json.set(out, name, t[name])
   end
   return out
end

local ordered_field

local function ordered_fields(fields)
   local out = core.array {}
   for i, field in ipairs(fields) do
      out[i] = ordered_field(field)
   end
   return out
end

function ordered_field(field)
   local out = copy_in_order(field, FIELD)
   out.fields = field.fields and ordered_fields(field.fields)
   out.items = field.items and ordered_field(field.items)
   return out
end

local function ordered_row(row)
   local out = copy_in_order(row, ROW)
   out.params = ordered_fields(row.params)
   out.body_items = row.body_items and ordered_field(row.body_items)
   out.reply = row.reply and ordered_field(row.reply)
   json.set(out, "pagination", row.pagination or core.null)
   return out
end

local function one_of(given, what, known)
   if not given[what] then
      return nil
   end
   for _, name in ipairs(known) do
      if name == given[what] then
         return name
      end
   end
   args.fail("there is no %s '%s'%s (%s)", what, given[what], args.hint(given[what], known),
      table.concat(known, ", "))
end

local function section_names()
   local names = {}
   for _, section in ipairs(catalogue.sections(catalogue.rows())) do
      names[#names + 1] = section.name
   end
   return names
end

-- Without accents, in any case.
local function has_word(row, word)
   for _, text in ipairs {row.name, row.path, row.summary, row.section} do
      if core.fold(text):find(word, 1, true) then
         return true
      end
   end
   return false
end

local function filtered(given, words)
   local section = one_of(given, "section", section_names())
   local scope = one_of(given, "scope", catalogue.scopes)
   local rows = core.array {}
   for _, row in ipairs(core.endpoints()) do
      local keep = (not section or row.section == section) and (not scope or row.scope == scope)
      for _, word in ipairs(words) do
         keep = keep and has_word(row, core.fold(word))
      end
      if keep then
         rows[#rows + 1] = row
      end
   end
   return rows
end

local function widest(rows, text_of)
   local widest_yet = 0
   for _, row in ipairs(rows) do
      widest_yet = math.max(widest_yet, term.width(text_of(row)))
   end
   return widest_yet
end

local function path_of(row) return row.path end

-- Where there is little room the path goes before the summary does.
local function print_table(rows)
   local columns = term.columns()
   local names, paths = widest(rows, catalogue.full_name), widest(rows, path_of)
   local room = columns and columns - names - paths - 11
   if room and room < 24 then
      paths, room = 0, columns - names - 9
   end
   for _, row in ipairs(rows) do
      local line = term.pad(catalogue.full_name(row), names) .. "  " .. term.pad(row.method, 6)
      if paths > 0 then
         line = line .. " " .. term.pad(row.path, paths)
      end
      local summary = room and term.clip(row.summary, math.max(room, 10)) or row.summary
      io.stdout:write(line, " ", summary, "\n")
   end
end

local function print_json(rows)
   local list = core.array {}
   for i, row in ipairs(rows) do
      list[i] = ordered_row(row)
   end
   json.print(list)
end

local given, words = args.parse({...}, OPTIONS, MORE)
if given.openapi then
   local openapi = require "zapi.host.cli.openapi"
   io.stdout:write(json.encode(openapi.document(core.endpoints()), {pretty = true}), "\n")
   os.exit(0)
end
local rows = filtered(given, words)
if given.json then
   print_json(rows)
elseif #rows == 0 then
   args.stop(1, "no endpoint has '%s'", table.concat(words, " "))
else
   print_table(rows)
end
os.exit(0)
