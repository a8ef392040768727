/* SPDX-License-Identifier: MIT
 *
 * What the database holds for whom: a script that was renamed finds nothing of
 * what it kept, and the rows of its old name wait for nobody. Names come from
 * deliveries, messages, timers and the namespaces of kv (store/kv.h,
 * lua/zapi/store.lua). Nothing is kept here. Start at zapi_left_each.
 */
#ifndef ZAPI_STORE_LEFT_H
#define ZAPI_STORE_LEFT_H

#include "store/sql.h"

struct zapi_left {
    char name[128];
    uint64_t events;    /* that wait for their turn or a time */
    uint64_t questions; /* parked: they wait for an answer */
    uint64_t messages;  /* queued */
    uint64_t timers;
    uint64_t values; /* of stores, sessions and flows; of each namespace 10,000
                        are counted */
};

/* Is somebody of this name here? */
typedef bool zapi_left_known(void *arg, const char *name);
/* Borrowed. */
typedef void zapi_left_visit(void *arg, const struct zapi_left *left);

/* Visits the names that have rows of these kinds and are not known: the first
 * 16. Any connection. */
void zapi_left_each(struct zapi_sql *sql, double now, zapi_left_known *known,
                    zapi_left_visit *visit, void *arg);

#endif
