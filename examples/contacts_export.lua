-- Writes the address book as a table that Excel opens, with the chats' state:
--
--    zapibot examples/contacts_export.lua contatos.csv
--
-- "-" writes to the terminal. Excel in Brazil wants ";" and a byte order mark.
local zapi = require "zapi"

local path = ...
if not path then
   io.stderr:write "usage: contacts_export.lua FILE.csv\n"
   os.exit(2)
end

-- A cell: quoted when it has to be. What begins like a formula is told to be
-- text, because a contact chooses the own name and Excel runs what it finds.
local function cell(value)
   local text = tostring(value or "")
   if text:find "^[=+@\t\r-]" then text = "'" .. text end
   if text:find '[;"\r\n]' then text = '"' .. text:gsub('"', '""') .. '"' end
   return text
end

local function line(...)
   local cells = table.pack(...)
   for i = 1, cells.n do cells[i] = cell(cells[i]) end
   return table.concat(cells, ";", 1, cells.n) .. "\r\n"
end

-- "1735689600000" (milliseconds) or "1735689600" (seconds) as a day.
local function day(time)
   local n = tonumber(time)
   if not n or n == 0 then return "" end
   return os.date("%d/%m/%Y", n > 1e11 and n // 1000 or n)
end

local z = zapi.client()

local chats = {}
for chat in z:each "list_chats" do chats[chat.phone] = chat end

local lines = {"\u{FEFF}" .. line("telefone", "nome", "apelido", "não lidas", "última conversa")}
for contact in z:each "list_contacts" do
   local chat = chats[contact.phone] or {}
   lines[#lines + 1] = line(contact.phone, contact.name or contact.vname, contact.notify,
      chat.unread or 0, day(chat.lastMessageTime))
end

if path == "-" then
   io.write(table.concat(lines))
   return
end
local file = assert(io.open(path, "wb"))
assert(file:write(table.concat(lines)))
assert(file:close())
print(("%d contatos em %s"):format(#lines - 1, path))
