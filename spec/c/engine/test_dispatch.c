/* SPDX-License-Identifier: MIT
 *
 * Order within a chat, side by side across chats, fairness under a flood.
 */
#include <stdlib.h>

#include "check.h"
#include "engine/dispatch.h"

enum { MANY = 5000 };

static struct zapi_dispatch *d;
static struct zapi_event *started[MANY];
static size_t nstarted, nfinished, most_running;
static bool at_once;

static void start(void *arg, struct zapi_event *ev)
{
    (void)arg;
    started[nstarted++] = ev;
    if (zapi_dispatch_running(d) > most_running)
        most_running = zapi_dispatch_running(d);
    if (at_once)
        zapi_dispatch_done(d, ev);
}

static void finished(void *arg, struct zapi_event *ev)
{
    (void)arg;
    nfinished++;
    free(ev->chat);
    zapi_event_free(ev);
}

static void open_with(unsigned concurrency)
{
    struct zapi_dispatch_config c = {
        .concurrency = concurrency, .start = start, .finished = finished};
    d = zapi_dispatch_new(&c);
    nstarted = nfinished = most_running = 0;
    at_once = false;
}

static struct zapi_event *add(const char *chat, uint64_t seq, bool ordered)
{
    struct zapi_event *ev = calloc(1, sizeof *ev);
    ev->chat = strdup(chat);
    ev->seq = seq;
    zapi_dispatch_add(d, ev, ordered);
    return ev;
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
    uint64_t last[CHATS] = {0};
    unsigned rnd = 12345;
    char chat[16];
    open_with(32);
    size_t done = 0;
    for (uint64_t i = 1; i <= EVENTS; i++) {
        rnd = rnd * 1103515245u + 12345u;
        snprintf(chat, sizeof chat, "%u", (rnd >> 8) % CHATS);
        add(chat, i, true);
        if (rnd >> 31 && done < nstarted)
            zapi_dispatch_done(d, started[done++]);
    }
    for (size_t i = 0; i < done; i++)
        started[i] = NULL; /* freed */
    while (done < nstarted) {
        struct zapi_event *ev = started[done++];
        int c = atoi(ev->chat);
        CHECK(ev->seq > last[c]);
        last[c] = ev->seq;
        zapi_dispatch_done(d, ev);
    }
    CHECK_INT(nfinished, EVENTS);
    zapi_dispatch_delete(d);
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
    return CHECK_END();
}
