/* SPDX-License-Identifier: MIT
 *
 * Clients of an instance, a partner account or a gateway: `z:send_text{…}`.
 * There is no function for any endpoint: __index makes a closure with the row
 * as its upvalue when a name is first used, and keeps it. Misuse throws with
 * the caller's line; a call that failed returns nil and the error.
 *
 * The secrets (token in the URL, Client-Token in a header) live in the
 * userdata's own memory and nowhere in Lua. Start at l_endpoint; a call goes
 * on in client_call.c.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <lauxlib.h>

#include "api/catalogue.h"
#include "base/redact.h"
#include "lua/client.h"
#include "lua/options.h"
#include "lua/runtime.h"

#define MAX_TEXT ((size_t)2048)

static const char *const scope_names[] = {"zapi.client", "zapi.partner",
                                          "zapi.gateway"};

static int l_client_close(lua_State *L)
{
    struct client *z = lua_touserdata(L, 1);

    zapi_buf_free(&z->base);
    zapi_buf_free(&z->root);
    zapi_buf_free(&z->account);
    zapi_buf_free(&z->id);
    zapi_buf_free(&z->token);
    return 0;
}

static int l_client_tostring(lua_State *L);

static const luaL_Reg client_meta[] = {
    {"__tostring", l_client_tostring},
    {NULL, NULL},
};

static const struct zapi_class client_class = {
    .name = "zapi.client",
    .metamethods = client_meta,
    .close = l_client_close,
};

static struct client *check_client(lua_State *L, const char *method)
{
    struct client *z = zapi_class_test(L, 1, &client_class);

    if (!z)
        luaL_error(L, "%s is a method: call it with a colon, as z:%s(…)",
                   method, method);
    if (z->base.len == 0)
        luaL_error(L, "this client was closed");
    return z;
}

bool zapi_client_identity(lua_State *L, int index, const char **instance,
                          const char **token)
{
    const struct client *z = zapi_class_test(L, index, &client_class);

    if (!z || z->token.len == 0)
        return false;
    *instance = zapi_buf_str(&z->id);
    *token = zapi_buf_str(&z->token);
    return true;
}

/* "zapi.client (3C0F…0001)": enough to tell instances apart. */
static int l_client_tostring(lua_State *L)
{
    const struct client *z = zapi_class_check(L, 1, &client_class);
    const char *id = zapi_buf_str(&z->id);
    size_t n = z->id.len;

    if (n <= 8)
        lua_pushfstring(L, "%s (%s)", scope_names[z->scope], id);
    else {
        lua_pushlstring(L, id, 4);
        lua_pushfstring(L, "%s (%s…%s)", scope_names[z->scope],
                        lua_tostring(L, -1), id + n - 4);
    }
    return 1;
}

/* ---- names ---- */

/* z:<name>(params); upvalue 1 is the row. */
static int l_endpoint(lua_State *L)
{
    const struct zapi_endpoint *row = lua_touserdata(L, lua_upvalueindex(1));

    return zapi_client_call(L, check_client(L, row->name), row);
}

/* Throws, with the names that may have been meant. */
static int unknown_name(lua_State *L, enum zapi_scope scope, const char *name)
{
    const char *near[3];
    size_t n = zapi_catalogue_near(scope, name, near, 3);
    char text[200] = "";

    for (size_t i = 0; i < n; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s'%s'",
                 i == 0 ? "; did you mean " : " or ", near[i]);
    return luaL_error(L, "%s has no endpoint '%s'%s%s", scope_names[scope],
                      name, text, n > 0 ? "?" : "");
}

/* z:call(name, params): for names that are data. */
static int l_call(lua_State *L)
{
    struct client *z = check_client(L, "call");
    const char *name = luaL_checkstring(L, 2);
    const struct zapi_endpoint *row = zapi_catalogue_find(z->scope, name);

    if (!row)
        return unknown_name(L, z->scope, name);
    lua_remove(L, 2);
    return zapi_client_call(L, z, row);
}

/* z:build(name, params) -> {method=, url=, headers=, body=}: what a call would
 * send, secrets and all. Nothing is sent. */
static int l_build(lua_State *L)
{
    struct client *z = check_client(L, "build");
    const char *name = luaL_checkstring(L, 2);
    const struct zapi_endpoint *row = zapi_catalogue_find(z->scope, name);

    if (!row)
        return unknown_name(L, z->scope, name);
    lua_remove(L, 2);
    return zapi_client_build(L, z, row);
}

static int l_request(lua_State *L)
{
    return zapi_client_request(L, check_client(L, "request"));
}

/* z.outbox, made by the function `_outbox` among the methods when it is first
 * used, and kept with the client. Stack: client name methods */
static int client_outbox(lua_State *L)
{
    if (lua_getiuservalue(L, 1, 2) != LUA_TNIL)
        return 1;
    lua_pushliteral(L, "_outbox");
    lua_rawget(L, 3);
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, 2);
    return 1;
}

/* Upvalue 1: by scope, the table of methods and of endpoints used so far. */
static int l_client_index(lua_State *L)
{
    const struct client *z = zapi_class_check(L, 1, &client_class);
    const struct zapi_endpoint *row;
    const char *name;

    lua_settop(L, 2);
    lua_rawgeti(L, lua_upvalueindex(1), (int)z->scope + 1); /* 3 */
    lua_pushvalue(L, 2);
    if (lua_rawget(L, 3) != LUA_TNIL)
        return 1;
    if (lua_type(L, 2) != LUA_TSTRING)
        return 0;
    name = lua_tostring(L, 2);
    if (strcmp(name, "instance") == 0) {
        lua_pushlstring(L, zapi_buf_str(&z->id), z->id.len);
        return 1;
    }
    if (z->scope == ZAPI_SCOPE_INSTANCE && strcmp(name, "outbox") == 0)
        return client_outbox(L);
    row = zapi_catalogue_find(z->scope, name);
    if (!row)
        return unknown_name(L, z->scope, name);
    lua_pushlightuserdata(L, (void *)row); /* only ever read */
    lua_pushcclosure(L, l_endpoint, 1);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, -2);
    lua_rawset(L, 3);
    return 1;
}

/* ---- making one ---- */

static bool is_plain(const char *s)
{
    for (; *s; s++) {
        if ((unsigned char)*s <= ' ' || *s == 0x7f)
            return false;
    }
    return true;
}

/* A text without blanks; its value is never in a message. */
static const char *read_text(const struct zapi_options *o, const char *name,
                             bool required)
{
    const char *s = zapi_options_string(o, name, NULL);

    if (!s && !required)
        return NULL;
    if (!s || !*s)
        zapi_options_error(o, name, "a text expected, got nothing");
    if (!is_plain(s))
        zapi_options_error(o, name, "it holds a blank or a line break");
    if (strlen(s) > MAX_TEXT)
        zapi_options_error(o, name, "it is too long");
    return s;
}

static void read_base(const struct zapi_options *o, struct client *z)
{
    const char *url = read_text(o, "base_url", true);
    size_t n = strlen(url);

    if (strncasecmp(url, "http://", 7) != 0 &&
        strncasecmp(url, "https://", 8) != 0)
        zapi_options_error(o, "base_url",
                           "it must begin with http:// or https://");
    if (strpbrk(url, "?#"))
        zapi_options_error(o, "base_url", "without '?' or '#'");
    while (n > 0 && url[n - 1] == '/')
        n--;
    zapi_buf_add(&z->base, url, n);
}

/* Zeroed buffers with their bounds.   -- client */
static struct client *client_new(lua_State *L, enum zapi_scope scope,
                                 const struct zapi_options *o)
{
    struct client *z = zapi_class_new(L, &client_class, sizeof *z, 2);

    z->scope = scope;
    zapi_buf_init(&z->base, 4 * MAX_TEXT);
    zapi_buf_init(&z->root, 16 * MAX_TEXT);
    zapi_buf_init(&z->account, 2 * MAX_TEXT);
    zapi_buf_init(&z->id, MAX_TEXT);
    zapi_buf_init(&z->token, MAX_TEXT);
    z->timeout = zapi_options_number(o, "timeout", 30);
    read_base(o, z);
    return z;
}

/* A header with a secret in it, if there is one. */
static void set_account(struct client *z, const char *before,
                        const char *secret)
{
    if (!secret)
        return;
    zapi_redact_add(secret, strlen(secret));
    zapi_buf_adds(&z->account, before);
    zapi_buf_adds(&z->account, secret);
}

static int client_made(lua_State *L, const struct client *z)
{
    if (z->base.failed || z->root.failed || z->account.failed || z->id.failed ||
        z->token.failed)
        return luaL_error(L, "not enough memory");
    return 1;
}

/* client{instance=, token=, client_token=, base_url=, timeout=} */
static int l_client(lua_State *L)
{
    static const char *const names[] = {"instance", "token",   "client_token",
                                        "base_url", "timeout", NULL};
    struct zapi_options o = zapi_options_open(L, 1, "zapi.client", names);
    struct client *z = client_new(L, ZAPI_SCOPE_INSTANCE, &o);
    const char *id = read_text(&o, "instance", true);
    const char *token = read_text(&o, "token", true);

    zapi_redact_add(token, strlen(token));
    zapi_buf_adds(&z->id, id);
    zapi_buf_adds(&z->token, token);
    zapi_buf_add(&z->root, z->base.data, z->base.len);
    zapi_buf_adds(&z->root, "/instances/");
    zapi_buf_adduri(&z->root, id, strlen(id));
    zapi_buf_adds(&z->root, "/token/");
    zapi_buf_adduri(&z->root, token, strlen(token));
    set_account(z, "Client-Token: ", read_text(&o, "client_token", false));
    return client_made(L, z);
}

/* partner{token=, base_url=, timeout=} */
static int l_partner(lua_State *L)
{
    static const char *const names[] = {"token", "base_url", "timeout", NULL};
    struct zapi_options o = zapi_options_open(L, 1, "zapi.partner", names);
    struct client *z = client_new(L, ZAPI_SCOPE_PARTNER, &o);

    zapi_buf_add(&z->root, z->base.data, z->base.len);
    set_account(z, "Authorization: Bearer ", read_text(&o, "token", true));
    return client_made(L, z);
}

/* gateway{base_url=, system_id=, timeout=, token=function}: the function gives
 * a token, or nil and an error; it may wait. See lua/zapi/gateway.lua. */
static int l_gateway(lua_State *L)
{
    static const char *const names[] = {"base_url", "system_id", "timeout",
                                        "token", NULL};
    struct zapi_options o = zapi_options_open(L, 1, "zapi.gateway", names);
    struct client *z = client_new(L, ZAPI_SCOPE_GATEWAY, &o);
    const char *id = read_text(&o, "system_id", true);

    zapi_buf_add(&z->root, z->base.data, z->base.len);
    zapi_buf_adds(&z->id, id);
    zapi_buf_adds(&z->account, "X-Sistema-ID: ");
    zapi_buf_adds(&z->account, id);
    if (zapi_options_get(&o, "token") != LUA_TFUNCTION)
        zapi_options_error(&o, "token", "function expected, got %s",
                           luaL_typename(L, -1));
    lua_setiuservalue(L, -2, 1);
    return client_made(L, z);
}

/* The methods of each scope are a table of the core, methods.instance and so
 * on: the Lua layer adds its own (each, collect).   core -- core */
void zapi_l_client_open(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"build", l_build},
        {"call", l_call},
        {"request", l_request},
        {NULL, NULL},
    };
    static const luaL_Reg functions[] = {
        {"client", l_client},
        {"partner", l_partner},
        {"gateway", l_gateway},
        {NULL, NULL},
    };

    luaL_setfuncs(L, functions, 0);
    zapi_class_register(L, &client_class);
    lua_newtable(L);                                  /* core names */
    lua_rawgetp(L, LUA_REGISTRYINDEX, &client_class); /* core names meta */
    lua_newtable(L); /* core names meta scopes */
    for (int i = 0; i < 3; i++) {
        luaL_newlib(L, methods);
        lua_pushvalue(L, -1);
        lua_setfield(L, -5, zapi_scope_name((enum zapi_scope)i));
        lua_rawseti(L, -2, i + 1);
    }
    lua_pushcclosure(L, l_client_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    lua_setfield(L, -2, "methods");
}
