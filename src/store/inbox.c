/* SPDX-License-Identifier: MIT
 *
 * The inbox in memory: a bounded queue, and the keys of the last events in a
 * ring with a hash set over it. What it holds is lost with the process; the
 * interface is that of the durable inbox, which will replace it.
 *
 * The set is an open-addressing table of positions in the ring. A key leaves
 * the set when the ring comes round to its place; deletion shifts the entries
 * behind it back, so there are no tombstones and a look-up stays short
 * for ever. Everything is under one lock, held for a few dozen instructions.
 *
 * `events` counts what was stored and is not done, so that the bound covers
 * also what was taken and waits elsewhere. When it is reached, appends wait in
 * `late` for a done event to make room: a sender that is slowed down loses
 * nothing, one that is refused comes again at once and costs more than its
 * event. Start reading at zapi_inbox_append.
 */
#include "store/inbox.h"

#include <pthread.h>
#include <stdlib.h>

enum { CAPACITY = 10000, REMEMBER = 100000, MOST_LATE = 1024, BATCH = 64 };

/* An append that waits for room. */
struct late {
    struct zapi_inbox_item item;
    zapi_inbox_stored *stored;
    void *arg;
    enum zapi_inbox_result result;
    struct late *next;
};

struct key {
    uint64_t half[2];
};

struct zapi_inbox {
    struct zapi_inbox_config config;
    pthread_mutex_t lock;
    uint64_t seq;

    struct zapi_inbox_item *queue; /* a ring of `capacity` */
    size_t first, waiting;
    size_t events; /* stored and not done */
    bool closed;   /* nothing is stored any more */
    struct late *late, **late_end;
    size_t nlate;

    struct key *ring; /* the last `remember` keys */
    size_t at;        /* where the next one goes */
    uint32_t *set;    /* 0: free, else position in the ring + 1 */
    size_t mask;
};

static size_t power_of_two(size_t n)
{
    size_t p = 16;
    while (p < n)
        p *= 2;
    return p;
}

/* Ends appends that waited, outside the lock. */
static void tell(struct zapi_inbox *in, struct late *list)
{
    while (list) {
        struct late *next = list->next;
        if (list->result != ZAPI_INBOX_STORED)
            in->config.drop(list->item.event);
        if (list->stored)
            list->stored(list->arg, list->result);
        free(list);
        list = next;
    }
}

struct zapi_inbox *zapi_inbox_new(const struct zapi_inbox_config *config)
{
    struct zapi_inbox *in = calloc(1, sizeof *in);
    if (!in)
        return NULL;
    in->config = *config;
    if (in->config.capacity == 0)
        in->config.capacity = CAPACITY;
    if (in->config.remember == 0 || in->config.remember > UINT32_MAX / 4)
        in->config.remember = REMEMBER;
    size_t slots = power_of_two(in->config.remember * 2);
    in->mask = slots - 1;
    in->late_end = &in->late;
    in->queue = calloc(in->config.capacity, sizeof *in->queue);
    in->ring = calloc(in->config.remember, sizeof *in->ring);
    in->set = calloc(slots, sizeof *in->set);
    pthread_mutex_init(&in->lock, NULL);
    if (in->queue && in->ring && in->set)
        return in;
    zapi_inbox_delete(in);
    return NULL;
}

void zapi_inbox_delete(struct zapi_inbox *in)
{
    struct zapi_inbox_item item;
    if (!in)
        return;
    tell(in, in->late);
    while (in->waiting > 0 && zapi_inbox_take(in, &item))
        in->config.drop(item.event);
    pthread_mutex_destroy(&in->lock);
    free(in->queue);
    free(in->ring);
    free(in->set);
    free(in);
}

/* ---- the set of keys; under the lock ---- */

static bool is_none(const struct key *k)
{
    return k->half[0] == 0 && k->half[1] == 0;
}

static bool same(const struct key *a, const struct key *b)
{
    return a->half[0] == b->half[0] && a->half[1] == b->half[1];
}

static size_t home(const struct zapi_inbox *in, const struct key *k)
{
    return (size_t)k->half[0] & in->mask;
}

/* The slot of the key, or the free slot where it would go. */
static size_t find(const struct zapi_inbox *in, const struct key *k)
{
    size_t i = home(in, k);
    while (in->set[i] && !same(&in->ring[in->set[i] - 1], k))
        i = (i + 1) & in->mask;
    return i;
}

/* Frees slot i and moves later entries of the run back to where a look-up
 * that starts at their home still finds them. */
static void vacate(struct zapi_inbox *in, size_t i)
{
    for (size_t k = (i + 1) & in->mask; in->set[k]; k = (k + 1) & in->mask) {
        size_t h = home(in, &in->ring[in->set[k] - 1]);
        if (((k - h) & in->mask) < ((k - i) & in->mask))
            continue;
        in->set[i] = in->set[k];
        i = k;
    }
    in->set[i] = 0;
}

/* false: known already. */
static bool remember(struct zapi_inbox *in, const struct key *k)
{
    struct key *place = &in->ring[in->at];
    if (is_none(k))
        return true;
    if (in->set[find(in, k)])
        return false;
    if (!is_none(place))
        vacate(in, find(in, place));
    *place = *k;
    in->set[find(in, k)] = (uint32_t)in->at + 1;
    in->at = (in->at + 1) % in->config.remember;
    return true;
}

/* ---- the queue ---- */

static enum zapi_inbox_result store(struct zapi_inbox *in,
                                    struct zapi_inbox_item *item, bool *wake)
{
    struct key k = {{item->key[0], item->key[1]}};
    if (in->closed || in->events >= in->config.capacity)
        return !is_none(&k) && in->set[find(in, &k)] ? ZAPI_INBOX_DUPLICATE
                                                     : ZAPI_INBOX_FULL;
    if (!remember(in, &k))
        return ZAPI_INBOX_DUPLICATE;
    item->seq = ++in->seq;
    in->queue[(in->first + in->waiting) % in->config.capacity] = *item;
    *wake = in->waiting++ == 0 || *wake;
    in->events++;
    return ZAPI_INBOX_STORED;
}

/* false: it cannot wait (no memory, too many do). */
static bool let_wait(struct zapi_inbox *in, const struct zapi_inbox_item *item,
                     zapi_inbox_stored *stored, void *arg)
{
    struct late *late =
        !in->closed && in->nlate < MOST_LATE ? malloc(sizeof *late) : NULL;
    if (!late)
        return false;
    *late = (struct late){
        .item = *item, .stored = stored, .arg = arg, .result = ZAPI_INBOX_FULL};
    *in->late_end = late;
    in->late_end = &late->next;
    in->nlate++;
    return true;
}

/* Stores what waited, once there is room for a batch; they leave the list. One
 * at a time would switch threads for each event. Under the lock. */
static struct late *end_waits(struct zapi_inbox *in, bool *wake)
{
    size_t batch = in->config.capacity / 8;
    if (batch > BATCH)
        batch = BATCH;
    if (!in->late || in->events + batch > in->config.capacity)
        return NULL;
    struct late *done = in->late, **link = &done;
    while (*link && in->events < in->config.capacity) {
        struct late *late = *link;
        late->result = store(in, &late->item, wake);
        in->nlate--;
        link = &late->next;
    }
    in->late = *link;
    *link = NULL;
    if (!in->late)
        in->late_end = &in->late;
    return done;
}

bool zapi_inbox_append(struct zapi_inbox *in, struct zapi_inbox_item item,
                       zapi_inbox_stored *stored, void *arg)
{
    bool wake = false;
    pthread_mutex_lock(&in->lock);
    enum zapi_inbox_result result = store(in, &item, &wake);
    bool waits = result == ZAPI_INBOX_FULL && item.may_wait &&
                 let_wait(in, &item, stored, arg);
    pthread_mutex_unlock(&in->lock);
    if (waits)
        return false;
    if (result != ZAPI_INBOX_STORED)
        in->config.drop(item.event);
    if (stored)
        stored(arg, result);
    return wake;
}

bool zapi_inbox_take(struct zapi_inbox *in, struct zapi_inbox_item *out)
{
    pthread_mutex_lock(&in->lock);
    bool any = in->waiting > 0;
    if (any) {
        *out = in->queue[in->first];
        in->first = (in->first + 1) % in->config.capacity;
        in->waiting--;
    }
    pthread_mutex_unlock(&in->lock);
    return any;
}

void zapi_inbox_done(struct zapi_inbox *in, uint64_t seq)
{
    bool wake = false;
    (void)seq; /* the durable inbox deletes its row */
    pthread_mutex_lock(&in->lock);
    if (in->events > 0)
        in->events--;
    struct late *ended = end_waits(in, &wake);
    pthread_mutex_unlock(&in->lock);
    tell(in, ended);
    if (wake && in->config.wake)
        in->config.wake(in->config.arg);
}

void zapi_inbox_close(struct zapi_inbox *in)
{
    pthread_mutex_lock(&in->lock);
    struct late *list = in->late;
    in->closed = true;
    in->late = NULL;
    in->late_end = &in->late;
    in->nlate = 0;
    pthread_mutex_unlock(&in->lock);
    tell(in, list); /* outside the lock; they are FULL */
}

size_t zapi_inbox_depth(struct zapi_inbox *in)
{
    pthread_mutex_lock(&in->lock);
    size_t n = in->waiting;
    pthread_mutex_unlock(&in->lock);
    return n;
}
