/* SPDX-License-Identifier: MIT
 *
 * A few numbers about the file, for metrics: milliseconds, or tens of them when
 * there are ten thousands of dead letters or of messages that wait.
 */
#ifndef ZAPI_STORE_GAUGES_H
#define ZAPI_STORE_GAUGES_H

#include "store/sql.h"

struct zapi_gauges {
    uint64_t dead;    /* dead letters kept */
    uint64_t unknown; /* sends nobody knows the end of */
    uint64_t queued;  /* sends that wait to leave */
    uint64_t unclean; /* ends of the process that were none in order */
    /* Age of the oldest event that waits for its turn, and not for an answer or
     * a time; 0: none. */
    double oldest_seconds;
};

void zapi_gauges_read(struct zapi_sql *sql, double now,
                      struct zapi_gauges *out);

#endif
