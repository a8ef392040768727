--- `zapibot call [scope.]NAME key=value …`: one endpoint from the shell.
-- stdout has the reply as JSON and nothing else; what went wrong is on stderr.

local core = require "zapi.core"
local args = require "zapi.host.cli.args"
local assign = require "zapi.host.cli.assign"
local catalogue = require "zapi.host.cli.catalogue"
local json = require "zapi.host.cli.json"
local mask = require "zapi.host.cli.mask"
local zapi = require "zapi"

local OPTIONS = {
   {"--json", "TABLE", "all parameters as JSON; @FILE reads a file, - stdin"},
   {"--dry-run", nil, "print the request instead of sending it"},
   {"--show-secrets", nil, "print tokens, codes and passwords too"},
}

local MORE = [[
Parameters:
  key=value            a field; its type follows the endpoint
  key.sub=value        a field of an object
  list[]=value         one more item of a list
  list[0].sub=value    a field of an item, from 0
  key:=JSON            any JSON

`zapibot help NAME` tells the parameters of an endpoint. Credentials come from
the environment or from .env in the current folder.

Exit codes: 0 success, 1 the API said no, 2 wrong usage, 3 network.
]]

local FAILED, NETWORK = 1, 3

local function read_all(source)
   if source == "-" then
      return io.read "a"
   end
   local path = source:match "^@(.+)$"
   if not path then
      return source
   end
   local file, err = io.open(path, "rb")
   if not file then
      args.fail("cannot read %s", err)
   end
   local text = file:read "a"
   file:close()
   return text
end

local function parameters(row, given, words)
   local params = {}
   if given.json then
      local value, err = core.json_decode(read_all(given.json), {null = true})
      if value == nil then
         args.fail("--json: not JSON: %s", err.message)
      elseif type(value) ~= "table" then
         args.fail("--json: an object or a list expected")
      end
      params = value
   end
   local _, err = assign.apply(params, row, words)
   if err then
      args.fail("%s", err)
   end
   return params
end

local function find_row(name)
   if not name then
      args.fail("which endpoint? See zapibot endpoints")
   end
   local row = catalogue.find(name)
   if not row then
      local near = catalogue.near(name)
      args.fail("there is no endpoint '%s'%s", name,
         #near > 0 and "; did you mean " .. table.concat(near, ", ") .. "?" or "")
   end
   return row
end

-- What stands for credentials that are not there, where nothing is sent.
local NOBODY = {
   instance = {instance = "INSTANCE", token = "TOKEN"},
   partner = {token = "TOKEN"},
   gateway = {url = "http://gateway.invalid", api_key = "KEY", system_id = "1"},
}

-- What zapi.client says about credentials goes to a person here.
local function make_client(row, dry)
   local make = row.scope == "instance" and zapi.client or zapi[row.scope]
   local ok, client = pcall(make, {})
   if not ok and dry then
      ok, client = pcall(make, NOBODY[row.scope])
   end
   if not ok then
      args.fail("%s", (tostring(client):gsub("^[^\n]-:%d+: ", "")))
   end
   return client
end

-- Misuse throws, with the place of this script in front.
local function checked(fn, ...)
   local got = table.pack(pcall(fn, ...))
   if not got[1] then
      args.fail("%s", (tostring(got[2]):gsub("^[^\n]-:%d+: ", "")))
   end
   return table.unpack(got, 2, got.n)
end

local function dry_run(client, row, params, show)
   local request = checked(client.build, client, row.name, params)
   local body = request.body
   if type(body) == "string" then
      local decoded = core.json_decode(body, {null = true})
      request.body = decoded == nil and body or decoded
   end
   if not show then
      request = mask.request(request, catalogue.full_name(row))
   end
   local fields = json.object {"method", request.method, "url", request.url,
      "headers", request.headers, "body", request.body == nil and core.null or request.body}
   json.print(fields, {type = "object", fields = {{name = "body", type = "object",
      fields = row.params, items = row.body_items}}})
end

local function what_to_do(kind)
   for _, row in ipairs(core.error_kinds()) do
      if row.kind == kind then
         return row.doc
      end
   end
end

local function fail_with(err)
   local text = json.object {"kind", err.kind, "message", mask.text(err.message),
      "what_to_do", what_to_do(err.kind)}
   for _, name in ipairs {"status", "outcome", "retryable", "retry_after", "endpoint"} do
      json.set(text, name, err[name])
   end
   io.stderr:write(json.encode(text), "\n")
   local network = not err.status and (err.kind:find "^net%." or err.kind == "send.unknown")
   os.exit(network and NETWORK or FAILED)
end

local function run(words)
   local given, rest = args.parse(words, OPTIONS, MORE)
   local row = find_row(table.remove(rest, 1))
   local params = parameters(row, given, rest)
   local client, show = make_client(row, given["dry-run"]), given["show-secrets"]
   if given["dry-run"] then
      dry_run(client, row, params, show)
      os.exit(0)
   end
   local reply, err = checked(client.call, client, row.name, params)
   if reply == nil then
      fail_with(err)
   end
   json.print(show and reply or mask.reply(reply, catalogue.full_name(row)), row.reply)
   os.exit(0)
end

run {...}
