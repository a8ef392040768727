/* SPDX-License-Identifier: MIT
 *
 * What is due later: rows of `timer`, known by (automation, name, key). A row
 * that is due becomes an event, in the transaction that also takes the row to
 * its next time (or away): zapi_timers_step is that part of the event. So a
 * timer fires once, and one that was cancelled meanwhile does not. Without a
 * database (db NULL) rows are in memory, with the same functions. Loop thread,
 * but for what runs inside jobs.
 */
#ifndef ZAPI_STORE_TIMERS_H
#define ZAPI_STORE_TIMERS_H

#include "store/db.h"
#include "store/event.h"

struct zapi_timers;

/* `changed`: rows of an automation have changed; any thread. db NULL: in memory. NULL:
 * *error. */
struct zapi_timers *zapi_timers_new(struct zapi_db *db,
                                    void (*changed)(void *arg,
                                                    const char *automation),
                                    void *arg, struct zapi_error *error);
/* After the database was closed: its jobs refer to it. NULL is fine. */
void zapi_timers_delete(struct zapi_timers *t);

/* Strings are never NULL; "" is none. */
struct zapi_timer_row {
    uint64_t id;
    const char *automation, *name, *key;
    const char *cron, *tz; /* repeats by the calendar */
    const char *chat, *instance;
    const char *payload; /* JSON */
    double due;          /* Unix seconds */
    double interval;     /* repeats each so many seconds; 0: does not */
};

/* Writes for a handler's good end, or for zapi_timers_run; everything is
 * copied. NULL: no memory. A row of the same name and key is replaced; one that
 * repeats in the same way goes on from where it is, so that a script may say so
 * at each start. */
struct zapi_write *zapi_timers_put(struct zapi_timers *t,
                                   const struct zapi_timer_row *row);
/* key NULL: every key. */
struct zapi_write *zapi_timers_cancel(struct zapi_timers *t,
                                      const char *automation, const char *name,
                                      const char *key);
/* One transaction of its own: moves the write. `rows`: how many were written or
 * removed. `done` on the writer thread after the commit; in memory before this
 * returns. */
typedef void zapi_timers_done(void *arg, enum zapi_db_result result,
                              size_t rows);
void zapi_timers_run(struct zapi_timers *t, struct zapi_write *write,
                     zapi_timers_done *done, void *arg);

/* How many are there on disk; key NULL: of every key. */
size_t zapi_timers_count(struct zapi_timers *t, const char *automation,
                         const char *name, const char *key);

/* The rows of an automation that are due by `until`, the earliest first, at
 * most `limit`. names: a JSON array of those that count, NULL: all. false: they
 * cannot be read. */
typedef void zapi_timers_visit(void *arg, const struct zapi_timer_row *row);
bool zapi_timers_each(struct zapi_timers *t, const char *automation,
                      const char *names, double until, size_t limit,
                      zapi_timers_visit *visit, void *arg);

/* Part of the event of the row `id` that is due at `due`: it is due at `next`
 * from then on, or goes (0). The event stands only when the row still does.
 * NULL: no memory. */
struct zapi_event_part *zapi_timers_step(struct zapi_timers *t, uint64_t id,
                                         double due, double next);

#endif
