/* SPDX-License-Identifier: MIT
 *
 * Key → value, for all that is durable beside events, sends and timers. A
 * namespace is text; a key is bytes, ordered as memcmp does; a value is bytes
 * (scripts': src/lua/pack.h). Namespaces that begin with byte 1 are ours:
 * scripts cannot name them.
 *
 *   \1session:AUTOMATION   \1step:AUTOMATION    \1open:AUTOMATION
 *   \1state:AUTOMATION     \1handover:INSTANCE
 *
 * A write is seen by reads from the moment when it is on its way to the writer
 * thread; it is kept beside the reader's connection until it is committed. What
 * a running handler has staged is nobody's to see before. Without a database
 * (db NULL) all is kept in memory, with the same functions. Loop thread, but
 * for what runs inside jobs.
 */
#ifndef ZAPI_STORE_KV_H
#define ZAPI_STORE_KV_H

#include "base/buf.h"
#include "store/db.h"

#define ZAPI_KV_OURS '\1' /* first byte of our own namespaces */

struct zapi_kv;

/* db NULL: in memory. NULL: *error. */
struct zapi_kv *zapi_kv_new(struct zapi_db *db, struct zapi_error *error);
/* After the database was closed: its jobs refer to it. NULL is fine. */
void zapi_kv_delete(struct zapi_kv *kv);

struct zapi_bytes {
    const char *p;
    size_t n;
};

/* ---- writing ---- */

/* A write for a handler's good end or park, or for zapi_kv_put. Everything is
 * copied. value NULL: the key goes. expires: Unix seconds, 0: never. NULL: no
 * memory. */
struct zapi_write *zapi_kv_write(struct zapi_kv *kv, const char *ns,
                                 struct zapi_bytes key,
                                 const struct zapi_bytes *value,
                                 double expires);
/* All keys that begin with `prefix` go. */
struct zapi_write *zapi_kv_erase(struct zapi_kv *kv, const char *ns,
                                 struct zapi_bytes prefix);
typedef void zapi_kv_done(void *arg, enum zapi_db_result result);
/* One transaction of its own: moves the list. `done` on the writer thread after
 * the commit; in memory before this returns. */
void zapi_kv_put(struct zapi_kv *kv, struct zapi_write *writes,
                 zapi_kv_done *done, void *arg);

/* ---- reading: `now` in Unix seconds; what has expired is not there ---- */

struct zapi_kv_found {
    struct zapi_bytes value; /* borrowed until the next call */
    double expires;          /* 0: never */
};
/* false: it is not there, or nobody can tell (zapi_kv_failed). */
bool zapi_kv_get(struct zapi_kv *kv, const char *ns, struct zapi_bytes key,
                 double now, struct zapi_kv_found *out);
/* Could the last one that was asked for not be read? Then it is not known whether
 * it is there, and what stands for a missing one must not be stored over it. */
bool zapi_kv_failed(const struct zapi_kv *kv);

struct zapi_kv_row { /* one of a page; borrowed from its buffer */
    struct zapi_bytes key, value;
    double expires;
};
/* Appends the keys from the one behind `after` (p NULL: the first) that begin
 * with `prefix`, in their order, to `page`: at most `limit`, or less when their
 * bytes are many; *more then. false: no memory, or the database's error. */
bool zapi_kv_scan(struct zapi_kv *kv, const char *ns, struct zapi_bytes prefix,
                  struct zapi_bytes after, size_t limit, double now,
                  struct zapi_buf *page, bool *more);
/* The row at *at of a page, which moves on; false at its end. */
bool zapi_kv_next(const struct zapi_buf *page, size_t *at,
                  struct zapi_kv_row *out);

/* ---- inside jobs ---- */

/* Two persons are one: what our namespaces keep under `from` goes to `to`, when
 * that has nothing yet. */
bool zapi_kv_merge(struct zapi_sql *sql, const char *from, const char *to);

/* Removes what has expired, in small pieces; once a minute. */
void zapi_kv_maintain(struct zapi_kv *kv, double now);
/* In memory: our own namespaces are emptied, for the next bot. */
void zapi_kv_renew(struct zapi_kv *kv);

/* ---- locks: who reads a value to write another ---- */

struct zapi_kv_lock;

/* Whoever may hold several at once. Zeroed; its address stays. */
struct zapi_kv_owner {
    struct zapi_kv_lock *held;
    struct zapi_kv_wait *waits;
};
/* Zeroed but for `granted`, which is called on the loop, once. */
struct zapi_kv_wait {
    void (*granted)(struct zapi_kv_wait *wait);
    struct zapi_kv_owner *owner;
    struct zapi_kv_lock *lock;
    struct zapi_kv_wait *next;
};
enum zapi_kv_locked {
    ZAPI_KV_LOCKED,   /* also when it had it */
    ZAPI_KV_WAITS,    /* in turn; `wait` is borrowed until granted or unwait;
                         NULL: it was not lined up */
    ZAPI_KV_DEADLOCK, /* each would wait for the other */
    ZAPI_KV_NO_MEMORY,
};
enum zapi_kv_locked zapi_kv_acquire(struct zapi_kv *kv,
                                    struct zapi_kv_owner *owner, const char *ns,
                                    struct zapi_bytes key,
                                    struct zapi_kv_wait *wait);
void zapi_kv_unwait(struct zapi_kv *kv, struct zapi_kv_wait *wait);
/* All that it holds; the next in turn get it. */
void zapi_kv_release(struct zapi_kv *kv, struct zapi_kv_owner *owner);

#endif
