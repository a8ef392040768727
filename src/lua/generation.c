/* SPDX-License-Identifier: MIT
 *
 * See generation.h. A change of generations has two halves: all that may fail
 * (memory, a name, the door) is done for every bot first, and taken back when
 * it does; what follows cannot fail. Start reading at zapi_rt_serve.
 */
#include "lua/generation.h"

#include <stdlib.h>

#include "lua/runtime.h"
#include "lua/service.h"

enum { CHECK_SECONDS = 10 };

size_t zapi_rt_services(const struct zapi_rt *rt)
{
    size_t n = 0;
    for (struct zapi_service *s = rt->services; s; s = zapi_service_next(s))
        n++;
    return n;
}

/* ---- serving ---- */

static void take_back(struct zapi_rt *rt)
{
    for (struct zapi_service *s = rt->services; s; s = zapi_service_next(s))
        if (zapi_service_is_held(s))
            zapi_service_unjoin(s);
}

static bool join_all(struct zapi_rt *rt, struct zapi_error *error)
{
    for (struct zapi_service *s = rt->services; s; s = zapi_service_next(s))
        if (zapi_service_is_held(s) && !zapi_service_join(s, error)) {
            take_back(rt);
            return false;
        }
    return true;
}

/* A script may close one of its services when it is told. */
static void retire_all(struct zapi_rt *rt)
{
    struct zapi_service *next;
    for (struct zapi_service *s = rt->services; s; s = next) {
        next = zapi_service_next(s);
        zapi_service_retire(s);
    }
}

bool zapi_rt_serve(struct zapi_rt *rt, struct zapi_rt *from,
                   struct zapi_error *error)
{
    struct zapi_service *next;
    if (!join_all(rt, error))
        return false;
    for (struct zapi_service *s = rt->services; s; s = zapi_service_next(s))
        if (zapi_service_is_held(s))
            zapi_service_serve(s);
    if (from)
        retire_all(from);
    for (struct zapi_service *s = rt->services; s; s = next) {
        next = zapi_service_next(s);
        zapi_service_tell_serves(s);
    }
    return true;
}

/* ---- checking ---- */

static const char checker_key; /* registry: function(seconds) */

struct check {
    struct zapi_rt *rt;
    double seconds;
    zapi_rt_checked *done;
    void *arg;
};

/* The state goes: nobody is told. */
static void drop_check(void *arg)
{
    free(arg);
}

static void on_checked(void *arg, bool ok, const char *message)
{
    struct check *c = arg;
    zapi_rt_cancel_at_close(c->rt, c);
    c->done(c->arg, ok, message);
    free(c);
}

static int l_nothing(lua_State *L)
{
    (void)L;
    return 0;
}

/* Stack: check */
static int l_begin_check(lua_State *L)
{
    struct check *c = lua_touserdata(L, 1);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &checker_key) != LUA_TFUNCTION)
        lua_pushcfunction(L, l_nothing);
    lua_pushnumber(L, c->seconds);
    struct zapi_task *task = zapi_task_new(L, 1, true);
    task->end = on_checked;
    task->end_arg = c;
    return 0;
}

void zapi_rt_check(struct zapi_rt *rt, double seconds, zapi_rt_checked *done,
                   void *arg)
{
    struct check *c = malloc(sizeof *c);
    if (!c) {
        done(arg, false, "not enough memory");
        return;
    }
    *c = (struct check){.rt = rt,
                        .seconds = seconds > 0 ? seconds : CHECK_SECONDS,
                        .done = done,
                        .arg = arg};
    zapi_rt_at_close(rt, drop_check, c);
    if (!zapi_rt_enter(rt, l_begin_check, c, "a check could not start"))
        on_checked(c, false, "not enough memory");
}

/* on_check(fn): fn(seconds) runs, in a task, before the bots of a next
 * generation serve; what it throws refuses it. */
static int l_on_check(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &checker_key);
    return 0;
}

/* ---- retiring ---- */

void zapi_rt_retire(struct zapi_rt *rt)
{
    retire_all(rt);
    zapi_rt_end_runs(rt);
    zapi_rt_end_alarms(rt);
    zapi_rt_end_tasks(rt);
}

/* lasting(fn, …): what fn starts is not the main chunk's, so it does not end
 * with it. fn must not wait. */
static int l_lasting(lua_State *L)
{
    struct zapi_rt *rt = zapi_rt_get(L);
    bool was = rt->lasting;
    luaL_checktype(L, 1, LUA_TFUNCTION);
    rt->lasting = true;
    int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    rt->lasting = was;
    if (status != LUA_OK)
        return lua_error(L);
    return lua_gettop(L);
}

void zapi_l_generation_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"on_check", l_on_check}, {"lasting", l_lasting}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
