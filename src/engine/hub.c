/* SPDX-License-Identifier: MIT
 *
 * See hub.h. The way of an event:
 *
 *   any thread     zapi_hub_take → inbox (writer thread: effects, wanted,
 *                  commit) → the 200, and the loop is woken
 *   loop           on_async → posts, merges, items → one delivery per seat →
 *                  its dispatcher → config.start … zapi_hub_end → inbox_finish
 *
 * The writer thread calls on_apply and on_wanted; they touch only the people,
 * the sends, the guard (which lock themselves) and, under `lock`, the seats'
 * subscriptions and the lists that it hands to the loop. Everything else is
 * the loop's. Start reading at on_async.
 */
#include "engine/hub.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/text.h"
#include "engine/effects.h"
#include "engine/ingest.h"
#include "net/door.h"
#include "store/gauges.h"
#include "store/stuck.h"

#define TURN_BUDGET_NS 5000000u /* for taking events, per turn of the loop */

enum { REPLIES_PER_CHAT = 20, COLD_PER_HOUR = 60, MAINTAIN_MS = 60000 };
enum { CLOCK_MS = 5000 }; /* how soon it is seen that the clock was set */
enum { KIND_CACHE = 64, CLAIM_CACHE = 1024, MERGES = 64 };

struct merge {
    char from[ZAPI_ORDER_MAX], to[ZAPI_ORDER_MAX];
};

/* What an automation has here, whichever generation of it runs. */
struct desk {
    struct zapi_hub *hub;
    char *name, *group;
    int slot;
    unsigned serial;
    bool fresh; /* nothing starts before the loop turns */
    struct zapi_dispatch *dispatch;
    uv_timer_t *timer; /* the dispatcher's; freed when closed */
    struct zapi_clock_waiter wait;
    double clock; /* Unix time less that of the loop, as last seen */
    struct running *running;
    struct unpark *unparks;      /* of what runs with a former seat */
    struct zapi_hub_seat *seats; /* the newest first */
    /* Under the hub's lock; read by the writer thread. */
    struct zapi_hub_seat *current; /* NULL: nothing starts */
    struct {                       /* answers so far, by the hash of the kind */
        uint64_t hash;
        bool known, wants;
    } cache[KIND_CACHE];
};

struct zapi_hub_seat { /* one generation of it */
    struct desk *desk;
    struct zapi_hub_seat *next;
    struct zapi_hub_seat_config config;
    bool began;     /* it is the current one, or was */
    size_t running; /* those of the desk's that began here and do not park */
    /* Under the hub's lock when it is the current one. */
    char **kinds, **instances;
};

struct unpark { /* to be done when the former seat has let it go */
    struct unpark *next;
    uint64_t seq;
    unsigned attempt;
};

struct running { /* a handler under way; the delivery's `data` */
    struct zapi_delivery *one;
    const struct zapi_hub_seat *seat;
    uint64_t began; /* uv_hrtime */
    struct running *prev, *next;
};

struct zapi_hub {
    atomic_bool unwritable; /* any thread */
    struct zapi_hub_config config;
    struct zapi_db *db;
    struct zapi_inbox *inbox;
    struct zapi_people *people;
    struct zapi_sends *sends;
    struct zapi_kv *kv;         /* NULL: nobody has asked */
    struct zapi_timers *timers; /* NULL: nobody has asked */
    struct zapi_post timers_post;
    atomic_bool timers_posted;
    struct zapi_guard *guard;
    struct zapi_effects *effects;
    uv_async_t async;
    uv_timer_t maintain;
    struct zapi_clock_waiter watch; /* the clock may be moved */
    double maintained;              /* zapi_clock_hrtime */
    unsigned handles;
    bool closing, fresh;                  /* fresh: a desk is */
    struct desk *desks[ZAPI_AUTOMATIONS]; /* written under lock */
    unsigned serial;                      /* of the last desk */

    pthread_mutex_t lock;
    struct zapi_post *posts, **posts_end;
    struct merge merges[MERGES]; /* the last ones, by the writer thread */
    size_t nmerges, merged;      /* made; applied by the loop */
    bool claimed;                /* some current seat names instances */
    struct { /* who has claimed an instance, by the hash of its name */
        uint64_t hash, bits;
        bool known;
    } claims[CLAIM_CACHE];
};

/* ---- waking the loop ---- */

/* The writer ends a batch of jobs: whom that wakes is woken at its end. */
static _Thread_local struct zapi_hub *corked;
static _Thread_local bool held;

void zapi_hub_wake(struct zapi_hub *hub)
{
    if (corked == hub)
        held = true;
    else
        uv_async_send(&hub->async);
}

static void on_batch(void *arg, bool begins)
{
    struct zapi_hub *hub = arg;
    if (begins) {
        corked = hub;
        zapi_door_cork();
        return;
    }
    corked = NULL;
    zapi_door_uncork();
    if (held)
        uv_async_send(&hub->async);
    held = false;
}

/* ---- the writer thread ---- */

static void on_merged(void *arg, const char *from, const char *to)
{
    struct zapi_hub *hub = arg;
    pthread_mutex_lock(&hub->lock);
    struct merge *m = &hub->merges[hub->nmerges++ % MERGES];
    strncpy(m->from, from, sizeof m->from - 1);
    strncpy(m->to, to, sizeof m->to - 1);
    pthread_mutex_unlock(&hub->lock);
    uv_async_send(&hub->async);
}

static void on_apply(void *arg, struct zapi_sql *sql, struct zapi_event *ev)
{
    struct zapi_hub *hub = arg;
    zapi_effects_apply(hub->effects, sql, ev);
}

static bool is_receipt(const struct zapi_event *ev)
{
    return strcmp(ev->type, "MessageStatusCallback") == 0 ||
           strcmp(ev->type, "DeliveryCallback") == 0;
}

/* "raw:NAME" may mean a type, a notification or a key of the payload: only the
 * script's filter knows. */
static bool name_covers(const char *name, const struct zapi_event *ev)
{
    if (strcmp(name, "*") == 0)
        return ev->keep && !is_receipt(ev);
    if (strncmp(name, "raw:", 4) == 0)
        return (ev->keep && !is_receipt(ev)) || strcmp(name + 4, ev->type) == 0;
    return zapi_kind_is(ev->kind, name);
}

static const char timer_type[] = "timer:"; /* and the automation */

static bool is_timer(const struct zapi_event *ev)
{
    return strncmp(ev->type, timer_type, sizeof timer_type - 1) == 0;
}

static bool desk_wants(const struct desk *desk, const struct zapi_event *ev)
{
    if (is_timer(ev))
        return strcmp(ev->type + sizeof timer_type - 1, desk->name) == 0;
    for (char **name = desk->current->kinds; *name; name++)
        if (name_covers(*name, ev))
            return true;
    return false;
}

static uint64_t hash_of(const char *s)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
    return h;
}

/* The answer depends on kind and type, and a kind has one type but for raw
 * ones, whose name is the type. Under the lock. */
static bool wants_cached(struct desk *desk, const struct zapi_event *ev,
                         uint64_t hash)
{
    size_t i = hash % KIND_CACHE;
    if (!desk->cache[i].known || desk->cache[i].hash != hash) {
        desk->cache[i].hash = hash;
        desk->cache[i].wants = desk_wants(desk, ev);
        desk->cache[i].known = true;
    }
    return desk->cache[i].wants;
}

static bool names(char **list, const char *instance)
{
    while (list && *list && strcmp(*list, instance) != 0)
        list++;
    return list && *list;
}

/* The desks that have named the instance, with those that hear all; all, when
 * none has. Under the lock. */
static uint64_t claimants(struct zapi_hub *hub, const char *instance)
{
    uint64_t bits = 0, listeners = 0, hash = hash_of(instance);
    size_t at = hash % CLAIM_CACHE;
    if (hub->claims[at].known && hub->claims[at].hash == hash)
        return hub->claims[at].bits;
    for (int i = 0; i < ZAPI_AUTOMATIONS; i++) {
        const struct desk *desk = hub->desks[i];
        char **list = desk && desk->current ? desk->current->instances : NULL;
        if (names(list, instance))
            bits |= UINT64_C(1) << i;
        if (names(list, "*"))
            listeners |= UINT64_C(1) << i;
    }
    hub->claims[at].known = true;
    hub->claims[at].hash = hash;
    hub->claims[at].bits = bits ? bits | listeners : UINT64_MAX;
    return hub->claims[at].bits;
}

static void count_event(const struct zapi_event *ev, const char *result)
{
    char labels[120];
    zapi_metrics_label(labels, 80, "kind", ev->kind);
    strcat(labels, result);
    zapi_metrics_add(ZAPI_M_EVENTS, labels, 1);
    zapi_metrics_set(ZAPI_M_LAST_EVENT, NULL, ev->received_at);
}

static uint64_t on_wanted(void *arg, const struct zapi_event *ev)
{
    struct zapi_hub *hub = arg;
    uint64_t hash = hash_of(ev->kind) ^ (hash_of(ev->type) << 1), bits = 0;
    pthread_mutex_lock(&hub->lock);
    for (int i = 0; i < ZAPI_AUTOMATIONS; i++)
        if (hub->desks[i] && hub->desks[i]->current &&
            wants_cached(hub->desks[i], ev, hash))
            bits |= UINT64_C(1) << i;
    if (hub->claimed && *ev->instance && !is_timer(ev))
        bits &= claimants(hub, ev->instance);
    pthread_mutex_unlock(&hub->lock);
    count_event(ev, bits ? ",result=\"stored\"" : ",result=\"unwanted\"");
    return bits;
}

/* ---- posts ---- */

void zapi_hub_post(struct zapi_hub *hub, struct zapi_post *post)
{
    post->next = NULL;
    pthread_mutex_lock(&hub->lock);
    bool wake = !hub->posts;
    *hub->posts_end = post;
    hub->posts_end = &post->next;
    pthread_mutex_unlock(&hub->lock);
    if (wake)
        zapi_hub_wake(hub);
}

static void run_posts(struct zapi_hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    struct zapi_post *list = hub->posts;
    hub->posts = NULL;
    hub->posts_end = &hub->posts;
    pthread_mutex_unlock(&hub->lock);
    while (list) {
        struct zapi_post *next = list->next;
        list->run(list);
        list = next;
    }
}

/* A row has changed: to the seat of its automation, on the loop. */
struct change {
    struct zapi_post post;
    struct zapi_hub *hub;
    struct zapi_send *row; /* owned */
};

/* Also a former seat: its handlers may wait for the row. */
static void tell_send(struct desk *desk, const struct zapi_send *row)
{
    for (struct zapi_hub_seat *s = desk->seats, *next; s; s = next) {
        next = s->next;
        if (s->config.send_changed)
            s->config.send_changed(s->config.arg, row);
    }
}

static void run_change(struct zapi_post *post)
{
    struct change *c = (struct change *)post;
    for (int i = 0; i < ZAPI_AUTOMATIONS; i++) {
        struct desk *desk = c->hub->desks[i];
        if (desk && c->row->automation &&
            strcmp(desk->name, c->row->automation) == 0)
            tell_send(desk, c->row);
    }
    zapi_send_free(c->row);
    free(c);
}

/* Writer thread. What a waiting script can use is copied, the rest left out. */
static void on_send_changed(void *arg, const struct zapi_send *row)
{
    struct zapi_hub *hub = arg;
    struct zapi_send part = *row;
    struct change *c = malloc(sizeof *c);
    part.step = part.args = part.lane = part.result = NULL;
    struct zapi_send *copy = c ? zapi_send_copy(&part) : NULL;
    if (!copy) {
        free(c); /* a wait may end by its time-out instead */
        return;
    }
    *c = (struct change){.post.run = run_change, .hub = hub, .row = copy};
    zapi_hub_post(hub, &c->post);
}

static void run_timers_changed(struct zapi_post *post)
{
    struct zapi_hub *hub =
        (struct zapi_hub *)(void *)((char *)post -
                                    offsetof(struct zapi_hub, timers_post));
    atomic_store(&hub->timers_posted, false);
    for (int i = 0; i < ZAPI_AUTOMATIONS; i++) {
        struct zapi_hub_seat *s = hub->desks[i] ? hub->desks[i]->current : NULL;
        if (s && s->config.timers_changed)
            s->config.timers_changed(s->config.arg);
    }
}

/* Any thread. */
static void on_timers_changed(void *arg)
{
    struct zapi_hub *hub = arg;
    if (atomic_exchange(&hub->timers_posted, true))
        return;
    hub->timers_post.run = run_timers_changed;
    zapi_hub_post(hub, &hub->timers_post);
}

/* ---- the loop: from the inbox to the dispatchers ---- */

static void drop_event(struct zapi_hub *hub, struct zapi_event *ev)
{
    if (ev && --ev->refs == 0)
        zapi_inbox_release(hub->inbox, ev);
}

/* A seat takes part of an event. Without memory it stays on disk. */
static void give(struct desk *desk, const struct zapi_inbox_item *item)
{
    struct zapi_delivery *one = calloc(1, sizeof *one);
    if (one) {
        one->seq = item->seq;
        one->event = item->event;
        if (one->event)
            one->event->refs++;
        if (zapi_dispatch_add(desk->dispatch, one, item->order))
            return;
        drop_event(desk->hub, one->event);
        free(one);
    }
    zapi_err("no memory for event %llu: it waits for the next start",
             (unsigned long long)item->seq);
}

static void give_item(struct zapi_hub *hub, struct zapi_inbox_item *item)
{
    struct zapi_event *ev = item->event;
    for (size_t i = hub->merged > MERGES ? hub->merged - MERGES : 0;
         i < hub->merged; i++)
        if (strcmp(item->order, hub->merges[i % MERGES].from) == 0)
            memcpy(item->order, hub->merges[i % MERGES].to, ZAPI_ORDER_MAX);
    if (ev) {
        ev->seq = item->seq;
        ev->refs = 1; /* ours, while it is given away */
    }
    for (int i = 0; i < ZAPI_AUTOMATIONS && item->wanted >> i; i++)
        if ((item->wanted >> i & 1) && hub->desks[i])
            give(hub->desks[i], item);
    drop_event(hub, ev);
}

static void apply_merges(struct zapi_hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    size_t n = hub->nmerges;
    pthread_mutex_unlock(&hub->lock);
    for (; hub->merged < n; hub->merged++) {
        struct merge *m = &hub->merges[hub->merged % MERGES];
        for (int i = 0; i < ZAPI_AUTOMATIONS; i++)
            if (hub->desks[i])
                zapi_dispatch_merge(hub->desks[i]->dispatch, m->from, m->to);
    }
}

/* Whoever joined has his seat in hand by now: what was left undone starts. */
static void begin_fresh(struct zapi_hub *hub)
{
    hub->fresh = false;
    for (int i = 0; i < ZAPI_AUTOMATIONS; i++) {
        struct desk *desk = hub->desks[i];
        if (desk && desk->fresh) {
            desk->fresh = false;
            zapi_dispatch_resume(desk->dispatch);
        }
    }
}

static void on_async(uv_async_t *async)
{
    struct zapi_hub *hub = async->data;
    struct zapi_inbox_item item;
    uint64_t until = uv_hrtime() + TURN_BUDGET_NS;
    run_posts(hub);
    apply_merges(hub);
    if (hub->fresh)
        begin_fresh(hub);
    while (!hub->closing && zapi_inbox_take(hub->inbox, &item)) {
        give_item(hub, &item);
        if (uv_hrtime() >= until) { /* the rest at the next turn */
            uv_async_send(&hub->async);
            return;
        }
    }
}

static void on_wake(void *arg)
{
    zapi_hub_wake(arg);
}

bool zapi_hub_take(struct zapi_hub *hub, struct zapi_event *ev, bool may_wait,
                   zapi_inbox_stored *stored, void *arg)
{
    return zapi_inbox_append(hub->inbox, ev, may_wait, stored, arg);
}

/* ---- opening and closing ---- */

static void on_alarm(void *arg, const char *why)
{
    struct zapi_hub *hub = arg;
    atomic_store(&hub->unwritable, why != NULL);
    zapi_metrics_set(ZAPI_M_STORE, NULL, why ? 0 : 1);
    if (why)
        zapi_err("ALARM: nothing can be stored (%s): webhooks get 503 until "
                 "it can",
                 why);
    else
        zapi_warn("the store can be written again");
}

/* The watchdog ended the last process: who was it with? */
static void read_stuck(struct zapi_hub *hub)
{
    char name[128];
    uint64_t seq = 0;
    if (zapi_stuck_read(hub->config.folder, name, sizeof name, &seq))
        zapi_inbox_note_stuck(hub->inbox, name, seq,
                              "its handler computed for too long in C code, "
                              "and the process was ended");
}

static bool open_store(struct zapi_hub *hub, struct zapi_error *error)
{
    struct zapi_db_config c = {.folder = hub->config.folder,
                               .alarm = on_alarm,
                               .batch = on_batch,
                               .arg = hub};
    size_t unknown = 0;
    if (!hub->config.folder)
        return true;
    hub->db = zapi_db_open(&c, error);
    if (!hub->db)
        return false;
    zapi_metrics_set(ZAPI_M_STORE, NULL, 1);
    if (zapi_db_was_unclean(hub->db))
        zapi_warn("the last process did not end in order: what it had not "
                  "finished is taken up again");
    hub->sends = zapi_sends_new(hub->db, on_send_changed, hub, &unknown, error);
    if (unknown > 0)
        zapi_warn("%zu message%s may or may not have been sent when the last "
                  "process ended: see 'zapibot outbox list --state unknown'",
                  unknown, unknown == 1 ? "" : "s");
    return hub->sends != NULL;
}

static bool open_parts(struct zapi_hub *hub, struct zapi_error *error)
{
    struct zapi_inbox_config inbox = {.window = hub->config.window,
                                      .apply = on_apply,
                                      .wanted = on_wanted,
                                      .wake = on_wake,
                                      .arg = hub};
    struct zapi_guard_limits limits = hub->config.guard;
    if (limits.replies_per_chat == 0 && !hub->config.no_guard)
        limits.replies_per_chat = REPLIES_PER_CHAT;
    if (limits.cold_recipients == 0 && !hub->config.no_guard)
        limits.cold_recipients = COLD_PER_HOUR;
    hub->guard = zapi_guard_new(&limits);
    if (!hub->guard || !open_store(hub, error))
        return false;
    hub->people = zapi_people_new(hub->db, error);
    if (!hub->people)
        return false;
    struct zapi_effects_config effects = {.people = hub->people,
                                          .sends = hub->sends,
                                          .guard = hub->guard,
                                          .merged = on_merged,
                                          .arg = hub};
    hub->effects = zapi_effects_new(&effects);
    inbox.db = hub->db;
    hub->inbox = hub->effects ? zapi_inbox_new(&inbox, error) : NULL;
    if (hub->inbox && hub->db)
        read_stuck(hub);
    return hub->inbox != NULL;
}

static void on_maintain(uv_timer_t *timer)
{
    struct zapi_hub *hub = timer->data;
    double now = zapi_clock_now();
    hub->maintained = zapi_clock_hrtime();
    zapi_guard_trim(hub->guard, now);
    if (hub->kv)
        zapi_kv_maintain(hub->kv, now);
    if (hub->db) {
        zapi_inbox_maintain(hub->inbox, now);
        zapi_sends_maintain(hub->sends, now);
    }
}

static void on_hub_clock(struct zapi_clock_waiter *w)
{
    struct zapi_hub *hub =
        (struct zapi_hub *)((char *)w - offsetof(struct zapi_hub, watch));
    if (zapi_clock_hrtime() - hub->maintained > MAINTAIN_MS / 1000.0)
        uv_timer_start(&hub->maintain, on_maintain, 0, MAINTAIN_MS);
}

static void free_hub(struct zapi_hub *hub)
{
    zapi_effects_delete(hub->effects);
    zapi_guard_delete(hub->guard);
    pthread_mutex_destroy(&hub->lock);
    free(hub);
}

/* Order: the writer ends first, with everything written; then what its jobs
 * used. */
static void close_store(struct zapi_hub *hub)
{
    zapi_db_close(hub->db);
    hub->db = NULL;
    run_posts(hub);
    zapi_inbox_delete(hub->inbox);
    zapi_sends_delete(hub->sends);
    zapi_people_delete(hub->people);
    zapi_kv_delete(hub->kv);
    zapi_timers_delete(hub->timers);
}

static void open_handles(struct zapi_hub *hub)
{
    uv_async_init(hub->config.loop, &hub->async, on_async);
    uv_timer_init(hub->config.loop, &hub->maintain);
    hub->async.data = hub->maintain.data = hub;
    hub->handles = 2;
    uv_unref((uv_handle_t *)&hub->async);
    uv_unref((uv_handle_t *)&hub->maintain);
    uv_timer_start(&hub->maintain, on_maintain, MAINTAIN_MS / 60, MAINTAIN_MS);
    hub->maintained = zapi_clock_hrtime();
    hub->watch.moved = on_hub_clock;
    zapi_clock_wait(&hub->watch, HUGE_VAL);
}

struct zapi_hub *zapi_hub_open(const struct zapi_hub_config *config,
                               struct zapi_error *error)
{
    struct zapi_hub *hub = calloc(1, sizeof *hub);
    zapi_error_set(error, ZAPI_E_NO_MEMORY, "not enough memory");
    if (!hub)
        return NULL;
    hub->config = *config;
    hub->posts_end = &hub->posts;
    pthread_mutex_init(&hub->lock, NULL);
    /* Before the writer runs: what it calls wakes the loop. */
    open_handles(hub);
    if (open_parts(hub, error))
        return hub;
    zapi_hub_close(hub);
    return NULL;
}

static void on_closed(uv_handle_t *handle)
{
    struct zapi_hub *hub = handle->data;
    if (--hub->handles == 0)
        free_hub(hub);
}

void zapi_hub_close(struct zapi_hub *hub)
{
    if (hub->inbox)
        zapi_inbox_close(hub->inbox);
    hub->closing = true;
    close_store(hub);
    uv_close((uv_handle_t *)&hub->async, on_closed);
    zapi_clock_leave(&hub->watch);
    uv_close((uv_handle_t *)&hub->maintain, on_closed);
}

struct zapi_db *zapi_hub_db(struct zapi_hub *hub)
{
    return hub->db;
}

struct zapi_inbox *zapi_hub_inbox(struct zapi_hub *hub)
{
    return hub->inbox;
}

struct zapi_people *zapi_hub_people(struct zapi_hub *hub)
{
    return hub->people;
}

struct zapi_sends *zapi_hub_sends(struct zapi_hub *hub)
{
    return hub->sends;
}

struct zapi_kv *zapi_hub_kv(struct zapi_hub *hub, struct zapi_error *error)
{
    if (!hub->kv)
        hub->kv = zapi_kv_new(hub->db, error);
    return hub->kv;
}

struct zapi_kv *zapi_hub_take_kv(struct zapi_hub *hub)
{
    struct zapi_kv *kv = hub->db ? NULL : hub->kv;
    if (kv)
        hub->kv = NULL;
    return kv;
}

void zapi_hub_give_kv(struct zapi_hub *hub, struct zapi_kv *kv)
{
    hub->kv = kv;
}

struct zapi_timers *zapi_hub_timers(struct zapi_hub *hub,
                                    struct zapi_error *error)
{
    if (!hub->timers)
        hub->timers = zapi_timers_new(hub->db, on_timers_changed, hub, error);
    return hub->timers;
}

struct zapi_guard *zapi_hub_guard(struct zapi_hub *hub)
{
    return hub->guard;
}

uv_loop_t *zapi_hub_loop(struct zapi_hub *hub)
{
    return hub->config.loop;
}

/* ---- seats: what their dispatchers ask ---- */

static void on_start(void *arg, struct zapi_delivery *one)
{
    struct desk *desk = arg;
    struct zapi_hub_seat *seat = desk->current;
    struct running *r = malloc(sizeof *r);
    if (r) { /* only for those who look at what runs */
        *r = (struct running){.one = one,
                              .seat = seat,
                              .began = uv_hrtime(),
                              .next = desk->running};
        if (r->next)
            r->next->prev = r;
        desk->running = r;
    }
    one->data = r;
    seat->running++;
    seat->config.start(seat->config.arg, one);
}

static struct zapi_event *on_load(void *arg, struct zapi_delivery *one)
{
    struct desk *desk = arg;
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    struct zapi_event *ev = zapi_inbox_load(desk->hub->inbox, one->seq, &error);
    if (ev) {
        ev->refs = 1;
        one->again = true; /* by this process or another: it cannot be told */
    } else if (error.kind != ZAPI_E_NONE) {
        zapi_err("event %llu cannot be read: %s", (unsigned long long)one->seq,
                 error.message);
        one->due = zapi_clock_now() + 1;
    }
    return ev;
}

static void on_finished(void *arg, struct zapi_delivery *one)
{
    struct desk *desk = arg;
    drop_event(desk->hub, one->event);
    free(one);
}

/* The wall clock may be set. Back, and what is put aside would wait for hours
 * (and hold up its chat); forward only makes it come early. */
static void watch_clock(struct desk *desk)
{
    double clock = zapi_clock_now() - zapi_clock_hrtime();
    double moved = clock - desk->clock;
    desk->clock = clock;
    if (moved > -1)
        return;
    zapi_warn("the clock was set back by %.0f s", -moved);
    zapi_dispatch_clock_set(desk->dispatch, moved);
}

static void on_desk_timer(uv_timer_t *timer)
{
    struct desk *desk = timer->data;
    zapi_clock_leave(&desk->wait);
    watch_clock(desk);
    zapi_dispatch_tick(desk->dispatch);
}

static void on_desk_clock(struct zapi_clock_waiter *w)
{
    struct desk *desk =
        (struct desk *)((char *)w - offsetof(struct desk, wait));
    uv_timer_start(desk->timer, on_desk_timer, 0, 0);
}

static void set_timer(void *arg, double due)
{
    struct desk *desk = arg;
    double wait = due - zapi_clock_now();
    zapi_clock_leave(&desk->wait);
    if (due != 0)
        zapi_clock_wait(&desk->wait, wait > 0 ? wait : 0);
    uint64_t ms = wait > 0 ? (uint64_t)(wait * 1000) + 1 : 0;
    if (due == 0)
        uv_timer_stop(desk->timer);
    else
        uv_timer_start(desk->timer, on_desk_timer,
                       ms > CLOCK_MS ? CLOCK_MS : ms, 0);
}

static double clock_of(void *arg)
{
    (void)arg;
    return zapi_clock_now();
}

/* ---- seats: life ---- */

/* Under the lock: what was found out of who wants what is not true any more. */
static void forget_answers(struct zapi_hub *hub, struct desk *desk)
{
    memset(desk->cache, 0, sizeof desk->cache);
    memset(hub->claims, 0, sizeof hub->claims);
    hub->claimed = false;
    for (int i = 0; i < ZAPI_AUTOMATIONS; i++)
        if (hub->desks[i] && hub->desks[i]->current &&
            hub->desks[i]->current->instances)
            hub->claimed = true;
}

void zapi_hub_subscribe(struct zapi_hub_seat *seat, const char *const *kinds)
{
    char **copy = zapi_strings_copy(kinds), **old = copy;
    if (!copy) {
        zapi_err("no memory for what '%s' subscribes to", seat->desk->name);
        return;
    }
    pthread_mutex_lock(&seat->desk->hub->lock);
    old = seat->kinds;
    seat->kinds = copy;
    memset(seat->desk->cache, 0, sizeof seat->desk->cache);
    pthread_mutex_unlock(&seat->desk->hub->lock);
    zapi_strings_free(old);
}

static void free_timer(uv_handle_t *handle)
{
    free(handle);
}

static void desk_free(struct desk *desk)
{
    zapi_dispatch_delete(desk->dispatch);
    zapi_clock_leave(&desk->wait);
    if (desk->timer)
        uv_close((uv_handle_t *)desk->timer, free_timer);
    while (desk->unparks) {
        struct unpark *u = desk->unparks;
        desk->unparks = u->next;
        free(u);
    }
    free(desk->name);
    free(desk->group);
    free(desk);
}

static struct desk *desk_new(struct zapi_hub *hub,
                             const struct zapi_hub_seat_config *config)
{
    struct desk *desk = calloc(1, sizeof *desk);
    if (!desk)
        return NULL;
    struct zapi_dispatch_config c = {.concurrency = config->concurrency,
                                     .start = on_start,
                                     .load = on_load,
                                     .finished = on_finished,
                                     .timer = set_timer,
                                     .now = clock_of,
                                     .arg = desk};
    desk->hub = hub;
    desk->serial = ++hub->serial;
    desk->name = strdup(config->name);
    desk->group = strdup(config->group ? config->group : "");
    desk->dispatch = zapi_dispatch_new(&c);
    desk->timer = malloc(sizeof *desk->timer);
    if (desk->timer) {
        uv_timer_init(hub->config.loop, desk->timer);
        desk->timer->data = desk;
        uv_unref((uv_handle_t *)desk->timer);
        desk->wait.moved = on_desk_clock;
    }
    desk->clock = zapi_clock_now() - zapi_clock_hrtime();
    if (desk->name && desk->group && desk->dispatch && desk->timer)
        return desk;
    desk_free(desk);
    return NULL;
}

static void seat_free(struct zapi_hub_seat *seat)
{
    zapi_strings_free(seat->kinds);
    zapi_strings_free(seat->instances);
    free(seat);
}

static struct zapi_hub_seat *seat_new(const struct zapi_hub_seat_config *config)
{
    struct zapi_hub_seat *seat = calloc(1, sizeof *seat);
    if (!seat)
        return NULL;
    seat->config = *config;
    seat->kinds = zapi_strings_copy(config->kinds);
    if (config->instances && *config->instances)
        seat->instances = zapi_strings_copy(config->instances);
    seat->config.name = seat->config.group = NULL; /* borrowed: the desk's */
    seat->config.kinds = seat->config.instances = NULL;
    if (seat->kinds &&
        (seat->instances || !config->instances || !*config->instances))
        return seat;
    seat_free(seat);
    return NULL;
}

static void revive(struct desk *desk, const char *order, uint64_t seq,
                   unsigned attempt, double due)
{
    struct zapi_delivery *one = calloc(1, sizeof *one);
    if (one) {
        one->seq = seq;
        one->attempt = attempt;
        one->due = due;
        one->again = true;
        if (zapi_dispatch_add(desk->dispatch, one, order))
            return;
        free(one);
    }
    zapi_err("no memory for event %llu: it waits for the next start",
             (unsigned long long)seq);
}

/* One that another process left undone. */
static void take_up(void *arg, const struct zapi_inbox_pending *p)
{
    revive(arg, p->order, p->seq, p->attempt, p->due);
}

static struct desk *desk_named(const struct zapi_hub *hub, const char *name)
{
    for (int i = 0; i < ZAPI_AUTOMATIONS; i++)
        if (hub->desks[i] && strcmp(hub->desks[i]->name, name) == 0)
            return hub->desks[i];
    return NULL;
}

bool zapi_hub_may_join(const struct zapi_hub *hub,
                       const struct zapi_hub_seat_config *config,
                       struct zapi_error *error)
{
    const struct desk *desk = desk_named(hub, config->name);
    const char *group = config->group ? config->group : "";
    if (!desk)
        return true;
    if ((config->replace || !desk->current) &&
        strcmp(desk->group, group) == 0 && desk->seats->began)
        return true;
    zapi_error_set(error, ZAPI_E_CONFIG,
                   "two bots of this process are called '%s': give one of "
                   "them another name (zapi.bot.new{name = …})",
                   config->name);
    return false;
}

static void set_current(struct desk *desk, struct zapi_hub_seat *seat)
{
    struct zapi_hub *hub = desk->hub;
    pthread_mutex_lock(&hub->lock);
    desk->current = seat;
    if (seat)
        seat->began = true;
    forget_answers(hub, desk);
    pthread_mutex_unlock(&hub->lock);
}

/* Nothing starts before the loop turns. */
static void begin_next_turn(struct desk *desk)
{
    desk->fresh = desk->hub->fresh = true;
    zapi_dispatch_pause(desk->dispatch);
    uv_async_send(&desk->hub->async);
}

static bool open_desk(struct desk *desk, struct zapi_hub_seat *seat,
                      struct zapi_error *error)
{
    struct zapi_hub *hub = desk->hub;
    desk->slot = zapi_inbox_attach(hub->inbox, desk->name);
    if (desk->slot < 0) {
        zapi_error_set(error, ZAPI_E_CONFIG, "more than %d automations",
                       ZAPI_AUTOMATIONS);
        return false;
    }
    begin_next_turn(desk);
    size_t left = zapi_inbox_pending(hub->inbox, desk->slot, take_up, desk);
    if (left > 0)
        zapi_info("%s: %zu event%s left undone, taken up now", desk->name, left,
                  left == 1 ? " was" : "s were");
    pthread_mutex_lock(&hub->lock);
    hub->desks[desk->slot] = desk;
    pthread_mutex_unlock(&hub->lock);
    set_current(desk, seat);
    return true;
}

struct zapi_hub_seat *zapi_hub_join(struct zapi_hub *hub,
                                    const struct zapi_hub_seat_config *config,
                                    struct zapi_error *error)
{
    if (!zapi_hub_may_join(hub, config, error))
        return NULL;
    struct desk *desk = desk_named(hub, config->name), *made = NULL;
    struct zapi_hub_seat *seat = seat_new(config);
    if (!desk)
        desk = made = desk_new(hub, config);
    zapi_error_set(error, ZAPI_E_NO_MEMORY, "not enough memory");
    if (!seat || !desk || (made && !open_desk(made, seat, error))) {
        if (made)
            desk_free(made);
        if (seat)
            seat_free(seat);
        return NULL;
    }
    zapi_error_clear(error);
    seat->desk = desk;
    seat->next = desk->seats;
    desk->seats = seat;
    if (!made && !config->replace) /* former ones end, and nobody follows */
        zapi_hub_succeed(seat);
    return seat;
}

static void desk_close(struct desk *desk)
{
    struct zapi_hub *hub = desk->hub;
    pthread_mutex_lock(&hub->lock);
    hub->desks[desk->slot] = NULL;
    pthread_mutex_unlock(&hub->lock);
    zapi_inbox_detach(hub->inbox, desk->slot);
    desk_free(desk);
}

void zapi_hub_leave(struct zapi_hub_seat *seat)
{
    struct desk *desk = seat->desk;
    struct zapi_hub_seat **link = &desk->seats;
    if (desk->current == seat) {
        zapi_hub_pause(seat);
        set_current(desk, NULL);
    }
    while (*link != seat)
        link = &(*link)->next;
    *link = seat->next;
    if (!desk->seats)
        desk_close(desk);
    seat_free(seat);
}

void zapi_hub_pause(struct zapi_hub_seat *seat)
{
    if (seat->desk->current != seat)
        return;
    seat->desk->fresh = false;
    zapi_dispatch_pause(seat->desk->dispatch);
}

bool zapi_hub_is_vacant(const struct zapi_hub *hub)
{
    for (int i = 0; i < ZAPI_AUTOMATIONS; i++)
        if (hub->desks[i])
            return false;
    return true;
}

bool zapi_hub_is_current(const struct zapi_hub_seat *seat)
{
    return seat->desk->current == seat;
}

size_t zapi_hub_running(const struct zapi_hub_seat *seat)
{
    return seat->running;
}

size_t zapi_hub_waiting(const struct zapi_hub_seat *seat)
{
    return zapi_hub_is_current(seat)
               ? zapi_dispatch_waiting(seat->desk->dispatch)
               : 0;
}

const char *zapi_hub_seat_name(const struct zapi_hub_seat *seat)
{
    return seat->desk->name;
}

struct zapi_hub *zapi_hub_of(struct zapi_hub_seat *seat)
{
    return seat->desk->hub;
}

/* ---- the next seat ---- */

struct offer { /* what is dead by a script's error; writer thread, then loop */
    struct zapi_post post;
    struct zapi_hub *hub;
    int slot;
    unsigned serial; /* the desk may have gone meanwhile */
    struct zapi_inbox_offered *list;
};

static void run_offer(struct zapi_post *post)
{
    struct offer *o = (struct offer *)post;
    struct desk *desk = o->hub->desks[o->slot];
    size_t n = 0;
    if (desk && desk->serial != o->serial)
        desk = NULL;
    while (o->list) {
        struct zapi_inbox_offered *one = o->list;
        o->list = one->next;
        if (desk)
            revive(desk, one->order, one->seq, one->attempt, 0);
        n++;
        free(one);
    }
    if (n > 0 && desk)
        zapi_info("%s: %zu dead letter%s of script errors: tried once more",
                  desk->name, n, n == 1 ? "" : "s");
    free(o);
}

static void on_offered(void *arg, struct zapi_inbox_offered *list)
{
    struct offer *o = arg;
    o->list = list;
    zapi_hub_post(o->hub, &o->post);
}

static void offer_dead(struct desk *desk)
{
    struct offer *o = malloc(sizeof *o);
    if (!o) {
        zapi_err("no memory to try dead letters once more");
        return;
    }
    *o = (struct offer){.post.run = run_offer,
                        .hub = desk->hub,
                        .slot = desk->slot,
                        .serial = desk->serial};
    zapi_inbox_offer(desk->hub->inbox, desk->slot, on_offered, o);
}

void zapi_hub_succeed(struct zapi_hub_seat *seat)
{
    struct desk *desk = seat->desk;
    if (desk->current == seat)
        return;
    set_current(desk, seat);
    begin_next_turn(desk);
    zapi_dispatch_limit(desk->dispatch, seat->config.concurrency);
    offer_dead(desk);
}

void zapi_hub_nudge(struct zapi_hub_seat *seat)
{
    struct zapi_hub_seat *next = seat->desk->current;
    if (next && next != seat && next->config.nudged)
        next->config.nudged(next->config.arg);
}

/* Does another one run what this one gives up? */
static bool was_succeeded(const struct zapi_hub_seat *seat)
{
    return seat->desk->current && seat->desk->current != seat;
}

/* ---- the end of a handler ---- */

/* It runs no more with this seat. */
static void not_running(struct zapi_hub_seat *seat, struct zapi_delivery *one)
{
    struct running *r = one->data;
    if (!one->parked)
        seat->running--;
    one->data = NULL;
    if (!r)
        return;
    double seconds = (double)(uv_hrtime() - r->began) / 1e9;
    zapi_metrics_observe(ZAPI_M_HANDLER_SECONDS, NULL, seconds);
    *(r->prev ? &r->prev->next : &seat->desk->running) = r->next;
    if (r->next)
        r->next->prev = r->prev;
    free(r);
}

static void count_end(enum zapi_inbox_outcome outcome)
{
    static const char *const labels[] = {
        [ZAPI_INBOX_DONE] = "outcome=\"done\"",
        [ZAPI_INBOX_DEAD] = "outcome=\"dead\"",
        [ZAPI_INBOX_LATER] = "outcome=\"later\"",
        [ZAPI_INBOX_AGAIN] = "outcome=\"retry\""};
    zapi_metrics_add(ZAPI_M_HANDLED, labels[outcome], 1);
    if (outcome == ZAPI_INBOX_AGAIN)
        zapi_metrics_add(ZAPI_M_RETRIES, NULL, 1);
}

static void free_writes(struct zapi_write *w)
{
    while (w) {
        struct zapi_write *next = w->next;
        w->release(w);
        w = next;
    }
}

void zapi_hub_release(struct zapi_hub_seat *seat, struct zapi_delivery *one)
{
    zapi_dispatch_release(seat->desk->dispatch, one);
}

void zapi_hub_park(struct zapi_hub_seat *seat, struct zapi_delivery *one,
                   struct zapi_write *writes)
{
    struct zapi_inbox_end end = {.slot = seat->desk->slot,
                                 .seq = one->seq,
                                 .order = one->event->order,
                                 .outcome = ZAPI_INBOX_PARKED,
                                 .attempt = one->attempt,
                                 .writes = writes};
    zapi_inbox_finish(seat->desk->hub->inbox, &end, NULL, NULL);
    if (!one->parked)
        seat->running--;
    zapi_dispatch_park(seat->desk->dispatch, one);
}

void zapi_hub_consume(struct zapi_hub_seat *seat, struct zapi_delivery *one,
                      struct zapi_write *writes,
                      void (*done)(void *arg, enum zapi_db_result r), void *arg)
{
    struct zapi_inbox_end end = {.slot = seat->desk->slot,
                                 .seq = one->seq,
                                 .order = one->event->order,
                                 .outcome = ZAPI_INBOX_DONE,
                                 .attempt = one->attempt,
                                 .last = one->event->only,
                                 .writes = writes};
    one->consumed = true;
    zapi_inbox_finish(seat->desk->hub->inbox, &end, done, arg);
}

static void unpark(struct desk *desk, uint64_t seq, unsigned attempt)
{
    struct zapi_delivery *one = calloc(1, sizeof *one);
    if (one) {
        *one = (struct zapi_delivery){
            .seq = seq, .attempt = attempt, .again = true};
        if (zapi_dispatch_unpark(desk->dispatch, one))
            return;
        free(one);
    }
    zapi_err("no memory for event %llu: it stays parked",
             (unsigned long long)seq);
}

/* Does a seat before this one have it still? */
static bool runs_elsewhere(const struct zapi_hub_seat *seat, uint64_t seq)
{
    const struct running *r = seat->desk->running;
    if (!seat->desk->seats->next)
        return false;
    while (r && (r->seat == seat || r->one->seq != seq))
        r = r->next;
    return r != NULL;
}

void zapi_hub_unpark(struct zapi_hub_seat *seat, uint64_t seq, unsigned attempt)
{
    struct desk *desk = seat->desk;
    struct unpark *u = NULL;
    if (runs_elsewhere(seat, seq))
        u = malloc(sizeof *u);
    if (!u) {
        unpark(desk, seq, attempt);
        return;
    }
    *u = (struct unpark){.next = desk->unparks, .seq = seq, .attempt = attempt};
    desk->unparks = u;
}

/* NULL: nobody waits for it. To be freed. */
static struct unpark *take_unpark(struct desk *desk, uint64_t seq)
{
    struct unpark **link = &desk->unparks;
    while (*link && (*link)->seq != seq)
        link = &(*link)->next;
    struct unpark *u = *link;
    if (u)
        *link = u->next;
    return u;
}

/* A former seat has ended what the current one was to take up. */
static void tell_ended(struct desk *desk, uint64_t seq, bool runs_again)
{
    struct unpark *u = take_unpark(desk, seq);
    struct zapi_hub_seat *seat = desk->current;
    if (u && !runs_again && seat && seat->config.ended_elsewhere)
        seat->config.ended_elsewhere(seat->config.arg, seq);
    free(u);
}

void zapi_hub_end(struct zapi_hub_seat *seat, struct zapi_delivery *one,
                  struct zapi_inbox_end *end)
{
    const struct zapi_event *ev = one->event;
    bool former = was_succeeded(seat);
    end->slot = seat->desk->slot;
    end->seq = one->seq;
    end->order = ev->order;
    end->last = ev->only;
    if (former && end->outcome == ZAPI_INBOX_DEAD && end->by_script) {
        end->outcome = ZAPI_INBOX_AGAIN; /* the next one may do better */
        end->due = zapi_clock_now();
    }
    if (end->outcome != ZAPI_INBOX_DONE) {
        free_writes(end->writes);
        end->writes = NULL;
    }
    not_running(seat, one);
    count_end(end->outcome);
    if (one->consumed) {
        free_writes(end->writes);
        end->outcome = ZAPI_INBOX_DONE;
    } else if (ev->keep || !zapi_hub_db(seat->desk->hub) || end->writes) {
        zapi_inbox_finish(seat->desk->hub->inbox, end, NULL, NULL);
    } else { /* presence: not stored, never tried again */
        free_writes(end->writes);
        end->outcome = ZAPI_INBOX_DONE;
    }
    bool again =
        end->outcome == ZAPI_INBOX_AGAIN || end->outcome == ZAPI_INBOX_LATER;
    one->attempt = end->attempt;
    one->again = true;
    if (former)
        tell_ended(seat->desk, one->seq, again);
    if (again)
        watch_clock(
            seat->desk); /* before what is due by the new one is put aside */
    if (end->outcome == ZAPI_INBOX_AGAIN)
        zapi_dispatch_again(seat->desk->dispatch, one, end->due);
    else if (end->outcome == ZAPI_INBOX_LATER)
        zapi_dispatch_later(seat->desk->dispatch, one, end->due);
    else
        zapi_dispatch_done(seat->desk->dispatch, one);
}

/* Parked, it is taken up again when its answer comes; maybe that was. */
static void abandon_parked(struct desk *desk, struct zapi_delivery *one)
{
    struct unpark *u = take_unpark(desk, one->seq);
    zapi_dispatch_done(desk->dispatch, one);
    if (u)
        unpark(desk, u->seq, u->attempt);
    free(u);
}

void zapi_hub_abandon(struct zapi_hub_seat *seat, struct zapi_delivery *one)
{
    struct desk *desk = seat->desk;
    not_running(seat, one);
    if (one->parked) {
        abandon_parked(desk, one);
    } else if (was_succeeded(seat) && !one->consumed) {
        one->again = true;
        zapi_dispatch_restart(desk->dispatch, one);
    } else {
        zapi_hub_pause(seat);
        zapi_dispatch_done(desk->dispatch, one);
    }
}

/* ---- commands, watchers ---- */

void zapi_hub_each_running(struct zapi_hub *hub, zapi_hub_visit *visit,
                           void *arg)
{
    for (int i = 0; i < ZAPI_AUTOMATIONS; i++) {
        struct desk *desk = hub->desks[i];
        for (struct running *r = desk ? desk->running : NULL; r; r = r->next)
            visit(arg, desk->name, r->one,
                  (double)(uv_hrtime() - r->began) / 1e9);
    }
}

void zapi_hub_revive(struct zapi_hub_seat *seat, const char *order,
                     uint64_t seq, unsigned attempt, double due)
{
    revive(seat->desk, order, seq, attempt, due);
}

void zapi_hub_revived(struct zapi_hub *hub, const char *automation,
                      const char *order, uint64_t seq)
{
    struct desk *desk = desk_named(hub, automation);
    if (desk)
        revive(desk, order, seq, 0, 0);
}

void zapi_hub_dropped(struct zapi_hub *hub, const char *automation,
                      const char *order, uint64_t seq)
{
    struct desk *desk = desk_named(hub, automation);
    if (desk)
        zapi_dispatch_drop(desk->dispatch, seq, order);
}

bool zapi_hub_writable(const struct zapi_hub *hub)
{
    return !atomic_load(&hub->unwritable);
}

void zapi_hub_measure(struct zapi_hub *hub)
{
    struct zapi_gauges g = {0};
    size_t running = 0, waiting = zapi_inbox_depth(hub->inbox);
    for (int i = 0; i < ZAPI_AUTOMATIONS; i++)
        if (hub->desks[i]) {
            running += zapi_dispatch_running(hub->desks[i]->dispatch);
            waiting += zapi_dispatch_waiting(hub->desks[i]->dispatch);
        }
    zapi_metrics_set(ZAPI_M_HANDLERS, NULL, (double)running);
    zapi_metrics_set(ZAPI_M_DEPTH, NULL, (double)waiting);
    if (!hub->db)
        return;
    zapi_gauges_read(zapi_db_reader(hub->db), zapi_clock_now(), &g);
    zapi_metrics_set(ZAPI_M_OLDEST, NULL, g.oldest_seconds);
    zapi_metrics_set(ZAPI_M_DEAD, NULL, (double)g.dead);
    zapi_metrics_set(ZAPI_M_UNKNOWN, NULL, (double)g.unknown);
    zapi_metrics_set(ZAPI_M_QUEUED, NULL, (double)g.queued);
    zapi_metrics_set(ZAPI_M_UNCLEAN, NULL, (double)g.unclean);
}
