/* SPDX-License-Identifier: MIT
 *
 * What the section files share: the pieces that many rows repeat to the
 * letter, and short ways to write constant lists inside a row. Included by
 * endpoints/<section>.c and catalogue.c only.
 *
 * The lists are compound literals at file scope, hence static.
 */
#ifndef ZAPI_API_ENDPOINTS_ROWS_H
#define ZAPI_API_ENDPOINTS_ROWS_H

#include "api/endpoint.h"

/* A NULL-terminated list of words. */
#define ZAPI_WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
/* One field without a name: an array's element, a whole reply. */
#define ZAPI_ROW(...) (&(const struct zapi_field){__VA_ARGS__})
/* Bounds of a number, or of the length of an array. */
#define ZAPI_MIN(least)         .has_min = true, .min = least
#define ZAPI_MAX(most)          .has_max = true, .max = most
#define ZAPI_RANGE(least, most) ZAPI_MIN(least), ZAPI_MAX(most)
/* JSON written as JSON: becomes a string literal. */
#define ZAPI_JSON(...) #__VA_ARGS__

/* ---- parameters of most sends ---- */

#define ZAPI_SEND_TO                                                       \
    {                                                                      \
        .name = "phone", .type = ZAPI_STRING, .format = ZAPI_FORMAT_CHAT,  \
        .required = true,                                                  \
        .doc = "where to send: phone digits with country code, group id, " \
               "@lid or broadcast list id"                                 \
    }
#define ZAPI_DELAY_MESSAGE                                                   \
    {                                                                        \
        .name = "delayMessage", .type = ZAPI_NUMBER, .has_min = true,        \
        .min = 1, .has_max = true, .max = 15,                                \
        .doc = "seconds to wait before the next queued message goes out; a " \
               "random 1 to 3 when absent"                                   \
    }
#define ZAPI_ANSWERED                                                 \
    {                                                                 \
        .name = "messageId", .type = ZAPI_STRING,                     \
        .format = ZAPI_FORMAT_MESSAGE_ID,                             \
        .doc = "id of the message in this chat that this one answers" \
    }

/* ---- replies; in rows.c ---- */

extern const struct zapi_field zapi_reply_sent, zapi_reply_value,
    zapi_reply_success;

/* A send: queued, with the ids. */
#define ZAPI_REPLY_SENT                                \
    .reply = &zapi_reply_sent, .reply_status = 200,    \
    .reply_example = ZAPI_JSON({                       \
        "zaapId" : "0F1E2D3C4B5A69788796A5B4C3D2E1F0", \
        "messageId" : "3EB0A1B2C3D4E5F60718",          \
        "id" : "3EB0A1B2C3D4E5F60718"                  \
    }),                                                \
    .success_when = ZAPI_WORDS("messageId", "zaapId")
/* {"value": true} and {"success": true}; false is a refusal. */
#define ZAPI_REPLY_VALUE(status)                        \
    .reply = &zapi_reply_value, .reply_status = status, \
    .reply_example = ZAPI_JSON({"value" : true}),       \
    .success_when = ZAPI_WORDS("value")
#define ZAPI_REPLY_SUCCESS(status)                        \
    .reply = &zapi_reply_success, .reply_status = status, \
    .reply_example = ZAPI_JSON({"success" : true}),       \
    .success_when = ZAPI_WORDS("success")

/* ---- the sections, in the order of the catalogue ---- */

/* clang-format off */
#define ZAPI_SECTIONS(X)                                               \
    X(instance) X(messages) X(status) X(chats) X(contacts) X(groups)   \
    X(communities) X(newsletter) X(broadcast) X(business) X(privacy)   \
    X(calls) X(queue) X(webhooks) X(mobile) X(partner) X(gateway)
/* clang-format on */

#define X(section)                                             \
    extern const struct zapi_endpoint zapi_##section##_rows[]; \
    extern const size_t zapi_##section##_count;
ZAPI_SECTIONS(X)
#undef X

#endif
