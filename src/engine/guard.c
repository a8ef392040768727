/* SPDX-License-Identifier: MIT
 *
 * Sliding windows, exact: of each chat the times of the last minute's replies,
 * of each instance the last hour's cold recipients with the time of their
 * first message. Both are bounded by their limit, as what is refused is not
 * counted. Who wrote to us is a table of hashes with times; a collision of 64
 * bits would at worst let one cold message through.
 *
 * All is owned by the guard, under its mutex. Start reading at zapi_guard_ask.
 */
#include "engine/guard.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE 60.0
#define HOUR   3600.0
#define DAY    86400.0

enum { BUCKETS = 256, FIRST_HEARD = 256, MOST_HEARD = 1 << 20 };

struct window { /* oldest first */
    struct {
        double at;
        uint64_t who;
    } * marks;
    size_t n, room;
    bool stopped; /* the alarm of this stop was raised */
};

struct chat {
    struct chat *next;
    uint64_t hash;
    struct window replies;
};

struct instance {
    struct instance *next;
    struct window cold;
    double banned_until;
    bool told; /* the alarm of this ban was raised */
    char name[];
};

struct heard { /* hash 0: free */
    uint64_t hash;
    double at;
};

struct zapi_guard {
    pthread_mutex_t lock;
    struct zapi_guard_limits limits;
    struct instance *instances;
    struct chat *chats[BUCKETS];
    size_t nchats;
    struct heard *heard; /* open addressing */
    size_t nheard, room;
};

static const char *text(const char *s)
{
    return s ? s : "";
}

static uint64_t hash_of(const char *instance, const char *person)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (const char *s = text(instance); *s; s++)
        h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
    h = (h ^ 0x1f) * UINT64_C(1099511628211);
    for (const char *s = text(person); *s; s++)
        h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
    h = (h ^ (h >> 32)) * UINT64_C(0x9e3779b97f4a7c15);
    return (h ^ (h >> 29)) | 1;
}

const char *zapi_guard_reason_name(enum zapi_guard_reason reason)
{
    static const char *const names[] = {[ZAPI_GUARD_NONE] = "",
                                        [ZAPI_GUARD_LOOP] = "loop",
                                        [ZAPI_GUARD_COLD] = "cold",
                                        [ZAPI_GUARD_SHADOW_BAN] = "shadow_ban"};
    return names[reason];
}

/* ---- windows ---- */

/* Drops what has left the window. A mark of the future means that the clock
 * was set back: it counts as one of now. */
static void slide(struct window *w, double now, double span)
{
    size_t old = 0;
    while (old < w->n && w->marks[old].at <= now - span)
        old++;
    if (old > 0)
        memmove(w->marks, w->marks + old, (w->n - old) * sizeof *w->marks);
    w->n -= old;
    for (size_t i = w->n; i > 0 && w->marks[i - 1].at > now; i--)
        w->marks[i - 1].at = now;
}

static bool has(const struct window *w, uint64_t who)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->marks[i].who == who)
            return true;
    return false;
}

/* Without memory it is not counted. */
static void mark(struct window *w, double now, uint64_t who)
{
    if (w->n == w->room) {
        size_t room = w->room ? w->room * 2 : 4;
        void *marks = realloc(w->marks, room * sizeof *w->marks);
        if (!marks)
            return;
        w->marks = marks;
        w->room = room;
    }
    w->marks[w->n].at = now;
    w->marks[w->n++].who = who;
}

/* Seconds until there is room for one more, or 0: then it is counted. */
static double pass(struct window *w, unsigned limit, double now, double span,
                   uint64_t who, bool *first)
{
    *first = false;
    if (w->n < limit) {
        mark(w, now, who);
        w->stopped = false;
        return 0;
    }
    *first = !w->stopped;
    w->stopped = true;
    return w->marks[w->n - limit].at + span - now;
}

/* ---- who is known ---- */

static struct instance *instance_of(struct zapi_guard *g, const char *name)
{
    struct instance *i = g->instances;
    name = text(name);
    while (i && strcmp(i->name, name) != 0)
        i = i->next;
    if (i)
        return i;
    size_t n = strlen(name) + 1;
    i = calloc(1, sizeof *i + n);
    if (!i)
        return NULL;
    memcpy(i->name, name, n);
    i->next = g->instances;
    g->instances = i;
    return i;
}

static struct chat *chat_of(struct zapi_guard *g, uint64_t hash)
{
    struct chat **bucket = &g->chats[hash % BUCKETS], *c = *bucket;
    while (c && c->hash != hash)
        c = c->next;
    if (c)
        return c;
    c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->hash = hash;
    c->next = *bucket;
    *bucket = c;
    g->nchats++;
    return c;
}

static struct heard *heard_at(struct heard *table, size_t room, uint64_t hash)
{
    size_t i = (hash >> 7) & (room - 1);
    while (table[i].hash != 0 && table[i].hash != hash)
        i = (i + 1) & (room - 1);
    return &table[i];
}

/* Into a new table, without what is older than a day. */
static bool rebuild(struct zapi_guard *g, double now)
{
    size_t live = 0, room = FIRST_HEARD;
    for (size_t i = 0; i < g->room; i++)
        live += g->heard[i].hash != 0 && g->heard[i].at > now - DAY;
    while (room < live * 2)
        room *= 2;
    struct heard *table = calloc(room, sizeof *table);
    if (!table)
        return false;
    for (size_t i = 0; i < g->room; i++)
        if (g->heard[i].hash != 0 && g->heard[i].at > now - DAY)
            *heard_at(table, room, g->heard[i].hash) = g->heard[i];
    free(g->heard);
    g->heard = table;
    g->room = room;
    g->nheard = live;
    return true;
}

void zapi_guard_heard(struct zapi_guard *g, const char *instance,
                      const char *person, double now)
{
    if (!g)
        return;
    uint64_t hash = hash_of(instance, person);
    pthread_mutex_lock(&g->lock);
    if (g->nheard * 3 >= g->room * 2 && !rebuild(g, now))
        goto out;
    struct heard *h = heard_at(g->heard, g->room, hash);
    if (h->hash == 0 && g->nheard >= MOST_HEARD)
        goto out; /* then they are cold: the safe side */
    if (h->hash == 0)
        g->nheard++;
    *h = (struct heard){hash, now};
out:
    pthread_mutex_unlock(&g->lock);
}

static bool is_warm(const struct zapi_guard *g, uint64_t hash, double now)
{
    const struct heard *h = heard_at(g->heard, g->room, hash);
    return h->hash != 0 && h->at > now - DAY;
}

/* Members of groups, channels and lists have chosen to be there. */
static bool is_person(const char *id)
{
    size_t n = strlen(id);
    if (n > 4 && strcmp(id + n - 4, "@lid") == 0)
        return true;
    return n > 0 && strspn(id, "0123456789") == n;
}

/* ---- asking ---- */

static double ask_reply(struct zapi_guard *g, uint64_t hash, double now,
                        enum zapi_guard_reason *reason, bool *first)
{
    unsigned limit = g->limits.replies_per_chat;
    struct chat *c = limit ? chat_of(g, hash) : NULL;
    if (!c)
        return 0;
    slide(&c->replies, now, MINUTE);
    double wait = pass(&c->replies, limit, now, MINUTE, hash, first);
    if (wait > 0)
        *reason = ZAPI_GUARD_LOOP;
    return wait;
}

static double ask_cold(struct zapi_guard *g, struct instance *in, uint64_t hash,
                       double now, enum zapi_guard_reason *reason, bool *first)
{
    unsigned limit = g->limits.cold_recipients;
    if (now < in->banned_until) {
        *reason = ZAPI_GUARD_SHADOW_BAN;
        *first = !in->told;
        in->told = true;
        return in->banned_until - now;
    }
    in->told = false;
    slide(&in->cold, now, HOUR);
    if (limit == 0 || has(&in->cold, hash))
        return 0;
    double wait = pass(&in->cold, limit, now, HOUR, hash, first);
    if (wait > 0)
        *reason = ZAPI_GUARD_COLD;
    return wait;
}

double zapi_guard_ask(struct zapi_guard *g, const char *instance,
                      const char *person, bool reply, double now,
                      enum zapi_guard_reason *reason, bool *first)
{
    uint64_t hash = hash_of(instance, person);
    struct instance *in = NULL;
    double wait = 0;
    *reason = ZAPI_GUARD_NONE;
    *first = false;
    if (!g)
        return 0;
    pthread_mutex_lock(&g->lock);
    if (reply)
        wait = ask_reply(g, hash, now, reason, first);
    else if (is_person(text(person)) && !is_warm(g, hash, now))
        in = instance_of(g, instance);
    if (in)
        wait = ask_cold(g, in, hash, now, reason, first);
    pthread_mutex_unlock(&g->lock);
    return wait;
}

void zapi_guard_shadow_ban(struct zapi_guard *g, const char *instance,
                           double until)
{
    if (!g)
        return;
    pthread_mutex_lock(&g->lock);
    struct instance *in = instance_of(g, instance);
    if (in)
        in->banned_until = until;
    pthread_mutex_unlock(&g->lock);
}

double zapi_guard_banned_until(struct zapi_guard *g, const char *instance)
{
    double until = 0;
    if (!g)
        return 0;
    pthread_mutex_lock(&g->lock);
    for (struct instance *i = g->instances; i; i = i->next)
        if (strcmp(i->name, text(instance)) == 0)
            until = i->banned_until;
    pthread_mutex_unlock(&g->lock);
    return until;
}

/* ---- life ---- */

/* With a moment: the chats that were quiet for a minute before it; without:
 * all of them. */
static void drop_chats(struct zapi_guard *g, const double *now)
{
    for (size_t b = 0; b < BUCKETS; b++) {
        struct chat **link = &g->chats[b];
        while (*link) {
            struct chat *c = *link;
            if (now)
                slide(&c->replies, *now, MINUTE);
            if (now && c->replies.n > 0) {
                link = &c->next;
                continue;
            }
            *link = c->next;
            free(c->replies.marks);
            free(c);
            g->nchats--;
        }
    }
}

void zapi_guard_trim(struct zapi_guard *g, double now)
{
    if (!g)
        return;
    pthread_mutex_lock(&g->lock);
    drop_chats(g, &now);
    rebuild(g, now); /* without memory it stays as it is */
    pthread_mutex_unlock(&g->lock);
}

size_t zapi_guard_size(struct zapi_guard *g)
{
    pthread_mutex_lock(&g->lock);
    size_t n = g->nchats + g->nheard;
    pthread_mutex_unlock(&g->lock);
    return n;
}

void zapi_guard_set(struct zapi_guard *g,
                    const struct zapi_guard_limits *limits)
{
    pthread_mutex_lock(&g->lock);
    g->limits = *limits;
    pthread_mutex_unlock(&g->lock);
}

struct zapi_guard *zapi_guard_new(const struct zapi_guard_limits *limits)
{
    struct zapi_guard *g = calloc(1, sizeof *g);
    if (!g)
        return NULL;
    g->limits = *limits;
    if (!rebuild(g, 0)) {
        free(g);
        return NULL;
    }
    pthread_mutex_init(&g->lock, NULL);
    return g;
}

void zapi_guard_delete(struct zapi_guard *g)
{
    if (!g)
        return;
    drop_chats(g, NULL);
    while (g->instances) {
        struct instance *i = g->instances;
        g->instances = i->next;
        free(i->cold.marks);
        free(i);
    }
    free(g->heard);
    pthread_mutex_destroy(&g->lock);
    free(g);
}
