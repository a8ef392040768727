/* SPDX-License-Identifier: MIT
 *
 * The growing buffer. It doubles, so that n appends cost O(n), but never
 * allocates more than `max` bytes and the NUL. The owner of the struct owns
 * `data`; nothing here keeps a pointer. Start at zapi_buf_reserve: every
 * append goes through it, and it alone decides about failure.
 */
#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST 64 /* smallest allocation */

void zapi_buf_init(struct zapi_buf *b, size_t max)
{
    /* One byte less than all, as the NUL needs its place. */
    *b = (struct zapi_buf){.max = max < SIZE_MAX ? max : SIZE_MAX - 1};
}

void zapi_buf_free(struct zapi_buf *b)
{
    free(b->data);
    zapi_buf_init(b, b->max);
}

void zapi_buf_reset(struct zapi_buf *b)
{
    b->len = 0;
    b->failed = false;
    if (b->data) {
        b->data[0] = '\0';
    }
}

/* The next capacity that holds `need` bytes, not above max + 1. */
static size_t grown(const struct zapi_buf *b, size_t need)
{
    size_t cap = b->cap ? b->cap : FIRST;

    while (cap < need) {
        cap = cap <= SIZE_MAX / 2 ? cap * 2 : need;
    }
    return cap > b->max + 1 ? b->max + 1 : cap;
}

bool zapi_buf_reserve(struct zapi_buf *b, size_t n)
{
    if (b->failed) {
        return false;
    }
    if (n < b->cap - b->len && b->cap > 0) {
        return true;
    }
    char *data = NULL;
    if (n <= b->max - b->len) {
        size_t cap = grown(b, b->len + n + 1);
        data = realloc(b->data, cap);
        b->cap = data ? cap : b->cap;
    }
    if (!data) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->data[b->len] = '\0';
    return true;
}

bool zapi_buf_add(struct zapi_buf *b, const void *p, size_t n)
{
    if (!zapi_buf_reserve(b, n)) {
        return false;
    }
    if (n > 0) {
        memcpy(b->data + b->len, p, n);
        b->len += n;
        b->data[b->len] = '\0';
    }
    return true;
}

bool zapi_buf_adds(struct zapi_buf *b, const char *s)
{
    return zapi_buf_add(b, s, strlen(s));
}

bool zapi_buf_addc(struct zapi_buf *b, char c)
{
    return zapi_buf_add(b, &c, 1);
}

bool zapi_buf_addf(struct zapi_buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    bool ok = zapi_buf_addv(b, fmt, ap);
    va_end(ap);
    return ok;
}

bool zapi_buf_addv(struct zapi_buf *b, const char *fmt, va_list ap)
{
    va_list again;

    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0) {
        b->failed = true;
    }
    if (n < 0 || !zapi_buf_reserve(b, (size_t)n)) {
        return false;
    }
    vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
    b->len += (size_t)n;
    return true;
}

static bool unreserved(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_' ||
           c == '~';
}

bool zapi_buf_adduri(struct zapi_buf *b, const char *s, size_t n)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t before = b->len;

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        char code[3] = {'%', hex[c >> 4], hex[c & 15]};
        bool plain = unreserved(c);

        if (!zapi_buf_add(b, plain ? &s[i] : code, plain ? 1 : 3)) {
            b->len = before; /* all or nothing, like every append */
            if (b->data) {
                b->data[before] = '\0';
            }
            return false;
        }
    }
    return true;
}

char *zapi_buf_take(struct zapi_buf *b, size_t *len)
{
    char *data = b->data;

    if (len) {
        *len = b->len;
    }
    zapi_buf_init(b, b->max);
    return data;
}

const char *zapi_buf_str(const struct zapi_buf *b)
{
    return b->data ? b->data : "";
}
