/* SPDX-License-Identifier: MIT
 *
 * What the host asks of a runtime when the program is to end in order.
 */
#ifndef ZAPI_LUA_SHUTDOWN_H
#define ZAPI_LUA_SHUTDOWN_H

#include <stdbool.h>
#include <stddef.h>

struct zapi_rt;

/* Lets every zapi.run() under the host return; were there any? */
bool zapi_rt_end_runs(struct zapi_rt *rt);
/* Services start no new events and take no new ones. */
void zapi_rt_quiesce(struct zapi_rt *rt);
/* Handlers and users' requests that run, and HTTP calls in flight. */
size_t zapi_rt_busy_count(struct zapi_rt *rt);

/* How a part with work of its own takes part; `arg` as in
 * zapi_rt_at_close, which also removes it. */
struct zapi_rt_part {
    void (*quiesce)(void *arg);
    size_t (*busy)(void *arg);
    void *arg;
    struct zapi_rt_part *next; /* private */
};

/* `part` is borrowed until it is removed (or the runtime closed). */
void zapi_rt_add_part(struct zapi_rt *rt, struct zapi_rt_part *part);
void zapi_rt_remove_part(struct zapi_rt *rt, struct zapi_rt_part *part);

#endif
