/* SPDX-License-Identifier: MIT
 *
 * What happens to rows without a script: those that have expired go, those of
 * a person follow when two persons turn out to be one (who is to be forgotten:
 * forget.c). Nothing is owned here. Start at zapi_kv_maintain.
 */
#include <stdlib.h>
#include <string.h>

#include "store/connection.h"
#include "store/kv_parts.h"

enum { PIECE = 500 };

/* ---- expiry ---- */

struct maintain {
    struct zapi_job job;
    struct zapi_kv *kv;
    double now;
    bool more;
};

static const char delete_expired[] =
    "DELETE FROM kv WHERE (ns,k) IN (SELECT ns,k FROM kv WHERE expires<=?1"
    " ORDER BY expires LIMIT ?2)";

static bool purge(struct zapi_sql *sql, double now, bool *more)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, delete_expired);
    zapi_sql_real(st, 1, now);
    zapi_sql_int(st, 2, PIECE);
    bool ok = zapi_sql_run(st);
    *more = ok && zapi_sql_changes(sql) >= PIECE;
    return ok;
}

static bool apply_maintain(struct zapi_job *job, struct zapi_sql *sql)
{
    struct maintain *m = (struct maintain *)job;
    return purge(sql, m->now, &m->more);
}

static void done_maintain(struct zapi_job *job, enum zapi_db_result result)
{
    struct maintain *m = (struct maintain *)job;
    if (result == ZAPI_DB_OK && m->more) {
        zapi_db_submit(m->kv->db, &m->job);
        return;
    }
    atomic_store(&m->kv->maintaining, false);
    free(m);
}

void zapi_kv_maintain(struct zapi_kv *kv, double now)
{
    bool more = true;
    if (!kv->db) {
        while (more)
            purge(kv->memory, now, &more);
        return;
    }
    if (atomic_exchange(&kv->maintaining, true))
        return;
    struct maintain *m = malloc(sizeof *m);
    if (!m) {
        atomic_store(&kv->maintaining, false);
        return;
    }
    *m = (struct maintain){
        .job = {.apply = apply_maintain, .done = done_maintain},
        .kv = kv,
        .now = now};
    zapi_db_submit(kv->db, &m->job);
}

void zapi_kv_renew(struct zapi_kv *kv)
{
    if (kv->memory)
        zapi_sql_script(kv->memory,
                        "DELETE FROM kv WHERE ns>=char(1) AND ns<char(2)");
}

/* ---- persons ---- */

/* There are few namespaces and many rows: each is looked at by its key. */
static const char next_ns[] =
    "SELECT min(ns) FROM kv WHERE ns>?1 AND ns<char(2)";

static bool find_ns(struct zapi_sql *sql, char *ns, size_t room)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, next_ns);
    zapi_sql_text(st, 1, ns);
    bool found = zapi_sql_row(st) && !zapi_sql_is_null(st, 0) &&
                 strlen(zapi_sql_get_text(st, 0)) < room;
    if (found)
        strcpy(ns, zapi_sql_get_text(st, 0));
    zapi_sql_end(st);
    return found;
}

static bool run_for(struct zapi_sql *sql, const char *text, const char *ns,
                    const char *key, const char *to)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, text);
    zapi_sql_text(st, 1, ns);
    zapi_sql_blob(st, 2, key, strlen(key));
    if (to)
        zapi_sql_blob(st, 3, to, strlen(to));
    return zapi_sql_run(st);
}

bool zapi_kv_merge(struct zapi_sql *sql, const char *from, const char *to)
{
    static const char move[] =
        "UPDATE OR IGNORE kv SET k=?3 WHERE ns=?1 AND k=?2";
    static const char drop[] = "DELETE FROM kv WHERE ns=?1 AND k=?2";
    char ns[512] = "\1";
    bool ok = true;
    while (ok && find_ns(sql, ns, sizeof ns))
        ok = run_for(sql, move, ns, from, to) &&
             run_for(sql, drop, ns, from, NULL);
    return ok;
}
