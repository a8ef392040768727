-- examples/catalog_sync.lua against the sandbox's catalog, with the table that
-- comes with it: Latin-1, ";", quotes, a line break within a field.
local support = require "spec.examples.support"
local testing = require "zapi.testing"

local SCRIPT <const> = "examples/catalog_sync.lua"

local function read(path)
   local file = assert(io.open(path, "rb"))
   local text = file:read "a"
   file:close()
   return text
end

describe("example catalog_sync.lua", function()
   local world, path

   local function write(text)
      local file = assert(io.open(path, "wb"))
      file:write(text)
      file:close()
   end

   local function run(...) return support.run(SCRIPT, {path, ...}) end
   local function products() return world.sandbox.catalog.products end

   local function saves()
      local n = 0
      for _, e in ipairs(world.sandbox:journal()) do
         if e.path == "/products" then n = n + 1 end
      end
      return n
   end

   before_each(function()
      world = testing.start {}
      path = os.tmpname()
      write(read "examples/data/produtos.csv")
   end)
   after_each(function()
      world:close()
      os.remove(path)
      os.remove(path .. ".sync.json")
   end)

   it("is short enough to read", function()
      assert.is_true(support.lines(SCRIPT) <= 120)
   end)

   it("prints a plan and changes nothing", function()
      local out = run()
      assert.truthy(out:find("+ CAN-01  Caneca azul, R$ 39,90\n", 1, true))
      assert.truthy(out:find('+ CAN-02  Caneca "Bom dia", R$ 42,00\n', 1, true))
      assert.truthy(out:find("+ CES-01  Cesta de café da manhã, R$ 1.249,00\n", 1, true))
      assert.truthy(out:find("+ VEL-01  Vela de maçã, R$ 25,50 (sem estoque: oculto)", 1, true))
      assert.truthy(out:find("5 a enviar, 0 sem mudança.", 1, true))
      assert.equal(0, #products())
      assert.equal(0, saves())
   end)

   it("applies it, and does nothing the second time", function()
      assert.truthy(run("--apply"):find("Pronto.", 1, true))
      assert.equal(5, #products())
      local first, last = products()[1], products()[5]
      assert.equal("Cerâmica esmaltada; 300 ml", first.description)
      assert.equal("39900", first.price)
      assert.equal("Algodão orgânico\ntamanhos P, M e G", products()[3].description)
      assert.is_false(first.isHidden)
      assert.is_true(last.isHidden)
      local before = saves()
      assert.truthy(run("--apply"):find("0 a enviar, 5 sem mudança.", 1, true))
      assert.equal(before, saves())
   end)

   it("sends only what changed, and updates in place", function()
      run "--apply"
      local id = products()[1].id
      write((read(path):gsub("39,90", "44,90")))
      local out = run "--apply"
      assert.truthy(out:find("~ CAN-01  Caneca azul, R$ 44,90", 1, true))
      assert.truthy(out:find("1 a enviar, 4 sem mudança.", 1, true))
      assert.equal(5, #products())
      assert.equal(id, products()[1].id)
      assert.equal("44900", products()[1].price)
   end)

   it("sends again what somebody deleted in the catalog", function()
      run "--apply"
      world.sandbox:run("DELETE", "/products/{id}", {id = products()[1].id})
      assert.truthy(run():find("+ CAN-01", 1, true))
   end)

   it("goes on where it was broken off", function()
      local sandbox, n = world.sandbox, 0
      sandbox.world.on_change = function() end
      local hide = sandbox.log.on_change
      sandbox.log.on_change = function(entry)
         if entry.path == "/products" then n = n + 1 end
         if n == 2 then sandbox.client_token = "outro" end -- the third save is refused
         hide(entry)
      end
      local token = sandbox.client_token
      assert.has_error(function() run "--apply" end)
      assert.equal(2, #products())
      sandbox.client_token = token
      n = -100
      assert.truthy(run("--apply"):find("3 a enviar, 2 sem mudança.", 1, true))
      assert.equal(5, #products())
   end)

   it("reads catalogs of more than one page", function()
      local lines = {"codigo;nome;descricao;preco;estoque;imagem;link"}
      for i = 1, 23 do
         lines[#lines + 1] = ("P%d;Produto %d;x;1,00;1;https://example.com/p.jpg;"):format(i, i)
      end
      write(table.concat(lines, "\n"))
      run "--apply"
      assert.equal(23, #products())
      assert.truthy(run():find("0 a enviar, 23 sem mudança.", 1, true))
   end)

   it("names every wrong line and touches nothing", function()
      write("codigo;nome;descricao;preco;estoque;imagem;link\n"
         .. "A;Azul;;abc;1;https://example.com/a.jpg;\n"
         .. "B;Bom;;1,00;x;https://example.com/a.jpg;\n"
         .. "C;Cor;;1,00;1;foto.jpg;\n"
         .. "D;Dia;;1,00;1;https://example.com/a.jpg;\n"
         .. "D;Dia;;1,00;1;https://example.com/a.jpg;\n"
         .. ";Sem;;1,00;1;https://example.com/a.jpg;\n")
      local out, code = run "--apply"
      assert.equal(1, code)
      for _, want in ipairs {
         "linha 2: preço inválido: abc", "linha 3: estoque inválido: x",
         "linha 4: imagem sem https://", "linha 6: código repetido", "linha 7: sem código",
      } do
         assert.truthy(out:find(want, 1, true), want)
      end
      assert.equal(0, saves())
   end)

   it("says how it is used", function()
      local _, code, err = support.run(SCRIPT, {path, "--aply"})
      assert.equal(2, code)
      assert.truthy(err:find("usage", 1, true))
   end)
end)
