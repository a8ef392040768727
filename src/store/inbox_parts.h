/* SPDX-License-Identifier: MIT
 *
 * What the files of the inbox share; nobody else includes this, but for those
 * that show and mend rows for a person (admin_inbox.c, restore.c).
 *
 *   inbox.c         the queue to the loop, and the inbox without a database
 *   inbox_append.c  storing: the job of one event, on the writer thread
 *   inbox_read.c    attach, what was left undone, events from disk
 *   inbox_end.c     how deliveries end
 *   inbox_seen.c    keys and authors of seven days, retention
 *
 * An entry is one event on its way in: the job of the writer, then a link of
 * the queue (or of those that wait for room). One allocation, freed when the
 * loop has taken it.
 */
#ifndef ZAPI_STORE_INBOX_PARTS_H
#define ZAPI_STORE_INBOX_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/inbox.h"
#include "store/keyset.h"
#include "store/sql.h"

/* On disk. */
enum {
    ZAPI_INBOX_WAITING,
    ZAPI_INBOX_ASIDE,
    ZAPI_INBOX_IS_DEAD,
    ZAPI_INBOX_IS_PARKED
};

/* Room for an order as it is on disk: "~" and a seq, or the order. */
enum { ZAPI_PERSON_MAX = ZAPI_ORDER_MAX + 8 };

struct zapi_inbox_entry {
    struct zapi_job job; /* first: the job is the entry */
    struct zapi_inbox *in;
    struct zapi_inbox_entry *next;
    struct zapi_event *ev; /* owned */
    zapi_inbox_stored *stored;
    void *arg;
    uint64_t seq;
    struct zapi_slots wanted;
    enum zapi_inbox_result result;
    bool keyed; /* its key is in the set */
    char order[ZAPI_ORDER_MAX];
};

struct zapi_inbox_slot {
    char *name; /* owned; NULL: never used */
    int64_t id; /* of its row */
    bool attached;
};

struct zapi_inbox {
    struct zapi_inbox_config config;
    pthread_mutex_t lock; /* queue, late, authors, closed, events */
    struct zapi_inbox_entry *queue, **queue_end;
    size_t depth;  /* in the queue */
    size_t events; /* with their body in memory, from append to release */
    bool closed;
    struct zapi_inbox_slot slots[ZAPI_AUTOMATIONS];

    uint64_t seq;            /* the last one given (writer; without db: lock) */
    struct zapi_keyset keys; /* writer; without db: lock */

    /* without db */
    struct zapi_inbox_entry *late, **late_end;
    size_t nlate;
    struct zapi_key *ring; /* the last keys, in order */
    size_t ring_at;

    /* with db */
    struct zapi_keyset authors; /* hash of a message id → row of `seen` */
    atomic_bool maintaining;
};

/* The order as it is on disk; `room` has ZAPI_PERSON_MAX. Returns it. */
const char *zapi_inbox_person(char *room, const char *order, uint64_t seq);
/* Puts a stored entry where the loop takes it; true: it was empty. Under the
 * lock. */
bool zapi_inbox_push(struct zapi_inbox *in, struct zapi_inbox_entry *e);
/* Asks who wants it; false: nobody. */
bool zapi_inbox_ask(struct zapi_inbox *in, struct zapi_inbox_entry *e);
/* Tells who appended, frees event and entry. Outside the lock. */
void zapi_inbox_turn_away(struct zapi_inbox_entry *e);

void zapi_inbox_store(struct zapi_inbox *in, struct zapi_inbox_entry *e);

bool zapi_inbox_read_seen(struct zapi_inbox *in, struct zapi_error *error);
uint64_t zapi_inbox_hash(const char *message_id);
/* One delivery of the event has left the disk. */
bool zapi_inbox_settle(struct zapi_sql *sql, uint64_t seq);

#endif
