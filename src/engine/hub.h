/* SPDX-License-Identifier: MIT
 *
 * The middle of a process: one database, one inbox, one table of sends, the
 * people, and the automations that are attached. Webhooks come in by
 * zapi_hub_take from any thread; on the loop each automation's dispatcher
 * gets its deliveries. Loop thread unless said otherwise.
 */
#ifndef ZAPI_ENGINE_HUB_H
#define ZAPI_ENGINE_HUB_H

#include <uv.h>

#include "engine/dispatch.h"
#include "engine/guard.h"
#include "store/db.h"
#include "store/inbox.h"
#include "store/kv.h"
#include "store/people.h"
#include "store/sends.h"
#include "store/timers.h"

struct zapi_hub;
struct zapi_hub_seat; /* one automation at the hub: one generation of it */

struct zapi_hub_config {
    uv_loop_t *loop;
    const char *folder;             /* NULL: in memory */
    size_t window;                  /* see inbox.h */
    struct zapi_guard_limits guard; /* 0,0: the defaults */
    bool no_guard;
};

/* Opens the database. NULL: *error. */
struct zapi_hub *zapi_hub_open(const struct zapi_hub_config *config,
                               struct zapi_error *error);
/* No seats may be left. Writes all that is queued; blocks for that long. The
 * loop must run on until its handles are closed. */
void zapi_hub_close(struct zapi_hub *hub);

/* Has no automation joined (or has each one left)? */
bool zapi_hub_is_vacant(const struct zapi_hub *hub);
/* Has an automation of this name joined? Loop thread. */
bool zapi_hub_has(const struct zapi_hub *hub, const char *name);
/* Can something be stored now? In memory: always. Any thread. */
bool zapi_hub_writable(const struct zapi_hub *hub);
/* NULL in memory. */
struct zapi_db *zapi_hub_db(struct zapi_hub *hub);
struct zapi_inbox *zapi_hub_inbox(struct zapi_hub *hub);
struct zapi_people *zapi_hub_people(struct zapi_hub *hub);
/* NULL in memory. */
struct zapi_sends *zapi_hub_sends(struct zapi_hub *hub);
/* Opened at the first call. NULL: *error. */
struct zapi_kv *zapi_hub_kv(struct zapi_hub *hub, struct zapi_error *error);
/* In memory: takes it out of a hub that is going to be closed (NULL: it was not
 * opened), and gives it to the next one. */
struct zapi_kv *zapi_hub_take_kv(struct zapi_hub *hub);
void zapi_hub_give_kv(struct zapi_hub *hub, struct zapi_kv *kv);
/* As zapi_hub_kv. */
struct zapi_timers *zapi_hub_timers(struct zapi_hub *hub,
                                    struct zapi_error *error);
struct zapi_guard *zapi_hub_guard(struct zapi_hub *hub);
uv_loop_t *zapi_hub_loop(struct zapi_hub *hub);

/* From any thread: `run` is called on the loop, once; it owns the post. Those
 * that are queued when the hub closes are run too. */
struct zapi_post {
    void (*run)(struct zapi_post *post);
    struct zapi_post *next;
};
void zapi_hub_post(struct zapi_hub *hub, struct zapi_post *post);

/* Any thread. Moves `ev`. As zapi_inbox_append, with the wake-up: true when the
 * loop is to be woken by zapi_hub_wake (gather several). */
bool zapi_hub_take(struct zapi_hub *hub, struct zapi_event *ev, bool may_wait,
                   zapi_inbox_stored *stored, void *arg);
void zapi_hub_wake(struct zapi_hub *hub);

/* ---- automations ----
 *
 * What an automation has here outlives its generations: what waits, orders,
 * retries. A next one joins with `replace` beside the one that is there, and
 * takes its place by zapi_hub_succeed: what starts from then on starts there,
 * what runs ends with whom it began. */

struct zapi_hub_seat_config {
    const char *name;         /* of the automation */
    const char *group;        /* who may replace it: the script; NULL: "" */
    bool replace;             /* the name may be taken, by the same group */
    const char *const *kinds; /* names given to bot:on and their like; "*" is
                                  all but presence and receipts; NULL ends */
    unsigned concurrency;
    /* Starts a handler; leads to one zapi_hub_end. d->event is loaded. Its
     * `data` is the hub's; `lane` the dispatcher's; `user` is free. */
    void (*start)(void *arg, struct zapi_delivery *d);
    /* A send's row has changed (states, ids). May be NULL. Borrowed. */
    void (*send_changed)(void *arg, const struct zapi_send *row);
    /* Its timers have changed. May be NULL. */
    void (*timers_changed)(void *arg);
    /* A delivery that was to be unparked ended with the seat before this one,
     * and does not start here. May be NULL. */
    void (*ended_elsewhere)(void *arg, uint64_t seq);
    /* The seat before this one has left it something to do (zapi_hub_nudge), as
     * messages to be sent. May be NULL. */
    void (*nudged)(void *arg);
    /* Its instances, NULL ends: events of an instance that some seat names go
     * only to those that do, and to those that name "*". NULL: none. */
    const char *const *instances;
    void *arg;
};
/* Could it join, by its name? false: *error. */
bool zapi_hub_may_join(const struct zapi_hub *hub,
                       const struct zapi_hub_seat_config *config,
                       struct zapi_error *error);
/* Takes up what the automation left undone, from the next turn of the loop on:
 * the seat is in the caller's hands before anything starts. NULL: *error. */
struct zapi_hub_seat *zapi_hub_join(struct zapi_hub *hub,
                                    const struct zapi_hub_seat_config *config,
                                    struct zapi_error *error);
/* From now on (the next turn of the loop) what starts, starts here, and what is
 * dead by a script's error is tried once more. Of one that joined with
 * `replace`; else nothing happens. Cannot fail. */
void zapi_hub_succeed(struct zapi_hub_seat *seat);
/* Does it start what comes, or did a next one take its place? */
bool zapi_hub_is_current(const struct zapi_hub_seat *seat);
/* Tells the current seat, when it is another one, that there is work. */
void zapi_hub_nudge(struct zapi_hub_seat *seat);
/* Tells the one that is current now; nobody, when the automation has left. */
void zapi_hub_nudge_named(struct zapi_hub *hub, const char *automation);
void zapi_hub_subscribe(struct zapi_hub_seat *seat, const char *const *kinds);
/* The order of a running delivery may go on without it. */
void zapi_hub_release(struct zapi_hub_seat *seat, struct zapi_delivery *d);
/* How a handler ended. What `end` says of slot, seq, order and last is filled
 * in here. AGAIN and LATER are run again by the hub. */
void zapi_hub_end(struct zapi_hub_seat *seat, struct zapi_delivery *d,
                  struct zapi_inbox_end *end);
/* It waits for an answer: on disk it is parked, with `writes` (moved) in the
 * same transaction; its order goes on. */
void zapi_hub_park(struct zapi_hub_seat *seat, struct zapi_delivery *d,
                   struct zapi_write *writes);
/* The event is used up: on disk it is done, with `writes` (moved) in the same
 * transaction, while its order still waits for zapi_hub_end, which then writes
 * nothing more. `done` as in zapi_inbox_finish. */
void zapi_hub_consume(struct zapi_hub_seat *seat, struct zapi_delivery *d,
                      struct zapi_write *writes,
                      void (*done)(void *arg, enum zapi_db_result r),
                      void *arg);
/* Takes up a parked delivery again, to be run anew beside its order; also when
 * as many run as may. One that the seat before this one has not let go yet
 * waits for that. */
void zapi_hub_unpark(struct zapi_hub_seat *seat, uint64_t seq,
                     unsigned attempt);
/* It is given up as it is. With a next seat it is run again there, at once, as
 * the same try. Else the next start takes it up again, and until then nothing
 * new starts. A parked one waits for zapi_hub_unpark. */
void zapi_hub_abandon(struct zapi_hub_seat *seat, struct zapi_delivery *d);
/* Nothing new starts. Of one whose place was taken: nothing does anyhow. */
void zapi_hub_pause(struct zapi_hub_seat *seat);
/* What runs (and is not parked) with this seat; what waits, when it is the
 * current one. */
size_t zapi_hub_running(const struct zapi_hub_seat *seat);
size_t zapi_hub_waiting(const struct zapi_hub_seat *seat);
const char *zapi_hub_seat_name(const struct zapi_hub_seat *seat);
struct zapi_hub *zapi_hub_of(struct zapi_hub_seat *seat);
/* Its running deliveries must have ended. */
void zapi_hub_leave(struct zapi_hub_seat *seat);

/* What runs now, for the watchdog and `zapibot status`. */
typedef void zapi_hub_visit(void *arg, const char *automation,
                            const struct zapi_delivery *d, double seconds);
void zapi_hub_each_running(struct zapi_hub *hub, zapi_hub_visit *visit,
                           void *arg);
/* Deliveries that a command made waiting again, or dropped: by name and seq.
 * Loop thread. */
/* A delivery that waits on disk is taken up. */
void zapi_hub_revive(struct zapi_hub_seat *seat, const char *order,
                     uint64_t seq, unsigned attempt, double due);
void zapi_hub_revived(struct zapi_hub *hub, const char *automation,
                      const char *order, uint64_t seq);
void zapi_hub_dropped(struct zapi_hub *hub, const char *automation,
                      const char *order, uint64_t seq);
/* Brings the gauges of base/metrics up to date (depth, oldest, dead, unknown,
 * queued, running); those that are read from the file only now and then, when
 * that takes long. */
void zapi_hub_measure(struct zapi_hub *hub);

#endif
