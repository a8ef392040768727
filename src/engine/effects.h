/* SPDX-License-Identifier: MIT
 *
 * What an event does before anybody handles it: people are learnt, sends move
 * on, the guard hears who wrote, and the order is set. This is the inbox's
 * `apply`: on the writer thread, inside the transaction that stores the event
 * (without a database: on the thread of append, with sql NULL).
 *
 * Pairs are taken only where the payload says that both are one person:
 * phone + chatLid in a private chat (+ senderLid when the contact wrote),
 * participantPhone + participantLid in a group. senderLid in a group or of the
 * account's own messages names somebody else in real payloads.
 *
 * The order is the person's key in private chats, the chat's id in groups,
 * channels and lists, "#" and the instance for what it says about itself
 * (connected, disconnected), and "" for receipts and presence.
 */
#ifndef ZAPI_ENGINE_EFFECTS_H
#define ZAPI_ENGINE_EFFECTS_H

#include "engine/guard.h"
#include "store/event.h"
#include "store/people.h"
#include "store/sends.h"

#define ZAPI_SHADOW_BAN_SECONDS 86400.0

struct zapi_effects;

struct zapi_effects_config {
    struct zapi_people *people; /* borrowed, all three */
    struct zapi_sends *sends;   /* NULL in memory */
    struct zapi_guard *guard;   /* NULL: none */
    /* Two orders are one from now on; same thread as apply. May be NULL. */
    void (*merged)(void *arg, const char *from, const char *to);
    void *arg;
};

/* NULL without memory. */
struct zapi_effects *zapi_effects_new(const struct zapi_effects_config *config);
void zapi_effects_delete(struct zapi_effects *e);
void zapi_effects_apply(struct zapi_effects *e, struct zapi_sql *sql,
                        struct zapi_event *ev);

#endif
