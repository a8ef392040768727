/* SPDX-License-Identifier: MIT
 *
 * Checkpoints on a connection and a thread of their own. `lock` guards all
 * fields; the connection belongs to the thread. The writer's transactions and
 * a truncating checkpoint (or whoever holds it) exclude each other by `writing`
 * and `holding`; the thread goes first when it wants to, or a writer under load would never let
 * it in. Start at checkpoint_main.
 */
#include "store/checkpoint.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum {
    EVERY = 1000,    /* pages between passing ones */
    CAP = 16 * 1024, /* pages: 64 MB; then the log is begun again */
    IDLE_S = 3,      /* nothing was written for so long: the log is emptied */
};

struct zapi_checkpoint {
    struct zapi_sql *sql;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t news;  /* for the thread */
    pthread_cond_t leave; /* for the writer, and for the thread */
    size_t pages;         /* in the log */
    size_t moved;         /* of them, seen by the last passing checkpoint */
    uint64_t commits;
    bool writing, holding, ending;
};

static void run(struct zapi_checkpoint *cp, const char *text)
{
    zapi_sql_ask(cp->sql, text, 0); /* busy: the next one gets further */
    zapi_sql_failed(cp->sql, NULL);
}

/* Under the lock, which is let go meanwhile. */
static void pass(struct zapi_checkpoint *cp)
{
    cp->moved = cp->pages;
    pthread_mutex_unlock(&cp->lock);
    run(cp, "PRAGMA wal_checkpoint(PASSIVE)");
    pthread_mutex_lock(&cp->lock);
}

/* Under the lock: when this returns, no transaction is under way, and none begins
 * before let_in. */
static void keep_out(struct zapi_checkpoint *cp)
{
    while (cp->holding)
        pthread_cond_wait(&cp->leave, &cp->lock);
    cp->holding = true;
    while (cp->writing)
        pthread_cond_wait(&cp->leave, &cp->lock);
}

static void let_in(struct zapi_checkpoint *cp)
{
    cp->holding = false;
    pthread_cond_broadcast(&cp->leave);
}

static void empty(struct zapi_checkpoint *cp)
{
    pass(cp); /* most of the work, while the writer goes on */
    keep_out(cp);
    pthread_mutex_unlock(&cp->lock);
    bool done =
        zapi_sql_ask(cp->sql, "PRAGMA wal_checkpoint(TRUNCATE)", 1) == 0;
    zapi_sql_failed(cp->sql, NULL);
    pthread_mutex_lock(&cp->lock);
    /* Not done: a reader is in the way. Not again before more is written. */
    cp->moved = done ? 0 : cp->pages;
    cp->pages = done ? 0 : cp->pages;
    let_in(cp);
}

/* Until there is something to do. true: nothing was written for a while. */
static bool idle(struct zapi_checkpoint *cp)
{
    struct timespec until;
    uint64_t before = cp->commits;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += IDLE_S;
    while (!cp->ending && cp->pages < cp->moved + EVERY) {
        if (cp->pages == cp->moved && cp->pages == 0)
            pthread_cond_wait(&cp->news, &cp->lock);
        else if (pthread_cond_timedwait(&cp->news, &cp->lock, &until) != 0)
            return cp->commits == before;
    }
    return false;
}

static void *checkpoint_main(void *arg)
{
    struct zapi_checkpoint *cp = arg;
    pthread_mutex_lock(&cp->lock);
    while (!cp->ending) {
        bool still = idle(cp);
        if (cp->ending)
            break;
        if ((still && cp->pages > 0) || cp->pages >= CAP)
            empty(cp);
        else if (cp->pages >= cp->moved + EVERY)
            pass(cp);
    }
    pthread_mutex_unlock(&cp->lock);
    return NULL;
}

static bool start_thread(struct zapi_checkpoint *cp)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(&cp->thread, NULL, checkpoint_main, cp);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return rc == 0;
}

static void release(struct zapi_checkpoint *cp)
{
    zapi_sql_close(cp->sql);
    pthread_cond_destroy(&cp->news);
    pthread_cond_destroy(&cp->leave);
    pthread_mutex_destroy(&cp->lock);
    free(cp);
}

struct zapi_checkpoint *zapi_checkpoint_start(const char *path,
                                              struct zapi_error *error)
{
    struct zapi_checkpoint *cp = calloc(1, sizeof *cp);
    pthread_condattr_t monotonic;
    if (!cp) {
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "no memory for checkpoints");
        return NULL;
    }
    pthread_mutex_init(&cp->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&cp->news, &monotonic);
    pthread_cond_init(&cp->leave, &monotonic);
    pthread_condattr_destroy(&monotonic);
    cp->sql = zapi_sql_open(path, ZAPI_SQL_WRITE, 50, error);
    if (cp->sql) {
        /* Before its first read a checkpoint does nothing, silently. */
        run(cp, "SELECT count(*) FROM sqlite_master");
        if (start_thread(cp))
            return cp;
        zapi_error_set(error, ZAPI_E_IO, "no thread for checkpoints");
    }
    release(cp);
    return NULL;
}

void zapi_checkpoint_stop(struct zapi_checkpoint *cp)
{
    if (!cp)
        return;
    pthread_mutex_lock(&cp->lock);
    cp->ending = true;
    pthread_cond_signal(&cp->news);
    pthread_mutex_unlock(&cp->lock);
    pthread_join(cp->thread, NULL);
    release(cp);
}

void zapi_checkpoint_enter(struct zapi_checkpoint *cp)
{
    pthread_mutex_lock(&cp->lock);
    while (cp->holding)
        pthread_cond_wait(&cp->leave, &cp->lock);
    cp->writing = true;
    pthread_mutex_unlock(&cp->lock);
}

void zapi_checkpoint_leave(struct zapi_checkpoint *cp, size_t pages)
{
    pthread_mutex_lock(&cp->lock);
    cp->writing = false;
    if (pages > 0) {
        bool first = cp->pages == 0;
        if (pages < cp->pages)
            cp->moved = 0; /* SQLite began the log again */
        cp->commits++;
        cp->pages = pages;
        if (first || pages >= cp->moved + EVERY)
            pthread_cond_signal(&cp->news);
    }
    if (cp->holding)
        pthread_cond_broadcast(&cp->leave);
    pthread_mutex_unlock(&cp->lock);
}

void zapi_checkpoint_hold(struct zapi_checkpoint *cp)
{
    pthread_mutex_lock(&cp->lock);
    keep_out(cp);
    pthread_mutex_unlock(&cp->lock);
}

void zapi_checkpoint_go(struct zapi_checkpoint *cp)
{
    pthread_mutex_lock(&cp->lock);
    let_in(cp);
    pthread_mutex_unlock(&cp->lock);
}
