/* SPDX-License-Identifier: MIT
 *
 * The one file that holds everything durable, and the one thread that writes
 * it. Others hand the writer *jobs*; all that have gathered become one
 * transaction with synchronous=FULL (group commit, and no waiting for more: a
 * millisecond of it cost more than it saved). The loop thread reads through a
 * connection of its own; checkpoints run on a third one, so that no commit pays
 * for them.
 *
 * A process that owns the file holds an flock on FOLDER/zapibot.lock, which
 * names its pid.
 */
#ifndef ZAPI_STORE_DB_H
#define ZAPI_STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct zapi_db;
struct zapi_sql; /* one connection with its prepared statements: store/sql.h */

struct zapi_db_config {
    const char *folder; /* made (0700) when missing; the file is
                           FOLDER/zapibot.db (0600) */
    /* Any thread, and only when it changes: `why` (static) when nothing can be
     * stored now, NULL when it can again. Whoever gets it logs it. May be
     * NULL. */
    void (*alarm)(void *arg, const char *why);
    /* Writer thread, around the `done`s of a batch: whoever they wake is better
     * woken once, at the end. May be NULL. */
    void (*batch)(void *arg, bool begins);
    void *arg;
};

/* Locks, migrates, checks the file when the last end was unclean, starts the
 * writer. NULL: *error (CONFIG when another process holds it, naming its pid;
 * IO otherwise). */
struct zapi_db *zapi_db_open(const struct zapi_db_config *config,
                             struct zapi_error *error);
/* Writes all that was submitted, checkpoints, notes the clean end, unlocks.
 * NULL is fine. */
void zapi_db_close(struct zapi_db *db);
/* Was the last end a crash? (Known once open.) */
bool zapi_db_was_unclean(const struct zapi_db *db);
const char *zapi_db_folder(const struct zapi_db *db);
const char *zapi_db_path(const struct zapi_db *db);

enum zapi_db_result {
    ZAPI_DB_OK,          /* committed: on disk */
    ZAPI_DB_FAILED,      /* apply said no; nothing of this job is stored */
    ZAPI_DB_UNAVAILABLE, /* disk full, locked, closing: nothing is stored */
};

/* Embed as the first member. `apply` runs on the writer thread inside the
 * transaction (maybe again after a rollback: it must be repeatable, and must
 * write its results over those of an earlier run); false: the job is undone.
 * `done` runs once on the writer thread after the commit, in the order of
 * submission; it owns the job again and may free it. */
struct zapi_job {
    bool (*apply)(struct zapi_job *job, struct zapi_sql *sql);
    /* May be NULL for zapi_db_run, which returns the result. */
    void (*done)(struct zapi_job *job, enum zapi_db_result result);
    bool must; /* a fact that is to be written whatever it takes: kept and
                  tried again while nothing can be stored */
    struct zapi_job *next; /* private */
};

/* Any thread; never blocks on the disk. The job is moved until `done`. */
void zapi_db_submit(struct zapi_db *db, struct zapi_job *job);
/* Jobs submitted and not done. Any thread. */
size_t zapi_db_queued(struct zapi_db *db);
/* Jobs whose place is a list of one transaction: runs each write's `apply` in
 * order. Part of a handler's good end. `release` frees it, stored or not. */
struct zapi_write {
    /* `sql` is NULL without a database (loop thread, once). */
    bool (*apply)(struct zapi_write *w, struct zapi_sql *sql);
    /* Loop thread: it is handed to the writer, and will be applied. May be
     * NULL. */
    void (*leave)(struct zapi_write *w);
    void (*release)(struct zapi_write *w);
    struct zapi_write *next;
};

/* The loop thread's read-only connection. */
struct zapi_sql *zapi_db_reader(struct zapi_db *db);
/* Submits and waits; not on the writer thread. For commands and tests. */
enum zapi_db_result zapi_db_run(struct zapi_db *db, struct zapi_job *job);
/* A consistent copy (VACUUM INTO / backup API) while it runs. Blocks; any
 * thread but the writer. false: *error. The target must not exist; 0600. */
bool zapi_db_backup(struct zapi_db *db, const char *target,
                    struct zapi_error *error);

/* Writes the file anew and empties the log: of what was removed no byte is left.
 * Jobs wait until it is done. Any thread but the writer's and the loop's. false:
 * *error. */
bool zapi_db_rewrite(struct zapi_db *db, struct zapi_error *error);

struct zapi_db_stats {
    uint64_t commits, jobs; /* so far */
    double commit_seconds;  /* in all */
    double longest_commit;  /* since the last call */
    uint64_t wal_bytes, file_bytes;
    uint64_t unclean_ends; /* how often a process did not end in order */
    bool stuck;            /* nothing can be stored now */
};
void zapi_db_stats(struct zapi_db *db, struct zapi_db_stats *out);

#endif
