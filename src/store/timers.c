/* SPDX-License-Identifier: MIT
 *
 * See timers.h. A change is one block with all its strings, owned by whoever
 * holds the write. In memory the rows are in a database of SQLite's own without
 * a file, so that both ways are the same statements. Start reading at
 * zapi_timers_put and zapi_timers_step.
 */
#include "store/timers.h"

#include <stdlib.h>
#include <string.h>

#include "store/connection.h"
#include "store/schema.h"
#include "store/sql.h"

struct zapi_timers {
    struct zapi_db *db;
    struct zapi_sql *memory; /* without db */
    void (*changed)(void *arg, const char *automation);
    void *arg;
};

/* A new id at each time, as the key of an event is (id, due). */
static const char replace_row[] =
    "INSERT OR REPLACE INTO timer(automation, name, key, due, interval, cron,"
    " tz, chat, instance, payload)"
    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
/* The same one goes on. */
static const char go_on[] =
    "UPDATE timer SET chat=?8, instance=?9, payload=?10"
    " WHERE automation=?1 AND name=?2 AND key=?3 AND interval=?5 AND cron=?6"
    " AND tz=?7";
static const char cancel_key[] =
    "DELETE FROM timer WHERE automation=?1 AND name=?2 AND key=?3";
static const char cancel_name[] =
    "DELETE FROM timer WHERE automation=?1 AND name=?2";
static const char select_due[] =
    "SELECT id, name, key, due, interval, cron, tz, chat, instance, payload"
    " FROM timer INDEXED BY timer_due WHERE automation=?1 AND due<=?2 AND"
    " (?4 IS NULL OR name IN (SELECT value FROM json_each(?4)))"
    " ORDER BY due, id LIMIT ?3";
static const char count_rows[] =
    "SELECT count(*) FROM timer WHERE automation=?1 AND name=?2"
    " AND (?3 IS NULL OR key=?3)";
static const char step_on[] = "UPDATE timer SET due=?3 WHERE id=?1 AND due=?2";
static const char step_away[] = "DELETE FROM timer WHERE id=?1 AND due=?2";

/* ---- life ---- */

struct zapi_timers *zapi_timers_new(struct zapi_db *db,
                                    void (*changed)(void *arg,
                                                    const char *automation),
                                    void *arg, struct zapi_error *error)
{
    struct zapi_timers *t = calloc(1, sizeof *t);
    zapi_error_set(error, ZAPI_E_NO_MEMORY, "not enough memory");
    if (!t)
        return NULL;
    *t = (struct zapi_timers){.db = db, .changed = changed, .arg = arg};
    if (db)
        return t;
    t->memory = zapi_sql_open(":memory:", ZAPI_SQL_WRITE, 0, error);
    if (t->memory && zapi_schema_migrate(t->memory, "the memory", error))
        return t;
    zapi_timers_delete(t);
    return NULL;
}

void zapi_timers_delete(struct zapi_timers *t)
{
    if (!t)
        return;
    zapi_sql_close(t->memory);
    free(t);
}

/* ---- changes ---- */

enum { NAME, KEY, CRON, TZ, CHAT, INSTANCE, PAYLOAD, STRINGS };

struct change {
    struct zapi_write base;
    struct zapi_timers *t;
    bool put;     /* else: cancel */
    bool every;   /* cancel: every key */
    bool applied; /* those who wait for the next row are told at its release */
    size_t rows;  /* result */
    double due, interval;
    const char *automation, *text[STRINGS];
    char bytes[];
};

static void bind_row(struct zapi_stmt *st, const struct change *c)
{
    zapi_sql_text(st, 1, c->automation);
    zapi_sql_text(st, 2, c->text[NAME]);
    zapi_sql_text(st, 3, c->text[KEY]);
    zapi_sql_real(st, 5, c->interval);
    zapi_sql_text(st, 6, c->text[CRON]);
    zapi_sql_text(st, 7, c->text[TZ]);
    zapi_sql_text(st, 8, c->text[CHAT]);
    zapi_sql_text(st, 9, c->text[INSTANCE]);
    zapi_sql_text(st, 10, c->text[PAYLOAD]);
}

static bool apply_put(struct change *c, struct zapi_sql *sql)
{
    c->rows = 1;
    if (c->interval > 0 || *c->text[CRON]) {
        struct zapi_stmt *st = zapi_sql_begin(sql, go_on);
        bind_row(st, c);
        if (!zapi_sql_run(st))
            return false;
        if (zapi_sql_changes(sql) > 0)
            return true;
    }
    struct zapi_stmt *st = zapi_sql_begin(sql, replace_row);
    bind_row(st, c);
    zapi_sql_real(st, 4, c->due);
    return zapi_sql_run(st);
}

static bool apply_cancel(struct change *c, struct zapi_sql *sql)
{
    struct zapi_stmt *st =
        zapi_sql_begin(sql, c->every ? cancel_name : cancel_key);
    zapi_sql_text(st, 1, c->automation);
    zapi_sql_text(st, 2, c->text[NAME]);
    if (!c->every)
        zapi_sql_text(st, 3, c->text[KEY]);
    if (!zapi_sql_run(st))
        return false;
    c->rows = (size_t)zapi_sql_changes(sql);
    return true;
}

static bool apply_change(struct zapi_write *w, struct zapi_sql *sql)
{
    struct change *c = (struct change *)w;
    if (!sql)
        sql = c->t->memory;
    c->applied = true;
    return c->put ? apply_put(c, sql) : apply_cancel(c, sql);
}

static void leave_change(struct zapi_write *w)
{
    (void)w;
}

/* Any thread; of an applied one after the commit. */
static void release_change(struct zapi_write *w)
{
    struct change *c = (struct change *)w;
    struct zapi_timers *t = c->t;
    if (c->applied && t->changed)
        t->changed(t->arg, c->automation);
    free(c);
}

static struct change *make(struct zapi_timers *t, const char *automation,
                           const char *const text[STRINGS])
{
    size_t room = strlen(automation) + 1;
    for (int i = 0; i < STRINGS; i++)
        room += strlen(text[i]) + 1;
    struct change *c = malloc(sizeof *c + room);
    if (!c)
        return NULL;
    *c = (struct change){.base = {.apply = apply_change,
                                  .leave = leave_change,
                                  .release = release_change},
                         .t = t};
    char *at = c->bytes;
    c->automation = strcpy(at, automation);
    at += strlen(at) + 1;
    for (int i = 0; i < STRINGS; i++) {
        c->text[i] = strcpy(at, text[i]);
        at += strlen(at) + 1;
    }
    return c;
}

struct zapi_write *zapi_timers_put(struct zapi_timers *t,
                                   const struct zapi_timer_row *row)
{
    const char *const text[STRINGS] = {row->name,   row->key,  row->cron,
                                       row->tz,     row->chat, row->instance,
                                       row->payload};
    struct change *c = make(t, row->automation, text);
    if (!c)
        return NULL;
    c->put = true;
    c->due = row->due;
    c->interval = row->interval;
    return &c->base;
}

struct zapi_write *zapi_timers_cancel(struct zapi_timers *t,
                                      const char *automation, const char *name,
                                      const char *key)
{
    const char *const text[STRINGS] = {name, key ? key : "", "", "", "", "",
                                       ""};
    struct change *c = make(t, automation, text);
    if (!c)
        return NULL;
    c->every = !key;
    return &c->base;
}

/* ---- a transaction of its own ---- */

struct run {
    struct zapi_job job;
    struct zapi_write *write; /* owned */
    zapi_timers_done *done;
    void *arg;
};

static bool apply_run(struct zapi_job *job, struct zapi_sql *sql)
{
    struct zapi_write *w = ((struct run *)job)->write;
    return w->apply(w, sql);
}

static void done_run(struct zapi_job *job, enum zapi_db_result result)
{
    struct run *r = (struct run *)job;
    size_t rows = ((struct change *)r->write)->rows;
    r->write->release(r->write);
    r->done(r->arg, result, result == ZAPI_DB_OK ? rows : 0);
    free(r);
}

void zapi_timers_run(struct zapi_timers *t, struct zapi_write *write,
                     zapi_timers_done *done, void *arg)
{
    struct run *r = malloc(sizeof *r);
    if (!r) {
        write->release(write);
        done(arg, ZAPI_DB_UNAVAILABLE, 0);
        return;
    }
    *r = (struct run){.job = {.apply = apply_run, .done = done_run},
                      .write = write,
                      .done = done,
                      .arg = arg};
    if (t->db)
        zapi_db_submit(t->db, &r->job);
    else
        done_run(&r->job,
                 write->apply(write, NULL) ? ZAPI_DB_OK : ZAPI_DB_FAILED);
}

/* ---- reading ---- */

static struct zapi_sql *reader(struct zapi_timers *t)
{
    return t->db ? zapi_db_reader(t->db) : t->memory;
}

size_t zapi_timers_count(struct zapi_timers *t, const char *automation,
                         const char *name, const char *key)
{
    struct zapi_stmt *st = zapi_sql_begin(reader(t), count_rows);
    zapi_sql_text(st, 1, automation);
    zapi_sql_text(st, 2, name);
    zapi_sql_text(st, 3, key);
    size_t n = zapi_sql_row(st) ? (size_t)zapi_sql_get_int(st, 0) : 0;
    zapi_sql_end(st);
    return n;
}

bool zapi_timers_each(struct zapi_timers *t, const char *automation,
                      const char *names, double until, size_t limit,
                      zapi_timers_visit *visit, void *arg)
{
    struct zapi_sql *sql = reader(t);
    zapi_sql_failed(sql, NULL);
    struct zapi_stmt *st = zapi_sql_begin(sql, select_due);
    zapi_sql_text(st, 1, automation);
    zapi_sql_real(st, 2, until);
    zapi_sql_int(st, 3, (int64_t)limit);
    zapi_sql_text(st, 4, names);
    while (zapi_sql_row(st)) {
        struct zapi_timer_row row = {
            .id = (uint64_t)zapi_sql_get_int(st, 0),
            .automation = automation,
            .name = zapi_sql_get_text(st, 1),
            .key = zapi_sql_get_text(st, 2),
            .due = zapi_sql_get_real(st, 3),
            .interval = zapi_sql_get_real(st, 4),
            .cron = zapi_sql_get_text(st, 5),
            .tz = zapi_sql_get_text(st, 6),
            .chat = zapi_sql_get_text(st, 7),
            .instance = zapi_sql_get_text(st, 8),
            .payload = zapi_sql_get_text(st, 9),
        };
        visit(arg, &row);
    }
    zapi_sql_end(st);
    return !zapi_sql_failed(sql, NULL);
}

/* ---- firing ---- */

struct step {
    struct zapi_event_part base;
    struct zapi_timers *t;
    uint64_t id;
    double due, next;
};

static bool apply_step(struct zapi_event_part *part, struct zapi_sql *sql,
                       bool *stands)
{
    struct step *s = (struct step *)part;
    if (!sql)
        sql = s->t->memory;
    struct zapi_stmt *st =
        zapi_sql_begin(sql, s->next > 0 ? step_on : step_away);
    zapi_sql_int(st, 1, (int64_t)s->id);
    zapi_sql_real(st, 2, s->due);
    if (s->next > 0)
        zapi_sql_real(st, 3, s->next);
    if (!zapi_sql_run(st))
        return false;
    *stands = zapi_sql_changes(sql) > 0;
    return true;
}

static void release_step(struct zapi_event_part *part)
{
    free(part);
}

struct zapi_event_part *zapi_timers_step(struct zapi_timers *t, uint64_t id,
                                         double due, double next)
{
    struct step *s = malloc(sizeof *s);
    if (!s)
        return NULL;
    *s = (struct step){.base = {.apply = apply_step, .release = release_step},
                       .t = t,
                       .id = id,
                       .due = due,
                       .next = next};
    return &s->base;
}
