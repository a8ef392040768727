/* SPDX-License-Identifier: MIT
 *
 * bare SECONDS: the least that a client on libcurl can do, to see what ours
 * adds. 64 easy handles, set up once and used again and again, in a loop of
 * curl_multi_perform and curl_multi_poll; the same bytes as calls.lua sends
 * (ZAPI_BASE_URL, ZAPI_INSTANCE_ID, ZAPI_TOKEN, ZAPI_CLIENT_TOKEN), because
 * libcurl's time grows with the length of the head; a time limit is set;
 * replies are gathered and not read.
 * Prints: BENCH calls seconds cpu_seconds
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

enum { TASKS = 64, REPLY = 4096 };

struct call {
    CURL *easy;
    size_t len;
    char body[128];
    char reply[REPLY];
};

static struct call calls[TASKS];

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    if (!value) {
        fprintf(stderr, "bare: %s is not set\n", name);
        exit(2);
    }
    return value;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    struct call *c = arg;
    n *= size;
    if (n > REPLY - c->len) {
        return 0;
    }
    memcpy(c->reply + c->len, p, n);
    c->len += n;
    return n;
}

static struct curl_slist *make_headers(void)
{
    char token[256];
    struct curl_slist *list = NULL;
    snprintf(token, sizeof token, "Client-Token: %s",
             variable("ZAPI_CLIENT_TOKEN"));
    list = curl_slist_append(list, "Content-Type: application/json");
    return curl_slist_append(list, token);
}

static void prepare(struct call *c, int number, const char *url,
                    struct curl_slist *headers)
{
    c->easy = curl_easy_init();
    snprintf(c->body, sizeof c->body,
             "{\"phone\":\"55119000%05d\",\"message\":\"Oi! Tudo bem?\"}",
             number);
    curl_easy_setopt(c->easy, CURLOPT_URL, url);
    curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, c->body);
    curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE, (long)strlen(c->body));
    curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, c);
    curl_easy_setopt(c->easy, CURLOPT_PRIVATE, c);
    curl_easy_setopt(c->easy, CURLOPT_USERAGENT, "zapibot/0.1.0");
    curl_easy_setopt(c->easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->easy, CURLOPT_TIMEOUT_MS, 30000L);
}

static void check(const CURLMsg *m)
{
    long status = 0;
    curl_easy_getinfo(m->easy_handle, CURLINFO_RESPONSE_CODE, &status);
    if (m->data.result != CURLE_OK || status != 200) {
        fprintf(stderr, "bare: %s, status %ld\n",
                curl_easy_strerror(m->data.result), status);
        exit(1);
    }
}

/* Counts what is done; starts it anew while `again`, else it is out of the
 * `live` ones. */
static unsigned long turn(CURLM *multi, bool again, int *live)
{
    unsigned long done = 0;
    struct call *c = NULL;
    CURLMsg *m;
    int left;
    while ((m = curl_multi_info_read(multi, &left)) != NULL) {
        check(m);
        done++;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&c);
        c->len = 0;
        curl_multi_remove_handle(multi, c->easy);
        if (again) {
            curl_multi_add_handle(multi, c->easy);
        } else {
            (*live)--;
        }
    }
    return done;
}

/* What was started anew is served before waiting. */
static unsigned long run(CURLM *multi, double deadline)
{
    unsigned long n, done = 0;
    int running, live = TASKS;
    while (live > 0) {
        curl_multi_perform(multi, &running);
        n = turn(multi, now() < deadline, &live);
        done += n;
        if (n == 0) {
            curl_multi_poll(multi, NULL, 0, 1000, NULL);
        }
    }
    return done;
}

int main(int argc, char **argv)
{
    struct curl_slist *headers = make_headers();
    CURLM *multi = curl_multi_init();
    double started, cpu_started;
    unsigned long done;
    char url[512];
    int i;
    snprintf(url, sizeof url, "%s/instances/%s/token/%s/send-text",
             variable("ZAPI_BASE_URL"), variable("ZAPI_INSTANCE_ID"),
             variable("ZAPI_TOKEN"));
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 2L * TASKS);
    for (i = 0; i < TASKS; i++) {
        prepare(&calls[i], i, url, headers);
    }
    started = now();
    cpu_started = cpu();
    for (i = 0; i < TASKS; i++) {
        curl_multi_add_handle(multi, calls[i].easy);
    }
    done = run(multi, started + (argc > 1 ? atof(argv[1]) : 3));
    printf("BENCH %lu %.6f %.6f\n", done, now() - started, cpu() - cpu_started);
    for (i = 0; i < TASKS; i++) {
        curl_easy_cleanup(calls[i].easy);
    }
    curl_multi_cleanup(multi);
    curl_slist_free_all(headers);
    return 0;
}
