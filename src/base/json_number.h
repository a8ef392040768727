/* SPDX-License-Identifier: MIT
 *
 * Decimal text <-> numbers for the JSON reader and writer. Nothing here
 * depends on the locale, although strtod and printf do: they are only ever
 * given digits without a point.
 */
#ifndef ZAPI_BASE_JSON_NUMBER_H
#define ZAPI_BASE_JSON_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zapi_json_number {
    bool exact; /* `integer` holds it exactly */
    int64_t integer;
    double number; /* always set */
    const char *error;
};

/* Reads the number at *p. true: *p is behind it. false: *p is where it went
 * wrong, n->error (static) says how. */
bool zapi_json_number_read(const char **p, const char *end,
                           struct zapi_json_number *n);

/* A finite double > 0 as digits: 0.d1d2d3… × 10^point. `digits` has no zero at
 * its end; returns their number (1 to 17). */
#define ZAPI_JSON_DIGITS 17
size_t zapi_json_number_digits(double v, char digits[ZAPI_JSON_DIGITS],
                               int *point);

#endif
