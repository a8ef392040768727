/* SPDX-License-Identifier: MIT
 *
 * Request bodies that came compressed.
 */
#ifndef ZAPI_NET_INFLATE_H
#define ZAPI_NET_INFLATE_H

#include "base/buf.h"

/* What a Content-Encoding asks for. */
enum zapi_coding {
    ZAPI_CODING_NONE,
    ZAPI_CODING_DEFLATED, /* gzip or deflate */
    ZAPI_CODING_UNKNOWN,
};

/* `header` may be NULL. */
enum zapi_coding zapi_coding_of(const char *header);
/* Appends the inflated text to `out`, whose `max` is the ceiling. 0, or the
 * HTTP status that says what was wrong: 413 over the ceiling, 400 broken. */
int zapi_inflate(const char *p, size_t n, struct zapi_buf *out);

#endif
