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
#include "engine/effects.h"
#include "engine/ingest.h"
#include "net/door.h"
#include "store/gauges.h"
#include "store/stuck.h"

#define TURN_BUDGET_NS 5000000u /* for taking events, per turn of the loop */

enum { REPLIES_PER_CHAT = 20, COLD_PER_HOUR = 60, MAINTAIN_MS = 60000 };
enum { CLOCK_MS = 5000 }; /* how soon it is seen that the clock was set */
enum { KIND_CACHE = 64, MERGES = 64 };

struct merge {
    char from[ZAPI_ORDER_MAX], to[ZAPI_ORDER_MAX];
};

struct zapi_hub_seat {
    struct zapi_hub *hub;
    struct zapi_hub_seat_config config;
    char *name;
    int slot;
    bool fresh; /* nothing starts before the loop turns */
    struct zapi_dispatch *dispatch;
    uv_timer_t *timer; /* the dispatcher's; freed when closed */
    struct zapi_clock_waiter wait;
    double clock; /* Unix time less that of the loop, as last seen */
    struct running *running;
    /* Under the hub's lock; read by the writer thread. */
    char **kinds;
    struct { /* answers so far, by the hash of the kind */
        uint64_t hash;
        bool known, wants;
    } cache[KIND_CACHE];
};

struct running { /* a handler under way; the delivery's `data` */
    struct zapi_delivery *one;
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
    bool closing, fresh;                           /* fresh: a seat is */
    struct zapi_hub_seat *seats[ZAPI_AUTOMATIONS]; /* written under lock */

    pthread_mutex_t lock;
    struct zapi_post *posts, **posts_end;
    struct merge merges[MERGES]; /* the last ones, by the writer thread */
    size_t nmerges, merged;      /* made; applied by the loop */
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

static bool seat_wants(const struct zapi_hub_seat *seat,
                       const struct zapi_event *ev)
{
    if (strncmp(ev->type, timer_type, sizeof timer_type - 1) == 0)
        return strcmp(ev->type + sizeof timer_type - 1, seat->name) == 0;
    for (char **name = seat->kinds; name && *name; name++)
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
static bool wants_cached(struct zapi_hub_seat *seat,
                         const struct zapi_event *ev, uint64_t hash)
{
    size_t i = hash % KIND_CACHE;
    if (!seat->cache[i].known || seat->cache[i].hash != hash) {
        seat->cache[i].hash = hash;
        seat->cache[i].wants = seat_wants(seat, ev);
        seat->cache[i].known = true;
    }
    return seat->cache[i].wants;
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
        if (hub->seats[i] && wants_cached(hub->seats[i], ev, hash))
            bits |= UINT64_C(1) << i;
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

static void run_change(struct zapi_post *post)
{
    struct change *c = (struct change *)post;
    for (int i = 0; i < ZAPI_AUTOMATIONS; i++) {
        struct zapi_hub_seat *seat = c->hub->seats[i];
        if (seat && seat->config.send_changed && c->row->automation &&
            strcmp(seat->name, c->row->automation) == 0)
            seat->config.send_changed(seat->config.arg, c->row);
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
        struct zapi_hub_seat *seat = hub->seats[i];
        if (seat && seat->config.timers_changed)
            seat->config.timers_changed(seat->config.arg);
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
static void give(struct zapi_hub_seat *seat, const struct zapi_inbox_item *item)
{
    struct zapi_delivery *one = calloc(1, sizeof *one);
    if (one) {
        one->seq = item->seq;
        one->event = item->event;
        if (one->event)
            one->event->refs++;
        if (zapi_dispatch_add(seat->dispatch, one, item->order))
            return;
        drop_event(seat->hub, one->event);
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
        if ((item->wanted >> i & 1) && hub->seats[i])
            give(hub->seats[i], item);
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
            if (hub->seats[i])
                zapi_dispatch_merge(hub->seats[i]->dispatch, m->from, m->to);
    }
}

/* Whoever joined has his seat in hand by now: what was left undone starts. */
static void begin_fresh(struct zapi_hub *hub)
{
    hub->fresh = false;
    for (int i = 0; i < ZAPI_AUTOMATIONS; i++) {
        struct zapi_hub_seat *seat = hub->seats[i];
        if (seat && seat->fresh) {
            seat->fresh = false;
            zapi_dispatch_resume(seat->dispatch);
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
    struct zapi_hub_seat *seat = arg;
    struct running *r = malloc(sizeof *r);
    if (r) { /* only for those who look at what runs */
        *r = (struct running){
            .one = one, .began = uv_hrtime(), .next = seat->running};
        if (r->next)
            r->next->prev = r;
        seat->running = r;
    }
    one->data = r;
    seat->config.start(seat->config.arg, one);
}

static struct zapi_event *on_load(void *arg, struct zapi_delivery *one)
{
    struct zapi_hub_seat *seat = arg;
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    struct zapi_event *ev = zapi_inbox_load(seat->hub->inbox, one->seq, &error);
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
    struct zapi_hub_seat *seat = arg;
    drop_event(seat->hub, one->event);
    free(one);
}

/* The wall clock may be set. Back, and what is put aside would wait for hours
 * (and hold up its chat); forward only makes it come early. */
static void watch_clock(struct zapi_hub_seat *seat)
{
    double clock = zapi_clock_now() - zapi_clock_hrtime();
    double moved = clock - seat->clock;
    seat->clock = clock;
    if (moved > -1)
        return;
    zapi_warn("the clock was set back by %.0f s", -moved);
    zapi_dispatch_clock_set(seat->dispatch, moved);
}

static void on_seat_timer(uv_timer_t *timer)
{
    struct zapi_hub_seat *seat = timer->data;
    zapi_clock_leave(&seat->wait);
    watch_clock(seat);
    zapi_dispatch_tick(seat->dispatch);
}

static void on_seat_clock(struct zapi_clock_waiter *w)
{
    struct zapi_hub_seat *seat =
        (struct zapi_hub_seat *)((char *)w -
                                 offsetof(struct zapi_hub_seat, wait));
    uv_timer_start(seat->timer, on_seat_timer, 0, 0);
}

static void set_timer(void *arg, double due)
{
    struct zapi_hub_seat *seat = arg;
    double wait = due - zapi_clock_now();
    zapi_clock_leave(&seat->wait);
    if (due != 0)
        zapi_clock_wait(&seat->wait, wait > 0 ? wait : 0);
    uint64_t ms = wait > 0 ? (uint64_t)(wait * 1000) + 1 : 0;
    if (due == 0)
        uv_timer_stop(seat->timer);
    else
        uv_timer_start(seat->timer, on_seat_timer,
                       ms > CLOCK_MS ? CLOCK_MS : ms, 0);
}

static double clock_of(void *arg)
{
    (void)arg;
    return zapi_clock_now();
}

/* ---- seats: life ---- */

static void free_kinds(char **kinds)
{
    for (char **k = kinds; k && *k; k++)
        free(*k);
    free(kinds);
}

/* NULL without memory. */
static char **copy_kinds(const char *const *kinds)
{
    size_t n = 0;
    while (kinds && kinds[n])
        n++;
    char **copy = calloc(n + 1, sizeof *copy);
    for (size_t i = 0; copy && i < n; i++) {
        copy[i] = strdup(kinds[i]);
        if (!copy[i]) {
            free_kinds(copy);
            return NULL;
        }
    }
    return copy;
}

void zapi_hub_subscribe(struct zapi_hub_seat *seat, const char *const *kinds)
{
    char **copy = copy_kinds(kinds), **old = copy;
    if (!copy) {
        zapi_err("no memory for what '%s' subscribes to", seat->name);
        return;
    }
    pthread_mutex_lock(&seat->hub->lock);
    old = seat->kinds;
    seat->kinds = copy;
    memset(seat->cache, 0, sizeof seat->cache);
    pthread_mutex_unlock(&seat->hub->lock);
    free_kinds(old);
}

static void free_timer(uv_handle_t *handle)
{
    free(handle);
}

static void seat_free(struct zapi_hub_seat *seat)
{
    zapi_dispatch_delete(seat->dispatch);
    zapi_clock_leave(&seat->wait);
    if (seat->timer)
        uv_close((uv_handle_t *)seat->timer, free_timer);
    free_kinds(seat->kinds);
    free(seat->name);
    free(seat);
}

static struct zapi_hub_seat *seat_new(struct zapi_hub *hub,
                                      const struct zapi_hub_seat_config *config)
{
    struct zapi_hub_seat *seat = calloc(1, sizeof *seat);
    if (!seat)
        return NULL;
    struct zapi_dispatch_config c = {.concurrency = config->concurrency,
                                     .start = on_start,
                                     .load = on_load,
                                     .finished = on_finished,
                                     .timer = set_timer,
                                     .now = clock_of,
                                     .arg = seat};
    seat->hub = hub;
    seat->config = *config;
    seat->name = strdup(config->name);
    seat->kinds = copy_kinds(config->kinds);
    seat->dispatch = zapi_dispatch_new(&c);
    seat->timer = malloc(sizeof *seat->timer);
    if (seat->timer) {
        uv_timer_init(hub->config.loop, seat->timer);
        seat->timer->data = seat;
        uv_unref((uv_handle_t *)seat->timer);
        seat->wait.moved = on_seat_clock;
    }
    seat->clock = zapi_clock_now() - zapi_clock_hrtime();
    if (seat->name && seat->kinds && seat->dispatch && seat->timer)
        return seat;
    seat_free(seat);
    return NULL;
}

/* One that another process, or this one before a reload, left undone. */
static void take_up(void *arg, const struct zapi_inbox_pending *p)
{
    struct zapi_hub_seat *seat = arg;
    zapi_hub_revive(seat, p->order, p->seq, p->attempt, p->due);
}

static bool name_is_taken(const struct zapi_hub *hub, const char *name)
{
    for (int i = 0; i < ZAPI_AUTOMATIONS; i++)
        if (hub->seats[i] && strcmp(hub->seats[i]->name, name) == 0)
            return true;
    return false;
}

struct zapi_hub_seat *zapi_hub_join(struct zapi_hub *hub,
                                    const struct zapi_hub_seat_config *config,
                                    struct zapi_error *error)
{
    if (name_is_taken(hub, config->name)) {
        zapi_error_set(error, ZAPI_E_CONFIG,
                       "two bots of this process are called '%s': give one of "
                       "them another name (zapi.bot.new{name = …})",
                       config->name);
        return NULL;
    }
    struct zapi_hub_seat *seat = seat_new(hub, config);
    zapi_error_set(error, ZAPI_E_NO_MEMORY, "not enough memory");
    if (!seat)
        return NULL;
    seat->slot = zapi_inbox_attach(hub->inbox, seat->name);
    if (seat->slot < 0) {
        zapi_error_set(error, ZAPI_E_CONFIG, "more than %d automations",
                       ZAPI_AUTOMATIONS);
        seat_free(seat);
        return NULL;
    }
    zapi_error_clear(error);
    seat->fresh = hub->fresh = true;
    zapi_dispatch_pause(seat->dispatch);
    size_t left = zapi_inbox_pending(hub->inbox, seat->slot, take_up, seat);
    if (left > 0)
        zapi_info("%s: %zu event%s left undone, taken up now", seat->name, left,
                  left == 1 ? " was" : "s were");
    pthread_mutex_lock(&hub->lock);
    hub->seats[seat->slot] = seat;
    pthread_mutex_unlock(&hub->lock);
    uv_async_send(&hub->async);
    return seat;
}

void zapi_hub_leave(struct zapi_hub_seat *seat)
{
    struct zapi_hub *hub = seat->hub;
    pthread_mutex_lock(&hub->lock);
    hub->seats[seat->slot] = NULL;
    pthread_mutex_unlock(&hub->lock);
    zapi_inbox_detach(hub->inbox, seat->slot);
    seat_free(seat);
}

void zapi_hub_pause(struct zapi_hub_seat *seat)
{
    seat->fresh = false;
    zapi_dispatch_pause(seat->dispatch);
}

bool zapi_hub_is_vacant(const struct zapi_hub *hub)
{
    for (int i = 0; i < ZAPI_AUTOMATIONS; i++)
        if (hub->seats[i])
            return false;
    return true;
}

size_t zapi_hub_running(const struct zapi_hub_seat *seat)
{
    return zapi_dispatch_running(seat->dispatch);
}

size_t zapi_hub_waiting(const struct zapi_hub_seat *seat)
{
    return zapi_dispatch_waiting(seat->dispatch);
}

const char *zapi_hub_seat_name(const struct zapi_hub_seat *seat)
{
    return seat->name;
}

struct zapi_hub *zapi_hub_of(struct zapi_hub_seat *seat)
{
    return seat->hub;
}

/* ---- the end of a handler ---- */

static void not_running(struct zapi_hub_seat *seat, struct zapi_delivery *one)
{
    struct running *r = one->data;
    one->data = NULL;
    if (!r)
        return;
    double seconds = (double)(uv_hrtime() - r->began) / 1e9;
    zapi_metrics_observe(ZAPI_M_HANDLER_SECONDS, NULL, seconds);
    *(r->prev ? &r->prev->next : &seat->running) = r->next;
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
    zapi_dispatch_release(seat->dispatch, one);
}

void zapi_hub_park(struct zapi_hub_seat *seat, struct zapi_delivery *one,
                   struct zapi_write *writes)
{
    struct zapi_inbox_end end = {.slot = seat->slot,
                                 .seq = one->seq,
                                 .order = one->event->order,
                                 .outcome = ZAPI_INBOX_PARKED,
                                 .attempt = one->attempt,
                                 .writes = writes};
    zapi_inbox_finish(seat->hub->inbox, &end, NULL, NULL);
    zapi_dispatch_park(seat->dispatch, one);
}

void zapi_hub_consume(struct zapi_hub_seat *seat, struct zapi_delivery *one,
                      struct zapi_write *writes,
                      void (*done)(void *arg, enum zapi_db_result r), void *arg)
{
    struct zapi_inbox_end end = {.slot = seat->slot,
                                 .seq = one->seq,
                                 .order = one->event->order,
                                 .outcome = ZAPI_INBOX_DONE,
                                 .attempt = one->attempt,
                                 .last = one->event->only,
                                 .writes = writes};
    one->consumed = true;
    zapi_inbox_finish(seat->hub->inbox, &end, done, arg);
}

void zapi_hub_unpark(struct zapi_hub_seat *seat, uint64_t seq, unsigned attempt)
{
    struct zapi_delivery *one = calloc(1, sizeof *one);
    if (one) {
        *one = (struct zapi_delivery){
            .seq = seq, .attempt = attempt, .again = true};
        if (zapi_dispatch_unpark(seat->dispatch, one))
            return;
        free(one);
    }
    zapi_err("no memory for event %llu: it stays parked",
             (unsigned long long)seq);
}

void zapi_hub_end(struct zapi_hub_seat *seat, struct zapi_delivery *one,
                  struct zapi_inbox_end *end)
{
    const struct zapi_event *ev = one->event;
    end->slot = seat->slot;
    end->seq = one->seq;
    end->order = ev->order;
    end->last = ev->only;
    if (end->outcome != ZAPI_INBOX_DONE) {
        free_writes(end->writes);
        end->writes = NULL;
    }
    not_running(seat, one);
    count_end(end->outcome);
    if (one->consumed) {
        free_writes(end->writes);
        end->outcome = ZAPI_INBOX_DONE;
    } else if (ev->keep || !zapi_hub_db(seat->hub) || end->writes) {
        zapi_inbox_finish(seat->hub->inbox, end, NULL, NULL);
    } else { /* presence: not stored, never tried again */
        free_writes(end->writes);
        end->outcome = ZAPI_INBOX_DONE;
    }
    one->attempt = end->attempt;
    one->again = true;
    if (end->outcome == ZAPI_INBOX_AGAIN || end->outcome == ZAPI_INBOX_LATER)
        watch_clock(seat); /* before what is due by the new one is put aside */
    if (end->outcome == ZAPI_INBOX_AGAIN)
        zapi_dispatch_again(seat->dispatch, one, end->due);
    else if (end->outcome == ZAPI_INBOX_LATER)
        zapi_dispatch_later(seat->dispatch, one, end->due);
    else
        zapi_dispatch_done(seat->dispatch, one);
}

void zapi_hub_abandon(struct zapi_hub_seat *seat, struct zapi_delivery *one)
{
    not_running(seat, one);
    if (!one->parked) /* else it is taken up again when its answer comes */
        zapi_hub_pause(seat);
    zapi_dispatch_done(seat->dispatch, one);
}

/* ---- commands, watchers ---- */

void zapi_hub_each_running(struct zapi_hub *hub, zapi_hub_visit *visit,
                           void *arg)
{
    for (int i = 0; i < ZAPI_AUTOMATIONS; i++) {
        struct zapi_hub_seat *seat = hub->seats[i];
        for (struct running *r = seat ? seat->running : NULL; r; r = r->next)
            visit(arg, seat->name, r->one,
                  (double)(uv_hrtime() - r->began) / 1e9);
    }
}

static struct zapi_hub_seat *seat_named(struct zapi_hub *hub, const char *name)
{
    for (int i = 0; i < ZAPI_AUTOMATIONS; i++)
        if (hub->seats[i] && strcmp(hub->seats[i]->name, name) == 0)
            return hub->seats[i];
    return NULL;
}

void zapi_hub_revive(struct zapi_hub_seat *seat, const char *order,
                     uint64_t seq, unsigned attempt, double due)
{
    struct zapi_delivery *one = calloc(1, sizeof *one);
    if (one) {
        one->seq = seq;
        one->attempt = attempt;
        one->due = due;
        one->again = true;
        if (zapi_dispatch_add(seat->dispatch, one, order))
            return;
        free(one);
    }
    zapi_err("no memory for event %llu: it waits for the next start",
             (unsigned long long)seq);
}

void zapi_hub_revived(struct zapi_hub *hub, const char *automation,
                      const char *order, uint64_t seq)
{
    struct zapi_hub_seat *seat = seat_named(hub, automation);
    if (seat)
        zapi_hub_revive(seat, order, seq, 0, 0);
}

void zapi_hub_dropped(struct zapi_hub *hub, const char *automation,
                      const char *order, uint64_t seq)
{
    struct zapi_hub_seat *seat = seat_named(hub, automation);
    if (seat)
        zapi_dispatch_drop(seat->dispatch, seq, order);
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
        if (hub->seats[i]) {
            running += zapi_hub_running(hub->seats[i]);
            waiting += zapi_hub_waiting(hub->seats[i]);
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
