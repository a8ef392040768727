/* SPDX-License-Identifier: MIT
 *
 * The one exported symbol of zapi/core.so. Everything else is in the layers'
 * static libraries with hidden visibility. Start reading at src/lua/core.c.
 */
#include <lua.h>

int zapi_core_open(lua_State *L);

__attribute__((visibility("default"))) int luaopen_zapi_core(lua_State *L);

int luaopen_zapi_core(lua_State *L)
{
    return zapi_core_open(L);
}
