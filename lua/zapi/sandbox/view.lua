--- What the control API, the page and specs see of the world.
local core = require "zapi.core"
local payload = require "zapi.sandbox.payload"

local M = {}

---@param m zapi.sandbox.Message
function M.message(world, m)
   local author = m.from and world.by_key[m.from]
   return {
      n = m.n, id = m.id, chat = m.chat, at = m.at, kind = m.kind, status = m.status,
      fromMe = m.from_me, fromApi = m.from_api or false,
      from = m.from or world.phone, fromName = author and author.name or world.name,
      text = payload.summary(m), caption = m.caption, quoted = m.quoted,
      media = m.media, voice = m.voice, viewOnce = m.view_once,
      buttons = m.buttons, list = m.list, choice = m.choice, poll = m.poll,
      location = m.location, contact = m.contact,
      reactions = core.array(m.reactions), forwarded = m.forwarded,
      edited = m.edited or false, deleted = m.deleted or false, error = m.error,
   }
end

function M.messages(world, chat)
   local out = {}
   for i, m in ipairs(world:messages(chat)) do out[i] = M.message(world, m) end
   return core.array(out)
end

-- Which webhooks are set, without the secrets in their paths.
local function webhooks(world)
   local out = {}
   for field, url in pairs(world.settings) do
      if type(url) == "string" and field:find("Url$") then
         out[field] = url:match("^%a+://[^/?#]+")
      end
   end
   return out
end

function M.state(sandbox)
   local world = sandbox.world
   return {
      instance = world.instance, phone = world.phone, name = world.name,
      connected = world.connected, queued = #sandbox.queue,
      notifySentByMe = world.settings.notifySentByMe or false,
      webhooks = webhooks(world),
      people = core.array(world.people), groups = core.array(world.groups),
   }
end

return M
