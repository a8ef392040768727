--- The shop of the connected number: products, collections (whose id changes
--- with what is in them), tags of chats. Prices come back in thousandths and as
--- text, as Z-API's own samples show them (20 is sent, "20000" is read).
local core = require "zapi.core"
local pages = require "zapi.sandbox.pages"

local M = { routes = {} }

local PAGE <const> = 10
local SCALE <const> = 1000
local DONE <const> = { success = true }

---@class zapi.sandbox.Catalog
---@field products table[] in the order in which they were made
---@field collections table[]
---@field tags table[]
---@field chat_tags table<string, table<string, boolean>> chat -> tag id -> true
---@field notes table<string, table>
---@field cart_enabled boolean

---@return zapi.sandbox.Catalog
function M.new()
   return { products = {}, collections = {}, tags = {}, chat_tags = {}, notes = {},
      cart_enabled = true, next_tag = 1 }
end

--- The place and the record of what has `value` in `field`.
local function find(list, field, value)
   for i, item in ipairs(list) do
      if item[field] == tostring(value) then return i, item end
   end
end

--- A product by id or retailerId.
---@return table|nil
function M.product(catalog, which)
   local _, product = find(catalog.products, "id", which)
   if product then return product end
   return select(2, find(catalog.products, "retailerId", which))
end

local function thousandths(value)
   return ("%d"):format(math.floor(tonumber(value) * SCALE + 0.5))
end

local function route(method, path, run)
   M.routes[path] = M.routes[path] or {}
   M.routes[path][method] = run
end

-- ---- products --------------------------------------------------------------

route("POST", "/products", function(sandbox, p)
   local catalog = sandbox.catalog
   local product = p.retailerId and M.product(catalog, p.retailerId)
   if not product then
      product = { id = "7" .. sandbox.world.ids:digits(15), availability = "in stock" }
      catalog.products[#catalog.products + 1] = product
   end
   product.name, product.description = tostring(p.name), tostring(p.description)
   product.currency, product.images = p.currency, core.array(p.images)
   product.price = thousandths(p.price)
   product.salePrice = p.salePrice and thousandths(p.salePrice) or nil
   product.retailerId = p.retailerId and tostring(p.retailerId) or nil
   product.url, product.isHidden = p.url, p.isHidden == true
   return 200, { id = product.id }
end)

-- What is hidden is not said where catalogs are read, only in collections.
local function shown(product)
   local out = {}
   for k, v in pairs(product) do
      if k ~= "isHidden" then out[k] = v end
   end
   return out
end

local function is_own(world, phone) return phone == nil or phone == world.phone end

local function list(sandbox, p)
   local catalog, rows = sandbox.catalog, {}
   for _, product in ipairs(is_own(sandbox.world, p.phone) and catalog.products or {}) do
      -- Somebody else does not see what is hidden; neither does a list by phone.
      if not (p.phone and product.isHidden) then rows[#rows + 1] = shown(product) end
   end
   local items, cursor = pages.after(rows, p.nextCursor, PAGE)
   return 200, { products = items, nextCursor = cursor, cartEnabled = catalog.cart_enabled }
end

route("GET", "/catalogs", list)
route("POST", "/catalogs", list)
route("GET", "/catalogs/{phone}", list)
route("POST", "/catalogs/{phone}", list)

route("GET", "/products/{id}", function(sandbox, p)
   local _, product = find(sandbox.catalog.products, "id", p.id)
   if not product then return 404, { error = "Product not found" } end
   local reply = shown(product)
   reply.catalogId, reply.cartEnabled = "9000000000000001", sandbox.catalog.cart_enabled
   return 200, reply
end)

route("DELETE", "/products/{id}", function(sandbox, p)
   local catalog = sandbox.catalog
   local at = find(catalog.products, "id", p.id)
   if not at then return 404, { error = "Product not found" } end
   table.remove(catalog.products, at)
   for _, collection in ipairs(catalog.collections) do collection.products[p.id] = nil end
   return 200, DONE
end)

route("POST", "/catalogs/config", function(sandbox, p)
   sandbox.catalog.cart_enabled = tostring(p.cartEnabled) == "true"
   return 200, DONE
end)

-- ---- collections -----------------------------------------------------------

local function new_collection_id(sandbox) return "8" .. sandbox.world.ids:digits(15) end

local function unknown_product(catalog, ids)
   for _, id in ipairs(ids) do
      if not find(catalog.products, "id", id) then return tostring(id) end
   end
end

route("POST", "/catalogs/collection", function(sandbox, p)
   local catalog = sandbox.catalog
   local unknown = unknown_product(catalog, p.productIds)
   if unknown then return 404, { error = "Product not found: " .. unknown } end
   local collection = {
      id = new_collection_id(sandbox), name = tostring(p.name), status = "APPROVED", products = {},
   }
   for _, id in ipairs(p.productIds) do collection.products[tostring(id)] = true end
   catalog.collections[#catalog.collections + 1] = collection
   return 200, { collectionId = collection.id }
end)

route("GET", "/catalogs/collection", function(sandbox, p)
   local rows = {}
   for i, c in ipairs(sandbox.catalog.collections) do
      rows[i] = { id = c.id, name = c.name, status = c.status }
   end
   local items, cursor = pages.after(rows, p.nextCursor, PAGE)
   return 200, { collections = items, nextCursor = cursor }
end)

local function with_collection(field, run)
   return function(sandbox, p)
      local at, collection = find(sandbox.catalog.collections, "id", p[field])
      if not at then return 404, { error = "Collection not found" } end
      return run(sandbox, p, collection, at)
   end
end

route("DELETE", "/catalogs/collection/{id}", with_collection("id", function(sandbox, _, _, at)
   table.remove(sandbox.catalog.collections, at)
   return 200, DONE
end))

route("POST", "/catalogs/collection-edit/{id}", with_collection("id", function(_, p, collection)
   collection.name = tostring(p.name)
   return 200, { success = true, collectionId = collection.id }
end))

route("GET", "/catalogs/collection-products/{phone}", with_collection("collectionId",
   function(sandbox, p, collection)
      local rows = {}
      for _, product in ipairs(sandbox.catalog.products) do
         if collection.products[product.id] then rows[#rows + 1] = product end
      end
      local items, cursor = pages.after(rows, p.nextCursor, PAGE)
      return 200, { products = items, nextCursor = cursor }
   end))

-- WhatsApp gives a collection a new id whenever its products change.
local function change_products(is_in)
   return with_collection("collectionId", function(sandbox, p, collection)
      local unknown = is_in and unknown_product(sandbox.catalog, p.productIds)
      if unknown then return 404, { error = "Product not found: " .. unknown } end
      for _, id in ipairs(p.productIds) do collection.products[tostring(id)] = is_in or nil end
      collection.id = new_collection_id(sandbox)
      return 200, { success = true, collectionId = collection.id }
   end)
end

route("POST", "/catalogs/collection/add-product", change_products(true))
route("POST", "/catalogs/collection/remove-product", change_products(false))

-- ---- tags and notes of chats -----------------------------------------------

route("GET", "/tags", function(sandbox) return 200, core.array(sandbox.catalog.tags) end)

route("POST", "/business/create-tag", function(sandbox, p)
   local catalog = sandbox.catalog
   local tag = {
      id = tostring(catalog.next_tag), name = tostring(p.name), color = tonumber(p.color) or 0,
   }
   catalog.next_tag = catalog.next_tag + 1
   catalog.tags[#catalog.tags + 1] = tag
   return 200, { id = tag.id }
end)

local function with_tag(field, run)
   return function(sandbox, p)
      local at, tag = find(sandbox.catalog.tags, "id", p[field])
      if not at then return 404, { error = "Tag not found" } end
      return run(sandbox, p, tag, at)
   end
end

route("POST", "/business/edit-tag/{id}", with_tag("id", function(_, p, tag)
   tag.name, tag.color = tostring(p.name), tonumber(p.color) or tag.color
   return 200, DONE
end))

route("DELETE", "/business/tag/{id}", with_tag("id", function(sandbox, _, tag, at)
   table.remove(sandbox.catalog.tags, at)
   for _, tags in pairs(sandbox.catalog.chat_tags) do tags[tag.id] = nil end
   return 200, DONE
end))

local function tag_chat(is_on)
   return with_tag("tag", function(sandbox, p, tag)
      local chat = sandbox.world:find_chat(p.phone)
      if not chat then return 200, { value = false } end
      local tags = sandbox.catalog.chat_tags
      tags[chat] = tags[chat] or {}
      tags[chat][tag.id] = is_on or nil
      return 200, { value = true }
   end)
end

route("PUT", "/chats/{phone}/tags/{tag}/add", tag_chat(true))
route("PUT", "/chats/{phone}/tags/{tag}/remove", tag_chat(false))

route("POST", "/chats/{phone}/notes", function(sandbox, p)
   local chat = sandbox.world:find_chat(p.phone)
   if not chat then return 200, { success = false } end
   local now = sandbox.world:now()
   local before = sandbox.catalog.notes[chat]
   sandbox.catalog.notes[chat] = {
      id = before and before.id or sandbox.world.ids:hex(8), content = tostring(p.notes),
      createdAt = before and before.createdAt or now, lastUpdateAt = now,
   }
   return 200, DONE
end)

return M
