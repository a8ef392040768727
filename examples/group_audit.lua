-- Looks at every group that this number is in, and says what should be looked at:
-- foreign numbers, groups without an admin of ours, open settings, big groups.
--
--    zapibot examples/group_audit.lua
--    zapibot examples/group_audit.lua "Condomínio"     only groups with this in the name
local zapi = require "zapi"
local fold = zapi.text.fold

local COUNTRY, LARGE = "55", 900 -- WhatsApp's limit is 1,024 people
local wanted = fold((...) or "")

-- Z-API gives booleans, and in older versions texts.
local function is(value) return value == true or value == "true" end

local function count(people, test)
   local n = 0
   for _, person in ipairs(people) do
      if test(person) then n = n + 1 end
   end
   return n
end

local function is_admin(person) return is(person.isAdmin) or is(person.isSuperAdmin) end
local function is_foreign(person) return person.phone:sub(1, #COUNTRY) ~= COUNTRY end

-- What there is to say about a group, as a list of lines.
local function findings(group, own_phone)
   local people, list = group.participants or {}, {}
   local function note(text, ...) list[#list + 1] = text:format(...) end
   local mine = count(people, function(p) return p.phone == own_phone and is_admin(p) end) > 0
   if not mine then note "este número não é administrador" end
   if mine and count(people, is_admin) == 1 then note "não há outro administrador" end
   local foreign = count(people, is_foreign)
   if foreign > 0 then note("%d de outro país", foreign) end
   if #people >= LARGE then note("%d pessoas: quase cheio", #people) end
   if not is(group.requireAdminApproval) then note "qualquer pessoa com o link entra" end
   if not is(group.adminOnlySettings) then note "qualquer membro muda nome e foto" end
   if (group.description or "") == "" then note "sem descrição" end
   return list
end

local z = zapi.client()
local me = assert(z:get_device())

local groups = {}
for group in z:each "list_groups" do
   if fold(group.name or ""):find(wanted, 1, true) then groups[#groups + 1] = group end
end

-- A few at a time: it is quicker than one by one, and does not crowd the API.
local details, errors = zapi.map(groups, 4, function(group)
   return z:get_light_group_metadata {phone = group.phone}
end)

local problems = 0
for i, group in ipairs(groups) do
   if errors[i] then
      print(("%s: %s"):format(group.name, errors[i]))
   else
      local list = findings(details[i], me.phone)
      problems = problems + #list
      print(("%s (%d pessoas)"):format(group.name, #details[i].participants))
      for _, text in ipairs(list) do print("   - " .. text) end
   end
end
print(("%d grupos, %d pontos de atenção"):format(#groups, problems))
