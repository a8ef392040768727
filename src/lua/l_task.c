/* SPDX-License-Identifier: MIT
 *
 * Tasks as scripts see them: spawn, join, cancel, run, stop; and the three
 * functions that let another loop drive ours. The machinery is in task.c.
 */
#include <stdlib.h>

#include "base/error.h"
#include "lua/runtime.h"
#include "lua/timer.h"
#include "lua/value.h"

struct join_op {
    struct zapi_op base;
    struct zapi_task *target; /* kept alive by the stack: argument 1 */
    struct join_op *next;
    struct zapi_timer *timer;
};

/* ---- join ---- */

static void join_unlink(struct join_op *op)
{
    struct join_op **link = &op->target->joiners;
    while (*link && *link != op) {
        link = &(*link)->next;
    }
    if (*link) {
        *link = op->next;
    }
}

static void join_cancel(struct zapi_op *base)
{
    struct join_op *op = (struct join_op *)base;
    join_unlink(op);
    zapi_timer_stop(op->timer);
    op->timer = NULL;
}

static void join_timeout(void *arg)
{
    struct join_op *op = arg;
    join_unlink(op);
    zapi_timer_stop(op->timer); /* a done operation is never cancelled */
    op->timer = NULL;
    zapi_op_done(&op->base);
}

void zapi_join_wake(struct zapi_task *task)
{
    struct join_op *op = task->joiners;
    task->joiners = NULL;
    while (op) {
        struct join_op *next = op->next;
        zapi_timer_stop(op->timer);
        op->timer = NULL;
        zapi_op_done(&op->base);
        op = next;
    }
}

static void push_cancelled(lua_State *L)
{
    struct zapi_error e = {.kind = ZAPI_E_NONE};
    zapi_error_set(&e, ZAPI_E_CANCELLED, "the task was cancelled");
    zapi_error_push(L, &e);
}

/* The outcome of an ended task, from its stack; it may be asked again. */
static int push_outcome(lua_State *L, struct zapi_task *task)
{
    int i;
    switch (task->status) {
    case TASK_DONE:
        if (task->nresults == 0) {
            return 0; /* its coroutine is gone */
        }
        luaL_checkstack(L, task->nresults, "too many results");
        if (!lua_checkstack(task->co, task->nresults)) {
            return luaL_error(L, "not enough memory");
        }
        for (i = 0; i < task->nresults; i++) {
            lua_pushvalue(task->co, -task->nresults);
        }
        lua_xmove(task->co, L, task->nresults);
        return task->nresults;
    case TASK_FAILED:
        lua_getiuservalue(L, 1, 2);
        return lua_error(L);
    default:
        push_cancelled(L);
        return lua_error(L);
    }
}

static int join_finish(lua_State *L, int status, lua_KContext ctx)
{
    struct join_op *op = (struct join_op *)ctx;
    (void)status;
    zapi_timer_stop(op->timer);
    op->timer = NULL;
    if (op->target->status > TASK_WAITING) {
        return push_outcome(L, op->target);
    }
    luaL_pushfail(L);
    lua_pushliteral(L, "timeout");
    return 2;
}

static int l_join(lua_State *L)
{
    struct zapi_task *task = zapi_class_check(L, 1, &zapi_task_class);
    double seconds = luaL_optnumber(L, 2, -1);
    struct join_op *op;
    if (task->status > TASK_WAITING) {
        return push_outcome(L, task);
    }
    if (task->status == TASK_RUNNING) {
        return luaL_error(L, "a task cannot join itself");
    }
    op = zapi_op_new(L, sizeof *op, join_cancel, NULL);
    op->target = task;
    op->next = task->joiners;
    task->joiners = op;
    if (seconds >= 0) {
        op->timer =
            zapi_timer_start(task->rt->loop, seconds, 0, join_timeout, op);
    }
    return zapi_op_wait(L, &op->base, join_finish);
}

/* ---- the other methods ---- */

static int l_cancel(lua_State *L)
{
    struct zapi_task *task = zapi_class_check(L, 1, &zapi_task_class);
    bool alive = task->status <= TASK_WAITING;
    zapi_task_cancel(L, task);
    lua_pushboolean(L, alive);
    return 1;
}

static int l_status(lua_State *L)
{
    static const char *const names[] = {
        [TASK_READY] = "running",   [TASK_RUNNING] = "running",
        [TASK_WAITING] = "waiting", [TASK_DONE] = "done",
        [TASK_FAILED] = "failed",   [TASK_CANCELLED] = "cancelled",
    };
    struct zapi_task *task = zapi_class_check(L, 1, &zapi_task_class);
    lua_pushstring(L, names[task->status]);
    return 1;
}

const luaL_Reg zapi_task_methods[] = {
    {"join", l_join},
    {"cancel", l_cancel},
    {"status", l_status},
    {NULL, NULL},
};

static int spawn(lua_State *L, bool quiet)
{
    int nargs = lua_gettop(L) - 1;
    zapi_arg_function(L, 1, "zapi.spawn");
    zapi_task_new(L, nargs, quiet);
    return 1;
}

static int l_spawn(lua_State *L)
{
    return spawn(L, false);
}

static int l_spawn_quiet(lua_State *L)
{
    return spawn(L, true);
}

static int l_in_task(lua_State *L)
{
    lua_pushboolean(L, zapi_rt_get(L)->current != NULL);
    return 1;
}

/* The task that is running, or nil: for whoever wants to end it later. */
static int l_current(lua_State *L)
{
    struct zapi_task *task = zapi_rt_get(L)->current;
    if (task) {
        lua_rawgetp(L, LUA_REGISTRYINDEX, task);
    } else {
        luaL_pushfail(L);
    }
    return 1;
}

/* work(1), work(-1): how many tasks of the script's own an orderly end of the
 * program must wait for, beside handlers and calls. */
static int l_work(lua_State *L)
{
    struct zapi_rt *rt = zapi_rt_get(L);
    lua_Integer n = (lua_Integer)rt->work + luaL_checkinteger(L, 1);
    rt->work = n > 0 ? (size_t)n : 0;
    return 0;
}

/* ---- run and stop ---- */

struct run_op {
    struct zapi_op base;
    struct run_op *next;
};

static void run_cancel(struct zapi_op *base)
{
    struct run_op **link = &base->rt->runs;
    while (*link && &(*link)->base != base) {
        link = &(*link)->next;
    }
    if (*link) {
        *link = (*link)->next;
    }
}

static int run_finish(lua_State *L, int status, lua_KContext ctx)
{
    (void)L, (void)status, (void)ctx;
    return 0;
}

bool zapi_rt_end_runs(struct zapi_rt *rt)
{
    bool any = rt->runs != NULL;
    while (rt->runs) {
        struct run_op *op = rt->runs;
        rt->runs = op->next;
        zapi_op_done(&op->base);
    }
    return any;
}

/* A main chunk that is about to return from zapi.run() does so. */
static struct zapi_task *first_to_end(const struct zapi_rt *rt)
{
    struct zapi_task *task = rt->started;
    while (task &&
           (task->status > TASK_WAITING || task->status == TASK_RUNNING ||
            (task->main && task->status == TASK_READY))) {
        task = task->next_started;
    }
    return task;
}

static int l_end_tasks(lua_State *L)
{
    struct zapi_rt *rt = lua_touserdata(L, 1);
    struct zapi_task *task;
    while ((task = first_to_end(rt)) != NULL) {
        zapi_task_cancel(L, task);
    }
    return 0;
}

void zapi_rt_end_tasks(struct zapi_rt *rt)
{
    zapi_rt_enter(rt, l_end_tasks, rt, "a retired script's tasks did not end");
}

/* Under the host the loop turns anyway; the script's main chunk waits. */
static int run_hosted(lua_State *L, struct zapi_rt *rt)
{
    struct run_op *op = zapi_op_new(L, sizeof *op, run_cancel, NULL);
    op->next = rt->runs;
    rt->runs = op;
    if (rt->host->runs && rt->current && rt->current->main) {
        rt->host->runs(rt->host->arg);
    }
    return zapi_op_wait(L, &op->base, run_finish);
}

static int l_run(lua_State *L)
{
    struct zapi_rt *rt = zapi_rt_get(L);
    if (rt->host) {
        return run_hosted(L, rt);
    }
    if (rt->driving) {
        return luaL_error(L, "zapi.run is already running: the loop cannot "
                             "be run inside itself");
    }
    rt->stopped = false;
    while (!rt->stopped && zapi_rt_turn(rt, UV_RUN_ONCE)) {
    }
    return 0;
}

static int l_stop(lua_State *L)
{
    struct zapi_rt *rt = zapi_rt_get(L);
    rt->stopped = true;
    zapi_rt_end_runs(rt);
    if (rt->host && rt->host->stop) {
        rt->host->stop(rt->host->arg, -1);
    }
    return 0;
}

/* ---- another loop drives ours ---- */

static int l_fd(lua_State *L)
{
    lua_pushinteger(L, uv_backend_fd(zapi_rt_get(L)->loop));
    return 1;
}

/* Seconds until step() has something to do; nil: nothing but the fd, or nothing
 * at all (of which libuv says 0: another loop would turn in circles). */
static int l_timeout(lua_State *L)
{
    struct zapi_rt *rt = zapi_rt_get(L);
    int ms;
    uv_update_time(rt->loop);
    ms = rt->head ? 0 : -1;
    if (ms < 0 && uv_loop_alive(rt->loop)) {
        ms = uv_backend_timeout(rt->loop);
    }
    if (ms < 0) {
        luaL_pushfail(L);
    } else {
        lua_pushnumber(L, ms / 1000.0);
    }
    return 1;
}

static int l_step(lua_State *L)
{
    struct zapi_rt *rt = zapi_rt_get(L);
    if (rt->driving) {
        return luaL_error(L, "zapi.step inside the running loop");
    }
    lua_pushboolean(L, zapi_rt_turn(rt, UV_RUN_NOWAIT));
    return 1;
}

void zapi_l_task_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"spawn", l_spawn}, {"spawn_quiet", l_spawn_quiet},
        {"work", l_work},   {"in_task", l_in_task},
        {"run", l_run},     {"stop", l_stop},
        {"fd", l_fd},       {"timeout", l_timeout},
        {"step", l_step},   {"current", l_current},
        {NULL, NULL},
    };
    zapi_class_register(L, &zapi_task_class);
    luaL_setfuncs(L, functions, 0);
}
