/* SPDX-License-Identifier: MIT
 *
 * Forgetting a person: all rows that are theirs, in every table. What stays are
 * counts (messages that are over, without a trace of whom they went to; what was
 * seen, which drops duplicates) and, of who has opted out, that they have: under
 * a one-way hash, because whoever asks not to be written to and to be forgotten
 * wants both.
 *
 * A row of kv or timer is theirs when its key names them: it *is* one of their
 * ids, or has it as a word ("CHAT PERSON", "what\0CHAT"). What scripts keep in
 * their own namespaces is the scripts'.
 */
#ifndef ZAPI_STORE_FORGET_H
#define ZAPI_STORE_FORGET_H

#include "store/people.h"
#include "store/sql.h"

/* In a ledger of who has opted out ("\1optout:…"; lua/zapi/kit/optout.lua):
 *
 *   "#"                        secret of this ledger, 16 random bytes
 *   "#" HMAC(secret, id)       somebody who was forgotten; the value has the
 *                              keys of all their ids, one after the other
 */
enum { ZAPI_FORGET_SECRET = 16, ZAPI_FORGET_KEY = 33 };

/* Inside a job. `known`: who `id` is, as far as the people know. `each` (may be
 * NULL) is told the deliveries before they go. Number of rows removed or
 * emptied. */
size_t zapi_forget_rows(struct zapi_sql *sql, const char *id,
                        const struct zapi_person *known,
                        zapi_forget_delivery *each, void *arg);

#endif
