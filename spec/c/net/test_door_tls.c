/* SPDX-License-Identifier: MIT
 *
 * The door with TLS, by a client with GnuTLS: what HTTP alone promises holds
 * here too. Records are no requests: several lie in one, one in several, and
 * what GnuTLS has read already raises no event of the socket.
 */
#define _GNU_SOURCE /* strcasestr */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/metrics.h"
#include "check.h"
#include "net/door.h"
#include "net/tls.h"

#ifdef ZAPI_TLS

#include "certificate.h"

static char folder[64], cert[96], key[96];
static struct zapi_door *door;

/* ---- a client ---- */

struct client {
    int fd;
    gnutls_session_t session;
    gnutls_certificate_credentials_t trust;
    char seen[4096]; /* read beyond the last answer */
    size_t nseen;
};

static int dial(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    struct timeval limit = {.tv_sec = 20};
    int on = 1;
    to.sin_port =
        htons((uint16_t)atoi(strrchr(zapi_door_address(door), ':') + 1));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    CHECK(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    return fd;
}

static bool shake(struct client *c)
{
    int rc;
    do
        rc = gnutls_handshake(c->session);
    while (rc == GNUTLS_E_AGAIN || rc == GNUTLS_E_INTERRUPTED);
    return rc == 0;
}

/* Connected, the handshake not begun. */
static struct client *client_new(const char *priorities)
{
    struct client *c = calloc(1, sizeof *c);
    c->fd = dial();
    gnutls_init(&c->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL);
    gnutls_certificate_allocate_credentials(&c->trust);
    gnutls_certificate_set_x509_trust_file(c->trust, cert, GNUTLS_X509_FMT_PEM);
    gnutls_priority_set_direct(c->session, priorities, NULL);
    gnutls_credentials_set(c->session, GNUTLS_CRD_CERTIFICATE, c->trust);
    gnutls_transport_set_int(c->session, c->fd);
    return c;
}

static struct client *client_open(void)
{
    struct client *c = client_new("NORMAL");
    CHECK(shake(c));
    return c;
}

static void client_close(struct client *c)
{
    gnutls_deinit(c->session);
    gnutls_certificate_free_credentials(c->trust);
    close(c->fd);
    free(c);
}

static void say(struct client *c, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t k = gnutls_record_send(c->session, p, n);
        if (k <= 0)
            return;
        p += k;
        n -= (size_t)k;
    }
}

static void ask(struct client *c, const char *text)
{
    say(c, text, strlen(text));
}

static ssize_t hear(struct client *c, char *to, size_t room)
{
    size_t n = c->nseen < room ? c->nseen : room;
    if (n == 0)
        return gnutls_record_recv(c->session, to, room);
    memcpy(to, c->seen, n);
    c->nseen -= n;
    memmove(c->seen, c->seen + n, c->nseen);
    return (ssize_t)n;
}

/* The status of the next answer, its body in `body`; 0: the connection ended. */
static int answer(struct client *c, struct zapi_buf *body)
{
    char head[4096] = "";
    size_t n = 0, length;
    char *end;
    while (!(end = strstr(head, "\r\n\r\n"))) {
        ssize_t k = hear(c, head + n, sizeof head - 1 - n);
        if (k <= 0)
            return 0;
        n += (size_t)k;
        head[n] = '\0';
    }
    const char *field = strcasestr(head, "content-length:");
    length = field ? strtoul(field + 15, NULL, 10) : 0;
    end += 4;
    zapi_buf_init(body, 16 << 20);
    size_t rest = n - (size_t)(end - head),
           of_it = rest < length ? rest : length;
    zapi_buf_add(body, end, of_it);
    memcpy(c->seen, end + of_it, rest - of_it);
    c->nseen = rest - of_it;
    while (body->len < length) {
        char piece[8192];
        size_t want = length - body->len;
        ssize_t k = gnutls_record_recv(
            c->session, piece, want < sizeof piece ? want : sizeof piece);
        if (k <= 0)
            return 0;
        zapi_buf_add(body, piece, (size_t)k);
    }
    return atoi(head + 9);
}

static int status_of(struct client *c)
{
    struct zapi_buf body;
    zapi_buf_init(&body, 1);
    int status = answer(c, &body);
    zapi_buf_free(&body);
    return status;
}

/* ---- a server ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct zapi_exchange *waiting[256];
static atomic_size_t nwaiting;

/* /echo: the body. /later: when answer_all is called. /stream: five pieces. */
static void handle(void *arg, struct zapi_exchange *ex)
{
    size_t n;
    const char *path = zapi_exchange_path(ex);
    const char *body = zapi_exchange_body(ex, &n);
    (void)arg;
    if (strcmp(path, "/later") == 0) {
        pthread_mutex_lock(&lock);
        waiting[nwaiting++] = ex;
        pthread_mutex_unlock(&lock);
    } else if (strcmp(path, "/stream") == 0) {
        zapi_stream_begin(ex, 200, NULL, NULL, NULL);
        for (int i = 0; i < 5; i++)
            zapi_stream_write(ex, "piece", 5);
        zapi_stream_end(ex, true);
    } else {
        zapi_exchange_respond(ex, 200, NULL, body, n);
    }
}

static void wait_for(size_t n)
{
    struct timespec moment = {.tv_nsec = 1000000};
    for (int i = 0; i < 15000 && atomic_load(&nwaiting) < n; i++)
        nanosleep(&moment, NULL);
    CHECK_INT(atomic_load(&nwaiting), n);
}

static void answer_all(void)
{
    zapi_door_cork();
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < nwaiting; i++)
        zapi_exchange_respond(waiting[i], 200, NULL, "later", 5);
    nwaiting = 0;
    pthread_mutex_unlock(&lock);
    zapi_door_uncork();
}

static void start_with(struct zapi_door_config c)
{
    struct zapi_error error = {0};
    struct zapi_tls_config tls = {.cert = cert, .key = key, .label = "spec"};
    c.listen = "127.0.0.1:0";
    c.listen_fd = -1;
    c.handle = handle;
    c.tls = zapi_tls_new(&tls, &error);
    CHECK(c.tls);
    door = zapi_door_start(&c, &error);
    CHECK(door);
}

static void stop(void)
{
    zapi_door_stop(door);
    door = NULL;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- cases ---- */

static void requests_one_after_the_other(void)
{
    static const char *const versions[] = {"NORMAL:-VERS-ALL:+VERS-TLS1.3",
                                           "NORMAL:-VERS-ALL:+VERS-TLS1.2"};
    start_with((struct zapi_door_config){0});
    for (size_t i = 0; i < 2; i++) {
        struct client *c = client_new(versions[i]);
        CHECK(shake(c));
        for (int k = 0; k < 20; k++) {
            ask(c, "GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
            CHECK_INT(status_of(c), 200);
        }
        client_close(c);
    }
    struct client *old = client_new("NORMAL:-VERS-ALL:+VERS-TLS1.1");
    CHECK(!shake(old));
    client_close(old);
    stop();
}

/* What GnuTLS holds of the second request when the first one is suspended. */
static void requests_of_one_record(void)
{
    start_with((struct zapi_door_config){0});
    struct client *c = client_open();
    ask(c, "GET /now HTTP/1.1\r\nHost: x\r\n\r\n"
           "GET /later HTTP/1.1\r\nHost: x\r\n\r\n"
           "GET /later HTTP/1.1\r\nHost: x\r\n\r\n"
           "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
           "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"
           "GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK_INT(status_of(c), 200);
    for (int i = 0; i < 2; i++) {
        wait_for(1);
        answer_all();
        CHECK_INT(status_of(c), 200);
    }
    CHECK_INT(status_of(c), 200);
    client_close(c);
    stop();
}

static void bodies_of_many_records(void)
{
    enum { SIZE = 900 * 1000 };
    char *sent = malloc(SIZE);
    struct zapi_buf got;
    double began = now();
    for (size_t i = 0; i < SIZE; i++)
        sent[i] = (char)(i * 7 + i / 1000);
    start_with((struct zapi_door_config){0});
    struct client *c = client_open();
    for (int i = 0; i < 5; i++) {
        char head[128];
        snprintf(head, sizeof head,
                 "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n",
                 SIZE);
        ask(c, head);
        say(c, sent, SIZE);
        CHECK_INT(answer(c, &got), 200);
        CHECK_INT(got.len, SIZE);
        CHECK(got.len == SIZE && memcmp(got.data, sent, SIZE) == 0);
        zapi_buf_free(&got);
    }
    CHECK(now() - began < 10); /* nothing waits for a time-out in between */
    client_close(c);
    free(sent);
    stop();
}

static void many_at_once_answered_from_another_thread(void)
{
    enum { MANY = 130 };
    static struct client *all[MANY];
    start_with((struct zapi_door_config){0});
    for (int i = 0; i < MANY; i++) {
        all[i] = client_open();
        ask(all[i], "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    for (int round = 0; round < 3; round++) {
        wait_for(MANY);
        answer_all();
        for (int i = 0; i < MANY; i++) {
            CHECK_INT(status_of(all[i]), 200);
            if (round < 2)
                ask(all[i], "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
        }
    }
    for (int i = 0; i < MANY; i++)
        client_close(all[i]);
    stop();
}

/* Sends a byte now and then until it is cut off; how long that took. */
static double drip(int fd, struct client *c)
{
    double began = now();
    char byte;
    while (now() - began < 5) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (c)
            gnutls_record_send(c->session, "x", 1);
        else
            send(fd, "\1", 1, MSG_NOSIGNAL);
        if (poll(&p, 1, 20) > 0 && recv(fd, &byte, 1, MSG_PEEK) <= 0)
            break;
        if (p.revents && c) /* tickets and alerts */
            while (recv(fd, &byte, 1, MSG_DONTWAIT) > 0)
                ;
    }
    return now() - began;
}

static void handshakes_that_never_end(void)
{
    static const char record[] = {22, 3, 1, 0x3f, 0, 1, 0, 0x3e, 0, 3, 3};
    start_with((struct zapi_door_config){.header_timeout = 0.3});
    int quiet = dial(), slow = dial();
    send(slow, record, sizeof record, MSG_NOSIGNAL);
    double took = drip(slow, NULL);
    CHECK(took > 0.1 && took < 3);
    char byte;
    CHECK(recv(quiet, &byte, 1, 0) <= 0);
    close(quiet);
    close(slow);
    struct client *c = client_open(); /* others are served */
    ask(c, "GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK_INT(status_of(c), 200);
    client_close(c);
    stop();
}

static void headers_and_bodies_that_drip(void)
{
    static const char *const begun[] = {
        "GET /now HTTP/1.1\r\nHost: ",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n"};
    start_with(
        (struct zapi_door_config){.header_timeout = 0.3, .body_timeout = 0.3});
    for (size_t i = 0; i < 2; i++) {
        struct client *c = client_open();
        ask(c, begun[i]);
        double took = drip(c->fd, c);
        CHECK(took > 0.1 && took < 3);
        client_close(c);
    }
    stop();
}

/* An answer that nobody reads is cut off, and others do not wait for it. */
static void an_answer_that_is_not_read(void)
{
    enum { SIZE = 1000 * 1000 };
    char *sent = calloc(1, SIZE), head[128];
    int small = 4096;
    start_with((struct zapi_door_config){.body_timeout = 0.3});
    struct client *c = client_open();
    setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    snprintf(head, sizeof head,
             "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n",
             SIZE);
    ask(c, head);
    say(c, sent, SIZE);
    for (int i = 0; i < 3; i++) {
        struct client *other = client_open();
        ask(other, "GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
        CHECK_INT(status_of(other), 200);
        client_close(other);
    }
    client_close(c);
    free(sent);
    stop();
}

/* Who was let in, with the handshake still to come, is served. */
static void patience(void)
{
    start_with((struct zapi_door_config){.patient = true});
    struct client *before = client_open(), *late = client_new("NORMAL");
    struct pollfd none = {.fd = -1};
    ask(before, "GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK_INT(status_of(before), 200);
    poll(&none, 0, 100); /* the door has accepted it; nothing tells us */
    zapi_door_quiesce(door);
    CHECK(zapi_door_in_flight(door) > 0);
    CHECK(shake(late));
    ask(late, "GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK_INT(status_of(late), 200);
    CHECK_INT(status_of(late), 0);
    client_close(before);
    client_close(late);
    stop();
}

static void clients_that_vanish(void)
{
    start_with((struct zapi_door_config){0});
    for (int i = 0; i < 20; i++) {
        struct client *c = client_open();
        ask(c, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
        wait_for((size_t)i + 1);
        client_close(c);
        close(dial());
    }
    answer_all();
    struct client *c = client_open();
    ask(c, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(1);
    zapi_door_quiesce(door);
    answer_all();
    CHECK_INT(status_of(c), 200);
    client_close(c);
    stop();
}

/* Seconds of the processor's, in a moment in which nothing happens. */
static double busy_for_nothing(void)
{
    struct timespec t;
    struct pollfd none = {.fd = -1};
    poll(&none, 0, 50);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    double before = (double)t.tv_sec + (double)t.tv_nsec / 1e9;
    poll(&none, 0, 300);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9 - before;
}

static ssize_t pull_nothing(gnutls_transport_ptr_t fd, void *to, size_t room)
{
    (void)fd, (void)to, (void)room;
    errno = EAGAIN;
    return -1;
}

/* Data that GnuTLS holds make MHD ask to be run at once: not for ever. */
static void nothing_spins(void)
{
    static const char hello[] = {22, 3, 1, 0x3f, 0, 1, 0, 0x3e, 0, 3, 3};
    static const char record[] = {23, 3, 3, 1, 0, 7, 7, 7};
    start_with((struct zapi_door_config){0});
    struct client *idle = client_open(), *asks = client_open(),
                  *half = client_open(), *gone = client_open();
    int begun = dial();
    send(begun, hello, sizeof hello, MSG_NOSIGNAL);
    struct client *flight = client_new("NORMAL"); /* its second one is due */
    gnutls_transport_set_pull_function(flight->session, pull_nothing);
    CHECK(gnutls_handshake(flight->session) == GNUTLS_E_AGAIN);
    struct client *cut = client_open();
    send(cut->fd, record, sizeof record, MSG_NOSIGNAL);
    ask(idle, "GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK_INT(status_of(idle), 200);
    ask(asks, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n"
              "GET /now HTTP/1.1\r\nHost: x\r\n\r\nGET /no");
    ask(half, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nh");
    ask(gone, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(2);
    gnutls_bye(gone->session, GNUTLS_SHUT_WR);
    shutdown(gone->fd, SHUT_WR);
    CHECK(busy_for_nothing() < 0.1);
    answer_all();
    CHECK_INT(status_of(asks), 200);
    CHECK_INT(status_of(asks), 200);
    CHECK(busy_for_nothing() < 0.1);
    client_close(idle);
    client_close(asks);
    client_close(half);
    client_close(gone);
    client_close(flight);
    client_close(cut);
    close(begun);
    stop();
}

/* Nor does it hold up the others. */
static void half_a_hello_slows_nobody_down(void)
{
    enum { SIZE = 900 * 1000 };
    static const char hello[] = {22, 3, 1, 0x3f, 0, 1, 0, 0x3e, 0, 3, 3};
    char *sent = calloc(1, SIZE);
    start_with((struct zapi_door_config){0});
    int begun = dial();
    send(begun, hello, sizeof hello, MSG_NOSIGNAL);
    struct client *c = client_open();
    double from = now();
    for (int i = 0; i < 50; i++) {
        ask(c, "GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
        CHECK_INT(status_of(c), 200);
    }
    CHECK(now() - from < 0.5); /* 50 pauses would be a second */
    from = now();
    ask(c, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n");
    say(c, sent, SIZE);
    CHECK_INT(status_of(c), 200);
    CHECK(now() - from < 2);
    client_close(c);
    close(begun);
    free(sent);
    stop();
}

/* Open connections stay, new ones get the new certificate. */
static void a_new_certificate(void)
{
    start_with((struct zapi_door_config){0});
    struct client *old = client_open();
    unsigned n;
    gnutls_datum_t before, after;
    before = gnutls_certificate_get_peers(old->session, &n)[0];
    struct client *begun = client_new("NORMAL");
    put_pair(cert, key, 50);
    zapi_door_renew(door);
    bool other = false;
    for (int i = 0; i < 1000 && !other; i++) {
        struct client *c = client_open();
        after = gnutls_certificate_get_peers(c->session, &n)[0];
        other = after.size != before.size ||
                memcmp(after.data, before.data, after.size) != 0;
        client_close(c);
    }
    CHECK(other);
    CHECK(shake(begun));
    ask(begun, "GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK_INT(status_of(begun), 200);
    ask(old, "GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK_INT(status_of(old), 200);
    client_close(begun);
    client_close(old);
    stop();
}

int main(void)
{
    strcpy(folder, "/tmp/zapi_tls.XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    snprintf(cert, sizeof cert, "%s/cert.pem", folder);
    snprintf(key, sizeof key, "%s/key.pem", folder);
    put_pair(cert, key, 90);
    zapi_log_configure(ZAPI_LOG_ERROR, false);
    RUN(requests_one_after_the_other);
    RUN(requests_of_one_record);
    RUN(bodies_of_many_records);
    RUN(many_at_once_answered_from_another_thread);
    RUN(handshakes_that_never_end);
    RUN(headers_and_bodies_that_drip);
    RUN(an_answer_that_is_not_read);
    RUN(patience);
    RUN(clients_that_vanish);
    RUN(nothing_spins);
    RUN(half_a_hello_slows_nobody_down);
    RUN(a_new_certificate);
    unlink(cert);
    unlink(key);
    CHECK(rmdir(folder) == 0);
    zapi_metrics_clear();
    return CHECK_END();
}

#else

static void nothing_to_serve_with(void)
{
    struct zapi_error error = {0};
    struct zapi_tls_config c = {.cert = "cert.pem", .key = "key.pem"};
    CHECK(!zapi_tls_new(&c, &error));
    CHECK(strstr(error.message, "built without GnuTLS"));
}

int main(void)
{
    RUN(nothing_to_serve_with);
    return CHECK_END();
}

#endif
