/* SPDX-License-Identifier: MIT
 *
 * Tasks: coroutines that wait for the loop. The protocol, for a C function
 * that waits (see l_timer.c for the smallest example):
 *
 *   static int finish(lua_State *L, int status, lua_KContext ctx)
 *   {   // inside the resumed, protected coroutine: build the results here
 *       struct my_op *op = (struct my_op *)ctx; …push…; return n;
 *   }
 *   static int l_my(lua_State *L)
 *   {
 *       struct my_op *op = zapi_op_new(L, sizeof *op, my_cancel, my_free);
 *       … start it; the completion calls zapi_op_done(&op->base) …
 *       return zapi_op_wait(L, &op->base, finish);
 *   }
 *
 * The operation is a userdata on the coroutine's own stack. The completion
 * stores plain C data in it and calls zapi_op_done, which touches no Lua: the
 * task is resumed later from the loop, never from inside a callback of curl or
 * uv. `cancel` (may be NULL) is called at most once, when the operation was
 * started, is not done, and its task is cancelled or collected: after it
 * returns, the source must never touch the operation again. `release` (may be
 * NULL) frees what the operation owns; called once, at collection or by
 * zapi_op_release, done or not.
 *
 * Guards: outside a task and outside the loop the main chunk drives the loop
 * itself until the operation is done (plain Lua only); inside a nested
 * coroutine, a sort callback or the like it is an error that says so; a stray
 * coroutine.yield in a task fails that task.
 */
#ifndef ZAPI_LUA_TASK_H
#define ZAPI_LUA_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>
#include <uv.h>

struct zapi_rt;   /* the runtime of one lua_State */
struct zapi_task; /* private to task.c */
struct zapi_http;

struct zapi_op {
    struct zapi_rt *rt;
    struct zapi_task *task; /* who waits; NULL: the main chunk drives */
    void (*cancel)(struct zapi_op *op);
    void (*release)(struct zapi_op *op);
    bool started, done, dead;
};

/* The runtime of this state; made at the first call. */
struct zapi_rt *zapi_rt_get(lua_State *L);
uv_loop_t *zapi_rt_loop(struct zapi_rt *rt);
/* The state's HTTP client, made on first use. Throws on no memory. */
struct zapi_http *zapi_rt_http(lua_State *L, struct zapi_rt *rt);

/* Pushes a zeroed operation of `size` bytes (its first member must be a
 * struct zapi_op). Checks first that waiting is possible here, and throws the
 * guard's error otherwise, so that nothing is started in vain. */
void *zapi_op_new(lua_State *L, size_t size, void (*cancel)(struct zapi_op *op),
                  void (*release)(struct zapi_op *op));
/* Waits (or not, when it is done already) and continues in `finish` with the
 * operation as context. Call as `return zapi_op_wait(…)`. */
int zapi_op_wait(lua_State *L, struct zapi_op *op, lua_KFunction finish);
/* From a completion on the loop thread; touches no Lua. Once. */
void zapi_op_done(struct zapi_op *op);
/* Frees what it owns now instead of at collection (in `finish`). */
void zapi_op_release(struct zapi_op *op);

/* One protected entry into Lua from the loop: calls fn(L) with `arg` as light
 * userdata at index 1, under a message handler that adds a traceback. Returns
 * false when it failed; the failure is logged with `what`. */
bool zapi_rt_enter(struct zapi_rt *rt, lua_CFunction fn, void *arg,
                   const char *what);

/* How a task that C started has ended. `ok` false: `message` has the error
 * with its traceback (redacted, logged already unless quiet), else NULL. */
typedef void zapi_task_end(void *arg, bool ok, const char *message);

/* Inside zapi_rt_enter (or any Lua C function): starts a task that calls the
 * function below the nargs values on top of the stack; pops them and the
 * function. It runs at the next turn of the loop's queue. `end` (may be NULL)
 * runs once, from the loop, after the task ended or was cancelled. Pushes the
 * task object. */
struct zapi_task *zapi_task_spawn(lua_State *L, int nargs, zapi_task_end *end,
                                  void *arg);
/* The event that a task works for, and the tasks that it starts: what is noted
 * when it has to be ended with the process. `name`: the automation's. */
void zapi_task_label(struct zapi_task *task, const char *name, uint64_t seq);
/* It is the main chunk: it may compute for longer at a stretch. */
void zapi_task_main(struct zapi_task *task);
/* Cancels from C; `end` runs with ok = false. */
void zapi_task_cancel(lua_State *L, struct zapi_task *task);

/* Keeps the loop of zapi.run() alive while something may still bring work
 * (a server, a bot). Counted. */
void zapi_rt_hold(struct zapi_rt *rt);
void zapi_rt_unhold(struct zapi_rt *rt);
/* Called when the state is closed, before its loop is drained: for parts that
 * own handles on the loop. Most recent first. */
void zapi_rt_at_close(struct zapi_rt *rt, void (*fn)(void *arg), void *arg);
void zapi_rt_cancel_at_close(struct zapi_rt *rt, void *arg);

#endif
