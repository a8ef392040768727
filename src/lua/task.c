/* SPDX-License-Identifier: MIT
 *
 * Tasks and operations: the bridge between coroutines and the loop (task.h has
 * the protocol). A completion marks its operation done and puts the task into
 * the ready queue; zapi_rt_drain resumes it from the loop's own phases, never
 * from inside a callback of curl or libuv.
 *
 * A task is a userdata, anchored in the registry under its own address until
 * it ends; its coroutine is its user value. Start reading at zapi_rt_drain.
 */
#include "lua/task.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/metrics.h"
#include "lua/runtime.h"
#include "lua/value.h"

#define TURN_BUDGET_NS 5000000u /* per drain: curl and timers want turns too */

/* ---- operations ---- */

static int l_op_gc(lua_State *L)
{
    struct zapi_op *op = lua_touserdata(L, 1);
    if (op->started && !op->done && !op->dead) {
        op->dead = true;
        if (op->cancel) {
            op->cancel(op);
        }
    }
    zapi_op_release(op);
    return 0;
}

/* No `close`: an operation is never closed by scripts. */
static const luaL_Reg op_meta[] = {{"__gc", l_op_gc}, {NULL, NULL}};

static const struct zapi_class op_class = {
    .name = "zapi.operation",
    .metamethods = op_meta,
};

static void check_can_wait(lua_State *L, const struct zapi_rt *rt)
{
    if (rt->current) {
        if (rt->current->co != L) {
            luaL_error(L, "cannot wait inside a coroutine of your own: "
                          "start it with zapi.spawn instead");
        }
        if (!lua_isyieldable(L)) {
            luaL_error(L, "cannot wait here: this function was called from C "
                          "code that cannot be suspended (table.sort, "
                          "string.gsub, a finalizer…)");
        }
    } else if (rt->driving) {
        luaL_error(L, "cannot wait here: this code runs outside of any task "
                      "(a finalizer or __close of an ended one)");
    }
}

void *zapi_op_new(lua_State *L, size_t size, void (*cancel)(struct zapi_op *),
                  void (*release)(struct zapi_op *))
{
    struct zapi_rt *rt = zapi_rt_get(L);
    struct zapi_op *op;
    check_can_wait(L, rt);
    op = zapi_class_new(L, &op_class, size, 0);
    op->rt = rt;
    op->cancel = cancel;
    op->release = release;
    return op;
}

void zapi_op_release(struct zapi_op *op)
{
    void (*release)(struct zapi_op *) = op->release;
    op->release = NULL;
    if (release) {
        release(op);
    }
}

/* The main chunk of plain Lua has no task: it turns the loop itself. */
static void drive(lua_State *L, struct zapi_op *op)
{
    while (!op->done) {
        if (!zapi_rt_turn(op->rt, UV_RUN_ONCE) && !op->done) {
            luaL_error(L, "nothing is left that could end this wait");
        }
    }
}

int zapi_op_wait(lua_State *L, struct zapi_op *op, lua_KFunction finish)
{
    struct zapi_rt *rt = op->rt;
    op->started = true;
    if (!op->done) {
        if (rt->current) {
            op->task = rt->current;
            rt->current->op = op;
            return lua_yieldk(L, 0, (lua_KContext)op, finish);
        }
        drive(L, op);
    }
    return finish(L, LUA_OK, (lua_KContext)op);
}

/* ---- the ready queue ---- */

static void enqueue(struct zapi_task *task)
{
    struct zapi_rt *rt = task->rt;
    task->status = TASK_READY;
    task->next = NULL;
    task->prev = rt->tail;
    if (rt->tail) {
        rt->tail->next = task;
    } else {
        rt->head = task;
        zapi_rt_busy(rt, true);
    }
    rt->tail = task;
}

static void dequeue(struct zapi_task *task)
{
    struct zapi_rt *rt = task->rt;
    *(task->prev ? &task->prev->next : &rt->head) = task->next;
    *(task->next ? &task->next->prev : &rt->tail) = task->prev;
    task->next = task->prev = NULL;
}

void zapi_op_done(struct zapi_op *op)
{
    if (op->done || op->dead) {
        return;
    }
    op->done = true;
    if (op->task && op->task->op == op) {
        enqueue(op->task);
    } else if (!op->task) {
        /* The main chunk of plain Lua drives: without this, the turn that
         * completed its wait in the timer phase would still sit in poll. */
        uv_stop(op->rt->loop);
    }
}

void zapi_task_detach(struct zapi_task *task)
{
    struct zapi_op *op = task->op;
    if (task->status == TASK_READY) {
        dequeue(task);
    }
    task->op = NULL;
    if (op && !op->done && !op->dead) {
        op->dead = true;
        if (op->cancel) {
            op->cancel(op);
        }
    }
}

/* ---- what the main chunk has started ---- */

bool zapi_rt_is_main(const struct zapi_rt *rt)
{
    return rt->current && rt->current->started && !rt->lasting;
}

void zapi_task_mark(struct zapi_task *task)
{
    struct zapi_rt *rt = task->rt;
    if (task->started) {
        return;
    }
    task->started = true;
    task->next_started = rt->started;
    task->started_link = &rt->started;
    if (rt->started) {
        rt->started->started_link = &task->next_started;
    }
    rt->started = task;
}

static void unmark(struct zapi_task *task)
{
    if (!task->started) {
        return;
    }
    task->started = false;
    *task->started_link = task->next_started;
    if (task->next_started) {
        task->next_started->started_link = task->started_link;
    }
}

/* ---- the life of a task ---- */

void zapi_task_end_all(lua_State *L)
{
    lua_pushnil(L);
    while (lua_next(L, LUA_REGISTRYINDEX)) {
        struct zapi_task *task = zapi_class_test(L, -1, &zapi_task_class);
        if (task && task->status <= TASK_WAITING) {
            unmark(task);
            zapi_task_detach(task);
            task->status = TASK_CANCELLED;
        }
        lua_pop(L, 1);
    }
}

static int l_task_tostring(lua_State *L)
{
    lua_pushfstring(L, "zapi.task: %p", lua_touserdata(L, 1));
    return 1;
}

/* No finalizer: it would keep each ended task, and all that its coroutine
 * reaches, for one more collection. The collector then takes for live what is
 * garbage, waits for a multiple of that, and the heap grows to its limit. */
static const luaL_Reg task_meta[] = {
    {"__tostring", l_task_tostring},
    {NULL, NULL},
};

const struct zapi_class zapi_task_class = {
    .name = "zapi.task",
    .methods = zapi_task_methods,
    .metamethods = task_meta,
};

/* Stack: fn args… -- task */
struct zapi_task *zapi_task_new(lua_State *L, int nargs, bool quiet)
{
    struct zapi_rt *rt = zapi_rt_get(L);
    struct zapi_task *task;
    lua_State *co;
    task = zapi_class_new(L, &zapi_task_class, sizeof *task, 2);
    task->status = TASK_CANCELLED; /* until it is whole */
    co = lua_newthread(L);
    if (!lua_checkstack(co, nargs + 2)) {
        luaL_error(L, "too many arguments for a task");
    }
    lua_setiuservalue(L, -2, 1);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, task); /* the anchor */
    lua_insert(L, -(nargs + 2));             /* task fn args */
    lua_xmove(L, co, nargs + 1);
    task->rt = rt;
    if (rt->current) { /* work for the same event */
        task->event_name = rt->current->event_name;
        task->event_seq = rt->current->event_seq;
    }
    task->co = co;
    task->nargs = nargs;
    task->quiet = quiet;
    if (zapi_rt_is_main(rt)) {
        zapi_task_mark(task);
    }
    enqueue(task);
    return task;
}

struct zapi_task *zapi_task_spawn(lua_State *L, int nargs, zapi_task_end *end,
                                  void *arg)
{
    struct zapi_task *task = zapi_task_new(L, nargs, end != NULL);
    task->quiet = false;
    task->end = end;
    task->end_arg = arg;
    return task;
}

void zapi_task_main(struct zapi_task *task)
{
    task->main = true;
    zapi_task_mark(task);
}

/* Kept until the runtime goes: a task may outlive its service, and the monitor
 * reads the name. There is one per service, so the list is short. */
static const char *keep_name(struct zapi_rt *rt, const char *name)
{
    struct zapi_name *n = rt->names;
    while (n && strcmp(n->text, name) != 0) {
        n = n->next;
    }
    if (!n) {
        n = malloc(sizeof *n + strlen(name) + 1);
        if (!n) {
            return NULL;
        }
        strcpy(n->text, name);
        n->next = rt->names;
        rt->names = n;
    }
    return n->text;
}

void zapi_task_label(struct zapi_task *task, const char *name, uint64_t seq)
{
    task->event_name = keep_name(task->rt, name);
    task->event_seq = seq;
}

/* Lets go of an ended task, and of its coroutine when nobody will look at that:
 * all that hangs on it would stay until the collector comes again, as the task
 * has a finalizer. Changes what is there: needs no memory, so no protected
 * call. */
static void unanchor(struct zapi_task *task)
{
    lua_State *L = task->rt->L;
    if (task->status == TASK_CANCELLED ||
        (task->status == TASK_DONE && task->nresults == 0)) {
        lua_rawgetp(L, LUA_REGISTRYINDEX, task);
        lua_pushnil(L);
        lua_setiuservalue(L, -2, 1);
        lua_pop(L, 1);
        task->co = NULL;
    }
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, task);
}

static void task_end(struct zapi_task *task, enum task_status status,
                     const char *message)
{
    task->status = status;
    unmark(task);
    zapi_join_wake(task);
    if (task->end) {
        task->end(task->end_arg, status == TASK_DONE, message);
        task->end = NULL;
    }
    unanchor(task);
}

/* Pushes the error of a task: it is on top of the coroutine's stack, or the
 * coroutine was ended by the monitor, or has yielded to nobody. */
static void push_failure(lua_State *L, struct zapi_task *task)
{
    lua_State *co = task->co;
    if (task->overran) {
        lua_pushstring(L, task->rt->watch->message);
    } else if (lua_status(co) == LUA_YIELD) {
        lua_pushliteral(L, "coroutine.yield outside of a coroutine: use "
                           "zapi.sleep, or a coroutine of your own");
    } else {
        lua_pushvalue(co, -1);
        lua_xmove(co, L, 1);
    }
}

static const char plain_key; /* registry: the text of zapi_task_plain */

void zapi_task_plain(lua_State *L)
{
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &plain_key);
}

/* Is the error at `index` one that says all? */
static bool is_plain(lua_State *L, int index)
{
    bool plain;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &plain_key);
    plain = lua_rawequal(L, index, -1);
    lua_pop(L, 1);
    return plain;
}

/* In a protected call. Keeps the error for joiners, logs it with its
 * traceback, runs pending __close. */
static int l_fail(lua_State *L)
{
    struct zapi_task *task = lua_touserdata(L, 1);
    lua_State *co = task->co;
    bool heard = task->quiet || task->joiners;
    const char *msg;
    lua_rawgetp(L, LUA_REGISTRYINDEX, task);
    push_failure(L, task); /* task err */
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, -3, 2);
    zapi_error_push_text(L, -1);
    msg = lua_tostring(L, -1);
    if (is_plain(L, lua_gettop(L) - 1)) {
        lua_pushvalue(L, -1);
    } else {
        luaL_traceback(L, co, msg, 0); /* task err msg trace */
    }
    zapi_watch_reset(task->rt->watch, co);
    if (!heard) {
        size_t len;
        const char *text = lua_tolstring(L, -1, &len);
        zapi_log_as(task->rt->host ? task->rt->host->name : NULL,
                    ZAPI_LOG_ERROR, text, len);
    }
    task_end(task, TASK_FAILED, lua_tostring(L, -1));
    return 0;
}

static void count_overrun(struct zapi_rt *rt)
{
    char label[128];
    zapi_metrics_add(
        ZAPI_M_OVERRUNS,
        zapi_metrics_label(label, sizeof label, "automation", rt->host->name),
        1);
}

/* Where it stands matters more than the limit: a traceback of a task that ran
 * out of memory may use a little beyond it. */
static void fail(struct zapi_task *task)
{
    struct zapi_rt *rt = task->rt;
    const struct zapi_host *host = rt->host;
    if (task->overran) {
        count_overrun(rt);
    }
    if (host && host->spare) {
        host->spare(host->arg, true);
    }
    if (!zapi_rt_enter(rt, l_fail, task, "a task failed") &&
        task->status == TASK_RUNNING) {
        zapi_watch_reset(rt->watch, task->co);
        task_end(task, TASK_FAILED,
                 "a task failed, and its error could not be told");
    }
    if (host && host->spare) {
        host->spare(host->arg, false);
    }
}

/* Returns lua_resume's status. */
static int run(struct zapi_task *task, uint64_t now)
{
    struct zapi_rt *rt = task->rt;
    struct zapi_watch *w = rt->watch;
    int status, nargs = task->nargs;
    task->nargs = 0;
    task->op = NULL;
    task->status = TASK_RUNNING;
    rt->current = task;
    if (w) {
        zapi_watch_allow(w, rt->host->budget);
        zapi_watch_begin(w, task->co, now, task->event_name, task->event_seq,
                         task->main);
    }
    status = lua_resume(task->co, rt->L, nargs, &task->nresults);
    task->overran = w && zapi_watch_end(w);
    rt->current = NULL;
    return status;
}

/* Ended by the monitor: failed, even when coroutine.wrap has handed the hook's
 * yield to the script, which then returned or waits. */
static void resume(struct zapi_task *task, uint64_t now)
{
    zapi_log_about(task->event_seq);
    int status = run(task, now);
    if (task->overran) {
        zapi_task_detach(task);
        fail(task);
    } else if (status == LUA_YIELD && task->op) {
        task->status = TASK_WAITING;
    } else if (status == LUA_OK) {
        task_end(task, TASK_DONE, NULL);
    } else {
        fail(task);
    }
    zapi_log_about(0);
}

void zapi_rt_drain(struct zapi_rt *rt)
{
    uint64_t now, until;
    if (!rt->head || rt->current) {
        return;
    }
    now = uv_hrtime();
    until = now + TURN_BUDGET_NS;
    do {
        struct zapi_task *task = rt->head;
        dequeue(task);
        resume(task, now);
    } while (rt->head && (now = uv_hrtime()) < until);
    if (!rt->head) {
        zapi_rt_busy(rt, false);
    }
}

void zapi_task_cancel(lua_State *L, struct zapi_task *task)
{
    if (task->status > TASK_WAITING) {
        return;
    }
    if (task->status == TASK_RUNNING) {
        luaL_error(L, "a task cannot cancel itself: return instead");
    }
    zapi_task_detach(task);
    task->status = TASK_CANCELLED;
    zapi_watch_reset(task->rt->watch, task->co); /* its pending __close */
    task_end(task, TASK_CANCELLED, "cancelled");
}
