/* SPDX-License-Identifier: MIT
 *
 * What leaves next. One job expires what is over, walks the due rows of an
 * automation in the order of (at, id), and turns those that may go into
 * `sending`. The rows that it read belong to the job until they are moved to
 * `done`. Start at apply_claim.
 */
#include <stdlib.h>
#include <string.h>

#include "store/sends_parts.h"

struct claim_job {
    struct zapi_job job;
    struct zapi_sends *s;
    zapi_sends_claimed *done;
    void *arg;
    double now, next_due;
    size_t limit, n;
    struct zapi_send **rows; /* owned; room for `limit` */
    uint64_t *ids;           /* owned; the same */
    struct zapi_keyset busy; /* persons that had their turn */
    char automation[];
};

#define PAUSED "(SELECT name FROM lane WHERE automation=?1 AND paused=1)"

/* ---- what is over ---- */

static const char expire[] =
    "UPDATE send SET state=9, changed=?2, error_kind='send.expired',"
    " error='it was not sent before it expired'"
    " WHERE state=0 AND automation=?1 AND expires IS NOT NULL AND expires<=?2"
    " RETURNING id";

static void expire_rows(struct claim_job *j, struct zapi_sql *sql)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, expire);
    zapi_sql_text(st, 1, j->automation);
    zapi_sql_real(st, 2, j->now);
    while (zapi_sql_row(st)) {
        zapi_sends_note(j->s, (uint64_t)zapi_sql_get_int(st, 0));
    }
    zapi_sql_end(st);
}

/* ---- who may go ---- */

static const char select_sending[] =
    "SELECT 1 FROM send WHERE person=?2 AND automation=?1"
    " AND " ZAPI_SENDS_TROUBLE " AND state=1";
static const char select_again[] =
    "SELECT id, at FROM send WHERE automation=?1 AND person=?2 AND state=0"
    " AND tries>0 AND lane NOT IN " PAUSED " ORDER BY id LIMIT 1";

/* Which row of this person may go, of whom `id` is the next: none (0) while
 * one is on its way; before all others what was given back, when its time has
 * come. */
static uint64_t head_of(struct claim_job *j, struct zapi_sql *sql,
                        const char *person, uint64_t id)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, select_sending);
    zapi_sql_text(st, 1, j->automation);
    zapi_sql_text(st, 2, person);
    if (zapi_sql_row(st)) {
        zapi_sql_end(st);
        return 0;
    }
    st = zapi_sql_begin(sql, select_again);
    zapi_sql_text(st, 1, j->automation);
    zapi_sql_text(st, 2, person);
    if (zapi_sql_row(st)) {
        bool due = zapi_sql_get_real(st, 1) <= j->now;
        id = due ? (uint64_t)zapi_sql_get_int(st, 0) : 0;
        zapi_sql_end(st);
    }
    return id;
}

static uint64_t hash_of(const char *person)
{
    uint64_t h = UINT64_C(0x7a6170692e707273);
    for (const char *p = person; *p; p++) {
        h = (h ^ (unsigned char)*p) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    return h;
}

static const char select_due[] =
    "SELECT id, person FROM send INDEXED BY send_queued"
    " WHERE state=0 AND automation=?1 AND at<=?2 AND lane NOT IN " PAUSED
    " ORDER BY at, id";

/* false: no memory. `more`: there was no room for all. */
static bool choose(struct claim_job *j, struct zapi_sql *sql, bool *more)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, select_due);
    bool ok = true;
    size_t n = 0;
    zapi_sql_text(st, 1, j->automation);
    zapi_sql_real(st, 2, j->now);
    *more = false;
    while (ok && zapi_sql_row(st)) {
        const char *person = zapi_sql_get_text(st, 1);
        struct zapi_key k = {hash_of(person), 1};
        if (zapi_keyset_has(&j->busy, k)) {
            continue;
        }
        if (n == j->limit) {
            *more = true;
            break;
        }
        uint64_t id = (uint64_t)zapi_sql_get_int(st, 0);
        ok = zapi_keyset_add(&j->busy, k);
        id = head_of(j, sql, person, id);
        if (ok && id != 0) {
            j->ids[n++] = id;
        }
    }
    zapi_sql_end(st);
    j->n = n;
    return ok;
}

static const char claim_text[] =
    "UPDATE send SET state=1, changed=?2, tried=?2, tries=tries+1 WHERE id=?1"
    " RETURNING " ZAPI_SENDS_COLUMNS;

static struct zapi_send *claim_row(struct claim_job *j, struct zapi_sql *sql,
                                   uint64_t id)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, claim_text);
    struct zapi_send row, *copy = NULL;
    zapi_sql_int(st, 1, (int64_t)id);
    zapi_sql_real(st, 2, j->now);
    if (zapi_sql_row(st)) {
        zapi_sends_read(st, &row);
        copy = zapi_send_copy(&row);
        zapi_sql_end(st);
    }
    return copy;
}

/* ---- when to ask again ---- */

static const char select_next[] =
    "SELECT min(at) FROM send WHERE state=0 AND automation=?1 AND at>?2"
    " AND lane NOT IN " PAUSED;
static const char select_expiry[] =
    "SELECT min(expires) FROM send WHERE state=0 AND automation=?1"
    " AND expires IS NOT NULL AND expires>?2";

static void soonest(struct claim_job *j, struct zapi_sql *sql, const char *text)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, text);
    zapi_sql_text(st, 1, j->automation);
    zapi_sql_real(st, 2, j->now);
    if (zapi_sql_row(st)) {
        double at = zapi_sql_get_real(st, 0); /* NULL: 0 */
        if (at > 0 && (j->next_due == 0 || at < j->next_due)) {
            j->next_due = at;
        }
        zapi_sql_end(st);
    }
}

/* ---- the job ---- */

static void forget_rows(struct claim_job *j)
{
    for (size_t i = 0; i < j->n; i++) {
        zapi_send_free(j->rows[i]);
        j->rows[i] = NULL;
    }
    j->n = 0;
}

static bool apply_claim(struct zapi_job *job, struct zapi_sql *sql)
{
    struct claim_job *j = (struct claim_job *)job;
    bool more = false;
    forget_rows(j);
    zapi_keyset_free(&j->busy);
    j->next_due = 0;
    expire_rows(j, sql);
    if (!choose(j, sql, &more)) {
        j->n = 0;
        return false;
    }
    for (size_t i = 0; i < j->n; i++) {
        j->rows[i] = claim_row(j, sql, j->ids[i]);
        if (!j->rows[i]) {
            return false;
        }
    }
    if (more) {
        j->next_due = j->now;
    } else {
        soonest(j, sql, select_next);
        soonest(j, sql, select_expiry);
    }
    return zapi_sends_fine(sql);
}

static void free_claim(struct claim_job *j)
{
    zapi_keyset_free(&j->busy);
    free(j->rows);
    free(j->ids);
    free(j);
}

static void claim_done(struct zapi_job *job, enum zapi_db_result result)
{
    struct claim_job *j = (struct claim_job *)job;
    if (result == ZAPI_DB_OK) {
        struct zapi_send **rows = j->rows;
        j->rows = NULL;
        j->done(j->arg, rows, j->n, j->next_due);
    } else {
        forget_rows(j);
        j->done(j->arg, NULL, 0, j->now + 1);
    }
    free_claim(j);
}

void zapi_sends_claim(struct zapi_sends *s, const char *automation, double now,
                      size_t limit, zapi_sends_claimed *done, void *arg)
{
    size_t room = strlen(automation) + 1;
    struct claim_job *j = calloc(1, sizeof *j + room);
    limit = limit ? limit : 1;
    if (j) {
        j->rows = calloc(limit, sizeof *j->rows);
        j->ids = calloc(limit, sizeof *j->ids);
    }
    if (!j || !j->rows || !j->ids) {
        if (j) {
            free_claim(j);
        }
        done(arg, NULL, 0, now + 1);
        return;
    }
    j->job = (struct zapi_job){.apply = apply_claim, .done = claim_done};
    j->s = s;
    j->done = done;
    j->arg = arg;
    j->now = now;
    j->limit = limit;
    memcpy(j->automation, automation, room);
    zapi_db_submit(s->db, &j->job);
}
