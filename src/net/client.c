/* SPDX-License-Identifier: MIT
 *
 * The HTTP client: libcurl's multi interface on a libuv loop. The only file
 * that knows libcurl.
 *
 * Three things are kept apart: a *call* (what the user asked for and will be
 * told), a *handle* (a pooled curl easy handle, held only while a call is
 * running) and a *slot* (what our own epoll set knows of a socket). One
 * uv_poll watches that set: one uv_poll per socket costs a third of the
 * throughput, because libcurl drops and takes up its interest in a socket with
 * every transfer.
 *
 * The user's callback runs only from `tell`, after libcurl has returned, so it
 * may start, cancel and delete at will. All memory is freed in uv's close
 * callbacks at the earliest. Start reading at zapi_http_start, then launch,
 * on_ready, tell, conclude.
 */
#include "net/client.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/clock.h"
#include "base/redact.h"
#include "net/address.h"

#define DEFAULT_TIMEOUT   30.0
#define DEFAULT_CONNECT   10.0
#define DEFAULT_MAX_REPLY ((size_t)16 << 20)
#define DEFAULT_IN_FLIGHT 256u
#define DEFAULT_PER_HOST  64u
#define MAX_HEADERS       ((size_t)256 << 10)
#define LONGEST_TIMEOUT   1e6 /* seconds */
#define KEEP_BUFFER       ((size_t)64 << 10)
#define SPARE_CALLS       256u
#define EVENTS_PER_TURN   64
#define MESSAGES_PER_TURN 256

struct link {
    struct link *prev, *next;
};

/* What the epoll set has (`known`) and what libcurl wants, as EPOLLIN|OUT. */
struct slot {
    uint8_t known, wanted;
    bool ours; /* we shall be told when it is closed */
};

struct handle {
    CURL *easy;
    struct zapi_http *http;
    struct zapi_http_call *call; /* NULL while pooled */
    struct handle *next;         /* in the pool */
    struct curl_slist *headers;  /* kept for the next call: mostly the same */
    curl_mime *form;
    CURLU *url;      /* parsed here: libcurl would parse it, write it and
                            copy it anew for every call */
    char *url_text;  /* what `url` and CURLOPT_URL are set to, or NULL */
    char method[16]; /* the CUSTOMREQUEST that is set, "" when none */
    bool has_body;   /* how `headers` was built */
    bool special;    /* options are set that the next call must not inherit */
    char why[CURL_ERROR_SIZE];
};

enum call_state { CALL_SPARE, CALL_QUEUED, CALL_RUNNING, CALL_TOLD };

struct zapi_http_call {
    struct link link; /* first: in running, queue or spare */
    struct zapi_http *http;
    struct handle *handle;               /* while running */
    const struct zapi_http_request *req; /* the user's, or `copy` */
    struct zapi_http_request *copy;      /* owned */
    zapi_http_done *done;
    void *arg;
    enum call_state state;
    uint64_t serial; /* tells one use of this memory from the next */
    uint64_t begun;
    uv_timer_t timer;
    struct zapi_clock_waiter patience;
    struct zapi_http_reply reply;
    size_t received, max;
    long answered; /* bytes of requests that were answered (redirects) */
    enum zapi_error_kind cause; /* why one of our callbacks stopped it */
    int os_error;               /* for ZAPI_E_IO */
    int in, out;                /* send_path, the partial of save_path */
    char *partial;              /* owned name of the partial file */
};

struct zapi_http {
    uv_loop_t *loop;
    CURLM *multi;
    int epoll;
    uv_poll_t poll;
    uv_timer_t timer; /* libcurl's */
    uv_timer_t wake;  /* 0 ms: there is something to tell or to launch */
    bool due;         /* libcurl wants to be called at once */
    bool driving;     /* inside libcurl */
    bool telling;     /* reading its messages */
    bool closing;
    unsigned open; /* uv handles not yet closed */
    struct slot *slots;
    size_t slot_count;
    struct link running, queue, spare;
    unsigned running_count, queue_count, spare_count, in_flight, handles;
    struct handle *pool;
    uint64_t serial;
    char *ca_file, *user_agent, *no_proxy;
    bool guard_pipe; /* SIGPIPE would end the process, and TLS is in use */
};

/* ---- small parts ---- */

static void list_init(struct link *l)
{
    l->prev = l->next = l;
}

static void list_append(struct link *list, struct link *l)
{
    l->prev = list->prev;
    l->next = list;
    list->prev->next = l;
    list->prev = l;
}

static void list_remove(struct link *l)
{
    l->prev->next = l->next;
    l->next->prev = l->prev;
    list_init(l);
}

static struct zapi_http_call *list_first(const struct link *list)
{
    return list->next == list ? NULL : (struct zapi_http_call *)list->next;
}

/* OpenSSL writes without MSG_NOSIGNAL. A library must not change how the
 * program takes SIGPIPE, so it is held back on this thread while libcurl runs,
 * and one that came is swallowed. Only when TLS is used and nobody ignores it
 * already. */
struct pipe_guard {
    bool held, was_pending;
    sigset_t old;
};

static void guard_begin(const struct zapi_http *h, struct pipe_guard *g)
{
    sigset_t set;

    g->held = h->guard_pipe;
    if (!g->held)
        return;
    sigpending(&set);
    g->was_pending = sigismember(&set, SIGPIPE) == 1;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, &g->old);
}

static void guard_end(const struct pipe_guard *g)
{
    static const struct timespec now = {0, 0};
    sigset_t set;

    if (!g->held)
        return;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    if (!g->was_pending)
        while (sigtimedwait(&set, NULL, &now) < 0 && errno == EINTR)
            ;
    pthread_sigmask(SIG_SETMASK, &g->old, NULL);
}

static void on_wake(uv_timer_t *timer);

static void wake(struct zapi_http *h)
{
    uv_timer_start(&h->wake, on_wake, 0, 0);
}

static long request_bytes(const struct handle *hd)
{
    long n = 0;

    curl_easy_getinfo(hd->easy, CURLINFO_REQUEST_SIZE, &n);
    return n;
}

/* "host:port" of where the call is now (a redirect may have moved it), by the
 * same parser that libcurl connects with. */
static void where(const struct zapi_http_call *call, char *out, size_t room)
{
    char *url = NULL, *host = NULL, *port = NULL;
    CURLU *u = curl_url();

    if (call->handle)
        curl_easy_getinfo(call->handle->easy, CURLINFO_EFFECTIVE_URL, &url);
    snprintf(out, room, "the server");
    if (u && !curl_url_set(u, CURLUPART_URL, url ? url : call->req->url, 0) &&
        !curl_url_get(u, CURLUPART_HOST, &host, 0) &&
        !curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT))
        snprintf(out, room, "%s:%s", host, port);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(u);
}

/* ---- our epoll set ---- */

static struct slot *slot_of(struct zapi_http *h, int fd)
{
    size_t n = (size_t)fd + 1, count = h->slot_count;
    struct slot *slots;

    if (n <= count)
        return &h->slots[fd];
    while (count < n)
        count = count ? count * 2 : 64;
    slots = realloc(h->slots, count * sizeof *slots);
    if (!slots)
        return NULL;
    memset(slots + h->slot_count, 0, (count - h->slot_count) * sizeof *slots);
    h->slots = slots;
    h->slot_count = count;
    return &slots[fd];
}

static void forget(struct zapi_http *h, int fd)
{
    if (h->slots[fd].known)
        epoll_ctl(h->epoll, EPOLL_CTL_DEL, fd, NULL);
    h->slots[fd].known = 0;
}

static int watch(struct zapi_http *h, int fd, struct slot *slot)
{
    struct epoll_event ev = {.events = slot->wanted, .data.fd = fd};
    int op = slot->known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

    if (slot->known == slot->wanted)
        return 0;
    if (epoll_ctl(h->epoll, op, fd, &ev) != 0)
        return -1;
    slot->known = slot->wanted;
    return 0;
}

/* libcurl says REMOVE after every transfer. For sockets whose closing we hear
 * of, that is ignored until they report something nobody wants; the others
 * (its resolver's) would leave an entry behind for the next socket with the
 * same number, whose call would then hang. */
static int on_interest(CURL *easy, curl_socket_t fd, int what, void *arg,
                       void *unused)
{
    static const uint8_t wants[] = {[CURL_POLL_IN] = EPOLLIN,
                                    [CURL_POLL_OUT] = EPOLLOUT,
                                    [CURL_POLL_INOUT] = EPOLLIN | EPOLLOUT};
    struct zapi_http *h = arg;
    struct slot *slot = slot_of(h, fd);

    (void)easy;
    (void)unused;
    if (!slot)
        return -1;
    if (what == CURL_POLL_REMOVE) {
        slot->wanted = 0;
        if (!slot->ours)
            forget(h, fd);
        return 0;
    }
    slot->wanted = wants[what];
    return watch(h, fd, slot);
}

static bool is_excepted(const struct zapi_http_call *call)
{
    char host[300];

    if (!call->req->public_except)
        return false;
    where(call, host, sizeof host);
    return strcasecmp(host, call->req->public_except) == 0;
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose,
                               struct curl_sockaddr *to)
{
    struct handle *hd = arg;
    struct zapi_http_call *call = hd->call;
    struct slot *slot;
    int fd;

    (void)purpose;
    if (call->req->public_only && !zapi_address_public(&to->addr) &&
        !is_excepted(call)) {
        call->cause = ZAPI_E_NET_FORBIDDEN_ADDRESS;
        return CURL_SOCKET_BAD;
    }
    fd = socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    slot = slot_of(hd->http, fd);
    if (!slot) {
        close(fd);
        return CURL_SOCKET_BAD;
    }
    *slot = (struct slot){.ours = true};
    return fd;
}

static int on_socket_close(void *arg, curl_socket_t fd)
{
    struct zapi_http *h = arg;
    struct slot *slot = slot_of(h, fd);

    if (slot) {
        forget(h, fd);
        *slot = (struct slot){.known = 0};
    }
    return close(fd);
}

/* ---- callbacks of a transfer ---- */

/* Just before a request is written, on a new or re-used connection.
 *
 * libcurl repeats a request by itself when a re-used connection dies without a
 * byte of reply, even a POST. It comes by here again then, and bytes were
 * written that no status line has answered: that is the moment to stop it. A
 * re-used connection is also one whose address on_socket has not seen. */
static int on_request(void *arg, char *ip, char *local_ip, int port,
                      int local_port)
{
    struct handle *hd = arg;
    struct zapi_http_call *call = hd->call;

    (void)local_ip;
    (void)port;
    (void)local_port;
    call->cause = ZAPI_E_NONE;
    if (call->req->public_only && !zapi_address_public_text(ip) &&
        !is_excepted(call))
        call->cause = ZAPI_E_NET_FORBIDDEN_ADDRESS;
    else if (!call->req->repeatable && request_bytes(hd) > call->answered)
        call->cause = ZAPI_E_NET_RESET;
    return call->cause ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static int status_of(const char *line, size_t len)
{
    const char *p = memchr(line, ' ', len);
    int status = 0;

    for (p = p ? p + 1 : line + len; p < line + len && *p >= '0' && *p <= '9';)
        status = status * 10 + (*p++ - '0');
    return status;
}

static size_t on_header(char *line, size_t size, size_t n, void *arg)
{
    struct handle *hd = arg;
    struct zapi_http_call *call = hd->call;

    if (n > 5 && memcmp(line, "HTTP/", 5) == 0) {
        call->answered = request_bytes(hd);
        call->reply.status = status_of(line, n);
        zapi_buf_reset(&call->reply.headers);
        return size * n;
    }
    if (zapi_http_header_add(&call->reply.headers, line, n))
        return size * n;
    call->cause = ZAPI_E_NET_TOO_LARGE;
    return 0;
}

static bool to_file(const struct zapi_http_call *call)
{
    return call->req->save_path && call->reply.status >= 200 &&
           call->reply.status < 300;
}

static bool io_failed(struct zapi_http_call *call)
{
    call->os_error = errno;
    call->cause = ZAPI_E_IO;
    return false;
}

/* Beside its final name, so that the rename stays on one file system. */
static bool open_partial(struct zapi_http_call *call)
{
    size_t room = strlen(call->req->save_path) + 64;

    if (call->out >= 0)
        return true;
    call->partial = malloc(room);
    if (!call->partial)
        return io_failed(call);
    snprintf(call->partial, room, "%s.%ld-%llu.part", call->req->save_path,
             (long)getpid(), (unsigned long long)call->serial);
    call->out =
        open(call->partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (call->out >= 0)
        return true;
    io_failed(call);
    free(call->partial); /* not ours: it must not be removed */
    call->partial = NULL;
    return false;
}

static bool save(struct zapi_http_call *call, const char *p, size_t n)
{
    ssize_t written;

    if (!open_partial(call))
        return false;
    for (; n > 0; p += written, n -= (size_t)written) {
        written = write(call->out, p, n);
        if (written < 0 && errno == EINTR)
            written = 0;
        if (written < 0)
            return io_failed(call);
    }
    return true;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    struct zapi_http_call *call = ((struct handle *)arg)->call;
    bool ok;

    n *= size;
    if (n > call->max - call->received) {
        call->cause = ZAPI_E_NET_TOO_LARGE;
        return CURL_WRITEFUNC_ERROR;
    }
    call->received += n;
    ok = to_file(call) ? save(call, p, n)
                       : zapi_buf_add(&call->reply.body, p, n);
    if (ok)
        return n;
    if (!call->cause)
        call->cause = ZAPI_E_NO_MEMORY;
    return CURL_WRITEFUNC_ERROR;
}

static size_t on_read(char *p, size_t size, size_t n, void *arg)
{
    struct zapi_http_call *call = ((struct handle *)arg)->call;
    ssize_t got;

    do
        got = read(call->in, p, size * n);
    while (got < 0 && errno == EINTR);
    if (got >= 0)
        return (size_t)got;
    io_failed(call);
    return CURL_READFUNC_ABORT;
}

static int on_seek(void *arg, curl_off_t offset, int origin)
{
    struct zapi_http_call *call = ((struct handle *)arg)->call;

    return lseek(call->in, (off_t)offset, origin) < 0 ? CURL_SEEKFUNC_FAIL
                                                      : CURL_SEEKFUNC_OK;
}

/* ---- handles ---- */

static unsigned set_callbacks(struct handle *hd)
{
    CURL *e = hd->easy;
    unsigned bad = 0;

    bad |= curl_easy_setopt(e, CURLOPT_PRIVATE, hd);
    bad |= curl_easy_setopt(e, CURLOPT_ERRORBUFFER, hd->why);
    bad |= curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    bad |= curl_easy_setopt(e, CURLOPT_WRITEDATA, hd);
    bad |= curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    bad |= curl_easy_setopt(e, CURLOPT_HEADERDATA, hd);
    bad |= curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_request);
    bad |= curl_easy_setopt(e, CURLOPT_PREREQDATA, hd);
    bad |= curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    bad |= curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, hd);
    bad |= curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, on_socket_close);
    bad |= curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, hd->http);
    return bad;
}

/* What is the same for every call. */
static unsigned set_base(struct handle *hd)
{
    struct zapi_http *h = hd->http;
    CURL *e = hd->easy;
    unsigned bad = set_callbacks(hd);

    bad |= curl_easy_setopt(e, CURLOPT_CURLU, hd->url);
    bad |= curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    bad |=
        curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    bad |= curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    bad |= curl_easy_setopt(e, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    bad |= curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "gzip");
    bad |= curl_easy_setopt(e, CURLOPT_USERAGENT, h->user_agent);
    bad |= curl_easy_setopt(e, CURLOPT_NOPROXY, h->no_proxy);
    bad |=
        curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    bad |= curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
                            (long)(DEFAULT_CONNECT * 1000));
    if (h->ca_file)
        bad |= curl_easy_setopt(e, CURLOPT_CAINFO, h->ca_file);
    return bad;
}

static void handle_free(struct handle *hd)
{
    if (!hd)
        return;
    curl_easy_cleanup(hd->easy);
    curl_mime_free(hd->form);
    curl_slist_free_all(hd->headers);
    curl_url_cleanup(hd->url);
    free(hd->url_text);
    free(hd);
}

static struct handle *handle_take(struct zapi_http *h)
{
    struct handle *hd = h->pool;

    if (hd) {
        h->pool = hd->next;
        return hd;
    }
    hd = calloc(1, sizeof *hd);
    if (!hd)
        return NULL;
    hd->http = h;
    hd->easy = curl_easy_init();
    hd->url = curl_url();
    if (!hd->easy || !hd->url || set_base(hd) != 0) {
        handle_free(hd);
        return NULL;
    }
    return hd;
}

/* Ordinary handles go back as they are: a reset costs a tenth of a call, and
 * `configure` sets whatever differs from call to call. */
static void handle_give(struct handle *hd)
{
    struct zapi_http *h = hd->http;

    hd->call = NULL;
    if (hd->special) {
        curl_easy_reset(hd->easy);
        curl_mime_free(hd->form);
        curl_slist_free_all(hd->headers);
        hd->form = NULL;
        hd->headers = NULL;
        hd->method[0] = '\0';
        free(hd->url_text);
        hd->url_text = NULL;
        hd->special = false;
        if (set_base(hd) != 0) {
            handle_free(hd);
            return;
        }
    }
    hd->next = h->pool;
    h->pool = hd;
}

/* ---- from a request to options ---- */

static bool has_type(const char *const *headers)
{
    for (; headers && *headers; headers++)
        if (strncasecmp(*headers, "Content-Type:", 13) == 0)
            return true;
    return false;
}

/* Our own first lines: no "Expect: 100-continue", no made-up content type. */
static bool headers_same(const struct handle *hd, const char *const *headers,
                         bool body)
{
    const struct curl_slist *l = hd->headers;

    if (!l || hd->has_body != body)
        return false;
    l = l->next;
    if (body && !has_type(headers)) {
        if (!l || strcmp(l->data, "Content-Type:") != 0)
            return false;
        l = l->next;
    }
    for (; headers && *headers && l; headers++, l = l->next)
        if (strcmp(l->data, *headers) != 0)
            return false;
    return !l && !(headers && *headers);
}

static bool add_line(struct curl_slist **list, const char *line)
{
    struct curl_slist *l = curl_slist_append(*list, line);

    if (l)
        *list = l;
    return l != NULL;
}

static unsigned set_headers(struct handle *hd,
                            const struct zapi_http_request *req, bool body)
{
    const char *const *line = req->headers;
    bool ok;

    if (headers_same(hd, req->headers, body))
        return 0;
    curl_slist_free_all(hd->headers);
    hd->headers = NULL;
    hd->has_body = body;
    ok = add_line(&hd->headers, "Expect:");
    if (body && !has_type(req->headers) && !req->parts)
        ok = ok && add_line(&hd->headers, "Content-Type:");
    for (; ok && line && *line; line++)
        ok = add_line(&hd->headers, *line);
    return ok ? curl_easy_setopt(hd->easy, CURLOPT_HTTPHEADER, hd->headers)
              : CURLE_OUT_OF_MEMORY;
}

static unsigned set_custom(struct handle *hd, const char *method)
{
    if (strcmp(hd->method, method) == 0)
        return 0;
    snprintf(hd->method, sizeof hd->method, "%s", method);
    return curl_easy_setopt(hd->easy, CURLOPT_CUSTOMREQUEST,
                            *method ? hd->method : NULL);
}

static unsigned add_part(curl_mime *form, const struct zapi_http_part *p)
{
    curl_mimepart *part = curl_mime_addpart(form);
    unsigned bad;

    if (!part)
        return CURLE_OUT_OF_MEMORY;
    bad = curl_mime_name(part, p->name);
    if (p->mime)
        bad |= curl_mime_type(part, p->mime);
    if (p->path)
        return bad | curl_mime_filedata(part, p->path);
    return bad | curl_mime_data(part, p->value ? p->value : "", p->value_len);
}

static unsigned set_form(struct handle *hd, struct zapi_http_call *call)
{
    const struct zapi_http_part *p = call->req->parts;

    hd->special = true;
    hd->form = curl_mime_init(hd->easy);
    if (!hd->form)
        return CURLE_OUT_OF_MEMORY;
    for (; p->name; p++) {
        if (p->path && access(p->path, R_OK) != 0) {
            io_failed(call);
            return CURLE_READ_ERROR;
        }
        if (add_part(hd->form, p) != 0)
            return CURLE_OUT_OF_MEMORY;
    }
    return curl_easy_setopt(hd->easy, CURLOPT_MIMEPOST, hd->form);
}

static unsigned set_file(struct handle *hd, struct zapi_http_call *call)
{
    CURL *e = hd->easy;
    struct stat st;
    unsigned bad = 0;

    hd->special = true;
    call->in = open(call->req->send_path, O_RDONLY | O_CLOEXEC);
    if (call->in < 0 || fstat(call->in, &st) != 0) {
        io_failed(call);
        return CURLE_READ_ERROR;
    }
    bad |= curl_easy_setopt(e, CURLOPT_POST, 1L);
    bad |= curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
                            (curl_off_t)st.st_size);
    bad |= curl_easy_setopt(e, CURLOPT_READFUNCTION, on_read);
    bad |= curl_easy_setopt(e, CURLOPT_READDATA, hd);
    bad |= curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, on_seek);
    bad |= curl_easy_setopt(e, CURLOPT_SEEKDATA, hd);
    return bad;
}

static unsigned set_bytes(struct handle *hd,
                          const struct zapi_http_request *req)
{
    unsigned bad =
        curl_easy_setopt(hd->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t)(req->body ? req->body_len : 0));

    return bad | curl_easy_setopt(hd->easy, CURLOPT_POSTFIELDS,
                                  req->body ? req->body : "");
}

/* A body travels as libcurl's POST under whatever method; POST, PUT and PATCH
 * always have one, if empty, so that Content-Length is written. */
static unsigned set_method(struct handle *hd, struct zapi_http_call *call)
{
    const struct zapi_http_request *req = call->req;
    const char *m = req->method ? req->method : "GET";
    bool post = strcmp(m, "POST") == 0;
    bool body = req->body || req->parts || req->send_path || post ||
                strcmp(m, "PUT") == 0 || strcmp(m, "PATCH") == 0;
    unsigned bad = set_headers(hd, req, body);

    if (bad != 0)
        return bad;
    if (req->parts)
        bad = set_form(hd, call);
    else if (req->send_path)
        bad = set_file(hd, call);
    else if (body)
        bad = set_bytes(hd, req);
    else if (strcmp(m, "HEAD") == 0)
        bad = curl_easy_setopt(hd->easy, CURLOPT_NOBODY, 1L);
    else
        bad = curl_easy_setopt(hd->easy, CURLOPT_HTTPGET, 1L);
    if (bad != 0)
        return bad;
    if (!body && strcmp(m, "HEAD") == 0) {
        hd->special = true;
        return set_custom(hd, "");
    }
    return set_custom(hd, post || (!body && strcmp(m, "GET") == 0) ? "" : m);
}

/* What most calls do without. */
static unsigned set_extras(struct handle *hd,
                           const struct zapi_http_request *req)
{
    double connect = req->connect_timeout;
    unsigned bad = 0;

    if (req->max_redirects > 0) {
        hd->special = true;
        bad |= curl_easy_setopt(hd->easy, CURLOPT_FOLLOWLOCATION, 1L);
        bad |= curl_easy_setopt(hd->easy, CURLOPT_MAXREDIRS,
                                (long)req->max_redirects);
    }
    if (connect > 0 && connect < LONGEST_TIMEOUT) {
        hd->special = true;
        bad |= curl_easy_setopt(hd->easy, CURLOPT_CONNECTTIMEOUT_MS,
                                (long)(connect * 1000) + 1);
    }
    if (req->public_only) { /* a proxy would hide the address */
        hd->special = true;
        bad |= curl_easy_setopt(hd->easy, CURLOPT_PROXY, "");
    }
    return bad;
}

/* Both ways: by the parsed form libcurl connects, the text it hands out as the
 * effective URL (and would otherwise make from the parsed form). */
static unsigned set_url(struct handle *hd, struct zapi_http_call *call)
{
    const char *url = call->req->url;

    if (hd->url_text && strcmp(hd->url_text, url) == 0)
        return 0;
    free(hd->url_text);
    hd->url_text = NULL;
    switch (curl_url_set(hd->url, CURLUPART_URL, url, 0)) {
    case CURLUE_OK:
        break;
    case CURLUE_OUT_OF_MEMORY:
        return CURLE_OUT_OF_MEMORY;
    default:
        call->cause = ZAPI_E_CONFIG;
        return CURLE_URL_MALFORMAT;
    }
    hd->url_text = strdup(url);
    if (!hd->url_text)
        return CURLE_OUT_OF_MEMORY;
    return curl_easy_setopt(hd->easy, CURLOPT_URL, url);
}

static unsigned configure(struct handle *hd, struct zapi_http_call *call)
{
    unsigned bad = set_url(hd, call);

    if (bad == 0)
        bad = set_extras(hd, call->req);
    if (bad == 0)
        bad = set_method(hd, call);
    return bad;
}

/* ---- what went wrong ---- */

struct failure {
    CURLcode code;
    enum zapi_error_kind kind;
    const char *text; /* is followed by "host:port" */
};

static const struct failure failures[] = {
    {CURLE_COULDNT_RESOLVE_HOST, ZAPI_E_NET_RESOLVE, "no address is known of"},
    {CURLE_COULDNT_RESOLVE_PROXY, ZAPI_E_NET_RESOLVE,
     "the proxy has no known address, on the way to"},
    {CURLE_COULDNT_CONNECT, ZAPI_E_NET_CONNECT, "no connection to"},
    {CURLE_OPERATION_TIMEDOUT, ZAPI_E_NET_CONNECT, "no connection in time to"},
    {CURLE_SSL_CONNECT_ERROR, ZAPI_E_NET_TLS, "no TLS connection to"},
    {CURLE_PEER_FAILED_VERIFICATION, ZAPI_E_NET_TLS,
     "no trusted TLS connection to"},
    {CURLE_SSL_CACERT_BADFILE, ZAPI_E_NET_TLS,
     "the file of trusted authorities cannot be used, for"},
    {CURLE_SSL_CERTPROBLEM, ZAPI_E_NET_TLS, "no TLS connection to"},
    {CURLE_SSL_CIPHER, ZAPI_E_NET_TLS, "no TLS connection to"},
    {CURLE_SSL_ISSUER_ERROR, ZAPI_E_NET_TLS, "no trusted TLS connection to"},
    {CURLE_SSL_INVALIDCERTSTATUS, ZAPI_E_NET_TLS,
     "no trusted TLS connection to"},
    {CURLE_GOT_NOTHING, ZAPI_E_NET_RESET,
     "the connection was closed without an answer by"},
    {CURLE_RECV_ERROR, ZAPI_E_NET_RESET, "the connection broke to"},
    {CURLE_SEND_ERROR, ZAPI_E_NET_RESET, "the connection broke to"},
    {CURLE_SEND_FAIL_REWIND, ZAPI_E_NET_RESET, "the connection broke to"},
    {CURLE_PARTIAL_FILE, ZAPI_E_NET_RESET, "the answer was cut off by"},
    {CURLE_WEIRD_SERVER_REPLY, ZAPI_E_NET_BAD_REPLY, "no HTTP answer from"},
    {CURLE_UNSUPPORTED_PROTOCOL, ZAPI_E_NET_BAD_REPLY,
     "no HTTP answer, or a redirect away from HTTP, by"},
    {CURLE_BAD_CONTENT_ENCODING, ZAPI_E_NET_BAD_REPLY,
     "the answer cannot be unpacked from"},
    {CURLE_TOO_MANY_REDIRECTS, ZAPI_E_NET_BAD_REPLY,
     "too many redirects, the last one by"},
    {CURLE_URL_MALFORMAT, ZAPI_E_CONFIG,
     "the address is not valid, in a call to"},
    {CURLE_READ_ERROR, ZAPI_E_IO, "a file could not be read to be sent to"},
    {CURLE_ABORTED_BY_CALLBACK, ZAPI_E_IO,
     "a file could not be read to be sent to"},
    {CURLE_OUT_OF_MEMORY, ZAPI_E_NO_MEMORY, "memory ended in a call to"},
};

/* Reasons of our own callbacks, which libcurl only knows as "aborted". */
static const struct failure causes[] = {
    {CURLE_OK, ZAPI_E_NET_TOO_LARGE, "the answer is over the limit, from"},
    {CURLE_OK, ZAPI_E_NET_FORBIDDEN_ADDRESS,
     "private addresses are refused, as that of"},
    {CURLE_OK, ZAPI_E_NET_RESET,
     "the connection was closed without an answer by"},
    {CURLE_OK, ZAPI_E_NO_MEMORY, "memory ended in a call to"},
    {CURLE_OK, ZAPI_E_CONFIG, "the address is not valid, in a call to"},
    {CURLE_OK, ZAPI_E_IO, "a file could not be read or written, in a call to"},
};

static const struct failure *find_failure(const struct zapi_http_call *call,
                                          CURLcode code)
{
    static const struct failure other = {
        CURLE_OK, ZAPI_E_INTERNAL, "the HTTP library failed in a call to"};

    if (call->cause) {
        for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
            if (causes[i].kind == call->cause)
                return &causes[i];
    }
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
        if (failures[i].code == code)
            return &failures[i];
    return &other;
}

/* Did TLS itself fail, rather than the peer go away in the handshake? Then
 * there is no verdict on trust, and another try may succeed. */
static bool is_verdict(const char *why)
{
    return strstr(why, "error:") && !strstr(why, "unexpected eof");
}

/* libcurl has one code for several things that callers treat differently. */
static enum zapi_error_kind refine(const struct zapi_http_call *call,
                                   CURLcode code, enum zapi_error_kind kind,
                                   long os_error)
{
    if (kind == ZAPI_E_NET_CONNECT && os_error == ECONNREFUSED)
        return ZAPI_E_NET_REFUSED;
    if (code == CURLE_SSL_CONNECT_ERROR && !is_verdict(call->handle->why))
        return ZAPI_E_NET_RESET;
    if (kind == ZAPI_E_CONFIG && call->reply.written)
        return ZAPI_E_NET_BAD_REPLY; /* a redirect to nonsense */
    if (kind == ZAPI_E_NET_BAD_REPLY && !call->reply.written)
        return ZAPI_E_CONFIG; /* ftp:// and the like */
    return kind;
}

/* The reason in detail, where there is one without the URL in it. */
static const char *detail(const struct zapi_http_call *call,
                          enum zapi_error_kind kind, long os_error)
{
    if (kind == ZAPI_E_NET_TLS || kind == ZAPI_E_INTERNAL)
        return call->handle->why;
    if (kind == ZAPI_E_IO && call->os_error)
        return strerror(call->os_error);
    if (kind == ZAPI_E_NET_CONNECT && os_error)
        return strerror((int)os_error);
    return "";
}

static void say(struct zapi_http_call *call, const char *text, const char *more)
{
    struct zapi_http_reply *r = &call->reply;
    char host[150];

    where(call, host, sizeof host);
    snprintf(r->message, sizeof r->message, "%s %.*s%s%.100s", text,
             (int)sizeof host / 2, host, *more ? ": " : "", more);
    zapi_redact_str(r->message, sizeof r->message);
}

static void explain(struct zapi_http_call *call, CURLcode code)
{
    struct zapi_http_reply *r = &call->reply;
    const struct failure *f = find_failure(call, code);
    const char *text = f->text;
    long os_error = 0;

    curl_easy_getinfo(call->handle->easy, CURLINFO_OS_ERRNO, &os_error);
    r->error = call->cause ? f->kind : refine(call, code, f->kind, os_error);
    if (r->error == ZAPI_E_NET_REFUSED)
        text = "connection refused by";
    else if (code == CURLE_RECV_ERROR && r->status && !call->cause)
        text = "the answer was cut off by";
    say(call, text, detail(call, r->error, os_error));
}

static void explain_timeout(struct zapi_http_call *call)
{
    char text[80];
    double s = call->req->timeout > 0 ? call->req->timeout : DEFAULT_TIMEOUT;
    const char *what = "no connection in %g s to";

    call->reply.error = ZAPI_E_NET_TIMEOUT;
    if (call->reply.written)
        what = call->reply.status ? "no whole answer in %g s from"
                                  : "no answer in %g s from";
    else if (call->state == CALL_QUEUED)
        what = "too many calls under way: waited %g s to call";
    snprintf(text, sizeof text, what, s);
    say(call, text, "");
}

/* ---- a call's life ---- */

static void on_call_closed(uv_handle_t *handle);
static void on_timeout(uv_timer_t *timer);

static struct zapi_http_call *call_take(struct zapi_http *h)
{
    struct zapi_http_call *call = list_first(&h->spare);

    if (call) {
        list_remove(&call->link);
        h->spare_count--;
        return call;
    }
    call = calloc(1, sizeof *call);
    if (!call)
        return NULL;
    list_init(&call->link);
    call->http = h;
    zapi_buf_init(&call->reply.headers, MAX_HEADERS);
    zapi_buf_init(&call->reply.body, DEFAULT_MAX_REPLY);
    uv_timer_init(h->loop, &call->timer);
    call->timer.data = call;
    h->open++;
    return call;
}

static void call_discard(struct zapi_http_call *call)
{
    uv_close((uv_handle_t *)&call->timer, on_call_closed);
}

static void trim(struct zapi_buf *b)
{
    if (b->cap > KEEP_BUFFER)
        zapi_buf_free(b);
    else
        zapi_buf_reset(b);
}

static void call_give(struct zapi_http_call *call)
{
    struct zapi_http *h = call->http;

    call->state = CALL_SPARE;
    call->serial = 0;
    trim(&call->reply.headers);
    trim(&call->reply.body);
    if (h->closing || h->spare_count >= SPARE_CALLS) {
        call_discard(call);
        return;
    }
    list_append(&h->spare, &call->link);
    h->spare_count++;
}

static bool call_init(struct zapi_http_call *call,
                      const struct zapi_http_request *req)
{
    struct zapi_http_reply *r = &call->reply;

    call->req = req;
    call->copy = NULL;
    if (!req->borrowed) {
        call->copy = zapi_http_request_clone(req);
        call->req = call->copy;
    }
    if (!call->req)
        return false;
    call->serial = ++call->http->serial;
    call->begun = uv_hrtime();
    call->max = req->max_reply ? req->max_reply : DEFAULT_MAX_REPLY;
    call->received = 0;
    call->answered = 0;
    call->cause = ZAPI_E_NONE;
    call->os_error = 0;
    call->in = call->out = -1;
    call->partial = NULL;
    r->error = ZAPI_E_NONE;
    r->written = false;
    r->message[0] = '\0';
    r->status = 0;
    r->body.max = call->max;
    return true;
}

/* Takes the handle from the call; a transfer under way is broken off, which
 * closes its connection. */
static void detach(struct zapi_http_call *call)
{
    struct zapi_http *h = call->http;
    struct handle *hd = call->handle;

    if (!hd)
        return;
    curl_multi_remove_handle(h->multi, hd->easy);
    call->handle = NULL;
    h->running_count--;
    handle_give(hd);
}

static void close_files(struct zapi_http_call *call)
{
    if (call->in >= 0)
        close(call->in);
    if (call->out >= 0)
        close(call->out);
    call->in = call->out = -1;
    if (call->partial) {
        unlink(call->partial);
        free(call->partial);
        call->partial = NULL;
    }
}

/* Out of every list, with nothing running and nothing held. */
static void retire(struct zapi_http_call *call)
{
    struct zapi_http *h = call->http;
    struct pipe_guard guard;

    uv_timer_stop(&call->timer);
    zapi_clock_leave(&call->patience);
    list_remove(&call->link);
    if (call->state == CALL_QUEUED)
        h->queue_count--;
    guard_begin(h, &guard);
    detach(call);
    guard_end(&guard);
    close_files(call);
}

/* Under its real name, whole, or not at all. */
static bool keep_file(struct zapi_http_call *call)
{
    int fd = call->out;

    if (!open_partial(call))
        return false;
    fd = call->out;
    call->out = -1;
    if (close(fd) != 0 || rename(call->partial, call->req->save_path) != 0)
        return io_failed(call);
    free(call->partial);
    call->partial = NULL;
    return true;
}

/* Tells the user, who may do anything, also delete the client. */
static void conclude(struct zapi_http_call *call)
{
    call->reply.seconds = (double)(uv_hrtime() - call->begun) / 1e9;
    retire(call);
    call->state = CALL_TOLD;
    call->done(call->arg, &call->reply);
    free(call->copy);
    call->copy = NULL;
    call_give(call);
}

static void finish(struct zapi_http_call *call, CURLcode code)
{
    call->reply.written = request_bytes(call->handle) > 0;
    if (code == CURLE_OK && to_file(call) && !keep_file(call))
        code = CURLE_WRITE_ERROR;
    if (code != CURLE_OK)
        explain(call, code);
    conclude(call);
}

/* ---- driving libcurl ---- */

static int act(struct zapi_http *h, curl_socket_t fd, int mask)
{
    int running = 0;

    curl_multi_socket_action(h->multi, fd, mask, &running);
    return running;
}

/* libcurl asks for 0 ms with every new transfer and wherever it wants to be
 * called again: serving it now saves a turn of the loop. */
static int serve_due(struct zapi_http *h)
{
    int running = (int)h->running_count;

    for (int i = 0; h->due && i < 4; i++) {
        h->due = false;
        running = act(h, CURL_SOCKET_TIMEOUT, 0);
    }
    if (h->due)
        wake(h);
    return running;
}

static bool launch(struct zapi_http_call *call)
{
    struct zapi_http *h = call->http;
    struct handle *hd = handle_take(h);
    struct pipe_guard guard;
    int running;

    if (!hd) {
        call->cause = ZAPI_E_NO_MEMORY;
        return false;
    }
    hd->call = call;
    hd->why[0] = '\0';
    if (strncasecmp(call->req->url, "https", 5) == 0 && !h->guard_pipe) {
        struct sigaction was;
        h->guard_pipe =
            sigaction(SIGPIPE, NULL, &was) == 0 && was.sa_handler == SIG_DFL;
    }
    if (configure(hd, call) != 0 || curl_multi_add_handle(h->multi, hd->easy)) {
        if (!call->cause)
            call->cause = ZAPI_E_NO_MEMORY;
        hd->special = true;
        handle_give(hd);
        return false;
    }
    call->handle = hd;
    call->state = CALL_RUNNING;
    list_append(&h->running, &call->link);
    h->running_count++;
    guard_begin(h, &guard);
    h->driving = true;
    running = serve_due(h);
    h->driving = false;
    guard_end(&guard);
    if (running < (int)h->running_count && !h->telling)
        wake(h); /* one is over already: tell it from the loop */
    return true;
}

static void fail_launch(struct zapi_http_call *call)
{
    say(call, find_failure(call, CURLE_OK)->text,
        call->os_error ? strerror(call->os_error) : "");
    call->reply.error = call->cause;
}

/* Into the places that have become free. */
static void launch_queued(struct zapi_http *h)
{
    struct zapi_http_call *call;

    while (!h->closing && h->running_count < h->in_flight &&
           (call = list_first(&h->queue)) != NULL) {
        list_remove(&call->link);
        h->queue_count--;
        call->state = CALL_TOLD;
        if (launch(call))
            continue;
        fail_launch(call);
        conclude(call);
    }
}

static void tell(struct zapi_http *h)
{
    CURLMsg *msg;
    struct handle *hd = NULL;
    int left, i;

    h->telling = true;
    for (i = 0; i < MESSAGES_PER_TURN && !h->closing; i++) {
        msg = curl_multi_info_read(h->multi, &left);
        if (!msg)
            break;
        if (msg->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &hd);
        finish(hd->call, msg->data.result);
        launch_queued(h);
    }
    h->telling = false;
    if (h->closing)
        return;
    if (i == MESSAGES_PER_TURN)
        wake(h);
    launch_queued(h);
}

static void serve_event(struct zapi_http *h, const struct epoll_event *ev)
{
    int fd = ev->data.fd, mask = 0;

    if ((size_t)fd >= h->slot_count || !h->slots[fd].wanted) {
        if ((size_t)fd < h->slot_count)
            forget(h, fd); /* an idle connection: libcurl looks at it itself */
        return;
    }
    if (ev->events & EPOLLIN)
        mask |= CURL_CSELECT_IN;
    if (ev->events & EPOLLOUT)
        mask |= CURL_CSELECT_OUT;
    if (ev->events & (EPOLLERR | EPOLLHUP))
        mask |= CURL_CSELECT_ERR;
    act(h, fd, mask);
}

static void drive(struct zapi_http *h, bool timers)
{
    struct epoll_event events[EVENTS_PER_TURN];
    struct pipe_guard guard;
    int n = epoll_wait(h->epoll, events, EVENTS_PER_TURN, 0);

    guard_begin(h, &guard);
    h->driving = true;
    for (int i = 0; i < n; i++)
        serve_event(h, &events[i]);
    h->due |= timers;
    serve_due(h);
    h->driving = false;
    guard_end(&guard);
    tell(h);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    drive(poll->data, false);
}

static void on_timer(uv_timer_t *timer)
{
    drive(timer->data, true);
}

static void on_wake(uv_timer_t *timer)
{
    drive(timer->data, true);
}

/* It changes its mind several times in a call, so a timer that is set for
 * earlier is left alone: libcurl is asked in vain, and wishes again. */
static int on_timer_wish(CURLM *multi, long ms, void *arg)
{
    struct zapi_http *h = arg;

    (void)multi;
    h->due = ms == 0;
    if (ms < 0 || (ms == 0 && h->driving))
        return 0;
    if (!uv_is_active((uv_handle_t *)&h->timer) ||
        uv_timer_get_due_in(&h->timer) > (uint64_t)ms)
        uv_timer_start(&h->timer, on_timer, (uint64_t)ms, 0);
    return 0;
}

/* When the loop was busy, the answer may be there and only unread: look first,
 * then give up. */
static void on_timeout(uv_timer_t *timer)
{
    struct zapi_http_call *call = timer->data;
    struct zapi_http *h = call->http;
    uint64_t serial = call->serial;

    drive(h, false);
    if (h->closing || call->serial != serial)
        return;
    call->reply.written = zapi_http_call_written(call);
    explain_timeout(call);
    conclude(call);
    if (!h->closing)
        launch_queued(h);
}

/* ---- the client ---- */

static void global_init(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool has_proxy(void)
{
    static const char *const names[] = {
        "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (getenv(names[i]))
            return true;
    return false;
}

/* Loopback is never reached through a proxy, whatever the environment says.
 * Without any proxy "*" saves libcurl the search, at every call. */
static char *no_proxy_list(void)
{
    static const char local[] = "localhost,127.0.0.1,::1";
    const char *env = getenv("no_proxy");
    size_t room;
    char *list;

    if (!env)
        env = getenv("NO_PROXY");
    if (!has_proxy() || (env && strcmp(env, "*") == 0))
        return strdup("*");
    room = (env ? strlen(env) + 1 : 0) + sizeof local;
    list = malloc(room);
    if (list)
        snprintf(list, room, "%s%s%s", local, env ? "," : "", env ? env : "");
    return list;
}

static void http_free(struct zapi_http *h)
{
    if (h->epoll >= 0)
        close(h->epoll);
    free(h->slots);
    free(h->ca_file);
    free(h->user_agent);
    free(h->no_proxy);
    free(h);
}

static void handle_closed(struct zapi_http *h)
{
    if (--h->open == 0)
        http_free(h);
}

static void on_call_closed(uv_handle_t *handle)
{
    struct zapi_http_call *call = handle->data;
    struct zapi_http *h = call->http;

    zapi_buf_free(&call->reply.headers);
    zapi_buf_free(&call->reply.body);
    free(call->copy);
    free(call);
    handle_closed(h);
}

static void on_closed(uv_handle_t *handle)
{
    handle_closed(handle->data);
}

static bool multi_init(struct zapi_http *h, unsigned per_host)
{
    CURLM *m = curl_multi_init();
    int bad = 0;

    if (!m)
        return false;
    h->multi = m;
    bad |= curl_multi_setopt(m, CURLMOPT_SOCKETFUNCTION, on_interest);
    bad |= curl_multi_setopt(m, CURLMOPT_SOCKETDATA, h);
    bad |= curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, on_timer_wish);
    bad |= curl_multi_setopt(m, CURLMOPT_TIMERDATA, h);
    bad |= curl_multi_setopt(m, CURLMOPT_MAXCONNECTS, (long)h->in_flight * 2);
    bad |= curl_multi_setopt(m, CURLMOPT_MAX_HOST_CONNECTIONS,
                             (long)(per_host ? per_host : DEFAULT_PER_HOST));
    return bad == 0;
}

/* The loop lives as long as calls do (by their timers), not by these. */
static bool watch_loop(struct zapi_http *h)
{
    if (uv_poll_init(h->loop, &h->poll, h->epoll) != 0)
        return false;
    uv_timer_init(h->loop, &h->timer);
    uv_timer_init(h->loop, &h->wake);
    h->poll.data = h->timer.data = h->wake.data = h;
    h->open = 3;
    uv_poll_start(&h->poll, UV_READABLE, on_ready);
    uv_unref((uv_handle_t *)&h->poll);
    uv_unref((uv_handle_t *)&h->timer);
    uv_unref((uv_handle_t *)&h->wake);
    return true;
}

struct zapi_http *zapi_http_new(uv_loop_t *loop,
                                const struct zapi_http_limits *limits)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static const struct zapi_http_limits none = {0};
    const struct zapi_http_limits *l = limits ? limits : &none;
    struct zapi_http *h = calloc(1, sizeof *h);

    if (!h)
        return NULL;
    pthread_once(&once, global_init);
    h->loop = loop;
    h->in_flight = l->in_flight ? l->in_flight : DEFAULT_IN_FLIGHT;
    list_init(&h->running);
    list_init(&h->queue);
    list_init(&h->spare);
    h->epoll = epoll_create1(EPOLL_CLOEXEC);
    h->user_agent =
        strdup(l->user_agent ? l->user_agent : "zapibot/" ZAPI_VERSION);
    h->ca_file = l->ca_file ? strdup(l->ca_file) : NULL;
    h->no_proxy = no_proxy_list();
    if (h->epoll < 0 || !h->user_agent || (l->ca_file && !h->ca_file) ||
        !h->no_proxy || !multi_init(h, l->per_host) || !watch_loop(h)) {
        curl_multi_cleanup(h->multi);
        http_free(h);
        return NULL;
    }
    return h;
}

static void discard_all(struct link *list)
{
    struct zapi_http_call *call;

    while ((call = list_first(list)) != NULL) {
        retire(call);
        call_discard(call);
    }
}

void zapi_http_delete(struct zapi_http *h)
{
    struct pipe_guard guard;
    struct handle *hd;

    h->closing = true;
    discard_all(&h->running);
    discard_all(&h->queue);
    discard_all(&h->spare);
    guard_begin(h, &guard);
    while ((hd = h->pool) != NULL) {
        h->pool = hd->next;
        handle_free(hd);
    }
    curl_multi_cleanup(h->multi);
    guard_end(&guard);
    h->multi = NULL;
    uv_close((uv_handle_t *)&h->poll, on_closed);
    uv_close((uv_handle_t *)&h->timer, on_closed);
    uv_close((uv_handle_t *)&h->wake, on_closed);
}

static bool has_control(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return true;
    return false;
}

/* What libcurl would not refuse, or only in ways that are hard to explain. */
static const char *objection(const struct zapi_http_request *req)
{
    const char *url = req->url ? req->url : "";
    const char *const *line = req->headers;

    if (strncasecmp(url, "http://", 7) != 0 &&
        strncasecmp(url, "https://", 8) != 0)
        return "the address must begin with http:// or https://";
    if (has_control(url) || strchr(url, ' '))
        return "the address holds a blank or a control character";
    if (req->method && (strlen(req->method) > 15 || has_control(req->method) ||
                        strchr(req->method, ' ')))
        return "this is no HTTP method";
    for (; line && *line; line++)
        if (strpbrk(*line, "\r\n"))
            return "a header holds a line break";
    return NULL;
}

static uint64_t milliseconds(double s)
{
    if (!(s > 0))
        s = DEFAULT_TIMEOUT;
    if (s > LONGEST_TIMEOUT)
        s = LONGEST_TIMEOUT;
    return (uint64_t)(s * 1000) + 1;
}

static void on_clock(struct zapi_clock_waiter *w)
{
    struct zapi_http_call *call =
        (struct zapi_http_call *)((char *)w -
                                  offsetof(struct zapi_http_call, patience));
    uv_timer_start(&call->timer, on_timeout,
                   (uint64_t)(zapi_clock_left(w) * 1000) + 1, 0);
}

static void enqueue(struct zapi_http_call *call)
{
    struct zapi_http *h = call->http;

    call->state = CALL_QUEUED;
    list_append(&h->queue, &call->link);
    h->queue_count++;
}

struct zapi_http_call *zapi_http_start(struct zapi_http *h,
                                       const struct zapi_http_request *req,
                                       zapi_http_done *done, void *arg,
                                       struct zapi_error *error)
{
    const char *why = objection(req);
    struct zapi_http_call *call;

    if (why) {
        zapi_error_set(error, ZAPI_E_CONFIG, "%s", why);
        return NULL;
    }
    call = call_take(h);
    if (!call || !call_init(call, req)) {
        if (call)
            call_give(call);
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "memory ended");
        return NULL;
    }
    call->done = done;
    call->arg = arg;
    if (h->queue_count > 0 || h->running_count >= h->in_flight) {
        enqueue(call);
    } else if (!launch(call)) {
        fail_launch(call);
        zapi_error_set(error, call->cause, "%s", call->reply.message);
        zapi_http_cancel(call);
        return NULL;
    }
    /* The loop's idea of now may be old: the time must not be over before
     * the call had a chance. */
    call->patience.moved = on_clock;
    zapi_clock_wait(&call->patience, (double)milliseconds(req->timeout) / 1e3);
    uv_update_time(h->loop);
    uv_timer_start(&call->timer, on_timeout, milliseconds(req->timeout), 0);
    return call;
}

void zapi_http_cancel(struct zapi_http_call *call)
{
    struct zapi_http *h = call->http;

    retire(call);
    free(call->copy);
    call->copy = NULL;
    call_give(call);
    if (h->queue_count > 0)
        wake(h);
}

bool zapi_http_call_written(const struct zapi_http_call *call)
{
    return call->handle && request_bytes(call->handle) > 0;
}

size_t zapi_http_active(const struct zapi_http *h)
{
    return h->running_count + h->queue_count;
}
