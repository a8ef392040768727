/* SPDX-License-Identifier: MIT
 *
 * An HTTP server that misbehaves on purpose, for C tests: plain sockets, a
 * thread for each connection, a script (a C function) that says what is done
 * with it. It counts what really arrived, which is what the tests are about.
 * Header only; POSIX.
 *
 *     struct peer *p = peer_start(script);  … peer_url(p, "/x", url, room) …
 *     peer_stop(p);
 */
#ifndef ZAPI_SPEC_HTTP_PEER_H
#define ZAPI_SPEC_HTTP_PEER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define PEER_MAX 512

struct peer;

/* Serves one connection, the nth (from 0); the peer closes it after. */
typedef void peer_script(struct peer *p, int fd, unsigned nth);

struct peer_connection {
    struct peer *peer;
    int fd;
    unsigned nth;
    pthread_t thread;
};

struct peer {
    int listener, port;
    peer_script *script;
    pthread_t acceptor;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct peer_connection connections[PEER_MAX];
    unsigned accepted, open, most_open; /* connections */
    unsigned requests;                  /* read whole */
    bool stopping, released;
    char last[65536]; /* the last request, head and body */
    size_t last_len;
};

static inline void peer_send(int fd, const char *text)
{
    size_t n = strlen(text);

    while (n > 0) {
        ssize_t w = send(fd, text, n, MSG_NOSIGNAL);
        if (w <= 0)
            return;
        text += w;
        n -= (size_t)w;
    }
}

static inline size_t peer_body_size(const char *head)
{
    const char *p = head;

    for (; (p = strstr(p, "\r\n")) != NULL;) {
        p += 2;
        if (strncasecmp(p, "Content-Length:", 15) == 0)
            return (size_t)strtoul(p + 15, NULL, 10);
    }
    return 0;
}

/* One whole request (head and Content-Length body) into p->last. false: the
 * client is gone. Bytes of a second request would be lost: clients here do not
 * pipeline. */
static inline bool peer_read(struct peer *p, int fd)
{
    static const size_t room = sizeof p->last;
    char *text = malloc(room);
    size_t len = 0, want = 0;
    bool whole = false;

    while (text && len + 1 < room) {
        ssize_t n = recv(fd, text + len, room - 1 - len, 0);
        char *end;
        if (n <= 0)
            break;
        len += (size_t)n;
        text[len] = '\0';
        end = strstr(text, "\r\n\r\n");
        if (!end)
            continue;
        want = (size_t)(end + 4 - text) + peer_body_size(text);
        whole = len >= want;
        if (whole)
            break;
    }
    if (whole) {
        pthread_mutex_lock(&p->mutex);
        memcpy(p->last, text, len + 1);
        p->last_len = len;
        p->requests++;
        pthread_cond_broadcast(&p->changed);
        pthread_mutex_unlock(&p->mutex);
    }
    free(text);
    return whole;
}

/* Closes with RST instead of FIN. */
static inline void peer_reset(int fd)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

/* Waits until the test says peer_release (or stops the peer). */
static inline void peer_hold(struct peer *p)
{
    pthread_mutex_lock(&p->mutex);
    while (!p->released && !p->stopping)
        pthread_cond_wait(&p->changed, &p->mutex);
    pthread_mutex_unlock(&p->mutex);
}

static inline void peer_release(struct peer *p)
{
    pthread_mutex_lock(&p->mutex);
    p->released = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->mutex);
}

static inline unsigned peer_requests(struct peer *p)
{
    unsigned n;

    pthread_mutex_lock(&p->mutex);
    n = p->requests;
    pthread_mutex_unlock(&p->mutex);
    return n;
}

/* Blocks until n requests have been read. */
static inline void peer_await(struct peer *p, unsigned n)
{
    pthread_mutex_lock(&p->mutex);
    while (p->requests < n)
        pthread_cond_wait(&p->changed, &p->mutex);
    pthread_mutex_unlock(&p->mutex);
}

static inline void *peer_serve(void *arg)
{
    struct peer_connection *c = arg;
    struct peer *p = c->peer;

    p->script(p, c->fd, c->nth);
    pthread_mutex_lock(&p->mutex);
    p->open--;
    close(c->fd);
    c->fd = -1;
    pthread_mutex_unlock(&p->mutex);
    return NULL;
}

static inline void *peer_accept(void *arg)
{
    struct peer *p = arg;

    for (;;) {
        int fd = accept(p->listener, NULL, NULL);
        struct peer_connection *c;
        if (fd < 0)
            return NULL;
        pthread_mutex_lock(&p->mutex);
        if (p->stopping || p->accepted >= PEER_MAX) {
            pthread_mutex_unlock(&p->mutex);
            close(fd);
            continue;
        }
        c = &p->connections[p->accepted];
        *c = (struct peer_connection){.peer = p, .fd = fd, .nth = p->accepted};
        p->accepted++;
        p->open++;
        if (p->open > p->most_open)
            p->most_open = p->open;
        pthread_create(&c->thread, NULL, peer_serve, c);
        pthread_mutex_unlock(&p->mutex);
    }
}

/* Listens on a free port of 127.0.0.1. */
static inline int peer_listen(int *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) != 0 ||
        listen(fd, 512) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        abort();
    *port = ntohs(at.sin_port);
    return fd;
}

static inline struct peer *peer_start(peer_script *script)
{
    struct peer *p = calloc(1, sizeof *p);

    if (!p)
        abort();
    p->script = script;
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->changed, NULL);
    p->listener = peer_listen(&p->port);
    pthread_create(&p->acceptor, NULL, peer_accept, p);
    return p;
}

static inline void peer_stop(struct peer *p)
{
    pthread_mutex_lock(&p->mutex);
    p->stopping = true;
    pthread_cond_broadcast(&p->changed);
    for (unsigned i = 0; i < p->accepted; i++)
        if (p->connections[i].fd >= 0)
            shutdown(p->connections[i].fd, SHUT_RDWR);
    pthread_mutex_unlock(&p->mutex);
    shutdown(p->listener, SHUT_RDWR);
    pthread_join(p->acceptor, NULL);
    for (unsigned i = 0; i < p->accepted; i++)
        pthread_join(p->connections[i].thread, NULL);
    close(p->listener);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->mutex);
    free(p);
}

static inline const char *peer_url(const struct peer *p, const char *path,
                                   char *out, size_t room)
{
    snprintf(out, room, "http://127.0.0.1:%d%s", p->port, path);
    return out;
}

#endif
