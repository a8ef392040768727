--- The findings of `zapibot doctor`: a list of checks in a fixed order, each
-- with a state, a text and what to do. A check that was not reached is
-- "skipped", and says because of which.

local core = require "zapi.core"
local json = require "zapi.host.cli.json"
local term = require "zapi.host.cli.term"

local M = {}

local Report = {}
Report.__index = Report

---@class zapi.doctor.Report
---@param names string[] of the checks, in their order
---@return zapi.doctor.Report
function M.new(names)
   return setmetatable({names = names, found = {}, network = false}, Report)
end

--- Keeps a finding. The first failure of a check stays.
---@param name string
---@param state "ok"|"warn"|"fail"|"skipped"
---@param text string
---@param what_to_do? string
function Report:add(name, state, text, what_to_do)
   local old = self.found[name]
   if old and old.state == "fail" then
      return
   end
   self.found[name] = {
      name = name, state = state, text = core.redact(text),
      what_to_do = what_to_do and core.redact(what_to_do) or "",
   }
   if state == "fail" and not self.cause then
      self.cause = name
   end
end

--- The state of a check, or nil.
---@param name string
---@return string|nil
function Report:state(name)
   return self.found[name] and self.found[name].state
end

--- All checks, in order.
---@return table[]
function Report:checks()
   local list = core.array {}
   for i, name in ipairs(self.names) do
      list[i] = self.found[name] or {
         name = name, state = "skipped", what_to_do = "",
         text = self.cause and ("not reached: see " .. self.cause) or "not reached",
      }
   end
   return list
end

--- Nothing failed. Warnings are no failure.
---@return boolean
function Report:ok()
   return self.cause == nil
end

--- {"ok", "checks"} for programs.
---@param pretty boolean
---@return string
function Report:json(pretty)
   local checks = core.array {}
   for i, c in ipairs(self:checks()) do
      checks[i] = json.object {"name", c.name, "state", c.state, "text", c.text,
         "what_to_do", c.what_to_do}
   end
   return json.encode(json.object {"ok", self:ok(), "checks", checks}, {pretty = pretty}) .. "\n"
end

local SIGNS = {ok = "ok", warn = "warn", fail = "FAIL", skipped = "-"}
local INDENT = 22

local function verdict(self)
   if not self:ok() then return "Something is wrong: see FAIL." end
   for _, c in ipairs(self:checks()) do
      if c.state == "warn" then return "Nothing has failed, but look at warn." end
   end
   return "Nothing is wrong."
end

--- For people.
---@param width integer
---@return string
function Report:words(width)
   local out = {}
   for _, c in ipairs(self:checks()) do
      local head = term.pad(SIGNS[c.state], 6) .. term.pad(c.name, INDENT - 6)
      out[#out + 1] = term.block(c.text, INDENT, width, head)
      if c.what_to_do ~= "" then
         out[#out + 1] = term.block(c.what_to_do, INDENT + 3, width,
            (" "):rep(INDENT) .. "-> ")
      end
   end
   out[#out + 1] = "\n" .. verdict(self) .. "\n"
   return table.concat(out)
end

return M
