/* SPDX-License-Identifier: MIT
 *
 * See hub.h. The way of an event:
 *
 *   any thread     zapi_hub_take → inbox (writer thread: effects, wanted,
 *                  commit) → the 200, and the loop is woken
 *   loop           on_async → posts, merges, items → one delivery per seat →
 *                  its dispatcher → config.start … zapi_hub_end → inbox_finish
 *
 * The other files are in hub_parts.h. Here is what the loop does when it was
 * woken, and how it is woken. Start reading at zapi_hub_on_async.
 */
#include "engine/hub.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "engine/hub_parts.h"
#include "net/door.h"
#include "store/gauges.h"

#define TURN_BUDGET_NS 5000000u /* for taking events, per turn of the loop */
#define GAUGES_REST    100u     /* times what the gauges took */
#define GAUGES_MOST_NS UINT64_C(10000000000) /* and that is the longest rest */

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

void zapi_hub_on_batch(void *arg, bool begins)
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

/* ---- desks by name ---- */

struct zapi_desk *zapi_hub_desk_named(const struct zapi_hub *hub,
                                      const char *name)
{
    struct zapi_desk *desk = hub->named[zapi_hub_hash(name) % ZAPI_NAME_LISTS];
    while (desk && strcmp(desk->name, name) != 0)
        desk = desk->same_list;
    return desk;
}

void zapi_hub_add_desk(struct zapi_hub *hub, struct zapi_desk *desk)
{
    size_t at = zapi_hub_hash(desk->name) % ZAPI_NAME_LISTS;
    pthread_mutex_lock(&hub->lock);
    hub->desks[desk->slot] = desk;
    desk->same_list = hub->named[at];
    hub->named[at] = desk;
    pthread_mutex_unlock(&hub->lock);
}

void zapi_hub_remove_desk(struct zapi_hub *hub, struct zapi_desk *desk)
{
    size_t at = zapi_hub_hash(desk->name) % ZAPI_NAME_LISTS;
    struct zapi_desk **link = &hub->named[at];
    pthread_mutex_lock(&hub->lock);
    hub->desks[desk->slot] = NULL;
    while (*link != desk)
        link = &(*link)->same_list;
    *link = desk->same_list;
    pthread_mutex_unlock(&hub->lock);
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

void zapi_hub_run_posts(struct zapi_hub *hub)
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
static void tell_send(struct zapi_desk *desk, const struct zapi_send *row)
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
    const char *name = c->row->automation;
    struct zapi_desk *desk = name ? zapi_hub_desk_named(c->hub, name) : NULL;
    if (desk)
        tell_send(desk, c->row);
    zapi_send_free(c->row);
    free(c);
}

/* Writer thread. What a waiting script can use is copied, the rest left out. */
void zapi_hub_on_send_changed(void *arg, const struct zapi_send *row)
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
    pthread_mutex_lock(&hub->lock);
    struct zapi_slots woken = hub->woken;
    hub->woken = (struct zapi_slots){{0}};
    pthread_mutex_unlock(&hub->lock);
    for (int i = zapi_slots_next(&woken, 0); i >= 0;
         i = zapi_slots_next(&woken, i + 1)) {
        struct zapi_hub_seat *s = hub->desks[i] ? hub->desks[i]->current : NULL;
        if (s && s->config.timers_changed)
            s->config.timers_changed(s->config.arg);
    }
}

/* Any thread. */
void zapi_hub_on_timers_changed(void *arg, const char *automation)
{
    struct zapi_hub *hub = arg;
    pthread_mutex_lock(&hub->lock);
    const struct zapi_desk *desk = zapi_hub_desk_named(hub, automation);
    bool first = desk && zapi_slots_empty(&hub->woken);
    if (desk)
        zapi_slots_add(&hub->woken, desk->slot);
    pthread_mutex_unlock(&hub->lock);
    if (!first)
        return; /* nobody to be told, or the post is under way */
    hub->timers_post.run = run_timers_changed;
    zapi_hub_post(hub, &hub->timers_post);
}

/* ---- from the inbox to the dispatchers ---- */

void zapi_hub_drop_event(struct zapi_hub *hub, struct zapi_event *ev)
{
    if (ev && --ev->refs == 0)
        zapi_inbox_release(hub->inbox, ev);
}

/* A seat takes part of an event. Without memory it stays on disk. */
static void give(struct zapi_desk *desk, const struct zapi_inbox_item *item)
{
    struct zapi_delivery *one = calloc(1, sizeof *one);
    if (one) {
        one->seq = item->seq;
        one->event = item->event;
        if (one->event)
            one->event->refs++;
        if (zapi_dispatch_add(desk->dispatch, one, item->order))
            return;
        zapi_hub_drop_event(desk->hub, one->event);
        free(one);
    }
    zapi_err("no memory for event %llu: it waits for the next start",
             (unsigned long long)item->seq);
}

/* Those that the writer has made since: it may make one while the loop takes
 * events, and what comes after it is the other order's. */
static void apply_merges(struct zapi_hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    struct zapi_merge *m = hub->merges;
    hub->merges = NULL;
    hub->merges_end = &hub->merges;
    atomic_store(&hub->merging, false);
    pthread_mutex_unlock(&hub->lock);
    *hub->merged_end = m;
    for (; m; m = m->next) {
        for (int i = 0; i < ZAPI_AUTOMATIONS; i++)
            if (hub->desks[i])
                zapi_dispatch_merge(hub->desks[i]->dispatch, m->from, m->to);
        hub->merged_end = &m->next;
    }
}

/* Events come in the order of seq: what this one is too late for, all are. */
static void forget_merges(struct zapi_hub *hub, uint64_t seq)
{
    while (hub->merged && hub->merged->until < seq) {
        struct zapi_merge *m = hub->merged;
        hub->merged = m->next;
        if (!hub->merged)
            hub->merged_end = &hub->merged;
        free(m);
    }
}

static void correct_order(struct zapi_hub *hub, struct zapi_inbox_item *item)
{
    if (atomic_load(&hub->merging))
        apply_merges(hub);
    forget_merges(hub, item->seq);
    for (const struct zapi_merge *m = hub->merged; m; m = m->next)
        if (strcmp(item->order, m->from) == 0)
            memcpy(item->order, m->to, ZAPI_ORDER_MAX);
}

static void give_item(struct zapi_hub *hub, struct zapi_inbox_item *item)
{
    struct zapi_event *ev = item->event;
    correct_order(hub, item);
    if (ev) {
        ev->seq = item->seq;
        ev->refs = 1; /* ours, while it is given away */
    }
    for (int i = zapi_slots_next(&item->wanted, 0); i >= 0;
         i = zapi_slots_next(&item->wanted, i + 1))
        if (hub->desks[i] && item->seq > hub->desks[i]->opened)
            give(hub->desks[i], item);
    zapi_hub_drop_event(hub, ev);
}

/* Whoever joined has his seat in hand by now: what was left undone starts. */
static void begin_fresh(struct zapi_hub *hub)
{
    hub->fresh = false;
    for (int i = 0; i < ZAPI_AUTOMATIONS; i++) {
        struct zapi_desk *desk = hub->desks[i];
        if (desk && desk->fresh) {
            desk->fresh = false;
            zapi_dispatch_resume(desk->dispatch);
        }
    }
}

void zapi_hub_on_async(uv_async_t *async)
{
    struct zapi_hub *hub = async->data;
    struct zapi_inbox_item item;
    uint64_t until = uv_hrtime() + TURN_BUDGET_NS;
    zapi_hub_run_posts(hub);
    if (atomic_load(&hub->merging))
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

bool zapi_hub_take(struct zapi_hub *hub, struct zapi_event *ev, bool may_wait,
                   zapi_inbox_stored *stored, void *arg)
{
    return zapi_inbox_append(hub->inbox, ev, may_wait, stored, arg);
}

/* ---- commands, watchers ---- */

void zapi_hub_each_running(struct zapi_hub *hub, zapi_hub_visit *visit,
                           void *arg)
{
    for (int i = 0; i < ZAPI_AUTOMATIONS; i++) {
        struct zapi_desk *desk = hub->desks[i];
        for (struct zapi_running *r = desk ? desk->running : NULL; r;
             r = r->next)
            visit(arg, desk->name, r->one,
                  (double)(uv_hrtime() - r->began) / 1e9);
    }
}

void zapi_hub_revive(struct zapi_hub_seat *seat, const char *order,
                     uint64_t seq, unsigned attempt, double due)
{
    zapi_desk_revive(seat->desk, order, seq, attempt, due);
}

void zapi_hub_revived(struct zapi_hub *hub, const char *automation,
                      const char *order, uint64_t seq)
{
    struct zapi_desk *desk = zapi_hub_desk_named(hub, automation);
    if (desk)
        zapi_desk_revive(desk, order, seq, 0, 0);
}

void zapi_hub_dropped(struct zapi_hub *hub, const char *automation,
                      const char *order, uint64_t seq)
{
    struct zapi_desk *desk = zapi_hub_desk_named(hub, automation);
    if (desk)
        zapi_dispatch_drop(desk->dispatch, seq, order);
}

bool zapi_hub_has(const struct zapi_hub *hub, const char *name)
{
    return zapi_hub_desk_named(hub, name) != NULL;
}

bool zapi_hub_writable(const struct zapi_hub *hub)
{
    return !atomic_load(&hub->unwritable);
}

/* With thousands of dead letters it takes tens of milliseconds of the loop: then
 * it is not done again before a hundred times as long (seconds). */
static void read_gauges(struct zapi_hub *hub)
{
    struct zapi_gauges g = {0};
    uint64_t began = uv_hrtime();
    zapi_gauges_read(zapi_db_reader(hub->db), zapi_clock_now(), &g);
    zapi_metrics_set(ZAPI_M_OLDEST, NULL, g.oldest_seconds);
    zapi_metrics_set(ZAPI_M_DEAD, NULL, (double)g.dead);
    zapi_metrics_set(ZAPI_M_UNKNOWN, NULL, (double)g.unknown);
    zapi_metrics_set(ZAPI_M_QUEUED, NULL, (double)g.queued);
    zapi_metrics_set(ZAPI_M_UNCLEAN, NULL, (double)g.unclean);
    uint64_t ended = uv_hrtime(), rest = GAUGES_REST * (ended - began);
    hub->gauges_next = ended + (rest < GAUGES_MOST_NS ? rest : GAUGES_MOST_NS);
}

void zapi_hub_measure(struct zapi_hub *hub)
{
    size_t running = 0, waiting = zapi_inbox_depth(hub->inbox);
    for (int i = 0; i < ZAPI_AUTOMATIONS; i++)
        if (hub->desks[i]) {
            running += zapi_dispatch_running(hub->desks[i]->dispatch);
            waiting += zapi_dispatch_waiting(hub->desks[i]->dispatch);
        }
    zapi_metrics_set(ZAPI_M_HANDLERS, NULL, (double)running);
    zapi_metrics_set(ZAPI_M_DEPTH, NULL, (double)waiting);
    if (hub->db && uv_hrtime() >= hub->gauges_next)
        read_gauges(hub);
}
