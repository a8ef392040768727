/* SPDX-License-Identifier: MIT
 *
 * What the host does with the generations of one automation: each is a state of
 * its own, made with zapi_host.held saying true for the next one.
 *
 *   main chunk has ended (or zapi_host.runs was called: it waits in zapi.run)
 *   → zapi_rt_services() > 0 → zapi_rt_check → zapi_rt_serve(new, old)
 *   → zapi_rt_retire(old) → closed when zapi_rt_busy_count(old) is 0, or
 *   after the grace
 *
 * A first start is the same with old = NULL; or without `held`, and a bot
 * serves when it calls bot:run(), after its checks. Loop thread, outside of
 * Lua.
 */
#ifndef ZAPI_LUA_GENERATION_H
#define ZAPI_LUA_GENERATION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct zapi_rt;

/* Bots that were told to run. */
size_t zapi_rt_services(const struct zapi_rt *rt);

/* `message` (of a refusal): the script's line and a traceback, or what a check
 * said; borrowed. */
typedef void zapi_rt_checked(void *arg, bool ok, const char *message);
/* Runs what was given to bot:check, one after the other, for so many seconds at
 * most (0: 10). `done` runs once, from the loop; not when the state is closed
 * before. */
void zapi_rt_check(struct zapi_rt *rt, double seconds, zapi_rt_checked *done,
                   void *arg);

/* The held bots of `rt` serve from now on: those of `from` (NULL: none) that
 * have the same name are succeeded, its other ones stop. All in this turn of
 * the loop. false: *error, and all is as before. */
bool zapi_rt_serve(struct zapi_rt *rt, struct zapi_rt *from,
                   struct zapi_error *error);

/* Of a state that was succeeded: what its main chunk started (timers,
 * intervals, tasks) goes on no more, and zapi.run returns. Handlers that run go
 * on, with what they started. */
void zapi_rt_retire(struct zapi_rt *rt);

#endif
