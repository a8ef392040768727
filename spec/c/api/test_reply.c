/* SPDX-License-Identifier: MIT
 *
 * What replies mean: every body that Z-API is known to give, and the verdict
 * on it. One line per case; the message of a wrong one names it.
 */
#include "api/catalogue.h"
#include "api/reply.h"
#include "base/redact.h"
#include "check.h"

struct reply_case {
    const char *row; /* "" for z:request */
    int status;
    const char *body;
    enum zapi_error_kind kind; /* NONE: success */
    enum zapi_outcome outcome;
    const char *type; /* content type; NULL: JSON */
};

static const struct zapi_endpoint *row_of(const char *name)
{
    return zapi_catalogue_find(ZAPI_SCOPE_INSTANCE, name);
}

static bool judge(const struct reply_case *c, struct zapi_error *e)
{
    struct zapi_reply_facts facts = {
        .status = c->status,
        .content_type = c->type ? c->type : "application/json",
        .body = c->body,
        .len = strlen(c->body),
    };
    memset(e, 0, sizeof *e);
    return zapi_reply_judge(*c->row ? row_of(c->row) : NULL, &facts, e);
}

static void run_cases(const struct reply_case *c, size_t n)
{
    struct zapi_error e;
    for (; n > 0; n--, c++) {
        bool ok = judge(c, &e);
        if (ok == (c->kind == ZAPI_E_NONE) &&
            (ok || (e.kind == c->kind && e.outcome == c->outcome &&
                    e.status == c->status && e.message[0])))
            continue;
        fprintf(stderr, "%s %d %s: got %s %s (%s)\n", c->row, c->status,
                c->body, ok ? "success" : zapi_error_name(e.kind),
                ok ? "" : zapi_outcome_name(e.outcome), e.message);
        check_case_failed = 1;
    }
}

#define RUN_CASES(list) run_cases(list, sizeof(list) / sizeof *(list))

#define SENT "{\"zaapId\":\"0F1E\",\"messageId\":\"3EB0\",\"id\":\"3EB0\"}"

static void a_send_needs_an_id(void)
{
    static const struct reply_case list[] = {
        {"send_text", 200, SENT, ZAPI_E_NONE, 0, NULL},
        {"send_text", 201, "{\"messageId\":\"3EB0\"}", ZAPI_E_NONE, 0, NULL},
        {"send_text", 200, "{\"zaapId\":\"0F1E\"}", ZAPI_E_NONE, 0, NULL},
        {"forward_message", 200, "{\"zaapId\":\"0F\"}", ZAPI_E_NONE, 0, NULL},
        {"send_text", 200, "{\"id\":\"3EB0\"}", ZAPI_E_SEND_NOT_ENQUEUED,
         ZAPI_OUTCOME_REFUSED, NULL},
        {"send_text", 200, "{}", ZAPI_E_SEND_NOT_ENQUEUED, ZAPI_OUTCOME_REFUSED,
         NULL},
        {"send_text", 200, "{\"messageId\":null}", ZAPI_E_SEND_NOT_ENQUEUED,
         ZAPI_OUTCOME_REFUSED, NULL},
        {"send_text", 200, "{\"messageId\":\"\"}", ZAPI_E_SEND_NOT_ENQUEUED,
         ZAPI_OUTCOME_REFUSED, NULL},
        {"send_text", 200, "\"no\"", ZAPI_E_SEND_NOT_ENQUEUED,
         ZAPI_OUTCOME_REFUSED, NULL},
        {"send_text", 200, "{\"value\":true}", ZAPI_E_SEND_NOT_ENQUEUED,
         ZAPI_OUTCOME_REFUSED, NULL},
    };
    RUN_CASES(list);
}

static void an_unusable_answer_to_a_send_is_unknown(void)
{
    static const struct reply_case list[] = {
        {"send_text", 200, "", ZAPI_E_SEND_UNKNOWN, ZAPI_OUTCOME_UNKNOWN, NULL},
        {"send_text", 204, "", ZAPI_E_SEND_UNKNOWN, ZAPI_OUTCOME_UNKNOWN, NULL},
        {"send_text", 200, "{\"messageId\":\"3EB0\",\"zaa", ZAPI_E_SEND_UNKNOWN,
         ZAPI_OUTCOME_UNKNOWN, NULL},
        {"send_text", 200, "<html>proxy</html>", ZAPI_E_SEND_UNKNOWN,
         ZAPI_OUTCOME_UNKNOWN, "text/html"},
        {"send_text", 200, "OK", ZAPI_E_SEND_UNKNOWN, ZAPI_OUTCOME_UNKNOWN,
         "text/plain"},
        {"send_text", 200, "[" SENT "]", ZAPI_E_SEND_UNKNOWN,
         ZAPI_OUTCOME_UNKNOWN, NULL},
        {"send_text", 500, "{\"error\":\"boom\"}", ZAPI_E_SEND_UNKNOWN,
         ZAPI_OUTCOME_UNKNOWN, NULL},
        {"send_text", 502, "<html>Bad Gateway</html>", ZAPI_E_SEND_UNKNOWN,
         ZAPI_OUTCOME_UNKNOWN, "text/html"},
        {"send_text", 504, "", ZAPI_E_SEND_UNKNOWN, ZAPI_OUTCOME_UNKNOWN, NULL},
        {"create_group", 503, "", ZAPI_E_SEND_UNKNOWN, ZAPI_OUTCOME_UNKNOWN,
         NULL},
        {"create_group", 200, "{\"phone\":", ZAPI_E_SEND_UNKNOWN,
         ZAPI_OUTCOME_UNKNOWN, NULL},
    };
    RUN_CASES(list);
}

static void an_idempotent_call_may_fail_and_be_repeated(void)
{
    static const struct reply_case list[] = {
        {"list_chats", 500, "", ZAPI_E_SERVER_ERROR, ZAPI_OUTCOME_UNKNOWN,
         NULL},
        {"list_chats", 200, "", ZAPI_E_NET_BAD_REPLY, ZAPI_OUTCOME_UNKNOWN,
         NULL},
        {"list_chats", 200, "[{\"phone\":", ZAPI_E_NET_BAD_REPLY,
         ZAPI_OUTCOME_UNKNOWN, NULL},
        {"list_chats", 200, "<html></html>", ZAPI_E_NET_BAD_REPLY,
         ZAPI_OUTCOME_UNKNOWN, "text/html"},
        {"update_webhook_received", 200, "{}", ZAPI_E_NET_BAD_REPLY,
         ZAPI_OUTCOME_UNKNOWN, NULL},
        {"update_webhook_received", 503, "", ZAPI_E_SERVER_ERROR,
         ZAPI_OUTCOME_UNKNOWN, NULL},
    };
    RUN_CASES(list);
    CHECK(zapi_error_retryable(ZAPI_E_SERVER_ERROR));
    CHECK(zapi_error_retryable(ZAPI_E_NET_BAD_REPLY));
    CHECK(!zapi_error_retryable(ZAPI_E_SEND_UNKNOWN));
}

#define REFUSED ZAPI_OUTCOME_REFUSED

static void error_bodies_have_their_kinds(void)
{
    static const struct reply_case list[] = {
        {"send_text", 400,
         "{\"error\":\"your client-token is not configured\"}",
         ZAPI_E_AUTH_CLIENT_TOKEN_MISSING, REFUSED, NULL},
        {"send_text", 200, "{\"error\":\"null not allowed\"}",
         ZAPI_E_AUTH_CLIENT_TOKEN_MISSING, REFUSED, NULL},
        {"send_text", 400, "{\"error\":\"null not allowed\"}",
         ZAPI_E_AUTH_CLIENT_TOKEN_MISSING, REFUSED, NULL},
        {"get_status", 403, "{\"error\":\"null not allowed\"}",
         ZAPI_E_AUTH_CLIENT_TOKEN_MISSING, REFUSED, NULL},
        {"send_text", 403, "{\"error\":\"Client-Token not allowed\"}",
         ZAPI_E_AUTH_CLIENT_TOKEN_INVALID, REFUSED, NULL},
        {"send_text", 403, "{\"error\":\"CLIENT-TOKEN NOT ALLOWED\"}",
         ZAPI_E_AUTH_CLIENT_TOKEN_INVALID, REFUSED, NULL},
        {"send_text", 403, "{\"error\":\"203.0.113.7 not allowed\"}",
         ZAPI_E_AUTH_IP_NOT_ALLOWED, REFUSED, NULL},
        {"send_text", 403, "{\"error\":\"[203.0.113.7] not allowed\"}",
         ZAPI_E_AUTH_IP_NOT_ALLOWED, REFUSED, NULL},
        {"send_text", 403, "{\"error\":\"2001:db8::7 not allowed\"}",
         ZAPI_E_AUTH_IP_NOT_ALLOWED, REFUSED, NULL},
        {"send_text", 403, "{\"error\":\"[IP da chamada] not allowed\"}",
         ZAPI_E_AUTH_IP_NOT_ALLOWED, REFUSED, NULL},
        {"send_text", 403, "{\"error\":\"fade not allowed\"}",
         ZAPI_E_AUTH_UNAUTHORIZED, REFUSED, NULL},
        {"send_text", 400, "{\"error\":\"Instance not found\"}",
         ZAPI_E_AUTH_INSTANCE_NOT_FOUND, REFUSED, NULL},
        {"send_text", 404, "{\"error\":\"Instance not found\"}",
         ZAPI_E_AUTH_INSTANCE_NOT_FOUND, REFUSED, NULL},
        {"get_status", 400,
         "{\"error\":\"To continue sending a message, you must subscribe to "
         "this instance again\"}",
         ZAPI_E_BILLING_SUBSCRIPTION_EXPIRED, REFUSED, NULL},
        {"send_text", 401, "{\"error\":\"Unauthorized\"}",
         ZAPI_E_AUTH_UNAUTHORIZED, REFUSED, NULL},
        {"send_text", 400, "{\"error\":\"Unauthorized\"}",
         ZAPI_E_AUTH_UNAUTHORIZED, REFUSED, NULL},
        {"send_text", 403, "", ZAPI_E_AUTH_UNAUTHORIZED, REFUSED, NULL},
        {"list_chats", 200,
         "{\"error\":\"NOT_FOUND\",\"message\":\"Unable to find matching "
         "target resource method\"}",
         ZAPI_E_CLIENT_UNKNOWN_ENDPOINT, REFUSED, NULL},
        {"", 404, "{\"error\":\"NOT_FOUND\"}", ZAPI_E_CLIENT_UNKNOWN_ENDPOINT,
         REFUSED, NULL},
        {"", 404, "", ZAPI_E_CLIENT_UNKNOWN_ENDPOINT, REFUSED, NULL},
        {"list_chats", 404, "{\"error\":\"Chat is gone\"}", ZAPI_E_CLIENT_ERROR,
         REFUSED, NULL},
        {"send_text", 405, "", ZAPI_E_CLIENT_METHOD, REFUSED, NULL},
        {"send_text", 415, "", ZAPI_E_CLIENT_CONTENT_TYPE, REFUSED, NULL},
        {"list_products", 414, "URI Too Large", ZAPI_E_CLIENT_URI_TOO_LARGE,
         REFUSED, "text/plain"},
        {"send_text", 429, "", ZAPI_E_RATE_LIMITED, REFUSED, NULL},
        {"send_text", 400,
         "{\"error\":\"mentionAll can only be used in groups\"}",
         ZAPI_E_CLIENT_INVALID_PARAMS, REFUSED, NULL},
        {"report_contact", 400, "{\"error\":\"Invalid phone\"}",
         ZAPI_E_CLIENT_INVALID_PHONE, REFUSED, NULL},
        {"", 400, "\"Proxy is not reachable\"", ZAPI_E_CLIENT_PROXY, REFUSED,
         NULL},
        {"", 400, "Proxy is not reachable", ZAPI_E_CLIENT_PROXY, REFUSED,
         "text/plain"},
        {"send_text", 400, "{\"error\":\"You are not connected.\"}",
         ZAPI_E_STATE_DISCONNECTED, REFUSED, NULL},
        {"send_text", 400, "{\"error\":\"something new\"}", ZAPI_E_CLIENT_ERROR,
         REFUSED, NULL},
        {"send_text", 302, "", ZAPI_E_CLIENT_ERROR, REFUSED, NULL},
    };
    RUN_CASES(list);
}

static void an_error_in_a_200_is_a_failure(void)
{
    static const struct reply_case list[] = {
        {"send_text", 200, "{\"error\":\"something new\"}", ZAPI_E_CLIENT_ERROR,
         REFUSED, NULL},
        {"send_text", 200, "{\"error\":\"x\",\"messageId\":\"3EB0\"}",
         ZAPI_E_CLIENT_ERROR, REFUSED, NULL},
        {"list_chats", 200, "{\"error\":\"x\"}", ZAPI_E_CLIENT_ERROR, REFUSED,
         NULL},
        {"", 200, "{\"error\":\"x\"}", ZAPI_E_CLIENT_ERROR, REFUSED, NULL},
        {"", 200, "{\"error\":true,\"message\":\"no\"}", ZAPI_E_CLIENT_ERROR,
         REFUSED, NULL},
        {"list_chats", 200, "{\"error\":\"\"}", ZAPI_E_NONE, 0, NULL},
        {"list_chats", 200, "{\"error\":null}", ZAPI_E_NONE, 0, NULL},
        {"list_chats", 200, "{\"error\":false}", ZAPI_E_NONE, 0, NULL},
        {"send_text", 200, "{\"error\":null,\"messageId\":\"3EB0\"}",
         ZAPI_E_NONE, 0, NULL},
    };
    RUN_CASES(list);
}

static void only_connected_decides_a_status(void)
{
    static const struct reply_case list[] = {
        {"get_status", 200,
         "{\"connected\":true,\"session\":false,\"created\":1769600860844,"
         "\"error\":\"You are already connected.\","
         "\"smartphoneConnected\":true}",
         ZAPI_E_NONE, 0, NULL},
        {"", 200,
         "{\"connected\":true,\"error\":\"You are already connected.\"}",
         ZAPI_E_NONE, 0, NULL},
        {"get_status", 200,
         "{\"connected\":false,\"error\":\"You are not connected.\","
         "\"smartphoneConnected\":false}",
         ZAPI_E_STATE_DISCONNECTED, REFUSED, NULL},
        {"get_status", 200,
         "{\"connected\":false,\"error\":\"You need to restore the "
         "session.\"}",
         ZAPI_E_STATE_RESTORE_SESSION, REFUSED, NULL},
        {"get_status", 200, "{\"error\":\"NOT_FOUND\"}",
         ZAPI_E_CLIENT_UNKNOWN_ENDPOINT, REFUSED, NULL},
        {"get_me", 200, "{\"id\":\"3C0F\",\"connected\":false}", ZAPI_E_NONE, 0,
         NULL},
    };
    RUN_CASES(list);
}

static void codes_pictures_and_links(void)
{
    static const struct reply_case list[] = {
        {"get_qr_code_image", 200, "{\"connected\":true}", ZAPI_E_NONE, 0,
         NULL},
        {"get_qr_code_image", 200, "{\"value\":\"data:image/png;base64,x\"}",
         ZAPI_E_NONE, 0, NULL},
        {"get_qr_code_image", 200, "{\"challenge\":{\"x\":1}}",
         ZAPI_E_STATE_PASSKEY_REQUIRED, REFUSED, NULL},
        {"get_qr_code", 200, "\x89PNG\r\n", ZAPI_E_NONE, 0, "image/png"},
        {"get_qr_code", 200, "\"2@abc\"", ZAPI_E_NONE, 0, NULL},
        {"get_profile_picture", 200, "{\"link\":\"null\"}", ZAPI_E_NONE, 0,
         NULL},
        {"phone_exists", 200, "[{\"exists\":true}]", ZAPI_E_NONE, 0, NULL},
        {"phone_exists", 200, "{\"exists\":false}", ZAPI_E_NONE, 0, NULL},
    };
    RUN_CASES(list);
}

static void a_boolean_reply_must_be_true(void)
{
    static const struct reply_case list[] = {
        {"update_webhook_received", 200, "{\"value\":true}", ZAPI_E_NONE, 0,
         NULL},
        {"update_webhook_received", 200, "{\"value\":false}",
         ZAPI_E_CLIENT_REFUSED, REFUSED, NULL},
        {"update_webhook_received", 200, "true", ZAPI_E_NONE, 0, NULL},
        {"update_webhook_received", 200, "false", ZAPI_E_CLIENT_REFUSED,
         REFUSED, NULL},
        {"set_company_email", 201, "{\"success\":true}", ZAPI_E_NONE, 0, NULL},
        {"set_company_email", 200, "{\"success\":false}", ZAPI_E_CLIENT_REFUSED,
         REFUSED, NULL},
        {"add_participant", 200, "{\"value\":false}", ZAPI_E_CLIENT_REFUSED,
         REFUSED, NULL},
        /* The next step of a registration is no failure. */
        {"mobile_confirm_registration_code", 200,
         "{\"success\":false,\"confirmSecurityCode\":true}", ZAPI_E_NONE, 0,
         NULL},
        {"mobile_confirm_registration_code", 200,
         "{\"success\":false,\"confirmSecurityCode\":false}",
         ZAPI_E_CLIENT_REFUSED, REFUSED, NULL},
    };
    RUN_CASES(list);
}

static void nothing_is_an_answer_where_nothing_is_promised(void)
{
    static const struct reply_case list[] = {
        {"delete_message", 204, "", ZAPI_E_NONE, 0, NULL},
        {"read_message", 204, "", ZAPI_E_NONE, 0, NULL},
        {"delete_message", 200, "", ZAPI_E_NONE, 0, NULL},
        {"update_webhook_received", 204, "", ZAPI_E_NONE, 0, NULL},
        {"", 200, "", ZAPI_E_NONE, 0, NULL},
        {"", 200, "plain words", ZAPI_E_NONE, 0, "text/plain"},
        {"", 200, "{\"cut\":", ZAPI_E_NET_BAD_REPLY, ZAPI_OUTCOME_UNKNOWN,
         NULL},
        {"", 500, "", ZAPI_E_SERVER_ERROR, ZAPI_OUTCOME_UNKNOWN, NULL},
    };
    RUN_CASES(list);
}

static void facts_reach_the_error(void)
{
    struct zapi_error e = {0};
    struct zapi_reply_facts facts = {
        .status = 429,
        .content_type = NULL,
        .retry_after = 7.5,
        .body = NULL,
    };
    CHECK(!zapi_reply_judge(row_of("send_text"), &facts, &e));
    CHECK_INT(e.kind, ZAPI_E_RATE_LIMITED);
    CHECK(e.retry_after == 7.5);
    CHECK_STR(e.endpoint, "send_text");
    CHECK(zapi_error_retryable(e.kind));
}

static void messages_say_what_to_do_and_hold_no_secret(void)
{
    struct zapi_error e;
    struct reply_case c = {
        "send_text", 403, "{\"error\":\"SECRET-TOKEN-1 is\\nwrong\"}",
        ZAPI_E_NONE, 0,   NULL};
    zapi_redact_add("SECRET-TOKEN-1", 14);
    CHECK(!judge(&c, &e));
    CHECK(!strstr(e.message, "SECRET"));
    CHECK(strstr(e.message, "is wrong") != NULL);
    zapi_redact_clear();
    c.body = "{\"error\":\"Client-Token not allowed\"}";
    CHECK(!judge(&c, &e));
    CHECK(strstr(e.message, "instance token was pasted") != NULL);
    CHECK(strstr(e.message, "Client-Token not allowed") != NULL);
}

static void later_errors_have_their_kinds(void)
{
    static const struct {
        const char *text, *code, *kind;
    } list[] = {
        {"The message was not sent due to a likely shadow ban", "SHADOW_BAN",
         "whatsapp.shadow_ban"},
        {"anything", "SHADOW_BAN", "whatsapp.shadow_ban"},
        {"The message was not sent due to a likely SHADOW BAN", NULL,
         "whatsapp.shadow_ban"},
        {"Did not have permission to send this message.", NULL,
         "whatsapp.permission"},
        {"Whatsapp rejected sending this message", NULL, "whatsapp.rejected"},
        {"Whatsapp did not allow sending this message", NULL,
         "whatsapp.rejected"},
        {"Does not have permission to send the message", NULL,
         "whatsapp.permission"},
        {"You can't message this group as you don't have permission", NULL,
         "group.no_permission"},
        {"This type of message can only be sent in groups", NULL,
         "client.only_groups"},
        {"You must accept buttons message terms in panel to send this "
         "message.",
         NULL, "buttons.terms_not_accepted"},
        {"Timeout on send message", NULL, "transient.timeout"},
        {"Error on send message", NULL, "transient.error"},
        {"Phone number does not exist", NULL, "recipient.not_on_whatsapp"},
        {"Message has not been sent because it got invalid phone number", NULL,
         "recipient.invalid_phone"},
        {"Message not send caused by invalid media url", NULL,
         "media.invalid_url"},
        {"Got a 404 error while trying to send message", NULL,
         "media.not_found"},
        {"The url informed is not a valid url in the media format, "
         "apparently it can be an html",
         NULL, "media.is_html"},
        {"Unsupported sticker format: text/html", NULL, "media.sticker_format"},
        {"Message has not been edited because it has been more than 7 days",
         NULL, "edit.too_old"},
        {"Comment message has not been sent because it has more than 7 days",
         NULL, "comment.too_old"},
        {"Product message has not been sent because provided product id was "
         "not found.",
         NULL, "catalog.product_not_found"},
        {"Catalog message has not been sent because the catalog was not "
         "found.",
         NULL, "catalog.not_found"},
        {"Product message has not been sent because provided catalog phone "
         "must not be a lid.",
         NULL, "catalog.phone_is_lid"},
        {"Order has not been sent because it received invalid currency code",
         NULL, "order.currency"},
        {"Update order has not been sent because it received invalid request "
         "data.",
         NULL, "order.invalid"},
        {"Newsletter poll vote was not sent because of missing identifier.",
         NULL, "newsletter.poll"},
        {"Event edit message was not sent because the phone is not from a "
         "group.",
         NULL, "event.only_groups"},
        {"Event edit message was not sent because receive invalid date time.",
         NULL, "event.datetime"},
        {"Status reply has not been sent because the status message was not "
         "found",
         NULL, "status.not_found"},
        {"Message does not forward because it was not found", NULL,
         "forward.not_found"},
        {"Message has not been sent because an error occurred in the "
         "conversion",
         NULL, "media.conversion"},
        {"Message has not been sent because it got invalid request params.",
         NULL, "client.invalid_params"},
        {"It was not possible to send message to queue due to request error.",
         NULL, "send.not_enqueued"},
        {"Chat Expiration not available to channels.", NULL,
         "newsletter.unsupported_type"},
        {"Device has been disconnected", NULL, "state.disconnected"},
        {"The instance was connected without proxy, the configured proxy "
         "(socks5://user:pw@localhost:1080) failed 3 times to connect.",
         NULL, "proxy.failed"},
        {"something new", NULL, "whatsapp.other"},
        {"", NULL, "whatsapp.other"},
        {NULL, NULL, "whatsapp.other"},
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        CHECK_STR(zapi_reply_delivery_kind(
                      list[i].text, list[i].text ? strlen(list[i].text) : 0,
                      list[i].code, list[i].code ? strlen(list[i].code) : 0),
                  list[i].kind);
}

/* Each row's own example is a success of that row. */
static void every_documented_reply_is_a_success(void)
{
    size_t n;
    const struct zapi_endpoint *const *rows = zapi_catalogue(&n);
    for (size_t i = 0; i < n; i++) {
        struct zapi_error e = {0};
        const char *body = rows[i]->reply_example ? rows[i]->reply_example : "";
        struct zapi_reply_facts facts = {
            .status = *body ? rows[i]->reply_status : 204,
            .content_type = "application/json",
            .body = body,
            .len = strlen(body),
        };
        if (zapi_reply_judge(rows[i], &facts, &e))
            continue;
        fprintf(stderr, "%s: %s\n", rows[i]->name, e.message);
        check_case_failed = 1;
    }
}

int main(void)
{
    RUN(a_send_needs_an_id);
    RUN(an_unusable_answer_to_a_send_is_unknown);
    RUN(an_idempotent_call_may_fail_and_be_repeated);
    RUN(error_bodies_have_their_kinds);
    RUN(an_error_in_a_200_is_a_failure);
    RUN(only_connected_decides_a_status);
    RUN(codes_pictures_and_links);
    RUN(a_boolean_reply_must_be_true);
    RUN(nothing_is_an_answer_where_nothing_is_promised);
    RUN(facts_reach_the_error);
    RUN(messages_say_what_to_do_and_hold_no_secret);
    RUN(later_errors_have_their_kinds);
    RUN(every_documented_reply_is_a_success);
    return CHECK_END();
}
