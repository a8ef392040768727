/* SPDX-License-Identifier: MIT
 *
 * Nobody's number is banned by a bug: how fast this process may send. Counted
 * per instance: replies per chat and minute (a loop), different recipients per
 * hour that did not write first (a campaign), and a full stop of such cold
 * sends after SHADOW_BAN. Past a limit a send waits; it is never dropped.
 *
 * The defaults, and why: 20 replies per chat and minute are more than a person
 * reads, and two bots that answer each other pass them within seconds. 60 cold
 * recipients per hour: WhatsApp's measure is the number of different recipients
 * in a short time, and accounts that were banned had sent to hundreds; the
 * advice for a warm account is below a hundred an hour. Groups and channels are
 * never cold, and a person is not for a day after writing to us. What was heard
 * and counted is in memory only: a new process begins with the limits fresh
 * and nobody warm.
 *
 * Thread-safe, by a mutex of its own: the writer thread tells who wrote, the
 * loop asks. The clock is the caller's (Unix seconds); when it jumps back,
 * nobody waits longer than a window. A NULL guard allows everything.
 */
#ifndef ZAPI_ENGINE_GUARD_H
#define ZAPI_ENGINE_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#define ZAPI_GUARD_REPLIES         20 /* a minute, by default */
#define ZAPI_GUARD_COLD_RECIPIENTS 60 /* an hour, by default */

struct zapi_guard;

struct zapi_guard_limits {
    unsigned replies_per_chat; /* a minute; 0: no limit */
    unsigned cold_recipients;  /* an hour; 0: no limit */
};

enum zapi_guard_reason {
    ZAPI_GUARD_NONE,
    ZAPI_GUARD_LOOP, /* too many replies to one chat in a minute */
    ZAPI_GUARD_COLD, /* too many different recipients in an hour */
    ZAPI_GUARD_SHADOW_BAN,
};
/* "loop", "cold", "shadow_ban"; "" for none. */
const char *zapi_guard_reason_name(enum zapi_guard_reason reason);

/* NULL without memory. */
struct zapi_guard *zapi_guard_new(const struct zapi_guard_limits *limits);
void zapi_guard_delete(struct zapi_guard *g);
void zapi_guard_set(struct zapi_guard *g,
                    const struct zapi_guard_limits *limits);
/* Somebody wrote to us: for a day sends to this person are not cold. */
void zapi_guard_heard(struct zapi_guard *g, const char *instance,
                      const char *person, double now);
/* May a message leave now? 0: yes, and it is counted. Else the seconds to wait
 * before asking again, and *reason; `first` tells that this is the moment to
 * raise an alarm (once per stop). `person` is a key (store/people.h). */
double zapi_guard_ask(struct zapi_guard *g, const char *instance,
                      const char *person, bool reply, double now,
                      enum zapi_guard_reason *reason, bool *first);
/* SHADOW_BAN was reported: cold sends stop until `until` (Unix seconds). */
void zapi_guard_shadow_ban(struct zapi_guard *g, const char *instance,
                           double until);
/* 0: never was. */
double zapi_guard_banned_until(struct zapi_guard *g, const char *instance);
/* Forgets what is older than its window, so that memory stays bounded; once a
 * minute. */
void zapi_guard_trim(struct zapi_guard *g, double now);
/* How many persons and chats are remembered. */
size_t zapi_guard_size(struct zapi_guard *g);

#endif
