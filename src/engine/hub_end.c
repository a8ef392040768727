/* SPDX-License-Identifier: MIT
 *
 * How a handler ends: done, dead, again, later; parked for an answer and taken
 * up once more; or given up, for the next seat or the next start. One
 * transaction holds the end and what was staged for it. Loop thread. Start
 * reading at zapi_hub_end.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "engine/hub_parts.h"

/* Does another one run what this one gives up? */
static bool was_succeeded(const struct zapi_hub_seat *seat)
{
    return seat->desk->current && seat->desk->current != seat;
}

/* It runs no more with this seat. */
static void not_running(struct zapi_hub_seat *seat, struct zapi_delivery *one)
{
    struct zapi_running *r = one->data;
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

static void unpark(struct zapi_desk *desk, uint64_t seq, unsigned attempt)
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
    const struct zapi_running *r = seat->desk->running;
    if (!seat->desk->seats->next)
        return false;
    while (r && (r->seat == seat || r->one->seq != seq))
        r = r->next;
    return r != NULL;
}

void zapi_hub_unpark(struct zapi_hub_seat *seat, uint64_t seq, unsigned attempt)
{
    struct zapi_desk *desk = seat->desk;
    struct zapi_unpark *u = NULL;
    if (runs_elsewhere(seat, seq))
        u = malloc(sizeof *u);
    if (!u) {
        unpark(desk, seq, attempt);
        return;
    }
    *u = (struct zapi_unpark){
        .next = desk->unparks, .seq = seq, .attempt = attempt};
    desk->unparks = u;
}

/* NULL: nobody waits for it. To be freed. */
static struct zapi_unpark *take_unpark(struct zapi_desk *desk, uint64_t seq)
{
    struct zapi_unpark **link = &desk->unparks;
    while (*link && (*link)->seq != seq)
        link = &(*link)->next;
    struct zapi_unpark *u = *link;
    if (u)
        *link = u->next;
    return u;
}

/* A former seat has ended what the current one was to take up. */
static void tell_ended(struct zapi_desk *desk, uint64_t seq, bool runs_again)
{
    struct zapi_unpark *u = take_unpark(desk, seq);
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
        zapi_desk_watch_clock(
            seat->desk); /* before what is due by the new one is put aside */
    if (end->outcome == ZAPI_INBOX_AGAIN)
        zapi_dispatch_again(seat->desk->dispatch, one, end->due);
    else if (end->outcome == ZAPI_INBOX_LATER)
        zapi_dispatch_later(seat->desk->dispatch, one, end->due);
    else
        zapi_dispatch_done(seat->desk->dispatch, one);
}

/* Parked, it is taken up again when its answer comes; maybe that was. */
static void abandon_parked(struct zapi_desk *desk, struct zapi_delivery *one)
{
    struct zapi_unpark *u = take_unpark(desk, one->seq);
    zapi_dispatch_done(desk->dispatch, one);
    if (u)
        unpark(desk, u->seq, u->attempt);
    free(u);
}

void zapi_hub_abandon(struct zapi_hub_seat *seat, struct zapi_delivery *one)
{
    struct zapi_desk *desk = seat->desk;
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
