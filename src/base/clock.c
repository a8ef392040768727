/* SPDX-License-Identifier: MIT
 *
 * See clock.h. The offsets are the process's; they are 0 but in tests.
 * Waiters are linked into a list of their thread, unsorted: only tests walk it.
 */
#include "base/clock.h"

#include <math.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

static _Atomic int64_t moved_ns; /* of the hand that only goes on */
static _Atomic int64_t wall_ns;  /* of the other one */
static _Thread_local struct zapi_clock_waiter *waiters;

static double seconds_of(clockid_t id, const _Atomic int64_t *offset)
{
    struct timespec t;
    clock_gettime(id, &t);
    int64_t moved = atomic_load_explicit(offset, memory_order_relaxed);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9 + (double)moved / 1e9;
}

double zapi_clock_now(void)
{
    return seconds_of(CLOCK_REALTIME, &wall_ns);
}

double zapi_clock_hrtime(void)
{
    return seconds_of(CLOCK_MONOTONIC, &moved_ns);
}

void zapi_clock_wait(struct zapi_clock_waiter *w, double seconds)
{
    w->due = zapi_clock_hrtime() + seconds;
    if (w->link)
        return;
    w->next = waiters;
    if (w->next)
        w->next->link = &w->next;
    w->link = &waiters;
    waiters = w;
}

void zapi_clock_leave(struct zapi_clock_waiter *w)
{
    if (!w->link)
        return;
    *w->link = w->next;
    if (w->next)
        w->next->link = w->link;
    w->link = NULL;
}

double zapi_clock_left(const struct zapi_clock_waiter *w)
{
    return fmax(0, w->due - zapi_clock_hrtime());
}

double zapi_clock_next(void)
{
    double first = HUGE_VAL;
    for (const struct zapi_clock_waiter *w = waiters; w; w = w->next)
        first = fmin(first, w->due);
    return first < HUGE_VAL ? fmax(0, first - zapi_clock_hrtime()) : first;
}

void zapi_clock_move(double seconds)
{
    if (!(seconds > 0))
        return;
    atomic_fetch_add(&moved_ns, (int64_t)(seconds * 1e9));
    atomic_fetch_add(&wall_ns, (int64_t)(seconds * 1e9));
    for (struct zapi_clock_waiter *w = waiters; w; w = w->next)
        w->moved(w);
}

void zapi_clock_set(double now)
{
    atomic_store(&wall_ns, 0);
    if (now > 0)
        atomic_store(&wall_ns, (int64_t)((now - zapi_clock_now()) * 1e9));
}
