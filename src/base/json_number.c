/* SPDX-License-Identifier: MIT
 *
 * Numbers of JSON. Reading makes one pass that checks the grammar and keeps
 * where the digits are; integers that fit 64 bits are done then. Others of up
 * to 19 digits with a small power of ten are exact in two doubles (Clinger's
 * fast path); the rest goes to strtod as "digits e exponent", with no decimal
 * point in it, because the point is what a locale changes. More digits than
 * can matter (768) are replaced by one that keeps the rounding right.
 */
#include "base/json_number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MATTER 780 /* digits that can change the rounding of a double */

/* The parts of a number in its text. */
struct parts {
    bool negative;
    const char *whole, *whole_end;
    const char *fraction, *fraction_end; /* both NULL without one */
    int64_t exponent;
    bool has_exponent;
    uint64_t value; /* of `whole`, when it did not overflow */
    bool overflow;
};

static inline bool digit(const char *p, const char *end)
{
    return p < end && *p >= '0' && *p <= '9';
}

static const char *read_whole(const char *p, const char *end, struct parts *n)
{
    uint64_t v = 0;

    n->whole = p;
    if (digit(p, end) && *p == '0') {
        p++; /* no digit may follow a leading zero */
    } else {
        for (; digit(p, end); p++) {
            unsigned d = (unsigned)(*p - '0');
            n->overflow = n->overflow || v > (UINT64_MAX - d) / 10;
            v = v * 10 + d;
        }
    }
    n->value = v;
    n->whole_end = p;
    return p;
}

/* "e+12": *p is at the 'e'. A huge exponent stays huge, it never wraps. */
static const char *read_exponent(const char *p, const char *end,
                                 struct parts *n)
{
    int64_t v = 0;
    bool negative = false;

    if (p < end && (*p == '+' || *p == '-')) {
        negative = *p == '-';
        p++;
    }
    if (!digit(p, end)) {
        return NULL;
    }
    for (; digit(p, end); p++) {
        v = v < INT64_C(1000000000000000) ? v * 10 + (*p - '0') : v;
    }
    n->has_exponent = true;
    n->exponent = negative ? -v : v;
    return p;
}

/* Returns what is wrong, or NULL; *at moves to behind the number or to the
 * mistake. */
static const char *read_parts(const char **at, const char *end, struct parts *n)
{
    const char *p = *at;

    *n = (struct parts){.negative = p < end && *p == '-'};
    p = read_whole(p + n->negative, end, n);
    *at = p;
    if (n->whole == n->whole_end) {
        return n->negative ? "a digit expected" : "a value expected";
    }
    if (digit(p, end)) {
        return "a number with a leading zero";
    }
    if (p < end && *p == '.') {
        n->fraction = ++p;
        while (digit(p, end)) {
            p++;
        }
        n->fraction_end = *at = p;
        if (n->fraction == p) {
            return "a digit expected after the point";
        }
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        *at = p + 1;
        p = read_exponent(p + 1, end, n);
        if (!p) {
            return "a digit expected in the exponent";
        }
        *at = p;
    }
    return NULL;
}

/* Digits without leading zeros, for strtod. */
struct digits {
    char text[MATTER + 32];
    size_t len;
    int64_t exponent; /* of the last digit kept */
    bool dropped;     /* some digit that was left out is not zero */
};

static void add_digits(struct digits *d, const char *p, const char *end,
                       int64_t step)
{
    for (; p < end; p++) {
        if (d->len == 0 && *p == '0') {
            d->exponent += step;
        } else if (d->len < MATTER) {
            d->text[d->len++] = *p;
            d->exponent += step;
        } else {
            d->dropped = d->dropped || *p != '0';
            d->exponent += step + 1;
        }
    }
}

static double slow_double(const struct parts *n)
{
    struct digits d = {.len = 0};

    add_digits(&d, n->whole, n->whole_end, 0);
    if (n->fraction) {
        add_digits(&d, n->fraction, n->fraction_end, -1);
    }
    if (d.len == 0) {
        return 0;
    }
    if (d.dropped) {
        d.text[d.len++] = '1';
        d.exponent--;
    }
    int64_t e = d.exponent + n->exponent;
    e = e > 99999 ? 99999 : e < -99999 ? -99999 : e;
    snprintf(d.text + d.len, sizeof d.text - d.len, "e%d", (int)e);
    return strtod(d.text, NULL);
}

/* Clinger: up to 2^53 and 10^22 both factors are exact, so one operation
 * rounds right. false: not that simple. */
static bool fast_double(const struct parts *n, double *out)
{
    static const double ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    uint64_t v = n->value;
    int64_t e = n->exponent;

    for (const char *p = n->fraction; p && p < n->fraction_end; p++) {
        if (v > UINT64_C(900719925474099)) {
            return false;
        }
        v = v * 10 + (unsigned)(*p - '0');
        e--;
    }
    if (n->overflow || v > UINT64_C(9007199254740992) || e < -22 || e > 22 ||
        FLT_EVAL_METHOD != 0) {
        return false;
    }
    *out = e < 0 ? (double)v / ten[-e] : (double)v * ten[e];
    return true;
}

bool zapi_json_number_read(const char **p, const char *end,
                           struct zapi_json_number *n)
{
    struct parts parts;

    *n = (struct zapi_json_number){.error = read_parts(p, end, &parts)};
    if (n->error) {
        return false;
    }
    uint64_t limit = (uint64_t)INT64_MAX + (parts.negative ? 1 : 0);
    if (!parts.fraction && !parts.has_exponent && !parts.overflow &&
        parts.value <= limit && !(parts.negative && parts.value == 0)) {
        n->exact = true;
        n->integer = parts.negative ? -(int64_t)(parts.value - 1) - 1
                                    : (int64_t)parts.value;
        n->number = (double)n->integer;
        return true;
    }
    double v;
    if (!fast_double(&parts, &v)) {
        v = slow_double(&parts);
    }
    if (isinf(v)) {
        n->error = "a number out of range";
        return false;
    }
    n->number = parts.negative ? -v : v;
    return true;
}

/* ---- writing ---- */

/* Exactly `count` digits of v and where the point is. */
static void digits_of(double v, int count, char *digits, int *point)
{
    char text[64];
    size_t n = 0;

    /* d.ddde±xx; the point may be any character, or several. */
    snprintf(text, sizeof text, "%.*e", count - 1, v);
    const char *p = text;
    for (; *p && *p != 'e'; p++) {
        if (*p >= '0' && *p <= '9') {
            digits[n++] = *p;
        }
    }
    *point = (*p ? atoi(p + 1) : 0) + 1;
}

static bool reads_back(double v, const char *digits, int count, int point)
{
    char text[64];

    snprintf(text, sizeof text, "%.*se%d", count, digits, point - count);
    return strtod(text, NULL) == v;
}

size_t zapi_json_number_digits(double v, char digits[ZAPI_JSON_DIGITS],
                               int *point)
{
    /* A normal double keeps any 15 digits; a denormal may need but one. */
    int count = v < DBL_MIN ? 1 : 15;

    for (; count < ZAPI_JSON_DIGITS; count++) {
        digits_of(v, count, digits, point);
        if (reads_back(v, digits, count, *point)) {
            break;
        }
    }
    if (count == ZAPI_JSON_DIGITS) {
        digits_of(v, count, digits, point);
    }
    while (count > 1 && digits[count - 1] == '0') {
        count--;
    }
    return (size_t)count;
}
