/* SPDX-License-Identifier: MIT
 *
 * One-shot timers for operations: heap-allocated, because libuv lets a handle
 * go only at a later turn of the loop, when its operation may be collected.
 */
#ifndef ZAPI_LUA_TIMER_H
#define ZAPI_LUA_TIMER_H

#include <stdbool.h>

#include <lua.h>
#include <uv.h>

struct zapi_timer;

/* `fire` runs once (or every `repeat` seconds when it is not 0) from the
 * loop. NULL when memory ended. Negative seconds count as 0; at most a
 * century. The timer keeps the loop alive. */
struct zapi_timer *zapi_timer_start(uv_loop_t *loop, double seconds,
                                    double repeat, void (*fire)(void *arg),
                                    void *arg);
/* Stops and frees; also needed after it fired. NULL is fine. After it returns
 * `fire` does not run. */
void zapi_timer_stop(struct zapi_timer *t);

/* Fields sleep, after, interval, now, hrtime of the core table on top. */
void zapi_l_timer_open(lua_State *L);

#endif
