--- `zapibot webhooks set`: which addresses would change, and the change. What
-- was accepted is read back: "true" means taken note of, not done.

local addresses = require "zapi.host.tools.lib.addresses"

local M = {}

---@class zapi.webhooks.Change
---@field row table of addresses.ROWS
---@field before string|nil
---@field foreign boolean set, and neither ours nor a former one of ours
---@field moved boolean foreign by its host, but with the secret of what is wanted

-- "/webhook/SECRET" at the end of an address of a bot.
local function path_of(url)
   return url:match "/webhook/[^/?#]+$"
end

--- What setting `want` would do.
---@param me table
---@param rows table[] those that were asked for
---@param want string
---@param bases string[] public addresses of ours
---@return zapi.webhooks.Change[] changes without those that are right already
---@return boolean foreign one of them is somebody else's
function M.plan(me, rows, want, bases)
   local changes, foreign = {}, false
   for _, row in ipairs(rows) do
      local have = addresses.have(me, row)
      if have ~= want then
         local theirs = have ~= nil
         for _, base in ipairs(bases) do
            theirs = theirs and addresses.is_foreign(have, base)
         end
         changes[#changes + 1] = {row = row, before = have, foreign = theirs,
            moved = theirs and path_of(have) ~= nil and path_of(have) == path_of(want)}
         foreign = foreign or theirs
      end
   end
   return changes, foreign
end

--- Makes the changes; all are tried.
---@param client zapi.Client
---@param changes zapi.webhooks.Change[] each gets `err` when its call failed
---@param want string
---@return zapi.Error|nil err the first one
function M.apply(client, changes, want)
   local first
   for _, change in ipairs(changes) do
      local _, err = client:call(change.row.call, {value = want})
      change.err = err
      first = first or err
   end
   return first
end

return M
