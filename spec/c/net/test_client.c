/* SPDX-License-Identifier: MIT
 *
 * The HTTP client against peers that misbehave: real sockets, a thread for
 * each connection (see spec/support/http_peer.h). Every case ends with
 * `finished`, which fails when a handle is left on the loop.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <zlib.h>

#include "../../support/http_peer.h"
#include "base/redact.h"
#include "check.h"
#include "net/address.h"
#include "net/client.h"

#define OK_REPLY                                                        \
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Thing:  a b \r\n" \
    "Content-Length: 2\r\n\r\nok"

struct got {
    unsigned told; /* how often the callback ran */
    enum zapi_error_kind error;
    bool written;
    int status;
    char message[200], type[64], thing[64], body[4096];
    size_t body_len;
    struct zapi_http_call *cancel; /* cancelled in the callback */
    struct zapi_http *delete;      /* deleted in the callback */
};

static uv_loop_t loop;
static struct zapi_http *http;

static void begin(const struct zapi_http_limits *limits)
{
    uv_loop_init(&loop);
    http = zapi_http_new(&loop, limits);
    CHECK(http != NULL);
}

static void finished(void)
{
    if (http)
        zapi_http_delete(http);
    http = NULL;
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&loop), 0);
}

static void on_done(void *arg, struct zapi_http_reply *r)
{
    struct got *g = arg;

    g->told++;
    g->error = r->error;
    g->written = r->written;
    g->status = r->status;
    snprintf(g->message, sizeof g->message, "%s", r->message);
    zapi_http_header(r, "content-type", g->type, sizeof g->type);
    zapi_http_header(r, "x-thing", g->thing, sizeof g->thing);
    snprintf(g->body, sizeof g->body, "%s", zapi_buf_str(&r->body));
    g->body_len = r->body.len;
    if (g->cancel)
        zapi_http_cancel(g->cancel);
    if (g->delete) {
        zapi_http_delete(g->delete);
        http = NULL;
    }
}

static struct zapi_http_call *start(const struct zapi_http_request *req,
                                    struct got *g)
{
    struct zapi_error error = {.message = ""};
    struct zapi_http_call *call =
        zapi_http_start(http, req, on_done, g, &error);

    CHECK(call != NULL);
    CHECK_INT(g->told, 0); /* never from inside start */
    return call;
}

static void until(const unsigned *counter, unsigned n)
{
    while (*counter < n && uv_run(&loop, UV_RUN_ONCE))
        ;
    CHECK_INT(*counter, n);
}

static struct got fetch(const struct zapi_http_request *req)
{
    struct got g = {.told = 0};

    if (start(req, &g))
        until(&g.told, 1);
    return g;
}

static struct got get(struct peer *p, const char *path)
{
    char url[200];

    return fetch(
        &(struct zapi_http_request){.url = peer_url(p, path, url, sizeof url)});
}

/* ---- scripts ---- */

static void serve_ok(struct peer *p, int fd, unsigned nth)
{
    (void)nth;
    while (peer_read(p, fd))
        peer_send(fd, OK_REPLY);
}

/* Answers the first request of a connection; reads the second whole and
 * closes. On later connections it answers everything. */
static void serve_stale(struct peer *p, int fd, unsigned nth)
{
    if (nth > 0) {
        serve_ok(p, fd, nth);
        return;
    }
    if (peer_read(p, fd))
        peer_send(fd, OK_REPLY);
    peer_read(p, fd);
}

static void serve_nothing(struct peer *p, int fd, unsigned nth)
{
    (void)nth;
    peer_read(p, fd);
}

static void serve_reset(struct peer *p, int fd, unsigned nth)
{
    (void)nth;
    peer_read(p, fd);
    peer_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart");
    peer_reset(fd);
}

static void serve_truncated(struct peer *p, int fd, unsigned nth)
{
    (void)nth;
    peer_read(p, fd);
    peer_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart");
}

static void serve_cut_chunks(struct peer *p, int fd, unsigned nth)
{
    (void)nth;
    peer_read(p, fd);
    peer_send(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "5\r\nhello\r\n");
}

static void serve_chunks(struct peer *p, int fd, unsigned nth)
{
    (void)nth;
    peer_read(p, fd);
    peer_send(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n");
}

static void serve_empty(struct peer *p, int fd, unsigned nth)
{
    (void)nth;
    while (peer_read(p, fd))
        peer_send(fd, "HTTP/1.1 204 No Content\r\n\r\n");
}

static void serve_junk(struct peer *p, int fd, unsigned nth)
{
    (void)nth;
    peer_read(p, fd);
    peer_send(fd, "SSH-2.0-OpenSSH_9.2p1 Debian\r\n\r\n");
}

static void serve_held(struct peer *p, int fd, unsigned nth)
{
    (void)nth;
    while (peer_read(p, fd)) {
        peer_hold(p);
        peer_send(fd, OK_REPLY);
    }
}

static void serve_half(struct peer *p, int fd, unsigned nth)
{
    (void)nth;
    peer_read(p, fd);
    peer_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart");
    peer_hold(p);
}

static void serve_404(struct peer *p, int fd, unsigned nth)
{
    (void)nth;
    while (peer_read(p, fd))
        peer_send(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\n"
                      "gone");
}

/* 1 MiB without a length. */
static void serve_huge(struct peer *p, int fd, unsigned nth)
{
    static char block[65537];

    (void)nth;
    memset(block, 'x', sizeof block - 1);
    peer_read(p, fd);
    peer_send(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    for (int i = 0; i < 16; i++)
        peer_send(fd, block);
}

/* 1 MiB of blanks, packed into 1 KB. */
static void serve_bomb(struct peer *p, int fd, unsigned nth)
{
    static unsigned char plain[1 << 20], packed[1 << 14];
    z_stream z = {.next_in = plain,
                  .avail_in = sizeof plain,
                  .next_out = packed,
                  .avail_out = sizeof packed};
    char head[200];

    (void)nth;
    memset(plain, ' ', sizeof plain);
    deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    deflate(&z, Z_FINISH);
    peer_read(p, fd);
    snprintf(head, sizeof head,
             "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
             "Content-Length: %lu\r\n\r\n",
             z.total_out);
    peer_send(fd, head);
    send(fd, packed, z.total_out, MSG_NOSIGNAL);
    deflateEnd(&z);
}

static int redirect_port;
static const char *redirect_to; /* instead of the port */

static void serve_redirect(struct peer *p, int fd, unsigned nth)
{
    char reply[300], to[100];

    (void)nth;
    while (peer_read(p, fd)) {
        snprintf(to, sizeof to, "http://127.0.0.1:%d/there", redirect_port);
        snprintf(reply, sizeof reply,
                 "HTTP/1.1 307 Temporary Redirect\r\nLocation: %s\r\n"
                 "Content-Length: 0\r\n\r\n",
                 redirect_to ? redirect_to : to);
        peer_send(fd, reply);
    }
}

/* ---- replies ---- */

static void reads_a_reply(void)
{
    struct peer *p = peer_start(serve_ok);
    struct got g;

    begin(NULL);
    g = get(p, "/a?b=c");
    CHECK_INT(g.error, ZAPI_E_NONE);
    CHECK_INT(g.status, 200);
    CHECK(g.written);
    CHECK_STR(g.body, "ok");
    CHECK_STR(g.type, "text/plain");
    CHECK_STR(g.thing, "a b");
    CHECK_STR(g.message, "");
    CHECK(strncmp(p->last, "GET /a?b=c HTTP/1.1\r\n", 21) == 0);
    finished();
    peer_stop(p);
}

static void keeps_connections_alive(void)
{
    struct peer *p = peer_start(serve_ok);

    begin(NULL);
    for (int i = 0; i < 5; i++)
        CHECK_INT(get(p, "/").status, 200);
    CHECK_INT(p->accepted, 1);
    CHECK_INT(peer_requests(p), 5);
    finished();
    peer_stop(p);
}

static void reads_chunks(void)
{
    struct peer *p = peer_start(serve_chunks);

    begin(NULL);
    CHECK_STR(get(p, "/").body, "hello, world");
    finished();
    peer_stop(p);
}

static void reads_an_empty_reply(void)
{
    struct peer *p = peer_start(serve_empty);
    struct got g;

    begin(NULL);
    g = get(p, "/");
    CHECK_INT(g.error, ZAPI_E_NONE);
    CHECK_INT(g.status, 204);
    CHECK_INT(g.body_len, 0);
    finished();
    peer_stop(p);
}

/* ---- requests ---- */

static bool peer_got(const struct peer *p, const char *text)
{
    return strstr(p->last, text) != NULL;
}

static void writes_methods_and_headers(void)
{
    static const char *const headers[] = {"Content-Type: application/json",
                                          "Client-Token: abc", NULL};
    struct peer *p = peer_start(serve_ok);
    struct zapi_http_request req = {.method = "PUT", .headers = headers};
    char url[100];

    begin(NULL);
    req.url = peer_url(p, "/x", url, sizeof url);
    fetch(&req);
    CHECK(strncmp(p->last, "PUT /x HTTP/1.1\r\n", 17) == 0);
    CHECK(peer_got(p, "Content-Length: 0\r\n"));
    CHECK(peer_got(p, "Content-Type: application/json\r\n"));
    CHECK(peer_got(p, "Client-Token: abc\r\n"));
    req.method = "POST";
    req.body = "{\"a\":1}";
    req.body_len = 7;
    fetch(&req);
    CHECK(strncmp(p->last, "POST /x HTTP/1.1\r\n", 18) == 0);
    CHECK(peer_got(p, "Content-Length: 7\r\n"));
    CHECK_STR(p->last + p->last_len - 7, "{\"a\":1}");
    req.method = "DELETE";
    req.body = NULL;
    req.headers = NULL;
    fetch(&req);
    CHECK(strncmp(p->last, "DELETE /x HTTP/1.1\r\n", 20) == 0);
    CHECK(!peer_got(p, "Client-Token"));
    CHECK(!peer_got(p, "Content-Type"));
    req.method = "POST";
    fetch(&req);
    CHECK(!peer_got(p, "Content-Type")); /* none is made up */
    req.method = "HEAD";
    CHECK_INT(fetch(&req).status, 200);
    CHECK(strncmp(p->last, "HEAD /x ", 8) == 0);
    req.method = "GET";
    CHECK_STR(fetch(&req).body, "ok");
    CHECK(strncmp(p->last, "GET /x ", 7) == 0);
    finished();
    peer_stop(p);
}

static void expects_no_permission_for_a_big_body(void)
{
    static char body[60000];
    struct peer *p = peer_start(serve_ok);
    char url[100];

    begin(NULL);
    memset(body, 'x', sizeof body);
    fetch(&(struct zapi_http_request){
        .method = "POST",
        .url = peer_url(p, "/", url, sizeof url),
        .body = body,
        .body_len = sizeof body,
    });
    CHECK(!peer_got(p, "Expect"));
    CHECK(p->last_len > sizeof body);
    finished();
    peer_stop(p);
}

static void refuses(const struct zapi_http_request *req, const char *why)
{
    struct zapi_error error = {.message = ""};

    CHECK(zapi_http_start(http, req, on_done, NULL, &error) == NULL);
    CHECK_INT(error.kind, ZAPI_E_CONFIG);
    CHECK_STR(error.message, why);
}

static void refuses_bad_requests(void)
{
    static const char *const split[] = {"X: a\r\nEvil: b", NULL};

    begin(NULL);
    refuses(&(struct zapi_http_request){.url = "file:///etc/passwd"},
            "the address must begin with http:// or https://");
    refuses(&(struct zapi_http_request){.url = NULL},
            "the address must begin with http:// or https://");
    refuses(&(struct zapi_http_request){.url = "http://a/b c"},
            "the address holds a blank or a control character");
    refuses(&(struct zapi_http_request){.url = "http://a/", .headers = split},
            "a header holds a line break");
    refuses(
        &(struct zapi_http_request){.url = "http://a/", .method = "GET / X"},
        "this is no HTTP method");
    CHECK_INT(zapi_http_active(http), 0);
    finished();
}

static void refuses_an_address_without_host(void)
{
    struct zapi_error error = {.message = ""};

    begin(NULL);
    CHECK(!zapi_http_start(
        http,
        &(struct zapi_http_request){.url = "http://user:SECRET77@:99999999/"},
        on_done, NULL, &error));
    CHECK_INT(error.kind, ZAPI_E_CONFIG);
    CHECK_STR(error.message,
              "the address is not valid, in a call to the server");
    finished();
}

/* ---- broken connections ---- */

static void tells_refused(void)
{
    struct got g;
    char url[100], want[100];
    int port, fd = peer_listen(&port);

    close(fd);
    begin(NULL);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/token/SECRET77", port);
    snprintf(want, sizeof want, "connection refused by 127.0.0.1:%d", port);
    g = fetch(&(struct zapi_http_request){.url = url});
    CHECK_INT(g.error, ZAPI_E_NET_REFUSED);
    CHECK(!g.written);
    CHECK_STR(g.message, want);
    finished();
}

static void tells_unknown_host(void)
{
    struct got g;

    begin(NULL);
    g = fetch(&(struct zapi_http_request){.url = "http://no.such..host/"});
    CHECK_INT(g.error, ZAPI_E_NET_RESOLVE);
    CHECK(!g.written);
    CHECK(strstr(g.message, "no.such..host:80") != NULL);
    finished();
}

/* The trap: libcurl repeats a request by itself when a connection that it
 * re-used dies without a byte of reply. */
static void stale(const char *method, const char *body, bool repeatable)
{
    struct peer *p = peer_start(serve_stale);
    char url[100];
    struct got g;

    begin(NULL);
    CHECK_INT(get(p, "/first").status, 200);
    g = fetch(&(struct zapi_http_request){
        .method = method,
        .url = peer_url(p, "/second", url, sizeof url),
        .body = body,
        .body_len = body ? strlen(body) : 0,
        .repeatable = repeatable,
    });
    if (repeatable) {
        CHECK_INT(g.error, ZAPI_E_NONE);
        CHECK_INT(g.status, 200);
        CHECK_INT(peer_requests(p), 3);
    } else {
        CHECK_INT(g.error, ZAPI_E_NET_RESET);
        CHECK(g.written);
        CHECK_INT(peer_requests(p), 2);
    }
    CHECK(strstr(p->last, "/second") != NULL);
    finished();
    peer_stop(p);
}

static void never_repeats_by_itself(void)
{
    static char big[50000];

    memset(big, 'x', sizeof big - 1);
    stale("POST", "{\"phone\":\"5511\"}", false);
    stale("POST", big, false);
    stale("POST", NULL, false);
    stale("PUT", "{}", false);
    stale("DELETE", NULL, false);
    stale("GET", NULL, false);
}

static void repeats_when_that_is_harmless(void)
{
    stale("GET", NULL, true);
    stale("POST", "{}", true);
}

static void never_repeats_a_file(void)
{
    struct peer *p = peer_start(serve_stale);
    struct zapi_http_request req = {.method = "POST"};
    char url[100], path[] = "/tmp/zapi-send-XXXXXX";
    int fd = mkstemp(path);
    struct got g;

    CHECK_INT(write(fd, "file body", 9), 9);
    close(fd);
    begin(NULL);
    get(p, "/first");
    req.url = peer_url(p, "/second", url, sizeof url);
    req.send_path = path;
    g = fetch(&req);
    CHECK_INT(g.error, ZAPI_E_NET_RESET);
    CHECK(g.written);
    CHECK_INT(peer_requests(p), 2);
    req.repeatable = true;
    CHECK_INT(fetch(&req).status, 200);
    CHECK_STR(p->last + p->last_len - 9, "file body");
    unlink(path);
    finished();
    peer_stop(p);
}

static void broken(peer_script *script, enum zapi_error_kind kind,
                   const char *words)
{
    struct peer *p = peer_start(script);
    struct got g;

    begin(NULL);
    g = get(p, "/instances/I/token/SECRET77/x");
    CHECK_INT(g.error, kind);
    CHECK(g.written);
    if (!strstr(g.message, words))
        CHECK_STR(g.message, words);
    CHECK(strstr(g.message, "SECRET77") == NULL);
    CHECK_INT(peer_requests(p), 1);
    finished();
    peer_stop(p);
}

static void tells_broken_connections(void)
{
    broken(serve_nothing, ZAPI_E_NET_RESET, "closed without an answer");
    broken(serve_reset, ZAPI_E_NET_RESET, "cut off");
    broken(serve_truncated, ZAPI_E_NET_RESET, "cut off");
    broken(serve_cut_chunks, ZAPI_E_NET_RESET, "cut off");
    broken(serve_junk, ZAPI_E_NET_BAD_REPLY, "no HTTP answer");
}

/* ---- limits ---- */

static void too_large(peer_script *script)
{
    struct peer *p = peer_start(script);
    struct zapi_http_request req = {.max_reply = 100000};
    char url[100];
    struct got g;

    begin(NULL);
    req.url = peer_url(p, "/", url, sizeof url);
    g = fetch(&req);
    CHECK_INT(g.error, ZAPI_E_NET_TOO_LARGE);
    CHECK(g.body_len <= 100000);
    req.max_reply = 1 << 20;
    g = fetch(&req);
    CHECK_INT(g.error, ZAPI_E_NONE);
    CHECK_INT(g.body_len, 1 << 20);
    finished();
    peer_stop(p);
}

static void limits_the_reply(void)
{
    too_large(serve_huge);
    too_large(serve_bomb);
}

static struct got timed(peer_script *script, const char *words)
{
    struct peer *p = peer_start(script);
    char url[100];
    struct got g;

    begin(NULL);
    g = fetch(&(struct zapi_http_request){
        .url = peer_url(p, "/token/SECRET77", url, sizeof url),
        .timeout = 0.15});
    CHECK_INT(g.error, ZAPI_E_NET_TIMEOUT);
    if (!strstr(g.message, words))
        CHECK_STR(g.message, words);
    finished();
    peer_stop(p);
    return g;
}

static void limits_the_time(void)
{
    CHECK(timed(serve_held, "no answer in 0.15 s from 127.0.0.1:").written);
    CHECK(timed(serve_half, "no whole answer in 0.15 s from").written);
}

/* A full backlog: the connection is never established. */
static void limits_the_time_to_connect(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0), fill[8];
    char url[100];
    struct got g;

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK_INT(bind(fd, (struct sockaddr *)&at, len), 0);
    CHECK_INT(listen(fd, 0), 0);
    getsockname(fd, (struct sockaddr *)&at, &len);
    for (int i = 0; i < 8; i++) {
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(fill[i], (struct sockaddr *)&at, len);
    }
    begin(NULL);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(at.sin_port));
    g = fetch(&(struct zapi_http_request){
        .method = "POST", .url = url, .connect_timeout = 0.1});
    CHECK_INT(g.error, ZAPI_E_NET_CONNECT);
    CHECK(!g.written);
    g = fetch(&(struct zapi_http_request){
        .method = "POST", .url = url, .timeout = 0.1});
    CHECK_INT(g.error, ZAPI_E_NET_TIMEOUT);
    CHECK(!g.written);
    finished();
    for (int i = 0; i < 8; i++)
        close(fill[i]);
    close(fd);
}

/* The answer is there, only the loop was busy for longer than the time-out:
 * that is no time-out. */
static void forgives_a_busy_loop(void)
{
    struct peer *p = peer_start(serve_ok);
    struct got g = {.told = 0};
    char url[100];
    uint64_t from;

    begin(NULL);
    start(&(struct zapi_http_request){.url = peer_url(p, "/", url, sizeof url),
                                      .timeout = 0.05},
          &g);
    while (peer_requests(p) < 1 && uv_run(&loop, UV_RUN_NOWAIT))
        ;
    from = uv_hrtime();
    while (uv_hrtime() - from < 120000000)
        ;
    until(&g.told, 1);
    CHECK_INT(g.error, ZAPI_E_NONE);
    CHECK_INT(g.status, 200);
    finished();
    peer_stop(p);
}

/* ---- many at once ---- */

struct crowd {
    unsigned told, good;
    unsigned order[100];
};

struct member {
    struct crowd *crowd;
    unsigned nth;
};

static void on_member(void *arg, struct zapi_http_reply *r)
{
    struct member *m = arg;

    m->crowd->order[m->crowd->told++] = m->nth;
    if (!r->error && r->status == 200)
        m->crowd->good++;
}

static struct crowd crowd_of_100(struct peer *p)
{
    struct crowd c = {.told = 0};
    struct member members[100];
    struct zapi_error error;
    char url[100];

    peer_url(p, "/", url, sizeof url);
    for (unsigned i = 0; i < 100; i++) {
        members[i] = (struct member){&c, i};
        CHECK(zapi_http_start(http, &(struct zapi_http_request){.url = url},
                              on_member, &members[i], &error) != NULL);
    }
    CHECK_INT(zapi_http_active(http), 100);
    until(&c.told, 100);
    CHECK_INT(zapi_http_active(http), 0);
    return c;
}

static void caps_connections_of_a_host(void)
{
    struct peer *p = peer_start(serve_ok);
    struct crowd c;

    begin(&(struct zapi_http_limits){.per_host = 4});
    c = crowd_of_100(p);
    CHECK_INT(c.good, 100);
    CHECK(p->most_open <= 4);
    CHECK(p->accepted <= 8); /* and they are used again */
    CHECK_INT(peer_requests(p), 100);
    finished();
    peer_stop(p);
}

static void queues_in_order(void)
{
    struct peer *p = peer_start(serve_ok);
    struct crowd c;

    begin(&(struct zapi_http_limits){.in_flight = 1});
    c = crowd_of_100(p);
    CHECK_INT(c.good, 100);
    CHECK_INT(p->accepted, 1);
    for (unsigned i = 0; i < 100; i++)
        CHECK_INT(c.order[i], i);
    finished();
    peer_stop(p);
}

static void times_out_in_the_queue(void)
{
    struct peer *p = peer_start(serve_held);
    struct got first = {.told = 0}, second = {.told = 0};
    char url[100];

    begin(&(struct zapi_http_limits){.in_flight = 1});
    peer_url(p, "/", url, sizeof url);
    start(&(struct zapi_http_request){.url = url}, &first);
    start(&(struct zapi_http_request){.url = url, .timeout = 0.1}, &second);
    until(&second.told, 1);
    CHECK_INT(second.error, ZAPI_E_NET_TIMEOUT);
    CHECK(!second.written);
    CHECK_INT(first.told, 0);
    peer_release(p);
    until(&first.told, 1);
    CHECK_INT(first.status, 200);
    CHECK_INT(peer_requests(p), 1);
    finished();
    peer_stop(p);
}

/* ---- ending early ---- */

static void cancels_in_flight(void)
{
    struct peer *p = peer_start(serve_held);
    struct got g = {.told = 0}, after = {.told = 0};
    struct zapi_http_call *call;
    char url[100];

    begin(NULL);
    peer_url(p, "/", url, sizeof url);
    call = start(&(struct zapi_http_request){.url = url}, &g);
    while (peer_requests(p) < 1)
        uv_run(&loop, UV_RUN_NOWAIT);
    CHECK(zapi_http_call_written(call));
    zapi_http_cancel(call);
    CHECK_INT(zapi_http_active(http), 0);
    CHECK_INT(uv_run(&loop, UV_RUN_NOWAIT), 0); /* keeps no loop alive */
    peer_release(p);
    start(&(struct zapi_http_request){.url = url}, &after);
    until(&after.told, 1);
    CHECK_INT(after.status, 200);
    CHECK_INT(g.told, 0);
    finished();
    peer_stop(p);
}

static void cancels_in_the_queue(void)
{
    struct peer *p = peer_start(serve_held);
    struct got a = {.told = 0}, b = {.told = 0}, c = {.told = 0};
    struct zapi_http_call *first, *second;
    char url[100];

    begin(&(struct zapi_http_limits){.in_flight = 1});
    first = start(
        &(struct zapi_http_request){.url = peer_url(p, "/a", url, sizeof url)},
        &a);
    second = start(
        &(struct zapi_http_request){.url = peer_url(p, "/b", url, sizeof url)},
        &b);
    start(
        &(struct zapi_http_request){.url = peer_url(p, "/c", url, sizeof url)},
        &c);
    CHECK(!zapi_http_call_written(second));
    zapi_http_cancel(second);
    zapi_http_cancel(first); /* makes room for the third */
    peer_release(p);
    until(&c.told, 1);
    CHECK_INT(c.status, 200);
    CHECK_INT(a.told + b.told, 0);
    CHECK(strstr(p->last, "GET /c ") != NULL);
    finished();
    peer_stop(p);
}

static void cancels_and_deletes_in_a_callback(void)
{
    struct peer *p = peer_start(serve_ok), *held = peer_start(serve_held);
    struct got a = {.told = 0}, b = {.told = 0};
    char url[100];

    begin(NULL);
    a.cancel = start(&(struct zapi_http_request){.url = peer_url(held, "/", url,
                                                                 sizeof url)},
                     &b);
    a.delete = http;
    start(&(struct zapi_http_request){.url = peer_url(p, "/", url, sizeof url)},
          &a);
    until(&a.told, 1);
    CHECK_INT(b.told, 0);
    finished();
    peer_stop(held);
    peer_stop(p);
}

static void deletes_with_calls_under_way(void)
{
    struct peer *p = peer_start(serve_held);
    struct got got[20] = {{.told = 0}};
    char url[100];

    begin(&(struct zapi_http_limits){.in_flight = 10});
    peer_url(p, "/", url, sizeof url);
    for (int i = 0; i < 20; i++)
        start(&(struct zapi_http_request){.url = url}, &got[i]);
    while (peer_requests(p) < 10)
        uv_run(&loop, UV_RUN_NOWAIT);
    finished();
    for (int i = 0; i < 20; i++)
        CHECK_INT(got[i].told, 0);
    peer_stop(p);
}

/* A closed socket's number is given out again at once: what was known of the
 * old one must not be believed of the new one. */
static void forgets_closed_sockets(void)
{
    struct peer *p = peer_start(serve_nothing), *q = peer_start(serve_ok);

    begin(NULL);
    for (int i = 0; i < 10; i++) {
        CHECK_INT(get(p, "/").error, ZAPI_E_NET_RESET);
        CHECK_INT(get(q, "/").status, 200);
    }
    finished();
    peer_stop(q);
    peer_stop(p);
}

/* ---- redirects and addresses ---- */

static void follows_redirects(void)
{
    struct peer *q = peer_start(serve_ok), *p = peer_start(serve_redirect);
    struct zapi_http_request req = {.method = "POST", .body = "hello"};
    char url[100];
    struct got g;

    req.body_len = 5;
    redirect_port = q->port;
    redirect_to = NULL;
    begin(NULL);
    req.url = peer_url(p, "/", url, sizeof url);
    CHECK_INT(fetch(&req).status, 307);
    req.max_redirects = 2;
    g = fetch(&req); /* answered, so this is no silent repetition */
    CHECK_INT(g.error, ZAPI_E_NONE);
    CHECK_INT(g.status, 200);
    CHECK_STR(g.body, "ok");
    CHECK(strncmp(q->last, "POST /there ", 12) == 0);
    redirect_port = p->port;
    g = fetch(&req);
    CHECK_INT(g.error, ZAPI_E_NET_BAD_REPLY);
    CHECK(strstr(g.message, "too many redirects") != NULL);
    finished();
    peer_stop(p);
    peer_stop(q);
}

static void refuses_odd_redirects(void)
{
    struct peer *p = peer_start(serve_redirect);
    struct zapi_http_request req = {.max_redirects = 3};
    char url[100];
    struct got g;

    begin(NULL);
    req.url = peer_url(p, "/", url, sizeof url);
    redirect_to = "file:///etc/passwd";
    g = fetch(&req);
    CHECK_INT(g.error, ZAPI_E_NET_BAD_REPLY);
    CHECK_INT(g.body_len, 0);
    redirect_to = NULL;
    finished();
    peer_stop(p);
}

static void refuses_private_addresses(void)
{
    struct peer *p = peer_start(serve_ok);
    struct zapi_http_request req = {.public_only = true};
    char url[100];
    struct got g;

    begin(NULL);
    req.url = peer_url(p, "/", url, sizeof url);
    g = fetch(&req);
    CHECK_INT(g.error, ZAPI_E_NET_FORBIDDEN_ADDRESS);
    CHECK(!g.written);
    CHECK_INT(p->accepted, 0);
    snprintf(url, sizeof url, "http://[::ffff:127.0.0.1]:%d/", p->port);
    CHECK_INT(fetch(&req).error, ZAPI_E_NET_FORBIDDEN_ADDRESS);
    snprintf(url, sizeof url, "http://localhost:%d/", p->port);
    CHECK_INT(fetch(&req).error, ZAPI_E_NET_FORBIDDEN_ADDRESS);
    CHECK_INT(p->accepted, 0);
    /* not by way of a connection that another call had opened either */
    CHECK_INT(get(p, "/").status, 200);
    req.url = peer_url(p, "/", url, sizeof url);
    CHECK_INT(fetch(&req).error, ZAPI_E_NET_FORBIDDEN_ADDRESS);
    CHECK_INT(peer_requests(p), 1);
    finished();
    peer_stop(p);
}

static void excepts_one_address_by_name(void)
{
    struct peer *q = peer_start(serve_ok), *p = peer_start(serve_redirect);
    char url[100], name[100];
    struct zapi_http_request req = {
        .public_only = true, .max_redirects = 3, .public_except = name};
    struct got g;

    begin(NULL);
    redirect_port = q->port;
    snprintf(name, sizeof name, "127.0.0.1:%d", p->port);
    req.url = peer_url(p, "/", url, sizeof url);
    g = fetch(&req); /* to p, which may be asked; on to q, which may not */
    CHECK_INT(g.error, ZAPI_E_NET_FORBIDDEN_ADDRESS);
    CHECK_INT(peer_requests(p), 1);
    CHECK_INT(q->accepted, 0);
    snprintf(name, sizeof name, "127.0.0.1:%d", q->port);
    req.url = peer_url(q, "/", url, sizeof url);
    CHECK_INT(fetch(&req).status, 200);
    snprintf(url, sizeof url, "http://127.0.0.1:%d@127.0.0.1:%d/", q->port,
             p->port);
    CHECK_INT(fetch(&req).error, ZAPI_E_NET_FORBIDDEN_ADDRESS);
    finished();
    peer_stop(p);
    peer_stop(q);
}

static void knows_public_addresses(void)
{
    static const char *const no[] = {
        "0.0.0.0",     "10.1.2.3",          "100.64.0.1",
        "127.9.9.9",   "169.254.169.254",   "172.31.255.255",
        "192.0.0.1",   "192.168.0.1",       "198.19.0.1",
        "224.0.0.1",   "255.255.255.255",   "::",
        "::1",         "fe80::1",           "fc00::1",
        "fd12::1",     "ff02::1",           "::ffff:10.0.0.1",
        "2002:7f00::", "64:ff9b::7f00:1",   "2001:db8::1",
        "::127.0.0.1", "64:ff9b::10.0.0.1", "nonsense"};
    static const char *const yes[] = {"8.8.8.8",          "172.32.0.1",
                                      "100.128.0.1",      "2606:2800::1",
                                      "::ffff:8.8.8.8",   "2002:808:808::",
                                      "64:ff9b::8.8.8.8", "223.255.255.1"};

    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (zapi_address_public_text(no[i]))
            CHECK_STR(no[i], "private");
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (!zapi_address_public_text(yes[i]))
            CHECK_STR(yes[i], "public");
}

/* ---- files ---- */

static unsigned files_in(const char *dir)
{
    DIR *d = opendir(dir);
    unsigned n = 0;

    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n - 2;
}

static void read_file(const char *path, char *out, size_t room)
{
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(out, 1, room - 1, f) : 0;

    out[n] = '\0';
    if (f)
        fclose(f);
}

static struct got download(peer_script *script, const char *path, size_t max)
{
    struct peer *p = peer_start(script);
    char url[100];
    struct got g;

    begin(NULL);
    g = fetch(
        &(struct zapi_http_request){.url = peer_url(p, "/", url, sizeof url),
                                    .save_path = path,
                                    .max_reply = max});
    finished();
    peer_stop(p);
    return g;
}

static void saves_to_a_file(void)
{
    char dir[] = "/tmp/zapi-save-XXXXXX", path[100], text[100];
    struct got g;

    CHECK(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/reply", dir);
    CHECK_INT(download(serve_reset, path, 0).error, ZAPI_E_NET_RESET);
    CHECK_INT(download(serve_huge, path, 1000).error, ZAPI_E_NET_TOO_LARGE);
    g = download(serve_404, path, 0);
    CHECK_INT(g.status, 404);
    CHECK_STR(g.body, "gone"); /* an error page is no file */
    CHECK_INT(files_in(dir), 0);
    g = download(serve_chunks, path, 0);
    CHECK_INT(g.error, ZAPI_E_NONE);
    CHECK_INT(g.body_len, 0);
    read_file(path, text, sizeof text);
    CHECK_STR(text, "hello, world");
    g = download(serve_empty, path, 0);
    CHECK_INT(g.status, 204);
    read_file(path, text, sizeof text);
    CHECK_STR(text, "");
    CHECK_INT(files_in(dir), 1);
    unlink(path);
    rmdir(dir);
    g = download(serve_ok, path, 0); /* the folder is gone */
    CHECK_INT(g.error, ZAPI_E_IO);
    CHECK(strstr(g.message, "No such file or directory") != NULL);
}

static void sends_a_form(void)
{
    struct peer *p = peer_start(serve_ok);
    char url[100], path[] = "/tmp/zapi-form-XXXXXX";
    int fd = mkstemp(path);
    struct zapi_http_part parts[] = {
        {.name = "phone", .value = "5511", .value_len = 4},
        {.name = "file", .path = path, .mime = "image/png"},
        {.name = NULL},
    };
    struct zapi_http_request req = {.method = "POST", .parts = parts};
    struct zapi_error error;

    CHECK_INT(write(fd, "PNG data", 8), 8);
    close(fd);
    begin(NULL);
    req.url = peer_url(p, "/form", url, sizeof url);
    CHECK_INT(fetch(&req).status, 200);
    CHECK(peer_got(p, "Content-Type: multipart/form-data; boundary="));
    CHECK(peer_got(p, "name=\"phone\"\r\n\r\n5511\r\n"));
    CHECK(peer_got(p, "Content-Type: image/png\r\n\r\nPNG data\r\n"));
    CHECK_STR(get(p, "/").body, "ok"); /* nothing of it stays behind */
    CHECK(!peer_got(p, "multipart"));
    unlink(path);
    CHECK(!zapi_http_start(http, &req, on_done, NULL, &error));
    CHECK_INT(error.kind, ZAPI_E_IO);
    CHECK(strstr(error.message, "No such file") != NULL);
    CHECK_INT(zapi_http_active(http), 0);
    finished();
    peer_stop(p);
}

/* ---- TLS ---- */

struct tls {
    pid_t pid;
    int port;
    char dir[32], cert[64], key[64];
};

static void tls_start(struct tls *t)
{
    char command[600], line[200];
    int out[2];
    FILE *f;

    snprintf(t->dir, sizeof t->dir, "/tmp/zapi-tls-XXXXXX");
    CHECK(mkdtemp(t->dir) != NULL);
    snprintf(t->cert, sizeof t->cert, "%s/cert.pem", t->dir);
    snprintf(t->key, sizeof t->key, "%s/key.pem", t->dir);
    snprintf(command, sizeof command,
             "openssl req -x509 -newkey ec -pkeyopt "
             "ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost "
             "-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout %s "
             "-out %s 2>/dev/null",
             t->key, t->cert);
    CHECK_INT(system(command), 0);
    CHECK_INT(pipe(out), 0);
    t->pid = fork();
    if (t->pid == 0) {
        dup2(out[1], 1);
        close(out[0]);
        freopen("/dev/null", "r", stdin);
        freopen("/dev/null", "w", stderr);
        execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0",
               "-cert", t->cert, "-key", t->key, "-www", (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    f = fdopen(out[0], "r");
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "ACCEPT 127.0.0.1:%d", &t->port) == 1)
            break;
    fclose(f);
}

static void tls_stop(struct tls *t)
{
    kill(t->pid, SIGTERM);
    waitpid(t->pid, NULL, 0);
    unlink(t->cert);
    unlink(t->key);
    rmdir(t->dir);
}

static void checks_certificates(void)
{
    struct tls t = {.pid = 0};
    char url[100];
    struct got g;

    tls_start(&t);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/token/SECRET77", t.port);
    begin(NULL);
    g = fetch(&(struct zapi_http_request){.url = url});
    CHECK_INT(g.error, ZAPI_E_NET_TLS);
    CHECK(!g.written);
    CHECK(strstr(g.message, "self-signed") || strstr(g.message, "self signed"));
    CHECK(!strstr(g.message, "SECRET77"));
    finished();
    begin(&(struct zapi_http_limits){.ca_file = t.cert});
    g = fetch(&(struct zapi_http_request){.url = url});
    CHECK_INT(g.error, ZAPI_E_NONE);
    CHECK_INT(g.status, 200);
    finished();
    tls_stop(&t);
}

/* Peers that take the connection and go away in the handshake: no verdict on
 * trust, and nothing was sent. */
static void serve_fin(struct peer *p, int fd, unsigned nth)
{
    char hello[2048];

    (void)p;
    (void)nth;
    (void)!recv(fd, hello, sizeof hello, 0);
}

static void serve_rst(struct peer *p, int fd, unsigned nth)
{
    serve_fin(p, fd, nth);
    peer_reset(fd);
}

static void serve_junk_at_once(struct peer *p, int fd, unsigned nth)
{
    peer_send(fd, "HTTP/1.1 400 Bad Request\r\n\r\n");
    serve_fin(p, fd, nth);
}

static void handshake(peer_script *script, enum zapi_error_kind kind)
{
    struct peer *p = peer_start(script);
    char url[100];
    struct got g;

    begin(NULL);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", p->port);
    g = fetch(&(struct zapi_http_request){.method = "POST", .url = url});
    CHECK_INT(g.error, kind);
    CHECK(!g.written);
    finished();
    peer_stop(p);
}

static void tells_broken_handshakes(void)
{
    handshake(serve_rst, ZAPI_E_NET_RESET);
    handshake(serve_fin, ZAPI_E_NET_RESET);
    handshake(serve_junk_at_once, ZAPI_E_NET_TLS); /* no TLS spoken there */
}

/* ---- data ---- */

static void copies_requests(void)
{
    static const char *const headers[] = {"A: 1", "B: 2", NULL};
    static const struct zapi_http_part parts[] = {
        {.name = "n", .value = "a\0b", .value_len = 3}, {.name = NULL}};
    struct zapi_http_request from = {.method = "POST",
                                     .url = "http://x/",
                                     .headers = headers,
                                     .body = "\0\1",
                                     .body_len = 2,
                                     .parts = parts,
                                     .save_path = "/s",
                                     .timeout = 3,
                                     .borrowed = true};
    struct zapi_http_request *to = zapi_http_request_clone(&from);

    CHECK_STR(to->method, "POST");
    CHECK_STR(to->url, "http://x/");
    CHECK_STR(to->headers[1], "B: 2");
    CHECK(to->headers[2] == NULL);
    CHECK_INT(memcmp(to->body, "\0\1", 2), 0);
    CHECK_INT(memcmp(to->parts[0].value, "a\0b", 3), 0);
    CHECK(to->parts[1].name == NULL);
    CHECK_STR(to->save_path, "/s");
    CHECK(to->send_path == NULL && !to->borrowed && to->timeout == 3);
    free(to);
}

static void finds_headers(void)
{
    struct zapi_http_reply r = {.status = 0};
    char out[8];

    zapi_buf_init(&r.headers, 100);
    zapi_http_header_add(&r.headers, "X-Content-Type: no\r\n", 20);
    zapi_http_header_add(&r.headers, "junk\r\n", 6);
    zapi_http_header_add(&r.headers, "Content-TYPE:\t text/plain \r\n", 28);
    CHECK_STR(zapi_buf_str(&r.headers),
              "x-content-type: no\ncontent-type: text/plain\n");
    CHECK_STR(zapi_http_header(&r, "content-type", out, sizeof out), "text/pl");
    CHECK_STR(zapi_http_header(&r, "type", out, sizeof out), "");
    zapi_buf_free(&r.headers);
}

int main(void)
{
    RUN(copies_requests);
    RUN(finds_headers);
    RUN(knows_public_addresses);
    RUN(reads_a_reply);
    RUN(keeps_connections_alive);
    RUN(reads_chunks);
    RUN(reads_an_empty_reply);
    RUN(writes_methods_and_headers);
    RUN(expects_no_permission_for_a_big_body);
    RUN(refuses_bad_requests);
    RUN(refuses_an_address_without_host);
    RUN(tells_refused);
    RUN(tells_unknown_host);
    RUN(never_repeats_by_itself);
    RUN(repeats_when_that_is_harmless);
    RUN(never_repeats_a_file);
    RUN(tells_broken_connections);
    RUN(limits_the_reply);
    RUN(limits_the_time);
    RUN(limits_the_time_to_connect);
    RUN(forgives_a_busy_loop);
    RUN(caps_connections_of_a_host);
    RUN(queues_in_order);
    RUN(times_out_in_the_queue);
    RUN(cancels_in_flight);
    RUN(cancels_in_the_queue);
    RUN(cancels_and_deletes_in_a_callback);
    RUN(deletes_with_calls_under_way);
    RUN(forgets_closed_sockets);
    RUN(follows_redirects);
    RUN(refuses_odd_redirects);
    RUN(refuses_private_addresses);
    RUN(excepts_one_address_by_name);
    RUN(saves_to_a_file);
    RUN(sends_a_form);
    RUN(checks_certificates);
    RUN(tells_broken_handshakes);
    return CHECK_END();
}
