/* SPDX-License-Identifier: MIT
 *
 * What the files of the hub share; nobody else includes this.
 *
 *   hub.c        the loop: posts, events to the desks, what runs
 *   hub_route.c  the writer thread: who wants an event
 *   hub_open.c   the hub's parts, opened and closed
 *   hub_desk.c   a desk: an automation's dispatcher, clock and timer
 *   hub_seat.c   its generations: join, succeed, leave
 *   hub_end.c    how handlers end
 *
 * All of it is the loop's, but for what a comment gives to the lock. A desk
 * belongs to the hub, a seat to whoever joined.
 */
#ifndef ZAPI_ENGINE_HUB_PARTS_H
#define ZAPI_ENGINE_HUB_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "engine/hub.h"

enum { ZAPI_KIND_CACHE = 256, ZAPI_NAME_LISTS = 256 };

struct zapi_merge { /* two orders are one; made by the writer thread */
    struct zapi_merge *next;
    uint64_t until; /* events after this one have the new order already */
    char from[ZAPI_ORDER_MAX], to[ZAPI_ORDER_MAX];
};

/* What an automation has here, whichever generation of it runs. */
struct zapi_desk {
    struct zapi_hub *hub;
    char *name, *group;
    int slot;
    unsigned serial;
    bool fresh;      /* nothing starts before the loop turns */
    uint64_t opened; /* up to this event it has read what was for it on disk */
    struct zapi_dispatch *dispatch;
    uv_timer_t *timer; /* the dispatcher's; freed when closed */
    struct zapi_clock_waiter wait;
    double clock; /* Unix time less that of the loop, as last seen */
    struct zapi_running *running;
    struct zapi_unpark *unparks; /* of what runs with a former seat */
    struct zapi_hub_seat *seats; /* the newest first */
    struct zapi_desk *same_list; /* in hub->named */
    /* Under the hub's lock; read by the writer thread. */
    struct zapi_hub_seat *current; /* NULL: nothing starts */
};

struct zapi_hub_seat { /* one generation of it */
    struct zapi_desk *desk;
    struct zapi_hub_seat *next;
    struct zapi_hub_seat_config config;
    bool began;     /* it is the current one, or was */
    size_t running; /* those of the desk's that began here and do not park */
    /* Under the hub's lock when it is the current one. */
    char **kinds, **instances;
};

struct zapi_unpark { /* to be done when the former seat has let it go */
    struct zapi_unpark *next;
    uint64_t seq;
    unsigned attempt;
};

struct zapi_running { /* a handler under way; the delivery's `data` */
    struct zapi_delivery *one;
    const struct zapi_hub_seat *seat;
    uint64_t began; /* uv_hrtime */
    struct zapi_running *prev, *next;
};

struct zapi_kind_row { /* who wants a kind, by the hash of its name */
    uint64_t hash;
    bool known;
    struct zapi_slots slots;
};

/* Who has named an instance: a table with open places, made anew when it is
 * asked after a change. The names are those of the current seats. */
struct zapi_claims {
    bool known;
    bool any; /* some current seat names instances */
    size_t mask;
    struct zapi_claim {
        const char *instance; /* NULL: free */
        struct zapi_slots slots;
    } * rows;                    /* NULL: no memory */
    struct zapi_slots listeners; /* who has named "*" */
};

struct zapi_hub {
    atomic_bool unwritable;    /* any thread */
    atomic_bool merging;       /* there are `merges`; any thread */
    _Atomic uint64_t applying; /* the last event that `apply` was called for */
    struct zapi_hub_config config;
    struct zapi_db *db;
    struct zapi_inbox *inbox;
    struct zapi_people *people;
    struct zapi_sends *sends;
    struct zapi_kv *kv;         /* NULL: nobody has asked */
    struct zapi_timers *timers; /* NULL: nobody has asked */
    struct zapi_post timers_post;
    struct zapi_guard *guard;
    struct zapi_effects *effects;
    uv_async_t async;
    uv_timer_t maintain;
    struct zapi_clock_waiter watch; /* the clock may be moved */
    double maintained;              /* zapi_clock_hrtime */
    uint64_t gauges_next;           /* uv_hrtime: not before that */
    unsigned handles;
    bool closing, fresh; /* fresh: a desk is */
    /* Written under the lock, by the loop; named by the hash of their names. */
    struct zapi_desk *desks[ZAPI_AUTOMATIONS], *named[ZAPI_NAME_LISTS];
    unsigned serial; /* of the last desk */
    /* Applied to the desks; events that are on their way may have the old order
     * still. The oldest first. */
    struct zapi_merge *merged, **merged_end;

    pthread_mutex_t lock;
    struct zapi_post *posts, **posts_end;
    struct zapi_merge *merges, **merges_end;     /* for the loop */
    struct zapi_slots woken;                     /* whose timers have changed */
    struct zapi_kind_row kinds[ZAPI_KIND_CACHE]; /* answers so far */
    struct zapi_claims claims;
};

/* hub_route.c; the writer thread, as callbacks of inbox and effects. */
void zapi_hub_on_apply(void *arg, struct zapi_sql *sql, struct zapi_event *ev);
void zapi_hub_on_wanted(void *arg, const struct zapi_event *ev,
                        struct zapi_slots *out);
void zapi_hub_on_merged(void *arg, const char *from, const char *to);
/* Under the lock: what was found out of who wants what is not true any more. */
void zapi_hub_forget_answers(struct zapi_hub *hub);

/* hub.c; of the writer, the sends and the timers. Any thread. */
void zapi_hub_on_batch(void *arg, bool begins);
void zapi_hub_on_send_changed(void *arg, const struct zapi_send *row);
void zapi_hub_on_timers_changed(void *arg, const char *automation);
/* hub.c; loop thread. */
void zapi_hub_on_async(uv_async_t *async);
void zapi_hub_run_posts(struct zapi_hub *hub);
/* One delivery less holds the event; NULL is allowed. */
void zapi_hub_drop_event(struct zapi_hub *hub, struct zapi_event *ev);
/* NULL: nobody has that name. Loop thread, or under the lock. */
struct zapi_desk *zapi_hub_desk_named(const struct zapi_hub *hub,
                                      const char *name);
/* Puts it among the hub's desks; takes it out. */
void zapi_hub_add_desk(struct zapi_hub *hub, struct zapi_desk *desk);
void zapi_hub_remove_desk(struct zapi_hub *hub, struct zapi_desk *desk);
uint64_t zapi_hub_hash(const char *text);

/* hub_desk.c. NULL: no memory. */
struct zapi_desk *zapi_desk_new(struct zapi_hub *hub,
                                const struct zapi_hub_seat_config *config);
void zapi_desk_free(struct zapi_desk *desk);
/* One that waits on disk is taken up. */
void zapi_desk_revive(struct zapi_desk *desk, const char *order, uint64_t seq,
                      unsigned attempt, double due);
/* Was the wall clock set back? Then what is put aside is due earlier. */
void zapi_desk_watch_clock(struct zapi_desk *desk);

#endif
