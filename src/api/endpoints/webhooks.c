/* SPDX-License-Identifier: MIT
 *
 * Endpoints: addresses that Z-API calls, and their filters.
 * One row each, at the end of the file; above it the parameters and replies
 * that the rows name, in the same order. Data only, static and constant. See
 * api/endpoint.h for what a member means and rows.h for the shared pieces.
 */
#include "api/endpoints/rows.h"

/* ---- update_webhook_delivery ---- */

static const struct zapi_field webhooks_params[] = {
    {.name = "value",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .required = true,
     .doc = "webhook URL (HTTPS)"},
    {.name = NULL},
};

/* ---- update_every_webhooks ---- */

static const struct zapi_field update_every_webhooks_params[] = {
    {.name = "value",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .required = true,
     .doc = "webhook URL (HTTPS)"},
    {.name = "notifySentByMe",
     .type = ZAPI_BOOLEAN,
     .doc = "also report messages sent by the number itself"},
    {.name = NULL},
};

/* ---- update_notify_sent_by_me ---- */

static const struct zapi_field update_notify_sent_by_me_params[] = {
    {.name = "notifySentByMe",
     .type = ZAPI_BOOLEAN,
     .required = true,
     .doc = "true = report them"},
    {.name = NULL},
};

/* ---- update_filters ---- */

static const struct zapi_field update_filters_params[] = {
    {.name = "messageFilters",
     .type = ZAPI_ARRAY,
     .items = ZAPI_ROW(.type = ZAPI_STRING,
                       .enums = ZAPI_WORDS(
                           "FILTER_FROM_GROUP", "FILTER_FROM_PRIVATE_CHAT",
                           "FILTER_TEXT_MESSAGE", "FILTER_IMAGE_MESSAGE",
                           "FILTER_VIDEO_MESSAGE", "FILTER_AUDIO_MESSAGE",
                           "FILTER_DOCUMENT_MESSAGE")),
     .doc = "kinds of message not to be reported by the received webhook"},
    {.name = "callbackTypeFilters",
     .type = ZAPI_ARRAY,
     .items = ZAPI_ROW(.type = ZAPI_STRING,
                       .enums = ZAPI_WORDS("FILTER_RECEIVED_CALLBACK",
                                           "FILTER_DELIVERY_CALLBACK",
                                           "FILTER_CONNECTED_CALLBACK",
                                           "FILTER_DISCONNECTED_CALLBACK",
                                           "FILTER_PRESENCE_CHAT_CALLBACK",
                                           "FILTER_MESSAGE_STATUS_CALLBACK")),
     .doc = "webhooks not to be called at all, even with a URL set"},
    {.name = NULL},
};

/* ---- update_proxy_webhook ---- */

static const struct zapi_field update_proxy_webhook_params[] = {
    {.name = "value",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .required = true,
     .doc = "webhook URL"},
    {.name = NULL},
};

/* ---- the rows ---- */

const struct zapi_endpoint zapi_webhooks_rows[] = {
    {
        .name = "update_webhook_delivery",
        .section = "webhooks",
        .method = ZAPI_PUT,
        .path = "/update-webhook-delivery",
        .params = webhooks_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example =
            ZAPI_JSON({"value" : "https://example.com/hooks/delivery"}),
        .idempotent = true,
        .limits = ZAPI_WORDS("the webhook URL has to be HTTPS"),
        .summary =
            "Set the webhook called when a message was handed to WhatsApp.",
        .doc = "webhooks/on-message-send",
    },
    {
        .name = "update_webhook_received",
        .section = "webhooks",
        .method = ZAPI_PUT,
        .path = "/update-webhook-received",
        .params = webhooks_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example =
            ZAPI_JSON({"value" : "https://example.com/hooks/received"}),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "the webhook URL has to be HTTPS",
            "media links delivered by this webhook expire after 30 days"),
        .summary = "Set the webhook called for incoming messages.",
        .doc = "webhooks/on-message-received",
    },
    {
        .name = "update_webhook_received_delivery",
        .section = "webhooks",
        .method = ZAPI_PUT,
        .path = "/update-webhook-received-delivery",
        .params = webhooks_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply_status = 200,
        .request_example =
            ZAPI_JSON({"value" : "https://example.com/hooks/received-all"}),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "the webhook URL has to be HTTPS",
            "the reply body is not documented (update_every_webhooks and "
            "update_notify_sent_by_me return value: boolean)",
            "media links delivered by this webhook expire after 30 days"),
        .summary = "Set the incoming-message webhook and have it also report "
                   "messages sent by the number itself.",
        .doc = "webhooks/on-message-received",
    },
    {
        .name = "update_webhook_disconnected",
        .section = "webhooks",
        .method = ZAPI_PUT,
        .path = "/update-webhook-disconnected",
        .params = webhooks_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example =
            ZAPI_JSON({"value" : "https://example.com/hooks/disconnected"}),
        .idempotent = true,
        .limits = ZAPI_WORDS("the webhook URL has to be HTTPS"),
        .summary = "Set the webhook called when the connection is lost.",
        .doc = "webhooks/on-whatsapp-disconnected",
    },
    {
        .name = "update_webhook_message_status",
        .section = "webhooks",
        .method = ZAPI_PUT,
        .path = "/update-webhook-message-status",
        .params = webhooks_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example =
            ZAPI_JSON({"value" : "https://example.com/hooks/status"}),
        .idempotent = true,
        .limits = ZAPI_WORDS("the webhook URL has to be HTTPS"),
        .summary = "Set the webhook called when a message changes state.",
        .doc = "webhooks/on-whatsapp-message-status-changes",
    },
    {
        .name = "update_webhook_chat_presence",
        .section = "webhooks",
        .method = ZAPI_PUT,
        .path = "/update-webhook-chat-presence",
        .params = webhooks_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example =
            ZAPI_JSON({"value" : "https://example.com/hooks/presence"}),
        .idempotent = true,
        .limits = ZAPI_WORDS("the webhook URL has to be HTTPS"),
        .summary = "Set the webhook called for chat presence (typing, "
                   "recording, online).",
        .doc = "webhooks/on-chat-presence",
    },
    {
        .name = "update_webhook_connected",
        .section = "webhooks",
        .method = ZAPI_PUT,
        .path = "/update-webhook-connected",
        .params = webhooks_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example =
            ZAPI_JSON({"value" : "https://example.com/hooks/connected"}),
        .idempotent = true,
        .limits = ZAPI_WORDS("the webhook URL has to be HTTPS"),
        .summary = "Set the webhook called when the instance connects.",
        .doc = "webhooks/on-webhook-connected",
    },
    {
        .name = "update_every_webhooks",
        .section = "webhooks",
        .method = ZAPI_PUT,
        .path = "/update-every-webhooks",
        .params = update_every_webhooks_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({
            "value" : "https://example.com/hooks/all",
            "notifySentByMe" : true
        }),
        .idempotent = true,
        .limits = ZAPI_WORDS("the webhook URL has to be HTTPS"),
        .summary = "Point all webhooks at one URL.",
        .doc = "webhooks/update-every-webhooks",
    },
    {
        .name = "update_notify_sent_by_me",
        .section = "webhooks",
        .method = ZAPI_PUT,
        .path = "/update-notify-sent-by-me",
        .params = update_notify_sent_by_me_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({"notifySentByMe" : true}),
        .idempotent = true,
        .requires = ZAPI_NEEDS_WEBHOOK,
        .limits = ZAPI_WORDS("needs a received webhook to be set"),
        .summary =
            "Switch webhook notices for messages sent by the number itself.",
        .doc = "webhooks/update-notify-sent-by-me",
    },
    {
        .name = "update_filters",
        .section = "webhooks",
        .method = ZAPI_PUT,
        .path = "/update-filters",
        .params = update_filters_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({
            "messageFilters" : ["FILTER_FROM_GROUP"],
            "callbackTypeFilters" : ["FILTER_PRESENCE_CHAT_CALLBACK"]
        }),
        .idempotent = true,
        .limits =
            ZAPI_WORDS("block lists: what is named is not delivered",
                       "messageFilters concerns the received webhook only",
                       "a filter leaves the webhook URL in place",
                       "the filters cannot be read back through a documented "
                       "call; the panel shows them as switches",
                       "whether a list that is left out stays as it was or is "
                       "emptied is not said: send both"),
        .summary = "Choose which messages and webhooks are not reported.",
        .doc = "en/webhooks/update-filters",
    },
    {
        .name = "update_proxy_webhook",
        .section = "webhooks",
        .method = ZAPI_PUT,
        .path = "/update-proxy-webhook",
        .params = update_proxy_webhook_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example =
            ZAPI_JSON({"value" : "https://example.com/hooks/proxy"}),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "called after the 3rd failed try to connect through the proxy of "
            "configure_proxy; the instance then runs without a proxy",
            "payload: type ProxyCallback, instanceId, error (a text that holds "
            "the proxy URL with its credentials)"),
        .summary = "Set the webhook called when the instance had to connect "
                   "without its proxy.",
        .doc = "en/partner/update-proxy-webhook",
    },
};
const size_t zapi_webhooks_count =
    sizeof zapi_webhooks_rows / sizeof *zapi_webhooks_rows;
