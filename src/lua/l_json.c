/* SPDX-License-Identifier: MIT
 *
 * zapi.json: the strict reader and the exact writer of base/json for scripts.
 * Not lua-cjson: an event that was answered 200 must be what a script can
 * decode, so one parser decides (ARCHITECTURE.md).
 */
#include "base/error.h"
#include "lua/runtime.h"
#include "lua/value.h"

#define MAX_TEXT (256u << 20)

static int l_encode(lua_State *L)
{
    struct zapi_buf *out;
    const char *why = NULL;
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    out = zapi_box_new(L, MAX_TEXT);
    if (!zapi_value_encode(L, 1, out, &why)) {
        return luaL_error(L, "cannot write as JSON: %s", why);
    }
    if (out->failed) {
        return luaL_error(L, "cannot write as JSON: the text is too long");
    }
    lua_pushlstring(L, zapi_buf_str(out), out->len);
    zapi_buf_free(out);
    return 1;
}

/* json.decode(text, {null = true}?) -> value | nil, err */
static int l_decode(lua_State *L)
{
    size_t len, offset = 0;
    const char *text = luaL_checklstring(L, 1, &len), *error = NULL;
    bool nulls = false;
    struct zapi_error e = {.kind = ZAPI_E_NONE};
    if (lua_istable(L, 2)) {
        lua_getfield(L, 2, "null");
        nulls = lua_toboolean(L, -1);
    }
    if (zapi_value_decode(L, text, len, nulls, &error, &offset)) {
        return 1;
    }
    zapi_error_set(&e, ZAPI_E_BAD_JSON, "%s at byte %zu", error, offset + 1);
    luaL_pushfail(L);
    zapi_error_push(L, &e);
    return 2;
}

/* Marks a table, so that it is written as [] even when empty. */
static int l_array(lua_State *L)
{
    if (lua_isnoneornil(L, 1)) {
        lua_settop(L, 0);
        lua_newtable(L);
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    zapi_value_push_array_mark(L);
    lua_setmetatable(L, 1);
    return 1;
}

void zapi_l_json_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"json_encode", l_encode},
        {"json_decode", l_decode},
        {"array", l_array},
        {NULL, NULL},
    };
    luaL_setfuncs(L, functions, 0);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
}
