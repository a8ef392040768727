/* SPDX-License-Identifier: MIT
 *
 * The replies that many rows share.
 */
#include "api/endpoints/rows.h"

static const struct zapi_field sent_fields[] = {
    {.name = "zaapId",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "id of the queued message inside Z-API"},
    {.name = "messageId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .required = true,
     .doc = "WhatsApp id of the message"},
    {.name = "id",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .required = true,
     .doc = "same value as messageId, kept for Zapier"},
    {.name = NULL},
};
const struct zapi_field zapi_reply_sent = {.type = ZAPI_OBJECT,
                                           .fields = sent_fields};

static const struct zapi_field value_fields[] = {
    {.name = "value",
     .type = ZAPI_BOOLEAN,
     .doc = "true when it was accepted, false when it was refused"},
    {.name = NULL},
};
const struct zapi_field zapi_reply_value = {.type = ZAPI_OBJECT,
                                            .fields = value_fields};

static const struct zapi_field success_fields[] = {
    {.name = "success",
     .type = ZAPI_BOOLEAN,
     .doc = "true when it worked, false when it failed"},
    {.name = NULL},
};
const struct zapi_field zapi_reply_success = {.type = ZAPI_OBJECT,
                                              .fields = success_fields};
