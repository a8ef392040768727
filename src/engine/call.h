/* SPDX-License-Identifier: MIT
 *
 * One call of an endpoint: request, judging the reply, and repeating it when
 * that is safe. Safe means: the row is idempotent, or the request never left.
 * Everything else with no usable answer is send.unknown and stays so. Loop
 * thread; the callback never runs from inside zapi_call_start.
 */
#ifndef ZAPI_ENGINE_CALL_H
#define ZAPI_ENGINE_CALL_H

#include <uv.h>

#include "api/endpoint.h"
#include "net/client.h"

struct zapi_call;

struct zapi_call_request {
    const struct zapi_endpoint *row; /* NULL for z:request */
    bool idempotent;                 /* used when row is NULL */
    const char *name;                /* for errors: "send_text" or a path */
    struct zapi_http_request http;   /* copied, unless it is `borrowed`: then
                                        what it points to stays until the
                                        callback or the cancel */
    unsigned attempts;               /* at most; 0: 3 */
    double backoff;                  /* first pause, seconds; 0: 0.5; doubles,
                                        with full jitter, at most 10 */
};

/* `reply` is NULL when no reply was read; it is borrowed, its body may be
 * taken. `error` is NULL on success. */
typedef void zapi_call_done(void *arg, struct zapi_http_reply *reply,
                            const struct zapi_error *error);

/* NULL: *error. */
struct zapi_call *zapi_call_start(struct zapi_http *http, uv_loop_t *loop,
                                  const struct zapi_call_request *req,
                                  zapi_call_done *done, void *arg,
                                  struct zapi_error *error);
/* No callback any more; after it returns nothing touches `arg`. */
void zapi_call_cancel(struct zapi_call *call);

#endif
