/* SPDX-License-Identifier: MIT
 *
 * Pages of keys in their order: the rows of the reader's connection, merged
 * with the writes under way. Nothing of a page is borrowed, as it outlives the
 * lock and the statement. A page is records one behind the other in a buffer
 * that the caller owns. Start at zapi_kv_scan.
 */
#include <stdlib.h>
#include <string.h>

#include "store/kv_parts.h"

#define PAGE_BYTES ((size_t)2 * 1024 * 1024)

static const char select_range[] =
    "SELECT k, v, expires FROM kv WHERE ns=?1 AND k>=?2 AND k<?3 ORDER BY k";
static const char select_from[] =
    "SELECT k, v, expires FROM kv WHERE ns=?1 AND k>=?2 ORDER BY k";

struct scan {
    const char *ns;
    struct zapi_bytes prefix, after;
    double now;
    size_t limit, taken;
    struct zapi_buf *page;
    struct zapi_kv_item **items; /* newest of each key, in order */
    size_t nitems;
    bool more;
};

/* ---- records ---- */

struct head {
    size_t key, value;
    double expires;
};

bool zapi_kv_next(const struct zapi_buf *page, size_t *at,
                  struct zapi_kv_row *out)
{
    struct head h;
    if (page->len - *at < sizeof h)
        return false;
    memcpy(&h, page->data + *at, sizeof h);
    const char *key = page->data + *at + sizeof h;
    *out = (struct zapi_kv_row){.key = {key, h.key},
                                .value = {key + h.key, h.value},
                                .expires = h.expires};
    *at += sizeof h + h.key + h.value;
    return true;
}

/* false: the page is full. */
static bool take(struct scan *s, struct zapi_bytes key, struct zapi_bytes value,
                 double expires)
{
    struct head h = {key.n, value.n, expires};
    if (expires > 0 && expires <= s->now)
        return true;
    if (s->taken == s->limit || (s->taken > 0 && s->page->len > PAGE_BYTES)) {
        s->more = true;
        return false;
    }
    s->taken++;
    zapi_buf_add(s->page, &h, sizeof h);
    zapi_buf_add(s->page, key.n > 0 ? key.p : "", key.n);
    zapi_buf_add(s->page, value.n > 0 ? value.p : "", value.n);
    return !s->page->failed;
}

/* ---- what is under way ---- */

static bool is_wanted(const struct scan *s, struct zapi_bytes key)
{
    return zapi_kv_begins(key, s->prefix) &&
           (!s->after.p || zapi_kv_compare(key, s->after) > 0);
}

static int by_key(const void *a, const void *b)
{
    const struct zapi_kv_item *x = *(struct zapi_kv_item *const *)a;
    const struct zapi_kv_item *y = *(struct zapi_kv_item *const *)b;
    int c = zapi_kv_compare(x->key, y->key);
    return c != 0 ? c : (x->stamp < y->stamp) - (x->stamp > y->stamp);
}

/* Under the lock, and until it is left. false: no memory. */
static bool gather(struct scan *s, const struct zapi_kv *kv)
{
    size_t n = 0, kept = 0;
    for (struct zapi_kv_item *w = kv->newest; w; w = w->next)
        n += !w->erase && strcmp(w->ns, s->ns) == 0 && is_wanted(s, w->key);
    s->items = n > 0 ? malloc(n * sizeof *s->items) : NULL;
    if (n > 0 && !s->items)
        return false;
    n = 0;
    for (struct zapi_kv_item *w = kv->newest; w; w = w->next)
        if (!w->erase && strcmp(w->ns, s->ns) == 0 && is_wanted(s, w->key))
            s->items[n++] = w;
    if (n > 1)
        qsort(s->items, n, sizeof *s->items, by_key);
    for (size_t i = 0; i < n; i++)
        if (i == 0 ||
            !zapi_kv_is_same(s->items[kept - 1]->key, s->items[i]->key))
            s->items[kept++] = s->items[i];
    s->nitems = kept;
    return true;
}

/* Was the key removed by a prefix after `stamp`? */
static bool is_erased(const struct scan *s, const struct zapi_kv *kv,
                      struct zapi_bytes key, uint64_t stamp)
{
    const struct zapi_kv_item *e = kv->erasing > 0 ? kv->newest : NULL;
    for (; e && e->stamp > stamp; e = e->next)
        if (e->erase && zapi_kv_begins(key, e->key) &&
            strcmp(e->ns, s->ns) == 0)
            return true;
    return false;
}

/* ---- the merge ---- */

/* The items before `key` (p NULL: all that are left), and the one of the same
 * key, whose row is *hidden then. false: the page is full. */
static bool take_items(struct scan *s, const struct zapi_kv *kv, size_t *i,
                       struct zapi_bytes key, bool *hidden)
{
    *hidden = false;
    for (; *i < s->nitems; ++*i) {
        const struct zapi_kv_item *w = s->items[*i];
        int c = key.p ? zapi_kv_compare(w->key, key) : -1;
        if (c > 0)
            break;
        *hidden = c == 0;
        if (w->there && !is_erased(s, kv, w->key, w->stamp) &&
            !take(s, w->key, w->value, w->expires))
            return false;
    }
    return true;
}

static bool merge(struct scan *s, const struct zapi_kv *kv,
                  struct zapi_stmt *st)
{
    size_t i = 0;
    bool hidden, goes_on = true;
    while (goes_on && zapi_sql_row(st)) {
        struct zapi_bytes key, value;
        key.p = zapi_sql_get_blob(st, 0, &key.n);
        key.p = key.p ? key.p : "";
        if (!is_wanted(s, key))
            continue; /* the one that was the last */
        goes_on = take_items(s, kv, &i, key, &hidden);
        if (!goes_on || hidden || is_erased(s, kv, key, 0))
            continue;
        value.p = zapi_sql_get_blob(st, 1, &value.n);
        goes_on = take(s, key, value, zapi_sql_get_real(st, 2));
    }
    zapi_sql_end(st);
    if (goes_on)
        take_items(s, kv, &i, (struct zapi_bytes){0}, &hidden);
    return !s->page->failed;
}

/* The rows from where the page begins. `room` holds its end. */
static struct zapi_stmt *begin(const struct scan *s, struct zapi_sql *sql,
                               char *room)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, select_range);
    if (!zapi_kv_bind_prefix(st, 2, s->prefix, room)) {
        st = zapi_sql_begin(sql, select_from);
        zapi_sql_blob(st, 2, s->prefix.n > 0 ? s->prefix.p : "", s->prefix.n);
    }
    if (s->after.p && zapi_kv_compare(s->after, s->prefix) > 0)
        zapi_sql_blob(st, 2, s->after.p, s->after.n);
    zapi_sql_text(st, 1, s->ns);
    return st;
}

bool zapi_kv_scan(struct zapi_kv *kv, const char *ns, struct zapi_bytes prefix,
                  struct zapi_bytes after, size_t limit, double now,
                  struct zapi_buf *page, bool *more)
{
    struct scan s = {.ns = ns,
                     .prefix = prefix,
                     .after = after,
                     .now = now,
                     .limit = limit,
                     .page = page};
    struct zapi_sql *sql = zapi_kv_reader(kv);
    char *room = malloc(prefix.n + 1);
    bool ok = room != NULL;
    zapi_sql_failed(sql, NULL);
    /* The lock is held throughout: a write that is released meanwhile would
     * else be neither in the list nor in what the statement sees. */
    pthread_mutex_lock(&kv->lock);
    ok = ok && gather(&s, kv) && merge(&s, kv, begin(&s, sql, room));
    pthread_mutex_unlock(&kv->lock);
    free(s.items);
    free(room);
    *more = s.more;
    return ok && !zapi_sql_failed(sql, NULL);
}
