/* SPDX-License-Identifier: MIT
 *
 * Walks the row's description of a reply beside the decoded value. The rules,
 * all by the row, none by an endpoint's name:
 *
 *   an array where an object belongs   the object's one list field, holding
 *                                      it; else the first element
 *   an object where an array belongs   its one list field; else the object as
 *                                      the only element
 *   text where an object belongs       {value = text}
 *   text where an array belongs        the text as the only element
 *   "true", "false"; "12"              the boolean, the number
 *   a whole number where text belongs  its digits: ids are strings; a price
 *                                      too, where the row says so
 *   an object where text belongs       its one text field ({url = …})
 *
 * and `link = "null"`, which means that there is no picture, is absent. A type
 * that the row does not name in `also` is only touched for ids. Start at
 * zapi_reply_value_shape, then conform.
 */
#include "lua/reply_value.h"

#include <string.h>

#include <lauxlib.h>

#include "api/catalogue.h"
#include "lua/value.h"

static void conform(lua_State *L, const struct zapi_field *f);

static enum zapi_type type_of_top(lua_State *L)
{
    switch (lua_type(L, -1)) {
    case LUA_TSTRING:
        return ZAPI_STRING;
    case LUA_TNUMBER:
        return ZAPI_NUMBER;
    case LUA_TBOOLEAN:
        return ZAPI_BOOLEAN;
    case LUA_TTABLE:
        if (!lua_getmetatable(L, -1)) /* decoded arrays have one */
            return ZAPI_OBJECT;
        lua_pop(L, 1);
        return ZAPI_ARRAY;
    default:
        return ZAPI_ANY;
    }
}

static bool may_be(const struct zapi_field *f, enum zapi_type t)
{
    return (f->also & (1U << t)) != 0;
}

/* The one field of a type, NULL when there are none or several. */
static const struct zapi_field *only_field(const struct zapi_field *f,
                                           enum zapi_type t)
{
    const struct zapi_field *found = NULL;

    for (const struct zapi_field *g = f->fields; g && g->name; g++) {
        if (g->type == t && found)
            return NULL;
        if (g->type == t)
            found = g;
    }
    return found;
}

static void push_list_of(lua_State *L, int value)
{
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, value);
    lua_rawseti(L, -2, 1);
    zapi_value_push_array_mark(L);
    lua_setmetatable(L, -2);
}

static void push_object_of(lua_State *L, const char *name, int value)
{
    lua_createtable(L, 0, 1);
    lua_pushstring(L, name);
    lua_pushvalue(L, value);
    lua_rawset(L, -3);
}

/* Each of these pushes the replacement of the value at `top`; false: nothing
 * was pushed and it stays. */

static bool to_object(lua_State *L, const struct zapi_field *f,
                      enum zapi_type from, int top)
{
    if (from == ZAPI_ARRAY) {
        const struct zapi_field *list = only_field(f, ZAPI_ARRAY);
        if (list) {
            push_object_of(L, list->name, top);
        } else if (lua_rawgeti(L, top, 1) == LUA_TNIL) {
            lua_pop(L, 1);
            lua_newtable(L);
        }
        return true;
    }
    if (from == ZAPI_STRING && zapi_field_find(f->fields, "value", 5)) {
        push_object_of(L, "value", top);
        return true;
    }
    return false;
}

static bool to_array(lua_State *L, const struct zapi_field *f,
                     enum zapi_type from, int top)
{
    const struct zapi_field *list = only_field(f, ZAPI_ARRAY);

    if (from == ZAPI_OBJECT && list) {
        lua_pushstring(L, list->name);
        if (lua_rawget(L, top) == LUA_TTABLE)
            return true;
        lua_pop(L, 1);
    }
    push_list_of(L, top);
    return true;
}

static bool to_boolean(lua_State *L, int top)
{
    const char *s = lua_tostring(L, top);

    if (lua_type(L, top) != LUA_TSTRING ||
        (strcmp(s, "true") != 0 && strcmp(s, "false") != 0))
        return false;
    lua_pushboolean(L, *s == 't');
    return true;
}

/* Only digits: "1e3" and "0x10" are no numbers that a server meant. */
static bool to_number(lua_State *L, int top)
{
    size_t len;
    const char *s =
        lua_type(L, top) == LUA_TSTRING ? lua_tolstring(L, top, &len) : NULL;

    if (!s || !*s || strspn(s, "-.0123456789") != len)
        return false;
    return lua_stringtonumber(L, s) != 0;
}

static bool to_string(lua_State *L, const struct zapi_field *f,
                      enum zapi_type from, int top)
{
    const struct zapi_field *text = only_field(f, ZAPI_STRING);

    if (from == ZAPI_NUMBER &&
        (lua_isinteger(L, top) || may_be(f, ZAPI_NUMBER))) {
        lua_pushvalue(L, top);
        lua_tostring(L, -1); /* converts the copy */
        return true;
    }
    if (from != ZAPI_OBJECT || !text || !may_be(f, ZAPI_OBJECT))
        return false;
    lua_pushstring(L, text->name);
    if (lua_rawget(L, top) == LUA_TSTRING)
        return true;
    lua_pop(L, 1);
    return false;
}

/* Stack: value -- value */
static void convert(lua_State *L, const struct zapi_field *f,
                    enum zapi_type from)
{
    int top = lua_gettop(L);
    bool changed = false;

    if (f->type == ZAPI_STRING)
        changed = to_string(L, f, from, top);
    else if (!may_be(f, from))
        return;
    else if (f->type == ZAPI_OBJECT)
        changed = to_object(L, f, from, top);
    else if (f->type == ZAPI_ARRAY)
        changed = to_array(L, f, from, top);
    else if (f->type == ZAPI_BOOLEAN)
        changed = to_boolean(L, top);
    else if (f->type == ZAPI_INTEGER || f->type == ZAPI_NUMBER)
        changed = to_number(L, top);
    if (changed)
        lua_replace(L, top);
}

/* A profile without a picture has the link "null", in letters. */
static bool is_null_link(lua_State *L, const struct zapi_field *f)
{
    return lua_type(L, -1) == LUA_TSTRING && strcmp(f->name, "link") == 0 &&
           strcmp(lua_tostring(L, -1), "null") == 0;
}

/* A value that can only be what it is. */
static bool is_plain(const struct zapi_field *f)
{
    return f->also == 0 && !f->fields && !f->items && f->type != ZAPI_STRING;
}

/* Stack: object -- object */
static void conform_members(lua_State *L, const struct zapi_field *fields)
{
    for (const struct zapi_field *g = fields; g && g->name; g++) {
        if (is_plain(g))
            continue;
        lua_pushstring(L, g->name);
        lua_pushvalue(L, -1);
        if (lua_rawget(L, -3) == LUA_TNIL) { /* object name nil */
            lua_pop(L, 2);
            continue;
        }
        conform(L, g);
        if (is_null_link(L, g)) {
            lua_pop(L, 1);
            lua_pushnil(L);
        }
        lua_rawset(L, -3);
    }
}

/* Stack: array -- array */
static void conform_elements(lua_State *L, const struct zapi_field *items)
{
    lua_Integer n = (lua_Integer)lua_rawlen(L, -1);

    for (lua_Integer i = 1; i <= n && !is_plain(items); i++) {
        lua_rawgeti(L, -1, i);
        conform(L, items);
        lua_rawseti(L, -2, i);
    }
}

/* An object whose keys are data. Stack: object -- object */
static void conform_values(lua_State *L, const struct zapi_field *items)
{
    int object = lua_gettop(L);

    for (lua_pushnil(L); lua_next(L, object);) { /* key value */
        conform(L, items);
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, object); /* an existing key: lua_next may go on */
    }
}

/* Stack: value -- value */
static void conform(lua_State *L, const struct zapi_field *f)
{
    enum zapi_type t = type_of_top(L);

    luaL_checkstack(L, 8, NULL);
    if (f->type == ZAPI_ANY)
        return;
    if (t != f->type) {
        convert(L, f, t);
        t = type_of_top(L);
    }
    if (t == ZAPI_OBJECT && f->type == ZAPI_OBJECT && f->fields)
        conform_members(L, f->fields);
    else if (t == ZAPI_OBJECT && f->type == ZAPI_OBJECT && f->items)
        conform_values(L, f->items);
    else if (t == ZAPI_ARRAY && f->type == ZAPI_ARRAY && f->items)
        conform_elements(L, f->items);
}

void zapi_reply_value_shape(lua_State *L, const struct zapi_endpoint *row)
{
    if (row && row->reply)
        conform(L, row->reply);
}
