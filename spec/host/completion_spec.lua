-- `zapibot completion`: each script is asked by the shell that it is for.
local core = require "zapi.core"
local shell = require "spec.support.shell"
local support = require "spec.host.support"

describe("zapibot completion", function()
   local place

   setup(function()
      place = support.place()
      for _, name in ipairs {"bash", "zsh", "fish"} do
         local code, out, err = place.run("completion " .. name)
         assert(code == 0, err)
         shell.write(place.folder .. "/" .. name, out)
      end
   end)
   teardown(function() place.close() end)

   local function set_of(text)
      local set = {}
      for word in text:gmatch "[^\n]+" do
         set[word:gsub("\t.*$", ""):gsub("%s+$", "")] = true
      end
      return set
   end

   -- What each shell offers after these words; the last is being typed.
   local offers = {
      bash = function(words)
         local quoted = {}
         for i, word in ipairs(words) do
            quoted[i] = shell.quote(word)
         end
         return shell.must(([[bash -c '
            source "$0"; COMP_WORDS=(zapibot "$@"); COMP_CWORD=$#; _zapibot
            printf "%%s\n" "${COMPREPLY[@]}"' %s %s]]):format(
            shell.quote(place.folder .. "/bash"), table.concat(quoted, " ")))
      end,
      zsh = function(words)
         local quoted = {}
         for i, word in ipairs(words) do
            quoted[i] = shell.quote(word)
         end
         -- compadd itself works inside a running editor only: this one prints.
         return shell.must(([=[zsh -f -c '
            compdef() { }; _files() { }
            compadd() {
               local prefix="" suffix=""
               while [[ $1 != -- ]]; do
                  [[ $1 == -P ]] && prefix=$2
                  shift; [[ $1 == -- ]] || shift
               done
               shift; local w
               for w in "$@"; do [[ $prefix$w == $cur* ]] && print -r -- $prefix$w; done
               true
            }
            source "$0"; words=(zapibot "$@"); CURRENT=$#words; _zapibot' %s %s]=]):format(
            shell.quote(place.folder .. "/zsh"), table.concat(quoted, " ")))
      end,
      fish = function(words)
         return shell.must(("HOME=%s fish -N -c %s"):format(shell.quote(place.folder),
            shell.quote("source " .. place.folder .. "/fish; complete -C "
               .. "'zapibot " .. table.concat(words, " ") .. "'")))
      end,
   }


   for _, name in ipairs {"bash", "zsh", "fish"} do
      describe("in " .. name, function()
         local function offered(...)
            return set_of(offers[name] {...})
         end

         setup(function() support.needs(name) end)

         it("offers commands and options first", function()
            local set = offered ""
            for _, command in ipairs {"dev", "call", "endpoints", "help", "completion"} do
               assert.is_true(set[command], command)
            end
            assert.is_true(offered("--li")["--listen"])
         end)

         it("offers every endpoint after call, and none twice", function()
            local set = offered("call", "")
            for _, row in ipairs(core.endpoints()) do
               local full = row.scope == "instance" and row.name or row.scope .. "." .. row.name
               assert.is_true(set[full], full)
            end
            local some = offered("call", "send_tex")
            assert.is_true(some.send_text)
            assert.is_nil(some.send_image)
         end)

         it("offers the parameters of the endpoint, nested ones too", function()
            local set = offered("call", "send_text", "")
            local keys = {"phone=", "message=", "mentioned[]=", "groupMentioned[0].phone="}
            for _, key in ipairs(keys) do
               assert.is_true(set[key], key)
            end
            assert.is_nil(set["image="])
            assert.is_true(offered("call", "partner.configure_proxy", "pr")["proxyUrl="])
            assert.is_true(offered("call", "send_text", "phone=1", "mes")["message="])
         end)

         it("offers the options of a command", function()
            assert.is_true(offered("call", "--dr")["--dry-run"])
            assert.is_true(offered("endpoints", "--o")["--openapi"])
            assert.is_nil(offered("call", "--o")["--openapi"])
         end)

         it("offers the kinds of bots, and the options of check and chat", function()
            assert.is_true(offered("init", "lo")["loja"])
            assert.is_true(offered("init", "--fo")["--force"])
            assert.is_true(offered("check", "--no")["--no-config"])
            assert.is_true(offered("chat", "--a")["--as"])
         end)

         it("offers sections, scopes, shells and topics of help", function()
            assert.is_true(offered("endpoints", "--section", "me")["messages"])
            assert.is_true(offered("endpoints", "--scope", "")["gateway"])
            assert.is_true(offered("completion", "")["zsh"])
            local set = offered("help", "send_po")
            assert.is_true(set.send_poll)
            assert.is_true(offered("help", "com")["completion"])
         end)
      end)
   end

   it("offers the values of a parameter, in each shell's way", function()
      assert.same({archive = true},
         set_of(offers.bash {"call", "modify_chat", "action", "=", "ar"}))
      assert.same({["true"] = true, ["false"] = true},
         set_of(offers.bash {"call", "send_text", "privateAnswer", "="}))
      assert.same({["action=archive"] = true},
         set_of(offers.zsh {"call", "modify_chat", "action=ar"}))
      assert.same({["action=archive"] = true},
         set_of(offers.fish {"call", "modify_chat", "action=ar"}))
   end)

   it("says which shells there are", function()
      local code, _, err = place.run "completion tcsh"
      assert.equal(2, code)
      assert.matches("bash, zsh, fish", err)
      assert.equal(2, (place.run "completion"))
   end)
end)
