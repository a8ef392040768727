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

#include <string.h>

#include "base/log.h"
#include "lua/runtime.h"

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

/* ---- the life of a task ---- */

static int l_task_gc(lua_State *L)
{
    struct zapi_task *task = lua_touserdata(L, 1);
    if (task->rt && task->status <= TASK_WAITING) {
        zapi_task_detach(task); /* only when the whole state goes */
        task->status = TASK_CANCELLED;
    }
    return 0;
}

static int l_task_tostring(lua_State *L)
{
    lua_pushfstring(L, "zapi.task: %p", lua_touserdata(L, 1));
    return 1;
}

static const luaL_Reg task_meta[] = {
    {"__gc", l_task_gc},
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
    task->co = co;
    task->nargs = nargs;
    task->quiet = quiet;
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

/* Lets go of an ended task. Sets an existing key to nil: needs no memory, so
 * no protected call. */
static void unanchor(struct zapi_task *task)
{
    lua_State *L = task->rt->L;
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, task);
}

static void task_end(struct zapi_task *task, enum task_status status,
                     const char *message)
{
    task->status = status;
    zapi_join_wake(task);
    if (task->end) {
        task->end(task->end_arg, status == TASK_DONE, message);
        task->end = NULL;
    }
    unanchor(task);
}

/* In a protected call. The error is on top of the coroutine's stack, or the
 * coroutine has yielded to nobody. Keeps the error for joiners, logs it with
 * its traceback, runs pending __close. */
static int l_fail(lua_State *L)
{
    struct zapi_task *task = lua_touserdata(L, 1);
    lua_State *co = task->co;
    bool heard = task->quiet || task->joiners;
    const char *msg;
    lua_rawgetp(L, LUA_REGISTRYINDEX, task);
    if (lua_status(co) == LUA_YIELD) {
        lua_pushliteral(L, "coroutine.yield outside of a coroutine: use "
                           "zapi.sleep, or a coroutine of your own");
    } else {
        lua_pushvalue(co, -1);
        lua_xmove(co, L, 1); /* task err */
    }
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, -3, 2);
    msg = luaL_tolstring(L, -1, NULL);
    luaL_traceback(L, co, msg, 0); /* task err msg trace */
    lua_resetthread(co);
    if (!heard) {
        size_t len;
        const char *text = lua_tolstring(L, -1, &len);
        zapi_log_as(task->rt->host ? task->rt->host->name : NULL,
                    ZAPI_LOG_ERROR, text, len);
    }
    task_end(task, TASK_FAILED, lua_tostring(L, -1));
    return 0;
}

static void fail(struct zapi_task *task)
{
    if (!zapi_rt_enter(task->rt, l_fail, task, "a task failed") &&
        task->status == TASK_RUNNING) {
        lua_resetthread(task->co);
        task_end(task, TASK_FAILED, "not enough memory");
    }
}

static void resume(struct zapi_task *task)
{
    struct zapi_rt *rt = task->rt;
    int nresults, status, nargs = task->nargs;
    task->nargs = 0;
    task->op = NULL;
    task->status = TASK_RUNNING;
    rt->current = task;
    status = lua_resume(task->co, rt->L, nargs, &nresults);
    if (status == LUA_YIELD && task->op) {
        task->status = TASK_WAITING;
        rt->current = NULL;
        return;
    }
    rt->current = NULL;
    if (status == LUA_OK) {
        task->nresults = nresults;
        task_end(task, TASK_DONE, NULL);
    } else {
        fail(task);
    }
}

void zapi_rt_drain(struct zapi_rt *rt)
{
    uint64_t until;
    if (!rt->head || rt->current) {
        return;
    }
    until = uv_hrtime() + TURN_BUDGET_NS;
    do {
        struct zapi_task *task = rt->head;
        dequeue(task);
        resume(task);
    } while (rt->head && uv_hrtime() < until);
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
    lua_resetthread(task->co); /* runs its pending __close */
    task_end(task, TASK_CANCELLED, "cancelled");
}
