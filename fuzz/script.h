/* SPDX-License-Identifier: MIT
 *
 * Shared by the targets that need a Lua: bytes are read as instructions that
 * build a value, so that most inputs are tables of the right shape with
 * something odd in them, and not noise that is refused at the door.
 */
#ifndef ZAPI_FUZZ_SCRIPT_H
#define ZAPI_FUZZ_SCRIPT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "api/catalogue.h"
#include "lua/value.h"

struct script {
    const uint8_t *p, *end;
    lua_State *L;
};

static inline void must(bool ok)
{
    if (!ok)
        abort();
}

static inline unsigned script_byte(struct script *s)
{
    return s->p < s->end ? *s->p++ : 0;
}

static inline void script_text(struct script *s)
{
    size_t left = (size_t)(s->end - s->p), n = script_byte(s);

    if (left > 0)
        left--;
    if (n > left)
        n = left;
    lua_pushlstring(s->L, (const char *)s->p, n);
    s->p += n;
}

static inline void script_number(struct script *s)
{
    uint64_t bits = 0;

    for (int i = 0; i < 8; i++)
        bits = bits << 8 | script_byte(s);
    if (bits & 1) {
        lua_pushinteger(s->L, (lua_Integer)bits >> (bits >> 1 & 63));
    } else {
        double v;
        memcpy(&v, &bits, sizeof v);
        lua_pushnumber(s->L, v);
    }
}

static void script_value(struct script *s, const struct zapi_field *f,
                         int depth);

/* A table whose keys are mostly those of the row. */
static inline void script_table(struct script *s,
                                const struct zapi_field *fields, int depth)
{
    size_t known = 0;

    while (fields && fields[known].name)
        known++;
    lua_newtable(s->L);
    for (unsigned n = script_byte(s) % 12; n > 0; n--) {
        unsigned which = script_byte(s);
        const struct zapi_field *f =
            known > 0 && which < 240 ? &fields[which % known] : NULL;
        if (f)
            lua_pushstring(s->L, f->name);
        else if (which & 1)
            lua_pushinteger(s->L, (lua_Integer)(script_byte(s) % 8));
        else
            script_text(s);
        script_value(s, f, depth + 1);
        lua_rawset(s->L, -3);
    }
}

static inline void script_list(struct script *s, const struct zapi_field *items,
                               int depth)
{
    unsigned n = script_byte(s) % 6;

    lua_newtable(s->L);
    for (unsigned i = 1; i <= n; i++) {
        script_value(s, items, depth + 1);
        lua_rawseti(s->L, -2, (lua_Integer)i);
    }
    if (n == 0) {
        zapi_value_push_array_mark(s->L);
        lua_setmetatable(s->L, -2);
    }
}

/* Pushes what the row wants in most cases, anything in the others. */
static void script_value(struct script *s, const struct zapi_field *f,
                         int depth)
{
    unsigned kind = script_byte(s);

    luaL_checkstack(s->L, 8, NULL);
    if (f && f->enums && kind < 100) {
        size_t n = 0;
        while (f->enums[n])
            n++;
        lua_pushstring(s->L, f->enums[kind % n]);
    } else if (depth < 8 && f && f->type == ZAPI_OBJECT && kind < 220) {
        script_table(s, f->fields, depth);
    } else if (depth < 8 && f && f->type == ZAPI_ARRAY && kind < 220) {
        script_list(s, f->items, depth);
    } else if (f && f->type == ZAPI_BOOLEAN && kind < 220) {
        lua_pushboolean(s->L, kind & 1);
    } else if (f && f->type != ZAPI_STRING && kind < 200) {
        lua_pushinteger(s->L, (lua_Integer)(kind % 40));
    } else if (kind % 8 == 0) {
        script_number(s);
    } else if (kind % 8 == 1 && depth < 8) {
        script_table(s, NULL, depth);
    } else if (kind % 64 == 2) {
        lua_pushlightuserdata(s->L, NULL); /* zapi.null */
    } else {
        script_text(s);
    }
}

#endif
