/* SPDX-License-Identifier: MIT
 *
 * Order: events of one chat one after the other, chats side by side, at most
 * `concurrency` at once; a slow chat never holds up another. Loop thread.
 */
#ifndef ZAPI_ENGINE_DISPATCH_H
#define ZAPI_ENGINE_DISPATCH_H

#include "engine/event.h"

struct zapi_dispatch;

/* Starts one handler; must lead to exactly one zapi_dispatch_done, maybe
 * before it returns. The event is borrowed until then. */
typedef void zapi_dispatch_start(void *arg, struct zapi_event *ev);

struct zapi_dispatch_config {
    unsigned concurrency; /* handlers at once; 0: 64 */
    zapi_dispatch_start *start;
    void (*finished)(void *arg, struct zapi_event *ev); /* moved: free it */
    void *arg;
};

struct zapi_dispatch *
zapi_dispatch_new(const struct zapi_dispatch_config *config);
/* Frees what waits through `finished`. Nothing may be running. */
void zapi_dispatch_delete(struct zapi_dispatch *d);
/* Takes the event; `ordered` false: beside all others (presence, receipts). */
void zapi_dispatch_add(struct zapi_dispatch *d, struct zapi_event *ev,
                       bool ordered);
void zapi_dispatch_done(struct zapi_dispatch *d, struct zapi_event *ev);
/* No new handlers start any more (shutdown). */
void zapi_dispatch_pause(struct zapi_dispatch *d);
size_t zapi_dispatch_running(const struct zapi_dispatch *d);
size_t zapi_dispatch_waiting(const struct zapi_dispatch *d);

#endif
