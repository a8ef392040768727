-- The tests of the rock: `luarocks test`, or with any Lua 5.4 that finds the module.
-- Each runs in a process of its own, with this interpreter:
--   luarocks --tree T make && eval "$(luarocks --tree T path)" && luarocks test
local lua = arg[-1] or "lua5.4"
local here = arg[0]:match "^(.*)/[^/]*$" or "."

-- {file, arguments, exit code}; `needs` a module of others.
local tests <const> = {
   {"call", "", 0},
   {"stays", "first", 7},
   {"stays", "again", 0},
   {"beside", "luv", 0, needs = "luv"},
   {"beside", "cqueues", 0, needs = "cqueues"},
}

local function output(command)
   local pipe = assert(io.popen(command))
   local text = pipe:read "a"
   pipe:close()
   return text
end

local folder = output "mktemp -d":gsub("%s+$", "")

-- Whether it did what it should; a test that cannot be made here does.
local function passes(test)
   local name = (test[1] .. " " .. test[2]):gsub("%s+$", "")
   if test.needs and not pcall(require, test.needs) then
      print("skipped " .. name .. ": this Lua has no " .. test.needs)
      return true
   end
   -- What stays is for `stays` alone.
   local data = test[1] == "stays" and folder .. "/data" or "memory"
   local _, _, code = os.execute(("ZAPIBOT_DATA='%s' timeout 60 '%s' '%s/%s.lua' %s 2>'%s/log'")
      :format(data, lua, here, test[1], test[2], folder))
   if code == test[3] then
      print("ok " .. name)
      return true
   end
   print("FAILED " .. name .. ": exit code " .. code)
   io.stdout:write(output("cat '" .. folder .. "/log'"))
   return false
end

local good = true
for _, test in ipairs(tests) do good = passes(test) and good end
os.execute("rm -rf '" .. folder .. "'")
os.exit(good)
