/* SPDX-License-Identifier: MIT
 *
 * The runtime of one lua_State: its loop, the queue of tasks that are ready,
 * and the one protected entry from the loop into Lua. Start reading at
 * zapi_rt_get, then zapi_rt_drain; tasks are in task.c.
 *
 * Memory: a `struct zapi_rt` is malloc'ed and owned by a small userdata in the
 * registry. That userdata is the first object of ours in the state, so its
 * finalizer runs last at lua_close, after all operations, clients and servers
 * have let go. In plain Lua the finalizer then drains and closes the loop; in
 * the host the handles are closed by the host's loop later, and the last
 * close frees the runtime.
 */
#include "lua/runtime.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "lua/value.h"
#include "net/client.h"

static const char rt_key; /* registry: the owning userdata */
static const char host_key;
static const char entry_key; /* registry: the entry thread */

static void rt_close(struct zapi_rt *rt);

static int l_rt_gc(lua_State *L)
{
    struct zapi_rt **box = lua_touserdata(L, 1);
    struct zapi_rt *rt = *box;
    if (rt) {
        zapi_task_end_all(L);
        *box = NULL;
        rt_close(rt);
    }
    return 0;
}

static const struct zapi_class rt_class = {
    .name = "zapi.runtime",
    .close = l_rt_gc,
};

void zapi_host_set(lua_State *L, const struct zapi_host *host)
{
    lua_pushlightuserdata(L, (void *)host);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &host_key);
}

const struct zapi_host *zapi_host_get(lua_State *L)
{
    const struct zapi_host *host;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &host_key);
    host = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return host;
}

static void on_idle(uv_idle_t *idle)
{
    zapi_rt_drain(idle->data);
}

void zapi_rt_busy(struct zapi_rt *rt, bool busy)
{
    if (rt->closing) {
        return;
    }
    if (busy) {
        uv_idle_start(&rt->idle, on_idle);
    } else {
        uv_idle_stop(&rt->idle);
    }
}

static void on_check(uv_check_t *check)
{
    zapi_rt_drain(check->data);
}

static void on_keep(uv_async_t *keep)
{
    (void)keep; /* never sent: it only keeps the loop alive */
}

static void rt_free(struct zapi_rt *rt)
{
    if (rt->loop == &rt->own_loop) {
        uv_loop_close(rt->loop);
    }
    while (rt->names) {
        struct zapi_name *next = rt->names->next;
        free(rt->names);
        rt->names = next;
    }
    free(rt->data);
    free(rt);
}

static void on_closed(uv_handle_t *handle)
{
    struct zapi_rt *rt = handle->data;
    if (--rt->handles == 0 && rt->loop != &rt->own_loop) {
        rt_free(rt);
    }
}

/* Fails only where libuv cannot get a descriptor. */
static bool rt_init_loop(struct zapi_rt *rt)
{
    if (rt->host) {
        rt->loop = rt->host->loop;
        rt->watch = rt->host->watch;
        rt->driving = true;
    } else if (uv_loop_init(&rt->own_loop) == 0) {
        rt->loop = &rt->own_loop;
    } else {
        return false;
    }
    if (uv_async_init(rt->loop, &rt->keep, on_keep) != 0) {
        if (!rt->host) {
            uv_loop_close(rt->loop);
        }
        return false;
    }
    uv_idle_init(rt->loop, &rt->idle);
    uv_check_init(rt->loop, &rt->check);
    uv_check_start(&rt->check, on_check);
    rt->handles = 3;
    rt->idle.data = rt->check.data = rt->keep.data = rt;
    uv_unref((uv_handle_t *)&rt->keep);
    uv_unref((uv_handle_t *)&rt->check);
    return true;
}

static struct zapi_rt *rt_new(lua_State *L)
{
    struct zapi_rt **box = zapi_class_new(L, &rt_class, sizeof *box, 0);
    lua_State *entry = lua_newthread(L);
    struct zapi_rt *rt;
    lua_rawsetp(L, LUA_REGISTRYINDEX, &entry_key);
    rt = calloc(1, sizeof *rt);
    if (!rt) {
        luaL_error(L, "not enough memory");
    }
    rt->L = entry;
    rt->host = zapi_host_get(L);
    if (!rt_init_loop(rt)) {
        free(rt);
        luaL_error(L, "no event loop could be made (too many open files?)");
    }
    *box = rt;
    lua_rawsetp(L, LUA_REGISTRYINDEX, &rt_key);
    return rt;
}

struct zapi_rt *zapi_rt_get(lua_State *L)
{
    struct zapi_rt **box;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &rt_key);
    box = lua_touserdata(L, -1);
    lua_pop(L, 1);
    if (box && *box) {
        return *box;
    }
    if (box) { /* the state is being closed */
        luaL_error(L, "zapi is closed");
    }
    return rt_new(L);
}

uv_loop_t *zapi_rt_loop(struct zapi_rt *rt)
{
    return rt->loop;
}

static struct zapi_http *http_new(struct zapi_rt *rt)
{
    struct zapi_http_limits limits = {
        .ca_file = rt->host ? rt->host->config(rt->host->arg, "ZAPI_CA_FILE")
                            : getenv("ZAPI_CA_FILE"),
        .user_agent = "zapibot/" ZAPI_VERSION,
    };
    return zapi_http_new(rt->loop, &limits);
}

struct zapi_http *zapi_rt_http(lua_State *L, struct zapi_rt *rt)
{
    if (!rt->http) {
        rt->http = http_new(rt);
    }
    if (!rt->http) {
        luaL_error(L, "not enough memory");
    }
    return rt->http;
}

/* ---- closing ---- */

void zapi_rt_at_close(struct zapi_rt *rt, void (*fn)(void *arg), void *arg)
{
    struct closer *c = malloc(sizeof *c);
    if (c) { /* without it the part is closed by its own finalizer */
        *c = (struct closer){.fn = fn, .arg = arg, .next = rt->closers};
        rt->closers = c;
    }
}

void zapi_rt_cancel_at_close(struct zapi_rt *rt, void *arg)
{
    struct closer **link = &rt->closers;
    while (*link) {
        struct closer *c = *link;
        if (c->arg == arg) {
            *link = c->next;
            free(c);
        } else {
            link = &c->next;
        }
    }
}

static void rt_close(struct zapi_rt *rt)
{
    rt->closing = true;
    while (rt->closers) {
        struct closer *c = rt->closers;
        rt->closers = c->next;
        c->fn(c->arg);
        free(c);
    }
    if (rt->http) {
        zapi_http_delete(rt->http);
        rt->http = NULL;
    }
    uv_close((uv_handle_t *)&rt->idle, on_closed);
    uv_close((uv_handle_t *)&rt->check, on_closed);
    uv_close((uv_handle_t *)&rt->keep, on_closed);
    if (rt->loop == &rt->own_loop && !rt->driving) {
        uv_run(rt->loop, UV_RUN_DEFAULT);
        rt_free(rt);
    } /* else os.exit(…, true) inside a task: the process ends anyway */
}

void zapi_rt_hold(struct zapi_rt *rt)
{
    if (rt->holds++ == 0) {
        uv_ref((uv_handle_t *)&rt->keep);
    }
}

void zapi_rt_unhold(struct zapi_rt *rt)
{
    if (rt->holds > 0 && --rt->holds == 0) {
        uv_unref((uv_handle_t *)&rt->keep);
    }
}

/* ---- ending in order ---- */

void zapi_rt_add_part(struct zapi_rt *rt, struct zapi_rt_part *part)
{
    part->next = rt->parts;
    rt->parts = part;
}

void zapi_rt_remove_part(struct zapi_rt *rt, struct zapi_rt_part *part)
{
    struct zapi_rt_part **link = &rt->parts;
    while (*link && *link != part) {
        link = &(*link)->next;
    }
    if (*link) {
        *link = part->next;
    }
}

void zapi_rt_quiesce(struct zapi_rt *rt)
{
    struct zapi_rt_part *part;
    for (part = rt->parts; part; part = part->next) {
        part->quiesce(part->arg);
    }
}

size_t zapi_rt_busy_count(struct zapi_rt *rt)
{
    struct zapi_rt_part *part;
    size_t n = rt->work + (rt->http ? zapi_http_active(rt->http) : 0);
    for (part = rt->parts; part; part = part->next) {
        n += part->busy(part->arg);
    }
    return n + (rt->head != NULL);
}

/* ---- entering Lua ---- */

static int traceback(lua_State *L)
{
    zapi_error_push_text(L, 1); /* err text */
    luaL_traceback(L, L, lua_tostring(L, -1), 1);
    return 1;
}

static bool enter(struct zapi_rt *rt, lua_CFunction fn, void *arg,
                  const char *what)
{
    lua_State *L = rt->L;
    int top = lua_gettop(L);
    bool ok;
    if (!lua_checkstack(L, 10)) {
        zapi_err("%s: not enough memory", what);
        return false;
    }
    lua_pushcfunction(L, traceback);
    lua_pushcfunction(L, fn); /* light: allocates nothing */
    lua_pushlightuserdata(L, arg);
    ok = lua_pcall(L, 1, 0, top + 1) == LUA_OK;
    if (!ok) {
        const char *msg = lua_tostring(L, -1);
        zapi_err("%s: %s", what, msg ? msg : "(error without a text)");
    }
    lua_settop(L, top);
    return ok;
}

/* Scripts run in here too: a __close, a __tostring, a finalizer. */
bool zapi_rt_enter(struct zapi_rt *rt, lua_CFunction fn, void *arg,
                   const char *what)
{
    struct zapi_watch *w = rt->watch;
    bool ok;
    if (!w || zapi_watch_runs(w)) {
        return enter(rt, fn, arg, what);
    }
    zapi_watch_allow(w, rt->host->budget);
    zapi_watch_begin(w, rt->L, uv_hrtime(), NULL, 0, false);
    ok = enter(rt, fn, arg, what);
    if (zapi_watch_end(w)) {
        if (ok) { /* else it was said */
            zapi_err("%s: %s", what, w->message);
        }
        lua_sethook(rt->L, NULL, 0, 0); /* new coroutines would inherit it */
    }
    return ok;
}

bool zapi_rt_turn(struct zapi_rt *rt, uv_run_mode mode)
{
    bool was = rt->driving, alive;
    rt->driving = true;
    zapi_rt_drain(rt);
    alive = uv_run(rt->loop, rt->head ? UV_RUN_NOWAIT : mode) != 0;
    rt->driving = was;
    return alive || rt->head;
}
