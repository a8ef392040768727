/* SPDX-License-Identifier: MIT
 *
 * From a webhook's body to an event: checks the JSON, reads the envelope,
 * names the kind and makes the key. Pure; any thread.
 */
#ifndef ZAPI_ENGINE_INGEST_H
#define ZAPI_ENGINE_INGEST_H

#include "base/error.h"
#include "store/event.h"

/* Moves `body` (malloc'ed) into the event, also on failure (it is freed).
 * NULL: *error has BAD_JSON and what is wrong ("not an object", offset). */
struct zapi_event *zapi_ingest(char *body, size_t len,
                               struct zapi_error *error);

/* An event of our own: emitted by a script, or a request that is to be handled
 * durably. Strings are borrowed; NULL is "". `key`: the same (kind, key) is
 * stored once. */
struct zapi_own_event {
    const char *kind, *chat, *instance, *key;
    const char *type; /* "timer:AUTOMATION": for that one alone */
    const char *body; /* JSON */
};
/* NULL: *error (BAD_JSON when the body is none, NO_MEMORY). */
struct zapi_event *zapi_ingest_own(const struct zapi_own_event *own,
                                   struct zapi_error *error);

/* One name that a script may give to bot:on, and its parents. */
struct zapi_kind {
    const char *name;    /* "voice"; NULL ends the table */
    const char *parents; /* "audio message", space-separated; "" when none */
    const char *doc;
};
/* The table of names (own.* of messages are derived). Static. */
const struct zapi_kind *zapi_kinds(void);
/* Parents of a kind, also of "own.voice" ("own.audio own.message").
 * Static or "" . */
bool zapi_kind_is(const char *kind, const char *name_or_parent);

#endif
