/* SPDX-License-Identifier: MIT
 *
 * Rows that are due: replaced, cancelled, what repeats goes on, and the step of
 * a firing, on disk and in memory; an undone job tells nobody.
 */
#include <stdatomic.h>

#include "check.h"
#include "folder.h"
#include "store/connection.h"
#include "store/db.h"
#include "store/sql.h"
#include "store/timers.h"

static struct zapi_db *db; /* NULL: in memory */
static struct zapi_timers *timers;
static atomic_int told;

static void on_changed(void *arg, const char *automation)
{
    (void)arg;
    CHECK(*automation != '\0');
    atomic_fetch_add(&told, 1);
}

static void open_all(bool memory)
{
    struct zapi_db_config c = {.folder = folder};
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    db = memory ? NULL : zapi_db_open(&c, &error);
    timers = zapi_timers_new(db, on_changed, NULL, &error);
    if (!timers || (!db && !memory)) {
        fprintf(stderr, "cannot open: %s\n", error.message);
        exit(2);
    }
    atomic_store(&told, 0);
}

static void close_all(void)
{
    zapi_db_close(db);
    zapi_timers_delete(timers);
}

/* ---- one write ---- */

struct result {
    struct flag done;
    enum zapi_db_result result;
    size_t rows;
};

static void on_done(void *arg, enum zapi_db_result result, size_t rows)
{
    struct result *r = arg;
    r->result = result;
    r->rows = rows;
    flag_raise(&r->done);
}

static size_t run(struct zapi_write *w)
{
    struct result r = {.done = FLAG};
    CHECK(w != NULL);
    zapi_timers_run(timers, w, on_done, &r);
    CHECK(flag_wait(&r.done, 1));
    CHECK_INT(r.result, ZAPI_DB_OK);
    return r.rows;
}

static struct zapi_timer_row row(const char *name, const char *key, double due)
{
    return (struct zapi_timer_row){.automation = "a",
                                   .name = name,
                                   .key = key,
                                   .cron = "",
                                   .tz = "",
                                   .chat = "",
                                   .instance = "",
                                   .payload = "1",
                                   .due = due};
}

static void put(struct zapi_timer_row r)
{
    CHECK_INT(run(zapi_timers_put(timers, &r)), 1);
}

/* ---- what is there ---- */

struct all {
    char text[400];
    uint64_t first; /* id */
};

static void visit(void *arg, const struct zapi_timer_row *r)
{
    struct all *all = arg;
    size_t n = strlen(all->text);
    if (n == 0)
        all->first = r->id;
    snprintf(all->text + n, sizeof all->text - n, "%s%s/%s@%g%s%s",
             n > 0 ? " " : "", r->name, r->key, r->due, *r->chat ? "#" : "",
             r->chat);
}

static struct all list(const char *names, double until, size_t limit)
{
    struct all all = {.text = ""};
    zapi_timers_each(timers, "a", names, until, limit, visit, &all);
    return all;
}

static const char *everything(void)
{
    static struct all all;
    all = list(NULL, 1e300, 100);
    return all.text;
}

/* ---- one firing, as a job ---- */

struct firing {
    struct zapi_job job;
    struct zapi_event_part *part;
    struct flag done;
    bool stands, fails;
};

static bool apply_firing(struct zapi_job *job, struct zapi_sql *sql)
{
    struct firing *f = (struct firing *)job;
    return f->part->apply(f->part, sql, &f->stands) && !f->fails;
}

static void done_firing(struct zapi_job *job, enum zapi_db_result result)
{
    struct firing *f = (struct firing *)job;
    (void)result;
    flag_raise(&f->done);
}

static bool fire(uint64_t id, double due, double next, bool fails)
{
    struct firing f = {.job = {.apply = apply_firing, .done = done_firing},
                       .part = zapi_timers_step(timers, id, due, next),
                       .done = FLAG,
                       .stands = true,
                       .fails = fails};
    if (db) {
        zapi_db_submit(db, &f.job);
        CHECK(flag_wait(&f.done, 1));
    } else {
        CHECK(f.part->apply(f.part, NULL, &f.stands));
    }
    f.part->release(f.part);
    return f.stands;
}

/* ---- cases, each on disk and in memory ---- */

static void replaces(void)
{
    put(row("t", "k", 20));
    put(row("t", "l", 30));
    put(row("u", "k", 10));
    CHECK_STR(everything(), "u/k@10 t/k@20 t/l@30");
    uint64_t id = list("[\"t\"]", 1e300, 1).first;
    put(row("t", "k", 20)); /* the same instant is another time */
    CHECK(list("[\"t\"]", 1e300, 1).first != id);
    CHECK_INT(atomic_load(&told), 4);
    struct zapi_timer_row other = row("t", "k", 5);
    other.automation = "b";
    put(other);
    CHECK_STR(everything(), "u/k@10 t/k@20 t/l@30");
}

static void lists(void)
{
    put(row("t", "k", 20));
    put(row("u", "", 10));
    put(row("v", "", 15));
    CHECK_STR(list(NULL, 15, 9).text, "u/@10 v/@15");
    CHECK_STR(list(NULL, 15, 1).text, "u/@10");
    CHECK_STR(list("[\"v\",\"t\"]", 99, 9).text, "v/@15 t/k@20");
    CHECK_STR(list("[]", 99, 9).text, "");
}

static void cancels(void)
{
    put(row("t", "k", 20));
    put(row("t", "l", 30));
    put(row("u", "", 10));
    CHECK_INT(zapi_timers_count(timers, "a", "t", NULL), 2);
    CHECK_INT(zapi_timers_count(timers, "a", "t", "l"), 1);
    CHECK_INT(run(zapi_timers_cancel(timers, "a", "t", "l")), 1);
    CHECK_INT(run(zapi_timers_cancel(timers, "a", "t", "l")), 0);
    CHECK_INT(run(zapi_timers_cancel(timers, "b", "t", NULL)), 0);
    put(row("t", "m", 40));
    CHECK_INT(run(zapi_timers_cancel(timers, "a", "t", NULL)), 2);
    CHECK_STR(everything(), "u/@10");
}

static void goes_on(void)
{
    struct zapi_timer_row every = row("e", "", 100);
    every.interval = 60;
    put(every);
    uint64_t id = list(NULL, 1e300, 1).first;
    every.due = 130;
    every.chat = "c";
    put(every);
    CHECK_STR(everything(), "e/@100#c");
    CHECK(list(NULL, 1e300, 1).first == id);
    every.interval = 61;
    put(every);
    CHECK_STR(everything(), "e/@130#c");
    struct zapi_timer_row cron = row("c", "", 7);
    cron.cron = "0 9 * * *";
    cron.tz = "UTC";
    put(cron);
    cron.due = 8;
    put(cron);
    CHECK_STR(list("[\"c\"]", 99, 9).text, "c/@7");
    cron.tz = "Europe/Berlin";
    put(cron);
    CHECK_STR(list("[\"c\"]", 99, 9).text, "c/@8");
}

static void fires(void)
{
    put(row("t", "", 20));
    uint64_t id = list(NULL, 1e300, 1).first;
    CHECK(!fire(id, 21, 0, false)); /* another time of it */
    CHECK(fire(id, 20, 25, false));
    CHECK(!fire(id, 20, 25, false));
    CHECK_STR(everything(), "t/@25");
    CHECK(fire(id, 25, 0, false));
    CHECK(!fire(id, 25, 0, false));
    CHECK_STR(everything(), "");
    put(row("t", "", 25)); /* never the id of one that is gone */
    CHECK(list(NULL, 1e300, 1).first > id);
}

static void on_both(void (*run_case)(void))
{
    for (int memory = 0; memory < 2; memory++) {
        folder_make();
        open_all(memory);
        run_case();
        close_all();
        folder_remove();
    }
}

static void test_replaces(void)
{
    on_both(replaces);
}

static void test_lists(void)
{
    on_both(lists);
}

static void test_cancels(void)
{
    on_both(cancels);
}

static void test_goes_on(void)
{
    on_both(goes_on);
}

static void test_fires(void)
{
    on_both(fires);
}

/* The event's job failed behind the step: the row is as it was. */
static void test_undone(void)
{
    folder_make();
    open_all(false);
    put(row("t", "", 20));
    uint64_t id = list(NULL, 1e300, 1).first;
    fire(id, 20, 0, true);
    CHECK_STR(everything(), "t/@20");
    close_all();
    open_all(false);
    CHECK_STR(everything(), "t/@20");
    CHECK(fire(id, 20, 0, false));
    close_all();
    open_all(false);
    CHECK_STR(everything(), "");
    close_all();
    folder_remove();
}

/* Another automation has very many, all of them earlier. In a file of before there
 * was an index for that, which is brought up to date. */
static void test_one_among_many(void)
{
    struct zapi_error error;
    struct timespec a, b;
    folder_make();
    open_all(false);
    put(row("t", "", 1e9));
    struct zapi_sql *sql =
        zapi_sql_open(zapi_db_path(db), ZAPI_SQL_WRITE, 5000, &error);
    CHECK(zapi_sql_script(
        sql, "DROP INDEX timer_due; CREATE INDEX timer_due ON timer(due);"
             "PRAGMA user_version=2;"
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n"
             " WHERE i<100000) INSERT INTO timer(automation, name, key, due)"
             " SELECT iif(i<=50000, 'a', 'b'), 't', 'k'||i, iif(i<=50000,"
             " 2e9, i) FROM n"));
    zapi_sql_close(sql);
    close_all();
    open_all(false);
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (int i = 0; i < 200; i++)
        CHECK_STR(list(NULL, 1e300, 1).text, "t/@1e+09");
    clock_gettime(CLOCK_MONOTONIC, &b);
    if (b.tv_sec - a.tv_sec > 3) /* 0.01 s; else 10 s and more */
        CHECK_INT(b.tv_sec - a.tv_sec, 0);
    close_all();
    folder_remove();
}

/* None is not the same as: nobody can tell. */
static void test_unreadable(void)
{
    struct zapi_error error;
    struct all all = {.text = ""};
    folder_make();
    open_all(false);
    CHECK(zapi_timers_each(timers, "a", NULL, 1e300, 1, visit, &all));
    put(row("t", "", 20));
    struct zapi_sql *sql =
        zapi_sql_open(zapi_db_path(db), ZAPI_SQL_WRITE, 5000, &error);
    CHECK(zapi_sql_script(sql, "ALTER TABLE timer RENAME TO away"));
    CHECK(!zapi_timers_each(timers, "a", NULL, 1e300, 1, visit, &all));
    CHECK(zapi_sql_script(sql, "ALTER TABLE away RENAME TO timer"));
    CHECK(zapi_timers_each(timers, "a", NULL, 1e300, 1, visit, &all));
    CHECK_STR(all.text, "t/@20");
    zapi_sql_close(sql);
    close_all();
    folder_remove();
}

/* Dropped before it was applied: nobody is told. */
static void test_dropped(void)
{
    folder_make();
    open_all(false);
    struct zapi_timer_row r = row("t", "", 20);
    struct zapi_write *w = zapi_timers_put(timers, &r);
    w->release(w);
    CHECK_INT(atomic_load(&told), 0);
    CHECK_STR(everything(), "");
    close_all();
    folder_remove();
}

int main(void)
{
    RUN(test_replaces);
    RUN(test_lists);
    RUN(test_cancels);
    RUN(test_goes_on);
    RUN(test_fires);
    RUN(test_undone);
    RUN(test_dropped);
    RUN(test_one_among_many);
    RUN(test_unreadable);
    return CHECK_END();
}
