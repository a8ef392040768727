/* SPDX-License-Identifier: MIT
 *
 * The growing buffer: its ceiling, its failures, and that the content is a C
 * string at every moment.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "check.h"

static void starts_empty(void)
{
    struct zapi_buf b;
    size_t len = 9;

    zapi_buf_init(&b, 10);
    CHECK(b.data == NULL);
    CHECK_STR(zapi_buf_str(&b), "");
    CHECK(zapi_buf_take(&b, &len) == NULL);
    CHECK_INT(len, 0);
    zapi_buf_free(&b);
}

static void appends_all_ways(void)
{
    struct zapi_buf b;

    zapi_buf_init(&b, 1000);
    CHECK(zapi_buf_add(&b, "a\0b", 3));
    CHECK_INT(b.len, 3);
    CHECK(memcmp(b.data, "a\0b", 4) == 0);
    zapi_buf_reset(&b);
    CHECK_STR(zapi_buf_str(&b), "");
    CHECK(zapi_buf_adds(&b, "oi "));
    CHECK(zapi_buf_addc(&b, '!'));
    CHECK(zapi_buf_addf(&b, " %s %d", "x", 42));
    CHECK_STR(zapi_buf_str(&b), "oi ! x 42");
    zapi_buf_free(&b);
    CHECK_INT(b.max, 1000);
    CHECK(b.data == NULL);
}

static void adding_nothing_makes_a_c_string(void)
{
    struct zapi_buf b;

    zapi_buf_init(&b, 10);
    CHECK(zapi_buf_add(&b, NULL, 0));
    CHECK(b.data != NULL && b.data[0] == '\0');
    zapi_buf_free(&b);
}

static void grows_to_exactly_its_maximum(void)
{
    struct zapi_buf b;

    zapi_buf_init(&b, 1000);
    for (int i = 0; i < 1000; i++) {
        CHECK(zapi_buf_addc(&b, 'x'));
        CHECK(b.data[b.len] == '\0');
    }
    CHECK(b.cap <= 1001);
    CHECK(!zapi_buf_addc(&b, 'y'));
    CHECK(b.failed);
    CHECK_INT(b.len, 1000);
    zapi_buf_free(&b);
}

static void failure_keeps_the_content_and_lasts(void)
{
    struct zapi_buf b;

    zapi_buf_init(&b, 5);
    CHECK(zapi_buf_adds(&b, "abc"));
    CHECK(!zapi_buf_adds(&b, "defg"));
    CHECK_STR(zapi_buf_str(&b), "abc");
    CHECK(!zapi_buf_adds(&b, "d")); /* would fit, but something is missing */
    CHECK_STR(zapi_buf_str(&b), "abc");
    zapi_buf_reset(&b);
    CHECK(zapi_buf_adds(&b, "defgh"));
    CHECK_STR(zapi_buf_str(&b), "defgh");
    zapi_buf_free(&b);
}

static void every_append_is_whole_or_not(void)
{
    struct zapi_buf b;

    zapi_buf_init(&b, 5);
    CHECK(!zapi_buf_addf(&b, "%s", "toolong"));
    CHECK_INT(b.len, 0);
    zapi_buf_reset(&b);
    CHECK(zapi_buf_addc(&b, 'x'));
    CHECK(!zapi_buf_adduri(&b, "a/b", 3)); /* a%2Fb: 5 bytes, 4 are left */
    CHECK(b.failed);
    CHECK_STR(zapi_buf_str(&b), "x");
    zapi_buf_free(&b);
}

static void sizes_do_not_wrap(void)
{
    struct zapi_buf b;

    zapi_buf_init(&b, SIZE_MAX);
    CHECK(zapi_buf_adds(&b, "x"));
    CHECK(!zapi_buf_reserve(&b, SIZE_MAX));
    CHECK(b.failed);
    CHECK_STR(zapi_buf_str(&b), "x");
    zapi_buf_free(&b);
}

static void no_memory_is_a_failure(void)
{
    struct zapi_buf b;

    zapi_buf_init(&b, SIZE_MAX);
    CHECK(zapi_buf_adds(&b, "x"));
#if !defined(__SANITIZE_ADDRESS__)
    CHECK(!zapi_buf_reserve(&b, SIZE_MAX / 4)); /* realloc says no */
    CHECK(b.failed);
#endif
    CHECK_STR(zapi_buf_str(&b), "x");
    zapi_buf_free(&b);
}

static void reserve_gives_room_to_write(void)
{
    struct zapi_buf b;

    zapi_buf_init(&b, 100);
    CHECK(zapi_buf_reserve(&b, 100));
    memset(b.data, 'z', 100);
    CHECK(b.cap >= 101);
    zapi_buf_free(&b);
}

static void percent_encodes(void)
{
    struct zapi_buf b;

    zapi_buf_init(&b, 1000);
    zapi_buf_adduri(&b, "AZaz09-._~", 10);
    zapi_buf_adduri(&b, " /?#%&+@é\0", 11);
    CHECK_STR(zapi_buf_str(&b), "AZaz09-._~%20%2F%3F%23%25%26%2B%40%C3%A9%00");
    zapi_buf_free(&b);
}

static void take_moves_the_content(void)
{
    struct zapi_buf b;
    size_t len;

    zapi_buf_init(&b, 100);
    zapi_buf_adds(&b, "oi");
    char *data = zapi_buf_take(&b, &len);
    CHECK_STR(data, "oi");
    CHECK_INT(len, 2);
    CHECK(b.data == NULL && b.len == 0 && b.max == 100);
    free(data);
    CHECK(zapi_buf_adds(&b, "again"));
    free(zapi_buf_take(&b, NULL));
}

int main(void)
{
    RUN(starts_empty);
    RUN(appends_all_ways);
    RUN(adding_nothing_makes_a_c_string);
    RUN(grows_to_exactly_its_maximum);
    RUN(failure_keeps_the_content_and_lasts);
    RUN(every_append_is_whole_or_not);
    RUN(sizes_do_not_wrap);
    RUN(no_memory_is_a_failure);
    RUN(reserve_gives_room_to_write);
    RUN(percent_encodes);
    RUN(take_moves_the_content);
    return CHECK_END();
}
