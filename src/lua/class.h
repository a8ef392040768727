/* SPDX-License-Identifier: MIT
 *
 * One way to make userdata types. An object is created zeroed, with its
 * metatable set, before anything is acquired, so that an error at any later
 * point is harmless: __gc and __close are the same function and must accept a
 * zeroed or already closed object.
 */
#ifndef ZAPI_LUA_CLASS_H
#define ZAPI_LUA_CLASS_H

#include <lauxlib.h>
#include <lua.h>

struct zapi_class {
    const char *name;            /* __name: "zapi.task" */
    const luaL_Reg *methods;     /* __index table; may be NULL */
    const luaL_Reg *metamethods; /* beyond those below; may be NULL */
    lua_CFunction close;         /* __gc and __close; may be NULL */
};

/* Makes the metatable (once per state). Stack: unchanged. */
void zapi_class_register(lua_State *L, const struct zapi_class *c);
/* Pushes a new zeroed object with `uservalues` user values. */
void *zapi_class_new(lua_State *L, const struct zapi_class *c, size_t size,
                     int uservalues);
/* The object at `arg`, or an argument error. */
void *zapi_class_check(lua_State *L, int arg, const struct zapi_class *c);
/* The same, NULL instead of an error. */
void *zapi_class_test(lua_State *L, int index, const struct zapi_class *c);

/* An argument of a public function that has another name in the core, which is
 * what luaL_check… would tell of. */
lua_Number zapi_arg_number(lua_State *L, int arg, const char *function);
void zapi_arg_function(lua_State *L, int arg, const char *function);

/* Scratch memory that an error cannot leak: a zapi_buf in a userdata. Pushes
 * it; freed when collected, or earlier by zapi_buf_free. */
struct zapi_buf;
struct zapi_buf *zapi_box_new(lua_State *L, size_t max);

#endif
