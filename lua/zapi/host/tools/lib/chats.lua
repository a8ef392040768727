--- What `zapibot status --chats` says of a chat beside what waits: the state of its
-- flow, the open question, the person who serves it. These are rows of the bot
-- layer (bot/state.lua, ask.lua, handover.lua), which the data folder gives as bytes.

local core = require "zapi.core"

local M = {}

local function bytes(hex)
   return (hex:gsub("%x%x", function(two) return string.char(tonumber(two, 16)) end))
end

-- A place: the chat, in groups with the person, with several instances with that.
local function place_of(key)
   return key:match "^[^\2]*":match "^([^\1 ]*)[\1 ]?(.*)$"
end

-- What of each kind of row people are shown.
local shown = {
   state = function(row) return {name = row.state, since = row.since, due = row.due} end,
   open = function(row) return {event = row.seq, due = row.due, misses = row.misses} end,
   handover = function(row)
      return {by = row.by, since = row.since, due = row.due, to = row.to, messages = row.count}
   end,
}

local names = {state = "state", open = "question", handover = "handover"}

local function value_of(kept)
   local ok, row = pcall(core.store.unpack, bytes(kept.value))
   return ok and shown[kept.what](row) or {}
end

-- The entry of a chat, made when there is none.
local function entry_of(list, index, automation, chat, person)
   local id = ("%s\0%s\0%s"):format(automation, chat, person)
   local entry = index[id]
   if not entry then
      entry = {chat = chat, automation = automation, waiting = 0}
      entry.person = person ~= "" and person or nil
      list[#list + 1], index[id] = entry, entry
   end
   return entry
end

-- A person who serves a chat does so for all automations.
local function note_handover(list, index, chat, value)
   local found
   for _, entry in ipairs(list) do
      if entry.chat == chat then entry.handover, found = value, true end
   end
   if not found then entry_of(list, index, "", chat, "").handover = value end
end

--- Lays the rows of a reply over its chats.
---@param chats table[] {chat=, automation=, waiting=, oldest_at=}
---@param kept table[] {what=, of=, key=, value=}
---@return table[] chats with state, question and handover; deepest first
function M.merge(chats, kept)
   local list, index = {}, {}
   for i, chat in ipairs(chats) do
      list[i] = chat
      index[("%s\0%s\0"):format(chat.automation, chat.chat)] = chat
   end
   local later = {}
   for _, row in ipairs(kept) do
      local chat, person = place_of(bytes(row.key))
      if row.what == "handover" then
         later[#later + 1] = {chat, value_of(row)}
      else
         entry_of(list, index, row.of, chat, person)[names[row.what]] = value_of(row)
      end
   end
   for _, pair in ipairs(later) do note_handover(list, index, pair[1], pair[2]) end
   return list
end

return M
