/* SPDX-License-Identifier: MIT
 *
 * The service under a bot: its place at the front where webhooks come in, the
 * seat at the hub where its events come from, and one task per event on the
 * loop. What its files share; nobody else includes this.
 *
 *   l_service.c        core.service{…}: options, made
 *   service.c          its life: held, serves, retired, closed
 *   service_run.c      one event: task, outcome, end
 *   service_tell.c     what the script is told beside events
 *   service_methods.c  the userdata's methods
 *   service_take.c     those that wait for the writer
 *   l_events.c         events as tables, core.ingest, core.kinds
 *
 *   door thread   front: gate (secret, type) → ingest → hub → 200 after commit
 *   loop          hub → dispatcher → task on_event → zapi_hub_end
 *
 * The door thread never enters Lua, so webhooks are taken while a script
 * computes. The script holds a small userdata, whose user values are the
 * functions of its options (enum zapi_service_slot), and which stays in the
 * registry while the service is open. Behind it is a `struct zapi_service`,
 * counted. All of it belongs to the loop thread.
 *
 * A service is held (it has checked its options, and nothing comes to it),
 * serves, or is retired: its next generation serves, and what it began ends
 * here. See lua/generation.h.
 */
#ifndef ZAPI_LUA_SERVICE_PARTS_H
#define ZAPI_LUA_SERVICE_PARTS_H

#include "engine/front.h"
#include "engine/hub.h"
#include "lua/runtime.h"
#include "lua/shutdown.h"
#include "lua/task.h"

/* User values of the userdata. */
enum zapi_service_slot {
    ZAPI_ON_EVENT = 1,
    ZAPI_ON_REQUEST,
    ZAPI_ON_SEND,
    ZAPI_ON_TIMERS,
    ZAPI_ON_SERVE,
    ZAPI_ON_RETIRE,
    ZAPI_ON_ENDED,
    ZAPI_ON_NUDGE,
    ZAPI_SERVICE_SLOTS = ZAPI_ON_NUDGE,
};

enum zapi_service_state {
    ZAPI_SERVICE_HELD,
    ZAPI_SERVICE_SERVES,
    ZAPI_SERVICE_RETIRED
};

struct zapi_run {           /* one event under way */
    struct zapi_service *s; /* counted */
    struct zapi_delivery *one;
    struct zapi_write *writes, **writes_end; /* for its good end */
    struct zapi_inbox_end end; /* what the handler said; reason is owned */
    struct zapi_task *task;    /* until it ends */
    bool given_up; /* its event stays as it is on disk: the task is cancelled
                      for the sake of memory, or of an end */
    struct zapi_run *prev, *next;
    struct zapi_run *next_bucket;
};

struct zapi_drain {
    struct zapi_op base;
    struct zapi_service *s;
    uv_timer_t *timer;
    struct zapi_drain *next;
};

/* Many run when they wait for answers: they are found by seq. */
#define ZAPI_RUN_BUCKETS 1024u

struct zapi_service {
    struct zapi_rt *rt; /* NULL once the state is closing */
    const void *owner;  /* the userdata, key in the registry */
    unsigned refs;
    struct zapi_service *next, **link; /* in rt->services, while open */
    enum zapi_service_state state;
    struct zapi_front *front;
    struct zapi_front_seat *place;
    struct zapi_requests *requests; /* NULL: no users' routes */
    struct zapi_hub *hub;           /* the state's */
    struct zapi_hub_seat *seat;     /* NULL: held */
    const char *name; /* anchored in the registry until the state is closed */
    char address[160];
    bool paused;
    bool replaces; /* it was held: its former self may have its name */
    unsigned concurrency;
    char **kinds, **instances; /* until it has a seat; NULL ends */
    struct zapi_rt_part part;  /* of the program's orderly end */
    struct zapi_run *runs;
    struct zapi_run *run_buckets[ZAPI_RUN_BUCKETS];
    struct zapi_drain *drains;
    size_t handled, failed;
};

/* ---- service.c ---- */

void zapi_service_unref(struct zapi_service *s);
/* Does none of its handlers run? */
bool zapi_service_is_idle(const struct zapi_service *s);
/* Ends the waits of `drain` when none does. */
void zapi_service_check_drains(struct zapi_service *s);
/* Takes the operation out of the list and stops its clock. */
void zapi_drain_leave(struct zapi_drain *op);
/* Nothing new comes to it. */
void zapi_service_pause(struct zapi_service *s);
/* __gc and close of the userdata, which may be half made. Stack: service */
int zapi_service_l_close(lua_State *L);
/* For zapi_rt_at_close: the state goes, no handler will ever end. */
void zapi_service_on_state_close(void *arg);
/* What it tells the hub of itself. */
struct zapi_hub_seat_config zapi_service_seat(struct zapi_service *s);

/* ---- service_run.c ---- */

/* The hub's `start`. */
void zapi_service_start(void *arg, struct zapi_delivery *one);
/* The state goes while its handler runs: the event stays as it is on disk. */
void zapi_service_abandon_run(struct zapi_run *run);
/* NULL: it does not run. */
struct zapi_run *zapi_service_run(struct zapi_service *s, uint64_t seq);
void zapi_run_set_reason(struct zapi_run *run, const char *reason);
/* What was staged: forgotten, or moved out. */
void zapi_run_drop_writes(struct zapi_run *run);
struct zapi_write *zapi_run_take_writes(struct zapi_run *run);

/* ---- service_tell.c: the hub's callbacks, the end of a generation ---- */

void zapi_service_on_send(void *arg, const struct zapi_send *row);
void zapi_service_on_timers(void *arg);
void zapi_service_on_ended(void *arg, uint64_t seq);
void zapi_service_on_nudged(void *arg);
/* It is retired (on_retire). */
void zapi_service_tell_retired(struct zapi_service *s);

/* ---- service_methods.c ---- */

extern const struct zapi_class zapi_service_class;

/* The open service of a method (stack: service …), and the run of its second
 * argument, a seq; they throw. */
struct zapi_service *zapi_service_check(lua_State *L);
struct zapi_run *zapi_service_check_run(lua_State *L, struct zapi_service *s);
/* Pushes a userdata with the NULL-ended texts of the table at `index`, which
 * must stay as long. NULL: there is none, and nothing is pushed. */
const char *const *zapi_service_texts(lua_State *L, int index,
                                      const char *what);

/* ---- service_take.c: methods ---- */

int zapi_service_inject(lua_State *L);
int zapi_service_emit(lua_State *L);
int zapi_service_consume(lua_State *L);

/* ---- l_events.c ---- */

/* Pushes `ev` as scripts' side sees it. */
void zapi_event_push(lua_State *L, const struct zapi_event *ev);
/* Ingests the string at `index`. NULL: nil and the error are pushed. */
struct zapi_event *zapi_ingest_arg(lua_State *L, int index);

#endif
