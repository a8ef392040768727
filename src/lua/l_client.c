/* SPDX-License-Identifier: MIT
 *
 * The client of an instance: `z:send_text{…}`. There is no function for any
 * endpoint: __index makes a closure with the row as its upvalue when a name is
 * first used, and keeps it. Misuse throws with the caller's line; a call that
 * failed returns nil and the error.
 *
 * The secrets (token in the URL, Client-Token in a header) live in the
 * userdata's own memory and nowhere in Lua. An operation owns everything of
 * one call. Start at l_endpoint.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <lauxlib.h>

#include "api/catalogue.h"
#include "base/redact.h"
#include "engine/call.h"
#include "lua/args.h"
#include "lua/class.h"
#include "lua/options.h"
#include "lua/runtime.h"
#include "lua/value.h"

#define MAX_URL  ((size_t)96 << 10)
#define MAX_TEXT ((size_t)2048)

static const char *const scope_names[] = {"zapi.client", "zapi.partner",
                                          "zapi.gateway"};

struct client {
    enum zapi_scope scope;
    struct zapi_buf base;    /* "https://api.z-api.io" */
    struct zapi_buf root;    /* base + "/instances/ID/token/TOKEN" */
    struct zapi_buf account; /* "Client-Token: …", or empty */
    struct zapi_buf id;      /* of the instance */
    double timeout;
};

struct call_op {
    struct zapi_op base;
    struct zapi_call *call;
    struct client *client; /* kept alive by the caller's stack */
    const struct zapi_endpoint *row;
    struct zapi_args args;
    struct zapi_buf url;
    bool failed;
    struct zapi_error *error; /* of a failed one, large and rare: not in here,
                                 as the collector runs by bytes */
    struct zapi_buf body;     /* of the reply, moved here */
};

static int l_client_close(lua_State *L)
{
    struct client *z = lua_touserdata(L, 1);

    zapi_buf_free(&z->base);
    zapi_buf_free(&z->root);
    zapi_buf_free(&z->account);
    zapi_buf_free(&z->id);
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

/* ---- one call ---- */

static void call_release(struct zapi_op *base)
{
    struct call_op *op = (struct call_op *)base;

    zapi_args_free(&op->args);
    zapi_buf_free(&op->url);
    zapi_buf_free(&op->body);
    free(op->error);
    op->error = NULL;
}

static void call_cancel(struct zapi_op *base)
{
    zapi_call_cancel(((struct call_op *)base)->call);
}

/* From the loop: no Lua here. */
static void on_reply(void *arg, struct zapi_http_reply *reply,
                     const struct zapi_error *error)
{
    struct call_op *op = arg;

    op->call = NULL;
    op->failed = error != NULL;
    if (error)
        op->error = malloc(sizeof *op->error);
    if (op->error)
        *op->error = *error;
    if (reply && !error) {
        op->body = reply->body;
        zapi_buf_init(&reply->body, reply->body.max);
    }
    zapi_op_done(&op->base);
}

/* A profile without a picture has the link "null", in letters.
 * Stack: value -- value */
static void drop_null_link(lua_State *L)
{
    const char *link;

    if (lua_type(L, -1) != LUA_TTABLE)
        return;
    if (lua_rawgeti(L, -1, 1) == LUA_TTABLE) /* the older form: a list of one */
        drop_null_link(L);
    lua_pop(L, 1);
    lua_pushliteral(L, "link");
    lua_rawget(L, -2);
    link = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    if (strcmp(link, "null") == 0) {
        lua_pushliteral(L, "link");
        lua_pushnil(L);
        lua_rawset(L, -4);
    }
    lua_pop(L, 1);
}

static bool has_link(const struct zapi_endpoint *row)
{
    return row && row->reply && row->reply->fields &&
           zapi_field_find(row->reply->fields, "link", 4);
}

/* Empty is {} and so is null, so that `if reply` holds; what is no JSON is a
 * string of its bytes.   -- value */
static void push_value(lua_State *L, const struct call_op *op)
{
    const char *error;
    size_t offset;

    if (op->body.len == 0) {
        lua_newtable(L);
        return;
    }
    if (!zapi_value_decode(L, op->body.data, op->body.len, false, &error,
                           &offset)) {
        lua_pushlstring(L, op->body.data, op->body.len);
        return;
    }
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_newtable(L);
    }
    if (has_link(op->row))
        drop_null_link(L);
}

static int fail(lua_State *L, const struct zapi_error *error)
{
    luaL_pushfail(L);
    zapi_error_push(L, error);
    return 2;
}

static int push_failure(lua_State *L, const struct call_op *op)
{
    struct zapi_error none = {.kind = ZAPI_E_NO_MEMORY,
                              .outcome = ZAPI_OUTCOME_UNKNOWN,
                              .message = "memory ended"};

    return fail(L, op->error ? op->error : &none);
}

static int call_finish(lua_State *L, int status, lua_KContext ctx)
{
    struct call_op *op = (struct call_op *)ctx;

    (void)status;
    if (op->failed)
        return push_failure(L, op);
    push_value(L, op);
    zapi_op_release(&op->base);
    return 1;
}

/* Pushes the operation. */
static struct call_op *call_new(lua_State *L, struct client *z,
                                const struct zapi_endpoint *row)
{
    struct call_op *op = zapi_op_new(L, sizeof *op, call_cancel, call_release);

    op->client = z;
    op->row = row;
    zapi_args_init(&op->args);
    zapi_buf_init(&op->url, MAX_URL);
    return op;
}

/* Last in its function, as an error thrown after the start would leave the
 * call without an owner. */
static int call_start(lua_State *L, struct call_op *op,
                      struct zapi_call_request *req)
{
    const struct client *z = op->client;
    const char *headers[] = {"Content-Type: application/json",
                             z->account.len ? z->account.data : NULL, NULL};
    struct zapi_http *http = zapi_rt_http(L, op->base.rt);
    struct zapi_error error = {.kind = ZAPI_E_NONE};

    if (op->url.failed)
        return luaL_error(L, "the parameters of %s make too long an address",
                          req->name);
    req->http.url = op->url.data;
    req->http.headers = headers;
    if (req->http.timeout <= 0)
        req->http.timeout = z->timeout;
    if (op->args.body.len > 0) {
        req->http.body = op->args.body.data;
        req->http.body_len = op->args.body.len;
    }
    op->call = zapi_call_start(http, zapi_rt_loop(op->base.rt), req, on_reply,
                               op, &error);
    if (!op->call)
        return fail(L, &error);
    return zapi_op_wait(L, &op->base, call_finish);
}

/* The address: an endpoint's path stands at the host or at the instance. */
static void add_address(struct call_op *op, const char *path)
{
    const struct client *z = op->client;
    bool at_host = op->row && op->row->host_root;
    const struct zapi_buf *root = at_host ? &z->base : &z->root;

    zapi_buf_add(&op->url, root->data, root->len);
    zapi_buf_adds(&op->url, path);
    if (op->args.query.len > 0) {
        zapi_buf_addc(&op->url, '?');
        zapi_buf_add(&op->url, op->args.query.data, op->args.query.len);
    }
}

/* Calls the row with the parameters at index 2. */
static int call_row(lua_State *L, struct client *z,
                    const struct zapi_endpoint *row)
{
    struct zapi_call_request req = {.row = row, .name = row->name};
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    struct call_op *op;

    lua_settop(L, 2);
    op = call_new(L, z, row);
    if (!zapi_args_encode(L, 2, row, &op->args, &error))
        return luaL_error(L, "%s", error.message);
    add_address(op, zapi_args_path(&op->args, 0));
    req.http.method = zapi_method_name(row->method);
    return call_start(L, op, &req);
}

/* z:<name>(params); upvalue 1 is the row. */
static int l_endpoint(lua_State *L)
{
    const struct zapi_endpoint *row = lua_touserdata(L, lua_upvalueindex(1));

    return call_row(L, check_client(L, row->name), row);
}

/* ---- names ---- */

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
    return call_row(L, z, row);
}

/* ---- z:build ---- */

static void set_text(lua_State *L, const char *key, const struct zapi_buf *b)
{
    lua_pushlstring(L, zapi_buf_str(b), b->len);
    lua_setfield(L, -2, key);
}

/* "Name: value" as a member of the table on top. */
static void set_header(lua_State *L, const char *line)
{
    const char *colon = strchr(line, ':');

    lua_pushlstring(L, line, (size_t)(colon - line));
    lua_pushstring(L, colon + 2);
    lua_rawset(L, -3);
}

/* z:build(name, params) -> {method=, url=, headers=, body=}: what a call would
 * send, secrets and all. Nothing is sent. */
static int l_build(lua_State *L)
{
    struct client *z = check_client(L, "build");
    const char *name = luaL_checkstring(L, 2);
    const struct zapi_endpoint *row = zapi_catalogue_find(z->scope, name);
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    struct call_op *op;

    if (!row)
        return unknown_name(L, z->scope, name);
    lua_settop(L, 3);
    op = call_new(L, z, row); /* holds the memory; never started */
    if (!zapi_args_encode(L, 3, row, &op->args, &error))
        return luaL_error(L, "%s", error.message);
    add_address(op, zapi_args_path(&op->args, 0));
    lua_createtable(L, 0, 4);
    lua_pushstring(L, zapi_method_name(row->method));
    lua_setfield(L, -2, "method");
    set_text(L, "url", &op->url);
    lua_newtable(L);
    set_header(L, "Content-Type: application/json");
    if (z->account.len)
        set_header(L, z->account.data);
    lua_setfield(L, -2, "headers");
    if (op->args.body.len)
        set_text(L, "body", &op->args.body);
    zapi_op_release(&op->base);
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

/* ---- z:request ---- */

/* "..", also written with %2e, would leave the instance. */
static bool climbs(const char *path)
{
    while (*path) {
        size_t dots = 0, n = strcspn(path, "/");
        const char *p = path;
        for (; p < path + n; dots++) {
            if (*p == '.')
                p++;
            else if (strncasecmp(p, "%2e", 3) == 0)
                p += 3;
            else
                break;
        }
        if (p == path + n && (dots == 1 || dots == 2))
            return true;
        path += n + (path[n] == '/');
    }
    return false;
}

static const char *read_path(const struct zapi_options *o)
{
    const char *path = zapi_options_string(o, "path", NULL);

    if (!path)
        zapi_options_error(o, "path", "string expected, got nothing");
    if (*path != '/')
        zapi_options_error(o, "path", "it must begin with '/'");
    if (strpbrk(path, "?#"))
        zapi_options_error(o, "path", "without '?' or '#': see query");
    for (const char *p = path; *p; p++) {
        if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == '\\')
            zapi_options_error(o, "path",
                               "it holds a blank or a control character");
    }
    if (climbs(path))
        zapi_options_error(o, "path", "it must not hold '.' or '..' parts");
    return path;
}

static const char *read_method(const struct zapi_options *o)
{
    static const char *const methods[] = {"GET",    "POST",  "PUT",
                                          "DELETE", "PATCH", NULL};
    const char *method = zapi_options_string(o, "method", NULL);

    if (!method) {
        bool body = zapi_options_get(o, "body") != LUA_TNIL;
        lua_pop(o->L, 1);
        return body ? "POST" : "GET";
    }
    for (size_t i = 0; methods[i]; i++) {
        if (strcmp(method, methods[i]) == 0)
            return methods[i];
    }
    zapi_options_error(o, "method",
                       "\"GET\", \"POST\", \"PUT\", \"DELETE\" or \"PATCH\" "
                       "expected, got \"%s\"",
                       method);
    return NULL;
}

/* A string goes as it is, anything else as JSON. */
static void read_body(const struct zapi_options *o, struct zapi_buf *out)
{
    const char *why = NULL, *text;
    size_t len;
    int type = zapi_options_get(o, "body");

    if (type == LUA_TSTRING) {
        text = lua_tolstring(o->L, -1, &len);
        zapi_buf_add(out, text, len);
    } else if (type != LUA_TNIL && !zapi_value_encode(o->L, -1, out, &why)) {
        zapi_options_error(o, "body", "%s", why);
    }
    if (out->failed)
        zapi_options_error(o, "body", "it is too long");
    lua_pop(o->L, 1);
}

static const char *const request_names[] = {
    "method", "path", "query", "body", "timeout", "idempotent", NULL,
};

/* z:request{method=, path=, query=, body=, idempotent=, timeout=}: an endpoint
 * that is in no table. */
static int l_request(lua_State *L)
{
    struct client *z = check_client(L, "request");
    struct zapi_options o = zapi_options_open(L, 2, "z:request", request_names);
    struct zapi_call_request req = {.row = NULL};
    struct call_op *op;

    lua_settop(L, 2);
    op = call_new(L, z, NULL);
    req.name = read_path(&o);
    req.http.method = read_method(&o);
    req.http.timeout = zapi_options_number(&o, "timeout", 0);
    req.idempotent = zapi_options_bool(&o, "idempotent",
                                       strcmp(req.http.method, "GET") == 0);
    zapi_options_query(&o, "query", &op->args.query);
    read_body(&o, &op->args.body);
    add_address(op, req.name);
    return call_start(L, op, &req);
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

static void read_credentials(const struct zapi_options *o, struct client *z)
{
    const char *id = read_text(o, "instance", true);
    const char *token = read_text(o, "token", true);
    const char *account = read_text(o, "client_token", false);

    zapi_redact_add(token, strlen(token));
    zapi_buf_adds(&z->id, id);
    zapi_buf_add(&z->root, z->base.data, z->base.len);
    zapi_buf_adds(&z->root, "/instances/");
    zapi_buf_adduri(&z->root, id, strlen(id));
    zapi_buf_adds(&z->root, "/token/");
    zapi_buf_adduri(&z->root, token, strlen(token));
    if (account) {
        zapi_redact_add(account, strlen(account));
        zapi_buf_adds(&z->account, "Client-Token: ");
        zapi_buf_adds(&z->account, account);
    }
}

/* client{instance=, token=, client_token=, base_url=, timeout=} */
static int l_client(lua_State *L)
{
    static const char *const names[] = {"instance", "token",   "client_token",
                                        "base_url", "timeout", NULL};
    struct zapi_options o = zapi_options_open(L, 1, "zapi.client", names);
    struct client *z = zapi_class_new(L, &client_class, sizeof *z, 0);

    z->scope = ZAPI_SCOPE_INSTANCE;
    zapi_buf_init(&z->base, 4 * MAX_TEXT);
    zapi_buf_init(&z->root, 16 * MAX_TEXT);
    zapi_buf_init(&z->account, 2 * MAX_TEXT);
    zapi_buf_init(&z->id, MAX_TEXT);
    z->timeout = zapi_options_number(&o, "timeout", 30);
    read_base(&o, z);
    read_credentials(&o, z);
    if (z->base.failed || z->root.failed || z->account.failed || z->id.failed)
        return luaL_error(L, "not enough memory");
    return 1;
}

/* The methods of instances are a field of the core too: the Lua layer adds
 * its own (each, collect).   core -- core */
void zapi_l_client_open(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"build", l_build},
        {"call", l_call},
        {"request", l_request},
        {NULL, NULL},
    };

    zapi_class_register(L, &client_class);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &client_class); /* core meta */
    lua_newtable(L);                                  /* core meta scopes */
    for (int i = 0; i < 3; i++) {
        luaL_newlib(L, methods);
        if (i == ZAPI_SCOPE_INSTANCE) {
            lua_pushvalue(L, -1);
            lua_setfield(L, -5, "client_methods");
        }
        lua_rawseti(L, -2, i + 1);
    }
    lua_pushcclosure(L, l_client_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    lua_pushcfunction(L, l_client);
    lua_setfield(L, -2, "client");
}
