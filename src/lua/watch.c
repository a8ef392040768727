/* SPDX-License-Identifier: MIT
 *
 * See watch.h. The hook is armed on one coroutine only, the innermost, and on
 * its resumers as it hands over to them; new coroutines inherit it. One that
 * outlives the run it was armed for takes its hook off at the first
 * instruction. The coroutine functions are those of Lua 5.4 (lcorolib.c) with
 * the notes added. Start reading at zapi_watch_arm, then on_count.
 */
#include "lua/watch.h"

#include <stdio.h>

#include <lauxlib.h>

/* Signals and hooks reach a process, not an object. */
static struct zapi_watch *watched;

void zapi_watch_install(struct zapi_watch *w)
{
    watched = w;
}

static bool is_target(const struct zapi_watch *w)
{
    uint64_t since = atomic_load(&w->since);
    return since != 0 && since == atomic_load(&w->target);
}

static void note_place(struct zapi_watch *w, lua_State *L, lua_Debug *ar)
{
    uint64_t soft = atomic_load(&w->soft);
    double budget = atomic_load(&w->main) ? w->main_budget
                    : soft                ? (double)soft / 1e9
                                          : w->budget;
    lua_getinfo(L, "Sl", ar); /* touches no memory of Lua's */
    snprintf(w->message, sizeof w->message,
             "computed for more than %g s at %s:%d", budget, ar->short_src,
             ar->currentline);
}

/* Yielding is what no pcall catches; it cannot be done below a C function like
 * table.sort, where an error is thrown at each instruction instead. */
static void on_count(lua_State *L, lua_Debug *ar)
{
    struct zapi_watch *w = watched;
    if (!w || !is_target(w)) {
        lua_sethook(L, NULL, 0, 0);
        return;
    }
    if (!w->overran) {
        w->overran = true;
        note_place(w, L, ar);
    }
    if (lua_isyieldable(L)) {
        lua_yield(L, 0);
    } else {
        lua_pushstring(L, w->message);
        lua_error(L);
    }
}

static void arm(lua_State *L)
{
    lua_sethook(L, on_count, LUA_MASKCOUNT, 1);
}

void zapi_watch_arm(void)
{
    struct zapi_watch *w = watched;
    lua_State *L = w ? w->inner : NULL;
    if (L && is_target(w)) {
        arm(L);
    }
}

/* What ran before runs on, and is to end too. */
static void back_to(struct zapi_watch *w, lua_State *L)
{
    w->inner = L;
    if (L && w->overran) {
        arm(L);
    }
}

int zapi_watch_reset(struct zapi_watch *w, lua_State *co)
{
    lua_State *was = w ? w->inner : NULL;
    int status;
    if (!w) {
        return lua_resetthread(co);
    }
    w->inner = co;
    status = lua_resetthread(co);
    back_to(w, was);
    return status;
}

/* ---- coroutine ---- */

static lua_State *check_thread(lua_State *L)
{
    lua_State *co = lua_tothread(L, 1);
    luaL_argexpected(L, co, 1, "coroutine");
    return co;
}

/* Number of results on top of L; negative: an error value is there. */
static int resume(lua_State *L, lua_State *co, int nargs)
{
    struct zapi_watch *w = watched;
    int status, n;
    if (!lua_checkstack(co, nargs)) {
        lua_pushliteral(L, "too many arguments to resume");
        return -1;
    }
    lua_xmove(L, co, nargs);
    w->inner = co;
    status = lua_resume(co, L, nargs, &n);
    back_to(w, L);
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_xmove(co, L, 1);
        return -1;
    }
    if (!lua_checkstack(L, n + 1)) {
        lua_pop(co, n);
        lua_pushliteral(L, "too many results to resume");
        return -1;
    }
    lua_xmove(co, L, n);
    return n;
}

static int l_resume(lua_State *L)
{
    lua_State *co = check_thread(L);
    int n = resume(L, co, lua_gettop(L) - 1);
    lua_pushboolean(L, n >= 0);
    lua_insert(L, n < 0 ? -2 : -(n + 1));
    return n < 0 ? 2 : n + 1;
}

static int l_wrapped(lua_State *L)
{
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));
    int n = resume(L, co, lua_gettop(L)), status;
    if (n >= 0) {
        return n;
    }
    status = lua_status(co);
    if (status != LUA_OK && status != LUA_YIELD) {
        status = zapi_watch_reset(watched, co);
        lua_xmove(co, L, 1); /* the error, or that of a __close */
    }
    if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

static int l_wrap(lua_State *L)
{
    lua_State *co;
    luaL_checktype(L, 1, LUA_TFUNCTION);
    co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    lua_pushcclosure(L, l_wrapped, 1);
    return 1;
}

/* NULL: it may be closed. */
static const char *not_closable(lua_State *L, lua_State *co)
{
    lua_Debug ar;
    if (L == co) {
        return "running";
    }
    return lua_status(co) == LUA_OK && lua_getstack(co, 0, &ar) ? "normal"
                                                                : NULL;
}

static int l_close(lua_State *L)
{
    lua_State *co = check_thread(L);
    const char *state = not_closable(L, co);
    if (state) {
        return luaL_error(L, "cannot close a %s coroutine", state);
    }
    if (zapi_watch_reset(watched, co) == LUA_OK) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_pushboolean(L, 0);
    lua_xmove(co, L, 1);
    return 2;
}

void zapi_watch_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"resume", l_resume},
        {"wrap", l_wrap},
        {"close", l_close},
        {NULL, NULL},
    };
    lua_getglobal(L, "coroutine");
    luaL_setfuncs(L, functions, 0);
    lua_getglobal(L, "debug");
    lua_pushnil(L);
    lua_setfield(L, -2, "sethook");
    lua_pop(L, 2);
}
