/* SPDX-License-Identifier: MIT
 *
 * The header z-api-token in its three modes, instances that nobody knows, and
 * what is said about both, once.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/metrics.h"
#include "check.h"
#include "engine/webhook_gate.h"

static char logged[32768];
static unsigned lines;

static void sink(void *arg, enum zapi_log_level level, const char *line,
                 size_t len)
{
    size_t n = strlen(logged);
    (void)arg, (void)level;
    lines++;
    if (n + len + 2 < sizeof logged) {
        memcpy(logged + n, line, len);
        memcpy(logged + n + len, "\n", 2);
    }
}

static struct zapi_webhook_gate *begin(enum zapi_token_check mode)
{
    struct zapi_webhook_gate *g = zapi_webhook_gate_new(mode);
    logged[0] = '\0';
    lines = 0;
    zapi_metrics_clear();
    zapi_webhook_gate_add(g, "I1", "token-of-one");
    zapi_webhook_gate_add(g, "I2", "token-of-two");
    return g;
}

static const char *why;

static const char *remote(void *arg)
{
    return arg;
}

static char from[] = "203.0.113.7";

static int ask(struct zapi_webhook_gate *g, const char *instance,
               const char *header)
{
    why = "";
    return zapi_webhook_gate_check(g, instance, header, remote, from, &why);
}

static bool counted(const char *line)
{
    struct zapi_buf out;
    zapi_buf_init(&out, 1u << 20);
    zapi_metrics_write(&out);
    bool found = strstr(zapi_buf_str(&out), line) != NULL;
    zapi_buf_free(&out);
    return found;
}

static void enforced(void)
{
    struct zapi_webhook_gate *g = begin(ZAPI_TOKEN_ENFORCE);
    CHECK_INT(ask(g, "I1", "token-of-one"), 0);
    CHECK_INT(ask(g, "I2", "token-of-two"), 0);
    CHECK_INT(ask(g, "I1", "token-of-two"), 401); /* another instance's */
    CHECK_STR(why, "wrong z-api-token");
    CHECK_INT(ask(g, "I1", "token-of-on"), 401);
    CHECK_INT(ask(g, "I1", "token-of-one "), 401);
    CHECK_INT(ask(g, "I1", ""), 401);
    CHECK_STR(why, "no z-api-token");
    CHECK_INT(ask(g, "I1", NULL), 401);
    CHECK_INT(ask(g, "", "token-of-two"),
              0); /* names none: any that is known */
    CHECK_INT(ask(g, "", "x"), 401);
    CHECK(counted("zapibot_webhook_token_total{result=\"ok\"} 3\n"));
    CHECK(counted("zapibot_webhook_token_total{result=\"wrong\"} 4\n"));
    CHECK(counted("zapibot_webhook_token_total{result=\"missing\"} 2\n"));
    CHECK(!strstr(logged, "token-of"));
    zapi_webhook_gate_delete(g);
}

static void enforced_without_any_token_fails_closed(void)
{
    struct zapi_webhook_gate *g = zapi_webhook_gate_new(ZAPI_TOKEN_ENFORCE);
    CHECK_INT(ask(g, "I1", "anything"), 401);
    CHECK_INT(ask(g, "", ""), 401);
    zapi_webhook_gate_delete(g);
}

static void observing_nothing_says_nothing(void)
{
    struct zapi_webhook_gate *g = begin(ZAPI_TOKEN_OBSERVE);
    zapi_webhook_gate_delete(g);
    g = zapi_webhook_gate_new(ZAPI_TOKEN_OBSERVE);
    CHECK_INT(ask(g, "I1", "anything"), 0);
    CHECK_INT(ask(g, "", NULL), 0);
    CHECK_INT(lines, 0);
    CHECK(!counted("zapibot_webhook_token_total"));
    zapi_webhook_gate_delete(g);
}

static void observed(void)
{
    struct zapi_webhook_gate *g = begin(ZAPI_TOKEN_OBSERVE);
    for (int i = 0; i < 5; i++) {
        CHECK_INT(ask(g, "I1", "token-of-one"), 0);
        CHECK_INT(ask(g, "I1", "a wrong one"), 0);
        CHECK_INT(ask(g, "I1", NULL), 0);
    }
    CHECK_INT(lines, 2); /* each once */
    CHECK(strstr(logged, "203.0.113.7 has no header z-api-token"));
    CHECK(strstr(logged, "203.0.113.7 has a wrong header z-api-token"));
    CHECK(!strstr(logged, "a wrong one"));
    CHECK(counted("zapibot_webhook_token_total{result=\"wrong\"} 5\n"));
    zapi_webhook_gate_delete(g);
}

static void switched_off(void)
{
    struct zapi_webhook_gate *g = begin(ZAPI_TOKEN_OFF);
    CHECK_INT(ask(g, "I1", "a wrong one"), 0);
    CHECK_INT(lines, 0);
    CHECK(!counted("zapibot_webhook_token_total"));
    zapi_webhook_gate_delete(g);
}

static void strangers_are_named_once_and_not_for_ever(void)
{
    char name[32];
    struct zapi_webhook_gate *g = begin(ZAPI_TOKEN_OFF);
    for (int i = 0; i < 3; i++)
        CHECK_INT(ask(g, "STRANGE", NULL), 0);
    CHECK_INT(lines, 1);
    CHECK(strstr(logged, "the instance STRANGE come from 203.0.113.7"));
    CHECK(counted("zapibot_unknown_instance_total 3\n"));
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "S%d", i);
        ask(g, name, NULL);
    }
    CHECK_INT(lines, 100); /* a flood of names fills neither log nor memory */
    CHECK(counted("zapibot_unknown_instance_total 503\n"));
    ask(g, "", NULL); /* names none */
    CHECK(counted("zapibot_unknown_instance_total 503\n"));
    zapi_webhook_gate_delete(g);
    g = begin(ZAPI_TOKEN_OFF);
    char longest[100];
    memset(longest, 'x', sizeof longest - 1);
    longest[99] = '\0';
    ask(g, longest, NULL);
    CHECK_INT(lines, 0);
    zapi_webhook_gate_delete(g);
}

static void a_stranger_with_a_known_token(void)
{
    struct zapi_webhook_gate *g = begin(ZAPI_TOKEN_ENFORCE);
    CHECK_INT(ask(g, "STRANGE", "token-of-two"), 0);
    CHECK_INT(ask(g, "STRANGE", "token-of-three"), 401);
    zapi_webhook_gate_delete(g);
}

static void a_new_token_replaces_the_old(void)
{
    struct zapi_webhook_gate *g = begin(ZAPI_TOKEN_ENFORCE);
    CHECK(zapi_webhook_gate_add(g, "I1", "token-renewed"));
    CHECK_INT(ask(g, "I1", "token-renewed"), 0);
    CHECK_INT(ask(g, "I1", "token-of-one"), 401);
    zapi_webhook_gate_delete(g);
}

static void many_instances_have_each_their_own(void)
{
    struct zapi_webhook_gate *g = begin(ZAPI_TOKEN_ENFORCE);
    char instance[40], token[40], other[40];
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 3000; i++) { /* in the second they are renewed */
            snprintf(instance, sizeof instance, "MANY%04d", i);
            snprintf(token, sizeof token, "token-%d-%d", round, i);
            CHECK(zapi_webhook_gate_add(g, instance, token));
        }
    for (int i = 0; i < 3000; i++) {
        snprintf(instance, sizeof instance, "MANY%04d", i);
        snprintf(token, sizeof token, "token-1-%d", i);
        snprintf(other, sizeof other, "token-1-%d", (i + 1) % 3000);
        CHECK_INT(ask(g, instance, token), 0);
        CHECK_INT(ask(g, instance, other), 401);
    }
    zapi_webhook_gate_delete(g);
}

static void *ask_often(void *arg)
{
    const char *reason;
    size_t wrong = 0;
    for (int i = 0; i < 2000; i++)
        wrong += zapi_webhook_gate_check(arg, "I2", "token-of-two", remote,
                                         from, &reason) != 0;
    return (void *)wrong;
}

static void two_threads(void)
{
    struct zapi_webhook_gate *g = begin(ZAPI_TOKEN_ENFORCE);
    pthread_t thread;
    void *wrong;
    pthread_create(&thread, NULL, ask_often, g);
    for (int i = 0; i < 2000; i++)
        zapi_webhook_gate_add(g, "I1", i % 2 ? "a" : "bb");
    pthread_join(thread, &wrong);
    CHECK(!wrong);
    zapi_webhook_gate_delete(g);
}

static void modes_by_name(void)
{
    enum zapi_token_check mode = ZAPI_TOKEN_OFF;
    struct zapi_error error = {0};
    CHECK(zapi_token_check_parse(NULL, &mode, &error));
    CHECK_INT(mode, ZAPI_TOKEN_OBSERVE);
    CHECK(zapi_token_check_parse("enforce", &mode, &error));
    CHECK_INT(mode, ZAPI_TOKEN_ENFORCE);
    CHECK(zapi_token_check_parse("off", &mode, &error));
    CHECK_INT(mode, ZAPI_TOKEN_OFF);
    CHECK(!zapi_token_check_parse("yes", &mode, &error));
    CHECK(strstr(error.message, "off, observe or enforce, not 'yes'"));
}

int main(void)
{
    zapi_log_configure(ZAPI_LOG_INFO, false);
    zapi_log_set_sink(sink, NULL);
    RUN(enforced);
    RUN(enforced_without_any_token_fails_closed);
    RUN(observing_nothing_says_nothing);
    RUN(observed);
    RUN(switched_off);
    RUN(strangers_are_named_once_and_not_for_ever);
    RUN(a_stranger_with_a_known_token);
    RUN(a_new_token_replaces_the_old);
    RUN(many_instances_have_each_their_own);
    RUN(two_threads);
    RUN(modes_by_name);
    zapi_metrics_clear();
    return CHECK_END();
}
