/* SPDX-License-Identifier: MIT
 *
 * What a reply means. HTTP 200 is not success: rules and kinds are those of
 * Z-API's real error bodies (see docs of each kind in base/error.h).
 */
#ifndef ZAPI_API_REPLY_H
#define ZAPI_API_REPLY_H

#include "api/endpoint.h"
#include "base/error.h"

struct zapi_reply_facts {
    int status;               /* HTTP */
    const char *content_type; /* "" when absent */
    double retry_after;       /* seconds, 0 when absent */
    const char *body;         /* borrowed */
    size_t len;
};

/* true: the call worked. false: *error has kind, status, outcome and a message
 * that says what to do. `row` NULL for z:request (then only status and an
 * `error` field count). 5xx on a row that is not idempotent is send.unknown. */
bool zapi_reply_judge(const struct zapi_endpoint *row,
                      const struct zapi_reply_facts *facts,
                      struct zapi_error *error);
/* Kind of an asynchronous error text of a DeliveryCallback ("…shadow ban…"),
 * e.g. "whatsapp.shadow_ban"; "whatsapp.other" when not catalogued. Static. */
const char *zapi_reply_delivery_kind(const char *text, size_t len,
                                     const char *code, size_t code_len);

#endif
