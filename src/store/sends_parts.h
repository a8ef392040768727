/* SPDX-License-Identifier: MIT
 *
 * What the files of the table of sends share; nobody else includes this, but
 * for admin_outbox.c, which mends rows for a person.
 *
 *   sends_row.c     states, the table of moves, rows in memory
 *   sends.c         open, begin, end, and who is told of changes
 *   sends_claim.c   what leaves next
 *   sends_facts.c   what arrives: statuses, failures, echoes; message ids
 *   sends_query.c   filters, cancel, requeue, lanes
 *   sends_age.c     retention
 */
#ifndef ZAPI_STORE_SENDS_PARTS_H
#define ZAPI_STORE_SENDS_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/keyset.h"
#include "store/sends.h"
#include "store/sql.h"

#define ZAPI_SENDS_DAY 86400.0

enum {
    ZAPI_SENDS_ID_DAYS = 7,
    ZAPI_SENDS_EARLY = 1024, /* a power of two */
    ZAPI_SENDS_STRINGS = 13,
};

/* A fact that came before the reply that names its message id. In a table by
 * the id's hash, where a later one takes the place of another: this bridges
 * milliseconds. Never removed when it was used, as the job that used it may be
 * undone and run again. */
struct zapi_sends_early {
    uint64_t hash;
    double at;
    enum zapi_send_state state;
    char *error; /* owned: kind, NUL, text */
};

struct zapi_sends {
    struct zapi_db *db; /* borrowed */
    zapi_sends_changed *changed;
    void *arg;

    pthread_mutex_t lock;
    struct zapi_keyset ids; /* hash of a message id → row; under the lock */

    /* the writer thread's */
    struct zapi_sends_early early[ZAPI_SENDS_EARLY];
    uint64_t *noted; /* rows whose change is to be told */
    size_t nnoted, noted_room;
    bool telling;        /* a job is on its way that tells */
    uint64_t prune_from; /* ids up to here were looked at */
    double swept;        /* when old message ids were let go of */
    atomic_bool maintaining;
};

/* ---- sends_row.c ---- */

/* What the partial index send_trouble holds: sending, failed, unknown. SQLite
 * uses such an index only where its own words are repeated; and it evaluates
 * them at every write, where IN (…) of three would cost 3 µs each time. */
#define ZAPI_SENDS_TROUBLE "(state=1 OR state=7 OR state=8)"

/* Not a row of which only the count is kept: its person was forgotten. */
#define ZAPI_SENDS_WHOLE "(person IS NOT '' OR args IS NOT NULL)"

/* In the order that zapi_sends_read expects. The strings come last, in the
 * order of zapi_send_string. */
#define ZAPI_SENDS_COLUMNS                                                 \
    "id, event, state, reply, tries, at, expires, created, changed, "      \
    "automation, step, key, instance, recipient, person, endpoint, lane, " \
    "message_id, error_kind, error, args, result"

/* One of the strings of a row. */
const char **zapi_send_string(const struct zapi_send *row, size_t i);
/* The row that the statement stands on; its strings live as long as that. */
void zapi_sends_read(struct zapi_stmt *st, struct zapi_send *out);
/* NULL: there is none, or no memory. */
struct zapi_send *zapi_sends_load(struct zapi_sql *sql, uint64_t id);
/* At the end of an apply that did not look at each step: has none failed? The
 * writer still sees what it was. */
bool zapi_sends_fine(struct zapi_sql *sql);

/* ---- sends.c: writer thread ---- */

/* To be told after the commit. `s` may be NULL. */
void zapi_sends_note(struct zapi_sends *s, uint64_t id);

/* ---- sends_facts.c: writer thread ---- */

bool zapi_sends_read_ids(struct zapi_sends *s, struct zapi_sql *sql,
                         double now);
void zapi_sends_learn_id(struct zapi_sends *s, const char *message_id,
                         uint64_t id);
/* What arrived before the row had this id. */
void zapi_sends_catch_up(struct zapi_sends *s, struct zapi_sql *sql,
                         const char *message_id, uint64_t id);
/* The first row that is younger than 7 days; rows are older the lower their
 * id, apart from clocks that jump. */
uint64_t zapi_sends_first_since(struct zapi_sql *sql, double since);
void zapi_sends_forget_ids(struct zapi_sends *s, uint64_t below);

#endif
