/* SPDX-License-Identifier: MIT
 *
 * The memory of a state: what it counts, what the limit refuses, and that a
 * real state lives with it: garbage goes before an allocation fails, and after
 * a failure it works on.
 */
#include <stdint.h>
#include <stdlib.h>

#include <lauxlib.h>
#include <lualib.h>

#include "check.h"
#include "host/heap.h"

#define LIMIT ((size_t)1 << 20)

static void counts_what_is_held(void)
{
    struct zapi_heap *h = zapi_heap_new(0);
    char *small = zapi_heap_alloc(h, NULL, LUA_TSTRING, 40), *large;
    CHECK_INT(zapi_heap_used(h), 40);
    large = zapi_heap_alloc(h, NULL, LUA_TTABLE, 5000);
    CHECK_INT(zapi_heap_used(h), 5040);
    memset(small, 'a', 40);
    small = zapi_heap_alloc(h, small, 40, 4000);
    CHECK_INT(zapi_heap_used(h), 9000);
    CHECK(small[0] == 'a' && small[39] == 'a');
    small = zapi_heap_alloc(h, small, 4000, 3);
    CHECK_INT(zapi_heap_used(h), 5003);
    CHECK(small[2] == 'a');
    CHECK(!zapi_heap_alloc(h, small, 3, 0));
    CHECK(!zapi_heap_alloc(h, large, 5000, 0));
    CHECK(!zapi_heap_alloc(h, NULL, 0, 0));
    CHECK_INT(zapi_heap_used(h), 0);
    CHECK(zapi_heap_room(h) == SIZE_MAX);
    zapi_heap_delete(h);
}

static void refuses_growth_only(void)
{
    struct zapi_heap *h = zapi_heap_new(LIMIT);
    char *p = zapi_heap_alloc(h, NULL, 0, LIMIT - 100);
    CHECK(p != NULL);
    CHECK_INT(zapi_heap_room(h), 100);
    CHECK(!zapi_heap_alloc(h, NULL, LUA_TSTRING, 101));
    CHECK(!zapi_heap_alloc(h, p, LIMIT - 100, LIMIT + 1));
    CHECK(!zapi_heap_alloc(h, NULL, 0, SIZE_MAX));
    CHECK(!zapi_heap_alloc(h, p, LIMIT - 100, SIZE_MAX));
    CHECK_INT(zapi_heap_used(h), LIMIT - 100);
    char *rest = zapi_heap_alloc(h, NULL, 0, 100);
    CHECK(rest != NULL);
    CHECK_INT(zapi_heap_room(h), 0);
    /* Full: every shrink is granted, to the byte below and to another kind. */
    p = zapi_heap_alloc(h, p, LIMIT - 100, LIMIT - 101);
    CHECK(p != NULL);
    rest = zapi_heap_alloc(h, rest, 100, 99);
    CHECK(rest != NULL);
    p = zapi_heap_alloc(h, p, LIMIT - 101, 16);
    CHECK(p != NULL);
    CHECK_INT(zapi_heap_used(h), 115);
    zapi_heap_alloc(h, p, 16, 0);
    zapi_heap_alloc(h, rest, 99, 0);
    zapi_heap_delete(h);
}

static void has_a_little_to_spare(void)
{
    struct zapi_heap *h = zapi_heap_new(LIMIT);
    char *p = zapi_heap_alloc(h, NULL, 0, LIMIT), *more;
    CHECK(!zapi_heap_alloc(h, NULL, 0, 1000));
    zapi_heap_spare(h, true);
    more = zapi_heap_alloc(h, NULL, 0, 1000);
    CHECK(more != NULL);
    CHECK(!zapi_heap_alloc(h, NULL, 0, LIMIT));
    zapi_heap_spare(h, false);
    CHECK_INT(zapi_heap_room(h), 0);
    CHECK(!zapi_heap_alloc(h, NULL, 0, 1));
    more = zapi_heap_alloc(h, more, 1000, 900); /* beyond it, and shrinking */
    CHECK(more != NULL);
    zapi_heap_alloc(h, more, 900, 0);
    zapi_heap_alloc(h, p, LIMIT, 0);
    CHECK_INT(zapi_heap_used(h), 0);
    zapi_heap_delete(h);
}

static int l_open(lua_State *L)
{
    luaL_openlibs(L);
    return 0;
}

static bool runs(lua_State *L, const char *text)
{
    lua_settop(L, 0);
    return !luaL_dostring(L, text);
}

static void a_state_lives_with_it(void)
{
    struct zapi_heap *h = zapi_heap_new(LIMIT);
    lua_State *L = lua_newstate(zapi_heap_alloc, h);
    size_t idle;
    int i;
    lua_pushcfunction(L, l_open);
    CHECK_INT(lua_pcall(L, 0, 0, 0), LUA_OK);
    idle = zapi_heap_used(h);
    CHECK_INT(idle, lua_gc(L, LUA_GCCOUNT) * 1024 + lua_gc(L, LUA_GCCOUNTB));
    lua_gc(L, LUA_GCSTOP); /* only what the limit forces */
    /* No buffer of lauxlib's: those do not collect before they give up. */
    CHECK(runs(L, "local s = ('x'):rep(5e4) "
                  "for i = 1, 1000 do local _ = s .. s end"));
    CHECK(zapi_heap_used(h) <= LIMIT);
    for (i = 0; i < 20; i++) {
        CHECK(!runs(L, "local t = {} while true do t[#t + 1] = {} end"));
        CHECK_STR(lua_tostring(L, -1), "not enough memory");
        CHECK(zapi_heap_used(h) <= LIMIT);
    }
    CHECK(runs(L, "local t = {} for i = 1, 1000 do t[i] = tostring(i) end"));
    lua_settop(L, 0);
    lua_gc(L, LUA_GCCOLLECT);
    CHECK(zapi_heap_used(h) < LIMIT / 4); /* the eaten is given back */
    lua_close(L);
    CHECK_INT(zapi_heap_used(h), 0);
    zapi_heap_delete(h);
}

/* A buffer of string.rep is not tried again after a collection: garbage must
 * be gone before. */
static void garbage_does_not_fill_it(void)
{
    struct zapi_heap *h = zapi_heap_new(LIMIT);
    lua_State *L = lua_newstate(zapi_heap_alloc, h);
    zapi_heap_collect(h, L);
    lua_pushcfunction(L, l_open);
    CHECK_INT(lua_pcall(L, 0, 0, 0), LUA_OK);
    lua_gc(L, LUA_GCINC, 1000, 0, 0);
    CHECK(runs(L, "local t = {} "
                  "for i = 1, 10000 do t[i % 50] = ('x'):rep(9000) .. i end"));
    CHECK(zapi_heap_used(h) > LIMIT / 3);
    CHECK(runs(L, "t = {} for i = 1, 75 do t[i] = ('x'):rep(10000) .. i end"));
    CHECK(runs(L, "for i = 1, 10000 do t[i % 75] = ('y'):rep(9000) .. i end"));
    lua_close(L);
    zapi_heap_delete(h);
}

/* Whatever moment the limit comes at: an error, never an abort. */
static void any_moment_will_do(void)
{
    size_t limit;
    for (limit = 4096; limit < 96 * 1024; limit += 311) {
        struct zapi_heap *h = zapi_heap_new(limit);
        lua_State *L = lua_newstate(zapi_heap_alloc, h);
        if (L) {
            lua_pushcfunction(L, l_open);
            if (lua_pcall(L, 0, 0, 0) == LUA_OK) {
                CHECK(luaL_dostring(L, "local t = {} while true do t[#t + 1] "
                                       "= coroutine.wrap(print) end"));
            }
            lua_close(L);
        }
        CHECK_INT(zapi_heap_used(h), 0);
        zapi_heap_delete(h);
    }
}

int main(void)
{
    RUN(counts_what_is_held);
    RUN(refuses_growth_only);
    RUN(has_a_little_to_spare);
    RUN(a_state_lives_with_it);
    RUN(garbage_does_not_fill_it);
    RUN(any_moment_will_do);
    return CHECK_END();
}
