/* SPDX-License-Identifier: MIT
 *
 * A call from its launch to its end, and how libcurl is driven meanwhile. The
 * user's callback runs only from `tell`, after libcurl has returned. Start
 * reading at zapi_http_on_ready, then launch, tell, conclude.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/client_parts.h"

#define DEFAULT_MAX_REPLY ((size_t)16 << 20)
#define MAX_HEADERS       ((size_t)256 << 10)
#define KEEP_BUFFER       ((size_t)64 << 10)
#define SPARE_CALLS       256u
#define EVENTS_PER_TURN   64
#define MESSAGES_PER_TURN 256

void zapi_http_guard_begin(const struct zapi_http *h,
                           struct zapi_http_pipe_guard *g)
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

void zapi_http_guard_end(const struct zapi_http_pipe_guard *g)
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

/* ---- a call's life ---- */

struct zapi_http_call *zapi_http_call_take(struct zapi_http *h)
{
    struct zapi_http_call *call = zapi_http_list_first(&h->spare);

    if (call) {
        zapi_http_list_remove(&call->link);
        h->spare_count--;
        return call;
    }
    call = calloc(1, sizeof *call);
    if (!call)
        return NULL;
    zapi_http_list_init(&call->link);
    call->http = h;
    zapi_buf_init(&call->reply.headers, MAX_HEADERS);
    zapi_buf_init(&call->reply.body, DEFAULT_MAX_REPLY);
    uv_timer_init(h->loop, &call->timer);
    call->timer.data = call;
    h->open++;
    return call;
}

void zapi_http_call_discard(struct zapi_http_call *call)
{
    uv_close((uv_handle_t *)&call->timer, zapi_http_on_call_closed);
}

static void trim(struct zapi_buf *b)
{
    if (b->cap > KEEP_BUFFER)
        zapi_buf_free(b);
    else
        zapi_buf_reset(b);
}

void zapi_http_call_give(struct zapi_http_call *call)
{
    struct zapi_http *h = call->http;

    call->state = ZAPI_CALL_SPARE;
    call->serial = 0;
    trim(&call->reply.headers);
    trim(&call->reply.body);
    if (h->closing || h->spare_count >= SPARE_CALLS) {
        zapi_http_call_discard(call);
        return;
    }
    zapi_http_list_append(&h->spare, &call->link);
    h->spare_count++;
}

bool zapi_http_call_init(struct zapi_http_call *call,
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
    struct zapi_http_handle *hd = call->handle;

    if (!hd)
        return;
    curl_multi_remove_handle(h->multi, hd->easy);
    call->handle = NULL;
    h->running_count--;
    zapi_http_handle_give(hd);
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
void zapi_http_retire_call(struct zapi_http_call *call)
{
    struct zapi_http *h = call->http;
    struct zapi_http_pipe_guard guard;

    uv_timer_stop(&call->timer);
    zapi_clock_leave(&call->patience);
    zapi_http_list_remove(&call->link);
    if (call->state == ZAPI_CALL_QUEUED)
        h->queue_count--;
    zapi_http_guard_begin(h, &guard);
    detach(call);
    zapi_http_guard_end(&guard);
    close_files(call);
}

/* Under its real name, whole, or not at all. */
static bool keep_file(struct zapi_http_call *call)
{
    int fd = call->out;

    if (!zapi_http_open_partial(call))
        return false;
    fd = call->out;
    call->out = -1;
    if (close(fd) != 0 || rename(call->partial, call->req->save_path) != 0)
        return zapi_http_io_failed(call);
    free(call->partial);
    call->partial = NULL;
    return true;
}

/* Tells the user, who may do anything, also delete the client. */
static void conclude(struct zapi_http_call *call)
{
    call->reply.seconds = (double)(uv_hrtime() - call->begun) / 1e9;
    zapi_http_retire_call(call);
    call->state = ZAPI_CALL_TOLD;
    call->done(call->arg, &call->reply);
    free(call->copy);
    call->copy = NULL;
    zapi_http_call_give(call);
}

static void finish(struct zapi_http_call *call, CURLcode code)
{
    call->reply.written = zapi_http_request_bytes(call->handle) > 0;
    if (code == CURLE_OK && zapi_http_to_file(call) && !keep_file(call))
        code = CURLE_WRITE_ERROR;
    if (code != CURLE_OK)
        zapi_http_explain(call, code);
    conclude(call);
}

/* ---- driving libcurl ---- */

static void on_wake(uv_timer_t *timer);

void zapi_http_wake(struct zapi_http *h)
{
    uv_timer_start(&h->wake, on_wake, 0, 0);
}

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
        zapi_http_wake(h);
    return running;
}

bool zapi_http_launch(struct zapi_http_call *call)
{
    struct zapi_http *h = call->http;
    struct zapi_http_handle *hd = zapi_http_handle_take(h);
    struct zapi_http_pipe_guard guard;
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
    if (zapi_http_configure(hd, call) != 0 ||
        curl_multi_add_handle(h->multi, hd->easy)) {
        if (!call->cause)
            call->cause = ZAPI_E_NO_MEMORY;
        hd->special = true;
        zapi_http_handle_give(hd);
        return false;
    }
    call->handle = hd;
    call->state = ZAPI_CALL_RUNNING;
    zapi_http_list_append(&h->running, &call->link);
    h->running_count++;
    zapi_http_guard_begin(h, &guard);
    h->driving = true;
    running = serve_due(h);
    h->driving = false;
    zapi_http_guard_end(&guard);
    if (running < (int)h->running_count && !h->telling)
        zapi_http_wake(h); /* one is over already: tell it from the loop */
    return true;
}

void zapi_http_fail_launch(struct zapi_http_call *call)
{
    zapi_http_say_failure(call, zapi_http_find_failure(call, CURLE_OK)->text,
                          call->os_error ? strerror(call->os_error) : "");
    call->reply.error = call->cause;
}

/* Into the places that have become free. */
static void launch_queued(struct zapi_http *h)
{
    struct zapi_http_call *call;

    while (!h->closing && h->running_count < h->in_flight &&
           (call = zapi_http_list_first(&h->queue)) != NULL) {
        zapi_http_list_remove(&call->link);
        h->queue_count--;
        call->state = ZAPI_CALL_TOLD;
        if (zapi_http_launch(call))
            continue;
        zapi_http_fail_launch(call);
        conclude(call);
    }
}

static void tell(struct zapi_http *h)
{
    CURLMsg *msg;
    struct zapi_http_handle *hd = NULL;
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
        zapi_http_wake(h);
    launch_queued(h);
}

static void serve_event(struct zapi_http *h, const struct epoll_event *ev)
{
    int fd = ev->data.fd, mask = 0;

    if ((size_t)fd >= h->slot_count || !h->slots[fd].wanted) {
        if ((size_t)fd < h->slot_count)
            zapi_http_forget_socket(
                h, fd); /* an idle connection: libcurl looks at it itself */
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
    struct zapi_http_pipe_guard guard;
    int n = epoll_wait(h->epoll, events, EVENTS_PER_TURN, 0);

    zapi_http_guard_begin(h, &guard);
    h->driving = true;
    for (int i = 0; i < n; i++)
        serve_event(h, &events[i]);
    h->due |= timers;
    serve_due(h);
    h->driving = false;
    zapi_http_guard_end(&guard);
    tell(h);
}

void zapi_http_on_ready(uv_poll_t *poll, int status, int events)
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
int zapi_http_on_timer_wish(CURLM *multi, long ms, void *arg)
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
void zapi_http_on_timeout(uv_timer_t *timer)
{
    struct zapi_http_call *call = timer->data;
    struct zapi_http *h = call->http;
    uint64_t serial = call->serial;

    drive(h, false);
    if (h->closing || call->serial != serial)
        return;
    call->reply.written = zapi_http_call_written(call);
    zapi_http_explain_timeout(call);
    conclude(call);
    if (!h->closing)
        launch_queued(h);
}
