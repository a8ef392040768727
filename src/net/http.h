/* SPDX-License-Identifier: MIT
 *
 * Plain data of an HTTP call, shared by client.c and its users.
 */
#ifndef ZAPI_NET_HTTP_H
#define ZAPI_NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

/* A file part of a multipart form, streamed from disk. */
struct zapi_http_part {
    const char *name; /* NULL ends the list */
    const char *value;
    size_t value_len;
    const char *path; /* a file instead of `value` */
    const char *mime; /* may be NULL */
};

/* What to send. Everything is copied by zapi_http_start. */
struct zapi_http_request {
    const char *method; /* "GET" */
    const char *url;
    const char *const *headers; /* "Name: value" …, NULL-terminated, or NULL */
    const char *body;           /* may be NULL */
    size_t body_len;
    const struct zapi_http_part *parts; /* multipart instead of `body` */
    const char *send_path;  /* a file as the body, streamed; NULL: `body` */
    const char *save_path;  /* where the reply body goes; NULL: memory. Written
                              to a temporary name beside it, then renamed */
    double timeout;         /* seconds for the whole call; 0: 30 */
    double connect_timeout; /* seconds; 0: 10 */
    size_t max_reply;       /* bytes; 0: 16 MiB */
    unsigned max_redirects; /* 0: none are followed */
    bool repeatable;  /* false: the request is never written twice, not even by
                        the library's own retry on a stale connection */
    bool public_only; /* refuse private, loopback and link-local addresses,
                         checked at connect time, also after redirects */
    const char *public_except; /* "host:port" allowed all the same, or NULL */
};

/* What came back. Borrowed during the callback; `body` may be moved out with
 * zapi_buf_take. */
struct zapi_http_reply {
    enum zapi_error_kind error; /* ZAPI_E_NONE: an HTTP reply was read whole */
    bool written; /* some byte of the request may have reached the server */
    char message[200]; /* for people, no URL in it */
    int status;
    struct zapi_buf headers; /* "name: value\n" lines, names lower case, of the
                                last reply (after redirects) */
    struct zapi_buf body;
    double seconds;
};

/* Value of a header in `headers` (name in lower case), appended to a fixed
 * buffer; "" when absent. */
const char *zapi_http_header(const struct zapi_http_reply *r, const char *name,
                             char *out, size_t room);

#endif
