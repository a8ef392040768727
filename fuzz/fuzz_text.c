/* SPDX-License-Identifier: MIT
 *
 * Any bytes through redaction, folding, phones and near names. What must
 * hold: a registered secret is gone from the result in plain and in each
 * escaped form, cutting keeps UTF-8, nothing grows that must not. The first
 * byte splits the input in two: secret or name, and text.
 */
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/redact.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok) {
        abort();
    }
}

static bool contains(const char *text, size_t len, const char *part, size_t n)
{
    for (size_t i = 0; i + n <= len; i++) {
        if (memcmp(text + i, part, n) == 0) {
            return true;
        }
    }
    return false;
}

/* `text`, the secret in three spellings, `text` again. */
static void hide(const char *secret, size_t n, const char *text, size_t len)
{
    struct zapi_buf in, out;

    zapi_redact_add(secret, n);
    zapi_buf_init(&in, SIZE_MAX);
    zapi_buf_init(&out, SIZE_MAX);
    zapi_buf_add(&in, text, len);
    zapi_buf_add(&in, secret, n);
    zapi_buf_adduri(&in, secret, n);
    if (zapi_utf8_valid(secret, n)) {
        zapi_json_write_str(&in, secret, n);
    }
    zapi_buf_add(&in, text, len);
    zapi_redact(&out, in.data, in.len);
    must(!out.failed && out.len <= in.len);
    /* A secret of stars could be made by the stars themselves. */
    if (n >= 6 && !memchr(secret, '*', n) && !contains(secret, n, "/", 1)) {
        must(!contains(out.data, out.len, secret, n));
    }
    zapi_buf_free(&in);
    zapi_buf_free(&out);
    zapi_redact_clear();
}

static void in_place(const char *text, size_t len)
{
    char *copy = malloc(len + 1);

    must(copy != NULL);
    memcpy(copy, text, len);
    copy[len] = '\0';
    size_t before = strlen(copy);
    zapi_redact_str(copy, len + 1);
    must(strlen(copy) <= before);
    free(copy);
}

static void shape(const char *text, size_t len)
{
    struct zapi_buf folded;
    char *digits = malloc(len + 1);
    bool valid = zapi_utf8_valid(text, len);

    must(digits != NULL);
    must(zapi_phone_clean(text, len, digits) <= len);
    free(digits);
    for (size_t n = 0; n <= len && n < 64; n++) {
        size_t cut = zapi_utf8_cut(text, n);
        must(cut <= n && n - cut < 4);
        must(!valid || zapi_utf8_valid(text, cut));
    }
    zapi_buf_init(&folded, SIZE_MAX);
    zapi_text_fold(&folded, text, len);
    must(!folded.failed);
    must(!valid || zapi_utf8_valid(zapi_buf_str(&folded), folded.len));
    zapi_buf_free(&folded);
}

static void names(const char *a, size_t na, const char *b, size_t nb)
{
    unsigned one = zapi_text_distance(a, na, b, nb, 50);
    unsigned two = zapi_text_distance(b, nb, a, na, 50);

    must(one == two && one <= 50);
    must(na > 64 || zapi_text_distance(a, na, a, na, 50) == 0);
    must(zapi_text_equal_ct(a, na, b, nb) ==
         (na == nb && memcmp(a, b, na) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    size_t len = size - 1, n = data[0] % len;
    char *a = malloc(n + 1), *b = malloc(len - n); /* exact, for ASan */

    must(a != NULL && b != NULL);
    memcpy(a, data + 1, n);
    a[n] = '\0';
    memcpy(b, data + 1 + n, len - n);
    hide(a, n, b, len - n);
    in_place(b, len - n);
    shape(b, len - n);
    names(a, n, b, len - n);
    free(a);
    free(b);
    return 0;
}
