/* SPDX-License-Identifier: MIT
 *
 * Any bytes through the JSON reader and back through the writer. What must
 * hold: valid, pick and the token walk agree; unescaping never grows and gives
 * UTF-8; whatever is written again from the tokens is valid and has the same
 * tokens with the same values. The text is copied to a block of its exact
 * size, so that AddressSanitizer sees one byte too far.
 *     cmake -DZAPI_FUZZ=ON -DZAPI_SANITIZE=ON -DCMAKE_C_COMPILER=clang …
 *     fuzz_json -max_len=2000 fuzz/corpus/fuzz_json
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok) {
        abort();
    }
}

static void write_string(struct zapi_buf *out, const struct zapi_json_reader *r)
{
    char *text = malloc(r->len + 1);

    must(text != NULL);
    size_t n = zapi_json_unescape(r->str, r->len, text);
    must(n <= r->len && (r->escaped || n == r->len));
    must(zapi_utf8_valid(text, n));
    zapi_json_write_str(out, text, n);
    free(text);
}

/* One token as text; commas where the token before asks for one. */
static void write_token(struct zapi_buf *out, const struct zapi_json_reader *r,
                        enum zapi_json_token t, bool *comma)
{
    bool close = t == ZAPI_JSON_OBJECT_END || t == ZAPI_JSON_ARRAY_END;

    if (*comma && !close) {
        zapi_buf_addc(out, ',');
    }
    *comma = true;
    switch (t) {
    case ZAPI_JSON_OBJECT:
    case ZAPI_JSON_ARRAY:
        zapi_buf_addc(out, t == ZAPI_JSON_OBJECT ? '{' : '[');
        *comma = false;
        break;
    case ZAPI_JSON_OBJECT_END:
    case ZAPI_JSON_ARRAY_END:
        zapi_buf_addc(out, t == ZAPI_JSON_OBJECT_END ? '}' : ']');
        break;
    case ZAPI_JSON_KEY:
        write_string(out, r);
        zapi_buf_addc(out, ':');
        *comma = false;
        break;
    case ZAPI_JSON_STRING:
        write_string(out, r);
        break;
    case ZAPI_JSON_INTEGER:
        zapi_json_write_int(out, r->integer);
        break;
    case ZAPI_JSON_FLOAT:
        zapi_json_write_num(out, r->number);
        break;
    default:
        zapi_buf_adds(out, t == ZAPI_JSON_TRUE    ? "true"
                           : t == ZAPI_JSON_FALSE ? "false"
                                                  : "null");
    }
}

static bool rewrite(struct zapi_buf *out, const char *text, size_t len)
{
    struct zapi_json_reader r;
    enum zapi_json_token t;
    bool comma = false;

    zapi_json_begin(&r, text, len);
    while ((t = zapi_json_next(&r)) > ZAPI_JSON_END) {
        must(r.at >= text && r.at < r.p && r.p <= text + len);
        must(r.depth <= ZAPI_JSON_DEPTH);
        write_token(out, &r, t, &comma);
    }
    must(zapi_json_next(&r) == t); /* it stays so */
    must((t == ZAPI_JSON_ERROR) == (r.error != NULL));
    return t == ZAPI_JSON_END;
}

/* Both read as the same double; an integral float may come back an integer. */
static bool same_number(const struct zapi_json_reader *a,
                        const struct zapi_json_reader *b,
                        enum zapi_json_token t)
{
    if (t == ZAPI_JSON_INTEGER && a->integer != b->integer) {
        return false;
    }
    return memcmp(&a->number, &b->number, sizeof a->number) == 0;
}

static bool is_number(enum zapi_json_token t)
{
    return t == ZAPI_JSON_INTEGER || t == ZAPI_JSON_FLOAT;
}

static void compare(const char *text, size_t len, const struct zapi_buf *again)
{
    struct zapi_json_reader a, b;
    enum zapi_json_token t, u;

    zapi_json_begin(&a, text, len);
    zapi_json_begin(&b, zapi_buf_str(again), again->len);
    do {
        t = zapi_json_next(&a);
        u = zapi_json_next(&b);
        if (is_number(t)) {
            must(is_number(u) && same_number(&a, &b, t));
        } else {
            must(t == u);
        }
    } while (t > ZAPI_JSON_END);
}

static void pick(const char *text, size_t len, bool valid)
{
    struct zapi_json_pick p[] = {{.key = "type"}, {.key = "a"}, {.key = ""}};
    const char *error = NULL;
    struct zapi_buf b;
    bool ok = zapi_json_pick(text, len, p, 3, &error);

    must(ok ? valid && !error : error != NULL);
    must(ok || !valid || strcmp(error, "not an object") == 0);
    zapi_buf_init(&b, len + 1);
    for (size_t i = 0; ok && i < 3; i++) {
        bool string = p[i].found && p[i].type == ZAPI_JSON_STRING;
        must(!p[i].found || (p[i].raw >= text && p[i].raw_len > 0 &&
                             p[i].raw + p[i].raw_len <= text + len));
        must(!p[i].found ||
             zapi_json_valid(p[i].raw, p[i].raw_len, NULL, NULL));
        must(zapi_json_pick_str(&p[i], &b) == string);
        zapi_buf_reset(&b);
    }
    zapi_buf_free(&b);
}

static void raw_unescape(const char *text, size_t len)
{
    char *out = malloc(len + 1); /* of unchecked text, too */

    must(out != NULL);
    must(zapi_json_unescape(text, len, out) <= len);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zapi_buf again;
    size_t offset = 0;
    char *text = malloc(size > 0 ? size : 1);

    must(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    bool valid = zapi_json_valid(text, size, NULL, &offset);
    must(offset <= size);
    zapi_buf_init(&again, SIZE_MAX);
    must(rewrite(&again, text, size) == valid);
    if (valid) {
        must(!again.failed);
        compare(text, size, &again);
    }
    pick(text, size, valid);
    raw_unescape(text, size);
    zapi_buf_free(&again);
    free(text);
    return 0;
}
