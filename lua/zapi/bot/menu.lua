--- ctx:menu: a question with a choice. Buttons or a list where they work, and
--- numbered text where they do not: in groups, and with accounts whose buttons
--- WhatsApp or Z-API refuses. That is often told only after the send was
--- accepted: then the same menu goes out again as text, and the account is
--- remembered. Start reading at M.of.
---
---    wanted.send      the menu      wanted.again     none of it was chosen
---    wanted.test      a message → {id, label}        wanted.refused   as text, then
local core = require "zapi.core"
local check = require "zapi.bot.check"
local choose = require "zapi.bot.choose"
local texts = require "zapi.bot.texts"
local want = require "zapi.bot.answer"

check.ours()

local store <const> = core.store

local M = {}

--- Seconds that an account whose buttons were refused gets numbered text.
M.remembered = 30 * 86400

---@class zapi.MenuOptions
---@field as? "auto"|"buttons"|"list"|"text" left out: up to three items are buttons and
---   more a list, but text in groups and where buttons were refused
---@field retry? string|zapi.msg said when the answer is none of the items, with the
---   items below when it is a text; false: nothing
---@field timeout? number seconds until nil, "timeout" (a day)
---@field tries? integer after so many other answers: nil, "tries"
---@field escape? string[] words that end it: nil, "escaped"
---@field by? "person"|"chat" who may answer in a group
---@field commands? "command"|"answer"

-- ---- accounts without buttons ----

local refusal <const> = "buttons.terms_not_accepted"

local function namespace(instance)
   return "\1buttons:" .. (instance or "")
end

--- Does a row of a send say that buttons were refused?
function M.is_refusal(row)
   return row.error_kind == refusal or core.delivery_kind(row.error) == refusal
end

--- From now on this account's menus are text.
function M.remember(instance)
   local ns = namespace(instance)
   if store.get(ns, "refused") then return end
   core.log("warn", "bot", "buttons are refused (their terms are to be accepted in Z-API's panel): "
      .. "menus go out as numbered text for 30 days")
   core.spawn(function()
      store.write {{ns, "refused", store.pack(core.now()), core.now() + M.remembered}}
   end)
end

local function instance_of(ctx)
   local client = ctx.client
   return client and client.instance
end

local function is_refused(ctx)
   return store.get(namespace(instance_of(ctx)), "refused") ~= nil
end

-- ---- the items ----

local item_options <const> = {
   id = "string|number", label = "string", description = "string", value = "any",
}

local function item_of(given, i)
   if type(given) == "string" then return {id = given, label = given} end
   check.type(given, "table", i, "the items of ctx:menu")
   check.options(given, item_options, ("item %d of ctx:menu"):format(i))
   if not (given.label or ""):find("%S") then
      check.fail("item %d of ctx:menu needs a 'label'", i)
   end
   local id = given.id
   if id == nil then id = given.label end
   return {id = id, label = given.label, description = given.description, value = given.value}
end

local function items_of(list)
   check.type(list, "table", "items", "ctx:menu")
   if #list == 0 then check.fail("the items of ctx:menu are empty") end
   local items, seen = {}, {}
   for i, given in ipairs(list) do
      local item = item_of(given, i)
      local id = tostring(item.id)
      if seen[id] then check.fail("two items of ctx:menu have the id '%s'", id) end
      seen[id], items[i] = true, item
      item.words = choose.words_of(item.label)
   end
   return items
end

-- ---- forms ----

local function copy(msg)
   if type(msg) ~= "table" then msg = {text = msg} end
   check.options(msg, {text = "string|number", image = "string|userdata",
      video = "string|userdata"}, "the message of ctx:menu")
   if not tostring(msg.text or ""):find("%S") then check.fail("ctx:menu needs a text") end
   return {text = tostring(msg.text), image = msg.image, video = msg.video}
end

local function lines_of(bot, items)
   local all, lines = bot.commands.texts, {}
   for i, item in ipairs(items) do
      lines[i] = texts.fill(all.menu_line, {number = tostring(i), label = item.label})
      if item.description then lines[i] = lines[i] .. "\n" .. item.description end
   end
   return table.concat(lines, "\n")
end

local forms = {}

function forms.text(bot, msg, items)
   local text = texts.fill(bot.commands.texts.menu, {text = msg.text, list = lines_of(bot, items)})
   if msg.image or msg.video then return {image = msg.image, video = msg.video, caption = text} end
   return text
end

function forms.buttons(_, msg, items)
   local buttons = {}
   for i, item in ipairs(items) do buttons[i] = {id = item.id, label = item.label} end
   return {text = msg.text, image = msg.image, video = msg.video, buttons = buttons}
end

function forms.list(bot, msg, items)
   local all, options = bot.commands.texts, {}
   for i, item in ipairs(items) do
      options[i] = {id = item.id, label = item.label, description = item.description}
   end
   return {text = msg.text, list = {
      title = all.menu_title, button = all.menu_button, options = options,
   }}
end

-- Three buttons are what WhatsApp shows; lists not in groups, and without picture.
local function form_of(ctx, as, msg, items)
   if as == "list" and ctx.is_group then return "text" end
   if as ~= "auto" then return as end
   if ctx.is_group or is_refused(ctx) then return "text" end
   if #items <= 3 then return "buttons" end
   return msg.image == nil and msg.video == nil and "list" or "text"
end

-- ---- ctx:menu ----

local function is_refusal_of(err)
   return core.is_error(err) and core.delivery_kind(err.message) == refusal
end

-- Under a name of its own; the script's ctx may be sending too by then.
local function as_text(ctx, step, msg, items)
   local own = require("zapi.bot.ctx").new(ctx._bot, ctx._ev, ctx.kind)
   own._root, own._handler = ctx._root or ctx, ctx._handler
   want.send_as(own, step, forms.text(ctx._bot, msg, items))
end

local function sender(wanted, as, msg, items)
   return function(_, ctx, step)
      local form = form_of(ctx, as, msg, items)
      local ok, sent = pcall(want.send_as, ctx, step, forms[form](ctx._bot, msg, items))
      if ok then wanted.message = sent end
      local refused = not ok and is_refusal_of(sent)
         or ok and sent.state == "failed" and is_refusal_of(sent._error)
      if not ok and not refused then error(sent, 0) end
      if not refused then return end
      M.remember(instance_of(ctx))
      as_text(ctx, step:gsub("%.q$", ".t"), msg, items)
   end
end

local function again(items, retry)
   return function(_, ctx)
      local head = retry
      if head == false then return end
      if head == nil then head = ctx._bot.commands.texts.menu_retry end
      if type(head) ~= "string" then return ctx:reply(head) end
      ctx:reply(texts.fill("{text}\n\n{list}", {text = head, list = lines_of(ctx._bot, items)}))
   end
end

local kinds_of_form = {auto = true, buttons = true, list = true, text = true}

--- Also for `zapibot check`.
M.options = {
   as = "string", retry = "string|table|boolean", timeout = "number", tries = "number",
   escape = "table|string", by = "string", commands = "string",
}

local options_of_ask = {"timeout", "tries", "escape", "by", "commands"}

--- What a menu wants of ctx:ask.
---@param options zapi.MenuOptions|nil
function M.of(msg, list, options)
   options = check.options(options, M.options, "ctx:menu")
   local as, items, of_ask = options.as or "auto", items_of(list), {}
   if not kinds_of_form[as] then
      check.fail("bad 'as' in ctx:menu (\"auto\", \"buttons\", \"list\" or \"text\" expected, "
         .. "got '%s')", as)
   end
   if as == "buttons" and #items > 3 then
      check.fail("WhatsApp shows three buttons: %d items need as = \"list\" or \"text\"", #items)
   end
   if options.retry == true then
      check.fail("bad 'retry' in ctx:menu (a message or false expected)")
   end
   for _, name in ipairs(options_of_ask) do of_ask[name] = options[name] end
   local wanted = want.of(msg, of_ask, "ctx:menu")
   msg = copy(msg)
   wanted.send, wanted.again = sender(wanted, as, msg, items), again(items, options.retry)
   wanted.refused = function(ctx, step) as_text(ctx, step .. ".t", msg, items) end
   wanted.test = function(ctx)
      local item = choose.match(items, ctx)
      return item and {id = item.id, label = item.label, value = item.value}
   end
   return wanted
end

--- See ctx:menu.
function M.ask(ctx, msg, list, options)
   local asks = ctx._bot.asks
   asks:hear_failures()
   local answer, why = asks:ask(ctx, M.of(msg, list, options))
   if not answer then return nil, why end
   return answer.value, answer
end

return M
