--- Endpoints that send and have no module of their own (polls, carousels, links,
--- events, …): the message is accepted, delivered and shown as text. Kinds that
--- bots are often written for have their place in `sends`.
local payload = require "zapi.sandbox.payload"
local sends = require "zapi.sandbox.sends"

local M = {}

local FILES <const> = { gif = "video", ptv = "video" }

local function add(lines, text)
   if type(text) == "string" or type(text) == "number" then lines[#lines + 1] = tostring(text) end
end

local function labels(lines, list, mark)
   for _, item in ipairs(type(list) == "table" and list or {}) do
      add(lines, mark .. tostring(item.label or item.name or item.text or ""))
   end
end

--- What a person would see of it, as text.
local function shown(p, name)
   local lines = {}
   add(lines, p.title)
   add(lines, p.message or p.caption)
   add(lines, p.linkUrl)
   labels(lines, p.poll, "▢ ")
   labels(lines, p.buttonActions, "🔘 ")
   labels(lines, p.carousel, "🖼 ")
   labels(lines, p.contacts, "👤 ")
   add(lines, p.code and "🔑 " .. tostring(p.code))
   add(lines, p.pixKey and "Pix: " .. tostring(p.pixKey))
   add(lines, type(p.event) == "table" and p.event.name and "📅 " .. p.event.name)
   add(lines, p.footer)
   if #lines == 0 then lines[1] = ("[%s]"):format(name) end
   return table.concat(lines, "\n")
end

local function checks(sandbox, m, p, name)
   if name == "send_product" then
      local catalogs = require "zapi.sandbox.catalog"
      if tostring(p.catalogPhone):find("@lid", 1, true) then
         m.fails = "Product message has not been sent because provided catalog phone must not "
            .. "be a lid."
      elseif p.catalogPhone == sandbox.world.phone
         and not catalogs.product(sandbox.catalog, p.productId) then
         m.fails = "Product message has not been sent because provided product id was not found."
      end
   elseif name == "forward_message" and not sandbox.world:message(p.messageId) then
      m.fails = "Message does not forward because it was not found"
   end
end

-- A copy of what the other message holds.
local function forwarded(sandbox, m, p)
   local from = sandbox.world:message(p.messageId)
   if not from then return end
   for _, key in ipairs { "kind", "text", "media", "caption", "location", "contact" } do
      m[key] = from[key]
   end
   if from.buttons or from.list then m.kind = "text" end
   m.forwarded = true
end

local function file_of(sandbox, m, p)
   for field, kind in pairs(FILES) do
      if p[field] then
         local file = sandbox.media:take(kind, p[field])
         m.kind, m.media, m.caption = kind, file or { kind = kind }, p.caption
         if not file then m.fails = "Message not send caused by invalid media url" end
      end
   end
end

-- What a person may vote for.
local function poll_of(p)
   local names = {}
   for i, option in ipairs(type(p.poll) == "table" and p.poll or {}) do names[i] = option.name end
   return {names = names, max = p.pollMaxOptions or #names}
end

--- Does this row send something to a chat?
function M.sends(row)
   if row.scope ~= "instance" or row.method ~= "POST" or not row.success_when then return false end
   local to_chat, ids = false, false
   for _, field in ipairs(row.params) do to_chat = to_chat or field.name == "phone" end
   for _, field in ipairs(row.success_when) do ids = ids or field == "messageId" end
   return to_chat and ids
end

--- Answers such a row.
function M.run(sandbox, row, p)
   local world = sandbox.world
   local m = sends.draft(sandbox, p, {
      kind = "text", text = shown(p, row.name), quoted = p.messageId,
   })
   file_of(sandbox, m, p)
   m.poll = row.name == "send_poll" and poll_of(p) or nil
   if row.name == "forward_message" then forwarded(sandbox, m, p) end
   checks(sandbox, m, p, row.name)
   local status, reply, after = sends.dispatch(sandbox, m, {
      show = function() world:publish(m) end,
      echo = function() return payload.received(world, m) end,
   })
   if row.name == "forward_message" and reply.zaapId then reply = { zaapId = reply.zaapId } end
   return status, reply, after
end

return M
