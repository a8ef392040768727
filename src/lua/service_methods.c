/* SPDX-License-Identifier: MIT
 *
 * The userdata of a service: its class, its fields and methods. Those that wait
 * for the writer are in service_take.c. Start reading at l_service_index.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "lua/class.h"
#include "lua/runtime.h"
#include "lua/service.h"
#include "lua/service_parts.h"
#include "lua/value.h"

enum { MOST_TEXTS = 2000, DRAIN_SECONDS = 10 };

static int l_service_index(lua_State *L);

static const luaL_Reg service_meta[] = {
    {"__index", l_service_index},
    {NULL, NULL},
};

const struct zapi_class zapi_service_class = {
    .name = "zapi.service",
    .metamethods = service_meta,
    .close = zapi_service_l_close,
};

static struct zapi_service *service_arg(lua_State *L, int index)
{
    struct zapi_service **box = zapi_class_check(L, index, &zapi_service_class);
    if (!*box)
        luaL_error(L, "the service is closed");
    return *box;
}

struct zapi_service *zapi_service_check(lua_State *L)
{
    return service_arg(L, 1);
}

struct zapi_hub *zapi_service_hub(lua_State *L, int index)
{
    return service_arg(L, index)->hub;
}

const char *zapi_service_name(lua_State *L, int index)
{
    return service_arg(L, index)->name;
}

static int l_close(lua_State *L)
{
    zapi_class_check(L, 1, &zapi_service_class);
    lua_settop(L, 1);
    return zapi_service_l_close(L);
}

/* ---- what runs ---- */

/* service:release(seq): the next of its order may start, though this one has
 * not ended */
static int l_release(lua_State *L)
{
    struct zapi_service *s = zapi_service_check(L);
    struct zapi_run *run =
        zapi_service_run(s, (uint64_t)luaL_checkinteger(L, 2));
    if (run)
        zapi_hub_release(s->seat, run->one);
    lua_pushboolean(L, run != NULL);
    return 1;
}

struct zapi_run *zapi_service_check_run(lua_State *L, struct zapi_service *s)
{
    struct zapi_run *run =
        zapi_service_run(s, (uint64_t)luaL_checkinteger(L, 2));
    if (!run)
        luaL_error(L, "event %d does not run", (int)lua_tointeger(L, 2));
    return run;
}

/* service:body(seq) -> the text of a running event, as it came */
static int l_body(lua_State *L)
{
    struct zapi_service *s = zapi_service_check(L);
    const struct zapi_event *ev = zapi_service_check_run(L, s)->one->event;
    lua_pushlstring(L, ev->body, ev->body_len);
    return 1;
}

/* service:payload(seq) -> the same as a table, made anew */
static int l_payload(lua_State *L)
{
    struct zapi_service *s = zapi_service_check(L);
    const struct zapi_event *ev = zapi_service_check_run(L, s)->one->event;
    const char *error = NULL;
    size_t offset = 0;
    if (!zapi_value_decode(L, ev->body, ev->body_len, false, &error, &offset))
        luaL_error(L, "event %d: %s", (int)ev->seq, error);
    return 1;
}

/* service:park(seq): what was staged is stored now, the order goes on, and the
 * event waits on disk for whoever finishes it */
static int l_park(lua_State *L)
{
    struct zapi_service *s = zapi_service_check(L);
    struct zapi_run *run = zapi_service_check_run(L, s);
    zapi_hub_park(s->seat, run->one, zapi_run_take_writes(run));
    zapi_service_check_drains(s); /* it is none that one waits for any more */
    return 0;
}

/* service:unstage(seq): what was staged for it is forgotten. A handler that runs
 * again has come to a place that it had reached before: it is stored already. */
static int l_unstage(lua_State *L)
{
    struct zapi_service *s = zapi_service_check(L);
    zapi_run_drop_writes(zapi_service_check_run(L, s));
    return 0;
}

/* service:unload(seq): ends the task of a parked event, for memory's sake */
static int l_unload(lua_State *L)
{
    struct zapi_service *s = zapi_service_check(L);
    struct zapi_run *run = zapi_service_check_run(L, s);
    luaL_argcheck(L, run->one->parked && run->task, 2, "it is not parked");
    run->given_up = true;
    zapi_task_cancel(L, run->task);
    return 0;
}

/* service:unpark(seq, attempt): a parked event that nobody runs is run anew,
 * beside its order */
static int l_unpark(lua_State *L)
{
    struct zapi_service *s = zapi_service_check(L);
    uint64_t seq = (uint64_t)luaL_checkinteger(L, 2);
    luaL_argcheck(L, !zapi_service_run(s, seq), 2, "it runs");
    zapi_hub_unpark(s->seat, seq, (unsigned)luaL_optinteger(L, 3, 0));
    return 0;
}

/* service:fail(seq, text): what is to be said of it when its task is cancelled
 * now (a time-out) */
static int l_fail(lua_State *L)
{
    struct zapi_service *s = zapi_service_check(L);
    const char *text = luaL_checkstring(L, 3);
    struct zapi_run *run =
        zapi_service_run(s, (uint64_t)luaL_checkinteger(L, 2));
    if (run) {
        run->end.outcome = ZAPI_INBOX_DEAD;
        run->end.by_script = true;
        zapi_run_set_reason(run, text);
    }
    lua_pushboolean(L, run != NULL);
    return 1;
}

/* ---- the service ---- */

/* service:nudge(): of a retired one: the next generation has something to do */
static int l_nudge(lua_State *L)
{
    struct zapi_service *s = zapi_service_check(L);
    if (s->seat)
        zapi_hub_nudge(s->seat);
    return 0;
}

static unsigned limit_arg(lua_State *L, int index)
{
    lua_Integer n = luaL_checkinteger(L, index);
    luaL_argcheck(L, n >= 0 && n < 1000000, index, "0 to 999,999");
    return (unsigned)n;
}

/* service:limits(replies_per_chat, cold_recipients): of the whole process; 0: no
 * limit */
static int l_limits(lua_State *L)
{
    struct zapi_service *s = zapi_service_check(L);
    struct zapi_guard_limits limits = {.replies_per_chat = limit_arg(L, 2),
                                       .cold_recipients = limit_arg(L, 3)};
    zapi_guard_set(zapi_hub_guard(s->hub), &limits);
    return 0;
}

static void set_count(lua_State *L, const char *name, size_t n)
{
    lua_pushinteger(L, (lua_Integer)n);
    lua_setfield(L, -2, name);
}

static int l_stats(lua_State *L)
{
    struct zapi_service *s = zapi_service_check(L);
    lua_createtable(L, 0, 7);
    if (s->front) {
        set_count(L, "received", zapi_front_received(s->front));
        set_count(L, "duplicates", zapi_front_duplicates(s->front));
        set_count(L, "refused", zapi_front_refused(s->front));
    }
    set_count(L, "running", s->seat ? zapi_hub_running(s->seat) : 0);
    set_count(L, "waiting",
              (s->seat ? zapi_hub_waiting(s->seat) : 0) +
                  zapi_inbox_depth(zapi_hub_inbox(s->hub)));
    set_count(L, "handled", s->handled);
    set_count(L, "failed", s->failed);
    return 1;
}

static void drain_cancel(struct zapi_op *op)
{
    zapi_drain_leave((struct zapi_drain *)op);
}

static void drain_release(struct zapi_op *base)
{
    struct zapi_drain *op = (struct zapi_drain *)base;
    if (op->s)
        zapi_service_unref(op->s);
    op->s = NULL;
}

static void on_drain_time(uv_timer_t *timer)
{
    struct zapi_drain *op = timer->data;
    zapi_drain_leave(op);
    zapi_op_done(&op->base);
}

static int k_drained(lua_State *L, int status, lua_KContext ctx)
{
    struct zapi_drain *op = (struct zapi_drain *)ctx;
    (void)status;
    lua_pushboolean(L, zapi_service_is_idle(op->s));
    zapi_op_release(&op->base); /* the name is free for the next bot */
    return 1;
}

static void drain_start(lua_State *L, struct zapi_drain *op, double seconds)
{
    op->timer = malloc(sizeof *op->timer);
    if (!op->timer)
        luaL_error(L, "not enough memory");
    uv_timer_init(zapi_rt_loop(op->s->rt), op->timer);
    op->timer->data = op;
    uv_timer_start(op->timer, on_drain_time, (uint64_t)(seconds * 1000), 0);
    op->next = op->s->drains;
    op->s->drains = op;
}

/* service:drain(seconds) -> did all running handlers end? */
static int l_drain(lua_State *L)
{
    struct zapi_service *s = zapi_service_check(L);
    double seconds = luaL_optnumber(L, 2, DRAIN_SECONDS);
    luaL_argcheck(L, seconds >= 0 && seconds < 1e9, 2, "seconds expected");
    zapi_service_pause(s);
    if (zapi_service_is_idle(s)) {
        lua_pushboolean(L, 1);
        return 1;
    }
    struct zapi_drain *op =
        zapi_op_new(L, sizeof *op, drain_cancel, drain_release);
    op->s = s;
    s->refs++;
    drain_start(L, op, seconds);
    return zapi_op_wait(L, &op->base, k_drained);
}

const char *const *zapi_service_texts(lua_State *L, int index, const char *what)
{
    size_t n;
    if (lua_isnil(L, index))
        return NULL;
    luaL_checktype(L, index, LUA_TTABLE);
    n = lua_rawlen(L, index);
    if (n > MOST_TEXTS)
        luaL_error(L, "more than %d %s", MOST_TEXTS, what);
    const char **texts = lua_newuserdatauv(L, (n + 1) * sizeof *texts, 0);
    for (size_t i = 0; i < n; i++) {
        if (lua_rawgeti(L, index, (lua_Integer)i + 1) != LUA_TSTRING)
            luaL_error(L, "bad %s (strings expected)", what);
        texts[i] = lua_tostring(L, -1); /* the table holds it */
        lua_pop(L, 1);
    }
    texts[n] = NULL;
    return texts;
}

/* service:subscribe(kinds) */
static int l_subscribe(lua_State *L)
{
    struct zapi_service *s = zapi_service_check(L);
    luaL_checktype(L, 2, LUA_TTABLE);
    const char *const *kinds = zapi_service_texts(L, 2, "kinds");
    if (s->seat) {
        zapi_hub_subscribe(s->seat, kinds);
        return 0;
    }
    char **copy = zapi_strings_copy(kinds);
    if (!copy)
        return luaL_error(L, "not enough memory");
    zapi_strings_free(s->kinds);
    s->kinds = copy;
    return 0;
}

/* service:route(routes): instead of those that it had; throws when somebody has
 * one of them */
static int l_route(lua_State *L)
{
    struct zapi_service *s = zapi_service_check(L);
    struct zapi_error error = {0};
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_argcheck(L, s->place, 1, "it has no door");
    if (zapi_front_route(s->place, zapi_service_texts(L, 2, "routes"), &error))
        return 0;
    zapi_error_push(L, &error);
    return lua_error(L);
}

static int l_service_index(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"close", l_close},
        {"consume", zapi_service_consume},
        {"body", l_body},
        {"drain", l_drain},
        {"emit", zapi_service_emit},
        {"inject", zapi_service_inject},
        {"park", l_park},
        {"payload", l_payload},
        {"release", l_release},
        {"route", l_route},
        {"stats", l_stats},
        {"subscribe", l_subscribe},
        {"unload", l_unload},
        {"unpark", l_unpark},
        {"fail", l_fail},
        {"limits", l_limits},
        {"nudge", l_nudge},
        {"unstage", l_unstage},
        {NULL, NULL},
    };
    struct zapi_service **box = zapi_class_check(L, 1, &zapi_service_class);
    const char *key = luaL_checkstring(L, 2);
    const luaL_Reg *m = methods;
    while (m->name && strcmp(m->name, key) != 0)
        m++;
    if (m->name)
        lua_pushcfunction(L, m->func);
    else if (*box && strcmp(key, "address") == 0)
        lua_pushstring(L, (*box)->address);
    else if (*box && (*box)->front && strcmp(key, "port") == 0)
        lua_pushinteger(L, atoi(strrchr((*box)->address, ':') + 1));
    else if (*box && strcmp(key, "durable") == 0)
        lua_pushboolean(L, zapi_hub_db((*box)->hub) != NULL);
    else if (*box && strcmp(key, "paused") == 0)
        lua_pushboolean(L, (*box)->paused);
    else if (*box && strcmp(key, "held") == 0)
        lua_pushboolean(L, (*box)->state == ZAPI_SERVICE_HELD);
    else if (*box && strcmp(key, "name") == 0)
        lua_pushstring(L, (*box)->name);
    else
        lua_pushnil(L);
    return 1;
}
