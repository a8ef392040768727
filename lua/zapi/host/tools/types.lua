--- `zapibot types`: the folder of the add-on with the types for editors.

local args = require "zapi.host.cli.args"
local types_folder = require "zapi.host.tools.lib.types_folder"

local MORE = [[
For lua-language-server, in .luarc.json:
  {"workspace.library": ["<this folder>/library"]}
]]

local _, words = args.parse({...}, {}, MORE)
if #words > 0 then
   args.fail("no words expected, got '%s'", words[1])
end
local folder, err = types_folder.find()
if not folder then
   args.stop(1, "%s", err)
end
io.stdout:write(folder, "\n")
os.exit(0)
