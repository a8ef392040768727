/* SPDX-License-Identifier: MIT
 *
 * What the files of the HTTP client share; nobody else includes this. They are
 * the only ones that know libcurl.
 *
 *   client.c          the client: made, closed; a call started, cancelled
 *   client_drive.c    a call's life, and libcurl's turns
 *   client_handle.c   libcurl's handles, their callbacks and sockets
 *   client_options.c  from a request to a handle's options
 *   client_failure.c  from what went wrong to an error
 *
 * The client owns its calls and handles; all is the loop's.
 */
#ifndef ZAPI_NET_CLIENT_PARTS_H
#define ZAPI_NET_CLIENT_PARTS_H

#include <signal.h>
#include <stdint.h>

#include <curl/curl.h>

#include "base/clock.h"
#include "net/client.h"

struct zapi_http_link {
    struct zapi_http_link *prev, *next;
};

/* What the epoll set has (`known`) and what libcurl wants, as EPOLLIN|OUT. */
struct zapi_http_slot {
    uint8_t known, wanted;
    bool ours; /* we shall be told when it is closed */
};

struct zapi_http_handle {
    CURL *easy;
    struct zapi_http *http;
    struct zapi_http_call *call;   /* NULL while pooled */
    struct zapi_http_handle *next; /* in the pool */
    struct curl_slist *headers;    /* kept for the next call: mostly the same */
    curl_mime *form;
    CURLU *url;      /* parsed here: libcurl would parse it, write it and
                            copy it anew for every call */
    char *url_text;  /* what `url` and CURLOPT_URL are set to, or NULL */
    char method[16]; /* the CUSTOMREQUEST that is set, "" when none */
    bool has_body;   /* how `headers` was built */
    bool special;    /* options are set that the next call must not inherit */
    char why[CURL_ERROR_SIZE];
};

enum zapi_http_state {
    ZAPI_CALL_SPARE,
    ZAPI_CALL_QUEUED,
    ZAPI_CALL_RUNNING,
    ZAPI_CALL_TOLD
};

struct zapi_http_call {
    struct zapi_http_link link; /* first: in running, queue or spare */
    struct zapi_http *http;
    struct zapi_http_handle *handle;     /* while running */
    const struct zapi_http_request *req; /* the user's, or `copy` */
    struct zapi_http_request *copy;      /* owned */
    zapi_http_done *done;
    void *arg;
    enum zapi_http_state state;
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
    struct zapi_http_slot *slots;
    size_t slot_count;
    struct zapi_http_link running, queue, spare;
    unsigned running_count, queue_count, spare_count, in_flight, handles;
    struct zapi_http_handle *pool;
    uint64_t serial;
    char *ca_file, *user_agent, *no_proxy;
    bool guard_pipe; /* SIGPIPE would end the process, and TLS is in use */
};

/* OpenSSL writes without MSG_NOSIGNAL. A library must not change how the
 * program takes SIGPIPE, so it is held back on this thread while libcurl runs,
 * and one that came is swallowed. Only when TLS is used and nobody ignores it
 * already. */
struct zapi_http_pipe_guard {
    bool held, was_pending;
    sigset_t old;
};

struct zapi_http_failure {
    CURLcode code;
    enum zapi_error_kind kind;
    const char *text; /* is followed by "host:port" */
};

static inline void zapi_http_list_init(struct zapi_http_link *l)
{
    l->prev = l->next = l;
}

static inline void zapi_http_list_append(struct zapi_http_link *list,
                                         struct zapi_http_link *l)
{
    l->prev = list->prev;
    l->next = list;
    list->prev->next = l;
    list->prev = l;
}

static inline void zapi_http_list_remove(struct zapi_http_link *l)
{
    l->prev->next = l->next;
    l->next->prev = l->prev;
    zapi_http_list_init(l);
}

static inline struct zapi_http_call *
zapi_http_list_first(const struct zapi_http_link *list)
{
    return list->next == list ? NULL : (struct zapi_http_call *)list->next;
}

/* ---- client_handle.c ---- */

void zapi_http_forget_socket(struct zapi_http *h, int fd);
int zapi_http_on_interest(CURL *easy, curl_socket_t fd, int what, void *arg,
                          void *unused);
bool zapi_http_to_file(const struct zapi_http_call *call);
bool zapi_http_io_failed(struct zapi_http_call *call);
bool zapi_http_open_partial(struct zapi_http_call *call);
size_t zapi_http_on_read(char *p, size_t size, size_t n, void *arg);
int zapi_http_on_seek(void *arg, curl_off_t offset, int origin);
void zapi_http_handle_free(struct zapi_http_handle *hd);
struct zapi_http_handle *zapi_http_handle_take(struct zapi_http *h);
void zapi_http_handle_give(struct zapi_http_handle *hd);

/* ---- client_options.c ---- */

unsigned zapi_http_configure(struct zapi_http_handle *hd,
                             struct zapi_http_call *call);

/* ---- client_failure.c ---- */

long zapi_http_request_bytes(const struct zapi_http_handle *hd);
void zapi_http_where(const struct zapi_http_call *call, char *out, size_t room);
const struct zapi_http_failure *
zapi_http_find_failure(const struct zapi_http_call *call, CURLcode code);
void zapi_http_say_failure(struct zapi_http_call *call, const char *text,
                           const char *more);
void zapi_http_explain(struct zapi_http_call *call, CURLcode code);
void zapi_http_explain_timeout(struct zapi_http_call *call);

/* ---- client_drive.c ---- */

void zapi_http_guard_begin(const struct zapi_http *h,
                           struct zapi_http_pipe_guard *g);
void zapi_http_guard_end(const struct zapi_http_pipe_guard *g);
struct zapi_http_call *zapi_http_call_take(struct zapi_http *h);
void zapi_http_call_discard(struct zapi_http_call *call);
void zapi_http_call_give(struct zapi_http_call *call);
bool zapi_http_call_init(struct zapi_http_call *call,
                         const struct zapi_http_request *req);
void zapi_http_retire_call(struct zapi_http_call *call);
void zapi_http_wake(struct zapi_http *h);
bool zapi_http_launch(struct zapi_http_call *call);
void zapi_http_fail_launch(struct zapi_http_call *call);
void zapi_http_on_ready(uv_poll_t *poll, int status, int events);
int zapi_http_on_timer_wish(CURLM *multi, long ms, void *arg);
void zapi_http_on_timeout(uv_timer_t *timer);

/* ---- client.c ---- */

void zapi_http_on_call_closed(uv_handle_t *handle);

#endif
