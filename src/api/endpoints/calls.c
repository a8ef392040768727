/* SPDX-License-Identifier: MIT
 *
 * Endpoints: voice calls.
 * One row each, at the end of the file; above it the parameters and replies
 * that the rows name, in the same order. Data only, static and constant. See
 * api/endpoint.h for what a member means and rows.h for the shared pieces.
 */
#include "api/endpoints/rows.h"

/* ---- send_call ---- */

static const struct zapi_field send_call_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .required = true,
     .doc = "recipient's phone, digits only with country code"},
    {.name = "callDuration",
     .type = ZAPI_NUMBER,
     ZAPI_MAX(15),
     .doc = "seconds the call lasts (5 by default)"},
    {.name = "callAudioUrl",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "address of an audio file (bit rate 16k) played in the call"},
    {.name = NULL},
};

/* ---- get_call_token ---- */

static const struct zapi_field get_call_token_reply[] = {
    {.name = "token",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "short-lived token for the call SDK"},
    {.name = NULL},
};

/* ---- create_sip_token ---- */

static const struct zapi_field create_sip_token_reply[] = {
    {.name = "host",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "SIP server"},
    {.name = "user", .type = ZAPI_STRING, .required = true, .doc = "SIP user"},
    {.name = "token",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "SIP token in clear"},
    {.name = "active",
     .type = ZAPI_BOOLEAN,
     .required = true,
     .doc = "whether SIP is active"},
    {.name = NULL},
};

/* ---- get_sip_info ---- */

static const struct zapi_field get_sip_info_reply[] = {
    {.name = "host",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "SIP server"},
    {.name = "user", .type = ZAPI_STRING, .required = true, .doc = "SIP user"},
    {.name = "token",
     .type = ZAPI_STRING,
     .doc = "SIP token, masked; absent when none was made yet"},
    {.name = "active",
     .type = ZAPI_BOOLEAN,
     .required = true,
     .doc = "whether SIP is active"},
    {.name = NULL},
};

/* ---- the rows ---- */

const struct zapi_endpoint zapi_calls_rows[] = {
    {
        .name = "send_call",
        .section = "calls",
        .method = ZAPI_POST,
        .path = "/send-call",
        .params = send_call_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example =
            ZAPI_JSON({"phone" : "5511999990001", "callDuration" : 10}),
        .limits = ZAPI_WORDS(
            "callAudioUrl works only on accounts with the calling feature "
            "enabled",
            "the message queue pauses while the call lasts",
            "the number must have WhatsApp but need not be a contact",
            "whether it was answered or rejected is told by the receive "
            "webhook",
            "not available for channels (@newsletter)"),
        .summary = "Ring a WhatsApp number for a few seconds.",
        .doc = "calls/send-call",
    },
    {
        .name = "get_call_token",
        .section = "calls",
        .method = ZAPI_GET,
        .path = "/call-token",
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = get_call_token_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON(
            {"token" : "ek-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}),
        .idempotent = true,
        .limits =
            ZAPI_WORDS("valid for a single connection; ask again after the "
                       "application restarts",
                       "call it from a back end, never from a browser",
                       "meant for the npm package @z-api/call",
                       "the SDK makes live and video calls, up to 3 at a time"),
        .summary = "Get a one-time token for the Z-API call SDK.",
        .doc = "calls/call-token",
    },
    {
        .name = "create_sip_token",
        .section = "calls",
        .method = ZAPI_POST,
        .path = "/sip-token",
        .reply =
            ZAPI_ROW(.type = ZAPI_OBJECT, .fields = create_sip_token_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "host" : "sip.z-api.io",
            "user" : "00112233445566778899AABBCCDDEEFF",
            "token" : "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "active" : true
        }),
        .requires = ZAPI_NEEDS_CALLS,
        .limits =
            ZAPI_WORDS("no request body", "an earlier active token is replaced",
                       "calls must be enabled and contracted for the account, "
                       "else the request may be denied",
                       "call it from a back end, never from a browser",
                       "the panel shows the token once only",
                       "the SIP user equals the instance id"),
        .summary = "Create the SIP credentials of the instance, replacing any "
                   "earlier ones.",
        .doc = "calls/sip-token",
    },
    {
        .name = "get_sip_info",
        .section = "calls",
        .method = ZAPI_GET,
        .path = "/sip-info",
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = get_sip_info_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "host" : "sip.z-api.io",
            "user" : "00112233445566778899AABBCCDDEEFF",
            "token" : "AAA***",
            "active" : true
        }),
        .idempotent = true,
        .requires = ZAPI_NEEDS_CALLS,
        .limits = ZAPI_WORDS(
            "the token comes masked, and not at all when none was made",
            "calls must be enabled and contracted for the account",
            "call it from a back end, never from a browser"),
        .summary = "Read the SIP settings of the instance.",
        .doc = "calls/sip-info",
    },
};
const size_t zapi_calls_count =
    sizeof zapi_calls_rows / sizeof *zapi_calls_rows;
