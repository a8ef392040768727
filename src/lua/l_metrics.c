/* SPDX-License-Identifier: MIT
 *
 * Numbers for operators, from Lua: core.metric sets a gauge of the table in
 * base/metrics.h, core.metrics gives all of them as Prometheus reads them (for
 * scripts without the program's own address for it). Nothing is owned.
 */
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "base/metrics.h"
#include "lua/class.h"
#include "lua/runtime.h"

#define MOST_TEXT ((size_t)8 << 20)

enum { LABELS = 512, MOST_LABELS = 8 };

static bool is_name(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz_");
    return n > 0 && s[n] == '\0';
}

/* Pushes the names of the table at `index`, sorted: the order of a table is
 * another one each time, and another order is another series. */
static lua_Integer push_names(lua_State *L, int index)
{
    lua_Integer n = 0;
    lua_newtable(L);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || !is_name(lua_tostring(L, -2)) ||
            n == MOST_LABELS) {
            luaL_error(L, "bad labels of a metric (%d small letters = text)",
                       MOST_LABELS);
        }
        lua_pushvalue(L, -2);
        lua_rawseti(L, -4, ++n);
    }
    lua_getglobal(L, "table");
    lua_getfield(L, -1, "sort");
    lua_pushvalue(L, -3);
    lua_call(L, 1, 0);
    lua_pop(L, 1);
    return n;
}

static void read_labels(lua_State *L, int index, char out[LABELS])
{
    size_t at = 0;
    luaL_checktype(L, index, LUA_TTABLE);
    lua_Integer n = push_names(L, index);
    for (lua_Integer i = 1; i <= n; i++) {
        char label[200];
        lua_rawgeti(L, -1, i);
        const char *name = lua_tostring(L, -1);
        lua_getfield(L, index, name);
        zapi_metrics_label(label, sizeof label, name,
                           luaL_tolstring(L, -1, NULL));
        int k = snprintf(out + at, LABELS - at, "%s%s", at ? "," : "", label);
        at += (size_t)k;
        if (at >= LABELS) {
            luaL_error(L, "the labels of a metric are too long");
        }
        lua_pop(L, 3);
    }
}

/* core.metric(name, labels|nil, value): a gauge. No phone number and no secret
 * may be a label. */
static int l_metric(lua_State *L)
{
    enum zapi_metric id;
    char labels[LABELS] = "";
    const char *name = luaL_checkstring(L, 1);
    double value = luaL_checknumber(L, 3);
    if (!zapi_metrics_gauge(name, &id)) {
        return luaL_error(L, "'%s' is no gauge", name);
    }
    if (!lua_isnil(L, 2)) {
        read_labels(L, 2, labels);
    }
    zapi_metrics_set(id, labels, value);
    return 0;
}

/* core.metrics() -> text */
static int l_metrics(lua_State *L)
{
    struct zapi_buf *b = zapi_box_new(L, MOST_TEXT);
    zapi_metrics_write(b);
    lua_pushlstring(L, zapi_buf_str(b), b->len);
    zapi_buf_free(b);
    return 1;
}

/* core.metrics_watched(): see zapi_metrics_watched */
static int l_watched(lua_State *L)
{
    lua_pushboolean(L, zapi_metrics_watched());
    return 1;
}

void zapi_l_metrics_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"metric", l_metric},
                                         {"metrics", l_metrics},
                                         {"metrics_watched", l_watched},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
