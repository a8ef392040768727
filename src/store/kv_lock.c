/* SPDX-License-Identifier: MIT
 *
 * Locks of keys, for whoever reads a value to write another one. They are in
 * memory only: after a crash nobody holds any. A lock exists while somebody has
 * it, and belongs to the store; owners and waits belong to their callers. In
 * turn: who came first has it first. A wait that would close a circle of
 * owners, each waiting for the next, is refused. Start at zapi_kv_acquire.
 */
#include <stdlib.h>
#include <string.h>

#include "store/kv_parts.h"

struct zapi_kv_lock {
    struct zapi_kv_lock *next; /* in its chain */
    struct zapi_kv_lock *also; /* held by the same owner */
    struct zapi_kv_owner *owner;
    struct zapi_kv_wait *first;
    size_t chain;
    struct zapi_bytes key;
    char ns[];
};

static struct zapi_kv_lock *find(struct zapi_kv *kv, const char *ns,
                                 struct zapi_bytes key, size_t chain)
{
    struct zapi_kv_lock *l = kv->locks[chain];
    while (l && !(zapi_kv_is_same(l->key, key) && strcmp(l->ns, ns) == 0))
        l = l->next;
    return l;
}

static void hold(struct zapi_kv_lock *l, struct zapi_kv_owner *owner)
{
    l->owner = owner;
    l->also = owner->held;
    owner->held = l;
}

static bool make(struct zapi_kv *kv, struct zapi_kv_owner *owner,
                 const char *ns, struct zapi_bytes key, size_t chain)
{
    size_t ns_len = strlen(ns) + 1;
    struct zapi_kv_lock *l = calloc(1, sizeof *l + ns_len + key.n);
    if (!l)
        return false;
    memcpy(l->ns, ns, ns_len);
    if (key.n > 0)
        memcpy(l->ns + ns_len, key.p, key.n);
    l->key = (struct zapi_bytes){l->ns + ns_len, key.n};
    l->chain = chain;
    l->next = kv->locks[chain];
    kv->locks[chain] = l;
    hold(l, owner);
    return true;
}

static void line_up(struct zapi_kv_lock *l, struct zapi_kv_owner *owner,
                    struct zapi_kv_wait *wait)
{
    struct zapi_kv_wait **end = &l->first;
    while (*end)
        end = &(*end)->next;
    wait->owner = owner;
    wait->lock = l;
    wait->next = NULL;
    owner->waits = wait;
    *end = wait;
}

enum zapi_kv_locked zapi_kv_acquire(struct zapi_kv *kv,
                                    struct zapi_kv_owner *owner, const char *ns,
                                    struct zapi_bytes key,
                                    struct zapi_kv_wait *wait)
{
    size_t chain = zapi_kv_chain(ns, key);
    struct zapi_kv_lock *l = find(kv, ns, key, chain);
    if (!l)
        return make(kv, owner, ns, key, chain) ? ZAPI_KV_LOCKED
                                               : ZAPI_KV_NO_MEMORY;
    if (l->owner == owner)
        return ZAPI_KV_LOCKED;
    for (const struct zapi_kv_owner *o = l->owner; o->waits;) {
        o = o->waits->lock->owner;
        if (o == owner)
            return ZAPI_KV_DEADLOCK;
    }
    if (wait)
        line_up(l, owner, wait);
    return ZAPI_KV_WAITS;
}

static void leave_line(struct zapi_kv_wait *wait)
{
    struct zapi_kv_wait **link = &wait->lock->first;
    while (*link != wait)
        link = &(*link)->next;
    *link = wait->next;
    wait->owner->waits = NULL;
    wait->lock = NULL;
}

void zapi_kv_unwait(struct zapi_kv *kv, struct zapi_kv_wait *wait)
{
    (void)kv;
    if (wait->lock)
        leave_line(wait);
}

static void remove_lock(struct zapi_kv *kv, struct zapi_kv_lock *l)
{
    struct zapi_kv_lock **link = &kv->locks[l->chain];
    while (*link != l)
        link = &(*link)->next;
    *link = l->next;
    free(l);
}

void zapi_kv_release(struct zapi_kv *kv, struct zapi_kv_owner *owner)
{
    while (owner->held) {
        struct zapi_kv_lock *l = owner->held;
        struct zapi_kv_wait *wait = l->first;
        owner->held = l->also;
        if (wait) {
            leave_line(wait);
            hold(l, wait->owner);
            wait->granted(wait);
        } else {
            remove_lock(kv, l);
        }
    }
}
