/* SPDX-License-Identifier: MIT
 *
 * The registry: per metric a hash table from label text to a series, behind a
 * lock of its own, so that an add is one hash, one uncontended lock and one
 * sum. Series live until zapi_metrics_clear; a gauge that was forgotten is only
 * hidden, as its labels most likely come back. Start reading at find.
 */
#include "base/metrics.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum {
    MOST_SERIES = 2000,
    MOST_OF_ONE = 1000, /* so that one hostile label leaves room for others */
    LONGEST_LABELS = 512,
    LONGEST_VALUE = 64,
};

enum type { counter, gauge, histogram };

static const struct {
    const char *name, *type_name, *help;
    enum type type;
} table[ZAPI_M_COUNT] = {
#define X(id, name, type, help) {name, #type, help, type},
    ZAPI_METRICS(X)
#undef X
};

static const struct {
    double limit;
    const char *text;
} buckets[] = {
    {0.001, "0.001"}, {0.0025, "0.0025"}, {0.005, "0.005"}, {0.01, "0.01"},
    {0.025, "0.025"}, {0.05, "0.05"},     {0.1, "0.1"},     {0.25, "0.25"},
    {0.5, "0.5"},     {1, "1"},           {2.5, "2.5"},     {5, "5"},
    {10, "10"},       {30, "30"},         {60, "60"},       {0, "+Inf"},
};

#define BUCKETS (sizeof buckets / sizeof *buckets)

struct series {
    struct series *chain; /* of the same slot */
    struct series *next;  /* in the order of making */
    uint64_t hash;
    uint64_t count; /* of a counter or histogram */
    double value;   /* of a gauge; the sum of a histogram */
    bool hidden;
    uint64_t *bucket; /* of a histogram: BUCKETS counts, behind the labels */
    size_t len;
    char labels[];
};

struct metric {
    pthread_mutex_t lock;
    struct series **slots;
    size_t nslots; /* a power of two */
    size_t n;
    struct series *first, **last;
};

static struct metric metrics[ZAPI_M_COUNT];
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_size_t total;
static atomic_ullong dropped;

static void init(void)
{
    for (size_t i = 0; i < ZAPI_M_COUNT; i++) {
        pthread_mutex_init(&metrics[i].lock, NULL);
        metrics[i].last = &metrics[i].first;
    }
}

/* FNV-1a; the tables are small and bounded. */
static uint64_t hash_of(const char *s, size_t len)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < len; i++) {
        h = (h ^ (unsigned char)s[i]) * 0x100000001b3u;
    }
    return h ^ (h >> 32);
}

static bool grow(struct metric *m)
{
    size_t n = m->nslots ? 2 * m->nslots : 16;
    struct series **slots = calloc(n, sizeof(*slots));
    if (!slots) {
        return m->nslots > 0; /* fuller than it should be */
    }
    for (struct series *s = m->first; s; s = s->next) {
        struct series **slot = &slots[s->hash & (n - 1)];
        s->chain = *slot;
        *slot = s;
    }
    free(m->slots);
    m->slots = slots;
    m->nslots = n;
    return true;
}

static struct series *series_new(struct metric *m, const char *labels,
                                 size_t len, uint64_t hash)
{
    bool is_histogram = table[m - metrics].type == histogram;
    size_t text = (len + 8) & ~(size_t)7; /* with its NUL, aligned */
    size_t size = sizeof(struct series) + text;
    if (len > LONGEST_LABELS || m->n >= MOST_OF_ONE) {
        return NULL;
    }
    if (m->n >= m->nslots && !grow(m)) {
        return NULL;
    }
    if (atomic_fetch_add(&total, 1) >= MOST_SERIES) {
        atomic_fetch_sub(&total, 1);
        return NULL;
    }
    struct series *s =
        calloc(1, size + (is_histogram ? BUCKETS * sizeof(uint64_t) : 0));
    if (!s) {
        atomic_fetch_sub(&total, 1);
        return NULL;
    }
    s->hash = hash;
    s->len = len;
    memcpy(s->labels, labels, len);
    if (is_histogram) {
        s->bucket = (uint64_t *)(void *)((char *)s + size);
    }
    struct series **slot = &m->slots[hash & (m->nslots - 1)];
    s->chain = *slot;
    *slot = s;
    *m->last = s;
    m->last = &s->next;
    m->n++;
    return s;
}

/* Under the lock. NULL: there is no room for one more. */
static struct series *find(struct metric *m, const char *labels)
{
    size_t len = labels ? strlen(labels) : 0;
    uint64_t hash = hash_of(labels, len);
    struct series *s = m->nslots ? m->slots[hash & (m->nslots - 1)] : NULL;
    while (s && (s->hash != hash || s->len != len ||
                 (len > 0 && memcmp(s->labels, labels, len) != 0))) {
        s = s->chain;
    }
    if (!s) {
        s = series_new(m, labels ? labels : "", len, hash);
    }
    if (!s) {
        atomic_fetch_add(&dropped, 1);
    }
    return s;
}

static struct metric *enter(enum zapi_metric id)
{
    pthread_once(&once, init);
    pthread_mutex_lock(&metrics[id].lock);
    return &metrics[id];
}

void zapi_metrics_add(enum zapi_metric id, const char *labels, uint64_t n)
{
    struct metric *m = enter(id);
    struct series *s = find(m, labels);
    if (s) {
        s->count += n;
    }
    pthread_mutex_unlock(&m->lock);
}

void zapi_metrics_set(enum zapi_metric id, const char *labels, double v)
{
    struct metric *m = enter(id);
    struct series *s = find(m, labels);
    if (s) {
        s->value = v;
        s->hidden = false;
    }
    pthread_mutex_unlock(&m->lock);
}

void zapi_metrics_observe(enum zapi_metric id, const char *labels,
                          double seconds)
{
    struct metric *m = enter(id);
    struct series *s = find(m, labels);
    size_t i = 0;
    while (i < BUCKETS - 1 && !(seconds <= buckets[i].limit)) {
        i++;
    }
    if (s && s->bucket) {
        s->bucket[i]++;
        s->count++;
        s->value += seconds;
    }
    pthread_mutex_unlock(&m->lock);
}

bool zapi_metrics_gauge(const char *name, enum zapi_metric *out)
{
    for (size_t i = 0; i < ZAPI_M_COUNT; i++) {
        if (table[i].type == gauge && strcmp(table[i].name, name) == 0) {
            *out = (enum zapi_metric)i;
            return true;
        }
    }
    return false;
}

void zapi_metrics_forget(enum zapi_metric id)
{
    struct metric *m = enter(id);
    for (struct series *s = m->first; s; s = s->next) {
        s->hidden = true;
    }
    pthread_mutex_unlock(&m->lock);
}

/* ---- labels ---- */

/* The bytes of the next character as a label shows it; *used: of the value. */
static size_t escape(const char *s, const char *end, char out[4], size_t *used)
{
    size_t n = zapi_utf8_step(s, end);
    *used = n ? n : 1;
    if (n == 0) {
        out[0] = '?'; /* the format is UTF-8 */
        return 1;
    }
    if (n > 1) {
        memcpy(out, s, n);
        return n;
    }
    out[0] = '\\';
    out[1] = *s == '\n' ? 'n' : *s;
    if (*s == '\n' || *s == '"' || *s == '\\') {
        return 2;
    }
    out[0] = *s;
    return 1;
}

static bool is_plain(char c)
{
    return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

char *zapi_metrics_label(char *out, size_t room, const char *name,
                         const char *value)
{
    size_t len = strlen(value), at = strlen(name) + 2, used, n;
    const char *end = value + (len > LONGEST_VALUE ? LONGEST_VALUE : len);
    char piece[4];
    if (len > LONGEST_VALUE) {
        end = value + zapi_utf8_cut(value, LONGEST_VALUE);
    }
    if (room < at + 2) {
        if (room > 0) {
            *out = '\0';
        }
        return out;
    }
    memcpy(out, name, at - 2);
    memcpy(out + at - 2, "=\"", 2);
    for (; value < end && at + 2 < room && is_plain(*value); value++) {
        out[at++] = *value;
    }
    for (; value < end; value += used) {
        n = escape(value, end, piece, &used);
        if (at + n + 2 > room) {
            break;
        }
        memcpy(out + at, piece, n);
        at += n;
    }
    memcpy(out + at, "\"", 2);
    return out;
}

/* ---- writing ---- */

static void write_number(struct zapi_buf *out, double v)
{
    char text[40];
    if (isnan(v)) {
        zapi_buf_adds(out, "NaN");
        return;
    }
    if (isinf(v)) {
        zapi_buf_adds(out, v > 0 ? "+Inf" : "-Inf");
        return;
    }
    snprintf(text, sizeof text, "%.15g", v);
    zapi_buf_adds(out, text);
}

static void write_name(struct zapi_buf *out, const char *name,
                       const char *suffix, const struct series *s,
                       const char *le)
{
    zapi_buf_addf(out, "%s%s", name, suffix);
    if (s->len > 0 || le) {
        zapi_buf_addf(out, "{%s%s%s%s%s}", s->labels,
                      s->len > 0 && le ? "," : "", le ? "le=\"" : "",
                      le ? le : "", le ? "\"" : "");
    }
    zapi_buf_addc(out, ' ');
}

static void write_histogram(struct zapi_buf *out, const char *name,
                            const struct series *s)
{
    uint64_t below = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        below += s->bucket[i];
        write_name(out, name, "_bucket", s, buckets[i].text);
        zapi_buf_addf(out, "%llu\n", (unsigned long long)below);
    }
    write_name(out, name, "_sum", s, NULL);
    write_number(out, s->value);
    zapi_buf_addc(out, '\n');
    write_name(out, name, "_count", s, NULL);
    zapi_buf_addf(out, "%llu\n", (unsigned long long)s->count);
}

static void write_series(struct zapi_buf *out, enum zapi_metric id,
                         const struct series *s)
{
    const char *name = table[id].name;
    if (table[id].type == histogram) {
        write_histogram(out, name, s);
        return;
    }
    write_name(out, name, "", s, NULL);
    if (table[id].type == counter) {
        zapi_buf_addf(out, "%llu", (unsigned long long)s->count);
    } else {
        write_number(out, s->value);
    }
    zapi_buf_addc(out, '\n');
}

static void write_head(struct zapi_buf *out, const char *name, const char *help,
                       const char *type)
{
    zapi_buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void zapi_metrics_write(struct zapi_buf *out)
{
    static const char lost[] = "zapibot_metrics_dropped_total";
    for (size_t i = 0; i < ZAPI_M_COUNT; i++) {
        struct metric *m = enter((enum zapi_metric)i);
        bool headed = false;
        for (const struct series *s = m->first; s; s = s->next) {
            if (s->hidden) {
                continue;
            }
            if (!headed) {
                write_head(out, table[i].name, table[i].help,
                           table[i].type_name);
            }
            headed = true;
            write_series(out, (enum zapi_metric)i, s);
        }
        pthread_mutex_unlock(&m->lock);
    }
    write_head(out, lost, "numbers that had no room in this list", "counter");
    zapi_buf_addf(out, "%s %llu\n", lost,
                  (unsigned long long)atomic_load(&dropped));
}

static atomic_bool watched;

void zapi_metrics_watch(bool on)
{
    atomic_store(&watched, on);
}

bool zapi_metrics_watched(void)
{
    return atomic_load(&watched);
}

void zapi_metrics_clear(void)
{
    for (size_t i = 0; i < ZAPI_M_COUNT; i++) {
        struct metric *m = enter((enum zapi_metric)i);
        while (m->first) {
            struct series *s = m->first;
            m->first = s->next;
            free(s);
        }
        free(m->slots);
        m->slots = NULL;
        m->nslots = m->n = 0;
        m->last = &m->first;
        pthread_mutex_unlock(&m->lock);
    }
    atomic_store(&total, 0);
    atomic_store(&dropped, 0);
}
