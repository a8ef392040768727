--- The sandbox's own HTTP interface below /__sandbox: what the page and tests
--- in any language use. Each call is one function of the Lua interface.
local core = require "zapi.core"
local view = require "zapi.sandbox.view"

local M = {}

local KEEP_ALIVE <const> = 15

local function reply(status, value)
   return status, core.json_encode(value), {
      ["Content-Type"] = "application/json", ["Cache-Control"] = "no-store",
   }
end

local function bad(err) return reply(400, { error = tostring(err) }) end

local get, post = {}, {}

function get.state(sandbox) return reply(200, view.state(sandbox)) end

function get.messages(sandbox, req)
   local chat = req.query.chat
   if chat then
      chat = sandbox.world:find_chat(chat)
      if not chat then return reply(404, { error = "no such chat: " .. req.query.chat }) end
   end
   return reply(200, view.messages(sandbox.world, chat))
end

function get.journal(sandbox)
   return reply(200, core.array(sandbox:journal()))
end

local function event_text(event)
   return ("id: %d\nevent: %s\ndata: %s\n\n"):format(event.n, event.name, event.data)
end

--- Server-sent events: what happens from now on, or since `Last-Event-ID`.
function get.events(sandbox, req)
   local feed = sandbox.feed
   local seen = math.tointeger(tonumber(req.headers["last-event-id"])) or feed.last
   local function stream(write)
      if not write("retry: 500\n\n: ready\n\n") then return end
      while not sandbox.closed do
         local events
         events, seen = feed:since(seen)
         for _, event in ipairs(events) do
            if not write(event_text(event)) then return end
         end
         if feed.last == seen and not sandbox.closed
            and not feed.signal:wait(KEEP_ALIVE) and not write(": still here\n\n") then
            return
         end
      end
   end
   return 200, stream, {
      ["Content-Type"] = "text/event-stream", ["Cache-Control"] = "no-store",
   }
end

function post.people(sandbox, body)
   local person, err = sandbox.world:add_person(body)
   if not person then return bad(err) end
   return reply(201, person)
end

function post.groups(sandbox, body)
   local group, err = sandbox:add_group(body)
   if not group then return bad(err) end
   return reply(201, group)
end

function post.messages(sandbox, body)
   local message, err = sandbox:receive(body)
   if not message then return bad(err) end
   return reply(201, view.message(sandbox.world, message))
end

local MOVES <const> = {
   join = function(sandbox, b) return sandbox:join(b.person, b.group, b.by) end,
   leave = function(sandbox, b) return sandbox:leave(b.person, b.group) end,
   withdraw = function(sandbox, b) return sandbox:withdraw(b.person, b.group) end,
   promote = function(sandbox, b) return sandbox:promote(b.person, b.group, true, b.by) end,
   demote = function(sandbox, b) return sandbox:promote(b.person, b.group, false, b.by) end,
}

-- {person, group, action, by?}: a person comes, goes, becomes an admin.
function post.memberships(sandbox, body)
   local move = MOVES[body.action or ""]
   if not move then return bad("action must be join, leave, withdraw, promote or demote") end
   local world = sandbox.world
   for _, field in ipairs { "person", "by" } do
      local who = body[field]
      if (field == "person" or who ~= nil) and not world:find_person(who) then
         return bad(("%s: no such person: %s"):format(field, who))
      end
   end
   if not world:find_group(body.group) then
      return bad("no such group: " .. tostring(body.group))
   end
   return reply(200, { value = move(sandbox, body) })
end

-- {from, items, order_id?, message?}: a customer sends a cart.
function post.orders(sandbox, body)
   if type(body.items) ~= "table" then return bad("items must be a list") end
   local message, err = sandbox:order(body.from, body.items, body)
   if not message then return bad(err) end
   return reply(201, view.message(sandbox.world, message))
end

function post.presence(sandbox, body)
   local ok, err = sandbox:type_in(body.from, body.chat, body.status)
   if not ok then return bad(err) end
   return reply(200, { value = true })
end

function post.connection(sandbox, body)
   if type(body.connected) ~= "boolean" then return bad("connected must be true or false") end
   sandbox:set_connected(body.connected)
   return reply(200, view.state(sandbox))
end

local function read(req)
   local body, err = core.json_decode(req.body or "")
   if body == nil and err then return nil, "the body is not valid JSON" end
   if type(body) ~= "table" or #body > 0 then return nil, "the body must be a JSON object" end
   return body
end

--- Answers a request whose path begins with /__sandbox/.
function M.handle(sandbox, req)
   local name = req.path:match("^/__sandbox/(%a+)$")
   if not name or not (get[name] or post[name]) then
      return reply(404, { error = "no such path: " .. req.path })
   end
   if req.method == "GET" and get[name] then return get[name](sandbox, req) end
   if req.method ~= "POST" or not post[name] then
      return reply(405, { error = req.method .. " is not possible here" })
   end
   local body, err = read(req)
   if not body then return bad(err) end
   return post[name](sandbox, body)
end

return M
