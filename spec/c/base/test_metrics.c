/* SPDX-License-Identifier: MIT
 *
 * Numbers for operators: sums, gauges that are forgotten, buckets, escaped
 * labels, the bound on series, several threads at once, and what an add costs.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/metrics.h"
#include "check.h"

static struct zapi_buf out;

static const char *written(void)
{
    zapi_buf_free(&out);
    zapi_buf_init(&out, 8u << 20);
    zapi_metrics_write(&out);
    return zapi_buf_str(&out);
}

/* Is there such a line, whole? */
static bool has(const char *line)
{
    char wanted[600];
    snprintf(wanted, sizeof wanted, "\n%s\n", line);
    return strstr(written(), wanted) != NULL;
}

static void counts_and_gauges(void)
{
    zapi_metrics_clear();
    zapi_metrics_add(ZAPI_M_EVENTS, "kind=\"text\",result=\"stored\"", 2);
    zapi_metrics_add(ZAPI_M_EVENTS, "kind=\"text\",result=\"stored\"", 3);
    zapi_metrics_add(ZAPI_M_EVENTS, "kind=\"image\",result=\"stored\"", 1);
    zapi_metrics_add(ZAPI_M_RETRIES, NULL, 1);
    zapi_metrics_add(ZAPI_M_RETRIES, "", 1);
    zapi_metrics_set(ZAPI_M_DEPTH, NULL, 7);
    zapi_metrics_set(ZAPI_M_DEPTH, NULL, 4.5);
    zapi_metrics_set(ZAPI_M_LAST_EVENT, NULL, 1700000000.25);
    CHECK(has("zapibot_events_total{kind=\"text\",result=\"stored\"} 5"));
    CHECK(has("zapibot_events_total{kind=\"image\",result=\"stored\"} 1"));
    CHECK(has("zapibot_retries_total 2"));
    CHECK(has("zapibot_inbox_depth 4.5"));
    CHECK(has("zapibot_last_event_timestamp_seconds 1700000000.25"));
    CHECK(has("# TYPE zapibot_inbox_depth gauge"));
    CHECK(has("# HELP zapibot_inbox_depth deliveries that wait"));
    CHECK(has("zapibot_metrics_dropped_total 0"));
    CHECK(!strstr(written(), "zapibot_resident_bytes")); /* nobody set it */
}

static void large_counts_stay_exact(void)
{
    zapi_metrics_clear();
    zapi_metrics_add(ZAPI_M_RETRIES, NULL, UINT64_C(9007199254740993));
    CHECK(has("zapibot_retries_total 9007199254740993"));
}

static void a_head_comes_once_and_first(void)
{
    zapi_metrics_clear();
    zapi_metrics_add(ZAPI_M_CALLS, "endpoint=\"a\"", 1);
    zapi_metrics_add(ZAPI_M_CALLS, "endpoint=\"b\"", 1);
    const char *text = written();
    const char *type = strstr(text, "# TYPE zapibot_calls_total counter\n");
    CHECK(type && !strstr(type + 1, "# TYPE zapibot_calls_total"));
    CHECK(type && strstr(type, "zapibot_calls_total{endpoint=\"a\"} 1\n"));
    CHECK(strstr(text, "\nzapibot_calls_total") > type);
}

static void forgotten_gauges_come_back(void)
{
    zapi_metrics_clear();
    zapi_metrics_set(ZAPI_M_MEMORY, "automation=\"a\"", 1);
    zapi_metrics_set(ZAPI_M_MEMORY, "automation=\"b\"", 2);
    zapi_metrics_forget(ZAPI_M_MEMORY);
    CHECK(!strstr(written(), "zapibot_lua_bytes"));
    zapi_metrics_set(ZAPI_M_MEMORY, "automation=\"b\"", 3);
    CHECK(has("zapibot_lua_bytes{automation=\"b\"} 3"));
    CHECK(!strstr(written(), "automation=\"a\""));
}

static void buckets_add_up(void)
{
    static const double took[] = {0, 0.001, 0.0011, 0.7, 60, 61, 1000};
    zapi_metrics_clear();
    for (size_t i = 0; i < sizeof took / sizeof *took; i++)
        zapi_metrics_observe(ZAPI_M_HANDLER_SECONDS, "automation=\"x\"",
                             took[i]);
#define NAME "zapibot_handler_seconds"
    CHECK(has(NAME "_bucket{automation=\"x\",le=\"0.001\"} 2"));
    CHECK(has(NAME "_bucket{automation=\"x\",le=\"0.0025\"} 3"));
    CHECK(has(NAME "_bucket{automation=\"x\",le=\"0.5\"} 3"));
    CHECK(has(NAME "_bucket{automation=\"x\",le=\"1\"} 4"));
    CHECK(has(NAME "_bucket{automation=\"x\",le=\"60\"} 5"));
    CHECK(has(NAME "_bucket{automation=\"x\",le=\"+Inf\"} 7"));
    CHECK(has(NAME "_count{automation=\"x\"} 7"));
    CHECK(has(NAME "_sum{automation=\"x\"} 1121.7021"));
    CHECK(has("# TYPE " NAME " histogram"));
    zapi_metrics_observe(ZAPI_M_COMMIT_SECONDS, NULL, 0.02);
    CHECK(has("zapibot_commit_seconds_bucket{le=\"0.01\"} 0"));
    CHECK(has("zapibot_commit_seconds_bucket{le=\"0.025\"} 1"));
    CHECK(has("zapibot_commit_seconds_count 1"));
#undef NAME
}

static void labels_are_escaped_and_cut(void)
{
    char room[200], small[12], longest[200], want[100];
    CHECK_STR(zapi_metrics_label(room, sizeof room, "kind", "text"),
              "kind=\"text\"");
    CHECK_STR(zapi_metrics_label(room, sizeof room, "k", "a\"b\\c\nd"),
              "k=\"a\\\"b\\\\c\\nd\"");
    CHECK_STR(zapi_metrics_label(room, sizeof room, "k", "ol\xc3\xa1\xff!"),
              "k=\"ol\xc3\xa1?!\"");
    memset(longest, 'x', sizeof longest - 1);
    longest[199] = '\0';
    memcpy(longest + 63, "\xc3\xa1", 2);
    snprintf(want, sizeof want, "k=\"%.63s\"", longest);
    CHECK_STR(zapi_metrics_label(room, sizeof room, "k", longest), want);
    CHECK_STR(zapi_metrics_label(small, sizeof small, "kind", "0123456789"),
              "kind=\"0123\"");
    CHECK_STR(zapi_metrics_label(small, 6, "kind", "0123456789"), "");
}

static void hostile_labels_are_bounded(void)
{
    char label[64], value[32];
    unsigned n = 0;
    zapi_metrics_clear();
    for (int i = 0; i < 5000; i++) {
        snprintf(value, sizeof value, "%d", i);
        zapi_metrics_label(label, sizeof label, "kind", value);
        zapi_metrics_add(ZAPI_M_EVENTS, label, 1);
    }
    for (const char *p = written(); (p = strstr(p, "_total{kind=")); p++)
        n++;
    CHECK_INT(n, 1000);
    CHECK(has("zapibot_metrics_dropped_total 4000"));
    /* Others have room all the same, and what is known goes on. */
    zapi_metrics_add(ZAPI_M_CALLS, "endpoint=\"a\"", 1);
    CHECK(has("zapibot_calls_total{endpoint=\"a\"} 1"));
    zapi_metrics_add(ZAPI_M_EVENTS, "kind=\"7\"", 1);
    CHECK(has("zapibot_events_total{kind=\"7\"} 2"));
    for (int m = 0; m < 2000; m++) {
        snprintf(label, sizeof label, "endpoint=\"%d\"", m);
        zapi_metrics_add(ZAPI_M_CALLS, label, 1);
    }
    n = 0;
    for (const char *p = written(); (p = strstr(p, "_total{")); p++)
        n++;
    CHECK_INT(n, 2000);
}

static void gauges_by_name(void)
{
    enum zapi_metric id = ZAPI_M_EVENTS;
    CHECK(zapi_metrics_gauge("zapibot_inbox_depth", &id));
    CHECK_INT(id, ZAPI_M_DEPTH);
    CHECK(!zapi_metrics_gauge("zapibot_events_total", &id)); /* a counter */
    CHECK(!zapi_metrics_gauge("", &id));
}

static void *add_many(void *arg)
{
    (void)arg;
    for (int i = 0; i < 20000; i++) {
        zapi_metrics_add(ZAPI_M_EVENTS, i % 2 ? "kind=\"a\"" : "kind=\"b\"", 1);
        if (i % 1000 == 0)
            zapi_metrics_set(ZAPI_M_DEPTH, NULL, i);
    }
    return NULL;
}

static void threads_lose_nothing(void)
{
    pthread_t threads[4];
    zapi_metrics_clear();
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, add_many, NULL);
    for (int i = 0; i < 50; i++)
        written();
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    CHECK(has("zapibot_events_total{kind=\"a\"} 40000"));
    CHECK(has("zapibot_events_total{kind=\"b\"} 40000"));
}

/* A bound that only a wrong algorithm breaks; the time is printed. */
static void an_add_is_cheap(void)
{
    enum { N = 200000 };
    struct timespec from, to;
    zapi_metrics_clear();
    for (int i = 0; i < 50; i++) {
        char label[64];
        snprintf(label, sizeof label, "kind=\"k%d\",result=\"stored\"", i);
        zapi_metrics_add(ZAPI_M_EVENTS, label, 1);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    for (int i = 0; i < N; i++)
        zapi_metrics_add(ZAPI_M_EVENTS, "kind=\"k7\",result=\"stored\"", 1);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    double ns = ((double)(to.tv_sec - from.tv_sec) * 1e9 +
                 (double)(to.tv_nsec - from.tv_nsec)) /
                N;
    printf("one add: %.0f ns\n", ns);
    CHECK(ns < 5000);
    CHECK(has("zapibot_events_total{kind=\"k7\",result=\"stored\"} 200001"));
}

int main(void)
{
    zapi_buf_init(&out, 8u << 20);
    RUN(counts_and_gauges);
    RUN(large_counts_stay_exact);
    RUN(a_head_comes_once_and_first);
    RUN(forgotten_gauges_come_back);
    RUN(buckets_add_up);
    RUN(labels_are_escaped_and_cut);
    RUN(hostile_labels_are_bounded);
    RUN(gauges_by_name);
    RUN(threads_lose_nothing);
    RUN(an_add_is_cheap);
    zapi_metrics_clear();
    zapi_buf_free(&out);
    return CHECK_END();
}
