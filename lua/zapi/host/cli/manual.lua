--- The manual page zapibot(1), from the tables of commands and options: what
-- `zapibot help --man` prints, and packaging/zapibot.1 has a copy of.

local core = require "zapi.core"
local args = require "zapi.host.cli.args"

local M = {}

-- Plain text for roff: nothing in it is a request or an escape.
local function plain(text)
   text = text:gsub("\\", "\\e"):gsub("-", "\\-"):gsub("…", "..."):gsub("'", "\\(aq")
   return (text:gsub("^%.", "\\&."):gsub("\n%.", "\n\\&."))
end

local function sentence(text)
   return plain(text:sub(1, 1):upper() .. text:sub(2)) .. "."
end

local function entry(row)
   local words = row.words ~= "" and "\\fR " .. plain(row.words) or ""
   return (".TP\n.B %s%s\n%s"):format(plain(row.name), words, sentence(row.help))
end

local function commands(out)
   for _, command in ipairs(args.listed "command") do
      out[#out + 1] = entry(command)
   end
end

local function options(out)
   for _, option in ipairs(args.listed "option") do
      out[#out + 1] = entry(option)
      local facts = {}
      if option.default then
         facts[1] = "Default: " .. plain(option.default) .. "."
      end
      if option.variable then
         facts[#facts + 1] = "Variable: \\fB" .. plain(option.variable) .. "\\fR."
      end
      if #facts > 0 then
         out[#out + 1] = table.concat(facts, "\n")
      end
   end
end

local PAGE <const> = [[
.\" Written by scripts/generate from the tables of commands and options.
.TH ZAPIBOT 1 "" "zapibot @version@" "User commands"
.SH NAME
zapibot \- WhatsApp bots in Lua over Z\-API
.SH SYNOPSIS
.B zapibot
.RI [ OPTION ...]
.I SCRIPT.lua
.RI [ ARGUMENT ...]
.br
.B zapibot
.RI [ OPTION ...]
.I COMMAND
\&...
.SH DESCRIPTION
.B zapibot
runs Lua scripts that receive the webhooks of Z\-API and answer in WhatsApp.
What is received and what is to be sent is kept on disk: it outlives the
process.
.B zapibot help
.I NAME
explains a command or an endpoint.
.SH COMMANDS
@commands@
.SH OPTIONS
Options come before the script; what follows it is the script\(aqs.
@options@
.SH ENVIRONMENT
An option of the command line comes before its variable, the variable before
the credentials of a service manager, these before the file of
.B \-\-config
and that before a file
.I .env
beside the script. The variable
.IR NAME _FILE
names a file that holds the value of
.IR NAME .
.TP
.BR ZAPI_INSTANCE_ID ", " ZAPI_TOKEN ", " ZAPI_CLIENT_TOKEN
Credentials of the instance and of the account. They are never options.
.TP
.B ZAPIBOT_WEBHOOK_SECRET
Webhooks arrive at
.IR /webhook/SECRET .
Made at the first start and kept in the data folder when it is not set.
.TP
.B ZAPI_BASE_URL
Whose API is called. Default: https://api.z\-api.io.
.TP
.B ZAPI_CA_FILE
Certificates of authorities, in PEM, instead of the system\(aqs.
.TP
.B CREDENTIALS_DIRECTORY
Set by systemd with
.IR LoadCredential= :
the file
.I zapi_token
in it stands for
.BR ZAPI_TOKEN ,
and so on for every variable.
.TP
.BR LISTEN_FDS ", " NOTIFY_SOCKET ", " WATCHDOG_USEC
Set by systemd: a listening socket that outlives the process, and where it is
told how the process does.
.SH SIGNALS
.TP
.BR SIGTERM ", " SIGINT
No new events are taken; what runs gets ten seconds. Again: ends at once.
.TP
.B SIGHUP
The scripts are loaded anew, when standard error is no terminal.
.SH FILES
.TP
.I .zapibot
The data folder beside the script: database, control socket, webhook secret.
.TP
.I /etc/zapibot
What the service of the Debian package runs:
.I bots
holds the scripts,
.I credentials
a file for each secret (\fItoken\fR is \fBZAPI_TOKEN\fR), and
.I /etc/default/zapibot
variables. Its data folder is
.IR /var/lib/zapibot .
.SH EXIT STATUS
.TP
.B 0
Success.
.TP
.B 1
The script failed.
.TP
.B 2
Wrong usage, or a configuration that cannot be read.
.TP
.B 75
The script\(aqs memory is full; it is to be started anew.
.SH EXAMPLES
.TP
.B zapibot dev echo.lua
Tries a script out against a sandbox, with a chat page.
.TP
.B zapibot run \-\-watch bots/
Runs every script of a folder, and loads each anew when it changes.
.TP
.B zapibot status \-\-data /var/lib/zapibot
How the installed service is doing.
]]

--- The page, in the language of man(7).
---@return string
function M.page()
   local parts = {version = core.version, commands = {}, options = {}}
   commands(parts.commands)
   options(parts.options)
   return (PAGE:gsub("@(%l+)@", function(name)
      local part = parts[name]
      return type(part) == "table" and table.concat(part, "\n") or part
   end))
end

return M
