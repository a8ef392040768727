/* SPDX-License-Identifier: MIT
 *
 * The error object of scripts: a plain table, so that every field can be read
 * and printed, with one metatable per state, which is how zapi_error_test
 * knows it. What it says was redacted when the struct zapi_error was filled.
 */
#include <lauxlib.h>

#include "base/buf.h"
#include "lua/class.h"
#include "lua/value.h"

enum { MOST_FIELDS = 12, LONGEST_TEXT = 200 };

static const char metatable_key = 0;

/* "send_text: message (auth.client_token_missing, HTTP 400)" */
static int l_tostring(lua_State *L)
{
    luaL_Buffer b;

    lua_settop(L, 1);
    lua_getfield(L, 1, "endpoint"); /* 2 */
    lua_getfield(L, 1, "message");  /* 3 */
    lua_getfield(L, 1, "kind");     /* 4 */
    lua_getfield(L, 1, "status");   /* 5 */
    for (int i = 2; i <= 5; i++) {
        if (!lua_isnil(L, i)) {
            luaL_tolstring(L, i, NULL); /* a script may have changed it */
            lua_replace(L, i);
        }
    }
    const char *endpoint = lua_tostring(L, 2), *message = lua_tostring(L, 3);
    const char *kind = lua_tostring(L, 4), *status = lua_tostring(L, 5);
    luaL_buffinit(L, &b);
    luaL_addstring(&b, endpoint ? endpoint : "");
    luaL_addstring(&b, endpoint ? ": " : "");
    luaL_addstring(&b, message ? message : "");
    luaL_addstring(&b, " (");
    luaL_addstring(&b, kind ? kind : "?");
    luaL_addstring(&b, status ? ", HTTP " : "");
    luaL_addstring(&b, status ? status : "");
    luaL_addstring(&b, ")");
    luaL_pushresult(&b);
    return 1;
}

static int l_concat(lua_State *L)
{
    luaL_tolstring(L, 1, NULL);
    luaL_tolstring(L, 2, NULL);
    lua_concat(L, 2);
    return 1;
}

/* Stack: -- metatable */
void zapi_error_push_metatable(lua_State *L)
{
    static const luaL_Reg metamethods[] = {
        {"__tostring", l_tostring},
        {"__concat", l_concat},
        {NULL, NULL},
    };

    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_key) == LUA_TTABLE) {
        return;
    }
    lua_pop(L, 1);
    luaL_newlib(L, metamethods);
    lua_pushliteral(L, "zapi.error");
    lua_setfield(L, -2, "__name");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &metatable_key);
}

static void set_string(lua_State *L, const char *key, const char *value)
{
    lua_pushstring(L, value);
    lua_setfield(L, -2, key);
}

void zapi_error_push(lua_State *L, const struct zapi_error *e)
{
    luaL_checkstack(L, 4, NULL);
    lua_createtable(L, 0, 8);
    set_string(L, "kind", zapi_error_name(e->kind));
    set_string(L, "message", e->message);
    set_string(L, "outcome", zapi_outcome_name(e->outcome));
    lua_pushboolean(L, zapi_error_retryable(e->kind));
    lua_setfield(L, -2, "retryable");
    if (e->endpoint[0]) {
        set_string(L, "endpoint", e->endpoint);
    }
    if (e->status != 0) {
        lua_pushinteger(L, e->status);
        lua_setfield(L, -2, "status");
    }
    if (e->retry_after > 0) {
        lua_pushnumber(L, e->retry_after);
        lua_setfield(L, -2, "retry_after");
    }
    zapi_error_push_metatable(L);
    lua_setmetatable(L, -2);
}

/* A key or a value of a table that was thrown. Stack: unchanged. */
static void add_value(lua_State *L, struct zapi_buf *out, int index, bool key)
{
    size_t len;
    const char *text;
    bool quoted = lua_type(L, index) == LUA_TSTRING && !key;
    if (lua_istable(L, index)) {
        zapi_buf_adds(out, "{…}");
        return;
    }
    text = luaL_tolstring(L, index, &len);
    zapi_buf_adds(out, quoted ? "\"" : "");
    zapi_buf_add(out, text, len < LONGEST_TEXT ? len : LONGEST_TEXT);
    zapi_buf_adds(out, len < LONGEST_TEXT ? "" : "…");
    zapi_buf_adds(out, quoted ? "\"" : "");
    lua_pop(L, 1);
}

static bool has_text(lua_State *L, int index)
{
    bool has = luaL_getmetafield(L, index, "__tostring") != LUA_TNIL;
    lua_pop(L, has ? 1 : 0);
    return has;
}

void zapi_error_push_text(lua_State *L, int index)
{
    struct zapi_buf *out;
    int fields = 0;
    index = lua_absindex(L, index);
    luaL_checkstack(L, 8, NULL);
    if (!lua_istable(L, index) || has_text(L, index)) {
        luaL_tolstring(L, index, NULL);
        return;
    }
    out = zapi_box_new(L, 1 << 16);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        if (++fields > MOST_FIELDS) {
            lua_pop(L, 2);
            zapi_buf_adds(out, ", …");
            break;
        }
        zapi_buf_adds(out, fields == 1 ? "{" : ", ");
        if (lua_type(L, -2) == LUA_TSTRING) {
            add_value(L, out, -2, true);
            zapi_buf_adds(out, " = ");
        }
        add_value(L, out, -1, false);
    }
    zapi_buf_adds(out, fields ? "}" : "{}");
    lua_pushstring(L, zapi_buf_str(out));
    lua_remove(L, -2);
}

bool zapi_error_test(lua_State *L, int index)
{
    if (!lua_istable(L, index) || !lua_getmetatable(L, index)) {
        return false;
    }
    zapi_error_push_metatable(L);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}
