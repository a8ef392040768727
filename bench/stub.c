/* SPDX-License-Identifier: MIT
 *
 * stub [PORT]: stands where Z-API would, and is fast enough never to be what
 * is measured (one thread, epoll, keep-alive, no allocation while serving).
 * Every POST whose path ends in /send-text is counted and gets a reply with
 * ids of its own. GET /stats says what was counted since GET /reset:
 *   calls other body_bytes first_ns last_ns disorder
 * (the times of the first and of the last call, on the monotonic clock), so
 * that whoever measures need not poll to know when the last call came. Disorder
 * counts the calls whose text does not come after that of the call before to
 * the same phone, if both are message ids of post.lua.
 * Connections are kept in a table indexed by descriptor until they close.
 * Start reading at main(), then at serve().
 */
#define _GNU_SOURCE /* memmem */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    IN_SIZE = 16 * 1024,
    OUT_SIZE = 16 * 1024,
    MAX_FD = 16384,
    EVENTS = 256
};
enum { PEOPLE = 1000, ID_LEN = 24 }; /* as post.lua has them */

struct conn {
    size_t in_len;
    size_t out_len;
    size_t skip; /* bytes of a body that are still to come */
    char in[IN_SIZE];
    char out[OUT_SIZE];
};

struct request {
    const char *path; /* not terminated */
    size_t path_len;
    size_t head_len;  /* with the blank line */
    const char *body; /* what is here of it; not terminated */
    size_t body_len, body_here;
    bool post;
};

static struct conn *conns[MAX_FD];

static struct {
    uint64_t calls, other, bytes, first, last, disorder;
} count;

/* The last message id that was sent to each person. */
static char newest[PEOPLE][ID_LEN];

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The value of Content-Length in a head that ends with a blank line. */
static size_t content_length(const char *head, size_t len)
{
    static const char name[] = "content-length:";
    const char *p = head, *end = head + len;
    while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
        p++;
        if ((size_t)(end - p) > sizeof name &&
            strncasecmp(p, name, sizeof name - 1) == 0) {
            return strtoul(p + sizeof name - 1, NULL, 10);
        }
    }
    return 0;
}

static const char *find_blank_line(const char *p, size_t len)
{
    const char *end = p + len;
    while ((p = memchr(p, '\r', (size_t)(end - p))) != NULL) {
        if (end - p >= 4 && memcmp(p, "\r\n\r\n", 4) == 0) {
            return p + 4;
        }
        p++;
    }
    return NULL;
}

/* The string that follows `name`, at least n bytes long; else NULL. */
static const char *text_after(const struct request *req, const char *name,
                              size_t n)
{
    const char *p = memmem(req->body, req->body_here, name, strlen(name));
    p = p ? p + strlen(name) : NULL;
    return p && n < (size_t)(req->body + req->body_here - p) ? p : NULL;
}

/* Phones end in the number of the person: "5511900000" and three digits. */
static void check_order(const struct request *req)
{
    const char *phone = text_after(req, "\"phone\":\"", 13);
    const char *id = text_after(req, "\"message\":\"", ID_LEN);
    size_t i, person = 0;
    if (!phone || !id || id[ID_LEN] != '"' ||
        strspn(id, "0123456789ABCDEF") != ID_LEN) {
        return;
    }
    for (i = 10; i < 13; i++) {
        person = person * 10 + (size_t)(phone[i] - '0') % 10;
    }
    count.disorder += memcmp(newest[person], id, ID_LEN) >= 0;
    memcpy(newest[person], id, ID_LEN);
}

/* False: the head is not there yet. */
static bool read_head(const char *in, size_t len, struct request *req)
{
    const char *end = find_blank_line(in, len), *space, *stop;
    if (!end) {
        return false;
    }
    space = memchr(in, ' ', len);
    stop = space ? memchr(space + 1, ' ', (size_t)(end - space - 1)) : NULL;
    *req = (struct request){
        .path = space ? space + 1 : in,
        .path_len = stop ? (size_t)(stop - space - 1) : 0,
        .head_len = (size_t)(end - in),
        .body = end,
        .body_len = content_length(in, (size_t)(end - in)),
        .body_here = len - (size_t)(end - in),
        .post = memcmp(in, "POST", 4) == 0,
    };
    return true;
}

static bool path_ends(const struct request *req, const char *tail)
{
    size_t n = strlen(tail);
    return req->path_len >= n &&
           memcmp(req->path + req->path_len - n, tail, n) == 0;
}

static int count_call(const struct request *req, char *text, size_t room)
{
    uint64_t now = now_ns();
    count.first = count.calls ? count.first : now;
    count.last = now;
    count.calls++;
    count.bytes += req->body_len;
    check_order(req);
    return snprintf(text, room,
                    "{\"zaapId\":\"3999984263738042930CD%011" PRIX64
                    "\",\"messageId\":\"3EB0%028" PRIX64
                    "\",\"id\":\"3EB0%028" PRIX64 "\"}",
                    count.calls, count.calls, count.calls);
}

static int answer_text(const struct request *req, char *text, size_t room)
{
    if (req->post && path_ends(req, "/send-text")) {
        return count_call(req, text, room);
    }
    if (path_ends(req, "/reset")) {
        memset(&count, 0, sizeof count);
        memset(newest, 0, sizeof newest);
        return snprintf(text, room, "ok");
    }
    if (path_ends(req, "/stats")) {
        return snprintf(text, room,
                        "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
                        " %" PRIu64 " %" PRIu64 "\n",
                        count.calls, count.other, count.bytes, count.first,
                        count.last, count.disorder);
    }
    count.other++;
    return snprintf(text, room, "{\"error\":\"NOT_FOUND\"}");
}

static void answer(struct conn *c, const struct request *req)
{
    char text[256];
    int n = answer_text(req, text, sizeof text);
    c->out_len += (size_t)snprintf(c->out + c->out_len, OUT_SIZE - c->out_len,
                                   "HTTP/1.1 200 OK\r\n"
                                   "Content-Type: application/json\r\n"
                                   "Content-Length: %d\r\n\r\n%s",
                                   n, text);
}

/* Answers are short and the peers read them: no waiting for room. */
static bool flush(int fd, struct conn *c)
{
    size_t done = 0;
    while (done < c->out_len) {
        ssize_t n = send(fd, c->out + done, c->out_len - done, MSG_NOSIGNAL);
        if (n < 0) {
            return false;
        }
        done += (size_t)n;
    }
    c->out_len = 0;
    return true;
}

static bool take_requests(int fd, struct conn *c)
{
    struct request req;
    size_t used = 0, left = c->in_len;
    while (left > 0) {
        size_t skip = left < c->skip ? left : c->skip;
        c->skip -= skip;
        used += skip;
        left -= skip;
        if (left == 0 || !read_head(c->in + used, left, &req)) {
            break;
        }
        if (c->out_len > OUT_SIZE - 512 && !flush(fd, c)) {
            return false;
        }
        answer(c, &req);
        used += req.head_len;
        left -= req.head_len;
        c->skip = req.body_len;
    }
    memmove(c->in, c->in + used, left);
    c->in_len = left;
    return left < IN_SIZE;
}

/* False: the connection is to be closed. */
static bool serve(int fd, struct conn *c)
{
    ssize_t n = recv(fd, c->in + c->in_len, IN_SIZE - c->in_len, 0);
    if (n <= 0) {
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    }
    c->in_len += (size_t)n;
    return take_requests(fd, c) && flush(fd, c);
}

static void drop(int fd)
{
    free(conns[fd]);
    conns[fd] = NULL;
    close(fd);
}

static void accept_one(int ep, int listener)
{
    struct epoll_event ev = {.events = EPOLLIN};
    int one = 1, fd = accept(listener, NULL, NULL);
    if (fd < 0) {
        return;
    }
    if (fd >= MAX_FD || !(conns[fd] = calloc(1, sizeof *conns[fd]))) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    ev.data.fd = fd;
    if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) != 0) {
        drop(fd);
    }
}

static int listen_on(unsigned short port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t len = sizeof a;
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(fd, (struct sockaddr *)&a, sizeof a) != 0 ||
        listen(fd, 1024) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &len) != 0) {
        perror("stub");
        exit(1);
    }
    fprintf(stderr, "listening 127.0.0.1:%d (stub)\n", ntohs(a.sin_port));
    return fd;
}

static void run(int ep, int listener)
{
    struct epoll_event ready[EVENTS];
    int i, n;
    for (;;) {
        n = epoll_wait(ep, ready, EVENTS, -1);
        for (i = 0; i < n; i++) {
            int fd = ready[i].data.fd;
            if (fd == listener) {
                accept_one(ep, listener);
            } else if (!serve(fd, conns[fd])) {
                drop(fd);
            }
        }
    }
}

int main(int argc, char **argv)
{
    struct epoll_event ev = {.events = EPOLLIN};
    int ep = epoll_create1(0), listener;
    signal(SIGPIPE, SIG_IGN);
    listener = listen_on(argc > 1 ? (unsigned short)atoi(argv[1]) : 0);
    ev.data.fd = listener;
    if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, listener, &ev) != 0) {
        perror("stub");
        return 1;
    }
    run(ep, listener);
    return 0;
}
