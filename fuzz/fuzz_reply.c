/* SPDX-License-Identifier: MIT
 *
 * Any body under any status must be judged without harm. The first two bytes
 * choose the row and the status, the third the content type, the rest is the
 * body. What must hold, whatever comes: a failure has a kind, a message and
 * a name; a send is a success only with an id in a whole object; a send after
 * a 5xx is unknown.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/catalogue.h"
#include "api/reply.h"
#include "base/json.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {
    NULL,           "send_text",         "get_status",
    "list_chats",   "get_qr_code_image", "update_webhook_received",
    "phone_exists", "delete_message",    "mobile_confirm_registration_code",
};
static const int statuses[] = {200, 201, 204, 302, 400, 401, 403,
                               404, 405, 414, 415, 429, 500, 503};
static const char *const types[] = {"", "application/json", "text/html",
                                    "image/png", "text/plain"};

#define PICK(list, byte) ((list)[(byte) % (sizeof(list) / sizeof *(list))])

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void check_failure(const struct zapi_reply_facts *facts,
                          const struct zapi_error *e)
{
    must(e->kind != ZAPI_E_NONE && e->kind < ZAPI_E_COUNT);
    must(e->status == facts->status);
    must(e->message[0] != '\0');
    must(zapi_utf8_valid(e->message, strlen(e->message)));
}

static void check_send(const struct zapi_reply_facts *facts, bool ok,
                       const struct zapi_error *e)
{
    must(facts->status < 500 || (e->kind == ZAPI_E_SEND_UNKNOWN &&
                                 e->outcome == ZAPI_OUTCOME_UNKNOWN));
    must(!ok || facts->status < 300);
    must(!ok || zapi_json_valid(facts->body, facts->len, NULL, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    const char *name = PICK(names, data[0]);
    struct zapi_reply_facts facts = {
        .status = PICK(statuses, data[1]),
        .content_type = PICK(types, data[2]),
        .body = (const char *)data + 3,
        .len = size - 3,
    };
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    const struct zapi_endpoint *row =
        name ? zapi_catalogue_find(ZAPI_SCOPE_INSTANCE, name) : NULL;
    bool ok = zapi_reply_judge(row, &facts, &error);
    if (!ok)
        check_failure(&facts, &error);
    if (name && strcmp(name, "send_text") == 0)
        check_send(&facts, ok, &error);
    must(zapi_reply_delivery_kind(facts.body, facts.len, NULL, 0) != NULL);
    return 0;
}
