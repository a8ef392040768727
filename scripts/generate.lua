-- Run by scripts/generate: writes the generated papers below a folder.
local folder = assert(..., "which folder?")
local files = require("zapi.host.cli.types").files()
files["docs/api.md"] = require("zapi.host.cli.reference").render()

-- config.json belongs to the root of an add-on; here it lies with the types.
files["library/config.json"], files["config.json"] = files["config.json"], nil

for name, text in pairs(files) do
   local file = assert(io.open(folder .. "/" .. name, "w"))
   assert(file:write(text))
   assert(file:close())
end
