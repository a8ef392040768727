/* SPDX-License-Identifier: MIT
 *
 * See gauges.h. Each question is answered from an index or one row, but for the
 * oldest event: that one costs as much as there are dead letters and questions.
 */
#include "store/gauges.h"

static const char count_dead[] = "SELECT count(*) FROM delivery WHERE state=2";
static const char count_queued[] = "SELECT count(*) FROM send WHERE state=0";
static const char count_unknown[] = "SELECT count(*) FROM send WHERE state=8";
static const char unclean_ends[] =
    "SELECT value FROM meta WHERE name='unclean_ends'";
/* Events of dead letters stay too, those that wait for a person's answer, and
 * those that a script has put off (?1: now): the first that is none of them. The
 * dead are read once, and not for each event; the others are looked up by their
 * key. */
static const char oldest_event[] =
    "SELECT e.received_at FROM event e WHERE e.seq NOT IN"
    " (SELECT seq FROM delivery INDEXED BY delivery_dead WHERE state=2)"
    " AND NOT EXISTS (SELECT 1 FROM automation a CROSS JOIN delivery d"
    " ON d.automation=a.id AND d.person=e.person AND d.seq=e.seq"
    " WHERE d.state=3 OR (d.state=1 AND d.due>?1)) ORDER BY e.seq LIMIT 1";

static double ask(struct zapi_sql *sql, const char *text)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, text);
    double v = zapi_sql_row(st) ? zapi_sql_get_real(st, 0) : 0;
    zapi_sql_end(st);
    return v;
}

static double ask_oldest(struct zapi_sql *sql, double now)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, oldest_event);
    double v;
    zapi_sql_real(st, 1, now);
    v = zapi_sql_row(st) ? zapi_sql_get_real(st, 0) : 0;
    zapi_sql_end(st);
    return v;
}

void zapi_gauges_read(struct zapi_sql *sql, double now, struct zapi_gauges *out)
{
    double oldest = ask_oldest(sql, now);
    *out = (struct zapi_gauges){
        .dead = (uint64_t)ask(sql, count_dead),
        .queued = (uint64_t)ask(sql, count_queued),
        .unknown = (uint64_t)ask(sql, count_unknown),
        .unclean = (uint64_t)ask(sql, unclean_ends),
        .oldest_seconds = oldest > 0 && oldest < now ? now - oldest : 0,
    };
}
