/* SPDX-License-Identifier: MIT
 *
 * The table of endpoints as Lua data, made when somebody asks: for
 * introspection, the sandbox's routing and the specs. Names of the fields are
 * those of `zapibot endpoints --json`.
 */
#include <string.h>

#include "api/catalogue.h"
#include "lua/runtime.h"
#include "lua/value.h"

static void set_string(lua_State *L, const char *key, const char *value)
{
    if (value) {
        lua_pushstring(L, value);
        lua_setfield(L, -2, key);
    }
}

static void set_bool(lua_State *L, const char *key, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, key);
}

/* Stack: -- array, marked, so that it is [] in JSON when empty */
static void push_array(lua_State *L)
{
    lua_newtable(L);
    zapi_value_push_array_mark(L);
    lua_setmetatable(L, -2);
}

static void set_strings(lua_State *L, const char *key,
                        const char *const *values, bool always)
{
    int i;
    if (!values && !always) {
        return;
    }
    push_array(L);
    for (i = 0; values && values[i]; i++) {
        lua_pushstring(L, values[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, key);
}

/* A text of JSON from the table: valid, as a C test proves. */
static void set_json(lua_State *L, const char *key, const char *text)
{
    const char *error;
    size_t offset;
    if (text &&
        zapi_value_decode(L, text, strlen(text), false, &error, &offset)) {
        lua_setfield(L, -2, key);
    }
}

/* Other JSON types that are accepted, or seen in replies. */
static void set_also(lua_State *L, const struct zapi_field *f)
{
    int type, n = 0;
    if (f->also == 0) {
        return;
    }
    push_array(L);
    for (type = ZAPI_ANY; type <= ZAPI_ARRAY; type++) {
        if (f->also & (1U << type)) {
            lua_pushstring(L, zapi_type_name((enum zapi_type)type));
            lua_rawseti(L, -2, ++n);
        }
    }
    lua_setfield(L, -2, "also");
}

static void push_fields(lua_State *L, const struct zapi_field *fields,
                        bool where);

static void push_field(lua_State *L, const struct zapi_field *f, bool where)
{
    static const char *const places[] = {
        [ZAPI_IN_BODY] = "body",
        [ZAPI_IN_PATH] = "path",
        [ZAPI_IN_QUERY] = "query",
    };
    luaL_checkstack(L, 8, "the table is nested too deeply");
    lua_newtable(L);
    set_string(L, "name", f->name);
    if (where) {
        set_string(L, "in", places[f->where]);
    }
    set_string(L, "type", zapi_type_name(f->type));
    set_also(L, f);
    set_bool(L, "required", f->required);
    set_string(L, "format", zapi_format_name(f->format));
    set_strings(L, "enum", f->enums, false);
    if (f->has_min) {
        lua_pushnumber(L, f->min);
        lua_setfield(L, -2, "min");
    }
    if (f->has_max) {
        lua_pushnumber(L, f->max);
        lua_setfield(L, -2, "max");
    }
    set_json(L, "default", f->default_json);
    set_string(L, "doc", f->doc);
    if (f->fields) {
        push_fields(L, f->fields, false);
        lua_setfield(L, -2, "fields");
    }
    if (f->items) {
        push_field(L, f->items, false);
        lua_setfield(L, -2, "items");
    }
}

static void push_fields(lua_State *L, const struct zapi_field *fields,
                        bool where)
{
    int i;
    push_array(L);
    for (i = 0; fields && fields[i].name; i++) {
        push_field(L, &fields[i], where);
        lua_rawseti(L, -2, i + 1);
    }
}

static void set_requires(lua_State *L, uint32_t bits)
{
    static const char *const names[] = {"business", "mobile", "multi_device",
                                        "webhook",  "calls",  "partner_token"};
    size_t i;
    int n = 0;
    push_array(L);
    for (i = 0; i < sizeof names / sizeof *names; i++) {
        if (bits & (1u << i)) {
            lua_pushstring(L, names[i]);
            lua_rawseti(L, -2, ++n);
        }
    }
    lua_setfield(L, -2, "requires");
}

static void set_reply(lua_State *L, const struct zapi_endpoint *row)
{
    set_strings(L, "success_when", row->success_when, false);
    if (row->reply) {
        push_field(L, row->reply, false);
        lua_setfield(L, -2, "reply");
    }
    set_json(L, "reply_example", row->reply_example);
    set_json(L, "request_example", row->request_example);
    set_json(L, "params_example", row->params_example);
    if (row->reply_status) {
        lua_pushinteger(L, row->reply_status);
        lua_setfield(L, -2, "reply_status");
    }
}

static void push_row(lua_State *L, const struct zapi_endpoint *row)
{
    static const char *const bodies[] = {
        [ZAPI_BODY_NONE] = NULL,
        [ZAPI_BODY_OBJECT] = "object",
        [ZAPI_BODY_ARRAY] = "array",
        [ZAPI_BODY_MULTIPART] = "multipart",
    };
    lua_newtable(L);
    set_string(L, "name", row->name);
    set_string(L, "section", row->section);
    set_string(L, "scope", zapi_scope_name(row->scope));
    set_string(L, "method", zapi_method_name(row->method));
    set_string(L, "path", row->path);
    set_bool(L, "host_root", row->host_root);
    set_strings(L, "aliases", row->path_aliases, true);
    set_strings(L, "methods", row->method_alternatives, false);
    set_string(L, "summary", row->summary);
    set_string(L, "doc", row->doc);
    set_bool(L, "idempotent", row->idempotent);
    set_bool(L, "deprecated", row->deprecated);
    set_string(L, "pagination", zapi_pagination_name(row->pagination));
    set_requires(L, row->requires);
    set_strings(L, "limits", row->limits, true);
    set_strings(L, "one_of", row->one_of, false);
    set_string(L, "body", bodies[row->body]);
    set_bool(L, "body_required", row->body_required);
    push_fields(L, row->params, true);
    lua_setfield(L, -2, "params");
    if (row->body_items) {
        push_field(L, row->body_items, false);
        lua_setfield(L, -2, "body_items");
    }
    set_reply(L, row);
}

/* endpoints(scope?) -> array of rows */
static int l_endpoints(lua_State *L)
{
    const char *scope = luaL_optstring(L, 1, NULL);
    size_t i, n;
    int count = 0;
    const struct zapi_endpoint *const *rows = zapi_catalogue(&n);
    push_array(L);
    for (i = 0; i < n; i++) {
        if (!scope || strcmp(scope, zapi_scope_name(rows[i]->scope)) == 0) {
            push_row(L, rows[i]);
            lua_rawseti(L, -2, ++count);
        }
    }
    return 1;
}

void zapi_l_catalogue_open(lua_State *L)
{
    lua_pushcfunction(L, l_endpoints);
    lua_setfield(L, -2, "endpoints");
}
