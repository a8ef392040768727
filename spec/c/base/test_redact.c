/* SPDX-License-Identifier: MIT
 *
 * Secrets do not get out, in any spelling, and nothing else is harmed.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/redact.h"
#include "check.h"

static char *clean_n(const char *text, size_t len)
{
    static char kept[4096];
    struct zapi_buf b;

    zapi_buf_init(&b, sizeof kept - 1);
    zapi_redact(&b, text, len);
    memcpy(kept, zapi_buf_str(&b), b.len + 1);
    zapi_buf_free(&b);
    return kept;
}

static char *clean(const char *text)
{
    return clean_n(text, strlen(text));
}

static void registered_values_become_stars(void)
{
    zapi_redact_add("F0E1D2C3B4A5", 12);
    zapi_redact_add("F0E1D2C3B4A5", 12);
    CHECK_STR(clean("F0E1D2C3B4A5"), "***");
    CHECK_STR(clean("a F0E1D2C3B4A5 b F0E1D2C3B4A5"), "a *** b ***");
    CHECK_STR(clean("F0E1D2C3B4A5F0E1D2C3B4A5"), "******");
    CHECK_STR(clean("F0E1D2C3B4A"), "F0E1D2C3B4A");
    CHECK_STR(clean(""), "");
    zapi_redact_clear();
    CHECK_STR(clean("F0E1D2C3B4A5"), "F0E1D2C3B4A5");
}

static void short_and_missing_values_are_ignored(void)
{
    zapi_redact_add("admin", 5);
    zapi_redact_add("", 0);
    zapi_redact_add(NULL, 0);
    CHECK_STR(clean("the admin said"), "the admin said");
    zapi_redact_add("admin1", 6);
    CHECK_STR(clean("the admin1 said"), "the *** said");
    zapi_redact_clear();
}

static void the_longest_match_wins(void)
{
    zapi_redact_add("abcdefgh", 8);
    zapi_redact_add("abcdef", 6);
    CHECK_STR(clean("abcdefgh abcdefg"), "*** ***g");
    zapi_redact_clear();
    zapi_redact_add("abcdef", 6);
    zapi_redact_add("abcdefgh", 8);
    CHECK_STR(clean("abcdefgh abcdefg"), "*** ***g");
    zapi_redact_clear();
}

static void other_spellings(void)
{
    static const char secret[] = "a/b+c\"d\\e f\ng";
    struct zapi_buf b;

    zapi_redact_add(secret, sizeof secret - 1);
    zapi_buf_init(&b, 1000);
    zapi_json_write_str(&b, secret, sizeof secret - 1);
    CHECK_STR(clean(zapi_buf_str(&b)), "\"***\"");
    zapi_buf_reset(&b);
    zapi_buf_adduri(&b, secret, sizeof secret - 1);
    CHECK_STR(clean(zapi_buf_str(&b)), "***");
    zapi_buf_free(&b);
    CHECK_STR(clean("a%2fb%2Bc%22d%5ce%20f%0ag"), "***");
    CHECK_STR(clean("a\\/b\\u002Bc\\\"d\\\\e f\\ng"), "***");
    CHECK_STR(clean(secret), "***");
    zapi_redact_clear();
}

static void a_secret_that_looks_like_escapes(void)
{
    zapi_redact_add("\\\\\\\\\\\\t", 7);
    CHECK_STR(clean("x\\\\\\\\\\\\t"), "x***");
    zapi_redact_clear();
    zapi_redact_add("100%25%25", 9);
    CHECK_STR(clean("100%25%25 100%2525%2525"), "*** ***");
    zapi_redact_clear();
}

static void paths_of_instances_are_cut_by_shape(void)
{
    CHECK_STR(clean("https://api.z-api.io/instances/3C0F/token/ABCD/send-text"),
              "https://api.z-api.io/instances/…/send-text");
    CHECK_STR(clean("/instances/3C0F/token/ABCD"), "/instances/…");
    CHECK_STR(clean("POST /instances/a/token/b HTTP/1.1"),
              "POST /instances/… HTTP/1.1");
    CHECK_STR(clean("\"/instances/a/token/b\","), "\"/instances/…\",");
    CHECK_STR(clean("/instances/a/token/b?x=1"), "/instances/…?x=1");
    CHECK_STR(clean("h:\\/\\/z\\/instances\\/a\\/token\\/b\\/me"),
              "h:\\/\\/z/instances/…\\/me");
    CHECK_STR(clean("/instances/a/token/b /instances/c/token/d/x"),
              "/instances/… /instances/…/x");
}

static void other_paths_stay(void)
{
    CHECK_STR(clean("/instances/abc/status"), "/instances/abc/status");
    CHECK_STR(clean("/instances/abc/token/"), "/instances/abc/token/");
    CHECK_STR(clean("/instances//token/x"), "/instances//token/x");
    CHECK_STR(clean("/instances/abc/token"), "/instances/abc/token");
    CHECK_STR(clean("/instances/"), "/instances/");
    CHECK_STR(clean("100% of \\ is 50%2 /"), "100% of \\ is 50%2 /");
}

static void nul_bytes_do_not_end_the_search(void)
{
    zapi_redact_add("TOPSECRET", 9);
    char *got = clean_n("a\0TOPSECRET\0b", 13);
    CHECK(memcmp(got, "a\0***\0b", 8) == 0);
    zapi_redact_clear();
}

static void in_place(void)
{
    char text[64] = "x TOPSECRET y /instances/a/token/b/z";

    zapi_redact_add("TOPSECRET", 9);
    zapi_redact_str(text, sizeof text);
    CHECK_STR(text, "x *** y /instances/…/z");
    /* Room that is full, without a NUL: still not one byte too far. */
    char full[9] = {'T', 'O', 'P', 'S', 'E', 'C', 'R', 'E', 'T'};
    zapi_redact_str(full, sizeof full);
    CHECK_STR(full, "***");
    zapi_redact_clear();
}

static void *hammer(void *arg)
{
    size_t bad = 0;
    char text[64];

    for (int i = 0; i < 2000; i++) {
        char mine[32];
        snprintf(mine, sizeof mine, "%s-%06d", (const char *)arg, i % 50);
        zapi_redact_add(mine, strlen(mine));
        snprintf(text, sizeof text, "<%s>", mine);
        zapi_redact_str(text, sizeof text);
        bad += strcmp(text, "<***>") != 0;
    }
    return bad ? arg : NULL;
}

static void from_several_threads(void)
{
    static char names[3][8] = {"first", "second", "third"};
    pthread_t threads[3];

    for (int i = 0; i < 3; i++) {
        CHECK(pthread_create(&threads[i], NULL, hammer, names[i]) == 0);
    }
    for (int i = 0; i < 3; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        CHECK(failed == NULL);
    }
    zapi_redact_clear();
}

int main(void)
{
    RUN(registered_values_become_stars);
    RUN(short_and_missing_values_are_ignored);
    RUN(the_longest_match_wins);
    RUN(other_spellings);
    RUN(a_secret_that_looks_like_escapes);
    RUN(paths_of_instances_are_cut_by_shape);
    RUN(other_paths_stay);
    RUN(nul_bytes_do_not_end_the_search);
    RUN(in_place);
    RUN(from_several_threads);
    return CHECK_END();
}
