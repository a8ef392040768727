/* SPDX-License-Identifier: MIT
 *
 * JSON, strictly (RFC 8259), without a tree. One reader decides for the whole
 * program what is JSON: the door answers 400 for exactly what a script could
 * not decode. UTF-8 is checked, surrogate pairs are joined, a lone surrogate
 * (Node writes them for cut names) becomes U+FFFD, `\u0000` is a NUL byte in
 * the string (lengths are explicit), nesting is limited, and anything after
 * the value is an error.
 *
 * The reader is a pull parser over borrowed text and allocates nothing:
 *     zapi_json_begin(&r, text, len);
 *     while ((t = zapi_json_next(&r)) > ZAPI_JSON_END) ...
 * The writer appends to a buffer.
 */
#ifndef ZAPI_BASE_JSON_H
#define ZAPI_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define ZAPI_JSON_DEPTH 128

enum zapi_json_token {
    ZAPI_JSON_ERROR, /* r->error and r->p tell what and where; it stays so */
    ZAPI_JSON_END,   /* the one value is complete, only blanks followed */
    ZAPI_JSON_OBJECT,
    ZAPI_JSON_OBJECT_END,
    ZAPI_JSON_ARRAY,
    ZAPI_JSON_ARRAY_END,
    ZAPI_JSON_KEY,     /* str, len, escaped as for a string */
    ZAPI_JSON_STRING,  /* str/len: the raw text between the quotes, checked */
    ZAPI_JSON_INTEGER, /* `integer`; written without fraction or exponent and
                          fitting 64 bits */
    ZAPI_JSON_FLOAT,   /* `number`, finite: 1e400 is an error. -0 is one */
    ZAPI_JSON_TRUE,
    ZAPI_JSON_FALSE,
    ZAPI_JSON_NULL,
};

struct zapi_json_reader {
    const char *start, *p, *end; /* borrowed text */
    const char *str;             /* of the last key or string, raw */
    size_t len;
    bool escaped; /* the raw text holds a backslash: unescape it */
    int64_t integer;
    double number;
    const char *at;    /* where the last token begins */
    const char *error; /* static text, or NULL */
    unsigned depth;
    uint8_t expect;                           /* private */
    uint8_t stack[(ZAPI_JSON_DEPTH + 7) / 8]; /* private: 1 = object */
};

/* `text` is borrowed until reading ends; it needs no NUL at its end. */
void zapi_json_begin(struct zapi_json_reader *r, const char *text, size_t len);
enum zapi_json_token zapi_json_next(struct zapi_json_reader *r);
/* After a KEY, or before an element: passes over the whole next value,
 * checking it. Returns its first token (ERROR, *_END when there is none). */
enum zapi_json_token zapi_json_skip(struct zapi_json_reader *r);
/* Writes the unescaped form of a key or string to `out`, which has room for
 * `len` bytes (it never grows) and may be `raw` itself. Returns the length. */
size_t zapi_json_unescape(const char *raw, size_t len, char *out);
/* Is the last KEY exactly this? Also right when it was written escaped. */
bool zapi_json_key_is(const struct zapi_json_reader *r, const char *name);
/* The whole text is one valid value. On failure *error (static) and
 * *offset say why and where; both may be NULL. */
bool zapi_json_valid(const char *text, size_t len, const char **error,
                     size_t *offset);

/* One member of the top-level object, found without a tree. `found` false
 * and type NULL when absent; the last of duplicate keys counts, as in Lua. */
struct zapi_json_pick {
    const char *key;           /* asked for */
    enum zapi_json_token type; /* OBJECT, ARRAY, STRING, ... or NULL */
    bool found;
    const char *raw; /* borrowed: whole value with quotes or brackets */
    size_t raw_len;
    int64_t integer;
    double number; /* for INTEGER too */
};
/* Fills n picks from the top-level object and checks the whole text.
 * false: not JSON (*error) or not an object (*error = "not an object"). */
bool zapi_json_pick(const char *text, size_t len, struct zapi_json_pick *picks,
                    size_t n, const char **error);
/* The value of a STRING pick, unescaped into `out` (appended). */
bool zapi_json_pick_str(const struct zapi_json_pick *p, struct zapi_buf *out);

/* Writer: each appends one piece; commas and colons are the caller's. Bytes
 * that are no UTF-8 are written as U+FFFD, so that a log line is always JSON;
 * whoever must refuse them asks zapi_utf8_valid first. */
void zapi_json_write_str(struct zapi_buf *b, const char *s, size_t n);
void zapi_json_write_int(struct zapi_buf *b, int64_t v);
/* The least digits (of 15, 16, 17; fewer for denormals) that read back as the
 * same double, whatever the locale. Integral values go without ".0" up to
 * 2^53 ("3", not "3.0"); above it they keep it, or they would be read as an
 * integer that the double does not equal. No exponent from 1e-7 to 1e21.
 * NaN and infinities set b->failed: JSON has none. */
void zapi_json_write_num(struct zapi_buf *b, double v);

#endif
