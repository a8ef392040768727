/* SPDX-License-Identifier: MIT
 *
 * The thread that looks after the loop thread. Code that has run longer than
 * its budget is ended by a signal (lua/watch.h has how). What sits in a C
 * function cannot be ended so: when it holds the loop for too long, the
 * process ends, for its supervisor to start it again; the event that ran is
 * noted on disk (store/stuck.h). While nothing runs late the thread wakes once
 * in a budget's time. Time in which the whole process stood still (a stopped
 * job, a frozen machine) does not count.
 */
#ifndef ZAPI_HOST_MONITOR_H
#define ZAPI_HOST_MONITOR_H

#include "lua/watch.h"

#define ZAPI_EXIT_STUCK 70

struct zapi_monitor;

struct zapi_monitor_config {
    double budget;      /* seconds of a handler between two waits */
    double shortest;    /* of any script's budget: how often it looks */
    double stuck;       /* when the process ends; a main chunk has this time as
                           its budget, and twice as much to the end */
    const char *folder; /* of the data; borrowed; NULL: none */
};

/* On the loop thread, one per process. NULL: no thread could be made. */
struct zapi_monitor *
zapi_monitor_start(const struct zapi_monitor_config *config);
/* NULL is fine, and gives NULL. */
struct zapi_watch *zapi_monitor_watch(struct zapi_monitor *m);
/* After the states are closed. NULL is fine. */
void zapi_monitor_stop(struct zapi_monitor *m);

#endif
