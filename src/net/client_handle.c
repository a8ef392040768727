/* SPDX-License-Identifier: MIT
 *
 * A handle of libcurl's, what it calls while a transfer goes on, and the epoll
 * set that tells of its sockets. A handle is owned by its call, or by the pool.
 * Start reading at zapi_http_handle_take, then set_callbacks.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/address.h"
#include "net/client_parts.h"

#define DEFAULT_CONNECT 10.0

/* ---- our epoll set ---- */

static struct zapi_http_slot *slot_of(struct zapi_http *h, int fd)
{
    size_t n = (size_t)fd + 1, count = h->slot_count;
    struct zapi_http_slot *slots;

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

void zapi_http_forget_socket(struct zapi_http *h, int fd)
{
    if (h->slots[fd].known)
        epoll_ctl(h->epoll, EPOLL_CTL_DEL, fd, NULL);
    h->slots[fd].known = 0;
}

static int watch(struct zapi_http *h, int fd, struct zapi_http_slot *slot)
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
int zapi_http_on_interest(CURL *easy, curl_socket_t fd, int what, void *arg,
                          void *unused)
{
    static const uint8_t wants[] = {[CURL_POLL_IN] = EPOLLIN,
                                    [CURL_POLL_OUT] = EPOLLOUT,
                                    [CURL_POLL_INOUT] = EPOLLIN | EPOLLOUT};
    struct zapi_http *h = arg;
    struct zapi_http_slot *slot = slot_of(h, fd);

    (void)easy;
    (void)unused;
    if (!slot)
        return -1;
    if (what == CURL_POLL_REMOVE) {
        slot->wanted = 0;
        if (!slot->ours)
            zapi_http_forget_socket(h, fd);
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
    zapi_http_where(call, host, sizeof host);
    return strcasecmp(host, call->req->public_except) == 0;
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose,
                               struct curl_sockaddr *to)
{
    struct zapi_http_handle *hd = arg;
    struct zapi_http_call *call = hd->call;
    struct zapi_http_slot *slot;
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
    *slot = (struct zapi_http_slot){.ours = true};
    return fd;
}

static int on_socket_close(void *arg, curl_socket_t fd)
{
    struct zapi_http *h = arg;
    struct zapi_http_slot *slot = slot_of(h, fd);

    if (slot) {
        zapi_http_forget_socket(h, fd);
        *slot = (struct zapi_http_slot){.known = 0};
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
    struct zapi_http_handle *hd = arg;
    struct zapi_http_call *call = hd->call;

    (void)local_ip;
    (void)port;
    (void)local_port;
    call->cause = ZAPI_E_NONE;
    if (call->req->public_only && !zapi_address_public_text(ip) &&
        !is_excepted(call))
        call->cause = ZAPI_E_NET_FORBIDDEN_ADDRESS;
    else if (!call->req->repeatable &&
             zapi_http_request_bytes(hd) > call->answered)
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
    struct zapi_http_handle *hd = arg;
    struct zapi_http_call *call = hd->call;

    if (n > 5 && memcmp(line, "HTTP/", 5) == 0) {
        call->answered = zapi_http_request_bytes(hd);
        call->reply.status = status_of(line, n);
        zapi_buf_reset(&call->reply.headers);
        return size * n;
    }
    if (zapi_http_header_add(&call->reply.headers, line, n))
        return size * n;
    call->cause = ZAPI_E_NET_TOO_LARGE;
    return 0;
}

bool zapi_http_to_file(const struct zapi_http_call *call)
{
    return call->req->save_path && call->reply.status >= 200 &&
           call->reply.status < 300;
}

bool zapi_http_io_failed(struct zapi_http_call *call)
{
    call->os_error = errno;
    call->cause = ZAPI_E_IO;
    return false;
}

/* Beside its final name, so that the rename stays on one file system. */
bool zapi_http_open_partial(struct zapi_http_call *call)
{
    size_t room = strlen(call->req->save_path) + 64;

    if (call->out >= 0)
        return true;
    call->partial = malloc(room);
    if (!call->partial)
        return zapi_http_io_failed(call);
    snprintf(call->partial, room, "%s.%ld-%llu.part", call->req->save_path,
             (long)getpid(), (unsigned long long)call->serial);
    call->out =
        open(call->partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (call->out >= 0)
        return true;
    zapi_http_io_failed(call);
    free(call->partial); /* not ours: it must not be removed */
    call->partial = NULL;
    return false;
}

static bool save(struct zapi_http_call *call, const char *p, size_t n)
{
    ssize_t written;

    if (!zapi_http_open_partial(call))
        return false;
    for (; n > 0; p += written, n -= (size_t)written) {
        written = write(call->out, p, n);
        if (written < 0 && errno == EINTR)
            written = 0;
        if (written < 0)
            return zapi_http_io_failed(call);
    }
    return true;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    struct zapi_http_call *call = ((struct zapi_http_handle *)arg)->call;
    bool ok;

    n *= size;
    if (n > call->max - call->received) {
        call->cause = ZAPI_E_NET_TOO_LARGE;
        return CURL_WRITEFUNC_ERROR;
    }
    call->received += n;
    ok = zapi_http_to_file(call) ? save(call, p, n)
                                 : zapi_buf_add(&call->reply.body, p, n);
    if (ok)
        return n;
    if (!call->cause)
        call->cause = ZAPI_E_NO_MEMORY;
    return CURL_WRITEFUNC_ERROR;
}

size_t zapi_http_on_read(char *p, size_t size, size_t n, void *arg)
{
    struct zapi_http_call *call = ((struct zapi_http_handle *)arg)->call;
    ssize_t got;

    do
        got = read(call->in, p, size * n);
    while (got < 0 && errno == EINTR);
    if (got >= 0)
        return (size_t)got;
    zapi_http_io_failed(call);
    return CURL_READFUNC_ABORT;
}

int zapi_http_on_seek(void *arg, curl_off_t offset, int origin)
{
    struct zapi_http_call *call = ((struct zapi_http_handle *)arg)->call;

    return lseek(call->in, (off_t)offset, origin) < 0 ? CURL_SEEKFUNC_FAIL
                                                      : CURL_SEEKFUNC_OK;
}

/* ---- handles ---- */

static unsigned set_callbacks(struct zapi_http_handle *hd)
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
static unsigned set_base(struct zapi_http_handle *hd)
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

void zapi_http_handle_free(struct zapi_http_handle *hd)
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

struct zapi_http_handle *zapi_http_handle_take(struct zapi_http *h)
{
    struct zapi_http_handle *hd = h->pool;

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
        zapi_http_handle_free(hd);
        return NULL;
    }
    return hd;
}

/* Ordinary handles go back as they are: a reset costs a tenth of a call, and
 * `configure` sets whatever differs from call to call. */
void zapi_http_handle_give(struct zapi_http_handle *hd)
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
            zapi_http_handle_free(hd);
            return;
        }
    }
    hd->next = h->pool;
    h->pool = hd;
}
