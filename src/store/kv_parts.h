/* SPDX-License-Identifier: MIT
 *
 * Private to the kv_*.c files: the store and the writes that are under way.
 *
 * A write that has left for the writer thread hangs in a chain of `chains` by
 * the hash of its key, newest first, and in the list of all; a removal of a
 * whole prefix in the list only. It is taken out by whoever releases it, after
 * the commit (writer thread), when the reader's connection sees it. Hence the
 * mutex, and `stamp`, which tells what came later.
 */
#ifndef ZAPI_STORE_KV_PARTS_H
#define ZAPI_STORE_KV_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/kv.h"
#include "store/sql.h"

enum { ZAPI_KV_CHAINS = 1024 };

struct zapi_kv_item {
    struct zapi_write base;
    struct zapi_kv *kv;
    struct zapi_kv_item *older;       /* in its chain */
    struct zapi_kv_item *prev, *next; /* in the list */
    uint64_t stamp;
    size_t chain;
    bool left;  /* it is in chain and list */
    bool erase; /* `key` is a prefix */
    bool there; /* it has a value */
    double expires;
    const char *ns;
    struct zapi_bytes key, value;
    char bytes[];
};

struct zapi_kv {
    struct zapi_db *db;
    struct zapi_sql *memory; /* without db */
    struct zapi_buf found;   /* what zapi_kv_get lends */
    bool failed;             /* the last zapi_kv_get */
    atomic_bool maintaining;
    struct zapi_kv_lock *locks[ZAPI_KV_CHAINS];

    pthread_mutex_t lock; /* of what is below */
    struct zapi_kv_item *chains[ZAPI_KV_CHAINS];
    struct zapi_kv_item *newest;
    size_t erasing; /* removals of prefixes in the list */
    uint64_t stamps;
};

struct zapi_sql *zapi_kv_reader(struct zapi_kv *kv);
size_t zapi_kv_chain(const char *ns, struct zapi_bytes key);
bool zapi_kv_is_same(struct zapi_bytes a, struct zapi_bytes b);
bool zapi_kv_begins(struct zapi_bytes key, struct zapi_bytes prefix);
int zapi_kv_compare(struct zapi_bytes a, struct zapi_bytes b);
/* Binds `prefix` from parameter `at` on: its first key, and the first key
 * behind it (built in `room`). false: there is no such key, and `at` + 1 is not
 * bound. */
bool zapi_kv_bind_prefix(struct zapi_stmt *st, int at, struct zapi_bytes prefix,
                         char *room);

#endif
