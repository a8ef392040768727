-- Sends a text or a file through a Z-API-INSTANCE gateway, which keeps the
-- credentials of the instances so that other programs need not have them.
--
--    zapibot examples/gateway_send.lua UUID 5511999990001 "O boleto está pronto"
--    zapibot examples/gateway_send.lua UUID 5511999990001 boleto.pdf "Segue o boleto"
--
-- UUID is the gateway's name for an instance. ZAPI_GATEWAY_URL, _API_KEY and
-- _SYSTEM_ID say where the gateway is and who we are; its token is fetched and
-- renewed by itself.
local zapi = require "zapi"

local uuid, phone, what, caption = ...
if not what then
   io.stderr:write "usage: gateway_send.lua UUID PHONE TEXT | FILE [CAPTION]\n"
   os.exit(2)
end

-- The gateway's word for a kind of file.
local KINDS = {
   jpg = "image", jpeg = "image", png = "image", mp4 = "video", mp3 = "audio", ogg = "audio",
}

local function is_file(path)
   local file = io.open(path, "rb")
   if file then file:close() end
   return file ~= nil
end

local gateway = zapi.gateway()

local status, err = gateway:get_status {instancia_uuid = uuid}
if not status then
   print("O gateway recusou: " .. tostring(err))
   os.exit(1)
end
if not status.connected then
   print "A instância está desconectada: leia o QR code no painel antes de enviar."
   os.exit(1)
end

local reply
if is_file(what) then
   local extension = (what:match "%.(%w+)$" or ""):lower()
   reply, err = gateway:send_media {
      instancia_uuid = uuid, phone = phone, document = what, caption = caption,
      midia_type = KINDS[extension] or "document",
   }
else
   reply, err = gateway:send_simple_message {
      instancia_uuid = uuid, phone = phone, message = what,
   }
end

if not reply then
   -- "unknown": it may have been sent, so do not just repeat it.
   print("Não enviado: " .. tostring(err))
   os.exit(err.outcome == "unknown" and 3 or 1)
end
print("Enviado: " .. reply.data.chat.message_id)
