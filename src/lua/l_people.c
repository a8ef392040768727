/* SPDX-License-Identifier: MIT
 *
 * Who is who, for scripts:
 *
 *   core.people.find(service|nil, id)  -> {key, phone?, lid?, name?}, known
 *   core.people.teach(service|nil, {phone=, lid=, name=, canonical=})
 *   core.people.author(service|nil, message_id) -> id|nil, mine|nil
 *
 * Without a service it is the hub that this state has opened; with none, find
 * says what the form of the id tells, and the others know nothing. Nothing is
 * owned here. Start at people_of; what calls need is at the end (people.h).
 */
#include <string.h>

#include <lauxlib.h>

#include "base/json.h"
#include "lua/people.h"
#include "lua/runtime.h"
#include "lua/service.h"

/* NULL: no hub is open. */
static struct zapi_hub *hub_of(lua_State *L, int index)
{
    if (!lua_isnoneornil(L, index))
        return zapi_service_hub(L, index);
    return zapi_rt_get(L)->hub;
}

static struct zapi_people *people_of(lua_State *L, int index)
{
    struct zapi_hub *hub = hub_of(L, index);
    return hub ? zapi_hub_people(hub) : NULL;
}

static struct zapi_people *open_people(lua_State *L)
{
    struct zapi_hub *hub = zapi_rt_get(L)->hub;
    return hub ? zapi_hub_people(hub) : NULL;
}

static void set_text(lua_State *L, const char *key, const char *s)
{
    if (!*s)
        return;
    lua_pushstring(L, s);
    lua_setfield(L, -2, key);
}

static int l_find(lua_State *L)
{
    struct zapi_people *people = people_of(L, 1);
    const char *id = luaL_checkstring(L, 2);
    struct zapi_person p;
    bool known = false;
    if (people)
        known = zapi_people_find(people, id, &p);
    else
        zapi_people_read(id, &p);
    lua_createtable(L, 0, 4);
    lua_pushstring(L, p.key);
    lua_setfield(L, -2, "key");
    set_text(L, "phone", p.phone);
    set_text(L, "lid", p.lid);
    set_text(L, "name", p.name);
    lua_pushboolean(L, known);
    return 2;
}

/* A field of the table at 2, left on the stack; NULL when absent. */
static const char *field(lua_State *L, const char *name)
{
    lua_getfield(L, 2, name);
    return luaL_optstring(L, -1, NULL);
}

static int l_teach(lua_State *L)
{
    struct zapi_people *people = people_of(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    const char *phone = field(L, "phone"), *lid = field(L, "lid"),
               *name = field(L, "name");
    lua_getfield(L, 2, "canonical");
    if (people)
        zapi_people_teach(people, phone, lid, name, lua_toboolean(L, -1) != 0);
    return 0;
}

/* What the API sent for us is ours before any event says so. */
static int l_author(lua_State *L)
{
    struct zapi_hub *hub = hub_of(L, 1);
    const char *id = luaL_checkstring(L, 2);
    char who[ZAPI_ORDER_MAX] = "";
    bool mine = false;
    if (!hub)
        return 0;
    bool known = zapi_inbox_author(zapi_hub_inbox(hub), id, who, &mine);
    if (zapi_hub_sends(hub) && zapi_sends_knows(zapi_hub_sends(hub), id))
        known = mine = true;
    if (!known)
        return 0;
    if (*who && !mine)
        lua_pushstring(L, who);
    else
        lua_pushnil(L);
    lua_pushboolean(L, mine);
    return 2;
}

void zapi_l_people_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"find", l_find},
                                         {"teach", l_teach},
                                         {"author", l_author},
                                         {NULL, NULL}};
    luaL_newlib(L, functions);
    lua_setfield(L, -2, "people");
}

/* ---- for calls ---- */

bool zapi_people_number(lua_State *L, const char *lid, char out[32])
{
    struct zapi_people *people = open_people(L);
    struct zapi_person p;
    if (!people || !zapi_people_find(people, lid, &p) || !*p.phone)
        return false;
    memcpy(out, p.phone, sizeof p.phone);
    return true;
}

struct account { /* one object of a reply */
    char phone[32], output[32], lid[48];
    bool exists;
};

static void take(const struct zapi_json_reader *r, char *out, size_t room)
{
    size_t n = r->len < room ? zapi_json_unescape(r->str, r->len, out) : 0;
    out[n] = '\0';
}

/* The value after the key just read. */
static enum zapi_json_token member(struct zapi_json_reader *r,
                                   struct account *a)
{
    bool phone = zapi_json_key_is(r, "phone"), lid = zapi_json_key_is(r, "lid"),
         output = zapi_json_key_is(r, "outputPhone"),
         exists = zapi_json_key_is(r, "exists");
    enum zapi_json_token t = zapi_json_skip(r);
    if (exists)
        a->exists =
            t == ZAPI_JSON_TRUE || (t == ZAPI_JSON_STRING && r->len == 4 &&
                                    memcmp(r->str, "true", 4) == 0);
    if (t != ZAPI_JSON_STRING)
        return t;
    if (phone)
        take(r, a->phone, sizeof a->phone);
    else if (output)
        take(r, a->output, sizeof a->output);
    else if (lid)
        take(r, a->lid, sizeof a->lid);
    return t;
}

void zapi_people_hear(lua_State *L, const char *json, size_t len)
{
    struct zapi_people *people = open_people(L);
    struct zapi_json_reader r;
    struct account a = {.exists = false};
    enum zapi_json_token t;
    if (!people)
        return;
    zapi_json_begin(&r, json, len);
    while ((t = zapi_json_next(&r)) > ZAPI_JSON_END) {
        if (t == ZAPI_JSON_OBJECT)
            a = (struct account){.exists = false};
        else if (t == ZAPI_JSON_KEY && member(&r, &a) <= ZAPI_JSON_END)
            break;
        else if (t == ZAPI_JSON_OBJECT_END && a.exists)
            zapi_people_teach(people, *a.output ? a.output : a.phone, a.lid,
                              NULL, true);
    }
}
