--- What a handler wants: names of events, and tests of the event in hand.
--- Names decide which handlers are looked at for a kind at all (bot.lua keeps
--- one list per kind); tests run when an event is there.
local check = require "zapi.bot.check"
local contact = require "zapi.bot.contact"
local events = require "zapi.events"
local words = require "zapi.bot.words"

check.ours()

local M = {}

---@class zapi.filter
---@field kind? zapi.event|zapi.event[] "message" if left out
---@field group? boolean|string|string[] in groups (or not), or in this one
---@field from? string|zapi.contact|table the author is one of these
---@field admin? boolean the author is an admin of the group
---@field folded? string|string[] as in bot:hears
---@field match? fun(ctx: zapi.ctx): any what it returns becomes ctx.match

--- Why this is no name of an event, with the one that was probably meant; nil for
--- a name.
---@param name string
---@return string|nil
function M.wrong(name)
   if events.exists(name) then return nil end
   local known = {}
   for i, n in ipairs(events.names) do known[i] = n end
   for _, n in ipairs(events.names) do
      if events.can_be_own(n) then known[#known + 1] = "own." .. n end
   end
   return ("'%s' is not an event%s"):format(name, check.hint(name, known))
end

local function check_name(name)
   if type(name) ~= "string" then
      check.fail("bad event name (string expected, got %s)", type(name))
   end
   local why = M.wrong(name)
   if why then check.fail("%s", why) end
   return name
end

-- Splits names into those of the table and Z-API's own words after raw:.
local function names_of(what)
   local names, raws = {}, nil
   for _, name in ipairs(type(what) == "table" and what or {what}) do
      local raw = check_name(name):match("^raw:(.+)$")
      if raw then
         raws = raws or {}
         raws[#raws + 1] = raw
      else
         names[#names + 1] = name
      end
   end
   if #names == 0 and not raws then check.fail("empty list of events") end
   return names, raws
end

local tests = {}

function tests.group(want)
   if type(want) == "boolean" then
      return function(ctx) return ctx.is_group == want end
   end
   local chats = {}
   for _, id in ipairs(type(want) == "table" and want or {want}) do chats[id] = true end
   return function(ctx) return ctx.chat ~= nil and chats[ctx.chat] or false end
end

function tests.from(who)
   local is = contact.matcher(who)
   return function(ctx) return is(ctx.from) end
end

function tests.folded(spec)
   local find = words.compile(spec)
   return function(ctx)
      ctx.match = find(ctx)
      return ctx.match
   end
end

function tests.match(fn)
   return function(ctx)
      local found = fn(ctx)
      if found then ctx.match = found end
      return found
   end
end

-- May ask Z-API, so it comes after all the others.
function tests.admin(want)
   return function(ctx) return ctx:is_admin() == want end
end

local order = {"group", "from", "folded", "match", "admin"}

local allowed = {
   kind = "string|table", group = "boolean|string|table", from = "string|table",
   admin = "boolean", folded = "string|table", match = "function",
}
M.keys = allowed

--- Names, raw names and tests of what `bot:on` was given.
---@param what zapi.event|zapi.event[]|zapi.filter
---@return string[] names, string[]|nil raws, function[] tests
function M.compile(what)
   if what == nil then check.fail("bad event name (string expected, got nil)") end
   if type(what) ~= "table" or what[1] ~= nil then
      local names, raws = names_of(what)
      return names, raws, {}
   end
   check.options(what, allowed, "the filter")
   if next(what) == nil then check.fail("empty filter: give kind=, group=, from= …") end
   local list = {}
   for _, name in ipairs(order) do
      if what[name] ~= nil then list[#list + 1] = tests[name](what[name]) end
   end
   local names, raws = names_of(what.kind or "message")
   return names, raws, list
end

--- Does a payload carry one of these words of Z-API's own?
function M.is_raw(raws, ev)
   for _, name in ipairs(raws) do
      if ev.type == name or ev.payload.notification == name
         or ev.payload[name] ~= nil then
         return true
      end
   end
   return false
end

return M
