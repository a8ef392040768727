/* SPDX-License-Identifier: MIT
 *
 * Userdata types (see class.h). The metatable lives in the registry under the
 * address of its description, so that a check is one look-up and two modules
 * loaded into one state cannot take each other's types for their own.
 */
#include "lua/class.h"

#include <string.h>

#include "base/buf.h"

static int l_tostring(lua_State *L)
{
    lua_getmetatable(L, 1);
    lua_getfield(L, -1, "__name");
    lua_pushfstring(L, "%s: %p", lua_tostring(L, -1), lua_topointer(L, 1));
    return 1;
}

void zapi_class_register(lua_State *L, const struct zapi_class *c)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, c) == LUA_TTABLE) {
        lua_pop(L, 1);
        return;
    }
    lua_pop(L, 1);
    lua_newtable(L); /* mt */
    lua_pushstring(L, c->name);
    lua_setfield(L, -2, "__name");
    lua_pushcfunction(L, l_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushboolean(L, 0); /* scripts must not swap or read it */
    lua_setfield(L, -2, "__metatable");
    if (c->close) {
        lua_pushcfunction(L, c->close);
        lua_pushvalue(L, -1);
        lua_setfield(L, -3, "__gc");
        lua_setfield(L, -2, "__close");
    }
    if (c->metamethods) {
        luaL_setfuncs(L, c->metamethods, 0);
    }
    if (c->methods) {
        lua_newtable(L); /* mt methods */
        luaL_setfuncs(L, c->methods, 0);
        lua_setfield(L, -2, "__index");
    }
    lua_rawsetp(L, LUA_REGISTRYINDEX, c);
}

void *zapi_class_new(lua_State *L, const struct zapi_class *c, size_t size,
                     int uservalues)
{
    void *p = lua_newuserdatauv(L, size, uservalues);
    memset(p, 0, size);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, c) != LUA_TTABLE) {
        lua_pop(L, 1);
        zapi_class_register(L, c);
        lua_rawgetp(L, LUA_REGISTRYINDEX, c);
    }
    lua_setmetatable(L, -2);
    return p;
}

void *zapi_class_test(lua_State *L, int index, const struct zapi_class *c)
{
    void *p = lua_touserdata(L, index);
    bool same;
    if (!p || lua_islightuserdata(L, index) || !lua_getmetatable(L, index)) {
        return NULL;
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, c);
    same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same ? p : NULL;
}

void *zapi_class_check(lua_State *L, int arg, const struct zapi_class *c)
{
    void *p = zapi_class_test(L, arg, c);
    if (!p) {
        luaL_typeerror(L, arg, c->name);
    }
    return p;
}

static int l_box_close(lua_State *L)
{
    zapi_buf_free(lua_touserdata(L, 1));
    return 0;
}

static const struct zapi_class box_class = {
    .name = "zapi.box",
    .close = l_box_close,
};

struct zapi_buf *zapi_box_new(lua_State *L, size_t max)
{
    struct zapi_buf *b = zapi_class_new(L, &box_class, sizeof *b, 0);
    zapi_buf_init(b, max);
    return b;
}

/* ---- arguments ---- */

static void wrong_type(lua_State *L, int arg, const char *function,
                       const char *expected)
{
    luaL_error(L, "bad argument #%d to '%s' (%s expected, got %s)", arg,
               function, expected, luaL_typename(L, arg));
}

lua_Number zapi_arg_number(lua_State *L, int arg, const char *function)
{
    int ok;
    lua_Number n = lua_tonumberx(L, arg, &ok);
    if (!ok) {
        wrong_type(L, arg, function, "number");
    }
    return n;
}

void zapi_arg_function(lua_State *L, int arg, const char *function)
{
    if (!lua_isfunction(L, arg)) {
        wrong_type(L, arg, function, "function");
    }
}
