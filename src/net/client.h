/* SPDX-License-Identifier: MIT
 *
 * An asynchronous HTTP client: libcurl's multi interface behind one uv_poll.
 * Loop thread only. A call's callback runs from the loop, never from inside
 * zapi_http_start, and exactly once unless the call is cancelled.
 */
#ifndef ZAPI_NET_CLIENT_H
#define ZAPI_NET_CLIENT_H

#include <uv.h>

#include "net/http.h"

struct zapi_http;      /* the client; owns its connections */
struct zapi_http_call; /* a call under way; owned by the client */

struct zapi_http_limits {
    unsigned in_flight;  /* more calls wait in order; 0: 256 */
    unsigned per_host;   /* connections to one host; 0: 64 */
    const char *ca_file; /* PEM of extra trusted authorities, or NULL */
    const char *user_agent;
};

typedef void zapi_http_done(void *arg, struct zapi_http_reply *reply);

/* NULL when memory ended. `loop` is borrowed and must outlive the client. */
struct zapi_http *zapi_http_new(uv_loop_t *loop,
                                const struct zapi_http_limits *limits);
/* Cancels every call (no callbacks) and starts closing; the loop must run on
 * until its handles are closed. `h` must not be used again. */
void zapi_http_delete(struct zapi_http *h);
/* Returns the call, or NULL with *error set (bad URL, no memory). */
struct zapi_http_call *zapi_http_start(struct zapi_http *h,
                                       const struct zapi_http_request *req,
                                       zapi_http_done *done, void *arg,
                                       struct zapi_error *error);
/* Ends a call without its callback. Never after the callback ran. */
void zapi_http_cancel(struct zapi_http_call *call);
/* Has any byte of it been written? For what a cancel left behind. */
bool zapi_http_call_written(const struct zapi_http_call *call);
size_t zapi_http_active(const struct zapi_http *h);

#endif
