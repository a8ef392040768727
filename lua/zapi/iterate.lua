--- Lists that come in pages: z:each and z:collect.
--
-- Which way an endpoint is paged, and where in its reply the items are, is the
-- table's. A page is asked for when its first item is wanted. The end is where
-- the server says so, or an empty page; never a page that is merely shorter
-- than asked for, because servers have limits of their own, and a list that
-- ends too early is how products get deleted. A cursor or a page that comes a
-- second time ends the list too: it would not end otherwise.

local core = require "zapi.core"

local M = {}

---@class zapi.Paging
---@field kind? "page"|"cursor"|"state"
---@field items? string name of the list in the reply; nil: the reply is the list

local known = {} -- scope -> name -> zapi.Paging

local function list_field(reply)
   if not reply or reply.type ~= "object" then
      return nil
   end
   for _, field in ipairs(reply.fields or {}) do
      if field.type == "array" then
         return field.name
      end
   end
end

local function paging_of(scope)
   if not known[scope] then
      local rows = {}
      for _, row in ipairs(core.endpoints(scope)) do
         rows[row.name] = {kind = row.pagination, items = list_field(row.reply)}
      end
      known[scope] = rows
   end
   return known[scope]
end

local function items_of(paging, reply)
   local list = reply
   if paging.items and type(reply) == "table" then
      list = reply[paging.items]
   end
   return type(list) == "table" and list or {}
end

local function copy(params)
   local out = {}
   for k, v in pairs(params or {}) do
      out[k] = v
   end
   return out
end

-- ---- one function per way: what to ask next, or nil at the end -----------

local NEXT = {}

function NEXT.page(state, reply, items)
   local text = core.json_encode(items)
   if #items == 0 or text == state.before then
      return nil
   end
   state.before = text
   if reply.totalPage and state.params.page >= reply.totalPage then
      state.last = true
   end
   state.params.page = state.params.page + 1
   return items
end

-- The cursor that a reply names, unless it was followed before.
local function follow(state, field, cursor)
   if not cursor or cursor == "" or state.seen[cursor] then
      state.last = true
      return
   end
   state.seen[cursor] = true
   state.params[field] = cursor
end

function NEXT.cursor(state, reply, items)
   follow(state, "nextCursor", reply.nextCursor)
   return items
end

function NEXT.state(state, reply, items)
   follow(state, "pagingState", reply.pagingState)
   state.last = state.last or reply.hasMore == false
   return items
end

-- Where a listing stands: the parameters of the next call, and what was seen.
local function begin(paging, params)
   local state = {params = copy(params), seen = {}}
   if paging.kind == "page" then
      state.params.page = state.params.page or 1
   else
      state.seen[state.params.nextCursor or state.params.pagingState or ""] = true
   end
   return state
end

-- One page after the other: a list, nil at the end, or nil and an error.
local function next_page(z, name, paging, state)
   if state.last then
      return nil
   end
   local reply, err = z:call(name, state.params)
   if reply == nil then
      return nil, err
   end
   return NEXT[paging.kind](state, reply, items_of(paging, reply))
end

-- ---- misuse --------------------------------------------------------------

local function names_with_pages(scope)
   local names = {}
   for name, paging in pairs(paging_of(scope)) do
      if paging.kind then
         names[#names + 1] = name
      end
   end
   table.sort(names)
   return names
end

local function check_paging(scope, method, name)
   local paging = type(name) == "string" and paging_of(scope)[name]
   if paging and paging.kind then
      return paging
   end
   local names = names_with_pages(scope)
   local near = type(name) == "string" and core.nearest(name, names)
   error(("z:%s: '%s' is no list that comes in pages%s"):format(method, tostring(name),
      near and ("; did you mean '" .. near .. "'?")
      or #names > 0 and (": " .. table.concat(names, ", ")) or ""), 4)
end

-- Parameters that the row refuses are misuse too, at the caller's line, and
-- not only when the first item is asked for.
local function open(z, scope, method, name, params)
   local paging = check_paging(scope, method, name)
   if params ~= nil and type(params) ~= "table" then
      error(("z:%s: a table of parameters expected, got %s"):format(method, type(params)), 3)
   end
   local state = begin(paging, params)
   local ok, message = pcall(z.build, z, name, state.params)
   if not ok then
      error((tostring(message):gsub("^[^:]*:%d+: ", "")), 3)
   end
   return function()
      return next_page(z, name, paging, state)
   end
end

-- ---- the methods ---------------------------------------------------------

local function each(scope)
   return function(z, name, params)
      local more, page, at = open(z, scope, "each", name, params), {}, 0
      return function()
         while page and at == #page do
            local err
            page, err = more()
            at = 0
            if err then
               error(err, 0)
            end
         end
         at = at + 1
         return page and page[at]
      end
   end
end

local function collect(scope)
   return function(z, name, params, limit)
      if limit ~= nil and (math.type(limit) ~= "integer" or limit < 1) then
         error("z:collect: the limit must be a positive integer", 2)
      end
      local list, more = core.array {}, open(z, scope, "collect", name, params)
      while true do
         local page, err = more()
         if not page then
            return err == nil and list or nil, err
         end
         for _, item in ipairs(page) do
            list[#list + 1] = item
            if #list == limit then
               return list
            end
         end
      end
   end
end

--- Adds to the clients of every scope:
-- `for item in z:each(name, params) do … end`, which throws the error of a
-- call, and `z:collect(name, params, limit)`, which returns a list of at most
-- `limit` items, or nil and the error.
function M.install()
   for scope, methods in pairs(core.methods) do
      methods.each, methods.collect = each(scope), collect(scope)
   end
end

return M
