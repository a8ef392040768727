/* SPDX-License-Identifier: MIT
 *
 * The error value: the table of kinds is whole, and a message never holds a
 * secret nor half a character.
 */
#include <string.h>

#include "base/error.h"
#include "base/redact.h"
#include "base/text.h"
#include "check.h"

static void table_is_whole(void)
{
    for (int i = 0; i < ZAPI_E_COUNT; i++) {
        enum zapi_error_kind kind = (enum zapi_error_kind)i;
        CHECK(zapi_error_name(kind)[0] != '\0');
        CHECK(zapi_error_doc(kind)[0] != '\0');
        CHECK(zapi_utf8_valid(zapi_error_doc(kind),
                              strlen(zapi_error_doc(kind))));
        /* Found by its name: so no name is there twice. */
        CHECK_INT(zapi_error_find(zapi_error_name(kind)), kind);
    }
    CHECK_INT(zapi_error_find("no.such"), ZAPI_E_COUNT);
    CHECK_INT(zapi_error_find(""), ZAPI_E_COUNT);
}

static void names_and_retryable(void)
{
    CHECK_STR(zapi_error_name(ZAPI_E_AUTH_CLIENT_TOKEN_MISSING),
              "auth.client_token_missing");
    CHECK(zapi_error_retryable(ZAPI_E_RATE_LIMITED));
    CHECK(!zapi_error_retryable(ZAPI_E_SEND_UNKNOWN));
    CHECK(!zapi_error_retryable(ZAPI_E_COUNT));
    CHECK_STR(zapi_error_name(ZAPI_E_COUNT), "internal");
    CHECK_STR(zapi_outcome_name(ZAPI_OUTCOME_REFUSED), "refused");
    CHECK_STR(zapi_outcome_name(ZAPI_OUTCOME_NOT_SENT), "not_sent");
    CHECK_STR(zapi_outcome_name(ZAPI_OUTCOME_UNKNOWN), "unknown");
}

static void set_clears_all_but_the_endpoint(void)
{
    struct zapi_error e = {.status = 400,
                           .retry_after = 3,
                           .outcome = ZAPI_OUTCOME_UNKNOWN,
                           .endpoint = "send_text"};

    zapi_error_set(&e, ZAPI_E_NET_TIMEOUT, "after %d s", 30);
    CHECK_INT(e.kind, ZAPI_E_NET_TIMEOUT);
    CHECK_STR(e.message, "after 30 s");
    CHECK_STR(e.endpoint, "send_text");
    CHECK_INT(e.status, 0);
    CHECK(e.retry_after == 0);
    CHECK_INT(e.outcome, ZAPI_OUTCOME_REFUSED);
    zapi_error_set(&e, ZAPI_E_IO, "%s", "");
    CHECK_STR(e.message, "");
    zapi_error_clear(&e);
    CHECK_INT(e.kind, ZAPI_E_NONE);
    CHECK_STR(e.endpoint, "");
}

static void long_messages_are_cut_at_a_character(void)
{
    struct zapi_error e = {.endpoint = ""};
    char text[1001];

    for (size_t shift = 0; shift < 4; shift++) {
        memset(text, 'x', shift);
        for (size_t i = shift; i + 4 < sizeof text; i += 4) {
            memcpy(text + i, "\xF0\x9F\x98\x80", 5);
        }
        zapi_error_set(&e, ZAPI_E_IO, "%s", text);
        size_t len = strlen(e.message);
        CHECK(len > sizeof e.message - 5 && len < sizeof e.message);
        CHECK(zapi_utf8_valid(e.message, len));
    }
}

static void far_too_long_falls_back_to_the_kind(void)
{
    struct zapi_error e = {.endpoint = ""};
    static char text[100 * 1024];

    memset(text, 'x', sizeof text - 1);
    zapi_error_set(&e, ZAPI_E_NET_TLS, "%s", text);
    CHECK_STR(e.message, zapi_error_doc(ZAPI_E_NET_TLS));
}

static void messages_are_redacted_before_they_are_cut(void)
{
    struct zapi_error e = {.endpoint = ""};
    char text[600];

    zapi_redact_add("SECRETSECRET", 12);
    /* The cut at 399 falls into the secret. */
    for (size_t at = 380; at < 400; at++) {
        memset(text, 'x', sizeof text - 1);
        text[sizeof text - 1] = '\0';
        memcpy(text + at, "SECRETSECRET", 12);
        zapi_error_set(&e, ZAPI_E_IO, "%s", text);
        CHECK(strchr(e.message, 'S') == NULL);
    }
    zapi_error_set(&e, ZAPI_E_IO, "GET %s failed",
                   "https://h/instances/AB/token/CD/send-text");
    CHECK_STR(e.message, "GET https://h/instances/…/send-text failed");
    zapi_redact_clear();
}

int main(void)
{
    RUN(table_is_whole);
    RUN(names_and_retryable);
    RUN(set_clears_all_but_the_endpoint);
    RUN(long_messages_are_cut_at_a_character);
    RUN(far_too_long_falls_back_to_the_kind);
    RUN(messages_are_redacted_before_they_are_cut);
    return CHECK_END();
}
