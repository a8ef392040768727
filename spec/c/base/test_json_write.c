/* SPDX-License-Identifier: MIT
 *
 * The JSON writer: what it writes is read back the same, by our reader, in
 * any locale.
 */
#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "check.h"

static struct zapi_buf out;

static const char *num(double v)
{
    zapi_buf_reset(&out);
    zapi_json_write_num(&out, v);
    return zapi_buf_str(&out);
}

static const char *str(const char *s, size_t n)
{
    zapi_buf_reset(&out);
    zapi_json_write_str(&out, s, n);
    return zapi_buf_str(&out);
}

static void strings(void)
{
    CHECK_STR(str("", 0), "\"\"");
    CHECK_STR(str("plain", 5), "\"plain\"");
    CHECK_STR(str("a\"b\\c/d", 7), "\"a\\\"b\\\\c/d\"");
    CHECK_STR(str("\b\f\n\r\t", 5), "\"\\b\\f\\n\\r\\t\"");
    CHECK_STR(str("\0\x1f\x7f", 3), "\"\\u0000\\u001f\\u007f\"");
    CHECK_STR(str("é€😀", 9), "\"é€😀\"");
    CHECK_STR(str("a\xFF\xC3", 3), "\"a\xEF\xBF\xBD\xEF\xBF\xBD\"");
    CHECK_STR(str("\xED\xA0\x80", 3),
              "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

static void integers(void)
{
    zapi_buf_reset(&out);
    zapi_json_write_int(&out, INT64_MIN);
    CHECK_STR(zapi_buf_str(&out), "-9223372036854775808");
    zapi_json_write_int(&out, INT64_MAX);
    CHECK_STR(zapi_buf_str(&out), "-92233720368547758089223372036854775807");
}

static void numbers(void)
{
    CHECK_STR(num(0), "0");
    CHECK_STR(num(-0.0), "-0");
    CHECK_STR(num(3), "3");
    CHECK_STR(num(-3), "-3");
    CHECK_STR(num(0.1), "0.1");
    CHECK_STR(num(-2.5), "-2.5");
    CHECK_STR(num(0.1 + 0.2), "0.30000000000000004");
    CHECK_STR(num(1.0 / 3), "0.3333333333333333");
    CHECK_STR(num(123456.789), "123456.789");
    CHECK_STR(num(0.000001), "0.000001");
    CHECK_STR(num(0.0000001), "1e-7");
    CHECK_STR(num(1.5e-7), "1.5e-7");
    CHECK_STR(num(9007199254740992.0), "9007199254740992");
    CHECK_STR(num(9007199254740994.0), "9007199254740994.0");
    CHECK_STR(num(1e17), "100000000000000000.0");
    CHECK_STR(num(999999999999999900000.0), "999999999999999900000.0");
    CHECK_STR(num(1e21), "1e21");
    CHECK_STR(num(-1.25e300), "-1.25e300");
    CHECK_STR(num(5e-324), "5e-324");
    CHECK_STR(num(DBL_MAX), "1.7976931348623157e308");
    CHECK_STR(num(DBL_MIN), "2.2250738585072014e-308");
}

static void no_infinities(void)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY};

    for (size_t i = 0; i < 3; i++) {
        CHECK_STR(num(bad[i]), "");
        CHECK(out.failed);
    }
}

static void reads_back(double v)
{
    struct zapi_json_reader r;

    num(v);
    zapi_json_begin(&r, zapi_buf_str(&out), out.len);
    enum zapi_json_token t = zapi_json_next(&r);
    double got = t == ZAPI_JSON_INTEGER ? (double)r.integer : r.number;
    if ((t != ZAPI_JSON_INTEGER && t != ZAPI_JSON_FLOAT) || got != v ||
        zapi_json_next(&r) != ZAPI_JSON_END) {
        fprintf(stderr, "%a was written %s\n", v, zapi_buf_str(&out));
        check_case_failed = 1;
    }
    /* An integer on paper must be the same number to Lua, too. */
    CHECK(t != ZAPI_JSON_INTEGER || fabs(v) <= 9007199254740992.0);
}

static uint64_t state = 88172645463325252u;

static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void any_bits_read_back(void)
{
    for (int i = 0; i < 30000; i++) {
        uint64_t bits = next_random();
        double v;
        memcpy(&v, &bits, sizeof v);
        if (isfinite(v)) {
            reads_back(v);
        }
        reads_back((double)(int64_t)next_random() / 1024);
        reads_back((double)(next_random() % 100000000) / 100);
        bits &= UINT64_C(0x000FFFFFFFFFFFFF); /* a denormal */
        memcpy(&v, &bits, sizeof v);
        reads_back(v);
    }
    for (int e = -1074; e < 1024; e++) {
        reads_back(ldexp(1, e));
        reads_back(nextafter(ldexp(1, e), 0));
    }
}

/* Two decimals stay two decimals: money does not grow digits. */
static void short_decimals_stay_short(void)
{
    char want[32];

    for (int i = 1; i < 20000; i++) {
        snprintf(want, sizeof want, "%d.%02d", i / 100, i % 100);
        size_t n = strlen(want);
        while (want[n - 1] == '0') {
            want[--n] = '\0';
        }
        if (want[n - 1] == '.') {
            want[n - 1] = '\0';
        }
        CHECK_STR(num((double)i / 100), want);
    }
}

static void strings_read_back(void)
{
    char text[64];
    struct zapi_json_reader r;

    for (int i = 0; i < 3000; i++) {
        size_t n = next_random() % 40;
        for (size_t k = 0; k < n; k++) { /* ASCII, controls among it */
            text[k] = (char)(next_random() % 128);
        }
        str(text, n);
        zapi_json_begin(&r, zapi_buf_str(&out), out.len);
        CHECK_INT(zapi_json_next(&r), ZAPI_JSON_STRING);
        char *back = malloc(r.len + 1);
        CHECK_INT(zapi_json_unescape(r.str, r.len, back), n);
        CHECK(memcmp(back, text, n) == 0);
        free(back);
        CHECK_INT(zapi_json_next(&r), ZAPI_JSON_END);
    }
}

/* A locale whose decimal point is a comma, when this machine has one. */
static void the_locale_does_not_matter(void)
{
    static const char *const comma[] = {"pt_BR.UTF-8", "de_DE.UTF-8",
                                        "fr_FR.UTF-8", "pt_BR.utf8"};
    bool found = false;
    double v = 0.1;
    struct zapi_json_reader r;

    for (size_t i = 0; i < 4 && !found; i++) {
        found = setlocale(LC_NUMERIC, comma[i]) != NULL;
    }
    CHECK_STR(num(v), "0.1");
    CHECK_STR(num(1.5e300), "1.5e300");
    /* Too many digits for the fast path: strtod has a say. */
    static const char text[] = "0.10000000000000000555111512312578270211815834";
    zapi_json_begin(&r, text, sizeof text - 1);
    CHECK(zapi_json_next(&r) == ZAPI_JSON_FLOAT && r.number == v);
    if (!found) {
        printf("(no locale with a decimal comma here)\n");
    }
    setlocale(LC_NUMERIC, "C");
}

static void a_full_buffer_is_whole_or_failed(void)
{
    struct zapi_buf small;

    zapi_buf_init(&small, 5);
    zapi_json_write_str(&small, "abcd", 4);
    CHECK(small.failed);
    zapi_buf_reset(&small);
    zapi_json_write_str(&small, "abc", 3);
    CHECK(!small.failed);
    CHECK_STR(zapi_buf_str(&small), "\"abc\"");
    zapi_buf_reset(&small);
    zapi_json_write_num(&small, 1234567.25);
    CHECK(small.failed);
    zapi_buf_free(&small);
}

int main(void)
{
    zapi_buf_init(&out, 10000);
    RUN(strings);
    RUN(integers);
    RUN(numbers);
    RUN(no_infinities);
    RUN(any_bits_read_back);
    RUN(short_decimals_stay_short);
    RUN(strings_read_back);
    RUN(the_locale_does_not_matter);
    RUN(a_full_buffer_is_whole_or_failed);
    zapi_buf_free(&out);
    return CHECK_END();
}
