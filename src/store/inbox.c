/* SPDX-License-Identifier: MIT
 *
 * The inbox: the queue between whoever appends and the loop, and the whole of
 * it when there is no database. Then what it holds is lost with the process,
 * and the keys of the last events are in a ring with a set over it; a key
 * leaves the set when the ring comes round to its place.
 *
 * Without a database `window` bounds what was taken and not released. When it
 * is reached, appends that may wait do so in `late` until a release makes
 * room: a sender that is slowed down loses nothing, one that is refused comes
 * again at once and costs more than its event. Start at zapi_inbox_append.
 */
#include "store/inbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/inbox_parts.h"

enum {
    WINDOW = 10000,
    REMEMBER = 100000,
    MOST_LATE = 1024,
    BATCH = 64,
    MOST_JOBS = 20000, /* appended and not committed: then 503 */
};

static const struct zapi_key no_key = {0, 0};

struct zapi_inbox *zapi_inbox_new(const struct zapi_inbox_config *config,
                                  struct zapi_error *error)
{
    struct zapi_inbox *in = calloc(1, sizeof *in);
    if (!in) {
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "no memory for an inbox");
        return NULL;
    }
    in->config = *config;
    if (in->config.window == 0)
        in->config.window = WINDOW;
    if (in->config.remember == 0)
        in->config.remember = REMEMBER;
    in->queue_end = &in->queue;
    in->late_end = &in->late;
    in->authors.is_map = true;
    pthread_mutex_init(&in->lock, NULL);
    if (config->db) {
        if (zapi_inbox_read_seen(in, error))
            return in;
    } else {
        in->ring = calloc(in->config.remember, sizeof *in->ring);
        if (in->ring && zapi_keyset_reserve(&in->keys, in->config.remember))
            return in;
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "no memory for an inbox");
    }
    zapi_inbox_delete(in);
    return NULL;
}

static struct zapi_inbox_entry *take_late(struct zapi_inbox *in)
{
    struct zapi_inbox_entry *list = in->late;
    in->late = NULL;
    in->late_end = &in->late;
    in->nlate = 0;
    return list;
}

static void turn_away_all(struct zapi_inbox_entry *list)
{
    while (list) {
        struct zapi_inbox_entry *next = list->next;
        zapi_inbox_turn_away(list);
        list = next;
    }
}

void zapi_inbox_delete(struct zapi_inbox *in)
{
    if (!in)
        return;
    turn_away_all(take_late(in));
    while (in->queue) {
        struct zapi_inbox_entry *e = in->queue;
        in->queue = e->next;
        zapi_event_free(e->ev);
        free(e);
    }
    for (size_t i = 0; i < ZAPI_AUTOMATIONS; i++)
        free(in->slots[i].name);
    pthread_mutex_destroy(&in->lock);
    zapi_keyset_free(&in->keys);
    zapi_keyset_free(&in->authors);
    free(in->ring);
    free(in);
}

const char *zapi_inbox_person(char *room, const char *order, uint64_t seq)
{
    if (*order)
        return order;
    snprintf(room, ZAPI_PERSON_MAX, "~%llu", (unsigned long long)seq);
    return room;
}

/* ---- the queue ---- */

bool zapi_inbox_push(struct zapi_inbox *in, struct zapi_inbox_entry *e)
{
    bool empty = in->depth == 0;
    memcpy(e->order, e->ev->order, sizeof e->order);
    e->ev->only = zapi_slots_count(&e->wanted) <= 1;
    e->next = NULL;
    *in->queue_end = e;
    in->queue_end = &e->next;
    in->depth++;
    return empty;
}

bool zapi_inbox_ask(struct zapi_inbox *in, struct zapi_inbox_entry *e)
{
    e->wanted = (struct zapi_slots){{0}};
    if (in->config.wanted)
        in->config.wanted(in->config.arg, e->ev, &e->wanted);
    else
        zapi_slots_add(&e->wanted, 0);
    return !zapi_slots_empty(&e->wanted);
}

void zapi_inbox_turn_away(struct zapi_inbox_entry *e)
{
    zapi_event_free(e->ev);
    if (e->stored)
        e->stored(e->arg, e->result);
    free(e);
}

bool zapi_inbox_take(struct zapi_inbox *in, struct zapi_inbox_item *out)
{
    pthread_mutex_lock(&in->lock);
    struct zapi_inbox_entry *e = in->queue;
    if (e) {
        in->queue = e->next;
        if (!in->queue)
            in->queue_end = &in->queue;
        in->depth--;
    }
    pthread_mutex_unlock(&in->lock);
    if (!e)
        return false;
    out->seq = e->seq;
    out->wanted = e->wanted;
    out->event = e->ev;
    memcpy(out->order, e->order, sizeof out->order);
    free(e);
    return true;
}

size_t zapi_inbox_depth(struct zapi_inbox *in)
{
    pthread_mutex_lock(&in->lock);
    size_t n = in->depth;
    pthread_mutex_unlock(&in->lock);
    return n;
}

/* ---- without a database; under the lock ---- */

static bool is_none(struct zapi_key k)
{
    return k.a == 0 && k.b == 0;
}

static void remember(struct zapi_inbox *in, struct zapi_key k)
{
    struct zapi_key *place = &in->ring[in->ring_at];
    if (is_none(k))
        return;
    if (!is_none(*place))
        zapi_keyset_remove(&in->keys, *place);
    *place = k;
    /* Never more than were reserved for. */
    if (!zapi_keyset_add(&in->keys, k))
        *place = no_key;
    in->ring_at = (in->ring_at + 1) % in->config.remember;
}

/* Sets e->result. */
static bool stands(struct zapi_inbox_entry *e)
{
    struct zapi_event_part *part = e->ev->part;
    bool yes = true;
    if (part && !part->apply(part, NULL, &yes))
        e->result = ZAPI_INBOX_FULL;
    else if (!yes)
        e->result = ZAPI_INBOX_DUPLICATE;
    return e->result == ZAPI_INBOX_STORED;
}

/* Sets e->result; what nobody wants is stored and not queued. */
static bool keep(struct zapi_inbox *in, struct zapi_inbox_entry *e, bool *wake)
{
    struct zapi_event *ev = e->ev;
    struct zapi_key k = {ev->key[0], ev->key[1]};
    e->result = ZAPI_INBOX_STORED;
    if (!is_none(k) && zapi_keyset_has(&in->keys, k))
        e->result = ZAPI_INBOX_DUPLICATE;
    else if (in->closed || in->events >= in->config.window)
        e->result = ZAPI_INBOX_FULL;
    if (e->result != ZAPI_INBOX_STORED || !stands(e))
        return false;
    remember(in, k);
    ev->seq = e->seq = ++in->seq;
    if (in->config.apply)
        in->config.apply(in->config.arg, NULL, ev);
    if (!zapi_inbox_ask(in, e))
        return false;
    *wake = zapi_inbox_push(in, e) || *wake;
    in->events++;
    return true;
}

/* false: it cannot wait (too many do). */
static bool let_wait(struct zapi_inbox *in, struct zapi_inbox_entry *e)
{
    if (in->closed || in->nlate >= MOST_LATE)
        return false;
    e->next = NULL;
    *in->late_end = e;
    in->late_end = &e->next;
    in->nlate++;
    return true;
}

/* An end of those that waited: who is told what, after the lock. The entry may
 * be the loop's by then. */
struct told {
    zapi_inbox_stored *stored;
    void *arg;
    struct zapi_inbox_entry *away; /* not queued: NULL when it was */
};

/* Stores what waited, once there is room for a batch: one at a time would
 * switch threads for each event. Number of `told`. */
static size_t end_waits(struct zapi_inbox *in, struct told told[BATCH],
                        bool *wake)
{
    size_t batch = in->config.window / 8, n = 0;
    if (batch > BATCH)
        batch = BATCH;
    if (!in->late || in->events + batch > in->config.window)
        return 0;
    while (n < BATCH && in->late && in->events < in->config.window) {
        struct zapi_inbox_entry *e = in->late;
        in->late = e->next;
        in->nlate--;
        told[n] = (struct told){.stored = e->stored, .arg = e->arg, .away = e};
        if (keep(in, e, wake))
            told[n].away = NULL;
        n++;
    }
    if (!in->late)
        in->late_end = &in->late;
    return n;
}

static bool append_in_memory(struct zapi_inbox *in, struct zapi_inbox_entry *e,
                             bool may_wait)
{
    zapi_inbox_stored *stored = e->stored;
    void *arg = e->arg;
    bool wake = false, waits = false;
    pthread_mutex_lock(&in->lock);
    bool queued = keep(in, e, &wake);
    if (!queued && e->result == ZAPI_INBOX_FULL && may_wait)
        waits = let_wait(in, e);
    pthread_mutex_unlock(&in->lock);
    if (waits)
        return false;
    if (!queued)
        zapi_inbox_turn_away(e);
    else if (stored)
        stored(arg, ZAPI_INBOX_STORED);
    return wake;
}

/* ---- both ---- */

bool zapi_inbox_append(struct zapi_inbox *in, struct zapi_event *ev,
                       bool may_wait, zapi_inbox_stored *stored, void *arg)
{
    struct zapi_inbox_entry *e = malloc(sizeof *e);
    if (!e) {
        zapi_event_free(ev);
        if (stored)
            stored(arg, ZAPI_INBOX_FULL);
        return false;
    }
    *e = (struct zapi_inbox_entry){.in = in,
                                   .ev = ev,
                                   .stored = stored,
                                   .arg = arg,
                                   .result = ZAPI_INBOX_FULL};
    if (!in->config.db)
        return append_in_memory(in, e, may_wait);
    pthread_mutex_lock(&in->lock);
    bool closed = in->closed;
    pthread_mutex_unlock(&in->lock);
    if (closed || zapi_db_queued(in->config.db) >= MOST_JOBS)
        zapi_inbox_turn_away(e);
    else
        zapi_inbox_store(in, e);
    return false;
}

void zapi_inbox_release(struct zapi_inbox *in, struct zapi_event *ev)
{
    struct told told[BATCH];
    bool wake = false;
    zapi_event_free(ev);
    pthread_mutex_lock(&in->lock);
    if (in->events > 0)
        in->events--;
    size_t n = end_waits(in, told, &wake);
    pthread_mutex_unlock(&in->lock);
    for (size_t i = 0; i < n; i++) {
        if (told[i].away)
            zapi_inbox_turn_away(told[i].away);
        else if (told[i].stored)
            told[i].stored(told[i].arg, ZAPI_INBOX_STORED);
    }
    if (wake && in->config.wake)
        in->config.wake(in->config.arg);
}

void zapi_inbox_close(struct zapi_inbox *in)
{
    pthread_mutex_lock(&in->lock);
    in->closed = true;
    struct zapi_inbox_entry *late = take_late(in);
    pthread_mutex_unlock(&in->lock);
    turn_away_all(late); /* outside the lock; they are FULL */
}
