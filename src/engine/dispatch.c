/* SPDX-License-Identifier: MIT
 *
 * Who comes next. Each chat with something to do has a queue; chats that may
 * start wait in one ring, and a chat goes to its end after each event, so that
 * one that floods takes its turn like any other. All steps are O(1): a chat is
 * found through a hash table that grows with the chats that are active and
 * frees them when they are idle.
 *
 * Events without an order (receipts, presence) are chats of their own of one
 * event each, outside the table: only the running event's `owner` knows them. `start` may end its event at once, which
 * comes back as zapi_dispatch_done before start returned: `pump` is a loop
 * that such a call only asks to go on, never enters twice.
 *
 * Events are chained by their own `next`. Start reading at pump.
 */
#include "engine/dispatch.h"

#include <stdlib.h>
#include <string.h>

enum { CONCURRENCY = 64, FIRST_BUCKETS = 64 };

struct chat {
    struct zapi_event *head, *tail; /* waiting */
    struct zapi_event *running;
    struct chat *next_ready;
    struct chat *next_bucket;
    uint64_t hash;
    bool alone; /* not in the table */
    char name[];
};

struct zapi_dispatch {
    struct zapi_dispatch_config config;
    struct chat *ready, *ready_tail;
    struct chat **buckets;
    size_t nbuckets, nchats;
    size_t running, waiting;
    bool paused, pumping;
};

/* ---- the table of chats ---- */

static uint64_t hash_of(const char *s)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
    return h ^ (h >> 29);
}

static struct chat **bucket(struct zapi_dispatch *d, uint64_t hash)
{
    return &d->buckets[hash & (d->nbuckets - 1)];
}

static struct chat **find(struct zapi_dispatch *d, const char *name,
                          uint64_t hash)
{
    struct chat **link = bucket(d, hash);
    while (*link && ((*link)->hash != hash || strcmp((*link)->name, name) != 0))
        link = &(*link)->next_bucket;
    return link;
}

/* More buckets when chats outnumber them; without memory it only gets
 * slower. */
static void grow(struct zapi_dispatch *d)
{
    size_t old = d->nbuckets;
    struct chat **before = d->buckets;
    struct chat **buckets = calloc(old * 2, sizeof *buckets);
    if (!buckets)
        return;
    d->buckets = buckets;
    d->nbuckets = old * 2;
    for (size_t i = 0; i < old; i++)
        while (before[i]) {
            struct chat *c = before[i];
            struct chat **to = bucket(d, c->hash);
            before[i] = c->next_bucket;
            c->next_bucket = *to;
            *to = c;
        }
    free(before);
}

static struct chat *chat_new(const char *name)
{
    size_t n = strlen(name) + 1;
    struct chat *c = calloc(1, sizeof *c + n);
    if (c)
        memcpy(c->name, name, n);
    return c;
}

/* Found or made; NULL without memory. */
static struct chat *chat_of(struct zapi_dispatch *d, const char *name)
{
    uint64_t hash = hash_of(name);
    struct chat **link = find(d, name, hash);
    if (*link)
        return *link;
    struct chat *c = chat_new(name);
    if (!c)
        return NULL;
    c->hash = hash;
    *link = c;
    if (++d->nchats > d->nbuckets)
        grow(d);
    return c;
}

static void forget(struct zapi_dispatch *d, struct chat *c)
{
    if (!c->alone) {
        *find(d, c->name, c->hash) = c->next_bucket;
        d->nchats--;
    }
    free(c);
}

/* ---- queues ---- */

static void push_ready(struct zapi_dispatch *d, struct chat *c)
{
    c->next_ready = NULL;
    if (d->ready_tail)
        d->ready_tail->next_ready = c;
    else
        d->ready = c;
    d->ready_tail = c;
}

static struct chat *pop_ready(struct zapi_dispatch *d)
{
    struct chat *c = d->ready;
    d->ready = c->next_ready;
    if (!d->ready)
        d->ready_tail = NULL;
    return c;
}

static struct zapi_event *pop_event(struct chat *c)
{
    struct zapi_event *ev = c->head;
    c->head = ev->next;
    if (!c->head)
        c->tail = NULL;
    ev->next = NULL;
    return ev;
}

static void pump(struct zapi_dispatch *d)
{
    if (d->pumping)
        return;
    d->pumping = true;
    while (d->ready && !d->paused && d->running < d->config.concurrency) {
        struct chat *c = pop_ready(d);
        struct zapi_event *ev = c->running = pop_event(c);
        d->waiting--;
        d->running++;
        ev->owner = c;
        d->config.start(d->config.arg, ev);
    }
    d->pumping = false;
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

void zapi_dispatch_delete(struct zapi_dispatch *d)
{
    if (!d)
        return;
    while (d->ready) {
        struct chat *c = pop_ready(d);
        while (c->head)
            d->config.finished(d->config.arg, pop_event(c));
        forget(d, c);
    }
    free(d->buckets);
    free(d);
}

void zapi_dispatch_add(struct zapi_dispatch *d, struct zapi_event *ev,
                       bool ordered)
{
    struct chat *c = ordered ? chat_of(d, ev->chat) : chat_new("");
    if (!c) { /* no memory: given up, and said so by whoever owns it */
        d->config.finished(d->config.arg, ev);
        return;
    }
    c->alone = !ordered;
    ev->next = NULL;
    if (c->tail)
        c->tail->next = ev;
    else
        c->head = ev;
    bool idle = !c->tail && !c->running;
    c->tail = ev;
    d->waiting++;
    if (idle)
        push_ready(d, c);
    pump(d);
}

void zapi_dispatch_done(struct zapi_dispatch *d, struct zapi_event *ev)
{
    struct chat *c = ev->owner;
    ev->owner = NULL;
    c->running = NULL;
    d->running--;
    if (c->head)
        push_ready(d, c);
    else
        forget(d, c);
    d->config.finished(d->config.arg, ev);
    pump(d);
}

void zapi_dispatch_pause(struct zapi_dispatch *d)
{
    d->paused = true;
}

size_t zapi_dispatch_running(const struct zapi_dispatch *d)
{
    return d->running;
}

size_t zapi_dispatch_waiting(const struct zapi_dispatch *d)
{
    return d->waiting;
}
