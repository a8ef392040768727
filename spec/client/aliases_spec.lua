-- Endpoints that have more than one path or method in the documents.
local zapi = require "zapi"
local stub = require "spec.support.stub"

local NOT_FOUND <const> = '{"error":"NOT_FOUND","message":"Unable to find matching target"}'

describe("another way of a call", function()
   local s, z, known

   -- Knows the calls "METHOD /path" that `known` has an answer for.
   local function answer(req)
      local path = req.path:gsub("^/instances/[^/]+/token/[^/]+", "")
      local reply = known[req.method .. " " .. path]
      if reply then
         return 200, reply
      end
      return known.refusal or 404, known.body or NOT_FOUND
   end

   local function ways()
      local list = {}
      for i, req in ipairs(s.got) do
         list[i] = req.method .. " " .. req.path:gsub("^/instances/[^/]+/token/[^/]+", "")
      end
      return list
   end

   before_each(function()
      known = {}
      s = stub.start(function(req)
         local status, body = answer(req)
         return status, body, {["Content-Type"] = "application/json"}
      end)
      z = zapi.client {instance = "I", token = "token-1", base_url = s.url}
   end)

   after_each(function()
      s.close()
   end)

   it("is a path that is tried once, and remembered", function()
      known["GET /disallowed-contacts"] = "[]"
      assert(z:list_privacy_disallowed_contacts {type = "photo"})
      assert.same({"GET /privacy/disallowed-contacts", "GET /disallowed-contacts"}, ways())
      assert.same({type = "photo"}, s.last().query)
      assert(z:list_privacy_disallowed_contacts {type = "description"})
      assert.equal(3, #s.got)
      assert.equal("GET /disallowed-contacts", ways()[3])
   end)

   it("is remembered by the client that found it, and only by it", function()
      known["GET /disallowed-contacts"] = "[]"
      assert(z:list_privacy_disallowed_contacts {type = "photo"})
      local other = zapi.client {instance = "J", token = "token-2", base_url = s.url}
      assert(other:list_privacy_disallowed_contacts {type = "photo"})
      assert.equal(4, #s.got)
   end)

   it("is tried after a 200 that says NOT_FOUND, with the same body", function()
      known.refusal = 200
      known["POST /privacy/photo"] = '{"success":true}'
      assert(z:set_privacy_photo {visualizationType = "ALL"})
      assert.same({"POST /privacy/photo-visualization", "POST /privacy/photo"}, ways())
      assert.equal(s.got[1].body, s.got[2].body)
      assert.not_equal("", s.got[2].body)
   end)

   it("is a method after a 405", function()
      known.refusal, known.body = 405, ""
      known["POST /group-invitation-link/120363000000000001-group"] =
         '{"invitationLink":"https://x"}'
      local reply = assert(z:get_group_invitation_link "120363000000000001-group")
      assert.equal("https://x", reply.invitationLink)
      assert.equal(2, #s.got)
      assert.equal("POST", s.last().method)
      assert(z:get_group_invitation_link "120363000000000001-group")
      assert.equal(3, #s.got)
   end)

   it("is left again when the server forgets it", function()
      known["GET /disallowed-contacts"] = "[]"
      assert(z:list_privacy_disallowed_contacts {type = "photo"})
      known = {["GET /privacy/disallowed-contacts"] = "[]"}
      assert(z:list_privacy_disallowed_contacts {type = "photo"})
      assert(z:list_privacy_disallowed_contacts {type = "photo"})
      assert.same({
         "GET /privacy/disallowed-contacts", "GET /disallowed-contacts",
         "GET /disallowed-contacts", "GET /privacy/disallowed-contacts",
         "GET /privacy/disallowed-contacts",
      }, ways())
   end)

   it("does not help when none is known: the first error is told", function()
      local reply, err = z:list_privacy_disallowed_contacts {type = "photo"}
      assert.is_nil(reply)
      assert.equal("client.unknown_endpoint", err.kind)
      assert.equal(404, err.status)
      assert.equal("list_privacy_disallowed_contacts", err.endpoint)
      assert.equal(2, #s.got)
   end)

   it("is not tried after any other refusal, nor where there is none", function()
      known.refusal, known.body = 400, '{"error":"Instance not found"}'
      local _, err = z:list_privacy_disallowed_contacts {type = "photo"}
      assert.equal("auth.instance_not_found", err.kind)
      assert.equal(1, #s.got)
      known = {}
      _, err = z:get_status()
      assert.equal("client.unknown_endpoint", err.kind)
      assert.equal(2, #s.got)
   end)

   it("works for a partner's instance", function()
      local p = zapi.partner {token = "partner-1", base_url = s.url}
      known["PUT /integrator/on-demand/subscription/update"] = "{}"
      local params = {instance = "I", token = "token-1", withCalls = true}
      assert(p:update_instance_subscription(params))
      assert.same({
         "PUT /integrator/subscription/update", "PUT /integrator/on-demand/subscription/update",
      }, ways())
   end)
end)
