/* SPDX-License-Identifier: MIT
 *
 * libmicrohttpd, polled from outside by a thread of ours (its own epoll thread
 * stalls when many connections are ready at once). The rules that this file
 * keeps, each of them learnt the hard way:
 *   - MHD_get_timeout is asked after every MHD_run: its sockets are
 *     edge-triggered, so what it left unread raises no further event.
 *   - Only this thread resumes connections. Whoever answers from elsewhere puts
 *     the exchange on the `ready` list and writes our eventfd: a resume from
 *     another thread can be lost.
 *   - Suspending and answering exclude each other (`lock`), so an answer that
 *     comes before the suspension is seen and nothing is suspended.
 *   - A suspended connection has no time-out in MHD: the `waiting` list has.
 *   - MHD_stop_daemon aborts on a suspended connection: stop answers all first.
 *   - With TLS, a handshake that waits for its client makes MHD ask to be run at
 *     once, again and again: see pause_for_handshakes.
 *
 * Lock order: a response's mutex inside MHD → door->lock → MHD's own. Hence no
 * MHD_queue_response and no MHD_destroy_response under door->lock.
 *
 * An exchange is counted: one reference is the connection's (dropped in
 * on_completed), one the owner's (dropped in respond or stream_end). Each
 * exchange keeps the door's memory alive. Start reading at on_access.
 */
#include "net/door.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/metrics.h"
#include "net/inflate.h"
#include "net/listen.h"
#include "net/peers.h"
#include "net/tls.h"

enum {
    MAX_BODY = 1024 * 1024,
    /* A refused body up to this size is read and thrown away, so that the
     * client sees the answer instead of a reset connection. */
    DRAIN = 8 * 1024 * 1024,
    STREAM_QUEUE = 256 * 1024,
    CONNECTIONS = 512,
    CONNECTION_MEMORY = 16 * 1024, /* each; headers must fit, bodies need not */
    MOST_HEADERS = 100,            /* arguments of the query count too */
    IDLE_TIMEOUT = 30,
    HEADER_TIMEOUT = 10,
    BODY_TIMEOUT = 20,
    SLOWEST = 16 * 1024, /* bytes a second, beyond the time-out */
    REPLY_TIMEOUT = 30,
    STOP_TIMEOUT = 2, /* seconds for clients that do not read their answer */
    SAME_PER_SECOND = 3,
    PATIENCE = 1,         /* seconds for who was let in and has not asked */
    HANDSHAKE_PAUSE = 20, /* milliseconds */
};

struct pair {
    const char *name, *value;
};

struct refusals { /* of one status, for limiting the log */
    int status;
    time_t second;
    unsigned shown, hidden;
};

enum phase {
    LINE_QUIET, /* no request has begun */
    LINE_HEADERS,
    LINE_BODY,
    LINE_BUSY, /* the owner has it, or it is a stream */
    LINE_ANSWER,
};

struct line { /* one connection; door thread only */
    int fd;
    enum phase phase;
    bool cut;                     /* by us */
    bool understood, agreed;      /* how far its TLS handshake came */
    bool owed;                    /* it was let in, or asks: see d->owed */
    double deadline;              /* none when busy; see late_at */
    struct zapi_exchange *ex;     /* its request */
    char counted[ZAPI_PEER_TEXT]; /* under which address; "" when it is not */
    char remote[ZAPI_PEER_TEXT];  /* with TLS only: for check_tls */
    struct line *prev, *next;
};

struct stream {
    struct zapi_buf queue;
    size_t head; /* bytes of the queue already sent */
    zapi_stream_wake *wake;
    void *arg;
    bool ended;  /* by the owner, or by stop */
    bool broken; /* something is missing: the end must show it */
    bool hung;   /* the client is gone, MHD does not know yet */
    bool full;   /* somebody waits for room */
};

struct zapi_exchange {
    struct zapi_door *door;
    struct MHD_Connection *conn; /* valid until `gone`; door thread only */
    struct line *line;           /* the same */
    const char *method, *path;
    struct pair *headers, *query; /* in `text`'s block, as all strings */
    size_t nheaders, nquery;
    struct sockaddr_storage peer;
    char remote[ZAPI_PEER_TEXT]; /* made from `peer` when asked for */
    struct zapi_buf body;
    size_t thrown; /* bytes of a refused body */
    bool deflated, handed;
    bool counted; /* behind a proxy, under `remote` */
    int refused;
    const char *reason;
    void *data;

    /* under door->lock */
    unsigned refs;
    int status;
    size_t answer_len;
    struct MHD_Response *response; /* answered, not yet queued */
    bool answered, suspended, ready, gone;
    struct stream *stream;
    double patience; /* seconds; 0: the door's */
    double deadline;
    struct zapi_exchange *prev, *next; /* waiting, or streams */
    struct zapi_exchange *next_ready;
};

struct list {
    struct zapi_exchange *head, *tail;
};

struct zapi_door {
    struct zapi_door_config config;
    char *label;
    char address[160];
    struct MHD_Daemon *mhd;
    struct MHD_Response *empty; /* shared by all answers without a body */
    int listen_fd, poll_fd, kick_fd;
    pthread_t thread;
    struct zapi_peers *peers;
    struct zapi_tls *tls; /* door thread; NULL: plain HTTP */
    atomic_uint refs;
    atomic_size_t refused;
    atomic_size_t owed;   /* lines that have not asked, or not to the end */
    atomic_bool draining; /* patient, and quiesced */

    pthread_mutex_t lock;
    size_t in_flight;
    double quiesced_at;
    double hung_up_at; /* 0: not asked for */
    bool kicked, quiesce, quiesced, stopping, closing, renew;
    double stop_at;
    bool handled;         /* door thread: a request was, in this turn */
    double now;           /* door thread: when this turn began */
    double look_at;       /* door thread: no line is late before */
    struct line *lines;   /* door thread */
    atomic_size_t nlines; /* changed by the door thread */
    bool again;           /* door thread: MHD has something to do at once */
    bool moved;           /* door thread: MHD called us in this turn */
    size_t nshaking;      /* door thread: lines with no TLS agreed yet */
    struct list waiting;  /* suspended, oldest deadline first */
    struct list streams;  /* begun and not gone */
    struct zapi_exchange *ready;
    struct refusals refusals[8];
};

static double now_mono(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- memory ---- */

static void door_unref(struct zapi_door *d)
{
    if (atomic_fetch_sub(&d->refs, 1) != 1)
        return;
    if (d->empty)
        MHD_destroy_response(d->empty);
    if (d->poll_fd >= 0)
        close(d->poll_fd);
    if (d->kick_fd >= 0)
        close(d->kick_fd);
    if (d->listen_fd >= 0)
        close(d->listen_fd);
    zapi_peers_delete(d->peers);
    zapi_tls_delete(d->tls);
    pthread_mutex_destroy(&d->lock);
    free(d->label);
    free(d);
}

/* A response that nobody will queue, or that MHD holds by now. */
static void drop_response(struct zapi_door *d, struct MHD_Response *r)
{
    if (r && r != d->empty)
        MHD_destroy_response(r);
}

static void exchange_free(struct zapi_exchange *ex)
{
    struct zapi_door *d = ex->door;
    drop_response(d, ex->response);
    if (ex->stream)
        zapi_buf_free(&ex->stream->queue);
    free(ex->stream);
    zapi_buf_free(&ex->body);
    free(ex);
    door_unref(d);
}

static void list_add(struct list *l, struct zapi_exchange *ex)
{
    ex->prev = l->tail;
    ex->next = NULL;
    if (l->tail)
        l->tail->next = ex;
    else
        l->head = ex;
    l->tail = ex;
}

/* Oldest deadline first. Most wait equally long: the place is the end. */
static void list_add_by_deadline(struct list *l, struct zapi_exchange *ex)
{
    struct zapi_exchange *before = l->tail;
    while (before && before->deadline > ex->deadline)
        before = before->prev;
    if (before == l->tail) {
        list_add(l, ex);
        return;
    }
    ex->prev = before;
    ex->next = before ? before->next : l->head;
    ex->next->prev = ex;
    *(before ? &before->next : &l->head) = ex;
}

static void list_remove(struct list *l, struct zapi_exchange *ex)
{
    if (!ex->prev && !ex->next && l->head != ex)
        return;
    if (ex->prev)
        ex->prev->next = ex->next;
    else
        l->head = ex->next;
    if (ex->next)
        ex->next->prev = ex->prev;
    else
        l->tail = ex->prev;
    ex->prev = ex->next = NULL;
}

/* ---- refusals ---- */

static const char *default_reason(int status)
{
    switch (status) {
    case 400:
        return "bad request";
    case 401:
        return "unauthorized";
    case 404:
        return "no such path";
    case 405:
        return "method not allowed";
    case 413:
        return "body too large";
    case 415:
        return "content type or encoding not supported";
    case 429:
        return "too many requests from this address";
    case 431:
        return "too many headers";
    default:
        return status < 500 ? "refused" : "not available";
    }
}

/* Whether this refusal is shown; *hidden: how many like it were not. */
static bool may_log(struct zapi_door *d, int status, unsigned *hidden)
{
    size_t n = sizeof d->refusals / sizeof *d->refusals;
    struct refusals *r = &d->refusals[(size_t)status % n];
    time_t second = time(NULL);
    bool show;

    pthread_mutex_lock(&d->lock);
    if (r->status != status)
        *r = (struct refusals){.status = status};
    if (r->second != second)
        r->second = second, r->shown = 0;
    show = r->shown < SAME_PER_SECOND;
    *hidden = show ? r->hidden : 0;
    if (show)
        r->shown++, r->hidden = 0;
    else
        r->hidden++;
    pthread_mutex_unlock(&d->lock);
    return show;
}

static void count_refusals(struct zapi_door *d, int status, unsigned n)
{
    char door[96], labels[128];
    atomic_fetch_add(&d->refused, n);
    zapi_metrics_label(door, sizeof door, "door", d->label);
    snprintf(labels, sizeof labels, "%s,status=\"%d\"", door, status);
    zapi_metrics_add(ZAPI_M_REFUSED, labels, n);
}

static void log_refused(struct zapi_door *d, int status, const char *remote,
                        const char *reason)
{
    char more[48] = "";
    unsigned hidden;

    count_refusals(d, status, 1);
    if (!may_log(d, status, &hidden))
        return;
    if (hidden > 0)
        snprintf(more, sizeof more, " (and %u more like it)", hidden);
    zapi_warn("%s: refused %d from %s: %s%s", d->label, status, remote, reason,
              more);
}

static void log_refusal(struct zapi_exchange *ex, int status,
                        const char *reason)
{
    log_refused(ex->door, status, zapi_exchange_remote(ex), reason);
}

/* Who guesses secrets is told to slow down; the right secret always passes, so
 * nobody can shut out somebody else's webhooks by guessing. */
static bool guesses(struct zapi_exchange *ex, int status)
{
    return status == 401 && zapi_peers_limiting(ex->door->peers) &&
           zapi_peers_mistake(ex->door->peers, zapi_exchange_remote(ex),
                              now_mono());
}

/* ---- connections and their deadlines ---- */

static void owe(struct zapi_door *d, struct line *l, bool owed)
{
    if (l->owed != owed) {
        if (owed)
            atomic_fetch_add(&d->owed, 1);
        else
            atomic_fetch_sub(&d->owed, 1);
    }
    l->owed = owed;
}

/* MHD's own time-out starts anew with every byte: a client that drips bytes
 * would hold its connection for ever. `seconds` 0: no deadline. */
static void enter_phase(struct zapi_door *d, struct line *l, enum phase phase,
                        double seconds)
{
    l->phase = phase;
    l->deadline = seconds > 0 ? d->now + seconds : 0;
    if (seconds > 0 && l->deadline < d->look_at)
        d->look_at = l->deadline;
}

static struct line *line_of(struct MHD_Connection *conn)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static void copy_address(struct sockaddr_storage *to,
                         struct MHD_Connection *conn)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (!info || !info->client_addr)
        return;
    size_t n = info->client_addr->sa_family == AF_INET6
                   ? sizeof(struct sockaddr_in6)
                   : sizeof(struct sockaddr_in);
    memcpy(to, info->client_addr, n);
}

static void line_remote(const struct zapi_door *d, const struct line *l,
                        char out[ZAPI_PEER_TEXT])
{
    struct sockaddr_storage peer = {0};
    socklen_t n = sizeof peer;
    getpeername(l->fd, (struct sockaddr *)&peer, &n);
    zapi_peers_origin(d->peers, (struct sockaddr *)&peer, NULL, out);
}

/* MHD sees the end of the connection and closes it. */
static void cut(struct line *l)
{
    l->deadline = 0;
    l->cut = true;
    shutdown(l->fd, SHUT_RDWR);
}

/* A connection of a client's own: a proxy's are counted by request. */
static void count_line(struct zapi_door *d, struct line *l,
                       struct MHD_Connection *conn)
{
    struct sockaddr_storage peer = {0};
    char remote[ZAPI_PEER_TEXT];
    copy_address(&peer, conn);
    if (!zapi_peers_limiting(d->peers) ||
        zapi_peers_is_proxy(d->peers, (struct sockaddr *)&peer))
        return;
    zapi_peers_origin(d->peers, (struct sockaddr *)&peer, NULL, remote);
    if (zapi_peers_enter(d->peers, remote)) {
        memcpy(l->counted, remote, sizeof remote);
        return;
    }
    log_refused(d, 429, remote, "too many connections from this address");
    cut(l);
}

static void line_begin(struct zapi_door *d, struct MHD_Connection *conn,
                       void **context)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct line *l = info ? calloc(1, sizeof *l) : NULL;
    *context = l;
    if (!l) /* without memory: without a deadline */
        return;
    l->fd = info->connect_fd;
    l->next = d->lines;
    if (l->next)
        l->next->prev = l;
    d->lines = l;
    d->nlines++;
    enter_phase(d, l, LINE_QUIET, d->config.header_timeout);
    owe(d, l, true);
    if (d->tls) {
        line_remote(d, l, l->remote);
        d->nshaking++;
    }
    count_line(d, l, conn);
}

static void on_handshake(void *arg, void *connection, bool agreed)
{
    struct zapi_door *d = arg;
    struct line *l = line_of(connection);
    d->moved = true;
    if (!l)
        return;
    l->understood = true;
    if (agreed && !l->agreed) {
        l->agreed = true;
        d->nshaking--;
    }
}

/* Whose handshake came to nothing should be heard of: nobody else sees why no
 * request comes. Not who only looks whether the port is open. */
static void check_tls(struct zapi_door *d, struct line *l)
{
    struct tcp_info tcp = {0};
    socklen_t n = sizeof tcp;
    if (l->agreed || l->cut ||
        getsockopt(l->fd, IPPROTO_TCP, TCP_INFO, &tcp, &n) != 0 ||
        tcp.tcpi_bytes_received <= 1) /* its end counts as one */
        return;
    log_refused(d, 400, l->remote,
                l->understood
                    ? "the TLS handshake was broken off: does the client trust "
                      "the certificate?"
                    : "no TLS handshake: was it http://, or TLS before 1.2?");
}

static void line_end(struct zapi_door *d, struct line *l)
{
    if (!l)
        return;
    if (d->tls) {
        check_tls(d, l);
        d->nshaking -= !l->agreed;
    }
    /* MHD does not poll its listening socket while it is full, and takes it up
     * again only when it is run: without that the door would stay shut. */
    if (d->nlines-- >= d->config.connections)
        d->again = true;
    owe(d, l, false);
    if (l->counted[0])
        zapi_peers_leave(d->peers, l->counted);
    if (l->prev)
        l->prev->next = l->next;
    else if (d->lines == l)
        d->lines = l->next;
    if (l->next)
        l->next->prev = l->prev;
    free(l);
}

static void on_connection(void *cls, struct MHD_Connection *conn,
                          void **context, enum MHD_ConnectionNotificationCode c)
{
    ((struct zapi_door *)cls)->moved = true;
    if (c == MHD_CONNECTION_NOTIFY_STARTED)
        line_begin(cls, conn, context);
    else
        line_end(cls, *context);
}

/* The first line of a request was read. */
static void *on_uri(void *cls, const char *uri, struct MHD_Connection *conn)
{
    struct zapi_door *d = cls;
    struct line *l = line_of(conn);
    (void)uri;
    d->moved = true;
    if (l)
        enter_phase(d, l, LINE_HEADERS, d->config.header_timeout);
    return NULL; /* the request's context until on_access */
}

/* 0: never. What came, or is to go, gives more time. */
static double late_at(const struct line *l)
{
    const struct zapi_exchange *ex = l->ex;
    size_t more = 0;
    if (l->deadline == 0)
        return 0;
    if (ex && l->phase == LINE_BODY)
        more = ex->body.len + ex->thrown;
    else if (ex && l->phase == LINE_ANSWER)
        more = ex->answer_len;
    return l->deadline + (double)more / SLOWEST;
}

static void cut_late(struct zapi_door *d, struct line *l)
{
    char remote[ZAPI_PEER_TEXT];
    if (l->phase == LINE_HEADERS) {
        line_remote(d, l, remote);
        log_refused(d, 408, remote, "the headers came too slowly");
    } else if (l->phase == LINE_BODY) {
        log_refusal(l->ex, 408, "the body came too slowly");
    }
    cut(l);
}

/* Cuts off who is late. Returns seconds until the next one may be. */
static double cut_all_late(struct zapi_door *d)
{
    if (d->now < d->look_at)
        return d->look_at - d->now;
    d->look_at = d->now + 60;
    for (struct line *l = d->lines; l; l = l->next) {
        double at = late_at(l);
        if (at > 0 && at <= d->now)
            cut_late(d, l);
        else if (at > 0 && at < d->look_at)
            d->look_at = at;
    }
    return d->look_at - d->now;
}

/* ---- copying what MHD read: strings must outlive the door thread's turn ---- */

struct copy {
    struct pair *pairs; /* NULL: only counting */
    size_t n, bytes;
    char *at;
};

static const char *copy_str(struct copy *c, const char *s)
{
    size_t n = strlen(s) + 1;
    char *to = c->at;
    c->bytes += n;
    if (!c->pairs)
        return NULL;
    memcpy(to, s, n);
    c->at += n;
    return to;
}

static enum MHD_Result copy_pair(void *cls, enum MHD_ValueKind kind,
                                 const char *name, const char *value)
{
    struct copy *c = cls;
    (void)kind;
    const char *n = copy_str(c, name), *v = copy_str(c, value ? value : "");
    if (c->pairs)
        c->pairs[c->n] = (struct pair){.name = n, .value = v};
    c->n++;
    return MHD_YES;
}

static void copy_kind(struct copy *c, struct MHD_Connection *conn,
                      enum MHD_ValueKind kind)
{
    MHD_get_connection_values(conn, kind, copy_pair, c);
}

static struct zapi_exchange *exchange_new(struct zapi_door *d,
                                          struct MHD_Connection *conn,
                                          const char *url, const char *method)
{
    struct copy c = {0};
    copy_str(&c, url);
    copy_str(&c, method);
    copy_kind(&c, conn, MHD_HEADER_KIND);
    copy_kind(&c, conn, MHD_GET_ARGUMENT_KIND);
    size_t pairs = c.n;
    struct zapi_exchange *ex =
        malloc(sizeof *ex + (pairs + 1) * sizeof *c.pairs + c.bytes);
    if (!ex)
        return NULL;
    *ex = (struct zapi_exchange){.door = d, .conn = conn, .refs = 1};
    c = (struct copy){.pairs = (struct pair *)(ex + 1)};
    c.at = (char *)(c.pairs + pairs + 1);
    ex->path = copy_str(&c, url);
    ex->method = copy_str(&c, method);
    ex->headers = c.pairs;
    copy_kind(&c, conn, MHD_HEADER_KIND);
    ex->nheaders = c.n;
    ex->query = c.pairs + c.n;
    copy_kind(&c, conn, MHD_GET_ARGUMENT_KIND);
    ex->nquery = c.n - ex->nheaders;
    ex->line = line_of(conn);
    copy_address(&ex->peer, conn);
    zapi_buf_init(&ex->body, d->config.max_body);
    atomic_fetch_add(&d->refs, 1);
    return ex;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decodes in place. What holds a NUL becomes "": as a C string it
 * would be cut there, and a cut path might pass for another one. */
static size_t on_unescape(void *cls, struct MHD_Connection *conn, char *s)
{
    char *to = s;
    (void)cls, (void)conn;
    for (const char *p = s; *p; p++) {
        int hi = *p == '%' ? hex(p[1]) : -1;
        int lo = hi >= 0 ? hex(p[2]) : -1;
        if (lo >= 0)
            p += 2;
        if (hi == 0 && lo == 0) {
            to = s;
            break;
        }
        *to++ = lo >= 0 ? (char)(hi * 16 + lo) : *p;
    }
    *to = '\0';
    return (size_t)(to - s);
}

/* ---- responses ---- */

static bool header_ok(const char *line, const char *colon)
{
    return colon && colon > line && !strpbrk(line, "\r\n");
}

static void add_header(struct MHD_Response *r, const char *line)
{
    const char *colon = strchr(line, ':');
    char name[128];
    if (!header_ok(line, colon) || (size_t)(colon - line) >= sizeof name) {
        zapi_warn("a response header was dropped: it is not \"Name: value\"");
        return;
    }
    memcpy(name, line, (size_t)(colon - line));
    name[colon - line] = '\0';
    colon++;
    colon += strspn(colon, " ");
    if (*colon && MHD_add_response_header(r, name, colon) != MHD_YES)
        zapi_warn("response header '%s' was dropped: not allowed here", name);
}

static void add_headers(struct MHD_Response *r, const char *const *headers)
{
    for (; headers && *headers; headers++)
        add_header(r, *headers);
}

static bool bodyless(int status)
{
    return status == 204 || status == 304;
}

/* Runs on the answering thread. NULL: no memory. */
static struct MHD_Response *make_response(struct zapi_door *d, int status,
                                          const char *const *headers,
                                          const char *body, size_t len)
{
    if (bodyless(status))
        len = 0;
    bool close = atomic_load(&d->draining);
    if (len == 0 && !headers && !close)
        return d->empty;
    /* MHD does not write to what it copies; its prototype predates const. */
    struct MHD_Response *r = MHD_create_response_from_buffer(
        len, (void *)(uintptr_t)(len ? body : ""),
        len ? MHD_RESPMEM_MUST_COPY : MHD_RESPMEM_PERSISTENT);
    if (r)
        add_headers(r, headers);
    if (r && close)
        MHD_add_response_header(r, "Connection", "close");
    return r;
}

/* Door thread, not under the lock. MHD takes its own reference. */
static enum MHD_Result queue_response(struct zapi_exchange *ex, int status,
                                      struct MHD_Response *r)
{
    struct zapi_door *d = ex->door;
    if (ex->line)
        enter_phase(d, ex->line, ex->stream ? LINE_BUSY : LINE_ANSWER,
                    ex->stream ? 0 : d->config.body_timeout);
    enum MHD_Result ok = MHD_queue_response(ex->conn, (unsigned)status, r);
    drop_response(d, r);
    return ok;
}

static enum MHD_Result queue_refusal(struct zapi_exchange *ex)
{
    static const char *const plain[] = {"Content-Type: text/plain",
                                        "Connection: close", NULL};
    static const char *const later[] = {"Content-Type: text/plain",
                                        "Connection: close", "Retry-After: 60",
                                        NULL};
    const char *reason = ex->reason ? ex->reason : default_reason(ex->refused);
    log_refusal(ex, ex->refused, reason);
    struct MHD_Response *r =
        make_response(ex->door, ex->refused, ex->refused == 429 ? later : plain,
                      reason, strlen(reason));
    return r ? queue_response(ex, ex->refused, r) : MHD_NO;
}

/* ---- waking the door thread ---- */

static void kick(struct zapi_door *d)
{
    uint64_t one = 1;
    if (d->kicked)
        return;
    d->kicked = true;
    ssize_t n = write(d->kick_fd, &one, sizeof one);
    (void)n; /* fails only when the counter is full: then it is readable */
}

/* Between cork and uncork of this thread: the door that is to be kicked. */
static _Thread_local bool corked;
static _Thread_local struct zapi_door *held; /* counted */

void zapi_door_cork(void)
{
    corked = true;
}

void zapi_door_uncork(void)
{
    struct zapi_door *d = held;
    corked = false;
    held = NULL;
    if (!d)
        return;
    pthread_mutex_lock(&d->lock);
    kick(d);
    pthread_mutex_unlock(&d->lock);
    door_unref(d);
}

/* Under the lock. */
static void kick_or_hold(struct zapi_door *d)
{
    if (!corked || (held && held != d)) {
        kick(d);
    } else if (!held) {
        held = d;
        d->refs++;
    }
}

/* Under the lock: the connection has something to do. */
static void make_ready(struct zapi_exchange *ex)
{
    struct zapi_door *d = ex->door;
    if (!ex->suspended || ex->ready)
        return;
    ex->ready = true;
    ex->next_ready = d->ready;
    d->ready = ex;
    kick_or_hold(d);
}

static void resume_ready(struct zapi_door *d)
{
    uint64_t count;
    pthread_mutex_lock(&d->lock);
    if (d->kicked) { /* read under the lock, else a kick may be swallowed */
        ssize_t n = read(d->kick_fd, &count, sizeof count);
        (void)n;
        d->kicked = false;
    }
    while (d->ready) {
        struct zapi_exchange *ex = d->ready;
        d->ready = ex->next_ready;
        ex->ready = ex->suspended = false;
        if (!ex->stream)
            list_remove(&d->waiting, ex);
        MHD_resume_connection(ex->conn);
    }
    pthread_mutex_unlock(&d->lock);
}

/* ---- a request, step by step ---- */

/* Are the client's bytes worth reading although the answer is no? */
static bool worth_draining(const struct zapi_exchange *ex, size_t declared)
{
    return ex->refused != 429 && declared <= DRAIN &&
           !zapi_exchange_header(ex, "Expect");
}

static size_t declared_length(const struct zapi_exchange *ex)
{
    const char *s = zapi_exchange_header(ex, "Content-Length");
    unsigned long long n = s ? strtoull(s, NULL, 10) : 0;
    return n > SIZE_MAX ? SIZE_MAX : (size_t)n;
}

static int check_headers(struct zapi_exchange *ex, size_t declared)
{
    struct zapi_door *d = ex->door;
    pthread_mutex_lock(&d->lock);
    bool closing = d->quiesce && !d->config.patient;
    pthread_mutex_unlock(&d->lock);
    if (closing)
        return 503;
    if (ex->nheaders + ex->nquery > MOST_HEADERS)
        return 431;
    int status = d->config.gate ? d->config.gate(d->config.arg, ex) : 0;
    if (status)
        return status;
    enum zapi_coding c =
        zapi_coding_of(zapi_exchange_header(ex, "Content-Encoding"));
    ex->deflated = c == ZAPI_CODING_DEFLATED;
    if (c == ZAPI_CODING_UNKNOWN)
        return 415;
    return declared > d->config.max_body ? 413 : 0;
}

/* Requests that come through a proxy, by their true address. */
static bool has_share(struct zapi_exchange *ex)
{
    struct zapi_door *d = ex->door;
    if (!zapi_peers_limiting(d->peers) ||
        !zapi_peers_is_proxy(d->peers, (struct sockaddr *)&ex->peer))
        return true;
    ex->counted = zapi_peers_enter(d->peers, zapi_exchange_remote(ex));
    return ex->counted;
}

static enum MHD_Result headers_read(struct zapi_exchange *ex)
{
    size_t declared = declared_length(ex);
    if (ex->line) {
        ex->line->ex = ex;
        owe(ex->door, ex->line, true);
        enter_phase(ex->door, ex->line, LINE_BODY,
                    ex->door->config.body_timeout);
    }
    ex->refused = has_share(ex) ? check_headers(ex, declared) : 429;
    if (guesses(ex, ex->refused)) {
        ex->refused = 429;
        ex->reason = "too many wrong secrets from this address";
    }
    if (ex->refused && !worth_draining(ex, declared)) {
        ex->handed = true;
        return queue_refusal(ex);
    }
    if (!ex->refused && declared > 0 && !zapi_buf_reserve(&ex->body, declared))
        ex->refused = 503;
    return MHD_YES;
}

static enum MHD_Result body_piece(struct zapi_exchange *ex, const char *p,
                                  size_t n)
{
    if (!ex->refused && !zapi_buf_add(&ex->body, p, n)) {
        ex->refused = 413;
        zapi_buf_free(&ex->body);
    }
    if (ex->refused)
        ex->thrown += n;
    return ex->thrown > DRAIN ? MHD_NO : MHD_YES;
}

static void inflate_body(struct zapi_exchange *ex)
{
    struct zapi_buf plain;
    zapi_buf_init(&plain, ex->door->config.max_body);
    ex->refused = zapi_inflate(zapi_buf_str(&ex->body), ex->body.len, &plain);
    if (ex->refused == 400)
        ex->reason = "broken compressed body";
    zapi_buf_free(&ex->body);
    ex->body = plain;
}

/* Under the lock. The answer comes later: suspend until then. */
static void suspend(struct zapi_exchange *ex)
{
    struct zapi_door *d = ex->door;
    ex->suspended = true;
    MHD_suspend_connection(ex->conn);
    if (ex->stream)
        return;
    ex->deadline = now_mono() +
                   (ex->patience > 0 ? ex->patience : d->config.reply_timeout);
    list_add_by_deadline(&d->waiting, ex);
}

static void watch_client(struct zapi_exchange *ex, int op)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(ex->conn, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct epoll_event ev = {.events = EPOLLRDHUP | EPOLLONESHOT,
                             .data = {.ptr = ex}};
    if (info)
        epoll_ctl(ex->door->poll_fd, op, info->connect_fd, &ev);
}

static enum MHD_Result answer_or_wait(struct zapi_exchange *ex)
{
    struct zapi_door *d = ex->door;
    pthread_mutex_lock(&d->lock);
    if (!ex->response && d->stopping) {
        ex->answered = true;
        ex->status = 503;
        ex->response = d->empty;
    }
    struct MHD_Response *r = ex->response;
    ex->response = NULL;
    if (!r)
        suspend(ex);
    pthread_mutex_unlock(&d->lock);
    if (r && ex->stream)
        watch_client(ex, EPOLL_CTL_ADD);
    return r ? queue_response(ex, ex->status, r) : MHD_YES;
}

static enum MHD_Result whole_request(struct zapi_exchange *ex)
{
    struct zapi_door *d = ex->door;
    ex->handed = true;
    if (ex->line)
        enter_phase(d, ex->line, LINE_BUSY, 0);
    if (ex->deflated && !ex->refused)
        inflate_body(ex);
    pthread_mutex_lock(&d->lock);
    ex->refs += !ex->refused;
    d->in_flight += !ex->refused;
    pthread_mutex_unlock(&d->lock);
    if (ex->line)
        owe(d, ex->line, false);
    if (ex->refused)
        return queue_refusal(ex);
    d->handled = true;
    d->config.handle(d->config.arg, ex);
    return answer_or_wait(ex);
}

/* MHD calls this with the headers (no context yet), with each piece of the
 * body, at the request's end, and once more after every resume. */
static enum MHD_Result on_access(void *cls, struct MHD_Connection *conn,
                                 const char *url, const char *method,
                                 const char *version, const char *data,
                                 size_t *size, void **context)
{
    struct zapi_exchange *ex = *context;
    (void)version;
    ((struct zapi_door *)cls)->moved = true;
    if (!ex) {
        ex = *context = exchange_new(cls, conn, url, method);
        return ex ? headers_read(ex) : MHD_NO;
    }
    if (*size > 0) {
        size_t n = *size;
        *size = 0;
        return body_piece(ex, data, n);
    }
    return ex->handed ? answer_or_wait(ex) : whole_request(ex);
}

/* The request is over. `early`: before on_access, and its client did not go
 * away: MHD itself has refused it, as its headers are no HTTP, or too large. */
static void line_idle(struct zapi_door *d, struct MHD_Connection *conn,
                      bool early)
{
    struct line *l = line_of(conn);
    char remote[ZAPI_PEER_TEXT];
    if (!l)
        return;
    if (early && !l->cut) {
        line_remote(d, l, remote);
        log_refused(d, 431, remote, "headers too large, or no HTTP");
    }
    l->ex = NULL;
    enter_phase(d, l, LINE_QUIET,
                d->config.idle_timeout + d->config.header_timeout);
}

/* The answer is out, or the connection broke: MHD forgets the request. */
static void on_completed(void *cls, struct MHD_Connection *conn, void **context,
                         enum MHD_RequestTerminationCode why)
{
    struct zapi_door *d = cls;
    struct zapi_exchange *ex = *context;
    d->moved = true;
    line_idle(d, conn,
              !ex && (why == MHD_REQUEST_TERMINATED_COMPLETED_OK ||
                      why == MHD_REQUEST_TERMINATED_WITH_ERROR));
    if (!ex)
        return;
    *context = NULL;
    if (ex->counted)
        zapi_peers_leave(d->peers, ex->remote);
    if (ex->stream)
        watch_client(ex, EPOLL_CTL_DEL);
    pthread_mutex_lock(&d->lock);
    ex->gone = true;
    list_remove(ex->stream ? &d->streams : &d->waiting, ex);
    bool owner = --ex->refs > 0;
    if (owner && ex->stream && ex->stream->wake)
        ex->stream->wake(ex->stream->arg);
    if (ex->handed && !ex->refused)
        d->in_flight--;
    pthread_mutex_unlock(&d->lock);
    if (!owner)
        exchange_free(ex);
}

static void on_log(void *cls, const char *fmt, va_list ap)
{
    struct zapi_door *d = cls;
    char text[256];
    if (!zapi_log_enabled(ZAPI_LOG_DEBUG))
        return;
    vsnprintf(text, sizeof text, fmt, ap);
    text[strcspn(text, "\n")] = '\0';
    zapi_debug("%s: %s", d->label ? d->label : "door", text);
}

/* ---- the thread ---- */

/* Answers 503 to `ex` in the owner's place; its own answer will be dropped. */
static void answer_late(struct zapi_exchange *ex)
{
    if (ex->answered)
        return;
    ex->answered = true;
    ex->status = 503;
    ex->response = ex->door->empty;
    make_ready(ex);
}

/* Deadlines of suspended requests. Returns seconds until the next one. */
static double expire(struct zapi_door *d)
{
    double now = now_mono(), next = 60;
    unsigned late = 0;
    if (d->config.reply_timeout < 0)
        return next;
    pthread_mutex_lock(&d->lock);
    struct zapi_exchange *ex = d->waiting.head;
    for (; ex && ex->deadline <= now; ex = ex->next) {
        late += !ex->answered;
        answer_late(ex);
    }
    if (ex)
        next = ex->deadline - now;
    pthread_mutex_unlock(&d->lock);
    if (late > 0)
        count_refusals(d, 503, late);
    if (late > 0)
        zapi_warn("%s: answered 503 to %u that waited too long", d->label,
                  late);
    return next;
}

static void quiesce_now(struct zapi_door *d)
{
    MHD_quiesce_daemon(d->mhd);
    pthread_mutex_lock(&d->lock);
    close(d->listen_fd);
    d->listen_fd = -1;
    d->quiesced = true;
    pthread_mutex_unlock(&d->lock);
}

/* Lines on which nothing comes: their client opens another one, elsewhere. */
static void hang_up(struct zapi_door *d)
{
    pthread_mutex_lock(&d->lock);
    bool wanted = d->hung_up_at > 0;
    pthread_mutex_unlock(&d->lock);
    for (struct line *l = wanted ? d->lines : NULL; l; l = l->next) {
        int unread = 0;
        if (l->phase == LINE_QUIET && !l->owed && !l->cut &&
            ioctl(l->fd, FIONREAD, &unread) == 0 && unread == 0)
            cut(l);
    }
}

static void end_all(struct zapi_door *d)
{
    for (struct zapi_exchange *ex = d->waiting.head; ex; ex = ex->next)
        answer_late(ex);
    for (struct zapi_exchange *ex = d->streams.head; ex; ex = ex->next) {
        if (!ex->stream->ended)
            ex->stream->broken = true; /* its owner had more to say */
        ex->stream->ended = true;
        make_ready(ex);
    }
}

/* One step of stopping; true when nothing is owed to anybody any more. */
static bool stop_step(struct zapi_door *d)
{
    pthread_mutex_lock(&d->lock);
    double now = now_mono();
    if (d->stop_at == 0)
        d->stop_at = now + STOP_TIMEOUT;
    end_all(d);
    d->closing = now >= d->stop_at;
    bool over = d->in_flight == 0 || d->closing;
    pthread_mutex_unlock(&d->lock);
    return over;
}

/* The client of an idle stream hung up: MHD does not watch it meanwhile. */
static void client_hung(struct zapi_exchange *ex)
{
    struct zapi_door *d = ex->door;
    pthread_mutex_lock(&d->lock);
    ex->stream->hung = true;
    if (ex->stream->wake)
        ex->stream->wake(ex->stream->arg);
    make_ready(ex);
    pthread_mutex_unlock(&d->lock);
}

/* Milliseconds before MHD is run again that wants to be run at once. It does so
 * as long as a handshake waits for its client, and a handful of clients that
 * send half a hello would keep a processor busy. What comes from a socket ends
 * the pause; what MHD or GnuTLS have read already does not, so that it is short
 * where something is under way, and there is none after a turn that led on. */
static int pause_for_handshakes(const struct zapi_door *d)
{
    if (d->nshaking == 0 || d->moved)
        return 0;
    for (const struct line *l = d->lines; l; l = l->next)
        if (l->phase == LINE_HEADERS || l->phase == LINE_BODY ||
            l->phase == LINE_ANSWER)
            return 1;
    return HANDSHAKE_PAUSE;
}

static void wait_for_work(struct zapi_door *d, double seconds)
{
    struct epoll_event events[16];
    MHD_UNSIGNED_LONG_LONG ms;
    int timeout = d->again ? 0 : (int)(seconds * 1000) + 1;
    d->again = false;
    if (MHD_get_timeout(d->mhd, &ms) == MHD_YES && ms < (unsigned)timeout) {
        int pause = ms == 0 ? pause_for_handshakes(d) : (int)ms;
        timeout = pause < timeout ? pause : timeout;
    }
    d->moved = false;
    int n = epoll_wait(d->poll_fd, events, 16, timeout);
    for (int i = 0; i < n; i++)
        if (events[i].data.ptr)
            client_hung(events[i].data.ptr);
}

/* Flags that other threads set, read under the lock. */
static bool asked(struct zapi_door *d, const bool *flag)
{
    pthread_mutex_lock(&d->lock);
    bool set = *flag;
    pthread_mutex_unlock(&d->lock);
    return set;
}

/* Returns seconds until the files of the certificate are to be looked at. */
static double look_at_tls(struct zapi_door *d)
{
    pthread_mutex_lock(&d->lock);
    bool at_once = d->renew;
    d->renew = false;
    pthread_mutex_unlock(&d->lock);
    return zapi_tls_look(d->tls, d->now, at_once);
}

static void end_turn(struct zapi_door *d)
{
    if (d->handled && d->config.turn)
        d->config.turn(d->config.arg);
    d->handled = false;
}

static void *door_main(void *arg)
{
    struct zapi_door *d = arg;
    zapi_tls_serve(d->tls, on_handshake, d);
    for (;;) {
        d->now = now_mono();
        resume_ready(d);
        MHD_run(d->mhd);
        end_turn(d);
        double seconds = expire(d), until = cut_all_late(d);
        seconds = until < seconds ? until : seconds;
        if (d->tls && (until = look_at_tls(d)) < seconds)
            seconds = until;
        if (!d->quiesced && asked(d, &d->quiesce))
            quiesce_now(d);
        hang_up(d);
        if (asked(d, &d->stopping)) {
            if (stop_step(d))
                break;
            seconds = seconds < 0.05 ? seconds : 0.05;
        }
        wait_for_work(d, seconds);
    }
    resume_ready(d);
    MHD_stop_daemon(d->mhd);
    return NULL;
}

/* Signals belong to the program's own threads. */
static bool start_thread(struct zapi_door *d)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(&d->thread, NULL, door_main, d);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return rc == 0;
}

/* ---- start and stop ---- */

static void set_config(struct zapi_door *d, const struct zapi_door_config *c)
{
    d->config = *c;
    d->config.listen = d->config.label = NULL; /* borrowed: not kept */
    d->config.trusted_proxies = NULL;
    d->label = strdup(c->label ? c->label : "http");
    if (c->max_body == 0)
        d->config.max_body = MAX_BODY;
    if (c->connections == 0)
        d->config.connections = CONNECTIONS;
    if (c->idle_timeout == 0)
        d->config.idle_timeout = IDLE_TIMEOUT;
    if (c->reply_timeout == 0)
        d->config.reply_timeout = REPLY_TIMEOUT;
    if (c->header_timeout <= 0)
        d->config.header_timeout = HEADER_TIMEOUT;
    if (c->body_timeout <= 0)
        d->config.body_timeout = BODY_TIMEOUT;
}

static bool start_mhd(struct zapi_door *d)
{
    d->mhd = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
            (d->tls ? MHD_USE_TLS : 0),
        0, NULL, NULL, on_access, d, MHD_OPTION_EXTERNAL_LOGGER, on_log, d,
        MHD_OPTION_LISTEN_SOCKET, d->listen_fd, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, d, MHD_OPTION_NOTIFY_CONNECTION, on_connection, d,
        MHD_OPTION_URI_LOG_CALLBACK, on_uri, d, MHD_OPTION_UNESCAPE_CALLBACK,
        on_unescape, d, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_LIMIT,
        d->config.connections, MHD_OPTION_CONNECTION_TIMEOUT,
        d->config.idle_timeout,
        /* the rest is not read without TLS */
        d->tls ? MHD_OPTION_HTTPS_PRIORITIES : MHD_OPTION_END,
        ZAPI_TLS_PRIORITIES, MHD_OPTION_HTTPS_CERT_CALLBACK2,
        zapi_tls_retrieve(), MHD_OPTION_END);
    if (!d->mhd)
        return false;
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(d->mhd, MHD_DAEMON_INFO_EPOLL_FD);
    struct epoll_event in = {.events = EPOLLIN};
    return info &&
           epoll_ctl(d->poll_fd, EPOLL_CTL_ADD, info->epoll_fd, &in) == 0;
}

static bool start_all(struct zapi_door *d)
{
    struct epoll_event in = {.events = EPOLLIN};
    d->empty = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    d->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    d->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!d->label || !d->empty || d->poll_fd < 0 || d->kick_fd < 0 ||
        epoll_ctl(d->poll_fd, EPOLL_CTL_ADD, d->kick_fd, &in) != 0)
        return false;
    if (start_mhd(d) && start_thread(d))
        return true;
    if (d->mhd)
        MHD_stop_daemon(d->mhd), d->listen_fd = -1; /* it closed the socket */
    return false;
}

static struct zapi_peers *peers_new(const struct zapi_door_config *config,
                                    struct zapi_error *error)
{
    struct zapi_peers_config c = {.trusted = config->trusted_proxies,
                                  .connections = config->per_address,
                                  .mistakes = config->mistakes};
    return zapi_peers_new(&c, error);
}

struct zapi_door *zapi_door_start(const struct zapi_door_config *config,
                                  struct zapi_error *error)
{
    struct zapi_peers *peers = peers_new(config, error);
    int fd = config->listen_fd;
    if (peers && fd < 0)
        fd = zapi_listen(config->listen, error);
    struct zapi_door *d = peers && fd >= 0 ? calloc(1, sizeof *d) : NULL;
    if (!d) {
        if (peers && fd >= 0)
            zapi_error_set(error, ZAPI_E_NO_MEMORY, "no memory for a listener");
        if (fd >= 0)
            close(fd);
        zapi_peers_delete(peers);
        zapi_tls_delete(config->tls);
        return NULL;
    }
    d->peers = peers;
    d->tls = config->tls;
    atomic_init(&d->refs, 1);
    pthread_mutex_init(&d->lock, NULL);
    d->listen_fd = fd;
    d->poll_fd = d->kick_fd = -1;
    set_config(d, config);
    zapi_listen_name(fd, d->address, sizeof d->address);
    if (!start_all(d)) {
        zapi_error_set(error, ZAPI_E_IO, "cannot serve on %s: %s", d->address,
                       strerror(errno));
        door_unref(d);
        return NULL;
    }
    zapi_info("listening %s (%s)", d->address, d->label);
    return d;
}

const char *zapi_door_address(const struct zapi_door *door)
{
    return door->address;
}

void zapi_door_renew(struct zapi_door *d)
{
    pthread_mutex_lock(&d->lock);
    d->renew = true;
    kick(d);
    pthread_mutex_unlock(&d->lock);
}

void zapi_door_quiesce(struct zapi_door *d)
{
    pthread_mutex_lock(&d->lock);
    if (!d->quiesce)
        d->quiesced_at = now_mono();
    d->quiesce = true;
    atomic_store(&d->draining, d->config.patient);
    kick(d);
    pthread_mutex_unlock(&d->lock);
}

void zapi_door_hang_up(struct zapi_door *d)
{
    pthread_mutex_lock(&d->lock);
    if (d->hung_up_at == 0)
        d->hung_up_at = now_mono();
    kick(d);
    pthread_mutex_unlock(&d->lock);
}

size_t zapi_door_in_flight(struct zapi_door *d)
{
    pthread_mutex_lock(&d->lock);
    size_t n = d->in_flight;
    if (d->hung_up_at > 0 && now_mono() < d->hung_up_at + PATIENCE)
        n += atomic_load(&d->nlines);
    bool lets_in = d->quiesce && !d->quiesced; /* its thread has not seen it */
    bool waits = d->quiesce && d->config.patient &&
                 now_mono() < d->quiesced_at + PATIENCE;
    pthread_mutex_unlock(&d->lock);
    return n + lets_in + (waits ? atomic_load(&d->owed) : 0);
}

size_t zapi_door_refused(struct zapi_door *d)
{
    return atomic_load(&d->refused);
}

void zapi_door_stop(struct zapi_door *d)
{
    if (!d)
        return;
    pthread_mutex_lock(&d->lock);
    d->quiesce = d->stopping = true;
    kick(d);
    pthread_mutex_unlock(&d->lock);
    pthread_join(d->thread, NULL);
    door_unref(d);
}

/* ---- reading an exchange ---- */

const char *zapi_exchange_method(const struct zapi_exchange *ex)
{
    return ex->method;
}

const char *zapi_exchange_path(const struct zapi_exchange *ex)
{
    return ex->path;
}

const char *zapi_exchange_header(const struct zapi_exchange *ex,
                                 const char *name)
{
    for (size_t i = 0; i < ex->nheaders; i++)
        if (strcasecmp(ex->headers[i].name, name) == 0)
            return ex->headers[i].value;
    return NULL;
}

/* Some proxies append to the header, others add one more of it: all of them as
 * one list. Of what is too long the end counts, as it was written last. */
static const char *forwarded_for(const struct zapi_exchange *ex, char *out,
                                 size_t room)
{
    char *at = out + room;
    *--at = '\0';
    for (size_t i = ex->nheaders; i > 0; i--) {
        const struct pair *h = &ex->headers[i - 1];
        size_t n = strlen(h->value);
        if (strcasecmp(h->name, "X-Forwarded-For") != 0)
            continue;
        if ((size_t)(at - out) < n + 1)
            break;
        at -= n;
        memcpy(at, h->value, n);
        *--at = ',';
    }
    return *at ? at + 1 : NULL;
}

const char *zapi_exchange_remote(struct zapi_exchange *ex)
{
    char hops[1024];
    if (!ex->remote[0])
        zapi_peers_origin(ex->door->peers, (struct sockaddr *)&ex->peer,
                          forwarded_for(ex, hops, sizeof hops), ex->remote);
    return ex->remote;
}

void zapi_exchange_reason(struct zapi_exchange *ex, const char *reason)
{
    ex->reason = reason;
}

void zapi_exchange_headers(const struct zapi_exchange *ex,
                           zapi_exchange_visit *visit, void *arg)
{
    for (size_t i = 0; i < ex->nheaders; i++)
        visit(arg, ex->headers[i].name, ex->headers[i].value);
}

void zapi_exchange_query(const struct zapi_exchange *ex,
                         zapi_exchange_visit *visit, void *arg)
{
    for (size_t i = 0; i < ex->nquery; i++)
        visit(arg, ex->query[i].name, ex->query[i].value);
}

const char *zapi_exchange_body(const struct zapi_exchange *ex, size_t *len)
{
    if (len)
        *len = ex->body.len;
    return zapi_buf_str(&ex->body);
}

char *zapi_exchange_take_body(struct zapi_exchange *ex, size_t *len)
{
    return zapi_buf_take(&ex->body, len);
}

void zapi_exchange_patience(struct zapi_exchange *ex, double seconds)
{
    ex->patience = seconds;
}

void zapi_exchange_set_data(struct zapi_exchange *ex, void *data)
{
    ex->data = data;
}

void *zapi_exchange_data(const struct zapi_exchange *ex)
{
    return ex->data;
}

/* ---- answering ---- */

/* Under the lock: takes `r` unless the door or the client was faster. */
static bool give_answer(struct zapi_exchange *ex, int status,
                        struct MHD_Response *r)
{
    if (ex->gone || ex->answered)
        return false;
    ex->answered = true;
    ex->status = r ? status : 500;
    ex->response = r ? r : ex->door->empty;
    make_ready(ex);
    return true;
}

void zapi_exchange_respond(struct zapi_exchange *ex, int status,
                           const char *const *headers, const char *body,
                           size_t len)
{
    struct zapi_door *d = ex->door;
    if (status < 200 || status > 599)
        status = 500;
    struct MHD_Response *r = make_response(d, status, headers, body, len);
    pthread_mutex_lock(&d->lock);
    bool taken = give_answer(ex, status, r);
    ex->answer_len = len;
    bool last = --ex->refs == 0;
    pthread_mutex_unlock(&d->lock);
    if (!taken)
        drop_response(d, r);
    if (last)
        exchange_free(ex);
}

void zapi_exchange_refuse(struct zapi_exchange *ex, int status,
                          const char *const *headers, const char *reason)
{
    if (guesses(ex, status)) {
        status = 429;
        reason = "too many wrong secrets from this address";
    }
    log_refusal(ex, status, reason);
    zapi_exchange_respond(ex, status, headers, reason, strlen(reason));
}

/* ---- streams ---- */

/* Under the lock: moves queued bytes out; wakes who waits for room. */
static size_t stream_pull(struct stream *s, char *to, size_t max)
{
    size_t n = s->queue.len - s->head;
    if (n > max)
        n = max;
    memcpy(to, s->queue.data + s->head, n);
    s->head += n;
    if (s->head == s->queue.len) {
        zapi_buf_reset(&s->queue);
        s->head = 0;
    }
    if (s->full && s->queue.len - s->head <= STREAM_QUEUE / 2) {
        s->full = false;
        if (s->wake)
            s->wake(s->arg);
    }
    return n;
}

static ssize_t on_stream_read(void *cls, uint64_t pos, char *to, size_t max)
{
    struct zapi_exchange *ex = cls;
    struct zapi_door *d = ex->door;
    struct stream *s = ex->stream;
    ssize_t n = 0;

    (void)pos;
    d->moved = true;
    pthread_mutex_lock(&d->lock);
    if (s->hung || d->closing)
        n = MHD_CONTENT_READER_END_WITH_ERROR;
    else if (s->queue.len > s->head)
        n = (ssize_t)stream_pull(s, to, max);
    else if (s->ended)
        n = s->broken ? MHD_CONTENT_READER_END_WITH_ERROR
                      : MHD_CONTENT_READER_END_OF_STREAM;
    else
        suspend(ex);
    pthread_mutex_unlock(&d->lock);
    return n;
}

static struct stream *stream_new(zapi_stream_wake *wake, void *arg)
{
    struct stream *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    zapi_buf_init(&s->queue, SIZE_MAX / 4);
    s->wake = wake;
    s->arg = arg;
    return s;
}

void zapi_stream_begin(struct zapi_exchange *ex, int status,
                       const char *const *headers, zapi_stream_wake *wake,
                       void *arg)
{
    struct zapi_door *d = ex->door;
    struct stream *s = stream_new(wake, arg);
    struct MHD_Response *r = NULL;
    if (s)
        r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16 * 1024,
                                              on_stream_read, ex, NULL);
    if (r)
        add_headers(r, headers);
    pthread_mutex_lock(&d->lock);
    bool taken = give_answer(ex, status, r);
    if (taken && r) {
        list_remove(&d->waiting, ex);
        ex->stream = s;
        list_add(&d->streams, ex);
        s = NULL;
    }
    pthread_mutex_unlock(&d->lock);
    if (!taken)
        drop_response(d, r);
    free(s);
}

/* Under the lock. */
static bool stream_dead(const struct zapi_exchange *ex)
{
    const struct stream *s = ex->stream;
    return !s || ex->gone || s->hung || s->ended;
}

/* Under the lock: a client that is always a little behind would make the
 * queue grow for ever at its front. */
static void stream_compact(struct stream *s)
{
    if (s->head < STREAM_QUEUE)
        return;
    s->queue.len -= s->head;
    memmove(s->queue.data, s->queue.data + s->head, s->queue.len);
    s->head = 0;
}

long zapi_stream_write(struct zapi_exchange *ex, const char *p, size_t n)
{
    struct zapi_door *d = ex->door;
    struct stream *s = ex->stream;
    long written = -1;

    pthread_mutex_lock(&d->lock);
    if (stream_dead(ex))
        goto out;
    stream_compact(s);
    size_t queued = s->queue.len - s->head;
    if (queued > 0 && queued + n > STREAM_QUEUE) {
        s->full = true;
        written = 0;
    } else if (zapi_buf_add(&s->queue, p, n)) {
        written = (long)n;
        make_ready(ex);
    }
out:
    pthread_mutex_unlock(&d->lock);
    return written;
}

void zapi_stream_end(struct zapi_exchange *ex, bool whole)
{
    struct zapi_door *d = ex->door;
    pthread_mutex_lock(&d->lock);
    if (ex->stream) {
        if (!ex->stream->ended) /* else stop was faster */
            ex->stream->broken = !whole;
        ex->stream->ended = true;
        ex->stream->wake = NULL;
        if (!ex->gone)
            make_ready(ex);
    }
    bool last = --ex->refs == 0;
    pthread_mutex_unlock(&d->lock);
    if (last)
        exchange_free(ex);
}
