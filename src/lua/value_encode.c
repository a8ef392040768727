/* SPDX-License-Identifier: MIT
 *
 * Lua -> JSON. Walks tables raw (no metamethod runs, so nothing can change
 * underfoot) and appends to the caller's buffer, whose maximum also ends a
 * table that refers to another one many times. What cannot be written is
 * named with its path, "buttons[2].fn", put together on the way out. Start at
 * zapi_value_encode.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "base/json.h"
#include "base/text.h"
#include "lua/value.h"

struct encoder {
    lua_State *L;
    struct zapi_buf *out;
    int mark; /* where the metatable of arrays is on the stack */
    int depth;
    const char *why; /* what cannot be written */
    char path[200];
};

static bool write_value(struct encoder *e, int index);

static bool fail(struct encoder *e, const char *why)
{
    e->why = why;
    return false;
}

/* The failure was below this key: "b" becomes "a.b", "[2]" becomes "a[2]". */
static bool below(struct encoder *e, const char *key)
{
    size_t n = strlen(key), len = strlen(e->path);
    size_t dot = len > 0 && e->path[0] != '[' ? 1 : 0;

    if (n + dot + len < sizeof e->path) { /* else the inner end will do */
        memmove(e->path + n + dot, e->path, len + 1);
        memset(e->path + n, '.', dot);
        memcpy(e->path, key, n);
    }
    return false;
}

static bool below_index(struct encoder *e, lua_Integer i)
{
    char key[32];

    snprintf(key, sizeof key, "[%lld]", (long long)i);
    return below(e, key);
}

static bool write_string(struct encoder *e, int index)
{
    size_t len;
    const char *s = lua_tolstring(e->L, index, &len);

    if (!zapi_utf8_valid(s, len)) {
        return fail(e, "a string that is not UTF-8");
    }
    zapi_json_write_str(e->out, s, len);
    return true;
}

static bool write_number(struct encoder *e, int index)
{
    if (lua_isinteger(e->L, index)) {
        zapi_json_write_int(e->out, lua_tointeger(e->L, index));
        return true;
    }
    lua_Number v = lua_tonumber(e->L, index);
    if (!isfinite(v)) {
        return fail(e, "a number that is not finite");
    }
    zapi_json_write_num(e->out, v);
    return true;
}

/* Stack: key value. Integers become text; the key itself is not converted,
 * which would confuse lua_next. */
static bool write_key(struct encoder *e)
{
    lua_State *L = e->L;

    if (lua_isinteger(L, -2)) {
        zapi_buf_addc(e->out, '"');
        zapi_json_write_int(e->out, lua_tointeger(L, -2));
        zapi_buf_addc(e->out, '"');
    } else if (lua_type(L, -2) != LUA_TSTRING) {
        return fail(e, "a key that is neither a string nor an integer");
    } else if (!write_string(e, -2)) {
        return fail(e, "a key that is not UTF-8");
    }
    zapi_buf_addc(e->out, ':');
    return true;
}

static bool write_object(struct encoder *e, int index)
{
    lua_State *L = e->L;
    char sep = '{';

    lua_pushnil(L);
    while (lua_next(L, index)) { /* key value */
        zapi_buf_addc(e->out, sep);
        sep = ',';
        if (!write_key(e)) {
            return false;
        }
        int key = lua_gettop(L) - 1; /* a failure leaves more on the stack */
        if (!write_value(e, key + 1)) {
            return lua_isinteger(L, key) ? below_index(e, lua_tointeger(L, key))
                                         : below(e, lua_tostring(L, key));
        }
        lua_pop(L, 1);
    }
    zapi_buf_adds(e->out, sep == '{' ? "{}" : "}");
    return true;
}

static bool write_array(struct encoder *e, int index, lua_Integer n)
{
    zapi_buf_addc(e->out, '[');
    for (lua_Integer i = 1; i <= n; i++) {
        if (i > 1) {
            zapi_buf_addc(e->out, ',');
        }
        lua_rawgeti(e->L, index, i);
        if (!write_value(e, lua_gettop(e->L))) {
            return below_index(e, i);
        }
        lua_pop(e->L, 1);
    }
    zapi_buf_addc(e->out, ']');
    return true;
}

/* Are the keys exactly 1..n? Stops at the first other one. */
static bool is_sequence(lua_State *L, int index, lua_Integer n)
{
    lua_Integer count = 0;

    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_Integer key = lua_isinteger(L, -2) ? lua_tointeger(L, -2) : 0;
        lua_pop(L, 1);
        if (key < 1 || key > n) {
            lua_pop(L, 1);
            return false;
        }
        count++;
    }
    return count == n;
}

static bool is_marked(const struct encoder *e, int index)
{
    if (!lua_getmetatable(e->L, index)) {
        return false;
    }
    bool marked = lua_rawequal(e->L, -1, e->mark);
    lua_pop(e->L, 1);
    return marked;
}

static bool write_table(struct encoder *e, int index)
{
    if (e->depth == ZAPI_JSON_DEPTH) {
        return fail(e, "tables nested too deeply, or in a circle");
    }
    luaL_checkstack(e->L, 8, NULL);
    lua_Integer n = (lua_Integer)lua_rawlen(e->L, index);
    bool marked = is_marked(e, index);
    bool sequence = (marked || n > 0) && is_sequence(e->L, index, n);
    if (marked && !sequence) {
        return fail(e, "an array with holes, or with keys that are no index");
    }
    e->depth++;
    bool ok = sequence ? write_array(e, index, n) : write_object(e, index);
    e->depth--;
    return ok;
}

static bool write_value(struct encoder *e, int index)
{
    if (e->out->failed) {
        return fail(e, "a text that is too long");
    }
    switch (lua_type(e->L, index)) {
    case LUA_TNIL:
        return zapi_buf_adds(e->out, "null") || true;
    case LUA_TBOOLEAN:
        zapi_buf_adds(e->out, lua_toboolean(e->L, index) ? "true" : "false");
        return true;
    case LUA_TNUMBER:
        return write_number(e, index);
    case LUA_TSTRING:
        return write_string(e, index);
    case LUA_TTABLE:
        return write_table(e, index);
    case LUA_TFUNCTION:
        return fail(e, "a function");
    case LUA_TTHREAD:
        return fail(e, "a coroutine");
    default:
        if (!zapi_value_is_null(e->L, index)) {
            return fail(e, "a userdata");
        }
        zapi_buf_adds(e->out, "null");
        return true;
    }
}

bool zapi_value_encode(lua_State *L, int index, struct zapi_buf *out,
                       const char **message)
{
    struct encoder e = {.L = L, .out = out};
    int top = lua_gettop(L);

    luaL_checkstack(L, 8, NULL);
    index = lua_absindex(L, index);
    zapi_value_push_array_mark(L);
    e.mark = top + 1;
    bool ok = write_value(&e, index);
    if (ok && out->failed) {
        ok = fail(&e, "a text that is too long");
    }
    lua_settop(L, top);
    if (!ok) {
        *message =
            e.path[0] ? lua_pushfstring(L, "%s at '%s'", e.why, e.path) : e.why;
    }
    return ok;
}
