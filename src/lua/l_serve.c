/* SPDX-License-Identifier: MIT
 *
 * zapi.http.serve: an HTTP server whose requests are Lua tasks. The door does
 * the network, requests.c the tasks; here is only the userdata that a script
 * holds. It stays in the registry while the server is open, so a script need
 * not keep it; user value 1 is the handler. Start reading at l_serve.
 */
#include <stdlib.h>
#include <string.h>

#include "lua/class.h"
#include "lua/requests.h"
#include "lua/runtime.h"
#include "lua/value.h"

struct server {
    struct zapi_rt *rt;
    struct zapi_door *door;
    struct zapi_requests *requests;
    struct zapi_rt_part part; /* of the program's orderly end */
    bool held;
    char address[160];
};

/* Also after an error half-way through l_serve. Needs no memory: sets an
 * existing key to nil. */
static int l_server_close(lua_State *L)
{
    struct server *s = lua_touserdata(L, 1);
    struct zapi_door *door = s->door;
    struct zapi_requests *requests = s->requests;
    if (s->held)
        zapi_rt_remove_part(s->rt, &s->part); /* it looks at the door */
    s->door = NULL;
    s->requests = NULL;
    if (door)
        zapi_door_stop(door);
    if (requests)
        zapi_requests_close(requests);
    if (s->held)
        zapi_rt_unhold(s->rt);
    s->held = false;
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, s);
    return 0;
}

static int l_server_index(lua_State *L);

static const luaL_Reg server_meta[] = {
    {"__index", l_server_index},
    {NULL, NULL},
};

static const struct zapi_class server_class = {
    .name = "zapi.server",
    .metamethods = server_meta,
    .close = l_server_close,
};

static int l_close(lua_State *L)
{
    zapi_class_check(L, 1, &server_class);
    lua_settop(L, 1);
    return l_server_close(L);
}

static int l_server_index(lua_State *L)
{
    struct server *s = zapi_class_check(L, 1, &server_class);
    const char *key = luaL_checkstring(L, 2);
    if (strcmp(key, "close") == 0)
        lua_pushcfunction(L, l_close);
    else if (strcmp(key, "address") == 0)
        lua_pushstring(L, s->address);
    else if (strcmp(key, "port") == 0)
        lua_pushinteger(L, atoi(strrchr(s->address, ':') + 1));
    else
        lua_pushnil(L);
    return 1;
}

static void on_exchange(void *arg, struct zapi_exchange *ex)
{
    zapi_requests_post(arg, ex);
}

/* The field as a string or NULL; stays on the stack. */
static const char *opt_string(lua_State *L, int t, const char *name)
{
    int type = lua_getfield(L, t, name);
    if (type != LUA_TNIL && type != LUA_TSTRING)
        luaL_error(L, "bad parameter '%s' to serve (string expected, got %s)",
                   name, lua_typename(L, type));
    return lua_tostring(L, -1);
}

static double opt_number(lua_State *L, int t, const char *name)
{
    int type = lua_getfield(L, t, name);
    double v = lua_tonumber(L, -1);
    if (type != LUA_TNIL && (type != LUA_TNUMBER || !(v > 0 && v < 4e9)))
        luaL_error(L, "bad parameter '%s' to serve (positive number expected)",
                   name);
    lua_pop(L, 1);
    return v;
}

static struct zapi_door_config read_config(lua_State *L, int t)
{
    struct zapi_door_config c = {.listen_fd = -1, .handle = on_exchange};
    c.max_body = (size_t)opt_number(L, t, "max_body");
    c.reply_timeout = opt_number(L, t, "timeout");
    c.listen = opt_string(L, t, "listen");
    c.label = opt_string(L, t, "label");
    if (!c.listen)
        c.listen = "127.0.0.1:0";
    return c;
}

static void on_quiesce(void *arg)
{
    struct server *s = arg;
    zapi_door_quiesce(s->door);
}

static size_t busy(void *arg)
{
    struct server *s = arg;
    return zapi_door_in_flight(s->door);
}

/* Stack: options -- server | nil error */
static int l_serve(lua_State *L)
{
    struct zapi_error error = {0};
    luaL_checktype(L, 1, LUA_TTABLE);
    struct zapi_door_config c = read_config(L, 1);
    if (lua_getfield(L, 1, "handler") != LUA_TFUNCTION)
        return luaL_error(L,
                          "bad parameter 'handler' to serve (function "
                          "expected, got %s)",
                          luaL_typename(L, -1));
    struct server *s = zapi_class_new(L, &server_class, sizeof *s, 1);
    lua_insert(L, -2);
    lua_setiuservalue(L, -2, 1);
    s->rt = zapi_rt_get(L);
    c.arg = s->requests = zapi_requests_new(L, s, 1);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, s);
    s->door = zapi_door_start(&c, &error);
    if (!s->door) {
        lua_pushcfunction(L, l_server_close);
        lua_pushvalue(L, -2);
        lua_call(L, 1, 0);
        lua_pushnil(L);
        zapi_error_push(L, &error);
        return 2;
    }
    strncpy(s->address, zapi_door_address(s->door), sizeof s->address - 1);
    zapi_rt_hold(s->rt);
    s->part =
        (struct zapi_rt_part){.quiesce = on_quiesce, .busy = busy, .arg = s};
    zapi_rt_add_part(s->rt, &s->part);
    s->held = true;
    return 1;
}

void zapi_l_serve_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"serve", l_serve}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
