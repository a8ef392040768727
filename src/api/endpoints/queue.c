/* SPDX-License-Identifier: MIT
 *
 * Endpoints: the queue of messages that wait on Z-API's side.
 * One row each, at the end of the file; above it the parameters and replies
 * that the rows name, in the same order. Data only, static and constant. See
 * api/endpoint.h for what a member means and rows.h for the shared pieces.
 */
#include "api/endpoints/rows.h"

/* ---- list_queue ---- */

static const struct zapi_field list_queue_params[] = {
    {.name = "pageSize",
     .type = ZAPI_INTEGER,
     ZAPI_MAX(30),
     .default_json = "20",
     .doc = "messages per page"},
    {.name = "pagingState",
     .type = ZAPI_STRING,
     .doc = "cursor from the previous page; absent = first page"},
    {.name = NULL},
};

static const struct zapi_field list_queue_reply_messages[] = {
    {.name = "_id", .type = ZAPI_STRING, .doc = "id in Z-API"},
    {.name = "DelayMessage",
     .type = ZAPI_INTEGER,
     .doc = "delay between sends; -1 in the sample"},
    {.name = "Message", .type = ZAPI_STRING, .doc = "text"},
    {.name = "InstanceId", .type = ZAPI_STRING, .doc = "instance id"},
    {.name = "Phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CHAT,
     .doc = "recipient number or group"},
    {.name = "ZaapId", .type = ZAPI_STRING, .doc = "id in Z-API"},
    {.name = "DelayTyping",
     .type = ZAPI_INTEGER,
     .doc = "typing indicator time"},
    {.name = "MessageId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .doc = "message id"},
    {.name = "Created", .type = ZAPI_INTEGER, .doc = "unix ms"},
    {.name = "CreatedAt",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_DATETIME,
     .doc = "creation date"},
    {.name = "Beta", .type = ZAPI_BOOLEAN, .doc = "beta in use"},
    {.name = "IsTrial", .type = ZAPI_BOOLEAN, .doc = "trial instance"},
    {.name = NULL},
};

static const struct zapi_field list_queue_reply[] = {
    {.name = "messages",
     .type = ZAPI_ARRAY,
     .items =
         ZAPI_ROW(.type = ZAPI_OBJECT, .fields = list_queue_reply_messages),
     .doc = "queued messages"},
    {.name = "pagingState",
     .type = ZAPI_STRING,
     .doc = "cursor for the next page"},
    {.name = "hasMore", .type = ZAPI_BOOLEAN, .doc = "false: no further pages"},
    {.name = NULL},
};

/* ---- get_queue ---- */

static const struct zapi_field get_queue_params[] = {
    {.name = "page",
     .type = ZAPI_INTEGER,
     .where = ZAPI_IN_QUERY,
     .default_json = "1",
     .doc =
         "page to fetch; the older page says that it no longer has any effect"},
    {.name = "pageSize",
     .type = ZAPI_INTEGER,
     .where = ZAPI_IN_QUERY,
     .default_json = "20",
     .doc = "messages per page"},
    {.name = "count",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_QUERY,
     .doc = "older page only: said to return the number of queued messages; "
            "the path /queue/count does that"},
    {.name = NULL},
};

static const struct zapi_field get_queue_reply_messages[] = {
    {.name = "_id", .type = ZAPI_STRING, .doc = "id in Z-API"},
    {.name = "DelayMessage",
     .type = ZAPI_INTEGER,
     .also = 1U << ZAPI_STRING,
     .doc = "delay between sends, s"},
    {.name = "Message", .type = ZAPI_STRING, .doc = "text"},
    {.name = "IsTrial", .type = ZAPI_BOOLEAN, .doc = "trial instance"},
    {.name = "InstanceId", .type = ZAPI_STRING, .doc = "instance id"},
    {.name = "Phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CHAT,
     .doc = "recipient"},
    {.name = "ZaapId", .type = ZAPI_STRING, .doc = "id in Z-API"},
    {.name = "DelayTyping",
     .type = ZAPI_INTEGER,
     .also = 1U << ZAPI_STRING,
     .doc = "typing indicator time"},
    {.name = "MessageId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .doc = "message id"},
    {.name = "Created", .type = ZAPI_INTEGER, .doc = "unix ms"},
    {.name = NULL},
};

static const struct zapi_field get_queue_reply[] = {
    {.name = "messages",
     .type = ZAPI_ARRAY,
     .items = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = get_queue_reply_messages),
     .doc = "queued messages"},
    {.name = NULL},
};

/* ---- delete_queue_message ---- */

static const struct zapi_field delete_queue_message_params[] = {
    {.name = "zaapId",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .required = true,
     .doc = "Z-API id of the message (ZaapId in the queue listing)"},
    {.name = NULL},
};

/* ---- update_queue_settings ---- */

static const struct zapi_field update_queue_settings_params[] = {
    {.name = "disableEnqueueWhenDisconnected",
     .type = ZAPI_BOOLEAN,
     .required = true,
     .doc = "true: new messages are not queued while the instance is "
            "disconnected; false: they are (the default)"},
    {.name = NULL},
};

/* ---- the rows ---- */

const struct zapi_endpoint zapi_queue_rows[] = {
    {
        .name = "list_queue",
        .section = "queue",
        .method = ZAPI_POST,
        .path = "/queue",
        .params = list_queue_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = list_queue_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "messages" : [ {
                "DelayMessage" : -1,
                "Message" : "good morning",
                "InstanceId" : "INSTANCE0001",
                "CreatedAt" : "2025-01-01T00:00:00.000+00:00",
                "ZaapId" : "ZAAP0001",
                "DelayTyping" : 0,
                "Created" : 1735689600000,
                "Beta" : false,
                "IsTrial" : false,
                "Phone" : "5511999990001",
                "_id" : "ZAAP0001",
                "MessageId" : "MSG0001"
            } ],
            "pagingState" : "CURSOR0002",
            "hasMore" : true
        }),
        .request_example =
            ZAPI_JSON({"pageSize" : 30, "pagingState" : "CURSOR0001"}),
        .idempotent = true,
        .pagination = ZAPI_PAGES_STATE,
        .limits = ZAPI_WORDS(
            "page size: default 20, at most 30", "send {} for the first page",
            "up to 1,000 messages are queued for a disconnected phone before "
            "new ones are rejected",
            "queued messages go out 1 to 3 s apart (random) by default",
            "on connecting, the queue is processed at once",
            "update_queue_settings can switch off queuing while disconnected"),
        .summary =
            "Page through the messages waiting to be sent, with a cursor.",
        .doc = "queue/post-queue",
    },
    {
        .name = "get_queue",
        .section = "queue",
        .method = ZAPI_GET,
        .path = "/queue",
        .params = get_queue_params,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = get_queue_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "messages" : [ {
                "_id" : "ZAAP0001",
                "DelayMessage" : -1,
                "Message" : "good morning",
                "IsTrial" : false,
                "InstanceId" : "INSTANCE0001",
                "Phone" : "5511999990001",
                "ZaapId" : "ZAAP0001",
                "DelayTyping" : 0,
                "MessageId" : "MSG0001",
                "Created" : 1735689600000
            } ]
        }),
        .params_example = ZAPI_JSON({"page" : 1, "pageSize" : 100}),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "deprecated in favour of POST /queue; removal announced for 30 "
            "April (2026, going by the age of the notice)",
            "page may be ignored, so do not loop over pages until one comes "
            "back empty",
            "up to 1,000 messages are queued for a disconnected phone before "
            "new ones are rejected",
            "queued messages go out 1 to 3 s apart (random) by default",
            "on connecting, the queue is processed at once",
            "update_queue_settings can switch off queuing while disconnected"),
        .summary = "Page through the messages waiting to be sent (old form).",
        .doc = "queue/get-queue",
        .deprecated = true,
    },
    {
        .name = "get_queue_count",
        .section = "queue",
        .method = ZAPI_GET,
        .path = "/queue/count",
        .reply = ZAPI_ROW(.doc = "number of queued messages; the reply shape "
                                 "is not documented"),
        .reply_status = 200,
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "the docs describe no reply body for this call",
            "mentioned on the page of the deprecated GET /queue only; whether "
            "the removal covers it is not said",
            "up to 1,000 messages are queued for a disconnected phone before "
            "new ones are rejected",
            "update_queue_settings can switch off queuing while disconnected"),
        .summary = "Return how many messages are waiting.",
        .doc = "queue/get-queue",
    },
    {
        .name = "clear_queue",
        .section = "queue",
        .method = ZAPI_DELETE,
        .path = "/queue",
        .reply_status = 200,
        .limits =
            ZAPI_WORDS("the newer page has just a sentence for status 200, the "
                       "older one nothing: the body may be text or empty"),
        .summary = "Delete every message waiting to be sent.",
        .doc = "queue/delete-queue",
    },
    {
        .name = "delete_queue_message",
        .section = "queue",
        .method = ZAPI_DELETE,
        .path = "/queue/{zaapId}",
        .params = delete_queue_message_params,
        .reply_status = 200,
        .params_example = ZAPI_JSON({"zaapId" : "ZAAP0001"}),
        .idempotent = true,
        .limits =
            ZAPI_WORDS("the newer page has just a sentence for status 200, the "
                       "older one nothing: the body may be text or empty"),
        .summary = "Delete one message waiting to be sent.",
        .doc = "queue/delete-queue-id",
    },
    {
        .name = "update_queue_settings",
        .section = "queue",
        .method = ZAPI_PUT,
        .path = "/update-queue-settings",
        .params = update_queue_settings_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SUCCESS(200),
        .request_example = ZAPI_JSON({"disableEnqueueWhenDisconnected" : true}),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "what a send answers while queuing is off and the instance is "
            "disconnected is not documented",
            "the same switch can be given to create_instance",
            "the present value cannot be read back (get_me does not show it)"),
        .summary = "Choose whether messages are queued while the instance is "
                   "disconnected.",
        .doc = "en/queue/update-queue-settings",
    },
};
const size_t zapi_queue_count =
    sizeof zapi_queue_rows / sizeof *zapi_queue_rows;
