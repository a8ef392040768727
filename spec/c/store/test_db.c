/* SPDX-License-Identifier: MIT
 *
 * The durable file and its writer: groups, jobs that fail, disks that fail,
 * processes that are killed. Real files, real processes.
 */
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/log.h"
#include "check.h"
#include "folder.h"
#include "store/connection.h"
#include "store/db.h"
#include "store/sql.h"

static struct flag alarms = FLAG;
static _Atomic(const char *) alarm_why;

static void on_alarm(void *arg, const char *why)
{
    (void)arg;
    alarm_why = why;
    flag_raise(&alarms);
}

static bool says(const char *part)
{
    const char *why = alarm_why;
    return why && strstr(why, part);
}

static char last_log[512];

static void on_log(void *arg, enum zapi_log_level level, const char *line,
                   size_t len)
{
    (void)arg;
    (void)level;
    snprintf(last_log, sizeof last_log, "%.*s", (int)len, line);
}

static struct zapi_error error;

static struct zapi_db *open_db(void)
{
    struct zapi_db_config c = {.folder = folder, .alarm = on_alarm};
    alarms.n = 0;
    alarm_why = NULL;
    struct zapi_db *db = zapi_db_open(&c, &error);
    if (!db)
        fprintf(stderr, "open: %s\n", error.message);
    return db;
}

/* ---- a job that adds a number ---- */

struct number {
    struct zapi_job job;
    int64_t value;
    bool fails;        /* after it has written */
    struct flag *gate; /* waited for inside the transaction */
    struct flag *ended;
    int applied, place;
    enum zapi_db_result result;
    char *body;
    size_t body_len;
};

static int places;

static const char insert_number[] =
    "INSERT INTO counter(name, value) VALUES(?1, ?2)";

static bool apply_number(struct zapi_job *job, struct zapi_sql *sql)
{
    struct number *n = (struct number *)job;
    char name[32];
    n->applied++;
    snprintf(name, sizeof name, "n%lld", (long long)n->value);
    if (n->gate)
        flag_wait(n->gate, 1);
    struct zapi_stmt *st = zapi_sql_begin(sql, insert_number);
    if (n->body)
        zapi_sql_textn(st, 1, n->body, n->body_len);
    else
        zapi_sql_text(st, 1, name);
    zapi_sql_int(st, 2, n->value);
    return zapi_sql_run(st) && !n->fails;
}

static void done_number(struct zapi_job *job, enum zapi_db_result result)
{
    struct number *n = (struct number *)job;
    n->result = result;
    n->place = places++;
    if (n->ended)
        flag_raise(n->ended);
}

static struct number number(int64_t value, struct flag *ended)
{
    return (struct number){.job = {.apply = apply_number, .done = done_number},
                           .value = value,
                           .ended = ended};
}

static int64_t count_numbers(struct zapi_db *db)
{
    return zapi_sql_ask(zapi_db_reader(db), "SELECT count(*) FROM counter", -1);
}

/* ---- cases ---- */

static void one_transaction_for_all_that_gathered(void)
{
    enum { N = 200 };
    static struct number first, rest[N];
    struct flag gate = FLAG, ended = FLAG;
    struct zapi_db_stats stats;
    struct zapi_db *db = open_db();
    places = 0;
    first = number(0, &ended);
    first.gate = &gate;
    zapi_db_submit(db, &first.job);
    for (int i = 0; i < N; i++) {
        rest[i] = number(i + 1, &ended);
        zapi_db_submit(db, &rest[i].job);
    }
    CHECK_INT(zapi_db_queued(db), N + 1);
    flag_raise(&gate);
    CHECK(flag_wait(&ended, N + 1));
    zapi_db_stats(db, &stats);
    CHECK(stats.commits <= 3); /* and not 201 */
    CHECK_INT(stats.jobs, N + 1);
    CHECK(stats.longest_commit > 0 && !stats.stuck);
    for (int i = 0; i < N; i++)
        CHECK(rest[i].result == ZAPI_DB_OK && rest[i].place == i + 1);
    CHECK_INT(count_numbers(db), N + 1);
    zapi_db_close(db);
}

static void a_failing_job_fails_alone(void)
{
    static struct number n[5];
    struct flag gate = FLAG, ended = FLAG;
    struct zapi_db *db = open_db();
    places = 0;
    for (int i = 0; i < 5; i++)
        n[i] = number(i == 3 ? 1 : i, &ended); /* 3: the key of 1 again */
    n[0].gate = &gate;
    n[2].fails = true;
    for (int i = 0; i < 5; i++)
        zapi_db_submit(db, &n[i].job);
    flag_raise(&gate);
    CHECK(flag_wait(&ended, 5));
    for (int i = 0; i < 5; i++) {
        CHECK_INT(n[i].result, i == 2 || i == 3 ? ZAPI_DB_FAILED : ZAPI_DB_OK);
        CHECK_INT(n[i].place, i);
    }
    CHECK_INT(count_numbers(db), 3); /* what 2 had written is undone */
    CHECK_INT(alarms.n, 0);
    zapi_db_close(db);
}

static void run_waits_for_the_commit(void)
{
    struct number n = number(7, NULL);
    struct zapi_db *db = open_db();
    CHECK_INT(zapi_db_run(db, &n.job), ZAPI_DB_OK);
    CHECK_INT(count_numbers(db), 1);
    CHECK_INT(zapi_db_run(db, &n.job), ZAPI_DB_FAILED);
    zapi_db_close(db);
}

static void one_process_at_a_time(void)
{
    struct zapi_db_config c = {.folder = folder};
    char pid[32];
    struct zapi_db *db = open_db();
    CHECK(zapi_db_open(&c, &error) == NULL);
    CHECK_INT(error.kind, ZAPI_E_CONFIG);
    snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    CHECK(strstr(error.message, pid) != NULL);
    zapi_db_close(db);
    db = open_db();
    CHECK(db != NULL);
    zapi_db_close(db);
}

static unsigned mode_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? st.st_mode & 0777 : 0;
}

static void nobody_else_may_read(void)
{
    struct number n = number(1, NULL);
    mode_t old = umask(0);
    rmdir(folder);
    struct zapi_db *db = open_db();
    zapi_db_run(db, &n.job);
    CHECK_INT(mode_of(folder), 0700);
    CHECK_INT(mode_of(folder_file("zapibot.db")), 0600);
    CHECK_INT(mode_of(folder_file("zapibot.db-wal")), 0600);
    CHECK_INT(mode_of(folder_file("zapibot.db-shm")), 0600);
    CHECK_INT(mode_of(folder_file("zapibot.lock")), 0600);
    umask(old);
    zapi_db_close(db);
}

static void a_killed_process_is_noticed(void)
{
    struct zapi_db_stats stats;
    struct zapi_db *db = open_db();
    CHECK(!zapi_db_was_unclean(db));
    zapi_db_close(db);
    pid_t child = fork();
    if (child == 0) {
        open_db();
        _exit(0); /* as if killed */
    }
    waitpid(child, NULL, 0);
    db = open_db();
    CHECK(zapi_db_was_unclean(db));
    zapi_db_stats(db, &stats);
    CHECK_INT(stats.unclean_ends, 1);
    zapi_db_close(db);
    db = open_db();
    CHECK(!zapi_db_was_unclean(db));
    zapi_db_stats(db, &stats);
    CHECK_INT(stats.unclean_ends, 1);
    zapi_db_close(db);
}

static void script(const char *text)
{
    struct zapi_sql *sql =
        zapi_sql_open(folder_file("zapibot.db"), ZAPI_SQL_WRITE, 1000, &error);
    CHECK(sql && zapi_sql_script(sql, text));
    zapi_sql_close(sql);
}

static void refused(enum zapi_error_kind kind, const char *part)
{
    struct zapi_db_config c = {.folder = folder};
    CHECK(zapi_db_open(&c, &error) == NULL);
    CHECK_INT(error.kind, kind);
    if (!strstr(error.message, part))
        CHECK_STR(error.message, part);
}

static void a_newer_file_is_left_alone(void)
{
    zapi_db_close(open_db());
    script("PRAGMA user_version=999");
    refused(ZAPI_E_CONFIG, "newer zapibot (version 999");
}

static void a_foreign_file_is_left_alone(void)
{
    FILE *f = fopen(folder_file("zapibot.db"), "w");
    fclose(f);
    script("CREATE TABLE recipes(name TEXT)");
    refused(ZAPI_E_CONFIG, "is not a zapibot database");
}

static void no_database_at_all(void)
{
    FILE *f = fopen(folder_file("zapibot.db"), "w");
    for (int i = 0; i < 500; i++)
        fputs("this is a text, and quite a long one\n", f);
    fclose(f);
    refused(ZAPI_E_IO, "not a database");
}

static void damage_is_found_after_an_unclean_end(void)
{
    char zeros[4096];
    struct zapi_db *db = open_db();
    for (int i = 0; i < 400; i++) {
        struct number n = number(i, NULL);
        zapi_db_run(db, &n.job);
    }
    zapi_db_close(db);
    script("UPDATE meta SET value=0 WHERE name='clean'");
    struct stat st;
    stat(folder_file("zapibot.db"), &st);
    FILE *f = fopen(folder_file("zapibot.db"), "r+");
    memset(zeros, 0x5A, sizeof zeros);
    fseek(f, st.st_size - 4096, SEEK_SET);
    fwrite(zeros, 1, sizeof zeros, f);
    fclose(f);
    refused(ZAPI_E_IO, "is damaged (");
    /* A large file is checked in part, and this is one of its parts. */
    CHECK(truncate(folder_file("zapibot.db"), 300 * 1024 * 1024) == 0);
    refused(ZAPI_E_IO, "is damaged (");
}

static void locked_by_another_program(void)
{
    static struct number plain, must;
    struct flag ended = FLAG;
    struct zapi_db_stats stats;
    struct zapi_db *db = open_db();
    struct zapi_sql *other =
        zapi_sql_open(folder_file("zapibot.db"), ZAPI_SQL_WRITE, 1000, &error);
    CHECK(zapi_sql_script(other, "BEGIN IMMEDIATE"));
    plain = number(1, &ended);
    must = number(2, &ended);
    must.job.must = true;
    zapi_db_submit(db, &must.job);
    zapi_db_submit(db, &plain.job);
    CHECK(flag_wait(&ended, 1));
    CHECK_INT(plain.result, ZAPI_DB_UNAVAILABLE);
    CHECK(flag_wait(&alarms, 1));
    CHECK(says("locked"));
    zapi_db_stats(db, &stats);
    CHECK(stats.stuck);
    CHECK_INT(zapi_db_queued(db), 1); /* the one that must */
    CHECK(zapi_sql_script(other, "COMMIT"));
    CHECK(flag_wait(&ended, 2)); /* by itself */
    CHECK_INT(must.result, ZAPI_DB_OK);
    CHECK(flag_wait(&alarms, 2));
    CHECK(alarm_why == NULL);
    zapi_sql_close(other);
    CHECK_INT(count_numbers(db), 1);
    zapi_db_close(db);
}

static void closed_while_locked(void)
{
    static struct number must;
    struct flag ended = FLAG;
    struct zapi_db *db = open_db();
    struct zapi_sql *other =
        zapi_sql_open(folder_file("zapibot.db"), ZAPI_SQL_WRITE, 1000, &error);
    CHECK(zapi_sql_script(other, "BEGIN IMMEDIATE"));
    must = number(2, &ended);
    must.job.must = true;
    zapi_db_submit(db, &must.job);
    zapi_db_close(db);
    CHECK_INT(ended.n, 1);
    CHECK_INT(must.result, ZAPI_DB_UNAVAILABLE);
    CHECK(strstr(last_log, "1 handlers or sends could not be written"));
    zapi_sql_close(other);
    db = open_db();
    CHECK(zapi_db_was_unclean(db)); /* it could not say otherwise */
    zapi_db_close(db);
}

/* In a child, as the limit is the process's. */
static int full_disk(void)
{
    static struct number n, must;
    static char big[400 * 1024];
    struct rlimit was, small;
    struct flag ended = FLAG;
    struct zapi_db *db = open_db();
    memset(big, 'x', sizeof big);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &was);
    small = was;
    small.rlim_cur = 300 * 1024;
    setrlimit(RLIMIT_FSIZE, &small);
    n = number(1, &ended);
    n.body = big;
    n.body_len = sizeof big;
    must = number(2, &ended);
    must.body = big;
    must.body_len = sizeof big - 1;
    must.job.must = true;
    zapi_db_submit(db, &must.job);
    zapi_db_submit(db, &n.job);
    CHECK(flag_wait(&ended, 1));
    CHECK_INT(n.result, ZAPI_DB_UNAVAILABLE);
    CHECK(flag_wait(&alarms, 1));
    CHECK(says("disk"));
    setrlimit(RLIMIT_FSIZE, &was);
    CHECK(flag_wait(&ended, 2));
    CHECK_INT(must.result, ZAPI_DB_OK);
    CHECK(flag_wait(&alarms, 2));
    n = number(3, NULL);
    CHECK_INT(zapi_db_run(db, &n.job), ZAPI_DB_OK);
    CHECK_INT(count_numbers(db), 2);
    zapi_db_close(db);
    return check_case_failed;
}

static void a_full_disk_is_survived(void)
{
    int status = 1;
    pid_t child = fork();
    if (child == 0)
        _exit(full_disk());
    waitpid(child, &status, 0);
    CHECK_INT(status, 0);
}

static void report(struct zapi_job *job, enum zapi_db_result result)
{
    struct number *n = (struct number *)job;
    int fd = n->place;
    if (result == ZAPI_DB_OK && write(fd, &n->value, sizeof n->value) < 0)
        _exit(3);
    free(n);
}

static void kill_9_in_the_middle(void)
{
    int pipe_of[2];
    int64_t value, last = 0, reported = 0;
    CHECK(pipe(pipe_of) == 0);
    pid_t child = fork();
    if (child == 0) {
        struct zapi_db *db = open_db();
        for (int64_t i = 1;; i++) {
            struct number *n = malloc(sizeof *n);
            *n = number(i, NULL);
            n->job.done = report;
            n->place = pipe_of[1];
            zapi_db_submit(db, &n->job);
            while (zapi_db_queued(db) > 50)
                sched_yield();
        }
    }
    close(pipe_of[1]);
    while (reported < 1000 &&
           read(pipe_of[0], &value, sizeof value) == sizeof value)
        reported++, last = value;
    kill(child, SIGKILL);
    while (read(pipe_of[0], &value, sizeof value) == sizeof value)
        reported++, last = value;
    close(pipe_of[0]);
    waitpid(child, NULL, 0);
    CHECK(reported >= 1000 && reported == last);
    struct zapi_db *db = open_db();
    CHECK(zapi_db_was_unclean(db));
    CHECK(count_numbers(db) >= reported);
    zapi_db_close(db);
}

static void a_backup_while_it_runs(void)
{
    char target[400];
    struct zapi_db *db = open_db();
    snprintf(target, sizeof target, "%s", folder_file("copy.db"));
    for (int i = 0; i < 100; i++) {
        struct number n = number(i, NULL);
        zapi_db_run(db, &n.job);
    }
    CHECK(zapi_db_backup(db, target, &error));
    CHECK_INT(mode_of(target), 0600);
    CHECK(!zapi_db_backup(db, target, &error)); /* it is there */
    CHECK(access(folder_file("copy.db.part"), F_OK) != 0);
    CHECK_INT(mode_of(target), 0600); /* untouched */
    struct zapi_sql *copy = zapi_sql_open(target, ZAPI_SQL_READ, 0, &error);
    CHECK_INT(zapi_sql_ask(copy, "SELECT count(*) FROM counter", 0), 100);
    CHECK_INT(
        zapi_sql_ask(copy, "SELECT value FROM meta WHERE name='clean'", 0), 1);
    zapi_sql_close(copy);
    CHECK(!zapi_db_backup(db, "/nowhere/copy.db", &error));
    CHECK_INT(error.kind, ZAPI_E_IO);
    zapi_db_close(db);
}

static void *rewrite(void *arg)
{
    struct zapi_error e = {.kind = ZAPI_E_NONE};
    bool ok = zapi_db_rewrite(arg, &e);
    if (!ok)
        fprintf(stderr, "rewrite: %s\n", e.message);
    return ok ? arg : NULL;
}

/* It takes longer than the writer waits for SQLite's lock: nothing may be refused
 * for that. */
static void nothing_is_refused_while_it_is_written_anew(void)
{
    pthread_t thread;
    void *ok = NULL;
    struct zapi_db *db = open_db();
    struct zapi_sql *sql =
        zapi_sql_open(zapi_db_path(db), ZAPI_SQL_WRITE, 5000, &error);
    CHECK(zapi_sql_script(
        sql, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n"
             " WHERE i<100000) INSERT INTO event(seq, body)"
             " SELECT i, hex(randomblob(400)) FROM n"));
    zapi_sql_close(sql);
    alarms.n = 0;
    pthread_create(&thread, NULL, rewrite, db);
    for (int i = 0; i < 300; i++) {
        struct number n = number(i, NULL);
        CHECK_INT(zapi_db_run(db, &n.job), ZAPI_DB_OK);
        poll(NULL, 0, 5);
    }
    pthread_join(thread, &ok);
    CHECK(ok != NULL);
    CHECK_INT(alarms.n, 0);
    CHECK_INT(count_numbers(db), 300);
    zapi_db_close(db);
}

static void the_log_stays_bounded(void)
{
    enum { EACH = 1024 * 1024, N = 100 };
    static struct number n[N];
    char *body = malloc(EACH);
    struct flag ended = FLAG;
    struct zapi_db_stats stats;
    struct zapi_db *db = open_db();
    memset(body, 'x', EACH);
    for (int i = 0; i < N; i++) {
        n[i] = number(i, &ended);
        n[i].body = body;
        n[i].body_len = EACH - (size_t)i;
        zapi_db_submit(db, &n[i].job);
        CHECK(flag_wait(&ended, i + 1));
        CHECK_INT(n[i].result, ZAPI_DB_OK);
    }
    zapi_db_stats(db, &stats);
    CHECK(stats.wal_bytes < 90u * EACH);
    CHECK(stats.file_bytes > 0); /* what was moved is in the file */
    CHECK_INT(count_numbers(db), N);
    zapi_db_close(db);
    free(body);
}

struct worker {
    struct zapi_db *db;
    int64_t base;
    int bad;
};

static void *submit_many(void *arg)
{
    struct worker *w = arg;
    for (int i = 0; i < 100; i++) {
        struct number n = number(w->base + i, NULL);
        w->bad += zapi_db_run(w->db, &n.job) != ZAPI_DB_OK;
    }
    return NULL;
}

static void from_several_threads(void)
{
    struct worker w[4];
    pthread_t t[4];
    struct zapi_db *db = open_db();
    for (int i = 0; i < 4; i++) {
        w[i] = (struct worker){.db = db, .base = i * 1000};
        pthread_create(&t[i], NULL, submit_many, &w[i]);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(t[i], NULL);
        CHECK_INT(w[i].bad, 0);
    }
    CHECK_INT(count_numbers(db), 400);
    zapi_db_close(db);
}

static const char broken_text[] = "SELECT it FROM nowhere";

static bool apply_broken(struct zapi_job *job, struct zapi_sql *sql)
{
    const char *why = "";
    struct zapi_stmt *st = zapi_sql_begin(sql, broken_text);
    (void)job;
    zapi_sql_int(st, 1, 1);
    bool ran = zapi_sql_run(st) || zapi_sql_row(st);
    CHECK(!ran && zapi_sql_failed(sql, &why));
    CHECK_STR(why, "no such table: nowhere");
    return false;
}

static void a_statement_that_is_wrong(void)
{
    struct zapi_job job = {.apply = apply_broken};
    struct number n = number(1, NULL);
    struct zapi_db *db = open_db();
    CHECK_INT(zapi_db_run(db, &job), ZAPI_DB_FAILED);
    CHECK_INT(zapi_db_run(db, &n.job), ZAPI_DB_OK);
    CHECK_INT(alarms.n, 0);
    zapi_db_close(db);
}

static void each(void (*fn)(void))
{
    folder_make();
    fn();
    folder_remove();
}

#define EACH(fn)                                               \
    do {                                                       \
        check_case_failed = 0;                                 \
        each(fn);                                              \
        if (check_case_failed)                                 \
            fprintf(stderr, "FAIL %s\n", #fn), check_failed++; \
        else                                                   \
            check_passed++;                                    \
    } while (0)

int main(void)
{
    zapi_log_set_sink(on_log, NULL);
    EACH(one_transaction_for_all_that_gathered);
    EACH(a_failing_job_fails_alone);
    EACH(run_waits_for_the_commit);
    EACH(one_process_at_a_time);
    EACH(nobody_else_may_read);
    EACH(a_killed_process_is_noticed);
    EACH(a_newer_file_is_left_alone);
    EACH(a_foreign_file_is_left_alone);
    EACH(no_database_at_all);
    EACH(damage_is_found_after_an_unclean_end);
    EACH(locked_by_another_program);
    EACH(closed_while_locked);
    EACH(a_full_disk_is_survived);
    EACH(kill_9_in_the_middle);
    EACH(a_backup_while_it_runs);
    EACH(nothing_is_refused_while_it_is_written_anew);
    EACH(the_log_stays_bounded);
    EACH(from_several_threads);
    EACH(a_statement_that_is_wrong);
    return CHECK_END();
}
