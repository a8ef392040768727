/* SPDX-License-Identifier: MIT
 *
 * Calls of an endpoint against real peers: what is repeated and what is not.
 * The peers count the requests that arrived.
 */
#include "../../support/http_peer.h"
#include "base/metrics.h"
#include "base/redact.h"
#include "check.h"
#include "engine/call.h"
#include "engine/retry_after.h"

static const char *const send_ok[] = {"messageId", "zaapId", NULL};
static const struct zapi_endpoint read_row = {
    .name = "get_thing", .method = ZAPI_GET, .idempotent = true};
static const struct zapi_endpoint send_row = {
    .name = "send_text", .method = ZAPI_POST, .success_when = send_ok};

struct got {
    unsigned told;
    bool ok, had_reply;
    struct zapi_error error;
    char body[256];
};

static uv_loop_t loop;
static struct zapi_http *http;

static void on_done(void *arg, struct zapi_http_reply *reply,
                    const struct zapi_error *error)
{
    struct got *g = arg;

    g->told++;
    g->ok = error == NULL;
    g->had_reply = reply != NULL;
    if (error)
        g->error = *error;
    if (reply)
        snprintf(g->body, sizeof g->body, "%s", zapi_buf_str(&reply->body));
}

static struct zapi_call *start(const struct zapi_call_request *req,
                               struct got *g)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    struct zapi_call *call =
        zapi_call_start(http, &loop, req, on_done, g, &error);

    CHECK(call != NULL);
    CHECK_INT(g->told, 0);
    return call;
}

static struct zapi_call_request to(struct peer *p,
                                   const struct zapi_endpoint *row)
{
    static char url[100];
    bool read = row && row->method == ZAPI_GET;
    struct zapi_call_request req = {
        .row = row,
        .name = row ? row->name : "/thing",
        .backoff = 0.001,
        .http = {.method = read ? "GET" : "POST",
                 .body = read ? NULL : "{}",
                 .body_len = read ? 0 : 2},
    };

    req.http.url =
        peer_url(p, "/instances/I/token/SECRET77/x", url, sizeof url);
    return req;
}

static struct got run(const struct zapi_call_request *req)
{
    struct got g = {.told = 0};

    if (start(req, &g))
        while (!g.told && uv_run(&loop, UV_RUN_ONCE))
            ;
    CHECK_INT(g.told, 1);
    CHECK(strstr(g.error.message, "SECRET77") == NULL);
    return g;
}

static struct peer *begin(peer_script *script)
{
    uv_loop_init(&loop);
    http = zapi_http_new(&loop, NULL);
    return peer_start(script);
}

static void end(struct peer *p)
{
    zapi_http_delete(http);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&loop), 0);
    peer_stop(p);
}

/* ---- scripts ---- */

#define JSON(status, body, length)                              \
    "HTTP/1.1 " status "\r\nContent-Type: application/json\r\n" \
    "Content-Length: " length "\r\n\r\n" body

static const char sent[] = JSON("200 OK", "{\"messageId\":\"M1\"}", "18");

static void serve_sent(struct peer *p, int fd, unsigned nth)
{
    (void)nth;
    while (peer_read(p, fd))
        peer_send(fd, sent);
}

/* Two failures, then success. */
static void serve_third_time(struct peer *p, int fd, unsigned nth)
{
    (void)nth;
    while (peer_read(p, fd))
        peer_send(fd,
                  peer_requests(p) < 3 ? JSON("503 Busy", "{}", "2") : sent);
}

static void serve_500(struct peer *p, int fd, unsigned nth)
{
    (void)nth;
    while (peer_read(p, fd))
        peer_send(fd, JSON("500 Oops", "{}", "2"));
}

static void serve_400(struct peer *p, int fd, unsigned nth)
{
    (void)nth;
    while (peer_read(p, fd))
        peer_send(fd, JSON("400 Bad",
                           "{\"error\":\"your client-token is not "
                           "configured\"}",
                           "47"));
}

static void serve_limited(struct peer *p, int fd, unsigned nth)
{
    (void)nth;
    while (peer_read(p, fd))
        peer_send(fd, peer_requests(p) < 2
                          ? "HTTP/1.1 429 Slow\r\nRetry-After: 0.2\r\n"
                            "Content-Length: 0\r\n\r\n"
                          : sent);
}

static void serve_limited_for_long(struct peer *p, int fd, unsigned nth)
{
    (void)nth;
    while (peer_read(p, fd))
        peer_send(fd, "HTTP/1.1 429 Slow\r\nRetry-After: 3600\r\n"
                      "Content-Length: 0\r\n\r\n");
}

/* Reads the request and goes away; the third connection answers. */
static void serve_after_two_drops(struct peer *p, int fd, unsigned nth)
{
    if (nth < 2)
        peer_read(p, fd);
    else
        serve_sent(p, fd, nth);
}

static void serve_never(struct peer *p, int fd, unsigned nth)
{
    (void)nth;
    peer_read(p, fd);
    peer_hold(p);
}

/* ---- cases ---- */

static void succeeds(void)
{
    struct peer *p = begin(serve_sent);
    struct zapi_call_request req = to(p, &send_row);
    struct got g = run(&req);

    CHECK(g.ok && g.had_reply);
    CHECK_STR(g.body, "{\"messageId\":\"M1\"}");
    CHECK_INT(peer_requests(p), 1);
    end(p);
}

static void repeats_reads(void)
{
    struct peer *p = begin(serve_third_time);
    struct zapi_call_request req = to(p, &read_row);

    CHECK(run(&req).ok);
    CHECK_INT(peer_requests(p), 3);
    end(p);
    p = begin(serve_after_two_drops);
    req = to(p, &read_row);
    CHECK(run(&req).ok);
    CHECK_INT(peer_requests(p), 3);
    end(p);
}

static void gives_up_at_last(void)
{
    struct peer *p = begin(serve_500);
    struct zapi_call_request req = to(p, &read_row);
    struct got g;

    req.attempts = 4;
    g = run(&req);
    CHECK_INT(g.error.kind, ZAPI_E_SERVER_ERROR);
    CHECK_INT(g.error.status, 500);
    CHECK_INT(g.error.outcome, ZAPI_OUTCOME_UNKNOWN);
    CHECK_STR(g.error.endpoint, "get_thing");
    CHECK(g.had_reply);
    CHECK_INT(peer_requests(p), 4);
    end(p);
}

/* The promise: a message that may have been sent is not sent again. */
static void never_repeats_a_send(peer_script *script)
{
    struct peer *p = begin(script);
    struct zapi_call_request req = to(p, &send_row);
    struct got g;

    req.http.timeout = 0.2;
    g = run(&req);
    CHECK_INT(g.error.kind, ZAPI_E_SEND_UNKNOWN);
    CHECK_INT(g.error.outcome, ZAPI_OUTCOME_UNKNOWN);
    CHECK_STR(g.error.endpoint, "send_text");
    CHECK_INT(peer_requests(p), 1);
    req.row = NULL; /* by z:request too, when it was not said to be safe */
    req.name = "/thing";
    g = run(&req);
    CHECK_INT(g.error.kind, ZAPI_E_SEND_UNKNOWN);
    CHECK_STR(g.error.endpoint, "/thing");
    CHECK_INT(peer_requests(p), 2);
    end(p);
}

static void never_repeats_sends(void)
{
    never_repeats_a_send(serve_500);
    never_repeats_a_send(serve_after_two_drops);
    never_repeats_a_send(serve_never);
}

static void tells_why_it_is_unknown(void)
{
    struct peer *p = begin(serve_never);
    struct zapi_call_request req = to(p, &send_row);
    struct got g;

    req.http.timeout = 0.1;
    g = run(&req);
    CHECK(strstr(g.error.message, "no answer in 0.1 s") != NULL);
    CHECK(!g.had_reply);
    end(p);
}

static void repeats_a_request_that_is_said_to_be_safe(void)
{
    struct peer *p = begin(serve_third_time);
    struct zapi_call_request req = to(p, NULL);

    req.idempotent = true;
    CHECK(run(&req).ok);
    CHECK_INT(peer_requests(p), 3);
    end(p);
}

/* Listens on `port` again. */
static int listen_again(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    CHECK_INT(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    CHECK_INT(listen(fd, 8), 0);
    return fd;
}

/* Nobody listens, then somebody does: it never left, so a send may go again.
 */
static void repeats_a_send_that_never_left(void)
{
    struct peer *p = begin(serve_sent);
    struct zapi_call_request req = to(p, &send_row);
    struct got g = {.told = 0};
    char url[100], text[2000];
    int port, client, fd = peer_listen(&port);

    close(fd);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", port);
    req.http.url = url;
    g = run(&req);
    CHECK_INT(g.error.kind, ZAPI_E_NET_REFUSED);
    CHECK_INT(g.error.outcome, ZAPI_OUTCOME_NOT_SENT);
    CHECK(!g.had_reply);
    g.told = 0;
    req.backoff = 0.3;
    start(&req, &g);
    while (zapi_http_active(http) > 0) /* refused once, now waiting */
        uv_run(&loop, UV_RUN_ONCE);
    fd = listen_again(port);
    while (zapi_http_active(http) == 0)
        uv_run(&loop, UV_RUN_ONCE);
    client = accept(fd, NULL, NULL);
    while (recv(client, text, sizeof text, MSG_DONTWAIT) < 0)
        uv_run(&loop, UV_RUN_NOWAIT);
    peer_send(client, sent);
    while (!g.told)
        uv_run(&loop, UV_RUN_ONCE);
    CHECK(g.ok);
    close(client);
    close(fd);
    end(p);
}

static void takes_a_refusal_for_an_answer(void)
{
    struct peer *p = begin(serve_400);
    struct zapi_call_request req = to(p, &read_row);
    struct got g = run(&req);

    CHECK_INT(g.error.kind, ZAPI_E_AUTH_CLIENT_TOKEN_MISSING);
    CHECK_INT(g.error.outcome, ZAPI_OUTCOME_REFUSED);
    CHECK_INT(peer_requests(p), 1);
    end(p);
}

static void honours_retry_after(void)
{
    struct peer *p = begin(serve_limited);
    struct zapi_call_request req = to(p, &read_row);
    uint64_t from = uv_hrtime();

    CHECK(run(&req).ok);
    /* Less the turn that was under way when its timer was set. */
    CHECK(uv_hrtime() - from >= 190000000);
    CHECK_INT(peer_requests(p), 2);
    end(p);
}

static void does_not_wait_an_hour(void)
{
    struct peer *p = begin(serve_limited_for_long);
    struct zapi_call_request req = to(p, &read_row);
    struct got g = run(&req);

    CHECK_INT(g.error.kind, ZAPI_E_RATE_LIMITED);
    CHECK(g.error.retry_after == 3600);
    CHECK_INT(peer_requests(p), 1);
    end(p);
}

static void does_not_repeat_a_limited_send(void)
{
    struct peer *p = begin(serve_limited);
    struct zapi_call_request req = to(p, &send_row);
    struct got g = run(&req);

    CHECK_INT(g.error.kind, ZAPI_E_RATE_LIMITED);
    CHECK_INT(g.error.outcome, ZAPI_OUTCOME_REFUSED);
    CHECK_INT(peer_requests(p), 1);
    end(p);
}

static void cancels(void)
{
    struct peer *p = begin(serve_never);
    struct zapi_call_request req = to(p, &send_row);
    struct got g = {.told = 0};
    struct zapi_call *call = start(&req, &g);

    while (peer_requests(p) < 1)
        uv_run(&loop, UV_RUN_NOWAIT);
    zapi_call_cancel(call);
    CHECK_INT(zapi_http_active(http), 0);
    end(p);
    CHECK_INT(g.told, 0);
}

static void cancels_while_waiting(void)
{
    struct peer *p = begin(serve_500);
    struct zapi_call_request req = to(p, &read_row);
    struct got g = {.told = 0};
    struct zapi_call *call;

    req.backoff = 10;
    call = start(&req, &g);
    while (zapi_http_active(http) > 0)
        uv_run(&loop, UV_RUN_ONCE);
    CHECK_INT(g.told, 0);
    zapi_call_cancel(call);
    CHECK_INT(uv_run(&loop, UV_RUN_NOWAIT), 0);
    CHECK_INT(peer_requests(p), 1);
    end(p);
    CHECK_INT(g.told, 0);
}

static void refuses_what_cannot_be_sent(void)
{
    struct peer *p = begin(serve_sent);
    struct zapi_call_request req = to(p, &read_row);
    struct zapi_error error = {.kind = ZAPI_E_NONE};

    req.http.url = "gopher://x";
    CHECK(!zapi_call_start(http, &loop, &req, on_done, NULL, &error));
    CHECK_INT(error.kind, ZAPI_E_CONFIG);
    CHECK_STR(error.endpoint, "get_thing");
    CHECK_INT(error.outcome, ZAPI_OUTCOME_NOT_SENT);
    end(p);
}

static void reads_retry_after(void)
{
    time_t now = 1792567680; /* Wed, 21 Oct 2026 06:48:00 GMT */

    CHECK(zapi_retry_after("", now) == 0);
    CHECK(zapi_retry_after("120", now) == 120);
    CHECK(zapi_retry_after("-1", now) == 0);
    CHECK(zapi_retry_after("soon", now) == 0);
    CHECK(zapi_retry_after("12 monkeys", now) == 0);
    CHECK(zapi_retry_after("inf", now) == 0);
    CHECK(zapi_retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 0) == 60);
    CHECK(zapi_retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 61) == 0);
    CHECK(zapi_retry_after("Thu, 01 anF 1970 00:01:00 GMT", 0) == 0);
    CHECK(zapi_retry_after("Sun, 29 Feb 2032 12:00:00 GMT", 1961668800 - 5) ==
          5);
}

/* Once each, however often it was tried; never by a path, which may hold a
 * phone number. */
static void counted_for_operators(void)
{
    struct zapi_buf out;
    struct zapi_call_request req;
    struct peer *p;
    char want[128];

    zapi_metrics_clear();
    zapi_buf_init(&out, 1u << 20);
    p = begin(serve_third_time);
    req = to(p, &read_row);
    run(&req);
    end(p);
    p = begin(serve_400);
    req = to(p, &send_row);
    run(&req);
    end(p);
    p = begin(serve_sent);
    req = to(p, NULL);
    req.name = "POST /phone/5511999990001";
    run(&req);
    end(p);
    zapi_metrics_write(&out);
    snprintf(want, sizeof want,
             "zapibot_calls_total{endpoint=\"%s\",kind=\"ok\"} 1\n",
             read_row.name);
    CHECK(strstr(zapi_buf_str(&out), want));
    snprintf(want, sizeof want, "zapibot_calls_total{endpoint=\"%s\",kind=\"",
             send_row.name);
    CHECK(strstr(zapi_buf_str(&out), want));
    snprintf(want, sizeof want, "zapibot_calls_total{endpoint=\"%s\",kind=\"ok",
             send_row.name);
    CHECK(!strstr(zapi_buf_str(&out), want));
    CHECK(strstr(zapi_buf_str(&out),
                 "zapibot_calls_total{endpoint=\"request\",kind=\"ok\"} 1\n"));
    CHECK(!strstr(zapi_buf_str(&out), "5511999990001"));
    zapi_buf_free(&out);
    zapi_metrics_clear();
}

int main(void)
{
    RUN(succeeds);
    RUN(counted_for_operators);
    RUN(repeats_reads);
    RUN(gives_up_at_last);
    RUN(never_repeats_sends);
    RUN(tells_why_it_is_unknown);
    RUN(repeats_a_request_that_is_said_to_be_safe);
    RUN(repeats_a_send_that_never_left);
    RUN(takes_a_refusal_for_an_answer);
    RUN(honours_retry_after);
    RUN(does_not_wait_an_hour);
    RUN(does_not_repeat_a_limited_send);
    RUN(cancels);
    RUN(cancels_while_waiting);
    RUN(refuses_what_cannot_be_sent);
    RUN(reads_retry_after);
    return CHECK_END();
}
