--- `zapibot qr`: links a phone. What is queued first, then at most three codes,
-- each for some 15 seconds in which the connection is watched. Start at M.run;
-- it prints through `out` and asks through `ask`, and gives the exit code.

local api = require "zapi.host.tools.lib.api"
local core = require "zapi.core"
local picture = require "zapi.host.tools.lib.picture"

local M = {}

local CODES = 3
local LOOKS = 5 -- questions for the state while one code is shown

---@class zapi.qr.Options
---@field client zapi.Client
---@field refresh number seconds that a code is shown
---@field out fun(text: string)
---@field ask? fun(question: string): boolean nil: nobody can answer
---@field queue? "clear"|"keep" decided already
---@field image? string file for a code that comes as an image
---@field columns? integer of the terminal; nil: none

local function say(o, fmt, ...)
   o.out(core.redact(select("#", ...) > 0 and fmt:format(...) or fmt) .. "\n")
end

local function fail(o, err, doing)
   if err.kind == "state.passkey_required" then
      say(o, "WhatsApp asks for a passkey: finish the linking in the panel (app.z-api.io > the "
         .. "instance), there with the browser extension; then run this again.")
      return api.FAILED
   end
   say(o, "%s: %s", doing, api.words(err))
   return api.code_of(err)
end

-- true, false, or nil and an error that has nothing to do with being connected.
local function is_connected(o)
   local status, err = o.client:call("get_status", {})
   if status then
      return true
   elseif err.kind == "state.disconnected" or err.kind == "state.restore_session" then
      return false
   end
   return nil, err
end

-- ---- the queue ------------------------------------------------------------

-- The reply is not documented: a number, digits, or an object with one.
local function number_in(reply)
   if type(reply) ~= "table" then
      return math.tointeger(tonumber(reply))
   end
   for _, name in ipairs {"count", "value", "total", "size", "queue"} do
      local n = math.tointeger(tonumber(reply[name]))
      if n then
         return n
      end
   end
end

-- How many wait, and whether there may be more.
local function queued(o)
   local n = number_in((o.client:call("get_queue_count", {})))
   if n then
      return n, false
   end
   local page, err = o.client:call("list_queue", {pageSize = 30})
   if not page then
      return nil, err
   end
   return #(page.messages or {}), page.hasMore == true
end

local function wants_clear(o)
   if o.queue then
      return o.queue == "clear"
   elseif o.ask then
      return o.ask "Clear them? [y/N] "
   end
end

-- nil: go on; else the exit code.
local function settle_queue(o)
   local n, more = queued(o)
   if not n then
      return fail(o, more, "cannot see what is queued")
   elseif n == 0 then
      return nil
   end
   say(o, "%d%s queued message%s will be sent as soon as the phone is linked.", n,
      more and " or more" or "", n == 1 and "" or "s")
   local clear = wants_clear(o)
   if clear == nil then
      say(o, "Decide first: --clear-queue or --keep-queue.")
      return api.USAGE
   elseif clear then
      local _, err = o.client:call("clear_queue", {})
      if err then
         return fail(o, err, "the queue could not be cleared")
      end
      say(o, "The queue is cleared.")
   else
      say(o, "They are kept.")
   end
end

-- ---- one code -------------------------------------------------------------

local function write_file(path, bytes)
   local file, err = io.open(path, "wb")
   if not file then
      return nil, err
   end
   local ok, why = file:write(bytes)
   file:close()
   return ok, why
end

local function show_image(o, bytes)
   if not bytes then
      say(o, "The API gave no image; without --image the code is drawn here.")
      return api.FAILED
   elseif not o.image then
      say(o, "The API gives the code as an image only, which cannot be drawn here: "
         .. "zapibot qr --image code.png writes it to a file.")
      return api.FAILED
   end
   local ok, why = write_file(o.image, bytes)
   if not ok then
      say(o, "cannot write %s", why)
      return api.FAILED
   end
   say(o, "The code is in %s: open it and scan it with WhatsApp.", o.image)
end

local function show_text(o, text, nth)
   local ok, code = pcall(core.qr, text)
   if not ok then
      say(o, "The code cannot be drawn: %s", api.plain(code))
      return api.FAILED
   elseif o.columns and o.columns < picture.width(code) then
      say(o, "The terminal is too narrow: the code needs %d columns, it has %d.",
         picture.width(code), o.columns)
      return api.FAILED
   end
   local drawing, lines = picture.draw(code, o.columns ~= nil)
   if o.columns and nth > 1 then -- over the former one and its line of text
      o.out(("\27[%dA\27[J"):format(o.drawn + 1))
   end
   o.drawn = lines
   o.out(drawing)
   say(o, "Code %d of %d. WhatsApp > Linked devices > Link a device", nth, CODES)
end

-- nil: shown; else the exit code. The API says so when it is connected already.
local function show_code(o, nth)
   local call = o.image and "get_qr_code_image" or "get_qr_code"
   local reply, err = o.client:call(call, {})
   if not reply then
      return fail(o, err, "no code")
   end
   local value = reply
   if type(reply) == "table" then
      if reply.connected == true then
         return M.connected(o)
      end
      value = reply.value
   end
   if type(value) ~= "string" or value == "" then
      say(o, "The API gave no code; try again in a minute.")
      return api.FAILED
   end
   local bytes = picture.image(value)
   if bytes or o.image then
      return show_image(o, bytes or core.from_base64(value))
   end
   return show_text(o, value, nth)
end

-- ---- all of it ------------------------------------------------------------

function M.connected(o)
   say(o, "Connected.")
   return 0
end

-- Watches the connection while a code is shown. What fails in between (the
-- network) is no reason to give up: the next code will tell.
local function watch(o)
   for _ = 1, LOOKS do
      core.sleep(o.refresh / LOOKS)
      if is_connected(o) then
         return true
      end
   end
   return false
end

--- Links a phone, or says why not.
---@param o zapi.qr.Options
---@return integer code
function M.run(o)
   local connected, err = is_connected(o)
   if err then
      return fail(o, err, "cannot see whether it is connected")
   elseif connected then
      say(o, "Already connected: there is nothing to link.")
      return 0
   end
   local code = settle_queue(o)
   for nth = 1, CODES do
      code = code or show_code(o, nth)
      if code then
         return code
      elseif watch(o) then
         return M.connected(o)
      end
   end
   say(o, "Nobody scanned the %d codes. Run this again when the phone is at hand.", CODES)
   return api.FAILED
end

return M
