/* SPDX-License-Identifier: MIT
 *
 * Any bytes at the door: an event whose strings are whole, or an error with a
 * reason; and what is taken must be JSON by the one reader.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "engine/ingest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool true_always)
{
    if (!true_always)
        abort();
}

static void check_event(const struct zapi_event *ev)
{
    const char *all[] = {ev->instance,   ev->type, ev->kind,
                         ev->message_id, ev->chat, ev->author};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        must(zapi_utf8_valid(all[i], strlen(all[i])));
    must(zapi_json_valid(ev->body, ev->body_len, NULL, NULL));
    must(*ev->kind != '\0');
    must(zapi_kind_is(ev->kind, ev->kind));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zapi_error error = {0};
    char *body = malloc(size + 1);
    if (!body)
        return 0;
    memcpy(body, data, size);
    struct zapi_event *ev = zapi_ingest(body, size, &error);
    if (ev)
        check_event(ev);
    else
        must(error.kind == ZAPI_E_BAD_JSON && error.message[0]);
    zapi_event_free(ev);
    return 0;
}
