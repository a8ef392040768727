/* SPDX-License-Identifier: MIT
 *
 * See options.h. Everything that is needed for a moment lives in userdata on
 * the stack, so that throwing leaks nothing.
 */
#include "lua/options.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "base/buf.h"
#include "base/text.h"

int zapi_options_error(const struct zapi_options *o, const char *name,
                       const char *why, ...)
{
    char text[300];
    va_list ap;

    va_start(ap, why);
    vsnprintf(text, sizeof text, why, ap);
    va_end(ap);
    return luaL_error(o->L, "bad parameter '%s' to %s (%s)", name, o->function,
                      text);
}

static const char *nearest(const char *const *known, const char *name)
{
    const char *best = NULL;
    unsigned least = UINT_MAX, n;

    for (; *known; known++) {
        n = zapi_text_nearness(name, *known);
        if (n < least) {
            least = n;
            best = *known;
        }
    }
    return best;
}

static void check_name(const struct zapi_options *o, const char *const *known,
                       const char *name)
{
    const char *near;

    for (size_t i = 0; known[i]; i++) {
        if (strcmp(known[i], name) == 0)
            return;
    }
    near = nearest(known, name);
    if (near)
        luaL_error(o->L, "'%s' is not a parameter of %s; did you mean '%s'?",
                   name, o->function, near);
    luaL_error(o->L, "'%s' is not a parameter of %s", name, o->function);
}

struct zapi_options zapi_options_open(lua_State *L, int arg,
                                      const char *function,
                                      const char *const *known)
{
    struct zapi_options o = {L, arg, function};

    if (lua_type(L, arg) != LUA_TTABLE)
        luaL_error(L, "%s expects a table, got %s", function,
                   luaL_typename(L, arg));
    for (lua_pushnil(L); lua_next(L, arg); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_error(L, "%s expects named parameters, got a %s as name",
                       function, luaL_typename(L, -2));
        check_name(&o, known, lua_tostring(L, -2));
    }
    return o;
}

int zapi_options_get(const struct zapi_options *o, const char *name)
{
    lua_pushstring(o->L, name);
    return lua_rawget(o->L, o->table);
}

static void wrong_type(const struct zapi_options *o, const char *name,
                       const char *want)
{
    zapi_options_error(o, name, "%s expected, got %s", want,
                       luaL_typename(o->L, -1));
}

const char *zapi_options_string(const struct zapi_options *o, const char *name,
                                size_t *len)
{
    const char *s = NULL;
    size_t n = 0;
    int type = zapi_options_get(o, name);

    if (type == LUA_TSTRING)
        s = lua_tolstring(o->L, -1, &n);
    else if (type != LUA_TNIL)
        wrong_type(o, name, "string");
    if (!len && s && strlen(s) != n)
        zapi_options_error(o, name, "it holds a NUL byte");
    if (len)
        *len = n;
    lua_pop(o->L, 1);
    return s;
}

double zapi_options_number(const struct zapi_options *o, const char *name,
                           double absent)
{
    int type = zapi_options_get(o, name);
    double v = absent;

    if (type == LUA_TNUMBER)
        v = lua_tonumber(o->L, -1);
    else if (type != LUA_TNIL)
        wrong_type(o, name, "number");
    if (type == LUA_TNUMBER && !(v > 0))
        zapi_options_error(o, name, "a number above 0 expected");
    lua_pop(o->L, 1);
    return v;
}

bool zapi_options_bool(const struct zapi_options *o, const char *name,
                       bool absent)
{
    int type = zapi_options_get(o, name);
    bool v = type == LUA_TBOOLEAN ? lua_toboolean(o->L, -1) : absent;

    if (type != LUA_TBOOLEAN && type != LUA_TNIL)
        wrong_type(o, name, "boolean");
    lua_pop(o->L, 1);
    return v;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Pushes a block with the names of the table on top, in order, as the order of
 * lua_next differs from run to run.   table -- table names */
static const char **sorted_names(const struct zapi_options *o, const char *name,
                                 size_t *n)
{
    lua_State *L = o->L;
    int table = lua_gettop(L);
    const char **names;
    size_t i = 0;

    *n = 0;
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            zapi_options_error(o, name, "a table with names expected");
        ++*n;
    }
    names = lua_newuserdatauv(L, (*n + 1) * sizeof *names, 0);
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1))
        names[i++] = lua_tostring(L, -2);
    qsort(names, *n, sizeof *names, by_name);
    return names;
}

void zapi_options_pairs(const struct zapi_options *o, const char *name,
                        zapi_options_visit *visit, void *arg)
{
    lua_State *L = o->L;
    int type = zapi_options_get(o, name);
    const char **names;
    size_t n, len;

    if (type == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    if (type != LUA_TTABLE)
        wrong_type(o, name, "table");
    names = sorted_names(o, name, &n); /* table names */
    for (size_t i = 0; i < n; i++) {
        const char *value;
        type = lua_getfield(L, -2, names[i]);
        if (type != LUA_TSTRING && type != LUA_TNUMBER && type != LUA_TBOOLEAN)
            zapi_options_error(o, name, "'%s' is a %s; a text is expected",
                               names[i], luaL_typename(L, -1));
        value = luaL_tolstring(L, -1, &len);
        visit(arg, names[i], strlen(names[i]), value, len);
        lua_pop(L, 2);
    }
    lua_pop(L, 2);
}

static void add_pair(void *arg, const char *key, size_t key_len,
                     const char *value, size_t value_len)
{
    struct zapi_buf *out = arg;

    if (out->len > 0)
        zapi_buf_addc(out, '&');
    zapi_buf_adduri(out, key, key_len);
    zapi_buf_addc(out, '=');
    zapi_buf_adduri(out, value, value_len);
}

void zapi_options_query(const struct zapi_options *o, const char *name,
                        struct zapi_buf *out)
{
    zapi_options_pairs(o, name, add_pair, out);
}
