/* SPDX-License-Identifier: MIT
 *
 * Order within a chat, side by side across chats, fairness under a flood; what
 * is put aside, merged, released, loaded late. The clock is `clock`.
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "engine/dispatch.h"

enum { MANY = 5000 };

static struct zapi_dispatch *d;
static struct zapi_delivery *started[MANY];
static size_t nstarted, nfinished, most_running, nloaded;
static bool at_once;
static double clock_now, timer_due;
static struct zapi_event body; /* of everything: nothing here reads it */

static void start(void *arg, struct zapi_delivery *one)
{
    (void)arg;
    CHECK(one->event == &body);
    started[nstarted++] = one;
    if (zapi_dispatch_running(d) > most_running)
        most_running = zapi_dispatch_running(d);
    if (at_once)
        zapi_dispatch_done(d, one);
}

static void finished(void *arg, struct zapi_delivery *one)
{
    (void)arg;
    nfinished++;
    free(one);
}

/* Seq 1000404 is gone; 1000503 cannot be read before second 100. */
static struct zapi_event *load(void *arg, struct zapi_delivery *one)
{
    (void)arg;
    nloaded++;
    if (one->seq == 1000503 && clock_now < 100)
        one->due = 100;
    return one->seq == 1000404 || (one->seq == 1000503 && clock_now < 100)
               ? NULL
               : &body;
}

static void timer(void *arg, double due)
{
    (void)arg;
    timer_due = due;
}

static double now(void *arg)
{
    (void)arg;
    return clock_now;
}

static void open_with(unsigned concurrency)
{
    struct zapi_dispatch_config c = {.concurrency = concurrency,
                                     .start = start,
                                     .load = load,
                                     .finished = finished,
                                     .timer = timer,
                                     .now = now};
    d = zapi_dispatch_new(&c);
    nstarted = nfinished = most_running = nloaded = 0;
    clock_now = 1;
    timer_due = 0;
    at_once = false;
}

static struct zapi_delivery *add_at(const char *chat, uint64_t seq, double due)
{
    struct zapi_delivery *one = calloc(1, sizeof *one);
    one->seq = seq;
    one->due = due;
    CHECK(zapi_dispatch_add(d, one, chat));
    return one;
}

static struct zapi_delivery *add(const char *chat, uint64_t seq, bool ordered)
{
    return add_at(ordered ? chat : "", seq, 0);
}

static void one_chat_is_in_order(void)
{
    open_with(8);
    add("a", 1, true);
    add("a", 2, true);
    add("a", 3, true);
    CHECK_INT(nstarted, 1);
    CHECK_INT(zapi_dispatch_waiting(d), 2);
    zapi_dispatch_done(d, started[0]);
    CHECK_INT(nstarted, 2);
    CHECK_INT(started[1]->seq, 2);
    zapi_dispatch_done(d, started[1]);
    CHECK_INT(started[2]->seq, 3);
    zapi_dispatch_done(d, started[2]);
    CHECK_INT(nfinished, 3);
    CHECK_INT(zapi_dispatch_running(d), 0);
    zapi_dispatch_delete(d);
}

static void a_slow_chat_holds_up_no_other(void)
{
    open_with(2);
    add("slow", 1, true);
    add("slow", 2, true);
    for (uint64_t i = 0; i < 10; i++) {
        add("b", 10 + i, true);
        zapi_dispatch_done(d, started[nstarted - 1]);
    }
    CHECK_INT(nfinished, 10);
    CHECK_INT(started[0]->seq, 1);
    zapi_dispatch_done(d, started[0]);
    CHECK_INT(started[nstarted - 1]->seq, 2);
    zapi_dispatch_done(d, started[nstarted - 1]);
    zapi_dispatch_delete(d);
}

static void pause_and_delete(void)
{
    open_with(1);
    add("first", 0, true);
    for (uint64_t i = 1; i <= 100; i++)
        add("flood", i, true);
    add("b", 201, true);
    add("c", 202, true);
    zapi_dispatch_done(d, started[0]);
    for (size_t i = 1; i <= 4; i++)
        zapi_dispatch_done(d, started[i]);
    CHECK_INT(nstarted, 6);
    zapi_dispatch_pause(d);
    zapi_dispatch_done(d, started[nstarted - 1]);
    CHECK_INT(zapi_dispatch_running(d), 0);
    CHECK_INT(zapi_dispatch_waiting(d), 103 - nstarted);
    CHECK_INT(nfinished, nstarted);
    zapi_dispatch_delete(d); /* what waits is finished too */
    CHECK_INT(nfinished, 103);
}

static void fairness_order(void)
{
    uint64_t want[] = {1, 201, 202, 2, 3}, got[5];
    open_with(1);
    for (uint64_t i = 1; i <= 3; i++)
        add("flood", i, true);
    add("b", 201, true);
    add("c", 202, true);
    for (size_t i = 0; i < 5; i++) {
        got[i] = started[i]->seq;
        zapi_dispatch_done(d, started[i]);
    }
    CHECK(memcmp(got, want, sizeof got) == 0);
    zapi_dispatch_delete(d);
}

static void unordered_events_run_beside(void)
{
    open_with(8);
    add("a", 1, true);
    add("a", 2, false);
    add("a", 3, false);
    CHECK_INT(nstarted, 3);
    zapi_dispatch_done(d, started[1]);
    zapi_dispatch_done(d, started[0]);
    zapi_dispatch_done(d, started[2]);
    CHECK_INT(nfinished, 3);
    zapi_dispatch_delete(d);
}

static void concurrency_is_bounded(void)
{
    char chat[16];
    open_with(16);
    for (int i = 0; i < 1000; i++) {
        snprintf(chat, sizeof chat, "c%d", i);
        add(chat, (uint64_t)i, i % 3 != 0);
    }
    CHECK_INT(zapi_dispatch_running(d), 16);
    for (size_t i = 0; i < nstarted; i++)
        zapi_dispatch_done(d, started[i]);
    CHECK_INT(nfinished, 1000);
    CHECK_INT(most_running, 16);
    zapi_dispatch_delete(d);
}

static void handlers_that_end_at_once(void)
{
    open_with(4);
    at_once = true;
    add("x", 0, true);
    at_once = false;
    add("y", 1, true); /* holds one slot */
    for (uint64_t i = 0; i < MANY - 10; i++)
        add("y", i, true);
    at_once = true; /* one done runs the rest without recursion */
    zapi_dispatch_done(d, started[1]);
    CHECK_INT(nfinished, MANY - 10 + 2);
    CHECK_INT(zapi_dispatch_waiting(d), 0);
    zapi_dispatch_delete(d);
}

/* Many chats through a small table, in random order: each in its order. */
static void random_traffic(void)
{
    enum { CHATS = 300, EVENTS = 4000 };
    static unsigned chat_of[EVENTS + 1];
    uint64_t last[CHATS] = {0};
    unsigned rnd = 12345;
    char chat[16];
    open_with(32);
    size_t done = 0;
    for (uint64_t i = 1; i <= EVENTS; i++) {
        rnd = rnd * 1103515245u + 12345u;
        chat_of[i] = (rnd >> 8) % CHATS;
        snprintf(chat, sizeof chat, "%u", chat_of[i]);
        add(chat, i, true);
        if (rnd >> 31 && done < nstarted)
            zapi_dispatch_done(d, started[done++]);
    }
    while (done < nstarted) {
        struct zapi_delivery *one = started[done++];
        unsigned c = chat_of[one->seq];
        CHECK(one->seq > last[c]);
        last[c] = one->seq;
        zapi_dispatch_done(d, one);
    }
    CHECK_INT(nfinished, EVENTS);
    zapi_dispatch_delete(d);
}

static void again_holds_up_its_order_only(void)
{
    open_with(8);
    add("a", 1, true);
    add("a", 2, true);
    zapi_dispatch_again(d, started[0], 5);
    CHECK(timer_due == 5);
    CHECK_INT(zapi_dispatch_running(d), 0);
    CHECK_INT(zapi_dispatch_waiting(d), 2);
    add("b", 3, true);
    CHECK_INT(nstarted, 2); /* b, not a's second */
    clock_now = 5;
    zapi_dispatch_tick(d);
    CHECK_INT(started[2]->seq, 1);
    CHECK_INT(started[2]->attempt, 2);
    CHECK(timer_due == 0);
    zapi_dispatch_done(d, started[2]);
    CHECK_INT(started[3]->seq, 2);
    CHECK_INT(started[3]->attempt, 1);
    zapi_dispatch_done(d, started[1]);
    zapi_dispatch_done(d, started[3]);
    CHECK_INT(nfinished, 3);
    zapi_dispatch_delete(d);
}

static void later_lets_others_go_on(void)
{
    open_with(8);
    body.order[0] = 'a';
    add("a", 1, true);
    add("a", 2, true);
    zapi_dispatch_later(d, started[0], 50);
    CHECK_INT(started[1]->seq, 2);
    zapi_dispatch_done(d, started[1]);
    add_at("a", 3, 20); /* taken up at start, not yet due */
    CHECK_INT(nstarted, 2);
    CHECK(timer_due == 20);
    clock_now = 60;
    zapi_dispatch_tick(d);
    CHECK_INT(nstarted, 3); /* one at a time: they are of one order */
    zapi_dispatch_done(d, started[2]);
    zapi_dispatch_done(d, started[3]);
    CHECK_INT(nfinished, 3);
    body.order[0] = '\0';
    zapi_dispatch_delete(d);
}

static void released_ones_run_beside_their_order(void)
{
    open_with(8);
    add("a", 1, true);
    add("a", 2, true);
    zapi_dispatch_release(d, started[0]);
    CHECK_INT(nstarted, 2);
    CHECK_INT(zapi_dispatch_running(d), 2);
    zapi_dispatch_done(d, started[1]);
    zapi_dispatch_done(d, started[0]);
    CHECK_INT(nfinished, 2);
    zapi_dispatch_delete(d);
}

static void two_orders_become_one(void)
{
    open_with(8);
    add("lid", 1, true); /* runs */
    add("lid", 3, true);
    add("phone", 2, true); /* runs too: nobody knew */
    add("phone", 4, true);
    zapi_dispatch_merge(d, "lid", "phone");
    add("lid", 5, true); /* was on its way under the old name */
    zapi_dispatch_done(d, started[1]);
    CHECK_INT(nstarted, 2); /* seq 1 still runs */
    zapi_dispatch_done(d, started[0]);
    for (uint64_t seq = 3; seq <= 5; seq++) {
        CHECK_INT(nstarted, seq);
        CHECK_INT(started[seq - 1]->seq, seq);
        zapi_dispatch_done(d, started[seq - 1]);
    }
    CHECK_INT(nfinished, 5);
    zapi_dispatch_delete(d);
}

static void orders_become_one_in_a_chain(void)
{
    open_with(8);
    add("a", 1, true); /* all three run: nobody knew */
    add("b", 2, true);
    add("c", 3, true);
    zapi_dispatch_merge(d, "a", "b");
    zapi_dispatch_merge(d, "b", "c");
    zapi_dispatch_merge(d, "c", "a"); /* they are one already */
    add("a", 4, true);
    add("b", 5, true);
    zapi_dispatch_done(d, started[2]);
    zapi_dispatch_again(d, started[0], 5); /* is first when its time comes */
    zapi_dispatch_done(d, started[1]);
    CHECK_INT(nstarted, 3);
    CHECK(zapi_dispatch_drop(d, 5, "a"));
    clock_now = 5;
    zapi_dispatch_tick(d);
    CHECK_INT(nstarted, 4);
    CHECK_INT(started[3]->seq, 1);
    zapi_dispatch_done(d, started[3]);
    CHECK_INT(nstarted, 5);
    CHECK_INT(started[4]->seq, 4);
    zapi_dispatch_done(d, started[4]);
    CHECK_INT(nfinished, 5);
    zapi_dispatch_delete(d);
}

static void what_was_put_aside_comes_back_to_the_order_it_became(void)
{
    open_with(8);
    add_at("lid", 1, 5);
    add("lid", 2, true);
    add("phone", 3, true);
    zapi_dispatch_merge(d, "lid", "phone");
    zapi_dispatch_later(d, started[0], 6);
    CHECK_INT(nstarted, 2);
    clock_now = 6;
    zapi_dispatch_tick(d);
    CHECK_INT(nstarted, 2); /* seq 3 runs */
    zapi_dispatch_done(d, started[1]);
    CHECK_INT(nstarted, 3);
    CHECK_INT(started[2]->seq, 1);
    zapi_dispatch_done(d, started[2]);
    CHECK_INT(nstarted, 4);
    CHECK_INT(started[3]->seq, 2);
    zapi_dispatch_done(d, started[3]);
    CHECK_INT(nfinished, 3);
    zapi_dispatch_delete(d);
}

static void what_is_loaded_late_may_be_gone(void)
{
    open_with(8);
    add("a", 1000404, true);
    CHECK_INT(nstarted, 0);
    CHECK_INT(nfinished, 1);
    add("a", 1000503, true);
    add("a", 1000504, true);
    CHECK_INT(nstarted, 0);
    clock_now = 100;
    zapi_dispatch_tick(d);
    CHECK_INT(started[0]->seq, 1000503);
    CHECK_INT(started[0]->attempt, 1);
    zapi_dispatch_done(d, started[0]);
    zapi_dispatch_done(d, started[1]);
    zapi_dispatch_delete(d);
}

static void commands_take_back(void)
{
    open_with(8);
    add("a", 1, true);
    add("a", 2, true);
    add("a", 3, true);
    CHECK(zapi_dispatch_drop(d, 3, "a"));
    CHECK(!zapi_dispatch_drop(d, 1, "a")); /* it runs */
    CHECK(!zapi_dispatch_drop(d, 9, "x"));
    zapi_dispatch_again(d, started[0], 99);
    CHECK(zapi_dispatch_drop(d, 1, "a")); /* no longer: 2 goes on */
    CHECK_INT(started[1]->seq, 2);
    CHECK(timer_due == 0);
    add("a", 1, true); /* revived while 2 runs */
    add("a", 4, true);
    zapi_dispatch_done(d, started[1]);
    CHECK_INT(started[2]->seq, 1);
    zapi_dispatch_again(d, started[2], 99);
    CHECK_INT(zapi_dispatch_waiting(d), 2);
    zapi_dispatch_delete(d);
    CHECK_INT(nfinished, 5);
}

static void the_clock_may_be_set_back(void)
{
    open_with(8);
    add("a", 1, true);
    add("b", 2, true);
    clock_now = 7200;
    zapi_dispatch_again(d, started[0], 7210);
    zapi_dispatch_later(d, started[1], 7205);
    clock_now = 2;
    zapi_dispatch_clock_set(d, -7198);
    CHECK(timer_due == 7);
    clock_now = 7;
    zapi_dispatch_tick(d);
    CHECK_INT(nstarted, 3);
    CHECK_INT(started[2]->seq, 2);
    CHECK(timer_due == 12);
    clock_now = 12;
    zapi_dispatch_tick(d);
    CHECK_INT(started[3]->seq, 1);
    zapi_dispatch_done(d, started[2]);
    zapi_dispatch_done(d, started[3]);
    zapi_dispatch_delete(d);
}

static void what_is_run_anew_is_first_of_its_order(void)
{
    open_with(2);
    struct zapi_delivery *one = add("a", 1, true);
    add("a", 2, true);
    add("a", 3, true);
    CHECK(nstarted == 1 && one->attempt == 1);
    zapi_dispatch_pause(d);
    zapi_dispatch_restart(d, one);
    CHECK(zapi_dispatch_running(d) == 0 && zapi_dispatch_waiting(d) == 3);
    zapi_dispatch_resume(d);
    CHECK(nstarted == 2 && started[1] == one && one->attempt == 1);
    zapi_dispatch_release(d, one);
    CHECK(nstarted == 3 && started[2]->seq == 2);
    zapi_dispatch_restart(d, one); /* beside the order, as it was */
    CHECK(nstarted == 4 && started[3] == one && one->attempt == 1);
    zapi_dispatch_done(d, one);
    zapi_dispatch_done(d, started[2]);
    CHECK(nstarted == 5 && started[4]->seq == 3);
    zapi_dispatch_done(d, started[4]);
    zapi_dispatch_delete(d);
}

static void what_is_unparked_in_a_pause_starts_beyond_the_limit(void)
{
    open_with(1);
    struct zapi_delivery *one = add("a", 1, true);
    struct zapi_delivery *parked = calloc(1, sizeof *parked);
    struct zapi_delivery *left = calloc(1, sizeof *left);
    zapi_dispatch_pause(d);
    *parked = (struct zapi_delivery){.seq = 9};
    CHECK(zapi_dispatch_unpark(d, parked) && nstarted == 1);
    zapi_dispatch_resume(d);
    CHECK(nstarted == 2 && started[1] == parked);
    zapi_dispatch_limit(d, 3);
    add("b", 10, true);
    CHECK(nstarted == 3);
    zapi_dispatch_done(d, parked);
    zapi_dispatch_done(d, started[2]);
    zapi_dispatch_done(d, one);
    zapi_dispatch_pause(d);
    *left = (struct zapi_delivery){.seq = 11};
    CHECK(zapi_dispatch_unpark(d, left) && zapi_dispatch_waiting(d) == 1);
    nfinished = 0;
    zapi_dispatch_delete(d);
    CHECK(nfinished == 1);
}

int main(void)
{
    RUN(one_chat_is_in_order);
    RUN(a_slow_chat_holds_up_no_other);
    RUN(pause_and_delete);
    RUN(fairness_order);
    RUN(unordered_events_run_beside);
    RUN(concurrency_is_bounded);
    RUN(handlers_that_end_at_once);
    RUN(random_traffic);
    RUN(again_holds_up_its_order_only);
    RUN(later_lets_others_go_on);
    RUN(released_ones_run_beside_their_order);
    RUN(two_orders_become_one);
    RUN(orders_become_one_in_a_chain);
    RUN(what_was_put_aside_comes_back_to_the_order_it_became);
    RUN(what_is_loaded_late_may_be_gone);
    RUN(commands_take_back);
    RUN(the_clock_may_be_set_back);
    RUN(what_is_run_anew_is_first_of_its_order);
    RUN(what_is_unparked_in_a_pause_starts_beyond_the_limit);
    return CHECK_END();
}
