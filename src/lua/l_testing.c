/* SPDX-License-Identifier: MIT
 *
 * core.testing: what lua/zapi/testing.lua needs of the core: the clock that it
 * moves, whether anything can happen without it, and data that change hands.
 * Nothing is owned here. Start reading at l_is_quiet.
 */
#include <math.h>

#include <lauxlib.h>

#include "base/clock.h"
#include "lua/runtime.h"
#include "lua/service.h"
#include "lua/value.h"
#include "net/client.h"

#define CENTURY 3.2e9

/* next() -> seconds until somebody has waited long enough | nil: nobody waits */
static int l_next(lua_State *L)
{
    double left = zapi_clock_next();
    if (left < HUGE_VAL)
        lua_pushnumber(L, left);
    else
        lua_pushnil(L);
    return 1;
}

/* move(seconds): the clock goes on by so many */
static int l_move(lua_State *L)
{
    double seconds = luaL_checknumber(L, 1);
    luaL_argcheck(L, seconds >= 0 && seconds < CENTURY, 1,
                  "seconds from 0 on expected");
    zapi_clock_move(seconds);
    return 0;
}

/* set(now | nil): Unix seconds; nil: the system's time */
static int l_set(lua_State *L)
{
    zapi_clock_set(luaL_optnumber(L, 1, 0));
    return 0;
}

/* is_quiet(hanging) -> does nothing but time go on? No task is ready, no write
 * and no event under way, and no call but so many. */
static int l_is_quiet(lua_State *L)
{
    struct zapi_rt *rt = zapi_rt_get(L);
    size_t hanging = (size_t)luaL_optinteger(L, 1, 0);
    size_t calls = rt->http ? zapi_http_active(rt->http) : 0;
    bool quiet = !rt->head && calls <= hanging;
    if (quiet && rt->hub) {
        struct zapi_db *db = zapi_hub_db(rt->hub);
        quiet = zapi_inbox_depth(zapi_hub_inbox(rt->hub)) == 0 &&
                (!db || zapi_db_queued(db) == 0);
    }
    lua_pushboolean(L, quiet);
    return 1;
}

/* calls() -> HTTP calls under way */
static int l_calls(lua_State *L)
{
    struct zapi_rt *rt = zapi_rt_get(L);
    lua_pushinteger(L, rt->http ? (lua_Integer)zapi_http_active(rt->http) : 0);
    return 1;
}

/* data(folder | nil): where the data of the next bot are; "memory": nowhere;
 * nil: where ZAPIBOT_DATA says. No bot may run. */
static int l_data(lua_State *L)
{
    if (!zapi_rt_move_hub(zapi_rt_get(L), luaL_optstring(L, 1, NULL)))
        return luaL_error(L, "the data cannot change hands: a bot runs, or this"
                             " is no plain Lua");
    return 0;
}

/* snapshot(file): what is on disk at this moment */
static int l_snapshot(lua_State *L)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    struct zapi_db *db = zapi_hub_db(zapi_rt_hub(L, zapi_rt_get(L)));
    if (!db)
        return luaL_error(L, "the data are in memory");
    if (!zapi_db_backup(db, luaL_checkstring(L, 1), &error)) {
        zapi_error_push(L, &error);
        return lua_error(L);
    }
    return 0;
}

void zapi_l_testing_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"next", l_next},         {"move", l_move},   {"set", l_set},
        {"is_quiet", l_is_quiet}, {"calls", l_calls}, {"data", l_data},
        {"snapshot", l_snapshot}, {NULL, NULL},
    };
    luaL_newlib(L, functions);
    lua_setfield(L, -2, "testing");
}
