/* SPDX-License-Identifier: MIT
 *
 * For the tools that look after a data folder (lua/zapi/host/tools):
 *
 *   core.admin(folder, request) -> reply | nil, why
 *   core.full_path(path)        -> path from the root
 *
 * A request and its reply are tables (store/admin.h). It blocks: a tool has
 * nothing else to do. Buffers are boxes, so that nothing leaks when Lua throws.
 * Start at l_admin.
 */
#include <unistd.h>

#include "lua/runtime.h"
#include "lua/value.h"
#include "store/ask.h"

#define REQUEST_MAX (64u * 1024)
#define REPLY_MAX   (65u << 20)

static int fail(lua_State *L, const char *why)
{
    lua_pushnil(L);
    lua_pushstring(L, why);
    return 2;
}

/* Stack: -- reply; or nil, why */
static int push_reply(lua_State *L, const struct zapi_buf *reply)
{
    const char *why = "?";
    size_t offset;
    if (!zapi_value_decode(L, zapi_buf_str(reply), reply->len, false, &why,
                           &offset)) {
        return fail(L, why);
    }
    if (lua_getfield(L, -1, "ok") == LUA_TBOOLEAN && !lua_toboolean(L, -1)) {
        lua_getfield(L, -2, "error");
        return fail(L, lua_tostring(L, -1));
    }
    lua_pop(L, 1);
    lua_pushnil(L);
    lua_setfield(L, -2, "ok");
    return 1;
}

static int l_admin(lua_State *L)
{
    const char *folder = luaL_checkstring(L, 1), *why = "?";
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    struct zapi_buf *request, *reply;
    luaL_checktype(L, 2, LUA_TTABLE);
    request = zapi_box_new(L, REQUEST_MAX);
    reply = zapi_box_new(L, REPLY_MAX);
    if (!zapi_value_encode(L, 2, request, &why)) {
        return luaL_error(L, "%s", why);
    }
    if (!zapi_ask(folder, request->data, request->len, reply, &error)) {
        return fail(L, error.message);
    }
    return push_reply(L, reply);
}

static int l_full_path(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    char here[4096];
    if (path[0] != '/' && getcwd(here, sizeof here)) {
        lua_pushfstring(L, "%s/%s", here, path);
    } else {
        lua_pushstring(L, path);
    }
    return 1;
}

void zapi_l_admin_open(lua_State *L)
{
    lua_pushcfunction(L, l_admin);
    lua_setfield(L, -2, "admin");
    lua_pushcfunction(L, l_full_path);
    lua_setfield(L, -2, "full_path");
}
