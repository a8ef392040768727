/* SPDX-License-Identifier: MIT
 *
 * Order: deliveries of one person (or group) one after the other, persons side
 * by side, at most `concurrency` at once; a slow one never holds up another.
 * One dispatcher per automation. Every waiting delivery has a small entry here;
 * its event may be on disk only, and is loaded when its turn comes. Loop
 * thread.
 */
#ifndef ZAPI_ENGINE_DISPATCH_H
#define ZAPI_ENGINE_DISPATCH_H

#include "store/event.h"

struct zapi_dispatch;

/* One event for one automation. */
struct zapi_delivery {
    uint64_t seq;
    struct zapi_event *event; /* NULL until loaded */
    double due;               /* Unix seconds; 0: now */
    uint32_t attempt;         /* tries so far, the running one too */
    bool consumed;            /* the hub's */
    bool parked;              /* the dispatcher's */
    bool again; /* may have been run before (by another process) */
    struct zapi_delivery *next;
    void *lane; /* the dispatcher's */
    void *data; /* the hub's, while it runs */
    void *user; /* of whoever runs it */
};

struct zapi_dispatch_config {
    unsigned concurrency; /* handlers at once; 0: 64 */
    /* Starts one handler; must lead to exactly one zapi_dispatch_done,
     * maybe before it returns. The delivery is borrowed until then. */
    void (*start)(void *arg, struct zapi_delivery *d);
    /* The event of a delivery, from disk. NULL: gone, and the delivery ends as
     * if it were done; or, with d->due set, it is to be tried again then. */
    struct zapi_event *(*load)(void *arg, struct zapi_delivery *d);
    /* A delivery leaves: moved, its event too. */
    void (*finished)(void *arg, struct zapi_delivery *d);
    /* The earliest `due` has changed (Unix seconds; 0: none): set the timer
     * that calls zapi_dispatch_tick. */
    void (*timer)(void *arg, double due);
    double (*now)(void *arg); /* Unix seconds */
    void *arg;
};

struct zapi_dispatch *
zapi_dispatch_new(const struct zapi_dispatch_config *config);
/* Frees what waits through `finished`. Nothing may be running. */
void zapi_dispatch_delete(struct zapi_dispatch *d);
/* Takes the delivery (allocated with malloc); `order` "" is beside all others.
 * Among those of one order the lowest seq comes first. false: no memory, and
 * nothing is taken. */
bool zapi_dispatch_add(struct zapi_dispatch *d, struct zapi_delivery *one,
                       const char *order);
/* The running one has ended. */
void zapi_dispatch_done(struct zapi_dispatch *d, struct zapi_delivery *one);
/* It goes on, but its order may too (handlers beside the order). */
void zapi_dispatch_release(struct zapi_dispatch *d, struct zapi_delivery *one);
/* It waits for something that may take days: its order goes on, and it does
 * not count as running. It still ends with done, again or later. */
void zapi_dispatch_park(struct zapi_dispatch *d, struct zapi_delivery *one);
/* A parked one that nobody runs is run anew, beside all others: at once, even
 * beyond `concurrency`, as those that run may be waiting for it. As
 * zapi_dispatch_add else. */
bool zapi_dispatch_unpark(struct zapi_dispatch *d, struct zapi_delivery *one);
/* It is to be run again at `due`, and holds up its order until then. */
void zapi_dispatch_again(struct zapi_dispatch *d, struct zapi_delivery *one,
                         double due);
/* It is to be run again at `due`; others of its order go on. */
void zapi_dispatch_later(struct zapi_dispatch *d, struct zapi_delivery *one,
                         double due);
/* The running one is to be run anew at once, as the same try: before all others
 * of its order. */
void zapi_dispatch_restart(struct zapi_dispatch *d, struct zapi_delivery *one);
/* Two orders are one from now on: what waits under `from` waits under `to`. */
void zapi_dispatch_merge(struct zapi_dispatch *d, const char *from,
                         const char *to);
/* Drops the waiting delivery with this seq (a command did); false: none. */
bool zapi_dispatch_drop(struct zapi_dispatch *d, uint64_t seq,
                        const char *order);
void zapi_dispatch_tick(struct zapi_dispatch *d);
/* The clock was set by so many seconds (less than 0: back): what is put aside
 * waits as long as it would have. */
void zapi_dispatch_clock_set(struct zapi_dispatch *d, double seconds);
/* No new handlers start any more (shutdown). */
void zapi_dispatch_pause(struct zapi_dispatch *d);
/* After a pause that came before anything ran: what waits starts. */
void zapi_dispatch_resume(struct zapi_dispatch *d);
/* From now on so many at once; 0: 64. */
void zapi_dispatch_limit(struct zapi_dispatch *d, unsigned concurrency);
size_t zapi_dispatch_running(const struct zapi_dispatch *d);
size_t zapi_dispatch_waiting(const struct zapi_dispatch *d);

#endif
