/* SPDX-License-Identifier: MIT
 *
 * How fast may be sent, with a clock of our own.
 */
#include <pthread.h>
#include <stdio.h>

#include "check.h"
#include "engine/guard.h"

#define I   "instance-1"
#define ANA "5511999990001"
#define NOW 1767225600.0

static enum zapi_guard_reason why;
static bool first;

static struct zapi_guard *make(unsigned replies, unsigned cold)
{
    struct zapi_guard_limits limits = {.replies_per_chat = replies,
                                       .cold_recipients = cold};
    return zapi_guard_new(&limits);
}

static double reply(struct zapi_guard *g, const char *who, double now)
{
    return zapi_guard_ask(g, I, who, true, now, &why, &first);
}

static double cold(struct zapi_guard *g, int who, double now)
{
    char id[32];
    snprintf(id, sizeof id, "55119%08d", 90000000 + who);
    return zapi_guard_ask(g, I, id, false, now, &why, &first);
}

static void a_loop_is_stopped(void)
{
    struct zapi_guard *g = make(20, 60);
    for (int i = 0; i < 20; i++) {
        CHECK(reply(g, ANA, NOW + i) == 0);
        CHECK_INT(why, ZAPI_GUARD_NONE);
    }
    CHECK(reply(g, ANA, NOW + 20) == 40);
    CHECK_INT(why, ZAPI_GUARD_LOOP);
    CHECK(first);
    CHECK(reply(g, ANA, NOW + 59) == 1);
    CHECK(!first);
    /* others are not held up, nor is the same chat of another instance */
    CHECK(reply(g, "5511999990002", NOW + 20) == 0);
    CHECK(zapi_guard_ask(g, "instance-2", ANA, true, NOW + 20, &why, &first) ==
          0);
    /* the window slides: one leaves it each second */
    CHECK(reply(g, ANA, NOW + 60) == 0);
    CHECK(reply(g, ANA, NOW + 60) == 1);
    CHECK(first); /* a stop of its own: an answer had left */
    zapi_guard_delete(g);
}

static void a_waiting_reply_leaves_when_it_was_told(void)
{
    struct zapi_guard *g = make(2, 0);
    reply(g, ANA, NOW);
    reply(g, ANA, NOW + 10);
    double wait = reply(g, ANA, NOW + 30);
    CHECK(wait == 30);
    CHECK(reply(g, ANA, NOW + 30 + wait) == 0);
    CHECK(reply(g, ANA, NOW + 30 + wait) == 10);
    zapi_guard_delete(g);
}

static void a_campaign_is_stopped(void)
{
    struct zapi_guard *g = make(20, 60);
    for (int i = 0; i < 60; i++)
        CHECK(cold(g, i, NOW + i) == 0);
    CHECK(cold(g, 60, NOW + 100) == 3500);
    CHECK_INT(why, ZAPI_GUARD_COLD);
    CHECK(first);
    cold(g, 61, NOW + 101);
    CHECK_INT(why, ZAPI_GUARD_COLD);
    CHECK(!first);
    /* whoever was written to this hour counts once */
    CHECK(cold(g, 5, NOW + 100) == 0);
    /* replies have nothing to do with it */
    CHECK(reply(g, ANA, NOW + 100) == 0);
    CHECK(cold(g, 60, NOW + 3600) == 0);
    CHECK(cold(g, 61, NOW + 3600) == 1);
    CHECK(first);
    zapi_guard_delete(g);
}

static void who_wrote_is_not_cold(void)
{
    struct zapi_guard *g = make(0, 1);
    CHECK(cold(g, 1, NOW) == 0);
    CHECK(cold(g, 2, NOW) > 0);
    zapi_guard_heard(g, I, "5511990000002", NOW);
    CHECK(cold(g, 2, NOW) == 0);
    CHECK(cold(g, 2, NOW + 86399) == 0);
    /* of another instance it does not count */
    CHECK(zapi_guard_ask(g, "instance-2", "5511990000002", false, NOW, &why,
                         &first) == 0);
    CHECK(zapi_guard_ask(g, "instance-2", "5511990000003", false, NOW, &why,
                         &first) > 0);
    CHECK(cold(g, 1, NOW + 86400) == 0);
    CHECK(cold(g, 2, NOW + 86401) > 0);
    CHECK_INT(why, ZAPI_GUARD_COLD);
    zapi_guard_delete(g);
}

static void groups_are_never_cold(void)
{
    static const char *const ids[] = {
        "120363000000000001-group", "5511999990001-1600000000",
        "120363000000000009@newsletter", "1700000001-broadcast"};
    struct zapi_guard *g = make(0, 1);
    cold(g, 1, NOW);
    for (size_t i = 0; i < 4; i++)
        CHECK(zapi_guard_ask(g, I, ids[i], false, NOW, &why, &first) == 0);
    CHECK(zapi_guard_ask(g, I, "100000000000001@lid", false, NOW, &why,
                         &first) > 0);
    zapi_guard_delete(g);
}

static void a_shadow_ban_stops_cold_sends_and_keeps_replies(void)
{
    struct zapi_guard *g = make(20, 60);
    CHECK(zapi_guard_banned_until(g, I) == 0);
    zapi_guard_heard(g, I, ANA, NOW);
    zapi_guard_shadow_ban(g, I, NOW + 86400);
    CHECK(zapi_guard_banned_until(g, I) == NOW + 86400);
    CHECK(zapi_guard_banned_until(g, "instance-2") == 0);
    CHECK(cold(g, 1, NOW + 400) == 86000);
    CHECK_INT(why, ZAPI_GUARD_SHADOW_BAN);
    CHECK(first);
    zapi_guard_shadow_ban(g, I, NOW + 86500);
    CHECK(cold(g, 2, NOW + 500) == 86000);
    CHECK(!first);
    CHECK(reply(g, ANA, NOW + 500) == 0);
    CHECK(zapi_guard_ask(g, I, ANA, false, NOW + 500, &why, &first) == 0);
    CHECK(cold(g, 1, NOW + 86500) == 0);
    zapi_guard_shadow_ban(g, I, NOW + 200000);
    CHECK(cold(g, 1, NOW + 90000) == 110000);
    CHECK(first);
    zapi_guard_delete(g);
}

static void no_limits_and_no_guard(void)
{
    struct zapi_guard *g = make(0, 0);
    for (int i = 0; i < 200; i++) {
        CHECK(reply(g, ANA, NOW) == 0);
        CHECK(cold(g, i, NOW) == 0);
    }
    zapi_guard_shadow_ban(g, I, NOW + 10);
    CHECK(cold(g, 1, NOW) == 10);
    zapi_guard_delete(g);
    CHECK(reply(NULL, ANA, NOW) == 0);
    zapi_guard_heard(NULL, I, ANA, NOW);
    zapi_guard_shadow_ban(NULL, I, NOW);
    zapi_guard_trim(NULL, NOW);
}

static void limits_can_be_changed(void)
{
    struct zapi_guard_limits less = {.replies_per_chat = 2,
                                     .cold_recipients = 2};
    struct zapi_guard *g = make(20, 60);
    for (int i = 0; i < 10; i++)
        reply(g, ANA, NOW + i);
    zapi_guard_set(g, &less);
    /* the two youngest must have left */
    CHECK(reply(g, ANA, NOW + 10) == 58);
    CHECK(reply(g, ANA, NOW + 67) == 1);
    CHECK(reply(g, ANA, NOW + 68) == 0);
    zapi_guard_delete(g);
}

static void a_clock_that_jumps_back_holds_nobody_longer(void)
{
    struct zapi_guard *g = make(2, 1);
    reply(g, ANA, NOW);
    reply(g, ANA, NOW);
    cold(g, 1, NOW);
    double before = NOW - 1e6;
    CHECK(reply(g, ANA, before) == 60);
    CHECK(reply(g, ANA, before + 60) == 0);
    CHECK(cold(g, 2, before) == 3600);
    CHECK(cold(g, 2, before + 3600) == 0);
    zapi_guard_delete(g);
}

static void memory_is_bounded(void)
{
    struct zapi_guard *g = make(20, 60);
    char id[32];
    for (int i = 0; i < 50000; i++) {
        snprintf(id, sizeof id, "55119%08d", i);
        zapi_guard_heard(g, I, id, NOW + i);
        if (i % 10 == 0)
            reply(g, id, NOW + i);
        if (i % 1000 == 0)
            zapi_guard_trim(g, NOW + i);
    }
    CHECK(zapi_guard_size(g) > 50000);
    zapi_guard_trim(g, NOW + 50000 + 60);
    CHECK_INT(zapi_guard_size(g), 50000);
    zapi_guard_trim(g, NOW + 86400 + 40000 - 1);
    CHECK_INT(zapi_guard_size(g), 10000);
    zapi_guard_trim(g, NOW + 2 * 86400);
    CHECK_INT(zapi_guard_size(g), 0);
    zapi_guard_delete(g);
}

static void reasons_have_names(void)
{
    CHECK_STR(zapi_guard_reason_name(ZAPI_GUARD_NONE), "");
    CHECK_STR(zapi_guard_reason_name(ZAPI_GUARD_LOOP), "loop");
    CHECK_STR(zapi_guard_reason_name(ZAPI_GUARD_COLD), "cold");
    CHECK_STR(zapi_guard_reason_name(ZAPI_GUARD_SHADOW_BAN), "shadow_ban");
}

static void *listen_all(void *arg)
{
    char id[32];
    for (int i = 0; i < 5000; i++) {
        snprintf(id, sizeof id, "5511990%06d", i);
        zapi_guard_heard(arg, I, id, NOW);
    }
    return NULL;
}

static void two_threads(void)
{
    struct zapi_guard *g = make(20, 0);
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, listen_all, g), 0);
    for (int i = 0; i < 5000; i++) {
        cold(g, i, NOW);
        if (i % 100 == 0)
            zapi_guard_trim(g, NOW);
    }
    pthread_join(thread, NULL);
    CHECK_INT(zapi_guard_size(g), 5000);
    zapi_guard_delete(g);
}

int main(void)
{
    RUN(a_loop_is_stopped);
    RUN(a_waiting_reply_leaves_when_it_was_told);
    RUN(a_campaign_is_stopped);
    RUN(who_wrote_is_not_cold);
    RUN(groups_are_never_cold);
    RUN(a_shadow_ban_stops_cold_sends_and_keeps_replies);
    RUN(no_limits_and_no_guard);
    RUN(limits_can_be_changed);
    RUN(a_clock_that_jumps_back_holds_nobody_longer);
    RUN(memory_is_bounded);
    RUN(reasons_have_names);
    RUN(two_threads);
    return CHECK_END();
}
