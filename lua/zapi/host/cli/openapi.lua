--- The table of endpoints as an OpenAPI 3.1 document, for generators of clients
-- and for tools that know nothing of zapibot.

local core = require "zapi.core"
local catalogue = require "zapi.host.cli.catalogue"
local example = require "zapi.host.cli.example"
local json = require "zapi.host.cli.json"

local M = {}

local object, set = json.object, json.set

-- Names of JSON Schema for those of our formats that it knows.
local FORMATS = {url = "uri", email = "email", datetime = "date-time"}

local LIMITS = {
   string = {"minLength", "maxLength"}, array = {"minItems", "maxItems"},
   integer = {"minimum", "maximum"}, number = {"minimum", "maximum"},
}

local function set_type(out, field)
   if field.type == "any" then
      return
   end
   local types = core.array {field.type}
   for _, other in ipairs(field.also or {}) do
      if other == "any" then
         return
      end
      types[#types + 1] = other
   end
   set(out, "type", #types > 1 and types or field.type)
end

-- The table writes every value as text.
local function set_enum(out, field)
   if not field.enum then
      return
   end
   local values = core.array {}
   for i, value in ipairs(field.enum) do
      values[i] = field.type == "string" and value or core.json_decode(value)
   end
   set(out, "enum", values)
end

local schema_of

local function set_members(out, field)
   if field.fields then
      local properties, required = object {}, core.array {}
      for _, f in ipairs(field.fields) do
         set(properties, f.name, schema_of(f))
         required[#required + 1] = f.required and f.name or nil
      end
      set(out, "properties", properties)
      set(out, "required", #required > 0 and required or nil)
   elseif field.items and field.type == "object" then
      set(out, "additionalProperties", schema_of(field.items))
   end
   if field.type == "array" then
      set(out, "items", field.items and schema_of(field.items) or object {})
   end
end

local function set_format(out, field)
   if field.format == "file" then
      set(out, "contentMediaType", "application/octet-stream")
   elseif field.format then
      set(out, "format", FORMATS[field.format])
      set(out, "x-zapi-format", not FORMATS[field.format] and field.format or nil)
   end
end

--- A field of a row as JSON Schema.
---@param field table
---@return table
function schema_of(field)
   local out = object {}
   set_type(out, field)
   set(out, "description", field.doc)
   set_format(out, field)
   set_enum(out, field)
   local names = LIMITS[field.type]
   if names then
      set(out, names[1], field.min and (math.tointeger(field.min) or field.min))
      set(out, names[2], field.max and (math.tointeger(field.max) or field.max))
   end
   set(out, "default", field.default)
   set_members(out, field)
   return out
end

local function full_path(row)
   return row.host_root and row.path or "/instances/{instanceId}/token/{token}" .. row.path
end

local function operation_id(row)
   return (catalogue.full_name(row):gsub("%.", "_"))
end

local function parameters(row)
   local list, values = core.array {}, row.params_example or {}
   if not row.host_root then
      list[1] = object {"$ref", "#/components/parameters/instanceId"}
      list[2] = object {"$ref", "#/components/parameters/token"}
   end
   for _, f in ipairs(row.params) do
      if f["in"] ~= "body" then
         local p = object {"name", f.name, "in", f["in"],
            "required", f["in"] == "path" or f.required, "description", f.doc or f.name,
            "schema", schema_of(f)}
         set(p, "example", values[f.name])
         list[#list + 1] = p
      end
   end
   return #list > 0 and list or nil
end

local function body_schema(row)
   if row.body == "array" then
      return object {"type", "array", "items", schema_of(row.body_items or {type = "any"})}
   end
   local fields = {}
   for _, f in ipairs(row.params) do
      fields[#fields + 1] = f["in"] == "body" and f or nil
   end
   local schema = schema_of {type = "object", fields = fields}
   if row.one_of then
      local choices = core.array {}
      for i, name in ipairs(row.one_of) do
         choices[i] = object {"required", core.array {name}}
      end
      set(schema, "oneOf", choices)
   end
   return schema
end

local function reference(schemas, name, schema)
   set(schemas, name, schema)
   return object {"$ref", "#/components/schemas/" .. name}
end

local function request_body(row, schemas)
   if not row.body then
      return nil
   end
   local media = object {"schema",
      reference(schemas, operation_id(row) .. "_request", body_schema(row))}
   set(media, "example", row.request_example)
   local mime = row.body == "multipart" and "multipart/form-data" or "application/json"
   return object {"required", row.body_required, "content", object {mime, media}}
end

local function responses(row, schemas)
   local good = object {"description", row.reply and row.reply.doc or "done"}
   if row.reply then
      local media = object {"schema",
         reference(schemas, operation_id(row) .. "_reply", schema_of(row.reply))}
      set(media, "example", row.reply_example)
      set(good, "content", object {"application/json", media})
   end
   return object {tostring(row.reply_status or 200), good,
      "default", object {"$ref", "#/components/responses/error"}}
end

local SECURITY = {
   instance = {object {"clientToken", core.array {}}},
   partner = {object {"partnerToken", core.array {}}},
   gateway = {object {"gatewayToken", core.array {}, "gatewaySystem", core.array {}}},
}

local function operation(row, schemas)
   local op = object {"operationId", operation_id(row), "tags", core.array {row.section},
      "summary", row.summary}
   set(op, "description", #row.limits > 0 and "- " .. table.concat(row.limits, "\n- ") or nil)
   if catalogue.page(row):find "^https" then
      set(op, "externalDocs", object {"url", catalogue.page(row)})
   end
   set(op, "parameters", parameters(row))
   set(op, "requestBody", request_body(row, schemas))
   set(op, "responses", responses(row, schemas))
   set(op, "security", core.array(SECURITY[row.scope]))
   set(op, "deprecated", row.deprecated or nil)
   set(op, "x-zapi-name", catalogue.full_name(row))
   set(op, "x-zapi-idempotent", row.idempotent)
   set(op, "x-zapi-pagination", row.pagination)
   local call = catalogue.find(catalogue.full_name(row))
   set(op, "x-codeSamples", core.array {
      object {"lang", "Lua", "source", example.lua(call, example.params(call))},
      object {"lang", "Shell", "source", example.shell(call, example.short(call))},
   })
   return op
end

local function paths(rows, schemas)
   local out = object {}
   for _, row in ipairs(rows) do
      local path = full_path(row)
      if not out[path] then
         set(out, path, object {})
         if row.scope == "gateway" then
            set(out[path], "servers", core.array {object {"url", "https://{host}", "description",
               "a Z-API-INSTANCE server", "variables", object {"host",
                  object {"default", "gateway.example.com"}}}})
         end
      end
      set(out[path], row.method:lower(), operation(row, schemas))
   end
   return out
end

local function path_parameter(name, doc)
   return object {"name", name, "in", "path", "required", true, "description", doc,
      "schema", object {"type", "string"}}
end

local function bearer(doc)
   return object {"type", "http", "scheme", "bearer", "description", doc}
end

local function header_key(name, doc)
   return object {"type", "apiKey", "in", "header", "name", name, "description", doc}
end

local function components(schemas)
   set(schemas, "error", object {"type", "object", "description",
      "What went wrong; a 200 may hold it too", "properties", object {
         "error", object {}, "message", object {"type", "string"}}})
   local media = object {"schema", object {"$ref", "#/components/schemas/error"},
      "example", object {"error", "Instance not found"}}
   return object {
      "securitySchemes", object {
         "clientToken", header_key("Client-Token", "the account's security token"),
         "partnerToken", bearer "the partner token",
         "gatewayToken", bearer "the token of gateway_create_token",
         "gatewaySystem", header_key("X-Sistema-ID", "the number of the system"),
      },
      "parameters", object {
         "instanceId", path_parameter("instanceId", "id of the instance"),
         "token", path_parameter("token", "token of the instance: a secret"),
      },
      "responses", object {
         "error", object {"description", "the call was refused",
            "content", object {"application/json", media}},
      },
      "schemas", schemas,
   }
end

--- The whole document.
---@param rows table[]
---@return table for zapi.host.cli.json
function M.document(rows)
   local schemas, tags = object {}, core.array {}
   for i, section in ipairs(catalogue.sections(rows)) do
      tags[i] = object {"name", section.name}
   end
   local all = paths(rows, schemas)
   return object {
      "openapi", "3.1.0",
      "info", object {
         "title", "Z-API", "version", core.version,
         "summary", "WhatsApp over HTTP: every endpoint that zapibot knows",
         "description", "Written from zapibot's table of endpoints. Credentials stand in the path "
            .. "of an instance and in a header; keep both out of logs.",
         "license", object {"name", "MIT", "identifier", "MIT"},
      },
      "servers", core.array {
         object {"url", "https://api.z-api.io", "description", "Z-API"},
         object {"url", "https://api.plugzapi.com.br", "description", "PlugZapi"},
      },
      "tags", tags,
      "paths", all,
      "components", components(schemas),
   }
end

return M
