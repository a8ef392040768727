--- A conversation with a script in the terminal: a sandbox, the bot, and customers
-- whose words are read line by line. Start reading at M.run; show.lua has how a
-- message looks.

local core = require "zapi.core"
local show = require "zapi.host.chat.show"

local M = {}

local POLL <const> = 0.005
local OUTBOX_PATIENCE <const> = 5 -- seconds for a message that is due and does not leave

---@class zapi.host.Chat
---@field world zapi.testing.World
---@field people table<string, zapi.testing.Person> by name
---@field who zapi.testing.Person who speaks
---@field group zapi.testing.Chat|nil where; nil: alone with the bot
---@field seen integer of the sandbox's feed
---@field shown table<string, table> what was printed of each message, by its id
---@field live boolean a person types
local Chat = {}
Chat.__index = Chat

-- ---- what is printed -------------------------------------------------------

function Chat:prompt()
   if not self.live then return end
   io.stdout:write(self.who.name, self.group and " @ " .. self.group.name or "", "> ")
   io.stdout:flush()
end

-- Above the line that somebody is typing.
function Chat:print(text)
   io.stdout:write(self.live and "\r\27[K" or "", text, "\n")
   io.stdout:flush()
end

-- A person who types sees it already.
function Chat:echo(text)
   if self.live then return end
   self:print(self.who.name .. (self.group and " @ " .. self.group.name or "") .. ": " .. text)
end

local function name_of(self, chat)
   local world = self.world.sandbox.world
   local group = world:find_group(chat)
   if group then return " @ " .. group.name end
   local person = world:find_person(chat)
   return " → " .. (person and person.name or chat)
end

local function here(self) return (self.group or self.who).chat end

-- The lines that a change of a message is worth, or nil.
function Chat:changed(message)
   local before = self.shown[message.id] or {}
   self.shown[message.id] = {
      text = message.text, deleted = message.deleted, error = message.error,
      reaction = show.reaction(message),
   }
   if not message.fromMe then return show.reacted(message, before) end
   if not before.text then return show.message(message) end
   return show.change(message, before)
end

--- Prints what the bot has done since it was last looked.
function Chat:drain()
   local events, last = self.world.sandbox.feed:since(self.seen)
   self.seen = last
   local any = false
   for _, event in ipairs(events) do
      if event.name == "message" or event.name == "update" then
         local message = core.json_decode(event.data)
         local text = self:changed(message)
         if text then
            local where = message.chat ~= here(self) and name_of(self, message.chat) or ""
            self:print("Bot" .. where .. ": " .. text)
            any = true
         end
      end
   end
   return any
end

-- ---- waiting until all is quiet --------------------------------------------

local function has_due(bot)
   for _, client in ipairs(bot.clients or {}) do
      local ok, rows = pcall(function() return client.outbox:each {state = "queued"} end)
      while ok do
         local row = rows()
         if not row then break end
         if (row.at or 0) <= core.now() then return true end
      end
   end
   return false
end

--- Prints what comes, until no handler runs and nothing is on its way.
function Chat:settle()
   local give_up
   while true do
      self:drain()
      if self.world:is_busy() then
         give_up = nil
      elseif has_due(self.world.bot) then
         give_up = give_up or core.hrtime() + OUTBOX_PATIENCE
         if core.hrtime() > give_up then return end
      else
         return self:drain()
      end
      core.sleep(POLL)
   end
end

-- ---- what the customer types -----------------------------------------------

-- What the bot said last and did not delete, or nil.
local function last_said(self)
   local all = self.world.sandbox:messages(here(self))
   for i = #all, 1, -1 do
      if all[i].fromMe and not all[i].deleted then return all[i] end
   end
end

-- "2" means the second button of what the bot said last, if it has buttons.
local function chosen(last, text)
   local item = last and show.items(last)[tonumber(text:match "^%s*(%d+)%s*$")]
   return item and item.id
end

-- In a poll it means the option of that name, else the second one.
local function voted(last, text)
   local names = last and last.poll and last.poll.names
   if not names then return nil end
   local wanted = text:match "^%s*(.-)%s*$"
   for _, name in ipairs(names) do
      if name == wanted then return name end
   end
   return names[tonumber(wanted:match "^%d+$")]
end

local function person(self, name, phone)
   if not self.people[name] then self.people[name] = self.world:person(name, phone) end
   return self.people[name]
end

-- Somebody who speaks in a group is in it.
local function enter(self)
   local sandbox = self.world.sandbox
   local group = self.group and sandbox:find_group(self.group.chat)
   if group and not sandbox.world:is_member(group, self.who.phone) then
      sandbox:join(sandbox.world:find_person(self.who.phone), group)
   end
end

local commands = {}

function commands.as(self, words)
   local name, phone = words:match "^(.-)%s+(%d+)$"
   name = name or words
   if name == "" then error("/as NAME [PHONE]: who speaks from now on", 0) end
   self.who = person(self, name, phone)
   enter(self)
end

function commands.image(self, url)
   if url == "" then url = "https://example.com/foto.jpg" end
   self:echo("[imagem: " .. url .. "]")
   self.who:says({image = url}, self.group)
end

function commands.group(self, name)
   name = name ~= "" and name or "Grupo"
   self.groups[name] = self.groups[name] or self.world:group(name, {self.who}, {self.who})
   self.group = self.groups[name]
   enter(self)
end

function commands.private(self) self.group = nil end

function commands.wait(self, seconds)
   core.sleep(tonumber(seconds) or 1)
   self:drain()
end

function commands.quit(self) self.over = true end

local function say(self, text)
   self:echo(text)
   local last = last_said(self)
   local id, vote = chosen(last, text), voted(last, text)
   if id then return self.who:clicks(id, self.group) end
   if vote then return self.who:votes(vote, self.group) end
   self.who:says(text, self.group)
end

--- One line of the customer: a command of ours, a choice, or something said.
function Chat:take(line)
   line = line:gsub("\r$", "")
   local name, rest = line:match "^/(%l+)%s*(.-)%s*$"
   local fn = name and commands[name]
   if not fn then
      if not line:find "%S" then return end
      fn, rest = say, line:gsub("^//", "/")
   end
   local ok, err = pcall(fn, self, rest)
   if not ok then self:print("zapibot: " .. tostring(err):gsub("^[^\n]-:%d+: ", "")) end
end

-- ---- run -------------------------------------------------------------------

-- While a person types, answers come when they come.
local function follow(self)
   while not self.over do
      self.world.sandbox:wait(1)
      if self:drain() then self:prompt() end
   end
end

local function talk(self, read_line)
   while not self.over do
      self:prompt()
      local line = read_line()
      if not line then break end
      self:take(line)
      if not self.live then self:settle() end
   end
end

--- Talks until the lines end. How many handlers have failed.
---@param world zapi.testing.World
---@param options {live: boolean, read_line: (fun(): string|nil), name: string}
---@return integer failed
function M.run(world, options)
   local self = setmetatable({
      world = world, people = {}, groups = {}, shown = {}, seen = 0, live = options.live,
   }, Chat)
   self.who = person(self, options.name)
   local follower = self.live and core.spawn(follow, self)
   if not self.live then self:settle() end -- what the bot says of itself
   talk(self, options.read_line)
   self.over = true
   if follower then
      follower:cancel()
      io.stdout:write "\n"
   end
   return world.bot.service:stats().failed
end

return M
