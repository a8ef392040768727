/* SPDX-License-Identifier: MIT
 *
 * The one thread that writes. All jobs that have gathered become one
 * transaction; `done` follows the commit, in the order of submission.
 */
#ifndef ZAPI_STORE_WRITER_H
#define ZAPI_STORE_WRITER_H

#include "store/checkpoint.h"
#include "store/db.h"

struct zapi_writer;

struct zapi_writer_config {
    struct zapi_sql *sql;       /* borrowed; the thread's own from now on */
    struct zapi_checkpoint *cp; /* borrowed */
    void (*alarm)(void *arg, const char *why); /* may be NULL */
    void (*batch)(void *arg, bool begins);     /* may be NULL */
    void *arg;
};

/* NULL: no memory or no thread. */
struct zapi_writer *zapi_writer_start(const struct zapi_writer_config *config);
void zapi_writer_submit(struct zapi_writer *w, struct zapi_job *job);
size_t zapi_writer_queued(struct zapi_writer *w);
/* Writes what was submitted and joins the thread; what is submitted from now
 * on is UNAVAILABLE at once. true: everything could be written. */
bool zapi_writer_stop(struct zapi_writer *w);
void zapi_writer_free(struct zapi_writer *w);
/* Fills commits, jobs, their seconds, stuck. */
void zapi_writer_stats(struct zapi_writer *w, struct zapi_db_stats *out);

#endif
