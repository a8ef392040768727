/* SPDX-License-Identifier: MIT
 *
 * The clock that tests move: both of its hands, and who waits.
 */
#include <math.h>
#include <pthread.h>

#include "base/clock.h"
#include "check.h"

static int told;

static void on_moved(struct zapi_clock_waiter *w)
{
    (void)w;
    told++;
}

static void test_moves(void)
{
    double now = zapi_clock_now(), hr = zapi_clock_hrtime();
    CHECK(now > 1.7e9);
    zapi_clock_move(3600);
    CHECK(zapi_clock_now() - now >= 3600 && zapi_clock_now() - now < 3660);
    CHECK(zapi_clock_hrtime() - hr >= 3600 && zapi_clock_hrtime() - hr < 3660);
    zapi_clock_move(-3600);
    zapi_clock_move(NAN);
    CHECK(zapi_clock_now() - now >= 3600);
}

static void test_is_set(void)
{
    double hr = zapi_clock_hrtime(), now = zapi_clock_now();
    zapi_clock_set(1e9);
    CHECK(zapi_clock_now() >= 1e9 && zapi_clock_now() < 1e9 + 60);
    zapi_clock_move(100);
    CHECK(zapi_clock_now() >= 1e9 + 100 && zapi_clock_now() < 1e9 + 160);
    CHECK(zapi_clock_hrtime() - hr >= 100 && zapi_clock_hrtime() - hr < 160);
    zapi_clock_set(0); /* the test before had moved it by an hour */
    CHECK(zapi_clock_now() <= now && zapi_clock_now() > now - 3660);
}

static void test_waiters(void)
{
    struct zapi_clock_waiter a = {.moved = on_moved}, b = a, c = a;
    CHECK(isinf(zapi_clock_next()));
    zapi_clock_leave(&a);
    zapi_clock_wait(&a, 100);
    zapi_clock_wait(&b, 50);
    zapi_clock_wait(&c, HUGE_VAL);
    CHECK(zapi_clock_next() > 49 && zapi_clock_next() <= 50);
    zapi_clock_move(30);
    CHECK_INT(told, 3);
    CHECK(zapi_clock_next() > 19 && zapi_clock_next() <= 20);
    zapi_clock_wait(&b, 200); /* again */
    CHECK(zapi_clock_next() > 69 && zapi_clock_next() <= 70);
    zapi_clock_leave(&c);
    zapi_clock_leave(&a);
    zapi_clock_leave(&a);
    CHECK(zapi_clock_left(&b) > 199);
    zapi_clock_move(300);
    CHECK_INT(told, 4);
    CHECK(zapi_clock_left(&b) == 0 && zapi_clock_next() == 0);
    zapi_clock_leave(&b);
    CHECK(isinf(zapi_clock_next()));
}

/* Another thread has the same time and none of our waiters. */
static void *elsewhere(void *arg)
{
    double *at = arg;
    at[0] = zapi_clock_now();
    at[1] = zapi_clock_next();
    return NULL;
}

static void test_threads(void)
{
    struct zapi_clock_waiter w = {.moved = on_moved};
    double at[2] = {0};
    pthread_t thread;
    zapi_clock_wait(&w, 5);
    zapi_clock_move(86400);
    double now = zapi_clock_now();
    CHECK(pthread_create(&thread, NULL, elsewhere, at) == 0);
    pthread_join(thread, NULL);
    CHECK(fabs(at[0] - now) < 60);
    CHECK(isinf(at[1]));
    zapi_clock_leave(&w);
}

int main(void)
{
    RUN(test_moves);
    RUN(test_is_set);
    RUN(test_waiters);
    RUN(test_threads);
    return CHECK_END();
}
