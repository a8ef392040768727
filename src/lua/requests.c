/* SPDX-License-Identifier: MIT
 *
 * From exchange to task and back. The door's thread posts into a list and
 * sends a uv_async; the loop makes a task for each request, whose function
 * (l_run) builds `req`, calls the handler and answers with what it returns.
 *
 * A `struct request` is counted: by its task (dropped in on_end, or by
 * on_state_close when the state goes and no task will ever end), by each
 * `write` function given to a script, and by each write that waits. Its
 * exchange is NULL once the answer was given, and everybody checks. Start
 * reading at zapi_requests_post.
 */
#include "lua/requests.h"

#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lua/class.h"

struct write_op {
    struct zapi_op base;
    struct request *r; /* counted */
    struct write_op *next;
};

struct request {
    struct zapi_requests *q; /* counted */
    struct zapi_exchange *ex;
    unsigned refs; /* loop thread only */
    bool streaming;
    bool woken; /* in q->woken, under q->lock */
    struct write_op *writes;
    struct request *prev, *next; /* live */
    struct request *next_woken;
};

struct incoming {
    struct zapi_exchange *ex;
    struct incoming *next;
};

struct zapi_requests {
    struct zapi_rt *rt; /* NULL once the state is closing */
    const void *owner;
    int slot;
    unsigned refs; /* loop thread: the owner, the async handle, requests */
    uv_async_t async;
    struct request *live;
    pthread_mutex_t lock;
    struct incoming *head, **tail;
    struct request *woken;
};

static void queue_unref(struct zapi_requests *q)
{
    if (--q->refs > 0)
        return;
    if (q->rt)
        zapi_rt_cancel_at_close(q->rt, q);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

/* The last wake may still be waiting for its turn. */
static void forget_wake(struct request *r)
{
    struct request **link = &r->q->woken;
    pthread_mutex_lock(&r->q->lock);
    while (*link && *link != r)
        link = &(*link)->next_woken;
    if (*link)
        *link = r->next_woken;
    pthread_mutex_unlock(&r->q->lock);
}

static void request_unref(struct request *r)
{
    if (--r->refs > 0)
        return;
    forget_wake(r);
    queue_unref(r->q);
    free(r);
}

/* ---- answering ---- */

static void answer(struct request *r, int status, const char *const *headers,
                   const char *body, size_t len)
{
    struct zapi_exchange *ex = r->ex;
    r->ex = NULL;
    zapi_exchange_respond(ex, status, headers, body, len);
}

static void answer_plain(struct request *r, int status, const char *text)
{
    static const char *const plain[] = {
        "Content-Type: text/plain; charset=utf-8", NULL};
    answer(r, status, plain, text, strlen(text));
}

/* Whatever is still owed to the client. `whole`: a stream is complete. */
static void finish_off(struct request *r, int status, const char *text,
                       bool whole)
{
    struct zapi_exchange *ex = r->ex;
    if (!ex)
        return;
    if (!r->streaming) {
        answer_plain(r, status, text);
        return;
    }
    r->ex = NULL;
    zapi_stream_end(ex, whole);
}

static void unlink_live(struct request *r)
{
    *(r->prev ? &r->prev->next : &r->q->live) = r->next;
    if (r->next)
        r->next->prev = r->prev;
    r->prev = r->next = NULL;
}

/* The task ended: the handler failed, was cancelled, or has answered. */
static void on_end(void *arg, bool ok, const char *message)
{
    struct request *r = arg;
    (void)message; /* logged by the runtime; not for the client */
    finish_off(r, 500, "internal error\n", ok);
    unlink_live(r);
    request_unref(r);
}

/* ---- the request as a table ---- */

struct visit {
    lua_State *L;
    bool lower;
};

static void push_lower(lua_State *L, const char *s)
{
    luaL_Buffer b;
    size_t n = strlen(s);
    char *to = luaL_buffinitsize(L, &b, n);
    for (size_t i = 0; i < n; i++)
        to[i] = (char)tolower((unsigned char)s[i]);
    luaL_pushresultsize(&b, n);
}

/* Stack: … table -- … table. A header that comes twice is joined. */
static void set_pair(void *arg, const char *name, const char *value)
{
    struct visit *v = arg;
    lua_State *L = v->L;
    if (!v->lower) {
        lua_pushstring(L, value);
        lua_setfield(L, -2, name);
        return;
    }
    push_lower(L, name);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, -3) == LUA_TSTRING) /* table name old */
        lua_pushfstring(L, "%s, %s", lua_tostring(L, -1), value);
    else
        lua_pushstring(L, value);
    lua_remove(L, -2);
    lua_rawset(L, -3);
}

static void push_request(lua_State *L, struct zapi_exchange *ex)
{
    struct visit headers = {.L = L, .lower = true}, query = {.L = L};
    size_t len;
    lua_createtable(L, 0, 6);
    lua_pushstring(L, zapi_exchange_method(ex));
    lua_setfield(L, -2, "method");
    lua_pushstring(L, zapi_exchange_path(ex));
    lua_setfield(L, -2, "path");
    lua_pushstring(L, zapi_exchange_remote(ex));
    lua_setfield(L, -2, "remote");
    const char *body = zapi_exchange_body(ex, &len);
    lua_pushlstring(L, body, len);
    lua_setfield(L, -2, "body");
    lua_newtable(L);
    zapi_exchange_headers(ex, set_pair, &headers);
    lua_setfield(L, -2, "headers");
    lua_newtable(L);
    zapi_exchange_query(ex, set_pair, &query);
    lua_setfield(L, -2, "query");
}

/* ---- streams: the write function ---- */

static int l_writer_gc(lua_State *L)
{
    struct request **box = lua_touserdata(L, 1);
    struct request *r = *box;
    *box = NULL;
    if (r)
        request_unref(r);
    return 0;
}

static const struct zapi_class writer_class = {
    .name = "zapi.writer",
    .close = l_writer_gc,
};

/* Door thread, under its lock. */
static void on_wake(void *arg)
{
    struct request *r = arg;
    struct zapi_requests *q = r->q;
    pthread_mutex_lock(&q->lock);
    if (!r->woken) {
        r->woken = true;
        r->next_woken = q->woken;
        q->woken = r;
        uv_async_send(&q->async);
    }
    pthread_mutex_unlock(&q->lock);
}

static void write_cancel(struct zapi_op *op)
{
    struct write_op *w = (struct write_op *)op;
    struct write_op **link = &w->r->writes;
    while (*link && *link != w)
        link = &(*link)->next;
    if (*link)
        *link = w->next;
}

static void write_release(struct zapi_op *op)
{
    struct write_op *w = (struct write_op *)op;
    if (w->r)
        request_unref(w->r);
    w->r = NULL;
}

static int write_step(lua_State *L);

static int k_write(lua_State *L, int status, lua_KContext ctx)
{
    (void)status, (void)ctx;
    return write_step(L);
}

/* Stack: chunk … */
static int write_step(lua_State *L)
{
    struct request **box = lua_touserdata(L, lua_upvalueindex(1));
    struct request *r = *box;
    size_t n;
    const char *p = lua_tolstring(L, 1, &n);
    long written = r && r->ex ? zapi_stream_write(r->ex, p, n) : -1;
    if (written < 0) {
        lua_pushnil(L);
        lua_pushliteral(L, "closed");
        return 2;
    }
    if (written > 0 || n == 0) {
        lua_pushboolean(L, 1);
        return 1;
    }
    struct write_op *w = zapi_op_new(L, sizeof *w, write_cancel, write_release);
    w->r = r;
    r->refs++;
    w->next = r->writes;
    r->writes = w;
    return zapi_op_wait(L, &w->base, k_write);
}

static int l_write(lua_State *L)
{
    luaL_checkstring(L, 1);
    lua_settop(L, 1);
    return write_step(L);
}

static void wake_writes(struct request *r)
{
    struct write_op *w = r->writes;
    r->writes = NULL;
    while (w) {
        struct write_op *next = w->next;
        w->next = NULL;
        zapi_op_done(&w->base);
        w = next;
    }
}

static int k_streamed(lua_State *L, int status, lua_KContext ctx)
{
    struct request *r = (struct request *)ctx;
    (void)L, (void)status;
    finish_off(r, 500, "", true);
    return 0;
}

/* Stack: … body(function) -- ; runs body(write). */
static int stream(lua_State *L, struct request *r, int status,
                  const char *const *headers)
{
    struct request **box = zapi_class_new(L, &writer_class, sizeof *box, 0);
    *box = r;
    r->refs++;
    lua_pushcclosure(L, l_write, 1);
    r->streaming = true;
    zapi_stream_begin(r->ex, status, headers, on_wake, r);
    lua_callk(L, 1, 0, (lua_KContext)r, k_streamed);
    return k_streamed(L, LUA_OK, (lua_KContext)r);
}

/* ---- the handler's answer ---- */

struct head { /* headers for the door; strings live in a Lua table */
    const char **lines;
    size_t n;
    bool has_type;
};

/* Stack: … lines name value -- … lines */
static void add_line(lua_State *L, struct head *h, int lines)
{
    const char *name = luaL_tolstring(L, -2, NULL);
    const char *value = luaL_tolstring(L, -2, NULL);
    if (strpbrk(name, "\r\n: ") || strpbrk(value, "\r\n") || !*name)
        luaL_error(L, "header '%s' holds what no header may hold", name);
    h->has_type = h->has_type || strcasecmp(name, "Content-Type") == 0;
    h->lines[h->n++] = lua_pushfstring(L, "%s: %s", name, value);
    lua_rawseti(L, lines, (lua_Integer)h->n); /* anchored */
    lua_pop(L, 4);
}

static size_t count_headers(lua_State *L, int headers)
{
    size_t n = 0;
    if (lua_isnoneornil(L, headers))
        return 0;
    if (!lua_istable(L, headers))
        luaL_error(L,
                   "the handler's third result must be a table of headers, "
                   "not a %s",
                   luaL_typename(L, headers));
    for (lua_pushnil(L); lua_next(L, headers); lua_pop(L, 1))
        n += lua_istable(L, -1) ? (size_t)lua_rawlen(L, -1) : 1;
    return n;
}

/* Stack: … name value; value may be a list ({"a=1", "b=2"} for Set-Cookie) */
static void add_header(lua_State *L, struct head *h, int lines)
{
    int name = lua_gettop(L) - 1;
    if (!lua_istable(L, -1)) {
        lua_pushvalue(L, name);
        lua_pushvalue(L, name + 1);
        add_line(L, h, lines);
        return;
    }
    lua_Integer n = (lua_Integer)lua_rawlen(L, name + 1);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_pushvalue(L, name);
        lua_rawgeti(L, name + 1, i);
        add_line(L, h, lines);
    }
}

/* Pushes two values that keep the lines alive. */
static const char *const *read_headers(lua_State *L, int headers)
{
    struct head h = {0};
    size_t n = count_headers(L, headers);
    h.lines = lua_newuserdatauv(L, (n + 2) * sizeof *h.lines, 0);
    lua_createtable(L, (int)n, 0);
    int lines = lua_gettop(L);
    luaL_checkstack(L, 12, NULL);
    if (n > 0)
        for (lua_pushnil(L); lua_next(L, headers); lua_pop(L, 1))
            add_header(L, &h, lines);
    if (!h.has_type)
        h.lines[h.n++] = "Content-Type: text/plain; charset=utf-8";
    h.lines[h.n] = NULL;
    return h.lines;
}

static int check_status(lua_State *L, int index)
{
    int isint;
    lua_Integer status = lua_tointegerx(L, index, &isint);
    if (!isint || status < 200 || status > 599)
        luaL_error(L,
                   "the handler must return an HTTP status from 200 to 599 "
                   "first, not %s",
                   luaL_tolstring(L, index, NULL));
    return (int)status;
}

/* Stack: handler request status body headers */
static int k_handled(lua_State *L, int ok, lua_KContext ctx)
{
    struct request *r = (struct request *)ctx;
    size_t len = 0;
    (void)ok;
    lua_settop(L, 5);
    if (lua_isnil(L, 3)) {
        answer_plain(r, 404, "not found\n");
        return 0;
    }
    int status = check_status(L, 3);
    const char *const *headers = read_headers(L, 5);
    bool head = strcmp(zapi_exchange_method(r->ex), "HEAD") == 0;
    if (lua_isfunction(L, 4) && !head) {
        lua_pushvalue(L, 4);
        return stream(L, r, status, headers);
    }
    const char *body = lua_tolstring(L, 4, &len);
    if (!body && !lua_isnil(L, 4) && !lua_isfunction(L, 4))
        luaL_error(L,
                   "the handler's body must be a string or a function, "
                   "not a %s",
                   luaL_typename(L, 4));
    answer(r, status, headers, body ? body : "", len);
    return 0;
}

/* The task's function. Stack: handler request */
static int l_run(lua_State *L)
{
    struct request *r = lua_touserdata(L, 2);
    lua_pushvalue(L, 1);
    push_request(L, r->ex);
    lua_callk(L, 1, 3, (lua_KContext)r, k_handled);
    return k_handled(L, LUA_OK, (lua_KContext)r);
}

/* ---- the loop's side ---- */

/* Stack: request */
static int l_spawn(lua_State *L)
{
    struct request *r = lua_touserdata(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, r->q->owner);
    lua_pushcfunction(L, l_run);
    lua_getiuservalue(L, 2, r->q->slot);
    lua_pushlightuserdata(L, r);
    zapi_task_spawn(L, 2, on_end, r);
    return 0;
}

static struct request *request_new(struct zapi_requests *q,
                                   struct zapi_exchange *ex)
{
    struct request *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->q = q;
    r->ex = ex;
    r->refs = 1;
    q->refs++;
    r->next = q->live;
    if (r->next)
        r->next->prev = r;
    q->live = r;
    return r;
}

static void start(struct zapi_requests *q, struct zapi_exchange *ex)
{
    struct request *r = request_new(q, ex);
    if (!r)
        zapi_exchange_respond(ex, 503, NULL, NULL, 0);
    else if (!zapi_rt_enter(q->rt, l_spawn, r, "a request was not started"))
        on_end(r, false, NULL);
}

static struct incoming *take_incoming(struct zapi_requests *q)
{
    pthread_mutex_lock(&q->lock);
    struct incoming *list = q->head;
    q->head = NULL;
    q->tail = &q->head;
    pthread_mutex_unlock(&q->lock);
    return list;
}

static void wake_all(struct zapi_requests *q)
{
    struct request *r;
    do {
        pthread_mutex_lock(&q->lock);
        r = q->woken;
        if (r) {
            q->woken = r->next_woken;
            r->woken = false;
        }
        pthread_mutex_unlock(&q->lock);
        if (r)
            wake_writes(r);
    } while (r);
}

static void on_async(uv_async_t *async)
{
    struct zapi_requests *q = async->data;
    struct incoming *in = take_incoming(q);
    wake_all(q);
    while (in) {
        struct incoming *next = in->next;
        start(q, in->ex);
        free(in);
        in = next;
    }
}

void zapi_requests_post(struct zapi_requests *q, struct zapi_exchange *ex)
{
    struct incoming *in = malloc(sizeof *in);
    if (!in) {
        zapi_exchange_respond(ex, 503, NULL, NULL, 0);
        return;
    }
    *in = (struct incoming){.ex = ex};
    pthread_mutex_lock(&q->lock);
    *q->tail = in;
    q->tail = &in->next;
    pthread_mutex_unlock(&q->lock);
    uv_async_send(&q->async);
}

/* The state goes: no task of ours will ever end, nor be resumed. */
static void on_state_close(void *arg)
{
    struct zapi_requests *q = arg;
    q->refs++;
    q->rt = NULL;
    while (q->live)
        on_end(q->live, false, NULL);
    queue_unref(q);
}

struct zapi_requests *zapi_requests_new(lua_State *L, const void *owner,
                                        int slot)
{
    struct zapi_rt *rt = zapi_rt_get(L);
    struct zapi_requests *q = calloc(1, sizeof *q);
    if (!q) {
        luaL_error(L, "not enough memory");
        return NULL; /* not reached */
    }
    *q = (struct zapi_requests){
        .rt = rt, .owner = owner, .slot = slot, .refs = 2};
    q->tail = &q->head;
    if (uv_async_init(zapi_rt_loop(rt), &q->async, on_async) != 0) {
        free(q);
        luaL_error(L, "no listener could be made (too many open files?)");
        return NULL; /* not reached */
    }
    q->async.data = q;
    pthread_mutex_init(&q->lock, NULL);
    zapi_rt_at_close(rt, on_state_close, q);
    return q;
}

size_t zapi_requests_live(const struct zapi_requests *q)
{
    size_t n = 0;
    for (const struct request *r = q->live; r; r = r->next)
        n++;
    return n;
}

static void on_async_closed(uv_handle_t *handle)
{
    queue_unref(handle->data);
}

void zapi_requests_close(struct zapi_requests *q)
{
    struct incoming *in = take_incoming(q);
    while (in) {
        struct incoming *next = in->next;
        zapi_exchange_respond(in->ex, 503, NULL, NULL, 0);
        free(in);
        in = next;
    }
    wake_all(q);
    uv_close((uv_handle_t *)&q->async, on_async_closed);
    queue_unref(q);
}
