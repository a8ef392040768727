/* SPDX-License-Identifier: MIT
 *
 * Checks one scalar value against its row and writes it as JSON or as text.
 * The walk over Lua tables is in src/lua/args.c; everything that can be said
 * about a value without Lua is here. Messages name the parameter by its path
 * ("buttonList.buttons[2].label") and are ready for a person:
 *     bad parameter 'delayMessage' to send_text (1 to 15 expected, got 20)
 */
#ifndef ZAPI_API_CHECK_H
#define ZAPI_API_CHECK_H

#include "api/endpoint.h"
#include "base/buf.h"
#include "base/error.h"

struct zapi_check {
    const struct zapi_endpoint *row;
    const char *path; /* full name of the parameter, borrowed */
    struct zapi_error *error;
};

/* A string: UTF-8, enum, format (a phone is cleaned on the way, a number given
 * for a string field of a phone is accepted by the caller). Appends it
 * JSON-quoted, or percent-encoded when `raw` (path and query). */
bool zapi_check_string(const struct zapi_check *c, const struct zapi_field *f,
                       const char *s, size_t len, bool raw,
                       struct zapi_buf *out);
bool zapi_check_integer(const struct zapi_check *c, const struct zapi_field *f,
                        int64_t v, bool raw, struct zapi_buf *out);
bool zapi_check_number(const struct zapi_check *c, const struct zapi_field *f,
                       double v, bool raw, struct zapi_buf *out);
bool zapi_check_boolean(const struct zapi_check *c, const struct zapi_field *f,
                        bool v, bool raw, struct zapi_buf *out);
bool zapi_check_count(const struct zapi_check *c, const struct zapi_field *f,
                      size_t items);
/* "'mesage' is not a parameter of send_text; did you mean 'message'?" */
void zapi_check_unknown(const struct zapi_check *c,
                        const struct zapi_field *fields, const char *name);
/* "(string expected, got nil)" and the like; `got` names a type. */
void zapi_check_type(const struct zapi_check *c, const struct zapi_field *f,
                     const char *got);
/* "missing parameter 'message' to send_text (string: the text)" */
void zapi_check_missing(const struct zapi_check *c, const struct zapi_field *f);
/* "bad parameter 'x' to send_text (…)", for what only the caller can see. */
void zapi_check_bad(const struct zapi_check *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
