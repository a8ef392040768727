/* SPDX-License-Identifier: MIT
 *
 * JSON -> Lua. The pull reader's tokens become values on the stack; there is
 * no tree between and no memory but the state's own, so a memory error leaks
 * nothing. Strings without a backslash are pushed from the borrowed text.
 *
 * A table is made when its first members are known: they wait on the stack,
 * in batches, so that most tables get their right size at once instead of
 * growing 1, 2, 4, 8 … The other direction is in value_encode.c. Start at
 * zapi_value_decode.
 */
#include "lua/value.h"

#include <lauxlib.h>

#include "base/json.h"
#include "lua/host.h"

#define BATCH  32 /* members that wait on the stack */
#define BIG    ((size_t)64 * 1024)
#define GROWTH 10

struct decoder {
    lua_State *L;
    struct zapi_json_reader r;
    int mark; /* where the metatable of arrays is on the stack */
    bool nulls;
};

static bool push_value(struct decoder *d, enum zapi_json_token t);

void zapi_value_push_array_mark(lua_State *L)
{
    static const char key = 0;

    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &key) == LUA_TTABLE) {
        return;
    }
    lua_pop(L, 1);
    lua_createtable(L, 0, 1); /* mark */
    lua_pushliteral(L, "zapi.array");
    lua_setfield(L, -2, "__name");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
}

bool zapi_value_is_null(lua_State *L, int index)
{
    return lua_islightuserdata(L, index) && !lua_touserdata(L, index);
}

static void push_string(struct decoder *d)
{
    if (!d->r.escaped) {
        lua_pushlstring(d->L, d->r.str, d->r.len);
        return;
    }
    luaL_Buffer b;
    char *out = luaL_buffinitsize(d->L, &b, d->r.len);
    size_t n = zapi_json_unescape(d->r.str, d->r.len, out);
    luaL_pushresultsize(&b, n);
}

/* Stack: [table] k1 v1 … kn vn -- table, with the members in it */
static void flush(struct decoder *d, int at, int members, bool made)
{
    lua_State *L = d->L;

    if (!made) {
        lua_createtable(L, 0, members);
        lua_insert(L, at);
    }
    for (int i = 0; i < members; i++) { /* in order: the last of doubles wins */
        lua_pushvalue(L, at + 1 + 2 * i);
        lua_pushvalue(L, at + 2 + 2 * i);
        lua_rawset(L, at);
    }
    lua_settop(L, at);
}

/* Stack: -- table */
static bool push_object(struct decoder *d)
{
    lua_State *L = d->L;
    int at = lua_gettop(L) + 1, members = 0;
    bool made = false;
    enum zapi_json_token t;

    luaL_checkstack(L, 2 * BATCH + 8, NULL);
    while ((t = zapi_json_next(&d->r)) == ZAPI_JSON_KEY) {
        if (members == BATCH) {
            flush(d, at, members, made);
            made = true;
            members = 0;
        }
        push_string(d);
        if (!push_value(d, zapi_json_next(&d->r))) {
            return false;
        }
        members++;
    }
    flush(d, at, members, made);
    return t == ZAPI_JSON_OBJECT_END;
}

/* Stack: -- table */
static bool push_array(struct decoder *d)
{
    lua_State *L = d->L;
    lua_Integer n = 0;
    enum zapi_json_token t;

    luaL_checkstack(L, 8, NULL);
    lua_createtable(L, 1, 0);
    while ((t = zapi_json_next(&d->r)) > ZAPI_JSON_END &&
           t != ZAPI_JSON_ARRAY_END) {
        if (!push_value(d, t)) {
            return false;
        }
        if (lua_isnil(L, -1)) {
            lua_pop(L, 1); /* a hole would end every ipairs too early */
        } else {
            lua_rawseti(L, -2, ++n);
        }
    }
    lua_pushvalue(L, d->mark);
    lua_setmetatable(L, -2);
    return t == ZAPI_JSON_ARRAY_END;
}

/* Stack: -- value, when it returns true */
static bool push_value(struct decoder *d, enum zapi_json_token t)
{
    switch (t) {
    case ZAPI_JSON_OBJECT:
        return push_object(d);
    case ZAPI_JSON_ARRAY:
        return push_array(d);
    case ZAPI_JSON_STRING:
        push_string(d);
        return true;
    case ZAPI_JSON_INTEGER:
        lua_pushinteger(d->L, d->r.integer);
        return true;
    case ZAPI_JSON_FLOAT:
        lua_pushnumber(d->L, d->r.number);
        return true;
    case ZAPI_JSON_TRUE:
    case ZAPI_JSON_FALSE:
        lua_pushboolean(d->L, t == ZAPI_JSON_TRUE);
        return true;
    case ZAPI_JSON_NULL:
        if (d->nulls) {
            lua_pushlightuserdata(d->L, NULL);
        } else {
            lua_pushnil(d->L);
        }
        return true;
    default:
        return false;
    }
}

/* A big text that cannot fit is refused before the others are made to suffer:
 * its tables take some ten times its bytes. */
static void check_room(lua_State *L, size_t len)
{
    const struct zapi_host *host = zapi_host_get(L);
    size_t need = len < SIZE_MAX / GROWTH ? len * GROWTH : SIZE_MAX;

    if (!host || !host->room || host->room(host->arg) >= need) {
        return;
    }
    lua_gc(L, LUA_GCCOLLECT);
    if (host->room(host->arg) < need) {
        lua_pushliteral(L, "not enough memory");
        lua_error(L);
    }
}

bool zapi_value_decode(lua_State *L, const char *text, size_t len, bool nulls,
                       const char **error, size_t *offset)
{
    struct decoder d = {.L = L, .nulls = nulls};
    int top = lua_gettop(L);

    luaL_checkstack(L, 8, NULL);
    if (len > BIG) {
        check_room(L, len);
    }
    zapi_value_push_array_mark(L);
    d.mark = top + 1;
    zapi_json_begin(&d.r, text, len);
    if (!push_value(&d, zapi_json_next(&d.r)) ||
        zapi_json_next(&d.r) != ZAPI_JSON_END) {
        *error = d.r.error;
        *offset = (size_t)(d.r.p - text);
        lua_settop(L, top);
        return false;
    }
    lua_remove(L, d.mark);
    return true;
}
