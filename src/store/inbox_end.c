/* SPDX-License-Identifier: MIT
 *
 * How a delivery ends, in one transaction that must be written: done with all
 * that the handler left for its good end, dead, or again later. A write that
 * cannot be applied takes the whole end with it; then the delivery is dead, and
 * nothing is half done. A delivery may lie elsewhere than its order says (two
 * persons became one meanwhile); it is looked for by its seq then. Start at
 * zapi_inbox_finish.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "store/inbox_parts.h"

enum { LONGEST_REASON = 16 * 1024 };

struct end {
    struct zapi_job job;
    struct zapi_db *db;
    int64_t automation;
    uint64_t seq;
    enum zapi_inbox_outcome outcome;
    unsigned attempt;
    double due;
    bool by_script, broken;
    struct zapi_write *writes; /* owned */
    void (*done)(void *arg, enum zapi_db_result r);
    void *arg;
    const char *reason; /* in the block, or static */
    char person[ZAPI_PERSON_MAX];
    char text[];
};

static const char delete_one[] =
    "DELETE FROM delivery WHERE automation=?1 AND person=?2 AND seq=?3";
static const char update_one[] =
    "UPDATE delivery SET state=?4, attempts=?5, due=?6, ended=?7,"
    " by_script=?8, reason=?9 WHERE automation=?1 AND person=?2 AND seq=?3";
/* By the event's row, which a merge takes along: a delivery is found by its whole
 * key only. */
static const char where_is_it[] =
    "SELECT d.person FROM event e CROSS JOIN delivery d ON d.automation=?1"
    " AND d.person=e.person AND d.seq=e.seq WHERE e.seq=?2";
static const char delete_event[] =
    "DELETE FROM event WHERE seq=?1 AND pending<=1";
static const char count_event[] =
    "UPDATE event SET pending=pending-1 WHERE seq=?1";

bool zapi_inbox_settle(struct zapi_sql *sql, uint64_t seq)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, delete_event);
    zapi_sql_int(st, 1, (int64_t)seq);
    if (!zapi_sql_run(st))
        return false;
    if (zapi_sql_changes(sql) > 0)
        return true;
    st = zapi_sql_begin(sql, count_event);
    zapi_sql_int(st, 1, (int64_t)seq);
    return zapi_sql_run(st);
}

static const int states[] = {
    [ZAPI_INBOX_DEAD] = ZAPI_INBOX_IS_DEAD,
    [ZAPI_INBOX_LATER] = ZAPI_INBOX_ASIDE,
    [ZAPI_INBOX_AGAIN] = ZAPI_INBOX_WAITING,
    [ZAPI_INBOX_PARKED] = ZAPI_INBOX_IS_PARKED,
};

static bool change(const struct end *e, struct zapi_sql *sql)
{
    bool done = e->outcome == ZAPI_INBOX_DONE;
    bool dead = e->outcome == ZAPI_INBOX_DEAD;
    struct zapi_stmt *st = zapi_sql_begin(sql, done ? delete_one : update_one);
    zapi_sql_int(st, 1, e->automation);
    zapi_sql_text(st, 2, e->person);
    zapi_sql_int(st, 3, (int64_t)e->seq);
    if (!done) {
        zapi_sql_int(st, 4, states[e->outcome]);
        zapi_sql_int(st, 5, e->attempt);
        zapi_sql_real(st, 6, dead ? 0 : e->due);
        if (dead)
            zapi_sql_real(st, 7, zapi_clock_now());
        else
            zapi_sql_null(st, 7);
        zapi_sql_int(st, 8, e->by_script);
        zapi_sql_text(st, 9, dead ? e->reason : NULL);
    }
    return zapi_sql_run(st);
}

/* false: no such delivery (it was never stored, or a command dropped it). */
static bool look_for(struct end *e, struct zapi_sql *sql)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, where_is_it);
    zapi_sql_int(st, 1, e->automation);
    zapi_sql_int(st, 2, (int64_t)e->seq);
    bool found = zapi_sql_row(st);
    if (found) {
        e->person[0] = '\0';
        strncat(e->person, zapi_sql_get_text(st, 0), sizeof e->person - 1);
    }
    zapi_sql_end(st);
    return found;
}

static bool apply_end(struct zapi_job *job, struct zapi_sql *sql)
{
    struct end *e = (struct end *)job;
    bool ok = change(e, sql), there = zapi_sql_changes(sql) > 0;
    if (ok && !there && look_for(e, sql)) {
        ok = change(e, sql);
        there = true;
    }
    if (!ok ||
        (e->outcome != ZAPI_INBOX_DONE && e->outcome != ZAPI_INBOX_PARKED))
        return ok;
    if (there && e->outcome == ZAPI_INBOX_DONE &&
        !zapi_inbox_settle(sql, e->seq))
        return false;
    for (struct zapi_write *w = e->writes; ok && w; w = w->next)
        ok = w->apply(w, sql);
    return ok;
}

static void release_writes(struct zapi_write **writes)
{
    while (*writes) {
        struct zapi_write *w = *writes;
        *writes = w->next;
        w->release(w);
    }
}

/* It is dead instead: nobody can tell what the handler's end was to be. */
static void bury(struct end *e)
{
    zapi_err("event #%llu: what its handler left to be stored could not be; "
             "it is a dead letter now",
             (unsigned long long)e->seq);
    release_writes(&e->writes);
    e->broken = true;
    e->outcome = ZAPI_INBOX_DEAD;
    e->by_script = false;
    e->reason = "what the handler left to be stored could not be stored";
    zapi_db_submit(e->db, &e->job);
}

static void done_end(struct zapi_job *job, enum zapi_db_result result)
{
    struct end *e = (struct end *)job;
    if (result == ZAPI_DB_FAILED && e->writes) {
        bury(e);
        return;
    }
    release_writes(&e->writes);
    if (e->done)
        e->done(e->arg, e->broken ? ZAPI_DB_FAILED : result);
    free(e);
}

/* Nothing is on disk, or there is no memory to say so. */
static void end_at_once(const struct zapi_inbox_end *end,
                        void (*done)(void *arg, enum zapi_db_result r),
                        void *arg, enum zapi_db_result result)
{
    struct zapi_write *writes = end->writes;
    if (result == ZAPI_DB_OK) /* in memory */
        for (struct zapi_write *w = writes; w; w = w->next)
            w->apply(w, NULL);
    release_writes(&writes);
    if (done)
        done(arg, result);
}

void zapi_inbox_finish(struct zapi_inbox *in, const struct zapi_inbox_end *end,
                       void (*done)(void *arg, enum zapi_db_result r),
                       void *arg)
{
    char room[ZAPI_PERSON_MAX];
    bool dead = end->outcome == ZAPI_INBOX_DEAD && end->reason;
    size_t len = dead ? strlen(end->reason) : 0;
    if (len > LONGEST_REASON)
        len = zapi_utf8_cut(end->reason, LONGEST_REASON);
    if (!in->config.db) {
        end_at_once(end, done, arg, ZAPI_DB_OK);
        return;
    }
    struct end *e = malloc(sizeof *e + len + 1);
    if (!e) {
        end_at_once(end, done, arg, ZAPI_DB_UNAVAILABLE);
        return;
    }
    *e = (struct end){
        .job = {.apply = apply_end, .done = done_end, .must = true},
        .db = in->config.db,
        .automation = in->slots[end->slot].id,
        .seq = end->seq,
        .outcome = end->outcome,
        .attempt = end->attempt,
        .due = end->due,
        .by_script = end->by_script,
        .writes = end->writes,
        .done = done,
        .arg = arg};
    if (len > 0)
        memcpy(e->text, end->reason, len);
    e->text[len] = '\0';
    e->reason = e->text;
    strncat(e->person, zapi_inbox_person(room, end->order, end->seq),
            sizeof e->person - 1);
    for (struct zapi_write *w = e->writes; w; w = w->next)
        if (w->leave)
            w->leave(w);
    zapi_db_submit(in->config.db, &e->job);
}
