/* SPDX-License-Identifier: MIT
 *
 * The JSON writer: pieces appended to a buffer, whose `failed` is the only
 * error. It holds no state, so commas and colons are the caller's.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/json_number.h"
#include "base/text.h"

static void write_escape(struct zapi_buf *b, unsigned char c)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const char *at = c ? strchr(from, c) : NULL;

    if (at) {
        char text[2] = {'\\', to[at - from]};
        zapi_buf_add(b, text, 2);
    } else {
        zapi_buf_addf(b, "\\u%04x", c);
    }
}

static bool plain(char c)
{
    unsigned char u = (unsigned char)c;

    return u >= 0x20 && u < 0x80 && u != 0x7F && c != '"' && c != '\\';
}

void zapi_json_write_str(struct zapi_buf *b, const char *s, size_t n)
{
    const char *p = s, *end = s + n;

    zapi_buf_reserve(b, n + 2);
    zapi_buf_addc(b, '"');
    while (p < end && !b->failed) {
        const char *from = p;
        while (p < end && plain(*p)) {
            p++;
        }
        if (p > from) {
            zapi_buf_add(b, from, (size_t)(p - from));
        } else if ((unsigned char)*p < 0x80) {
            write_escape(b, (unsigned char)*p++);
        } else {
            size_t step = zapi_utf8_step(p, end);
            zapi_buf_add(b, step ? p : "\xEF\xBF\xBD", step ? step : 3);
            p += step ? step : 1;
        }
    }
    zapi_buf_addc(b, '"');
}

void zapi_json_write_int(struct zapi_buf *b, int64_t v)
{
    zapi_buf_addf(b, "%" PRId64, v);
}

/* 0.ddd × 10^point without exponent. */
static void write_plain(struct zapi_buf *b, const char *d, size_t n, int point)
{
    if (point <= 0) {
        zapi_buf_adds(b, "0.");
        for (int i = point; i < 0; i++) {
            zapi_buf_addc(b, '0');
        }
        zapi_buf_add(b, d, n);
        return;
    }
    size_t whole = (size_t)point;
    if (n > whole) {
        zapi_buf_add(b, d, whole);
        zapi_buf_addc(b, '.');
        zapi_buf_add(b, d + whole, n - whole);
        return;
    }
    zapi_buf_add(b, d, n);
    for (size_t i = n; i < whole; i++) {
        zapi_buf_addc(b, '0');
    }
    zapi_buf_adds(b, ".0");
}

void zapi_json_write_num(struct zapi_buf *b, double v)
{
    char digits[ZAPI_JSON_DIGITS];
    double most = 9007199254740992.0; /* 2^53 */
    int point = 0;

    if (!isfinite(v)) {
        b->failed = true;
        return;
    }
    if (signbit(v)) {
        zapi_buf_addc(b, '-');
        v = -v;
    }
    if (v <= most && v == floor(v)) {
        zapi_json_write_int(b, (int64_t)v); /* "-0" stays a float, too */
        return;
    }
    size_t n = zapi_json_number_digits(v, digits, &point);
    if (point > -6 && point <= 21) {
        write_plain(b, digits, n, point);
        return;
    }
    zapi_buf_add(b, digits, 1);
    if (n > 1) {
        zapi_buf_addc(b, '.');
        zapi_buf_add(b, digits + 1, n - 1);
    }
    zapi_buf_addf(b, "e%d", point - 1);
}
