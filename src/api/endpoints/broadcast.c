/* SPDX-License-Identifier: MIT
 *
 * Endpoints: broadcast lists.
 * One row each, at the end of the file; above it the parameters and replies
 * that the rows name, in the same order. Data only, static and constant. See
 * api/endpoint.h for what a member means and rows.h for the shared pieces.
 */
#include "api/endpoints/rows.h"

/* ---- create_broadcast ---- */

static const struct zapi_field create_broadcast_params[] = {
    {.name = "name",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "name of the list"},
    {.name = "phones",
     .type = ZAPI_ARRAY,
     .required = true,
     .items = ZAPI_ROW(.type = ZAPI_STRING, .format = ZAPI_FORMAT_PHONE),
     .doc = "recipients, digits with country code and without +"},
    {.name = NULL},
};

static const struct zapi_field broadcast_reply[] = {
    {.name = "broadcastId",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "id of the list, digits@broadcast"},
    {.name = "name", .type = ZAPI_STRING, .doc = "name of the list"},
    {.name = "phones",
     .type = ZAPI_ARRAY,
     .items = ZAPI_ROW(.type = ZAPI_STRING, .format = ZAPI_FORMAT_PHONE),
     .doc = "recipients"},
    {.name = NULL},
};

/* ---- list_broadcasts ---- */

static const struct zapi_field list_broadcasts_params[] = {
    {.name = "page",
     .type = ZAPI_INTEGER,
     .where = ZAPI_IN_QUERY,
     .doc = "page number, from 1"},
    {.name = "pageSize",
     .type = ZAPI_INTEGER,
     .where = ZAPI_IN_QUERY,
     .default_json = "20",
     .doc = "lists per page"},
    {.name = NULL},
};

/* ---- update_broadcast ---- */

static const struct zapi_field update_broadcast_params[] = {
    {.name = "broadcastId",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .required = true,
     .doc = "id of the list, digits@broadcast"},
    {.name = "name", .type = ZAPI_STRING, .doc = "new name of the list"},
    {.name = "phones",
     .type = ZAPI_ARRAY,
     .required = true,
     .items = ZAPI_ROW(.type = ZAPI_STRING, .format = ZAPI_FORMAT_PHONE),
     .doc = "all recipients of the list from now on"},
    {.name = NULL},
};

/* ---- delete_broadcast ---- */

static const struct zapi_field delete_broadcast_params[] = {
    {.name = "broadcastId",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .required = true,
     .doc = "id of the list, digits@broadcast"},
    {.name = NULL},
};

/* ---- the rows ---- */

const struct zapi_endpoint zapi_broadcast_rows[] = {
    {
        .name = "create_broadcast",
        .section = "broadcast",
        .method = ZAPI_POST,
        .path = "/broadcast",
        .params = create_broadcast_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = broadcast_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "broadcastId" : "1700000001@broadcast",
            "name" : "Regulars",
            "phones" : [ "5511999990001", "5511999990002" ]
        }),
        .request_example = ZAPI_JSON({
            "name" : "Regulars",
            "phones" : [ "5511999990001", "5511999990002" ]
        }),
        .limits = ZAPI_WORDS(
            "to send to a list put its id in phone of any send call",
            "WhatsApp does not let Business numbers create, use or join "
            "broadcast lists; the docs say that these calls work there all the "
            "same, to be tried out first",
            "WhatsApp caps broadcasts at 35 messages a month per number; Z-API "
            "goes on sending past it, which may bring restrictions",
            "recipients get the message as a private one and their answers "
            "stay private"),
        .summary = "Create a broadcast list.",
        .doc = "en/broadcast/create-broadcast",
    },
    {
        .name = "list_broadcasts",
        .section = "broadcast",
        .method = ZAPI_GET,
        .path = "/broadcast",
        .params = list_broadcasts_params,
        .reply = ZAPI_ROW(.type = ZAPI_ARRAY,
                          .items = ZAPI_ROW(.type = ZAPI_OBJECT,
                                            .fields = broadcast_reply)),
        .reply_status = 200,
        .reply_example = ZAPI_JSON([ {
            "broadcastId" : "1700000001@broadcast",
            "name" : "Regulars",
            "phones" : [ "5511999990001", "5511999990002" ]
        } ]),
        .params_example = ZAPI_JSON({"page" : 1, "pageSize" : 20}),
        .idempotent = true,
        .pagination = ZAPI_PAGES_PAGE,
        .limits = ZAPI_WORDS(
            "to send to a list put its id in phone of any send call"),
        .summary = "List the broadcast lists of the instance.",
        .doc = "en/broadcast/list-broadcast",
    },
    {
        .name = "update_broadcast",
        .section = "broadcast",
        .method = ZAPI_PUT,
        .path = "/broadcast/{broadcastId}",
        .params = update_broadcast_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = broadcast_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "broadcastId" : "1700000001@broadcast",
            "name" : "Regulars",
            "phones" : [ "5511999990001", "5511999990002" ]
        }),
        .request_example = ZAPI_JSON({
            "name" : "Regulars",
            "phones" : [ "5511999990001", "5511999990002" ]
        }),
        .params_example = ZAPI_JSON({"broadcastId" : "1700000001@broadcast"}),
        .idempotent = true,
        .limits =
            ZAPI_WORDS("phones replaces the whole list: to add or drop one "
                       "number send all the others as well",
                       "WhatsApp does not let Business numbers create, use or "
                       "join broadcast lists; the docs say that these calls "
                       "work there all the same, to be tried out first"),
        .summary = "Rename a broadcast list or replace its recipients.",
        .doc = "en/broadcast/update-broadcast",
    },
    {
        .name = "delete_broadcast",
        .section = "broadcast",
        .method = ZAPI_DELETE,
        .path = "/broadcast/{broadcastId}",
        .params = delete_broadcast_params,
        ZAPI_REPLY_SUCCESS(200),
        .params_example = ZAPI_JSON({"broadcastId" : "1700000001@broadcast"}),
        .idempotent = true,
        .limits =
            ZAPI_WORDS("cannot be undone",
                       "WhatsApp does not let Business numbers create, use or "
                       "join broadcast lists; the docs say that these calls "
                       "work there all the same, to be tried out first"),
        .summary = "Delete a broadcast list.",
        .doc = "en/broadcast/delete-broadcast",
    },
};
const size_t zapi_broadcast_count =
    sizeof zapi_broadcast_rows / sizeof *zapi_broadcast_rows;
