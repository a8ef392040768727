--- From what a script wants to say to a call of Z-API, and the message that
--- comes of it. Start reading at M.encode.
local core = require "zapi.core"
local check = require "zapi.bot.check"

check.ours()

local M = {}

---@class zapi.msg
---@field text? string alone, or the text above buttons and lists
---@field image? string|zapi.Media URL, data: URI, or a file: zapi.media.file(path)
---@field audio? string|zapi.Media
---@field video? string|zapi.Media
---@field document? string|zapi.Media
---@field location? {latitude: number, longitude: number, title: string, address?: string}
---@field buttons? (string|{id: string, label: string})[] ids are the labels if left out
---@field list? {title: string, button: string, options: table}
---@field poll? string[] the options, at most 12, below the text: {"Sim", "Não"}
---@field max? integer options of a poll that one person may choose (1; 0: all)
---@field caption? string under an image, video or document
---@field filename? string of a document; its extension counts
---@field extension? string of a document, when filename and address do not tell it
---@field mentioned? (string|zapi.contact)[]|"all" with text only
---@field quote? boolean answer this message visibly
---@field typing? number seconds of "typing…" before a text, "recording…" before audio
---@field delay? number seconds before the next message, 1 to 15

local keys = {
   text = "string|number", image = "string|userdata", audio = "string|userdata",
   video = "string|userdata", document = "string|userdata", location = "table",
   buttons = "table", list = "table", poll = "table", max = "number",
   caption = "string", filename = "string", extension = "string",
   mentioned = "table|string", quote = "boolean", typing = "number", delay = "number",
}
M.keys = keys

-- ---- one function per content: msg -> endpoint, params ----

local encoders = {}

local function text_of(msg, what)
   local s = msg.text and tostring(msg.text) or ""
   if not s:find("%S") then check.fail("%s needs a 'text' that is not empty", what) end
   return s
end

local function mentioned_of(list)
   local ids = {}
   for i, who in ipairs(list) do
      ids[i] = type(who) == "table" and (who.phone or who.lid) or who
      check.type(ids[i], "string", i, "mentioned")
   end
   return ids
end

function encoders.text(msg)
   local params = {message = text_of(msg, "a message"), delayTyping = msg.typing}
   if msg.mentioned == "all" then
      params.mentionAll = true
   elseif msg.mentioned then
      check.type(msg.mentioned, "table", "mentioned", "a message")
      params.mentioned = mentioned_of(msg.mentioned)
   end
   return "send_text", params
end

function encoders.image(msg)
   return "send_image", {image = msg.image, caption = msg.caption}
end

function encoders.video(msg)
   return "send_video", {video = msg.video, caption = msg.caption}
end

function encoders.audio(msg)
   return "send_audio", {audio = msg.audio, delayTyping = msg.typing}
end

function encoders.document(msg)
   return "send_document", {
      document = msg.document, extension = msg.extension,
      fileName = msg.filename, caption = msg.caption,
   }
end

local function coordinate(place, name, most)
   local n = tonumber(place[name])
   if not n or n ~= n or math.abs(n) > most then
      check.fail("bad 'location.%s' (number from -%d to %d expected)", name, most, most)
   end
   return ("%.7f"):format(n):gsub("0+$", ""):gsub("%.$", "")
end

function encoders.location(msg)
   local place = check.options(msg.location, {
      latitude = "number|string", longitude = "number|string",
      title = "string", address = "string",
   }, "location")
   if not place.title then check.fail("a location needs a 'title'") end
   return "send_location", {
      latitude = (coordinate(place, "latitude", 90)),
      longitude = (coordinate(place, "longitude", 180)),
      title = place.title, address = place.address or place.title,
   }
end

-- Buttons and rows of lists: strings or {id=, label=}; ids must differ, as a
-- choice is known by its id.
local function items_of(list, what, allowed, make)
   local seen, items = {}, {}
   if #list == 0 then check.fail("'%s' is empty", what) end
   for i, item in ipairs(list) do
      if type(item) ~= "table" then item = {label = tostring(item)} end
      check.options(item, allowed, what .. "[" .. i .. "]")
      local label = item.label or item.title
      if not label or label == "" then check.fail("'%s[%d]' needs a 'label'", what, i) end
      local id = tostring(item.id or label)
      if seen[id] then check.fail("two of '%s' have the id '%s'", what, id) end
      seen[id] = true
      items[i] = make(id, label, item)
   end
   return items
end

function encoders.buttons(msg)
   local allowed = {id = "string|number", label = "string"}
   local buttons = items_of(msg.buttons, "buttons", allowed, function(id, label)
      return {id = id, label = label}
   end)
   return "send_button_list", {
      message = text_of(msg, "a message with buttons"),
      buttonList = {image = msg.image, video = msg.video, buttons = buttons},
   }
end

function encoders.list(msg)
   local list = check.options(msg.list,
      {title = "string", button = "string", options = "table"}, "list")
   if not list.options then check.fail("a list needs 'options'") end
   local allowed = {
      id = "string|number", label = "string", title = "string", description = "string",
   }
   local options = items_of(list.options, "list.options", allowed, function(id, label, item)
      return {id = id, title = label, description = item.description}
   end)
   return "send_option_list", {
      message = text_of(msg, "a message with a list"),
      optionList = {
         title = list.title or "Opções", buttonLabel = list.button or "Ver opções",
         options = options,
      },
   }
end

-- WhatsApp takes no more, and knows an option by its text.
local MOST_OPTIONS <const> = 12

function encoders.poll(msg)
   local options, seen = {}, {}
   for i, name in ipairs(msg.poll) do
      check.type(name, "string|number", i, "poll")
      name = tostring(name)
      if seen[name] then check.fail("two options of the poll are '%s'", name) end
      seen[name], options[i] = true, {name = name}
   end
   if #options < 2 or #options > MOST_OPTIONS then
      check.fail("a poll has 2 to %d options (got %d)", MOST_OPTIONS, #options)
   end
   local max = msg.max or 1
   return "send_poll", {
      message = text_of(msg, "a message with a poll"), poll = options,
      pollMaxOptions = max ~= 0 and max or nil,
   }
end

-- ---- which content it is, and what may stand beside it ----

local contents = {"list", "buttons", "poll", "location", "document", "audio", "video", "image"}

local beside = {
   text = {typing = true, mentioned = true, quote = true},
   image = {caption = true, quote = true},
   video = {caption = true, quote = true},
   audio = {typing = true, quote = true},
   document = {caption = true, filename = true, extension = true, quote = true},
   location = {quote = true},
   buttons = {text = true, image = true, video = true},
   list = {text = true},
   poll = {text = true, max = true},
}

local function content_of(msg)
   for _, name in ipairs(contents) do
      if msg[name] then return name end
   end
   if msg.text then return "text" end
   return check.fail("the message has no content: give a text, image, audio, video, "
      .. "document, location, buttons, list or poll")
end

local function check_beside(msg, content)
   local allowed = beside[content]
   for name in pairs(msg) do
      if name ~= content and name ~= "delay" and not allowed[name] and msg[name] ~= false then
         local hint = name == "text" and allowed.caption and "; did you mean 'caption'?" or ""
         check.fail("'%s' does not go with '%s' in one message%s", name, content, hint)
      end
   end
   if msg.image and msg.video then
      check.fail("buttons take an 'image' or a 'video', not both")
   end
end

-- A text, or a msg with the options laid over it; never the script's own table.
local function whole(msg, options)
   if type(msg) == "string" or type(msg) == "number" then msg = {text = msg} end
   if type(msg) ~= "table" then
      check.fail("bad message (text or table expected, got %s)", type(msg))
   end
   check.options(msg, keys, "a message")
   local copy = {}
   for k, v in pairs(msg) do copy[k] = v end
   for k, v in pairs(check.options(options, keys, "a message")) do copy[k] = v end
   return copy
end

--- The call that sends `msg`: endpoint, params without the chat, wants to quote
--- (nil: not said), content.
---@param msg string|number|zapi.msg
---@param options? zapi.msg laid over it
---@return string, table, boolean|nil, string
function M.encode(msg, options)
   if type(msg) == "string" and options == nil and msg:find("%S") then
      return "send_text", {message = msg}, nil, "text" -- most answers: no copies
   end
   msg = whole(msg, options)
   local content = content_of(msg)
   check_beside(msg, content)
   local endpoint, params = encoders[content](msg)
   params.delayMessage = msg.delay
   return endpoint, params, msg.quote, content
end

--- Can this content stand as an answer to a message?
function M.quotable(content)
   return beside[content].quote or false
end

--- Can this content be preceded by "typing…"?
function M.types(content)
   return beside[content].typing or false
end

--- Throws what a call threw as misuse, at the script's line.
function M.misuse(err)
   if type(err) ~= "string" then error(err, 0) end
   return check.fail("%s", (err:gsub("^[^\n:]+:%d+: ", "")))
end

--- Calls the API and throws what goes wrong: misuse at the script's line, a
--- failed call as its error object.
function M.call(client, endpoint, params)
   local ok, reply, err = pcall(client[endpoint], client, params)
   if not ok then M.misuse(reply) end
   if reply == nil or reply == false then error(err, 0) end
   return reply
end

-- ---- the message that was sent ----

---@class zapi.Message
---@field id? string Z-API's messageId; nil until it was accepted
---@field key? string
---@field state string as last known: "queued", "accepted", "sent", "received",
---   "read", "played", "failed", "unknown", "expired", "cancelled"; m:wait brings
---   it up to date
---@field chat string
local Message = {}
Message.__index = Message
Message.__name = "zapi.Message"

function Message:__tostring()
   return ("zapi.Message (%s, %s)"):format(self.id or "no id", self.state)
end

local edits = {
   send_text = {"editMessageId", "message"},
   send_image = {"editImageMessageId", "caption"},
   send_video = {"editVideoMessageId", "caption"},
   send_document = {"editDocumentMessageId", "caption"},
}

local function need_id(self)
   if self.id then return end
   check.fail("the message has not left yet (it is %s): wait with m:wait(\"accepted\", seconds), "
      .. "or cancel it: z.outbox:cancel", self.state)
end

--- Replaces its text (of a picture, video or document: the caption). Throws.
---@param text string
function Message:edit(text)
   need_id(self)
   local how = edits[self._endpoint]
   if not how then
      check.fail("a message sent by %s cannot be edited", self._endpoint)
   end
   local params = {}
   for k, v in pairs(self._params) do params[k] = v end
   params.messageId, params.delayTyping, params.delayMessage = nil, nil, nil
   params[how[1]] = self.id
   params[how[2]] = text_of({text = text}, "an edit")
   M.call(self._client, self._endpoint, params)
   self._params[how[2]] = params[how[2]]
   return self
end

--- Deletes it for everybody. Throws.
function Message:delete()
   need_id(self)
   M.call(self._client, "delete_message", {messageId = self.id, phone = self.chat, owner = true})
   self.state = "deleted"
   return self
end

local waitable = {
   accepted = true, sent = true, received = true, read = true, played = true,
}

--- Waits until the message has reached a state (or one beyond it): the state it
--- is in; nil and an error when it never will; nil and "timeout". For bots whose
--- data are on disk.
---@param state "accepted"|"sent"|"received"|"read"|"played"
---@param seconds number
---@return string|nil state
---@return zapi.Error|"timeout"|nil err
function Message:wait(state, seconds)
   if not waitable[state] then
      check.fail("bad state to m:wait (accepted, sent, received, read or played expected)")
   end
   check.type(seconds, "number", "seconds", "m:wait")
   if self.state == "cancelled" then return nil, self._error end
   if not self._sends then
      check.fail("m:wait needs a bot that keeps its data on disk (ZAPIBOT_DATA is \"memory\")")
   end
   if not self._row then
      check.fail("the message is stored when its handler has ended well: there is nothing to "
         .. "wait for before")
   end
   return self._sends:wait(self, state, seconds)
end

local abandoned

--- `fn(message)` is told of one whose task was cancelled in the middle of its call.
function M.on_abandoned(fn)
   abandoned = fn
end

function Message:__close()
   if self._busy then pcall(abandoned, self) end -- also when all is closing
end

--- A message before it is sent. `sends`: of a bot that keeps a table of them.
function M.new(client, chat, endpoint, params, sends)
   return setmetatable({
      chat = chat, _client = client, _endpoint = endpoint, _params = params, _sends = sends,
   }, Message)
end

--- One that is not sent at all.
function M.cancelled(client, chat, endpoint, params, why)
   local m = M.new(client, chat, endpoint, params)
   m.state = "cancelled"
   m._error = core.error {kind = "send.cancelled", message = why, outcome = "not_sent"}
   return m
end

--- Sends and returns the message. Throws.
---@return zapi.Message
function M.send(client, chat, endpoint, params)
   params.phone = chat
   local reply = M.call(client, endpoint, params)
   local m = M.new(client, chat, endpoint, params)
   m.id, m.state = reply.messageId or reply.zaapId or reply.id, "accepted"
   return m
end

return M
