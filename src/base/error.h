/* SPDX-License-Identifier: MIT
 *
 * One error value for everything that can go wrong between a script and
 * Z-API. A kind is declared once, here; enum, name and documentation follow.
 * No field may ever hold a secret: `endpoint` is the row's name or a path
 * below the instance ("/send-text"), and messages go through base/redact.
 */
#ifndef ZAPI_BASE_ERROR_H
#define ZAPI_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* X(identifier, "name in scripts", retryable, "what it means, what to do") */
#define ZAPI_ERRORS(X)                                                        \
    X(NONE, "none", false, "no error")                                        \
    X(AUTH_CLIENT_TOKEN_MISSING, "auth.client_token_missing", false,          \
      "the account wants a Client-Token and none was sent: copy it from "     \
      "app.z-api.io > Segurança > Token de segurança da conta and set "     \
      "ZAPI_CLIENT_TOKEN")                                                    \
    X(AUTH_CLIENT_TOKEN_INVALID, "auth.client_token_invalid", false,          \
      "the Client-Token is wrong; most often the instance token was pasted "  \
      "there")                                                                \
    X(AUTH_IP_NOT_ALLOWED, "auth.ip_not_allowed", false,                      \
      "the account allows calls from listed addresses only; add this one in " \
      "the panel")                                                            \
    X(AUTH_INSTANCE_NOT_FOUND, "auth.instance_not_found", false,              \
      "instance id and token do not belong together")                         \
    X(AUTH_UNAUTHORIZED, "auth.unauthorized", false,                          \
      "the credentials were refused")                                         \
    X(BILLING_SUBSCRIPTION_EXPIRED, "billing.subscription_expired", false,    \
      "the subscription of the instance is over: renew it in the panel")      \
    X(CLIENT_UNKNOWN_ENDPOINT, "client.unknown_endpoint", false,              \
      "the server does not know this path")                                   \
    X(CLIENT_METHOD, "client.method", false, "wrong HTTP method")             \
    X(CLIENT_CONTENT_TYPE, "client.content_type", false,                      \
      "the server refused the content type")                                  \
    X(CLIENT_URI_TOO_LARGE, "client.uri_too_large", false,                    \
      "the address is too long: use the POST variant of this call")           \
    X(CLIENT_INVALID_PARAMS, "client.invalid_params", false,                  \
      "the server refused a parameter")                                       \
    X(CLIENT_INVALID_PHONE, "client.invalid_phone", false,                    \
      "the server refused the phone number")                                  \
    X(CLIENT_PROXY, "client.proxy", false, "the proxy cannot be reached")     \
    X(CLIENT_REFUSED, "client.refused", false,                                \
      "the server understood and said no (value = false)")                    \
    X(CLIENT_ERROR, "client.error", false,                                    \
      "the server refused the call for a reason that is not catalogued")      \
    X(MEDIA_TOO_LARGE, "media.too_large", false,                              \
      "the file is larger than WhatsApp takes; the limits are in "            \
      "zapi.media.limits")                                                    \
    X(RATE_LIMITED, "rate_limited", true,                                     \
      "too many calls: wait retry_after seconds")                             \
    X(STATE_DISCONNECTED, "state.disconnected", false,                        \
      "the instance is not connected to WhatsApp")                            \
    X(STATE_RESTORE_SESSION, "state.restore_session", false,                  \
      "the session must be restored or the instance restarted")               \
    X(STATE_PASSKEY_REQUIRED, "state.passkey_required", false,                \
      "linking needs a passkey: finish it in the panel")                      \
    X(SEND_NOT_ENQUEUED, "send.not_enqueued", false,                          \
      "a 2xx without messageId: the message was not accepted")                \
    X(SEND_UNKNOWN, "send.unknown", false,                                    \
      "the request was written and no usable answer came: it may have been "  \
      "done; it is never repeated by itself")                                 \
    X(SEND_EXPIRED, "send.expired", false,                                    \
      "the message could not leave before it expired: nothing was sent")      \
    X(SEND_CANCELLED, "send.cancelled", false,                                \
      "the message was cancelled before it left: nothing was sent")           \
    X(STORE_UNAVAILABLE, "store.unavailable", true,                           \
      "nothing can be stored now (disk full or locked); nothing was sent")    \
    X(STORE_CONFLICT, "store.conflict", true,                                 \
      "two handlers waited for each other's keys: one of them begins anew")   \
    X(NET_REFUSED, "net.refused", true, "the connection was refused")         \
    X(NET_RESOLVE, "net.resolve", true, "the host name was not found")        \
    X(NET_CONNECT, "net.connect", true, "the host cannot be reached")         \
    X(NET_TLS, "net.tls", false, "no trusted TLS connection could be made")   \
    X(NET_TIMEOUT, "net.timeout", true, "no answer in time")                  \
    X(NET_RESET, "net.reset", true, "the connection broke")                   \
    X(NET_BAD_REPLY, "net.bad_reply", true,                                   \
      "the answer could not be understood")                                   \
    X(NET_TOO_LARGE, "net.too_large", false,                                  \
      "the answer is larger than the limit")                                  \
    X(NET_FORBIDDEN_ADDRESS, "net.forbidden_address", false,                  \
      "the address is private; downloads from it are refused")                \
    X(SERVER_ERROR, "server.error", true, "the server failed (5xx)")          \
    X(CANCELLED, "cancelled", false, "the task that waited was cancelled")    \
    X(IO, "io", false, "a file could not be read or written")                 \
    X(CONFIG, "config", false, "the configuration is incomplete or wrong")    \
    X(BAD_JSON, "bad_json", false, "the text is not JSON")                    \
    X(NO_MEMORY, "no_memory", false, "memory ended")                          \
    X(INTERNAL, "internal", false, "a bug in zapibot: please report it")

enum zapi_error_kind {
#define X(id, name, retryable, doc) ZAPI_E_##id,
    ZAPI_ERRORS(X)
#undef X
        ZAPI_E_COUNT
};

/* What is known of the effect of a failed call. */
enum zapi_outcome {
    ZAPI_OUTCOME_REFUSED,  /* the server answered no: nothing was done */
    ZAPI_OUTCOME_NOT_SENT, /* the request never left: nothing was done */
    ZAPI_OUTCOME_UNKNOWN,  /* it left, and nobody knows */
};

struct zapi_error {
    enum zapi_error_kind kind;
    enum zapi_outcome outcome;
    int status;         /* HTTP status, 0 when there was none */
    double retry_after; /* seconds, 0 when not given */
    char endpoint[64];  /* "send_text", "/path" or "" */
    char message[400];  /* UTF-8, cut at a character */
};

/* Sets kind and message (printf), clears the rest, keeps `endpoint`. */
void zapi_error_set(struct zapi_error *e, enum zapi_error_kind kind,
                    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void zapi_error_clear(struct zapi_error *e);
/* The name that scripts see: "auth.client_token_missing". Static. */
const char *zapi_error_name(enum zapi_error_kind kind);
/* What it means and what to do. Static. */
const char *zapi_error_doc(enum zapi_error_kind kind);
bool zapi_error_retryable(enum zapi_error_kind kind);
/* "refused", "not_sent", "unknown". Static. */
const char *zapi_outcome_name(enum zapi_outcome o);
/* ZAPI_E_COUNT when there is no such name. */
enum zapi_error_kind zapi_error_find(const char *name);

#endif
