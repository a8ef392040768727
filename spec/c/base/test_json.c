/* SPDX-License-Identifier: MIT
 *
 * The JSON reader. Every input stands before a page that may not be read, so
 * that one byte too far is a crash.
 */
#include <glob.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "check.h"
#include "guard.h"

static const char *why;
static size_t where;

static bool ok_n(const char *text, size_t len)
{
    return zapi_json_valid(guard_text(text, len), len, &why, &where);
}

static bool ok(const char *text)
{
    return ok_n(text, strlen(text));
}

static void good_values(void)
{
    static const char *const good[] = {
        "{}",
        "[]",
        "\"\"",
        "0",
        "-0",
        "true",
        "false",
        "null",
        " \t\r\n1 \n",
        "[[],{},[[]]]",
        "{\"a\":{\"b\":[1,2,{\"c\":null}]}}",
        "[1 , 2\n,3]",
        "{ \"a\" : 1 , \"a\" : 2 }",
        "{\"\":0}",
        "1.5",
        "1e5",
        "1E+5",
        "1e-5",
        "-1.25e-3",
        "0.0",
        "0e0",
        "1e-400",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u0000\\ud83d\\ude00\\uD83D\"",
        "\"\x7F\"",
        "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"",
    };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (!ok(good[i])) {
            fprintf(stderr, "refused: %s (%s)\n", good[i], why);
        }
        CHECK(ok(good[i]));
        CHECK(why == NULL);
    }
}

static void bad_values(void)
{
    static const struct {
        const char *text, *why;
        size_t where;
    } bad[] = {
        {"", "empty text", 0},
        {"  ", "empty text", 2},
        {"[", "the text ends too early", 1},
        {"{\"a\":", "the text ends too early", 5},
        {"[1,", "the text ends too early", 3},
        {"[1 2]", "',' or ']' expected", 3},
        {"{\"a\":1 \"b\":2}", "',' or '}' expected", 7},
        {"[1}", "',' or ']' expected", 2},
        {"{\"a\":1]", "',' or '}' expected", 6},
        {"]", "a value expected", 0},
        {"[,1]", "a value expected", 1},
        {"[1,]", "a value expected", 3},
        {"{,}", "a key in quotes expected", 1},
        {"{\"a\":1,}", "a key in quotes expected", 7},
        {"{a:1}", "a key in quotes expected", 1},
        {"{1:1}", "a key in quotes expected", 1},
        {"{\"a\" 1}", "':' expected after a key", 5},
        {"{\"a\"", "':' expected after a key", 4},
        {"{\"a\"}", "':' expected after a key", 4},
        {"{\"a\":}", "a value expected", 5},
        {"{} {}", "more text after the value", 3},
        {"1 2", "more text after the value", 2},
        {"{}x", "more text after the value", 2},
        {"nul", "a value expected", 0},
        {"True", "a value expected", 0},
        {"truex", "more text after the value", 4},
        {"NaN", "a value expected", 0},
        {"Infinity", "a value expected", 0},
        {"'a'", "a value expected", 0},
        {"/**/1", "a value expected", 0},
        {"\xEF\xBB\xBF{}", "a value expected", 0}, /* byte order mark */
        {"+1", "a value expected", 0},
        {".5", "a value expected", 0},
        {"-", "a digit expected", 1},
        {"-a", "a digit expected", 1},
        {"01", "a number with a leading zero", 1},
        {"-012", "a number with a leading zero", 2},
        {"1.", "a digit expected after the point", 2},
        {"1.e5", "a digit expected after the point", 2},
        {"1e", "a digit expected in the exponent", 2},
        {"1e+", "a digit expected in the exponent", 2},
        {"0x10", "more text after the value", 1},
        {"1e400", "a number out of range", 5},
        {"-1e400", "a number out of range", 6},
        {"1e99999999999999999999", "a number out of range", 22},
        {"\"abc", "string without its closing quote", 4},
        {"\"abcdefghijkl", "string without its closing quote", 13},
        {"\"a\nb\"", "control character in a string", 2},
        {"\"a\x1F\"", "control character in a string", 2},
        {"\"\\x\"", "bad escape in a string", 1},
        {"\"\\u12\"", "bad escape in a string", 1},
        {"\"\\u12G4\"", "bad escape in a string", 1},
        {"\"\\", "bad escape in a string", 1},
        {"\"\\u123", "bad escape in a string", 1},
        {"\"\x80\"", "invalid UTF-8 in a string", 1},
        {"\"\xC0\xAF\"", "invalid UTF-8 in a string", 1},
        {"\"\xE0\x80\xAF\"", "invalid UTF-8 in a string", 1},
        {"\"\xED\xA0\x80\"", "invalid UTF-8 in a string", 1},
        {"\"\xF4\x90\x80\x80\"", "invalid UTF-8 in a string", 1},
        {"\"12345678\xC3\"", "invalid UTF-8 in a string", 9},
        {"\"\xE2\x82", "invalid UTF-8 in a string", 1},
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (ok(bad[i].text) || strcmp(why, bad[i].why) != 0 ||
            where != bad[i].where) {
            fprintf(stderr, "%s: \"%s\" at %zu\n", bad[i].text,
                    why ? why : "(accepted)", where);
        }
        CHECK(!ok(bad[i].text));
        CHECK_STR(why, bad[i].why);
        CHECK_INT(where, bad[i].where);
    }
}

static void nul_bytes(void)
{
    CHECK(!ok_n("\0", 1));
    CHECK(!ok_n("{}\0", 3));
    CHECK_STR(why, "more text after the value");
    CHECK(!ok_n("\"a\0b\"", 5));
    CHECK_STR(why, "control character in a string");
    CHECK(!ok_n("\"\\\0\"", 4));
    CHECK(!ok_n("[1\0]", 4));
    CHECK(!ok_n("[\0]", 3));
}

/* A special byte at each of the places that the eight-byte scan has. */
static void special_bytes_at_every_place(void)
{
    static const char special[] = {'\0', '\n',       0x1F,
                                   '\\', (char)0x80, (char)0xFF};
    char text[40];

    for (size_t at = 1; at < 32; at++) {
        for (size_t i = 0; i < sizeof special; i++) {
            memset(text, 'x', sizeof text);
            text[0] = text[33] = '"';
            CHECK(ok_n(text, 34));
            text[at] = special[i];
            CHECK(!ok_n(text, 34));
            CHECK_INT(where, at);
        }
        memset(text, 'x', sizeof text);
        text[0] = text[at] = '"';
        CHECK(ok_n(text, at + 1));
        CHECK(!ok_n(text, at + 2)); /* junk behind, in the same word */
        CHECK_INT(where, at + 1);
    }
    for (int c = 0x20; c < 0x80; c++) { /* no false alarm that sticks */
        memset(text, c, 17);
        text[0] = text[16] = '"';
        CHECK(ok_n(text, 17) == (c != '"' && c != '\\'));
    }
}

static char *nested(char open, char close, size_t depth)
{
    static char text[20001];

    memset(text, open, depth);
    memset(text + depth, close, depth);
    text[2 * depth] = '\0';
    return text;
}

static void depth(void)
{
    CHECK(ok(nested('[', ']', ZAPI_JSON_DEPTH)));
    CHECK(!ok(nested('[', ']', ZAPI_JSON_DEPTH + 1)));
    CHECK_STR(why, "nested too deeply");
    CHECK_INT(where, ZAPI_JSON_DEPTH);
    CHECK(!ok(nested('[', ']', 10000)));
    CHECK_STR(why, "nested too deeply");
    CHECK(!ok(nested('{', '}', 2)));

    char text[8 * 10000 + 1], *p = text;
    for (int i = 0; i < 10000; i++) { /* [{"a":[{"a": … */
        memcpy(p, i % 2 ? "{\"a\":" : "[", i % 2 ? 5 : 1);
        p += i % 2 ? 5 : 1;
    }
    CHECK(!ok_n(text, (size_t)(p - text)));
    CHECK_STR(why, "nested too deeply");
}

static void brackets_are_told_apart_at_every_depth(void)
{
    char text[2 * ZAPI_JSON_DEPTH + 1];

    for (size_t at = 0; at < ZAPI_JSON_DEPTH; at++) {
        memset(text, '[', ZAPI_JSON_DEPTH);
        memset(text + ZAPI_JSON_DEPTH, ']', ZAPI_JSON_DEPTH);
        text[2 * ZAPI_JSON_DEPTH - 1 - at] = '}';
        CHECK(!ok_n(text, 2 * ZAPI_JSON_DEPTH));
        CHECK_INT(where, 2 * ZAPI_JSON_DEPTH - 1 - at);
    }
}

static void tokens_in_order(void)
{
    static const char text[] =
        " {\"k\\u0031\": [ \"s\", 1, -2.5, true, false, null, {} ] } ";
    static const enum zapi_json_token want[] = {
        ZAPI_JSON_OBJECT,     ZAPI_JSON_KEY,        ZAPI_JSON_ARRAY,
        ZAPI_JSON_STRING,     ZAPI_JSON_INTEGER,    ZAPI_JSON_FLOAT,
        ZAPI_JSON_TRUE,       ZAPI_JSON_FALSE,      ZAPI_JSON_NULL,
        ZAPI_JSON_OBJECT,     ZAPI_JSON_OBJECT_END, ZAPI_JSON_ARRAY_END,
        ZAPI_JSON_OBJECT_END, ZAPI_JSON_END,        ZAPI_JSON_END,
    };
    struct zapi_json_reader r;

    zapi_json_begin(&r, guard_text(text, sizeof text - 1), sizeof text - 1);
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        CHECK_INT(zapi_json_next(&r), want[i]);
        if (want[i] == ZAPI_JSON_KEY) {
            CHECK(r.escaped && r.len == 7 && zapi_json_key_is(&r, "k1"));
            CHECK(*r.at == '"' && r.str == r.at + 1);
        }
        if (want[i] == ZAPI_JSON_STRING) {
            CHECK(!r.escaped && r.len == 1 && r.str[0] == 's');
        }
        if (want[i] == ZAPI_JSON_FLOAT) {
            CHECK(r.number == -2.5);
        }
    }
}

static void errors_stick(void)
{
    struct zapi_json_reader r;

    zapi_json_begin(&r, "[1,x,2]", 7);
    CHECK_INT(zapi_json_next(&r), ZAPI_JSON_ARRAY);
    CHECK_INT(zapi_json_next(&r), ZAPI_JSON_INTEGER);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(zapi_json_next(&r), ZAPI_JSON_ERROR);
        CHECK_STR(r.error, "a value expected");
        CHECK_INT(r.p - r.start, 3);
    }
    CHECK_INT(zapi_json_skip(&r), ZAPI_JSON_ERROR);
}

static void skipping(void)
{
    static const char text[] = "{\"a\":{\"b\":[1,{}]},\"c\":2,\"d\":[]}";
    struct zapi_json_reader r;

    zapi_json_begin(&r, text, sizeof text - 1);
    CHECK_INT(zapi_json_next(&r), ZAPI_JSON_OBJECT);
    CHECK_INT(zapi_json_next(&r), ZAPI_JSON_KEY);
    CHECK_INT(zapi_json_skip(&r), ZAPI_JSON_OBJECT);
    CHECK(zapi_json_next(&r) == ZAPI_JSON_KEY && zapi_json_key_is(&r, "c"));
    CHECK_INT(zapi_json_skip(&r), ZAPI_JSON_INTEGER);
    CHECK(zapi_json_next(&r) == ZAPI_JSON_KEY && zapi_json_key_is(&r, "d"));
    CHECK_INT(zapi_json_skip(&r), ZAPI_JSON_ARRAY);
    CHECK_INT(zapi_json_skip(&r), ZAPI_JSON_OBJECT_END);
    CHECK_INT(zapi_json_skip(&r), ZAPI_JSON_END);

    zapi_json_begin(&r, "[[1],[2]]", 9);
    CHECK_INT(zapi_json_next(&r), ZAPI_JSON_ARRAY);
    CHECK_INT(zapi_json_skip(&r), ZAPI_JSON_ARRAY);
    CHECK_INT(zapi_json_skip(&r), ZAPI_JSON_ARRAY);
    CHECK_INT(zapi_json_skip(&r), ZAPI_JSON_ARRAY_END);

    zapi_json_begin(&r, "[[1,}]", 6); /* what is skipped is checked, too */
    CHECK_INT(zapi_json_next(&r), ZAPI_JSON_ARRAY);
    CHECK_INT(zapi_json_skip(&r), ZAPI_JSON_ERROR);
}

/* ---- strings ---- */

static const char *unescaped(const char *raw)
{
    static char out[256];
    size_t len = strlen(raw);

    memset(out, '#', sizeof out);
    size_t n = zapi_json_unescape(guard_text(raw, len), len, out);
    CHECK(n <= len);
    CHECK(out[len] == '#'); /* not a byte more than there is room for */
    out[n] = '\0';
    return out;
}

static void unescaping(void)
{
    CHECK_STR(unescaped("plain"), "plain");
    CHECK_STR(unescaped("a\\\"b\\\\c\\/d"), "a\"b\\c/d");
    CHECK_STR(unescaped("\\b\\f\\n\\r\\t"), "\b\f\n\r\t");
    CHECK_STR(unescaped("\\u0041\\u00e9\\u20AC"), "A\xC3\xA9\xE2\x82\xAC");
    CHECK_STR(unescaped("\\ud83d\\ude00"), "\xF0\x9F\x98\x80");
    CHECK_STR(unescaped("\\uDBFF\\uDFFF"), "\xF4\x8F\xBF\xBF");
    CHECK_STR(unescaped("\\uFFFF\\uD7FF\\uE000"),
              "\xEF\xBF\xBF\xED\x9F\xBF\xEE\x80\x80");
    CHECK_INT(zapi_json_unescape("\\u0000", 6, (char[6]){'x'}), 1);
}

#define GONE "\xEF\xBF\xBD"

static void lone_surrogates(void)
{
    CHECK_STR(unescaped("Ana \\ud83d"), "Ana " GONE);
    CHECK_STR(unescaped("\\ude00 x"), GONE " x");
    CHECK_STR(unescaped("\\ud83dx"), GONE "x");
    CHECK_STR(unescaped("\\ud83d\\n"), GONE "\n");
    CHECK_STR(unescaped("\\ud83d\\u0041"), GONE "A");
    CHECK_STR(unescaped("\\ud83d\\ud83d\\ude00"), GONE "\xF0\x9F\x98\x80");
    CHECK_STR(unescaped("\\ude00\\ud83d"), GONE GONE);
    CHECK(ok("{\"senderName\":\"Ana \\ud83d\"}"));
}

static void unescaping_in_place(void)
{
    char text[] = "a\\u00e9\\ud83d\\ude00\\nz";
    size_t n = zapi_json_unescape(text, strlen(text), text);

    CHECK_INT(n, 9);
    CHECK(memcmp(text, "a\xC3\xA9\xF0\x9F\x98\x80\nz", 9) == 0);
}

static bool key_is(const char *text, const char *name)
{
    struct zapi_json_reader r;

    zapi_json_begin(&r, guard_text(text, strlen(text)), strlen(text));
    CHECK_INT(zapi_json_next(&r), ZAPI_JSON_OBJECT);
    CHECK_INT(zapi_json_next(&r), ZAPI_JSON_KEY);
    return zapi_json_key_is(&r, name);
}

static void keys(void)
{
    CHECK(key_is("{\"type\":1}", "type"));
    CHECK(!key_is("{\"type\":1}", "typ"));
    CHECK(!key_is("{\"type\":1}", "types"));
    CHECK(key_is("{\"\\u0074y\\u0070e\":1}", "type"));
    CHECK(!key_is("{\"\\u0074yp\":1}", "type"));
    CHECK(!key_is("{\"\\u0074ypes\":1}", "type"));
    CHECK(!key_is("{\"type\\u0000\":1}", "type"));
    CHECK(key_is("{\"\":1}", ""));
    CHECK(key_is("{\"\\u00e9\":1}", "é"));
    CHECK(key_is("{\"\\ud83d\\ude00\":1}", "😀"));
}

/* ---- numbers ---- */

static enum zapi_json_token number(const char *text, struct zapi_json_reader *r)
{
    zapi_json_begin(r, guard_text(text, strlen(text)), strlen(text));
    enum zapi_json_token t = zapi_json_next(r);
    CHECK_INT(zapi_json_next(r), ZAPI_JSON_END);
    return t;
}

static void integer(const char *text, int64_t want)
{
    struct zapi_json_reader r;

    CHECK_INT(number(text, &r), ZAPI_JSON_INTEGER);
    CHECK_INT(r.integer, want);
    CHECK(r.number == (double)want);
}

static void integers_are_exact(void)
{
    integer("0", 0);
    integer("-1", -1);
    integer("120363019502650977", INT64_C(120363019502650977));
    integer("9007199254740993", INT64_C(9007199254740993));
    integer("9223372036854775807", INT64_MAX);
    integer("-9223372036854775807", -INT64_MAX);
    integer("-9223372036854775808", INT64_MIN);
}

static void floating(const char *text, double want)
{
    struct zapi_json_reader r;

    CHECK_INT(number(text, &r), ZAPI_JSON_FLOAT);
    if (r.number != want || signbit(r.number) != signbit(want)) {
        fprintf(stderr, "%.60s: %.17g, want %.17g\n", text, r.number, want);
    }
    CHECK(r.number == want && !signbit(r.number) == !signbit(want));
}

static void other_numbers_are_floats(void)
{
    floating("9223372036854775808", 9223372036854775808.0);
    floating("-9223372036854775809", -9223372036854775808.0);
    floating("18446744073709551615", 18446744073709551615.0);
    floating("18446744073709551616", 18446744073709551616.0);
    floating("99999999999999999999", 1e20);
    floating("-0", -0.0);
    floating("-0.0", -0.0);
    floating("1.0", 1);
    floating("1e2", 100);
    floating("0.1", 0.1);
    floating("-123.456", -123.456);
    floating("0.000001", 1e-6);
    floating("1e22", 1e22);
    floating("1e23", 1e23);
    floating("4.9406564584124654e-324", 4.9406564584124654e-324);
    floating("2.2250738585072011e-308", 2.2250738585072011e-308);
    floating("1.7976931348623157e308", 1.7976931348623157e308);
    floating("1e-400", 0);
    floating("0e999999999999999999999", 0);
    floating("1e-99999999999999999999999", 0);
}

/* Digits by the thousand, and exponents that make up for them. */
static void long_numbers(void)
{
    static char text[4000];
    size_t n;

    memset(text, '0', sizeof text);
    memcpy(text, "0.", 2);
    n = 2 + 2000;
    snprintf(text + n, 20, "15e2000");
    floating(text, 0.15);

    memset(text, '0', sizeof text);
    text[0] = '1';
    snprintf(text + 2001, 20, "e-2000");
    floating(text, 1);

    /* Half way between 1 and the next double: the last digit decides. */
    static const char half[] = "1.00000000000000011102230246251565404236316680"
                               "908203125";
    n = sizeof half - 1;
    memcpy(text, half, n);
    text[n] = '\0';
    floating(text, 1); /* to even */
    memset(text + n, '0', 2000);
    text[n + 2000] = '\0';
    floating(text, 1);
    text[n + 1999] = '1';
    floating(text, 1.0000000000000002);
}

static void numbers_end_with_the_text(void)
{
    static const char *const cut[] = {"1", "12", "1.5", "1e5", "-7"};

    for (size_t i = 0; i < sizeof cut / sizeof cut[0]; i++) {
        CHECK(ok(cut[i])); /* the guard page is right behind */
    }
}

/* ---- picking ---- */

static void picks_members(void)
{
    static const char text[] =
        "{\"n\":null,\"s\":\"a\\nb\",\"i\":42,\"f\":1.5,\"o\":{\"i\":[7]},"
        " \"a\" : [1, 2] ,\"t\":true,\"deep\":{\"s\":\"no\"}}";
    struct zapi_json_pick p[] = {
        {.key = "s"}, {.key = "i"}, {.key = "f"}, {.key = "o"},
        {.key = "a"}, {.key = "t"}, {.key = "n"}, {.key = "absent"},
    };
    const char *error = "x";
    struct zapi_buf b;

    CHECK(zapi_json_pick(guard_text(text, sizeof text - 1), sizeof text - 1, p,
                         8, &error));
    CHECK(error == NULL);
    zapi_buf_init(&b, 100);
    CHECK(p[0].type == ZAPI_JSON_STRING && zapi_json_pick_str(&p[0], &b));
    CHECK_STR(zapi_buf_str(&b), "a\nb");
    CHECK(p[1].type == ZAPI_JSON_INTEGER && p[1].integer == 42);
    CHECK(p[1].number == 42);
    CHECK(p[2].type == ZAPI_JSON_FLOAT && p[2].number == 1.5);
    CHECK(p[3].type == ZAPI_JSON_OBJECT && p[3].raw_len == 9);
    CHECK(memcmp(p[3].raw, "{\"i\":[7]}", 9) == 0);
    CHECK(p[4].type == ZAPI_JSON_ARRAY && p[4].raw_len == 6);
    CHECK(memcmp(p[4].raw, "[1, 2]", 6) == 0);
    CHECK(p[5].type == ZAPI_JSON_TRUE && p[5].raw_len == 4);
    CHECK(p[6].type == ZAPI_JSON_NULL && p[6].found);
    CHECK(p[7].type == ZAPI_JSON_NULL && !p[7].found);
    CHECK(!zapi_json_pick_str(&p[1], &b) && !zapi_json_pick_str(&p[7], &b));
    CHECK_STR(zapi_buf_str(&b), "a\nb");
    zapi_buf_free(&b);
}

static struct zapi_json_pick pick_one(const char *text, const char *key)
{
    struct zapi_json_pick p = {.key = key};

    CHECK(zapi_json_pick(guard_text(text, strlen(text)), strlen(text), &p, 1,
                         &why));
    return p;
}

static void the_last_double_counts(void)
{
    CHECK_INT(pick_one("{\"a\":1,\"a\":2}", "a").integer, 2);
    CHECK_INT(pick_one("{\"a\":1,\"\\u0061\":3}", "a").integer, 3);
    CHECK_INT(pick_one("{\"a\":{\"a\":9},\"b\":1}", "b").integer, 1);
    struct zapi_json_pick p = pick_one("{\"a\":\"x\",\"a\":null}", "a");
    CHECK(p.found && p.type == ZAPI_JSON_NULL && p.raw_len == 4);
    CHECK_INT(pick_one("{\"\":5}", "").integer, 5);
}

static void picks_only_from_whole_objects(void)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"[1]", "not an object"},
        {"\"a\"", "not an object"},
        {"null", "not an object"},
        {"[{\"a\":1}]", "not an object"},
        {"[1", "the text ends too early"},
        {"", "empty text"},
        {"{\"a\":1", "the text ends too early"},
        {"{\"a\":1} x", "more text after the value"},
        {"{\"a\":1,\"b\":[}", "a value expected"},
        {"{\"b\":{\"c\":\"\xFF\"},\"a\":1}", "invalid UTF-8 in a string"},
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct zapi_json_pick p = {.key = "a"};
        size_t len = strlen(bad[i].text);
        CHECK(!zapi_json_pick(guard_text(bad[i].text, len), len, &p, 1, &why));
        CHECK_STR(why, bad[i].why);
        CHECK(!zapi_json_pick(bad[i].text, len, NULL, 0, NULL));
    }
}

static void picking_into_a_full_buffer(void)
{
    struct zapi_json_pick p = pick_one("{\"a\":\"12345678\"}", "a");
    struct zapi_buf b;

    zapi_buf_init(&b, 4);
    CHECK(!zapi_json_pick_str(&p, &b));
    CHECK(b.failed && b.len == 0);
    zapi_buf_free(&b);
}

/* ---- samples ---- */

static char *read_file(const char *path, size_t *len)
{
    static char text[65536];
    FILE *f = fopen(path, "rb");

    *len = f ? fread(text, 1, sizeof text, f) : 0;
    if (f) {
        fclose(f);
    }
    return text;
}

/* Cut anywhere, a webhook is an error; whole, it is not. */
static void samples_cut_at_every_byte(void)
{
    glob_t files;
    size_t seen = 0;

    CHECK(glob(ZAPI_SPEC_DIR "/fixtures/webhooks/*.json", 0, NULL, &files) ==
          0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        size_t len;
        char *text = read_file(files.gl_pathv[i], &len);
        struct zapi_json_pick p = {.key = "type"};
        while (len > 0 && strchr(" \n", text[len - 1])) {
            len--;
        }
        CHECK(ok_n(text, len));
        CHECK(zapi_json_pick(text, len, &p, 1, NULL) &&
              p.type == ZAPI_JSON_STRING);
        size_t accepted = 0;
        for (size_t n = 0; n < len; n++) {
            accepted += ok_n(text, n);
        }
        CHECK_INT(accepted, 0);
        seen++;
    }
    CHECK(seen >= 100);
    globfree(&files);
}

int main(void)
{
    RUN(good_values);
    RUN(bad_values);
    RUN(nul_bytes);
    RUN(special_bytes_at_every_place);
    RUN(depth);
    RUN(brackets_are_told_apart_at_every_depth);
    RUN(tokens_in_order);
    RUN(errors_stick);
    RUN(skipping);
    RUN(unescaping);
    RUN(lone_surrogates);
    RUN(unescaping_in_place);
    RUN(keys);
    RUN(integers_are_exact);
    RUN(other_numbers_are_floats);
    RUN(long_numbers);
    RUN(numbers_end_with_the_text);
    RUN(picks_members);
    RUN(the_last_double_counts);
    RUN(picks_only_from_whole_objects);
    RUN(picking_into_a_full_buffer);
    RUN(samples_cut_at_every_byte);
    return CHECK_END();
}
