--- From the words of a source to a tree with its names resolved: each name knows
-- its variable, each variable what was ever assigned to it. Light: only what the
-- rules look at is kept. The source is known to compile. Start reading at
-- M.parse; a node is {tag =, line =, column =, …}:
--
--    Name {name, var}           Index {object, key}       Call {fn, args}
--    Method {object, name, args}  Function {params, body}  String {value}
--    Table {items = {{key = node|nil, value = node}, …}}   Binary {op, left, right}
--    Paren {inner}   Value (numbers, true, nil, …)   Unary {operand}
--
-- and statements: Set {targets, values}, Local {vars, values}, Return {values},
-- Expression {value}, Block {body}, each with `children` to walk.

local lexer = require "zapi.host.check.lexer"

local M = {}

local Parser = {}
Parser.__index = Parser

local UNKNOWN <const> = {tag = "Unknown"}
M.UNKNOWN = UNKNOWN

-- ---- tokens ----------------------------------------------------------------

function Parser:peek() return self.tokens[self.at] end

function Parser:take()
   local token = self.tokens[self.at]
   self.at = self.at + 1
   return token
end

function Parser:is(text)
   local token = self.tokens[self.at]
   return token.kind == "word" and token.text == text
end

function Parser:accept(text)
   if not self:is(text) then return nil end
   return self:take()
end

function Parser:expect(text)
   return self:accept(text) or error(("%d: %s expected"):format(self:peek().line, text), 0)
end

local function node(tag, token, fields)
   fields = fields or {}
   fields.tag, fields.line, fields.column = tag, token.line, token.column
   return fields
end

-- ---- variables -------------------------------------------------------------

---@class zapi.check.Variable
---@field name string
---@field values table[] every node that was assigned to it, or UNKNOWN
---@field uses table[] Name nodes
---@field global boolean
---@field param? table the Function whose first parameter it is

function Parser:open() self.scope = {parent = self.scope, vars = {}} end

function Parser:close() self.scope = self.scope.parent end

function Parser:declare(token, value)
   self.own_env = self.own_env or token.text == "_ENV"
   local var = {name = token.text, line = token.line, values = {value}, uses = {}, global = false}
   self.scope.vars[token.text] = var
   return var
end

function Parser:variable(name)
   local scope = self.scope
   while scope do
      if scope.vars[name] then return scope.vars[name] end
      scope = scope.parent
   end
   local var = self.globals[name]
   if not var then
      var = {name = name, values = {}, uses = {}, global = true}
      self.globals[name] = var
   end
   return var
end

function Parser:use(token)
   self.own_env = self.own_env or token.text == "_ENV"
   local var = self:variable(token.text)
   local name = node("Name", token, {name = token.text, var = var})
   var.uses[#var.uses + 1] = name
   return name
end

-- ---- expressions -----------------------------------------------------------

function Parser:list()
   local values = {self:expression()}
   while self:accept(",") do values[#values + 1] = self:expression() end
   return values
end

function Parser:arguments()
   local token = self:peek()
   if token.kind == "string" then
      self:take()
      return {node("String", token, {value = token.text})}
   elseif self:is("{") then
      return {self:table()}
   end
   self:expect("(")
   local values = self:is(")") and {} or self:list()
   self:expect(")")
   return values
end

function Parser:item()
   local token = self:peek()
   local after = self.tokens[self.at + 1]
   if self:accept("[") then
      local key = self:expression()
      self:expect("]")
      self:expect("=")
      return {key = key, value = self:expression()}
   elseif token.kind == "name" and after.kind == "word" and after.text == "=" then
      self:take()
      self:take()
      return {key = node("String", token, {value = token.text}), value = self:expression()}
   end
   return {value = self:expression()}
end

function Parser:table()
   local token, items = self:expect("{"), {}
   while not self:is("}") do
      items[#items + 1] = self:item()
      if not (self:accept(",") or self:accept(";")) then break end
   end
   self:expect("}")
   return node("Table", token, {items = items})
end

-- Behind "function" and its name.
function Parser:body(token, with_self)
   local fn = node("Function", token, {params = {}})
   self:open()
   if with_self then self:declare({text = "self", line = token.line}, UNKNOWN) end
   self:expect("(")
   while not self:is(")") do
      local param = self:take()
      if param.kind == "name" then
         local var = self:declare(param, UNKNOWN)
         fn.params[#fn.params + 1] = var
         if #fn.params == 1 then var.param = fn end
      end
      self:accept(",")
   end
   self:expect(")")
   fn.body = self:block()
   self:close()
   self:expect("end")
   return fn
end

function Parser:primary()
   local token = self:take()
   if token.kind == "name" then return self:use(token) end
   local inner = self:expression()
   self:expect(")")
   return node("Paren", token, {inner = inner})
end

function Parser:suffixed()
   local left = self:primary()
   while true do
      local token = self:peek()
      if self:accept(".") then
         local key = self:take()
         left = node("Index", key, {object = left,
            key = node("String", key, {value = key.text})})
      elseif self:accept("[") then
         left = node("Index", token, {object = left, key = self:expression()})
         self:expect("]")
      elseif self:accept(":") then
         local name = self:take()
         left = node("Method", name, {object = left, name = name.text, args = self:arguments()})
      elseif token.kind == "string" or self:is("(") or self:is("{") then
         left = node("Call", left, {fn = left, args = self:arguments()})
      else
         return left
      end
   end
end

local VALUES = {["nil"] = true, ["true"] = true, ["false"] = true, ["..."] = true}

function Parser:simple()
   local token = self:peek()
   if token.kind == "string" then
      self:take()
      return node("String", token, {value = token.text})
   elseif token.kind == "number" or token.kind == "word" and VALUES[token.text] then
      self:take()
      return node("Value", token, {text = token.text})
   elseif self:is("{") then
      return self:table()
   elseif self:accept("function") then
      return self:body(token)
   end
   return self:suffixed()
end

local UNARY = {["not"] = true, ["-"] = true, ["#"] = true, ["~"] = true}
local BINARY = {}
for op in ([[+ - * / // % ^ .. << >> & ~ | < > <= >= == ~= and or]]):gmatch "%S+" do
   BINARY[op] = true
end
-- Only what binds weakest matters to the rules: the chain is read from the left,
-- but "or" and "and" are kept apart from the rest.
local WEAK = {["and"] = 2, ["or"] = 1}

function Parser:operand()
   local token = self:peek()
   if token.kind == "word" and UNARY[token.text] then
      self:take()
      return node("Unary", token, {operand = self:operand()})
   end
   return self:simple()
end

function Parser:expression(least)
   local left = self:operand()
   while true do
      local token = self:peek()
      local weight = WEAK[token.text] or 3
      if token.kind ~= "word" or not BINARY[token.text] or weight <= (least or 0) then
         return left
      end
      self:take()
      left = node("Binary", token, {op = token.text, left = left,
         right = weight == 3 and self:operand() or self:expression(weight)})
   end
end

-- ---- statements ------------------------------------------------------------

local ENDS = {["end"] = true, ["else"] = true, ["elseif"] = true, ["until"] = true}

function Parser:block()
   local body = {}
   while true do
      local token = self:peek()
      if token.kind == "eof" or token.kind == "word" and ENDS[token.text] then return body end
      body[#body + 1] = self:statement()
   end
end

-- A block in a scope of its own.
function Parser:inner()
   self:open()
   local body = self:block()
   self:close()
   return body
end

local statements = {}

statements["if"] = function(self, token)
   local children = {self:expression()}
   local function branch()
      children[#children + 1] = node("Block", self:peek(), {children = self:inner()})
   end
   self:expect("then")
   branch()
   while self:accept("elseif") do
      children[#children + 1] = self:expression()
      self:expect("then")
      branch()
   end
   if self:accept("else") then branch() end
   self:expect("end")
   return node("Block", token, {children = children})
end

statements["while"] = function(self, token)
   local children = {self:expression()}
   self:expect("do")
   children[2] = node("Block", token, {children = self:inner()})
   self:expect("end")
   return node("Block", token, {children = children})
end

statements["do"] = function(self, token)
   local body = self:inner()
   self:expect("end")
   return node("Block", token, {children = body})
end

statements["repeat"] = function(self, token)
   self:open()
   local body = self:block()
   self:expect("until")
   body[#body + 1] = self:expression() -- sees the locals of the block
   self:close()
   return node("Block", token, {children = body})
end

statements["for"] = function(self, token)
   local names = {self:take()}
   while self:accept(",") do names[#names + 1] = self:take() end
   if not self:accept("=") then self:expect("in") end
   local children = self:list()
   self:expect("do")
   self:open()
   for _, name in ipairs(names) do self:declare(name, UNKNOWN) end
   children[#children + 1] = node("Block", token, {children = self:block()})
   self:close()
   self:expect("end")
   return node("Block", token, {children = children})
end

-- function a.b:c() … end
statements["function"] = function(self, token)
   local target, with_self = self:use(self:take()), false
   while self:is(".") or self:is(":") do
      with_self = self:take().text == ":"
      local key = self:take()
      target = node("Index", key, {object = target,
         key = node("String", key, {value = key.text})})
   end
   local fn = self:body(token, with_self)
   if target.tag == "Name" then table.insert(target.var.values, fn) end
   return node("Set", token, {targets = {target}, values = {fn}})
end

function Parser:local_function(token)
   local var = self:declare(self:take())
   local fn = self:body(token)
   var.values = {fn}
   return node("Local", token, {vars = {var}, values = {fn}})
end

statements["local"] = function(self, token)
   if self:accept("function") then return self:local_function(token) end
   local names, vars, values = {}, {}, {}
   repeat
      names[#names + 1] = self:take()
      if self:accept("<") then -- <const>, <close>
         self:take()
         self:expect(">")
      end
   until not self:accept(",")
   local given = self:accept("=")
   if given then values = self:list() end
   for i, name in ipairs(names) do
      local rest = given and #values > 0 and i > #values
      vars[i] = self:declare(name, rest and UNKNOWN or values[i])
   end
   return node("Local", token, {vars = vars, values = values})
end

statements["return"] = function(self, token)
   local values, next_token = {}, self:peek()
   local ends = next_token.kind == "eof" or next_token.kind == "word" and ENDS[next_token.text]
   if not ends and not self:is(";") then values = self:list() end
   self:accept(";")
   return node("Return", token, {values = values})
end

statements["goto"] = function(self, token)
   self:take()
   return node("Block", token, {children = {}})
end

statements["break"] = function(_, token) return node("Block", token, {children = {}}) end

statements[";"] = statements["break"]

statements["::"] = function(self, token)
   self:take()
   self:expect("::")
   return node("Block", token, {children = {}})
end

function Parser:statement()
   local token = self:peek()
   local special = token.kind == "word" and statements[token.text]
   if special then
      self:take()
      return special(self, token)
   end
   local targets = {self:suffixed()}
   while self:accept(",") do targets[#targets + 1] = self:suffixed() end
   if not self:accept("=") then
      return node("Expression", token, {value = targets[1]})
   end
   local values = self:list()
   for i, target in ipairs(targets) do
      if target.tag == "Name" then table.insert(target.var.values, values[i] or UNKNOWN) end
   end
   return node("Set", token, {targets = targets, values = values})
end

--- The tree of a source that compiles, and its global variables by name.
---@param source string
---@return {body: table[], globals: table<string, zapi.check.Variable>, own_env: boolean}
function M.parse(source)
   local self = setmetatable({tokens = lexer.tokens(source), at = 1, globals = {}}, Parser)
   self:open()
   local body = self:block()
   if self:peek().kind ~= "eof" then
      error(("%d: '%s' was not expected"):format(self:peek().line, self:peek().text), 0)
   end
   return {body = body, globals = self.globals, own_env = self.own_env}
end

-- ---- walking ---------------------------------------------------------------

local each -- of a list

local PARTS = {"fn", "object", "key", "inner", "left", "right", "operand", "value"}
local LISTS = {"args", "targets", "values", "children", "body"}

local function visit(one, fn, parent)
   fn(one, parent)
   for _, part in ipairs(PARTS) do
      if type(one[part]) == "table" then visit(one[part], fn, one) end
   end
   for _, part in ipairs(LISTS) do
      if one[part] then each(one[part], fn, one) end
   end
   for _, item in ipairs(one.items or {}) do
      if item.key then visit(item.key, fn, one) end
      visit(item.value, fn, one)
   end
end

function each(list, fn, parent)
   for _, one in ipairs(list) do visit(one, fn, parent) end
end

--- Calls fn(node, parent) for every node, from the outside in.
---@param body table[]
---@param fn fun(node: table, parent: table|nil)
function M.walk(body, fn) each(body, fn) end

return M
