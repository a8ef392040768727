/* SPDX-License-Identifier: MIT
 *
 * Where accepted events wait. The interface is that of the durable inbox; the
 * events of this version wait in memory (see inbox.c). Append from any
 * thread; take from one.
 *
 * store does not know the engine: an event is opaque here, with the two
 * functions that an inbox needs.
 */
#ifndef ZAPI_STORE_INBOX_H
#define ZAPI_STORE_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zapi_inbox;

/* What became of an append. */
enum zapi_inbox_result {
    ZAPI_INBOX_STORED,
    ZAPI_INBOX_DUPLICATE, /* known already: answered 200, never handled */
    ZAPI_INBOX_FULL,      /* nothing can be stored now: 503 */
};

/* Runs once per append, on any thread, maybe before append returns. */
typedef void zapi_inbox_stored(void *arg, enum zapi_inbox_result result);

struct zapi_inbox_item {
    uint64_t seq;    /* set by the inbox */
    uint64_t key[2]; /* 0,0: no duplicate check */
    void *event;     /* moved; freed with `drop` when it is not stored */
    bool may_wait;   /* a full inbox lets it wait for room (a thousand at most)
                        instead of answering FULL */
};

struct zapi_inbox_config {
    size_t capacity; /* events stored and not done; 0: 10,000 */
    size_t remember; /* keys kept for dropping duplicates; 0: 100,000 */
    void (*drop)(void *event);
    void (*wake)(void *arg); /* something can be taken where nothing could;
                                any thread */
    void *arg;
};

struct zapi_inbox *zapi_inbox_new(const struct zapi_inbox_config *config);
/* Drops what waits. NULL is allowed. */
void zapi_inbox_delete(struct zapi_inbox *in);
/* true: the queue was empty and is not now, so whoever takes must be woken;
 * that is left to the caller, who may gather several. */
bool zapi_inbox_append(struct zapi_inbox *in, struct zapi_inbox_item item,
                       zapi_inbox_stored *stored, void *arg);
/* false when none waits. The event is the caller's now, until done. */
bool zapi_inbox_take(struct zapi_inbox *in, struct zapi_inbox_item *out);
/* Handled, or given up: may be forgotten (its key is remembered). */
void zapi_inbox_done(struct zapi_inbox *in, uint64_t seq);
/* Events that wait to be taken. */
/* From now on nothing is stored; what waits for room is told FULL. */
void zapi_inbox_close(struct zapi_inbox *in);
size_t zapi_inbox_depth(struct zapi_inbox *in);

#endif
