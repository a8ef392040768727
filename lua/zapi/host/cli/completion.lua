--- Completion of the command line for bash, zsh and fish. Everything comes from
-- the tables of commands, options and endpoints; the scripts ask nobody when
-- they run.

local core = require "zapi.core"
local args = require "zapi.host.cli.args"
local catalogue = require "zapi.host.cli.catalogue"
local templates = require "zapi.host.init.templates"

local M = {}

-- ---- what there is to complete ---------------------------------------------

local function names_of(list)
   local names = {}
   for i, item in ipairs(list) do
      names[i] = item.name
   end
   return names
end

-- "order.tax=" and "phones[]=": what may stand before a value.
local function add_keys(keys, fields, path)
   for _, f in ipairs(fields or {}) do
      local key = path .. f.name
      if f.type == "object" and f.fields then
         add_keys(keys, f.fields, key .. ".")
      elseif f.type == "array" and f.items and f.items.fields then
         add_keys(keys, f.items.fields, key .. "[0].")
      else
         keys[#keys + 1] = {name = key .. (f.type == "array" and "[]" or ""), field = f}
      end
   end
end

local function keys_of(row)
   local keys = {}
   add_keys(keys, row.params, "")
   if row.body == "array" and row.body_items then
      if row.body_items.fields then
         add_keys(keys, row.body_items.fields, "[0].")
      else
         keys[#keys + 1] = {name = "[]", field = row.body_items}
      end
   end
   return keys
end

local function values_of(field)
   local one = field.type == "array" and field.items or field
   return one.enum or one.type == "boolean" and {"true", "false"} or nil
end

-- The same list is often that of many endpoints; one case for all of them.
local function grouped(list_of)
   local groups, by_list = {}, {}
   for _, row in ipairs(catalogue.rows()) do
      for _, entry in ipairs(list_of(row)) do
         local text = table.concat(entry.words, " ")
         if text ~= "" then
            local group = by_list[text]
            if not group then
               group = {names = {}, words = text}
               by_list[text] = group
               groups[#groups + 1] = group
            end
            table.insert(group.names, entry.name)
         end
      end
   end
   return groups
end

local function key_groups()
   return grouped(function(row)
      local words = {}
      for i, key in ipairs(keys_of(row)) do
         words[i] = key.name .. "="
      end
      return {{name = catalogue.full_name(row), words = words}}
   end)
end

local function value_groups()
   return grouped(function(row)
      local entries = {}
      for _, key in ipairs(keys_of(row)) do
         entries[#entries + 1] = {name = catalogue.full_name(row) .. ":" .. key.name,
            words = values_of(key.field) or {}}
      end
      return entries
   end)
end

local function with(list, more)
   local copy = table.move(list, 1, #list, 1, {})
   return table.concat(table.move(more, 1, #more, #copy + 1, copy), " ")
end

-- The words that a template names, joined by blanks.
local function lists()
   local commands, endpoints = names_of(args.listed "command"), catalogue.names()
   local sections = names_of(catalogue.sections(catalogue.rows()))
   return {
      commands = table.concat(commands, " "),
      options = table.concat(names_of(args.listed "option"), " "),
      endpoints = table.concat(endpoints, " "),
      help = with(commands, endpoints),
      sections = table.concat(sections, " "),
      scopes = table.concat(catalogue.scopes, " "),
      kinds = table.concat(templates.kinds, " "),
   }
end

-- ---- bash and zsh ----------------------------------------------------------

local function posix_case(groups)
   local lines = {}
   for _, group in ipairs(groups) do
      local names = {}
      for i, name in ipairs(group.names) do
         names[i] = "'" .. name .. "'"
      end
      lines[#lines + 1] = ("    %s) echo '%s' ;;"):format(table.concat(names, "|"), group.words)
   end
   return table.concat(lines, "\n")
end

local function posix_tools()
   local lines = {}
   for _, command in ipairs(args.listed "command") do
      local options = args.options_of(command.name)
      if #options > 0 then
         lines[#lines + 1] = ("    %s) echo '%s' ;;"):format(command.name,
            table.concat(options, " "))
      end
   end
   return table.concat(lines, "\n")
end

-- What both shells have in common. _zapibot_words WORD… prints what may follow
-- these words; the last is the one before the cursor's.
local POSIX = [=[
_zapibot_keys() {
    case $1 in
@keys@
    esac
}

_zapibot_values() {
    case $1:$2 in
@values@
    esac
}

_zapibot_tool_options() {
    case $1 in
@tools@
    *) echo '@options@' ;;
    esac
}

# The command is the first word that is one.
_zapibot_words() {
    local command='' name='' word last=''
    for word in "$@"; do
        if [ -z "$command" ]; then
            case " @commands@ " in *" $word "*) command=$word ;; esac
        elif [ -z "$name" ]; then
            case $word in -*) ;; *) name=$word ;; esac
        fi
        last=$word
    done
    case $command:$last in
    endpoints:--section) echo '@sections@' ;;
    endpoints:--scope) echo '@scopes@' ;;
    call:*)
        if [ -z "$name" ]; then echo '@endpoints@'; else _zapibot_keys "$name"; fi
        _zapibot_tool_options call
        ;;
    help:*) [ -n "$name" ] || echo '@help@' ;;
    completion:*) [ -n "$name" ] || echo 'bash zsh fish' ;;
    init:*) [ -n "$name" ] || echo '@kinds@'; _zapibot_tool_options init ;;
    :*) echo '@commands@ @options@' ;;
    *) _zapibot_tool_options "$command" ;;
    esac
}

# The endpoint of `zapibot … call NAME …`.
_zapibot_called() {
    local word seen=''
    for word in "$@"; do
        if [ "$seen" ]; then
            case $word in -*) ;; *) echo "$word" && return ;; esac
        elif [ "$word" = call ]; then
            seen=1
        fi
    done
}
]=]

local BASH = [=[
# bash completion of zapibot:  source <(zapibot completion bash)
@posix@
_zapibot() {
    local cur=${COMP_WORDS[COMP_CWORD]} key='' line
    local words=("${COMP_WORDS[@]:1:COMP_CWORD-1}")
    COMPREPLY=()
    # bash parts words at '=': key, =, value
    if [ "$cur" = = ]; then
        key=${COMP_WORDS[COMP_CWORD - 1]} cur=''
    elif [ "${COMP_WORDS[COMP_CWORD - 1]}" = = ]; then
        key=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    if [ "$key" ]; then
        line=$(_zapibot_values "$(_zapibot_called "${words[@]}")" "$key")
    else
        line=$(_zapibot_words "${words[@]}" | tr '\n' ' ')
    fi
    mapfile -t COMPREPLY < <(compgen -W "$line" -- "$cur")
    case ${COMPREPLY[0]-} in *=) compopt -o nospace 2>/dev/null ;; esac
}
complete -o default -o bashdefault -F _zapibot zapibot
]=]

local ZSH = [=[
#compdef zapibot
# zsh completion of zapibot:  source <(zapibot completion zsh)
@posix@
_zapibot() {
    local cur=${words[CURRENT]} key name
    local -a before list
    before=("${(@)words[2,CURRENT-1]}")
    if [[ $cur == *=* ]]; then
        key=${cur%%=*}
        name=$(_zapibot_called "${before[@]}")
        list=(${=$(_zapibot_values "$name" "$key")})
        compadd -P "$key=" -- $list
        return
    fi
    list=(${=$(_zapibot_words "${before[@]}")})
    compadd -S '' -- ${(M)list:#*=}
    compadd -- ${list:#*=}
    if (( ! ${before[(I)call]} && ! ${before[(I)help]} )); then _files; fi
}
# In a folder of $fpath this file is the function; sourced, it is not.
if [ "$funcstack[1]" = _zapibot ]; then _zapibot; else compdef _zapibot zapibot; fi
]=]

-- ---- fish ------------------------------------------------------------------

local function fish_case(groups)
   local lines = {}
   for _, group in ipairs(groups) do
      local names = {}
      for i, name in ipairs(group.names) do
         names[i] = "'" .. name .. "'"
      end
      local words = group.words:gsub("%S+", "'%0'")
      lines[#lines + 1] = ("        case %s\n            printf '%%s\\n' %s")
         :format(table.concat(names, " "), words)
   end
   return table.concat(lines, "\n")
end

local function fish_lines()
   local lines = {}
   local function add(fmt, ...)
      lines[#lines + 1] = "complete -c zapibot " .. fmt:format(...)
   end
   local function quote(s)
      return "'" .. s:gsub("[\\']", "\\%0") .. "'"
   end
   for _, command in ipairs(args.listed "command") do
      add("-n __fish_use_subcommand -a %s -d %s", command.name, quote(command.help))
      for _, option in ipairs(args.options_of(command.name)) do
         add("-n '__fish_seen_subcommand_from %s' -l %s", command.name, option:sub(3))
      end
   end
   for _, option in ipairs(args.listed "option") do
      add("-n __fish_use_subcommand -l %s -d %s%s", option.name:sub(3), quote(option.help),
         option.words ~= "" and " -r" or "")
   end
   for _, row in ipairs(catalogue.rows()) do
      add("-f -n '__zapibot_wants_name' -a %s -d %s", catalogue.full_name(row), quote(row.summary))
   end
   return table.concat(lines, "\n")
end

local FISH = [=[
# fish completion of zapibot:  zapibot completion fish | source
function __zapibot_keys
    switch $argv[1]
@keys@
    end
end

function __zapibot_values
    switch $argv[1]
@values@
    end
end

# The words after the command that are no options.
function __zapibot_given
    set -l seen 0
    for word in (commandline -opc)[2..-1]
        if test $seen = 1
            string match -q -- '-*' $word; or echo $word
        else if test $word = $argv[1]
            set seen 1
        end
    end
end

function __zapibot_wants_name
    __fish_seen_subcommand_from call; and test (count (__zapibot_given call)) -eq 0; and return 0
    __zapibot_wants_topic
end

function __zapibot_wants_topic
    __fish_seen_subcommand_from help; and test (count (__zapibot_given help)) -eq 0
end

function __zapibot_wants_parameter
    __fish_seen_subcommand_from call; and test (count (__zapibot_given call)) -gt 0
end

function __zapibot_parameters
    set -l given (__zapibot_given call)
    set -l key (string match -r '^[^=]+(?==)' -- (commandline -ct))
    if test -n "$key"
        for value in (__zapibot_values $given[1]:$key)
            echo $key=$value
        end
    else
        __zapibot_keys $given[1]
    end
end

@lines@
complete -c zapibot -f -n __zapibot_wants_topic -a '@commands@'
complete -c zapibot -f -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'
complete -c zapibot -n '__fish_seen_subcommand_from init' -a '@kinds@'
complete -c zapibot -n '__fish_seen_subcommand_from endpoints' -x -l section -a '@sections@'
complete -c zapibot -n '__fish_seen_subcommand_from endpoints' -x -l scope -a '@scopes@'
complete -c zapibot -f -n __zapibot_wants_parameter -a '(__zapibot_parameters)'
]=]
-- ---- the scripts -----------------------------------------------------------

local function fill(template, parts)
   return (template:gsub("@(%l+)@", parts))
end

local function posix()
   local parts = lists()
   parts.keys, parts.values = posix_case(key_groups()), posix_case(value_groups())
   parts.tools = posix_tools()
   return fill(POSIX, parts)
end

local makers = {
   bash = function() return fill(BASH, {posix = posix()}) end,
   zsh = function() return fill(ZSH, {posix = posix()}) end,
   fish = function()
      local parts = lists()
      parts.keys, parts.values = fish_case(key_groups()), fish_case(value_groups())
      parts.lines = fish_lines()
      return fill(FISH, parts)
   end,
}

M.shells = core.array {"bash", "zsh", "fish"}

--- The script of a shell, or nil.
---@param shell string
---@return string|nil
function M.script(shell)
   return makers[shell] and makers[shell]()
end

return M
