/* SPDX-License-Identifier: MIT
 *
 * Time: sleep, after, interval, now. The smallest example of an operation is
 * l_sleep below.
 *
 * A handle of after/interval is a userdata whose user value is the function;
 * it is anchored in the registry while it may still fire.
 */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/clock.h"
#include "lua/runtime.h"
#include "lua/timer.h"

#define CENTURY       3.2e9
#define AGAIN_SECONDS 1

struct zapi_timer {
    uv_timer_t uv;
    struct zapi_clock_waiter wait;
    double repeat;
    void (*fire)(void *arg);
    void *arg;
};

static void on_timer(uv_timer_t *uv)
{
    struct zapi_timer *t = uv->data;
    if (t->repeat > 0) {
        zapi_clock_wait(&t->wait, t->repeat);
    } else {
        zapi_clock_leave(&t->wait);
    }
    t->fire(t->arg);
}

static void on_timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static uint64_t to_ms(double seconds)
{
    if (!(seconds > 0)) {
        return 0;
    }
    return (uint64_t)ceil((seconds < CENTURY ? seconds : CENTURY) * 1000);
}

static void on_clock(struct zapi_clock_waiter *w)
{
    struct zapi_timer *t =
        (struct zapi_timer *)((char *)w - offsetof(struct zapi_timer, wait));
    uv_timer_start(&t->uv, on_timer, to_ms(zapi_clock_left(w)),
                   to_ms(t->repeat));
}

struct zapi_timer *zapi_timer_start(uv_loop_t *loop, double seconds,
                                    double repeat, void (*fire)(void *arg),
                                    void *arg)
{
    struct zapi_timer *t = calloc(1, sizeof *t);
    if (!t) {
        return NULL;
    }
    t->fire = fire;
    t->arg = arg;
    t->repeat = repeat;
    t->wait.moved = on_clock;
    uv_timer_init(loop, &t->uv);
    t->uv.data = t;
    uv_update_time(loop); /* a busy script must not shorten its own wait */
    uv_timer_start(&t->uv, on_timer, to_ms(seconds), to_ms(repeat));
    zapi_clock_wait(&t->wait, seconds > 0 ? seconds : 0);
    return t;
}

void zapi_timer_stop(struct zapi_timer *t)
{
    if (t) {
        uv_timer_stop(&t->uv);
        zapi_clock_leave(&t->wait);
        uv_close((uv_handle_t *)&t->uv, on_timer_closed);
    }
}

/* ---- sleep ---- */

struct sleep_op {
    struct zapi_op base;
    struct zapi_timer *timer;
};

static void sleep_stop(struct zapi_op *base)
{
    struct sleep_op *op = (struct sleep_op *)base;
    zapi_timer_stop(op->timer);
    op->timer = NULL;
}

static void sleep_fired(void *arg)
{
    struct sleep_op *op = arg;
    zapi_op_done(&op->base);
}

static int sleep_finish(lua_State *L, int status, lua_KContext ctx)
{
    (void)L, (void)status;
    zapi_op_release((struct zapi_op *)ctx);
    return 0;
}

static int l_sleep(lua_State *L)
{
    double seconds = zapi_arg_number(L, 1, "zapi.sleep");
    struct sleep_op *op = zapi_op_new(L, sizeof *op, sleep_stop, sleep_stop);
    op->timer = zapi_timer_start(zapi_rt_loop(op->base.rt), seconds, 0,
                                 sleep_fired, op);
    if (!op->timer) {
        return luaL_error(L, "not enough memory");
    }
    return zapi_op_wait(L, &op->base, sleep_finish);
}

/* ---- after, interval ---- */

struct zapi_alarm {
    struct zapi_rt *rt;
    struct zapi_timer *timer; /* NULL: over */
    bool repeats;
    bool running; /* its function has not returned yet: skip this tick */
    bool started; /* by the main chunk: in rt->alarms */
    struct zapi_alarm *next, **link;
};

static void alarm_mark(struct zapi_alarm *a)
{
    a->started = true;
    a->next = a->rt->alarms;
    a->link = &a->rt->alarms;
    if (a->next) {
        a->next->link = &a->next;
    }
    a->rt->alarms = a;
}

static void alarm_unmark(struct zapi_alarm *a)
{
    if (!a->link) {
        return;
    }
    *a->link = a->next;
    if (a->next) {
        a->next->link = a->link;
    }
    a->link = NULL;
}

/* Stops it; touches no Lua, so the anchor is dropped separately. */
static void alarm_stop(struct zapi_alarm *a)
{
    alarm_unmark(a);
    zapi_timer_stop(a->timer);
    a->timer = NULL;
}

static void alarm_unanchor(lua_State *L, struct zapi_alarm *a)
{
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, a);
}

static int l_alarm_gc(lua_State *L)
{
    struct zapi_alarm *a = lua_touserdata(L, 1);
    alarm_stop(a);
    if (a->rt && !a->running) { /* __close: it is still anchored */
        alarm_unanchor(L, a);
    }
    return 0;
}

static int l_alarm_cancel(lua_State *L);

static const luaL_Reg alarm_methods[] = {
    {"cancel", l_alarm_cancel},
    {NULL, NULL},
};

static const struct zapi_class alarm_class = {
    .name = "zapi.timer",
    .methods = alarm_methods,
    .close = l_alarm_gc,
};

static int l_alarm_cancel(lua_State *L)
{
    struct zapi_alarm *a = zapi_class_check(L, 1, &alarm_class);
    lua_pushboolean(L, a->timer != NULL);
    alarm_stop(a);
    if (!a->running) {
        alarm_unanchor(L, a);
    }
    return 1;
}

static void alarm_ran(void *arg, bool ok, const char *message)
{
    struct zapi_alarm *a = arg;
    (void)ok, (void)message;
    a->running = false;
    if (!a->timer) {
        alarm_unanchor(a->rt->L, a);
    }
}

static int l_alarm_spawn(lua_State *L)
{
    struct zapi_alarm *a = lua_touserdata(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, a);
    lua_getiuservalue(L, -1, 1);
    struct zapi_task *task = zapi_task_spawn(L, 0, alarm_ran, a);
    if (a->started) {
        zapi_task_mark(task);
    }
    a->running = true;
    return 0;
}

static void alarm_fired(void *arg)
{
    struct zapi_alarm *a = arg;
    if (!a->repeats) {
        alarm_stop(a);
    }
    if (!a->running &&
        !zapi_rt_enter(a->rt, l_alarm_spawn, a, "a timer could not start") &&
        !a->repeats) { /* memory had ended: somebody else's work, maybe */
        a->timer = zapi_timer_start(zapi_rt_loop(a->rt), AGAIN_SECONDS, 0,
                                    alarm_fired, a);
    }
}

static int alarm_new(lua_State *L, bool repeats)
{
    const char *name = repeats ? "zapi.interval" : "zapi.after";
    double seconds = zapi_arg_number(L, 1, name);
    struct zapi_alarm *a;
    zapi_arg_function(L, 2, name);
    luaL_argcheck(L, seconds >= 0 && (!repeats || seconds >= 0.001), 1,
                  "a positive number of seconds expected");
    a = zapi_class_new(L, &alarm_class, sizeof *a, 1);
    lua_pushvalue(L, 2);
    lua_setiuservalue(L, -2, 1);
    a->rt = zapi_rt_get(L);
    a->repeats = repeats;
    if (zapi_rt_is_main(a->rt)) {
        alarm_mark(a);
    }
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, a);
    a->timer = zapi_timer_start(zapi_rt_loop(a->rt), seconds,
                                repeats ? seconds : 0, alarm_fired, a);
    if (!a->timer) {
        return luaL_error(L, "not enough memory");
    }
    return 1;
}

static int l_end_alarms(lua_State *L)
{
    struct zapi_rt *rt = lua_touserdata(L, 1);
    while (rt->alarms) {
        struct zapi_alarm *a = rt->alarms;
        alarm_stop(a);
        if (!a->running) {
            alarm_unanchor(L, a);
        }
    }
    return 0;
}

void zapi_rt_end_alarms(struct zapi_rt *rt)
{
    zapi_rt_enter(rt, l_end_alarms, rt, "a retired script's timers go on");
}

static int l_after(lua_State *L)
{
    return alarm_new(L, false);
}

static int l_interval(lua_State *L)
{
    return alarm_new(L, true);
}

static int l_now(lua_State *L)
{
    lua_pushnumber(L, zapi_clock_now());
    return 1;
}

static int l_hrtime(lua_State *L)
{
    lua_pushnumber(L, zapi_clock_hrtime());
    return 1;
}

void zapi_l_timer_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"sleep", l_sleep}, {"after", l_after},   {"interval", l_interval},
        {"now", l_now},     {"hrtime", l_hrtime}, {NULL, NULL},
    };
    zapi_class_register(L, &alarm_class);
    luaL_setfuncs(L, functions, 0);
}
