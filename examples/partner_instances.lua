-- For partners of Z-API: lists the instances of the account, makes and ends them.
--
--    zapibot examples/partner_instances.lua                       list
--    zapibot examples/partner_instances.lua new "Loja da Ana"     make one, on trial
--    zapibot examples/partner_instances.lua subscribe INSTANCE    start paying for it
--    zapibot examples/partner_instances.lua cancel INSTANCE
--
-- The partner's token comes from ZAPI_PARTNER_TOKEN. Tokens of instances are
-- secrets: this script does not print them. "new" writes the one of the new
-- instance to a file that only you can read, in the folder you are in.
local zapi = require "zapi"

local command, argument = ...
local partner = zapi.partner()

local function day(milliseconds)
   local n = tonumber(milliseconds)
   return n and os.date("%d/%m/%Y", n // 1000) or "?"
end

-- The instance with this id, or with this name when there is just one.
local function find(which)
   local found
   for instance in partner:each "list_instances" do
      if instance.id == which then return instance end
      if instance.name == which then
         if found then return nil, "há mais de uma instância com esse nome; use o id" end
         found = instance
      end
   end
   return found, "não há instância " .. tostring(which)
end

local function list()
   local total, connected = 0, 0
   for instance in partner:each "list_instances" do
      total = total + 1
      if instance.phoneConnected and instance.whatsappConnected then connected = connected + 1 end
      print(("%s  %-20s %-12s %-10s até %s"):format(instance.id, instance.name,
         instance.whatsappConnected and "conectada" or "desconectada",
         instance.paymentStatus ~= "" and instance.paymentStatus or "teste", day(instance.due)))
   end
   print(("%d instâncias, %d conectadas"):format(total, connected))
end

local function new(name)
   local instance = assert(partner:create_instance {name = name})
   assert(instance.id:find "^%w+$") -- it becomes a file's name
   local path = "instancia-" .. instance.id .. ".env"
   local file = assert(io.open(path, "w"))
   os.execute("chmod 600 '" .. path .. "'") -- before anything is in it
   file:write("ZAPI_INSTANCE_ID=", instance.id, "\nZAPI_TOKEN=", instance.token, "\n")
   file:close()
   print(("%s criada, em teste até %s; credenciais em %s"):format(name, day(instance.due), path))
end

local function with_instance(endpoint, done)
   return function(which)
      local instance, why = find(which)
      if not instance then
         print(why)
         os.exit(1)
      end
      assert(partner[endpoint](partner, {instance = instance.id, token = instance.token}))
      print(instance.name .. ": " .. done)
   end
end

local commands = {
   list = list, new = new,
   subscribe = with_instance("subscribe_instance", "assinatura ativa"),
   cancel = with_instance("cancel_instance", "assinatura cancelada"),
}

local run = commands[command or "list"]
if not run or command and command ~= "list" and not argument then
   io.stderr:write "usage: partner_instances.lua [list | new NAME | subscribe ID | cancel ID]\n"
   os.exit(2)
end
run(argument)
