/* SPDX-License-Identifier: MIT
 *
 * Secrets out of text. The list of registered values is the only state of the
 * process here, behind a read-write lock. A secret is matched byte by byte
 * while its percent and JSON escapes are undone, so no spelling has to be
 * guessed. Every replacement is shorter than what it replaces, which is why
 * redact_into may write over its own input and needs no memory: it cannot
 * fail, and so nothing goes out unredacted. Start at redact_into.
 */
#include "base/redact.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SHORTEST 6

struct secret {
    struct secret *next;
    size_t len;
    char bytes[];
};

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static struct secret *secrets;
/* A secret could not be remembered: from now on no text goes out at all. */
static bool blind;

static bool remembered(const char *s, size_t len)
{
    for (const struct secret *k = secrets; k; k = k->next) {
        if (k->len == len && memcmp(k->bytes, s, len) == 0) {
            return true;
        }
    }
    return false;
}

void zapi_redact_add(const char *s, size_t len)
{
    if (!s || len < SHORTEST) {
        return;
    }
    pthread_rwlock_wrlock(&lock);
    if (!remembered(s, len)) {
        struct secret *k = malloc(sizeof *k + len);
        if (k) {
            k->len = len;
            memcpy(k->bytes, s, len);
            k->next = secrets;
            secrets = k;
        }
        blind = blind || !k;
    }
    pthread_rwlock_unlock(&lock);
}

void zapi_redact_clear(void)
{
    pthread_rwlock_wrlock(&lock);
    blind = false;
    while (secrets) {
        struct secret *k = secrets;
        secrets = k->next;
        free(k);
    }
    pthread_rwlock_unlock(&lock);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Value of n hex digits at p, -1 when they are none. */
static int hex_value(const char *p, const char *end, int n)
{
    int v = 0;

    if (end - p < n) {
        return -1;
    }
    for (int i = 0; i < n; i++) {
        int d = hex_digit(p[i]);
        if (d < 0) {
            return -1;
        }
        v = v * 16 + d;
    }
    return v;
}

static int short_escape(char c)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char *at = c ? strchr(from, c) : NULL;

    return at ? to[at - from] : c;
}

/* Bytes of text at p that spell the byte `want`, 0 when none do. */
static size_t spells(const char *p, const char *end, char want)
{
    int code = (unsigned char)want;

    if (p == end) {
        return 0;
    }
    if (*p == '%' && hex_value(p + 1, end, 2) == code) {
        return 3;
    }
    if (*p == '\\' && end - p >= 2) {
        if (p[1] == 'u' && hex_value(p + 2, end, 4) == code) {
            return 6;
        }
        if (p[1] != 'u' && short_escape(p[1]) == want) {
            return 2;
        }
    }
    return *p == want ? 1 : 0;
}

static size_t spells_all(const char *p, const char *end, const char *want,
                         size_t len)
{
    const char *at = p;

    for (size_t i = 0; i < len; i++) {
        size_t n = spells(at, end, want[i]);
        if (n == 0) {
            return 0;
        }
        at += n;
    }
    return (size_t)(at - p);
}

/* Length of the longest secret that stands at p. */
static size_t secret_at(const char *p, const char *end)
{
    size_t best = 0;

    for (const struct secret *k = secrets; k; k = k->next) {
        size_t n = spells_all(p, end, k->bytes, k->len);
        /* As it is, too: a secret of backslashes looks like escapes. */
        if (n == 0 && k->len <= (size_t)(end - p) &&
            memcmp(p, k->bytes, k->len) == 0) {
            n = k->len;
        }
        best = n > best ? n : best;
    }
    return best;
}

/* Passes over one path segment; false when it is empty. */
static bool segment(const char **p, const char *end)
{
    const char *at = *p;

    while (at < end && !strchr("/\\?#&\"'<>()[]{},; \t\r\n", *at)) {
        at++;
    }
    bool some = at > *p;
    *p = at;
    return some;
}

/* Length of "/instances/ID/token/TOKEN" at p, 0 when it is something else. */
static size_t instance_at(const char *p, const char *end)
{
    static const char first[] = "/instances/", second[] = "/token/";
    size_t n = spells_all(p, end, first, sizeof first - 1);
    const char *at = p + n;

    if (n == 0 || !segment(&at, end)) {
        return 0;
    }
    n = spells_all(at, end, second, sizeof second - 1);
    at += n;
    return n > 0 && segment(&at, end) ? (size_t)(at - p) : 0;
}

/* Writes the clean text to `dst`, which may be `src`. Returns its length. */
static size_t redact_into(char *dst, const char *src, size_t len)
{
    static const char stars[] = "***", cut[] = "/instances/\xE2\x80\xA6";
    const char *p = src, *end = src + len;
    char *out = dst;

    if (blind) {
        len = len < sizeof stars - 1 ? len : sizeof stars - 1;
        memcpy(dst, stars, len);
        return len;
    }
    while (p < end) {
        size_t n = secret_at(p, end);
        const char *with = stars;
        if (n == 0 && (*p == '/' || *p == '\\' || *p == '%')) {
            n = instance_at(p, end);
            with = cut;
        }
        if (n == 0) {
            *out++ = *p++;
            continue;
        }
        size_t w = strlen(with);
        memcpy(out, with, w);
        out += w;
        p += n;
    }
    return (size_t)(out - dst);
}

void zapi_redact(struct zapi_buf *out, const char *text, size_t len)
{
    if (!zapi_buf_reserve(out, len)) {
        return;
    }
    pthread_rwlock_rdlock(&lock);
    out->len += redact_into(out->data + out->len, text, len);
    pthread_rwlock_unlock(&lock);
    out->data[out->len] = '\0';
}

void zapi_redact_str(char *text, size_t room)
{
    size_t len = 0;

    while (len < room && text[len]) {
        len++;
    }
    pthread_rwlock_rdlock(&lock);
    size_t n = redact_into(text, text, len);
    pthread_rwlock_unlock(&lock);
    if (n < room) {
        text[n] = '\0';
    }
}
