/* SPDX-License-Identifier: MIT
 *
 * See pack.h. The first byte is the version; then each value is a byte that
 * names it and what it needs:
 *
 *   0 nil   1 false   2 true   3 integer: zigzag varint   4 float: 8 bytes,
 *   little-endian   5 string: varint length, bytes   7 zapi.null
 *   6 table, 8 marked as an array, 9 error value: varint a, varint h, the
 *   values of 1..a, then h times key and value
 *
 * Nothing is owned but in userdata on the stack. Start at put_value and
 * get_value.
 */
#include "lua/pack.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "lua/class.h"
#include "lua/value.h"

enum { VERSION = 1, DEEPEST = 32, LONGEST_PATH = 200 };
enum { NIL, FALSE_, TRUE_, INTEGER, FLOAT, STRING, TABLE, NULL_, ARRAY, ERROR };

/* ---- writing ---- */

struct packer {
    lua_State *L;
    struct zapi_buf *out;
    int depth;
    int keys[DEEPEST + 1];           /* where the key of each level stands */
    const void *tables[DEEPEST + 1]; /* those that are open */
    const char *why;                 /* it failed: "%s" is the path */
};

static bool put_value(struct packer *p, int index);

static void put_byte(struct packer *p, int byte)
{
    zapi_buf_addc(p->out, (char)byte);
}

static void put_varint(struct packer *p, uint64_t v)
{
    char bytes[10];
    size_t n = 0;
    for (; v > 0x7F; v >>= 7)
        bytes[n++] = (char)(v & 0x7F) | (char)0x80;
    bytes[n++] = (char)v;
    zapi_buf_add(p->out, bytes, n);
}

static void put_integer(struct packer *p, lua_Integer v)
{
    uint64_t u = (uint64_t)v;
    put_byte(p, INTEGER);
    put_varint(p, (u << 1) ^ (v < 0 ? UINT64_MAX : 0));
}

static void put_float(struct packer *p, double v)
{
    uint64_t bits;
    char bytes[8];
    memcpy(&bits, &v, sizeof bits);
    for (int i = 0; i < 8; i++)
        bytes[i] = (char)(bits >> (8 * i));
    put_byte(p, FLOAT);
    zapi_buf_add(p->out, bytes, sizeof bytes);
}

static void put_string(struct packer *p, const char *s, size_t n)
{
    put_byte(p, STRING);
    put_varint(p, n);
    zapi_buf_add(p->out, s, n);
}

/* ---- the keys that are not 1..a, in order ---- */

struct key {
    int type; /* as in the bytes: the first measure of their order */
    union {
        lua_Integer i;
        lua_Number f;
        struct {
            const char *p;
            size_t n;
        } s; /* the table holds it */
    } as;
};

static int by_order(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    if (x->type != y->type)
        return x->type - y->type;
    if (x->type == INTEGER)
        return (x->as.i > y->as.i) - (x->as.i < y->as.i);
    if (x->type == FLOAT)
        return (x->as.f > y->as.f) - (x->as.f < y->as.f);
    if (x->type != STRING)
        return 0;
    size_t n = x->as.s.n < y->as.s.n ? x->as.s.n : y->as.s.n;
    int c = memcmp(x->as.s.p, y->as.s.p, n);
    return c != 0 ? c : (x->as.s.n > y->as.s.n) - (x->as.s.n < y->as.s.n);
}

/* The key at -1. false: such a key cannot be kept. */
static bool read_key(lua_State *L, struct key *k)
{
    switch (lua_type(L, -1)) {
    case LUA_TBOOLEAN:
        k->type = lua_toboolean(L, -1) ? TRUE_ : FALSE_;
        return true;
    case LUA_TNUMBER:
        k->type = lua_isinteger(L, -1) ? INTEGER : FLOAT;
        if (k->type == INTEGER)
            k->as.i = lua_tointeger(L, -1);
        else
            k->as.f = lua_tonumber(L, -1);
        return true;
    case LUA_TSTRING:
        k->type = STRING;
        k->as.s.p = lua_tolstring(L, -1, &k->as.s.n);
        return true;
    default:
        return false;
    }
}

static void push_key(lua_State *L, const struct key *k)
{
    if (k->type == INTEGER)
        lua_pushinteger(L, k->as.i);
    else if (k->type == FLOAT)
        lua_pushnumber(L, k->as.f);
    else if (k->type == STRING)
        lua_pushlstring(L, k->as.s.p, k->as.s.n);
    else
        lua_pushboolean(L, k->type == TRUE_);
}

static bool in_list(lua_State *L, lua_Integer length)
{
    return lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 1 &&
           lua_tointeger(L, -1) <= length;
}

static size_t count_keys(lua_State *L, int index, lua_Integer length)
{
    size_t n = 0;
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        n += !in_list(L, length);
    }
    return n;
}

/* Pushes a userdata with the n keys. */
static struct key *push_keys(struct packer *p, int index, lua_Integer length,
                             size_t n)
{
    lua_State *L = p->L;
    struct key *keys = lua_newuserdatauv(L, n * sizeof *keys + 1, 0);
    size_t i = 0;
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        if (in_list(L, length))
            continue;
        if (!read_key(L, &keys[i++])) {
            p->why = "a key of %s is neither text, number nor boolean";
            lua_pop(L, 1);
            return NULL;
        }
    }
    if (n > 1)
        qsort(keys, n, sizeof *keys, by_order);
    return keys;
}

/* ---- tables ---- */

/* The value on top, whose key is below it. Pops it when it was kept. */
static bool put_field(struct packer *p)
{
    p->keys[p->depth] = lua_gettop(p->L) - 1;
    if (!put_value(p, lua_gettop(p->L)))
        return false;
    lua_pop(p->L, 1);
    return true;
}

static bool put_keys(struct packer *p, int index, lua_Integer length, size_t n)
{
    lua_State *L = p->L;
    struct key *keys = n > 0 ? push_keys(p, index, length, n) : NULL;
    if (n == 0)
        return true;
    for (size_t i = 0; keys && i < n; i++) {
        push_key(L, &keys[i]);
        if (!put_value(p, lua_gettop(L)))
            return false;
        lua_pushvalue(L, -1);
        lua_rawget(L, index);
        if (!put_field(p))
            return false;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return keys != NULL;
}

static bool put_items(struct packer *p, int index, lua_Integer n)
{
    lua_State *L = p->L;
    for (lua_Integer i = 1; i <= n; i++) {
        lua_pushinteger(L, i);
        lua_rawgeti(L, index, i);
        if (!put_field(p))
            return false;
        lua_pop(L, 1);
    }
    return true;
}

static int table_byte(lua_State *L, int index)
{
    int byte = TABLE;
    if (!lua_getmetatable(L, index))
        return TABLE;
    zapi_value_push_array_mark(L);
    if (lua_rawequal(L, -1, -2))
        byte = ARRAY;
    lua_pop(L, 2);
    return byte == TABLE && zapi_error_test(L, index) ? ERROR : byte;
}

/* How many of 1, 2, 3 … are there. */
static lua_Integer length_of(lua_State *L, int index)
{
    lua_Integer n = 0;
    while (lua_rawgeti(L, index, n + 1) != LUA_TNIL) {
        lua_pop(L, 1);
        n++;
    }
    lua_pop(L, 1);
    return n;
}

static bool enter(struct packer *p, int index)
{
    const void *table = lua_topointer(p->L, index);
    for (int i = 0; i < p->depth; i++)
        if (p->tables[i] == table)
            p->why = "%s is a table that holds itself";
    if (p->depth == DEEPEST && !p->why)
        p->why = "%s is a table more than 32 deep";
    if (p->why)
        return false;
    p->tables[p->depth++] = table;
    p->keys[p->depth] = 0;
    return true;
}

/* What is left on the stack when it fails is for the path. */
static bool put_table(struct packer *p, int index)
{
    lua_State *L = p->L;
    luaL_checkstack(L, 12, NULL);
    if (!enter(p, index))
        return false;
    lua_Integer length = length_of(L, index);
    size_t n = count_keys(L, index, length);
    put_byte(p, table_byte(L, index));
    put_varint(p, (uint64_t)length);
    put_varint(p, n);
    if (!put_items(p, index, length) || !put_keys(p, index, length, n))
        return false;
    p->depth--;
    return true;
}

static bool put_value(struct packer *p, int index)
{
    lua_State *L = p->L;
    size_t n;
    const char *s;
    switch (lua_type(L, index)) {
    case LUA_TNIL:
        put_byte(p, NIL);
        break;
    case LUA_TBOOLEAN:
        put_byte(p, lua_toboolean(L, index) ? TRUE_ : FALSE_);
        break;
    case LUA_TNUMBER:
        if (lua_isinteger(L, index))
            put_integer(p, lua_tointeger(L, index));
        else
            put_float(p, lua_tonumber(L, index));
        break;
    case LUA_TSTRING:
        s = lua_tolstring(L, index, &n);
        put_string(p, s, n);
        break;
    case LUA_TTABLE:
        return put_table(p, index);
    default:
        if (!zapi_value_is_null(L, index)) {
            p->why = "";
            return false;
        }
        put_byte(p, NULL_);
    }
    if (p->out->failed)
        p->why = "it is larger than 1 MiB (at %s)";
    return !p->out->failed;
}

/* ---- what failed ---- */

static void add_key(lua_State *L, int index, struct zapi_buf *path)
{
    size_t n;
    const char *s;
    lua_pushvalue(L, index); /* the conversion must not change the key */
    s = luaL_tolstring(L, -1, &n);
    n = n > 60 ? 60 : n;
    if (lua_type(L, index) != LUA_TSTRING) {
        zapi_buf_addf(path, "[%s]", s);
    } else {
        zapi_buf_adds(path, path->len > 0 ? "." : "");
        zapi_buf_add(path, s, n);
    }
    lua_pop(L, 2);
}

/* Pushes "'items[3].fn' is a function". */
static void push_why(struct packer *p, int bad)
{
    lua_State *L = p->L;
    struct zapi_buf *path = zapi_box_new(L, LONGEST_PATH);
    int top = lua_gettop(L);
    for (int i = 1; i <= p->depth; i++)
        if (p->keys[i] > 0 && p->keys[i] < top)
            add_key(L, p->keys[i], path);
    const char *name = path->len > 0
                           ? lua_pushfstring(L, "'%s'", zapi_buf_str(path))
                           : "the value";
    if (*p->why)
        lua_pushfstring(L, p->why, name);
    else
        lua_pushfstring(L, "%s is a %s", name, lua_typename(L, bad));
}

bool zapi_pack(lua_State *L, int index, struct zapi_buf *out)
{
    struct packer p = {.L = L, .out = out};
    int top = lua_gettop(L);
    luaL_checkstack(L, 12, NULL);
    index = lua_absindex(L, index);
    put_byte(&p, VERSION);
    if (put_value(&p, index))
        return true;
    push_why(&p, lua_type(L, p.depth > 0 ? -1 : index));
    lua_insert(L, top + 1);
    lua_settop(L, top + 1);
    return false;
}

/* ---- reading ---- */

struct unpacker {
    lua_State *L;
    const char *at, *end;
    int depth;
};

static bool get_value(struct unpacker *u);

static bool get_varint(struct unpacker *u, uint64_t *v)
{
    *v = 0;
    for (unsigned shift = 0; shift < 64 && u->at < u->end; shift += 7) {
        uint64_t byte = (unsigned char)*u->at++;
        *v |= (byte & 0x7F) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

static bool get_float(struct unpacker *u)
{
    uint64_t bits = 0;
    double v;
    if (u->end - u->at < 8)
        return false;
    for (int i = 0; i < 8; i++)
        bits |= (uint64_t)(unsigned char)*u->at++ << (8 * i);
    memcpy(&v, &bits, sizeof v);
    lua_pushnumber(u->L, v);
    return true;
}

static bool get_number(struct unpacker *u)
{
    uint64_t v;
    if (!get_varint(u, &v))
        return false;
    lua_pushinteger(u->L, (lua_Integer)((v >> 1) ^ (v & 1 ? UINT64_MAX : 0)));
    return true;
}

static bool get_string(struct unpacker *u)
{
    uint64_t n;
    if (!get_varint(u, &n) || n > (uint64_t)(u->end - u->at))
        return false;
    lua_pushlstring(u->L, u->at, (size_t)n);
    u->at += n;
    return true;
}

static bool is_key(lua_State *L)
{
    lua_Number v = lua_tonumber(L, -1);
    int type = lua_type(L, -1);
    return type == LUA_TSTRING || type == LUA_TBOOLEAN ||
           (type == LUA_TNUMBER && v == v);
}

static bool get_fields(struct unpacker *u, uint64_t a, uint64_t h)
{
    for (uint64_t i = 1; i <= a; i++) {
        if (!get_value(u))
            return false;
        lua_rawseti(u->L, -2, (lua_Integer)i);
    }
    for (uint64_t i = 0; i < h; i++) {
        if (!get_value(u) || !is_key(u->L) || !get_value(u))
            return false;
        lua_rawset(u->L, -3);
    }
    return true;
}

/* A field takes a byte at least, which bounds what is made in advance. */
static bool get_table(struct unpacker *u, int byte)
{
    lua_State *L = u->L;
    uint64_t a, h;
    if (u->depth == DEEPEST || !get_varint(u, &a) || !get_varint(u, &h) ||
        a > (uint64_t)(u->end - u->at) || h > (uint64_t)(u->end - u->at) / 2)
        return false;
    luaL_checkstack(L, 6, NULL);
    lua_createtable(L, (int)a, (int)h);
    u->depth++;
    if (!get_fields(u, a, h))
        return false;
    u->depth--;
    if (byte == TABLE)
        return true;
    if (byte == ARRAY)
        zapi_value_push_array_mark(L);
    else
        zapi_error_push_metatable(L);
    lua_setmetatable(L, -2);
    return true;
}

/* What is left on the stack when it fails is taken away by zapi_unpack. */
static bool get_value(struct unpacker *u)
{
    if (u->at == u->end)
        return false;
    int byte = *u->at++;
    switch (byte) {
    case NIL:
        lua_pushnil(u->L);
        return true;
    case FALSE_:
    case TRUE_:
        lua_pushboolean(u->L, byte == TRUE_);
        return true;
    case INTEGER:
        return get_number(u);
    case FLOAT:
        return get_float(u);
    case STRING:
        return get_string(u);
    case NULL_:
        lua_pushlightuserdata(u->L, NULL);
        return true;
    case TABLE:
    case ARRAY:
    case ERROR:
        return get_table(u, byte);
    default:
        return false;
    }
}

bool zapi_unpack(lua_State *L, const char *bytes, size_t len)
{
    struct unpacker u = {.L = L, .at = bytes, .end = bytes + len};
    int top = lua_gettop(L);
    luaL_checkstack(L, 6, NULL);
    bool ok = len > 0 && *u.at++ == VERSION && get_value(&u) && u.at == u.end;
    lua_settop(L, ok ? top + 1 : top);
    return ok;
}
