/* SPDX-License-Identifier: MIT
 *
 * What is remembered of events after they are done: their keys, so that a
 * repetition is known for seven days, and who wrote which message. Both are
 * read into memory at start. Retention deletes in small pieces, each a job
 * that submits the next one while there is more.
 */
#include <stdlib.h>
#include <string.h>

#include "store/inbox_parts.h"

enum { PIECE = 1000, DEAD_PIECE = 50 };

#define DAY       86400.0
#define SEEN_DAYS 7
#define DEAD_DAYS 30

uint64_t zapi_inbox_hash(const char *message_id)
{
    uint64_t h = UINT64_C(0x7a6170692e6d6964);
    for (const char *p = message_id; *p; p++) {
        h = (h ^ (unsigned char)*p) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    return h ? h : 1;
}

/* ---- start ---- */

static const char all_seen[] = "SELECT id, k0, k1, mid FROM seen ORDER BY id";

static bool add_row(struct zapi_inbox *in, struct zapi_stmt *st)
{
    uint64_t id = (uint64_t)zapi_sql_get_int(st, 0);
    struct zapi_key key = {(uint64_t)zapi_sql_get_int(st, 1),
                           (uint64_t)zapi_sql_get_int(st, 2)};
    struct zapi_key author = {(uint64_t)zapi_sql_get_int(st, 3), id};
    return ((key.a == 0 && key.b == 0) || zapi_keyset_add(&in->keys, key)) &&
           (author.a == 0 || zapi_keyset_add(&in->authors, author));
}

/* Above all that refers to an event: an id is never used again. */
static const char last_id[] =
    "SELECT max((SELECT coalesce(max(id), 0) FROM seen),"
    " (SELECT coalesce(max(seq), 0) FROM event),"
    " (SELECT coalesce(max(event), 0) FROM send WHERE event IS NOT NULL))";

bool zapi_inbox_read_seen(struct zapi_inbox *in, struct zapi_error *error)
{
    struct zapi_sql *sql = zapi_db_reader(in->config.db);
    const char *why = "";
    bool memory = true;
    struct zapi_stmt *st = zapi_sql_begin(sql, last_id);
    if (zapi_sql_row(st))
        in->seq = (uint64_t)zapi_sql_get_int(st, 0);
    zapi_sql_end(st);
    st = zapi_sql_begin(sql, all_seen);
    while (memory && zapi_sql_row(st))
        memory = add_row(in, st);
    zapi_sql_end(st);
    bool failed = zapi_sql_failed(sql, &why);
    if (failed)
        zapi_error_set(error, ZAPI_E_IO, "%s: %s", zapi_db_path(in->config.db),
                       why);
    else if (!memory)
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "no memory for an inbox");
    return memory && !failed;
}

/* ---- authors ---- */

static const char one_author[] =
    "SELECT author, mine FROM seen WHERE id=?1 AND mid=?2";

bool zapi_inbox_author(struct zapi_inbox *in, const char *message_id,
                       char out[ZAPI_ORDER_MAX], bool *mine)
{
    uint64_t hash = zapi_inbox_hash(message_id);
    out[0] = '\0';
    *mine = false;
    if (!in->config.db)
        return false;
    pthread_mutex_lock(&in->lock);
    uint64_t id = zapi_keyset_get(&in->authors, hash);
    pthread_mutex_unlock(&in->lock);
    if (id == 0)
        return false;
    struct zapi_stmt *st =
        zapi_sql_begin(zapi_db_reader(in->config.db), one_author);
    zapi_sql_int(st, 1, (int64_t)id);
    zapi_sql_int(st, 2, (int64_t)hash);
    bool found = zapi_sql_row(st);
    if (found) {
        strncat(out, zapi_sql_get_text(st, 0), ZAPI_ORDER_MAX - 1);
        *mine = zapi_sql_get_int(st, 1) != 0;
    }
    zapi_sql_end(st);
    return found;
}

/* ---- retention ---- */

struct maintain {
    struct zapi_job job;
    struct zapi_inbox *in;
    double now;
    size_t n;
    bool more;
    struct zapi_key keys[PIECE], authors[PIECE];
};

static const char old_seen[] =
    "SELECT id, k0, k1, mid, at FROM seen"
    " WHERE id < (SELECT max(id) FROM seen) ORDER BY id LIMIT ?1";
static const char delete_seen[] = "DELETE FROM seen WHERE id <= ?1";
static const char old_dead[] = "SELECT automation, person, seq FROM delivery"
                               " WHERE state=2 AND ended < ?1 LIMIT ?2";
static const char delete_dead[] =
    "DELETE FROM delivery WHERE automation=?1 AND person=?2 AND seq=?3";

/* The newest row stays: ids go on above it. */
static bool prune_seen(struct maintain *m, struct zapi_sql *sql)
{
    int64_t last = 0;
    m->n = 0;
    struct zapi_stmt *st = zapi_sql_begin(sql, old_seen);
    zapi_sql_int(st, 1, PIECE);
    while (zapi_sql_row(st) &&
           zapi_sql_get_real(st, 4) < m->now - SEEN_DAYS * DAY) {
        last = zapi_sql_get_int(st, 0);
        m->keys[m->n] = (struct zapi_key){(uint64_t)zapi_sql_get_int(st, 1),
                                          (uint64_t)zapi_sql_get_int(st, 2)};
        m->authors[m->n++] = (struct zapi_key){
            (uint64_t)zapi_sql_get_int(st, 3), (uint64_t)last};
    }
    zapi_sql_end(st);
    if (m->n == 0)
        return true;
    m->more = m->n == PIECE;
    st = zapi_sql_begin(sql, delete_seen);
    zapi_sql_int(st, 1, last);
    return zapi_sql_run(st);
}

struct dead {
    int64_t automation;
    uint64_t seq;
    char person[ZAPI_PERSON_MAX];
};

static bool prune_dead(struct maintain *m, struct zapi_sql *sql)
{
    struct dead dead[DEAD_PIECE];
    size_t n = 0;
    bool ok = true;
    struct zapi_stmt *st = zapi_sql_begin(sql, old_dead);
    zapi_sql_real(st, 1, m->now - DEAD_DAYS * DAY);
    zapi_sql_int(st, 2, DEAD_PIECE);
    while (zapi_sql_row(st)) {
        struct dead *d = &dead[n++];
        d->automation = zapi_sql_get_int(st, 0);
        d->seq = (uint64_t)zapi_sql_get_int(st, 2);
        d->person[0] = '\0';
        strncat(d->person, zapi_sql_get_text(st, 1), sizeof d->person - 1);
    }
    for (size_t i = 0; ok && i < n; i++) {
        st = zapi_sql_begin(sql, delete_dead);
        zapi_sql_int(st, 1, dead[i].automation);
        zapi_sql_text(st, 2, dead[i].person);
        zapi_sql_int(st, 3, (int64_t)dead[i].seq);
        ok = zapi_sql_run(st) && zapi_inbox_settle(sql, dead[i].seq);
    }
    m->more = m->more || n == DEAD_PIECE;
    return ok;
}

static bool apply_maintain(struct zapi_job *job, struct zapi_sql *sql)
{
    struct maintain *m = (struct maintain *)job;
    m->more = false;
    return prune_seen(m, sql) && prune_dead(m, sql);
}

static void done_maintain(struct zapi_job *job, enum zapi_db_result result)
{
    struct maintain *m = (struct maintain *)job;
    struct zapi_inbox *in = m->in;
    if (result == ZAPI_DB_OK) {
        for (size_t i = 0; i < m->n; i++)
            zapi_keyset_remove(&in->keys, m->keys[i]);
        pthread_mutex_lock(&in->lock);
        for (size_t i = 0; i < m->n; i++)
            zapi_keyset_remove(&in->authors, m->authors[i]);
        pthread_mutex_unlock(&in->lock);
        if (m->more) {
            zapi_db_submit(in->config.db, &m->job);
            return;
        }
    }
    free(m);
    atomic_store(&in->maintaining, false);
}

void zapi_inbox_maintain(struct zapi_inbox *in, double now)
{
    if (!in->config.db || atomic_exchange(&in->maintaining, true))
        return;
    struct maintain *m = malloc(sizeof *m);
    if (!m) {
        atomic_store(&in->maintaining, false);
        return;
    }
    m->job = (struct zapi_job){.apply = apply_maintain, .done = done_maintain};
    m->in = in;
    m->now = now;
    m->n = 0;
    zapi_db_submit(in->config.db, &m->job);
}
