/* SPDX-License-Identifier: MIT
 *
 * What time it is, for everything that decides by it: events, guards, sends,
 * timers, what expires. The testing kit moves this clock on (zapi.testing), so
 * nothing else asks the system, but for what measures the process itself.
 *
 * Whoever waits by a timer of the loop registers it as a waiter, and arms it
 * anew when the clock was moved. Waiters are the waiting thread's own.
 */
#ifndef ZAPI_BASE_CLOCK_H
#define ZAPI_BASE_CLOCK_H

/* Unix seconds, which a person may set. Any thread. */
double zapi_clock_now(void);
/* Seconds that only go on, from some moment. Any thread. */
double zapi_clock_hrtime(void);

struct zapi_clock_waiter {
    struct zapi_clock_waiter *next, **link; /* private; zeroed at first */
    double due;                             /* zapi_clock_hrtime() */
    /* The clock was moved: seconds until `due` are fewer. It changes no list of
     * waiters. */
    void (*moved)(struct zapi_clock_waiter *w);
};

/* It is due in so many seconds; again for one that waits. */
void zapi_clock_wait(struct zapi_clock_waiter *w, double seconds);
/* Fine for one that does not wait. */
void zapi_clock_leave(struct zapi_clock_waiter *w);
/* From 0 on. */
double zapi_clock_left(const struct zapi_clock_waiter *w);

/* Seconds until the first of this thread's waiters is due; HUGE_VAL: there is
 * none. */
double zapi_clock_next(void);
/* For tests. Both clocks go on by so many seconds (from 0 on), for all threads;
 * this thread's waiters are told. */
void zapi_clock_move(double seconds);
/* For tests. It is this time now (Unix seconds; 0: what the system says); who
 * waits is not told, so this is for a moment at which nothing does. */
void zapi_clock_set(double now);

#endif
