/* SPDX-License-Identifier: MIT
 *
 * One call of an endpoint, from the script's table to its reply. Start at
 * zapi_client_call.
 *
 * A row may have more than one *way* of being called: way 0 is its own method
 * and path, then come its other paths, then its other methods. When the server
 * does not know a way (NOT_FOUND, 405) nothing was done, so the next one is
 * tried, each once; the one that works is remembered by the client.
 *
 * A gateway's call needs a token, which a Lua function has or fetches (see
 * lua/zapi/gateway.lua). A token that is refused is renewed once.
 *
 * The operation owns everything of one call, and the request borrows it.
 */
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "api/catalogue.h"
#include "api/check.h"
#include "lua/client.h"
#include "lua/people.h"
#include "lua/reply_value.h"
#include "lua/value.h"

#define MAX_URL       ((size_t)96 << 10)
#define MAX_ROOT      ((size_t)32 << 10)
#define MAX_BEARER    ((size_t)8 << 10)
#define MAX_FORM      ((size_t)1 << 20)
#define JSON_TYPE     "Content-Type: application/json"
#define OWN_TOKEN     "create_token" /* the gateway's one call without a token */
#define NOTHING_THERE -1

/* ---- ways ---- */

static size_t count(const char *const *words)
{
    size_t n = 0;

    while (words && words[n])
        n++;
    return n;
}

static size_t ways_of(const struct zapi_endpoint *row)
{
    return 1 + count(row->path_aliases) + count(row->method_alternatives);
}

static void set_way(struct call_op *op, size_t way)
{
    size_t aliases = count(op->row->path_aliases);

    op->way = way;
    op->req.http.method = zapi_method_name(op->row->method);
    if (way > aliases)
        op->req.http.method = op->row->method_alternatives[way - aliases - 1];
    zapi_client_address(op, zapi_args_path(&op->args, way > aliases ? 0 : way));
}

static size_t found_way(const struct client *z, const struct zapi_endpoint *row)
{
    for (size_t i = 0; i < z->found_count; i++)
        if (z->found[i].row == row)
            return z->found[i].way;
    return 0;
}

static void remember_way(struct client *z, const struct zapi_endpoint *row,
                         size_t way)
{
    size_t i = 0;

    while (i < z->found_count && z->found[i].row != row)
        i++;
    if (i == z->found_count && way == 0)
        return;
    if (i == sizeof z->found / sizeof *z->found)
        return;
    if (i == z->found_count)
        z->found_count++;
    z->found[i].row = row;
    z->found[i].way = way;
}

/* The first way that was not tried; NOTHING_THERE when all were. */
static int next_way(const struct call_op *op)
{
    for (size_t way = 0; op->row && way < ways_of(op->row); way++)
        if (!(op->tried & (1u << way)))
            return (int)way;
    return NOTHING_THERE;
}

static bool is_unknown_way(const struct zapi_error *error)
{
    return error->outcome == ZAPI_OUTCOME_REFUSED &&
           (error->kind == ZAPI_E_CLIENT_UNKNOWN_ENDPOINT ||
            error->kind == ZAPI_E_CLIENT_METHOD);
}

/* ---- from the loop: no Lua ---- */

static void on_reply(void *arg, struct zapi_http_reply *reply,
                     const struct zapi_error *error);

static bool try_next_way(struct call_op *op)
{
    struct zapi_error ignored = {.kind = ZAPI_E_NONE};
    int way;

    op->tried |= 1u << op->way;
    way = next_way(op);
    if (way == NOTHING_THERE)
        return false;
    set_way(op, (size_t)way);
    if (op->url.failed)
        return false;
    op->call = zapi_call_start(op->http, zapi_rt_loop(op->base.rt), &op->req,
                               on_reply, op, &ignored);
    return op->call != NULL;
}

static void on_reply(void *arg, struct zapi_http_reply *reply,
                     const struct zapi_error *error)
{
    struct call_op *op = arg;

    if (error && op->tried == 0)
        op->error = *error; /* of the way that the row names first */
    if (error && is_unknown_way(error) && try_next_way(op))
        return;
    op->call = NULL;
    op->failed = error != NULL;
    if (error && !is_unknown_way(error))
        op->error = *error;
    if (reply && !error) {
        op->body = reply->body;
        zapi_buf_init(&reply->body, reply->body.max);
        if (op->tried)
            remember_way(op->client, op->row, op->way);
    }
    zapi_op_done(&op->base);
}

static void call_cancel(struct zapi_op *base)
{
    zapi_call_cancel(((struct call_op *)base)->call);
}

static void call_release(struct zapi_op *base)
{
    struct call_op *op = (struct call_op *)base;

    zapi_args_free(&op->args);
    zapi_buf_free(&op->root);
    zapi_buf_free(&op->url);
    zapi_buf_free(&op->bearer);
    zapi_buf_free(&op->form);
    zapi_buf_free(&op->body);
    free(op->parts);
    op->parts = NULL;
}

/* ---- the reply ---- */

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
                           &offset))
        lua_pushlstring(L, op->body.data, op->body.len);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_newtable(L);
    }
    zapi_reply_value_shape(L, op->row);
}

static int fail(lua_State *L, const struct zapi_error *error)
{
    luaL_pushfail(L);
    zapi_error_push(L, error);
    return 2;
}

static int renew_token(lua_State *L, struct call_op *op);

static int call_finish(lua_State *L, int status, lua_KContext ctx)
{
    struct call_op *op = (struct call_op *)ctx;

    (void)status;
    if (op->failed && op->error.kind == ZAPI_E_AUTH_UNAUTHORIZED &&
        op->bearer.len > 0 && !op->renewed)
        return renew_token(L, op);
    if (op->failed)
        return fail(L, &op->error);
    if (op->row && op->row->names_accounts)
        zapi_people_hear(L, op->body.data, op->body.len);
    push_value(L, op);
    zapi_op_release(&op->base);
    return 1;
}

/* ---- the request ---- */

struct call_op *zapi_client_op(lua_State *L, struct client *z,
                               const struct zapi_endpoint *row)
{
    struct call_op *op = zapi_op_new(L, sizeof *op, call_cancel, call_release);

    op->client = z;
    op->row = op->req.row = row;
    op->req.name = row ? row->name : "";
    zapi_args_init(&op->args);
    zapi_buf_init(&op->root, MAX_ROOT);
    zapi_buf_init(&op->url, MAX_URL);
    zapi_buf_init(&op->bearer, MAX_BEARER);
    zapi_buf_init(&op->form, MAX_FORM);
    return op;
}

void zapi_client_address(struct call_op *op, const char *path)
{
    const struct client *z = op->client;
    bool at_host = op->row && op->row->host_root;
    const struct zapi_buf *root = at_host ? &z->base : &z->root;

    if (op->root.len > 0)
        root = &op->root;
    zapi_buf_reset(&op->url);
    zapi_buf_add(&op->url, root->data, root->len);
    zapi_buf_adds(&op->url, path);
    if (op->args.query.len > 0) {
        zapi_buf_addc(&op->url, '?');
        zapi_buf_add(&op->url, op->args.query.data, op->args.query.len);
    }
    op->req.http.url = op->url.data;
}

static void set_headers(struct call_op *op)
{
    const struct client *z = op->client;
    size_t n = 0;

    if (!op->parts) /* a form's type names its boundary */
        op->headers[n++] = JSON_TYPE;
    if (z->account.len > 0)
        op->headers[n++] = z->account.data;
    if (op->bearer.len > 0)
        op->headers[n++] = op->bearer.data;
    op->headers[n] = NULL;
    op->req.http.headers = op->headers;
}

static void set_body(struct call_op *op)
{
    op->req.http.parts = op->parts;
    if (!op->parts && op->args.body.len > 0) {
        op->req.http.body = op->args.body.data;
        op->req.http.body_len = op->args.body.len;
    }
}

/* Last in its function, as an error thrown after the start would leave the
 * call without an owner. */
static int start(lua_State *L, struct call_op *op)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};

    if (op->url.failed || op->root.failed || op->bearer.failed)
        return luaL_error(L, "the parameters of %s make too long an address",
                          op->req.name);
    if (!zapi_client_form_fits(L, op, &error))
        return fail(L, &error);
    set_headers(op);
    set_body(op);
    op->req.http.borrowed = true;
    if (op->req.http.timeout <= 0)
        op->req.http.timeout = op->client->timeout;
    op->http = zapi_rt_http(L, op->base.rt);
    op->call = zapi_call_start(op->http, zapi_rt_loop(op->base.rt), &op->req,
                               on_reply, op, &error);
    if (!op->call)
        return fail(L, &error);
    return zapi_op_wait(L, &op->base, call_finish);
}

/* ---- a gateway's token ---- */

static bool needs_token(const struct call_op *op)
{
    return op->client->scope == ZAPI_SCOPE_GATEWAY &&
           !(op->row && strcmp(op->row->name, OWN_TOKEN) == 0);
}

/* Stack: … token err */
static int token_ready(lua_State *L, int status, lua_KContext ctx)
{
    struct call_op *op = (struct call_op *)ctx;
    size_t len;
    const char *token = lua_tolstring(L, -2, &len);

    (void)status;
    if (!token)
        return 2;
    zapi_buf_reset(&op->bearer);
    zapi_buf_adds(&op->bearer, "Authorization: Bearer ");
    zapi_buf_add(&op->bearer, token, len);
    return start(L, op);
}

/* Asks the function for a token; with `stale`, for another one than that. It
 * may wait, hence the continuation. */
static int start_with_token(lua_State *L, struct call_op *op, bool stale)
{
    const char *old = strchr(zapi_buf_str(&op->bearer), ' ');

    if (lua_getiuservalue(L, 1, 1) != LUA_TFUNCTION)
        return luaL_error(L, "this client has no source of tokens");
    lua_pushnil(L);
    if (stale && old) {
        lua_pop(L, 1);
        lua_pushstring(L, old + strlen(" Bearer "));
    }
    lua_callk(L, 1, 2, (lua_KContext)op, token_ready);
    return token_ready(L, LUA_OK, (lua_KContext)op);
}

/* The operation begins anew; it still has all of its request. */
static int renew_token(lua_State *L, struct call_op *op)
{
    op->renewed = true;
    op->failed = false;
    op->tried = 0;
    op->base.started = op->base.done = false;
    op->base.task = NULL;
    return start_with_token(L, op, true);
}

int zapi_client_start(lua_State *L, struct call_op *op)
{
    return needs_token(op) ? start_with_token(L, op, false) : start(L, op);
}

/* ---- a partner's instance ---- */

static const struct zapi_field instance_fields[] = {
    {.name = "instance",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "id of the instance"},
    {.name = "token",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "token of that instance"},
    {.name = NULL},
};

/* Takes one of them from the table at index 3 into the address. */
static void take_instance(lua_State *L, struct call_op *op,
                          const struct zapi_field *f, const char *before)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    const struct zapi_check check = {op->row, f->name, &error};
    const char *s;
    size_t len;

    lua_pushstring(L, f->name);
    int type = lua_rawget(L, 3);
    s = type == LUA_TSTRING ? lua_tolstring(L, -1, &len) : NULL;
    zapi_buf_adds(&op->root, before);
    if (type == LUA_TNIL)
        zapi_check_missing(&check, f);
    else if (!s)
        zapi_check_type(&check, f, luaL_typename(L, -1));
    else if (len == 0)
        zapi_check_bad(&check, "it is empty");
    else if (len <= 2 && strspn(s, ".") == len)
        zapi_check_bad(&check, "it cannot stand in a path");
    else
        zapi_check_string(&check, f, s, len, true, &op->root);
    if (error.kind != ZAPI_E_NONE)
        luaL_error(L, "%s", error.message);
    lua_pop(L, 1);
    lua_pushstring(L, f->name);
    lua_pushnil(L);
    lua_rawset(L, 3);
}

/* Partners call for many instances: id and token come with the parameters. A
 * copy without them takes the place of the table at index 2. */
static void split_instance(lua_State *L, struct call_op *op)
{
    lua_newtable(L); /* 4: a copy, as the script's table is the script's */
    if (lua_type(L, 2) == LUA_TTABLE) {
        for (lua_pushnil(L); lua_next(L, 2);) {
            lua_pushvalue(L, -2);
            lua_insert(L, -2);
            lua_rawset(L, 4);
        }
    }
    lua_insert(L, 3); /* copy op */
    zapi_buf_add(&op->root, op->client->base.data, op->client->base.len);
    take_instance(L, op, &instance_fields[0], "/instances/");
    take_instance(L, op, &instance_fields[1], "/token/");
    lua_copy(L, 3, 2);
}

/* ---- a call ---- */

/* Everything but sending. Stack: client params -- client params … op. false:
 * *error, which is no misuse; misuse throws. */
static struct call_op *prepare(lua_State *L, struct client *z,
                               const struct zapi_endpoint *row,
                               struct zapi_error *error)
{
    struct call_op *op;

    lua_settop(L, 2);
    op = zapi_client_op(L, z, row);
    if (z->scope == ZAPI_SCOPE_PARTNER && !row->host_root)
        split_instance(L, op);
    if (!zapi_args_encode(L, 2, row, &op->args, error)) {
        if (error->kind == ZAPI_E_CLIENT_INVALID_PARAMS)
            luaL_error(L, "%s", error->message);
        return NULL;
    }
    if (row->body == ZAPI_BODY_MULTIPART && op->args.body.len > 0)
        zapi_client_form(L, op);
    set_way(op, found_way(z, row));
    return op;
}

int zapi_client_call(lua_State *L, struct client *z,
                     const struct zapi_endpoint *row)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    struct call_op *op = prepare(L, z, row, &error);

    if (!op)
        return fail(L, &error);
    return zapi_client_start(L, op);
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

int zapi_client_build(lua_State *L, struct client *z,
                      const struct zapi_endpoint *row)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    struct call_op *op = prepare(L, z, row, &error);

    if (!op)
        return fail(L, &error);
    if (needs_token(op)) /* none is fetched for the sake of showing it */
        zapi_buf_adds(&op->bearer, "Authorization: Bearer ***");
    set_headers(op);
    lua_createtable(L, 0, 4);
    lua_pushstring(L, op->req.http.method);
    lua_setfield(L, -2, "method");
    set_text(L, "url", &op->url);
    lua_newtable(L);
    for (const char **line = op->headers; *line; line++)
        set_header(L, *line);
    if (op->parts)
        set_header(L, "Content-Type: multipart/form-data");
    lua_setfield(L, -2, "headers");
    if (op->args.body.len > 0)
        set_text(L, "body", &op->args.body);
    zapi_op_release(&op->base);
    return 1;
}
