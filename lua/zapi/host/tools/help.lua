--- `zapibot help`: the text of --help.

local core = require "zapi.core"

io.stdout:write(core.options.help)
os.exit(0)
