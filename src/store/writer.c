/* SPDX-License-Identifier: MIT
 *
 * The writer thread. Jobs wait in a list under `lock`; the thread takes up to
 * a batch of them, applies each inside one transaction and commits. A job that
 * fails is left out and the others are applied again: SQLite has no cheap undo
 * of a part, and jobs that fail are rare.
 *
 * When nothing can be stored (`trouble`), waiting jobs are refused, except
 * those that must be written: they stay at the head of the list. Each new job,
 * and a fifth of a second without one, makes another attempt, which first
 * writes a row of its own: an empty commit proves nothing. Start at
 * writer_main.
 */
#include "store/writer.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "base/metrics.h"

enum { BATCH = 512, RETRY_MS = 200 };

struct zapi_writer {
    struct zapi_writer_config config;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t news;
    struct zapi_job *first, **end;
    size_t queued; /* submitted and not done */
    size_t fresh;  /* submitted since the last attempt */
    bool asleep, closing, gone;
    uint64_t commits, jobs;
    double seconds, longest;
    const char *trouble; /* written by the thread, under the lock */

    /* the thread's own */
    struct zapi_job *batch[BATCH];
    bool failed[BATCH];
};

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- one transaction ---- */

enum attempt { WRITTEN, AGAIN, STUCK };

static const char begin_text[] = "BEGIN IMMEDIATE";
static const char commit_text[] = "COMMIT";
static const char rollback_text[] = "ROLLBACK";
static const char probe_text[] =
    "INSERT INTO meta(name, value) VALUES('probe', 1)"
    " ON CONFLICT(name) DO UPDATE SET value=value+1";

static bool run(struct zapi_sql *sql, const char *text)
{
    return zapi_sql_run(zapi_sql_begin(sql, text));
}

/* After most errors of the disk SQLite has rolled back by itself. */
static void undo(struct zapi_sql *sql)
{
    zapi_sql_settle(sql);
    if (zapi_sql_inside(sql))
        run(sql, rollback_text);
}

static enum attempt apply_one(struct zapi_writer *w, size_t i)
{
    struct zapi_sql *sql = w->config.sql;
    zapi_sql_failed(sql, NULL);
    bool ok = w->batch[i]->apply(w->batch[i], sql);
    /* Without the transaction the next job would be one of its own. */
    if (!zapi_sql_inside(sql) || zapi_sql_trouble(sql))
        return STUCK;
    if (ok)
        return WRITTEN;
    w->failed[i] = true;
    return AGAIN;
}

static enum attempt apply_all(struct zapi_writer *w, size_t n)
{
    struct zapi_sql *sql = w->config.sql;
    enum attempt result = WRITTEN;
    zapi_sql_failed(sql, NULL);
    if (!run(sql, begin_text) || (w->trouble && !run(sql, probe_text)))
        return STUCK;
    for (size_t i = 0; i < n && result == WRITTEN; i++)
        if (!w->failed[i])
            result = apply_one(w, i);
    zapi_sql_settle(sql);
    if (result == WRITTEN && !run(sql, commit_text))
        result = STUCK;
    return result;
}

static enum attempt attempt(struct zapi_writer *w, size_t n)
{
    enum attempt result = apply_all(w, n);
    if (result != WRITTEN) {
        /* What it was, before the rollback's own errors. */
        const char *why = zapi_sql_trouble(w->config.sql);
        undo(w->config.sql);
        if (result == STUCK) {
            pthread_mutex_lock(&w->lock);
            w->trouble = why ? why : "the database cannot be written";
            pthread_mutex_unlock(&w->lock);
        }
    }
    return result;
}

/* ---- ends ---- */

static void mark_batch(struct zapi_writer *w, bool begins)
{
    if (w->config.batch)
        w->config.batch(w->config.arg, begins);
}

static void ended(struct zapi_writer *w, size_t n)
{
    pthread_mutex_lock(&w->lock);
    w->queued -= n;
    pthread_mutex_unlock(&w->lock);
}

static void count_commit(struct zapi_writer *w, size_t n, double took)
{
    pthread_mutex_lock(&w->lock);
    w->commits++;
    w->jobs += n;
    w->seconds += took;
    if (took > w->longest)
        w->longest = took;
    pthread_mutex_unlock(&w->lock);
    zapi_metrics_observe(ZAPI_M_COMMIT_SECONDS, NULL, took);
}

/* Puts the batch back before the list and takes all that need not stay. */
static struct zapi_job *sweep(struct zapi_writer *w, size_t n, bool last)
{
    struct zapi_job *all, *refused = NULL, **out = &refused;
    pthread_mutex_lock(&w->lock);
    for (size_t i = n; i > 0; i--) {
        w->batch[i - 1]->next = w->first;
        w->first = w->batch[i - 1];
    }
    all = w->first;
    w->first = NULL;
    w->end = &w->first;
    while (all) {
        struct zapi_job *job = all;
        all = job->next;
        job->next = NULL;
        struct zapi_job ***list = job->must && !last ? &w->end : &out;
        **list = job;
        *list = &job->next;
    }
    w->fresh = 0;
    pthread_mutex_unlock(&w->lock);
    return refused;
}

static void refuse(struct zapi_writer *w, size_t n, bool last)
{
    size_t lost = 0, done = 0;
    struct zapi_job *job = sweep(w, n, last);
    mark_batch(w, true);
    while (job) {
        struct zapi_job *next = job->next;
        lost += job->must;
        job->done(job, ZAPI_DB_UNAVAILABLE);
        done++;
        job = next;
    }
    ended(w, done);
    mark_batch(w, false);
    if (lost > 0)
        zapi_err("the end of %zu handlers or sends could not be written: %s; "
                 "at the next start they are taken up as they were before",
                 lost, w->trouble);
}

static void tell(struct zapi_writer *w, const char *before)
{
    if (w->trouble != before && w->config.alarm)
        w->config.alarm(w->config.arg, w->trouble);
}

static void write_batch(struct zapi_writer *w, size_t n, bool last)
{
    const char *before = w->trouble;
    double start = seconds_now();
    enum attempt result;
    for (size_t i = 0; i < n; i++)
        w->failed[i] = false;
    zapi_checkpoint_enter(w->config.cp);
    do {
        result = attempt(w, n);
    } while (result == AGAIN);
    zapi_checkpoint_leave(w->config.cp, zapi_sql_wal_pages(w->config.sql));
    if (result == STUCK) {
        tell(w, before);
        refuse(w, n, last);
        return;
    }
    count_commit(w, n, seconds_now() - start);
    if (before) {
        pthread_mutex_lock(&w->lock);
        w->trouble = NULL;
        pthread_mutex_unlock(&w->lock);
        tell(w, before);
    }
    mark_batch(w, true);
    for (size_t i = 0; i < n; i++)
        w->batch[i]->done(w->batch[i],
                          w->failed[i] ? ZAPI_DB_FAILED : ZAPI_DB_OK);
    ended(w, n);
    mark_batch(w, false);
}

/* ---- the thread ---- */

/* Under the lock. Returns when there is reason for an attempt. */
static void wait_for_news(struct zapi_writer *w)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += RETRY_MS * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    w->asleep = true;
    while (!w->closing && (w->trouble ? w->fresh == 0 : !w->first)) {
        if (!w->trouble)
            pthread_cond_wait(&w->news, &w->lock);
        else if (pthread_cond_timedwait(&w->news, &w->lock, &until) != 0)
            break;
    }
    w->asleep = false;
}

static size_t take(struct zapi_writer *w, bool *last)
{
    size_t n = 0;
    pthread_mutex_lock(&w->lock);
    wait_for_news(w);
    while (n < BATCH && w->first) {
        w->batch[n++] = w->first;
        w->first = w->first->next;
    }
    if (!w->first)
        w->end = &w->first;
    w->fresh = 0;
    *last = w->closing;
    w->gone = *last && n == 0;
    pthread_mutex_unlock(&w->lock);
    return n;
}

/* On one core a writer that preempts whoever gave it a job makes a transaction
 * of each job. As a batch thread it waits for its turn, and finds more. */
static void let_others_go_on(void)
{
#ifdef __linux__
    enum { BATCH_POLICY = 3 }; /* SCHED_BATCH, which glibc calls a GNU matter */
    struct sched_param none = {.sched_priority = 0};
    pthread_setschedparam(pthread_self(), BATCH_POLICY, &none);
#endif
}

static void *writer_main(void *arg)
{
    struct zapi_writer *w = arg;
    bool last = false;
    let_others_go_on();
    for (;;) {
        size_t n = take(w, &last);
        if (n == 0 && last)
            break;
        write_batch(w, n, last);
    }
    return NULL;
}

struct zapi_writer *zapi_writer_start(const struct zapi_writer_config *config)
{
    struct zapi_writer *w = calloc(1, sizeof *w);
    pthread_condattr_t monotonic;
    sigset_t all, old;
    if (!w)
        return NULL;
    w->config = *config;
    w->end = &w->first;
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->news, &monotonic);
    pthread_condattr_destroy(&monotonic);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(&w->thread, NULL, writer_main, w);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc == 0)
        return w;
    zapi_writer_free(w);
    return NULL;
}

void zapi_writer_submit(struct zapi_writer *w, struct zapi_job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&w->lock);
    bool gone = w->gone;
    if (!gone) {
        *w->end = job;
        w->end = &job->next;
        w->queued++;
        w->fresh++;
        if (w->asleep)
            pthread_cond_signal(&w->news);
    }
    pthread_mutex_unlock(&w->lock);
    if (gone)
        job->done(job, ZAPI_DB_UNAVAILABLE);
}

size_t zapi_writer_queued(struct zapi_writer *w)
{
    pthread_mutex_lock(&w->lock);
    size_t n = w->queued;
    pthread_mutex_unlock(&w->lock);
    return n;
}

bool zapi_writer_stop(struct zapi_writer *w)
{
    pthread_mutex_lock(&w->lock);
    w->closing = true;
    pthread_cond_signal(&w->news);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    return w->trouble == NULL;
}

void zapi_writer_free(struct zapi_writer *w)
{
    pthread_cond_destroy(&w->news);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

void zapi_writer_stats(struct zapi_writer *w, struct zapi_db_stats *out)
{
    pthread_mutex_lock(&w->lock);
    out->commits = w->commits;
    out->jobs = w->jobs;
    out->commit_seconds = w->seconds;
    out->longest_commit = w->longest;
    out->stuck = w->trouble != NULL;
    w->longest = 0;
    pthread_mutex_unlock(&w->lock);
}
