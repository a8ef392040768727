/* SPDX-License-Identifier: MIT
 *
 * Opening and closing of the durable file. struct zapi_db owns the lock, three
 * connections (the writer's, the reader's, the checkpoints') and two threads.
 * meta('clean') is 0 while a process has the file open: found at 0, the last
 * one did not end in order, and the file is checked before anything is done
 * with it. Start at zapi_db_open.
 */
#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "store/checkpoint.h"
#include "store/connection.h"
#include "store/schema.h"
#include "store/writer.h"

enum { WAIT_MS = 250, REWRITE_WAIT_MS = 10000 };

/* Of larger files the tables of bodies and keys are left out: reading them
 * would take longer than a restart may. 200 MB take 0.2 s when cached. */
#define ALL_CHECKED ((off_t)256 * 1024 * 1024)

static const char check_all[] = "PRAGMA quick_check(1)";
static const char *const check_some[] = {
    "PRAGMA quick_check(meta)",     "PRAGMA quick_check(automation)",
    "PRAGMA quick_check(delivery)", "PRAGMA quick_check(person)",
    "PRAGMA quick_check(alias)",    "PRAGMA quick_check(lane)",
    "PRAGMA quick_check(counter)",  "PRAGMA quick_check(timer)",
};

struct zapi_db {
    char *folder, *path, *wal;
    int lock;
    bool unclean;
    uint64_t unclean_ends;
    struct zapi_sql *sql, *reader;
    struct zapi_checkpoint *cp;
    struct zapi_writer *writer;
};

/* ---- folder, file, lock ---- */

static char *join(const char *folder, const char *name)
{
    size_t n = strlen(folder) + strlen(name) + 2;
    char *s = malloc(n);
    if (s)
        snprintf(s, n, "%s/%s", folder, name);
    return s;
}

static bool fail(struct zapi_error *error, const char *path)
{
    zapi_error_set(error, ZAPI_E_IO, "%s: %s", path, strerror(errno));
    return false;
}

static long read_pid(int fd)
{
    char text[32] = "";
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    return n > 0 ? strtol(text, NULL, 10) : 0;
}

static bool take_lock(struct zapi_db *db, struct zapi_error *error)
{
    char *path = join(db->folder, "zapibot.lock");
    char text[32];
    bool ok = false;
    db->lock = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (db->lock < 0) {
        fail(error, path ? path : db->folder);
        goto out;
    }
    if (flock(db->lock, LOCK_EX | LOCK_NB) != 0) {
        zapi_error_set(error, ZAPI_E_CONFIG,
                       "%s is in use by process %ld: one process at a time "
                       "can have it",
                       db->path, read_pid(db->lock));
        goto out;
    }
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(db->lock, 0) != 0 ||
        pwrite(db->lock, text, (size_t)n, 0) != n)
        zapi_debug("%s: %s", path, strerror(errno)); /* only the pid's name */
    ok = true;
out:
    free(path);
    return ok;
}

/* SQLite gives -wal and -shm the mode of the file. */
static bool make_file(struct zapi_db *db, struct zapi_error *error)
{
    if (mkdir(db->folder, 0700) != 0 && errno != EEXIST)
        return fail(error, db->folder);
    if (!take_lock(db, error))
        return false;
    int fd = open(db->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(error, db->path);
    fchmod(fd, 0600);
    close(fd);
    return true;
}

/* ---- ends that were not in order ---- */

static bool check(struct zapi_sql *sql, const char *text, const char *path,
                  struct zapi_error *error)
{
    char found[200] = "it cannot be read";
    const char *why = "";
    struct zapi_stmt *st = zapi_sql_begin(sql, text);
    if (zapi_sql_row(st))
        snprintf(found, sizeof found, "%s", zapi_sql_get_text(st, 0));
    zapi_sql_end(st);
    bool ok = strcmp(found, "ok") == 0;
    if (!ok)
        zapi_error_set(error, ZAPI_E_IO,
                       "%s is damaged (%s%s%s): restore a backup with "
                       "`zapibot restore FILE`, or move the file away to begin "
                       "anew",
                       path, found, zapi_sql_failed(sql, &why) ? ": " : "",
                       why);
    return ok;
}

static bool check_file(struct zapi_db *db, struct zapi_error *error)
{
    struct stat st;
    bool ok = true;
    if (stat(db->path, &st) != 0)
        return fail(error, db->path);
    if (st.st_size <= ALL_CHECKED)
        return check(db->sql, check_all, db->path, error);
    for (size_t i = 0; ok && i < sizeof check_some / sizeof *check_some; i++)
        ok = check(db->sql, check_some[i], db->path, error);
    return ok;
}

/* Notes that a process has the file open, and how the last one left it. */
static bool note_start(struct zapi_db *db, struct zapi_error *error)
{
    static const char mark[] =
        "BEGIN IMMEDIATE;"
        "INSERT INTO meta(name, value) VALUES('unclean_ends', 0)"
        " ON CONFLICT(name) DO NOTHING;"
        "UPDATE meta SET value=value+1 WHERE name='unclean_ends' AND"
        " (SELECT value FROM meta WHERE name='clean')=0;"
        "INSERT INTO meta(name, value) VALUES('clean', 0)"
        " ON CONFLICT(name) DO UPDATE SET value=0;"
        "COMMIT";
    const char *why = "";
    db->unclean =
        zapi_sql_ask(db->sql, "SELECT value FROM meta WHERE name='clean'", 1) ==
        0;
    if (db->unclean && !check_file(db, error))
        return false;
    zapi_sql_failed(db->sql, NULL);
    if (!zapi_sql_script(db->sql, mark)) {
        zapi_sql_failed(db->sql, &why);
        zapi_error_set(error, ZAPI_E_IO, "%s: %s", db->path, why);
        return false;
    }
    db->unclean_ends = (uint64_t)zapi_sql_ask(
        db->sql, "SELECT value FROM meta WHERE name='unclean_ends'", 0);
    return true;
}

/* ---- open and close ---- */

static bool start(struct zapi_db *db, const struct zapi_db_config *config,
                  struct zapi_error *error)
{
    db->sql = zapi_sql_open(db->path, ZAPI_SQL_WRITE, WAIT_MS, error);
    if (!db->sql || !zapi_schema_migrate(db->sql, db->path, error) ||
        !note_start(db, error))
        return false;
    db->reader = zapi_sql_open(db->path, ZAPI_SQL_READ, WAIT_MS, error);
    if (!db->reader)
        return false;
    db->cp = zapi_checkpoint_start(db->path, error);
    if (!db->cp)
        return false;
    struct zapi_writer_config w = {.sql = db->sql,
                                   .cp = db->cp,
                                   .alarm = config->alarm,
                                   .batch = config->batch,
                                   .arg = config->arg};
    db->writer = zapi_writer_start(&w);
    if (!db->writer)
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "no thread for the database");
    return db->writer != NULL;
}

struct zapi_db *zapi_db_open(const struct zapi_db_config *config,
                             struct zapi_error *error)
{
    struct zapi_db *db = calloc(1, sizeof *db);
    if (!db) {
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "no memory for a database");
        return NULL;
    }
    db->lock = -1;
    db->folder = strdup(config->folder);
    db->path = join(config->folder, "zapibot.db");
    db->wal = join(config->folder, "zapibot.db-wal");
    if (!db->folder || !db->path || !db->wal)
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "no memory for a database");
    else if (make_file(db, error) && start(db, config, error))
        return db;
    zapi_db_close(db);
    return NULL;
}

void zapi_db_close(struct zapi_db *db)
{
    if (!db)
        return;
    bool written = db->writer && zapi_writer_stop(db->writer);
    zapi_checkpoint_stop(db->cp);
    zapi_sql_close(db->reader);
    if (written &&
        zapi_sql_script(db->sql, "UPDATE meta SET value=1 WHERE name='clean'"))
        zapi_sql_ask(db->sql, "PRAGMA wal_checkpoint(TRUNCATE)", 0);
    zapi_sql_close(db->sql);
    if (db->writer)
        zapi_writer_free(db->writer);
    if (db->lock >= 0)
        close(db->lock); /* the file stays: removing it would race */
    free(db->folder);
    free(db->path);
    free(db->wal);
    free(db);
}

bool zapi_db_was_unclean(const struct zapi_db *db)
{
    return db->unclean;
}

const char *zapi_db_folder(const struct zapi_db *db)
{
    return db->folder;
}

const char *zapi_db_path(const struct zapi_db *db)
{
    return db->path;
}

struct zapi_sql *zapi_db_reader(struct zapi_db *db)
{
    return db->reader;
}

/* ---- jobs ---- */

void zapi_db_submit(struct zapi_db *db, struct zapi_job *job)
{
    zapi_writer_submit(db->writer, job);
}

size_t zapi_db_queued(struct zapi_db *db)
{
    return zapi_writer_queued(db->writer);
}

/* A job that stands for another one, and is waited for. */
struct waiter {
    struct zapi_job job;
    struct zapi_job *inner;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool over;
    enum zapi_db_result result;
};

static bool apply_inner(struct zapi_job *job, struct zapi_sql *sql)
{
    struct waiter *w = (struct waiter *)job;
    return w->inner->apply(w->inner, sql);
}

static void end_wait(struct zapi_job *job, enum zapi_db_result result)
{
    struct waiter *w = (struct waiter *)job;
    if (w->inner->done)
        w->inner->done(w->inner, result);
    pthread_mutex_lock(&w->lock);
    w->over = true;
    w->result = result;
    pthread_cond_signal(&w->ended);
    pthread_mutex_unlock(&w->lock);
}

enum zapi_db_result zapi_db_run(struct zapi_db *db, struct zapi_job *job)
{
    struct waiter w = {
        .job = {.apply = apply_inner, .done = end_wait, .must = job->must},
        .inner = job,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .ended = PTHREAD_COND_INITIALIZER};
    zapi_db_submit(db, &w.job);
    pthread_mutex_lock(&w.lock);
    while (!w.over)
        pthread_cond_wait(&w.ended, &w.lock);
    pthread_mutex_unlock(&w.lock);
    pthread_cond_destroy(&w.ended);
    pthread_mutex_destroy(&w.lock);
    return w.result;
}

/* ---- numbers ---- */

static uint64_t size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

void zapi_db_stats(struct zapi_db *db, struct zapi_db_stats *out)
{
    *out = (struct zapi_db_stats){.wal_bytes = size_of(db->wal),
                                  .file_bytes = size_of(db->path),
                                  .unclean_ends = db->unclean_ends};
    zapi_writer_stats(db->writer, out);
}

/* ---- backup ---- */

static bool copy_into(struct zapi_db *db, const char *temp,
                      struct zapi_error *error)
{
    static const char text[] = "VACUUM INTO ?1";
    const char *why = "";
    struct zapi_sql *from = zapi_sql_open(db->path, ZAPI_SQL_READ, 5000, error);
    if (!from)
        return false;
    struct zapi_stmt *st = zapi_sql_begin(from, text);
    zapi_sql_text(st, 1, temp);
    bool ok = zapi_sql_run(st);
    if (!ok) {
        zapi_sql_failed(from, &why);
        zapi_error_set(error, ZAPI_E_IO, "%s: %s", temp, why);
    }
    zapi_sql_close(from);
    return ok;
}

/* The copy was made in order, whatever happens to the original. */
static bool mark_clean(const char *temp, struct zapi_error *error)
{
    const char *why = "";
    struct zapi_sql *copy = zapi_sql_open(temp, ZAPI_SQL_WRITE, 1000, error);
    if (!copy)
        return false;
    bool ok =
        zapi_sql_script(copy, "UPDATE meta SET value=1 WHERE name='clean';"
                              "PRAGMA journal_mode=DELETE");
    if (!ok) {
        zapi_sql_failed(copy, &why);
        zapi_error_set(error, ZAPI_E_IO, "%s: %s", temp, why);
    }
    zapi_sql_close(copy);
    return ok;
}

static bool make_empty(const char *path, struct zapi_error *error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(error, path);
    close(fd);
    return true;
}

bool zapi_db_backup(struct zapi_db *db, const char *target,
                    struct zapi_error *error)
{
    size_t n = strlen(target) + 8;
    char *temp = malloc(n);
    bool ok = false;
    if (!temp) {
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "no memory for a backup");
        return false;
    }
    snprintf(temp, n, "%s.part", target);
    if (!make_empty(target, error)) /* keeps the place */
        goto out;
    unlink(temp); /* of a backup that was cut off */
    ok = make_empty(temp, error) && copy_into(db, temp, error) &&
         mark_clean(temp, error);
    if (ok && rename(temp, target) != 0)
        ok = fail(error, target);
    if (!ok) {
        unlink(temp);
        unlink(target);
    }
out:
    free(temp);
    return ok;
}

/* ---- anew ---- */

bool zapi_db_rewrite(struct zapi_db *db, struct zapi_error *error)
{
    const char *why = "";
    struct zapi_sql *sql =
        zapi_sql_open(db->path, ZAPI_SQL_WRITE, REWRITE_WAIT_MS, error);
    if (!sql)
        return false;
    zapi_checkpoint_hold(db->cp);
    bool ok = zapi_sql_script(sql, "VACUUM") &&
              zapi_sql_ask(sql, "PRAGMA wal_checkpoint(TRUNCATE)", 1) == 0;
    zapi_checkpoint_go(db->cp);
    if (!ok && !zapi_sql_failed(sql, &why))
        why = "somebody reads it just now";
    if (!ok)
        zapi_error_set(error, ZAPI_E_IO, "%s", why);
    zapi_sql_close(sql);
    return ok;
}
