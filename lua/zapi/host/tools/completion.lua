--- `zapibot completion SHELL`: the completion script, to be sourced.

local args = require "zapi.host.cli.args"
local completion = require "zapi.host.cli.completion"

local MORE = [[
bash: source <(zapibot completion bash)       in ~/.bashrc
zsh:  source <(zapibot completion zsh)        in ~/.zshrc, after compinit
fish: zapibot completion fish | source        in ~/.config/fish/config.fish
]]

local _, words = args.parse({...}, {}, MORE)
if #words ~= 1 then
   args.fail("which shell? bash, zsh or fish")
end
local script = completion.script(words[1])
if not script then
   args.fail("there is no completion for '%s' (bash, zsh, fish)", words[1])
end
io.stdout:write(script)
os.exit(0)
