/* SPDX-License-Identifier: MIT
 *
 * zapi.http.request: HTTP for scripts, to anything. An HTTP reply is a reply
 * whatever its status; `nil, err` means that none was read.
 *
 * The operation owns everything of a call (see task.h); the request itself is
 * copied by the client. Start at l_request.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <lauxlib.h>

#include "lua/options.h"
#include "lua/runtime.h"
#include "lua/value.h"
#include "net/client.h"

#define NAME          "zapi.http.request"
#define MAX_URL       ((size_t)64 << 10)
#define MAX_HEAD      ((size_t)256 << 10)
#define MAX_BODY      ((size_t)256 << 20)
#define MAX_FILE      ((size_t)128 << 20) /* of a reply that is saved */
#define MAX_REDIRECTS 5.0

struct http_op {
    struct zapi_op base;
    struct zapi_http_call *call;
    struct zapi_buf url, body; /* of the request */
    struct zapi_buf lines;     /* its headers, each ended by a NUL */
    size_t line_count;
    const char **headers;       /* into `lines` */
    bool has_type;              /* one of them is Content-Type */
    bool saves;                 /* a 2xx goes to a file */
    struct zapi_http_reply got; /* with headers and body moved here */
};

static void http_release(struct zapi_op *base)
{
    struct http_op *op = (struct http_op *)base;

    zapi_buf_free(&op->url);
    zapi_buf_free(&op->body);
    zapi_buf_free(&op->lines);
    zapi_buf_free(&op->got.headers);
    zapi_buf_free(&op->got.body);
    free(op->headers);
    op->headers = NULL;
}

static void http_cancel(struct zapi_op *base)
{
    zapi_http_cancel(((struct http_op *)base)->call);
}

/* ---- the request ---- */

static void add_header(void *arg, const char *key, size_t key_len,
                       const char *value, size_t value_len)
{
    struct http_op *op = arg;

    zapi_buf_add(&op->lines, key, key_len);
    if (value_len > 0) {
        zapi_buf_adds(&op->lines, ": ");
        zapi_buf_add(&op->lines, value, value_len);
    } else {
        zapi_buf_addc(&op->lines, ';'); /* the client's sign for empty */
    }
    zapi_buf_addc(&op->lines, '\0');
    op->line_count++;
    if (strcasecmp(key, "content-type") == 0)
        op->has_type = true;
}

static bool is_line(const char *s, size_t len)
{
    return !memchr(s, '\r', len) && !memchr(s, '\n', len) &&
           !memchr(s, '\0', len);
}

struct header_check {
    const struct zapi_options *options;
};

static void check_header(void *arg, const char *key, size_t key_len,
                         const char *value, size_t value_len)
{
    const struct header_check *c = arg;

    if (key_len == 0 || strpbrk(key, ": \t") || !is_line(key, key_len))
        zapi_options_error(c->options, "headers", "'%s' is no header's name",
                           key);
    if (!is_line(value, value_len))
        zapi_options_error(c->options, "headers",
                           "'%s' holds a line break or a NUL", key);
}

/* A Content-Type that follows from how the body was given. */
static void set_type(struct http_op *op, const char *type)
{
    if (!op->has_type)
        add_header(op, "Content-Type", 12, type, strlen(type));
}

static void index_headers(lua_State *L, struct http_op *op)
{
    const char *p = zapi_buf_str(&op->lines);

    op->headers = malloc((op->line_count + 1) * sizeof *op->headers);
    if (!op->headers || op->lines.failed)
        luaL_error(L, "not enough memory");
    for (size_t i = 0; i < op->line_count; i++, p += strlen(p) + 1)
        op->headers[i] = p;
    op->headers[op->line_count] = NULL;
}

static void write_json(const struct zapi_options *o, struct http_op *op)
{
    const char *why = NULL;

    if (!zapi_value_encode(o->L, -1, &op->body, &why))
        zapi_options_error(o, "json", "%s", why);
    set_type(op, "application/json");
}

/* Exactly one of body, json, form, file, or none. */
static void read_body(const struct zapi_options *o, struct http_op *op,
                      struct zapi_http_request *req)
{
    static const char *const ways[] = {"body", "json", "form", "file"};
    const char *given = NULL;

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (zapi_options_get(o, ways[i]) != LUA_TNIL) {
            if (given)
                zapi_options_error(o, ways[i], "'%s' is given too", given);
            given = ways[i];
            if (strcmp(given, "json") == 0)
                write_json(o, op);
        }
        lua_pop(o->L, 1);
    }
    req->body = zapi_options_string(o, "body", &req->body_len);
    req->send_path = zapi_options_string(o, "file", NULL);
    if (given && strcmp(given, "form") == 0) {
        zapi_options_query(o, "form", &op->body);
        set_type(op, "application/x-www-form-urlencoded");
    }
    if (op->body.failed)
        zapi_options_error(o, given, "it is too long");
    if (given && !req->body && !req->send_path) {
        req->body = zapi_buf_str(&op->body);
        req->body_len = op->body.len;
    }
}

static bool is_read(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
           strcmp(method, "OPTIONS") == 0;
}

static void read_method(const struct zapi_options *o,
                        struct zapi_http_request *req)
{
    bool body = req->body || req->send_path;

    req->method = zapi_options_string(o, "method", NULL);
    if (!req->method)
        req->method = body ? "POST" : "GET";
    if (req->method[strspn(req->method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] ||
        !*req->method)
        zapi_options_error(o, "method",
                           "a method in capitals expected, as \"POST\"");
    req->repeatable = is_read(req->method);
}

/* The query goes between what the URL has of one and its fragment. */
static void read_url(const struct zapi_options *o, struct http_op *op,
                     struct zapi_http_request *req)
{
    const char *url = zapi_options_string(o, "url", NULL);
    size_t end;

    if (!url)
        zapi_options_error(o, "url", "string expected, got nothing");
    end = strcspn(url, "#");
    zapi_buf_add(&op->url, url, end);
    zapi_options_query(o, "query", &op->body); /* unused as yet */
    if (op->body.len > 0) {
        zapi_buf_addc(&op->url, memchr(url, '?', end) ? '&' : '?');
        zapi_buf_add(&op->url, op->body.data, op->body.len);
    }
    zapi_buf_reset(&op->body);
    if (op->url.failed)
        zapi_options_error(o, "url", "it is too long");
    req->url = zapi_buf_str(&op->url);
}

static void read_limits(const struct zapi_options *o,
                        struct zapi_http_request *req)
{
    double max, redirects = MAX_REDIRECTS;

    req->save_path = zapi_options_string(o, "save", NULL);
    req->timeout = zapi_options_number(o, "timeout", 0);
    max = zapi_options_number(o, "max", req->save_path ? (double)MAX_FILE : 0);
    req->max_reply = max < 1e15 ? (size_t)max : (size_t)1e15;
    if (zapi_options_get(o, "redirects") == LUA_TNUMBER)
        redirects = lua_tonumber(o->L, -1);
    else if (!lua_isnil(o->L, -1))
        zapi_options_error(o, "redirects", "number expected, got %s",
                           luaL_typename(o->L, -1));
    lua_pop(o->L, 1);
    if (!(redirects >= 0 && redirects <= 50))
        zapi_options_error(o, "redirects", "0 to 50 expected");
    req->max_redirects = (unsigned)redirects;
    req->public_only = zapi_options_bool(o, "public_only", false);
    req->public_except = zapi_options_string(o, "public_except", NULL);
}

static void read_request(const struct zapi_options *o, struct http_op *op,
                         struct zapi_http_request *req)
{
    struct header_check check = {o};

    read_url(o, op, req);
    zapi_options_pairs(o, "headers", check_header, &check);
    zapi_options_pairs(o, "headers", add_header, op);
    read_body(o, op, req);
    read_method(o, req);
    read_limits(o, req);
    index_headers(o->L, op);
    req->headers = op->headers;
    op->saves = req->save_path != NULL;
}

/* ---- the reply ---- */

/* Headers as a table; those that came more than once are joined as HTTP has
 * it, cookies by line breaks, as they may hold commas.   -- headers */
static void push_headers(lua_State *L, const struct zapi_http_reply *r)
{
    const char *p = zapi_buf_str(&r->headers), *colon, *end;

    lua_newtable(L);
    for (; (end = strchr(p, '\n')) != NULL; p = end + 1) {
        colon = strstr(p, ": ");
        lua_pushlstring(L, p, (size_t)(colon - p));
        lua_pushvalue(L, -1);
        if (lua_rawget(L, -3) == LUA_TSTRING) { /* headers name old */
            lua_pushstring(L, strncmp(p, "set-cookie:", 11) == 0 ? "\n" : ", ");
            lua_pushlstring(L, colon + 2, (size_t)(end - colon - 2));
            lua_concat(L, 3);
        } else {
            lua_pop(L, 1);
            lua_pushlstring(L, colon + 2, (size_t)(end - colon - 2));
        }
        lua_rawset(L, -3);
    }
}

/* reply.json is decoded when first asked for. */
static int l_reply_index(lua_State *L)
{
    const char *key = lua_tostring(L, 2), *type, *body, *error;
    size_t len, offset;

    if (lua_type(L, 1) != LUA_TTABLE || !key || strcmp(key, "json") != 0)
        return 0;
    lua_settop(L, 2);
    lua_getfield(L, 1, "headers");
    if (lua_type(L, -1) != LUA_TTABLE)
        return 0;
    lua_getfield(L, -1, "content-type");
    type = lua_tostring(L, -1);
    lua_getfield(L, 1, "body");
    body = lua_tolstring(L, -1, &len);
    if (!type || !body || !strstr(type, "json") ||
        !zapi_value_decode(L, body, len, false, &error, &offset))
        return 0;
    lua_pushvalue(L, -1);
    lua_setfield(L, 1, "json");
    return 1;
}

static const char reply_meta; /* registry */

static void push_reply_meta(lua_State *L)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &reply_meta) == LUA_TTABLE)
        return;
    lua_pop(L, 1);
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, l_reply_index);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "zapi.http.reply");
    lua_setfield(L, -2, "__name");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &reply_meta);
}

static int push_reply(lua_State *L, const struct http_op *op)
{
    const struct zapi_http_reply *r = &op->got;
    bool saved = op->saves && r->status >= 200 && r->status < 300;

    lua_createtable(L, 0, 4);
    lua_pushinteger(L, r->status);
    lua_setfield(L, -2, "status");
    push_headers(L, r);
    lua_setfield(L, -2, "headers");
    if (!saved) {
        lua_pushlstring(L, zapi_buf_str(&r->body), r->body.len);
        lua_setfield(L, -2, "body");
    }
    lua_pushnumber(L, r->seconds);
    lua_setfield(L, -2, "seconds");
    push_reply_meta(L);
    lua_setmetatable(L, -2);
    return 1;
}

static int push_failure(lua_State *L, const struct zapi_http_reply *r)
{
    struct zapi_error e = {.kind = ZAPI_E_NONE};

    zapi_error_set(&e, r->error, "%s", r->message);
    e.outcome = r->written ? ZAPI_OUTCOME_UNKNOWN : ZAPI_OUTCOME_NOT_SENT;
    luaL_pushfail(L);
    zapi_error_push(L, &e);
    return 2;
}

static int http_finish(lua_State *L, int status, lua_KContext ctx)
{
    struct http_op *op = (struct http_op *)ctx;
    int n = op->got.error ? push_failure(L, &op->got) : push_reply(L, op);

    (void)status;
    zapi_op_release(&op->base);
    return n;
}

/* From the loop: no Lua here. */
static void on_reply(void *arg, struct zapi_http_reply *reply)
{
    struct http_op *op = arg;

    op->got = *reply;
    zapi_buf_init(&reply->headers, reply->headers.max);
    zapi_buf_init(&reply->body, reply->body.max);
    op->call = NULL;
    zapi_op_done(&op->base);
}

static const char *const known[] = {
    "method", "url",       "headers",     "query",         "body",
    "json",   "form",      "file",        "timeout",       "max",
    "save",   "redirects", "public_only", "public_except", NULL,
};

static int l_request(lua_State *L)
{
    struct zapi_options o = zapi_options_open(L, 1, NAME, known);
    struct zapi_http_request req = {.method = NULL};
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    struct http_op *op;
    struct zapi_http *http;

    lua_settop(L, 1);
    op = zapi_op_new(L, sizeof *op, http_cancel, http_release);
    zapi_buf_init(&op->url, MAX_URL);
    zapi_buf_init(&op->lines, MAX_HEAD);
    zapi_buf_init(&op->body, MAX_BODY);
    read_request(&o, op, &req);
    http = zapi_rt_http(L, op->base.rt);
    op->call = zapi_http_start(http, &req, on_reply, op, &error);
    if (op->call)
        return zapi_op_wait(L, &op->base, http_finish);
    error.outcome = ZAPI_OUTCOME_NOT_SENT;
    luaL_pushfail(L);
    zapi_error_push(L, &error);
    return 2;
}

void zapi_l_http_open(lua_State *L)
{
    lua_pushcfunction(L, l_request);
    lua_setfield(L, -2, "http_request");
}
