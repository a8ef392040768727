/* SPDX-License-Identifier: MIT
 *
 * One call of an endpoint and its repetitions. A call owns a copy of its
 * request, which every attempt borrows, and a timer that exists only once
 * there was something to wait for (its memory is then freed when uv has closed
 * it). Start reading at on_reply: it makes an error of what came back, and
 * either waits and tries again or tells the owner.
 *
 * What may be repeated: a request that never left, and an idempotent one that
 * failed for a passing reason. Nothing else, whatever the server says.
 */
#include "engine/call.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/reply.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/redact.h"
#include "engine/retry_after.h"

#define DEFAULT_ATTEMPTS 3u
#define DEFAULT_BACKOFF  0.5
#define LONGEST_BACKOFF  10.0
#define LONGEST_WAIT     60.0 /* that a server may ask for */

struct zapi_call {
    struct zapi_http *http;
    uv_loop_t *loop;
    const struct zapi_endpoint *row;
    bool idempotent;
    char name[64];
    struct zapi_http_request *request; /* owned, or the one below */
    struct zapi_http_request shallow;  /* of a request that is borrowed */
    unsigned attempts, tried;
    double backoff;
    uint64_t random;
    zapi_call_done *done;
    void *arg;
    struct zapi_http_call *under_way; /* NULL while waiting */
    uv_timer_t timer;
    struct zapi_clock_waiter pause;
    bool has_timer;
};

static void on_timer_closed(uv_handle_t *handle)
{
    struct zapi_call *call = handle->data;

    free(call);
}

static void call_free(struct zapi_call *call)
{
    if (call->request != &call->shallow)
        free(call->request);
    call->request = NULL;
    if (call->has_timer)
        uv_close((uv_handle_t *)&call->timer, on_timer_closed);
    else
        free(call);
}

/* The name of a call without a row is a path, and may hold a phone number. */
static void count(const struct zapi_call *call, const struct zapi_error *error)
{
    char labels[128];
    snprintf(labels, sizeof labels, "endpoint=\"%s\",kind=\"%s\"",
             call->row ? call->row->name : "request",
             error ? zapi_error_name(error->kind) : "ok");
    zapi_metrics_add(ZAPI_M_CALLS, labels, 1);
}

static void tell(struct zapi_call *call, struct zapi_http_reply *reply,
                 const struct zapi_error *error)
{
    call->under_way = NULL;
    count(call, error);
    call->done(call->arg, reply, error);
    call_free(call);
}

/* ---- what an attempt came to ---- */

static void name_error(const struct zapi_call *call, struct zapi_error *error)
{
    snprintf(error->endpoint, sizeof error->endpoint, "%s", call->name);
    zapi_redact_str(error->endpoint, sizeof error->endpoint);
}

/* No reply was read. */
static void judge_failure(const struct zapi_call *call,
                          const struct zapi_http_reply *reply,
                          struct zapi_error *error)
{
    bool unknown = reply->written && !call->idempotent;

    if (unknown)
        zapi_error_set(error, ZAPI_E_SEND_UNKNOWN,
                       "it may have been done, nobody knows: %s",
                       reply->message);
    else
        zapi_error_set(error, reply->error, "%s", reply->message);
    error->outcome =
        reply->written ? ZAPI_OUTCOME_UNKNOWN : ZAPI_OUTCOME_NOT_SENT;
}

static bool judge_reply(const struct zapi_call *call,
                        const struct zapi_http_reply *reply,
                        struct zapi_error *error)
{
    char type[100], after[64];
    struct zapi_reply_facts facts = {
        .status = reply->status,
        .content_type =
            zapi_http_header(reply, "content-type", type, sizeof type),
        .retry_after = zapi_retry_after(
            zapi_http_header(reply, "retry-after", after, sizeof after),
            (time_t)zapi_clock_now()),
        .body = reply->body.data,
        .len = reply->body.len,
    };

    if (zapi_reply_judge(call->row, &facts, error))
        return true;
    /* Without a row it was not said there whether this may be repeated. */
    if (!call->row && !call->idempotent &&
        error->outcome == ZAPI_OUTCOME_UNKNOWN)
        error->kind = ZAPI_E_SEND_UNKNOWN;
    return false;
}

static bool judge(const struct zapi_call *call,
                  const struct zapi_http_reply *reply, struct zapi_error *error)
{
    bool ok = false;

    if (reply->error)
        judge_failure(call, reply, error);
    else
        ok = judge_reply(call, reply, error);
    if (!ok)
        name_error(call, error);
    return ok;
}

/* ---- trying again ---- */

/* splitmix64: good enough to keep callers from returning in step. */
static double random_share(struct zapi_call *call)
{
    uint64_t z = call->random += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

/* Full jitter, and never before the server's own wish. */
static double pause_before_next(struct zapi_call *call,
                                const struct zapi_error *error)
{
    double most = call->backoff, pause;

    for (unsigned i = 1; i < call->tried && most < LONGEST_BACKOFF; i++)
        most *= 2;
    if (most > LONGEST_BACKOFF)
        most = LONGEST_BACKOFF;
    pause = most * random_share(call);
    return pause > error->retry_after ? pause : error->retry_after;
}

static bool may_repeat(const struct zapi_call *call,
                       const struct zapi_http_reply *reply,
                       const struct zapi_error *error)
{
    if (call->tried >= call->attempts || !zapi_error_retryable(error->kind))
        return false;
    if (error->retry_after > LONGEST_WAIT)
        return false; /* earlier would be refused, that late is too late */
    return call->idempotent || (reply->error && !reply->written);
}

static void attempt(struct zapi_call *call);

static void on_timer(uv_timer_t *timer)
{
    struct zapi_call *call = timer->data;
    zapi_clock_leave(&call->pause);
    attempt(call);
}

static void arm(struct zapi_call *call)
{
    double left = zapi_clock_left(&call->pause);
    uv_update_time(call->loop);
    uv_timer_start(&call->timer, on_timer, (uint64_t)(left * 1000) + 1, 0);
}

static void on_clock(struct zapi_clock_waiter *w)
{
    arm((struct zapi_call *)((char *)w - offsetof(struct zapi_call, pause)));
}

static void wait_and_repeat(struct zapi_call *call,
                            const struct zapi_error *error)
{
    double pause = pause_before_next(call, error);

    zapi_debug("%s: %s: %s; again in %.1f s", call->name,
               zapi_error_name(error->kind), error->message, pause);
    if (!call->has_timer) {
        uv_timer_init(call->loop, &call->timer);
        call->timer.data = call;
        call->has_timer = true;
    }
    call->under_way = NULL;
    call->pause.moved = on_clock;
    zapi_clock_wait(&call->pause, pause);
    arm(call);
}

static void on_reply(void *arg, struct zapi_http_reply *reply)
{
    struct zapi_call *call = arg;
    struct zapi_error error = {.kind = ZAPI_E_NONE};

    if (judge(call, reply, &error))
        tell(call, reply, NULL);
    else if (may_repeat(call, reply, &error))
        wait_and_repeat(call, &error);
    else
        tell(call, reply->error ? NULL : reply, &error);
}

static bool begin(struct zapi_call *call, struct zapi_error *error)
{
    call->tried++;
    call->under_way =
        zapi_http_start(call->http, call->request, on_reply, call, error);
    if (call->under_way)
        return true;
    name_error(call, error);
    error->outcome = ZAPI_OUTCOME_NOT_SENT;
    return false;
}

/* A repetition, from the timer. */
static void attempt(struct zapi_call *call)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};

    if (!begin(call, &error))
        tell(call, NULL, &error);
}

/* ---- the owner's side ---- */

static struct zapi_call *call_new(const struct zapi_call_request *req)
{
    struct zapi_call *call = calloc(1, sizeof *call);

    if (!call)
        return NULL;
    call->shallow = req->http;
    call->request = req->http.borrowed ? &call->shallow
                                       : zapi_http_request_clone(&req->http);
    if (!call->request) {
        free(call);
        return NULL;
    }
    call->row = req->row;
    call->idempotent = req->row ? req->row->idempotent : req->idempotent;
    call->request->repeatable = call->idempotent;
    call->request->borrowed = true;
    call->attempts = req->attempts ? req->attempts : DEFAULT_ATTEMPTS;
    call->backoff = req->backoff > 0 ? req->backoff : DEFAULT_BACKOFF;
    call->random = uv_hrtime() ^ (uintptr_t)call;
    /* From calloc: what is cut off ends with a NUL all the same. */
    memccpy(call->name, req->name, '\0', sizeof call->name - 1);
    return call;
}

struct zapi_call *zapi_call_start(struct zapi_http *http, uv_loop_t *loop,
                                  const struct zapi_call_request *req,
                                  zapi_call_done *done, void *arg,
                                  struct zapi_error *error)
{
    struct zapi_call *call = call_new(req);

    if (!call) {
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "memory ended");
        return NULL;
    }
    call->http = http;
    call->loop = loop;
    call->done = done;
    call->arg = arg;
    if (begin(call, error))
        return call;
    call_free(call);
    return NULL;
}

void zapi_call_cancel(struct zapi_call *call)
{
    if (call->under_way)
        zapi_http_cancel(call->under_way);
    else if (call->has_timer)
        uv_timer_stop(&call->timer);
    zapi_clock_leave(&call->pause);
    call_free(call);
}
