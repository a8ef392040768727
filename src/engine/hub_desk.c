/* SPDX-License-Identifier: MIT
 *
 * A desk: what an automation has at the hub, whichever generation of it runs.
 * It owns the dispatcher and answers what that asks: start, load, timer. Loop
 * thread. Start reading at zapi_desk_new, then on_start.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/hub_parts.h"

enum { CLOCK_MS = 5000 }; /* how soon it is seen that the clock was set */

/* ---- what the dispatcher asks ---- */

static void on_start(void *arg, struct zapi_delivery *one)
{
    struct zapi_desk *desk = arg;
    struct zapi_hub_seat *seat = desk->current;
    struct zapi_running *r = malloc(sizeof *r);
    if (r) { /* only for those who look at what runs */
        *r = (struct zapi_running){.one = one,
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
    struct zapi_desk *desk = arg;
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
    struct zapi_desk *desk = arg;
    zapi_hub_drop_event(desk->hub, one->event);
    free(one);
}

/* The wall clock may be set. Back, and what is put aside would wait for hours
 * (and hold up its chat); forward only makes it come early. */
void zapi_desk_watch_clock(struct zapi_desk *desk)
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
    struct zapi_desk *desk = timer->data;
    zapi_clock_leave(&desk->wait);
    zapi_desk_watch_clock(desk);
    zapi_dispatch_tick(desk->dispatch);
}

static void on_desk_clock(struct zapi_clock_waiter *w)
{
    struct zapi_desk *desk =
        (struct zapi_desk *)((char *)w - offsetof(struct zapi_desk, wait));
    uv_timer_start(desk->timer, on_desk_timer, 0, 0);
}

static void set_timer(void *arg, double due)
{
    struct zapi_desk *desk = arg;
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

/* ---- life ---- */

static void free_timer(uv_handle_t *handle)
{
    free(handle);
}

void zapi_desk_free(struct zapi_desk *desk)
{
    zapi_dispatch_delete(desk->dispatch);
    zapi_clock_leave(&desk->wait);
    if (desk->timer)
        uv_close((uv_handle_t *)desk->timer, free_timer);
    while (desk->unparks) {
        struct zapi_unpark *u = desk->unparks;
        desk->unparks = u->next;
        free(u);
    }
    free(desk->name);
    free(desk->group);
    free(desk);
}

struct zapi_desk *zapi_desk_new(struct zapi_hub *hub,
                                const struct zapi_hub_seat_config *config)
{
    struct zapi_desk *desk = calloc(1, sizeof *desk);
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
    zapi_desk_free(desk);
    return NULL;
}

void zapi_desk_revive(struct zapi_desk *desk, const char *order, uint64_t seq,
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
