--- Reads a form with files (multipart/form-data), as much of it as one call of
--- the gateway needs: fields, and one or more files with name and type.
local M = {}

---@param body string
---@param content_type string
---@return table<string, string|{filename: string, mime: string, bytes: string}>|nil
function M.parse(body, content_type)
   local boundary = content_type:match('boundary="([^"]+)"')
      or content_type:match("boundary=([^;%s]+)")
   if not boundary then return nil end
   local mark, out = "--" .. boundary, {}
   local _, at = body:find(mark, 1, true)
   while at and body:sub(at + 1, at + 2) == "\r\n" do
      local head_end = body:find("\r\n\r\n", at, true)
      local stop = head_end and body:find("\r\n" .. mark, head_end, true)
      if not stop then return nil end
      local head = body:sub(at + 1, head_end)
      local name = head:match('[;%s]name="([^"]*)"')
      local filename = head:match('filename="([^"]*)"')
      local value = body:sub(head_end + 4, stop - 1)
      if not name then return nil end
      out[name] = filename and {
         filename = filename, bytes = value,
         mime = head:match("[Cc]ontent%-[Tt]ype:%s*([^\r\n]+)") or "application/octet-stream",
      } or value
      at = stop + 1 + #mark
   end
   return out
end

return M
