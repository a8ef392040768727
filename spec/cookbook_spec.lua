-- docs/cookbook.md: its blocks are lines of the examples that it tells of, and the
-- test at its end runs.
local EXAMPLES <const> = {"faq", "appointment", "delivery", "nps", "newsletter"}

local function read(path)
   local file <close> = assert(io.open(path))
   return file:read "a"
end

describe("docs/cookbook.md", function()
   local text = read "docs/cookbook.md"

   local function chapter(wanted)
      local from, to = text:find("\n## [^\n]*" .. wanted .. "[^\n]*\n")
      assert(from, "no chapter " .. wanted)
      return text:sub(to, (text:find("\n## ", to, true) or #text))
   end

   local function blocks(body)
      local list = {}
      for code in body:gmatch "\n```lua\n(.-)\n```" do list[#list + 1] = code end
      return list
   end

   for _, name in ipairs(EXAMPLES) do
      it("shows lines of " .. name .. ".lua as they are", function()
         local source, list = "\n" .. read("examples/" .. name .. ".lua"), blocks(chapter(name))
         assert.is_true(#list >= 2)
         for _, code in ipairs(list) do
            assert.is_truthy(source:find("\n" .. code .. "\n", 1, true), code)
         end
      end)

      it("leads to " .. name .. ".lua", function()
         assert.is_truthy(text:find(("| [%s.lua](#"):format(name), 1, true))
      end)
   end

   it("links to headings that it has, and to files that are there", function()
      local anchors = {}
      for head in text:gmatch "\n## ([^\n]+)" do
         anchors[head:lower():gsub("[^%w _-]", ""):gsub(" ", "-")] = true
      end
      for anchor in text:gmatch "%]%(#([^)]+)%)" do
         assert.is_true(anchors[anchor] ~= nil, anchor)
      end
      for path in text:gmatch "%]%(([^)#]+)%)" do
         assert(io.popen("ls -d docs/" .. path .. " 2>/dev/null"):read "l", path)
      end
   end)

   it("ends with a test that runs", function()
      local list = blocks(chapter "Testing")
      assert.equal(1, #list)
      assert(load(list[1], "@cookbook.md"))()
   end)
end)
