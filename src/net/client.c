/* SPDX-License-Identifier: MIT
 *
 * The HTTP client: libcurl's multi interface on a libuv loop.
 *
 * Three things are kept apart: a *call* (what the user asked for and will be
 * told), a *handle* (a pooled curl easy handle, held only while a call is
 * running) and a *slot* (what our own epoll set knows of a socket). One
 * uv_poll watches that set: one uv_poll per socket costs a third of the
 * throughput, because libcurl drops and takes up its interest in a socket with
 * every transfer.
 *
 * The user's callback runs only from `tell` (client_drive.c), after libcurl has
 * returned, so it may start, cancel and delete at will. All memory is freed in
 * uv's close callbacks at the earliest. The files are in client_parts.h. Start
 * reading at zapi_http_start.
 */
#include "net/client.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/client_parts.h"

#define DEFAULT_TIMEOUT   30.0
#define DEFAULT_IN_FLIGHT 256u
#define DEFAULT_PER_HOST  64u
#define LONGEST_TIMEOUT   1e6 /* seconds */

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

void zapi_http_on_call_closed(uv_handle_t *handle)
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
    bad |= curl_multi_setopt(m, CURLMOPT_SOCKETFUNCTION, zapi_http_on_interest);
    bad |= curl_multi_setopt(m, CURLMOPT_SOCKETDATA, h);
    bad |=
        curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, zapi_http_on_timer_wish);
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
    uv_poll_start(&h->poll, UV_READABLE, zapi_http_on_ready);
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
    zapi_http_list_init(&h->running);
    zapi_http_list_init(&h->queue);
    zapi_http_list_init(&h->spare);
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

static void discard_all(struct zapi_http_link *list)
{
    struct zapi_http_call *call;

    while ((call = zapi_http_list_first(list)) != NULL) {
        zapi_http_retire_call(call);
        zapi_http_call_discard(call);
    }
}

void zapi_http_delete(struct zapi_http *h)
{
    struct zapi_http_pipe_guard guard;
    struct zapi_http_handle *hd;

    h->closing = true;
    discard_all(&h->running);
    discard_all(&h->queue);
    discard_all(&h->spare);
    zapi_http_guard_begin(h, &guard);
    while ((hd = h->pool) != NULL) {
        h->pool = hd->next;
        zapi_http_handle_free(hd);
    }
    curl_multi_cleanup(h->multi);
    zapi_http_guard_end(&guard);
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
    uv_timer_start(&call->timer, zapi_http_on_timeout,
                   (uint64_t)(zapi_clock_left(w) * 1000) + 1, 0);
}

static void enqueue(struct zapi_http_call *call)
{
    struct zapi_http *h = call->http;

    call->state = ZAPI_CALL_QUEUED;
    zapi_http_list_append(&h->queue, &call->link);
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
    call = zapi_http_call_take(h);
    if (!call || !zapi_http_call_init(call, req)) {
        if (call)
            zapi_http_call_give(call);
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "memory ended");
        return NULL;
    }
    call->done = done;
    call->arg = arg;
    if (h->queue_count > 0 || h->running_count >= h->in_flight) {
        enqueue(call);
    } else if (!zapi_http_launch(call)) {
        zapi_http_fail_launch(call);
        zapi_error_set(error, call->cause, "%s", call->reply.message);
        zapi_http_cancel(call);
        return NULL;
    }
    /* The loop's idea of now may be old: the time must not be over before
     * the call had a chance. */
    call->patience.moved = on_clock;
    zapi_clock_wait(&call->patience, (double)milliseconds(req->timeout) / 1e3);
    uv_update_time(h->loop);
    uv_timer_start(&call->timer, zapi_http_on_timeout,
                   milliseconds(req->timeout), 0);
    return call;
}

void zapi_http_cancel(struct zapi_http_call *call)
{
    struct zapi_http *h = call->http;

    zapi_http_retire_call(call);
    free(call->copy);
    call->copy = NULL;
    zapi_http_call_give(call);
    if (h->queue_count > 0)
        zapi_http_wake(h);
}

bool zapi_http_call_written(const struct zapi_http_call *call)
{
    return call->handle && zapi_http_request_bytes(call->handle) > 0;
}

size_t zapi_http_active(const struct zapi_http *h)
{
    return h->running_count + h->queue_count;
}
