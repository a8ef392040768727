/* SPDX-License-Identifier: MIT
 *
 * One value against one field: what is accepted, how it is written, and what
 * the message says.
 */
#include <math.h>

#include "api/catalogue.h"
#include "api/check.h"
#include "check.h"

static struct zapi_error error;
static struct zapi_buf out;

static const struct zapi_endpoint row = {.name = "send_text"};
static const struct zapi_check check = {
    .row = &row, .path = "x", .error = &error};

static void start(void)
{
    zapi_buf_free(&out);
    zapi_buf_init(&out, 4096);
    memset(&error, 0, sizeof error);
}

/* The text as written, or the message when it was refused. */
static const char *text(const struct zapi_field *f, const char *s)
{
    start();
    bool ok = zapi_check_string(&check, f, s, strlen(s), false, &out);
    return ok ? zapi_buf_str(&out) : error.message;
}

static const char *format(enum zapi_format format, const char *s)
{
    struct zapi_field f = {.type = ZAPI_STRING, .format = format};
    return text(&f, s);
}

#define BAD(why) "bad parameter 'x' to send_text (" why ")"

static void strings_are_quoted_or_escaped(void)
{
    struct zapi_field f = {.type = ZAPI_STRING};
    CHECK_STR(text(&f, "a \"b\"\n"), "\"a \\\"b\\\"\\n\"");
    CHECK_STR(text(&f, ""), "\"\"");
    start();
    CHECK(zapi_check_string(&check, &f, "a b/ç", 6, true, &out));
    CHECK_STR(zapi_buf_str(&out), "a%20b%2F%C3%A7");
    CHECK_STR(text(&f, "a\xff"), BAD("not valid UTF-8"));
    CHECK_INT(error.outcome, ZAPI_OUTCOME_NOT_SENT);
    CHECK_STR(error.endpoint, "send_text");
    f.where = ZAPI_IN_PATH;
    CHECK_STR(text(&f, ""), BAD("must not be empty"));
}

static void a_full_buffer_is_an_error(void)
{
    struct zapi_field f = {.type = ZAPI_STRING};
    struct zapi_buf small;
    zapi_buf_init(&small, 4);
    CHECK(!zapi_check_string(&check, &f, "longer", 6, false, &small));
    CHECK_STR(error.message, BAD("too large"));
    zapi_buf_free(&small);
}

static void chats_are_cleaned_or_kept(void)
{
    static const char *const kept[] = {
        "5511999990001",
        "120363019502650977-group",
        "5511999999999-1623281429",
        "999999999999999@lid",
        "120363000@newsletter",
        "1700000001@broadcast",
        "123-broadcast",
        "status@broadcast",
    };
    char want[64];
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        snprintf(want, sizeof want, "\"%s\"", kept[i]);
        CHECK_STR(format(ZAPI_FORMAT_CHAT, kept[i]), want);
    }
    CHECK_STR(format(ZAPI_FORMAT_CHAT, "+55 (11) 99999-0001"),
              "\"5511999990001\"");
    CHECK_STR(format(ZAPI_FORMAT_PHONE, "+55 11 99999-0001"),
              "\"5511999990001\"");
    CHECK_STR(format(ZAPI_FORMAT_GROUP, "5511999999999-1623281429"),
              "\"5511999999999-1623281429\"");
}

static void what_is_no_chat_is_named(void)
{
    CHECK_STR(format(ZAPI_FORMAT_PHONE, "oi"),
              BAD("phone number with country code expected, got 'oi'"));
    CHECK_STR(format(ZAPI_FORMAT_CHAT, "oi"),
              BAD("phone number with country code, or the id of a group, "
                  "contact, channel or list expected, got 'oi'"));
    CHECK_STR(format(ZAPI_FORMAT_GROUP, "os amigos"),
              BAD("group id (…-group) expected, got 'os amigos'"));
    CHECK(strstr(format(ZAPI_FORMAT_CHAT, ""), "expected, got ''") != NULL);
    CHECK(strstr(format(ZAPI_FORMAT_CHAT, "a-b"), "expected") != NULL);
    CHECK(strstr(format(ZAPI_FORMAT_CHAT, "../x@y"), "expected") != NULL);
    CHECK(strstr(format(ZAPI_FORMAT_CHAT,
                        "1111111111111111111111111111111111111111111111111111"
                        "1111111111111111111111111111111111111111111111111111"
                        "1111111111111111111111111111111111111111111111111111"),
                 "expected") != NULL);
    CHECK(strlen(error.message) < 250);
    CHECK_STR(format(ZAPI_FORMAT_CHAT, "55\xff"), BAD("not valid UTF-8"));
}

static void urls_and_media(void)
{
    CHECK_STR(format(ZAPI_FORMAT_URL, "https://a.b/c"), "\"https://a.b/c\"");
    CHECK_STR(format(ZAPI_FORMAT_URL, "HTTP://a.b"), "\"HTTP://a.b\"");
    CHECK_STR(format(ZAPI_FORMAT_URL, ""), "\"\"");
    CHECK_STR(format(ZAPI_FORMAT_URL, "ftp://SECRET"),
              BAD("http(s):// URL expected"));
    CHECK_STR(format(ZAPI_FORMAT_URL, "https://"),
              BAD("http(s):// URL expected"));
    CHECK_STR(format(ZAPI_FORMAT_MEDIA, "data:image/png;base64,aGk="),
              "\"data:image/png;base64,aGk=\"");
    CHECK_STR(format(ZAPI_FORMAT_MEDIA, "https://a.b/c.png"),
              "\"https://a.b/c.png\"");
    CHECK_STR(format(ZAPI_FORMAT_MEDIA, "aGk="),
              BAD("http(s):// URL or data:<mime>;base64,… expected"));
    CHECK_STR(format(ZAPI_FORMAT_MEDIA, "data:image/png;base64,"),
              BAD("http(s):// URL or data:<mime>;base64,… expected"));
    CHECK_STR(format(ZAPI_FORMAT_MEDIA, "data:image/png,x"),
              BAD("http(s):// URL or data:<mime>;base64,… expected"));
    CHECK_STR(format(ZAPI_FORMAT_MEDIA, ""),
              BAD("http(s):// URL or data:<mime>;base64,… expected"));
}

static void other_formats(void)
{
    CHECK_STR(format(ZAPI_FORMAT_EMAIL, "a@b.c"), "\"a@b.c\"");
    CHECK_STR(format(ZAPI_FORMAT_EMAIL, "a"), BAD("e-mail address expected"));
    CHECK_STR(format(ZAPI_FORMAT_DATETIME, "2026-11-21"), "\"2026-11-21\"");
    CHECK_STR(format(ZAPI_FORMAT_DATETIME, "2026-11-21T10:00:00Z"),
              "\"2026-11-21T10:00:00Z\"");
    CHECK_STR(format(ZAPI_FORMAT_DATETIME, "21/11/2026"),
              BAD("ISO 8601 date and time expected"));
    CHECK_STR(format(ZAPI_FORMAT_NEWSLETTER, "1203@newsletter"),
              "\"1203@newsletter\"");
    CHECK_STR(format(ZAPI_FORMAT_NEWSLETTER, "1203"),
              BAD("channel id (…@newsletter) expected"));
}

static void enums_list_their_words(void)
{
    static const char *const sizes[] = {"SMALL", "LARGE", NULL};
    static const char *const yes[] = {"true", NULL};
    struct zapi_field f = {.type = ZAPI_STRING, .enums = sizes};
    CHECK_STR(text(&f, "LARGE"), "\"LARGE\"");
    CHECK_STR(text(&f, "large"),
              BAD("one of SMALL, LARGE expected, got 'large'"));
    CHECK_STR(text(&f, "LARG"),
              BAD("one of SMALL, LARGE expected, got 'LARG'"));
    f.enums = yes;
    start();
    CHECK(zapi_check_boolean(&check, &f, true, false, &out));
    CHECK_STR(zapi_buf_str(&out), "true");
    CHECK(!zapi_check_boolean(&check, &f, false, false, &out));
    CHECK_STR(error.message, BAD("one of true expected, got 'false'"));
}

static void numbers_have_bounds(void)
{
    struct zapi_field f = {.type = ZAPI_NUMBER,
                           .has_min = true,
                           .min = 1,
                           .has_max = true,
                           .max = 15};
    start();
    CHECK(zapi_check_integer(&check, &f, 15, false, &out));
    CHECK(zapi_check_number(&check, &f, 1.5, true, &out));
    CHECK_STR(zapi_buf_str(&out), "151.5");
    CHECK(!zapi_check_integer(&check, &f, 20, false, &out));
    CHECK_STR(error.message, BAD("1 to 15 expected, got 20"));
    CHECK(!zapi_check_number(&check, &f, 0.5, false, &out));
    CHECK_STR(error.message, BAD("1 to 15 expected, got 0.5"));
    CHECK(!zapi_check_number(&check, &f, (double)NAN, false, &out));
    CHECK_STR(error.message, BAD("a finite number expected"));
    CHECK(!zapi_check_number(&check, &f, HUGE_VAL, false, &out));
    f.has_max = false;
    CHECK(!zapi_check_integer(&check, &f, 0, false, &out));
    CHECK_STR(error.message, BAD("at least 1 expected, got 0"));
    f = (struct zapi_field){.type = ZAPI_INTEGER, .has_max = true, .max = 30};
    CHECK(!zapi_check_integer(&check, &f, 31, false, &out));
    CHECK_STR(error.message, BAD("at most 30 expected, got 31"));
    f.has_max = false;
    start();
    CHECK(zapi_check_integer(&check, &f, INT64_MIN, false, &out));
    CHECK_STR(zapi_buf_str(&out), "-9223372036854775808");
}

static void arrays_are_counted(void)
{
    struct zapi_field f = {.type = ZAPI_ARRAY, .has_max = true, .max = 3};
    start();
    CHECK(zapi_check_count(&check, &f, 3));
    CHECK(!zapi_check_count(&check, &f, 4));
    CHECK_STR(error.message, BAD("at most 3 items expected, got 4"));
}

static void misspelt_and_missing_names(void)
{
    const struct zapi_endpoint *send =
        zapi_catalogue_find(ZAPI_SCOPE_INSTANCE, "send_text");
    struct zapi_check c = {.row = send, .path = "mesage", .error = &error};
    zapi_check_unknown(&c, send->params, "mesage");
    CHECK_STR(error.message, "'mesage' is not a parameter of send_text; did "
                             "you mean 'message'?");
    c.path = "zzzzzzzz";
    zapi_check_unknown(&c, send->params, "zzzzzzzz");
    CHECK_STR(error.message, "'zzzzzzzz' is not a parameter of send_text");
    c.path = "message";
    zapi_check_missing(&c, zapi_field_find(send->params, "message", 7));
    CHECK_STR(error.message,
              "missing parameter 'message' to send_text (string: text, may "
              "hold WhatsApp markup, emoji and line breaks)");
    c.path = "images";
    send = zapi_catalogue_find(ZAPI_SCOPE_INSTANCE, "save_product");
    c.row = send;
    zapi_check_type(&c, zapi_field_find(send->params, "images", 6), "number");
    CHECK_STR(error.message, "bad parameter 'images' to save_product (array "
                             "or string expected, got number)");
}

int main(void)
{
    zapi_buf_init(&out, 4096);
    RUN(strings_are_quoted_or_escaped);
    RUN(a_full_buffer_is_an_error);
    RUN(chats_are_cleaned_or_kept);
    RUN(what_is_no_chat_is_named);
    RUN(urls_and_media);
    RUN(other_formats);
    RUN(enums_list_their_words);
    RUN(numbers_have_bounds);
    RUN(arrays_are_counted);
    RUN(misspelt_and_missing_names);
    zapi_buf_free(&out);
    return CHECK_END();
}
