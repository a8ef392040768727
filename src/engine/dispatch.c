/* SPDX-License-Identifier: MIT
 *
 * Who comes next. Each person with something to do has a lane; lanes that may
 * start wait in one ring, and a lane goes to its end after each delivery, so
 * that one that floods takes its turn like any other. A lane is found through
 * a hash table that grows with the lanes that are active and frees them when
 * they are idle; deliveries without an order have a lane of their own, outside
 * the table.
 *
 * What is put aside until a moment is in one heap: a delivery that holds up
 * its lane (AGAIN: it is still the lane's `running`), or one that does not
 * (LATER: it comes back through its order's name). `start` may end its
 * delivery at once, which comes back as zapi_dispatch_done before start
 * returned: `pump` is a loop that such a call only asks to go on, never
 * enters twice.
 *
 * Deliveries are chained by their own `next`. Start reading at pump.
 */
#include "engine/dispatch.h"

#include <stdlib.h>
#include <string.h>

enum { CONCURRENCY = 64, FIRST_BUCKETS = 64 };

struct lane {
    struct zapi_delivery *head, *tail; /* waiting, by seq */
    struct zapi_delivery *running;     /* or held until it is run again */
    struct lane *merged; /* what comes here goes there from now on */
    unsigned held;       /* lanes merged into this one that still run */
    bool ready;          /* in the ring */
    bool alone;          /* not in the table */
    struct lane *next_ready;
    struct lane *next_bucket;
    uint64_t hash;
    char name[];
};

struct later { /* put aside until `due` */
    double due;
    struct zapi_delivery *one;
    bool holds;  /* its lane waits for it */
    char *order; /* owned; of one that does not hold */
};

struct zapi_dispatch {
    struct zapi_dispatch_config config;
    struct lane *ready, *ready_tail;
    struct lane *urgent; /* unparked during a pause */
    struct lane **buckets;
    size_t nbuckets, nlanes;
    struct later *heap; /* the earliest first */
    size_t nlater, room;
    double told; /* the due time that `timer` was given */
    size_t running, waiting;
    bool paused, pumping;
};

/* ---- the table of lanes ---- */

static uint64_t hash_of(const char *s)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
    return h ^ (h >> 29);
}

static struct lane **bucket(struct zapi_dispatch *d, uint64_t hash)
{
    return &d->buckets[hash & (d->nbuckets - 1)];
}

static struct lane **find(struct zapi_dispatch *d, const char *name,
                          uint64_t hash)
{
    struct lane **link = bucket(d, hash);
    while (*link && ((*link)->hash != hash || strcmp((*link)->name, name) != 0))
        link = &(*link)->next_bucket;
    return link;
}

/* More buckets when lanes outnumber them; without memory it only gets
 * slower. */
static void grow(struct zapi_dispatch *d)
{
    size_t old = d->nbuckets;
    struct lane **before = d->buckets;
    struct lane **buckets = calloc(old * 2, sizeof *buckets);
    if (!buckets)
        return;
    d->buckets = buckets;
    d->nbuckets = old * 2;
    for (size_t i = 0; i < old; i++)
        while (before[i]) {
            struct lane *l = before[i];
            struct lane **to = bucket(d, l->hash);
            before[i] = l->next_bucket;
            l->next_bucket = *to;
            *to = l;
        }
    free(before);
}

static struct lane *lane_new(const char *name)
{
    size_t n = strlen(name) + 1;
    struct lane *l = calloc(1, sizeof *l + n);
    if (l)
        memcpy(l->name, name, n);
    return l;
}

/* Where what comes here goes: that one may have been merged in its turn. No
 * circle, as only ends are merged into ends. */
static struct lane *end_of(struct lane *l)
{
    while (l->merged)
        l = l->merged;
    return l;
}

/* Found or made; NULL without memory. */
static struct lane *lane_of(struct zapi_dispatch *d, const char *name)
{
    uint64_t hash = hash_of(name);
    struct lane **link = find(d, name, hash);
    if (*link)
        return end_of(*link);
    struct lane *l = lane_new(name);
    if (!l)
        return NULL;
    l->hash = hash;
    *link = l;
    if (++d->nlanes > d->nbuckets)
        grow(d);
    return l;
}

static bool idle(const struct lane *l)
{
    return !l->head && !l->running && l->held == 0 && !l->ready;
}

static void forget(struct zapi_dispatch *d, struct lane *l)
{
    if (!l->alone) {
        struct lane **link = bucket(d, l->hash);
        while (*link != l)
            link = &(*link)->next_bucket;
        *link = l->next_bucket;
        d->nlanes--;
    }
    free(l);
}

/* ---- queues ---- */

/* In the order of seq: nearly always at the end. */
static void push(struct lane *l, struct zapi_delivery *one)
{
    struct zapi_delivery **link = &l->head;
    one->next = NULL;
    if (l->tail && l->tail->seq < one->seq)
        link = &l->tail->next;
    else
        while (*link && (*link)->seq < one->seq)
            link = &(*link)->next;
    one->next = *link;
    *link = one;
    if (!one->next)
        l->tail = one;
}

static struct zapi_delivery *pop(struct lane *l)
{
    struct zapi_delivery *one = l->head;
    l->head = one->next;
    if (!l->head)
        l->tail = NULL;
    one->next = NULL;
    return one;
}

/* Into the ring when it may start; away when there is nothing left. */
static void settle(struct zapi_dispatch *d, struct lane *l)
{
    if (idle(l)) {
        if (l->merged) {
            struct lane *to = l->merged;
            to->held--;
            forget(d, l);
            settle(d, to);
        } else {
            forget(d, l);
        }
        return;
    }
    if (l->ready || l->running || l->held > 0 || !l->head)
        return;
    l->ready = true;
    l->next_ready = NULL;
    if (d->ready_tail)
        d->ready_tail->next_ready = l;
    else
        d->ready = l;
    d->ready_tail = l;
}

static struct lane *pop_ready(struct zapi_dispatch *d)
{
    struct lane *l = d->ready;
    d->ready = l->next_ready;
    if (!d->ready)
        d->ready_tail = NULL;
    l->ready = false;
    return l;
}

static void run_next(struct zapi_dispatch *d, struct lane *l)
{
    struct zapi_delivery *one = pop(l);
    d->waiting--;
    one->lane = l;
    l->running = one;
    d->running++;
    if (!one->event)
        one->event = d->config.load(d->config.arg, one);
    if (one->event) {
        one->attempt++;
        d->config.start(d->config.arg, one);
    } else if (one->due > 0) { /* cannot be read now */
        zapi_dispatch_again(d, one, one->due);
    } else {
        zapi_dispatch_done(d, one);
    }
}

static void pump(struct zapi_dispatch *d)
{
    if (d->pumping)
        return;
    d->pumping = true;
    while (d->ready && !d->paused && d->running < d->config.concurrency) {
        struct lane *l = pop_ready(d);
        if (l->head && !l->running && l->held == 0)
            run_next(d, l);
        else
            settle(d, l); /* emptied or merged meanwhile */
    }
    d->pumping = false;
}

/* ---- what waits for its time: a binary heap ---- */

static void swap(struct zapi_dispatch *d, size_t a, size_t b)
{
    struct later t = d->heap[a];
    d->heap[a] = d->heap[b];
    d->heap[b] = t;
}

static void sift_up(struct zapi_dispatch *d, size_t i)
{
    while (i > 0 && d->heap[i].due < d->heap[(i - 1) / 2].due) {
        swap(d, i, (i - 1) / 2);
        i = (i - 1) / 2;
    }
}

static void sift_down(struct zapi_dispatch *d, size_t i)
{
    for (;;) {
        size_t least = i;
        for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < d->nlater; k++)
            if (d->heap[k].due < d->heap[least].due)
                least = k;
        if (least == i)
            return;
        swap(d, i, least);
        i = least;
    }
}

static void tell_timer(struct zapi_dispatch *d)
{
    double due = d->nlater > 0 ? d->heap[0].due : 0;
    if (due == d->told)
        return;
    d->told = due;
    d->config.timer(d->config.arg, due);
}

static bool put_aside(struct zapi_dispatch *d, struct later entry)
{
    if (d->nlater == d->room) {
        size_t room = d->room ? d->room * 2 : 16;
        struct later *heap = realloc(d->heap, room * sizeof *heap);
        if (!heap)
            return false;
        d->heap = heap;
        d->room = room;
    }
    d->heap[d->nlater++] = entry;
    sift_up(d, d->nlater - 1);
    tell_timer(d);
    return true;
}

static struct later take_aside(struct zapi_dispatch *d, size_t i)
{
    struct later entry = d->heap[i];
    d->heap[i] = d->heap[--d->nlater];
    if (i < d->nlater) {
        sift_up(d, i);
        sift_down(d, i);
    }
    return entry;
}

/* What ran in the lane, or held it, waits for its turn again. */
static void resume_lane(struct zapi_dispatch *d, struct lane *l,
                        struct zapi_delivery *one)
{
    struct lane *to = end_of(l);
    push(to, one);
    d->waiting++;
    if (to != l)
        settle(d, to);
    settle(d, l);
}

/* It may run now; a lane that it held goes on with it. */
static void come_back(struct zapi_dispatch *d, struct later *entry)
{
    struct zapi_delivery *one = entry->one;
    struct lane *l = entry->holds ? one->lane : NULL;
    one->due = 0;
    d->waiting--; /* is counted again when it is pushed */
    if (!l) {
        if (!zapi_dispatch_add(d, one, entry->order))
            d->config.finished(d->config.arg, one); /* it is on disk */
        free(entry->order);
        return;
    }
    l->running = NULL;
    one->lane = NULL;
    resume_lane(d, l, one);
}

void zapi_dispatch_tick(struct zapi_dispatch *d)
{
    double now = d->config.now(d->config.arg);
    d->told = -1; /* the timer has fired: it is set anew */
    while (d->nlater > 0 && d->heap[0].due <= now) {
        struct later entry = take_aside(d, 0);
        come_back(d, &entry);
    }
    tell_timer(d);
    pump(d);
}

void zapi_dispatch_clock_set(struct zapi_dispatch *d, double seconds)
{
    for (size_t i = 0; i < d->nlater; i++) /* the order stays */
        d->heap[i].due += seconds;
    d->told = -1;
    tell_timer(d);
}

/* ---- public ---- */

struct zapi_dispatch *
zapi_dispatch_new(const struct zapi_dispatch_config *config)
{
    struct zapi_dispatch *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->config = *config;
    if (d->config.concurrency == 0)
        d->config.concurrency = CONCURRENCY;
    d->nbuckets = FIRST_BUCKETS;
    d->buckets = calloc(d->nbuckets, sizeof *d->buckets);
    if (d->buckets)
        return d;
    free(d);
    return NULL;
}

static struct lane *pop_urgent(struct zapi_dispatch *d)
{
    struct lane *l = d->urgent;
    d->urgent = l->next_ready;
    l->ready = false;
    return l;
}

static void delete_lane(struct zapi_dispatch *d, struct lane *l)
{
    while (l->head)
        d->config.finished(d->config.arg, pop(l));
    forget(d, l);
}

void zapi_dispatch_delete(struct zapi_dispatch *d)
{
    if (!d)
        return;
    while (d->nlater > 0) {
        struct later entry = take_aside(d, d->nlater - 1);
        free(entry.order);
        if (entry.holds && ((struct lane *)entry.one->lane)->alone)
            free(entry.one->lane);
        d->config.finished(d->config.arg, entry.one);
    }
    while (d->ready) {
        struct lane *l = pop_ready(d);
        if (l->alone)
            delete_lane(d, l);
    }
    while (d->urgent)
        delete_lane(d, pop_urgent(d));
    for (size_t i = 0; i < d->nbuckets; i++)
        while (d->buckets[i])
            delete_lane(d, d->buckets[i]);
    free(d->buckets);
    free(d->heap);
    free(d);
}

static bool add_later(struct zapi_dispatch *d, struct zapi_delivery *one,
                      const char *order)
{
    struct later entry = {.due = one->due, .one = one, .order = strdup(order)};
    if (entry.order && put_aside(d, entry)) {
        d->waiting++;
        return true;
    }
    free(entry.order);
    return false;
}

bool zapi_dispatch_add(struct zapi_dispatch *d, struct zapi_delivery *one,
                       const char *order)
{
    if (one->due > d->config.now(d->config.arg))
        return add_later(d, one, order);
    struct lane *l = *order ? lane_of(d, order) : lane_new("");
    if (!l)
        return false;
    l->alone = !*order;
    one->due = 0;
    push(l, one);
    d->waiting++;
    settle(d, l);
    pump(d);
    return true;
}

bool zapi_dispatch_unpark(struct zapi_dispatch *d, struct zapi_delivery *one)
{
    struct lane *l = lane_new("");
    if (!l)
        return false;
    l->alone = true;
    one->due = 0;
    push(l, one);
    d->waiting++;
    if (d->paused) {
        l->ready = true;
        l->next_ready = d->urgent;
        d->urgent = l;
    } else {
        run_next(d, l);
    }
    return true;
}

/* The running delivery leaves its lane, if it still has one. */
static void leave_lane(struct zapi_dispatch *d, struct zapi_delivery *one)
{
    struct lane *l = one->lane;
    one->lane = NULL;
    if (!l)
        return;
    l->running = NULL;
    settle(d, l);
}

/* It runs no more, if it still counted. */
static void uncount(struct zapi_dispatch *d, struct zapi_delivery *one)
{
    if (!one->parked)
        d->running--;
    one->parked = false;
}

void zapi_dispatch_done(struct zapi_dispatch *d, struct zapi_delivery *one)
{
    uncount(d, one);
    leave_lane(d, one);
    d->config.finished(d->config.arg, one);
    pump(d);
}

void zapi_dispatch_release(struct zapi_dispatch *d, struct zapi_delivery *one)
{
    leave_lane(d, one);
    pump(d);
}

void zapi_dispatch_park(struct zapi_dispatch *d, struct zapi_delivery *one)
{
    uncount(d, one);
    one->parked = true;
    leave_lane(d, one);
    pump(d);
}

void zapi_dispatch_again(struct zapi_dispatch *d, struct zapi_delivery *one,
                         double due)
{
    struct lane *l = one->lane;
    if (!l) { /* it was released: it holds up nobody */
        zapi_dispatch_later(d, one, due);
        return;
    }
    struct later entry = {.due = due, .one = one, .holds = true};
    one->due = due;
    uncount(d, one);
    if (put_aside(d, entry)) {
        d->waiting++;
    } else { /* no memory: at once is better than never */
        l->running = NULL;
        push(l, one);
        d->waiting++;
        settle(d, l);
    }
    pump(d);
}

void zapi_dispatch_later(struct zapi_dispatch *d, struct zapi_delivery *one,
                         double due)
{
    struct lane *l = one->lane;
    const char *order = l && !l->alone ? end_of(l)->name
                        : one->event   ? one->event->order
                                       : "";
    one->due = due;
    uncount(d, one);
    if (!add_later(d, one, order)) { /* it is on disk, for the next start */
        leave_lane(d, one);
        d->config.finished(d->config.arg, one);
    } else {
        leave_lane(d, one);
    }
    pump(d);
}

void zapi_dispatch_restart(struct zapi_dispatch *d, struct zapi_delivery *one)
{
    struct lane *l = one->lane;
    uncount(d, one);
    one->attempt--; /* it is counted again when it starts */
    one->due = 0;
    one->lane = NULL;
    if (l) {
        l->running = NULL;
    } else { /* it was released: it holds up nobody */
        l = lane_new("");
        if (!l) { /* it is on disk, for the next start */
            d->config.finished(d->config.arg, one);
            return;
        }
        l->alone = true;
    }
    resume_lane(d, l, one);
    pump(d);
}

/* What is put aside comes back by its order's name. Without memory under the
 * old one. */
static void rename_later(struct zapi_dispatch *d, const char *from,
                         const char *to)
{
    for (size_t i = 0; i < d->nlater; i++) {
        struct later *entry = &d->heap[i];
        if (!entry->order || strcmp(entry->order, from) != 0)
            continue;
        char *name = strdup(to);
        if (!name)
            return;
        free(entry->order);
        entry->order = name;
    }
}

void zapi_dispatch_merge(struct zapi_dispatch *d, const char *from,
                         const char *to)
{
    struct lane *f = *find(d, from, hash_of(from));
    struct lane *t = f ? lane_of(d, to) : NULL;
    rename_later(d, from, to);
    if (!t || f == t || f->merged)
        return;
    while (f->head)
        push(t, pop(f));
    f->merged = t;
    t->held++;
    settle(d, f); /* an idle one lets go at once */
    pump(d);
}

/* The delivery with this seq from the lane's queue, or NULL. */
static struct zapi_delivery *unlink_seq(struct lane *l, uint64_t seq)
{
    struct zapi_delivery **link = &l->head, *before = NULL;
    while (*link && (*link)->seq != seq) {
        before = *link;
        link = &before->next;
    }
    struct zapi_delivery *one = *link;
    if (!one)
        return NULL;
    *link = one->next;
    if (l->tail == one)
        l->tail = before;
    one->next = NULL;
    return one;
}

static struct zapi_delivery *unlink_later(struct zapi_dispatch *d, uint64_t seq)
{
    for (size_t i = 0; i < d->nlater; i++) {
        struct later *entry = &d->heap[i];
        if (entry->one->seq != seq)
            continue;
        struct later taken = take_aside(d, i);
        free(taken.order);
        if (taken.holds)
            leave_lane(d, taken.one);
        tell_timer(d);
        return taken.one;
    }
    return NULL;
}

bool zapi_dispatch_drop(struct zapi_dispatch *d, uint64_t seq,
                        const char *order)
{
    struct lane *l = *order ? *find(d, order, hash_of(order)) : NULL;
    struct zapi_delivery *one = NULL;
    if (l) {
        l = end_of(l);
        one = unlink_seq(l, seq);
    }
    if (one)
        settle(d, l);
    else
        one = unlink_later(d, seq);
    if (!one)
        return false;
    d->waiting--;
    d->config.finished(d->config.arg, one);
    pump(d);
    return true;
}

void zapi_dispatch_pause(struct zapi_dispatch *d)
{
    d->paused = true;
}

void zapi_dispatch_resume(struct zapi_dispatch *d)
{
    d->paused = false;
    while (d->urgent)
        run_next(d, pop_urgent(d));
    pump(d);
}

void zapi_dispatch_limit(struct zapi_dispatch *d, unsigned concurrency)
{
    d->config.concurrency = concurrency ? concurrency : CONCURRENCY;
    pump(d);
}

size_t zapi_dispatch_running(const struct zapi_dispatch *d)
{
    return d->running;
}

size_t zapi_dispatch_waiting(const struct zapi_dispatch *d)
{
    return d->waiting;
}
