/* SPDX-License-Identifier: MIT
 *
 * A growing byte buffer with a ceiling. Every buffer has a maximum, so that
 * nothing read from outside can take all memory. A failed append (over the
 * maximum, or no memory) sets `failed` and leaves the content as it was; it
 * may be checked once at the end, as further appends then do nothing.
 */
#ifndef ZAPI_BASE_BUF_H
#define ZAPI_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct zapi_buf {
    char *data; /* owned; NUL-terminated once anything was appended */
    size_t len; /* bytes in use, without the NUL */
    size_t cap; /* bytes allocated */
    size_t max; /* most bytes that `len` may reach */
    bool failed;
};

/* An empty buffer that may hold `max` bytes. Allocates nothing yet. */
void zapi_buf_init(struct zapi_buf *b, size_t max);
/* Frees the content; the buffer may be used again with the same maximum. */
void zapi_buf_free(struct zapi_buf *b);
/* Forgets the content, keeps the memory; clears `failed`. */
void zapi_buf_reset(struct zapi_buf *b);
/* Room for `n` more bytes. false: `failed` is set. */
bool zapi_buf_reserve(struct zapi_buf *b, size_t n);
bool zapi_buf_add(struct zapi_buf *b, const void *p, size_t n);
bool zapi_buf_adds(struct zapi_buf *b, const char *s);
bool zapi_buf_addc(struct zapi_buf *b, char c);
bool zapi_buf_addf(struct zapi_buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
bool zapi_buf_addv(struct zapi_buf *b, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
/* Percent-encodes for one path segment or one query value (RFC 3986). */
bool zapi_buf_adduri(struct zapi_buf *b, const char *s, size_t n);
/* Moves the content to the caller (free() it; may be NULL when empty) and
 * leaves the buffer empty. `len` may be NULL. */
char *zapi_buf_take(struct zapi_buf *b, size_t *len);
/* The content as a C string; "" when empty. Borrowed until the next call. */
const char *zapi_buf_str(const struct zapi_buf *b);

#endif
