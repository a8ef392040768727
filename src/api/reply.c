/* SPDX-License-Identifier: MIT
 *
 * What a reply means. Start at zapi_reply_judge: it reads the body once
 * (look), then a 2xx goes through judge_ok and anything else through
 * judge_refused. Two tables hold what is known of Z-API's texts: one for
 * replies, one for the errors that come later by webhook. Texts are matched
 * without regard to case and as a part, because they may carry values.
 *
 * The rule behind it all: a send whose answer cannot be used may have been
 * done. It is *unknown*, and nobody repeats it by itself.
 *
 * Owns no memory beyond a call; everything else is static.
 */
#include "api/reply.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api/catalogue.h"
#include "base/json.h"
#include "base/redact.h"
#include "base/text.h"

enum { TEXT_MAX = 200, CONDITIONS_MAX = 4 };

/* Members of a reply that are always read; the row's conditions follow. */
enum { ERROR, MESSAGE, CONNECTED, CHALLENGE, VALUE, ALWAYS };

/* ---- what is known of texts ---- */

struct known_text {
    const char *part; /* lower case */
    enum zapi_error_kind kind;
};

static const struct known_text known[] = {
    {"client-token is not configured", ZAPI_E_AUTH_CLIENT_TOKEN_MISSING},
    {"null not allowed", ZAPI_E_AUTH_CLIENT_TOKEN_MISSING},
    {"client-token not allowed", ZAPI_E_AUTH_CLIENT_TOKEN_INVALID},
    {"instance not found", ZAPI_E_AUTH_INSTANCE_NOT_FOUND},
    {"must subscribe to this instance", ZAPI_E_BILLING_SUBSCRIPTION_EXPIRED},
    {"unauthorized", ZAPI_E_AUTH_UNAUTHORIZED},
    {"not_found", ZAPI_E_CLIENT_UNKNOWN_ENDPOINT},
    {"unable to find matching target", ZAPI_E_CLIENT_UNKNOWN_ENDPOINT},
    {"can only be used in groups", ZAPI_E_CLIENT_INVALID_PARAMS},
    {"invalid phone", ZAPI_E_CLIENT_INVALID_PHONE},
    {"proxy is not reachable", ZAPI_E_CLIENT_PROXY},
    {"you are not connected", ZAPI_E_STATE_DISCONNECTED},
    {"need to restore the session", ZAPI_E_STATE_RESTORE_SESSION},
};

static const struct known_status {
    int status;
    enum zapi_error_kind kind;
} known_statuses[] = {
    {401, ZAPI_E_AUTH_UNAUTHORIZED},   {403, ZAPI_E_AUTH_UNAUTHORIZED},
    {405, ZAPI_E_CLIENT_METHOD},       {414, ZAPI_E_CLIENT_URI_TOO_LARGE},
    {415, ZAPI_E_CLIENT_CONTENT_TYPE}, {429, ZAPI_E_RATE_LIMITED},
};

/* Errors of a DeliveryCallback; narrow parts before wide ones. */
static const struct {
    const char *part, *kind;
} deliveries[] = {
    {"shadow ban", "whatsapp.shadow_ban"},
    {"have permission to send th", "whatsapp.permission"},
    {"whatsapp rejected", "whatsapp.rejected"},
    {"whatsapp did not allow", "whatsapp.rejected"},
    {"can't message this group", "group.no_permission"},
    {"can only be sent in groups", "client.only_groups"},
    {"must accept buttons message terms", "buttons.terms_not_accepted"},
    {"timeout on send message", "transient.timeout"},
    {"error on send message", "transient.error"},
    {"phone number does not exist", "recipient.not_on_whatsapp"},
    {"got invalid phone number", "recipient.invalid_phone"},
    {"invalid media url", "media.invalid_url"},
    {"got a 404 error", "media.not_found"},
    {"not a valid url in the media format", "media.is_html"},
    {"unsupported sticker format", "media.sticker_format"},
    {"comment message has not been sent because it has more than",
     "comment.too_old"},
    {"not been edited because it has been more than", "edit.too_old"},
    {"provided product id was not found", "catalog.product_not_found"},
    {"catalog was not found", "catalog.not_found"},
    {"catalog phone must not be a lid", "catalog.phone_is_lid"},
    {"invalid currency code", "order.currency"},
    {"update order has not been sent", "order.invalid"},
    {"newsletter poll vote was not sent", "newsletter.poll"},
    {"phone is not from a group", "event.only_groups"},
    {"receive invalid date time", "event.datetime"},
    {"status message was not found", "status.not_found"},
    {"does not forward because it was not found", "forward.not_found"},
    {"occurred in the conversion", "media.conversion"},
    {"got invalid request params", "client.invalid_params"},
    {"send message to queue", "send.not_enqueued"},
    {"not available to channels", "newsletter.unsupported_type"},
    {"device has been disconnected", "state.disconnected"},
    {"the configured proxy", "proxy.failed"},
};

/* Does `text` hold `part` (lower case ASCII), in any case? */
static bool holds(const char *text, size_t len, const char *part)
{
    size_t n = strlen(part);
    for (size_t i = 0; i + n <= len; i++)
        if (strncasecmp(text + i, part, n) == 0)
            return true;
    return false;
}

const char *zapi_reply_delivery_kind(const char *text, size_t len,
                                     const char *code, size_t code_len)
{
    if (code && holds(code, code_len, "shadow_ban"))
        return "whatsapp.shadow_ban";
    for (size_t i = 0; text && i < sizeof deliveries / sizeof *deliveries; i++)
        if (holds(text, len, deliveries[i].part))
            return deliveries[i].kind;
    return "whatsapp.other";
}

/* "203.0.113.7 not allowed", maybe in brackets: an address list is on. */
static bool is_address_refusal(const char *text)
{
    size_t n = strspn(text, "[0123456789abcdefABCDEF.:]");
    bool address = n > 6 && strcspn(text, ".:") < n;
    return address && strcasecmp(text + n, " not allowed") == 0;
}

/* ZAPI_E_NONE when the text says nothing that we know. */
static enum zapi_error_kind kind_of_text(const char *text)
{
    if (is_address_refusal(text) || holds(text, strlen(text), "[ip "))
        return ZAPI_E_AUTH_IP_NOT_ALLOWED;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (holds(text, strlen(text), known[i].part))
            return known[i].kind;
    return ZAPI_E_NONE;
}

/* ---- reading a body ---- */

/* What a body says, as far as judging goes. `picks` borrow the body. */
struct view {
    const struct zapi_endpoint *row;
    const struct zapi_reply_facts *facts;
    bool json;                  /* one whole valid value */
    enum zapi_json_token shape; /* its first token */
    struct zapi_json_pick picks[ALWAYS + CONDITIONS_MAX];
    size_t wanted[CONDITIONS_MAX]; /* which picks are the row's conditions */
    size_t conditions;
    char text[TEXT_MAX + 1]; /* what the server said in words, or "" */
};

/* Words for a message: one line, cut at a character. */
static void keep_text(struct view *v, const char *s, size_t len)
{
    size_t n = len > TEXT_MAX ? zapi_utf8_cut(s, TEXT_MAX) : len;
    if (!zapi_utf8_valid(s, n))
        n = 0;
    for (size_t i = 0; i < n; i++)
        v->text[i] = (unsigned char)s[i] < ' ' ? ' ' : s[i];
    v->text[n] = '\0';
}

static void keep_string(struct view *v, const struct zapi_json_pick *p)
{
    struct zapi_buf b;
    zapi_buf_init(&b, v->facts->len + 1);
    if (zapi_json_pick_str(p, &b))
        keep_text(v, zapi_buf_str(&b), b.len);
    zapi_buf_free(&b);
}

/* A bare JSON string: "Proxy is not reachable". */
static void keep_bare_string(struct view *v, const struct zapi_json_reader *r)
{
    struct zapi_json_pick p = {
        .type = ZAPI_JSON_STRING,
        .found = true,
        .raw = r->str - 1,
        .raw_len = r->len + 2,
    };
    keep_string(v, &p);
}

/* One pick per key: a condition may be one that is always read. */
static size_t pick_of(struct view *v, size_t *n, const char *key)
{
    for (size_t i = 0; i < *n; i++)
        if (v->picks[i].key[0] == key[0] && strcmp(v->picks[i].key, key) == 0)
            return i;
    v->picks[*n].key = key;
    return (*n)++;
}

static void look_object(struct view *v)
{
    static const char *const always[ALWAYS] = {
        [ERROR] = "error",         [MESSAGE] = "message",
        [CONNECTED] = "connected", [CHALLENGE] = "challenge",
        [VALUE] = "value",
    };
    size_t n = 0;
    const char *const *names = v->row ? v->row->success_when : NULL;
    while (n < ALWAYS) {
        v->picks[n].key = always[n];
        n++;
    }
    for (; names && *names && v->conditions < CONDITIONS_MAX; names++)
        v->wanted[v->conditions++] = pick_of(v, &n, *names);
    v->json = zapi_json_pick(v->facts->body, v->facts->len, v->picks, n, NULL);
    if (v->picks[ERROR].type == ZAPI_JSON_STRING && v->picks[ERROR].raw_len > 2)
        keep_string(v, &v->picks[ERROR]);
    else if (v->picks[MESSAGE].type == ZAPI_JSON_STRING)
        keep_string(v, &v->picks[MESSAGE]);
}

static void look(struct view *v)
{
    struct zapi_json_reader r;
    zapi_json_begin(&r, v->facts->body, v->facts->len);
    v->shape = zapi_json_next(&r);
    if (v->shape == ZAPI_JSON_OBJECT) {
        look_object(v);
        return;
    }
    v->json = zapi_json_valid(v->facts->body, v->facts->len, NULL, NULL);
    if (v->json && v->shape == ZAPI_JSON_STRING)
        keep_bare_string(v, &r);
    else if (!v->json && v->facts->len && v->facts->body[0] != '<')
        keep_text(v, v->facts->body, v->facts->len);
}

/* ---- what the row says ---- */

static bool is_send(const struct zapi_endpoint *row)
{
    return row && row->success_when &&
           strcmp(row->success_when[0], "messageId") == 0;
}

static bool declares(const struct zapi_endpoint *row, const char *name)
{
    return row && row->reply &&
           zapi_field_find(row->reply->fields, name, strlen(name));
}

/* A status call: `connected` decides and `error` describes, even when all is
 * well ("You are already connected."). */
static bool is_status(const struct view *v)
{
    if (v->picks[CONNECTED].type != ZAPI_JSON_TRUE &&
        v->picks[CONNECTED].type != ZAPI_JSON_FALSE)
        return false;
    return !v->row ||
           (declares(v->row, "connected") && declares(v->row, "error"));
}

/* ---- verdicts ---- */

/* Always false: `return verdict(…)`. */
static bool verdict(const struct view *v, struct zapi_error *e,
                    enum zapi_error_kind kind, enum zapi_outcome outcome)
{
    const char *doc = zapi_error_doc(kind);
    if (v->row)
        snprintf(e->endpoint, sizeof e->endpoint, "%s", v->row->name);
    if (v->text[0])
        zapi_error_set(e, kind, "%s (the server said: %s)", doc, v->text);
    else
        zapi_error_set(e, kind, "%s (HTTP status %d)", doc, v->facts->status);
    zapi_redact_str(e->message, sizeof e->message);
    e->outcome = outcome;
    e->status = v->facts->status;
    e->retry_after = v->facts->retry_after;
    return false;
}

static bool refused(const struct view *v, struct zapi_error *e,
                    enum zapi_error_kind kind)
{
    return verdict(v, e, kind, ZAPI_OUTCOME_REFUSED);
}

/* The server may have done it. What may be repeated is only a bad reply. */
static bool unusable(const struct view *v, struct zapi_error *e,
                     enum zapi_error_kind kind)
{
    bool repeatable = !v->row || v->row->idempotent;
    return verdict(v, e, repeatable ? kind : ZAPI_E_SEND_UNKNOWN,
                   ZAPI_OUTCOME_UNKNOWN);
}

/* Not 2xx, not 5xx. */
static bool judge_refused(const struct view *v, struct zapi_error *e)
{
    enum zapi_error_kind kind = kind_of_text(v->text);
    if (v->facts->status == 429)
        kind = ZAPI_E_RATE_LIMITED;
    for (size_t i = 0; i < sizeof known_statuses / sizeof *known_statuses; i++)
        if (kind == ZAPI_E_NONE && known_statuses[i].status == v->facts->status)
            kind = known_statuses[i].kind;
    if (kind == ZAPI_E_NONE && v->facts->status == 404 && !v->text[0])
        kind = ZAPI_E_CLIENT_UNKNOWN_ENDPOINT;
    return refused(v, e, kind == ZAPI_E_NONE ? ZAPI_E_CLIENT_ERROR : kind);
}

static bool judge_status(const struct view *v, struct zapi_error *e)
{
    if (v->picks[CONNECTED].type == ZAPI_JSON_TRUE)
        return true;
    enum zapi_error_kind kind = kind_of_text(v->text);
    return refused(v, e,
                   kind == ZAPI_E_NONE ? ZAPI_E_STATE_DISCONNECTED : kind);
}

/* A 2xx that says in words that it failed. */
static bool says_error(const struct view *v)
{
    if (v->picks[ERROR].type == ZAPI_JSON_TRUE)
        return true;
    return v->picks[ERROR].type == ZAPI_JSON_STRING &&
           v->picks[ERROR].raw_len > 2;
}

static bool is_met(const struct zapi_json_pick *p)
{
    if (!p->found || p->type == ZAPI_JSON_NULL || p->type == ZAPI_JSON_FALSE)
        return false;
    return p->type != ZAPI_JSON_STRING || p->raw_len > 2;
}

/* The row's conditions: one of them is met, or it was refused. */
static bool judge_conditions(const struct view *v, struct zapi_error *e)
{
    bool found = false;
    for (size_t i = 0; i < v->conditions; i++) {
        if (is_met(&v->picks[v->wanted[i]]))
            return true;
        found = found || v->picks[v->wanted[i]].found;
    }
    if (is_send(v->row))
        return refused(v, e, ZAPI_E_SEND_NOT_ENQUEUED);
    if (found)
        return refused(v, e, ZAPI_E_CLIENT_REFUSED);
    return unusable(v, e, ZAPI_E_NET_BAD_REPLY);
}

static bool judge_object(const struct view *v, struct zapi_error *e)
{
    if (is_status(v))
        return judge_status(v, e);
    if (says_error(v)) {
        enum zapi_error_kind kind = kind_of_text(v->text);
        return refused(v, e, kind == ZAPI_E_NONE ? ZAPI_E_CLIENT_ERROR : kind);
    }
    if (v->picks[CHALLENGE].type == ZAPI_JSON_OBJECT &&
        !v->picks[VALUE].found && declares(v->row, "value") &&
        !declares(v->row, "challenge"))
        return refused(v, e, ZAPI_E_STATE_PASSKEY_REQUIRED);
    return v->conditions == 0 || judge_conditions(v, e);
}

/* Valid JSON, no object: arrays and strings are replies of some rows. */
static bool judge_plain(const struct view *v, struct zapi_error *e)
{
    enum zapi_error_kind kind = kind_of_text(v->text);
    if (kind != ZAPI_E_NONE)
        return refused(v, e, kind);
    if (!v->row || !v->row->success_when)
        return true;
    if (is_send(v->row) && v->shape == ZAPI_JSON_STRING)
        return refused(v, e, ZAPI_E_SEND_NOT_ENQUEUED);
    if (!is_send(v->row) && v->shape == ZAPI_JSON_TRUE)
        return true;
    if (!is_send(v->row) && v->shape == ZAPI_JSON_FALSE)
        return refused(v, e, ZAPI_E_CLIENT_REFUSED);
    return unusable(v, e, ZAPI_E_NET_BAD_REPLY);
}

static bool is_empty_ok(const struct view *v)
{
    if (is_send(v->row))
        return false;
    if (v->facts->status == 204 || !v->row)
        return true;
    return !v->row->success_when &&
           !(v->row->method == ZAPI_GET && v->row->reply);
}

/* Bytes (a picture) are a reply where no condition is set; text that claims to
 * be JSON, or a page of some proxy in between, is not. */
static bool is_bytes_ok(const struct view *v)
{
    const char *type = v->facts->content_type;
    if (v->row && v->row->success_when)
        return false;
    return *type && !holds(type, strlen(type), "json") &&
           (!v->row || !holds(type, strlen(type), "html"));
}

static bool judge_ok(const struct view *v, struct zapi_error *e)
{
    if (v->facts->len == 0)
        return is_empty_ok(v) || unusable(v, e, ZAPI_E_NET_BAD_REPLY);
    if (!v->json)
        return is_bytes_ok(v) || unusable(v, e, ZAPI_E_NET_BAD_REPLY);
    if (v->shape == ZAPI_JSON_OBJECT)
        return judge_object(v, e);
    return judge_plain(v, e);
}

bool zapi_reply_judge(const struct zapi_endpoint *row,
                      const struct zapi_reply_facts *facts,
                      struct zapi_error *error)
{
    struct zapi_reply_facts known_facts = *facts;
    struct view v = {.row = row, .facts = &known_facts};
    if (!facts->body)
        known_facts.body = "";
    if (!facts->content_type)
        known_facts.content_type = "";
    look(&v);
    if (facts->status >= 200 && facts->status < 300)
        return judge_ok(&v, error);
    if (facts->status >= 500)
        return unusable(&v, error, ZAPI_E_SERVER_ERROR);
    return judge_refused(&v, error);
}
