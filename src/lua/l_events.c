/* SPDX-License-Identifier: MIT
 *
 * Events as scripts see them: a webhook's text made into one (core.ingest), and
 * the names of kinds. Start reading at zapi_event_push.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/ingest.h"
#include "lua/class.h"
#include "lua/runtime.h"
#include "lua/service_parts.h"
#include "lua/value.h"

static void set_string(lua_State *L, const char *name, const char *value)
{
    lua_pushstring(L, value);
    lua_setfield(L, -2, name);
}

static void set_boolean(lua_State *L, const char *name, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}

void zapi_event_push(lua_State *L, const struct zapi_event *ev)
{
    const char *error = NULL;
    size_t offset = 0;
    lua_createtable(L, 0, 15);
    lua_pushinteger(L, (lua_Integer)ev->seq);
    lua_setfield(L, -2, "seq");
    lua_pushnumber(L, ev->received_at);
    lua_setfield(L, -2, "received_at");
    set_string(L, "id", ev->message_id);
    set_string(L, "kind", ev->kind);
    set_string(L, "chat", ev->chat);
    set_string(L, "author", ev->author);
    set_string(L, "order", ev->order);
    set_string(L, "instance", ev->instance);
    set_string(L, "type", ev->type);
    set_boolean(L, "from_me", ev->from_me);
    set_boolean(L, "from_api", ev->from_api);
    set_boolean(L, "is_group", ev->is_group);
    if (!zapi_value_decode(L, ev->body, ev->body_len, false, &error, &offset))
        luaL_error(L, "event %d: %s at byte %d", (int)ev->seq, error,
                   (int)offset);
    lua_setfield(L, -2, "payload");
}

struct zapi_event *zapi_ingest_arg(lua_State *L, int index)
{
    struct zapi_error error = {0};
    size_t len;
    const char *text = luaL_checklstring(L, index, &len);
    char *body = malloc(len + 1);
    if (!body)
        luaL_error(L, "not enough memory");
    memcpy(body, text, len + 1);
    struct zapi_event *ev = zapi_ingest(body, len, &error);
    if (ev)
        return ev;
    lua_pushnil(L);
    zapi_error_push(L, &error);
    return NULL;
}

/* ---- kinds ---- */

/* Pushes the words of `s` as an array. */
static void push_words(lua_State *L, const char *s)
{
    lua_newtable(L);
    for (lua_Integer i = 1; *s; i++) {
        size_t n = strcspn(s, " ");
        lua_pushlstring(L, s, n);
        lua_rawseti(L, -2, i);
        s += n + strspn(s + n, " ");
    }
}

static int l_kinds(lua_State *L)
{
    lua_Integer i = 1;
    lua_newtable(L);
    for (const struct zapi_kind *k = zapi_kinds(); k->name; k++) {
        lua_createtable(L, 0, 3);
        set_string(L, "name", k->name);
        set_string(L, "doc", k->doc);
        push_words(L, k->parents);
        lua_setfield(L, -2, "parents");
        lua_rawseti(L, -2, i++);
    }
    return 1;
}

static int l_kind_is(lua_State *L)
{
    lua_pushboolean(
        L, zapi_kind_is(luaL_checkstring(L, 1), luaL_checkstring(L, 2)));
    return 1;
}

/* ---- a text as an event ---- */

static int l_event_gc(lua_State *L)
{
    struct zapi_event **box = lua_touserdata(L, 1);
    zapi_event_free(*box);
    *box = NULL;
    return 0;
}

static const struct zapi_class event_class = {
    .name = "zapi.event",
    .close = l_event_gc,
};

/* core.ingest(text) -> event | nil, error */
static int l_ingest(lua_State *L)
{
    luaL_checkstring(L, 1);
    struct zapi_event **box = zapi_class_new(L, &event_class, sizeof *box, 0);
    *box = zapi_ingest_arg(L, 1);
    if (!*box)
        return 2;
    zapi_event_push(L, *box);
    return 1;
}

void zapi_l_events_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"kinds", l_kinds},
        {"kind_is", l_kind_is},
        {"ingest", l_ingest},
        {NULL, NULL},
    };
    luaL_setfuncs(L, functions, 0);
}
