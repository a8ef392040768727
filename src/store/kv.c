/* SPDX-License-Identifier: MIT
 *
 * Keys and values: what is on disk, with what is on its way there laid over
 * it. struct zapi_kv owns the table of writes under way, but each write belongs
 * to whoever releases it (kv_parts.h). In memory the rows are in a database of
 * SQLite's own without a file, so that both ways are the same statements. Start
 * reading at zapi_kv_get.
 */
#include <stdlib.h>
#include <string.h>

#include "store/connection.h"
#include "store/kv_parts.h"
#include "store/schema.h"

#define MOST_BYTES ((size_t)64 * 1024 * 1024)

static const char upsert[] =
    "INSERT INTO kv(ns,k,v,expires) VALUES(?1,?2,?3,?4)"
    " ON CONFLICT(ns,k) DO UPDATE SET v=excluded.v, expires=excluded.expires";
static const char delete_key[] = "DELETE FROM kv WHERE ns=?1 AND k=?2";
static const char delete_prefix[] =
    "DELETE FROM kv WHERE ns=?1 AND k>=?2 AND k<?3";
static const char delete_from[] = "DELETE FROM kv WHERE ns=?1 AND k>=?2";
static const char select_key[] =
    "SELECT v, expires FROM kv WHERE ns=?1 AND k=?2";

/* ---- life ---- */

struct zapi_kv *zapi_kv_new(struct zapi_db *db, struct zapi_error *error)
{
    struct zapi_kv *kv = calloc(1, sizeof *kv);
    zapi_error_set(error, ZAPI_E_NO_MEMORY, "not enough memory");
    if (!kv)
        return NULL;
    kv->db = db;
    pthread_mutex_init(&kv->lock, NULL);
    zapi_buf_init(&kv->found, MOST_BYTES);
    if (db)
        return kv;
    kv->memory = zapi_sql_open(":memory:", ZAPI_SQL_WRITE, 0, error);
    if (kv->memory && zapi_schema_migrate(kv->memory, "the memory", error))
        return kv;
    zapi_kv_delete(kv);
    return NULL;
}

void zapi_kv_delete(struct zapi_kv *kv)
{
    if (!kv)
        return;
    zapi_sql_close(kv->memory);
    zapi_buf_free(&kv->found);
    pthread_mutex_destroy(&kv->lock);
    free(kv);
}

struct zapi_sql *zapi_kv_reader(struct zapi_kv *kv)
{
    return kv->db ? zapi_db_reader(kv->db) : kv->memory;
}

/* ---- keys ---- */

size_t zapi_kv_chain(const char *ns, struct zapi_bytes key)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; *ns; ns++)
        h = (h ^ (unsigned char)*ns) * UINT64_C(0x100000001b3);
    for (size_t i = 0; i < key.n; i++)
        h = (h ^ (unsigned char)key.p[i]) * UINT64_C(0x100000001b3);
    return (size_t)((h ^ (h >> 32)) % ZAPI_KV_CHAINS);
}

bool zapi_kv_is_same(struct zapi_bytes a, struct zapi_bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool zapi_kv_begins(struct zapi_bytes key, struct zapi_bytes prefix)
{
    return key.n >= prefix.n &&
           (prefix.n == 0 || memcmp(key.p, prefix.p, prefix.n) == 0);
}

int zapi_kv_compare(struct zapi_bytes a, struct zapi_bytes b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n > 0 ? memcmp(a.p, b.p, n) : 0;
    return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

bool zapi_kv_bind_prefix(struct zapi_stmt *st, int at, struct zapi_bytes prefix,
                         char *room)
{
    size_t n = prefix.n;
    zapi_sql_blob(st, at, n > 0 ? prefix.p : "", n);
    while (n > 0 && prefix.p[n - 1] == '\xFF')
        n--;
    if (n == 0)
        return false;
    memcpy(room, prefix.p, n);
    room[n - 1]++;
    zapi_sql_blob(st, at + 1, room, n);
    return true;
}

/* ---- a write ---- */

static bool apply_erase(struct zapi_kv_item *w, struct zapi_sql *sql)
{
    char *room = malloc(w->key.n + 1);
    struct zapi_stmt *st = zapi_sql_begin(sql, delete_prefix);
    if (!room)
        return false;
    if (!zapi_kv_bind_prefix(st, 2, w->key, room)) {
        st = zapi_sql_begin(sql, delete_from);
        zapi_sql_blob(st, 2, w->key.n > 0 ? w->key.p : "", w->key.n);
    }
    zapi_sql_text(st, 1, w->ns);
    bool ok = zapi_sql_run(st);
    free(room);
    return ok;
}

static bool apply_write(struct zapi_write *base, struct zapi_sql *sql)
{
    struct zapi_kv_item *w = (struct zapi_kv_item *)base;
    if (!sql)
        sql = w->kv->memory;
    if (w->erase)
        return apply_erase(w, sql);
    struct zapi_stmt *st = zapi_sql_begin(sql, w->there ? upsert : delete_key);
    zapi_sql_text(st, 1, w->ns);
    zapi_sql_blob(st, 2, w->key.p, w->key.n);
    if (w->there) {
        zapi_sql_blob(st, 3, w->value.p, w->value.n);
        if (w->expires > 0)
            zapi_sql_real(st, 4, w->expires);
        else
            zapi_sql_null(st, 4);
    }
    return zapi_sql_run(st);
}

/* From now on others see it. */
static void leave(struct zapi_write *base)
{
    struct zapi_kv_item *w = (struct zapi_kv_item *)base;
    struct zapi_kv *kv = w->kv;
    pthread_mutex_lock(&kv->lock);
    w->left = true;
    w->stamp = ++kv->stamps;
    w->next = kv->newest;
    if (w->next)
        w->next->prev = w;
    kv->newest = w;
    if (w->erase) {
        kv->erasing++;
    } else {
        w->older = kv->chains[w->chain];
        kv->chains[w->chain] = w;
    }
    pthread_mutex_unlock(&kv->lock);
}

/* Any thread. */
static void release(struct zapi_write *base)
{
    struct zapi_kv_item *w = (struct zapi_kv_item *)base;
    struct zapi_kv *kv = w->kv;
    if (w->left) {
        pthread_mutex_lock(&kv->lock);
        *(w->prev ? &w->prev->next : &kv->newest) = w->next;
        if (w->next)
            w->next->prev = w->prev;
        struct zapi_kv_item **link = &kv->chains[w->chain];
        while (*link && *link != w)
            link = &(*link)->older;
        if (*link)
            *link = w->older;
        kv->erasing -= w->erase;
        pthread_mutex_unlock(&kv->lock);
    }
    free(w);
}

static struct zapi_kv_item *make(struct zapi_kv *kv, const char *ns,
                                 struct zapi_bytes key, struct zapi_bytes value)
{
    size_t ns_len = strlen(ns) + 1;
    struct zapi_kv_item *w = malloc(sizeof *w + ns_len + key.n + value.n);
    if (!w)
        return NULL;
    *w = (struct zapi_kv_item){
        .base = {.apply = apply_write, .leave = leave, .release = release},
        .kv = kv,
        .ns = w->bytes,
        .key = {w->bytes + ns_len, key.n},
        .value = {w->bytes + ns_len + key.n, value.n}};
    memcpy(w->bytes, ns, ns_len);
    if (key.n > 0)
        memcpy(w->bytes + ns_len, key.p, key.n);
    if (value.n > 0)
        memcpy(w->bytes + ns_len + key.n, value.p, value.n);
    return w;
}

struct zapi_write *zapi_kv_write(struct zapi_kv *kv, const char *ns,
                                 struct zapi_bytes key,
                                 const struct zapi_bytes *value, double expires)
{
    const struct zapi_bytes none = {NULL, 0};
    struct zapi_kv_item *w = make(kv, ns, key, value ? *value : none);
    if (!w)
        return NULL;
    w->there = value != NULL;
    w->expires = expires;
    w->chain = zapi_kv_chain(ns, key);
    return &w->base;
}

struct zapi_write *zapi_kv_erase(struct zapi_kv *kv, const char *ns,
                                 struct zapi_bytes prefix)
{
    struct zapi_kv_item *w = make(kv, ns, prefix, (struct zapi_bytes){0});
    if (!w)
        return NULL;
    w->erase = true;
    return &w->base;
}

/* ---- a transaction of its own ---- */

struct put {
    struct zapi_job job;
    struct zapi_write *writes; /* owned */
    zapi_kv_done *done;
    void *arg;
};

static void release_all(struct zapi_write *w)
{
    while (w) {
        struct zapi_write *next = w->next;
        w->release(w);
        w = next;
    }
}

static bool apply_all(struct zapi_write *w, struct zapi_sql *sql)
{
    bool ok = true;
    for (; ok && w; w = w->next)
        ok = w->apply(w, sql);
    return ok;
}

static bool apply_put(struct zapi_job *job, struct zapi_sql *sql)
{
    return apply_all(((struct put *)job)->writes, sql);
}

static void done_put(struct zapi_job *job, enum zapi_db_result result)
{
    struct put *p = (struct put *)job;
    release_all(p->writes);
    p->done(p->arg, result);
    free(p);
}

static enum zapi_db_result put_in_memory(struct zapi_kv *kv,
                                         struct zapi_write *writes)
{
    bool ok = zapi_sql_script(kv->memory, "BEGIN") &&
              apply_all(writes, kv->memory) &&
              zapi_sql_script(kv->memory, "COMMIT");
    if (!ok && zapi_sql_inside(kv->memory))
        zapi_sql_script(kv->memory, "ROLLBACK");
    release_all(writes);
    return ok ? ZAPI_DB_OK : ZAPI_DB_FAILED;
}

void zapi_kv_put(struct zapi_kv *kv, struct zapi_write *writes,
                 zapi_kv_done *done, void *arg)
{
    if (!kv->db) {
        done(arg, put_in_memory(kv, writes));
        return;
    }
    struct put *p = malloc(sizeof *p);
    if (!p) {
        release_all(writes);
        done(arg, ZAPI_DB_UNAVAILABLE);
        return;
    }
    *p = (struct put){.job = {.apply = apply_put, .done = done_put},
                      .writes = writes,
                      .done = done,
                      .arg = arg};
    for (struct zapi_write *w = writes; w; w = w->next)
        w->leave(w);
    zapi_db_submit(kv->db, &p->job);
}

/* ---- reading ---- */

/* Under the lock: what is under way for a key; NULL: nothing. */
static const struct zapi_kv_item *
under_way(const struct zapi_kv *kv, const char *ns, struct zapi_bytes key)
{
    const struct zapi_kv_item *w = kv->chains[zapi_kv_chain(ns, key)], *e;
    while (w && !(zapi_kv_is_same(w->key, key) && strcmp(w->ns, ns) == 0))
        w = w->older;
    for (e = kv->erasing > 0 ? kv->newest : NULL; e; e = e->next)
        if (e->erase && (!w || e->stamp > w->stamp) &&
            zapi_kv_begins(key, e->key) && strcmp(e->ns, ns) == 0)
            return e;
    return w;
}

static bool lend(struct zapi_kv *kv, struct zapi_bytes value, double expires,
                 double now, struct zapi_kv_found *out)
{
    zapi_buf_reset(&kv->found);
    if (expires > 0 && expires <= now)
        return false;
    kv->failed = !zapi_buf_add(&kv->found, value.n > 0 ? value.p : "", value.n);
    if (kv->failed)
        return false;
    *out = (struct zapi_kv_found){.value = {zapi_buf_str(&kv->found), value.n},
                                  .expires = expires};
    return true;
}

bool zapi_kv_get(struct zapi_kv *kv, const char *ns, struct zapi_bytes key,
                 double now, struct zapi_kv_found *out)
{
    bool found = false;
    kv->failed = false;
    pthread_mutex_lock(&kv->lock);
    const struct zapi_kv_item *w = kv->newest ? under_way(kv, ns, key) : NULL;
    if (w)
        found = w->there && lend(kv, w->value, w->expires, now, out);
    pthread_mutex_unlock(&kv->lock);
    if (w)
        return found;
    struct zapi_sql *sql = zapi_kv_reader(kv);
    zapi_sql_failed(sql, NULL);
    struct zapi_stmt *st = zapi_sql_begin(sql, select_key);
    zapi_sql_text(st, 1, ns);
    zapi_sql_blob(st, 2, key.p, key.n);
    if (zapi_sql_row(st)) {
        struct zapi_bytes value;
        value.p = zapi_sql_get_blob(st, 0, &value.n);
        found = lend(kv, value, zapi_sql_get_real(st, 1), now, out);
        zapi_sql_end(st);
    }
    kv->failed = kv->failed || zapi_sql_failed(sql, NULL);
    return found;
}

bool zapi_kv_failed(const struct zapi_kv *kv)
{
    return kv->failed;
}
