/* SPDX-License-Identifier: MIT
 *
 * Is a webhook from the Z-API account that it says? Beside the secret in the
 * path, Z-API sends the instance's token in the header z-api-token. That header
 * is not documented, so it is only observed unless the operator says otherwise.
 *
 * Knows the instances of a bot and their tokens (copied). Thread-safe: the loop
 * adds, the door asks. Start reading at zapi_webhook_gate_check.
 */
#ifndef ZAPI_ENGINE_WEBHOOK_GATE_H
#define ZAPI_ENGINE_WEBHOOK_GATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum zapi_token_check {
    ZAPI_TOKEN_OBSERVE, /* counted, and logged once; nothing is refused, nor
                           said when no token is known to compare it with */
    ZAPI_TOKEN_OFF,
    ZAPI_TOKEN_ENFORCE, /* what does not match is refused, also when no token
                           is known */
};

struct zapi_webhook_gate;

/* "off", "observe", "enforce"; NULL or "": observe. false: *error, CONFIG. */
bool zapi_token_check_parse(const char *word, enum zapi_token_check *out,
                            struct zapi_error *error);

/* NULL: no memory. */
struct zapi_webhook_gate *zapi_webhook_gate_new(enum zapi_token_check mode);
void zapi_webhook_gate_delete(struct zapi_webhook_gate *g);
void zapi_webhook_gate_set_mode(struct zapi_webhook_gate *g,
                                enum zapi_token_check mode);
/* An instance of the bot; again: its new token. false: no memory. */
bool zapi_webhook_gate_add(struct zapi_webhook_gate *g, const char *instance,
                           const char *token);
/* Tells who sent it, for the log: asked only when there is something to say. */
typedef const char *zapi_webhook_gate_remote(void *arg);
/* A webhook of `instance` ("" when it names none) came with this header (NULL:
 * without). 0: take it; else an HTTP status, and *reason (static). Counts, and
 * logs what an operator should know, once. */
int zapi_webhook_gate_check(struct zapi_webhook_gate *g, const char *instance,
                            const char *header,
                            zapi_webhook_gate_remote *remote, void *arg,
                            const char **reason);

#endif
