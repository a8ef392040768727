-- Brings the WhatsApp catalog in step with a table saved by Excel (CSV):
--
--    zapibot examples/catalog_sync.lua examples/data/produtos.csv [--apply]
--
-- Without --apply it only shows the plan. Columns: codigo, nome, descricao, preco,
-- estoque, imagem, link. A product is known by its codigo (retailerId); without
-- stock it is hidden, nothing is ever deleted. Each product that was sent is noted
-- in a file beside the table, so a second run does nothing, and a broken one goes on.
local zapi = require "zapi"
local br, csv, json = zapi.br, zapi.csv, zapi.json

local path, flag = ...
if not path or flag and flag ~= "--apply" then
   io.stderr:write("usage: catalog_sync.lua TABLE.csv [--apply]\n")
   os.exit(2)
end

local function fault_of(row, price, stock)
   if not row.codigo or row.codigo == "" then return "sem código" end
   if not row.nome or row.nome == "" then return "sem nome" end
   if not price or price <= 0 then return "preço inválido: " .. tostring(row.preco) end
   if not stock or stock < 0 then return "estoque inválido: " .. tostring(row.estoque) end
   if not tostring(row.imagem):find "^https://" then return "imagem sem https://" end
end

-- One line of the table as z:save_product wants it, or nil and what is wrong.
local function product_of(row)
   local price, stock = br.money(row.preco or ""), math.tointeger(tonumber(row.estoque))
   local fault = fault_of(row, price, stock)
   if fault then return nil, fault end
   return {
      retailerId = row.codigo, name = row.nome, description = row.descricao or "",
      price = price / 100, currency = "BRL", images = {row.imagem},
      url = row.link ~= "" and row.link or nil, isHidden = stock == 0,
   }
end

local function read_table()
   local products, problems, seen = {}, {}, {}
   for row, line in csv.rows(path) do
      local product, why = product_of(row)
      if product and seen[row.codigo] then product, why = nil, "código repetido" end
      if product then seen[row.codigo] = true end
      products[#products + 1] = product
      if why then problems[#problems + 1] = ("linha %d: %s"):format(line, why) end
   end
   return products, problems
end

local notes_path = path .. ".sync.json"

local function read_notes()
   local file = io.open(notes_path)
   if not file then return {} end
   local notes = json.decode(file:read "a")
   file:close()
   return notes or {}
end

-- Written under another name first: a file that is cut short would be worse
-- than an old one.
local function write_notes(notes)
   local file = assert(io.open(notes_path .. ".new", "w"))
   file:write(json.encode(notes))
   file:close()
   assert(os.rename(notes_path .. ".new", notes_path))
end

-- Tells whether a product changed.
local function fingerprint(p)
   return zapi.crypto.sha256(table.concat({
      p.name, p.description, tostring(br.money(p.price)), p.images[1],
      p.url or "", tostring(p.isHidden),
   }, "\0"))
end

-- Codes of the products in the catalog.
local function catalog_of(z)
   local there = {}
   for item in z:each "list_products_v2" do
      if item.retailerId then there[item.retailerId] = true end
   end
   return there
end

-- What has to be sent. A hidden product may be missing in the list of the
-- catalog: for those the note alone decides.
local function make_plan(products, notes, there)
   local plan = {}
   for _, p in ipairs(products) do
      local exists = there[p.retailerId] or p.isHidden
      if not exists or notes[p.retailerId] ~= fingerprint(p) then plan[#plan + 1] = p end
   end
   return plan
end

local function print_plan(plan, there)
   for _, p in ipairs(plan) do
      print(("%s %s  %s, %s%s"):format(there[p.retailerId] and "~" or "+", p.retailerId, p.name,
         br.format(br.money(p.price)), p.isHidden and " (sem estoque: oculto)" or ""))
   end
end

local products, problems = read_table()
if #problems > 0 then
   print(table.concat(problems, "\n") .. "\nCorrija a planilha. Nada foi alterado.")
   os.exit(1)
end
local z, notes = zapi.client(), read_notes()
local there = catalog_of(z)
local plan = make_plan(products, notes, there)
print_plan(plan, there)
print(("%d a enviar, %d sem mudança."):format(#plan, #products - #plan))
if flag ~= "--apply" then return end
for _, p in ipairs(plan) do
   assert(z:save_product(p))
   notes[p.retailerId] = fingerprint(p)
   write_notes(notes)
end
print "Pronto."
