/* SPDX-License-Identifier: MIT
 *
 * The door with real sockets and threads: answers at once and later, from
 * either thread, before and after `handle` returned; limits; compressed
 * bodies; pipelines; clients that vanish; streams; a clean stop.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/metrics.h"
#include "check.h"
#include "net/door.h"
#include "net/listen.h"

/* ---- a small client ---- */

static const char *address;

static int dial(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    struct timeval limit = {.tv_sec = 20};
    int on = 1; /* head and body are two writes: do not wait between them */
    to.sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void put(int fd, const void *p, size_t n)
{
    const char *from = p;
    while (n > 0) {
        ssize_t k = send(fd, from, n, MSG_NOSIGNAL);
        if (k <= 0)
            return;
        from += k;
        n -= (size_t)k;
    }
}

static void puts_to(int fd, const char *s)
{
    put(fd, s, strlen(s));
}

static void put_post(int fd, const char *path, const char *headers,
                     const void *body, size_t n)
{
    char head[512];
    snprintf(head, sizeof head,
             "POST %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n",
             path, headers, n);
    puts_to(fd, head);
    put(fd, body, n);
}

/* Reads one answer with Content-Length. Returns its status, 0 at the end of
 * the connection. Body in `got`, whole head in `head`. */
static char got[65536], answer_head[4096];

static int answer(int fd)
{
    size_t n = 0, len;
    got[0] = answer_head[0] = '\0';
    while (n < sizeof answer_head - 1) {
        if (recv(fd, answer_head + n, 1, 0) != 1)
            return 0;
        answer_head[++n] = '\0';
        if (n >= 4 && strcmp(answer_head + n - 4, "\r\n\r\n") == 0)
            break;
    }
    const char *cl = strstr(answer_head, "Content-Length: ");
    len = cl ? (size_t)atol(cl + 16) : 0;
    if (len >= sizeof got)
        return 0;
    for (n = 0; n < len;) {
        ssize_t k = recv(fd, got + n, len - n, 0);
        if (k <= 0)
            return 0;
        n += (size_t)k;
    }
    got[n] = '\0';
    return atoi(answer_head + 9);
}

static int post(const char *path, const char *headers, const void *body,
                size_t n)
{
    int fd = dial();
    put_post(fd, path, headers, body, n);
    int status = answer(fd);
    close(fd);
    return status;
}

static int get(const char *request)
{
    int fd = dial();
    puts_to(fd, request);
    int status = answer(fd);
    close(fd);
    return status;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- exchanges that wait for another thread ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct zapi_exchange *held[1024];
static size_t nheld;
static unsigned wakes;

static void hold(struct zapi_exchange *ex)
{
    pthread_mutex_lock(&lock);
    held[nheld++] = ex;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void wait_held(size_t n)
{
    pthread_mutex_lock(&lock);
    while (nheld < n)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static struct zapi_exchange *unhold(void)
{
    pthread_mutex_lock(&lock);
    while (nheld == 0)
        pthread_cond_wait(&changed, &lock);
    struct zapi_exchange *ex = held[--nheld];
    pthread_mutex_unlock(&lock);
    return ex;
}

static void on_wake(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&lock);
    wakes++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static unsigned count_wakes(void)
{
    pthread_mutex_lock(&lock);
    unsigned n = wakes;
    pthread_mutex_unlock(&lock);
    return n;
}

static void wait_wakes(unsigned n)
{
    pthread_mutex_lock(&lock);
    while (wakes < n)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static void *respond_now(void *arg)
{
    zapi_exchange_respond(arg, 200, NULL, "thread", 6);
    return NULL;
}

/* ---- what the door under test answers ---- */

struct echo {
    struct zapi_buf out;
};

static void echo_pair(void *arg, const char *name, const char *value)
{
    zapi_buf_addf(arg, "%s=%s;", name, value);
}

static void answer_echo(struct zapi_exchange *ex)
{
    struct zapi_buf b;
    size_t n;
    zapi_buf_init(&b, 60000);
    zapi_buf_addf(&b, "%s %s %s ", zapi_exchange_method(ex),
                  zapi_exchange_path(ex), zapi_exchange_remote(ex));
    zapi_exchange_query(ex, echo_pair, &b);
    const char *x = zapi_exchange_header(ex, "x-TEST");
    const char *body = zapi_exchange_body(ex, &n);
    zapi_buf_addf(&b, " %s %zu ", x ? x : "-", n);
    zapi_buf_add(&b, body, n < 100 ? n : 100);
    zapi_exchange_respond(ex, 200, NULL, b.data, b.len);
    zapi_buf_free(&b);
}

static void handle(void *arg, struct zapi_exchange *ex)
{
    static const char *const bad[] = {"X-Good: yes", "X-Evil: a\r\nSet: b",
                                      "no colon", NULL};
    const char *path = zapi_exchange_path(ex);
    (void)arg;
    if (strcmp(path, "/ok") == 0) {
        zapi_exchange_respond(ex, 200, NULL, NULL, 0);
    } else if (strcmp(path, "/held") == 0 || strcmp(path, "/stream") == 0) {
        hold(ex);
    } else if (strcmp(path, "/thread") == 0) {
        pthread_t t; /* surely answered before handle returns */
        pthread_create(&t, NULL, respond_now, ex);
        pthread_join(t, NULL);
    } else if (strcmp(path, "/race") == 0) {
        pthread_t t; /* answered at any time around the suspension */
        pthread_create(&t, NULL, respond_now, ex);
        pthread_detach(t);
    } else if (strcmp(path, "/nobody") == 0) {
        zapi_exchange_respond(ex, 204, NULL, "never", 5);
    } else if (strcmp(path, "/headers") == 0) {
        zapi_exchange_respond(ex, 201, bad, "x", 1);
    } else if (strcmp(path, "/refuse") == 0) {
        zapi_exchange_refuse(ex, 400, NULL, "because");
    } else {
        answer_echo(ex);
    }
}

static int gate(void *arg, struct zapi_exchange *ex)
{
    (void)arg;
    if (strcmp(zapi_exchange_path(ex), "/closed") == 0) {
        zapi_exchange_reason(ex, "wrong key");
        return 401;
    }
    return *zapi_exchange_path(ex) ? 0 : 404;
}

/* What `c` does not say yet is that of all tests. */
static struct zapi_door *start_with(struct zapi_door_config c)
{
    c.listen = c.listen ? c.listen : "127.0.0.1:0";
    c.listen_fd = -1;
    c.label = "test";
    c.gate = gate;
    c.handle = handle;
    struct zapi_error e = {0};
    struct zapi_door *d = zapi_door_start(&c, &e);
    if (!d)
        fprintf(stderr, "%s\n", e.message);
    else
        address = zapi_door_address(d);
    nheld = 0;
    wakes = 0;
    return d;
}

static struct zapi_door *start_on(const char *listen, double reply_timeout)
{
    return start_with((struct zapi_door_config){
        .listen = listen, .reply_timeout = reply_timeout});
}

static struct zapi_door *start(void)
{
    return start_on("127.0.0.1:0", 0);
}

/* ---- cases ---- */

static void answers_at_once(void)
{
    struct zapi_door *d = start();
    int fd = dial();
    for (int i = 0; i < 3; i++) { /* one connection */
        put_post(fd, "/ok", "", "{}", 2);
        CHECK_INT(answer(fd), 200);
        CHECK_STR(got, "");
    }
    put_post(fd, "/a%20b?x=1&y=c+d%26&z", "X-Test: v\r\n", "hello", 5);
    CHECK_INT(answer(fd), 200);
    CHECK_STR(strstr(got, "x=1;") ? "x" : got, "x");
    CHECK_STR(strstr(got, "y=c d&;") ? "y" : got, "y");
    CHECK_STR(strstr(got, "z=;") ? "z" : got, "z");
    CHECK(strncmp(got, "POST /a b 127.0.0.1 ", 20) == 0);
    CHECK(strstr(got, " v 5 hello") != NULL);
    close(fd);
    while (zapi_door_in_flight(d) > 0) /* the door learns it a moment later */
        sched_yield();
    zapi_door_stop(d);
}

static void from_another_thread(void)
{
    struct zapi_door *d = start();
    int fd = dial();
    put_post(fd, "/held", "", "{}", 2);
    wait_held(1);
    CHECK_INT(zapi_door_in_flight(d), 1);
    zapi_exchange_respond(unhold(), 202, NULL, "late", 4);
    CHECK_INT(answer(fd), 202);
    CHECK_STR(got, "late");
    put_post(fd, "/thread", "", "{}", 2);
    CHECK_INT(answer(fd), 200);
    CHECK_STR(got, "thread");
    for (int i = 0; i < 300; i++) {
        put_post(fd, "/race", "", "{}", 2);
        CHECK_INT(answer(fd), 200);
    }
    close(fd);
    zapi_door_stop(d);
}

static void two_hundred_connections(void)
{
    enum { N = 200 };
    struct zapi_door *d = start();
    int fd[N];
    for (int i = 0; i < N; i++) {
        fd[i] = dial();
        put_post(fd[i], "/held", "", "{}", 2);
    }
    wait_held(N);
    CHECK_INT(zapi_door_in_flight(d), N);
    for (int i = 0; i < N; i++)
        zapi_exchange_respond(unhold(), 200, NULL, "x", 1);
    for (int i = 0; i < N; i++) {
        CHECK_INT(answer(fd[i]), 200);
        close(fd[i]);
    }
    zapi_door_stop(d);
}

static void pipelines_do_not_stall(void)
{
    struct zapi_door *d = start();
    double before = now();
    for (int round = 0; round < 50; round++) {
        int fd = dial();
        for (int i = 0; i < 8; i++)
            put_post(fd, i % 3 ? "/ok" : "/race", "", "{}", 2);
        for (int i = 0; i < 8; i++)
            CHECK_INT(answer(fd), 200);
        close(fd);
    }
    CHECK(now() - before < 5); /* stalled ones need 100 ms each */
    zapi_door_stop(d);
}

static void large_bodies_do_not_stall(void)
{
    enum { SIZE = 100 * 1024 };
    struct zapi_door *d = start();
    char *body = malloc(SIZE);
    memset(body, 'b', SIZE);
    double before = now();
    int fd = dial();
    for (int i = 0; i < 200; i++) {
        put_post(fd, "/echo", "", body, SIZE);
        CHECK_INT(answer(fd), 200);
        CHECK(strstr(got, " 102400 bbb") != NULL);
    }
    CHECK(now() - before < 5);
    close(fd);
    free(body);
    zapi_door_stop(d);
}

static void refusals(void)
{
    struct zapi_door *d = start();
    char *big = calloc(1, 2 << 20);
    CHECK_INT(post("/closed", "", "secret", 6), 401);
    CHECK_STR(got, "wrong key");
    CHECK_INT(post("/echo", "", big, 2 << 20), 413);
    CHECK_INT(post("/echo", "Content-Encoding: br\r\n", "x", 1), 415);
    CHECK_INT(post("/refuse", "", "x", 1), 400);
    CHECK_STR(got, "because");
    CHECK_INT(post("/a%00b", "", "x", 1), 404);
    CHECK_INT(zapi_door_refused(d), 5);
    /* a body that was never sent is not waited for */
    int fd = dial();
    puts_to(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                "Content-Length: 2000000\r\n\r\n");
    CHECK_INT(answer(fd), 413);
    close(fd);
    fd = dial();
    puts_to(fd, "POST /echo HTTP/1.1\r\nHost: x\r\n"
                "Content-Length: 99999999999\r\n\r\n");
    CHECK_INT(answer(fd), 413);
    close(fd);
    /* too long without saying so */
    fd = dial();
    puts_to(fd, "POST /echo HTTP/1.1\r\nHost: x\r\n"
                "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 20; i++) {
        puts_to(fd, "10000\r\n");
        put(fd, big, 0x10000);
        puts_to(fd, "\r\n");
    }
    puts_to(fd, "0\r\n\r\n");
    CHECK_INT(answer(fd), 413);
    close(fd);
    free(big);
    zapi_door_stop(d);
}

/* Compresses `n` bytes of `c`. bits: 31 gzip, 15 zlib, -15 raw. */
static size_t pack(char c, size_t n, int bits, unsigned char *out, size_t room)
{
    unsigned char *in = malloc(n);
    z_stream z = {0};
    memset(in, c, n);
    deflateInit2(&z, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY);
    z.next_in = in;
    z.avail_in = (uInt)n;
    z.next_out = out;
    z.avail_out = (uInt)room;
    deflate(&z, Z_FINISH);
    size_t made = z.total_out;
    deflateEnd(&z);
    free(in);
    return made;
}

static void compressed_bodies(void)
{
    static const char gz[] = "Content-Encoding: gzip\r\n";
    static const char de[] = "content-encoding: DEFLATE\r\n";
    static unsigned char packed[200000];
    struct zapi_door *d = start();
    size_t n = pack('z', 50000, 31, packed, sizeof packed);
    CHECK_INT(post("/echo", gz, packed, n), 200);
    CHECK(strstr(got, " 50000 zzz") != NULL);
    CHECK_INT(post("/echo", gz, packed, n - 5), 400); /* cut short */
    memcpy(packed + n, "junk", 4);
    CHECK_INT(post("/echo", gz, packed, n + 4), 400);
    n += pack('y', 10, 31, packed + n, sizeof packed - n); /* two members */
    CHECK_INT(post("/echo", gz, packed, n), 200);
    CHECK(strstr(got, " 50010 zzz") != NULL);
    n = pack('q', 300, 15, packed, sizeof packed);
    CHECK_INT(post("/echo", de, packed, n), 200);
    CHECK(strstr(got, " 300 qqq") != NULL);
    n = pack('r', 300, -15, packed, sizeof packed);
    CHECK_INT(post("/echo", de, packed, n), 200);
    CHECK(strstr(got, " 300 rrr") != NULL);
    CHECK_INT(post("/echo", gz, "{\"plain\":1}", 11), 400);
    CHECK_INT(post("/echo", gz, "", 0), 400);
    n = pack('0', 100 << 20, 31, packed, sizeof packed); /* 100 MB bomb */
    CHECK(n < sizeof packed);
    CHECK_INT(post("/echo", gz, packed, n), 413);
    zapi_door_stop(d);
}

static void odd_requests(void)
{
    struct zapi_door *d = start();
    CHECK_INT(get("HEAD /echo HTTP/1.1\r\nHost: x\r\n"
                  "Connection: close\r\n\r\n"),
              0); /* a length is announced, no byte follows */
    CHECK(strncmp(answer_head, "HTTP/1.1 200", 12) == 0);
    CHECK_INT(get("GET /nobody HTTP/1.1\r\nHost: x\r\n\r\n"), 204);
    CHECK(strstr(answer_head, "Content-Length") == NULL);
    CHECK_INT(get("GET /headers HTTP/1.1\r\nHost: x\r\n\r\n"), 201);
    CHECK(strstr(answer_head, "X-Good: yes") != NULL);
    CHECK(strstr(answer_head, "Set:") == NULL);
    CHECK_INT(get("POST /ok HTTP/1.1\r\nHost: x\r\n"
                  "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                  "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
                  "Content-Length: 2\r\n\r\n{}"),
              200);
    CHECK_INT(get("DELETE /x HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    CHECK(strncmp(got, "DELETE /x", 9) == 0);
    /* nothing to answer to */
    CHECK_INT(get("nonsense\r\n\r\n"), 0);
    zapi_door_stop(d);
}

static void client_vanishes_while_suspended(void)
{
    struct zapi_door *d = start();
    struct linger hard = {.l_onoff = 1};
    for (int i = 0; i < 20; i++) {
        int fd = dial();
        put_post(fd, "/held", "", "{}", 2);
        wait_held((size_t)i + 1);
        if (i % 2)
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close(fd);
    }
    for (int i = 0; i < 20; i++)
        zapi_exchange_respond(unhold(), 200, NULL, "x", 1);
    CHECK_INT(post("/ok", "", "{}", 2), 200);
    zapi_door_stop(d);
}

static void nobody_answers_in_time(void)
{
    struct zapi_door *d = start_on("127.0.0.1:0", 0.15);
    int fd = dial();
    double before = now();
    put_post(fd, "/held", "", "{}", 2);
    CHECK_INT(answer(fd), 503);
    CHECK(now() - before >= 0.14);
    zapi_exchange_respond(unhold(), 200, NULL, "late", 4); /* only frees */
    put_post(fd, "/ok", "", "{}", 2);
    CHECK_INT(answer(fd), 200);
    close(fd);
    zapi_door_stop(d);
}

static void stop_with_suspended_connections(void)
{
    struct zapi_door *d = start();
    int fd[10];
    for (int i = 0; i < 10; i++) {
        fd[i] = dial();
        put_post(fd[i], "/held", "", "{}", 2);
    }
    wait_held(10);
    zapi_door_stop(d);
    for (int i = 0; i < 10; i++) {
        CHECK_INT(answer(fd[i]), 503);
        close(fd[i]);
    }
    while (nheld > 0) /* the door is gone: these only free */
        zapi_exchange_respond(unhold(), 200, NULL, "x", 1);
}

static void quiesce_lets_the_open_ones_end(void)
{
    struct zapi_door *d = start();
    int fd = dial(), idle = dial();
    put_post(idle, "/ok", "", "{}", 2);
    CHECK_INT(answer(idle), 200);
    put_post(fd, "/held", "", "{}", 2);
    wait_held(1);
    zapi_door_quiesce(d);
    put_post(idle, "/ok", "", "{}", 2);
    CHECK_INT(answer(idle), 503);
    close(idle);
    zapi_exchange_respond(unhold(), 200, NULL, "done", 4);
    CHECK_INT(answer(fd), 200);
    int late; /* the thread closes the socket soon: until then it refuses */
    while ((late = dial()) >= 0)
        close(late);
    close(fd);
    zapi_door_stop(d);
}

/* In flight, but for who has not asked: a second later. */
static void wait_in_flight(struct zapi_door *d, size_t want)
{
    double until = now() + 5;
    while (zapi_door_in_flight(d) != want && now() < until)
        sched_yield();
    CHECK_INT(zapi_door_in_flight(d), want);
}

static void a_patient_one_serves_who_was_let_in(void)
{
    struct zapi_door *d =
        start_with((struct zapi_door_config){.patient = true});
    int idle = dial(), fresh = dial(), late;
    put_post(idle, "/ok", "", "{}", 2);
    CHECK_INT(answer(idle), 200);
    CHECK(strstr(answer_head, "Connection: close") == NULL);
    wait_in_flight(d, 0); /* its thread hears a little later */
    zapi_door_quiesce(d);
    while ((late = dial()) >= 0) /* who comes now may be let in, too */
        close(late);
    wait_in_flight(d, 1); /* `fresh` */
    put_post(idle, "/ok", "", "{}", 2);
    CHECK_INT(answer(idle), 200);
    CHECK(strstr(answer_head, "Connection: close") != NULL);
    wait_in_flight(d, 1); /* its thread hears a little later */
    put_post(fresh, "/ok", "", "{}", 2);
    CHECK_INT(answer(fresh), 200);
    wait_in_flight(d, 0);
    close(idle);
    close(fresh);
    zapi_door_stop(d);
}

/* Else it would ask somebody who has gone meanwhile. */
static void hang_up_closes_what_is_quiet(void)
{
    struct zapi_door *d =
        start_with((struct zapi_door_config){.patient = true});
    int quiet = dial(), asks = dial();
    for (int i = 0; i < 2; i++) {
        int fd = i ? asks : quiet;
        put_post(fd, "/ok", "", "{}", 2);
        CHECK_INT(answer(fd), 200);
    }
    puts_to(asks, "POST /ok HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n");
    zapi_door_quiesce(d);
    zapi_door_hang_up(d);
    CHECK_INT(answer(quiet), 0);
    CHECK(zapi_door_in_flight(d) > 0);
    puts_to(asks, "{}");
    CHECK_INT(answer(asks), 200);
    wait_in_flight(d, 0);
    close(quiet);
    close(asks);
    zapi_door_stop(d);
}

static void stop_in_the_middle_of_a_request(void)
{
    struct zapi_door *d = start();
    int fd = dial();
    puts_to(fd,
            "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n12");
    CHECK_INT(post("/ok", "", "{}", 2), 200);
    double before = now();
    zapi_door_stop(d);
    CHECK(now() - before < 1); /* nothing is owed to it */
    CHECK_INT(answer(fd), 0);
    close(fd);
}

/* ---- streams ---- */

static int open_stream(struct zapi_exchange **ex)
{
    static const char *const headers[] = {"Content-Type: text/event-stream",
                                          NULL};
    int fd = dial();
    puts_to(fd, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    *ex = unhold();
    zapi_stream_begin(*ex, 200, headers, on_wake, NULL);
    CHECK_INT(answer(fd), 200);
    CHECK(strstr(answer_head, "text/event-stream") != NULL);
    return fd;
}

/* Reads until `end` was seen, or the connection's end. */
static bool read_until(int fd, const char *end)
{
    size_t n = 0;
    while (n < sizeof got - 1) {
        ssize_t k = recv(fd, got + n, sizeof got - 1 - n, 0);
        if (k <= 0)
            break;
        n += (size_t)k;
        got[n] = '\0';
        if (strstr(got, end))
            return true;
    }
    return false;
}

static void stream_in_pieces(void)
{
    struct zapi_door *d = start();
    struct zapi_exchange *ex;
    int fd = open_stream(&ex);
    for (int i = 0; i < 50; i++) {
        char piece[32], want[16];
        snprintf(piece, sizeof piece, "data: %d\n\n", i);
        snprintf(want, sizeof want, ": %d\n", i);
        CHECK_INT(zapi_stream_write(ex, piece, strlen(piece)), strlen(piece));
        CHECK(read_until(fd, want)); /* arrives at once, each */
    }
    zapi_stream_end(ex, true);
    CHECK(read_until(fd, "0\r\n\r\n"));
    put_post(fd, "/ok", "", "{}", 2); /* the connection goes on */
    CHECK_INT(answer(fd), 200);
    close(fd);
    zapi_door_stop(d);
}

/* Its handler failed: what came must not look like all of it. */
static void a_broken_stream_breaks_off(void)
{
    struct zapi_door *d = start();
    struct zapi_exchange *ex;
    int fd = open_stream(&ex);
    CHECK(zapi_stream_write(ex, "half", 4) == 4);
    zapi_stream_end(ex, false);
    CHECK(read_until(fd, "half\r\n")); /* what was written still comes */
    CHECK(!strstr(got, "0\r\n\r\n"));
    CHECK(!read_until(fd, "0\r\n\r\n")); /* then the connection ends */
    close(fd);
    zapi_door_stop(d);
}

static void stream_queue_is_bounded(void)
{
    static char piece[64 * 1024];
    struct zapi_door *d = start();
    struct zapi_exchange *ex;
    size_t sent = 0, seen = 0;
    long n;
    int fd = open_stream(&ex);
    while ((n = zapi_stream_write(ex, piece, sizeof piece)) > 0)
        sent += (size_t)n;
    CHECK_INT(n, 0); /* the client does not read: full */
    CHECK_INT(count_wakes(), 0);
    for (;;) { /* now it reads, and room is told */
        ssize_t k = recv(fd, got, sizeof got, 0);
        seen += k > 0 ? (size_t)k : 0;
        if (k <= 0)
            break;
        pthread_mutex_lock(&lock);
        bool woken = wakes > 0;
        pthread_mutex_unlock(&lock);
        if (woken)
            break;
    }
    wait_wakes(1);
    CHECK(zapi_stream_write(ex, "tail", 4) == 4);
    zapi_stream_end(ex, true);
    ssize_t k;
    do {
        k = recv(fd, got, sizeof got, 0);
        seen += k > 0 ? (size_t)k : 0;
    } while (k > 0 && memcmp(got + k - 5, "0\r\n\r\n", 5) != 0);
    CHECK(seen > sent + 4);
    close(fd);
    zapi_door_stop(d);
}

static void stream_whose_client_leaves(void)
{
    struct zapi_door *d = start();
    struct zapi_exchange *ex;
    int fd = open_stream(&ex);
    CHECK(zapi_stream_write(ex, "x", 1) == 1);
    CHECK(read_until(fd, "x"));
    close(fd);
    wait_wakes(1); /* told although nobody writes */
    CHECK_INT(zapi_stream_write(ex, "y", 1), -1);
    zapi_stream_end(ex, true);
    CHECK_INT(post("/ok", "", "{}", 2), 200);
    zapi_door_stop(d);
}

static void stop_ends_streams(void)
{
    struct zapi_door *d = start();
    struct zapi_exchange *ex[3];
    int fd[3];
    for (int i = 0; i < 3; i++)
        fd[i] = open_stream(&ex[i]);
    zapi_stream_write(ex[0], "last words", 10);
    zapi_door_stop(d);
    /* Breaks off: its owner might have had more to say. */
    CHECK(read_until(fd[0], "last words\r\n"));
    CHECK(!read_until(fd[0], "0\r\n\r\n"));
    for (int i = 0; i < 3; i++) {
        CHECK_INT(zapi_stream_write(ex[i], "x", 1), -1);
        zapi_stream_end(ex[i], true);
        close(fd[i]);
    }
}

/* A reader that never reads must not keep the program from ending. */
static void stop_with_a_client_that_does_not_read(void)
{
    static char piece[64 * 1024];
    struct zapi_door *d = start();
    struct zapi_exchange *ex;
    int fd = open_stream(&ex);
    while (zapi_stream_write(ex, piece, sizeof piece) > 0)
        ;
    double before = now();
    zapi_door_stop(d);
    CHECK(now() - before < 4);
    CHECK_INT(zapi_stream_write(ex, "x", 1), -1);
    zapi_stream_end(ex, true);
    close(fd);
}

/* ---- addresses ---- */

static void check_listen(const char *listen, const char *part)
{
    struct zapi_error e = {0};
    int fd = zapi_listen(listen, &e);
    if (fd >= 0)
        close(fd);
    CHECK(fd < 0);
    if (!strstr(e.message, part))
        CHECK_STR(e.message, part);
}

static void addresses(void)
{
    char taken[64];
    struct zapi_door *d = start();
    snprintf(taken, sizeof taken, "%s", address);
    check_listen(taken, "address in use");
    zapi_door_stop(d);
    d = start_on(taken, 0); /* free again at once */
    CHECK(d != NULL);
    zapi_door_stop(d);
    d = start_on("localhost:0", 0);
    CHECK(d && strncmp(address, "127.0.0.1:", 10) == 0);
    zapi_door_stop(d);
    d = start_on(":0", 0);
    CHECK(d && strncmp(address, "0.0.0.0:", 8) == 0);
    CHECK_INT(post("/ok", "", "{}", 2), 200);
    zapi_door_stop(d);
    struct zapi_error e = {0};
    int six = zapi_listen("[::1]:0", &e);
    if (six >= 0) { /* where the machine has IPv6 */
        zapi_listen_name(six, taken, sizeof taken);
        CHECK(strncmp(taken, "[::1]:", 6) == 0);
        close(six);
    }
    check_listen("127.0.0.1", "HOST:PORT");
    check_listen("127.0.0.1:http", "HOST:PORT");
    check_listen("127.0.0.1:65536", "HOST:PORT");
    check_listen("::1:80", "HOST:PORT");
    check_listen("", "HOST:PORT");
    check_listen("192.0.2.1:0", "does not have that address");
}

/* ---- the log ---- */

static char logged[8192];

static void sink(void *arg, enum zapi_log_level level, const char *line,
                 size_t len)
{
    (void)arg, (void)level;
    pthread_mutex_lock(&lock);
    size_t n = strlen(logged);
    if (n + len + 2 < sizeof logged) {
        memcpy(logged + n, line, len);
        memcpy(logged + n + len, "\n", 2);
    }
    pthread_mutex_unlock(&lock);
}

static void refusals_are_logged_sparingly(void)
{
    logged[0] = '\0';
    zapi_log_configure(ZAPI_LOG_INFO, false);
    zapi_log_set_sink(sink, NULL);
    struct zapi_door *d = start();
    for (int i = 0; i < 200; i++)
        CHECK_INT(post("/closed", "", "secret", 6), 401);
    zapi_door_stop(d);
    zapi_log_set_sink(NULL, NULL);
    zapi_log_configure(ZAPI_LOG_OFF, false);
    unsigned lines = 0;
    for (const char *p = logged; (p = strstr(p, "refused 401")); p++)
        lines++;
    CHECK(strstr(logged, "listening 127.0.0.1:") != NULL);
    CHECK(strstr(logged, " (test)") != NULL);
    CHECK(strstr(logged, "test: refused 401 from 127.0.0.1: wrong key"));
    CHECK(strstr(logged, "/closed") == NULL);
    CHECK(lines >= 3 && lines <= 12);
}

/* ---- slow clients, many headers, addresses ---- */

static void begin_log(void)
{
    logged[0] = '\0';
    zapi_log_configure(ZAPI_LOG_INFO, false);
    zapi_log_set_sink(sink, NULL);
}

static void end_log(void)
{
    zapi_log_set_sink(NULL, NULL);
    zapi_log_configure(ZAPI_LOG_OFF, false);
}

/* Sends a byte now and then until the connection was cut. Returns seconds. */
static double drip(int fd, const char *byte)
{
    double from = now();
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (now() - from < 20 && poll(&p, 1, 20) == 0)
        put(fd, byte, 1);
    return now() - from;
}

static void slow_clients_are_cut_off(void)
{
    begin_log();
    struct zapi_door *d = start_with(
        (struct zapi_door_config){.header_timeout = 0.3, .body_timeout = 0.3});
    int fd = dial(); /* headers, byte by byte: each one resets an idle time */
    puts_to(fd, "GET /ok HTTP/1.1\r\nX: ");
    double took = drip(fd, "a");
    CHECK(took >= 0.29 && took < 10);
    CHECK_INT(answer(fd), 0);
    close(fd);
    fd = dial(); /* the first line, too */
    puts_to(fd, "GET /");
    CHECK(drip(fd, "a") < 10);
    close(fd);
    fd = dial(); /* the body */
    puts_to(fd, "POST /echo HTTP/1.1\r\nContent-Length: 9999\r\n\r\n");
    CHECK(drip(fd, "a") < 10);
    CHECK_INT(answer(fd), 0);
    close(fd);
    fd = dial(); /* a second request on a connection that was good */
    put_post(fd, "/ok", "", "{}", 2);
    CHECK_INT(answer(fd), 200);
    puts_to(fd, "GET /ok HTTP/1.1\r\nX: ");
    CHECK(drip(fd, "a") < 10);
    close(fd);
    CHECK_INT(post("/ok", "", "{}", 2), 200);
    CHECK_INT(zapi_door_refused(d), 3);
    zapi_door_stop(d);
    end_log();
    CHECK(strstr(logged, "test: refused 408 from 127.0.0.1: the headers came "
                         "too slowly"));
    CHECK(strstr(logged, "test: refused 408 from 127.0.0.1: the body came "
                         "too slowly"));
}

/* Whoever sends a large body at a fair speed is no slow client, however long
 * it takes; nor is who waits for an answer. */
static void fair_clients_are_not_cut_off(void)
{
    static char body[200 * 1024];
    struct zapi_door *d =
        start_with((struct zapi_door_config){.body_timeout = 0.2});
    memset(body, ' ', sizeof body);
    int fd = dial();
    char head[128];
    snprintf(head, sizeof head,
             "POST /echo HTTP/1.1\r\nContent-Length: %zu\r\n\r\n", sizeof body);
    puts_to(fd, head);
    put(fd, body, 100 * 1024);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    CHECK_INT(poll(&p, 1, 600), 0); /* three times the time-out */
    put(fd, body, sizeof body - 100 * 1024);
    CHECK_INT(answer(fd), 200);
    put_post(fd, "/held", "", "{}", 2);
    wait_held(1);
    CHECK_INT(poll(&p, 1, 600), 0);
    zapi_exchange_respond(unhold(), 200, NULL, NULL, 0);
    CHECK_INT(answer(fd), 200);
    close(fd);
    zapi_door_stop(d);
}

/* All connections taken by clients that say nothing: others come in when
 * their time is over. */
static void slow_clients_do_not_keep_the_door_shut(void)
{
    struct zapi_door *d = start_with(
        (struct zapi_door_config){.connections = 4, .header_timeout = 0.3});
    int fd[8];
    for (int i = 0; i < 8; i++) {
        fd[i] = dial();
        puts_to(fd[i], "GET /ok HTTP/1.1\r\nX: ");
    }
    CHECK_INT(post("/ok", "", "{}", 2), 200);
    for (int i = 0; i < 8; i++)
        close(fd[i]);
    zapi_door_stop(d);
}

static void headers_are_limited(void)
{
    static char many[64 * 1024];
    struct zapi_door *d = start();
    char *at = many;
    at += sprintf(at, "GET /ok HTTP/1.1\r\n");
    for (int i = 0; i < 101; i++)
        at += sprintf(at, "X%d: y\r\n", i);
    sprintf(at, "\r\n");
    CHECK_INT(get(many), 431);
    size_t refused = zapi_door_refused(d);
    CHECK_INT(refused, 1);
    at = many;
    at += sprintf(at, "GET /ok HTTP/1.1\r\nX: ");
    memset(at, 'a', 40000);
    strcpy(at + 40000, "\r\n\r\n");
    CHECK_INT(get(many), 431);
    while (zapi_door_refused(d) < 2) /* counted when the answer is out */
        sched_yield();
    at = many;
    at += sprintf(at, "GET /ok?");
    for (int i = 0; i < 101; i++)
        at += sprintf(at, "a%d=b&", i);
    sprintf(at, " HTTP/1.1\r\n\r\n");
    CHECK_INT(get(many), 431);
    CHECK_INT(post("/ok", "", "{}", 2), 200);
    zapi_door_stop(d);
}

static const char *remote_with(const char *headers)
{
    static char seen[256];
    char request[512];
    snprintf(request, sizeof request,
             "GET /who HTTP/1.1\r\n%sContent-Length: 0\r\n\r\n", headers);
    CHECK_INT(get(request), 200);
    snprintf(seen, sizeof seen, "%.*s", (int)strcspn(got + 9, " "), got + 9);
    return seen;
}

static void proxies_tell_the_address(void)
{
    struct zapi_door *d = start();
    CHECK_STR(remote_with("X-Forwarded-For: 203.0.113.7\r\n"), "127.0.0.1");
    zapi_door_stop(d);
    d = start_with(
        (struct zapi_door_config){.trusted_proxies = "127.0.0.1,10.0.0.0/8"});
    CHECK_STR(remote_with("X-Forwarded-For: 203.0.113.7\r\n"), "203.0.113.7");
    CHECK_STR(
        remote_with("x-forwarded-for: 1.1.1.1, 203.0.113.7, 10.1.1.1\r\n"),
        "203.0.113.7");
    /* A client's own header, then the one that the proxy added. */
    CHECK_STR(remote_with("X-Forwarded-For: 1.1.1.1\r\n"
                          "X-Forwarded-For: 203.0.113.7\r\n"),
              "203.0.113.7");
    CHECK_STR(remote_with(""), "127.0.0.1");
    zapi_door_stop(d);
    struct zapi_door_config c = {.listen = "127.0.0.1:0",
                                 .listen_fd = -1,
                                 .handle = handle,
                                 .trusted_proxies = "nginx"};
    struct zapi_error e = {0};
    CHECK(!zapi_door_start(&c, &e));
    CHECK(strstr(e.message, "'nginx'"));
}

static int guess(const char *path, const char *from)
{
    char headers[100];
    snprintf(headers, sizeof headers, "X-Forwarded-For: %s\r\n", from);
    return post(path, headers, "{}", 2);
}

static void who_guesses_is_slowed_down(void)
{
    begin_log();
    struct zapi_door *d = start_with((struct zapi_door_config){
        .trusted_proxies = "127.0.0.1", .mistakes = 3});
    for (int i = 0; i < 3; i++)
        CHECK_INT(guess("/closed", "203.0.113.7"), 401);
    CHECK_INT(guess("/closed", "203.0.113.7"), 429);
    CHECK(strstr(answer_head, "Retry-After: 60"));
    CHECK(strstr(answer_head, "Connection: close"));
    CHECK_INT(guess("/ok", "203.0.113.7"), 200);     /* the right one passes */
    CHECK_INT(guess("/closed", "203.0.113.8"), 401); /* others do not pay */
    zapi_door_stop(d);
    /* Without knowledge of the true address nobody is limited. */
    d = start_with((struct zapi_door_config){.mistakes = 3});
    for (int i = 0; i < 6; i++)
        CHECK_INT(guess("/closed", "203.0.113.7"), 401);
    zapi_door_stop(d);
    end_log();
    CHECK(strstr(logged, "refused 401 from 203.0.113.7: wrong key"));
    CHECK(strstr(logged, "refused 429 from 203.0.113.7: too many wrong"));
    CHECK(strstr(logged, "refused 401 from 127.0.0.1: wrong key"));
}

/* Holds a request of this address; 0, or the status of a refusal. */
static int hold_from(int *fd, const char *from)
{
    char headers[100];
    size_t before = nheld;
    snprintf(headers, sizeof headers, "X-Forwarded-For: %s\r\n", from);
    *fd = dial();
    put_post(*fd, "/held", headers, "{}", 2);
    struct pollfd p = {.fd = *fd, .events = POLLIN};
    for (;;) {
        pthread_mutex_lock(&lock);
        bool got_in = nheld > before;
        pthread_mutex_unlock(&lock);
        if (got_in)
            return 0;
        if (poll(&p, 1, 1) > 0)
            return answer(*fd);
    }
}

static void one_address_does_not_take_all(void)
{
    struct zapi_door *d = start_with((struct zapi_door_config){
        .trusted_proxies = "127.0.0.1", .per_address = 2});
    int fd[5];
    CHECK_INT(hold_from(&fd[0], "203.0.113.7"), 0);
    CHECK_INT(hold_from(&fd[1], "203.0.113.7"), 0);
    CHECK_INT(hold_from(&fd[2], "203.0.113.7"), 429);
    CHECK_INT(hold_from(&fd[3], "203.0.113.8"), 0);
    for (size_t n = nheld; n > 0; n--)
        zapi_exchange_respond(unhold(), 200, NULL, NULL, 0);
    CHECK_INT(answer(fd[0]), 200);
    CHECK_INT(answer(fd[1]), 200);
    while (zapi_door_in_flight(d) > 0)
        sched_yield();
    CHECK_INT(hold_from(&fd[4], "203.0.113.7"), 0); /* there is room again */
    zapi_exchange_respond(unhold(), 200, NULL, NULL, 0);
    for (int i = 0; i < 5; i++)
        close(fd[i]);
    zapi_door_stop(d);
    /* Connections of its own, where only others are proxies. */
    d = start_with((struct zapi_door_config){.trusted_proxies = "10.0.0.1",
                                             .per_address = 2});
    for (int i = 0; i < 3; i++) {
        fd[i] = dial();
        put_post(fd[i], "/ok", "", "{}", 2);
        CHECK_INT(answer(fd[i]), i < 2 ? 200 : 0);
    }
    CHECK_INT(zapi_door_refused(d), 1);
    for (int i = 0; i < 3; i++)
        close(fd[i]);
    zapi_door_stop(d);
}

static void refusals_are_counted_for_operators(void)
{
    struct zapi_buf out;
    zapi_metrics_clear();
    zapi_buf_init(&out, 1u << 20);
    struct zapi_door *d = start();
    CHECK_INT(post("/closed", "", "x", 1), 401);
    CHECK_INT(post("/closed", "", "x", 1), 401);
    CHECK_INT(post("/refuse", "", "x", 1), 400);
    zapi_door_stop(d);
    zapi_metrics_write(&out);
    const char *text = zapi_buf_str(&out);
    CHECK(strstr(text,
                 "zapibot_refused_total{door=\"test\",status=\"401\"} 2\n"));
    CHECK(strstr(text,
                 "zapibot_refused_total{door=\"test\",status=\"400\"} 1\n"));
    zapi_buf_free(&out);
    zapi_metrics_clear();
}

int main(void)
{
    zapi_log_configure(ZAPI_LOG_OFF, false);
    RUN(answers_at_once);
    RUN(from_another_thread);
    RUN(two_hundred_connections);
    RUN(pipelines_do_not_stall);
    RUN(large_bodies_do_not_stall);
    RUN(refusals);
    RUN(compressed_bodies);
    RUN(odd_requests);
    RUN(client_vanishes_while_suspended);
    RUN(nobody_answers_in_time);
    RUN(stop_with_suspended_connections);
    RUN(quiesce_lets_the_open_ones_end);
    RUN(a_patient_one_serves_who_was_let_in);
    RUN(hang_up_closes_what_is_quiet);
    RUN(stop_in_the_middle_of_a_request);
    RUN(stream_in_pieces);
    RUN(a_broken_stream_breaks_off);
    RUN(stream_queue_is_bounded);
    RUN(stream_whose_client_leaves);
    RUN(stop_ends_streams);
    RUN(stop_with_a_client_that_does_not_read);
    RUN(addresses);
    RUN(refusals_are_logged_sparingly);
    RUN(slow_clients_are_cut_off);
    RUN(fair_clients_are_not_cut_off);
    RUN(slow_clients_do_not_keep_the_door_shut);
    RUN(headers_are_limited);
    RUN(proxies_tell_the_address);
    RUN(who_guesses_is_slowed_down);
    RUN(one_address_does_not_take_all);
    RUN(refusals_are_counted_for_operators);
    zapi_metrics_clear();
    return CHECK_END();
}
