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

/* What to send. Everything is copied by zapi_http_start, unless `borrowed`. */
struct zapi_http_request {
    const char *method; /* "GET" */
    const char *url;
    const char *const *headers; /* "Name: value" …, NULL-terminated, or NULL;
                                   "Name;" sends it empty */
    const char *body;           /* may be NULL */
    size_t body_len;
    const struct zapi_http_part *parts; /* multipart instead of `body` */
    const char *send_path;  /* a file as the body, streamed; NULL: `body` */
    const char *save_path;  /* where the body of a 2xx goes; NULL: memory.
                              Written to a temporary name beside it, then
                              renamed; other replies stay in memory */
    double timeout;         /* seconds for the whole call; 0: 30 */
    double connect_timeout; /* seconds; 0: 10 */
    size_t max_reply;       /* bytes; 0: 16 MiB */
    unsigned max_redirects; /* 0: none are followed */
    bool repeatable;  /* false: the request is never written twice, not even by
                        the library's own retry on a stale connection */
    bool public_only; /* refuse private, loopback and link-local addresses,
                         checked at connect time, also after redirects */
    const char *public_except; /* "host:port" allowed all the same, or NULL */
    bool borrowed; /* this struct and all it points to stay as they are until
                      the callback or the cancel: nothing is copied */
};

/* A copy in one block of memory, strings and all: free() it. NULL when memory
 * ended. */
struct zapi_http_request *
zapi_http_request_clone(const struct zapi_http_request *from);

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
/* Appends a header line as it came from the wire, in the form of `headers`.
 * What is no "Name: value" is passed over. false: the buffer is full. */
bool zapi_http_header_add(struct zapi_buf *headers, const char *line,
                          size_t len);

#endif
