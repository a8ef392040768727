/* SPDX-License-Identifier: MIT
 *
 * What time does to sends: an accepted one of which nobody says anything is
 * unknown after a day, finished ones are deleted after thirty, and message ids
 * leave the memory after seven. In pieces, each a transaction of its own.
 * Start at zapi_sends_maintain.
 */
#include <stdlib.h>

#include "base/log.h"
#include "store/sends_parts.h"

enum { PIECE = 1000, KEEP_DAYS = 30, SWEEP_SECONDS = 3600 };

/* ---- a day without a word ---- */

static const char age_text[] =
    "UPDATE send SET state=8, changed=?1, error_kind='send.unknown',"
    " error='accepted, and no callback came for a day' WHERE id IN"
    " (SELECT id FROM send WHERE state=2 AND changed<=?2"
    " AND " ZAPI_SENDS_WHOLE " ORDER BY changed"
    " LIMIT ?3) RETURNING id";

size_t zapi_sends_age(struct zapi_sends *s, struct zapi_sql *sql, double now)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, age_text);
    size_t n = 0;
    zapi_sql_real(st, 1, now);
    zapi_sql_real(st, 2, now - ZAPI_SENDS_DAY);
    zapi_sql_int(st, 3, PIECE);
    for (; zapi_sql_row(st); n++) {
        zapi_sends_note(s, (uint64_t)zapi_sql_get_int(st, 0));
    }
    return n;
}

/* ---- retention ---- */

static const char select_old[] =
    "SELECT id, created, state, changed FROM send WHERE id>?1 ORDER BY id"
    " LIMIT ?2";
static const char delete_row[] = "DELETE FROM send WHERE id=?1";

struct old {
    uint64_t id;
    double created, changed;
    enum zapi_send_state state;
};

static size_t read_old(struct zapi_sql *sql, uint64_t after, struct old *out)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, select_old);
    size_t n = 0;
    zapi_sql_int(st, 1, (int64_t)after);
    zapi_sql_int(st, 2, PIECE);
    for (; n < PIECE && zapi_sql_row(st); n++) {
        out[n] = (struct old){
            .id = (uint64_t)zapi_sql_get_int(st, 0),
            .created = zapi_sql_get_real(st, 1),
            .state = (enum zapi_send_state)zapi_sql_get_int(st, 2),
            .changed = zapi_sql_get_real(st, 3),
        };
    }
    zapi_sql_end(st);
    return n;
}

/* Walks the rows from the oldest id on and begins anew at the first that is
 * too young: a row that was scheduled for long keeps its low id. */
bool zapi_sends_prune(struct zapi_sends *s, struct zapi_sql *sql, double now)
{
    double before = now - KEEP_DAYS * ZAPI_SENDS_DAY;
    struct old rows[PIECE];
    size_t i, n = read_old(sql, s->prune_from, rows);
    for (i = 0; i < n && rows[i].created < before; i++) {
        if (rows[i].changed >= before || rows[i].state == ZAPI_SEND_QUEUED ||
            rows[i].state == ZAPI_SEND_SENDING) {
            continue;
        }
        struct zapi_stmt *st = zapi_sql_begin(sql, delete_row);
        zapi_sql_int(st, 1, (int64_t)rows[i].id);
        zapi_sql_run(st);
    }
    bool more = n == PIECE && i == n;
    s->prune_from = more ? rows[n - 1].id : 0;
    return more;
}

/* ---- once a minute ---- */

struct age_job {
    struct zapi_job job;
    struct zapi_sends *s;
    double now;
    size_t aged, told;
    bool more;
};

static bool apply_age(struct zapi_job *job, struct zapi_sql *sql)
{
    struct age_job *j = (struct age_job *)job;
    struct zapi_sends *s = j->s;
    j->aged = zapi_sends_age(s, sql, j->now);
    j->more = zapi_sends_prune(s, sql, j->now);
    j->more = j->more || j->aged == PIECE;
    if (j->now >= s->swept + SWEEP_SECONDS || j->now < s->swept) {
        double since = j->now - ZAPI_SENDS_ID_DAYS * ZAPI_SENDS_DAY;
        s->swept = j->now;
        zapi_sends_forget_ids(s, zapi_sends_first_since(sql, since));
    }
    return zapi_sends_fine(sql);
}

static void age_done(struct zapi_job *job, enum zapi_db_result result)
{
    struct age_job *j = (struct age_job *)job;
    if (result == ZAPI_DB_OK) {
        j->told += j->aged;
        if (j->more) {
            zapi_db_submit(j->s->db, &j->job);
            return;
        }
    }
    if (j->told > 0) {
        zapi_warn("%zu messages that Z-API took have had no callback for a "
                  "day and count as unknown now: are the webhooks for "
                  "delivery and message status set to this program?",
                  j->told);
    }
    atomic_store(&j->s->maintaining, false);
    free(j);
}

void zapi_sends_maintain(struct zapi_sends *s, double now)
{
    if (atomic_exchange(&s->maintaining, true)) {
        return;
    }
    struct age_job *j = malloc(sizeof *j);
    if (!j) {
        atomic_store(&s->maintaining, false);
        return;
    }
    *j = (struct age_job){
        .job = {.apply = apply_age, .done = age_done}, .s = s, .now = now};
    zapi_db_submit(s->db, &j->job);
}
