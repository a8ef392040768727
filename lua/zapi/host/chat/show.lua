--- How a message of the bot looks in a terminal.

local M = {}

local MEDIA = {
   image = "imagem", audio = "áudio", video = "vídeo", document = "documento",
   sticker = "figurinha",
}

--- What can be chosen, in order: {{id=, label=, description=}, …}.
---@param m table
---@return table[]
function M.items(m) return m.buttons or m.list and m.list.options or {} end

local function media_of(m)
   if not m.media then return nil end
   local what = MEDIA[m.media.kind or m.kind] or m.media.kind or m.kind
   local name = m.media.name and m.media.name .. " " or ""
   return ("[%s: %s%s]"):format(what, name, m.media.url or "?")
end

local function place_of(m)
   local at = m.location
   return at and ("[localização: %s %s,%s]"):format(at.name or "", at.latitude, at.longitude)
end

local function card_of(m)
   return m.contact and ("[contato: %s %s]"):format(m.contact.name, m.contact.phone)
end

--- A message as lines below each other.
---@param m table as the sandbox's view has it
---@return string
function M.message(m)
   local lines = {}
   local function add(text)
      if text and text ~= "" then lines[#lines + 1] = text:gsub("\n", "\n     ") end
   end
   add(media_of(m))
   add(place_of(m))
   add(card_of(m))
   add(m.text)
   if #lines == 0 then add(("[%s]"):format(m.kind)) end
   if m.list then add(("[%s]"):format(m.list.button)) end
   for i, item in ipairs(M.items(m)) do
      local more = item.description and " (" .. item.description .. ")" or ""
      add(("%d. %s%s"):format(i, item.label, more))
   end
   if m.error then add("! " .. m.error) end
   return table.concat(lines, "\n     ")
end

--- The bot's own reaction, or "".
---@param m table
---@return string
function M.reaction(m)
   for _, reaction in ipairs(m.reactions or {}) do
      if reaction.by == "me" then return reaction.value end
   end
   return ""
end

--- The bot reacts to what somebody wrote.
---@param m table
---@param before table
---@return string|nil
function M.reacted(m, before)
   local now = M.reaction(m)
   if m.deleted and not before.deleted then return ("[apagou: %s]"):format(m.text) end
   if now == (before.reaction or "") then return nil end
   return now ~= "" and ("[reagiu %s: %s]"):format(now, m.text) or "[retirou a reação]"
end

--- A message of the bot has changed.
---@param m table
---@param before table
---@return string|nil
function M.change(m, before)
   if m.deleted and not before.deleted then return ("[apagou: %s]"):format(before.text) end
   if m.error and not before.error then return ("[não entregue: %s]"):format(m.error) end
   if m.text ~= before.text then return "[editou] " .. m.text end
   return nil
end

return M
